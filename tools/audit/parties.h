/* parties: what was opened, who is named, and the chain of each party's entries.
 * Thread: one at a time.
 *
 * A party's chain is every entry in which it is customer, budget or actor,
 * after the one that opened it; each names the one before. */
#ifndef LAGNIAPPE_AUDIT_PARTIES_H
#define LAGNIAPPE_AUDIT_PARTIES_H

#include "lagniappe/entry.h"
#include "tools/audit/finding.h"
#include "tools/audit/kinds.h"
#include "tools/audit/roll.h"

/* Sites, budgets and staff come again and again: where some of them stand, of those
 * that are what their field takes whatever the entry is. */
#define PARTIES_RECENT 16 /* by the last bits of their numbers */
struct recent_party {
	uint64_t number; /* 0: none */
	struct party *party;
};

/* What an entry's fields name, looked up once; NULL: nothing, or nothing known. */
struct named {
	struct party *of[FIELD_COUNT];
};

struct parties {
	struct findings *findings; /* borrowed */
	struct roll roll;          /* all that was opened */
	struct recent_party recent[FIELD_COUNT][PARTIES_RECENT];
};

LGP_MUST_USE enum lgp_status parties_init(struct parties *parties, struct findings *findings);
void parties_deinit(struct parties *parties);
/* Its record; NULL: the number was not opened. */
struct party *parties_find(const struct parties *parties, uint64_t number);
/* What it was opened as; NULL: 0, nothing. */
enum lgp_kind parties_kind_of(const struct party *party);
/* What the number was opened as; 0: nothing. */
enum lgp_kind parties_kind(const struct parties *parties, uint64_t number);
/* The newest entry of a party that was opened, else 0. */
uint64_t parties_last(const struct parties *parties, uint64_t number);
/* Brings near what the entry's judgement will ask for. */
void parties_prefetch(const struct parties *parties, const struct lgp_entry *entry);
/* Opens what the entry opens, if it does; a part of parties_judge. */
LGP_MUST_USE enum lgp_status parties_open(struct parties *parties, const struct lgp_entry *entry);
/* Judges what the entry opens and names, and its three links.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status parties_judge(struct parties *parties, const struct lgp_entry *entry,
                                           struct named *named);

#endif
