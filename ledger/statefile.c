/* statefile: see statefile.h.  Upholds I10: a file that stands nowhere is not read. */
#include "statefile.h"

#include "lagniappe/codec.h"
#include "lagniappe/crashpoint.h"
#include "redo.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_MAX 4096
#define RECORDS_PER_PAGE 32 /* a page holds about as many small ones */

const struct lgp_kv_table statefile_tables[STATEFILE_TABLES] = {
        [STATEFILE_RECORDS] = {"records", false},
        [STATEFILE_META] = {"meta", false},
};

struct statefile_merge {
	struct lgp_kv *kv;
	struct redo *redo;
	const char *redo_path; /* the caller's */
	uint64_t step_records;
	bool begun;
};

int32_t statefile_end_of(struct lgp_view key)
{
	if ((key.ptr[0] != 'C' && key.ptr[0] != 'I') || key.len < 5)
		return INT32_MAX;
	return (int32_t)((uint32_t)lgp_get_be((const uint8_t *)key.ptr + 1, 4) ^
	                 UINT32_C(0x80000000));
}

/* ---- what a step writes -------------------------------------------------------- */

static enum lgp_status write_record(struct lgp_kv_txn *txn, struct lgp_view key,
                                    struct lgp_view value)
{
	if (value.len > 0)
		return lgp_kv_put(txn, STATEFILE_RECORDS, key, value);
	enum lgp_status status = lgp_kv_delete(txn, STATEFILE_RECORDS, key);
	return status == LGP_MISSING ? LGP_OK : status;
}

/* Takes closed counters out of the file, a bounded number at a time. */
static enum lgp_status sweep(struct lgp_kv_txn *txn, char record, int32_t day)
{
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < SWEEP_MAX && status == LGP_OK; i++) {
		struct lgp_kv_cursor *cursor;
		struct lgp_view key, value;
		struct state_key closed = {.len = 0};
		status = lgp_kv_cursor_open(txn, STATEFILE_RECORDS, &cursor);
		if (status != LGP_OK)
			return status;
		status = lgp_kv_seek(cursor, (struct lgp_view){&record, 1}, &key, &value);
		bool found = status == LGP_OK && key.ptr[0] == record &&
		             counter_closed(statefile_end_of(key), day);
		if (found)
			state_key_add_bytes(&closed, key.ptr, key.len);
		lgp_kv_cursor_close(cursor);
		if (!found)
			return status == LGP_MISSING ? LGP_OK : status;
		status = lgp_kv_delete(txn, STATEFILE_RECORDS, key_view(&closed));
	}
	return status;
}

#define POSITION_LEN (8 + LGP_HASH_LEN)

static enum lgp_status put_position(struct lgp_kv_txn *txn, const char *name,
                                    const struct state_position *position)
{
	uint8_t bytes[POSITION_LEN];
	lgp_put_le(bytes, position->position, 8);
	memcpy(bytes + 8, position->root.bytes, LGP_HASH_LEN);
	return lgp_kv_put(txn, STATEFILE_META, lgp_view_of(name),
	                  (struct lgp_view){(const char *)bytes, sizeof bytes});
}

static enum lgp_status get_position(struct lgp_kv_txn *txn, const char *name,
                                    struct state_position *out)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, STATEFILE_META, lgp_view_of(name), &value);
	if (status != LGP_OK || value.len != POSITION_LEN)
		return status == LGP_OK ? LGP_CORRUPT : status;
	out->position = lgp_get_le((const uint8_t *)value.ptr, 8);
	memcpy(out->root.bytes, value.ptr + 8, LGP_HASH_LEN);
	return LGP_OK;
}

