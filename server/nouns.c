/* nouns: units, sites, budgets, reasons, touchpoints and staff, by their tables.
 * Thread: the exchange's loop, save for what struct act gives the ledger thread. */
#include "server/nouns.h"

#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/limits.h"
#include "server/register.h"
#include "server/request.h"

#include <sodium.h>
#include <string.h>

/* ---- definition -> JSON ------------------------------------------------------------ */

static void write_list(struct buf *out, const char *name, struct lgp_view list)
{
	struct lgp_view item;
	bool first = true;
	json_write_name(out, name);
	buf_text(out, "[");
	while (lgp_list_next(&list, &item)) {
		buf_text(out, first ? "\"" : ",\"");
		buf_view(out, item);
		buf_text(out, "\"");
		first = false;
	}
	buf_text(out, "]");
}

static void write_field(struct worker *worker, struct buf *out, const struct lgp_field *field,
                        bool token, struct lgp_view value)
{
	uint64_t number;
	switch (field->type) {
	case LGP_FIELD_NUMBER:
		if (lgp_decimal_parse(value, &number) == LGP_OK)
			json_write_int(out, field->name, (int64_t)number);
		return;
	case LGP_FIELD_CUSTOMER:
		/* A token speaks for its subject, staff or customer. */
		if (lgp_decimal_parse(value, &number) == LGP_OK)
			answer_customer(worker, out, token ? "subject" : field->name, number);
		return;
	case LGP_FIELD_REFS:
		write_list(out, field->name, value);
		return;
	default:
		json_write_text(out, field->name, value);
		return;
	}
}

/* Names of people are for those who work with them. */
static void write_person(struct worker *worker, struct buf *out, uint64_t number,
                         enum lgp_role asker)
{
	char room[PEOPLE_RECORD_MAX];
	struct people_person person;
	const unsigned roles = ROLE(ADMIN) | ROLE(FINANCE) | ROLE(MANAGER) | ROLE(STAFF);
	if ((roles & (1u << asker)) != 0 &&
	    people_get(worker->people, number, room, &person) == LGP_OK && person.name.ptr != NULL)
		json_write_text(out, "name", person.name);
}

bool noun_ended(const struct lgp_record *record)
{
	return (record->kind == LGP_KIND_TOKEN && record->as.token.ended) ||
	       (record->kind == LGP_KIND_LIMIT && record->as.limit.ended) ||
	       (record->kind == LGP_KIND_DELEGATION && record->as.delegation.ended);
}

/* What is named by its number: tokens and delegations. */
static void write_numbered(struct worker *worker, struct buf *out, const struct lgp_noun *noun,
                           uint64_t number)
{
	buf_text(out, noun->kind == LGP_KIND_TOKEN ? "\"id\":\"t-" : "\"id\":\"d-");
	buf_decimal(out, number);
	buf_text(out, "\"");
	lgp_registry_lock(worker->app->ledger);
	const struct lgp_record *record = lgp_registry_get(worker->app->ledger, number);
	bool ended = record != NULL && noun_ended(record);
	lgp_registry_unlock(worker->app->ledger);
	if (ended)
		json_write_bool(out, "ended", true);
}

/* The object that a field stands in: opened before its first field, closed
 * behind its last. */
static void write_group(struct buf *out, const struct lgp_noun *noun, size_t i)
{
	const char *name = i < noun->field_count ? noun->fields[i].name : "";
	const char *before = i > 0 ? noun->fields[i - 1].name : "";
	size_t len = strcspn(name, "."), len_before = strcspn(before, ".");
	bool grouped = name[len] == '.', grouped_before = before[len_before] == '.';
	if (grouped && grouped_before && len == len_before && memcmp(name, before, len) == 0)
		return;
	if (grouped_before)
		buf_text(out, "}");
	if (!grouped)
		return;
	buf_text(out, ",\"");
	buf_add(out, name, len);
	buf_text(out, "\":{");
}

enum lgp_status noun_write(struct worker *worker, struct buf *out, const struct lgp_noun *noun,
                           uint64_t number, struct lgp_view text, enum lgp_role asker)
{
	struct lgp_definition definition;
	bool token = noun->kind == LGP_KIND_TOKEN;
	enum lgp_status status = lgp_definition_parse(noun, text, true, &definition);
	if (status != LGP_OK)
		return lgp_fault(LGP_CORRUPT, "the definition of %llu is not of its form",
		                 (unsigned long long)number);
	if (noun->id_field == NULL)
		write_numbered(worker, out, noun, number);
	for (size_t i = 0; i < noun->field_count; i++) {
		write_group(out, noun, i);
		struct lgp_field field = noun->fields[i];
		const char *dot = strchr(field.name, '.');
		field.name = dot != NULL ? dot + 1 : field.name;
		if (definition.value[i].ptr != NULL && (field.rules & LGP_FIELD_SECRET) == 0)
			write_field(worker, out, &field, token, definition.value[i]);
	}
	write_group(out, noun, noun->field_count);
	if (noun->personal_name)
		write_person(worker, out, number, asker);
	return LGP_OK;
}

