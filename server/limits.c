/* limits: put, read, ended; each version an entry.
 * Thread: the exchange's loop.
 * ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1) go by the version's number. */
#include "server/limits.h"

#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/nouns.h"
#include "server/request.h"

#include <string.h>

/* ---- reading ---------------------------------------------------------------------------- */

static enum lgp_status read_version(struct worker *worker, uint64_t version,
                                    struct lgp_entry *entry, char text[LGP_DEFINITION_MAX],
                                    size_t *len)
{
	enum lgp_status status = lgp_read_entry(worker->reader, version, entry);
	if (status != LGP_OK || entry->kind != LGP_KIND_LIMIT)
		return status;
	return lgp_read_payload(worker->reader, &entry->hash, text, LGP_DEFINITION_MAX, len);
}

static enum lgp_status write_version(struct worker *worker, struct buf *out,
                                     const struct lgp_entry *entry, struct lgp_view text)
{
	enum lgp_status status = noun_write(worker, out, lgp_noun_of(LGP_KIND_LIMIT), entry->seq,
	                                    text, LGP_ROLE_NONE);
	json_write_int(out, "version", (int64_t)entry->seq);
	return status;
}

/* The limit's record, copied: 0 where there is none. */
static uint64_t look_up(struct request *request, uint64_t *version, bool *ended)
{
	struct lgp_ledger *ledger = request->app->ledger;
	lgp_registry_lock(ledger);
	const struct lgp_record *record = lgp_registry_find(ledger, LGP_KIND_LIMIT, request->id);
	uint64_t number = record != NULL ? record->number : 0;
	*version = record != NULL ? record->defined_at : 0;
	*ended = record != NULL && noun_ended(record);
	lgp_registry_unlock(ledger);
	return number;
}

/* 0: 404 is answered. */
static uint64_t find_limit(struct request *request, bool or_ended, uint64_t *version)
{
	bool ended;
	uint64_t number = look_up(request, version, &ended);
	if (number != 0 && (or_ended || !ended))
		return number;
	problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "id", "%s",
	              ended ? "this limit has ended; /versions tells what it was"
	                    : "there is no limit of this id");
	return 0;
}

enum lgp_status limit_write_now(struct worker *worker, struct buf *out, uint64_t number,
                                uint64_t *version)
{
	struct lgp_ledger *ledger = worker->app->ledger;
	char text[LGP_DEFINITION_MAX];
	struct lgp_entry entry;
	size_t len = 0;
	lgp_registry_lock(ledger);
	*version = lgp_registry_get(ledger, number)->defined_at;
	lgp_registry_unlock(ledger);
	enum lgp_status status = read_version(worker, *version, &entry, text, &len);
	return status == LGP_OK ? write_version(worker, out, &entry, (struct lgp_view){text, len})
	                        : status;
}

static void reply_etag(struct exchange *exchange, uint64_t version)
{
	char text[22] = "\"";
	size_t len = 1 + lgp_decimal_format(text + 1, version);
	text[len++] = '"';
	http_reply_header(exchange, "ETag", (struct lgp_view){text, len});
}

void limit_get(struct request *request)
{
	uint64_t version, number = find_limit(request, false, &version);
	if (number == 0)
		return;
	buf_text(request->exchange->out, "{");
	enum lgp_status status =
	        limit_write_now(request->worker, request->exchange->out, number, &version);
	/* Put this moment, and not shown yet. */
	if (status != LGP_OK) {
		problem_fault(request->exchange, status == LGP_MISSING ? LGP_OVERLOAD : status,
		              "limit");
		return;
	}
	reply_etag(request->exchange, version);
	answer_end(request->exchange, 200);
}

void limit_list(struct request *request)
{
	noun_list(request, lgp_noun_of(LGP_KIND_LIMIT));
}

/* ---- versions --------------------------------------------------------------------------- */

static bool is_of(const struct lgp_entry *entry, uint64_t number)
{
	return entry->kind == LGP_KIND_LIMIT &&
	       (entry->seq == number || entry->refers_to == number);
}

static enum lgp_status write_past(struct request *request, uint64_t number, uint64_t *version,
                                  bool first)
{
	struct worker *worker = request->worker;
	struct buf *out = request->exchange->out;
	char text[LGP_DEFINITION_MAX];
	struct lgp_entry entry;
	size_t len = 0;
	enum lgp_status status = read_version(worker, *version, &entry, text, &len);
	if (status != LGP_OK)
		return status;
	if (!is_of(&entry, number))
		return LGP_MISSING;
	buf_text(out, first ? "{" : ",{");
	status = write_version(worker, out, &entry, (struct lgp_view){text, len});
	json_write_time(out, "time", entry.time_us);
	json_write_date(out, "business_date", entry.business_date);
	answer_name(worker, out, "actor", entry.actor);
	buf_text(out, "}");
	*version = entry.limit;
	return status;
}

void limit_versions(struct request *request)
{
	struct buf *out = request->exchange->out;
	uint64_t version, newest, number = find_limit(request, true, &version);
	bool ended, paged = request->page_token.len > 0;
	enum lgp_status status = LGP_OK;
	if (number == 0)
		return;
	if (paged && (lgp_decimal_parse(request->page_token, &version) != LGP_OK || version == 0))
		status = LGP_MISSING;
	buf_text(out, "{\"versions\":[");
	for (uint64_t i = 0; i < request->page_size && version != 0 && status == LGP_OK; i++)
		status = write_past(request, number, &version, i == 0);
	if (status == LGP_MISSING && paged) {
		problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "page_token",
		              "page_token must be a next_page_token as answered");
		return;
	}
	if (status != LGP_OK) {
		problem_fault(request->exchange, status == LGP_MISSING ? LGP_OVERLOAD : status,
		              "limit");
		return;
	}
	buf_text(out, "]");
	if (look_up(request, &newest, &ended) != 0 && ended)
		json_write_bool(out, "ended", true);
	if (version != 0) {
		char token[20];
		json_write_text(out, "next_page_token",
		                (struct lgp_view){token, lgp_decimal_format(token, version)});
	}
	answer_end(request->exchange, 200);
}

