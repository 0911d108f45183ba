/* kinds: see kinds.h.  Thread: any. */
#include "tools/audit/kinds.h"

#define NOUN (KIND_OPENS | KIND_DEFINES | KIND_NOUN)
#define MOVES_NOTHING LGP_CLASS_NONE, LGP_CLASS_NONE

static const struct kind_info kinds[] = {
        [LGP_KIND_GENESIS] = {LGP_KIND_GENESIS, KIND_OPENS | KIND_HOUSE, FIELD_NONE, MOVES_NOTHING,
                              0},
        [LGP_KIND_UNIT] = {LGP_KIND_UNIT, NOUN, FIELD_UNIT, MOVES_NOTHING, 0},
        [LGP_KIND_SITE] = {LGP_KIND_SITE, NOUN, FIELD_SITE, MOVES_NOTHING, 0},
        [LGP_KIND_BUDGET] = {LGP_KIND_BUDGET, NOUN, FIELD_BUDGET, MOVES_NOTHING, 0},
        [LGP_KIND_REASON] = {LGP_KIND_REASON, NOUN, FIELD_REASON, MOVES_NOTHING, 0},
        [LGP_KIND_TOUCHPOINT] = {LGP_KIND_TOUCHPOINT, NOUN, FIELD_TOUCHPOINT, MOVES_NOTHING, 0},
        [LGP_KIND_STAFF] = {LGP_KIND_STAFF, NOUN, FIELD_STAFF, MOVES_NOTHING, 0},
        [LGP_KIND_TOKEN] = {LGP_KIND_TOKEN, NOUN | KIND_HOUSE, FIELD_NONE, MOVES_NOTHING, 0},
        [LGP_KIND_CUSTOMER] = {LGP_KIND_CUSTOMER, KIND_OPENS, FIELD_CUSTOMER, MOVES_NOTHING, 0},
        [LGP_KIND_PARTY] = {LGP_KIND_PARTY, KIND_OPENS, FIELD_CUSTOMER, MOVES_NOTHING, 0},
        [LGP_KIND_TOKEN_END] = {LGP_KIND_TOKEN_END, KIND_DEFINES, FIELD_NONE, MOVES_NOTHING,
                                LGP_KIND_TOKEN},
        [LGP_KIND_LIMIT] = {LGP_KIND_LIMIT, NOUN, FIELD_NONE, MOVES_NOTHING, 0},
        [LGP_KIND_LIMIT_END] = {LGP_KIND_LIMIT_END, KIND_DEFINES, FIELD_NONE, MOVES_NOTHING,
                                LGP_KIND_LIMIT},
        [LGP_KIND_DELEGATION] = {LGP_KIND_DELEGATION, NOUN, FIELD_NONE, MOVES_NOTHING, 0},
        [LGP_KIND_DELEGATION_END] = {LGP_KIND_DELEGATION_END, KIND_DEFINES, FIELD_NONE,
                                     MOVES_NOTHING, LGP_KIND_DELEGATION},
        [LGP_KIND_ALLOTMENT] = {LGP_KIND_ALLOTMENT, KIND_BACK, FIELD_NONE, LGP_CLASS_ISSUANCE,
                                LGP_CLASS_BUDGET, 0},
        [LGP_KIND_GRANT] = {LGP_KIND_GRANT, 0, FIELD_NONE, LGP_CLASS_BUDGET, LGP_CLASS_CUSTOMER, 0},
        [LGP_KIND_THANKS] = {LGP_KIND_THANKS, 0, FIELD_NONE, MOVES_NOTHING, 0},
        [LGP_KIND_REVERSAL] = {LGP_KIND_REVERSAL, 0, FIELD_NONE, LGP_CLASS_CUSTOMER,
                               LGP_CLASS_BUDGET, LGP_KIND_GRANT},
        [LGP_KIND_IMPORT] = {LGP_KIND_IMPORT, KIND_BACK, FIELD_NONE, LGP_CLASS_HISTORY,
                             LGP_CLASS_SETTLEMENT, 0},
        [LGP_KIND_ASK] = {LGP_KIND_ASK, 0, FIELD_NONE, LGP_CLASS_BUDGET, LGP_CLASS_RESERVED, 0},
        [LGP_KIND_DECLINE] = {LGP_KIND_DECLINE, 0, FIELD_NONE, LGP_CLASS_RESERVED, LGP_CLASS_BUDGET,
                              0},
        [LGP_KIND_LAPSE] = {LGP_KIND_LAPSE, KIND_HOUSE, FIELD_NONE, LGP_CLASS_RESERVED,
                            LGP_CLASS_BUDGET, 0},
        [LGP_KIND_REFUSAL] = {LGP_KIND_REFUSAL, 0, FIELD_NONE, MOVES_NOTHING, 0},
};

