/* ledger_fixture: see ledger_fixture.h. */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* All zones are UTC, save the two ends of the day. */
static enum lgp_status utc_date(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	const int64_t hour_us = DAY_US / 24;
	(void)context;
	if (lgp_view_equal(zone, LGP_VIEW("Etc/GMT+12")))
		time_us -= 12 * hour_us;
	else if (lgp_view_equal(zone, LGP_VIEW("Etc/GMT-14")))
		time_us += 14 * hour_us;
	*days = (int32_t)(time_us / DAY_US);
	return LGP_OK;
}

static enum lgp_status utc_start(void *context, struct lgp_view zone, int32_t days,
                                 int64_t *time_us)
{
	(void)context;
	(void)zone;
	*time_us = days * DAY_US;
	return LGP_OK;
}

static void open_ledger(struct fixture *f)
{
	struct lgp_options options = {
	        .log_map_bytes = (size_t)1 << 30,
	        .state_map_bytes = (size_t)1 << 30,
	        .calendar = {utc_date, utc_start, NULL},
	};
	enum lgp_status status = lgp_open(f->dir, &options, &f->ledger);
	if (status != LGP_OK)
		fail_msg("open: %s: %s", lgp_status_text(status), lgp_fault_detail());
}

void fixture_open(struct fixture *f)
{
	struct lgp_keys keys;
	for (unsigned i = 0; i < 32; i++) {
		keys.signing_seed[i] = (uint8_t)i;
		keys.master[i] = (uint8_t)(64 + i);
		keys.mac[i] = (uint8_t)(128 + i);
	}
	*f = (struct fixture){.now_us = FIRST_DAY * DAY_US + DAY_US / 2, .admin = 1, .finance = 2};
	strcpy(f->dir, "/tmp/lagniappe-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	struct lgp_genesis genesis = {
	        .origin = LGP_VIEW("test.example/ledger"),
	        .timezone = LGP_VIEW("Etc/UTC"),
	        .time_us = f->now_us,
	        .business_date = FIRST_DAY,
	        .admin_hash = {1},
	        .finance_hash = {2},
	};
	assert_int_equal(lgp_create(f->dir, &keys, &genesis), LGP_OK);
	open_ledger(f);
}

void fixture_close(struct fixture *f)
{
	lgp_close(f->ledger);
	f->ledger = NULL;
}

void fixture_reopen(struct fixture *f)
{
	fixture_close(f);
	open_ledger(f);
}

void fixture_remove(struct fixture *f)
{
	char command[128];
	fixture_close(f);
	snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
}

int fixture_set_up(void **state)
{
	fixture_programme(*state);
	return 0;
}

int fixture_tear_down(void **state)
{
	fixture_remove(*state);
	return 0;
}

struct lgp_slug slug(const char *text)
{
	struct lgp_slug out = {0};
	assert_true(lgp_slug_set(&out, lgp_view_of(text)));
	return out;
}

struct lgp_command fixture_command(struct fixture *f, enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	f->keys++;
	f->now_us += 1000;
	command.time_us = f->now_us;
	memcpy(command.key_mac, &f->keys, sizeof f->keys);
	command.key_mac[15] = 1;
	command.body_mac[0] = 7;
	return command;
}

struct lgp_command fixture_grant(struct fixture *f, int64_t amount)
{
	struct lgp_command command = fixture_command(f, LGP_KIND_GRANT, f->anna_token);
	command.customer = f->customer;
	command.amount = amount;
	command.unit = slug("EUR");
	command.reason = slug("late-room");
	return command;
}

struct lgp_outcome fixture_judge(struct fixture *f, const struct lgp_command *command)
{
	struct lgp_outcome out;
	enum lgp_status status = lgp_judge(f->ledger, command, &out);
	if (status != LGP_OK)
		fail_msg("judge: %s: %s", lgp_status_text(status), lgp_fault_detail());
	return out;
}

void fixture_commit(struct fixture *f)
{
	lgp_batch_close(f->ledger);
	assert_int_equal(lgp_log_append_here(f->ledger), LGP_OK);
	lgp_highwater_write(f->ledger);
	lgp_batch_apply(f->ledger);
}

uint64_t fixture_do(struct fixture *f, const struct lgp_command *command)
{
	struct lgp_outcome out = fixture_judge(f, command);
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("verdict %d, problem %d, field %s", out.verdict, out.problem, out.field);
	fixture_commit(f);
	return out.seq;
}

uint64_t fixture_define(struct fixture *f, enum lgp_kind kind, uint64_t token, const char *text)
{
	struct lgp_command command = fixture_command(f, kind, token);
	command.payload = lgp_view_of(text);
	return fixture_do(f, &command);
}

static uint64_t define_token(struct fixture *f, const char *lines, char secret)
{
	char text[256], hex[65];
	memset(hex, secret, 64);
	hex[64] = '\0';
	snprintf(text, sizeof text, "%shash %s\n", lines, hex);
	return fixture_define(f, LGP_KIND_TOKEN, f->admin, text);
}

void fixture_programme(struct fixture *f)
{
	fixture_open(f);
	f->unit = fixture_define(f, LGP_KIND_UNIT, f->admin,
	                         "code EUR\nname Euro\nscale 2\nkind money\n");
	f->site = fixture_define(f, LGP_KIND_SITE, f->admin, "id paris\ntimezone Etc/UTC\n");
	f->budget = fixture_define(f, LGP_KIND_BUDGET, f->admin,
	                           "id front-desk\nsite paris\nunit EUR\n");
	f->reason =
	        fixture_define(f, LGP_KIND_REASON, f->admin, "id late-room\nkind discretionary\n");
	f->anna = fixture_define(f, LGP_KIND_STAFF, f->admin,
	                         "id anna\nrole staff\nsite paris\nbudget front-desk\n");
	f->marc = fixture_define(f, LGP_KIND_STAFF, f->admin,
	                         "id marc\nrole manager\nsite paris\nbudget front-desk\n");
	f->anna_token = define_token(f, "role staff\nsubject anna\n", 'a');
	f->marc_token = define_token(f, "role manager\nsubject marc\n", 'b');
	f->till_token = define_token(f, "role integration\n", 'c');
	struct lgp_command customer = fixture_command(f, LGP_KIND_CUSTOMER, f->anna_token);
	f->customer = fixture_do(f, &customer);
	struct lgp_command allotment = fixture_command(f, LGP_KIND_ALLOTMENT, f->finance);
	allotment.budget = slug("front-desk");
	allotment.amount = 1000000;
	fixture_do(f, &allotment);
}

int64_t fixture_balance(struct fixture *f, enum lgp_class class, uint64_t owner)
{
	struct lgp_reader *reader;
	int64_t balance;
	assert_int_equal(lgp_reader_new(f->ledger, &reader), LGP_OK);
	assert_int_equal(lgp_read_balance(reader, class, owner, f->unit, &balance), LGP_OK);
	lgp_reader_free(reader);
	return balance;
}
