/* reader: what other threads see of the ledger: released entries, hashes,
 * payloads, and the durable state.  Thread: a reader belongs to one.
 * Snapshots are short: taken and let go within each call. */
#include "internal.h"

#include "lagniappe/codec.h"

#include <stdlib.h>
#include <string.h>

enum lgp_status lgp_reader_new(struct lgp_ledger *ledger, struct lgp_reader **out)
{
	struct lgp_reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for a reader");
	reader->ledger = ledger;
	enum lgp_status status = logstore_reader_init(&reader->log, ledger->log);
	if (status == LGP_OK)
		status = lgp_kv_read_begin(state_kv(ledger->state), &reader->state);
	if (status != LGP_OK) {
		lgp_reader_free(reader);
		return status;
	}
	lgp_kv_read_reset(reader->state);
	*out = reader;
	return LGP_OK;
}

void lgp_reader_free(struct lgp_reader *reader)
{
	if (reader == NULL)
		return;
	logstore_reader_deinit(&reader->log);
	lgp_kv_abort(reader->state);
	free(reader);
}

size_t lgp_released(struct lgp_ledger *ledger, struct lgp_checkpoint *checkpoint, char *note)
{
	pthread_mutex_lock(&ledger->released_lock);
	*checkpoint = ledger->released;
	size_t len = ledger->released_note_len;
	if (note != NULL)
		memcpy(note, ledger->released_note, len);
	pthread_mutex_unlock(&ledger->released_lock);
	return len;
}

/* ---- the log ------------------------------------------------------------------------- */

static uint64_t released_size(struct lgp_reader *reader)
{
	struct lgp_checkpoint checkpoint;
	(void)lgp_released(reader->ledger, &checkpoint, NULL);
	return checkpoint.size;
}

enum lgp_status lgp_read_entries(struct lgp_reader *reader, uint64_t seq, size_t max, uint8_t *out,
                                 size_t *count)
{
	uint64_t size = released_size(reader);
	*count = 0;
	if (seq >= size)
		return LGP_OK;
	if (max > size - seq)
		max = (size_t)(size - seq);
	enum lgp_status status = logstore_begin(&reader->log);
	if (status != LGP_OK)
		return status;
	for (; *count < max && status == LGP_OK; *count += status == LGP_OK)
		status = log_entry(&reader->log, seq + *count, out + *count * LGP_ENTRY_LEN);
	logstore_end(&reader->log);
	return status;
}

enum lgp_status lgp_read_entry(struct lgp_reader *reader, uint64_t seq, struct lgp_entry *out)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	size_t count;
	enum lgp_status status = lgp_read_entries(reader, seq, 1, bytes, &count);
	if (status == LGP_OK && count == 0)
		return LGP_MISSING;
	return status == LGP_OK ? lgp_entry_decode(bytes, out) : status;
}

static enum lgp_status copy_out(struct lgp_view value, char *out, size_t max, size_t *len)
{
	if (value.len > max)
		return lgp_fault(LGP_OVERLOAD, "a stored value is larger than its reader allows");
	memcpy(out, value.ptr, value.len);
	*len = value.len;
	return LGP_OK;
}

enum lgp_status lgp_read_payload(struct lgp_reader *reader, const struct lgp_hash *hash, char *out,
                                 size_t max, size_t *len)
{
	struct lgp_view value;
	enum lgp_status status = logstore_begin(&reader->log);
	if (status != LGP_OK)
		return status;
	status = log_payload(&reader->log, hash, &value);
	if (status == LGP_OK)
		status = copy_out(value, out, max, len);
	logstore_end(&reader->log);
	return status;
}

enum lgp_status lgp_read_node(void *context, unsigned level, uint64_t index, struct lgp_hash *out)
{
	struct lgp_reader *reader = context;
	enum lgp_status status = logstore_begin(&reader->log);
	if (status != LGP_OK)
		return status;
	status = log_node(&reader->log, level, index, out);
	logstore_end(&reader->log);
	return status;
}

static enum lgp_status read_bundle(struct lgp_reader *reader, uint64_t first, unsigned width,
                                   uint8_t *out, size_t *len)
{
	enum lgp_status status = LGP_OK;
	*len = 0;
	for (unsigned i = 0; i < width && status == LGP_OK; i++) {
		lgp_put_be(out + *len, LGP_ENTRY_LEN, 2);
		status = log_entry(&reader->log, first + i, out + *len + 2);
		*len += 2 + LGP_ENTRY_LEN;
	}
	return status;
}