/* Who knows nothing of the mark finds no position, and reads no further. */
static enum lgp_status write_mark(struct lgp_kv_txn *txn, const struct state_position *position)
{
	enum lgp_status status = put_position(txn, "merging", position);
	if (status == LGP_OK)
		status = lgp_kv_delete(txn, STATEFILE_META, LGP_VIEW("position"));
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status write_position(struct lgp_kv_txn *txn, const struct state_position *position)
{
	enum lgp_status status = put_position(txn, "position", position);
	if (status == LGP_OK)
		status =
		        lgp_kv_put(txn, STATEFILE_META, LGP_VIEW("format"), LGP_VIEW(STATE_FORMAT));
	if (status == LGP_OK)
		status = lgp_kv_delete(txn, STATEFILE_META, LGP_VIEW("merging"));
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status write_records(struct statefile_merge *merge, struct lgp_kv_txn *txn,
                                     bool *more)
{
	int32_t day = redo_position(merge->redo)->day;
	for (uint64_t i = 0; i < merge->step_records; i++) {
		struct lgp_view key, value;
		enum lgp_status status = redo_next(merge->redo, &key, &value);
		*more = status == LGP_OK;
		if (status == LGP_MISSING)
			return LGP_OK;
		if (status == LGP_OK && !counter_closed(statefile_end_of(key), day))
			status = write_record(txn, key, value);
		if (status != LGP_OK)
			return status;
	}
	return LGP_OK;
}

static enum lgp_status write_end(struct lgp_kv_txn *txn, const struct state_position *position)
{
	enum lgp_status status = sweep(txn, 'C', position->day);
	if (status == LGP_OK)
		status = sweep(txn, 'I', position->day);
	return status == LGP_OK ? write_position(txn, position) : status;
}

/* ---- a merge ------------------------------------------------------------------- */

/* Sorted changes spread over the file's leaves as evenly as they may. */
static enum lgp_status fit_steps(struct statefile_merge *merge)
{
	struct lgp_kv_txn *txn;
	uint64_t leaves = 0, changes = redo_count(merge->redo);
	enum lgp_status status = lgp_kv_read_begin(merge->kv, &txn);
	if (status != LGP_OK)
		return status;
	status = lgp_kv_leaves(txn, STATEFILE_RECORDS, &leaves);
	lgp_kv_abort(txn);
	uint64_t a_page = leaves > 0 ? changes / leaves : RECORDS_PER_PAGE;
	if (a_page > RECORDS_PER_PAGE)
		a_page = RECORDS_PER_PAGE;
	merge->step_records = STATEFILE_STEP_PAGES * (a_page > 0 ? a_page : 1);
	return status;
}

/* Takes the redo over, whatever comes. */
static enum lgp_status merge_new(struct lgp_kv *kv, const char *redo_path, struct redo *redo,
                                 struct statefile_merge **out)
{
	struct statefile_merge *merge = malloc(sizeof *merge);
	if (merge == NULL) {
		redo_close(redo);
		return lgp_fault(LGP_NO_MEMORY, "state: no memory to bring the file forward");
	}
	*merge = (struct statefile_merge){.kv = kv, .redo = redo, .redo_path = redo_path};
	enum lgp_status status = fit_steps(merge);
	if (status != LGP_OK) {
		statefile_end(merge);
		return status;
	}
	*out = merge;
	return LGP_OK;
}

static enum lgp_status write_step(struct statefile_merge *merge, struct lgp_kv_txn *txn, bool *more)
{
	const struct state_position *position = redo_position(merge->redo);
	enum lgp_status status = merge->begun ? LGP_OK : write_mark(txn, position);
	if (status == LGP_OK)
		status = write_records(merge, txn, more);
	return status == LGP_OK && !*more ? write_end(txn, position) : status;
}

enum lgp_status statefile_step(struct statefile_merge *merge, bool *more)
{
	struct lgp_kv_txn *txn;
	enum lgp_status status = lgp_kv_write_begin(merge->kv, &txn);
	if (status != LGP_OK)
		return status;
	status = write_step(merge, txn, more);
	if (status != LGP_OK) {
		lgp_kv_abort(txn);
		return status;
	}
	status = lgp_kv_commit(txn);
	merge->begun = true;
	crashpoint("state-step-written");
	if (status == LGP_OK && !*more)
		(void)redo_remove(merge->redo_path); /* else the next one is written over it */
	return status;
}

void statefile_end(struct statefile_merge *merge)
{
	if (merge == NULL)
		return;
	redo_close(merge->redo);
	free(merge);
}

/* ---- where it stands -------------------------------------------------------------- */

struct standing {
	struct state_position position; /* or where it is on its way to */
	bool merging;
};

static enum lgp_status read_position(struct lgp_kv_txn *txn, struct state_position *out)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, STATEFILE_META, LGP_VIEW("format"), &value);
	if (status != LGP_OK)
		return status;
	if (!lgp_view_equal(value, LGP_VIEW(STATE_FORMAT)))
		return LGP_MISSING;
	return get_position(txn, "position", out);
}

