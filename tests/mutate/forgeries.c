/* forgeries: ledgers whose hashes and signatures hold, and whose entries are
 * wrong: what only a replay can find.
 * Thread: one. */
#include "mutations.h"

#include <string.h>

#include "lagniappe/problem.h"

static struct lgp_entry *a_grant(struct build *build)
{
	return build_find(build, LGP_KIND_GRANT, 100);
}

static struct lgp_entry *last_grant(struct build *build)
{
	size_t i = build->count - 1;
	while (build->entry[i].kind != LGP_KIND_GRANT)
		i--;
	return &build->entry[i];
}

/* ---- order ------------------------------------------------------------------------ */

static void time_back(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	entry->time_us = entry[-1].time_us - 1;
}

static void time_still(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	entry->time_us = entry[-1].time_us;
}

static void date_off(struct build *build)
{
	a_grant(build)->business_date += 3;
}

static void policy_back(struct build *build)
{
	a_grant(build)->policy--;
}

static void policy_ahead(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	entry->policy = entry->seq + 1;
}

static void refusal_code(struct build *build)
{
	build_find(build, LGP_KIND_REFUSAL, 15)->code = LGP_PROBLEM_MALFORMED;
}

static void opened_again(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_TOKEN_END, 0);
	uint64_t seq = entry->seq;
	*entry = build->entry[0];
	entry->time_us = build->entry[seq - 1].time_us + 1;
	entry->business_date = build->entry[seq - 1].business_date;
	entry->actor = build->admin;
	build_payload(build, seq, NULL);
	build_complete(build);
}

static void key_again(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	memcpy(entry->key_mac, build->entry[30].key_mac, LGP_MAC_LEN);
}

/* ---- parties ------------------------------------------------------------------------- */

/* A touchpoint is named by few entries. */
static void opens_another(struct build *build)
{
	struct lgp_entry *entry = &build->entry[build->touchpoint];
	entry->touchpoint = 0;
}

static void unknown_site(struct build *build)
{
	a_grant(build)->site = 100;
}

static void unknown_reason(struct build *build)
{
	a_grant(build)->reason = UINT64_MAX;
}

static void unknown_touchpoint(struct build *build)
{
	a_grant(build)->touchpoint = build->reason;
}

static void unknown_staff(struct build *build)
{
	a_grant(build)->staff = build->customer[0];
}

static void later_staff(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	entry->staff = entry->seq + 1;
}

static void unknown_unit(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_THANKS, 9);
	entry->unit = build->site;
}

static void unknown_customer(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_THANKS, 9);
	entry->customer = build->party;
	build_complete(build);
}

static void unknown_budget(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_REFUSAL, 9);
	entry->budget = build->site;
	entry->prev_budget = build->site;
	build_complete(build);
}

static void unknown_actor(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	entry->actor = build->reason;
	build_complete(build);
}

static void nobody_acts(struct build *build)
{
	struct lgp_entry *entry = a_grant(build);
	entry->actor = 0;
	build_complete(build);
}

static void refers_ahead(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_THANKS, 9);
	entry->refers_to = entry->seq + 5;
}

static void amends_another_kind(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_TOUCHPOINT, 1);
	entry->refers_to = build->reason;
}

static void ends_no_token(struct build *build)
{
	build_find(build, LGP_KIND_TOKEN_END, 0)->refers_to = build->staff;
}

static void link_customer(struct build *build)
{
	a_grant(build)->prev_customer--;
}

static void link_budget(struct build *build)
{
	a_grant(build)->prev_budget = 0;
}

static void link_actor(struct build *build)
{
	a_grant(build)->prev_actor++;
}

static void link_from_opening(struct build *build)
{
	build_find(build, LGP_KIND_CUSTOMER, 3)->prev_customer = 2;
}

static void link_of_nobody(struct build *build)
{
	build_find(build, LGP_KIND_THANKS, 9)->prev_budget = build->budget;
}

static void link_of_house(struct build *build)
{
	build->entry[2].prev_actor = 0;
}

/* ---- money ---------------------------------------------------------------------------- */

static void balance_told(struct build *build)
{
	a_grant(build)->balance += 100;
}

static void balance_of_import(struct build *build)
{
	build_find(build, LGP_KIND_IMPORT, 9)->balance = 1;
}

static void balance_of_thanks(struct build *build)
{
	build_find(build, LGP_KIND_THANKS, 9)->balance = 1;
}

