/* guard: see guard.h.  Thread: each thread guards its own calls.
 * Source: POSIX sigaction and siglongjmp; the signals are synchronous, so the
 * jump leaves the very call that raised them.  The handler lets them in again before
 * it jumps: a mask that was saved with the place would cost each guarded call a
 * system call. */
#include "tools/audit/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

static _Thread_local sigjmp_buf resume;
static _Thread_local volatile sig_atomic_t armed;

static sigset_t guarded;

static void on_signal(int number)
{
	if (armed) {
		armed = 0;
		(void)pthread_sigmask(SIG_UNBLOCK, &guarded, NULL);
		siglongjmp(resume, number);
	}
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

void guard_init(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	require(sigemptyset(&action.sa_mask) == 0);
	require(sigemptyset(&guarded) == 0 && sigaddset(&guarded, SIGBUS) == 0 &&
	        sigaddset(&guarded, SIGSEGV) == 0 && sigaddset(&guarded, SIGABRT) == 0);
	require(sigaction(SIGBUS, &action, NULL) == 0);
	require(sigaction(SIGSEGV, &action, NULL) == 0);
	require(sigaction(SIGABRT, &action, NULL) == 0);
}

static const char *cause(int number)
{
	switch (number) {
	case SIGBUS:
		return "the file ends before this page, or the disk could not read it";
	case SIGSEGV:
		return "a page points outside the file";
	default:
		return "a page contradicts itself";
	}
}

enum lgp_status guard_call(enum lgp_status (*call)(void *context), void *context)
{
	int number = sigsetjmp(resume, 0);
	if (number != 0)
		return lgp_fault(LGP_CORRUPT, "%s", cause(number));
	armed = 1;
	enum lgp_status status = call(context);
	armed = 0;
	return status;
}
