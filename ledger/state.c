/* state: the layers over state.mdb.  Threads and records: see state.h.
 * Upholds I10: records are canonical bytes, and the hash is over them alone. */
#include "state.h"

#include "lagniappe/codec.h"
#include "cells.h"
#include "redo.h"
#include "statefile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MAX (16 * LGP_BATCH_MAX) /* above it, what is only read is not kept */
#define CELLS_MAX (4 * LGP_BATCH_MAX) /* the same, of parties and of accounts */
#define NEAR 8                        /* records that a publish looks ahead */

/* The frozen layer's way: NONE -> WAITING (ledger) -> DONE (applier) -> NONE (ledger). */
enum frozen { FROZEN_NONE, FROZEN_WAITING, FROZEN_DONE };

/* What a batch read and, marked, what it changed.  An empty value: nothing there. */
struct delta {
	struct map *raw;
	struct cells *cells[FORMS]; /* parties and accounts, decoded */
	bool changed;
};

struct state {
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn; /* the ledger thread's snapshot of the file */
	/* Within it: who looks for a record near the last one finds it on the same page. */
	struct lgp_kv_cursor *cursor;
	/* The ledger thread's. */
	struct delta open, closed;
	_Alignas(8) char unkept[sizeof(struct lgp_party)]; /* decoded last, and not kept */
	uint8_t seed[MAP_SEED_LEN];
	struct map *active, *frozen; /* under lock for all but the ledger thread */
	pthread_rwlock_t lock;
	_Atomic int frozen_is;
	struct state_position frozen_at;
	_Atomic uint64_t file_position;
	struct statefile_merge *merge; /* the applier's: the frozen layer, under way */
	char path[256], redo_path[256];
	size_t map_bytes;
};

/* ---- opening ---------------------------------------------------------------- */

static enum lgp_status open_file(struct state *state)
{
	struct lgp_kv_options options = {
	        .tables = statefile_tables,
	        .table_count = STATEFILE_TABLES,
	        .map_bytes = state->map_bytes,
	        .readers_max = 256,
	        .derived = true,
	};
	enum lgp_status status = lgp_kv_open(state->path, &options, &state->kv);
	if (status == LGP_OK)
		status = lgp_kv_read_begin(state->kv, &state->txn);
	if (status == LGP_OK)
		status = lgp_kv_cursor_open(state->txn, STATEFILE_RECORDS, &state->cursor);
	return status;
}

/* The file as it is now. */
static enum lgp_status renew_snapshot(struct state *state)
{
	lgp_kv_cursor_close(state->cursor);
	state->cursor = NULL;
	lgp_kv_read_reset(state->txn);
	enum lgp_status status = lgp_kv_read_renew(state->txn);
	if (status == LGP_OK)
		status = lgp_kv_cursor_open(state->txn, STATEFILE_RECORDS, &state->cursor);
	return status;
}

static void close_file(struct state *state)
{
	statefile_end(state->merge);
	state->merge = NULL;
	lgp_kv_cursor_close(state->cursor);
	state->cursor = NULL;
	lgp_kv_abort(state->txn);
	lgp_kv_close(state->kv);
	state->txn = NULL;
	state->kv = NULL;
}

static enum lgp_status remove_file(const struct state *state)
{
	char lock_path[sizeof state->path + 8];
	snprintf(lock_path, sizeof lock_path, "%s-lock", state->path);
	(void)remove(lock_path);
	if (remove(state->path) != 0)
		return lgp_fault(LGP_IO, "%s: cannot be removed to be made anew", state->path);
	return redo_remove(state->redo_path);
}

enum lgp_status state_reset(struct state *state)
{
	close_file(state);
	enum lgp_status status = remove_file(state);
	if (status == LGP_OK)
		status = open_file(state);
	atomic_store(&state->file_position, 0);
	return status;
}

/* Numbers alone, which the ledger gives: who chooses among customers cannot shape them,
 * and knows nothing of the seed.  So less than SipHash is enough to keep them apart: a
 * product with what is secret, folded.  A party's slot and its accounts' are neighbours. */
static uint32_t hash_number(const uint8_t seed[MAP_SEED_LEN], uint64_t number)
{
	unsigned __int128 product =
	        (unsigned __int128)(number ^ lgp_get_le(seed, 8)) * (lgp_get_le(seed + 8, 8) | 1);
	uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
	return (uint32_t)(folded ^ folded >> 32);
}

