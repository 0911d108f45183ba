/* map: bytes to bytes in memory: items in large blocks, an open-addressed table
 * that points to them (a hit costs two cache misses), and an array that keeps
 * their order.  Thread: one at a time. */
#include "map.h"

#include "lagniappe/codec.h"
#include "large.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024) /* the first ones; then LARGE_BYTES */
#define SMALL_MAX ((size_t)1024 * 1024)
#define TABLE_MIN 64
#define RECENT_BITS 6

struct item {
	uint16_t key_len, value_len, value_cap, marked;
	uint32_t hash;
	char bytes[]; /* the key, then the value */
};

struct block {
	struct block *next;
	size_t used, cap;
	_Alignas(8) char bytes[];
};

struct slot {
	struct item *item; /* NULL is empty */
	uint32_t hash;
	uint32_t index; /* the item's place in the order */
};

struct map {
	struct item **items;
	size_t count, cap;
	struct slot *table;
	size_t mask; /* its size less 1, a power of two */
	struct block *blocks;
	size_t block_bytes, used_bytes; /* in blocks */
	uint8_t seed[MAP_SEED_LEN];
	map_hasher hasher;
	/* What map_recall found last, by a hash that need not be good: a record is
	 * looked at many times in a row. */
	struct item *recent[1 << RECENT_BITS];
};

uint32_t map_siphash(const uint8_t seed[MAP_SEED_LEN], struct lgp_view key)
{
	uint8_t hash[crypto_shorthash_BYTES];
	static_assert(MAP_SEED_LEN == crypto_shorthash_KEYBYTES, "seed");
	(void)crypto_shorthash(hash, (const uint8_t *)key.ptr, key.len, seed);
	return (uint32_t)lgp_get_le(hash, 4);
}

uint32_t map_hash(const struct map *map, struct lgp_view key)
{
	return map->hasher(map->seed, key);
}

struct map *map_new(const uint8_t seed[MAP_SEED_LEN], map_hasher hasher)
{
	struct map *map = calloc(1, sizeof *map);
	if (map == NULL)
		return NULL;
	memcpy(map->seed, seed, MAP_SEED_LEN);
	map->hasher = hasher;
	map->table = large_new(TABLE_MIN * sizeof *map->table);
	map->mask = TABLE_MIN - 1;
	if (map->table == NULL) {
		free(map);
		return NULL;
	}
	return map;
}

/* The first one is small, and may be kept. */
static void free_blocks(struct map *map, bool keep_first)
{
	struct block *keep = NULL;
	for (struct block *block = map->blocks, *next; block != NULL; block = next) {
		next = block->next;
		if (keep_first && next == NULL)
			keep = block;
		else
			large_free(block, sizeof *block + block->cap);
	}
	map->blocks = keep;
	map->block_bytes = map->used_bytes = 0;
	if (keep != NULL) {
		keep->next = NULL;
		keep->used = 0;
		map->block_bytes = sizeof *keep + keep->cap;
	}
}

void map_free(struct map *map)
{
	if (map == NULL)
		return;
	free_blocks(map, false);
	free(map->items);
	large_free(map->table, (map->mask + 1) * sizeof *map->table);
	free(map);
}

/* A map that was once large must not make each later small use pay for it. */
static void clear_slots(struct map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct item *item = map->items[i];
		size_t at = item->hash & map->mask;
		while (map->table[at].item != item)
			at = (at + 1) & map->mask;
		map->table[at] = (struct slot){0};
	}
}

void map_clear(struct map *map)
{
	if (map->count * 16 > map->mask)
		memset(map->table, 0, (map->mask + 1) * sizeof *map->table);
	else
		clear_slots(map);
	map->count = 0;
	memset(map->recent, 0, sizeof map->recent);
	free_blocks(map, true);
}

static bool is_of(const struct item *item, struct lgp_view key)
{
	return item->key_len == key.len && memcmp(item->bytes, key.ptr, key.len) == 0;
}

static struct slot *find(const struct map *map, struct lgp_view key, uint32_t hash)
{
	size_t at = hash & map->mask;
	for (;; at = (at + 1) & map->mask) {
		struct slot *slot = &map->table[at];
		if (slot->item == NULL)
			return slot;
		if (slot->hash == hash && is_of(slot->item, key))
			return slot;
	}
}

