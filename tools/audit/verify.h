/* verify: the whole audit of one ledger.
 * Thread: one; it starts a second for the pass (pass.h). */
#ifndef LAGNIAPPE_AUDIT_VERIFY_H
#define LAGNIAPPE_AUDIT_VERIFY_H

#include "tools/audit/pass.h"

#include <stdio.h>

struct verify_options {
	const char *ledger, *token, *ca; /* as source_open takes them */
	const char *keys[TRUST_KEYS_MAX];
	size_t key_count;
	const char *since, *save; /* NULL: not asked for */
	bool json;
	unsigned threads; /* 1 or 2; 0: as many as there are cores for */
	FILE *out;
};

/* One run. */
struct verify {
	const struct verify_options *options;
	struct source *source;
	struct door door;
	enum snapshot_is state_is;
	struct findings findings;
	struct trust trust;
	struct extent extent;
	struct integrity integrity;
	struct judge judge;
	struct progress progress;
	uint64_t payloads;
	struct unit_sums *sums;
	size_t sum_count;
	bool opened; /* the extent is known; else damage alone is told */
	bool saved;
};

/* 0 clean, 1 findings, 2 could not run. */
int verify_run(const struct verify_options *options);
/* The end of what is printed (summary.c). */
void summary_print(struct verify *verify);

#endif
