/* tally: what answers say, counted.
 * Thread: the generator's one.
 *
 * A server that has too much to do says so with 503 and Retry-After, and has done
 * nothing: a client waits, and asks for the same again.  So does this one.  What is
 * asked again is told, and is no error; the wait is part of the latency.  Lines of a
 * batch are answered each by itself: those that had 503 are asked again alone. */
#ifndef LAGNIAPPE_BENCH_TALLY_H
#define LAGNIAPPE_BENCH_TALLY_H

#include "tools/bench/histogram.h"
#include "tools/bench/receipts.h"
#include "tools/bench/reply.h"
#include "tools/bench/request.h"

#define STATUS_MAX 600

/* Of requests due (in a closed loop: begun) after the warm-up, save where said. */
struct load_result {
	struct histogram latency;            /* of those answered 2xx, and of those never sent */
	uint64_t answered, accepted_lines;   /* 2xx */
	uint64_t unsent;                     /* due, and never sent for want of a free connection */
	uint64_t request_bytes, reply_bytes; /* of all answered 2xx */
	double server_cpu_seconds, generator_cpu_seconds; /* the server's is -1 when not known */
	/* Of all requests, the warm-up's too. */
	uint64_t status[STATUS_MAX];
	uint64_t refused_lines;                  /* of batches */
	uint64_t asked_again, lines_asked_again; /* after 503: requests, lines of batches */
	uint64_t closed;                         /* connections that ended under a request */
	uint64_t unanswered;                     /* in flight when the drain was over */
	char refusal[256];                       /* the first answer that was not 2xx */
	struct receipts receipts;
};

/* When a request was due, and which of its answers count. */
struct tally_time {
	uint64_t due_ns, now_ns;
	bool measured; /* it was due after the warm-up */
	bool late;     /* asked again when the time was over: its latency counts alone */
};

/* Counts an answer.  How many seconds to wait before the request, as it is then, is
 * sent again; 0: it is done with. */
LGP_MUST_USE double tally_reply(struct load_result *result, enum mode_kind kind,
                                struct request *request, const struct reply *reply,
                                const struct tally_time *time, struct random_source *random);
/* Requests that went wrong. */
uint64_t load_errors(const struct load_result *result);

#endif