/* Money made by one who may not make it. */
static void granted_from_nothing(struct build *build)
{
	a_grant(build)->debit = LGP_CLASS_ISSUANCE;
}

static void thanks_that_pay(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_THANKS, 9);
	entry->unit = build->eur;
	entry->budget = build->budget;
	entry->amount = 5;
	entry->debit = LGP_CLASS_BUDGET;
	entry->credit = LGP_CLASS_CUSTOMER;
	build_complete(build);
}

static void grant_backwards(struct build *build)
{
	struct lgp_entry *entry = last_grant(build);
	entry->debit = LGP_CLASS_CUSTOMER;
	entry->credit = LGP_CLASS_BUDGET;
	entry->amount = 1;
	build_complete(build);
}

static void grant_of_nothing(struct build *build)
{
	a_grant(build)->amount = 0;
	build_complete(build);
}

static void import_without_budget(struct build *build)
{
	build_find(build, LGP_KIND_IMPORT, 9)->budget = 0;
	build_complete(build);
}

static void allotment_of_another_unit(struct build *build)
{
	build_find(build, LGP_KIND_ALLOTMENT, 1)->budget = build->budget;
	build_complete(build);
}

static void budget_overdrawn(struct build *build)
{
	last_grant(build)->amount = 200000000;
	build_complete(build);
}

static void customer_overdrawn(struct build *build)
{
	struct lgp_entry *grant = last_grant(build),
	                 *entry = build_find(build, LGP_KIND_TOKEN_END, 0);
	uint64_t seq = entry->seq;
	int64_t time_us = entry->time_us;
	*entry = *grant;
	entry->kind = LGP_KIND_REVERSAL;
	entry->debit = LGP_CLASS_CUSTOMER;
	entry->credit = LGP_CLASS_BUDGET;
	entry->refers_to = grant->seq;
	entry->time_us = time_us;
	entry->key_mac[0] ^= 1;
	entry->amount = 90000000;
	build_payload(build, seq, NULL);
	build_complete(build);
}

static void sum_too_large(struct build *build)
{
	build_find(build, LGP_KIND_ALLOTMENT, 0)->amount = INT64_MAX;
	struct lgp_entry *entry = build_find(build, LGP_KIND_ALLOTMENT, 2);
	entry->debit = LGP_CLASS_ISSUANCE;
	entry->credit = LGP_CLASS_BUDGET;
	build_complete(build);
}

static void reversal_of_thanks(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_REVERSAL, 9);
	entry->refers_to = build_find(build, LGP_KIND_THANKS, 1)->seq;
}

static void reversal_to_another_budget(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_REVERSAL, 0);
	for (size_t n = 0; entry->unit != build->eur; n++)
		entry = build_find(build, LGP_KIND_REVERSAL, n);
	entry->budget = build->points_budget;
	build_complete(build);
}

static void reversal_of_more(struct build *build)
{
	struct lgp_entry *entry = build_find(build, LGP_KIND_REVERSAL, 9);
	entry->amount = build->entry[entry->refers_to].amount + 1;
	build_complete(build);
}

static void reversed_twice(struct build *build)
{
	struct lgp_entry *first = build_find(build, LGP_KIND_REVERSAL, 9);
	for (size_t n = 9; first->amount != build->entry[first->refers_to].amount; n++)
		first = build_find(build, LGP_KIND_REVERSAL, n);
	struct lgp_entry *entry = build_find(build, LGP_KIND_TOKEN_END, 0);
	struct lgp_entry made = *first;
	made.seq = entry->seq;
	made.time_us = entry->time_us;
	made.business_date = entry->business_date;
	memcpy(made.key_mac, entry->key_mac, LGP_MAC_LEN);
	made.amount = 1;
	*entry = made;
	build_complete(build);
}

/* ---- definitions -------------------------------------------------------------------------- */

static void definition_unbound(struct build *build)
{
	build_payload(build, build->touchpoint, NULL);
}

static void definition_malformed(struct build *build)
{
	build_payload(build, build->touchpoint, "name first\nid check-in\n");
}

