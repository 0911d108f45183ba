/* customers: registered, found, read, changed.  The ledger holds a number and
 * what is not personal; the rest is with the people.
 * Thread: the exchange's loop, save for what struct act gives the ledger thread. */
#include "server/customers.h"

#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/register.h"
#include "server/request.h"
#include "server/visible.h"

#include <sodium.h>
#include <string.h>

enum {
	CUSTOMER_NAME,
	CUSTOMER_REFERENCE,
	CUSTOMER_PREFERENCES,
	CUSTOMER_HOUSEHOLD,
	CUSTOMER_SINCE
};

#define PERSONAL_FIELDS                                                                       \
	{"name", BODY_TEXT, BODY_PERSONAL | BODY_CLEARABLE, NULL, 1, LGP_TEXT_MAX, "sealed"}, \
	        {"reference",                                                                 \
	         BODY_TEXT,                                                                   \
	         BODY_PERSONAL | BODY_CLEARABLE,                                              \
	         NULL,                                                                        \
	         1,                                                                           \
	         PEOPLE_REFERENCE_MAX,                                                        \
	         "what the house knows them by; found by its keyed hash"},                    \
	{                                                                                     \
		"preferences", BODY_JSON, BODY_PERSONAL | BODY_CLEARABLE, NULL, 0,            \
		        PEOPLE_PREFERENCES_MAX, "any JSON; sealed"                            \
	}

static const struct body_field customer_fields[] = {
        PERSONAL_FIELDS,
        {"household", BODY_INCIDENT, 0, NULL, 0, 0,
         "a household's id, not its name; staff do not reward whom they live with"},
        {"customer_since", BODY_DATE, 0, NULL, 0, 0, "a day before this ledger"},
};
static const struct body_field change_fields[] = {
        PERSONAL_FIELDS,
        {"household", BODY_INCIDENT, BODY_CLEARABLE, NULL, 0, 0,
         "a household's id; by itself, from managers and integrations; an entry"},
};
static const struct body_field lookup_fields[] = {
        {"reference", BODY_TEXT, BODY_REQUIRED | BODY_PERSONAL, NULL, 1, PEOPLE_REFERENCE_MAX,
         "what the house knows them by"},
};
#define TABLE(name, fields)                                      \
	{                                                        \
		name, sizeof(fields) / sizeof(fields)[0], fields \
	}
const struct body_table customer_table = TABLE("Customer", customer_fields);
const struct body_table customer_change_table = TABLE("CustomerChange", change_fields);
const struct body_table lookup_table = TABLE("Lookup", lookup_fields);

/* ---- the customer that {id} names ------------------------------------------------------ */

/* An id, or, for a customer, "me". */
static enum lgp_status number_of(const struct request *request, uint64_t *number)
{
	if (request->principal.role != LGP_ROLE_CUSTOMER ||
	    !lgp_view_equal(request->id, LGP_VIEW("me")))
		return lgp_customer_number(request->worker->ids, request->id, number);
	*number = request->principal.subject;
	return LGP_OK;
}

uint64_t customer_find(struct request *request, struct lgp_party *party)
{
	uint64_t number = 0;
	enum lgp_status status = number_of(request, &number);
	if (status == LGP_OK)
		status = lgp_read_party(request->worker->reader, number, party);
	if (status == LGP_MISSING || status == LGP_MALFORMED ||
	    (status == LGP_OK && party->kind != LGP_KIND_CUSTOMER)) {
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "id",
		              "there is no customer of this id");
		return 0;
	}
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "customer");
		return 0;
	}
	if (!visible_customer(request, number, party)) {
		problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, "id",
		              request->principal.role == LGP_ROLE_CUSTOMER
		                      ? "a customer sees themselves alone"
		                      : "this customer is not known at your sites");
		return 0;
	}
	return number;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* As the newest entry that says it has it. */
