/* loglayer: in memory, what a generation puts into ledger.mdb: entries, which are nearly
 * all of it, one after another; the rest by table and key.
 * Thread: one at a time; several may look at once. */
#ifndef LAGNIAPPE_LEDGER_LOGLAYER_H
#define LAGNIAPPE_LEDGER_LOGLAYER_H

#include "lagniappe/kv.h"
#include "lagniappe/wal.h"
#include "map.h"

struct log_layer {
	uint8_t *entries; /* owned; room for as many as there ever were, within bounds */
	uint64_t first;   /* the number of the first */
	size_t count, room;
	struct map *puts; /* owned */
	size_t payloads;
};

/* A put's name: its table, then its key. */
struct log_layer_key {
	char bytes[1 + LGP_KV_KEY_MAX];
	size_t len;
	uint32_t hash; /* alike in all layers */
};

/* False: no memory.  To be deinitialised either way. */
bool log_layer_init(struct log_layer *layer);
void log_layer_deinit(struct log_layer *layer);
/* Forgets everything; keeps some of the memory. */
void log_layer_clear(struct log_layer *layer);
/* Copies it.  Entries come in their order.  False: no memory. */
bool log_layer_add(struct log_layer *layer, const struct lgp_wal_put *put);

/* Borrowed.  NULL, false: it is not here. */
const uint8_t *log_layer_entry(const struct log_layer *layer, uint64_t seq);
struct log_layer_key log_layer_key(const struct log_layer *layer, unsigned table,
                                   struct lgp_view key);
bool log_layer_find(const struct log_layer *layer, const struct log_layer_key *key,
                    struct lgp_view *value);
/* Puts 0 to log_layer_count - 1: the entries first.  Borrowed; an entry's number is in
 * *number. */
size_t log_layer_count(const struct log_layer *layer);
struct lgp_wal_put log_layer_put(const struct log_layer *layer, size_t i, uint64_t *number);
size_t log_layer_bytes(const struct log_layer *layer); /* of what was put */

#endif