static uint32_t hash_form(const struct state *state, enum form form, uint64_t number)
{
	return hash_number(state->seed, number) + (form == FORM_ACCOUNT);
}

/* Of a key as bytes the same as of its numbers. */
static uint32_t hash_key(const uint8_t seed[MAP_SEED_LEN], struct lgp_view key)
{
	if (key.ptr[0] != 'N' || key.len < 10)
		return map_siphash(seed, key);
	return hash_number(seed, lgp_get_be((const uint8_t *)key.ptr + 1, 8)) + (key.ptr[9] == 'A');
}

static bool make_delta(struct delta *delta, const uint8_t seed[MAP_SEED_LEN])
{
	bool made = (delta->raw = map_new(seed, hash_key)) != NULL;
	for (unsigned i = 0; i < FORMS; i++)
		made = (delta->cells[i] = cells_new(record_forms[i].bytes)) != NULL && made;
	return made;
}

static void free_delta(struct delta *delta)
{
	map_free(delta->raw);
	for (unsigned i = 0; i < FORMS; i++)
		cells_free(delta->cells[i]);
}

static void clear_delta(struct delta *delta)
{
	map_clear(delta->raw);
	for (unsigned i = 0; i < FORMS; i++)
		cells_clear(delta->cells[i]);
	delta->changed = false;
}

static bool make_layers(struct state *state, const uint8_t seed[MAP_SEED_LEN])
{
	memcpy(state->seed, seed, MAP_SEED_LEN);
	pthread_rwlockattr_t attributes;
	pthread_rwlockattr_init(&attributes);
	/* A publish waits for the readers of the moment, not for those to come. */
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&state->lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	state->active = map_new(seed, hash_key);
	state->frozen = map_new(seed, hash_key);
	return make_delta(&state->open, seed) && make_delta(&state->closed, seed) &&
	       state->active != NULL && state->frozen != NULL;
}

/* "DIR/state.mdb", "DIR/state.redo" */
static bool set_paths(struct state *state, const char *path)
{
	const char *dot = strrchr(path, '.');
	int stem = (int)(dot != NULL ? (size_t)(dot - path) : strlen(path));
	if (strlen(path) + sizeof ".redo" > sizeof state->path)
		return false;
	snprintf(state->path, sizeof state->path, "%s", path);
	snprintf(state->redo_path, sizeof state->redo_path, "%.*s.redo", stem, path);
	return true;
}

/* It follows from the log: a file that is of no use is made anew. */
static enum lgp_status open_usable(struct state *state, struct state_position *position)
{
	enum lgp_status status = open_file(state);
	if (status == LGP_CORRUPT || status == LGP_FORMAT)
		status = state_reset(state);
	if (status != LGP_OK)
		return status;
	lgp_kv_read_reset(state->txn);
	status = statefile_position(state->kv, state->redo_path, position);
	if (status == LGP_MISSING || status == LGP_CORRUPT) {
		*position = (struct state_position){0};
		return state_reset(state);
	}
	return status == LGP_OK ? renew_snapshot(state) : status;
}

enum lgp_status state_open(const char *path, size_t map_bytes, const uint8_t seed[MAP_SEED_LEN],
                           struct state **out, struct state_position *position)
{
	struct state *state = calloc(1, sizeof *state);
	if (state == NULL || !set_paths(state, path)) {
		free(state);
		return lgp_fault(LGP_NO_MEMORY, "%s: the path is too long, or no memory", path);
	}
	state->map_bytes = map_bytes;
	enum lgp_status status = make_layers(state, seed)
	                                 ? open_usable(state, position)
	                                 : lgp_fault(LGP_NO_MEMORY, "state: no memory");
	if (status != LGP_OK) {
		state_close(state);
		return status;
	}
	atomic_store(&state->file_position, position->position);
	*out = state;
	return LGP_OK;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	close_file(state);
	free_delta(&state->open);
	free_delta(&state->closed);
	map_free(state->active);
	map_free(state->frozen);
	pthread_rwlock_destroy(&state->lock);
	free(state);
}

struct lgp_kv *state_kv(struct state *state)
{
	return state->kv;
}

/* ---- raw records ------------------------------------------------------------- */

static enum lgp_status get_from_file(struct state *state, struct lgp_view key,
                                     struct lgp_view *value)
{
	struct lgp_view found, there;
	enum lgp_status status = lgp_kv_seek(state->cursor, key, &found, &there);
	if (status == LGP_OK && !lgp_view_equal(found, key))
		status = LGP_MISSING;
	if (status == LGP_OK)
		*value = there;
	return status;
}