const struct mutation forgeries[] = {
        {"a_time_that_goes_back_is_named", "time", time_back, NULL, NULL},
        {"a_time_that_stands_still_is_named", "time", time_still, NULL, NULL},
        {"a_business_date_far_from_the_time_is_named", "business-date", date_off, NULL, NULL},
        {"a_policy_that_goes_back_is_named", "policy", policy_back, NULL, NULL},
        {"a_policy_of_the_future_is_named", "policy", policy_ahead, NULL, NULL},
        {"a_refusal_for_a_malformed_request_is_named", "refusal-code", refusal_code, NULL, NULL},
        {"a_ledger_opened_twice_is_named", "genesis", opened_again, NULL, NULL},
        {"a_key_that_acts_twice_is_named", "key-reused", key_again, NULL, NULL},
        {"an_opening_that_names_nothing_is_named", "opening", opens_another, NULL, NULL},
        {"a_site_that_is_none_is_named", "reference", unknown_site, NULL, NULL},
        {"a_reason_out_of_range_is_named", "reference", unknown_reason, NULL, NULL},
        {"a_touchpoint_that_is_a_reason_is_named", "reference", unknown_touchpoint, NULL, NULL},
        {"staff_that_is_a_customer_is_named", "reference", unknown_staff, NULL, NULL},
        {"staff_that_comes_later_is_named", "reference", later_staff, NULL, NULL},
        {"a_unit_that_is_a_site_is_named", "reference", unknown_unit, NULL, NULL},
        {"a_customer_that_is_an_import_s_party_is_named", "reference", unknown_customer, NULL,
         NULL},
        {"a_budget_that_is_a_site_is_named", "reference", unknown_budget, NULL, NULL},
        {"an_actor_that_is_a_reason_is_named", "reference", unknown_actor, NULL, NULL},
        {"a_grant_that_nobody_gave_is_named", "reference", nobody_acts, NULL, NULL},
        {"a_reference_to_a_later_entry_is_named", "refers-to", refers_ahead, NULL, NULL},
        {"an_amendment_of_another_kind_is_named", "refers-to", amends_another_kind, NULL, NULL},
        {"an_end_of_what_is_no_token_is_named", "refers-to", ends_no_token, NULL, NULL},
        {"a_wrong_link_of_the_customer_is_named", "link-customer", link_customer, NULL, NULL},
        {"a_wrong_link_of_the_budget_is_named", "link-budget", link_budget, NULL, NULL},
        {"a_wrong_link_of_the_actor_is_named", "link-actor", link_actor, NULL, NULL},
        {"a_link_back_from_an_opening_is_named", "link-customer", link_from_opening, NULL, NULL},
        {"a_link_of_nobody_is_named", "link-budget", link_of_nobody, NULL, NULL},
        {"a_wrong_link_of_the_house_is_named", "link-actor", link_of_house, NULL, NULL},
        {"a_wrong_running_balance_is_named", "balance", balance_told, NULL, NULL},
        {"a_balance_of_an_import_is_named", "balance", balance_of_import, NULL, NULL},
        {"a_balance_in_thanks_is_named", "balance", balance_of_thanks, NULL, NULL},
        {"a_grant_out_of_nothing_is_named", "move", granted_from_nothing, NULL, NULL},
        {"thanks_that_pay_are_named", "move", thanks_that_pay, NULL, NULL},
        {"a_grant_that_takes_is_named", "move", grant_backwards, NULL, NULL},
        {"a_grant_of_nothing_is_named", "move", grant_of_nothing, NULL, NULL},
        {"an_import_without_a_budget_is_named", "move", import_without_budget, NULL, NULL},
        {"a_move_in_a_unit_that_the_budget_does_not_hold_is_named", "move floor",
         allotment_of_another_unit, NULL, NULL},
        {"a_budget_overdrawn_is_named", "floor", budget_overdrawn, NULL, NULL},
        {"a_customer_overdrawn_is_named", "floor over-reversed", customer_overdrawn, NULL, NULL},
        {"a_sum_beyond_63_bits_is_named", "conservation refusal-undeserved", sum_too_large, NULL,
         NULL},
        {"a_reversal_of_thanks_is_named", "reversal", reversal_of_thanks, NULL, NULL},
        {"a_reversal_to_another_budget_is_named", "reversal move", reversal_to_another_budget, NULL,
         NULL},
        {"a_reversal_of_more_than_was_granted_is_named", "over-reversed", reversal_of_more, NULL,
         NULL},
        {"a_grant_reversed_twice_is_named", "over-reversed", reversed_twice, NULL, NULL},
        {"a_definition_that_is_not_bound_is_named", "definition", definition_unbound, NULL, NULL},
        {"a_definition_not_of_its_form_is_named", "definition", definition_malformed, NULL, NULL},
};
const size_t forgery_count = sizeof forgeries / sizeof forgeries[0];