enum lgp_status noun_write_now(struct worker *worker, struct buf *out, const struct lgp_noun *noun,
                               uint64_t number, enum lgp_role asker)
{
	char text[LGP_DEFINITION_MAX];
	size_t len = 0;
	enum lgp_status status = lgp_read_definition(worker->reader, number, text, &len);
	return status == LGP_OK
	               ? noun_write(worker, out, noun, number, (struct lgp_view){text, len}, asker)
	               : status;
}

/* ---- JSON -> definition ------------------------------------------------------------- */

static struct lgp_view value_text(struct job *job, const struct lgp_field *field,
                                  const struct body_value *value)
{
	char text[LGP_TIME_LEN + 1];
	if (value->cleared)
		return LGP_VIEW("");
	switch (field->type) {
	case LGP_FIELD_NUMBER:
	case LGP_FIELD_CUSTOMER:
		return job_copy(
		        job,
		        (struct lgp_view){text, lgp_decimal_format(text, (uint64_t)value->number)});
	case LGP_FIELD_WHEN:
		if (value->text.len == LGP_DATE_LEN)
			return value->text;
		lgp_time_format(text, value->number);
		return job_copy(job, (struct lgp_view){text, LGP_TIME_LEN});
	case LGP_FIELD_TIME:
		lgp_time_format(text, value->number);
		return job_copy(job, (struct lgp_view){text, LGP_TIME_LEN});
	default:
		return value->text;
	}
}

static size_t field_named(const struct lgp_noun *noun, const char *name)
{
	size_t i = 0;
	while (strcmp(noun->fields[i].name, name) != 0)
		i++;
	return i;
}

bool noun_define(struct request *request, struct job *job, const struct lgp_noun *noun,
                 const struct noun_value *more)
{
	struct lgp_definition definition = {.noun = noun};
	const signed char *index;
	const struct body_table *table = body_table_of(noun, &index);
	const struct body_value *value = request->worker->body.value;
	char text[LGP_DEFINITION_MAX];
	for (size_t i = 0; i < table->count; i++) {
		if (index[i] < 0 || !value[i].present || table->fields[i].type == BODY_SUBJECT)
			continue;
		struct lgp_view said = value_text(job, &noun->fields[index[i]], &value[i]);
		/* An empty list is none: it takes away what was there. */
		if (said.len > 0 || job->line.command.amend)
			definition.value[index[i]] = said;
	}
	for (; more != NULL && more->field != NULL; more++)
		if (more->text.ptr != NULL)
			definition.value[field_named(noun, more->field)] = more->text;
	size_t len = lgp_definition_format(&definition, text);
	job->line.command.kind = noun->kind;
	if (len > 0) {
		job->line.command.payload = job_copy(job, (struct lgp_view){text, len});
		if (job->line.command.payload.ptr != NULL)
			return true;
	}
	problem_reply(request->exchange, LGP_PROBLEM_TOO_LARGE, NULL, "the lists are too long");
	return false;
}

uint64_t noun_find(struct request *request, const struct lgp_noun *noun)
{
	struct lgp_ledger *ledger = request->app->ledger;
	lgp_registry_lock(ledger);
	const struct lgp_record *record = lgp_registry_find(ledger, noun->kind, request->id);
	uint64_t number = record != NULL ? record->number : 0;
	lgp_registry_unlock(ledger);
	if (number == 0)
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, noun->id_field,
		              "there is none of this %s", noun->id_field);
	return number;
}

/* ---- answers of writes ---------------------------------------------------------------- */

/* The text by which the noun is shown: as it would be, as that entry defined it,
 * or as it is now. */
static enum lgp_status write_defined(struct worker *worker, struct buf *out, const struct job *job,
                                     const struct lgp_noun *noun)
{
	const struct line *line = &job->line;
	char text[LGP_DEFINITION_MAX + 256];
	size_t len = 0;
	uint64_t number = line->command.amend ? line->command.refers_to : line->seq;
	if (line->verdict == LGP_REPLAYED) {
		enum lgp_status status =
		        lgp_read_payload(worker->reader, &job->entry.hash, text, sizeof text, &len);
		return status == LGP_OK ? noun_write(worker, out, noun, number,
		                                     (struct lgp_view){text, len}, job->role)
		                        : status;
	}
	if (job->dry)
		return noun_write(worker, out, noun, number, line->command.payload, job->role);
	return noun_write_now(worker, out, noun, number, job->role);
}

