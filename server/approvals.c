/* approvals: grants that wait for somebody's decision, and deciding.
 * Thread: the exchange's loop. */
#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/auth.h"
#include "server/endpoints.h"
#include "server/grants.h"
#include "server/request.h"
#include "server/visible.h"
#include "server/words.h"

#define CHUNK 64

enum { DECISION_NOTE };
static const struct body_field decision_fields[] = {
        {"note", BODY_WORDS, BODY_PERSONAL, NULL, 1, PEOPLE_WORDS_MAX, "why; sealed"},
};
const struct body_table decision_table = {
        "Decision", sizeof decision_fields / sizeof decision_fields[0], decision_fields};

/* ---- what waits ------------------------------------------------------------------------ */

/* Whether the delegation runs, is of this matter, and its giver could decide on it.
 * entry NULL: of any matter. */
static bool lends(const struct lgp_ledger *ledger, const struct lgp_record *delegation,
                  const struct lgp_entry *entry, int32_t today, int64_t now)
{
	const struct lgp_span *span = &delegation->as.delegation.span;
	uint64_t site = delegation->as.delegation.site, budget = delegation->as.delegation.budget,
	         reason = delegation->as.delegation.reason;
	const struct lgp_record *giver = lgp_registry_get(ledger, delegation->as.delegation.from);
	if (today >= span->until_day || now >= span->until_us)
		return false;
	return entry == NULL ||
	       (delegation->as.delegation.unit == entry->unit &&
	        entry->amount <= delegation->as.delegation.ceiling &&
	        (site == 0 || site == entry->site) && (budget == 0 || budget == entry->budget) &&
	        (reason == 0 || reason == entry->reason) &&
	        giver->as.staff.role == LGP_ROLE_MANAGER && today >= giver->as.staff.active_from &&
	        today < giver->as.staff.active_until && lgp_staff_at_site(giver, entry->site));
}

/* Whether somebody's authority over it, NULL: over anything, is lent to who asks. */
static bool delegated(struct request *request, const struct lgp_entry *entry)
{
	struct lgp_ledger *ledger = request->app->ledger;
	const struct principal *who = &request->principal;
	const struct lgp_record *at;
	int64_t now = app_time_us();
	int32_t today;
	bool found = false;
	if (calendar_date(request->worker->calendar, (struct lgp_view){who->zone, who->zone_len},
	                  now, &today) != LGP_OK)
		return false;
	lgp_registry_lock(ledger);
	for (size_t i = 0;
	     !found && (at = lgp_registry_delegation(ledger, who->subject, i)) != NULL; i++)
		found = at->as.delegation.to == who->subject &&
		        lends(ledger, at, entry, today, now);
	lgp_registry_unlock(ledger);
	return found;
}

static bool may_see(struct request *request, const struct lgp_entry *entry)
{
	const struct principal *who = &request->principal;
	if (entry->staff == who->subject || entry->actor == who->subject)
		return true; /* one's own, to withdraw it */
	if (who->role == LGP_ROLE_MANAGER && auth_at_site(request, entry->site))
		return true;
	return delegated(request, entry);
}

/* Writes those of a chunk that may be seen, until the page is full. */
static enum lgp_status write_chunk(struct request *request, const uint64_t *numbers, size_t count,
                                   uint64_t *written, uint64_t *after)
{
	struct buf *out = request->exchange->out;
	struct lgp_entry entry;
	for (size_t i = 0; i < count && *written < request->page_size; i++) {
		enum lgp_status status =
		        lgp_read_entry(request->worker->reader, numbers[i], &entry);
		if (status != LGP_OK)
			return status;
		*after = numbers[i];
		if (!may_see(request, &entry))
			continue;
		buf_text(out, *written > 0 ? ",{" : "{");
		answer_entry(request->worker, out, &entry, false);
		words_write(request->worker, out, &entry);
		buf_text(out, "}");
		++*written;
	}
	return LGP_OK;
}

void approvals_list(struct request *request)
{
	struct lgp_ledger *ledger = request->app->ledger;
	struct buf *out = request->exchange->out;
	uint64_t numbers[CHUNK], after = 0, written = 0;
	size_t count = 1;
	if (request->page_token.len > 0 &&
	    lgp_decimal_parse(request->page_token, &after) != LGP_OK) {
		problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "page_token",
		              "page_token must be a next_page_token as answered");
		return;
	}
	buf_text(out, "{\"approvals\":[");
	while (count > 0 && written < request->page_size) {
		lgp_pending(ledger, after, numbers, CHUNK, &count);
		enum lgp_status status = write_chunk(request, numbers, count, &written, &after);
		if (status != LGP_OK) {
			problem_fault(request->exchange, status, "approvals");
			return;
		}
	}
	if (written == 0 && request->page_token.len == 0 &&
	    request->principal.role != LGP_ROLE_MANAGER && !delegated(request, NULL)) {
		problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, NULL,
		              "what waits for approval is for managers, for those to whom they "
		              "delegated, and for who asked; nothing of yours waits");
		return;
	}
	buf_text(out, "]");
	lgp_pending(ledger, after, numbers, 1, &count);
	if (count > 0) {
		char token[20];
		json_write_text(out, "next_page_token",
		                (struct lgp_view){token, lgp_decimal_format(token, after)});
	}
	answer_end(request->exchange, 200);
}

/* ---- deciding ------------------------------------------------------------------------------ */

/* The ask that {id} names, and whose it is.  What is none goes to the ledger as a
 * number that nothing has: a key that acted before comes first.  False: answered. */
static bool find_ask(struct request *request, uint64_t *seq, uint64_t *customer)
{
	struct lgp_entry ask;
	enum lgp_status status = lgp_decimal_parse(request->id, seq);
	if (status == LGP_OK)
		status = lgp_read_entry(request->worker->reader, *seq, &ask);
	if (status != LGP_OK && status != LGP_MISSING && status != LGP_MALFORMED) {
		problem_fault(request->exchange, status, "approval");
		return false;
	}
	bool found = status == LGP_OK && ask.kind == LGP_KIND_ASK;
	*seq = found ? *seq : UINT64_MAX;
	*customer = found ? ask.customer : UINT64_MAX;
	return true;
}

static void decide(struct request *request, enum lgp_kind kind)
{
	const struct body_value *note = &request->worker->body.value[DECISION_NOTE];
	struct lgp_view words = note->present ? note->text : (struct lgp_view){NULL, 0};
	uint64_t customer;
	struct job *job = job_new(request, &grant_act, sizeof *job);
	if (job == NULL)
		return;
	struct lgp_command *command = &job->line.command;
	command->kind = kind;
	if (request_key(request, command) && find_ask(request, &command->refers_to, &customer) &&
	    words_take(request, job, &job->line, customer, words, request->exchange->body)) {
		job->balance_unseen = job->dry && !visible_balance(request, customer);
		job_send(request, job);
	} else {
		job_drop(job);
	}
}

void approvals_approve(struct request *request)
{
	decide(request, LGP_KIND_GRANT);
}

void approvals_decline(struct request *request)
{
	decide(request, LGP_KIND_DECLINE);
}
