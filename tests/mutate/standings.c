/* standings: ledgers in which somebody acted who may not act there, for them, out of
 * that, or by that token.
 * Thread: one. */
#include "mutations.h"

#include <stdio.h>
#include <string.h>

#include "lagniappe/problem.h"

#define HASH "hash 0000000000000000000000000000000000000000000000000000000000000099\n"

static struct lgp_entry *part(struct build *build, enum build_part which)
{
	return &build->entry[build->part[which]];
}

/* The n-th grant that is straight out of the front desk's budget and that nothing
 * refers to. */
static struct lgp_entry *free_grant(struct build *build, size_t n)
{
	for (size_t i = 0;; i++) {
		struct lgp_entry *grant = build_find(build, LGP_KIND_GRANT, i);
		bool is_free = grant->budget == build->budget && grant->refers_to == 0;
		for (size_t k = 0; k < build->count; k++)
			is_free = is_free && build->entry[k].refers_to != grant->seq;
		if (is_free && n-- == 0)
			return grant;
	}
}

/* The touchpoint's new name, made into something else that admin does. */
static struct lgp_entry *spare(struct build *build, enum lgp_kind kind, const char *text)
{
	size_t i = 0;
	while ((build->entry[i].flags & LGP_FLAG_AMEND) == 0)
		i++;
	struct lgp_entry *entry = &build->entry[i];
	entry->kind = kind;
	entry->flags = 0;
	entry->touchpoint = entry->refers_to = 0;
	build_payload(build, i, text);
	return entry;
}

static uint64_t add_attic(struct build *build)
{
	struct lgp_entry *entry = spare(build, LGP_KIND_SITE, "id attic\ntimezone Europe/Paris\n");
	return entry->site = entry->seq;
}

static uint64_t token_of(struct build *build, const char *line)
{
	uint64_t seq = 0;
	while (build->payload[seq] == NULL || build->entry[seq].kind != LGP_KIND_TOKEN ||
	       strstr(build->payload[seq], line) == NULL)
		require(++seq < build->count);
	return seq;
}

/* ---- tokens --------------------------------------------------------------------------- */

static void thanks_by_a_till(struct build *build)
{
	build_find(build, LGP_KIND_THANKS, 9)->actor = build->till;
	build_complete(build);
}

static void grant_by_finance(struct build *build)
{
	free_grant(build, 9)->actor = build->finance;
	build_complete(build);
}

static void allotment_by_admin(struct build *build)
{
	build_find(build, LGP_KIND_ALLOTMENT, 1)->actor = build->admin;
	build_complete(build);
}

static void limit_by_a_manager(struct build *build)
{
	part(build, PART_LIMIT_RAISED)->actor = build->other_staff;
	build_complete(build);
}

static void budget_by_finance(struct build *build)
{
	build->entry[build->lounge].actor = build->finance;
	build_complete(build);
}

static void token_run_out(struct build *build)
{
	build_payload(build, token_of(build, "subject s-4\n"),
	              "role staff\nsubject s-4\nexpires 2026-09-21T13:34:00.000000Z\n" HASH);
}

static void token_ended(struct build *build)
{
	spare(build, LGP_KIND_TOKEN_END, NULL)->refers_to = build->till;
	build_complete(build);
}

static void token_of_another_site(struct build *build)
{
	(void)add_attic(build);
	build_payload(build, token_of(build, "subject s-2\n"),
	              "role manager\nsubject s-2\nsites attic\n" HASH);
	build_complete(build);
}

static void token_of_another_role(struct build *build)
{
	build_payload(build, token_of(build, "subject s-4\n"), "role manager\nsubject s-4\n" HASH);
}

static void issued_by_finance(struct build *build)
{
	build->entry[token_of(build, "subject s-4\n")].actor = build->finance;
	build_complete(build);
}

static void issued_by_the_house(struct build *build)
{
	build->entry[token_of(build, "subject s-4\n")].actor = 0;
	build_complete(build);
}

static void ended_by_finance(struct build *build)
{
	build_find(build, LGP_KIND_TOKEN_END, 0)->actor = build->finance;
	build_complete(build);
}

/* ---- who gives --------------------------------------------------------------------------- */

static void in_another_s_name(struct build *build)
{
	part(build, PART_GRANT)->actor = build->other_staff;
	build_complete(build);
}

