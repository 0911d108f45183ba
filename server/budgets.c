/* budgets: what a budget holds, and allotments to it.
 * Thread: the exchange's loop. */
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/grants.h"
#include "server/nouns.h"
#include "server/request.h"
#include "server/visible.h"
#include "server/words.h"

enum { ALLOTMENT_AMOUNT, ALLOTMENT_NOTE };
static const struct body_field allotment_fields[] = {
        {"amount", BODY_INTEGER, BODY_REQUIRED, NULL, -INT64_MAX, INT64_MAX,
         "minor units; below zero takes back"},
        {"note", BODY_WORDS, BODY_PERSONAL, NULL, 1, PEOPLE_WORDS_MAX, "why; sealed"},
};
const struct body_table allotment_table = {
        "Allotment", sizeof allotment_fields / sizeof allotment_fields[0], allotment_fields};

void allotments_post(struct request *request)
{
	const struct body_value *value = request->worker->body.value;
	const struct body_value *note = &value[ALLOTMENT_NOTE];
	if (value[ALLOTMENT_AMOUNT].number == 0) {
		problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "amount",
		              "amount must not be zero");
		return;
	}
	struct job *job = job_new(request, &grant_act, sizeof *job);
	if (job == NULL)
		return;
	struct lgp_command *command = &job->line.command;
	command->kind = LGP_KIND_ALLOTMENT;
	command->amount = value[ALLOTMENT_AMOUNT].number;
	/* What can be no budget's id is none's: the ledger says so, behind the key. */
	require(lgp_slug_set(&command->budget,
	                     lgp_slug_valid(request->id) ? request->id : LGP_VIEW("?")));
	if (request_key(request, command) &&
	    words_take(request, job, &job->line, PEOPLE_HOUSE,
	               note->present ? note->text : (struct lgp_view){NULL, 0},
	               request->exchange->body))
		job_send(request, job);
	else
		job_drop(job);
}

/* ---- GET ---------------------------------------------------------------------------------- */

/* Staff see the budgets that they spend from. */
static bool may_see(struct request *request, uint64_t budget)
{
	bool good = visible_budget(request, budget);
	if (!good)
		problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, NULL,
		              "this budget is not open to you");
	return good;
}

/* One member, minus or plus an account's balance. */
static enum lgp_status write_amounts(struct worker *worker, struct buf *out, uint64_t budget,
                                     uint64_t unit)
{
	enum { AVAILABLE, RESERVED, ISSUED, HISTORY, CLASSES };
	static const enum lgp_class classes[CLASSES] = {LGP_CLASS_BUDGET, LGP_CLASS_RESERVED,
	                                                LGP_CLASS_ISSUANCE, LGP_CLASS_HISTORY};
	int64_t balance[CLASSES];
	enum lgp_status status =
	        lgp_read_balances(worker->reader, budget, unit, classes, CLASSES, balance);
	if (status != LGP_OK)
		return status;
	json_write_int(out, "available", balance[AVAILABLE]);
	json_write_int(out, "allotted", -balance[ISSUED]);
	json_write_int(out, "reserved", balance[RESERVED]);
	json_write_int(out, "spent", -balance[ISSUED] - balance[AVAILABLE] - balance[RESERVED]);
	json_write_int(out, "imported", -balance[HISTORY]);
	return LGP_OK;
}

void budgets_get(struct request *request)
{
	const struct lgp_noun *noun = lgp_noun_of(LGP_KIND_BUDGET);
	struct lgp_ledger *ledger = request->app->ledger;
	struct buf *out = request->exchange->out;
	uint64_t number = noun_find(request, noun);
	if (number == 0 || !may_see(request, number))
		return;
	lgp_registry_lock(ledger);
	const struct lgp_record *record = lgp_registry_get(ledger, number);
	uint64_t unit = record->as.budget.unit;
	lgp_registry_unlock(ledger);
	buf_text(out, "{");
	enum lgp_status status =
	        noun_write_now(request->worker, out, noun, number, request->principal.role);
	if (status == LGP_OK)
		status = write_amounts(request->worker, out, number, unit);
	if (status == LGP_OK)
		answer_end(request->exchange, 200);
	else
		problem_fault(request->exchange, status, "budget");
}
