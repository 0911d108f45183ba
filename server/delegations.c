/* delegations: one manager's authority, lent for a time.  They are registered
 * and listed as nouns are; here is what goes by their number.
 * Thread: the exchange's loop. */
#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/nouns.h"

#include <string.h>

/* "d-" and the number; 0: 404 is answered. */
static uint64_t find_delegation(struct request *request)
{
	struct lgp_ledger *ledger = request->app->ledger;
	struct lgp_view id = request->id;
	uint64_t number = 0;
	bool found = false;
	if (id.len > 2 && memcmp(id.ptr, "d-", 2) == 0 &&
	    lgp_decimal_parse((struct lgp_view){id.ptr + 2, id.len - 2}, &number) == LGP_OK) {
		lgp_registry_lock(ledger);
		const struct lgp_record *record = lgp_registry_get(ledger, number);
		found = record != NULL && record->kind == LGP_KIND_DELEGATION;
		lgp_registry_unlock(ledger);
	}
	if (!found)
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "id",
		              "there is no delegation of this id");
	return found ? number : 0;
}

void delegations_get(struct request *request)
{
	uint64_t number = find_delegation(request);
	if (number == 0)
		return;
	buf_text(request->exchange->out, "{");
	enum lgp_status status =
	        noun_write_now(request->worker, request->exchange->out,
	                       lgp_noun_of(LGP_KIND_DELEGATION), number, request->principal.role);
	if (status == LGP_OK)
		answer_end(request->exchange, 200);
	else
		problem_fault(request->exchange, status == LGP_MISSING ? LGP_OVERLOAD : status,
		              "delegation");
}

static void answer_ended(struct worker *worker, struct exchange *exchange, struct job *job)
{
	(void)worker;
	if (job->line.problem != LGP_PROBLEM_NONE)
		answer_problem(exchange, &job->line);
	else
		http_reply(exchange, 204, "application/json");
}

void delegations_delete(struct request *request)
{
	static const struct act act = {.answer = answer_ended};
	uint64_t number = find_delegation(request);
	if (number == 0)
		return;
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	job->line.command.kind = LGP_KIND_DELEGATION_END;
	job->line.command.refers_to = number;
	job_send(request, job);
}
