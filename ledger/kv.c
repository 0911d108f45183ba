/* kv: ordered key-value files over LMDB.  The only file that includes lmdb.h.
 * Thread: an environment any, a transaction its user's (MDB_NOTLS).
 * LMDB's codes become ours in fault() and nowhere else. */
#include "lagniappe/kv.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FULL_BLOCKS 256 /* free on the disk, or fewer */

struct lgp_kv {
	MDB_env *env;
	MDB_dbi table[LGP_KV_TABLES_MAX];
	char path[256]; /* for messages */
};

struct lgp_kv_txn {
	MDB_txn *txn;
	struct lgp_kv *kv;
};

struct lgp_kv_cursor {
	MDB_cursor *cursor;
	struct lgp_kv *kv;
};

static enum lgp_status fault(const struct lgp_kv *kv, const char *call, int code)
{
	switch (code) {
	case MDB_SUCCESS:
		return LGP_OK;
	case MDB_NOTFOUND:
		return LGP_MISSING;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* RLIMIT_FSIZE */
		return lgp_fault(LGP_FULL, "%s: %s: %s", kv->path, call, mdb_strerror(code));
	case MDB_KEYEXIST:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
	case MDB_INVALID:
	case MDB_BAD_TXN:
	case MDB_INCOMPATIBLE:
		return lgp_fault(LGP_CORRUPT, "%s: %s: %s", kv->path, call, mdb_strerror(code));
	case MDB_VERSION_MISMATCH:
		return lgp_fault(LGP_FORMAT, "%s: %s: %s", kv->path, call, mdb_strerror(code));
	case MDB_READERS_FULL:
		return lgp_fault(LGP_OVERLOAD, "%s: %s: %s", kv->path, call, mdb_strerror(code));
	case ENOMEM:
		return lgp_fault(LGP_NO_MEMORY, "%s: %s: %s", kv->path, call, mdb_strerror(code));
	default:
		return lgp_fault(LGP_IO, "%s: %s: %s", kv->path, call, mdb_strerror(code));
	}
}

static MDB_val val_of(struct lgp_view view)
{
	return (MDB_val){.mv_size = view.len, .mv_data = (void *)(uintptr_t)view.ptr};
}

static struct lgp_view view_of(MDB_val val)
{
	return (struct lgp_view){val.mv_data, val.mv_size};
}

static int open_tables(struct lgp_kv *kv, const struct lgp_kv_options *options)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(kv->env, NULL, options->read_only ? MDB_RDONLY : 0, &txn);
	if (code != MDB_SUCCESS)
		return code;
	for (size_t i = 0; i < options->table_count && code == MDB_SUCCESS; i++) {
		unsigned flags = options->tables[i].integer_key ? MDB_INTEGERKEY : 0;
		if (!options->read_only)
			flags |= MDB_CREATE;
		code = mdb_dbi_open(txn, options->tables[i].name, flags, &kv->table[i]);
		if (code == MDB_NOTFOUND)
			code = MDB_INVALID; /* a store, but not one of ours */
	}
	if (code == MDB_SUCCESS)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return code;
}

static int open_env(struct lgp_kv *kv, const char *path, const struct lgp_kv_options *options)
{
	/* NORDAHEAD: reads are random once the file is larger than memory. */
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD;
	if (options->read_only)
		flags |= MDB_RDONLY;
	int code = mdb_env_create(&kv->env);
	if (code == MDB_SUCCESS && !options->read_only)
		code = mdb_env_set_mapsize(kv->env, options->map_bytes);
	if (code == MDB_SUCCESS)
		code = mdb_env_set_maxdbs(kv->env, LGP_KV_TABLES_MAX);
	if (code == MDB_SUCCESS && options->readers_max > 0)
		code = mdb_env_set_maxreaders(kv->env, options->readers_max);
	if (code != MDB_SUCCESS)
		return code;
	code = mdb_env_open(kv->env, path, flags, 0600);
	if (options->read_only && (code == EACCES || code == EROFS)) {
		/* A copy on read-only media has no lock file and nobody writes it. */
		mdb_env_close(kv->env);
		kv->env = NULL;
		code = mdb_env_create(&kv->env);
		if (code == MDB_SUCCESS)
			code = mdb_env_set_maxdbs(kv->env, LGP_KV_TABLES_MAX);
		if (code == MDB_SUCCESS)
			code = mdb_env_open(kv->env, path, flags | MDB_NOLOCK, 0600);
	}
	return code;
}

/* Pages that a meta page counts and the file does not have would end the process
 * on a touch.  The last ones may be missing rightly, freed before they were ever
 * written, so a file that cannot be made again gets them as zeros: those that
 * matter are then found out as MDB_CORRUPTED. */
