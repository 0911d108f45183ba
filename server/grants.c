/* grants: grants, thanks and reversals.
 * Thread: the exchange's loop, save for what struct act gives the ledger thread. */
#include "server/grants.h"

#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/request.h"
#include "server/visible.h"
#include "server/words.h"

#include <assert.h>
#include <string.h>

#define FIELDS(fields) sizeof(fields) / sizeof(fields)[0], fields

static const struct body_field grant_fields[] = {GRANT_FIELD_LIST};
static_assert(sizeof grant_fields / sizeof grant_fields[0] == GRANT_FIELDS, "grant fields");
const struct body_table grant_table = {"Grant", FIELDS(grant_fields)};

enum {
	THANKS_CUSTOMER,
	THANKS_REASON,
	THANKS_MINUTES,
	THANKS_TOUCHPOINT,
	THANKS_INCIDENT,
	THANKS_WORDS
};
static const struct body_field thanks_fields[] = {
        {"customer", BODY_CUSTOMER, BODY_REQUIRED, NULL, 0, 0, "who is thanked"},
        {"reason", BODY_SLUG, BODY_REQUIRED, NULL, 0, 0, "the reason's id"},
        {"minutes", BODY_INTEGER, 0, NULL, 0, 100000, "time given"},
        {"touchpoint", BODY_SLUG, 0, NULL, 0, 0, "where it happened"},
        {"incident", BODY_INCIDENT, 0, NULL, 0, 0, "what it makes up for; INC-7 and inc-7 are one"},
        {"words", BODY_WORDS, BODY_PERSONAL, NULL, 1, PEOPLE_WORDS_MAX,
         "said to the customer; sealed"},
};
const struct body_table thanks_table = {"Thanks", FIELDS(thanks_fields)};

enum { REVERSE_NOTE, REVERSE_AMOUNT };
static const struct body_field reverse_fields[] = {
        {"note", BODY_WORDS, BODY_REQUIRED | BODY_PERSONAL, NULL, 1, PEOPLE_WORDS_MAX,
         "why; sealed"},
        {"amount", BODY_INTEGER, 0, NULL, 1, INT64_MAX,
         "minor units; all that is left when absent"},
};
const struct body_table reverse_table = {"Reversal", FIELDS(reverse_fields)};

const struct act grant_act = {.accepted = words_accepted, .answer = answer_job};

void command_slug(struct lgp_slug *out, const struct body_value *value)
{
	if (value->present)
		require(lgp_slug_set(out, value->text));
}

static struct lgp_view words_of(const struct body_value *value)
{
	return value->present ? value->text : (struct lgp_view){NULL, 0};
}

/* ---- grants ------------------------------------------------------------------------ */

static bool tell_time(struct job *job, struct line *line, int64_t time_us)
{
	static const char name[] = "occurred_at ";
	char *at = job_alloc(job, sizeof name + LGP_TIME_LEN);
	if (at == NULL)
		return false;
	memcpy(at, name, sizeof name - 1);
	lgp_time_format(at + sizeof name - 1, time_us);
	at[sizeof name - 1 + LGP_TIME_LEN] = '\n';
	line->command.payload = (struct lgp_view){at, sizeof name + LGP_TIME_LEN};
	return true;
}

/* Who may and must say in whose name. */
static const char *staff_wrong(const struct request *request, const struct body_value *value)
{
	enum lgp_role role = request->principal.role;
	bool own_name = role == LGP_ROLE_STAFF || role == LGP_ROLE_MANAGER;
	if (!own_name && !value[GRANT_STAFF].present)
		return "say who would give: staff (--staff ID) is needed from finance, auditors "
		       "and "
		       "integrations";
	if (own_name && value[GRANT_STAFF].present)
		return "staff grant in their own name: leave staff out";
	return NULL;
}

