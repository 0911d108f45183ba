/* keyrecent: linear hashing over an append-only array of keys.
 * Thread: see keyrecent.h.
 *
 * There are as many buckets as keys.  Adding the n-th key splits one bucket
 * into itself and bucket n - 1, then puts the key at the head of its own: a
 * chain runs from the newest key to the oldest.  MACs are uniform, so their low
 * bits are the hash.  A bucket's head says, in seven bits above its newest key, which
 * sevenths of all MACs its chain holds: most looks for what is not there end at it. */
#include "keyrecent.h"

#include "large.h"

#include <stdlib.h>
#include <string.h>

struct key {
	uint64_t prefix;
	uint32_t entry; /* counted from `from` */
	uint32_t older; /* in the same bucket: position + 1, 0 none */
};

struct chunk {
	struct key key[KEYRECENT_CHUNK];
	uint32_t head[KEYRECENT_CHUNK]; /* of a bucket: position + 1, 0 none; and sevenths */
};

struct keyrecent {
	uint64_t from, to;                         /* to: UINT64_MAX until split off */
	uint32_t count;                            /* positions, and buckets */
	uint32_t kept;                             /* positions below `to` */
	struct chunk *chunk[KEYRECENT_CHUNKS_MAX]; /* owned */
};

enum lgp_status keyrecent_new(uint64_t from, struct keyrecent **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for keys");
	(*out)->from = from;
	(*out)->to = UINT64_MAX;
	return LGP_OK;
}

static uint32_t chunk_count(const struct keyrecent *recent)
{
	return (recent->count + KEYRECENT_CHUNK - 1) / KEYRECENT_CHUNK;
}

void keyrecent_free(struct keyrecent *recent)
{
	if (recent == NULL)
		return;
	for (uint32_t i = 0; i < chunk_count(recent); i++)
		large_free(recent->chunk[i], sizeof(struct chunk));
	free(recent);
}

uint64_t keyrecent_from(const struct keyrecent *recent)
{
	return recent->from;
}

uint64_t keyrecent_to(const struct keyrecent *recent)
{
	return recent->to;
}

uint64_t keyrecent_count(const struct keyrecent *recent)
{
	return recent->kept;
}

uint64_t keyrecent_memory(const struct keyrecent *recent)
{
	return sizeof(*recent) + chunk_count(recent) * sizeof(struct chunk);
}

static struct key *key_at(const struct keyrecent *recent, uint32_t position)
{
	return &recent->chunk[position / KEYRECENT_CHUNK]->key[position % KEYRECENT_CHUNK];
}

static uint32_t *head_at(const struct keyrecent *recent, uint32_t bucket)
{
	return &recent->chunk[bucket / KEYRECENT_CHUNK]->head[bucket % KEYRECENT_CHUNK];
}

#define AT_BITS 25
#define AT_MASK ((UINT32_C(1) << AT_BITS) - 1) /* of a head: position + 1 */
_Static_assert(KEYRECENT_KEYS_MAX <= AT_MASK, "a position fits");

/* The seventh that a MAC is of, as a bit above a position.  Buckets go by other bits. */
static uint32_t seventh_of(uint64_t prefix)
{
	return UINT32_C(1) << (AT_BITS + (prefix >> 32) % 7);
}

/* The highest power of two in n, which is not 0. */
static uint32_t top_bit(uint32_t n)
{
	return 1u << (31 - __builtin_clz(n));
}

/* Buckets from `top` on exist as far as they were split off. */
static uint32_t bucket_of(uint64_t prefix, uint32_t buckets)
{
	uint32_t top = top_bit(buckets);
	uint32_t bucket = (uint32_t)prefix & (2 * top - 1);

	return bucket < buckets ? bucket : bucket & (top - 1);
}

/* A chain that is made anew, from its newest key on. */
struct chain {
	uint32_t *head, *end;
	uint32_t sevenths;
};

static void chain_add(struct chain *chain, uint32_t at, struct key *key)
{
	*chain->end = at;
	chain->end = &key->older;
	chain->sevenths |= seventh_of(key->prefix);
}

static void chain_end(const struct chain *chain)
{
	*chain->end = 0;
	*chain->head |= chain->sevenths;
}

/* Moves what belongs to bucket `fresh`, and was in the bucket it splits. */
static void split_bucket(struct keyrecent *recent, uint32_t fresh)
{
	uint32_t *head = head_at(recent, fresh);

	if (fresh == 0) {
		*head = 0;
		return;
	}
	uint32_t top = top_bit(fresh);
	uint32_t *old_head = head_at(recent, fresh - top), older;
	struct chain moved = {head, head, 0}, kept = {old_head, old_head, 0};
	for (uint32_t at = *old_head & AT_MASK; at != 0; at = older) {
		struct key *key = key_at(recent, at - 1);
		bool moves = ((uint32_t)key->prefix & (2 * top - 1)) == fresh;
		older = key->older;
		chain_add(moves ? &moved : &kept, at, key);
	}
	chain_end(&moved);
	chain_end(&kept);
}

static enum lgp_status make_room(struct keyrecent *recent, uint64_t seq)
{
	if (recent->count == KEYRECENT_KEYS_MAX || seq - recent->from > UINT32_MAX)
		return lgp_fault(LGP_OVERLOAD, "the keys of the newest entries are too many: "
		                               "their flush to the disk does not keep up");
	if (recent->count % KEYRECENT_CHUNK != 0)
		return LGP_OK;
	struct chunk *chunk = large_new(sizeof(*chunk));
	if (chunk == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for keys");
	recent->chunk[recent->count / KEYRECENT_CHUNK] = chunk;
	return LGP_OK;
}

enum lgp_status keyrecent_add(struct keyrecent *recent, uint64_t prefix, uint64_t seq)
{
	uint32_t position = recent->count;

