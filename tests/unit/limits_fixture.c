/* limits_fixture: see limits_fixture.h. */
#include "limits_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- the house ---------------------------------------------------------------------- */

uint64_t house_staff(struct house *h, const char *id, const char *role, uint64_t customer,
                     uint64_t *token)
{
	char text[256], hash[65];
	int len =
	        snprintf(text, sizeof text,
	                 "id %s\nrole %s\nsite paris\nsites lyon\nbudget front-desk\nbudgets bar\n",
	                 id, role);
	if (customer != 0)
		snprintf(text + len, sizeof text - (size_t)len, "customer %llu\n",
		         (unsigned long long)customer);
	uint64_t number = fixture_define(&h->f, LGP_KIND_STAFF, h->f.admin, text);
	snprintf(hash, sizeof hash, "%064llx", (unsigned long long)number);
	snprintf(text, sizeof text, "role %s\nsubject %s\nhash %s\n", role, id, hash);
	*token = fixture_define(&h->f, LGP_KIND_TOKEN, h->f.admin, text);
	return number;
}

uint64_t house_customer(struct house *h)
{
	struct lgp_command command = fixture_command(&h->f, LGP_KIND_CUSTOMER, h->f.anna_token);
	return fixture_do(&h->f, &command);
}

void house_amend(struct house *h, enum lgp_kind noun, uint64_t number, const char *text)
{
	struct lgp_command command = fixture_command(&h->f, noun, h->f.admin);
	command.amend = true;
	command.refers_to = number;
	command.payload = lgp_view_of(text);
	fixture_do(&h->f, &command);
}

static void allot(struct house *h, const char *budget)
{
	struct lgp_command command = fixture_command(&h->f, LGP_KIND_ALLOTMENT, h->f.finance);
	command.budget = slug(budget);
	command.amount = 100000000;
	fixture_do(&h->f, &command);
}

void house_open(struct house *h)
{
	fixture_programme(&h->f);
	h->lyon = fixture_define(&h->f, LGP_KIND_SITE, h->f.admin,
	                         "id lyon\ntimezone Etc/UTC\nweek_starts sunday\n");
	h->bar = fixture_define(&h->f, LGP_KIND_BUDGET, h->f.admin,
	                        "id bar\nsite paris\nunit EUR\n");
	h->gift =
	        fixture_define(&h->f, LGP_KIND_REASON, h->f.admin, "id gift\nkind discretionary\n");
	house_amend(h, LGP_KIND_STAFF, h->f.anna, "sites lyon\nbudgets bar\n");
	house_amend(h, LGP_KIND_STAFF, h->f.marc, "sites lyon\nbudgets bar\n");
	h->eve = house_staff(h, "eve", "staff", 0, &h->eve_token);
	h->nora = house_staff(h, "nora", "manager", 0, &h->nora_token);
	h->other = house_customer(h);
	allot(h, "front-desk");
	allot(h, "bar");
}

void house_close(struct house *h)
{
	fixture_remove(&h->f);
}

void house_set_time(struct house *h, int64_t time_us)
{
	assert_true(time_us > h->f.now_us);
	h->f.now_us = time_us - 1000; /* which the next command adds */
}

void house_go(struct house *h, int32_t date)
{
	house_set_time(h, date * DAY_US + DAY_US / 2);
}

int32_t house_today(const struct house *h)
{
	return (int32_t)((h->f.now_us + 1000) / DAY_US);
}

/* ---- definitions ----------------------------------------------------------------------- */

uint64_t house_limit(struct house *h, const char *text)
{
	return fixture_define(&h->f, LGP_KIND_LIMIT, h->f.finance, text);
}

struct lgp_outcome house_try_limit(struct house *h, const char *text)
{
	struct lgp_command command = fixture_command(&h->f, LGP_KIND_LIMIT, h->f.finance);
	command.payload = lgp_view_of(text);
	struct lgp_outcome out = fixture_judge(&h->f, &command);
	house_commit(h);
	return out;
}

void house_end(struct house *h, enum lgp_kind kind, uint64_t token, uint64_t number)
{
	struct lgp_command command = fixture_command(&h->f, kind, token);
	command.refers_to = number;
	fixture_do(&h->f, &command);
}

void house_end_limit(struct house *h, const char *id)
{
	const struct lgp_record *limit =
	        lgp_registry_find(h->f.ledger, LGP_KIND_LIMIT, lgp_view_of(id));
	assert_non_null(limit);
	house_end(h, LGP_KIND_LIMIT_END, h->f.finance, limit->number);
}

uint64_t house_delegate(struct house *h, uint64_t token, const char *text)
{
	return fixture_define(&h->f, LGP_KIND_DELEGATION, token, text);
}

/* ---- giving ------------------------------------------------------------------------------ */

static struct lgp_slug slug_or_none(const char *text)
{
	return text != NULL ? slug(text) : (struct lgp_slug){0};
}

