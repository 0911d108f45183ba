/* test_faults: the nth write, sync or allocation fails, for every n; and the
 * disk, the map or the file size allowed runs out.  After each the ledger is
 * opened again and must be whole: nothing acknowledged is lost (I9), no key acts
 * twice (I3), nothing is half there (I1, I4, I7), and the state is that of the
 * log (I10).
 *
 * This program's own pwrite, fdatasync, malloc and so on stand before libc's, for
 * the libraries too, and fail when a plan says so.  Syncs do nothing: a process
 * that ends does not take the page cache with it.  Each run is a child, which
 * tells what it acknowledged through a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger_check.h"
#include "ledger_fixture.h"

/* The sanitizers bring allocators of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define BATCHES 7
#define BATCH_GRANTS 4
#define GRANTS (BATCHES * BATCH_GRANTS)
#define NOWHERE 1000000000 /* an nth that does not come */
#define SHORT_FROM 512     /* bytes; a note or a key is never written in part */

/* ---- the plan, and what stands before libc ------------------------------------------------ */

enum { WRITES = 1, SYNCS = 2, MEMORY = 4 };

static struct plan {
	unsigned what;
	long nth; /* which one fails, from 1 */
	bool from_then_on, in_part;
	int error;
} plan;
static bool armed, happened;
static long passed;

static bool fails(unsigned what)
{
	if (!armed || (plan.what & what) == 0)
		return false;
	passed++;
	bool now = passed == plan.nth || (plan.from_then_on && passed > plan.nth);
	happened = happened || now;
	return now;
}

static ssize_t refuse(void)
{
	errno = plan.error;
	return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	if (fails(WRITES)) {
		if (!plan.in_part || len < SHORT_FROM)
			return refuse();
		len /= 2;
	}
	return syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	return fails(WRITES) ? refuse() : syscall(SYS_write, fd, bytes, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return fails(WRITES) ? refuse() : syscall(SYS_writev, fd, parts, count);
}

int ftruncate(int fd, off_t len)
{
	return (int)(fails(WRITES) ? refuse() : syscall(SYS_ftruncate, fd, len));
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return (int)(fails(WRITES) ? refuse() : syscall(SYS_renameat, from_fd, from, to_fd, to));
}

int fdatasync(int fd)
{
	(void)fd;
	return fails(SYNCS) ? (int)refuse() : 0;
}

int fsync(int fd)
{
	(void)fd;
	return fails(SYNCS) ? (int)refuse() : 0;
}

int msync(void *at, size_t len, int flags)
{
	(void)at;
	(void)len;
	(void)flags;
	return fails(SYNCS) ? (int)refuse() : 0;
}

#if !SANITIZED
void *__libc_malloc(size_t len);
void *__libc_calloc(size_t count, size_t len);
void *__libc_realloc(void *old, size_t len);
void *__libc_memalign(size_t alignment, size_t len);

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t len)
{
	return fails(MEMORY) ? none() : __libc_malloc(len);
}

void *calloc(size_t count, size_t len)
{
	return fails(MEMORY) ? none() : __libc_calloc(count, len);
}

void *realloc(void *old, size_t len)
{
	return fails(MEMORY) ? none() : __libc_realloc(old, len);
}

void *aligned_alloc(size_t alignment, size_t len)
{
	return fails(MEMORY) ? none() : __libc_memalign(alignment, len);
}

/* Files are mapped by LMDB, once; the rest is memory. */
void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if ((flags & MAP_ANONYMOUS) != 0 && fails(MEMORY)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset);
}

int posix_memalign(void **out, size_t alignment, size_t len)
{
	if (fails(MEMORY))
		return ENOMEM;
	*out = __libc_memalign(alignment, len);
	return *out == NULL ? ENOMEM : 0;
}
#endif

/* ---- the workload ---------------------------------------------------------------------------- */

static struct fixture base; /* a programme, closed; each run works on a copy */
static char copy_dir[64];

struct ack {
	unsigned grant;
	uint64_t seq;
};

/* How a child ended, besides by a signal. */
enum { DONE = 0, FAULT = 1, FULL = 2, WRONG = 3 };

static enum lgp_status utc_date(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	(void)context;
	(void)zone;
	*days = (int32_t)(time_us / DAY_US);
	return LGP_OK;
}

static struct lgp_command grant_of(unsigned i)
{
	struct fixture at = base;
	at.keys += i;
	at.now_us += i;
	return fixture_grant(&at, 10 + i);
}

/* Past the plan: the pipe is not the ledger's. */
static void tell(int pipe_fd, const void *bytes, size_t len)
{
	if (syscall(SYS_write, pipe_fd, bytes, len) != (long)len)
		_exit(WRONG);
}

