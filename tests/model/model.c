/* model: see model.h. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

struct model model;

uint64_t pick(uint64_t n)
{
	model.random ^= model.random << 13;
	model.random ^= model.random >> 7;
	model.random ^= model.random << 17;
	return model.random % n;
}

bool chance(unsigned percent)
{
	return pick(100) < percent;
}

void must(enum lgp_status status)
{
	if (status != LGP_OK)
		fail_msg("%s: %s", lgp_status_text(status), lgp_fault_detail());
}

struct lgp_slug slug(const char *text)
{
	struct lgp_slug out = {0};
	assert_true(lgp_slug_set(&out, lgp_view_of(text)));
	return out;
}

static void open_ledger(void)
{
	struct lgp_options options = {
	        .log_map_bytes = (size_t)2 << 30,
	        .state_map_bytes = (size_t)1 << 30,
	        .overlay_bytes = 64 * 1024, /* small, so that every layer is in use */
	        .calendar = model.calendar,
	};
	must(lgp_open(model.dir, &options, &model.ledger));
}

/* The closed batch, whatever was judged behind it since. */
static void show_closed(void)
{
	must(lgp_log_append_here(model.ledger));
	lgp_highwater_write(model.ledger);
	lgp_batch_apply(model.ledger);
	model.closed = false;
	if (lgp_state_freeze(model.ledger, chance(5)))
		must(lgp_applier_step(model.ledger));
}

void commit_next(void)
{
	if (model.closed)
		show_closed();
	if (lgp_batch_count(model.ledger) > 0) {
		lgp_batch_close(model.ledger);
		model.closed = true;
	}
	if (lgp_batch_full(model.ledger))
		show_closed();
}

void commit(void)
{
	commit_next();
	if (model.closed)
		show_closed();
}

/* In the ledger's directory. */
static void remove_files(const char *names)
{
	char command[200];
	snprintf(command, sizeof command, "cd '%s' && rm -rf %s", model.dir, names);
	assert_int_equal(system(command), 0);
}

void model_reopen(bool without_state)
{
	struct lgp_hash before, after;
	commit();
	must(lgp_state_hash(model.ledger, &before));
	lgp_close(model.ledger);
	if (without_state)
		remove_files("state.mdb* keys-*.run");
	open_ledger();
	must(lgp_state_hash(model.ledger, &after));
	assert_memory_equal(&before, &after, sizeof before);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

uint64_t model_start(const char *origin, int64_t now_us, const struct lgp_calendar *calendar,
                     uint64_t steps)
{
	struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	struct lgp_genesis genesis = {lgp_view_of(origin),
	                              LGP_VIEW("Etc/UTC"),
	                              now_us,
	                              (int32_t)(now_us / DAY_US),
	                              {1},
	                              {2}};
	uint64_t seed = from_environment("LAGNIAPPE_SEED", (uint64_t)time(NULL));
	steps = from_environment("LAGNIAPPE_STEPS", steps);
	fprintf(stderr, "# LAGNIAPPE_SEED=%llu LAGNIAPPE_STEPS=%llu\n", (unsigned long long)seed,
	        (unsigned long long)steps);
	model = (struct model){.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1,
	                       .dir = "/tmp/lagniappe-model-XXXXXX",
	                       .calendar = *calendar};
	assert_non_null(mkdtemp(model.dir));
	must(lgp_create(model.dir, &keys, &genesis));
	open_ledger();
	return steps;
}

void model_finish(void)
{
	lgp_close(model.ledger);
	remove_files("*");
	assert_int_equal(rmdir(model.dir), 0);
}
