/* report_ledger: a ledger to report on: grants by many people over two years,
 * made by the library alone.
 *
 *   report_ledger DIR [GRANTS]
 *
 * STAFF people, REASONS reasons, CUSTOMERS customers; one in 16 grants is taken
 * back.  The same GRANTS give the same entries. */
#include "driven.h"

#include <stdio.h>
#include <stdlib.h>

#define STAFF 60
#define REASONS 8
#define CUSTOMERS 100000
#define DAYS 730
#define FIRST_DAY 19723 /* 2024-01-01 */

struct build {
	struct driven driven;
	uint64_t tokens[STAFF], first_customer, random;
};

static uint64_t draw(struct build *build, uint64_t below)
{
	build->random = build->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (build->random >> 33) % below;
}

static uint64_t noun(struct build *build, enum lgp_kind kind, const char *text)
{
	uint64_t number = define(&build->driven, kind, 1, text);
	commit(&build->driven);
	return number;
}

static void set_up(struct build *build)
{
	char text[256];
	noun(build, LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	noun(build, LGP_KIND_SITE, "id paris\ntimezone Etc/UTC\n");
	noun(build, LGP_KIND_BUDGET, "id desk\nsite paris\nunit EUR\n");
	for (unsigned i = 0; i < REASONS; i++) {
		snprintf(text, sizeof text, "id reason-%u\nkind discretionary\n", i);
		noun(build, LGP_KIND_REASON, text);
	}
	for (unsigned i = 0; i < STAFF; i++) {
		snprintf(text, sizeof text, "id staff-%u\nrole staff\nsite paris\nbudget desk\n",
		         i);
		noun(build, LGP_KIND_STAFF, text);
		snprintf(text, sizeof text, "role staff\nsubject staff-%u\nhash %064u\n", i, i + 7);
		build->tokens[i] = noun(build, LGP_KIND_TOKEN, text);
	}
	struct lgp_command allotment = command(&build->driven, LGP_KIND_ALLOTMENT, 2);
	set(&allotment.budget, "desk");
	allotment.amount = INT64_C(1) << 60;
	accepted(&build->driven, &allotment);
	commit(&build->driven);
	build->first_customer = lgp_next_seq(build->driven.ledger);
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		struct lgp_command made =
		        command(&build->driven, LGP_KIND_CUSTOMER, build->tokens[0]);
		accepted(&build->driven, &made);
	}
	commit(&build->driven);
}

static void give(struct build *build, uint64_t grants)
{
	int64_t step = DAYS * DAY_US / (int64_t)grants;
	char reason[LGP_SLUG_MAX];
	for (uint64_t i = 0; i < grants; i++) {
		uint64_t token = build->tokens[draw(build, STAFF)];
		build->driven.now_us += step;
		struct lgp_command made = command(&build->driven, LGP_KIND_GRANT, token);
		made.customer = build->first_customer + draw(build, CUSTOMERS);
		made.amount = 100 + (int64_t)draw(build, 20000);
		snprintf(reason, sizeof reason, "reason-%u", (unsigned)draw(build, REASONS));
		set(&made.unit, "EUR");
		set(&made.reason, reason);
		uint64_t seq = accepted(&build->driven, &made);
		if (i % 16 != 0)
			continue;
		struct lgp_command back = command(&build->driven, LGP_KIND_REVERSAL, token);
		back.refers_to = seq;
		accepted(&build->driven, &back);
	}
	commit(&build->driven);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: report_ledger DIR [GRANTS]\n");
		return 2;
	}
	static struct build build = {.random = 2026};
	uint64_t grants = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
	require(grants > 0);
	driven_open(&build.driven, argv[1], "bench.example/report", FIRST_DAY);
	set_up(&build);
	give(&build, grants);
	printf("%llu entries\n", (unsigned long long)lgp_next_seq(build.driven.ledger));
	driven_close(&build.driven);
	return 0;
}