static int check_length(struct lgp_kv *kv, const struct lgp_kv_options *options)
{
	struct stat info;
	uint64_t used, bound;
	int fd;
	int code = mdb_env_get_fd(kv->env, &fd);
	if (code != MDB_SUCCESS)
		return code;
	lgp_kv_size(kv, &used, &bound);
	if (fstat(fd, &info) != 0)
		return errno;
	if (options->read_only || (uint64_t)info.st_size >= used)
		return MDB_SUCCESS;
	if (options->derived)
		return MDB_INVALID;
	return ftruncate(fd, (off_t)used) == 0 ? MDB_SUCCESS : errno;
}

enum lgp_status lgp_kv_open(const char *path, const struct lgp_kv_options *options,
                            struct lgp_kv **out)
{
	require(options->table_count <= LGP_KV_TABLES_MAX);
	struct stat info;
	if (options->read_only && stat(path, &info) != 0)
		return lgp_fault(errno == ENOENT ? LGP_MISSING : LGP_IO, "%s: %s", path,
		                 strerror(errno));
	struct lgp_kv *kv = calloc(1, sizeof *kv);
	if (kv == NULL)
		return lgp_fault(LGP_NO_MEMORY, "%s: no memory to open it", path);
	strncpy(kv->path, path, sizeof kv->path - 1);
	int code = open_env(kv, path, options);
	enum lgp_status status = fault(kv, "open", code);
	if (status == LGP_OK)
		status = fault(kv, "check the length", check_length(kv, options));
	if (status == LGP_OK)
		status = fault(kv, "open tables", open_tables(kv, options));
	if (status != LGP_OK) {
		lgp_kv_close(kv);
		return status;
	}
	*out = kv;
	return LGP_OK;
}

void lgp_kv_close(struct lgp_kv *kv)
{
	if (kv == NULL)
		return;
	if (kv->env != NULL)
		mdb_env_close(kv->env);
	free(kv);
}

int lgp_kv_clear_dead_readers(struct lgp_kv *kv)
{
	int dead = 0;
	(void)mdb_reader_check(kv->env, &dead);
	return dead;
}

void lgp_kv_size(struct lgp_kv *kv, uint64_t *used_bytes, uint64_t *map_bytes)
{
	MDB_envinfo info;
	MDB_stat stat;
	require(mdb_env_info(kv->env, &info) == 0 && mdb_env_stat(kv->env, &stat) == 0);
	*used_bytes = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	*map_bytes = info.me_mapsize;
}

static enum lgp_status txn_begin(struct lgp_kv *kv, unsigned flags, struct lgp_kv_txn **out)
{
	struct lgp_kv_txn *txn = malloc(sizeof *txn);
	if (txn == NULL)
		return lgp_fault(LGP_NO_MEMORY, "%s: no memory for a transaction", kv->path);
	txn->kv = kv;
	enum lgp_status status = fault(kv, "begin", mdb_txn_begin(kv->env, NULL, flags, &txn->txn));
	if (status != LGP_OK) {
		free(txn);
		return status;
	}
	*out = txn;
	return LGP_OK;
}

enum lgp_status lgp_kv_read_begin(struct lgp_kv *kv, struct lgp_kv_txn **out)
{
	return txn_begin(kv, MDB_RDONLY, out);
}

void lgp_kv_read_reset(struct lgp_kv_txn *txn)
{
	mdb_txn_reset(txn->txn);
}

enum lgp_status lgp_kv_read_renew(struct lgp_kv_txn *txn)
{
	return fault(txn->kv, "renew", mdb_txn_renew(txn->txn));
}

enum lgp_status lgp_kv_write_begin(struct lgp_kv *kv, struct lgp_kv_txn **out)
{
	return txn_begin(kv, 0, out);
}

/* When the meta page itself could not be written, LMDB gives the store up: what
 * the disk has is then unknown. */
static bool goes_on(struct lgp_kv *kv)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn);
	if (code == MDB_SUCCESS)
		mdb_txn_abort(txn);
	return code != MDB_PANIC;
}

/* A write that a full disk cuts short is EIO to LMDB. */
static bool disk_is_full(struct lgp_kv *kv)
{
	struct statvfs info;
	int fd;
	return mdb_env_get_fd(kv->env, &fd) == MDB_SUCCESS && fstatvfs(fd, &info) == 0 &&
	       info.f_bavail < FULL_BLOCKS;
}

enum lgp_status lgp_kv_commit(struct lgp_kv_txn *txn)
{
	struct lgp_kv *kv = txn->kv;
	int code = mdb_txn_commit(txn->txn);
	free(txn);
	if (code == EIO && disk_is_full(kv))
		code = ENOSPC;
	enum lgp_status status = fault(kv, "commit", code);
	if (status == LGP_FULL && !goes_on(kv))
		return lgp_fault(LGP_IO, "%s: commit: no room for its last page", kv->path);
	return status;
}

