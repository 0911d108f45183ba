/* standing: who may act where, for whom, out of what, and by which token.
 * Thread: one at a time.
 *
 * The log does not tell which token was used.  So whoever acts must hold one that
 * would do: in force at that moment, of a role that may do that, good at the site. */
#include "tools/audit/decisions.h"

#include <inttypes.h>

#include "lagniappe/problem.h"
#include "tools/audit/kinds.h"

#define DATES_APART 2 /* days, of two places at one moment */

#define ADMIN ROLE_BIT(ROLE_ADMIN)
#define FINANCE ROLE_BIT(ROLE_FINANCE)
#define MANAGER ROLE_BIT(ROLE_MANAGER)
#define STAFF ROLE_BIT(ROLE_STAFF)
#define TILL ROLE_BIT(ROLE_INTEGRATION)
#define MONEY (FINANCE | ROLE_BIT(ROLE_AUDITOR))

/* Nobody holds both ends: who makes people does not fund them, and neither gives. */
static const unsigned roles_of[] = {
        [LGP_KIND_UNIT] = ADMIN,
        [LGP_KIND_SITE] = ADMIN,
        [LGP_KIND_BUDGET] = ADMIN,
        [LGP_KIND_REASON] = ADMIN,
        [LGP_KIND_TOUCHPOINT] = ADMIN,
        [LGP_KIND_STAFF] = ADMIN,
        [LGP_KIND_TOKEN] = ADMIN | FINANCE,
        [LGP_KIND_TOKEN_END] = ADMIN | FINANCE,
        [LGP_KIND_CUSTOMER] = STAFF | MANAGER | TILL,
        [LGP_KIND_PARTY] = ADMIN,
        [LGP_KIND_LIMIT] = FINANCE,
        [LGP_KIND_LIMIT_END] = FINANCE,
        [LGP_KIND_DELEGATION] = MANAGER,
        [LGP_KIND_DELEGATION_END] = MANAGER,
        [LGP_KIND_ALLOTMENT] = FINANCE,
        [LGP_KIND_GRANT] = STAFF | MANAGER | TILL,
        [LGP_KIND_ASK] = STAFF | MANAGER | TILL,
        [LGP_KIND_THANKS] = STAFF | MANAGER,
        [LGP_KIND_REVERSAL] = STAFF | MANAGER | TILL,
        [LGP_KIND_IMPORT] = ADMIN,
        [LGP_KIND_DECLINE] = STAFF | MANAGER | TILL, /* a till withdraws what it asked for */
};

static enum lgp_kind kind_named(const struct decisions *decisions, uint64_t number)
{
	return parties_kind(decisions->parties, number);
}

/* A grant that nobody asked for before, an ask, thanks; or one of them refused. */
static bool gives(const struct lgp_entry *entry)
{
	enum lgp_kind kind = kind_meant(entry);
	return kind == LGP_KIND_THANKS || kind == LGP_KIND_ASK ||
	       (kind == LGP_KIND_GRANT && entry->refers_to == 0);
}

/* ---- tokens ------------------------------------------------------------------------------ */

/* Who has left speaks no more; on which day that is, their own site says.  That they
 * were refused is in order. */
static bool has_left(const struct staff *staff, const struct lgp_entry *entry)
{
	int64_t date = entry->business_date;
	return staff != NULL && entry->kind != LGP_KIND_REFUSAL &&
	       (date + DATES_APART < staff->active_from ||
	        date - DATES_APART >= staff->active_until);
}

/* Whether anybody may speak as the actor at that moment. */
static bool speaks(const struct decisions *decisions, const struct lgp_entry *entry, unsigned roles,
                   uint64_t site)
{
	const struct programme *programme = &decisions->programme;
	const struct staff *staff = programme_staff(programme, entry->actor);
	return programme_holds_as(programme, entry->actor, staff, roles, site, entry->time_us) &&
	       !has_left(staff, entry);
}

static unsigned roles_for(const struct lgp_entry *entry)
{
	enum lgp_kind kind = kind_meant(entry);
	if (kind == LGP_KIND_GRANT && entry->refers_to != 0)
		return STAFF | MANAGER; /* it is approved */
	if (kind == LGP_KIND_CUSTOMER && (entry->flags & LGP_FLAG_AMEND) != 0)
		return MANAGER | TILL; /* who lives with whom */
	return (size_t)kind < sizeof roles_of / sizeof roles_of[0] ? roles_of[kind] : 0;
}

