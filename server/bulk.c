/* bulk: many acts in one request, and grants given so.
 * Thread: the exchange's loop. */
#include "server/bulk.h"

#include "server/answer.h"
#include "server/detail.h"
#include "server/endpoints.h"
#include "server/grants.h"
#include "server/request.h"
#include "server/words.h"

#include <string.h>

/* ---- reading ------------------------------------------------------------------------- */

static void line_wrong(struct job *job, struct line *line, enum lgp_problem problem,
                       const char *field, struct lgp_view detail)
{
	size_t len = strlen(field);
	line->problem = problem;
	memcpy(line->field, field, len < sizeof line->field ? len : sizeof line->field - 1);
	line->detail = job_copy(job, detail);
}

static bool key_good(struct lgp_view key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] <= ' ' || key.ptr[i] > '~')
			return false;
	return true;
}

static void read_line(struct request *request, const struct bulk *bulk, struct job *job,
                      struct line *line, struct lgp_view text)
{
	struct worker *worker = request->worker;
	struct body *body = &worker->body;
	const char *field = "", *detail = "";
	line->command.token = request->principal.token;
	line->command.dry = request->dry;
	if (text.len > HTTP_BODY_MAX) {
		line_wrong(job, line, LGP_PROBLEM_TOO_LARGE, "",
		           LGP_VIEW("the line is longer than 64 KiB"));
		return;
	}
	if (!body_decode(body, bulk->table, false, worker->json, worker->ids, text)) {
		line_wrong(job, line, LGP_PROBLEM_MALFORMED, body->field,
		           lgp_view_of(body->detail));
		return;
	}
	if (!key_good(body->value[0].text)) {
		line_wrong(job, line, LGP_PROBLEM_MALFORMED, "key",
		           LGP_VIEW("key must be of visible characters, without blanks"));
		return;
	}
	if (!bulk->fill(request, job, line, body->value + 1, &field, &detail)) {
		line_wrong(job, line, LGP_PROBLEM_MALFORMED, field, lgp_view_of(detail));
		return;
	}
	request_key_mac(request, body->value[0].text, line->command.key_mac);
	line->command.keyed = true;
	bulk->finish(request, job, line, body->value + 1, text);
}

/* Lines end in LF; what is behind the last LF is a line when there is anything. */
static size_t count_lines(struct lgp_view text)
{
	size_t count = 0;
	for (const char *at = text.ptr, *end = text.ptr + text.len; at < end; count++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		at = lf != NULL ? lf + 1 : end;
	}
	return count;
}

static void read_lines(struct request *request, const struct bulk *bulk, struct job *job,
                       struct lgp_view rest)
{
	for (size_t i = 0; i < job->count; i++) {
		const char *lf = memchr(rest.ptr, '\n', rest.len);
		size_t len = lf != NULL ? (size_t)(lf - rest.ptr) : rest.len;
		size_t used = lf != NULL ? len + 1 : len;
		read_line(request, bulk, job, &job->lines[i], (struct lgp_view){rest.ptr, len});
		rest = (struct lgp_view){rest.ptr + used, rest.len - used};
	}
}

void bulk_post(struct request *request, const struct bulk *bulk)
{
	struct lgp_view body = request->exchange->body;
	if (!request_media_type(request))
		return;
	size_t count = body.len > 0 ? count_lines(body) : 0;
	if (count == 0 || count > JOB_LINES_MAX) {
		problem_reply(request->exchange,
		              count == 0 ? LGP_PROBLEM_MALFORMED : LGP_PROBLEM_TOO_LARGE, NULL,
		              "send 1 to %d lines of JSON", JOB_LINES_MAX);
		return;
	}
	size_t kept = bulk->keep_body ? body.len : 0;
	struct job *job =
	        job_new(request, bulk->act, sizeof *job + count * sizeof(struct line) + kept);
	if (job == NULL)
		return;
	job->bulk = true;
	job->lines = job_alloc(job, count * sizeof *job->lines);
	if (job->lines != NULL && bulk->keep_body)
		body = job_copy(job, body);
	if (job->lines == NULL || body.ptr == NULL) {
		problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
		job_drop(job);
		return;
	}
	job->count = count;
	read_lines(request, bulk, job, body);
	job_send(request, job);
}

/* ---- answering -------------------------------------------------------------------------- */

static void write_line(struct worker *worker, struct buf *out, const struct line *line)
{
	char room[DETAIL_ROOM];
	bool accepted = line->problem == LGP_PROBLEM_NONE;
	int status = !accepted ? lgp_problem_info(line->problem)->http_status
	             : line->command.dry && line->verdict != LGP_REPLAYED ? 200
	             : line->became == LGP_KIND_ASK                       ? 202
	                                                                  : 201;
	bool recorded = line->verdict != LGP_DENIED &&
	                (!line->command.dry || line->verdict == LGP_REPLAYED);
	buf_text(out, "{\"status\":");
	buf_decimal(out, (uint64_t)status);
	if (recorded)
		json_write_int(out, "seq", (int64_t)line->seq);
	if (!accepted) {
		buf_text(out, ",\"problem\":{");
		problem_write(out, line->problem, lgp_view_of(line->field),
		              detail_of(worker, line, room));
		answer_problem_more(worker, out, line);
		buf_text(out, "}");
	}
	if (line->verdict == LGP_REPLAYED)
		json_write_bool(out, "replayed", true);
	buf_text(out, "}\n");
}

void bulk_answer(struct worker *worker, struct exchange *exchange, struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		write_line(worker, exchange->out, &job->lines[i]);
	http_reply(exchange, 200, "application/x-ndjson");
}

/* ---- grants ------------------------------------------------------------------------------- */

static const struct body_field grant_line_fields[] = {BULK_KEY_FIELD, GRANT_FIELD_LIST};
const struct body_table grant_line_table = {
        "GrantLine", sizeof grant_line_fields / sizeof grant_line_fields[0], grant_line_fields};

static void finish_grant(struct request *request, struct job *job, struct line *line,
                         const struct body_value *value, struct lgp_view text)
{
	const struct body_value *words = &value[GRANT_WORDS];
	(void)words_take(request, job, line, line->command.customer,
	                 words->present ? words->text : (struct lgp_view){NULL, 0}, text);
}

void grants_batch_post(struct request *request)
{
	static const struct act act = {.accepted = words_accepted, .answer = bulk_answer};
	static const struct bulk bulk = {.table = &grant_line_table,
	                                 .act = &act,
	                                 .fill = grant_fill,
	                                 .finish = finish_grant};
	bulk_post(request, &bulk);
}
