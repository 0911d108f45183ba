/* app: what the server's parts share, and what each loop has of its own.
 * Thread: struct app is made by main and read by all; what changes in it is
 * atomic or behind the module that owns it.  A struct worker belongs to one
 * loop thread. */
#ifndef LAGNIAPPE_SERVER_APP_H
#define LAGNIAPPE_SERVER_APP_H

#include "lagniappe/codec.h"
#include "lagniappe/ledger.h"
#include "server/body.h"
#include "server/calendar.h"
#include "server/config.h"
#include "server/http.h"
#include "server/people.h"

#include <stdatomic.h>

struct ledger_thread;
struct upkeep;
struct route;
struct job;
struct app;
struct route_counts;

/* The lines of the proof that was answered last, as they stand in JSON. */
struct proof_text {
	unsigned count; /* of lines that are filled */
	struct lgp_hash hash[LGP_PROOF_MAX];
	char line[LGP_PROOF_MAX][LGP_BASE64_LEN(LGP_HASH_LEN) + 2];
};

/* Jobs in their order (job.h). */
struct job_chain {
	struct job *first, *last;
};

/* A loop's own: whatever must not be shared, so that requests take no lock but
 * the registry's. */
struct worker {
	struct app *app;
	struct loop *loop;
	unsigned index;
	struct lgp_reader *reader;
	struct people_reader *people;
	struct lgp_idcipher *ids;
	struct calendar *calendar;
	struct json_document *json;
	struct body body;
	struct job *idle; /* jobs to use again */
	unsigned idle_count;
	struct job_chain outbox; /* for the ledger, sent at the end of the turn */
	/* The newest checkpoint that was answered, as JSON text: most answers of a
	 * batch share it. */
	uint64_t checkpoint_size;
	struct buf checkpoint_json;
	struct proof_text proof_text;
	struct route_counts *counts; /* by route */
};

struct app {
	struct config config;
	struct lgp_ledger *ledger;
	struct people *people;
	struct ledger_thread *ledger_thread;
	struct upkeep *upkeep;
	_Atomic(struct http_server *) http; /* NULL until all loops listen */
	unsigned loops;
	struct worker **workers; /* by loop */
	char *openapi;           /* the document, made at start */
	size_t openapi_len;
	atomic_bool draining;
};

/* Microseconds since 1970 UTC, by the system's clock. */
int64_t app_time_us(void);
uint64_t app_monotonic_us(void);

/* The handler that serves the app. */
struct http_handler app_handler(struct app *app);

#endif
