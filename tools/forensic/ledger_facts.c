/* ledger_facts: see ledger_facts.h.  Thread: one at a time. */
#include "tools/forensic/ledger_facts.h"

#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/problem.h"
#include "tools/audit/text.h"

#define ACTS_FIRST 1024

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for what was given");
}

enum lgp_status ledger_facts_init(struct ledger_facts *facts, struct ledger_command *command)
{
	*facts = (struct ledger_facts){.command = command};
	enum lgp_status status = programme_init(&facts->programme);
	if (status == LGP_OK)
		status = hours_init(&facts->hours);
	if (status == LGP_OK)
		status = ledger_limits_init(&facts->limits);
	if (status == LGP_OK)
		status = ledger_index_init(&facts->accounts, sizeof(uint32_t));
	return status == LGP_OK ? spendings_init(&facts->incidents, "incident") : status;
}

void ledger_facts_deinit(struct ledger_facts *facts)
{
	programme_deinit(&facts->programme);
	hours_deinit(&facts->hours);
	ledger_limits_deinit(&facts->limits);
	ledger_index_deinit(&facts->accounts);
	spendings_deinit(&facts->incidents);
	free(facts->acts);
}

/* ---- definitions ------------------------------------------------------------------------- */

static uint32_t narrow(uint64_t number)
{
	return number < LEDGER_NOBODY ? (uint32_t)number : LEDGER_NOBODY;
}

/* An account stays its owner's: what was given before it was said counts too. */
static enum lgp_status note_account(struct ledger_facts *facts, uint64_t staff,
                                    const struct lgp_definition *definition)
{
	uint64_t customer = definition_number(definition, "customer");
	if (customer == 0)
		return LGP_OK;
	uint32_t *owner = ledger_index_put(&facts->accounts, narrow(customer), 0);
	if (owner == NULL)
		return LGP_NO_MEMORY;
	*owner = narrow(staff);
	return LGP_OK;
}

static enum lgp_status define(struct ledger_facts *facts, const struct book *book,
                              const struct lgp_entry *entry)
{
	uint64_t number = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
	const struct book_noun *noun = book_noun(book, number);
	if (noun == NULL)
		return LGP_OK;
	enum lgp_status status = programme_define(&facts->programme, entry, &noun->definition);
	if (status != LGP_OK)
		return status;
	switch (entry->kind) {
	case LGP_KIND_SITE:
		return hours_define(&facts->hours, number, &noun->definition);
	case LGP_KIND_STAFF:
		return note_account(facts, number, &noun->definition);
	case LGP_KIND_LIMIT:
		return ledger_limits_define(&facts->limits, &facts->programme, entry,
		                            &noun->definition);
	default:
		return LGP_OK;
	}
}

/* ---- acts ---------------------------------------------------------------------------------- */

static bool is_act(const struct ledger_facts *facts, const struct lgp_entry *entry)
{
	switch (entry->kind) {
	case LGP_KIND_GRANT:
	case LGP_KIND_ASK:
	case LGP_KIND_REVERSAL:
		return true;
	case LGP_KIND_IMPORT:
		return !facts->excluding_imports;
	default:
		return entry->kind == LGP_KIND_REFUSAL && entry->asked == LGP_KIND_GRANT;
	}
}

/* What a refusal by a limit tells of it. */
static enum lgp_status read_remaining(const struct book *book, const struct lgp_entry *entry,
                                      int64_t *remaining)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_view payload;
	uint64_t number;
	*remaining = LEDGER_REMAINING_UNKNOWN;
	if (entry->kind != LGP_KIND_REFUSAL || entry->code != LGP_PROBLEM_LIMIT_EXCEEDED)
		return LGP_OK;
	enum lgp_status status = book_payload(book, entry, text, &payload);
	if (status != LGP_OK || payload.ptr == NULL)
		return status;
	if (lgp_decimal_parse(text_line(payload, "remaining"), &number) == LGP_OK &&
	    number <= INT64_MAX)
		*remaining = (int64_t)number;
	return LGP_OK;
}

static struct ledger_unit *unit_of(struct ledger_facts *facts, uint32_t number)
{
	for (size_t i = 0; i < facts->unit_count; i++)
		if (facts->units[i].number == number)
			return &facts->units[i];
	if (facts->unit_count == LEDGER_UNITS_MAX) {
		facts->more_units = true;
		return NULL;
	}
	facts->units[facts->unit_count].number = number;
	return &facts->units[facts->unit_count++];
}

static void note_unit(struct ledger_facts *facts, const struct ledger_act *act)
{
	struct ledger_unit *unit = act->wanted && act->unit != 0 ? unit_of(facts, act->unit) : NULL;
	if (unit == NULL)
		return;
	unit->grants += act->kind == LGP_KIND_GRANT;
	unit->imports += act->kind == LGP_KIND_IMPORT;
}