static enum lgp_status read_standing(struct lgp_kv *kv, struct standing *out)
{
	struct lgp_kv_txn *txn;
	*out = (struct standing){0};
	enum lgp_status status = lgp_kv_read_begin(kv, &txn);
	if (status != LGP_OK)
		return status;
	status = get_position(txn, "merging", &out->position);
	out->merging = status == LGP_OK;
	if (status == LGP_MISSING)
		status = read_position(txn, &out->position);
	lgp_kv_abort(txn);
	return status;
}

static bool leads_to(const struct redo *redo, const struct state_position *position)
{
	const struct state_position *told = redo_position(redo);
	return told->position == position->position && lgp_hash_equal(&told->root, &position->root);
}

/* LGP_MISSING: what would end it is not there, or is another generation's. */
static enum lgp_status finish(struct lgp_kv *kv, const char *redo_path,
                              const struct state_position *to)
{
	struct redo *redo;
	struct statefile_merge *merge;
	bool more = true;
	enum lgp_status status = redo_open(redo_path, &redo);
	if (status != LGP_OK)
		return status == LGP_CORRUPT ? LGP_MISSING : status;
	if (!leads_to(redo, to)) {
		redo_close(redo);
		return LGP_MISSING;
	}
	status = merge_new(kv, redo_path, redo, &merge);
	if (status != LGP_OK)
		return status;
	while (status == LGP_OK && more)
		status = statefile_step(merge, &more);
	statefile_end(merge);
	return status;
}

enum lgp_status statefile_position(struct lgp_kv *kv, const char *redo_path,
                                   struct state_position *out)
{
	struct standing standing;
	enum lgp_status status = read_standing(kv, &standing);
	if (status == LGP_OK && standing.merging) {
		status = finish(kv, redo_path, &standing.position);
		if (status == LGP_OK)
			status = read_standing(kv, &standing);
	}
	*out = standing.position;
	return status == LGP_OK ? redo_remove(redo_path) : status;
}

/* ---- the next generation ---------------------------------------------------------- */

/* A generation that met a fault in its middle is ended from its own file. */
static enum lgp_status redo_of(struct lgp_kv *kv, const char *redo_path, const struct map *changes,
                               const struct state_position *position, struct redo **out)
{
	struct standing standing;
	enum lgp_status status = read_standing(kv, &standing);
	if (status != LGP_OK && status != LGP_MISSING)
		return status;
	if (standing.merging && redo_open(redo_path, out) == LGP_OK) {
		if (leads_to(*out, position))
			return LGP_OK;
		redo_close(*out);
	}
	return redo_write(redo_path, changes, position, out);
}

enum lgp_status statefile_begin(struct lgp_kv *kv, const char *redo_path, const struct map *changes,
                                const struct state_position *position, struct statefile_merge **out)
{
	struct redo *redo;
	enum lgp_status status = redo_of(kv, redo_path, changes, position, &redo);
	crashpoint("redo-written");
	return status == LGP_OK ? merge_new(kv, redo_path, redo, out) : status;
}
