/* decisions: see decisions.h.  Thread: one at a time. */
#include "tools/audit/decisions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/audit/kinds.h"

enum lgp_status decisions_init(struct decisions *decisions, struct door *door,
                               struct findings *findings, const struct money *money,
                               const struct parties *parties)
{
	*decisions = (struct decisions){
	        .door = door, .findings = findings, .money = money, .parties = parties};
	enum lgp_status status = programme_init(&decisions->programme);
	return status == LGP_OK ? bounds_init(&decisions->bounds, &decisions->programme) : status;
}

void decisions_deinit(struct decisions *decisions)
{
	programme_deinit(&decisions->programme);
	bounds_deinit(&decisions->bounds);
	free(decisions->waiting);
}

void decisions_lose(struct decisions *decisions, uint64_t seq, const char *why)
{
	if (decisions->lost)
		return;
	decisions->lost = true;
	decisions->lost_at = seq;
	snprintf(decisions->lost_why, sizeof decisions->lost_why, "%s", why);
}

struct lgp_view decisions_payload(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_hash made;
	size_t len;
	if ((entry->flags & LGP_FLAG_PAYLOAD) == 0 ||
	    door_payload(decisions->door, &entry->hash, decisions->text, sizeof decisions->text,
	                 &len) != LGP_OK)
		return (struct lgp_view){NULL, 0};
	lgp_hash_sha256(decisions->text, len, &made);
	return lgp_hash_equal(&made, &entry->hash) ? (struct lgp_view){decisions->text, len}
	                                           : (struct lgp_view){NULL, 0};
}

/* ---- definitions ----------------------------------------------------------------------- */

static enum lgp_status define(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_definition definition;
	uint64_t before = 0;
	struct lgp_view text = decisions_payload(decisions, entry);
	if (text.ptr == NULL ||
	    lgp_definition_parse(lgp_noun_of(entry->kind), text, true, &definition) != LGP_OK) {
		decisions_lose(decisions, entry->seq, "its definition cannot be read");
		return LGP_OK;
	}
	enum lgp_status status = programme_define(&decisions->programme, entry, &definition);
	if (status == LGP_OK && entry->kind == LGP_KIND_LIMIT)
		status = bounds_define(&decisions->bounds, entry, &definition, &before);
	if (status == LGP_CORRUPT) {
		decisions_lose(decisions, entry->seq, "its definition refers to what is not there");
		return LGP_OK;
	}
	if (status == LGP_OK)
		passes_version(decisions, entry, before);
	if (status == LGP_OK && entry->kind == LGP_KIND_DELEGATION)
		approvals_delegation(decisions, entry);
	return status;
}

static void end(struct decisions *decisions, const struct lgp_entry *entry)
{
	passes_version(decisions, entry, 0);
	if (entry->kind == LGP_KIND_LIMIT_END)
		bounds_end(&decisions->bounds, entry->refers_to);
	if (entry->kind == LGP_KIND_DELEGATION_END)
		approvals_delegation(decisions, entry);
	programme_end(&decisions->programme, entry);
}

/* ---- whether the giver was a manager ------------------------------------------------------ */

static void judge_flag(struct decisions *decisions, const struct lgp_entry *entry, bool manager)
{
	bool told = (entry->flags & LGP_FLAG_MANAGER) != 0;
	if (told != manager && !decisions->lost)
		finding_entry(decisions->findings, RULE_MANAGER, entry->seq,
		              "it says that its staff %" PRIu64 " was %s manager then, which was "
		              "%sthe case",
		              entry->staff, told ? "a" : "no", "not ");
}

