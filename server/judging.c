/* judging: one line before the ledger.
 * Thread: ledger thread only, save the counters, which any reads. */
#include "server/judging.h"

#include "server/counter.h"
#include "server/limit_use.h"
#include "server/throttle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct judging {
	struct app *app;
	struct lgp_ledger *ledger; /* borrowed */
	struct throttle *throttle;
	struct lgp_outcome outcome;
	int64_t clock_us, up_us; /* at the last stamp */
	struct judged_counters count;
};

struct judging *judging_new(struct app *app)
{
	struct judging *judging = calloc(1, sizeof *judging);
	if (judging == NULL)
		return NULL;
	judging->app = app;
	judging->ledger = app->ledger;
	judging->throttle = throttle_new(app->config.refusals_per_minute);
	if (judging->throttle != NULL)
		return judging;
	free(judging);
	return NULL;
}

void judging_free(struct judging *judging)
{
	if (judging == NULL)
		return;
	throttle_free(judging->throttle);
	free(judging);
}

const struct judged_counters *judging_counters(const struct judging *judging)
{
	return &judging->count;
}

/* ---- when ------------------------------------------------------------------------- */

/* What has passed, whatever the clock was set to; a machine asleep counts too. */
static int64_t uptime_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool judging_stamp(struct judging *judging, int64_t *time_us)
{
	int64_t now = app_time_us(), up = uptime_us();
	int64_t ran = up - judging->up_us;
	if (judging->clock_us != 0 && now - judging->clock_us > ran + LGP_TIME_JUMP_MAX_US)
		return false;
	judging->clock_us = now;
	judging->up_us = up;
	*time_us = now;
	return true;
}

/* ---- what became of it ---------------------------------------------------------------- */

void judging_deny(struct line *line, enum lgp_problem problem)
{
	line->verdict = LGP_DENIED;
	line->problem = problem;
}

/* Whose token asks: one person with many tokens is one person. */
static uint64_t subject_of(const struct judging *judging, const struct line *line)
{
	const struct lgp_record *token = lgp_registry_get(judging->ledger, line->command.token);
	return token != NULL ? token->as.token.subject : line->command.token;
}

static void settle(struct judging *judging, struct job *job, struct line *line)
{
	const struct lgp_outcome *outcome = &judging->outcome;
	line->verdict = outcome->verdict;
	line->problem = outcome->problem;
	line->seq = outcome->seq;
	memcpy(line->field, outcome->field, sizeof line->field);
	static_assert(sizeof line->field == sizeof outcome->field, "field");
	line->refusal_replayed =
	        outcome->verdict == LGP_REPLAYED && outcome->entry.kind == LGP_KIND_REFUSAL;
	if (line->refusal_replayed)
		line->problem = (enum lgp_problem)outcome->entry.code;
	/* The answer is made from the record alone, so that it is the same again. */
	if (line->refusal_replayed || outcome->verdict == LGP_REFUSED)
		(void)snprintf(line->field, sizeof line->field, "%s", problem_field(line->problem));
	line->became = outcome->entry.kind;
	if (!job->bulk)
		job->entry = outcome->entry;
	if (outcome->verdict == LGP_REFUSED && !line->command.dry &&
	    line->command.kind != LGP_KIND_IMPORT)
		throttle_note(judging->throttle, subject_of(judging, line),
		              (uint64_t)judging->up_us);
	count(outcome->verdict == LGP_ACCEPTED   ? &judging->count.accepted
	      : outcome->verdict == LGP_REFUSED  ? &judging->count.refused
	      : outcome->verdict == LGP_REPLAYED ? &judging->count.replayed
	                                         : &judging->count.denied,
	      1);
}

/* True: the line would be one more refusal of a flood.  What the rules allow is
 * not held up, and what was answered before is answered again. */
static bool throttled(struct judging *judging, struct line *line)
{
	struct lgp_command *command = &line->command;
	unsigned wait_s = throttle_wait_s(judging->throttle, subject_of(judging, line),
	                                  (uint64_t)judging->up_us);
	if (wait_s == 0 || command->dry || command->kind == LGP_KIND_IMPORT)
		return false;
	command->dry = true;
	enum lgp_status status = lgp_judge(judging->ledger, command, &judging->outcome);
	command->dry = false;
	if (status != LGP_OK || judging->outcome.verdict != LGP_REFUSED)
		return false;
	count(&judging->count.denied, 1);
	judging_deny(line, LGP_PROBLEM_THROTTLED);
	line->retry_after_s = wait_s;
	return true;
}

/* What a dry run tells besides: the limit that binds, and all that the grant meets. */
static enum lgp_status explain(struct judging *judging, struct job *job, struct line *line)
{
	const struct lgp_limit_use *binding = &judging->outcome.binding;
	if (line->verdict != LGP_ACCEPTED && line->verdict != LGP_REFUSED)
		return LGP_OK;
	if (binding->limit != 0) {
		struct lgp_limit_use *copy = job_alloc(job, sizeof *copy);
		if (copy != NULL)
			*copy = *binding;
		line->binding = copy;
	}
	if (job->bulk || line->command.kind != LGP_KIND_GRANT || line->command.refers_to != 0)
		return LGP_OK;
	enum lgp_status status = limit_use_explain(judging->app, job, line);
	return status == LGP_MISSING || status == LGP_OVERLOAD ? LGP_OK : status;
}

static enum lgp_status judge(struct judging *judging, struct job *job, struct line *line,
                             const char **doing)
{
	if (throttled(judging, line))
		return LGP_OK;
	*doing = "judging";
	enum lgp_status status = lgp_judge(judging->ledger, &line->command, &judging->outcome);
	if (status == LGP_OVERLOAD) {
		count(&judging->count.overloads, 1);
		judging_deny(line, LGP_PROBLEM_OVERLOADED);
		return LGP_OK;
	}
	if (status != LGP_OK)
		return status;
	settle(judging, job, line);
	*doing = "explaining";
	if (line->command.dry)
		return explain(judging, job, line);
	*doing = "keeping personal data";
	return line->verdict == LGP_ACCEPTED && job->act->accepted != NULL
	               ? job->act->accepted(judging->app, job, line)
	               : LGP_OK;
}

enum lgp_status judging_line(struct judging *judging, struct job *job, struct line *line,
                             const char **doing)
{
	enum lgp_status status = LGP_OK;
	*doing = "preparing";
	if (job->act->prepare != NULL)
		status = job->act->prepare(judging->app, job, line);
	if (status == LGP_OVERLOAD)
		line->problem = LGP_PROBLEM_OVERLOADED;
	if (status == LGP_FULL)
		line->problem = LGP_PROBLEM_READ_ONLY;
	if (line->problem != LGP_PROBLEM_NONE)
		judging_deny(line, line->problem);
	else if (status == LGP_OK && !line->settled)
		return judge(judging, job, line, doing);
	return status == LGP_OVERLOAD ? LGP_OK : status;
}