static void in_nobody_s_name(struct build *build)
{
	build_find(build, LGP_KIND_THANKS, 9)->staff = 0;
}

static void after_leaving(struct build *build)
{
	build_payload(build, build->staff,
	              "id s-1\nrole staff\nsite lobby\nbudget front-desk\n"
	              "budgets points,lounge\nactive_until 2026-09-23\n");
}

/* On the 21st the person is no longer there, or not yet gone, and is asked to stay:
 * the token is from before, all that they do by it behind. */
static void asked_to_stay(struct build *build, const char *until)
{
	char text[160];
	const char *staff = "id s-1\nrole staff\nsite lobby\nbudget front-desk\n"
	                    "budgets points,lounge\n";
	snprintf(text, sizeof text, "%sactive_until %s\n", staff, until);
	build_payload(build, build->staff, text);
	struct lgp_entry *change = spare(build, LGP_KIND_STAFF, staff);
	change->flags |= LGP_FLAG_AMEND;
	change->refers_to = change->staff = build->staff;
	change->site = build->site;
	build_complete(build);
}

static void by_a_token_from_before_leaving(struct build *build)
{
	asked_to_stay(build, "2026-09-21");
}

static void by_a_token_of_who_never_left(struct build *build)
{
	asked_to_stay(build, "2026-09-22");
}

static void at_another_site(struct build *build)
{
	part(build, PART_GRANT_SMALL)->site = add_attic(build);
	build_complete(build);
}

static void out_of_another_budget(struct build *build)
{
	build_payload(build, build->staff,
	              "id s-1\nrole staff\nsite lobby\nbudget front-desk\nbudgets points\n");
}

static void for_earning(struct build *build)
{
	build_payload(build, build->reason, "id late-room\nkind earned\n");
}

static void to_oneself(struct build *build)
{
	build_payload(build, build->staff,
	              "id s-1\nrole staff\nsite lobby\nbudget front-desk\n"
	              "budgets points,lounge\ncustomer 20\n");
}

static void gives(struct lgp_entry *grant, uint64_t staff, uint64_t customer, uint8_t flags)
{
	grant->actor = grant->staff = staff;
	grant->customer = customer;
	grant->flags = flags;
	memset(&grant->hash, 0, sizeof grant->hash);
}

/* Two who give nothing else, and each other, where that may be so or not. */
static void each_other(struct build *build, const char *site)
{
	char text[2][128];
	for (int i = 0; i < 2; i++)
		snprintf(text[i], sizeof text[i],
		         "id s-%d\nrole %s\nsite lobby\nbudget front-desk\ncustomer %d\n", 3 + i,
		         i == 0 ? "manager" : "staff", (int)build->customer[i]);
	build_payload(build, build->other_manager, text[0]);
	build_payload(build, build->deputy, text[1]);
	build_payload(build, build->site, site);
	struct lgp_entry *first = free_grant(build, 9), *second = free_grant(build, 10);
	gives(first, build->other_manager, build->customer[1], LGP_FLAG_MANAGER);
	gives(second, build->deputy, build->customer[0], 0);
	build_complete(build);
}

static void in_a_ring(struct build *build)
{
	each_other(build, "id lobby\ntimezone Europe/Paris\nstaff_rewards not-each-other\n");
}

static void in_a_ring_that_may_be(struct build *build)
{
	each_other(build, "id lobby\ntimezone Europe/Paris\n");
}

/* ---- households ---------------------------------------------------------------------------- */

/* The account of one who gives nothing else, and what they give to another. */
static void of_one_house(struct build *build, const char *theirs, const char *other)
{
	char text[128];
	snprintf(text, sizeof text,
	         "id s-4\nrole staff\nsite lobby\nbudget front-desk\ncustomer %d\n",
	         (int)build->customer[0]);
	build_payload(build, build->deputy, text);
	build_payload(build, build->customer[0], theirs);
	build_payload(build, build->customer[1], other);
	gives(free_grant(build, 9), build->deputy, build->customer[1], 0);
	build_complete(build);
}

static void to_one_s_household(struct build *build)
{
	of_one_house(build, "customer_since 2020-01-01\nhousehold Elm-4\n", "household elm-4\n");
}

static void to_another_household(struct build *build)
{
	of_one_house(build, "household elm-4\n", "household elm-5\n");
}