static enum lgp_status get_below(struct state *state, struct lgp_view key, uint32_t hash,
                                 struct lgp_view *value)
{
	if (map_get_hashed(state->closed.raw, key, hash, value) ||
	    map_get_hashed(state->active, key, hash, value) ||
	    map_get_hashed(state->frozen, key, hash, value))
		return value->len > 0 ? LGP_OK : LGP_MISSING;
	return get_from_file(state, key, value);
}

/* A command looks at one record several times: to judge, to link, to apply. */
enum lgp_status state_get(struct state *state, struct lgp_view key, struct lgp_view *value)
{
	uint32_t hash;
	struct map *open = state->open.raw;
	if (map_recall(open, key, &hash, value))
		return value->len > 0 ? LGP_OK : LGP_MISSING;
	enum lgp_status status = get_below(state, key, hash, value);
	if ((status != LGP_OK && status != LGP_MISSING) || map_count(open) >= OPEN_MAX)
		return status;
	struct lgp_view seen = status == LGP_OK ? *value : (struct lgp_view){NULL, 0};
	if (!map_put_hashed(open, key, hash, seen))
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a record");
	return status;
}

uint32_t state_near_slots(const struct state *state, uint64_t number)
{
	uint32_t hash = hash_number(state->seed, number);
	map_near_slots(state->active, hash);
	map_near_slots(state->frozen, hash);
	return hash;
}

void state_near_items(const struct state *state, uint32_t hash)
{
	map_near_items(state->active, hash);
	map_near_items(state->frozen, hash);
}

enum lgp_status state_put(struct state *state, struct lgp_view key, struct lgp_view value)
{
	require(value.len <= STATE_VALUE_MAX);
	state->open.changed = true;
	if (!map_put_marked(state->open.raw, key, value))
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a changed record");
	return LGP_OK;
}

/* In a layer, an empty value is a deleted record; no record is empty. */
enum lgp_status state_delete(struct state *state, struct lgp_view key)
{
	return state_put(state, key, (struct lgp_view){NULL, 0});
}

/* ---- decoded records ----------------------------------------------------------- */

/* The record from below the open batch, decoded into state->unkept. */
static enum lgp_status decode_below(struct state *state, enum form form, uint64_t first,
                                    uint64_t second, uint32_t hash)
{
	const struct record_form *is = &record_forms[form];
	const struct cell *closed = cells_find(state->closed.cells[form], first, second, hash);
	if (closed != NULL) {
		memcpy(state->unkept, closed->value, is->bytes);
		return closed->there ? LGP_OK : LGP_MISSING;
	}
	struct state_key key = is->key(first, second);
	struct lgp_view value;
	enum lgp_status status = get_below(state, key_view(&key), hash, &value);
	return status == LGP_OK ? is->decode(value, state->unkept) : status;
}

/* The open batch's first look at it.  *cell: its own; or NULL, and the record is in
 * state->unkept, where so many were read already. */
static enum lgp_status fetch(struct state *state, enum form form, uint64_t first, uint64_t second,
                             bool keep, struct cell **cell)
{
	struct cells *open = state->open.cells[form];
	uint32_t hash = hash_form(state, form, first);
	*cell = NULL;
	enum lgp_status status = decode_below(state, form, first, second, hash);
	if (status != LGP_OK && status != LGP_MISSING)
		return status;
	if (!keep && open->count >= CELLS_MAX)
		return status;
	*cell = cells_add(open, first, second, hash);
	if (*cell == NULL)
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a record");
	(*cell)->there = status == LGP_OK;
	if (status == LGP_OK)
		memcpy((*cell)->value, state->unkept, record_forms[form].bytes);
	return status;
}

enum lgp_status state_look(struct state *state, enum form form, uint64_t first, uint64_t second,
                           const void **record)
{
	struct cell *cell =
	        cells_find(state->open.cells[form], first, second, hash_form(state, form, first));
	enum lgp_status status = LGP_OK;
	if (cell == NULL)
		status = fetch(state, form, first, second, false, &cell);
	else if (!cell->there)
		status = LGP_MISSING;
	*record = cell != NULL ? cell->value : state->unkept;
	return status;
}

enum lgp_status state_change(struct state *state, enum form form, uint64_t first, uint64_t second,
                             void **record)
{
	struct cell *cell =
	        cells_find(state->open.cells[form], first, second, hash_form(state, form, first));
	enum lgp_status status = LGP_OK;
	if (cell == NULL)
		status = fetch(state, form, first, second, true, &cell);
	else if (!cell->there)
		status = LGP_MISSING;
	if (cell == NULL)
		return status;
	cell->there = cell->changed = state->open.changed = true;
	*record = cell->value;
	return status;
}