/* Nothing of a batch that did not fit may show. */
static int look_after_full(struct lgp_ledger *ledger, uint64_t size, int64_t held)
{
	struct lgp_reader *reader;
	struct lgp_checkpoint released;
	struct lgp_entry entry;
	int64_t now;
	armed = false;
	lgp_released(ledger, &released, NULL);
	if (released.size != size || lgp_reader_new(ledger, &reader) != LGP_OK)
		return WRONG;
	bool good = lgp_read_balance(reader, LGP_CLASS_CUSTOMER, base.customer, base.unit, &now) ==
	                    LGP_OK &&
	            now == held && lgp_read_entry(reader, size, &entry) == LGP_MISSING &&
	            lgp_read_entry(reader, size - 1, &entry) == LGP_OK;
	lgp_reader_free(reader);
	return good ? FULL : WRONG;
}

static int one_batch(struct lgp_ledger *ledger, unsigned first, int pipe_fd)
{
	struct ack acks[BATCH_GRANTS];
	int64_t sum = 0;
	for (unsigned i = 0; i < first; i++)
		sum += 10 + i;
	uint64_t size = lgp_next_seq(ledger);
	for (unsigned i = 0; i < BATCH_GRANTS; i++) {
		struct lgp_command grant = grant_of(first + i);
		struct lgp_outcome out;
		if (lgp_judge(ledger, &grant, &out) != LGP_OK)
			return FAULT;
		if (out.verdict != LGP_ACCEPTED)
			return WRONG;
		acks[i] = (struct ack){first + i, out.seq};
	}
	lgp_batch_close(ledger);
	enum lgp_status status = lgp_log_append_here(ledger);
	if (status == LGP_FULL)
		return look_after_full(ledger, size, sum);
	if (status != LGP_OK)
		return FAULT;
	lgp_highwater_write(ledger);
	lgp_batch_apply(ledger);
	tell(pipe_fd, acks, sizeof acks);
	return DONE;
}

static int work(struct lgp_ledger *ledger, int pipe_fd)
{
	for (unsigned i = 0; i < BATCHES; i++) {
		int end = one_batch(ledger, i * BATCH_GRANTS, pipe_fd);
		if (end != DONE)
			return end;
		if (i % 2 == 0 && lgp_state_freeze(ledger, true) &&
		    lgp_applier_step(ledger) != LGP_OK)
			return FAULT;
		if (i % 2 == 1 && lgp_log_flush(ledger) != LGP_OK)
			return FAULT;
		if (i % 3 == 2 && lgp_highwater_sync(ledger) != LGP_OK)
			return FAULT;
	}
	return DONE;
}

struct sizes {
	size_t log_map, state_map;
	rlim_t file_bytes; /* 0: no bound */
};

_Noreturn static void child(const struct sizes *sizes, int pipe_fd)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
	const struct rlimit no_core = {0, 0};
	struct lgp_options options = {.log_map_bytes = sizes->log_map,
	                              .state_map_bytes = sizes->state_map,
	                              .calendar = {utc_date, NULL, NULL}};
	struct lgp_ledger *ledger;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		signal(signals[i], SIG_DFL); /* cmocka's are the parent's */
	signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (sizes->file_bytes != 0)
		(void)setrlimit(RLIMIT_FSIZE,
		                &(struct rlimit){sizes->file_bytes, sizes->file_bytes});
	(void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	armed = true;
	int end = FAULT;
	if (lgp_open(copy_dir, &options, &ledger) == LGP_OK) {
		end = work(ledger, pipe_fd);
		if (end == DONE)
			lgp_close(ledger);
	}
	armed = false;
	const struct ack last = {UINT32_MAX, (uint64_t)passed};
	if (end == DONE)
		tell(pipe_fd, &last, sizeof last);
	_exit(end);
}

/* ---- a run, and looking again -------------------------------------------------------------------- */

struct outcome {
	uint64_t seq[GRANTS]; /* of what was acknowledged; 0: was not */
	unsigned acked;
	long passed; /* of what the plan counts, when it came to its end */
	int status;  /* as wait says */
};

static void run(const struct sizes *sizes, struct outcome *out)
{
	int ends[2];
	struct ack ack;
	*out = (struct outcome){.passed = -1};
	shell("rm -rf %s && cp -r %s %s", copy_dir, base.dir, copy_dir);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(sizes, ends[1]);
	}
	close(ends[1]);
	while (read(ends[0], &ack, sizeof ack) == (ssize_t)sizeof ack) {
		if (ack.grant == UINT32_MAX) {
			out->passed = (long)ack.seq;
			continue;
		}
		out->seq[ack.grant] = ack.seq;
		out->acked++;
	}
	close(ends[0]);
	assert_int_equal(waitpid(pid, &out->status, 0), pid);
}

static bool ended_with(const struct outcome *outcome, int code)
{
	return WIFEXITED(outcome->status) && WEXITSTATUS(outcome->status) == code;
}

