/* map: bytes to bytes in memory.  Thread: one at a time.
 * Items keep the order of their first put.  Values of an equal length are
 * overwritten in place. */
#ifndef LAGNIAPPE_LEDGER_MAP_H
#define LAGNIAPPE_LEDGER_MAP_H

#include "lagniappe/status.h"

struct map;

/* What only the house knows: where keys end in what staff choose, who could tell where
 * a key falls could make them all fall together. */
#define MAP_SEED_LEN 16
typedef uint32_t (*map_hasher)(const uint8_t seed[MAP_SEED_LEN], struct lgp_view key);
/* SipHash (Aumasson and Bernstein, 2012): for keys that end in anybody's bytes. */
uint32_t map_siphash(const uint8_t seed[MAP_SEED_LEN], struct lgp_view key);
struct map *map_new(const uint8_t seed[MAP_SEED_LEN], map_hasher hasher); /* NULL: no memory */
void map_free(struct map *map);
void map_clear(struct map *map); /* keeps some of the memory */
/* *value is borrowed until the item's next put.  The hash is for who asks
 * several maps of one seed for one key. */
bool map_get(const struct map *map, struct lgp_view key, struct lgp_view *value);
uint32_t map_hash(const struct map *map, struct lgp_view key);
bool map_get_hashed(const struct map *map, struct lgp_view key, uint32_t hash,
                    struct lgp_view *value);
/* map_get for who asks for the same few keys again and again.  Not found: *hash is
 * the key's; otherwise it may be unset. */
bool map_recall(struct map *map, struct lgp_view key, uint32_t *hash, struct lgp_view *value);
/* False: no memory, nothing changed.  Keys and values up to 65,535 bytes. */
LGP_MUST_USE bool map_put(struct map *map, struct lgp_view key, struct lgp_view value);
LGP_MUST_USE bool map_put_hashed(struct map *map, struct lgp_view key, uint32_t hash,
                                 struct lgp_view value);
/* The same, with a mark on the item, which map_put does not set and does not take away. */
LGP_MUST_USE bool map_put_marked(struct map *map, struct lgp_view key, struct lgp_view value);
/* Brings near what a look for this hash and for the next one will touch: first the
 * slots, and once these are here, their items. */
void map_near_slots(const struct map *map, uint32_t hash);
void map_near_items(const struct map *map, uint32_t hash);
size_t map_count(const struct map *map);
size_t map_bytes(const struct map *map); /* of memory */
/* Of what was put: 0 when empty, however large the map once was. */
size_t map_used(const struct map *map);
/* Items 0 to map_count - 1.  The views are borrowed until the item's next put. */
struct map_item {
	struct lgp_view key, value;
	uint32_t hash;
	bool marked;
};
struct map_item map_item(const struct map *map, size_t i);
/* The items' indexes sorted by key, as bytes; a shorter key before its
 * extensions.  The caller frees; NULL: no memory. */
size_t *map_sorted(const struct map *map);

#endif
