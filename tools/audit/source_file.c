/* source_file: a source that is a ledger.mdb.  Thread: one at a time.
 *
 * Each call packs its arguments into a struct, runs under the guard with a
 * transaction and a cursor at hand, and copies.  The cursor is kept in the
 * source, so that it can be closed when the guard ended the call. */
#include "tools/audit/source_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/audit/guard.h"
#include "tools/audit/stretch.h"
#include "tools/audit/yield.h"

struct file_source {
	struct source common;
	char path[PATH_MAX + 16];
	bool opening_returned;
	struct lgp_kv *kv;            /* owned */
	struct lgp_kv_txn *txn;       /* owned; idle between calls; NULL: none yet */
	struct lgp_kv_cursor *cursor; /* owned; within a call alone */
	struct stretches stretches;
};

static struct file_source *file_of(struct source *source)
{
	return (struct file_source *)source;
}

/* ---- one call -------------------------------------------------------------- */

struct call {
	struct file_source *file;
	enum lgp_status (*read)(struct file_source *file, void *arguments);
	void *arguments;
};

static enum lgp_status run(void *context)
{
	struct call *call = context;
	struct file_source *file = call->file;
	enum lgp_status status = file->txn == NULL ? lgp_kv_read_begin(file->kv, &file->txn)
	                                           : lgp_kv_read_renew(file->txn);
	return status != LGP_OK ? status : call->read(file, call->arguments);
}

static enum lgp_status guarded(struct file_source *file,
                               enum lgp_status (*read)(struct file_source *file, void *arguments),
                               void *arguments)
{
	struct call call = {file, read, arguments};
	enum lgp_status status = guard_call(run, &call);
	lgp_kv_cursor_close(file->cursor);
	file->cursor = NULL;
	if (file->txn == NULL)
		return status;
	if (status == LGP_OK || status == LGP_MISSING || status == LGP_OVERLOAD) {
		lgp_kv_read_reset(file->txn);
	} else {
		/* LMDB takes no more from a transaction that saw a bad page. */
		lgp_kv_abort(file->txn);
		file->txn = NULL;
	}
	return status;
}

static enum lgp_status seek(struct file_source *file, enum lgp_log_table table, struct lgp_view key,
                            struct lgp_view *found, struct lgp_view *value)
{
	enum lgp_status status = lgp_kv_cursor_open(file->txn, table, &file->cursor);
	return status != LGP_OK ? status : lgp_kv_seek(file->cursor, key, found, value);
}

/* Keys are native integers of 8 bytes; on a damaged page they may be anything. */
static enum lgp_status key_number(struct lgp_view key, uint64_t *out)
{
	if (key.len != sizeof *out)
		return lgp_fault(LGP_CORRUPT, "a key is %zu bytes long, not 8", key.len);
	memcpy(out, key.ptr, sizeof *out);
	return LGP_OK;
}

/* The last key of a table of numbers, and one; 0 when it is empty. */
static enum lgp_status table_end(struct file_source *file, enum lgp_log_table table, uint64_t *out)
{
	struct lgp_view key, value;
	enum lgp_status status = lgp_kv_cursor_open(file->txn, table, &file->cursor);
	if (status == LGP_OK)
		status = lgp_kv_last(file->cursor, &key, &value);
	if (status == LGP_OK)
		status = key_number(key, out);
	lgp_kv_cursor_close(file->cursor);
	file->cursor = NULL;
	if (status == LGP_OK && *out == UINT64_MAX)
		return lgp_fault(LGP_CORRUPT, "the last key is beyond every ledger");
	if (status == LGP_OK)
		++*out;
	else if (status == LGP_MISSING)
		*out = 0;
	return status == LGP_MISSING ? LGP_OK : status;
}

/* ---- opening --------------------------------------------------------------- */

