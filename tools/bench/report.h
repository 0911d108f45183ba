/* report: what was measured, for people and for programs.
 * Thread: the generator's one. */
#ifndef LAGNIAPPE_BENCH_REPORT_H
#define LAGNIAPPE_BENCH_REPORT_H

#include "tools/bench/load.h"

#include <stdio.h>

struct report {
	const char *mode; /* as it was asked for */
	const struct load_plan *plan;
	const struct load_result *result;
	bool key_given; /* receipts were to be verified */
	unsigned receipts_kept, receipts_verified;
};

void report_text(const struct report *report, FILE *out);
/* One line.  False: memory ran out. */
LGP_MUST_USE bool report_json(const struct report *report, FILE *out);

#endif
