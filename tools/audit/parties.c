/* parties: see parties.h.  Thread: one at a time. */
#include "tools/audit/parties.h"

#include <inttypes.h>

#define NUMBER_MAX (UINT64_MAX >> 8) /* the newest entry shares its word with the kind */

enum lgp_status parties_init(struct parties *parties, struct findings *findings)
{
	*parties = (struct parties){.findings = findings};
	return roll_init(&parties->roll);
}

void parties_deinit(struct parties *parties)
{
	roll_deinit(&parties->roll);
}

struct party *parties_find(const struct parties *parties, uint64_t number)
{
	return roll_find(&parties->roll, number);
}

enum lgp_kind parties_kind_of(const struct party *party)
{
	return party != NULL ? (enum lgp_kind)(party->last >> 56) : 0;
}

enum lgp_kind parties_kind(const struct parties *parties, uint64_t number)
{
	return parties_kind_of(parties_find(parties, number));
}

uint64_t parties_last(const struct parties *parties, uint64_t number)
{
	const struct party *party = parties_find(parties, number);
	return party != NULL ? party->last & NUMBER_MAX : 0;
}

/* Of the parties of an entry the customers are many; the others are near. */
void parties_prefetch(const struct parties *parties, const struct lgp_entry *entry)
{
	if (entry->customer != 0)
		roll_prefetch(&parties->roll, entry->customer);
}

/* ---- opening --------------------------------------------------------------------- */

static bool opens(const struct lgp_entry *entry)
{
	const struct kind_info *info = kind_info(entry->kind);
	return info != NULL && (info->rules & KIND_OPENS) != 0 &&
	       (entry->flags & LGP_FLAG_AMEND) == 0;
}