static void to_who_is_of_none(struct build *build)
{
	of_one_house(build, "customer_since 2020-01-01\n", "customer_since 2020-01-01\n");
}

/* The last entry says with whom the manager's own account, or a stranger's, lives. */
static void moves(struct build *build, uint64_t actor, size_t customer)
{
	char text[128];
	snprintf(text, sizeof text, "id s-3\nrole manager\nsite lobby\ncustomer %d\n",
	         (int)build->customer[0]);
	build_payload(build, build->other_manager, text);
	build_payload(build, build->customer[0], "household elm-4\n");
	build_payload(build, build->customer[1], "household elm-4\n");
	struct lgp_entry *entry = build_find(build, LGP_KIND_TOKEN_END, 0);
	entry->kind = LGP_KIND_CUSTOMER;
	entry->flags = LGP_FLAG_AMEND;
	entry->actor = actor;
	entry->refers_to = entry->customer = build->customer[customer];
	build_payload(build, entry->seq, "household oak-9\n");
	build_complete(build);
}

static void moves_themself(struct build *build)
{
	moves(build, build->other_manager, 0);
}

static void moves_whom_they_live_with(struct build *build)
{
	moves(build, build->other_manager, 1);
}

static void moves_a_stranger(struct build *build)
{
	moves(build, build->other_manager, 2);
}

static void moved_by_staff(struct build *build)
{
	moves(build, build->deputy, 2);
}

/* ---- who reverses ------------------------------------------------------------------------- */

static void reversed_by_a_colleague(struct build *build)
{
	part(build, PART_REVERSAL)->actor = build->deputy;
	build_complete(build);
}

static void reversed_by_a_till(struct build *build)
{
	part(build, PART_REVERSAL)->actor = build->till;
	build_complete(build);
}

/* The grant is of the 21st, the spare entry at the end of the 24th. */
static void reversed_on_another_day(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_TOKEN_END, 0);
	const struct lgp_entry *grant = part(build, PART_GRANT);
	entry->kind = LGP_KIND_REVERSAL;
	entry->actor = entry->staff = grant->staff;
	entry->customer = grant->customer;
	entry->site = grant->site;
	entry->budget = grant->budget;
	entry->reason = grant->reason;
	entry->unit = grant->unit;
	entry->amount = grant->amount;
	entry->debit = LGP_CLASS_CUSTOMER;
	entry->credit = LGP_CLASS_BUDGET;
	entry->refers_to = grant->seq;
	build_complete(build);
}

/* ---- refusals --------------------------------------------------------------------------------- */

static void refused_as(struct build *build, enum build_part which, enum lgp_problem problem)
{
	part(build, which)->code = (uint16_t)problem;
}

static void refused_as_inactive(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_STAFF_INACTIVE);
}

static void refused_as_elsewhere(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_SITE);
}

static void refused_the_budget(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_BUDGET);
}

static void refused_the_unit(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_BUDGET_UNIT);
}

static void refused_as_oneself(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_SELF_GRANT);
}

static void refused_as_a_ring(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_RING);
}

static void refused_the_reason(struct build *build)
{
	refused_as(build, PART_REFUSAL_INCIDENT, LGP_PROBLEM_REASON_KIND);
}

static void refused_to_who_may_reverse(struct build *build)
{
	refused_as(build, PART_REFUSAL_REVERSED, LGP_PROBLEM_REVERSAL_FORBIDDEN);
}

static void refused_as_no_grant(struct build *build)
{
	refused_as(build, PART_REFUSAL_REVERSED, LGP_PROBLEM_NOT_REVERSIBLE);
}