static void judge_token(struct decisions *decisions, const struct lgp_entry *entry)
{
	enum lgp_kind kind = kind_meant(entry);
	unsigned roles = roles_for(entry);
	bool at_site = (gives(entry) || kind == LGP_KIND_GRANT) && entry->kind != LGP_KIND_REFUSAL;
	if (roles == 0 || entry->actor == 0 ||
	    speaks(decisions, entry, roles, at_site ? entry->site : 0) ||
	    !field_takes(entry, FIELD_ACTOR, kind_named(decisions, entry->actor)))
		return; /* the house's; in order; or said by RULE_REFERENCE */
	if (!at_site || !speaks(decisions, entry, roles, 0))
		finding_entry(decisions->findings, RULE_TOKEN, entry->seq,
		              "its actor %" PRIu64
		              " holds no token in force then of a role that may ask for a %s",
		              entry->actor, lgp_kind_name(kind));
	else
		finding_entry(decisions->findings, RULE_TOKEN, entry->seq,
		              "its actor %" PRIu64
		              " holds no token in force then that is good at the site %" PRIu64,
		              entry->actor, entry->site);
}

/* ---- who issues tokens ---------------------------------------------------------------------- */

/* Who makes people does not make money. */
static unsigned issuers_of(enum role role)
{
	return (ROLE_BIT(role) & MONEY) != 0 ? FINANCE : ADMIN;
}

static void judge_issuer(struct decisions *decisions, const struct lgp_entry *entry)
{
	bool issues = entry->kind == LGP_KIND_TOKEN;
	if (!issues && entry->kind != LGP_KIND_TOKEN_END)
		return;
	const struct token *token =
	        programme_token(&decisions->programme, issues ? entry->seq : entry->refers_to);
	if (token == NULL)
		return; /* said by RULE_REFERS_TO */
	if (entry->actor == 0 && decisions->somebody_acted)
		finding_entry(decisions->findings, RULE_ISSUER, entry->seq,
		              "the house issues a token after others have acted");
	else if (entry->actor != 0 && speaks(decisions, entry, ADMIN | FINANCE, 0) &&
	         !speaks(decisions, entry, issuers_of(token->role), 0))
		finding_entry(decisions->findings, RULE_ISSUER, entry->seq,
		              "its actor %" PRIu64 " %s a token of a role that is %s's to give",
		              entry->actor, issues ? "issues" : "ends",
		              issuers_of(token->role) == FINANCE ? "finance" : "admin");
}

/* ---- who gives -------------------------------------------------------------------------------- */

static bool at_site(const struct decisions *decisions, const struct staff *staff, uint64_t site)
{
	return numbers_hold(&staff->sites, site) ||
	       kind_named(decisions, site) != LGP_KIND_SITE; /* said by RULE_REFERENCE */
}

static bool has_budget(const struct decisions *decisions, const struct staff *staff,
                       uint64_t budget)
{
	return numbers_hold(&staff->budgets, budget) ||
	       kind_named(decisions, budget) != LGP_KIND_BUDGET;
}

static bool to_self(const struct decisions *decisions, const struct staff *staff,
                    const struct lgp_entry *entry)
{
	return programme_own(&decisions->programme, staff, entry->customer) &&
	       programme_rewards(&decisions->programme, entry->site) != REWARDS_ANY;
}

static bool in_a_ring(const struct decisions *decisions, const struct staff *staff,
                      const struct lgp_entry *entry)
{
	return staff->customer != 0 && staff->customer != entry->customer &&
	       programme_rewards(&decisions->programme, entry->site) == REWARDS_NOT_EACH_OTHER &&
	       programme_ring(&decisions->programme, staff, entry->customer);
}

/* Staff in their own name; a till in that of staff. */
static void judge_name(struct decisions *decisions, const struct lgp_entry *entry)
{
	if (!gives(entry))
		return;
	if (entry->staff == 0)
		finding_entry(decisions->findings, RULE_GIVER, entry->seq,
		              "it names nobody of staff who gives");
	else if (entry->actor != entry->staff &&
	         kind_named(decisions, entry->actor) == LGP_KIND_STAFF &&
	         kind_named(decisions, entry->staff) == LGP_KIND_STAFF)
		finding_entry(decisions->findings, RULE_GIVER, entry->seq,
		              "its actor %" PRIu64 " gives in the name of another, %" PRIu64,
		              entry->actor, entry->staff);
}