static void write_household(struct worker *worker, struct buf *out, uint64_t number)
{
	char name[LGP_SLUG_MAX];
	size_t len = 0;
	if (lgp_read_household(worker->reader, number, name, &len) == LGP_OK && len > 0)
		json_write_text(out, "household", (struct lgp_view){name, len});
}

/* "customer_since 2020-01-02" and the like, of the opening entry's payload; a household
 * may have been changed since. */
static void write_payload(struct worker *worker, struct buf *out, uint64_t number)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_entry entry;
	size_t len = 0;
	if (lgp_read_entry(worker->reader, number, &entry) != LGP_OK ||
	    (entry.flags & LGP_FLAG_PAYLOAD) == 0 ||
	    lgp_read_payload(worker->reader, &entry.hash, text, sizeof text, &len) != LGP_OK)
		return;
	for (char *at = text, *end = text + len; at < end;) {
		char *lf = memchr(at, '\n', (size_t)(end - at));
		char *space = lf != NULL ? memchr(at, ' ', (size_t)(lf - at)) : NULL;
		if (space == NULL)
			return;
		*space = '\0';
		if (strcmp(at, "household") != 0)
			json_write_text(out, at,
			                (struct lgp_view){space + 1, (size_t)(lf - space - 1)});
		at = lf + 1;
	}
}

/* Writes the members of a customer. */
static void write_customer(struct worker *worker, struct buf *out, uint64_t number)
{
	char room[PEOPLE_RECORD_MAX];
	struct people_person person;
	answer_customer(worker, out, "id", number);
	if (people_get(worker->people, number, room, &person) == LGP_OK) {
		if (person.name.ptr != NULL)
			json_write_text(out, "name", person.name);
		if (person.reference.ptr != NULL)
			json_write_text(out, "reference", person.reference);
		if (person.preferences.ptr != NULL) {
			json_write_name(out, "preferences");
			buf_view(out, person.preferences);
		}
		sodium_memzero(room, sizeof room);
	}
	write_payload(worker, out, number);
	write_household(worker, out, number);
}

/* A second one of a reference: who the first is. */
static bool answer_existing(struct worker *worker, struct exchange *exchange,
                            const struct line *line)
{
	if (line->problem != LGP_PROBLEM_EXISTS)
		return false;
	problem_begin(exchange, line->problem, lgp_view_of(line->field), line->detail);
	answer_customer(worker, exchange->out, "existing", line->seq);
	problem_end(exchange, line->problem);
	return true;
}

static void answer_registered(struct worker *worker, struct exchange *exchange, struct job *job)
{
	const struct line *line = &job->line;
	if (answer_existing(worker, exchange, line))
		return;
	if (line->problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, line);
		return;
	}
	buf_text(exchange->out, "{");
	if (line->verdict == LGP_REPLAYED || !job->dry) {
		write_customer(worker, exchange->out, line->seq);
		json_write_int(exchange->out, "seq", (int64_t)line->seq);
	}
	if (answer_act(worker, exchange, job))
		answer_end(exchange, answer_status(exchange, job));
}

/* ---- POST -------------------------------------------------------------------------------------- */

static bool copy_value(struct job *job, const struct body_value *value, struct lgp_view *out)
{
	if (!value->present)
		return true;
	*out = job_copy(job, value->text);
	return out->ptr != NULL;
}

static bool copy_person(struct job *job, const struct body_value *value,
                        struct people_person *person)
{
	return copy_value(job, &value[CUSTOMER_NAME], &person->name) &&
	       copy_value(job, &value[CUSTOMER_REFERENCE], &person->reference) &&
	       copy_value(job, &value[CUSTOMER_PREFERENCES], &person->preferences);
}

/* A value that is there, and not to be taken away, as a line. */
static void add_line(struct buf *lines, const char *name, const struct body_value *value)
{
	if (value == NULL || !value->present || value->text.len == 0)
		return;
	buf_text(lines, name);
	buf_text(lines, " ");
	buf_view(lines, value->text);
	buf_text(lines, "\n");
}