static struct lgp_view value_of(const struct item *item)
{
	return (struct lgp_view){item->bytes + item->key_len, item->value_len};
}

/* The key's first, middle and last bytes, as one number. */
static struct item **recent_of(struct map *map, struct lgp_view key)
{
	uint64_t first, middle, last;
	if (key.len < sizeof first)
		return &map->recent[0];
	memcpy(&first, key.ptr, sizeof first);
	memcpy(&middle, key.ptr + key.len / 2 - sizeof middle / 2, sizeof middle);
	memcpy(&last, key.ptr + key.len - sizeof last, sizeof last);
	uint64_t mixed = (first ^ middle << 1 ^ last << 2) * UINT64_C(0x9e3779b97f4a7c15);
	return &map->recent[mixed >> (64 - RECENT_BITS)];
}

bool map_recall(struct map *map, struct lgp_view key, uint32_t *hash, struct lgp_view *value)
{
	struct item **recent = recent_of(map, key);
	if (*recent == NULL || !is_of(*recent, key)) {
		*hash = map_hash(map, key);
		struct item *item = find(map, key, *hash)->item;
		if (item == NULL)
			return false;
		*recent = item;
	}
	*value = value_of(*recent);
	return true;
}

bool map_get(const struct map *map, struct lgp_view key, struct lgp_view *value)
{
	return map_get_hashed(map, key, map_hash(map, key), value);
}

bool map_get_hashed(const struct map *map, struct lgp_view key, uint32_t hash,
                    struct lgp_view *value)
{
	const struct item *item = find(map, key, hash)->item;
	if (item == NULL)
		return false;
	*value = value_of(item);
	return true;
}

/* Two slots mostly lie in one line of the cache. */
void map_near_slots(const struct map *map, uint32_t hash)
{
	__builtin_prefetch(&map->table[hash & map->mask]);
}

void map_near_items(const struct map *map, uint32_t hash)
{
	const struct slot *slot;
	for (size_t at = hash & map->mask; (slot = &map->table[at])->item != NULL;
	     at = (at + 1) & map->mask)
		if (slot->hash - hash <= 1)
			__builtin_prefetch(slot->item);
}

static void rehash(struct map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		struct item *item = map->items[i];
		struct lgp_view key = {item->bytes, item->key_len};
		*find(map, key, item->hash) = (struct slot){item, item->hash, (uint32_t)i};
	}
}

static bool grow(struct map *map)
{
	if (map->count == map->cap) {
		size_t cap = map->cap == 0 ? TABLE_MIN : map->cap * 2;
		if (cap > UINT32_MAX)
			return false;
		struct item **items = realloc(map->items, cap * sizeof *items);
		if (items == NULL)
			return false;
		map->items = items;
		map->cap = cap;
	}
	if ((map->count + 1) * 3 <= (map->mask + 1) * 2)
		return true;
	size_t size = (map->mask + 1) * 2;
	struct slot *table = large_new(size * sizeof *table);
	if (table == NULL)
		return false;
	large_free(map->table, (map->mask + 1) * sizeof *table);
	map->table = table;
	map->mask = size - 1;
	rehash(map);
	return true;
}

/* Room for at least n bytes.  NULL: no memory. */
static struct block *block_new(struct map *map, size_t n)
{
	size_t bytes = map->block_bytes < SMALL_MAX ? BLOCK_BYTES : LARGE_BYTES;
	if (bytes < sizeof(struct block) + n)
		bytes = sizeof(struct block) + n;
	struct block *block = large_new(bytes);
	if (block == NULL)
		return NULL;
	*block = (struct block){.next = map->blocks, .cap = bytes - sizeof *block};
	map->blocks = block;
	map->block_bytes += bytes;
	return block;
}

static struct item *item_new(struct map *map, struct lgp_view key, uint32_t hash,
                             struct lgp_view value)
{
	/* Items begin at multiples of 8, for their lengths' alignment. */
	size_t n = (sizeof(struct item) + key.len + value.len + 7) & ~(size_t)7;
	struct block *block = map->blocks;
	if (block == NULL || block->cap - block->used < n)
		block = block_new(map, n);
	if (block == NULL)
		return NULL;
	struct item *item = (struct item *)(void *)(block->bytes + block->used);
	block->used += n;
	map->used_bytes += n;
	item->key_len = (uint16_t)key.len;
	item->value_cap = (uint16_t)value.len;
	item->marked = 0;
	item->hash = hash;
	memcpy(item->bytes, key.ptr, key.len);
	return item;
}