void noun_answer(struct worker *worker, struct exchange *exchange, struct job *job,
                 void (*extra)(struct buf *out, const struct job *job))
{
	struct buf *out = exchange->out;
	struct line *line = &job->line;
	if (line->problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, line);
		return;
	}
	if (line->verdict == LGP_REPLAYED && job->entry.kind != line->command.kind) {
		/* A MAC that agrees by more than chance would be a broken promise. */
		line->problem = LGP_PROBLEM_KEY_REUSED;
		answer_problem(exchange, line);
		return;
	}
	buf_text(out, "{");
	enum lgp_status status = write_defined(worker, out, job, lgp_noun_of(line->command.kind));
	if (status != LGP_OK) {
		problem_fault(exchange, status, "definition");
		return;
	}
	if (extra != NULL)
		extra(out, job);
	if (!line->settled) {
		if (!job->dry)
			json_write_int(out, "seq", (int64_t)line->seq);
		if (!answer_act(worker, exchange, job))
			return;
	}
	answer_end(exchange, line->command.amend ? 200 : answer_status(exchange, job));
}

static void answer_noun(struct worker *worker, struct exchange *exchange, struct job *job)
{
	noun_answer(worker, exchange, job, NULL);
}

/* ---- POST -------------------------------------------------------------------------------- */

static const struct body_value *name_value(const struct request *request,
                                           const struct lgp_noun *noun)
{
	const struct body_table *table = body_table_of(noun, NULL);
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->fields[i].name, "name") == 0)
			return &request->worker->body.value[i];
	return NULL;
}

static bool post_person(struct request *request, struct job *job, const struct lgp_noun *noun)
{
	struct registration *registration = registration_new(request, job);
	const struct body_value *name = name_value(request, noun);
	require(name != NULL);
	if (registration != NULL && name->present)
		registration->person.name = job_copy(job, name->text);
	if (registration == NULL || (name->present && registration->person.name.ptr == NULL)) {
		problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
		return false;
	}
	return true;
}

void nouns_post(struct request *request)
{
	static const struct act plain = {.answer = answer_noun};
	static const struct act person = {
	        .prepare = register_prepare, .accepted = register_accepted, .answer = answer_noun};
	const struct lgp_noun *noun = lgp_noun_of(request->route->noun);
	struct job *job = job_new(request, noun->personal_name ? &person : &plain, sizeof *job);
	if (job == NULL)
		return;
	bool good =
	        noun_define(request, job, noun, NULL) && request_key(request, &job->line.command);
	if (good && noun->personal_name)
		good = post_person(request, job, noun);
	else if (good)
		request_body_mac(request->app, NULL, request->exchange->path,
		                 request->exchange->body, job->line.command.body_mac);
	if (good)
		job_send(request, job);
	else
		job_drop(job);
}

/* ---- PATCH --------------------------------------------------------------------------------- */

/* job->more: the person's new name. */
static enum lgp_status change_name(struct app *app, struct job *job, struct line *line)
{
	const struct lgp_view *name = job->more;
	struct people_reader *people;
	uint8_t key[LGP_KEY_LEN];
	uint64_t number = line->command.refers_to;
	struct people_person person = {.name = *name};
	if (name->ptr == NULL)
		return LGP_OK;
	enum lgp_status status = people_begin(app->people, &people);
	if (status == LGP_OK)
		status = people_key(people, number, key);
	sodium_memzero(key, sizeof key);
	return status == LGP_OK ? people_change(app->people, number, &person) : status;
}

/* A name alone is no entry: it is not in the ledger. */
static enum lgp_status prepare_patch(struct app *app, struct job *job, struct line *line)
{
	if (line->command.payload.len > 0)
		return LGP_OK;
	line->settled = true;
	line->verdict = LGP_ACCEPTED;
	enum lgp_status status = change_name(app, job, line);
	if (status != LGP_MISSING)
		return status;
	line->problem = LGP_PROBLEM_INVALID;
	line->detail = LGP_VIEW("what was kept of this person is erased");
	return LGP_OK;
}

static enum lgp_status accepted_patch(struct app *app, struct job *job, struct line *line)
{
	enum lgp_status status = change_name(app, job, line);
	return status == LGP_MISSING ? LGP_OK : status;
}

static bool fixed_untouched(struct request *request, const struct lgp_noun *noun)
{
	const signed char *index;
	const struct body_table *table = body_table_of(noun, &index);
	for (size_t i = 0; i < table->count; i++)
		if (request->worker->body.value[i].present && index[i] >= 0 &&
		    (noun->fields[index[i]].rules & LGP_FIELD_FIXED) != 0) {
			problem_reply(request->exchange, LGP_PROBLEM_MALFORMED,
			              table->fields[i].name, "%s cannot be changed",
			              table->fields[i].name);
			return false;
		}
	return true;
}

