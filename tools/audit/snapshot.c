/* snapshot: see snapshot.h.  Thread: one at a time.
 *
 * state.mdb has two tables: "records", and "meta" with "format" and "position": 8
 * bytes little-endian, and the log's root there; "merging" instead while it is brought
 * from one position to the next in several transactions. */
#include "tools/audit/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lagniappe/codec.h"
#include "lagniappe/kv.h"
#include "tools/audit/guard.h"
#include "tools/audit/stretch.h"

#define FORMAT "lagniappe-state-2"
#define PIECE_RECORDS 4096
#define PIECE_BYTES (1 << 20)
#define WAIT_MS 20
#define RECORD_MAX (2 + 4 + SNAPSHOT_KEY_MAX + SNAPSHOT_VALUE_MAX)

enum { RECORDS, META };
static const struct lgp_kv_table tables[] = {
        [RECORDS] = {"records", false}, [META] = {"meta", false}};

struct mark {
	uint64_t position;
	struct lgp_hash root;
};

/* What was borrowed from the piece before is asked for no more once this one is read:
 * each but the last holds as many records, or bytes for as many. */
_Static_assert(PIECE_RECORDS >= SNAPSHOT_KEPT && PIECE_BYTES >= SNAPSHOT_KEPT * RECORD_MAX,
               "a record is kept as long as is told");

struct snapshot {
	char path[PATH_MAX + 16];
	struct lgp_kv *kv;            /* owned, all three; while it is copied */
	struct lgp_kv_txn *txn;       /* NULL: none yet */
	struct lgp_kv_cursor *cursor; /* within a call alone */
	struct stretches stretches;
	bool opening_returned;
	struct mark mark;
	FILE *copy; /* owned */
	/* The piece that is copied, or read back, and the one before: each record is its
	 * lengths (2 and 4 bytes), key, value. */
	uint8_t pieces[2][PIECE_BYTES + RECORD_MAX];
	uint8_t *piece;
	size_t piece_len;
	bool ended, moved, held;
	bool between; /* the file was, when it was looked at last */
	char last[SNAPSHOT_KEY_MAX];
	size_t last_len;
	size_t at; /* in the piece that is read back */
};

/* ---- one piece, under the guard ------------------------------------------------------------ */

static enum lgp_status read_mark(struct snapshot *snapshot, struct mark *out)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(snapshot->txn, META, LGP_VIEW("merging"), &value);
	snapshot->between = status == LGP_OK;
	if (status != LGP_MISSING)
		return status;
	status = lgp_kv_get(snapshot->txn, META, LGP_VIEW("format"), &value);
	if (status != LGP_OK || !lgp_view_equal(value, LGP_VIEW(FORMAT)))
		return status == LGP_OK ? LGP_MISSING : status;
	status = lgp_kv_get(snapshot->txn, META, LGP_VIEW("position"), &value);
	if (status != LGP_OK || value.len != 8 + LGP_HASH_LEN)
		return status == LGP_OK ? LGP_MISSING : status;
	out->position = lgp_get_le((const uint8_t *)value.ptr, 8);
	memcpy(out->root.bytes, value.ptr + 8, LGP_HASH_LEN);
	return out->position > 0 ? LGP_OK : LGP_MISSING;
}

static enum lgp_status keep(struct snapshot *snapshot, struct lgp_view key, struct lgp_view value)
{
	struct lgp_view last = {snapshot->last, snapshot->last_len};
	size_t shared = key.len < last.len ? key.len : last.len;
	int order = memcmp(key.ptr, last.ptr, shared);
	if (key.len > SNAPSHOT_KEY_MAX || value.len > SNAPSHOT_VALUE_MAX)
		return lgp_fault(LGP_CORRUPT, "a record is %zu and %zu bytes long", key.len,
		                 value.len);
	/* A damaged tree might lead round in a circle. */
	if (order < 0 || (order == 0 && key.len <= last.len))
		return lgp_fault(LGP_CORRUPT, "its keys are out of order");
	uint8_t *at = snapshot->piece + snapshot->piece_len;
	lgp_put_le(at, key.len, 2);
	lgp_put_le(at + 2, value.len, 4);
	memcpy(at + 6, key.ptr, key.len);
	memcpy(at + 6 + key.len, value.ptr, value.len);
	snapshot->piece_len += 6 + key.len + value.len;
	memcpy(snapshot->last, key.ptr, key.len);
	snapshot->last_len = key.len;
	return LGP_OK;
}

/* The first record behind the last one that was kept. */
static enum lgp_status seek(struct snapshot *snapshot, struct lgp_view *key, struct lgp_view *value)
{
	struct lgp_view from = {snapshot->last, snapshot->last_len};
	if (from.len == 0)
		from = (struct lgp_view){"\0", 1};
	enum lgp_status status = lgp_kv_cursor_open(snapshot->txn, RECORDS, &snapshot->cursor);
	if (status == LGP_OK)
		status = lgp_kv_seek(snapshot->cursor, from, key, value);
	if (status == LGP_OK && snapshot->last_len > 0 && lgp_view_equal(*key, from))
		status = lgp_kv_next(snapshot->cursor, key, value);
	return status;
}

