/* clusters: rows of spending brought together by what they have in common, and
 * items brought into the order of their scores.
 * Thread: one at a time.
 *
 * Time: that of sorting, whatever the rows are.  Memory: 32 bytes a row, twice
 * while they are sorted. */
#ifndef LAGNIAPPE_FORENSIC_CLUSTERS_H
#define LAGNIAPPE_FORENSIC_CLUSTERS_H

#include "tools/forensic/spending.h"

#define CLUSTER_WORDS 3

struct cluster_key {
	uint64_t words[CLUSTER_WORDS];
	uint32_t row;
};

/* In the order of the words, the first counting most, then of the rows. */
struct clusters {
	const struct spendings *spendings; /* borrowed */
	struct cluster_key *keys;          /* owned */
	size_t count;
};

/* Fills the row's words; false leaves the row out. */
typedef bool cluster_make(const struct spending *row, uint64_t words[CLUSTER_WORDS]);

/* LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status clusters_init(struct clusters *clusters,
                                           const struct spendings *spendings, cluster_make *make);
void clusters_deinit(struct clusters *clusters);
/* Behind the last key whose first `words` words are those of the key at `from`. */
size_t clusters_end(const struct clusters *clusters, size_t from, unsigned words);
const struct spending *clusters_row(const struct clusters *clusters, size_t at);
/* Two numbers in a word, the left one counting most. */
uint64_t cluster_word(uint32_t left, uint32_t right);
/* A signed number as a word that sorts as it does. */
uint64_t cluster_signed(int64_t number);

/* What was found, the greatest score first; equal ones as they were added. */
struct ranking {
	struct ranked {
		double score;
		size_t at; /* what it stands for; the test's own */
	} * list;          /* owned */
	size_t count, room;
	bool failed; /* memory ran out */
};

void ranking_add(struct ranking *ranking, double score, size_t at);
/* LGP_NO_MEMORY: one could not be added. */
LGP_MUST_USE enum lgp_status ranking_sort(struct ranking *ranking);
void ranking_deinit(struct ranking *ranking);

#endif
