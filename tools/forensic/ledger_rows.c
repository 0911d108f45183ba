/* ledger_rows: one unit's grants, or its imports, as rows of spending.
 * Thread: one at a time. */
#include <stdio.h>

#include "tools/forensic/ledger_facts.h"

/* Names are looked up once each, by the number that the ledger has for them. */
struct namer {
	const struct ledger_facts *facts;
	struct spendings *out;
	struct ledger_index known; /* (number, 0) -> uint32_t: the name's number in out, and one */
};

static uint32_t name_of(struct namer *namer, enum lgp_kind kind, uint32_t number)
{
	char text[BOOK_NAME_MAX];
	uint32_t *known = number != 0 ? ledger_index_put(&namer->known, number, 0) : NULL;
	if (known == NULL) {
		namer->out->failed |= number != 0;
		return 0;
	}
	if (*known == 0)
		*known = 1 + spendings_name(namer->out,
		                            lgp_view_of(book_name(namer->facts->command->book, kind,
		                                                  number, text)));
	return *known - 1;
}

static enum lgp_status add_row(struct namer *namer, const struct ledger_act *act)
{
	bool import = act->kind == LGP_KIND_IMPORT;
	const char *incident = spendings_text(&namer->facts->incidents, act->incident);
	struct spending row = {
	        .ref = act->seq,
	        .amount = act->refund ? -act->amount : act->amount,
	        /* An import's time is that of importing. */
	        .time_us = import ? SPENDING_NO_TIME : act->time_us,
	        .date = act->date,
	        .staff = name_of(namer, LGP_KIND_STAFF, act->staff),
	        .party = name_of(namer, import ? LGP_KIND_PARTY : LGP_KIND_CUSTOMER, act->party),
	        .incident = spendings_name(namer->out, lgp_view_of(incident)),
	        .reason = name_of(namer, LGP_KIND_REASON, act->reason),
	        .site = name_of(namer, LGP_KIND_SITE, act->site),
	        .manager = act->manager,
	};
	if (namer->out->failed)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the names");
	return spendings_add(namer->out, &row);
}

static enum lgp_status add_rows(struct namer *namer, uint32_t unit, enum lgp_kind kind)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < namer->facts->count && status == LGP_OK; i++) {
		const struct ledger_act *act = &namer->facts->acts[i];
		if (act->wanted && act->unit == unit && act->kind == kind)
			status = add_row(namer, act);
	}
	return status;
}

enum lgp_status ledger_rows(const struct ledger_facts *facts, uint32_t unit, bool imports,
                            struct spendings *out)
{
	struct namer namer = {.facts = facts, .out = out};
	char text[BOOK_NAME_MAX];
	const struct book *book = facts->command->book;
	enum lgp_status status = ledger_index_init(&namer.known, sizeof(uint32_t));
	out->scale = book_scale(book, unit);
	if (unit != 0)
		snprintf(out->unit, sizeof out->unit, "%s",
		         book_name(book, LGP_KIND_UNIT, unit, text));
	if (status == LGP_OK)
		status = add_rows(&namer, unit, imports ? LGP_KIND_IMPORT : LGP_KIND_GRANT);
	ledger_index_deinit(&namer.known);
	return status;
}