static void judge_giver(struct decisions *decisions, const struct lgp_entry *entry)
{
	const struct staff *staff = programme_staff(&decisions->programme, entry->staff);
	if (staff != NULL)
		judge_flag(decisions, entry, staff->manager);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static enum lgp_status judge_decision(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_entry ask;
	bool waited;
	uint64_t authority;
	if (!approvals_ask(decisions, entry, &ask))
		return LGP_OK;
	judge_flag(decisions, entry, (ask.flags & LGP_FLAG_MANAGER) != 0);
	approvals_judge(decisions, entry, &ask, &waited, &authority);
	if (entry->kind == LGP_KIND_GRANT)
		passes_grant(decisions, entry, waited ? &ask : NULL);
	else
		passes_version(decisions, entry, 0);
	enum lgp_status status = LGP_OK;
	if (waited)
		status = bounds_take_out(&decisions->bounds, &ask);
	if (status == LGP_OK && authority != 0)
		status = bounds_count_person(&decisions->bounds, entry, authority);
	return status;
}

static enum lgp_status judge_grant(struct decisions *decisions, const struct lgp_entry *entry)
{
	enum lgp_status status = LGP_OK;
	if (entry->refers_to != 0) {
		status = judge_decision(decisions, entry);
	} else {
		judge_giver(decisions, entry);
		passes_grant(decisions, entry, NULL);
	}
	if (status == LGP_OK)
		status = bounds_count(&decisions->bounds, entry);
	/* Who is in a ring goes by what was given before. */
	return status == LGP_OK ? programme_reward(&decisions->programme, entry) : status;
}

static enum lgp_status judge_ask(struct decisions *decisions, const struct lgp_entry *entry)
{
	judge_giver(decisions, entry);
	passes_ask(decisions, entry);
	enum lgp_status status = bounds_count(&decisions->bounds, entry);
	return status == LGP_OK ? approvals_wait(decisions, entry) : status;
}

static enum lgp_status judge_reversal(struct decisions *decisions, const struct lgp_entry *entry)
{
	passes_version(decisions, entry, 0);
	const struct lgp_entry *grant = money_original(decisions->money, entry);
	if (grant == NULL)
		return LGP_OK;
	bool whole = money_reversed(decisions->money, entry->refers_to) == grant->amount;
	return bounds_give_back(&decisions->bounds, grant, entry, whole);
}

static void judge_refusal(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_entry ask;
	bool decides = approvals_decides(entry);
	bool gives = entry->asked == LGP_KIND_GRANT || entry->asked == LGP_KIND_THANKS ||
	             entry->asked == LGP_KIND_ASK;
	if (decides && !approvals_ask(decisions, entry, &ask))
		return;
	if (decides)
		judge_flag(decisions, entry,
		           !approvals_forgets(entry) && (ask.flags & LGP_FLAG_MANAGER) != 0);
	else if (gives)
		judge_giver(decisions, entry);
	else
		judge_flag(decisions, entry, false);
	passes_refusal(decisions, entry, decides ? &ask : NULL);
}

/* Most customers' entries bind nothing. */
static enum lgp_status note_household(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_view text = decisions_payload(decisions, entry);
	bool readable = text.ptr != NULL || (entry->flags & LGP_FLAG_PAYLOAD) == 0;
	enum lgp_status status =
	        readable ? programme_household(&decisions->programme, entry, text) : LGP_CORRUPT;
	if (status != LGP_CORRUPT)
		return status;
	decisions_lose(decisions, entry->seq, "what it says of a household cannot be read");
	return LGP_OK;
}

static enum lgp_status judge_kind(struct decisions *decisions, const struct lgp_entry *entry)
{
	switch (entry->kind) {
	case LGP_KIND_GRANT:
		return judge_grant(decisions, entry);
	case LGP_KIND_ASK:
		return judge_ask(decisions, entry);
	case LGP_KIND_DECLINE:
	case LGP_KIND_LAPSE:
		return judge_decision(decisions, entry);
	case LGP_KIND_REVERSAL:
		return judge_reversal(decisions, entry);
	case LGP_KIND_REFUSAL:
		judge_refusal(decisions, entry);
		return LGP_OK;
	case LGP_KIND_THANKS:
		judge_giver(decisions, entry);
		passes_version(decisions, entry, 0);
		return LGP_OK;
	case LGP_KIND_TOKEN_END:
	case LGP_KIND_LIMIT_END:
	case LGP_KIND_DELEGATION_END:
		end(decisions, entry);
		return LGP_OK;
	case LGP_KIND_CUSTOMER:
		passes_version(decisions, entry, 0);
		return note_household(decisions, entry);
	case LGP_KIND_TOUCHPOINT: /* no rule goes by one */
		passes_version(decisions, entry, 0);
		return programme_note(&decisions->programme, entry);
	default:
		if (lgp_noun_of(entry->kind) != NULL)
			return define(decisions, entry);
		passes_version(decisions, entry, 0);
		return LGP_OK;
	}
}

void decisions_prefetch(const struct decisions *decisions, const struct lgp_entry *entry)
{
	enum lgp_kind meant = kind_meant(entry);
	if (meant == LGP_KIND_GRANT || meant == LGP_KIND_ASK)
		bounds_prefetch(&decisions->bounds, entry);
}

enum lgp_status decisions_judge(struct decisions *decisions, const struct lgp_entry *entry)
{
	/* A token is judged by who issues it once it is known, all else by what was
	 * known before it. */
	bool token = entry->kind == LGP_KIND_TOKEN;
	if (!token)
		standing_judge(decisions, entry);
	enum lgp_status status = judge_kind(decisions, entry);
	if (token)
		standing_judge(decisions, entry);
	/* Imports tell of the past; all else is of the day on which it is written. */
	if (entry->kind != LGP_KIND_IMPORT)
		counters_reach(&decisions->bounds.counters, entry->business_date);
	return status;
}
