/* bulk: many acts in one request: NDJSON in, NDJSON out, a line each, in order.
 * Lines stand alone: one that is wrong gets its own problem, the rest go on.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_BULK_H
#define LAGNIAPPE_SERVER_BULK_H

#include "server/job.h"

struct bulk {
	const struct body_table *table; /* its first field is the key */
	const struct act *act;          /* answer: bulk_answer */
	bool keep_body;                 /* lines keep their text for the ledger thread */
	/* Completes the line from decoded values. False: *field, *detail (malformed). */
	bool (*fill)(struct request *request, struct job *job, struct line *line,
	             const struct body_value *value, const char **field, const char **detail);
	/* After the line's key is known; may note a problem in the line. */
	void (*finish)(struct request *request, struct job *job, struct line *line,
	               const struct body_value *value, struct lgp_view text);
};

#define BULK_KEY_FIELD                                                                      \
	{                                                                                   \
		"key", BODY_TEXT, BODY_REQUIRED, NULL, 1, 255, "the line's idempotency key" \
	}

void bulk_post(struct request *request, const struct bulk *bulk);
void bulk_answer(struct worker *worker, struct exchange *exchange, struct job *job);

#endif
