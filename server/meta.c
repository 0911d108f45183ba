/* meta: what the server says about itself: problems, description, health.
 * Thread: the exchange's loop. */
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/ledger_thread.h"

#include <string.h>

static void write_problem(struct buf *out, const struct lgp_problem_info *info)
{
	buf_text(out, "\"type\":\"/problems/");
	buf_text(out, info->code);
	buf_text(out, "\"");
	json_write_text(out, "code", lgp_view_of(info->code));
	json_write_int(out, "status", info->http_status);
	json_write_text(out, "title", lgp_view_of(info->title));
	json_write_bool(out, "recorded", lgp_problem_recorded(info->problem));
}

void problems_list(struct request *request)
{
	struct buf *out = request->exchange->out;
	const struct lgp_problem_info *info;
	buf_text(out, "{\"precedence\":[\"token\",\"role\",\"shape\",\"idempotency key\","
	              "\"existence\",\"rules\",\"funds\"],\"problems\":[");
	for (size_t i = 0; (info = lgp_problem_at(i)) != NULL; i++) {
		buf_text(out, i > 0 ? ",{" : "{");
		write_problem(out, info);
		buf_text(out, "}");
	}
	buf_text(out, "]");
	answer_end(request->exchange, 200);
}

void problems_get(struct request *request)
{
	const struct lgp_problem_info *info;
	for (size_t i = 0; (info = lgp_problem_at(i)) != NULL; i++)
		if (lgp_view_equal(lgp_view_of(info->code), request->id)) {
			buf_text(request->exchange->out, "{");
			write_problem(request->exchange->out, info);
			answer_end(request->exchange, 200);
			return;
		}
	problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "code",
	              "there is no problem of this code; see /problems");
}

void openapi_get(struct request *request)
{
	buf_add(request->exchange->out, request->app->openapi, request->app->openapi_len);
	http_reply(request->exchange, 200, "application/json");
}

void healthz_get(struct request *request)
{
	buf_text(request->exchange->out, "ok\n");
	http_reply(request->exchange, 200, "text/plain; charset=utf-8");
}

void readyz_get(struct request *request)
{
	bool draining = atomic_load(&request->app->draining);
	if (!draining && !ledger_thread_read_only(request->app->ledger_thread)) {
		buf_text(request->exchange->out, "ready\n");
		http_reply(request->exchange, 200, "text/plain; charset=utf-8");
		return;
	}
	problem_reply(request->exchange, draining ? LGP_PROBLEM_OVERLOADED : LGP_PROBLEM_READ_ONLY,
	              NULL, draining ? "the server is stopping" : "the ledger takes no writes now");
}
