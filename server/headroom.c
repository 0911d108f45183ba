/* headroom: what a member of staff can still give, limit by limit and in the
 * budget.  It goes through the ledger thread, so that it is what the next grant
 * would be told.
 * Thread: the exchange's loop, save for prepare. */
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/grants.h"
#include "server/limit_use.h"

enum { ASK_CUSTOMER, ASK_UNIT, ASK_INCIDENT, ASK_REASON, ASK_BUDGET, ASK_SITE };
static const struct body_field headroom_fields[] = {
        {"customer", BODY_CUSTOMER, 0, NULL, 0, 0, "whom it would be for"},
        {"unit", BODY_CODE, 0, NULL, 0, 0, "the unit; the budget's when absent"},
        {"incident", BODY_INCIDENT, 0, NULL, 0, 0,
         "what it would make up for; INC-7 and inc-7 are one"},
        {"reason", BODY_SLUG, 0, NULL, 0, 0, "what for; limits for one reason count with it"},
        {"budget", BODY_SLUG, 0, NULL, 0, 0, "the budget; one's own when absent"},
        {"site", BODY_SLUG, 0, NULL, 0, 0, "the site; one's own when absent"},
};
const struct body_table headroom_table = {
        "Headroom", sizeof headroom_fields / sizeof headroom_fields[0], headroom_fields};

/* job->more. */
struct headroom {
	uint64_t budget, unit; /* of the budget */
};

/* Ledger thread. */
static enum lgp_status prepare(struct app *app, struct job *job, struct line *line)
{
	enum lgp_status status = limit_use_explain(app, job, line);
	line->settled = true;
	if (status == LGP_MISSING)
		line->problem = LGP_PROBLEM_NOT_FOUND;
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status write_budget(struct worker *worker, struct buf *out,
                                    const struct headroom *headroom)
{
	int64_t available = 0;
	enum lgp_status status = lgp_read_balance(worker->reader, LGP_CLASS_BUDGET,
	                                          headroom->budget, headroom->unit, &available);
	json_write_name(out, "budget");
	buf_text(out, "{");
	answer_name(worker, out, "id", headroom->budget);
	answer_name(worker, out, "unit", headroom->unit);
	json_write_int(out, "available", available);
	buf_text(out, "}");
	return status;
}

static void answer(struct worker *worker, struct exchange *exchange, struct job *job)
{
	struct buf *out = exchange->out;
	if (job->line.problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, &job->line);
		return;
	}
	buf_text(out, "{");
	limit_use_list(out, &job->line, false);
	enum lgp_status status = write_budget(worker, out, job->more);
	if (status == LGP_OK)
		answer_end(exchange, 200);
	else
		problem_fault(exchange, status, "headroom");
}

static bool wrong(struct request *request, enum lgp_problem problem, const char *field,
                  const char *detail)
{
	problem_reply(request->exchange, problem, field, "%s", detail);
	return false;
}

static bool known(struct request *request, enum lgp_kind noun, const struct body_value *value,
                  const char *field)
{
	struct lgp_ledger *ledger = request->app->ledger;
	if (!value->present)
		return true;
	lgp_registry_lock(ledger);
	bool found = lgp_registry_find(ledger, noun, value->text) != NULL;
	lgp_registry_unlock(ledger);
	return found || wrong(request, LGP_PROBLEM_NOT_FOUND, field, "");
}

/* Names that the query gives exist; else which one does not. */
static bool names_known(struct request *request, const struct body_value *value)
{
	if (request->worker->body.customer_unknown)
		return wrong(request, LGP_PROBLEM_NOT_FOUND, "customer",
		             "there is no customer of this id");
	return known(request, LGP_KIND_UNIT, &value[ASK_UNIT], "unit") &&
	       known(request, LGP_KIND_REASON, &value[ASK_REASON], "reason") &&
	       known(request, LGP_KIND_BUDGET, &value[ASK_BUDGET], "budget") &&
	       known(request, LGP_KIND_SITE, &value[ASK_SITE], "site");
}

/* The budget that the query names, or the member of staff's own. */
static bool find_budget(struct request *request, const struct body_value *named,
                        struct headroom *out)
{
	struct lgp_ledger *ledger = request->app->ledger;
	const struct lgp_record *staff, *budget = NULL;
	bool allowed = false;
	lgp_registry_lock(ledger);
	staff = lgp_registry_get(ledger, request->principal.subject);
	if (staff != NULL && staff->kind == LGP_KIND_STAFF) {
		budget = named->present ? lgp_registry_find(ledger, LGP_KIND_BUDGET, named->text)
		                        : lgp_registry_get(ledger, staff->as.staff.budget);
		if (budget != NULL && budget->kind == LGP_KIND_BUDGET) {
			allowed = lgp_staff_has_budget(staff, budget->number);
			*out = (struct headroom){budget->number, budget->as.budget.unit};
		}
	}
	lgp_registry_unlock(ledger);
	if (out->budget == 0)
		return wrong(request, LGP_PROBLEM_INVALID, "budget",
		             "you have no budget of your own: name one");
	return allowed ||
	       wrong(request, LGP_PROBLEM_FORBIDDEN, "budget", "this budget is not open to you");
}

void headroom_get(struct request *request)
{
	static const struct act act = {.prepare = prepare, .answer = answer};
	const struct body_value *value = request->worker->body.value;
	struct headroom headroom = {0, 0};
	if (!names_known(request, value) || !find_budget(request, &value[ASK_BUDGET], &headroom))
		return;
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	struct lgp_command *command = &job->line.command;
	command->kind = LGP_KIND_GRANT;
	command->dry = true;
	command->customer = (uint64_t)value[ASK_CUSTOMER].number;
	command_slug(&command->unit, &value[ASK_UNIT]);
	command_slug(&command->incident, &value[ASK_INCIDENT]);
	command_slug(&command->reason, &value[ASK_REASON]);
	command_slug(&command->budget, &value[ASK_BUDGET]);
	command_slug(&command->site, &value[ASK_SITE]);
	struct headroom *kept = job_alloc(job, sizeof *kept);
	if (kept == NULL) {
		(void)wrong(request, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
		job_drop(job);
		return;
	}
	*kept = headroom;
	job->more = kept;
	job_send(request, job);
}
