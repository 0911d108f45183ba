/* report_ledger: a ledger to report on: grants by many people over two years,
 * made by the library alone.
 *
 *   report_ledger DIR [GRANTS]
 *
 * STAFF people, REASONS reasons, CUSTOMERS customers; one in 16 grants is taken
 * back.  The same GRANTS give the same entries. */
#include "lagniappe/codec.h"
#include "lagniappe/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAFF 60
#define REASONS 8
#define CUSTOMERS 100000
#define DAYS 730
#define DAY_US (INT64_C(86400) * 1000000)
#define FIRST_DAY 19723 /* 2024-01-01 */

struct build {
	struct lgp_ledger *ledger;
	uint64_t tokens[STAFF], first_customer, random, keys;
	int64_t now_us;
};

static void must(enum lgp_status status)
{
	if (status == LGP_OK)
		return;
	fprintf(stderr, "report_ledger: %s: %s\n", lgp_status_text(status), lgp_fault_detail());
	exit(2);
}

static uint64_t draw(struct build *build, uint64_t below)
{
	build->random = build->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (build->random >> 33) % below;
}

static enum lgp_status utc_date(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	(void)context;
	(void)zone;
	*days = (int32_t)(time_us / DAY_US);
	return LGP_OK;
}

static void done(void *context, enum lgp_status status)
{
	(void)context;
	must(status);
}

static void commit(struct build *build)
{
	if (lgp_batch_count(build->ledger) == 0)
		return;
	lgp_batch_seal(build->ledger);
	lgp_log_append(build->ledger, done, NULL);
	lgp_batch_apply(build->ledger);
	if (lgp_state_freeze(build->ledger, false))
		must(lgp_applier_step(build->ledger));
}

static struct lgp_command command(struct build *build, enum lgp_kind kind, uint64_t token)
{
	struct lgp_command made = {.kind = kind, .token = token, .keyed = true};
	/* As MACs are: any bits, never twice. */
	uint64_t key[2] = {++build->keys * UINT64_C(0x9e3779b97f4a7c15), build->keys};
	key[0] = (key[0] ^ key[0] >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	memcpy(made.key_mac, key, sizeof key);
	made.time_us = ++build->now_us;
	return made;
}

static uint64_t judge(struct build *build, const struct lgp_command *made)
{
	struct lgp_outcome out;
	must(lgp_judge(build->ledger, made, &out));
	if (out.verdict != LGP_ACCEPTED) {
		fprintf(stderr, "report_ledger: refused: %d %s\n", out.problem, out.field);
		exit(2);
	}
	if (lgp_batch_full(build->ledger))
		commit(build);
	return lgp_next_seq(build->ledger) - 1;
}

static uint64_t define(struct build *build, enum lgp_kind kind, const char *text)
{
	struct lgp_command made = command(build, kind, 1);
	made.payload = lgp_view_of(text);
	uint64_t number = judge(build, &made);
	commit(build);
	return number;
}

static void set(struct lgp_slug *slug, const char *text)
{
	require(lgp_slug_set(slug, lgp_view_of(text)));
}

static void set_up(struct build *build)
{
	char text[256];
	define(build, LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	define(build, LGP_KIND_SITE, "id paris\ntimezone Etc/UTC\n");
	define(build, LGP_KIND_BUDGET, "id desk\nsite paris\nunit EUR\n");
	for (unsigned i = 0; i < REASONS; i++) {
		snprintf(text, sizeof text, "id reason-%u\nkind discretionary\n", i);
		define(build, LGP_KIND_REASON, text);
	}
	for (unsigned i = 0; i < STAFF; i++) {
		snprintf(text, sizeof text, "id staff-%u\nrole staff\nsite paris\nbudget desk\n",
		         i);
		define(build, LGP_KIND_STAFF, text);
		snprintf(text, sizeof text, "role staff\nsubject staff-%u\nhash %064u\n", i, i + 7);
		build->tokens[i] = define(build, LGP_KIND_TOKEN, text);
	}
	struct lgp_command allotment = command(build, LGP_KIND_ALLOTMENT, 2);
	set(&allotment.budget, "desk");
	allotment.amount = INT64_C(1) << 60;
	judge(build, &allotment);
	commit(build);
	build->first_customer = lgp_next_seq(build->ledger);
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		struct lgp_command made = command(build, LGP_KIND_CUSTOMER, build->tokens[0]);
		judge(build, &made);
	}
	commit(build);
}

static void give(struct build *build, uint64_t grants)
{
	int64_t step = DAYS * DAY_US / (int64_t)grants;
	char reason[LGP_SLUG_MAX];
	for (uint64_t i = 0; i < grants; i++) {
		uint64_t token = build->tokens[draw(build, STAFF)];
		build->now_us += step;
		struct lgp_command made = command(build, LGP_KIND_GRANT, token);
		made.customer = build->first_customer + draw(build, CUSTOMERS);
		made.amount = 100 + (int64_t)draw(build, 20000);
		snprintf(reason, sizeof reason, "reason-%u", (unsigned)draw(build, REASONS));
		set(&made.unit, "EUR");
		set(&made.reason, reason);
		uint64_t seq = judge(build, &made);
		if (i % 16 != 0)
			continue;
		struct lgp_command back = command(build, LGP_KIND_REVERSAL, token);
		back.refers_to = seq;
		judge(build, &back);
	}
	commit(build);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: report_ledger DIR [GRANTS]\n");
		return 2;
	}
	struct build build = {.random = 2026, .now_us = FIRST_DAY * DAY_US};
	uint64_t grants = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
	struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	struct lgp_genesis genesis = {.origin = LGP_VIEW("bench.example/report"),
	                              .timezone = LGP_VIEW("Etc/UTC"),
	                              .time_us = build.now_us,
	                              .business_date = FIRST_DAY,
	                              .admin_hash = {1},
	                              .finance_hash = {2}};
	struct lgp_options options = {.calendar = {utc_date, NULL, NULL}};
	require(grants > 0);
	must(lgp_create(argv[1], &keys, &genesis));
	must(lgp_open(argv[1], &options, &build.ledger));
	set_up(&build);
	give(&build, grants);
	printf("%llu entries\n", (unsigned long long)lgp_next_seq(build.ledger));
	lgp_close(build.ledger);
	return 0;
}