static enum lgp_status read_piece(void *context)
{
	struct snapshot *snapshot = context;
	struct lgp_view key, value;
	struct mark mark = {0};
	enum lgp_status status = LGP_OK;
	if (snapshot->txn == NULL)
		status = lgp_kv_read_begin(snapshot->kv, &snapshot->txn);
	else if (!snapshot->held)
		status = lgp_kv_read_renew(snapshot->txn);
	if (status == LGP_OK)
		status = read_mark(snapshot, &mark);
	if (status != LGP_OK)
		return status;
	if (snapshot->last_len == 0)
		snapshot->mark = mark;
	snapshot->moved = snapshot->between || memcmp(&mark, &snapshot->mark, sizeof mark) != 0;
	if (snapshot->moved)
		return LGP_OK;
	status = seek(snapshot, &key, &value);
	for (unsigned i = 0;
	     status == LGP_OK && i < PIECE_RECORDS && snapshot->piece_len < PIECE_BYTES; i++) {
		stretch_near(&snapshot->stretches, key.ptr);
		status = keep(snapshot, key, value);
		if (status == LGP_OK)
			status = lgp_kv_next(snapshot->cursor, &key, &value);
	}
	snapshot->ended = status == LGP_MISSING;
	return snapshot->ended ? LGP_OK : status;
}

static enum lgp_status guarded_piece(struct snapshot *snapshot)
{
	snapshot->piece_len = 0;
	enum lgp_status status = guard_call(read_piece, snapshot);
	lgp_kv_cursor_close(snapshot->cursor);
	snapshot->cursor = NULL;
	if (snapshot->txn != NULL && !snapshot->held)
		lgp_kv_read_reset(snapshot->txn);
	return status;
}

/* ---- the copy -------------------------------------------------------------------------------- */

static enum lgp_status open_copy(struct snapshot *snapshot)
{
	const char *where = getenv("TMPDIR");
	if (where == NULL || where[0] == '\0')
		where = "/tmp";
	int file = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	snapshot->copy = file >= 0 ? fdopen(file, "w+") : NULL;
	if (snapshot->copy != NULL)
		return LGP_OK;
	enum lgp_status status =
	        lgp_fault(LGP_IO, "%s: no temporary file can be made there: %s; set TMPDIR", where,
	                  strerror(errno));
	if (file >= 0)
		(void)close(file);
	return status;
}

static enum lgp_status copy_fault(void)
{
	return lgp_fault(LGP_IO, "the copy of state.mdb cannot be written: %s", strerror(errno));
}

/* Behind its length. */
static bool write_piece(struct snapshot *snapshot)
{
	size_t len = snapshot->piece_len;
	return fwrite(&len, sizeof len, 1, snapshot->copy) == 1 &&
	       fwrite(snapshot->piece, 1, len, snapshot->copy) == len;
}

/* From the start. *moved: the position changed meanwhile. */
static enum lgp_status copy_all(struct snapshot *snapshot, bool *moved)
{
	enum lgp_status status = LGP_OK;
	snapshot->last_len = 0;
	snapshot->ended = snapshot->moved = false;
	rewind(snapshot->copy);
	if (ftruncate(fileno(snapshot->copy), 0) != 0)
		return copy_fault();
	while (status == LGP_OK && !snapshot->ended && !snapshot->moved) {
		status = guarded_piece(snapshot);
		if (status == LGP_OK && !write_piece(snapshot))
			status = copy_fault();
	}
	*moved = snapshot->moved;
	if (status == LGP_OK && fflush(snapshot->copy) != 0)
		status = copy_fault();
	return status;
}

/* A server takes seconds to bring the file forward, and rests as long. */
static void wait_a_moment(void)
{
	(void)nanosleep(&(struct timespec){0, WAIT_MS * 1000000L}, NULL);
}

