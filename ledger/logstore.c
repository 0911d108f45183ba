/* logstore: the batches that are durable, wherever they are: in ledger.mdb, or in its
 * write-ahead log (lagniappe/wal.h) and on their way into it.
 * Threads: one puts and commits, at a time; any flushes; readers pass readers of their
 * own.
 * Upholds I2 (what is there is not changed) and I9 (a batch is durable before it is
 * shown).
 *
 *   active   durable in the generation of the write-ahead log that is being written
 *   frozen   the generation before it, on its way into ledger.mdb
 *   file     ledger.mdb
 *
 * A look takes the uppermost.  A generation leaves memory only after ledger.mdb holds
 * it, and who then does not find it there takes a newer snapshot of the file: so nobody
 * sees the log become shorter. */
#include "logstore.h"

#include "lagniappe/codec.h"
#include "lagniappe/crashpoint.h"
#include "log.h"
#include "loglayer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 600
#define READERS_MAX 256
#define LAYER_BYTES_MAX ((size_t)8 << 20) /* then a commit flushes, whoever else should have */
/* What a flush may need of ledger.mdb beyond twice the bytes that it puts: pages on the
 * way to each table's end, those of the flush before last being free again, and, since
 * payloads lie anywhere, some for each. */
#define SPARE_PAGES 24
#define PAYLOAD_PAGES 3
#define PAGE_BYTES 4096

const struct lgp_kv_table lgp_log_tables[LGP_LOG_TABLE_COUNT] = {
        [LGP_LOG_ENTRIES] = {"entries", true},    [LGP_LOG_LEAVES] = {"leaves", true},
        [LGP_LOG_NODES] = {"nodes", true},        [LGP_LOG_CHECKPOINTS] = {"checkpoints", true},
        [LGP_LOG_PAYLOADS] = {"payloads", false}, [LGP_LOG_META] = {"meta", false},
};

/* Locks in the order in which they are taken. */
struct logstore {
	struct lgp_kv *kv;
	struct lgp_wal *wal;
	size_t payloads;          /* among the puts in hand */
	pthread_mutex_t flushing; /* one flush at a time */
	pthread_mutex_t door;     /* a commit, or the turn from one generation to the next */
	pthread_rwlock_t lock;    /* what the layers hold */
	struct log_layer active, frozen;
	uint64_t generation; /* of the active layer */
	uint64_t flushed;    /* how often a layer went into the file; under lock */
	/* Under door: nothing is in the write-ahead log that is not in a layer or the file. */
	bool sound;
	bool accepted;       /* who opened it found the ledger to be whole */
	_Atomic bool behind; /* the last flush met a fault */
};

/* ---- into ledger.mdb --------------------------------------------------------------- */

/* A transaction of ledger.mdb that takes puts. */
struct storing {
	struct lgp_kv_txn *txn;
	struct lgp_kv_cursor *entries; /* at their end */
};

static enum lgp_status storing_begin(struct storing *storing, struct lgp_kv *kv)
{
	enum lgp_status status = lgp_kv_write_begin(kv, &storing->txn);
	if (status == LGP_OK)
		status = lgp_kv_cursor_open(storing->txn, LGP_LOG_ENTRIES, &storing->entries);
	return status;
}

/* What only grows is appended, so that what is not next is found out. */
static enum lgp_status storing_put(struct storing *storing, const struct lgp_wal_put *put)
{
	uint64_t number;
	if (put->table >= LGP_LOG_META)
		return lgp_fault(LGP_CORRUPT, "ledger.wal: a put into no table of the log");
	if (!lgp_log_tables[put->table].integer_key)
		return lgp_kv_put(storing->txn, put->table, put->key, put->value);
	if (put->key.len != sizeof number)
		return lgp_fault(LGP_CORRUPT, "ledger.wal: a number has %zu bytes", put->key.len);
	memcpy(&number, put->key.ptr, sizeof number); /* where it is aligned */
	switch (put->table) {
	case LGP_LOG_ENTRIES:
		return lgp_kv_cursor_append(storing->entries, LGP_KV_INTEGER(number), put->value);
	case LGP_LOG_CHECKPOINTS:
		return lgp_kv_append(storing->txn, put->table, LGP_KV_INTEGER(number), put->value);
	default:
		return lgp_kv_put(storing->txn, put->table, LGP_KV_INTEGER(number), put->value);
	}
}