/* What is not personal is bound to the entry, as lines. */
static bool take_payload(struct job *job, const struct body_value *since,
                         const struct body_value *household)
{
	struct buf lines;
	buf_init(&lines, LGP_DEFINITION_MAX / 2);
	add_line(&lines, "customer_since", since);
	add_line(&lines, "household", household);
	bool good = !lines.failed;
	if (good && lines.len > 0) {
		job->line.command.payload = job_copy(job, buf_contents(&lines));
		good = job->line.command.payload.ptr != NULL;
	}
	buf_deinit(&lines);
	return good;
}

/* An integration that works at one site alone registers there. */
static void take_site(const struct request *request, struct lgp_command *command)
{
	struct lgp_ledger *ledger = request->app->ledger;
	lgp_registry_lock(ledger);
	const struct lgp_record *token = lgp_registry_get(ledger, request->principal.token);
	if (request->principal.role == LGP_ROLE_INTEGRATION && token != NULL &&
	    token->as.token.sites.count == 1) {
		const struct lgp_record *site =
		        lgp_registry_get(ledger, token->as.token.sites.list[0]);
		if (site != NULL)
			command->site = site->id;
	}
	lgp_registry_unlock(ledger);
}

void customers_post(struct request *request)
{
	static const struct act act = {.prepare = register_prepare,
	                               .accepted = register_accepted,
	                               .answer = answer_registered};
	const struct body_value *value = request->worker->body.value;
	struct job *job = job_new(request, &act, sizeof *job + request->exchange->body.len);
	if (job == NULL)
		return;
	job->line.command.kind = LGP_KIND_CUSTOMER;
	take_site(request, &job->line.command);
	if (!request_key(request, &job->line.command)) {
		job_drop(job);
		return;
	}
	struct registration *registration = registration_new(request, job);
	if (registration == NULL || !copy_person(job, value, &registration->person) ||
	    !take_payload(job, &value[CUSTOMER_SINCE], &value[CUSTOMER_HOUSEHOLD])) {
		problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
		job_drop(job);
		return;
	}
	job_send(request, job);
}

/* ---- PATCH ------------------------------------------------------------------------------------------ */

/* job->more. */
struct change {
	uint64_t number;
	struct people_person person;
	bool name, reference, preferences; /* changed; without a value: taken away */
};

static struct lgp_view changed(bool changes, struct lgp_view to, struct lgp_view from)
{
	if (!changes)
		return from;
	return to.len > 0 ? to : (struct lgp_view){NULL, 0};
}

/* Ledger thread: nobody else may have the reference. */
static enum lgp_status check_reference(struct people_reader *people, struct line *line,
                                       const struct change *change)
{
	uint64_t owner;
	if (!change->reference || change->person.reference.len == 0)
		return LGP_OK;
	enum lgp_status status =
	        people_find(people, PEOPLE_CUSTOMER, change->person.reference, &owner);
	if (status == LGP_OK && owner != change->number) {
		line->problem = LGP_PROBLEM_EXISTS;
		line->seq = owner;
		memcpy(line->field, "reference", sizeof "reference");
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status prepare_change(struct app *app, struct job *job, struct line *line)
{
	const struct change *change = job->more;
	char room[PEOPLE_RECORD_MAX];
	struct people_person now;
	struct people_reader *people;
	enum lgp_status status = people_begin(app->people, &people);
	if (status == LGP_OK)
		status = check_reference(people, line, change);
	if (status != LGP_OK || line->problem != LGP_PROBLEM_NONE)
		return status;
	status = people_get(people, change->number, room, &now);
	if (status == LGP_MISSING) {
		line->problem = LGP_PROBLEM_INVALID;
		line->detail = LGP_VIEW("what was kept of this person is erased");
		return LGP_OK;
	}
	if (status == LGP_OK) {
		now.name = changed(change->name, change->person.name, now.name);
		now.reference = changed(change->reference, change->person.reference, now.reference);
		now.preferences =
		        changed(change->preferences, change->person.preferences, now.preferences);
		status = people_change(app->people, change->number, &now);
	}
	sodium_memzero(room, sizeof room);
	line->settled = true;
	line->verdict = LGP_ACCEPTED;
	return status;
}

static void answer_changed(struct worker *worker, struct exchange *exchange, struct job *job)
{
	const struct change *change = job->more;
	if (answer_existing(worker, exchange, &job->line))
		return;
	if (job->line.problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, &job->line);
		return;
	}
	buf_text(exchange->out, "{");
	write_customer(worker, exchange->out, change->number);
	answer_end(exchange, 200);
}

static void answer_household(struct worker *worker, struct exchange *exchange, struct job *job)
{
	if (job->line.problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, &job->line);
		return;
	}
	buf_text(exchange->out, "{");
	write_customer(worker, exchange->out, job->entry.customer);
	answer_end(exchange, 200);
}

