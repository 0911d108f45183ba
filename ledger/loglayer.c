/* loglayer: see loglayer.h. */
#include "loglayer.h"

#include "lagniappe/datadir.h"
#include "lagniappe/entry.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MIN 4096 /* room for so many is always kept */

bool log_layer_init(struct log_layer *layer)
{
	static const uint8_t seed[MAP_SEED_LEN]; /* nobody chooses the keys of the log */
	*layer = (struct log_layer){.puts = map_new(seed, map_siphash)};
	return layer->puts != NULL;
}

void log_layer_deinit(struct log_layer *layer)
{
	free(layer->entries);
	map_free(layer->puts);
}

/* Room that one busy moment asked for is not kept for all quiet ones. */
void log_layer_clear(struct log_layer *layer)
{
	if (layer->room > ENTRIES_MIN && layer->count < layer->room / 8) {
		free(layer->entries);
		layer->entries = NULL;
		layer->room = 0;
	}
	layer->count = layer->payloads = 0;
	map_clear(layer->puts);
}

static bool add_entry(struct log_layer *layer, uint64_t seq, struct lgp_view entry)
{
	require(entry.len == LGP_ENTRY_LEN);
	if (layer->count == layer->room) {
		size_t room = layer->room == 0 ? ENTRIES_MIN : 2 * layer->room;
		uint8_t *entries = realloc(layer->entries, room * LGP_ENTRY_LEN);
		if (entries == NULL)
			return false;
		layer->entries = entries;
		layer->room = room;
	}
	if (layer->count == 0)
		layer->first = seq;
	require(seq == layer->first + layer->count);
	memcpy(layer->entries + layer->count++ * LGP_ENTRY_LEN, entry.ptr, LGP_ENTRY_LEN);
	return true;
}

static struct lgp_view name_of(const struct log_layer_key *key)
{
	return (struct lgp_view){key->bytes, key->len};
}

bool log_layer_add(struct log_layer *layer, const struct lgp_wal_put *put)
{
	uint64_t seq;
	if (put->table == LGP_LOG_ENTRIES) {
		memcpy(&seq, put->key.ptr, sizeof seq);
		return add_entry(layer, seq, put->value);
	}
	struct log_layer_key key = log_layer_key(layer, put->table, put->key);
	layer->payloads += put->table == LGP_LOG_PAYLOADS;
	return map_put_hashed(layer->puts, name_of(&key), key.hash, put->value);
}

const uint8_t *log_layer_entry(const struct log_layer *layer, uint64_t seq)
{
	return seq >= layer->first && seq - layer->first < layer->count
	               ? layer->entries + (seq - layer->first) * LGP_ENTRY_LEN
	               : NULL;
}

struct log_layer_key log_layer_key(const struct log_layer *layer, unsigned table,
                                   struct lgp_view key)
{
	struct log_layer_key out;
	require(key.len <= LGP_KV_KEY_MAX);
	out.bytes[0] = (char)table;
	memcpy(out.bytes + 1, key.ptr, key.len);
	out.len = 1 + key.len;
	out.hash = map_hash(layer->puts, name_of(&out));
	return out;
}

bool log_layer_find(const struct log_layer *layer, const struct log_layer_key *key,
                    struct lgp_view *value)
{
	return map_get_hashed(layer->puts, name_of(key), key->hash, value);
}

size_t log_layer_count(const struct log_layer *layer)
{
	return layer->count + map_count(layer->puts);
}

struct lgp_wal_put log_layer_put(const struct log_layer *layer, size_t i, uint64_t *number)
{
	if (i < layer->count) {
		*number = layer->first + i;
		return (struct lgp_wal_put){
		        LGP_LOG_ENTRIES,
		        {(const char *)number, sizeof *number},
		        {(const char *)layer->entries + i * LGP_ENTRY_LEN, LGP_ENTRY_LEN}};
	}
	struct map_item item = map_item(layer->puts, i - layer->count);
	return (struct lgp_wal_put){
	        (uint8_t)item.key.ptr[0], {item.key.ptr + 1, item.key.len - 1}, item.value};
}

size_t log_layer_bytes(const struct log_layer *layer)
{
	return layer->count * LGP_ENTRY_LEN + map_used(layer->puts);
}