static void judge_place(struct decisions *decisions, const struct lgp_entry *entry,
                        const struct staff *staff)
{
	if (!staff_active(staff, entry->business_date))
		finding_entry(decisions->findings, RULE_STAFF_ACTIVE, entry->seq,
		              "its staff %" PRIu64 " is not active on its business date",
		              entry->staff);
	if (!at_site(decisions, staff, entry->site))
		finding_entry(decisions->findings, RULE_STAFF_SITE, entry->seq,
		              "its staff %" PRIu64 " does not work at its site %" PRIu64,
		              entry->staff, entry->site);
	if (to_self(decisions, staff, entry))
		finding_entry(decisions->findings, RULE_SELF, entry->seq,
		              "its customer %" PRIu64 " is its staff %" PRIu64
		              " themself, or lives with them",
		              entry->customer, entry->staff);
	if (in_a_ring(decisions, staff, entry))
		finding_entry(decisions->findings, RULE_RING, entry->seq,
		              "its customer %" PRIu64
		              " is one of staff, who rewarded its staff %" PRIu64 " before",
		              entry->customer, entry->staff);
}

/* Who lives with whom is not for them to say whom it would bind. */
static void judge_household(struct decisions *decisions, const struct lgp_entry *entry)
{
	const struct staff *who = programme_staff(&decisions->programme, entry->actor);
	if (entry->kind == LGP_KIND_CUSTOMER && (entry->flags & LGP_FLAG_AMEND) != 0 &&
	    who != NULL && programme_own(&decisions->programme, who, entry->customer))
		finding_entry(decisions->findings, RULE_HOUSEHOLD, entry->seq,
		              "its actor %" PRIu64 " is its customer %" PRIu64
		              ", or lived with them until then",
		              entry->actor, entry->customer);
}

static void judge_giver(struct decisions *decisions, const struct lgp_entry *entry)
{
	const struct staff *staff = programme_staff(&decisions->programme, entry->staff);
	bool money = entry->kind == LGP_KIND_GRANT || entry->kind == LGP_KIND_ASK;
	if (staff == NULL || (!money && entry->kind != LGP_KIND_THANKS))
		return;
	judge_place(decisions, entry, staff);
	if (money && !has_budget(decisions, staff, entry->budget))
		finding_entry(decisions->findings, RULE_STAFF_BUDGET, entry->seq,
		              "its staff %" PRIu64 " may not draw on its budget %" PRIu64,
		              entry->staff, entry->budget);
	if (money && programme_earning(&decisions->programme, entry->reason))
		finding_entry(decisions->findings, RULE_REASON_KIND, entry->seq,
		              "its reason %" PRIu64 " is one of earning", entry->reason);
}

/* ---- who reverses -------------------------------------------------------------------------------- */

/* Why the actor may not reverse the original; NULL: they may. */
static const char *may_not_reverse(const struct decisions *decisions, const struct lgp_entry *entry,
                                   const struct lgp_entry *original)
{
	const struct programme *programme = &decisions->programme;
	const struct staff *who = programme_staff(programme, entry->actor);
	if (who == NULL)
		return entry->actor == original->actor ? NULL : "did not ask for it";
	if (!staff_active(who, entry->business_date))
		return "does not work on that day";
	if (entry->actor == original->staff)
		return entry->business_date == original->business_date
		               ? NULL
		               : "gave it, on another business day";
	if (!numbers_hold(&who->sites, original->site))
		return "does not work at its site";
	return programme_holds(programme, entry->actor, MANAGER, 0, entry->time_us)
	               ? NULL
	               : "did not give it and is no manager";
}

static void judge_reverser(struct decisions *decisions, const struct lgp_entry *entry)
{
	const struct lgp_entry *grant =
	        entry->kind == LGP_KIND_REVERSAL ? money_original(decisions->money, entry) : NULL;
	const char *why = grant != NULL ? may_not_reverse(decisions, entry, grant) : NULL;
	if (why != NULL)
		finding_entry(decisions->findings, RULE_REVERSER, entry->seq,
		              "its actor %" PRIu64 " reverses the grant %" PRIu64 ", and %s",
		              entry->actor, entry->refers_to, why);
}