static enum lgp_status locate(const char *ledger, struct file_source *file)
{
	struct stat info;
	if (strlen(ledger) >= sizeof file->common.directory)
		return lgp_fault(LGP_MALFORMED, "the path of the ledger is too long");
	if (stat(ledger, &info) != 0)
		return lgp_fault(LGP_MISSING, "%s: there is no such file or directory", ledger);
	if (!S_ISDIR(info.st_mode)) {
		snprintf(file->path, sizeof file->path, "%s", ledger);
		return LGP_OK;
	}
	snprintf(file->common.directory, sizeof file->common.directory, "%s", ledger);
	snprintf(file->path, sizeof file->path, "%s/ledger.mdb", ledger);
	if (stat(file->path, &info) != 0)
		return lgp_fault(LGP_MISSING, "%s: there is no ledger.mdb in it", ledger);
	return LGP_OK;
}

static enum lgp_status open_file(void *context)
{
	struct file_source *file = context;
	struct lgp_kv_options options = {
	        .tables = lgp_log_tables,
	        .table_count = LGP_LOG_TABLE_COUNT,
	        .read_only = true,
	};
	enum lgp_status status = lgp_kv_open(file->path, &options, &file->kv);
	file->opening_returned = true;
	return status;
}

/* Opening takes memory and a place among the readers, which a jump out of it
 * would leave: so a child tries it first. */
