/* accounts: what a customer holds, and how it came.
 * Thread: the exchange's loop. */
#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/customers.h"
#include "server/endpoints.h"
#include "server/visible.h"
#include "server/words.h"

#define PASSED_OVER_MAX 4096 /* entries that one step of a statement does not show */

/* ---- balances ------------------------------------------------------------------------- */

static size_t list_units(struct lgp_ledger *ledger, uint64_t *numbers, size_t max)
{
	const struct lgp_record *record;
	uint64_t after = 0;
	size_t count = 0;
	lgp_registry_lock(ledger);
	while (count < max && (record = lgp_registry_next(ledger, LGP_KIND_UNIT, after)) != NULL)
		numbers[count++] = after = record->number;
	lgp_registry_unlock(ledger);
	return count;
}

static enum lgp_status write_balance(struct worker *worker, struct buf *out, uint64_t customer,
                                     uint64_t unit)
{
	enum { GIVEN, EARNED, HELD, CLASSES };
	static const enum lgp_class classes[CLASSES] = {LGP_CLASS_CUSTOMER, LGP_CLASS_EARNED,
	                                                LGP_CLASS_HELD};
	int64_t balance[CLASSES];
	enum lgp_status status =
	        lgp_read_balances(worker->reader, customer, unit, classes, CLASSES, balance);
	if (status != LGP_OK)
		return status;
	buf_text(out, "{");
	answer_name(worker, out, "unit", unit);
	json_write_int(out, "available", balance[GIVEN] + balance[EARNED]);
	json_write_int(out, "held", balance[HELD]);
	buf_text(out, "}");
	return LGP_OK;
}

void balances_get(struct request *request)
{
	uint64_t units[PAGE_SIZE_MAX];
	struct lgp_party party;
	struct buf *out = request->exchange->out;
	uint64_t customer = customer_find(request, &party);
	if (customer == 0)
		return;
	size_t count = list_units(request->app->ledger, units, PAGE_SIZE_MAX);
	buf_text(out, "{\"balances\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_text(out, ",");
		enum lgp_status status = write_balance(request->worker, out, customer, units[i]);
		if (status != LGP_OK) {
			problem_fault(request->exchange, status, "balance");
			return;
		}
	}
	buf_text(out, "]");
	answer_end(request->exchange, 200);
}

/* ---- the statement ---------------------------------------------------------------------- */

/* left_out: refusals between this entry and the one before it that is shown. */
static void write_entry(struct request *request, const struct lgp_entry *entry, uint64_t left_out,
                        bool first)
{
	struct buf *out = request->exchange->out;
	buf_text(out, first ? "{" : ",{");
	answer_entry(request->worker, out, entry, false);
	if (entry->prev_customer != 0)
		json_write_int(out, "previous", (int64_t)entry->prev_customer);
	if (left_out > 0)
		json_write_int(out, "refusals_left_out", (int64_t)left_out);
	buf_text(out, ",\"receipt_url\":\"/v1/receipts/");
	buf_decimal(out, entry->seq);
	buf_text(out, "\"");
	/* What was said is for those to whom it was said. */
	if (request->principal.role != LGP_ROLE_AUDITOR)
		words_write(request->worker, out, entry);
	buf_text(out, "}");
}

/* Where the page begins: the newest entry, or where the page before ended. */
static bool first_entry(struct request *request, uint64_t customer, const struct lgp_party *party,
                        uint64_t *seq)
{
	struct lgp_entry entry;
	*seq = party->last;
	if (request->page_token.len == 0)
		return true;
	if (lgp_decimal_parse(request->page_token, seq) == LGP_OK && *seq <= party->last &&
	    lgp_read_entry(request->worker->reader, *seq, &entry) == LGP_OK &&
	    entry.customer == customer)
		return true;
	problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "page_token",
	              "page_token must be a next_page_token as answered");
	return false;
}

/* The newest entry from seq on that who asks may see, and how many are passed over;
 * *seq 0: there is none.  A run of refusals longer than the bound ends the page. */
static enum lgp_status next_shown(const struct request *request, uint64_t *seq,
                                  struct lgp_entry *entry, uint64_t *passed)
{
	*passed = 0;
	while (*seq != 0) {
		enum lgp_status status = lgp_read_entry(request->worker->reader, *seq, entry);
		if (status != LGP_OK || visible_entry(request, entry) ||
		    request->principal.role != LGP_ROLE_CUSTOMER || *passed == PASSED_OVER_MAX)
			return status;
		++*passed;
		*seq = entry->prev_customer;
	}
	return LGP_OK;
}

/* Writes a page from *seq on, and leaves in it where the next one begins. */
static enum lgp_status write_statement(struct request *request, uint64_t *seq)
{
	struct lgp_entry entry = {0}, next = {0};
	uint64_t passed, left_out, written = 0;
	enum lgp_status status = next_shown(request, seq, &entry, &passed);
	while (status == LGP_OK && *seq != 0 && written < request->page_size &&
	       passed < PASSED_OVER_MAX) {
		*seq = entry.prev_customer;
		status = next_shown(request, seq, &next, &left_out);
		write_entry(request, &entry, left_out, written == 0);
		written++;
		entry = next;
		passed = left_out;
	}
	return status;
}

void statement_get(struct request *request)
{
	struct lgp_party party;
	struct buf *out = request->exchange->out;
	uint64_t seq, customer = customer_find(request, &party);
	if (customer == 0 || !first_entry(request, customer, &party, &seq))
		return;
	buf_text(out, "{\"entries\":[");
	enum lgp_status status = write_statement(request, &seq);
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "statement");
		return;
	}
	buf_text(out, "]");
	if (seq != 0) {
		char token[20];
		json_write_text(out, "next_page_token",
		                (struct lgp_view){token, lgp_decimal_format(token, seq)});
	}
	answer_end(request->exchange, 200);
}
