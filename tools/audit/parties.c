/* parties: see parties.h.  Thread: one at a time. */
#include "tools/audit/parties.h"

#include <inttypes.h>

#include "tools/audit/kinds.h"

#define NUMBER_MAX (UINT64_MAX >> 8) /* the newest entry shares its word with the kind */

enum lgp_status parties_init(struct parties *parties, struct findings *findings)
{
	parties->findings = findings;
	return slots_init(&parties->opened);
}

void parties_deinit(struct parties *parties)
{
	slots_deinit(&parties->opened);
}

static struct slot *find(const struct parties *parties, uint64_t number)
{
	return number > NUMBER_MAX ? NULL : slots_find(&parties->opened, number + 1, 0);
}

enum lgp_kind parties_kind(const struct parties *parties, uint64_t number)
{
	const struct slot *slot = find(parties, number);
	return slot != NULL ? (enum lgp_kind)(slot->number >> 56) : 0;
}

/* ---- opening --------------------------------------------------------------------- */

static bool opens(const struct lgp_entry *entry)
{
	const struct kind_info *info = kind_info(entry->kind);
	return info != NULL && (info->rules & KIND_OPENS) != 0 &&
	       (entry->flags & LGP_FLAG_AMEND) == 0;
}

static enum lgp_status open_party(struct parties *parties, const struct lgp_entry *entry)
{
	enum field own = kind_info(entry->kind)->own;
	if (own != FIELD_NONE && field_value(entry, own) != entry->seq)
		finding_entry(parties->findings, RULE_OPENING, entry->seq,
		              "it opens a %s and names %" PRIu64 " as that, not itself",
		              lgp_kind_name(entry->kind), field_value(entry, own));
	require(entry->seq <= NUMBER_MAX);
	struct slot *slot = slots_put(&parties->opened, entry->seq + 1, 0);
	if (slot == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for another party");
	slot->number = (uint64_t)entry->kind << 56 | entry->seq;
	return LGP_OK;
}

/* ---- references ------------------------------------------------------------------- */

static void judge_reference(struct parties *parties, const struct lgp_entry *entry,
                            enum field field)
{
	uint64_t number = field_value(entry, field);
	if (number == 0)
		return;
	enum lgp_kind kind = parties_kind(parties, number);
	if (field_takes(entry, field, kind))
		return;
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

static void judge_house(struct parties *parties, const struct lgp_entry *entry)
{
	const struct kind_info *info = kind_info(entry->kind);
	if (entry->actor == 0 && (info == NULL || (info->rules & KIND_HOUSE) == 0))
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

struct link {
	enum rule rule;
	const char *name;
	uint64_t number, prev;
};

static void judge_link(struct parties *parties, const struct lgp_entry *entry,
                       const struct link *link)
{
	const struct slot *slot = find(parties, link->number);
	if (slot == NULL)
		return; /* said by RULE_REFERENCE */
	uint64_t last = link->number == entry->seq ? 0 : slot->number & NUMBER_MAX;
	if (link->prev != last)
		finding_entry(parties->findings, link->rule, entry->seq,
		              "its %s %" PRIu64 " was last in entry %" PRIu64 ", it names %" PRIu64,
		              link->name, link->number, last, link->prev);
}

static void follow(struct parties *parties, uint64_t number, uint64_t seq)
{
	struct slot *slot = find(parties, number);
	if (slot != NULL)
		slot->number = (slot->number & ~NUMBER_MAX) | seq;
}

static void judge_links(struct parties *parties, const struct lgp_entry *entry)
{
	const struct link links[] = {
	        {RULE_LINK_CUSTOMER, "customer", entry->customer, entry->prev_customer},
	        {RULE_LINK_BUDGET, "budget", entry->budget, entry->prev_budget},
	        {RULE_LINK_ACTOR, "actor", entry->actor, entry->prev_actor},
	};
	/* The house, 0, is a party as actor alone; elsewhere 0 is nobody. */
	bool named[] = {entry->customer != 0, entry->budget != 0, true};
	for (unsigned i = 0; i < 3; i++)
		if (named[i])
			judge_link(parties, entry, &links[i]);
		else if (links[i].prev != 0)
			finding_entry(parties->findings, links[i].rule, entry->seq,
			              "it has no %s, and names %" PRIu64
			              " as that one's last entry",
			              links[i].name, links[i].prev);
	/* All are judged before one moves on: the customer may be the actor too. */
	for (unsigned i = 0; i < 3; i++)
		if (named[i])
			follow(parties, links[i].number, entry->seq);
}

enum lgp_status parties_judge(struct parties *parties, const struct lgp_entry *entry)
{
	if (opens(entry)) {
		enum lgp_status status = open_party(parties, entry);
		if (status != LGP_OK)
			return status;
	}
	for (enum field field = FIELD_NONE + 1; field < FIELD_COUNT; field++)
		judge_reference(parties, entry, field);
	judge_house(parties, entry);
	judge_refers_to(parties, entry);
	judge_amended(parties, entry);
	judge_links(parties, entry);
	return LGP_OK;
}