static const char *const field_names[FIELD_COUNT] = {
        [FIELD_NONE] = "nothing",  [FIELD_ACTOR] = "actor",
        [FIELD_STAFF] = "staff",   [FIELD_CUSTOMER] = "customer",
        [FIELD_SITE] = "site",     [FIELD_BUDGET] = "budget",
        [FIELD_REASON] = "reason", [FIELD_TOUCHPOINT] = "touchpoint",
        [FIELD_UNIT] = "unit",
};

const struct kind_info *kind_info(enum lgp_kind kind)
{
	bool known = (size_t)kind < sizeof kinds / sizeof kinds[0] && kinds[kind].kind == kind;
	return known && kind != 0 ? &kinds[kind] : NULL;
}

enum lgp_kind kind_meant(const struct lgp_entry *entry)
{
	return entry->kind == LGP_KIND_REFUSAL ? entry->asked : entry->kind;
}

uint64_t field_value(const struct lgp_entry *entry, enum field field)
{
	switch (field) {
	case FIELD_ACTOR:
		return entry->actor;
	case FIELD_STAFF:
		return entry->staff;
	case FIELD_CUSTOMER:
		return entry->customer;
	case FIELD_SITE:
		return entry->site;
	case FIELD_BUDGET:
		return entry->budget;
	case FIELD_REASON:
		return entry->reason;
	case FIELD_TOUCHPOINT:
		return entry->touchpoint;
	case FIELD_UNIT:
		return entry->unit;
	default:
		return 0;
	}
}

const char *field_name(enum field field)
{
	require(field < FIELD_COUNT);
	return field_names[field];
}

/* A refused reversal names whom the entry named that it would have reversed,
 * an import's party as well. */
static bool takes_customer(const struct lgp_entry *entry, enum lgp_kind kind)
{
	if (entry->kind == LGP_KIND_REFUSAL && entry->asked == LGP_KIND_REVERSAL)
		return kind == LGP_KIND_CUSTOMER || kind == LGP_KIND_PARTY;
	enum lgp_kind meant = kind_meant(entry);
	bool import = meant == LGP_KIND_IMPORT || meant == LGP_KIND_PARTY;
	return kind == (import ? LGP_KIND_PARTY : LGP_KIND_CUSTOMER);
}

bool field_takes(const struct lgp_entry *entry, enum field field, enum lgp_kind kind)
{
	switch (field) {
	case FIELD_ACTOR:
		return kind == LGP_KIND_STAFF || kind == LGP_KIND_CUSTOMER ||
		       kind == LGP_KIND_TOKEN;
	case FIELD_STAFF:
		return kind == LGP_KIND_STAFF;
	case FIELD_CUSTOMER:
		return takes_customer(entry, kind);
	case FIELD_SITE:
		return kind == LGP_KIND_SITE;
	case FIELD_BUDGET:
		return kind == LGP_KIND_BUDGET;
	case FIELD_REASON:
		return kind == LGP_KIND_REASON;
	case FIELD_TOUCHPOINT:
		return kind == LGP_KIND_TOUCHPOINT;
	case FIELD_UNIT:
		return kind == LGP_KIND_UNIT;
	default:
		return false;
	}
}
