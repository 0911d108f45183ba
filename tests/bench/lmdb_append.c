/* lmdb_append: LMDB's own ceiling as an append-only log: entries of 256 bytes, the
 * strips of hashes that they fill, a checkpoint's record, one durable transaction
 * a batch.  What the ledger does to its disk, without the ledger: no rule is judged,
 * nothing is hashed or signed.
 * Thread: one.
 *
 *   lmdb_append DIR [SECONDS [BATCH]...]     batches of 1, 10, 100 and 1,000 by default
 *
 * Prints one line of JSON a batch size.  The file lies in DIR while it runs. */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lagniappe/status.h"

#define ENTRY_BYTES 256
#define STRIP_HASHES 16
#define STRIP_BYTES (STRIP_HASHES * 32)
#define CHECKPOINT_BYTES 100
#define MAP_BYTES ((size_t)64 << 30)
#define SAMPLES_MAX 1000000
#define BATCH_MAX 100000

struct store {
	char path[512];
	MDB_env *env;
	MDB_dbi entries, strips, checkpoints;
	uint64_t size; /* entries in it */
};

static double samples[SAMPLES_MAX]; /* seconds, a commit each */

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(int code, const char *call)
{
	if (code == MDB_SUCCESS)
		return;
	fprintf(stderr, "lmdb_append: %s: %s\n", call, mdb_strerror(code));
	exit(2);
}

static void remove_files(const struct store *store)
{
	char lock[sizeof store->path + 8];
	snprintf(lock, sizeof lock, "%s-lock", store->path);
	unlink(store->path);
	unlink(lock);
}

static void open_store(struct store *store, const char *dir)
{
	MDB_txn *txn;
	snprintf(store->path, sizeof store->path, "%s/append.mdb", dir);
	remove_files(store);
	store->size = 0;
	must(mdb_env_create(&store->env), "mdb_env_create");
	must(mdb_env_set_mapsize(store->env, MAP_BYTES), "mdb_env_set_mapsize");
	must(mdb_env_set_maxdbs(store->env, 4), "mdb_env_set_maxdbs");
	must(mdb_env_open(store->env, store->path, MDB_NOSUBDIR, 0600), store->path);
	must(mdb_txn_begin(store->env, NULL, 0, &txn), "mdb_txn_begin");
	unsigned flags = MDB_CREATE | MDB_INTEGERKEY;
	must(mdb_dbi_open(txn, "entries", flags, &store->entries), "mdb_dbi_open");
	must(mdb_dbi_open(txn, "strips", flags, &store->strips), "mdb_dbi_open");
	must(mdb_dbi_open(txn, "checkpoints", flags, &store->checkpoints), "mdb_dbi_open");
	must(mdb_txn_commit(txn), "mdb_txn_commit");
}

static void put(MDB_txn *txn, MDB_dbi table, uint64_t key, void *bytes, size_t len, unsigned flags)
{
	MDB_val k = {sizeof key, &key}, v = {len, bytes};
	must(mdb_put(txn, table, &k, &v, flags), "mdb_put");
}

static void append(struct store *store, unsigned batch)
{
	static char bytes[ENTRY_BYTES + STRIP_BYTES + CHECKPOINT_BYTES];
	MDB_txn *txn;
	must(mdb_txn_begin(store->env, NULL, 0, &txn), "mdb_txn_begin");
	uint64_t first = store->size, end = first + batch;
	for (uint64_t seq = first; seq < end; seq++) {
		memcpy(bytes, &seq, sizeof seq);
		put(txn, store->entries, seq, bytes, ENTRY_BYTES, MDB_APPEND);
	}
	for (uint64_t strip = first / STRIP_HASHES; strip <= (end - 1) / STRIP_HASHES; strip++)
		put(txn, store->strips, strip, bytes + ENTRY_BYTES, STRIP_BYTES, 0);
	put(txn, store->checkpoints, end, bytes, CHECKPOINT_BYTES, MDB_APPEND);
	must(mdb_txn_commit(txn), "mdb_txn_commit");
	store->size = end;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void report(const struct store *store, unsigned batch, size_t commits, double elapsed)
{
	MDB_envinfo info;
	must(mdb_env_info(store->env, &info), "mdb_env_info");
	double bytes = (double)(info.me_last_pgno + 1) * (double)sysconf(_SC_PAGESIZE);
	qsort(samples, commits, sizeof *samples, compare);
	printf("{\"batch\":%u,\"entries_per_s\":%.0f,\"commit_p50_ms\":%.3f,"
	       "\"commit_p99_ms\":%.3f,\"bytes_per_entry\":%.0f}\n",
	       batch, (double)store->size / elapsed, samples[commits / 2] * 1e3,
	       samples[commits * 99 / 100] * 1e3, bytes / (double)store->size);
	fflush(stdout);
}

static void run(const char *dir, double limit, unsigned batch)
{
	struct store store;
	size_t commits = 0;
	open_store(&store, dir);
	double began = seconds(), now = began;
	while (now - began < limit && commits < SAMPLES_MAX) {
		double then = now;
		append(&store, batch);
		now = seconds();
		samples[commits++] = now - then;
	}
	report(&store, batch, commits, now - began);
	mdb_env_close(store.env);
	remove_files(&store);
}

int main(int argc, char **argv)
{
	static const unsigned usual[] = {1, 10, 100, 1000};
	double limit = argc > 2 ? strtod(argv[2], NULL) : 3;
	if (argc < 2 || !(limit > 0)) {
		fprintf(stderr, "usage: lmdb_append DIR [SECONDS [BATCH]...]\n");
		return 2;
	}
	if (argc <= 3)
		for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
			run(argv[1], limit, usual[i]);
	for (int i = 3; i < argc; i++) {
		unsigned long batch = strtoul(argv[i], NULL, 10);
		if (batch == 0 || batch > BATCH_MAX) {
			fprintf(stderr, "lmdb_append: a batch has 1 to %d entries, not %s\n",
			        BATCH_MAX, argv[i]);
			return 2;
		}
		run(argv[1], limit, (unsigned)batch);
	}
	return 0;
}