static enum lgp_status copy_settled(struct snapshot *snapshot, unsigned patience_ms)
{
	bool moved = true;
	unsigned attempt = 0, waited_ms = 0;
	enum lgp_status status = LGP_OK;
	while (moved && status == LGP_OK && waited_ms <= patience_ms) {
		snapshot->held = attempt == SNAPSHOT_ATTEMPTS;
		/* Held, the transaction that the last attempt left is let go first. */
		if (snapshot->held) {
			lgp_kv_abort(snapshot->txn);
			snapshot->txn = NULL;
		}
		status = copy_all(snapshot, &moved);
		if (status == LGP_OK && snapshot->between && snapshot->last_len == 0) {
			wait_a_moment();
			waited_ms += WAIT_MS;
		} else {
			attempt++;
		}
	}
	return status;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static enum lgp_status open_state(void *context)
{
	struct snapshot *snapshot = context;
	struct lgp_kv_options options = {.tables = tables, .table_count = 2, .read_only = true};
	enum lgp_status status = lgp_kv_open(snapshot->path, &options, &snapshot->kv);
	snapshot->opening_returned = true;
	return status;
}

/* A child tries first: a jump out of it would leave what opening took. */
static enum lgp_status try_open(struct snapshot *snapshot)
{
	int ended;
	pid_t child = fork();
	if (child == 0) {
		enum lgp_status status = guard_call(open_state, snapshot);
		_exit(status == LGP_OK || snapshot->opening_returned ? 0 : 1);
	}
	if (child >= 0 && waitpid(child, &ended, 0) == child &&
	    (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0))
		return lgp_fault(LGP_CORRUPT, "pages that its tables begin with cannot be read");
	return open_state(snapshot);
}

static void close_state(struct snapshot *snapshot)
{
	lgp_kv_abort(snapshot->txn);
	lgp_kv_close(snapshot->kv);
	snapshot->txn = NULL;
	snapshot->kv = NULL;
}

static enum lgp_status take(struct snapshot *snapshot, unsigned patience_ms)
{
	enum lgp_status status = try_open(snapshot);
	if (status == LGP_OK)
		status = open_copy(snapshot);
	if (status == LGP_OK)
		status = copy_settled(snapshot, patience_ms);
	close_state(snapshot);
	return status == LGP_OK ? snapshot_rewind(snapshot) : status;
}

static enum snapshot_is is_by(enum lgp_status status)
{
	switch (status) {
	case LGP_OK:
		return SNAPSHOT_HERE;
	case LGP_MISSING:
	case LGP_FORMAT:
		return SNAPSHOT_EMPTY;
	default:
		return SNAPSHOT_DAMAGED;
	}
}

enum lgp_status snapshot_take(const char *directory, unsigned patience_ms, enum snapshot_is *is,
                              struct snapshot **out)
{
	*is = SNAPSHOT_NONE;
	*out = NULL;
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (snapshot == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to read state.mdb");
	snapshot->piece = snapshot->pieces[0];
	snprintf(snapshot->path, sizeof snapshot->path, "%s/state.mdb", directory);
	if (access(snapshot->path, F_OK) != 0) {
		free(snapshot);
		return LGP_OK;
	}
	guard_init();
	enum lgp_status status = take(snapshot, patience_ms);
	*is = status == LGP_OK && snapshot->between ? SNAPSHOT_BETWEEN : is_by(status);
	if (*is == SNAPSHOT_HERE)
		*out = snapshot;
	else
		snapshot_free(snapshot);
	return *is == SNAPSHOT_DAMAGED && status != LGP_CORRUPT ? status : LGP_OK;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	if (snapshot->copy != NULL)
		(void)fclose(snapshot->copy);
	free(snapshot);
}

/* ---- reading back -------------------------------------------------------------------------------- */

uint64_t snapshot_position(const struct snapshot *snapshot, struct lgp_hash *root)
{
	*root = snapshot->mark.root;
	return snapshot->mark.position;
}

static enum lgp_status read_fault(void)
{
	return lgp_fault(LGP_IO, "the copy of state.mdb cannot be read back: %s", strerror(errno));
}

enum lgp_status snapshot_rewind(struct snapshot *snapshot)
{
	snapshot->at = snapshot->piece_len = 0;
	return fseeko(snapshot->copy, 0, SEEK_SET) == 0 ? LGP_OK : read_fault();
}

/* LGP_MISSING behind the last.  The piece before stays where it is. */
static enum lgp_status read_back(struct snapshot *snapshot)
{
	size_t len;
	if (fread(&len, sizeof len, 1, snapshot->copy) != 1)
		return feof(snapshot->copy) != 0 ? LGP_MISSING : read_fault();
	require(len <= sizeof snapshot->pieces[0]);
	snapshot->piece = snapshot->pieces[snapshot->piece == snapshot->pieces[0]];
	snapshot->at = 0;
	snapshot->piece_len = len;
	return fread(snapshot->piece, 1, len, snapshot->copy) == len ? LGP_OK : read_fault();
}

enum lgp_status snapshot_next(struct snapshot *snapshot, struct lgp_view *key,
                              struct lgp_view *value)
{
	enum lgp_status status = LGP_OK;
	while (snapshot->at == snapshot->piece_len && status == LGP_OK)
		status = read_back(snapshot);
	if (status != LGP_OK)
		return status;
	const uint8_t *record = snapshot->piece + snapshot->at;
	*key = (struct lgp_view){(const char *)record + 6, lgp_get_le(record, 2)};
	*value = (struct lgp_view){key->ptr + key->len, lgp_get_le(record + 2, 4)};
	require(key->len <= SNAPSHOT_KEY_MAX && value->len <= SNAPSHOT_VALUE_MAX);
	snapshot->at += 6 + key->len + value->len;
	return LGP_OK;
}