/* ---- other threads ------------------------------------------------------------- */

enum lgp_status state_read(struct state *state, struct lgp_kv_txn *txn, struct lgp_view key,
                           char *out, size_t *len)
{
	struct lgp_view value;
	uint32_t hash = hash_key(state->seed, key);
	pthread_rwlock_rdlock(&state->lock);
	bool found = map_get_hashed(state->active, key, hash, &value) ||
	             map_get_hashed(state->frozen, key, hash, &value);
	if (found) {
		memcpy(out, value.ptr, value.len);
		*len = value.len;
	}
	pthread_rwlock_unlock(&state->lock);
	if (found)
		return *len > 0 ? LGP_OK : LGP_MISSING;
	/* The snapshot comes after the look at the layers: see state.h. */
	enum lgp_status status = lgp_kv_read_renew(txn);
	if (status != LGP_OK)
		return status;
	status = lgp_kv_get(txn, STATEFILE_RECORDS, key, &value);
	if (status == LGP_OK) {
		require(value.len <= STATE_VALUE_MAX);
		memcpy(out, value.ptr, value.len);
		*len = value.len;
	}
	lgp_kv_read_reset(txn);
	return status;
}

/* ---- layers ------------------------------------------------------------------- */

static bool publish_raw(struct state *state)
{
	const struct map *raw = state->closed.raw;
	bool fits = true;
	for (size_t i = 0; i < map_count(raw) && fits; i++) {
		struct map_item item = map_item(raw, i);
		if (item.marked)
			fits = map_put_hashed(state->active, item.key, item.hash, item.value);
	}
	return fits;
}

/* What comes next is looked at ahead: where it goes lies anywhere. */
static void near_cell(const struct state *state, const struct cells *cells, size_t i)
{
	if (i + NEAR < cells->count)
		map_near_slots(state->active, cells_at(cells, i + NEAR)->hash);
	if (i + NEAR / 2 < cells->count)
		map_near_items(state->active, cells_at(cells, i + NEAR / 2)->hash);
}

static bool publish_cells(struct state *state, enum form form)
{
	const struct record_form *is = &record_forms[form];
	const struct cells *cells = state->closed.cells[form];
	bool fits = true;
	for (size_t i = 0; i < cells->count && fits; i++) {
		const struct cell *cell = cells_at(cells, i);
		uint8_t bytes[RECORD_MAX];
		near_cell(state, cells, i);
		if (!cell->changed)
			continue;
		struct state_key key = is->key(cell->first, cell->second);
		struct lgp_view value = {(char *)bytes, is->encode(cell->value, bytes)};
		fits = map_put_hashed(state->active, key_view(&key), cell->hash, value);
	}
	return fits;
}

void state_batch_close(struct state *state)
{
	require(!state->closed.changed);
	struct delta empty = state->closed;
	state->closed = state->open;
	state->open = empty;
}

enum lgp_status state_publish(struct state *state)
{
	state_batch_close(state);
	return state_publish_with(state, NULL, NULL);
}

enum lgp_status state_publish_with(struct state *state, void (*also)(void *context), void *context)
{
	pthread_rwlock_wrlock(&state->lock);
	bool fits = publish_raw(state);
	for (enum form form = 0; form < FORMS && fits; form++)
		fits = publish_cells(state, form);
	if (also != NULL)
		also(context);
	pthread_rwlock_unlock(&state->lock);
	clear_delta(&state->closed);
	return fits ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "state: no memory for the overlay");
}

enum lgp_status state_settle(struct state *state)
{
	if (atomic_load_explicit(&state->frozen_is, memory_order_acquire) != FROZEN_DONE)
		return LGP_OK;
	enum lgp_status status = renew_snapshot(state);
	if (status != LGP_OK)
		return status;
	pthread_rwlock_wrlock(&state->lock);
	map_clear(state->frozen);
	pthread_rwlock_unlock(&state->lock);
	atomic_store(&state->frozen_is, FROZEN_NONE);
	return LGP_OK;
}

bool state_frozen(const struct state *state)
{
	return atomic_load(&state->frozen_is) != FROZEN_NONE;
}