static void item_set(struct item *item, struct lgp_view value)
{
	if (value.len > 0)
		memcpy(item->bytes + item->key_len, value.ptr, value.len);
	item->value_len = (uint16_t)value.len;
}

/* A longer value takes a new item in the place of the old. */
static bool overwrite(struct map *map, struct slot *slot, struct lgp_view key,
                      struct lgp_view value)
{
	if (slot->item->value_cap < value.len) {
		struct item *item = item_new(map, key, slot->hash, value);
		if (item == NULL)
			return false;
		item->marked = slot->item->marked;
		map->items[slot->index] = slot->item = item;
		*recent_of(map, key) = item;
	}
	item_set(slot->item, value);
	return true;
}

/* NULL: no memory. */
static struct item *put(struct map *map, struct lgp_view key, uint32_t hash, struct lgp_view value)
{
	require(key.len <= UINT16_MAX && value.len <= UINT16_MAX);
	struct slot *slot = find(map, key, hash);
	if (slot->item != NULL)
		return overwrite(map, slot, key, value) ? slot->item : NULL;
	if (!grow(map))
		return NULL;
	struct item *item = item_new(map, key, hash, value);
	if (item == NULL)
		return NULL;
	item_set(item, value);
	slot = find(map, key, hash); /* the table may have grown */
	*slot = (struct slot){item, hash, (uint32_t)map->count};
	map->items[map->count++] = item;
	return item;
}

bool map_put(struct map *map, struct lgp_view key, struct lgp_view value)
{
	return put(map, key, map_hash(map, key), value) != NULL;
}

bool map_put_hashed(struct map *map, struct lgp_view key, uint32_t hash, struct lgp_view value)
{
	return put(map, key, hash, value) != NULL;
}

bool map_put_marked(struct map *map, struct lgp_view key, struct lgp_view value)
{
	struct item *item = *recent_of(map, key);
	if (item != NULL && is_of(item, key) && item->value_cap >= value.len)
		item_set(item, value);
	else
		item = put(map, key, map_hash(map, key), value);
	if (item != NULL)
		item->marked = 1;
	return item != NULL;
}

size_t map_count(const struct map *map)
{
	return map->count;
}

size_t map_bytes(const struct map *map)
{
	return map->block_bytes + map->cap * sizeof *map->items +
	       (map->mask + 1) * sizeof *map->table;
}

size_t map_used(const struct map *map)
{
	return map->used_bytes + map->count * (sizeof *map->items + 2 * sizeof *map->table);
}

struct map_item map_item(const struct map *map, size_t i)
{
	require(i < map->count);
	const struct item *item = map->items[i];
	return (struct map_item){
	        {item->bytes, item->key_len}, value_of(item), item->hash, item->marked != 0};
}

/* An item to be sorted: its key's first bytes as numbers decide nearly always, and
 * the item, which lies anywhere, is not looked at. */
struct place {
	uint64_t head[2];
	const struct item *item;
	size_t index;
};

static struct place place_of(const struct map *map, size_t index)
{
	const struct item *item = map->items[index];
	uint8_t head[16] = {0};
	memcpy(head, item->bytes, item->key_len < sizeof head ? item->key_len : sizeof head);
	return (struct place){{lgp_get_be(head, 8), lgp_get_be(head + 8, 8)}, item, index};
}

static int compare(const void *a, const void *b)
{
	const struct place *p = a, *q = b;
	for (unsigned i = 0; i < 2; i++)
		if (p->head[i] != q->head[i])
			return p->head[i] < q->head[i] ? -1 : 1;
	const struct item *x = p->item, *y = q->item;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->bytes, y->bytes, len);
	return order != 0 ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

size_t *map_sorted(const struct map *map)
{
	size_t *order = malloc((map->count + 1) * sizeof *order);
	struct place *places = malloc((map->count + 1) * sizeof *places);
	if (order == NULL || places == NULL) {
		free(order);
		free(places);
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++)
		places[i] = place_of(map, i);
	qsort(places, map->count, sizeof *places, compare);
	for (size_t i = 0; i < map->count; i++)
		order[i] = places[i].index;
	free(places);
	return order;
}
