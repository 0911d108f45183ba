/* progress: see progress.h.  Thread: one at a time. */
#include "tools/audit/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/audit/text.h"

#define STEP_MS 200

static int64_t now_ms(void)
{
	struct timespec now;
	require(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_start(struct progress *progress, uint64_t total)
{
	*progress = (struct progress){.terminal = isatty(STDERR_FILENO) == 1, .total = total};
	progress->start_ms = progress->last_ms = now_ms();
}

void progress_at(struct progress *progress, uint64_t done)
{
	if (!progress->terminal || now_ms() - progress->last_ms < STEP_MS)
		return;
	char of[COUNT_MAX], so_far[COUNT_MAX], rate_text[COUNT_MAX];
	progress->last_ms = now_ms();
	int64_t elapsed_ms = progress->last_ms - progress->start_ms;
	uint64_t rate = done * 1000 / (uint64_t)elapsed_ms + 1;
	fprintf(stderr, "\r%s of %s entries, %s a second, %" PRIu64 " s left \033[K",
	        count_text(done, so_far), count_text(progress->total, of),
	        count_text(rate, rate_text), (progress->total - done) / rate);
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