/* Like noun_define, for the changed fields alone: there may be none but a name. */
static bool define_changes(struct request *request, struct job *job, const struct lgp_noun *noun)
{
	const struct body_value *name = noun->personal_name ? name_value(request, noun) : NULL;
	struct lgp_view *copy = job_alloc(job, sizeof *copy);
	size_t fields = json_field_count(request->worker->json);
	bool named = name != NULL && name->present;
	job->more = copy;
	if (copy != NULL && named)
		*copy = job_copy(job, name->text);
	if (copy == NULL || (named && copy->ptr == NULL)) {
		problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
		return false;
	}
	job->line.command.kind = noun->kind;
	if (fields == 1 && named)
		return true;
	return noun_define(request, job, noun, NULL);
}

void nouns_patch(struct request *request)
{
	static const struct act plain = {.answer = answer_noun};
	static const struct act person = {
	        .prepare = prepare_patch, .accepted = accepted_patch, .answer = answer_noun};
	const struct lgp_noun *noun = lgp_noun_of(request->route->noun);
	if (!fixed_untouched(request, noun))
		return;
	uint64_t number = noun_find(request, noun);
	if (number == 0)
		return;
	struct job *job = job_new(request, noun->personal_name ? &person : &plain, sizeof *job);
	if (job == NULL)
		return;
	job->line.command.amend = true;
	job->line.command.refers_to = number;
	if (define_changes(request, job, noun))
		job_send(request, job);
	else
		job_drop(job);
}

/* ---- GET ------------------------------------------------------------------------------------- */

void nouns_get(struct request *request)
{
	const struct lgp_noun *noun = lgp_noun_of(request->route->noun);
	uint64_t number = noun_find(request, noun);
	if (number == 0)
		return;
	buf_text(request->exchange->out, "{");
	enum lgp_status status = noun_write_now(request->worker, request->exchange->out, noun,
	                                        number, request->principal.role);
	if (status == LGP_OK)
		answer_end(request->exchange, 200);
	else if (status == LGP_MISSING) /* registered this moment, and not durable yet */
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, noun->id_field,
		              "there is none of this %s", noun->id_field);
	else
		problem_fault(request->exchange, status, "definition");
}

/* The numbers of a page, and of the first behind it. */
static size_t page_numbers(struct request *request, const struct lgp_noun *noun, uint64_t after,
                           uint64_t *numbers, bool *more)
{
	struct lgp_ledger *ledger = request->app->ledger;
	size_t count = 0;
	lgp_registry_lock(ledger);
	const struct lgp_record *record;
	while (count < request->page_size &&
	       (record = lgp_registry_next(ledger, noun->kind, after)) != NULL) {
		after = record->number;
		/* A limit that has ended is its id's past: /versions tells of it. */
		if (noun->kind != LGP_KIND_LIMIT || !noun_ended(record))
			numbers[count++] = after;
	}
	*more = lgp_registry_next(ledger, noun->kind, after) != NULL;
	lgp_registry_unlock(ledger);
	return count;
}

void noun_list(struct request *request, const struct lgp_noun *noun)
{
	uint64_t numbers[PAGE_SIZE_MAX], after = 0;
	struct buf *out = request->exchange->out;
	bool more, first = true;
	if (request->page_token.len > 0 &&
	    lgp_decimal_parse(request->page_token, &after) != LGP_OK) {
		problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "page_token",
		              "page_token must be a next_page_token as answered");
		return;
	}
	size_t count = page_numbers(request, noun, after, numbers, &more);
	buf_text(out, "{");
	json_write_name(out, noun->plural);
	buf_text(out, "[");
	for (size_t i = 0; i < count; i++) {
		size_t before = out->len;
		uint64_t version;
		buf_text(out, first ? "{" : ",{");
		enum lgp_status status =
		        noun->kind == LGP_KIND_LIMIT
		                ? limit_write_now(request->worker, out, numbers[i], &version)
		                : noun_write_now(request->worker, out, noun, numbers[i],
		                                 request->principal.role);
		buf_text(out, "}");
		if (status == LGP_MISSING) /* registered this moment, and not durable yet */
			out->len = before;
		else if (status != LGP_OK) {
			problem_fault(request->exchange, status, "definition");
			return;
		}
		first &= status == LGP_MISSING;
	}
	buf_text(out, "]");
	if (more && count > 0) {
		char token[20];
		json_write_text(
		        out, "next_page_token",
		        (struct lgp_view){token, lgp_decimal_format(token, numbers[count - 1])});
	}
	answer_end(request->exchange, 200);
}

void nouns_list(struct request *request)
{
	noun_list(request, lgp_noun_of(request->route->noun));
}
