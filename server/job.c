/* job: what a loop asks of the ledger thread, and what comes back.
 * Thread: the loop that made it. */
#include "server/job.h"

#include "server/ledger_thread.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MAX 512u /* jobs kept for use again, a loop */
#define CHUNK_MIN 4096u

struct job_chunk {
	struct job_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

void sealed_release(struct sealed *sealed)
{
	if (sealed != NULL && atomic_fetch_sub(&sealed->references, 1) == 1)
		free(sealed);
}

static struct job *take(struct worker *worker)
{
	struct job *job = worker->idle;
	if (job == NULL)
		return malloc(sizeof *job);
	worker->idle = job->next;
	worker->idle_count--;
	return job;
}

static bool prefers_minimal(struct lgp_view prefer)
{
	return prefer.len > 0 &&
	       memmem(prefer.ptr, prefer.len, "return=minimal", strlen("return=minimal")) != NULL;
}

struct job *job_new(struct request *request, const struct act *act, size_t bytes)
{
	struct worker *worker = request->worker;
	enum lgp_problem problem = ledger_thread_admit(request->app->ledger_thread, bytes);
	if (problem == LGP_PROBLEM_READ_ONLY) {
		problem_reply(request->exchange, problem, NULL,
		              "the server's log says why; what is read goes on being answered");
		return NULL;
	}
	struct job *job = problem == LGP_PROBLEM_NONE ? take(worker) : NULL;
	if (job == NULL) {
		if (problem == LGP_PROBLEM_NONE)
			ledger_thread_release(request->app->ledger_thread, bytes);
		problem_reply(request->exchange, LGP_PROBLEM_OVERLOADED, NULL,
		              "too much waits for the ledger; try again in a second");
		return NULL;
	}
	memset(job, 0, offsetof(struct job, leaf));
	job->call.call = job_on_done;
	job->worker = worker;
	job->act = act;
	job->bytes = bytes;
	job->lines = &job->line;
	job->count = 1;
	job->dry = request->dry;
	job->role = request->principal.role;
	job->minimal = prefers_minimal(request->exchange->prefer);
	job->line.command.token = request->principal.token;
	job->line.command.dry = request->dry;
	return job;
}

void *job_alloc(struct job *job, size_t len)
{
	struct job_chunk *chunk = job->memory;
	len = (len + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (chunk == NULL || chunk->size - chunk->used < len) {
		size_t size = len > CHUNK_MIN ? len : CHUNK_MIN;
		chunk = malloc(sizeof *chunk + size);
		if (chunk == NULL)
			return NULL;
		*chunk = (struct job_chunk){.next = job->memory, .size = size};
		job->memory = chunk;
	}
	void *at = chunk->bytes + chunk->used;
	chunk->used += len;
	memset(at, 0, len);
	return at;
}

struct lgp_view job_copy(struct job *job, struct lgp_view text)
{
	char *copy = job_alloc(job, text.len + 1);
	if (copy == NULL)
		return (struct lgp_view){NULL, 0};
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	return (struct lgp_view){copy, text.len};
}

/* What a job held may be somebody's words or key. */
static void take_apart(struct job *job)
{
	struct worker *worker = job->worker;
	sealed_release(job->sealed);
	for (struct job_chunk *chunk = job->memory, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		sodium_memzero(chunk->bytes, chunk->used);
		free(chunk);
	}
	if (worker->idle_count >= IDLE_MAX) {
		free(job);
		return;
	}
	job->next = worker->idle;
	worker->idle = job;
	worker->idle_count++;
}

void job_drop(struct job *job)
{
	ledger_thread_release(job->worker->app->ledger_thread, job->bytes);
	take_apart(job);
}

void job_send(struct request *request, struct job *job)
{
	struct worker *worker = job->worker;
	job->ticket = request->exchange->ticket;
	job_chain_add_one(&worker->outbox, job);
	http_defer(request->exchange);
}

void job_flush(struct worker *worker)
{
	if (worker->outbox.first != NULL)
		ledger_thread_submit(worker->app->ledger_thread, job_chain_take(&worker->outbox));
}

void job_pool_free(struct worker *worker)
{
	while (worker->idle != NULL) {
		struct job *job = worker->idle;
		worker->idle = job->next;
		free(job);
	}
	worker->idle_count = 0;
}

void job_on_done(struct loop *loop, struct loop_call *call)
{
	struct job *job = (struct job *)(void *)call;
	struct exchange *exchange = http_resume(loop, job->ticket);
	if (exchange != NULL)
		job->act->answer(job->worker, exchange, job);
	take_apart(job);
}