/* Unlike the rest, rules go by it: it is an entry. */
static void patch_household(struct request *request, uint64_t number,
                            const struct body_value *value)
{
	static const struct act act = {.answer = answer_household};
	for (unsigned i = 0; i < CUSTOMER_HOUSEHOLD; i++)
		if (value[i].present) {
			problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "household",
			              "a household is changed by itself");
			return;
		}
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	struct lgp_command *command = &job->line.command;
	command->kind = LGP_KIND_CUSTOMER;
	command->amend = true;
	command->refers_to = number;
	if (take_payload(job, NULL, &value[CUSTOMER_HOUSEHOLD])) {
		job_send(request, job);
		return;
	}
	problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
	job_drop(job);
}

void customers_patch(struct request *request)
{
	static const struct act act = {.prepare = prepare_change, .answer = answer_changed};
	const struct body_value *value = request->worker->body.value;
	struct lgp_party party;
	uint64_t number = customer_find(request, &party);
	if (number == 0)
		return;
	if (request->principal.role == LGP_ROLE_CUSTOMER && value[CUSTOMER_REFERENCE].present) {
		problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, "reference",
		              "the reference is the house's to change");
		return;
	}
	if (value[CUSTOMER_HOUSEHOLD].present) {
		patch_household(request, number, value);
		return;
	}
	struct job *job = job_new(request, &act, sizeof *job + request->exchange->body.len);
	if (job == NULL)
		return;
	struct change *change = job_alloc(job, sizeof *change);
	job->more = change;
	if (change == NULL || !copy_person(job, value, &change->person)) {
		problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
		job_drop(job);
		return;
	}
	change->number = number;
	change->name = value[CUSTOMER_NAME].present;
	change->reference = value[CUSTOMER_REFERENCE].present;
	change->preferences = value[CUSTOMER_PREFERENCES].present;
	job_send(request, job);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

void customers_get(struct request *request)
{
	struct lgp_party party;
	uint64_t number = customer_find(request, &party);
	if (number == 0)
		return;
	buf_text(request->exchange->out, "{");
	write_customer(request->worker, request->exchange->out, number);
	answer_end(request->exchange, 200);
}

/* The guest is standing there, so they are found at any site by the reference; who
 * they are is told where they are known. */
void customers_lookup(struct request *request)
{
	uint64_t number;
	struct lgp_party party;
	enum lgp_status status = people_find(request->worker->people, PEOPLE_CUSTOMER,
	                                     request->worker->body.value[0].text, &number);
	if (status == LGP_OK)
		status = lgp_read_party(request->worker->reader, number, &party);
	if (status == LGP_MISSING) {
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "reference",
		              "nobody is known by this reference");
		return;
	}
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "lookup");
		return;
	}
	buf_text(request->exchange->out, "{");
	if (visible_customer(request, number, &party))
		write_customer(request->worker, request->exchange->out, number);
	else
		answer_customer(request->worker, request->exchange->out, "id", number);
	answer_end(request->exchange, 200);
}