/* ---- If-Match ------------------------------------------------------------------------------ */

static bool wrong(struct request *request, enum lgp_problem problem, const char *field,
                  const char *detail)
{
	problem_reply(request->exchange, problem, field, "%s", detail);
	return false;
}

/* What If-Match asks for, into command->expected: a version, quoted or bare, or
 * "*", any. False: answered. */
static bool read_if_match(struct request *request, struct lgp_command *command)
{
	struct lgp_view header = request->exchange->if_match;
	uint64_t version;
	bool ended;
	if (header.len == 0)
		return true;
	uint64_t number = look_up(request, &version, &ended);
	if (lgp_view_equal(header, LGP_VIEW("*"))) {
		command->expected = version;
	} else {
		if (header.len >= 2 && header.ptr[0] == '"' && header.ptr[header.len - 1] == '"')
			header = (struct lgp_view){header.ptr + 1, header.len - 2};
		if (lgp_decimal_parse(header, &command->expected) != LGP_OK)
			return wrong(request, LGP_PROBLEM_MALFORMED, "If-Match",
			             "If-Match takes one ETag of a limit as answered, or *");
	}
	if (number == 0 || ended || command->expected == 0)
		return wrong(request, LGP_PROBLEM_PRECONDITION, "If-Match",
		             "there is no version of this limit in force");
	return true;
}

/* ---- PUT -------------------------------------------------------------------------------------- */

/* job->more. */
struct put {
	bool revives; /* the limit had ended */
};

static const struct body_value *value_of(const struct request *request, const char *name)
{
	const struct body_table *table = body_table_of(lgp_noun_of(LGP_KIND_LIMIT), NULL);
	size_t i = 0;
	while (strcmp(table->fields[i].name, name) != 0)
		i++;
	return &request->worker->body.value[i];
}

/* The definition on record says all that judges, what is taken when absent too. */
static bool define_limit(struct request *request, struct job *job)
{
	const struct body_value *when = value_of(request, "when_passed");
	const struct body_value *reversal = value_of(request, "reversal");
	const struct noun_value more[] = {
	        {"id", request->id},
	        {"when_passed", when->present ? when->text : LGP_VIEW("refuse")},
	        {"reversal", reversal->present ? reversal->text : LGP_VIEW("amount")},
	        {NULL, {NULL, 0}}};
	return noun_define(request, job, lgp_noun_of(LGP_KIND_LIMIT), more);
}

static bool id_good(struct request *request)
{
	const struct body_value *id = value_of(request, "id");
	if (!lgp_slug_valid(request->id))
		return wrong(request, LGP_PROBLEM_MALFORMED, "id",
		             "a limit's id is a slug: 1 to 32 of a-z 0-9 . _ -");
	if (id->present && !lgp_view_equal(id->text, request->id))
		return wrong(request, LGP_PROBLEM_MALFORMED, "id",
		             "id must be the one in the address, or be left out");
	return true;
}

static void answer_put(struct worker *worker, struct exchange *exchange, struct job *job)
{
	struct buf *out = exchange->out;
	const struct line *line = &job->line;
	const struct put *put = job->more;
	bool created = job->entry.limit == 0 || put->revives;
	if (line->problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, line);
		return;
	}
	buf_text(out, "{");
	enum lgp_status status = noun_write(worker, out, lgp_noun_of(LGP_KIND_LIMIT), line->seq,
	                                    line->command.payload, job->role);
	if (status != LGP_OK) {
		problem_fault(exchange, status, "limit");
		return;
	}
	if (!job->dry) {
		json_write_int(out, "version", (int64_t)line->seq);
		json_write_int(out, "seq", (int64_t)line->seq);
		reply_etag(exchange, line->seq);
	}
	if (answer_act(worker, exchange, job))
		answer_end(exchange, created && !job->dry ? 201 : 200);
}

void limit_put(struct request *request)
{
	static const struct act act = {.answer = answer_put};
	uint64_t version;
	if (!id_good(request))
		return;
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	struct put *put = job_alloc(job, sizeof *put);
	job->more = put;
	bool good = put != NULL || wrong(request, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
	if (good) {
		(void)look_up(request, &version, &put->revives);
		good = define_limit(request, job) && read_if_match(request, &job->line.command);
	}
	if (good)
		job_send(request, job);
	else
		job_drop(job);
}

/* ---- DELETE ----------------------------------------------------------------------------------- */

static void answer_end_of_limit(struct worker *worker, struct exchange *exchange, struct job *job)
{
	(void)worker;
	if (job->line.problem != LGP_PROBLEM_NONE)
		answer_problem(exchange, &job->line);
	else
		http_reply(exchange, 204, "application/json");
}

void limit_delete(struct request *request)
{
	static const struct act act = {.answer = answer_end_of_limit};
	uint64_t version, number = find_limit(request, false, &version);
	if (number == 0)
		return;
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	job->line.command.kind = LGP_KIND_LIMIT_END;
	job->line.command.refers_to = number;
	if (read_if_match(request, &job->line.command))
		job_send(request, job);
	else
		job_drop(job);
}
