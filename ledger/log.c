/* log: what ledger.mdb's tables hold: entries, strips of hashes, checkpoints, payloads.
 * Thread: one appends, at a time; readers are their owners'.
 * Upholds I2 (entries are appended and nothing is changed).
 *
 * A strip is LGP_STRIP_HASHES neighbours of a tile: 512 bytes, zero behind the
 * last.  A whole tile in one value would be written again by every small
 * batch; a strip keeps that to one page, and its fixed size to one place. */
#include "internal.h"

#include "lagniappe/codec.h"

#include <string.h>

#define STRIP_BYTES (LGP_STRIP_HASHES * LGP_HASH_LEN)

/* ---- reading ---------------------------------------------------------------- */

enum lgp_status log_size(struct lgp_kv_txn *txn, uint64_t *size)
{
	struct lgp_kv_cursor *cursor;
	*size = 0;
	enum lgp_status status = lgp_kv_cursor_open(txn, LGP_LOG_ENTRIES, &cursor);
	if (status != LGP_OK)
		return status;
	struct lgp_view key, value;
	status = lgp_kv_last(cursor, &key, &value);
	if (status == LGP_OK) {
		memcpy(size, key.ptr, sizeof *size);
		*size += 1;
	}
	lgp_kv_cursor_close(cursor);
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status log_entry(struct log_reader *reader, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	struct lgp_view value;
	enum lgp_status status = logstore_get(reader, LGP_LOG_ENTRIES, LGP_KV_INTEGER(seq), &value);
	if (status != LGP_OK)
		return status;
	if (value.len != LGP_ENTRY_LEN)
		return lgp_fault(LGP_CORRUPT, "ledger.mdb: entry %llu has %zu bytes",
		                 (unsigned long long)seq, value.len);
	memcpy(out, value.ptr, LGP_ENTRY_LEN);
	return LGP_OK;
}

enum lgp_status log_payload(struct log_reader *reader, const struct lgp_hash *hash,
                            struct lgp_view *value)
{
	struct lgp_view key = {(const char *)hash->bytes, LGP_HASH_LEN};
	return logstore_get(reader, LGP_LOG_PAYLOADS, key, value);
}

static enum lgp_log_table strip_table(unsigned tile_level)
{
	return tile_level == 0 ? LGP_LOG_LEAVES : LGP_LOG_NODES;
}

static uint64_t strip_key(unsigned tile_level, uint64_t strip)
{
	return (uint64_t)tile_level << 56 | strip;
}

static enum lgp_status strip_get(struct log_reader *reader, unsigned tile_level, uint64_t strip,
                                 struct lgp_view *value)
{
	enum lgp_status status = logstore_get(reader, strip_table(tile_level),
	                                      LGP_KV_INTEGER(strip_key(tile_level, strip)), value);
	if (status == LGP_MISSING || (status == LGP_OK && value->len != STRIP_BYTES))
		return lgp_fault(LGP_CORRUPT, "ledger.mdb: strip %llu of tile level %u is %s",
		                 (unsigned long long)strip, tile_level,
		                 status == LGP_OK ? "not of its size" : "missing");
	return status;
}

/* A node inside a tile is made from the tile's own row: at most 128 hashes. */
enum lgp_status log_node(struct log_reader *reader, unsigned level, uint64_t index,
                         struct lgp_hash *out)
{
	unsigned tile_level = level / LGP_TILE_HEIGHT, up = level % LGP_TILE_HEIGHT;
	struct lgp_hash row[LGP_TILE_WIDTH / 2];
	uint64_t first = index << up;
	size_t count = (size_t)1 << up;
	for (size_t i = 0; i < count;) {
		struct lgp_view strip;
		uint64_t at = first + i;
		size_t offset = at % LGP_STRIP_HASHES, n = LGP_STRIP_HASHES - offset;
		enum lgp_status status =
		        strip_get(reader, tile_level, at / LGP_STRIP_HASHES, &strip);
		if (status != LGP_OK)
			return status;
		if (n > count - i)
			n = count - i;
		memcpy(&row[i], strip.ptr + offset * LGP_HASH_LEN, n * LGP_HASH_LEN);
		i += n;
	}
	for (; count > 1; count /= 2)
		for (size_t i = 0; i < count / 2; i++)
			lgp_hash_node(&row[2 * i], &row[2 * i + 1], &row[i]);
	*out = row[0];
	return LGP_OK;
}

enum lgp_status log_checkpoint(struct lgp_kv_txn *txn, uint64_t size,
                               struct lgp_checkpoint *checkpoint,
                               uint8_t signature[LGP_SIGNATURE_LEN])
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(size), &value);
	if (status != LGP_OK)
		return status;
	if (value.len != LGP_CHECKPOINT_VALUE_LEN)
		return lgp_fault(LGP_CORRUPT, "ledger.mdb: checkpoint %llu has %zu bytes",
		                 (unsigned long long)size, value.len);
	checkpoint->size = size;
	memcpy(checkpoint->root.bytes, value.ptr, LGP_HASH_LEN);
	memcpy(signature, value.ptr + LGP_HASH_LEN + 4, LGP_SIGNATURE_LEN);
	return LGP_OK;
}

