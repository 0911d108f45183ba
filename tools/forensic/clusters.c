/* clusters: see clusters.h.  Thread: one at a time.
 *
 * Keys are sorted byte by byte from the last to the first (LSD radix sort): the
 * time does not depend on the order or the sameness of rows, and bytes that are
 * equal in all keys cost nothing but one look. */
#include "tools/forensic/clusters.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES (CLUSTER_WORDS * 8)

/* byte 0 counts least. */
static unsigned key_byte(const struct cluster_key *key, unsigned byte)
{
	return key->words[CLUSTER_WORDS - 1 - byte / 8] >> (byte % 8 * 8) & 0xff;
}

static void count_bytes(const struct clusters *clusters, size_t counts[KEY_BYTES][256])
{
	memset(counts, 0, sizeof(size_t[KEY_BYTES][256]));
	for (size_t i = 0; i < clusters->count; i++)
		for (unsigned byte = 0; byte < KEY_BYTES; byte++)
			counts[byte][key_byte(&clusters->keys[i], byte)]++;
}

/* Moves the keys into the order of one byte; equal ones stay as they are. */
static void sort_byte(const struct clusters *clusters, struct cluster_key *to, size_t counts[256],
                      unsigned byte)
{
	for (size_t value = 0, at = 0; value < 256; value++) {
		size_t count = counts[value];
		counts[value] = at;
		at += count;
	}
	for (size_t i = 0; i < clusters->count; i++)
		to[counts[key_byte(&clusters->keys[i], byte)]++] = clusters->keys[i];
}

static bool sort_keys(struct clusters *clusters)
{
	size_t(*counts)[256] = malloc(sizeof(size_t[KEY_BYTES][256]));
	struct cluster_key *other = calloc(clusters->count + 1, sizeof *other);
	bool made = counts != NULL && other != NULL;
	if (made)
		count_bytes(clusters, counts);
	for (unsigned byte = 0; made && byte < KEY_BYTES && clusters->count > 0; byte++) {
		if (counts[byte][key_byte(&clusters->keys[0], byte)] == clusters->count)
			continue;
		sort_byte(clusters, other, counts[byte], byte);
		struct cluster_key *sorted = other;
		other = clusters->keys;
		clusters->keys = sorted;
	}
	free(counts);
	free(other);
	return made;
}

enum lgp_status clusters_init(struct clusters *clusters, const struct spendings *spendings,
                              cluster_make *make)
{
	*clusters = (struct clusters){.spendings = spendings};
	clusters->keys = calloc(spendings->count + 1, sizeof *clusters->keys);
	if (clusters->keys == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to sort %zu rows", spendings->count);
	for (size_t i = 0; i < spendings->count; i++) {
		struct cluster_key *key = &clusters->keys[clusters->count];
		*key = (struct cluster_key){.row = (uint32_t)i};
		clusters->count += make(&spendings->rows[i], key->words);
	}
	if (sort_keys(clusters))
		return LGP_OK;
	clusters_deinit(clusters);
	return lgp_fault(LGP_NO_MEMORY, "no memory to sort %zu rows", spendings->count);
}

void clusters_deinit(struct clusters *clusters)
{
	free(clusters->keys);
	clusters->keys = NULL;
	clusters->count = 0;
}

static bool same_words(const struct cluster_key *a, const struct cluster_key *b, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (a->words[i] != b->words[i])
			return false;
	return true;
}

size_t clusters_end(const struct clusters *clusters, size_t from, unsigned words)
{
	const struct cluster_key *first = &clusters->keys[from];
	size_t end = from + 1;
	require(from < clusters->count && words <= CLUSTER_WORDS);
	while (end < clusters->count && same_words(first, &clusters->keys[end], words))
		end++;
	return end;
}

const struct spending *clusters_row(const struct clusters *clusters, size_t at)
{
	require(at < clusters->count);
	return &clusters->spendings->rows[clusters->keys[at].row];
}

uint64_t cluster_word(uint32_t left, uint32_t right)
{
	return (uint64_t)left << 32 | right;
}

uint64_t cluster_signed(int64_t number)
{
	return (uint64_t)number ^ UINT64_C(1) << 63;
}

void ranking_add(struct ranking *ranking, double score, size_t at)
{
	if (ranking->count == ranking->room && !ranking->failed) {
		size_t room = ranking->room == 0 ? 64 : ranking->room * 2;
		struct ranked *list = reallocarray(ranking->list, room, sizeof *list);
		ranking->failed = list == NULL;
		if (list != NULL) {
			ranking->list = list;
			ranking->room = room;
		}
	}
	if (!ranking->failed)
		ranking->list[ranking->count++] = (struct ranked){score, at};
}

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

enum lgp_status ranking_sort(struct ranking *ranking)
{
	if (ranking->failed)
		return lgp_fault(LGP_NO_MEMORY, "no memory after %zu findings", ranking->count);
	if (ranking->count > 0)
		qsort(ranking->list, ranking->count, sizeof *ranking->list, compare_ranked);
	return LGP_OK;
}

void ranking_deinit(struct ranking *ranking)
{
	free(ranking->list);
	*ranking = (struct ranking){0};
}