void lgp_kv_abort(struct lgp_kv_txn *txn)
{
	if (txn == NULL)
		return;
	mdb_txn_abort(txn->txn);
	free(txn);
}

enum lgp_status lgp_kv_get(struct lgp_kv_txn *txn, size_t table, struct lgp_view key,
                           struct lgp_view *value)
{
	MDB_val k = val_of(key), v;
	int code = mdb_get(txn->txn, txn->kv->table[table], &k, &v);
	if (code == MDB_SUCCESS)
		*value = view_of(v);
	return fault(txn->kv, "get", code);
}

static enum lgp_status put(struct lgp_kv_txn *txn, size_t table, struct lgp_view key,
                           struct lgp_view value, unsigned flags, const char *call)
{
	MDB_val k = val_of(key), v = val_of(value);
	return fault(txn->kv, call, mdb_put(txn->txn, txn->kv->table[table], &k, &v, flags));
}

enum lgp_status lgp_kv_put(struct lgp_kv_txn *txn, size_t table, struct lgp_view key,
                           struct lgp_view value)
{
	return put(txn, table, key, value, 0, "put");
}

enum lgp_status lgp_kv_append(struct lgp_kv_txn *txn, size_t table, struct lgp_view key,
                              struct lgp_view value)
{
	return put(txn, table, key, value, MDB_APPEND, "append");
}

enum lgp_status lgp_kv_delete(struct lgp_kv_txn *txn, size_t table, struct lgp_view key)
{
	MDB_val k = val_of(key);
	return fault(txn->kv, "delete", mdb_del(txn->txn, txn->kv->table[table], &k, NULL));
}

enum lgp_status lgp_kv_count(struct lgp_kv_txn *txn, size_t table, uint64_t *out)
{
	MDB_stat stat;
	int code = mdb_stat(txn->txn, txn->kv->table[table], &stat);
	if (code == MDB_SUCCESS)
		*out = stat.ms_entries;
	return fault(txn->kv, "stat", code);
}

enum lgp_status lgp_kv_leaves(struct lgp_kv_txn *txn, size_t table, uint64_t *out)
{
	MDB_stat stat;
	int code = mdb_stat(txn->txn, txn->kv->table[table], &stat);
	if (code == MDB_SUCCESS)
		*out = stat.ms_leaf_pages;
	return fault(txn->kv, "stat", code);
}

enum lgp_status lgp_kv_cursor_open(struct lgp_kv_txn *txn, size_t table, struct lgp_kv_cursor **out)
{
	struct lgp_kv_cursor *cursor = malloc(sizeof *cursor);
	if (cursor == NULL)
		return lgp_fault(LGP_NO_MEMORY, "%s: no memory for a cursor", txn->kv->path);
	cursor->kv = txn->kv;
	enum lgp_status status =
	        fault(txn->kv, "cursor",
	              mdb_cursor_open(txn->txn, txn->kv->table[table], &cursor->cursor));
	if (status != LGP_OK) {
		free(cursor);
		return status;
	}
	*out = cursor;
	return LGP_OK;
}

void lgp_kv_cursor_close(struct lgp_kv_cursor *cursor)
{
	if (cursor == NULL)
		return;
	mdb_cursor_close(cursor->cursor);
	free(cursor);
}

static enum lgp_status cursor_get(struct lgp_kv_cursor *cursor, MDB_val *k, struct lgp_view *key,
                                  struct lgp_view *value, MDB_cursor_op op)
{
	MDB_val v;
	int code = mdb_cursor_get(cursor->cursor, k, &v, op);
	if (code == MDB_SUCCESS) {
		*key = view_of(*k);
		*value = view_of(v);
	}
	return fault(cursor->kv, "cursor get", code);
}

enum lgp_status lgp_kv_seek(struct lgp_kv_cursor *cursor, struct lgp_view key,
                            struct lgp_view *found, struct lgp_view *value)
{
	MDB_val k = val_of(key);
	return cursor_get(cursor, &k, found, value, MDB_SET_RANGE);
}

enum lgp_status lgp_kv_next(struct lgp_kv_cursor *cursor, struct lgp_view *key,
                            struct lgp_view *value)
{
	MDB_val k = {0};
	return cursor_get(cursor, &k, key, value, MDB_NEXT);
}

enum lgp_status lgp_kv_last(struct lgp_kv_cursor *cursor, struct lgp_view *key,
                            struct lgp_view *value)
{
	MDB_val k = {0};
	return cursor_get(cursor, &k, key, value, MDB_LAST);
}

enum lgp_status lgp_kv_cursor_append(struct lgp_kv_cursor *cursor, struct lgp_view key,
                                     struct lgp_view value)
{
	MDB_val k = val_of(key), v = val_of(value);
	return fault(cursor->kv, "append", mdb_cursor_put(cursor->cursor, &k, &v, MDB_APPEND));
}