/* Each grant is asked for again: what was acknowledged is known by its number,
 * the rest acts now, or has acted; in the end each has acted once. */
static void ask_again(struct fixture *f, const struct outcome *outcome)
{
	int64_t sum = 0;
	for (unsigned i = 0; i < GRANTS; i++) {
		struct lgp_command grant = grant_of(i);
		struct lgp_outcome out = fixture_judge(f, &grant);
		sum += grant.amount;
		if (outcome->seq[i] != 0 &&
		    (out.verdict != LGP_REPLAYED || out.seq != outcome->seq[i]))
			fail_msg("grant %u was acknowledged as %llu, and is lost (I9)", i,
			         (unsigned long long)outcome->seq[i]);
		if (out.verdict == LGP_ACCEPTED)
			fixture_commit(f);
		else
			assert_int_equal(out.verdict, LGP_REPLAYED);
	}
	assert_int_equal(fixture_balance(f, LGP_CLASS_CUSTOMER, base.customer), sum);
	assert_int_equal(fixture_balance(f, LGP_CLASS_BUDGET, base.budget), 1000000 - sum);
}

static void look_again(const struct outcome *outcome)
{
	struct fixture f = base;
	struct lgp_hash before, after;
	strcpy(f.dir, copy_dir);
	fixture_reopen(&f);
	uint64_t size = lgp_next_seq(f.ledger), acked = base.keys + 3 + outcome->acked;
	/* A batch is there whole or not at all; a full store wrote nothing. */
	if (size != acked && (size != acked + BATCH_GRANTS || ended_with(outcome, FULL)))
		fail_msg("%llu entries after %llu were acknowledged", (unsigned long long)size,
		         (unsigned long long)acked);
	ledger_check_all(f.ledger);
	ask_again(&f, outcome);
	ledger_check_all(f.ledger);
	assert_int_equal(lgp_state_hash(f.ledger, &before), LGP_OK);
	fixture_close(&f);
	shell("rm -f %s/state.mdb", copy_dir);
	fixture_reopen(&f);
	assert_int_equal(lgp_state_hash(f.ledger, &after), LGP_OK);
	assert_memory_equal(&before, &after, sizeof before);
	fixture_close(&f);
}

static const struct sizes roomy = {(size_t)1 << 30, (size_t)1 << 30, 0};

/* Every nth of a kind fails, until a run passes the whole way without. */
static void sweep(struct plan how, long stride, bool may_abort)
{
	struct outcome outcome;
	unsigned faults = 0;
	plan = how;
	plan.nth = NOWHERE;
	run(&roomy, &outcome);
	assert_true(ended_with(&outcome, DONE));
	assert_int_equal(outcome.acked, GRANTS);
	long total = outcome.passed;
	assert_true(total > 20);
	for (long nth = 1; nth <= total; nth += stride) {
		plan.nth = nth;
		run(&roomy, &outcome);
		bool aborted = WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGABRT;
		if (!ended_with(&outcome, DONE) && !ended_with(&outcome, FAULT) &&
		    !ended_with(&outcome, FULL) && !(may_abort && aborted))
			fail_msg("number %ld of %ld: ended with status %x", nth, total,
			         (unsigned)outcome.status);
		faults += !ended_with(&outcome, DONE);
		look_again(&outcome);
	}
	assert_true(faults > 5);
}

static int setup(void **state)
{
	(void)state;
	fixture_programme(&base);
	fixture_close(&base);
	/* Where there is memory to hold them, the hundreds of copies need no disk. */
	strcpy(copy_dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/lagniappe-faults-XXXXXX"
	                                               : "/tmp/lagniappe-faults-XXXXXX");
	assert_non_null(mkdtemp(copy_dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	shell("rm -rf '%s' '%s'", base.dir, copy_dir);
	return 0;
}

/* ---- cases --------------------------------------------------------------------------------------- */

#define STRIDE (SANITIZED ? 3 : 1)

static void any_write_fails_for_want_of_room_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = WRITES, .error = ENOSPC, .from_then_on = true}, STRIDE, false);
}

static void any_one_write_fails_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = WRITES, .error = EIO}, STRIDE, false);
}

static void any_one_write_is_made_in_part_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = WRITES, .error = EIO, .in_part = true}, STRIDE, false);
}

static void any_one_sync_fails_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = SYNCS, .error = EIO}, STRIDE, false);
}

static void any_sync_fails_and_all_after_it_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = SYNCS, .error = EIO, .from_then_on = true}, STRIDE, false);
}

#if !SANITIZED
static void any_one_allocation_fails_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = MEMORY}, 1, true);
}

static void memory_runs_out_anywhere_I9(void **state)
{
	(void)state;
	sweep((struct plan){.what = MEMORY, .from_then_on = true}, 3, true);
}
#endif

