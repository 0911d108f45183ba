/* receipts: an even draw of the answers to grants, kept while the load runs, and
 * verified afterwards, so that a benchmark shows that its receipts are real.
 * Thread: the generator's one. */
#ifndef LAGNIAPPE_BENCH_RECEIPTS_H
#define LAGNIAPPE_BENCH_RECEIPTS_H

#include "lagniappe/note.h"
#include "tools/bench/random.h"

#define RECEIPTS_KEPT 64

struct receipts {
	struct {
		char *text; /* owned; the answer's JSON */
		size_t len;
	} kept[RECEIPTS_KEPT];
	uint64_t seen;
};

void receipts_deinit(struct receipts *receipts);
/* Every answer seen so far has the same chance to be among the kept (Vitter's
 * algorithm R).  One for which memory runs out is not kept. */
void receipts_see(struct receipts *receipts, struct random_source *random, struct lgp_view answer);
unsigned receipts_kept(const struct receipts *receipts);
/* How many of the kept hold: signature, proof, and a leaf that says what the answer
 * says.  why: the first that does not, untouched when all do. */
unsigned receipts_verify(const struct receipts *receipts, const struct lgp_verifier *key, char *why,
                         size_t why_max);

#endif