/* Durable, where all went well so far: ledger.mdb holds this generation now. */
static enum lgp_status storing_end(struct storing *storing, enum lgp_status status,
                                   uint64_t generation)
{
	uint8_t bytes[8];
	lgp_put_le(bytes, generation, 8);
	lgp_kv_cursor_close(storing->entries);
	if (status == LGP_OK)
		status = lgp_kv_put(storing->txn, LGP_LOG_META, LGP_VIEW(LGP_WAL_META),
		                    (struct lgp_view){(const char *)bytes, sizeof bytes});
	if (status == LGP_OK)
		return lgp_kv_commit(storing->txn);
	lgp_kv_abort(storing->txn);
	return status;
}

/* ---- opening ------------------------------------------------------------------------ */

/* What the write-ahead log holds, on its way into one transaction, which begins with the
 * first record. */
struct recovery {
	struct lgp_kv *kv;
	struct storing storing;
	bool begun;
	uint64_t records;
};

/* The record goes on from the log as it is, and from no other history of it. */
static enum lgp_status check_base(struct lgp_kv_txn *txn, const struct lgp_wal_base *base)
{
	uint64_t size;
	struct lgp_checkpoint at = {0};
	uint8_t signature[LGP_SIGNATURE_LEN];
	enum lgp_status status = log_size(txn, &size);
	if (status == LGP_OK && size > 0)
		status = log_checkpoint(txn, size, &at, signature);
	if (status != LGP_OK && status != LGP_MISSING)
		return status;
	return base->size == size && lgp_hash_equal(&base->root, &at.root)
	               ? LGP_OK
	               : lgp_fault(LGP_CORRUPT,
	                           "ledger.wal: it goes on from a log of %llu entries that is "
	                           "not this one, of %llu. Files of two ledgers were mixed, or a "
	                           "record of it is damaged: put those beside ledger.mdb that "
	                           "belong to it",
	                           (unsigned long long)base->size, (unsigned long long)size);
}

static enum lgp_status recover_record(void *context, const struct lgp_wal_base *base,
                                      struct lgp_view puts)
{
	struct recovery *recovery = context;
	struct lgp_wal_put put;
	enum lgp_status status = LGP_OK;
	if (!recovery->begun) {
		status = storing_begin(&recovery->storing, recovery->kv);
		recovery->begun = recovery->storing.txn != NULL;
	}
	if (status == LGP_OK)
		status = check_base(recovery->storing.txn, base);
	while (status == LGP_OK && lgp_wal_next(&puts, &put))
		status = storing_put(&recovery->storing, &put);
	recovery->records++;
	return status;
}

static enum lgp_status stored_generation(struct lgp_kv *kv, uint64_t *out)
{
	struct lgp_kv_txn *txn;
	struct lgp_view value;
	enum lgp_status status = lgp_kv_read_begin(kv, &txn);
	if (status != LGP_OK)
		return status;
	*out = 0;
	status = lgp_kv_get(txn, LGP_LOG_META, LGP_VIEW(LGP_WAL_META), &value);
	if (status == LGP_OK && value.len != 8)
		status = lgp_fault(LGP_CORRUPT, "ledger.mdb: its wal is %zu bytes long", value.len);
	else if (status == LGP_OK)
		*out = lgp_get_le((const uint8_t *)value.ptr, 8);
	lgp_kv_abort(txn);
	return status == LGP_MISSING ? LGP_OK : status;
}

/* The generations behind the one that ledger.mdb holds, to the first of which there is
 * nothing.  What lies behind that one goes on from a ledger.mdb that this is not. */
static enum lgp_status read_generations(struct logstore *store, const char *dir,
                                        struct recovery *recovery)
{
	uint64_t newest, before;
	enum lgp_status status = LGP_OK;
	do {
		before = recovery->records;
		status = lgp_wal_read(dir, ++store->generation, recover_record, recovery);
	} while (status == LGP_OK && recovery->records > before);
	if (status == LGP_OK)
		status = lgp_wal_newest(dir, &newest);
	if (status == LGP_OK && newest > store->generation)
		return lgp_fault(
		        LGP_CORRUPT,
		        "ledger.wal: it goes on from a newer ledger.mdb than this one, or a "
		        "record of it is damaged: put those beside each other that belong "
		        "together; if what is missing is lost for good, move ledger.wal-0 "
		        "and ledger.wal-1 away");
	return status;
}