	require(seq >= recent->from && recent->kept == position);
	require(position == 0 || seq - recent->from >= key_at(recent, position - 1)->entry);
	enum lgp_status status = make_room(recent, seq);
	if (status != LGP_OK)
		return status;
	split_bucket(recent, position);
	uint32_t *head = head_at(recent, bucket_of(prefix, position + 1));
	*key_at(recent, position) = (struct key){
	        .prefix = prefix,
	        .entry = (uint32_t)(seq - recent->from),
	        .older = *head & AT_MASK,
	};
	*head = (position + 1) | (*head & ~AT_MASK) | seventh_of(prefix);
	recent->kept = recent->count = position + 1;
	return LGP_OK;
}

/* Where the chain begins that may hold the prefix, 0 none does. */
static uint32_t newest_of(const struct keyrecent *recent, uint64_t prefix)
{
	uint32_t head = *head_at(recent, bucket_of(prefix, recent->count));
	return (head & seventh_of(prefix)) != 0 ? head & AT_MASK : 0;
}

enum lgp_status keyrecent_find(const struct keyrecent *recent, uint64_t prefix,
                               lgp_keyindex_candidate candidate, void *context)
{
	if (recent->count == 0)
		return LGP_MISSING;
	uint32_t at = newest_of(recent, prefix);
	while (at != 0) {
		const struct key *key = key_at(recent, at - 1);
		if (key->prefix == prefix && at <= recent->kept) {
			enum lgp_status status = LGP_OK;
			bool found = candidate(context, recent->from + key->entry, &status);
			if (found || status != LGP_OK)
				return status;
		}
		at = key->older;
	}
	return LGP_MISSING;
}

void keyrecent_near_bucket(const struct keyrecent *recent, uint64_t prefix)
{
	if (recent->count > 0)
		__builtin_prefetch(head_at(recent, bucket_of(prefix, recent->count)));
}

void keyrecent_near_key(const struct keyrecent *recent, uint64_t prefix)
{
	if (recent->count == 0)
		return;
	uint32_t at = newest_of(recent, prefix);
	if (at != 0)
		__builtin_prefetch(key_at(recent, at - 1));
}

/* Buckets are split one after the other, so their heads are near; their keys lie anywhere. */
void keyrecent_near_split(const struct keyrecent *recent, size_t before)
{
	uint32_t fresh = recent->count + (uint32_t)before;
	uint32_t bucket = fresh > 0 ? fresh - top_bit(fresh) : 0;
	if (bucket >= recent->count)
		return;
	uint32_t at = *head_at(recent, bucket) & AT_MASK;
	if (at != 0)
		__builtin_prefetch(key_at(recent, at - 1));
}

enum lgp_status keyrecent_split(struct keyrecent *recent, uint64_t upto, struct keyrecent **newer)
{
	uint32_t kept = recent->count;
	enum lgp_status status = keyrecent_new(upto, newer);

	if (*newer == NULL)
		return status;
	while (kept > 0 && recent->from + key_at(recent, kept - 1)->entry >= upto)
		kept--;
	for (uint32_t i = kept; status == LGP_OK && i < recent->count; i++) {
		const struct key *key = key_at(recent, i);
		status = keyrecent_add(*newer, key->prefix, recent->from + key->entry);
	}
	if (status != LGP_OK) {
		keyrecent_free(*newer);
		*newer = NULL;
		return status;
	}
	recent->kept = kept;
	recent->to = upto;
	return LGP_OK;
}

static int compare(const void *left, const void *right)
{
	const struct keyrun_record *a = left, *b = right;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return (a->seq < b->seq) - (a->seq > b->seq);
}

/* MACs are uniform: one pass by the first bits leaves piles of a few dozen. */
#define PILES_SHIFT 48
#define PILES (1u << (64 - PILES_SHIFT))

static void deal(const struct keyrecent *recent, uint32_t *end, struct keyrun_record *out)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < recent->kept; i++)
		end[key_at(recent, i)->prefix >> PILES_SHIFT]++;
	for (uint32_t i = 0; i < PILES; i++) {
		sum += end[i];
		end[i] = sum - end[i];
	}
	for (uint32_t i = 0; i < recent->kept; i++) {
		const struct key *key = key_at(recent, i);
		out[end[key->prefix >> PILES_SHIFT]++] = (struct keyrun_record){
		        .prefix = key->prefix, .seq = recent->from + key->entry};
	}
}

enum lgp_status keyrecent_sort(const struct keyrecent *recent, struct keyrun_record **out)
{
	struct keyrun_record *records = malloc(recent->kept * sizeof(*records));
	uint32_t *end = calloc(PILES, sizeof(*end));

	*out = NULL;
	if (end == NULL || (records == NULL && recent->kept > 0)) {
		free(records);
		free(end);
		return lgp_fault(LGP_NO_MEMORY, "no memory to sort %u keys", recent->kept);
	}
	deal(recent, end, records);
	for (uint32_t i = 0, at = 0; i < PILES; at = end[i++]) {
		if (end[i] - at > 1)
			qsort(records + at, end[i] - at, sizeof(*records), compare);
	}
	free(end);
	*out = records;
	return LGP_OK;
}