void standing_judge(struct decisions *decisions, const struct lgp_entry *entry)
{
	if (!decisions->lost) {
		judge_token(decisions, entry);
		judge_issuer(decisions, entry);
		judge_name(decisions, entry);
		judge_giver(decisions, entry);
		judge_household(decisions, entry);
		judge_reverser(decisions, entry);
	}
	decisions->somebody_acted = decisions->somebody_acted || entry->actor != 0;
}

/* ---- refusals --------------------------------------------------------------------------------------- */

/* What was refused to be reversed, of whatever kind it is. */
static bool read_original(const struct decisions *decisions, const struct lgp_entry *entry,
                          struct lgp_entry *out)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	return entry->asked == LGP_KIND_REVERSAL && entry->refers_to < entry->seq &&
	       door_entry(decisions->door, entry->refers_to, bytes) == LGP_OK &&
	       lgp_entry_decode(bytes, out) == LGP_OK;
}

static bool reversal_refused_well(const struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_entry original;
	if (!read_original(decisions, entry, &original))
		return false;
	if (entry->code == LGP_PROBLEM_NOT_REVERSIBLE)
		return original.kind != LGP_KIND_GRANT;
	return may_not_reverse(decisions, entry, &original) != NULL;
}

/* The token that was used may have been any that the actor holds. */
static bool site_refused_well(const struct decisions *decisions, const struct lgp_entry *of,
                              const struct staff *staff)
{
	return !numbers_hold(&staff->sites, of->site) ||
	       programme_bound(&decisions->programme, of->actor, of->site);
}

/* Whoever decides is not rewarded by what they decide, either. */
static bool self_refused_well(const struct decisions *decisions, const struct lgp_entry *of,
                              const struct staff *staff, bool decides)
{
	const struct staff *who = programme_staff(&decisions->programme, of->actor);
	return to_self(decisions, staff, of) ||
	       (decides && who != NULL && programme_own(&decisions->programme, who, of->customer));
}

bool standing_refuses(const struct lgp_entry *refusal)
{
	switch (refusal->code) {
	case LGP_PROBLEM_STAFF_INACTIVE:
	case LGP_PROBLEM_SITE:
	case LGP_PROBLEM_BUDGET:
	case LGP_PROBLEM_BUDGET_UNIT:
	case LGP_PROBLEM_SELF_GRANT:
	case LGP_PROBLEM_RING:
	case LGP_PROBLEM_REASON_KIND:
	case LGP_PROBLEM_REVERSAL_FORBIDDEN:
	case LGP_PROBLEM_NOT_REVERSIBLE:
		return true;
	default:
		return false;
	}
}

bool standing_refusal_holds(const struct decisions *decisions, const struct lgp_entry *refusal,
                            const struct lgp_entry *ask)
{
	/* What was refused: of a decision, on the terms that the refusal may not tell. */
	struct lgp_entry of = ask != NULL ? *ask : *refusal;
	of.actor = refusal->actor;
	of.time_us = refusal->time_us;
	of.business_date = refusal->business_date;
	const struct staff *staff = programme_staff(&decisions->programme, of.staff);
	if (refusal->code == LGP_PROBLEM_BUDGET_UNIT)
		return !money_holds(decisions->money, of.budget, of.unit);
	if (refusal->code == LGP_PROBLEM_REVERSAL_FORBIDDEN ||
	    refusal->code == LGP_PROBLEM_NOT_REVERSIBLE)
		return reversal_refused_well(decisions, refusal);
	if (refusal->code == LGP_PROBLEM_REASON_KIND)
		return programme_earning(&decisions->programme, of.reason);
	if (staff == NULL)
		return false;
	switch (refusal->code) {
	case LGP_PROBLEM_STAFF_INACTIVE:
		return !staff_active(staff, of.business_date);
	case LGP_PROBLEM_SITE:
		return site_refused_well(decisions, &of, staff);
	case LGP_PROBLEM_BUDGET:
		return !numbers_hold(&staff->budgets, of.budget);
	case LGP_PROBLEM_SELF_GRANT:
		return self_refused_well(decisions, &of, staff, ask != NULL);
	default:
		return in_a_ring(decisions, staff, &of);
	}
}