static enum lgp_status read_hashes(struct lgp_reader *reader, const struct lgp_tile *tile,
                                   uint8_t *out, size_t *len)
{
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < tile->width && status == LGP_OK; i++) {
		struct lgp_hash hash;
		status = log_node(&reader->log, tile->level * LGP_TILE_HEIGHT,
		                  tile->index * LGP_TILE_WIDTH + i, &hash);
		memcpy(out + (size_t)i * LGP_HASH_LEN, hash.bytes, LGP_HASH_LEN);
	}
	*len = (size_t)tile->width * LGP_HASH_LEN;
	return status;
}

enum lgp_status lgp_read_tile(struct lgp_reader *reader, const struct lgp_tile *tile, uint8_t *out,
                              size_t *len)
{
	unsigned level = tile->level == LGP_TILE_ENTRIES ? 0 : tile->level;
	unsigned width = lgp_tile_width(level, tile->index, released_size(reader));
	*len = 0;
	if (tile->width == 0 || tile->width > width)
		return LGP_OK;
	enum lgp_status status = logstore_begin(&reader->log);
	if (status != LGP_OK)
		return status;
	if (tile->level == LGP_TILE_ENTRIES)
		status = read_bundle(reader, tile->index * LGP_TILE_WIDTH, tile->width, out, len);
	else
		status = read_hashes(reader, tile, out, len);
	logstore_end(&reader->log);
	return status;
}

/* ---- the state ------------------------------------------------------------------------ */

static enum lgp_status read_record(struct lgp_reader *reader, const struct state_key *key,
                                   char *out, size_t *len)
{
	return state_read(reader->ledger->state, reader->state, key_view(key), out, len);
}

enum lgp_status lgp_read_party(struct lgp_reader *reader, uint64_t number, struct lgp_party *out)
{
	char bytes[STATE_VALUE_MAX];
	size_t len;
	struct state_key key = state_key_party(number);
	enum lgp_status status = read_record(reader, &key, bytes, &len);
	return status == LGP_OK ? party_decode((struct lgp_view){bytes, len}, out) : status;
}

enum lgp_status lgp_read_household(struct lgp_reader *reader, uint64_t customer,
                                   char out[LGP_SLUG_MAX], size_t *len)
{
	char bytes[STATE_VALUE_MAX];
	struct state_key key = state_key_number('H', customer);
	enum lgp_status status = read_record(reader, &key, bytes, len);
	if (status != LGP_OK)
		*len = 0;
	require(*len <= LGP_SLUG_MAX);
	memcpy(out, bytes, *len);
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status lgp_read_balances(struct lgp_reader *reader, uint64_t owner, uint64_t unit,
                                  const enum lgp_class *classes, size_t count, int64_t *out)
{
	char bytes[STATE_VALUE_MAX];
	size_t len;
	struct account account = {0};
	struct state_key key = state_key_account(owner, unit);
	enum lgp_status status = read_record(reader, &key, bytes, &len);
	if (status == LGP_OK)
		status = account_decode((struct lgp_view){bytes, len}, &account);
	for (size_t i = 0; i < count; i++)
		out[i] = account.balance[slot_of(classes[i])];
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status lgp_read_balance(struct lgp_reader *reader, enum lgp_class class, uint64_t owner,
                                 uint64_t unit, int64_t *out)
{
	return lgp_read_balances(reader, owner, unit, &class, 1, out);
}

enum lgp_status lgp_read_reversed(struct lgp_reader *reader, uint64_t seq, int64_t *out)
{
	char bytes[STATE_VALUE_MAX];
	size_t len;
	struct state_key key = state_key_number('R', seq);
	enum lgp_status status = read_record(reader, &key, bytes, &len);
	*out = 0;
	if (status == LGP_OK && len == 8)
		*out = (int64_t)lgp_get_le((const uint8_t *)bytes, 8);
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status lgp_read_definition(struct lgp_reader *reader, uint64_t number,
                                    char out[LGP_DEFINITION_MAX], size_t *len)
{
	char bytes[STATE_VALUE_MAX];
	size_t used;
	struct state_key key = state_key_number('D', number);
	enum lgp_status status = read_record(reader, &key, bytes, &used);
	if (status != LGP_OK)
		return status;
	require(used >= 10);
	return copy_out((struct lgp_view){bytes + 10, used - 10}, out, LGP_DEFINITION_MAX, len);
}
