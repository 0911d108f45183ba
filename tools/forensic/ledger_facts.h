/* ledger_facts: what the tests that need a ledger read of it, once: acts of giving
 * and what became of them, with the programme of the moment.
 * Thread: one at a time.
 *
 * Memory: 80 bytes an act (grants, asks, refused grants, reversals, imports), the
 * definitions, and their versions of limits. */
#ifndef LAGNIAPPE_FORENSIC_LEDGER_FACTS_H
#define LAGNIAPPE_FORENSIC_LEDGER_FACTS_H

#include "tools/audit/programme.h"
#include "tools/forensic/ledger_command.h"
#include "tools/forensic/ledger_hours.h"
#include "tools/forensic/ledger_index.h"
#include "tools/forensic/ledger_limits.h"
#include "tools/forensic/spending.h"

#define LEDGER_NOBODY UINT32_MAX /* a number that no entry of a ledger this long has */
#define LEDGER_UNITS_MAX 16      /* judged in one run */
#define LEDGER_REMAINING_UNKNOWN (-1)

struct ledger_act {
	int64_t amount, time_us;
	int64_t remaining; /* of a refusal by a limit: what it would still let pass */
	uint32_t seq, refers_to;
	uint32_t staff, actor, party, site, budget, reason, unit;
	uint32_t incident;       /* a number for each name of an incident, 0 none */
	uint32_t limit;          /* of a refusal: the version that bound */
	int32_t date, outside_s; /* seconds from the site's hours; HOURS_UNKNOWN */
	uint16_t code;           /* enum lgp_problem, of a refusal */
	uint8_t kind;            /* enum lgp_kind */
	bool manager : 1, refund : 1;
	bool wanted : 1; /* of the days, site and staff asked for; others are context */
};

struct ledger_unit {
	uint32_t number;
	size_t grants, imports; /* wanted */
};

struct ledger_facts {
	struct ledger_command *command; /* borrowed */
	struct programme programme;     /* as the ledger ends */
	struct hours hours;
	struct ledger_limits limits;
	struct ledger_index accounts; /* (customer, 0) -> uint32_t: whose own it is or was */
	struct spendings incidents;   /* their names alone */
	struct ledger_act *acts;      /* owned, in the order of their numbers */
	size_t count, room;
	struct ledger_unit units[LEDGER_UNITS_MAX]; /* of wanted acts, as they appear */
	size_t unit_count;
	bool more_units; /* than there is room for */
	bool excluding_imports;
};

LGP_MUST_USE enum lgp_status ledger_facts_init(struct ledger_facts *facts,
                                               struct ledger_command *command);
void ledger_facts_deinit(struct ledger_facts *facts);
/* Reads the book.  LGP_OVERLOAD: more entries than 32 bits number; faults of
 * book_read; LGP_CORRUPT: definitions that refer to nothing. */
LGP_MUST_USE enum lgp_status ledger_facts_read(struct ledger_facts *facts);

/* NULL: no act has this number. */
const struct ledger_act *ledger_act_find(const struct ledger_facts *facts, uint32_t seq);
/* Who did it: of an approval and a reversal who approved and reversed, else in
 * whose name it was. */
uint32_t ledger_act_person(const struct ledger_act *act);
/* A grant that an approval made. */
bool ledger_act_approval(const struct ledger_act *act);
/* A grant, asked for by nobody else's leave: given by its staff at once. */
bool ledger_act_given(const struct ledger_act *act);
/* Whose own account the customer is, by any definition; 0: nobody's. */
uint32_t ledger_account_of(const struct ledger_facts *facts, uint32_t customer);

/* Whether the customer is the person's own account, or of their household, by what the
 * ledger has in the end. */
bool ledger_own(const struct ledger_facts *facts, uint32_t person, uint32_t customer);

/* The rows of one unit, for the tests of tests.h: grants, or imports (ledger_rows.c).
 * LGP_NO_MEMORY, LGP_OVERLOAD. */
LGP_MUST_USE enum lgp_status ledger_rows(const struct ledger_facts *facts, uint32_t unit,
                                         bool imports, struct spendings *out);

#endif