/* What was acknowledged and is not in ledger.mdb yet: all of it, or nothing. */
static enum lgp_status recover(struct logstore *store, const char *dir)
{
	struct recovery recovery = {.kv = store->kv};
	enum lgp_status status = stored_generation(store->kv, &store->generation);
	if (status == LGP_OK)
		status = read_generations(store, dir, &recovery);
	if (recovery.begun)
		status = storing_end(&recovery.storing, status, store->generation - 1);
	store->sound = status == LGP_OK;
	if (store->sound)
		lgp_wal_turn(store->wal, store->generation);
	return status;
}

static enum lgp_status open_files(struct logstore *store, const char *dir, size_t map_bytes)
{
	char path[PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/ledger.mdb", dir);
	struct lgp_kv_options options = {
	        .tables = lgp_log_tables,
	        .table_count = LGP_LOG_TABLE_COUNT,
	        .map_bytes = map_bytes,
	        .readers_max = READERS_MAX,
	};
	bool made = log_layer_init(&store->active);
	if (!log_layer_init(&store->frozen) || !made)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the log");
	enum lgp_status status = lgp_kv_open(path, &options, &store->kv);
	if (status == LGP_OK)
		status = lgp_wal_open(dir, &store->wal);
	return status == LGP_OK ? recover(store, dir) : status;
}

enum lgp_status logstore_open(const char *dir, size_t map_bytes, struct logstore **out)
{
	pthread_rwlockattr_t attributes;
	struct logstore *store = calloc(1, sizeof *store);
	if (store == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the log");
	pthread_mutex_init(&store->flushing, NULL);
	pthread_mutex_init(&store->door, NULL);
	pthread_rwlockattr_init(&attributes);
	/* An append waits for the readers of the moment, not for those to come. */
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&store->lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	enum lgp_status status = open_files(store, dir, map_bytes);
	*out = store;
	if (status != LGP_OK) {
		logstore_close(store);
		*out = NULL;
	}
	return status;
}

void logstore_close(struct logstore *store)
{
	if (store == NULL)
		return;
	/* What cannot be stored now is durable all the same, for the next who opens; and
	 * what was not accepted may be what somebody looks for. */
	if (store->accepted)
		(void)!logstore_settle(store);
	lgp_wal_close(store->wal);
	lgp_kv_close(store->kv);
	log_layer_deinit(&store->active);
	log_layer_deinit(&store->frozen);
	pthread_rwlock_destroy(&store->lock);
	pthread_mutex_destroy(&store->door);
	pthread_mutex_destroy(&store->flushing);
	free(store);
}

struct lgp_kv *logstore_kv(struct logstore *store)
{
	return store->kv;
}

/* ---- from one generation to the next --------------------------------------------------- */

static enum lgp_status unknown_outcome(void)
{
	return lgp_fault(LGP_IO, "ledger.wal: what an append left there is not known: start again");
}

/* active -> frozen; what is appended from now on is of the next generation.  Not behind
 * an append of unknown outcome, of which a layer may hold a part. */
static enum lgp_status turn(struct logstore *store)
{
	(void)pthread_mutex_lock(&store->door);
	bool sound = store->sound;
	if (sound && store->active.count > 0) {
		(void)pthread_rwlock_wrlock(&store->lock);
		struct log_layer empty = store->frozen;
		store->frozen = store->active;
		store->active = empty;
		lgp_wal_turn(store->wal, ++store->generation);
		(void)pthread_rwlock_unlock(&store->lock);
	}
	(void)pthread_mutex_unlock(&store->door);
	return sound ? LGP_OK : unknown_outcome();
}

static enum lgp_status store_frozen(struct logstore *store, uint64_t generation)
{
	const struct log_layer *frozen = &store->frozen;
	struct storing storing = {0};
	enum lgp_status status = storing_begin(&storing, store->kv);
	for (size_t i = 0; i < log_layer_count(frozen) && status == LGP_OK; i++) {
		uint64_t number;
		struct lgp_wal_put put = log_layer_put(frozen, i, &number);
		status = storing_put(&storing, &put);
	}
	return storing.txn != NULL ? storing_end(&storing, status, generation) : status;
}

/* Into the file, and then out of memory.  Nothing, where nothing is frozen. */
static enum lgp_status flush_frozen(struct logstore *store)
{
	if (store->frozen.count == 0)
		return LGP_OK;
	crashpoint("log-turned");
	enum lgp_status status = store_frozen(store, store->generation - 1);
	crashpoint("log-flushed");
	if (status != LGP_OK)
		return status;
	(void)pthread_rwlock_wrlock(&store->lock);
	log_layer_clear(&store->frozen);
	store->flushed++;
	(void)pthread_rwlock_unlock(&store->lock);
	return LGP_OK;
}

enum lgp_status logstore_flush(struct logstore *store)
{
	(void)pthread_mutex_lock(&store->flushing);
	enum lgp_status status = flush_frozen(store); /* what met a fault the last time */
	if (status == LGP_OK)
		status = turn(store);
	if (status == LGP_OK)
		status = flush_frozen(store);
	atomic_store(&store->behind, status != LGP_OK);
	(void)pthread_mutex_unlock(&store->flushing);
	return status;
}

enum lgp_status logstore_settle(struct logstore *store)
{
	enum lgp_status status = logstore_flush(store);
	if (status != LGP_OK)
		return status;
	require(store->active.count + store->frozen.count == 0);
	store->accepted = true;
	return lgp_wal_empty(store->wal);
}

/* ---- reading ---------------------------------------------------------------- */

enum lgp_status logstore_reader_init(struct log_reader *reader, struct logstore *store)
{
	reader->store = store;
	enum lgp_status status = lgp_kv_read_begin(store->kv, &reader->txn);
	if (status == LGP_OK)
		lgp_kv_read_reset(reader->txn);
	return status;
}

void logstore_reader_deinit(struct log_reader *reader)
{
	lgp_kv_abort(reader->txn);
	reader->txn = NULL;
}

enum lgp_status logstore_begin(struct log_reader *reader)
{
	(void)pthread_rwlock_rdlock(&reader->store->lock);
	reader->flushed = reader->store->flushed;
	(void)pthread_rwlock_unlock(&reader->store->lock);
	return lgp_kv_read_renew(reader->txn);
}

void logstore_end(struct log_reader *reader)
{
	lgp_kv_read_reset(reader->txn);
}

static bool look_for_put(const struct logstore *store, enum lgp_log_table table,
                         struct lgp_view key, struct lgp_view *value)
{
	struct log_layer_key name = log_layer_key(&store->active, table, key);
	return log_layer_find(&store->active, &name, value) ||
	       log_layer_find(&store->frozen, &name, value);
}

static bool look_for_entry(const struct logstore *store, struct lgp_view key,
                           struct lgp_view *value)
{
	uint64_t seq;
	memcpy(&seq, key.ptr, sizeof seq);
	const uint8_t *entry = log_layer_entry(&store->active, seq);
	if (entry == NULL)
		entry = log_layer_entry(&store->frozen, seq);
	*value = (struct lgp_view){(const char *)entry, LGP_ENTRY_LEN};
	return entry != NULL;
}

/* A copy of what the layers hold, where they do: the lock is held for no longer, and
 * never while a page of the file is read. */
static bool look_in_layers(struct log_reader *reader, enum lgp_log_table table, struct lgp_view key,
                           struct lgp_view *value, uint64_t *flushed)
{
	struct logstore *store = reader->store;
	(void)pthread_rwlock_rdlock(&store->lock);
	bool found = store->active.count + store->frozen.count > 0 &&
	             (table == LGP_LOG_ENTRIES ? look_for_entry(store, key, value)
	                                       : look_for_put(store, table, key, value));
	if (found) {
		require(value->len <= sizeof reader->value);
		memcpy(reader->value, value->ptr, value->len);
		value->ptr = reader->value;
	}
	*flushed = store->flushed;
	(void)pthread_rwlock_unlock(&store->lock);
	return found;
}

/* What a layer held when the snapshot was taken and does not hold now is in the file
 * since, and in a newer snapshot. */
enum lgp_status logstore_get(struct log_reader *reader, enum lgp_log_table table,
                             struct lgp_view key, struct lgp_view *value)
{
	uint64_t flushed;
	if (look_in_layers(reader, table, key, value, &flushed))
		return LGP_OK;
	if (flushed != reader->flushed) {
		reader->flushed = flushed;
		lgp_kv_read_reset(reader->txn);
		enum lgp_status status = lgp_kv_read_renew(reader->txn);
		if (status != LGP_OK)
			return status;
	}
	return lgp_kv_get(reader->txn, table, key, value);
}

/* ---- a batch ------------------------------------------------------------------------ */

enum lgp_status logstore_put(struct logstore *store, enum lgp_log_table table, struct lgp_view key,
                             struct lgp_view value)
{
	store->payloads += table == LGP_LOG_PAYLOADS;
	return lgp_wal_put(store->wal, table, key, value);
}

void logstore_forget(struct logstore *store)
{
	lgp_wal_forget(store->wal);
	store->payloads = 0;
}

static size_t waiting(struct logstore *store, size_t *payloads)
{
	(void)pthread_rwlock_rdlock(&store->lock);
	size_t bytes = log_layer_bytes(&store->active) + log_layer_bytes(&store->frozen);
	*payloads = store->active.payloads + store->frozen.payloads;
	(void)pthread_rwlock_unlock(&store->lock);
	return bytes;
}

size_t logstore_waiting_bytes(struct logstore *store)
{
	size_t payloads;
	return waiting(store, &payloads);
}

bool logstore_pressed(struct logstore *store)
{
	return logstore_waiting_bytes(store) > LAYER_BYTES_MAX / 2;
}

/* ledger.mdb must have room for all that waits for it, or a batch that was
 * acknowledged could go nowhere.  What waits is asked first: a flush in between makes it
 * count twice, and not at all if it were asked last. */
static enum lgp_status check_room(struct logstore *store)
{
	uint64_t used, bound;
	size_t payloads;
	uint64_t bytes = waiting(store, &payloads) + lgp_wal_puts(store->wal).len;
	lgp_kv_size(store->kv, &used, &bound);
	payloads += store->payloads;
	uint64_t needed = 2 * bytes + (SPARE_PAGES + PAYLOAD_PAGES * payloads) * PAGE_BYTES;
	return used + needed <= bound
	               ? LGP_OK
	               : lgp_fault(LGP_FULL,
	                           "ledger.mdb: MDB_MAP_FULL: %llu bytes are in "
	                           "use of the %llu that it may have",
	                           (unsigned long long)used, (unsigned long long)bound);
}

/* Room for what waits, and for what is in hand. */
static enum lgp_status make_room(struct logstore *store)
{
	bool much = logstore_waiting_bytes(store) > LAYER_BYTES_MAX;
	if (!much && !atomic_load(&store->behind) && check_room(store) == LGP_OK)
		return LGP_OK;
	enum lgp_status status = logstore_flush(store);
	return status == LGP_OK ? check_room(store) : status;
}

/* What is durable now is shown from memory until ledger.mdb holds it. */
static enum lgp_status show(struct logstore *store)
{
	struct lgp_view puts = lgp_wal_puts(store->wal);
	struct lgp_wal_put put;
	bool good = true;
	(void)pthread_rwlock_wrlock(&store->lock);
	while (good && lgp_wal_next(&puts, &put))
		good = log_layer_add(&store->active, &put);
	(void)pthread_rwlock_unlock(&store->lock);
	return good ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "no memory for the log");
}

enum lgp_status logstore_commit(struct logstore *store, const struct lgp_wal_base *base)
{
	enum lgp_status status = make_room(store);
	if (status != LGP_OK)
		return status;
	(void)pthread_mutex_lock(&store->door);
	status = store->sound ? lgp_wal_commit(store->wal, base) : unknown_outcome();
	if (status == LGP_OK)
		status = show(store);
	store->sound = store->sound && (status == LGP_OK || status == LGP_FULL);
	(void)pthread_mutex_unlock(&store->door);
	return status;
}