bool state_freeze(struct state *state, const struct state_position *position)
{
	require(!state->closed.changed);
	if (state_frozen(state))
		return false;
	pthread_rwlock_wrlock(&state->lock);
	struct map *empty = state->frozen;
	state->frozen = state->active;
	state->active = empty;
	pthread_rwlock_unlock(&state->lock);
	state->frozen_at = *position;
	atomic_store_explicit(&state->frozen_is, FROZEN_WAITING, memory_order_release);
	return true;
}

/* What is used, not what is held: a layer keeps some of its memory when it is
 * cleared, and one that was once large must not seem full ever after. */
size_t state_active_bytes(const struct state *state)
{
	return map_used(state->active);
}

size_t state_layers_bytes(struct state *state)
{
	pthread_rwlock_rdlock(&state->lock);
	size_t bytes = map_bytes(state->active) + map_bytes(state->frozen);
	pthread_rwlock_unlock(&state->lock);
	return bytes;
}

uint64_t state_file_position(const struct state *state)
{
	return atomic_load(&state->file_position);
}

bool counter_closed(int32_t end, int32_t day)
{
	return (int64_t)end + CLOSED_DAYS <= day;
}

static enum lgp_status flush_step(struct state *state, bool *more)
{
	/* The frozen map changes no more until it is settled: no lock is needed. */
	enum lgp_status status = LGP_OK;
	if (state->merge == NULL)
		status = statefile_begin(state->kv, state->redo_path, state->frozen,
		                         &state->frozen_at, &state->merge);
	return status == LGP_OK ? statefile_step(state->merge, more) : status;
}

enum lgp_status state_flush(struct state *state, bool *more)
{
	*more = false;
	if (atomic_load_explicit(&state->frozen_is, memory_order_acquire) != FROZEN_WAITING)
		return LGP_OK;
	enum lgp_status status = flush_step(state, more);
	if (status == LGP_OK && *more)
		return LGP_OK;
	statefile_end(state->merge);
	state->merge = NULL;
	*more = false;
	if (status != LGP_OK)
		return status;
	atomic_store(&state->file_position, state->frozen_at.position);
	atomic_store_explicit(&state->frozen_is, FROZEN_DONE, memory_order_release);
	return LGP_OK;
}

bool state_merging(const struct state *state)
{
	return state->merge != NULL;
}

/* ---- whole-state walks: the file alone, after a flush ------------------------- */

enum lgp_status state_each(struct state *state, char record, state_visit visit, void *context)
{
	struct lgp_kv_cursor *cursor;
	enum lgp_status status = lgp_kv_cursor_open(state->txn, STATEFILE_RECORDS, &cursor);
	if (status != LGP_OK)
		return status;
	struct lgp_view key, value;
	status = lgp_kv_seek(cursor, (struct lgp_view){&record, 1}, &key, &value);
	while (status == LGP_OK && key.ptr[0] == record) {
		status = visit(context, key, value);
		if (status == LGP_OK)
			status = lgp_kv_next(cursor, &key, &value);
	}
	lgp_kv_cursor_close(cursor);
	return status == LGP_MISSING ? LGP_OK : status;
}

static void digest_part(struct lgp_digest *digest, struct lgp_view part)
{
	uint8_t len[4];
	lgp_put_le(len, part.len, sizeof len);
	lgp_digest_add(digest, len, sizeof len);
	lgp_digest_add(digest, part.ptr, part.len);
}

static enum lgp_status digest_records(struct lgp_kv_cursor *cursor, int32_t day,
                                      struct lgp_digest *digest)
{
	struct lgp_view key, value;
	enum lgp_status status = lgp_kv_seek(cursor, (struct lgp_view){"\0", 1}, &key, &value);
	while (status == LGP_OK) {
		if (!counter_closed(statefile_end_of(key), day)) {
			digest_part(digest, key);
			digest_part(digest, value);
		}
		status = lgp_kv_next(cursor, &key, &value);
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status state_hash(struct state *state, struct lgp_hash *out)
{
	require(!state->open.changed && !state->closed.changed && map_count(state->active) == 0);
	struct lgp_kv_cursor *cursor;
	struct lgp_digest *digest = lgp_digest_begin();
	if (digest == NULL)
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a digest");
	enum lgp_status status = lgp_kv_cursor_open(state->txn, STATEFILE_RECORDS, &cursor);
	struct globals globals = {0};
	if (status == LGP_OK) {
		status = state_globals(state, &globals);
		if (status == LGP_OK)
			status = digest_records(cursor, globals.day, digest);
		lgp_kv_cursor_close(cursor);
	}
	lgp_digest_end(digest, out);
	return status;
}
