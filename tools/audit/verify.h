/* verify: the whole audit of one ledger.
 * Thread: one. */
#ifndef LAGNIAPPE_AUDIT_VERIFY_H
#define LAGNIAPPE_AUDIT_VERIFY_H

#include "tools/audit/integrity.h"
#include "tools/audit/judge.h"
#include "tools/audit/progress.h"

#include <stdio.h>

struct verify_options {
	const char *ledger;
	const char *keys[TRUST_KEYS_MAX];
	size_t key_count;
	const char *since, *save; /* NULL: not asked for */
	bool json;
	FILE *out;
};

/* One run. */
struct verify {
	const struct verify_options *options;
	struct source *source;
	struct findings findings;
	struct trust trust;
	struct extent extent;
	struct integrity integrity;
	struct judge judge;
	struct progress progress;
	struct block *block;
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
