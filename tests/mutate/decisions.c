/* decisions: ledgers whose hashes, links and balances hold, and in which somebody
 * gave, approved or refused what the rules of the moment do not allow.
 * Thread: one. */
#include "mutations.h"

#include <string.h>

#include "lagniappe/problem.h"

static struct lgp_entry *part(struct build *build, enum build_part which)
{
	return &build->entry[build->part[which]];
}

static void payload(struct build *build, enum build_part which, const char *text)
{
	build_payload(build, build->part[which], text);
}

/* ---- limits ------------------------------------------------------------------------ */

static void over_its_limit(struct build *build)
{
	part(build, PART_GRANT_TO_MAX)->amount = 1001;
	build_complete(build);
}

static void over_the_raised_limit(struct build *build)
{
	part(build, PART_GRANT_RAISED)->amount = 501;
	build_complete(build);
}

static void without_asking(struct build *build)
{
	part(build, PART_GRANT_SMALL)->amount = 301;
	build_complete(build);
}

static void without_incident(struct build *build)
{
	memset(part(build, PART_GRANT_SMALL)->incident, 0, LGP_SLUG_MAX);
}

static void second_incident(struct build *build)
{
	memcpy(part(build, PART_GRANT_RAISED)->incident, "room-8", 6);
}

/* The same incident, written otherwise; by guest and incident the limit is used up. */
static void per_incident(struct build *build, int64_t amount)
{
	payload(build, PART_LIMIT,
	        "id guest\nscope.budget lounge\nunit EUR\nmeasure amount\n"
	        "per customer-incident\nwindow month\nmax 1000\n");
	payload(build, PART_LIMIT_RAISED,
	        "id guest\nscope.budget lounge\nunit EUR\nmeasure amount\n"
	        "per customer-incident\nwindow month\nmax 1500\n");
	memcpy(part(build, PART_GRANT_RAISED)->incident, "Room-7", 6);
	part(build, PART_GRANT_RAISED)->amount = amount;
	build_complete(build);
}

static void incident_written_otherwise(struct build *build)
{
	per_incident(build, 500);
}

static void over_its_limit_by_spelling(struct build *build)
{
	payload(build, PART_LIMIT_INCIDENTS,
	        "id visits\nscope.budget lounge\nmeasure incidents\nper customer\n"
	        "window year\nmax 9\n");
	per_incident(build, 501);
}

static void asked_for_little(struct build *build)
{
	part(build, PART_ASK_DECLINED)->amount = part(build, PART_DECLINE)->amount = 250;
	build_complete(build);
}

static void another_version(struct build *build)
{
	part(build, PART_ASK_DECLINED)->limit = build->part[PART_LIMIT];
}

static void version_of_nothing(struct build *build)
{
	part(build, PART_GRANT)->limit = build->part[PART_LIMIT];
}

static void version_before(struct build *build)
{
	part(build, PART_LIMIT_RAISED)->limit = 0;
}

static void figures_of_a_refusal(struct build *build)
{
	payload(build, PART_REFUSAL,
	        "limit guest\nmax 1000\nused 199\nremaining 801\n"
	        "resets_at 2026-09-30T22:00:00.000000Z\n");
}

static void figures_of_another_window(struct build *build)
{
	payload(build, PART_REFUSAL,
	        "limit guest\nmax 1000\nused 200\nremaining 800\n"
	        "resets_at 2026-10-31T23:00:00.000000Z\n");
}

static void figures_of_no_form(struct build *build)
{
	payload(build, PART_REFUSAL, "limit guest\nmax 1000\nused -200\n");
}

static void figures_unbound(struct build *build)
{
	payload(build, PART_ASK_DECLINED, NULL);
}

static void another_end_of_time(struct build *build)
{
	payload(build, PART_ASK_DECLINED,
	        "limit large\nmax 300\nused 0\nremaining 300\n"
	        "expires 2026-12-24T00:00:00.000000Z\n");
}

static void no_manager(struct build *build)
{
	size_t n = 0;
	while (build_find(build, LGP_KIND_THANKS, n)->staff != build->other_staff)
		n++;
	build_find(build, LGP_KIND_THANKS, n)->flags &= (uint8_t)~LGP_FLAG_MANAGER;
}

/* ---- refusals ------------------------------------------------------------------------ */

static void refused_within_the_limit(struct build *build)
{
	part(build, PART_REFUSAL)->amount = 800;
}

static void refused_with_funds(struct build *build)
{
	size_t n = 0;
	while (build_find(build, LGP_KIND_REFUSAL, n)->code != LGP_PROBLEM_INSUFFICIENT_BUDGET)
		n++;
	build_find(build, LGP_KIND_REFUSAL, n)->amount = 1;
}

static void refused_for_funds_of_another(struct build *build)
{
	struct lgp_entry *entry = part(build, PART_REFUSAL_REVERSED);
	entry->code = LGP_PROBLEM_INSUFFICIENT_FUNDS;
}