bool grant_fill(struct request *request, struct job *job, struct line *line,
                const struct body_value *value, const char **field, const char **detail)
{
	struct lgp_command *command = &line->command;
	*field = "staff";
	*detail = staff_wrong(request, value);
	if (*detail == NULL && value[GRANT_REPLACES].present) {
		*field = "replaces";
		*detail = "replacing is not taken yet: reverse the grant, then give the new one";
	}
	if (*detail != NULL)
		return false;
	command->kind = LGP_KIND_GRANT;
	command->customer = (uint64_t)value[GRANT_CUSTOMER].number;
	command->amount = value[GRANT_AMOUNT].number;
	command_slug(&command->unit, &value[GRANT_UNIT]);
	command_slug(&command->reason, &value[GRANT_REASON]);
	command_slug(&command->budget, &value[GRANT_BUDGET]);
	command_slug(&command->site, &value[GRANT_SITE]);
	command_slug(&command->incident, &value[GRANT_INCIDENT]);
	command_slug(&command->touchpoint, &value[GRANT_TOUCHPOINT]);
	command_slug(&command->staff, &value[GRANT_STAFF]);
	command->ask = value[GRANT_IF_OVER].present && value[GRANT_IF_OVER].number == 1;
	*field = "occurred_at";
	*detail = "memory ran out";
	return !value[GRANT_OCCURRED_AT].present ||
	       tell_time(job, line, value[GRANT_OCCURRED_AT].number);
}

/* The steps that single acts share once their command is filled: key, words; then
 * to the ledger, which alone says what does not exist: a key that acted before
 * comes first. */
static void send(struct request *request, struct job *job, uint64_t person, struct lgp_view words)
{
	job->balance_unseen = job->dry && !visible_balance(request, person);
	if (request_key(request, &job->line.command) &&
	    words_take(request, job, &job->line, person, words, request->exchange->body))
		job_send(request, job);
	else
		job_drop(job);
}

void grants_post(struct request *request)
{
	const struct body_value *value = request->worker->body.value;
	const char *field, *detail;
	struct job *job = job_new(request, &grant_act, sizeof *job);
	if (job == NULL)
		return;
	if (!grant_fill(request, job, &job->line, value, &field, &detail)) {
		problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, field, "%s", detail);
		job_drop(job);
		return;
	}
	send(request, job, job->line.command.customer, words_of(&value[GRANT_WORDS]));
}

/* ---- thanks ------------------------------------------------------------------------- */

void thanks_post(struct request *request)
{
	const struct body_value *value = request->worker->body.value;
	struct job *job = job_new(request, &grant_act, sizeof *job);
	if (job == NULL)
		return;
	struct lgp_command *command = &job->line.command;
	command->kind = LGP_KIND_THANKS;
	command->customer = (uint64_t)value[THANKS_CUSTOMER].number;
	command->amount = value[THANKS_MINUTES].number;
	command_slug(&command->reason, &value[THANKS_REASON]);
	command_slug(&command->touchpoint, &value[THANKS_TOUCHPOINT]);
	command_slug(&command->incident, &value[THANKS_INCIDENT]);
	send(request, job, command->customer, words_of(&value[THANKS_WORDS]));
}

/* ---- reversals ------------------------------------------------------------------------ */

void reverse_post(struct request *request)
{
	const struct body_value *value = request->worker->body.value;
	struct lgp_entry entry;
	uint64_t seq;
	struct job *job = job_new(request, &grant_act, sizeof *job);
	if (job == NULL)
		return;
	enum lgp_status status = lgp_decimal_parse(request->id, &seq);
	if (status == LGP_OK)
		status = lgp_read_entry(request->worker->reader, seq, &entry);
	if (status == LGP_MALFORMED)
		seq = UINT64_MAX; /* no entry's: the ledger will say so, in its turn */
	if (status == LGP_MALFORMED || status == LGP_MISSING) {
		entry.customer = UINT64_MAX;
	} else if (status != LGP_OK) {
		problem_fault(request->exchange, status, "reverse");
		job_drop(job);
		return;
	}
	job->line.command.kind = LGP_KIND_REVERSAL;
	job->line.command.refers_to = seq;
	job->line.command.amount = value[REVERSE_AMOUNT].number;
	send(request, job, entry.customer, words_of(&value[REVERSE_NOTE]));
}