static uint64_t file_bytes(const char *name)
{
	char path[160];
	struct stat info;
	snprintf(path, sizeof path, "%s/%s", base.dir, name);
	assert_int_equal(stat(path, &info), 0);
	return (uint64_t)info.st_size;
}

static void a_full_map_writes_nothing_and_a_larger_one_goes_on_I9(void **state)
{
	(void)state;
	struct outcome outcome;
	unsigned full = 0;
	plan = (struct plan){0};
	for (size_t pages = 0; pages < 24; pages++) {
		struct sizes sizes = roomy;
		sizes.log_map = file_bytes("ledger.mdb") + 4096 * pages;
		run(&sizes, &outcome);
		assert_true(ended_with(&outcome, FULL) || ended_with(&outcome, DONE));
		full += ended_with(&outcome, FULL);
		look_again(&outcome);
	}
	assert_true(full > 3);
}

static void a_full_state_map_loses_nothing_I9(void **state)
{
	(void)state;
	struct outcome outcome;
	unsigned faults = 0;
	plan = (struct plan){0};
	for (size_t pages = 0; pages < 12; pages++) {
		struct sizes sizes = roomy;
		sizes.state_map = file_bytes("state.mdb") + 4096 * pages;
		run(&sizes, &outcome);
		assert_true(ended_with(&outcome, FAULT) || ended_with(&outcome, DONE));
		faults += ended_with(&outcome, FAULT);
		look_again(&outcome);
	}
	assert_true(faults > 0);
}

/* RLIMIT_FSIZE: a write is cut at the bound, and the next one refused. */
static void a_bound_on_the_size_of_files_loses_nothing_I9(void **state)
{
	(void)state;
	struct outcome outcome;
	unsigned stopped = 0;
	plan = (struct plan){0};
	for (uint64_t more = 0; more < 100000; more += 6000) {
		struct sizes sizes = roomy;
		sizes.file_bytes = file_bytes("ledger.mdb") - 20000 + more;
		run(&sizes, &outcome);
		assert_true(ended_with(&outcome, FAULT) || ended_with(&outcome, FULL) ||
		            ended_with(&outcome, DONE));
		stopped += !ended_with(&outcome, DONE);
		look_again(&outcome);
	}
	assert_true(stopped > 3);
}

/* ---- making a ledger -------------------------------------------------------------------------------- */

_Noreturn static void create_child(void)
{
	const struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	const struct lgp_genesis genesis = {
	        LGP_VIEW("test.example/ledger"), LGP_VIEW("Etc/UTC"), 1, 20000, {1}, {2}};
	(void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	armed = true;
	enum lgp_status status = lgp_create(copy_dir, &keys, &genesis);
	armed = false;
	_exit(status != LGP_OK ? FAULT : happened ? WRONG : DONE);
}

/* What was not made to its end does not open; what opens is whole. */
static void a_ledger_is_made_whole_or_does_not_open(void **state)
{
	(void)state;
	const uint8_t admin[LGP_HASH_LEN] = {1}, finance[LGP_HASH_LEN] = {2};
	unsigned not_made = 0;
	int status = -1;
	plan = (struct plan){.what = WRITES | SYNCS, .error = EIO};
	for (plan.nth = 1; status != DONE; plan.nth++) {
		struct lgp_options options = {.log_map_bytes = 1 << 24, .state_map_bytes = 1 << 24};
		struct lgp_ledger *ledger;
		shell("rm -rf %s", copy_dir);
		pid_t pid = fork();
		if (pid == 0)
			create_child();
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		status = WEXITSTATUS(status);
		assert_int_not_equal(status, WRONG);
		not_made += status == FAULT;
		if (lgp_open(copy_dir, &options, &ledger) != LGP_OK) {
			assert_int_equal(status, FAULT);
			continue;
		}
		assert_int_equal(lgp_next_seq(ledger), 3);
		assert_non_null(lgp_registry_token(ledger, admin));
		assert_non_null(lgp_registry_token(ledger, finance));
		lgp_close(ledger);
	}
	assert_true(not_made > 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(any_write_fails_for_want_of_room_I9),
		CASE(any_one_write_fails_I9),
		CASE(any_one_write_is_made_in_part_I9),
		CASE(any_one_sync_fails_I9),
		CASE(any_sync_fails_and_all_after_it_I9),
#if !SANITIZED
		CASE(any_one_allocation_fails_I9),
		CASE(memory_runs_out_anywhere_I9),
#endif
		CASE(a_full_map_writes_nothing_and_a_larger_one_goes_on_I9),
		CASE(a_full_state_map_loses_nothing_I9),
		CASE(a_bound_on_the_size_of_files_loses_nothing_I9),
		CASE(a_ledger_is_made_whole_or_does_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