static bool opening_returns(struct file_source *file)
{
	int ended;
	pid_t child = fork();
	if (child == 0) {
		enum lgp_status status = guard_call(open_file, file);
		_exit(status == LGP_OK || file->opening_returned ? 0 : 1);
	}
	return child < 0 || waitpid(child, &ended, 0) != child ||
	       (WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

static void file_close(struct source *source)
{
	struct file_source *file = file_of(source);
	lgp_kv_abort(file->txn);
	lgp_kv_close(file->kv);
	free(file);
}

static const struct source_kind kind;

enum lgp_status source_file_open(const char *ledger, struct source **out, bool *damaged)
{
	struct file_source *file = calloc(1, sizeof *file);
	if (file == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to open the ledger");
	file->common.kind = &kind;
	guard_init();
	enum lgp_status status = locate(ledger, file);
	if (status == LGP_OK) {
		yield_to_server(file->path);
		status = opening_returns(file) ? open_file(file)
		                               : lgp_fault(LGP_CORRUPT,
		                                           "%s: pages that its tables begin with "
		                                           "cannot be read",
		                                           file->path);
		*damaged = status == LGP_CORRUPT;
	}
	if (status == LGP_OK)
		*out = &file->common;
	else
		file_close(&file->common);
	return status;
}

/* ---- how far it goes -------------------------------------------------------- */

static enum lgp_status read_extent(struct file_source *file, void *arguments)
{
	struct extent *out = arguments;
	enum lgp_status status = table_end(file, LGP_LOG_ENTRIES, &out->size);
	if (status == LGP_OK)
		status = lgp_kv_count(file->txn, LGP_LOG_ENTRIES, &out->entries);
	if (status == LGP_OK)
		status = lgp_kv_count(file->txn, LGP_LOG_CHECKPOINTS, &out->checkpoints);
	if (status == LGP_OK)
		status = table_end(file, LGP_LOG_CHECKPOINTS, &out->covered);
	if (out->covered > 0)
		out->covered--; /* its key is a size, not a number */
	return status;
}

static enum lgp_status file_extent(struct source *source, struct extent *out)
{
	*out = (struct extent){0};
	return guarded(file_of(source), read_extent, out);
}

/* ---- single values ----------------------------------------------------------- */

struct value_call {
	enum lgp_log_table table;
	struct lgp_view key;
	uint8_t *out;
	size_t room, len;
};

static enum lgp_status read_value(struct file_source *file, void *arguments)
{
	struct value_call *call = arguments;
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(file->txn, call->table, call->key, &value);
	if (status != LGP_OK)
		return status;
	call->len = value.len;
	if (value.len > call->room)
		return lgp_fault(LGP_OVERLOAD, "it is %zu bytes long, %zu is the most", value.len,
		                 call->room);
	memcpy(call->out, value.ptr, value.len);
	return LGP_OK;
}

static enum lgp_status file_meta(struct source *source, const char *name, char *out, size_t room,
                                 size_t *len)
{
	struct value_call call = {LGP_LOG_META, lgp_view_of(name), (uint8_t *)out, room, 0};
	enum lgp_status status = guarded(file_of(source), read_value, &call);
	*len = call.len;
	return status;
}

static enum lgp_status file_entry(struct source *source, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	struct value_call call = {LGP_LOG_ENTRIES, LGP_KV_INTEGER(seq), out, LGP_ENTRY_LEN, 0};
	enum lgp_status status = guarded(file_of(source), read_value, &call);
	if (status == LGP_OK && call.len != LGP_ENTRY_LEN)
		return lgp_fault(LGP_OVERLOAD, "it is %zu bytes long", call.len);
	return status;
}

static enum lgp_status file_payload(struct source *source, const struct lgp_hash *key, void *out,
                                    size_t room, size_t *len)
{
	struct lgp_view view = {(const char *)key->bytes, LGP_HASH_LEN};
	struct value_call call = {LGP_LOG_PAYLOADS, view, out, room, 0};
	enum lgp_status status = guarded(file_of(source), read_value, &call);
	*len = call.len;
	return status;
}

/* ---- strips ------------------------------------------------------------------ */

static void keep_strip(struct strip *out, struct lgp_view value)
{
	out->cell = value.len == sizeof out->hash ? CELL_HERE : CELL_LENGTH;
	if (value.len == sizeof out->hash)
		memcpy(out->hash, value.ptr, sizeof out->hash);
}

static enum lgp_status copy_strip(struct lgp_kv_txn *txn, enum lgp_log_table table, uint64_t key,
                                  struct strip *out)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, table, LGP_KV_INTEGER(key), &value);
	if (status == LGP_OK)
		keep_strip(out, value);
	else if (status == LGP_MISSING)
		out->cell = CELL_MISSING;
	return status == LGP_MISSING ? LGP_OK : status;
}

struct strip_call {
	enum lgp_log_table table;
	uint64_t key, size_now;
	struct strip *out;
};

static enum lgp_status read_strip(struct file_source *file, void *arguments)
{
	struct strip_call *call = arguments;
	enum lgp_status status = table_end(file, LGP_LOG_ENTRIES, &call->size_now);
	return status != LGP_OK ? status : copy_strip(file->txn, call->table, call->key, call->out);
}

static void file_strip(struct source *source, enum lgp_log_table table, uint64_t key,
                       struct strip *out, uint64_t *size_now)
{
	struct strip_call call = {table, key, 0, out};
	if (guarded(file_of(source), read_strip, &call) != LGP_OK)
		out->cell = CELL_DAMAGED;
	if (size_now != NULL)
		*size_now = call.size_now;
}

struct behind_call {
	enum lgp_log_table table;
	unsigned level;
	uint64_t key;
};

static enum lgp_status read_behind(struct file_source *file, void *arguments)
{
	struct behind_call *call = arguments;
	struct lgp_view found, value;
	uint64_t size, strips;
	enum lgp_status status = table_end(file, LGP_LOG_ENTRIES, &size);
	if (status != LGP_OK)
		return status;
	strips =
	        ((size >> LGP_TILE_HEIGHT * call->level) + LGP_STRIP_HASHES - 1) / LGP_STRIP_HASHES;
	if (call->table == LGP_LOG_NODES && call->level == 0)
		strips = 0; /* those are kept with the leaves */
	status = seek(file, call->table, LGP_KV_INTEGER((uint64_t)call->level << 56 | strips),
	              &found, &value);
	return status != LGP_OK ? status : key_number(found, &call->key);
}

static enum lgp_status file_strip_behind(struct source *source, enum lgp_log_table table,
                                         unsigned level, uint64_t *key)
{
	struct behind_call call = {table, level, 0};
	enum lgp_status status = guarded(file_of(source), read_behind, &call);
	*key = call.key;
	return status;
}

/* ---- blocks ------------------------------------------------------------------ */

static void keep_entry(struct block *block, unsigned i, struct lgp_view value)
{
	block->cell[i] = value.len == LGP_ENTRY_LEN ? CELL_HERE : CELL_LENGTH;
	if (value.len == LGP_ENTRY_LEN)
		memcpy(block->entry[i], value.ptr, LGP_ENTRY_LEN);
}

/* Walks the block's entries; what is behind them is the next one there. */
static enum lgp_status read_entries(struct file_source *file, struct block *block)
{
	struct lgp_view key, value;
	uint64_t from = block->first, number = 0;
	enum lgp_status status =
	        seek(file, LGP_LOG_ENTRIES, LGP_KV_INTEGER(block->first), &key, &value);
	while (status == LGP_OK) {
		status = key_number(key, &number);
		if (status == LGP_OK && number < from)
			status = lgp_fault(LGP_CORRUPT, "keys are out of order");
		if (status != LGP_OK)
			return status;
		block->next_entry = number;
		if (number - block->first >= block->count)
			return LGP_OK;
		stretch_near(&file->stretches, value.ptr);
		keep_entry(block, (unsigned)(number - block->first), value);
		block->empty = false;
		from = number + 1;
		status = lgp_kv_next(file->cursor, &key, &value);
	}
	block->next_entry = UINT64_MAX;
	return status == LGP_MISSING ? LGP_OK : status;
}

/* Walks the block's strips of leaves. */
static enum lgp_status read_leaves(struct file_source *file, struct block *block, unsigned strips)
{
	struct lgp_view key, value;
	uint64_t first = block->first / LGP_STRIP_HASHES, number;
	for (unsigned i = 0; i < strips; i++)
		block->leaves[i].cell = CELL_MISSING;
	enum lgp_status status = seek(file, LGP_LOG_LEAVES, LGP_KV_INTEGER(first), &key, &value);
	for (uint64_t from = first; status == LGP_OK; from = number + 1) {
		status = key_number(key, &number);
		if (status == LGP_OK && number < from)
			status = lgp_fault(LGP_CORRUPT, "keys are out of order");
		if (status != LGP_OK || number - first >= strips)
			break;
		stretch_near(&file->stretches, value.ptr);
		keep_strip(&block->leaves[number - first], value);
		block->empty = false;
		status = lgp_kv_next(file->cursor, &key, &value);
	}
	lgp_kv_cursor_close(file->cursor);
	file->cursor = NULL;
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status read_block(struct file_source *file, void *arguments)
{
	struct block *block = arguments;
	unsigned strips = (block->count + LGP_STRIP_HASHES - 1) / LGP_STRIP_HASHES;
	block->empty = true;
	memset(block->cell, CELL_MISSING, sizeof block->cell);
	enum lgp_status status = read_leaves(file, block, strips);
	return status != LGP_OK ? status : read_entries(file, block);
}

struct entry_call {
	struct block *block;
	unsigned i;
};

static enum lgp_status read_entry(struct file_source *file, void *arguments)
{
	struct entry_call *call = arguments;
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(file->txn, LGP_LOG_ENTRIES,
	                                    LGP_KV_INTEGER(call->block->first + call->i), &value);
	if (status == LGP_OK)
		keep_entry(call->block, call->i, value);
	else if (status == LGP_MISSING)
		call->block->cell[call->i] = CELL_MISSING;
	return status;
}

/* The block has a damaged page: each entry and strip by itself, so that what
 * stands on other pages is still judged. */
static void read_pieces(struct file_source *file, struct block *block)
{
	snprintf(block->cause, sizeof block->cause, "%s", lgp_fault_detail());
	block->empty = false;
	for (unsigned i = 0; i < block->count; i++) {
		enum lgp_status status = guarded(file, read_entry, &(struct entry_call){block, i});
		if (status != LGP_OK && status != LGP_MISSING)
			block->cell[i] = CELL_DAMAGED;
	}
	for (unsigned i = 0; i * LGP_STRIP_HASHES < block->count; i++)
		file_strip(&file->common, LGP_LOG_LEAVES, block->first / LGP_STRIP_HASHES + i,
		           &block->leaves[i], NULL);
}

static void file_block(struct source *source, uint64_t size, struct block *block)
{
	uint64_t left = size - block->first;
	block->count = left < BLOCK_ENTRIES ? (unsigned)left : BLOCK_ENTRIES;
	if (guarded(file_of(source), read_block, block) != LGP_OK)
		read_pieces(file_of(source), block);
}

/* ---- checkpoints ------------------------------------------------------------- */

struct checkpoints_call {
	uint64_t from;
	struct stored_checkpoint *out;
	size_t count;
};

static enum lgp_status read_checkpoints(struct file_source *file, void *arguments)
{
	struct checkpoints_call *call = arguments;
	struct lgp_view key, value;
	uint64_t from = call->from, size = 0;
	enum lgp_status status =
	        seek(file, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(call->from), &key, &value);
	while (status == LGP_OK) {
		status = key_number(key, &size);
		if (status == LGP_OK && size < from)
			status = lgp_fault(LGP_CORRUPT, "keys are out of order");
		if (status != LGP_OK)
			break;
		source_keep_checkpoint(&call->out[call->count], size, value);
		if (++call->count == CHECKPOINTS_MAX || size == UINT64_MAX)
			break;
		from = size + 1;
		status = lgp_kv_next(file->cursor, &key, &value);
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status file_checkpoints(struct source *source, uint64_t from,
                                        struct stored_checkpoint out[CHECKPOINTS_MAX],
                                        size_t *count)
{
	struct checkpoints_call call = {from, out, 0};
	enum lgp_status status = guarded(file_of(source), read_checkpoints, &call);
	*count = call.count;
	/* What came before the damage is good; the next call meets it first. */
	return call.count > 0 ? LGP_OK : status;
}

/* ---- payloads ---------------------------------------------------------------- */

struct payloads_call {
	const struct lgp_hash *after;
	struct payloads *out;
};

static enum lgp_status read_payloads(struct file_source *file, void *arguments)
{
	struct payloads_call *call = arguments;
	struct lgp_hash last = {0};
	struct lgp_view key, value;
	if (call->after != NULL)
		last = *call->after;
	enum lgp_status status =
	        seek(file, LGP_LOG_PAYLOADS,
	             (struct lgp_view){(const char *)last.bytes, LGP_HASH_LEN}, &key, &value);
	bool first = call->after == NULL;
	while (status == LGP_OK) {
		if (key.len != LGP_HASH_LEN)
			return lgp_fault(LGP_CORRUPT, "a payload's key is %zu bytes long", key.len);
		int order = memcmp(key.ptr, last.bytes, LGP_HASH_LEN);
		if (order < 0)
			return lgp_fault(LGP_CORRUPT, "keys are out of order");
		if ((order > 0 || first) && !source_keep_payload(call->out, key, value))
			break;
		first = false;
		memcpy(last.bytes, key.ptr, LGP_HASH_LEN);
		status = lgp_kv_next(file->cursor, &key, &value);
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

static enum lgp_status file_payloads(struct source *source, const struct lgp_hash *after,
                                     struct payloads *out)
{
	out->count = 0;
	enum lgp_status status =
	        guarded(file_of(source), read_payloads, &(struct payloads_call){after, out});
	return out->count > 0 ? LGP_OK : status;
}

static const struct source_kind kind = {
        .close = file_close,
        .extent = file_extent,
        .meta = file_meta,
        .block = file_block,
        .entry = file_entry,
        .strip = file_strip,
        .strip_behind = file_strip_behind,
        .checkpoints = file_checkpoints,
        .payloads = file_payloads,
        .payload = file_payload,
};