static void refused_before_it_was_reversed(struct build *build)
{
	part(build, PART_REFUSAL_REVERSED)->refers_to = build->part[PART_GRANT_TO_MAX];
}

static void refused_with_an_incident(struct build *build)
{
	memcpy(part(build, PART_REFUSAL_INCIDENT)->incident, "room-7", 6);
}

static void refused_another_pair_of_eyes(struct build *build)
{
	part(build, PART_REFUSAL_FOUR_EYES)->actor = build->other_staff;
	build_complete(build);
}

static void refused_with_authority(struct build *build)
{
	part(build, PART_REFUSAL_AUTHORITY)->actor = build->other_manager;
	build_complete(build);
}

static void refused_while_it_waits(struct build *build)
{
	struct lgp_entry *entry = part(build, PART_REFUSAL_FOUR_EYES);
	entry->code = LGP_PROBLEM_DECIDED;
}

/* ---- approvals ------------------------------------------------------------------------- */

static void on_other_terms(struct build *build)
{
	part(build, PART_APPROVAL)->touchpoint = build->touchpoint;
}

static void for_more_than_was_asked(struct build *build)
{
	part(build, PART_APPROVAL_DELEGATED)->amount = 451;
	build_complete(build);
}

static void of_no_ask(struct build *build)
{
	part(build, PART_DECLINE)->refers_to = build->part[PART_GRANT];
}

static void out_of_the_budget(struct build *build)
{
	part(build, PART_APPROVAL)->debit = LGP_CLASS_BUDGET;
}

/* The last entry, made into this one once more. */
static void again(struct build *build, enum build_part which)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_TOKEN_END, 0);
	struct lgp_entry made = *part(build, which);
	made.seq = entry->seq;
	made.time_us = entry->time_us;
	made.business_date = entry->business_date;
	memcpy(made.key_mac, entry->key_mac, LGP_MAC_LEN);
	*entry = made;
	build_complete(build);
}

static void declined_twice(struct build *build)
{
	again(build, PART_DECLINE);
}

static void declined_too_late(struct build *build)
{
	struct lgp_entry *entry = part(build, PART_LAPSE);
	entry->kind = LGP_KIND_DECLINE;
	entry->actor = build->other_staff;
	build_complete(build);
}

static void lapsed_too_early(struct build *build)
{
	struct lgp_entry *entry = part(build, PART_LAPSE);
	entry->time_us = part(build, PART_ASK_LAPSED)->time_us + INT64_C(72) * 3600 * 1000000 - 1;
}

static void lapsed_by_somebody(struct build *build)
{
	part(build, PART_LAPSE)->actor = build->other_staff;
	build_complete(build);
}

static void approved_by_who_asked(struct build *build)
{
	part(build, PART_APPROVAL)->actor = build->staff;
	build_complete(build);
}

/* Asked through the till in the manager's name, approved by the manager. */
static void approved_in_whose_name(struct build *build)
{
	struct lgp_entry *ask = part(build, PART_ASK), *approval = part(build, PART_APPROVAL);
	approval->actor = ask->staff;
	ask->actor = build->till;
	build_complete(build);
}

static void approved_by_no_manager(struct build *build)
{
	part(build, PART_APPROVAL)->actor = build->deputy;
	build_complete(build);
}

static void authority_of_another(struct build *build)
{
	payload(build, PART_APPROVAL, "authority s-3\n");
}

static void authority_of_nobody(struct build *build)
{
	payload(build, PART_APPROVAL, "authority s-9\n");
}

static void above_the_ceiling(struct build *build)
{
	payload(build, PART_DELEGATION,
	        "from s-2\nto s-4\nunit EUR\nceiling 449\nuntil 2026-12-01\n");
}

static void after_the_delegation(struct build *build)
{
	payload(build, PART_DELEGATION,
	        "from s-2\nto s-4\nunit EUR\nceiling 600\nuntil 2026-09-21\n");
}

static void beyond_the_delegation(struct build *build)
{
	payload(build, PART_DELEGATION,
	        "from s-2\nto s-4\nscope.budget front-desk\nunit EUR\nceiling 600\n"
	        "until 2026-12-01\n");
}

static void delegated_by_another(struct build *build)
{
	part(build, PART_DELEGATION)->actor = build->other_manager;
	build_complete(build);
}

static void declined_by_a_stranger(struct build *build)
{
	part(build, PART_DECLINE)->actor = build->till;
	build_complete(build);
}

