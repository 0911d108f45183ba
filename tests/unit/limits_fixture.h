/* limits_fixture: the usual people and some more, for tests of limits: a second
 * site (weeks from Sunday), budget, reason, customer, member of staff and manager.
 * All four people work at both sites and out of both budgets of EUR. */
#ifndef LAGNIAPPE_TESTS_LIMITS_FIXTURE_H
#define LAGNIAPPE_TESTS_LIMITS_FIXTURE_H

#include "ledger_fixture.h"

struct house {
	struct fixture f;
	uint64_t lyon, bar, gift; /* site, budget, reason */
	uint64_t eve, nora;       /* staff, manager */
	uint64_t eve_token, nora_token;
	uint64_t other; /* customer */
};

/* A grant's particulars; what is absent is the usual: anna's, at paris, out of
 * front-desk, for late-room, to the first customer. */
struct giving {
	uint64_t token, customer;
	const char *site, *budget, *reason, *incident;
	int64_t amount;
	bool ask, dry;
};

void house_open(struct house *h);
void house_close(struct house *h);
/* Forward to a time of a business date. */
void house_go(struct house *h, int32_t date);
void house_set_time(struct house *h, int64_t time_us);
int32_t house_today(const struct house *h);
/* Puts a limit, new or again, and commits. */
uint64_t house_limit(struct house *h, const char *text);
/* The problem that finance is told; field as well. */
struct lgp_outcome house_try_limit(struct house *h, const char *text);
void house_end(struct house *h, enum lgp_kind kind, uint64_t token, uint64_t number);
void house_end_limit(struct house *h, const char *id);
uint64_t house_delegate(struct house *h, uint64_t token, const char *text);
/* Changes fields of a noun, as admin. */
void house_amend(struct house *h, enum lgp_kind noun, uint64_t number, const char *text);
uint64_t house_staff(struct house *h, const char *id, const char *role, uint64_t customer,
                     uint64_t *token);
uint64_t house_customer(struct house *h);

/* Judged, and in the open batch or committed. */
struct lgp_outcome house_give(struct house *h, const struct giving *giving);
struct lgp_outcome house_decide(struct house *h, enum lgp_kind kind, uint64_t token, uint64_t seq);
struct lgp_outcome house_reverse(struct house *h, uint64_t token, uint64_t seq, int64_t amount);
void house_commit(struct house *h);

/* Passes; its number. */
uint64_t gives(struct house *h, const struct giving *giving);
/* Waits for approval; its number. */
uint64_t asks(struct house *h, const struct giving *giving);
/* Refused on record with this problem. */
void refuses(struct house *h, const struct giving *giving, enum lgp_problem problem);
/* Refused by this limit, with these figures. */
struct lgp_limit_use binds(struct house *h, const struct giving *giving, const char *limit,
                           int64_t max, int64_t used);
/* What lgp_explain says that this limit has used for such a grant; -1: not met. */
int64_t used_in(struct house *h, const struct giving *giving, const char *limit);
/* The same state from the log alone; and nothing else than before (I10). */
void house_rebuild(struct house *h);

#endif
