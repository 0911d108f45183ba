/* tally: what answers say, counted.
 * Thread: the generator's one. */
#include "tools/bench/tally.h"

#include <stdio.h>
#include <string.h>

#define OVERLOADED 503
/* A line of a batch names no time to wait. */
#define LINE_WAIT_SECONDS 0.1

static void note_refusal(struct load_result *result, const struct reply *reply,
                         struct lgp_view text)
{
	if (result->refusal[0] == '\0')
		snprintf(result->refusal, sizeof result->refusal, "%u %.*s", reply->status,
		         (int)(text.len < 200 ? text.len : 200), text.ptr);
}

/* ---- batches: a line an answer ---------------------------------------------------------- */

/* The status in front of an answer's line; 0: none. */
static unsigned line_status(struct lgp_view line)
{
	static const char member[] = "{\"status\":";
	size_t at = sizeof member - 1;
	unsigned status = 0;
	if (line.len < at || memcmp(line.ptr, member, at) != 0)
		return 0;
	for (; at < line.len && line.ptr[at] >= '0' && line.ptr[at] <= '9' && status < STATUS_MAX;
	     at++)
		status = status * 10 + (unsigned)(line.ptr[at] - '0');
	return status;
}

/* The accepted lines.  Those to ask again are left in the request, and counted into
 * *again; so is none when all have their answer. */
static unsigned take_lines(struct load_result *result, struct request *request,
                           const struct reply *reply, unsigned *again)
{
	const char *at = reply->body.ptr, *end = at + reply->body.len;
	unsigned accepted = 0, asked = request->lines;
	*again = 0;
	for (unsigned i = 0; i < asked; i++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		struct lgp_view line = {at, (size_t)((lf == NULL ? end : lf) - at)};
		unsigned status = line_status(line);
		at = lf == NULL ? end : lf + 1;
		if (status == 201) {
			accepted++;
		} else if (status == OVERLOADED) {
			request_move_line(request, i, (*again)++);
		} else {
			result->refused_lines++;
			note_refusal(result, reply, line);
		}
	}
	if (*again > 0)
		request_cut(request, *again);
	return accepted;
}

/* ---- all -------------------------------------------------------------------------------- */

static void count_answer(struct load_result *result, const struct request *request,
                         const struct reply *reply, const struct tally_time *time, unsigned lines,
                         bool done)
{
	if (!time->measured)
		return;
	if (done)
		histogram_add(&result->latency, time->now_ns - time->due_ns);
	if (time->late)
		return;
	result->answered += done;
	result->accepted_lines += lines;
	result->request_bytes += request->len;
	result->reply_bytes += reply->len;
}

double tally_reply(struct load_result *result, enum mode_kind kind, struct request *request,
                   const struct reply *reply, const struct tally_time *time,
                   struct random_source *random)
{
	unsigned lines = 1, again = 0;
	result->status[reply->status < STATUS_MAX ? reply->status : 0]++;
	if (reply->status == OVERLOADED && reply->retry_after_s > 0) {
		result->asked_again++;
		return reply->retry_after_s;
	}
	if (reply->status / 100 != 2) {
		note_refusal(result, reply, reply->body);
		return 0;
	}
	if (kind == MODE_BATCH)
		lines = take_lines(result, request, reply, &again);
	result->lines_asked_again += again;
	count_answer(result, request, reply, time, lines, again == 0);
	if (kind == MODE_GRANT && time->measured)
		receipts_see(&result->receipts, random, reply->body);
	return again > 0 ? LINE_WAIT_SECONDS : 0;
}

uint64_t load_errors(const struct load_result *result)
{
	uint64_t errors = result->refused_lines + result->closed + result->unanswered;
	for (unsigned status = 0; status < STATUS_MAX; status++)
		if (status / 100 != 2)
			errors += result->status[status];
	return errors - result->asked_again;
}
