/* log: ledger.mdb: entries, strips of hashes, checkpoints, payloads.
 * Thread: the ledger thread writes; readers pass transactions of their own.
 * Upholds I2 (entries are appended and nothing is changed) and I9 (one durable
 * transaction a batch).
 *
 * A strip is LGP_STRIP_HASHES neighbours of a tile: 512 bytes, zero behind the
 * last.  A whole tile in one value would be written again by every small
 * batch; a strip keeps that to one page, and its fixed size to one place. */
#include "internal.h"

#include "lagniappe/codec.h"

#include <stdio.h>
#include <string.h>

#define STRIP_BYTES (LGP_STRIP_HASHES * LGP_HASH_LEN)
#define READERS_MAX 256

const struct lgp_kv_table lgp_log_tables[LGP_LOG_TABLE_COUNT] = {
        [LGP_LOG_ENTRIES] = {"entries", true},    [LGP_LOG_LEAVES] = {"leaves", true},
        [LGP_LOG_NODES] = {"nodes", true},        [LGP_LOG_CHECKPOINTS] = {"checkpoints", true},
        [LGP_LOG_PAYLOADS] = {"payloads", false}, [LGP_LOG_META] = {"meta", false},
};

enum lgp_status log_open(const char *dir, size_t map_bytes, struct lgp_kv **out)
{
	char path[PATH_BYTES + 16];
	snprintf(path, sizeof path, "%s/ledger.mdb", dir);
	struct lgp_kv_options options = {
	        .tables = lgp_log_tables,
	        .table_count = LGP_LOG_TABLE_COUNT,
	        .map_bytes = map_bytes,
	        .readers_max = READERS_MAX,
	};
	return lgp_kv_open(path, &options, out);
}

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

enum lgp_status log_entry(struct lgp_kv_txn *txn, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(seq), &value);
	if (status != LGP_OK)
		return status;
	if (value.len != LGP_ENTRY_LEN)
		return lgp_fault(LGP_CORRUPT, "ledger.mdb: entry %llu has %zu bytes",
		                 (unsigned long long)seq, value.len);
	memcpy(out, value.ptr, LGP_ENTRY_LEN);
	return LGP_OK;
}

static size_t strip_table(unsigned tile_level)
{
	return tile_level == 0 ? LGP_LOG_LEAVES : LGP_LOG_NODES;
}

static uint64_t strip_key(unsigned tile_level, uint64_t strip)
{
	return (uint64_t)tile_level << 56 | strip;
}

static enum lgp_status strip_get(struct lgp_kv_txn *txn, unsigned tile_level, uint64_t strip,
                                 struct lgp_view *value)
{
	enum lgp_status status = lgp_kv_get(txn, strip_table(tile_level),
	                                    LGP_KV_INTEGER(strip_key(tile_level, strip)), value);
	if (status == LGP_MISSING || (status == LGP_OK && value->len != STRIP_BYTES))
		return lgp_fault(LGP_CORRUPT, "ledger.mdb: strip %llu of tile level %u is %s",
		                 (unsigned long long)strip, tile_level,
		                 status == LGP_OK ? "not of its size" : "missing");
	return status;
}

/* A node inside a tile is made from the tile's own row: at most 128 hashes. */
enum lgp_status log_node(struct lgp_kv_txn *txn, unsigned level, uint64_t index,
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
		enum lgp_status status = strip_get(txn, tile_level, at / LGP_STRIP_HASHES, &strip);
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

/* ---- writing ------------------------------------------------------------------- */

static enum lgp_status write_entries(const struct batch *batch, struct lgp_kv_txn *txn)
{
	struct lgp_kv_cursor *cursor;
	enum lgp_status status = lgp_kv_cursor_open(txn, LGP_LOG_ENTRIES, &cursor);
	if (status != LGP_OK)
		return status;
	for (size_t i = 0; i < batch->count && status == LGP_OK; i++) {
		struct lgp_view bytes = {(const char *)batch->entries + i * LGP_ENTRY_LEN,
		                         LGP_ENTRY_LEN};
		status = lgp_kv_cursor_append(cursor, LGP_KV_INTEGER(batch->first + i), bytes);
	}
	lgp_kv_cursor_close(cursor);
	return status;
}

/* Writes `count` hashes of a tile level from index `first` on; those of the
 * first strip that stand before them are kept. */
static enum lgp_status write_strips(struct lgp_kv_txn *txn, unsigned tile_level, uint64_t first,
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
			enum lgp_status status = strip_get(txn, tile_level, strip, &old);
			if (status != LGP_OK)
				return status;
			memcpy(bytes, old.ptr, offset * LGP_HASH_LEN);
		}
		memcpy(bytes + offset * LGP_HASH_LEN, &hashes[done], n * LGP_HASH_LEN);
		enum lgp_status status = lgp_kv_put(
		        txn, strip_table(tile_level), LGP_KV_INTEGER(strip_key(tile_level, strip)),
		        (struct lgp_view){(const char *)bytes, sizeof bytes});
		if (status != LGP_OK)
			return status;
		done += n;
	}
	return LGP_OK;
}

static enum lgp_status write_hashes(const struct lgp_tree *tree, struct lgp_kv_txn *txn)
{
	for (unsigned tile_level = 0; tile_level * LGP_TILE_HEIGHT < LGP_TREE_LEVELS;
	     tile_level++) {
		uint64_t first;
		const struct lgp_hash *hashes;
		size_t count =
		        lgp_tree_completed(tree, tile_level * LGP_TILE_HEIGHT, &first, &hashes);
		if (count == 0)
			break; /* nothing above is complete either */
		enum lgp_status status = write_strips(txn, tile_level, first, hashes, count);
		if (status != LGP_OK)
			return status;
	}
	return LGP_OK;
}

static enum lgp_status write_payloads(const struct batch *batch, struct lgp_kv_txn *txn)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < batch->payload_count && status == LGP_OK; i++) {
		const struct payload *payload = &batch->payloads[i];
		status = lgp_kv_put(
		        txn, LGP_LOG_PAYLOADS,
		        (struct lgp_view){(const char *)payload->hash.bytes, LGP_HASH_LEN},
		        (struct lgp_view){batch->payload_bytes + payload->offset, payload->len});
	}
	return status;
}

static enum lgp_status write_checkpoint(const struct lgp_ledger *ledger, struct lgp_kv_txn *txn)
{
	const struct batch *batch = &ledger->batch;
	uint8_t bytes[LGP_CHECKPOINT_VALUE_LEN];
	memcpy(bytes, batch->checkpoint.root.bytes, LGP_HASH_LEN);
	memcpy(bytes + LGP_HASH_LEN, ledger->signer.public.id, 4);
	memcpy(bytes + LGP_HASH_LEN + 4, batch->signature, LGP_SIGNATURE_LEN);
	return lgp_kv_append(txn, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(batch->checkpoint.size),
	                     (struct lgp_view){(const char *)bytes, sizeof bytes});
}

enum lgp_status log_write(struct lgp_ledger *ledger)
{
	struct lgp_kv_txn *txn;
	enum lgp_status status = lgp_kv_write_begin(ledger->log, &txn);
	if (status != LGP_OK)
		return status;
	status = write_entries(&ledger->batch, txn);
	if (status == LGP_OK)
		status = write_hashes(ledger->tree, txn);
	if (status == LGP_OK)
		status = write_payloads(&ledger->batch, txn);
	if (status == LGP_OK)
		status = write_checkpoint(ledger, txn);
	if (status == LGP_OK)
		return lgp_kv_commit(txn);
	lgp_kv_abort(txn);
	return status;
}