const struct mutation standings[] = {
        {"a_till_that_thanks_is_named", "token", thanks_by_a_till, NULL, NULL},
        {"a_grant_by_finance_is_named", "token", grant_by_finance, NULL, NULL},
        {"an_allotment_by_admin_is_named", "token", allotment_by_admin, NULL, NULL},
        {"a_limit_by_a_manager_is_named", "token", limit_by_a_manager, NULL, NULL},
        {"a_budget_registered_by_finance_is_named", "token", budget_by_finance, NULL, NULL},
        {"who_acts_by_a_token_that_ran_out_is_named", "token", token_run_out, NULL, NULL},
        {"who_acts_by_a_token_that_was_ended_is_named", "token", token_ended, NULL, NULL},
        {"who_acts_by_a_token_of_another_site_is_named", "token", token_of_another_site, NULL,
         NULL},
        {"who_acts_by_a_token_of_another_role_is_named", "token", token_of_another_role, NULL,
         NULL},
        {"a_staff_token_issued_by_finance_is_named", "token-issuer", issued_by_finance, NULL, NULL},
        {"a_later_token_of_the_house_is_named", "token-issuer", issued_by_the_house, NULL, NULL},
        {"a_till_s_token_ended_by_finance_is_named", "token-issuer", ended_by_finance, NULL, NULL},
        {"a_grant_in_another_s_name_is_named", "giver", in_another_s_name, NULL, NULL},
        {"thanks_in_nobody_s_name_are_named", "giver", in_nobody_s_name, NULL, NULL},
        {"a_grant_by_who_has_left_is_named", "staff-inactive", after_leaving, NULL, NULL},
        {"who_came_back_and_acts_by_the_old_token_is_named", "token",
         by_a_token_from_before_leaving, NULL, NULL},
        {"who_stayed_and_acts_by_the_old_token_is_clean", "", by_a_token_of_who_never_left, NULL,
         NULL},
        {"a_grant_at_another_site_is_named", "staff-site", at_another_site, NULL, NULL},
        {"a_grant_out_of_another_s_budget_is_named", "staff-budget", out_of_another_budget, NULL,
         NULL},
        {"a_grant_for_earning_is_named", "reason-kind", for_earning, NULL, NULL},
        {"a_grant_to_oneself_is_named", "self-grant", to_oneself, NULL, NULL},
        {"a_grant_to_one_s_household_is_named", "self-grant", to_one_s_household, NULL, NULL},
        {"a_grant_to_another_household_is_clean", "", to_another_household, NULL, NULL},
        {"a_grant_to_who_is_of_no_household_is_clean", "", to_who_is_of_none, NULL, NULL},
        {"who_moves_out_by_their_own_word_is_named", "household", moves_themself, NULL, NULL},
        {"who_moves_whom_they_live_with_is_named", "household", moves_whom_they_live_with, NULL,
         NULL},
        {"a_stranger_moved_by_a_manager_is_clean", "", moves_a_stranger, NULL, NULL},
        {"a_stranger_moved_by_staff_is_named", "token", moved_by_staff, NULL, NULL},
        {"a_ring_of_two_is_named", "ring-grant", in_a_ring, NULL, NULL},
        {"a_ring_of_two_where_it_may_be_is_clean", "", in_a_ring_that_may_be, NULL, NULL},
        {"a_reversal_by_a_colleague_is_named", "reverser", reversed_by_a_colleague, NULL, NULL},
        {"a_reversal_by_another_till_is_named", "reverser", reversed_by_a_till, NULL, NULL},
        {"a_reversal_on_another_day_is_named", "reverser", reversed_on_another_day, NULL, NULL},
        {"a_refusal_of_who_is_active_is_named", "refusal-undeserved", refused_as_inactive, NULL,
         NULL},
        {"a_refusal_of_who_works_there_is_named", "refusal-undeserved", refused_as_elsewhere, NULL,
         NULL},
        {"a_refusal_of_whose_budget_it_is_is_named", "refusal-undeserved", refused_the_budget, NULL,
         NULL},
        {"a_refusal_of_the_budget_s_own_unit_is_named", "refusal-undeserved", refused_the_unit,
         NULL, NULL},
        {"a_refusal_as_to_oneself_of_another_is_named", "refusal-undeserved", refused_as_oneself,
         NULL, NULL},
        {"a_refusal_of_a_ring_that_is_none_is_named", "refusal-undeserved", refused_as_a_ring, NULL,
         NULL},
        {"a_refusal_of_a_good_reason_is_named", "refusal-undeserved", refused_the_reason, NULL,
         NULL},
        {"a_refusal_to_a_manager_who_may_reverse_is_named", "refusal-undeserved",
         refused_to_who_may_reverse, NULL, NULL},
        {"a_refusal_to_reverse_a_grant_as_none_is_named", "refusal-undeserved", refused_as_no_grant,
         NULL, NULL},
};
const size_t standing_count = sizeof standings / sizeof standings[0];