/* ---- a batch ------------------------------------------------------------------------ */

static enum lgp_status put(struct logstore *store, enum lgp_log_table table, struct lgp_view key,
                           const void *bytes, size_t len)
{
	return logstore_put(store, table, key, (struct lgp_view){bytes, len});
}

static enum lgp_status put_entries(struct logstore *store, const struct batch *batch)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < batch->count && status == LGP_OK; i++)
		status = put(store, LGP_LOG_ENTRIES, LGP_KV_INTEGER(batch->first + i),
		             batch->entries + i * LGP_ENTRY_LEN, LGP_ENTRY_LEN);
	return status;
}

/* Puts `count` hashes of a tile level from index `first` on; those of the first strip
 * that stand before them are kept. */
static enum lgp_status put_strips(struct log_reader *reader, unsigned tile_level, uint64_t first,
                                  const struct lgp_hash *hashes, size_t count)
{
	size_t done = 0;
	while (done < count) {
		uint8_t bytes[STRIP_BYTES] = {0};
		uint64_t strip = (first + done) / LGP_STRIP_HASHES;
		size_t offset = (first + done) % LGP_STRIP_HASHES, n = LGP_STRIP_HASHES - offset;
		if (n > count - done)
			n = count - done;
		struct lgp_view old;
		if (offset > 0) {
			enum lgp_status status = strip_get(reader, tile_level, strip, &old);
			if (status != LGP_OK)
				return status;
			memcpy(bytes, old.ptr, offset * LGP_HASH_LEN);
		}
		memcpy(bytes + offset * LGP_HASH_LEN, &hashes[done], n * LGP_HASH_LEN);
		enum lgp_status status =
		        put(reader->store, strip_table(tile_level),
		            LGP_KV_INTEGER(strip_key(tile_level, strip)), bytes, sizeof bytes);
		if (status != LGP_OK)
			return status;
		done += n;
	}
	return LGP_OK;
}

static enum lgp_status put_hashes(struct log_reader *reader, const struct lgp_tree *tree)
{
	enum lgp_status status = logstore_begin(reader);
	if (status != LGP_OK)
		return status;
	for (unsigned tile_level = 0;
	     tile_level * LGP_TILE_HEIGHT < LGP_TREE_LEVELS && status == LGP_OK; tile_level++) {
		uint64_t first;
		const struct lgp_hash *hashes;
		size_t count =
		        lgp_tree_completed(tree, tile_level * LGP_TILE_HEIGHT, &first, &hashes);
		if (count == 0)
			break; /* nothing above is complete either */
		status = put_strips(reader, tile_level, first, hashes, count);
	}
	logstore_end(reader);
	return status;
}

static enum lgp_status put_payloads(struct logstore *store, const struct batch *batch)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < batch->payload_count && status == LGP_OK; i++) {
		const struct payload *payload = &batch->payloads[i];
		status = put(store, LGP_LOG_PAYLOADS,
		             (struct lgp_view){(const char *)payload->hash.bytes, LGP_HASH_LEN},
		             batch->payload_bytes + payload->offset, payload->len);
	}
	return status;
}

static enum lgp_status put_checkpoint(struct logstore *store, const struct lgp_ledger *ledger)
{
	const struct batch *batch = ledger->closed;
	uint8_t bytes[LGP_CHECKPOINT_VALUE_LEN];
	memcpy(bytes, batch->checkpoint.root.bytes, LGP_HASH_LEN);
	memcpy(bytes + LGP_HASH_LEN, ledger->signer.public.id, 4);
	memcpy(bytes + LGP_HASH_LEN + 4, batch->signature, LGP_SIGNATURE_LEN);
	return put(store, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(batch->checkpoint.size), bytes,
	           sizeof bytes);
}

static enum lgp_status put_batch(struct lgp_ledger *ledger)
{
	struct logstore *store = ledger->log;
	enum lgp_status status = put_entries(store, ledger->closed);
	if (status == LGP_OK)
		status = put_hashes(&ledger->append_reader, ledger->tree);
	if (status == LGP_OK)
		status = put_payloads(store, ledger->closed);
	return status == LGP_OK ? put_checkpoint(store, ledger) : status;
}

enum lgp_status lgp_log_append_here(struct lgp_ledger *ledger)
{
	batch_seal(ledger);
	struct lgp_wal_base base = {ledger->released.size, ledger->released.root};
	enum lgp_status status = put_batch(ledger);
	if (status == LGP_OK)
		status = logstore_commit(ledger->log, &base);
	logstore_forget(ledger->log);
	return status;
}