const struct mutation decisions[] = {
        {"a_grant_over_its_limit_is_named", "over-limit", over_its_limit, NULL, NULL},
        {"a_grant_over_a_raised_limit_is_named", "over-limit", over_the_raised_limit, NULL, NULL},
        {"a_grant_that_should_have_asked_is_named", "over-limit", without_asking, NULL, NULL},
        {"a_second_incident_is_named", "over-limit", second_incident, NULL, NULL},
        {"an_incident_written_otherwise_is_the_same", "", incident_written_otherwise, NULL, NULL},
        {"a_promise_doubled_by_spelling_is_named", "over-limit", over_its_limit_by_spelling, NULL,
         NULL},
        {"a_grant_without_an_incident_is_named", "incident-missing", without_incident, NULL, NULL},
        {"an_ask_that_passes_no_limit_is_named", "ask-needless", asked_for_little, NULL, NULL},
        {"an_ask_by_another_limit_is_named", "limit-version", another_version, NULL, NULL},
        {"a_limit_that_did_not_bind_is_named", "limit-version", version_of_nothing, NULL, NULL},
        {"a_limit_without_its_version_before_is_named", "limit-version", version_before, NULL,
         NULL},
        {"a_refusal_with_other_figures_is_named", "limit-figures", figures_of_a_refusal, NULL,
         NULL},
        {"a_refusal_with_another_end_of_its_window_is_named", "limit-figures",
         figures_of_another_window, NULL, NULL},
        {"a_refusal_whose_figures_are_none_is_named", "limit-figures", figures_of_no_form, NULL,
         NULL},
        {"an_ask_without_figures_is_named", "limit-figures", figures_unbound, NULL, NULL},
        {"an_ask_that_waits_for_longer_is_named", "limit-figures", another_end_of_time, NULL, NULL},
        {"a_manager_who_is_told_to_be_none_is_named", "manager-flag", no_manager, NULL, NULL},
        {"a_refusal_within_the_limit_is_named", "refusal-undeserved", refused_within_the_limit,
         NULL, NULL},
        {"a_refusal_for_funds_that_there_are_is_named", "refusal-undeserved", refused_with_funds,
         NULL, NULL},
        {"a_refusal_for_a_customer_s_funds_that_there_are_is_named", "refusal-undeserved",
         refused_for_funds_of_another, NULL, NULL},
        {"a_refusal_to_reverse_what_is_not_reversed_is_named", "refusal-undeserved",
         refused_before_it_was_reversed, NULL, NULL},
        {"a_refusal_for_an_incident_that_there_is_is_named", "refusal-undeserved",
         refused_with_an_incident, NULL, NULL},
        {"a_refusal_of_another_pair_of_eyes_is_named", "refusal-undeserved",
         refused_another_pair_of_eyes, NULL, NULL},
        {"a_refusal_of_who_has_authority_is_named", "refusal-undeserved", refused_with_authority,
         NULL, NULL},
        {"a_refusal_as_decided_of_what_waits_is_named", "refusal-undeserved",
         refused_while_it_waits, NULL, NULL},
        {"an_approval_on_other_terms_is_named", "approval", on_other_terms, NULL, NULL},
        {"an_approval_of_more_than_was_asked_is_named", "approval floor", for_more_than_was_asked,
         NULL, NULL},
        {"a_decline_of_no_ask_is_named", "approval", of_no_ask, NULL, NULL},
        {"an_approval_out_of_the_budget_is_named", "move", out_of_the_budget, NULL, NULL},
        {"an_ask_declined_twice_is_named", "ask-ended floor", declined_twice, NULL, NULL},
        {"an_ask_declined_too_late_is_named", "ask-ended", declined_too_late, NULL, NULL},
        {"an_ask_that_lapsed_too_early_is_named", "lapse", lapsed_too_early, NULL, NULL},
        {"an_ask_that_somebody_lets_lapse_is_named", "lapse", lapsed_by_somebody, NULL, NULL},
        {"a_self_approved_grant_is_named", "four-eyes authority", approved_by_who_asked, NULL,
         NULL},
        {"a_grant_approved_by_whose_it_is_is_named", "four-eyes authority", approved_in_whose_name,
         NULL, NULL},
        {"an_approval_by_no_manager_is_named", "authority", approved_by_no_manager, NULL, NULL},
        {"an_approval_in_another_s_authority_is_named", "authority", authority_of_another, NULL,
         NULL},
        {"an_approval_in_nobody_s_authority_is_named", "authority", authority_of_nobody, NULL,
         NULL},
        {"an_approval_above_the_ceiling_is_named", "authority", above_the_ceiling, NULL, NULL},
        {"an_approval_after_the_delegation_is_named", "authority", after_the_delegation, NULL,
         NULL},
        {"an_approval_beyond_the_delegation_is_named", "authority", beyond_the_delegation, NULL,
         NULL},
        {"a_delegation_of_another_s_authority_is_named", "authority", delegated_by_another, NULL,
         NULL},
        {"a_decline_by_a_stranger_is_named", "authority", declined_by_a_stranger, NULL, NULL},
};
const size_t decision_count = sizeof decisions / sizeof decisions[0];