enum lgp_status parties_open(struct parties *parties, const struct lgp_entry *entry)
{
	if (!opens(entry))
		return LGP_OK;
	enum field own = kind_info(entry->kind)->own;
	if (own != FIELD_NONE && field_value(entry, own) != entry->seq)
		finding_entry(parties->findings, RULE_OPENING, entry->seq,
		              "it opens a %s and names %" PRIu64 " as that, not itself",
		              lgp_kind_name(entry->kind), field_value(entry, own));
	require(entry->seq <= NUMBER_MAX);
	struct party *party = roll_add(&parties->roll, entry->seq);
	if (party == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for another party");
	party->last = (uint64_t)entry->kind << 56 | entry->seq;
	return LGP_OK;
}

/* ---- references ------------------------------------------------------------------- */

static void tell_reference(struct parties *parties, const struct lgp_entry *entry, enum field field,
                           enum lgp_kind kind)
{
	uint64_t number = field_value(entry, field);
	if (number == entry->seq && opens(entry))
		return; /* said by RULE_OPENING */
	if (kind == 0)
		finding_entry(parties->findings, RULE_REFERENCE, entry->seq,
		              "its %s is %" PRIu64 ", and nothing was opened by that entry",
		              field_name(field), number);
	else
		finding_entry(parties->findings, RULE_REFERENCE, entry->seq,
		              "its %s is %" PRIu64 ", which is a %s", field_name(field), number,
		              lgp_kind_name(kind));
}

static void judge_reference(struct parties *parties, const struct lgp_entry *entry,
                            enum field field, uint64_t number, struct named *named)
{
	struct recent_party *recent = &parties->recent[field][number % PARTIES_RECENT];
	if (number == 0)
		return;
	if (recent->number == number) {
		named->of[field] = recent->party;
		return;
	}
	struct party *party = named->of[field] = parties_find(parties, number);
	if (!field_takes(entry, field, parties_kind_of(party)))
		tell_reference(parties, entry, field, parties_kind_of(party));
	else if (field != FIELD_CUSTOMER)
		*recent = (struct recent_party){number, party};
}

static void judge_references(struct parties *parties, const struct lgp_entry *entry,
                             struct named *named)
{
	judge_reference(parties, entry, FIELD_ACTOR, entry->actor, named);
	judge_reference(parties, entry, FIELD_STAFF, entry->staff, named);
	judge_reference(parties, entry, FIELD_CUSTOMER, entry->customer, named);
	judge_reference(parties, entry, FIELD_SITE, entry->site, named);
	judge_reference(parties, entry, FIELD_BUDGET, entry->budget, named);
	judge_reference(parties, entry, FIELD_REASON, entry->reason, named);
	judge_reference(parties, entry, FIELD_TOUCHPOINT, entry->touchpoint, named);
	judge_reference(parties, entry, FIELD_UNIT, entry->unit, named);
}

static void judge_house(struct parties *parties, const struct lgp_entry *entry, struct named *named)
{
	if (entry->actor != 0)
		return;
	const struct kind_info *info = kind_info(entry->kind);
	named->of[FIELD_ACTOR] = parties_find(parties, 0);
	if (info == NULL || (info->rules & KIND_HOUSE) == 0)
		finding_entry(
		        parties->findings, RULE_REFERENCE, entry->seq,
		        "nobody asked for it: its actor is 0, the house, which asks for no %s",
		        lgp_kind_name(entry->kind));
}

static void judge_refers_to(struct parties *parties, const struct lgp_entry *entry)
{
	uint64_t number = entry->refers_to;
	if (number >= entry->seq && number != 0) {
		finding_entry(parties->findings, RULE_REFERS_TO, entry->seq,
		              "it refers to entry %" PRIu64 ", which is not before it", number);
		return;
	}
	const struct kind_info *info = kind_info(entry->kind);
	enum lgp_kind needed = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->kind
	                       : info != NULL                       ? info->refers_to
	                                                            : 0;
	/* A grant opens nothing; what a reversal refers to is judged with its money. */
	if (needed == 0 || needed == LGP_KIND_GRANT || parties_kind(parties, number) == needed)
		return;
	finding_entry(parties->findings, RULE_REFERS_TO, entry->seq,
	              "it refers to entry %" PRIu64 ", which opened no %s", number,
	              lgp_kind_name(needed));
}

static void judge_amended(struct parties *parties, const struct lgp_entry *entry)
{
	const struct kind_info *info = kind_info(entry->kind);
	if ((entry->flags & LGP_FLAG_AMEND) == 0 || info == NULL || info->own == FIELD_NONE)
		return;
	uint64_t named = field_value(entry, info->own);
	if (named != entry->refers_to)
		finding_entry(parties->findings, RULE_REFERS_TO, entry->seq,
		              "it amends %" PRIu64 " and names %" PRIu64 " as its %s",
		              entry->refers_to, named, field_name(info->own));
}

/* ---- links ------------------------------------------------------------------------ */

static void judge_link(struct parties *parties, const struct lgp_entry *entry, enum rule rule,
                       enum field field, const struct party *party, uint64_t prev)
{
	uint64_t number = field_value(entry, field);
	if (number == 0 && field != FIELD_ACTOR) {
		if (prev != 0)
			finding_entry(parties->findings, rule, entry->seq,
			              "it has no %s, and names %" PRIu64
			              " as that one's last entry",
			              field_name(field), prev);
		return;
	}
	if (party == NULL)
		return; /* said by RULE_REFERENCE */
	uint64_t last = number == entry->seq ? 0 : party->last & NUMBER_MAX;
	if (prev != last)
		finding_entry(parties->findings, rule, entry->seq,
		              "its %s %" PRIu64 " was last in entry %" PRIu64 ", it names %" PRIu64,
		              field_name(field), number, last, prev);
}

static void follow(struct party *party, uint64_t seq)
{
	if (party != NULL)
		party->last = (party->last & ~NUMBER_MAX) | seq;
}

static void judge_links(struct parties *parties, const struct lgp_entry *entry,
                        const struct named *named)
{
	judge_link(parties, entry, RULE_LINK_CUSTOMER, FIELD_CUSTOMER, named->of[FIELD_CUSTOMER],
	           entry->prev_customer);
	judge_link(parties, entry, RULE_LINK_BUDGET, FIELD_BUDGET, named->of[FIELD_BUDGET],
	           entry->prev_budget);
	judge_link(parties, entry, RULE_LINK_ACTOR, FIELD_ACTOR, named->of[FIELD_ACTOR],
	           entry->prev_actor);
	/* All are judged before one moves on: the customer may be the actor too. */
	follow(named->of[FIELD_CUSTOMER], entry->seq);
	follow(named->of[FIELD_BUDGET], entry->seq);
	follow(named->of[FIELD_ACTOR], entry->seq);
}

enum lgp_status parties_judge(struct parties *parties, const struct lgp_entry *entry,
                              struct named *named)
{
	*named = (struct named){0};
	enum lgp_status status = parties_open(parties, entry);
	if (status != LGP_OK)
		return status;
	judge_references(parties, entry, named);
	judge_house(parties, entry, named);
	judge_refers_to(parties, entry);
	judge_amended(parties, entry);
	judge_links(parties, entry, named);
	return LGP_OK;
}