static struct ledger_act *new_act(struct ledger_facts *facts)
{
	if (facts->count == facts->room) {
		size_t room = facts->room == 0 ? ACTS_FIRST : facts->room * 2;
		struct ledger_act *more = reallocarray(facts->acts, room, sizeof *more);
		if (more == NULL)
			return NULL;
		facts->acts = more;
		facts->room = room;
	}
	return &facts->acts[facts->count++];
}

/* By what tells incidents apart: INC-7 and inc-7 are one. */
static uint32_t note_incident(struct ledger_facts *facts, const struct lgp_entry *entry)
{
	char name[LGP_SLUG_MAX];
	incident_name(entry->incident, name);
	return spendings_name(&facts->incidents,
	                      (struct lgp_view){name, strnlen(name, sizeof name)});
}

static void fill_act(struct ledger_facts *facts, const struct lgp_entry *entry,
                     struct ledger_act *act)
{
	*act = (struct ledger_act){
	        .amount = entry->amount,
	        .time_us = entry->time_us,
	        .seq = narrow(entry->seq),
	        .refers_to = narrow(entry->refers_to),
	        .staff = narrow(entry->staff),
	        .actor = narrow(entry->actor),
	        .party = narrow(entry->customer),
	        .site = narrow(entry->site),
	        .budget = narrow(entry->budget),
	        .reason = narrow(entry->reason),
	        .unit = narrow(entry->unit),
	        .incident = note_incident(facts, entry),
	        .limit = narrow(entry->limit),
	        .date = entry->business_date,
	        .outside_s = hours_outside(&facts->hours, entry->site, entry->time_us),
	        .code = entry->code,
	        .kind = (uint8_t)entry->kind,
	        .manager = (entry->flags & LGP_FLAG_MANAGER) != 0,
	        .refund = entry->credit == LGP_CLASS_HISTORY,
	        .wanted = ledger_command_takes(facts->command, entry),
	};
}

static enum lgp_status add_act(struct ledger_facts *facts, const struct book *book,
                               const struct lgp_entry *entry)
{
	struct ledger_act *act = new_act(facts);
	if (act == NULL)
		return no_memory();
	fill_act(facts, entry, act);
	if (facts->incidents.failed)
		return no_memory();
	note_unit(facts, act);
	return read_remaining(book, entry, &act->remaining);
}

static enum lgp_status note_household(struct ledger_facts *facts, const struct book *book,
                                      const struct lgp_entry *entry)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_view payload;
	enum lgp_status status = book_payload(book, entry, text, &payload);
	return status == LGP_OK ? programme_household(&facts->programme, entry, payload) : status;
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct ledger_facts *facts = context;
	ledger_command_note(facts->command, entry);
	if (lgp_noun_of(entry->kind) != NULL)
		return define(facts, book, entry);
	if (entry->kind == LGP_KIND_CUSTOMER)
		return note_household(facts, book, entry);
	if (entry->kind == LGP_KIND_LIMIT_END)
		ledger_limits_end(&facts->limits, entry);
	return is_act(facts, entry) ? add_act(facts, book, entry) : LGP_OK;
}

enum lgp_status ledger_facts_read(struct ledger_facts *facts)
{
	if (book_size(facts->command->book) >= LEDGER_NOBODY)
		return lgp_fault(LGP_OVERLOAD,
		                 "the ledger has more entries than these tests number");
	return book_read(facts->command->book, visit, facts);
}

/* ---- questions ------------------------------------------------------------------------------ */

const struct ledger_act *ledger_act_find(const struct ledger_facts *facts, uint32_t seq)
{
	size_t low = 0, high = facts->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (facts->acts[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < facts->count && facts->acts[low].seq == seq ? &facts->acts[low] : NULL;
}

bool ledger_act_approval(const struct ledger_act *act)
{
	return act->kind == LGP_KIND_GRANT && act->refers_to != 0;
}

bool ledger_act_given(const struct ledger_act *act)
{
	return act->kind == LGP_KIND_GRANT && act->refers_to == 0;
}

uint32_t ledger_act_person(const struct ledger_act *act)
{
	return ledger_act_approval(act) || act->kind == LGP_KIND_REVERSAL ? act->actor : act->staff;
}

bool ledger_own(const struct ledger_facts *facts, uint32_t person, uint32_t customer)
{
	const struct staff *staff = programme_staff(&facts->programme, person);
	return staff != NULL && customer != 0 && programme_own(&facts->programme, staff, customer);
}

uint32_t ledger_account_of(const struct ledger_facts *facts, uint32_t customer)
{
	const uint32_t *owner =
	        customer != 0 ? ledger_index_find(&facts->accounts, customer, 0) : NULL;
	return owner != NULL ? *owner : 0;
}
