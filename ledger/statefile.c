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

/* Who knows nothing of the mark finds no position, and reads no further. */
static enum lgp_status write_mark(struct lgp_kv_txn *txn, const struct state_position *position)
{
	uint8_t bytes[8];
	lgp_put_le(bytes, position->position, 8);
	enum lgp_status status = lgp_kv_put(txn, STATEFILE_META, LGP_VIEW("merging"),
	                                    (struct lgp_view){(const char *)bytes, sizeof bytes});
	if (status == LGP_OK)
		status = lgp_kv_delete(txn, STATEFILE_META, LGP_VIEW("position"));
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status write_position(struct lgp_kv_txn *txn, const struct state_position *position)
{
	uint8_t bytes[8 + LGP_HASH_LEN];
	lgp_put_le(bytes, position->position, 8);
	memcpy(bytes + 8, position->root.bytes, LGP_HASH_LEN);
	enum lgp_status status = lgp_kv_put(txn, STATEFILE_META, LGP_VIEW("position"),
	                                    (struct lgp_view){(const char *)bytes, sizeof bytes});
	if (status == LGP_OK)
		status =
		        lgp_kv_put(txn, STATEFILE_META, LGP_VIEW("format"), LGP_VIEW(STATE_FORMAT));
	if (status == LGP_OK)
		status = lgp_kv_delete(txn, STATEFILE_META, LGP_VIEW("merging"));
	return status == LGP_MISSING ? LGP_OK : status;
}

/* LGP_MISSING: those were the last. */
static enum lgp_status write_records(struct statefile_merge *merge, struct lgp_kv_txn *txn)
{
	int32_t day = redo_position(merge->redo)->day;
	enum lgp_status status = LGP_OK;
	for (uint64_t i = 0; i < merge->step_records && status == LGP_OK; i++) {
		struct lgp_view key, value;
		status = redo_next(merge->redo, &key, &value);
		if (status == LGP_OK && !counter_closed(statefile_end_of(key), day))
			status = write_record(txn, key, value);
	}
	return status;
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

enum lgp_status statefile_begin(struct lgp_kv *kv, const char *redo_path, const struct map *changes,
                                const struct state_position *position, struct statefile_merge **out)
{
	struct redo *redo;
	enum lgp_status status = redo_open(redo_path, &redo);
	if (status == LGP_OK && redo_position(redo)->position != position->position) {
		redo_close(redo);
		status = LGP_MISSING;
	}
	if (status == LGP_MISSING || status == LGP_CORRUPT)
		status = redo_write(redo_path, changes, position, &redo);
	crashpoint("redo-written");
	return status == LGP_OK ? merge_new(kv, redo_path, redo, out) : status;
}

static enum lgp_status write_step(struct statefile_merge *merge, struct lgp_kv_txn *txn, bool *more)
{
	const struct state_position *position = redo_position(merge->redo);
	enum lgp_status status = merge->begun ? LGP_OK : write_mark(txn, position);
	if (status == LGP_OK)
		status = write_records(merge, txn);
	*more = status == LGP_OK;
	return status == LGP_MISSING ? write_end(txn, position) : status;
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
	return status == LGP_OK && !*more ? redo_remove(merge->redo_path) : status;
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
	struct state_position position;
	bool merging;
	uint64_t merging_to;
};

static enum lgp_status read_mark(struct lgp_kv_txn *txn, struct standing *out)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, STATEFILE_META, LGP_VIEW("merging"), &value);
	if (status != LGP_OK)
		return status == LGP_MISSING ? LGP_OK : status;
	if (value.len != 8)
		return LGP_MISSING;
	out->merging = true;
	out->merging_to = lgp_get_le((const uint8_t *)value.ptr, 8);
	return LGP_OK;
}

static enum lgp_status read_position(struct lgp_kv_txn *txn, struct state_position *out)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, STATEFILE_META, LGP_VIEW("format"), &value);
	if (status != LGP_OK)
		return status;
	if (!lgp_view_equal(value, LGP_VIEW(STATE_FORMAT)))
		return LGP_MISSING;
	status = lgp_kv_get(txn, STATEFILE_META, LGP_VIEW("position"), &value);
	if (status != LGP_OK || value.len != 8 + LGP_HASH_LEN)
		return status == LGP_OK ? LGP_MISSING : status;
	out->position = lgp_get_le((const uint8_t *)value.ptr, 8);
	memcpy(out->root.bytes, value.ptr + 8, LGP_HASH_LEN);
	return LGP_OK;
}

static enum lgp_status read_standing(struct lgp_kv *kv, struct standing *out)
{
	struct lgp_kv_txn *txn;
	*out = (struct standing){0};
	enum lgp_status status = lgp_kv_read_begin(kv, &txn);
	if (status != LGP_OK)
		return status;
	status = read_mark(txn, out);
	if (status == LGP_OK && !out->merging)
		status = read_position(txn, &out->position);
	lgp_kv_abort(txn);
	return status;
}

/* LGP_MISSING: what would end it is not there, or is another generation's. */
static enum lgp_status finish(struct lgp_kv *kv, const char *redo_path, uint64_t to)
{
	struct redo *redo;
	struct statefile_merge *merge;
	bool more = true;
	enum lgp_status status = redo_open(redo_path, &redo);
	if (status != LGP_OK)
		return status == LGP_CORRUPT ? LGP_MISSING : status;
	if (redo_position(redo)->position != to) {
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
		status = finish(kv, redo_path, standing.merging_to);
		if (status == LGP_OK)
			status = read_standing(kv, &standing);
	}
	*out = standing.position;
	return status == LGP_OK ? redo_remove(redo_path) : status;
}
