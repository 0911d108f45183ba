/* job: what a loop asks of the ledger thread, and what comes back.
 * Thread: one owner at a time.  The loop makes it and hands it over with the
 * outbox; the ledger thread judges, commits and posts it back; the loop answers
 * and takes it apart.  It holds copies of all it needs: the connection may be
 * gone long before. */
#ifndef LAGNIAPPE_SERVER_JOB_H
#define LAGNIAPPE_SERVER_JOB_H

#include "server/app.h"
#include "server/route.h"

#define JOB_LINES_MAX 8192

struct job;
struct line;

/* The checkpoint that a batch was released with; shared by its jobs. */
struct sealed {
	atomic_uint references;
	uint64_t size;
	size_t len;
	char text[LGP_CHECKPOINT_SIGNED_MAX];
};
void sealed_release(struct sealed *sealed);

/* What is done with a kind of job.  Each may be NULL, save for answer. */
struct act {
	/* Ledger thread, before judging: may complete the command, may set
	 * line->problem, or settle the line without the ledger. */
	enum lgp_status (*prepare)(struct app *app, struct job *job, struct line *line);
	/* Ledger thread, the line's entry is in the open batch: puts into the people what
	 * must be there before the entry is durable. */
	enum lgp_status (*accepted)(struct app *app, struct job *job, struct line *line);
	/* Loop: the whole batch is durable, or nothing was written. */
	void (*answer)(struct worker *worker, struct exchange *exchange, struct job *job);
};

/* One command, and how it went. */
struct line {
	struct lgp_command command;
	struct lgp_view body;   /* where its MAC is made by the ledger thread */
	struct lgp_view words;  /* where the ledger thread seals them */
	struct lgp_view sealed; /* words that are sealed already, under person's key */
	struct lgp_view party;
	uint64_t person;
	/* The answer. */
	enum lgp_verdict verdict;
	enum lgp_problem problem; /* set before judging: the line is not judged */
	bool settled;             /* by prepare, without an entry */
	bool refusal_replayed;    /* REPLAYED, and the first answer was a refusal */
	enum lgp_kind became;     /* a grant that asked for approval is an ask */
	unsigned retry_after_s;   /* with THROTTLED */
	/* Of dry runs, in the job's memory: the limit that binds or NULL, and all that
	 * the grant meets. */
	const struct lgp_limit_use *binding, *limits;
	size_t limit_count;
	char field[32];
	struct lgp_view detail;
	uint64_t seq; /* of the entry; of a duplicate: the first one's number */
};

struct job_chunk;

struct job {
	struct loop_call call; /* first */
	struct job *next;
	struct worker *worker;
	struct ticket ticket;
	const struct act *act;
	bool minimal; /* Prefer: return=minimal */
	bool dry, bulk;
	bool balance_unseen; /* who asks may not read what the customer holds: nor by a dry run */
	enum lgp_role role;  /* the asker's */
	size_t bytes;        /* counted against the queue's bound */
	struct job_chunk *memory;
	struct line *lines; /* &line, or in memory */
	size_t count;
	void *more; /* the act's own, in memory */
	/* A single line's answer. */
	struct line line;
	struct lgp_entry entry;
	bool proven; /* leaf, proof and sealed are there */
	struct sealed *sealed;
	uint8_t leaf[LGP_ENTRY_LEN];
	struct lgp_proof proof;
};

/* NULL: overloaded or read-only, and answered so.  bytes: what the job will hold. */
struct job *job_new(struct request *request, const struct act *act, size_t bytes);
/* Zeroed memory that lives as long as the job; NULL: none left. */
void *job_alloc(struct job *job, size_t len);
/* A copy; ptr NULL: no memory. */
struct lgp_view job_copy(struct job *job, struct lgp_view text);
/* Drops a job that was not sent, having answered. */
void job_drop(struct job *job);
/* The last of a chain has no next. */
static inline void job_chain_add(struct job_chain *chain, struct job_chain more)
{
	if (more.first == NULL)
		return;
	if (chain->first != NULL)
		chain->last->next = more.first;
	else
		chain->first = more.first;
	chain->last = more.last;
}

static inline void job_chain_add_one(struct job_chain *chain, struct job *job)
{
	job->next = NULL;
	job_chain_add(chain, (struct job_chain){job, job});
}

/* All of it; leaves nothing. */
static inline struct job_chain job_chain_take(struct job_chain *chain)
{
	struct job_chain taken = *chain;
	*chain = (struct job_chain){NULL, NULL};
	return taken;
}

/* Defers the exchange and puts the job into the outbox. */
void job_send(struct request *request, struct job *job);
/* At the turn's end: hands the outbox over. */
void job_flush(struct worker *worker);
/* Frees the jobs kept for use again. */
void job_pool_free(struct worker *worker);
/* The loop call that answers. */
void job_on_done(struct loop *loop, struct loop_call *call);

#endif