static struct lgp_command command_of(struct house *h, const struct giving *giving)
{
	struct lgp_command command = fixture_grant(&h->f, giving->amount);
	if (giving->token != 0)
		command.token = giving->token;
	if (giving->customer != 0)
		command.customer = giving->customer;
	if (giving->reason != NULL)
		command.reason = slug(giving->reason);
	command.site = slug_or_none(giving->site);
	command.budget = slug_or_none(giving->budget);
	command.incident = slug_or_none(giving->incident);
	command.ask = giving->ask;
	command.dry = giving->dry;
	return command;
}

void house_commit(struct house *h)
{
	if (lgp_batch_count(h->f.ledger) > 0)
		fixture_commit(&h->f);
}

static struct lgp_outcome judge(struct house *h, const struct lgp_command *command)
{
	struct lgp_outcome out = fixture_judge(&h->f, command);
	if (lgp_batch_full(h->f.ledger))
		house_commit(h);
	return out;
}

struct lgp_outcome house_give(struct house *h, const struct giving *giving)
{
	struct lgp_command command = command_of(h, giving);
	return judge(h, &command);
}

struct lgp_outcome house_decide(struct house *h, enum lgp_kind kind, uint64_t token, uint64_t seq)
{
	struct lgp_command command = fixture_command(&h->f, kind, token);
	command.refers_to = seq;
	return judge(h, &command);
}

struct lgp_outcome house_reverse(struct house *h, uint64_t token, uint64_t seq, int64_t amount)
{
	struct lgp_command command = fixture_command(&h->f, LGP_KIND_REVERSAL, token);
	command.refers_to = seq;
	command.amount = amount;
	return judge(h, &command);
}

uint64_t gives(struct house *h, const struct giving *giving)
{
	struct lgp_outcome out = house_give(h, giving);
	if (out.verdict != LGP_ACCEPTED || out.entry.kind != LGP_KIND_GRANT)
		fail_msg("%lld: verdict %d, kind %d, problem %d, field %s, limit %.*s, used %lld "
		         "of %lld",
		         (long long)giving->amount, out.verdict, out.entry.kind, out.problem,
		         out.field, out.binding.id.len, out.binding.id.text,
		         (long long)out.binding.used, (long long)out.binding.max);
	return out.seq;
}

uint64_t asks(struct house *h, const struct giving *giving)
{
	struct giving asking = *giving;
	asking.ask = true;
	struct lgp_outcome out = house_give(h, &asking);
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("verdict %d, problem %d", out.verdict, out.problem);
	assert_int_equal(out.entry.kind, LGP_KIND_ASK);
	assert_int_equal(out.problem, LGP_PROBLEM_NONE);
	return out.seq;
}

void refuses(struct house *h, const struct giving *giving, enum lgp_problem problem)
{
	struct lgp_outcome out = house_give(h, giving);
	assert_int_equal(out.problem, problem);
	assert_int_equal(out.verdict, LGP_REFUSED);
	assert_int_equal(out.entry.kind, LGP_KIND_REFUSAL);
	assert_int_equal(out.entry.asked, LGP_KIND_GRANT);
}

struct lgp_limit_use binds(struct house *h, const struct giving *giving, const char *limit,
                           int64_t max, int64_t used)
{
	struct lgp_outcome out = house_give(h, giving);
	assert_int_equal(out.problem, LGP_PROBLEM_LIMIT_EXCEEDED);
	assert_int_equal(out.verdict, LGP_REFUSED);
	assert_true(lgp_view_equal(lgp_slug_view(&out.binding.id), lgp_view_of(limit)));
	assert_int_equal(out.binding.max, max);
	assert_int_equal(out.binding.used, used);
	assert_int_equal(out.binding.remaining, used < max ? max - used : 0);
	assert_true(out.binding.passed);
	assert_int_equal(out.entry.limit, out.binding.version);
	return out.binding;
}

int64_t used_in(struct house *h, const struct giving *giving, const char *limit)
{
	struct lgp_limit_use uses[64];
	size_t count;
	struct lgp_command command = command_of(h, giving);
	assert_int_equal(lgp_explain(h->f.ledger, &command, uses, 64, &count), LGP_OK);
	for (size_t i = 0; i < count; i++)
		if (lgp_view_equal(lgp_slug_view(&uses[i].id), lgp_view_of(limit)))
			return uses[i].used;
	return -1;
}

/* ---- the log alone ------------------------------------------------------------------------ */

void house_rebuild(struct house *h)
{
	struct lgp_hash before, after;
	char path[128];
	house_commit(h);
	assert_int_equal(lgp_state_hash(h->f.ledger, &before), LGP_OK);
	fixture_reopen(&h->f);
	assert_int_equal(lgp_state_hash(h->f.ledger, &after), LGP_OK);
	assert_memory_equal(&before, &after, sizeof before);
	fixture_close(&h->f);
	snprintf(path, sizeof path, "%s/state.mdb", h->f.dir);
	assert_int_equal(unlink(path), 0);
	fixture_reopen(&h->f);
	assert_int_equal(lgp_state_hash(h->f.ledger, &after), LGP_OK);
	assert_memory_equal(&before, &after, sizeof before);
}
