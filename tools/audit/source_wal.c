/* source_wal: a source that is a ledger.mdb and, behind it, what is durable in the
 * write-ahead log of its directory alone (lagniappe/wal.h): a server that was killed
 * leaves it so, and one that runs is always a little ahead of its ledger.mdb.
 * Thread: one at a time.
 *
 * What the write-ahead log holds is copied when it is asked how far the ledger goes.
 * ledger.mdb may take it over at any moment after that, so what both have is
 * ledger.mdb's, and of a strip, which only grows, each hash that it has not yet is held
 * here. */
#include "tools/audit/source_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lagniappe/codec.h"
#include "lagniappe/wal.h"

#define HELD_BYTES_MAX ((size_t)64 << 20) /* several times what a server lets wait */
#define TRIES_MAX 300                     /* about a second */
#define TRY_AGAIN_US 3000
#define NUMBER_MAX (UINT64_C(1) << 48) /* no ledger is longer (verify.c) */

/* A put; a number's key also as the number. */
struct held {
	unsigned table;
	uint64_t number;
	struct lgp_view key, value; /* in bytes */
	size_t order;
};

struct wal_source {
	struct source common;
	struct source *file; /* owned */
	char *bytes;         /* owned: puts, as they came */
	size_t len;
	struct held *held; /* owned: by table and key, one of each */
	size_t count;
	uint64_t size;            /* the last entry's number and one; 0: it holds none */
	uint64_t base, end;       /* what its first record goes on from, its last leads to */
	bool chained;             /* each record goes on from the one before */
	uint64_t stored;          /* the generation that ledger.mdb held meanwhile */
	struct payloads *listing; /* owned: ledger.mdb's, while they are merged */
};

static struct wal_source *wal_of(struct source *source)
{
	return (struct wal_source *)source;
}

/* ---- what it holds ---------------------------------------------------------- */

static int compare_places(const struct held *a, unsigned table, uint64_t number,
                          struct lgp_view key)
{
	if (a->table != table)
		return a->table < table ? -1 : 1;
	if (table != LGP_LOG_PAYLOADS)
		return (a->number > number) - (a->number < number);
	return memcmp(a->key.ptr, key.ptr, LGP_HASH_LEN);
}

static int compare_held(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	int order = compare_places(x, y->table, y->number, y->key);
	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

/* The first that is not before this place; count: there is none. */
static size_t lower(const struct wal_source *wal, unsigned table, uint64_t number,
                    struct lgp_view key)
{
	size_t low = 0, high = wal->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_places(&wal->held[middle], table, number, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* NULL: the i-th is of another table, or there is none. */
static const struct held *in_table(const struct wal_source *wal, unsigned table, size_t i)
{
	return i < wal->count && wal->held[i].table == table ? &wal->held[i] : NULL;
}

/* From a number on, within a table; NULL: none. */
static const struct held *from_number(const struct wal_source *wal, unsigned table, uint64_t number)
{
	return in_table(wal, table, lower(wal, table, number, (struct lgp_view){NULL, 0}));
}

/* The next of its table; NULL: none. */
static const struct held *next_of(const struct wal_source *wal, const struct held *held)
{
	return in_table(wal, held->table, (size_t)(held - wal->held) + 1);
}

static const struct held *find_number(const struct wal_source *wal, unsigned table, uint64_t number)
{
	const struct held *held = from_number(wal, table, number);
	return held != NULL && held->number == number ? held : NULL;
}

/* ---- opening ------------------------------------------------------------------ */

static uint64_t count_entries(struct lgp_view puts)
{
	struct lgp_wal_put put;
	uint64_t count = 0;
	while (lgp_wal_next(&puts, &put))
		count += put.table == LGP_LOG_ENTRIES;
	return count;
}

static enum lgp_status take_record(void *context, const struct lgp_wal_base *base,
                                   struct lgp_view puts)
{
	struct wal_source *wal = context;
	if (puts.len > HELD_BYTES_MAX - wal->len)
		return lgp_fault(LGP_CORRUPT, "ledger.wal: it is larger than a server lets it be");
	char *bytes = realloc(wal->bytes, wal->len + puts.len);
	if (bytes == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to read ledger.wal");
	memcpy(bytes + wal->len, puts.ptr, puts.len);
	wal->bytes = bytes;
	if (wal->len == 0)
		wal->base = base->size;
	else if (base->size != wal->end)
		wal->chained = false;
	wal->len += puts.len;
	wal->end = base->size + count_entries(puts);
	return LGP_OK;
}

static enum lgp_status stored_generation(struct source *file, uint64_t *out)
{
	char bytes[8];
	size_t len;
	*out = 0;
	enum lgp_status status = source_meta(file, LGP_WAL_META, bytes, sizeof bytes, &len);
	if (status == LGP_OK && len == sizeof bytes)
		*out = lgp_get_le((const uint8_t *)bytes, sizeof bytes);
	return status == LGP_MISSING ? LGP_OK : status;
}

/* The generations behind the one that ledger.mdb holds. */
static enum lgp_status read_generations(struct wal_source *wal, uint64_t *newest, uint64_t *last)
{
	const char *directory = source_directory(wal->file);
	size_t had;
	enum lgp_status status = LGP_OK;
	wal->len = 0;
	wal->chained = true;
	*last = wal->stored;
	do {
		had = wal->len;
		status = lgp_wal_read(directory, *last + 1, take_record, wal);
		*last += wal->len > had;
	} while (status == LGP_OK && wal->len > had);
	return status == LGP_OK ? lgp_wal_newest(directory, newest) : status;
}

static enum lgp_status not_whole(bool moved)
{
	return moved ? lgp_fault(LGP_OVERLOAD, "the server moves on faster than its ledger.wal can "
	                                       "be read: try again when it has less to do")
	             : lgp_fault(LGP_CORRUPT,
	                         "ledger.wal: its records do not go on from each other, "
	                         "or not from this ledger.mdb");
}

/* A server writes meanwhile: it may end one generation behind what was read of it, and
 * write another one over it.  What is whole goes on record by record, up to the newest
 * generation, from what ledger.mdb holds all the while. */
static enum lgp_status read_whole(struct wal_source *wal)
{
	const struct timespec pause = {0, TRY_AGAIN_US * 1000};
	uint64_t after, newest = 0, last = 0;
	enum lgp_status status = stored_generation(wal->file, &wal->stored);
	for (unsigned tries = 0; status == LGP_OK; tries++) {
		status = read_generations(wal, &newest, &last);
		if (status == LGP_OK)
			status = stored_generation(wal->file, &after);
		if (status != LGP_OK || (after == wal->stored && wal->chained && newest <= last))
			return status;
		if (tries == TRIES_MAX)
			return not_whole(after != wal->stored);
		wal->stored = after;
		(void)nanosleep(&pause, NULL);
	}
	return status;
}

static enum lgp_status hold(struct wal_source *wal, const struct lgp_wal_put *put)
{
	bool payload = put->table == LGP_LOG_PAYLOADS;
	struct held held = {put->table, 0, put->key, put->value, wal->count};
	if (put->table >= LGP_LOG_META || put->key.len != (payload ? LGP_HASH_LEN : 8))
		return lgp_fault(LGP_CORRUPT, "ledger.wal: a put that no server makes");
	if (!payload)
		memcpy(&held.number, put->key.ptr, sizeof held.number);
	if ((put->table == LGP_LOG_ENTRIES || put->table == LGP_LOG_CHECKPOINTS) &&
	    held.number > NUMBER_MAX)
		return lgp_fault(LGP_CORRUPT, "ledger.wal: a number beyond every ledger");
	if (put->table == LGP_LOG_ENTRIES && held.number >= wal->size)
		wal->size = held.number + 1;
	wal->held[wal->count++] = held;
	return LGP_OK;
}

/* Of several puts of one key the last. */
static void keep_last(struct wal_source *wal)
{
	size_t kept = 0;
	qsort(wal->held, wal->count, sizeof *wal->held, compare_held);
	for (size_t i = 0; i < wal->count; i++) {
		const struct held *held = &wal->held[i];
		if (kept > 0 &&
		    compare_places(&wal->held[kept - 1], held->table, held->number, held->key) == 0)
			kept--;
		wal->held[kept++] = *held;
	}
	wal->count = kept;
}

static enum lgp_status sort_puts(struct wal_source *wal)
{
	struct lgp_view rest = {wal->bytes, wal->len};
	struct lgp_wal_put put;
	size_t count = 0;
	while (lgp_wal_next(&rest, &put))
		count++;
	free(wal->held);
	wal->held = calloc(count + 1, sizeof *wal->held);
	if (wal->held == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to read ledger.wal");
	enum lgp_status status = LGP_OK;
	rest = (struct lgp_view){wal->bytes, wal->len};
	while (status == LGP_OK && lgp_wal_next(&rest, &put))
		status = hold(wal, &put);
	keep_last(wal);
	return status;
}

/* What is there now. */
static enum lgp_status refresh(struct wal_source *wal)
{
	wal->count = 0;
	wal->size = 0;
	enum lgp_status status = read_whole(wal);
	return status == LGP_OK ? sort_puts(wal) : status;
}

static void wal_close(struct source *source)
{
	struct wal_source *wal = wal_of(source);
	source_close(wal->file);
	free(wal->bytes);
	free(wal->held);
	free(wal->listing);
	free(wal);
}

static const struct source_kind kind;

enum lgp_status source_wal_behind(struct source **source)
{
	struct wal_source *wal = calloc(1, sizeof *wal);
	struct payloads *listing = malloc(sizeof *listing);
	if (wal == NULL || listing == NULL) {
		free(wal);
		free(listing);
		return lgp_fault(LGP_NO_MEMORY, "no memory to open the ledger");
	}
	wal->common.kind = &kind;
	wal->file = *source;
	wal->listing = listing;
	memcpy(wal->common.directory, wal->file->directory, sizeof wal->common.directory);
	*source = &wal->common;
	return LGP_OK;
}

/* ---- entries and their strips --------------------------------------------------- */

/* What is held goes on from ledger.mdb as it was when it held what it held meanwhile; it
 * may have taken some of it over since. */
static enum lgp_status check_base(struct wal_source *wal, uint64_t file_size)
{
	uint64_t now;
	if (wal->len == 0)
		return LGP_OK;
	enum lgp_status status = stored_generation(wal->file, &now);
	if (status != LGP_OK)
		return status;
	return wal->base == file_size || (now != wal->stored && wal->base < file_size)
	               ? LGP_OK
	               : lgp_fault(LGP_CORRUPT,
	                           "ledger.wal goes on from a log of %llu entries, and ledger.mdb "
	                           "has %llu",
	                           (unsigned long long)wal->base, (unsigned long long)file_size);
}

static enum lgp_status wal_extent(struct source *source, struct extent *out)
{
	struct wal_source *wal = wal_of(source);
	enum lgp_status status = refresh(wal);
	if (status == LGP_OK)
		status = source_extent(wal->file, out);
	if (status == LGP_OK)
		status = check_base(wal, out->size);
	if (status != LGP_OK)
		return status;
	const struct held *held = from_number(wal, LGP_LOG_ENTRIES, out->size);
	for (; held != NULL; held = next_of(wal, held))
		out->entries++;
	if (wal->size > out->size)
		out->size = wal->size;
	held = from_number(wal, LGP_LOG_CHECKPOINTS, out->covered + 1);
	for (; held != NULL; held = next_of(wal, held)) {
		out->checkpoints++;
		out->covered = held->number;
	}
	return LGP_OK;
}

static enum lgp_status wal_meta(struct source *source, const char *name, char *out, size_t room,
                                size_t *len)
{
	return source_meta(wal_of(source)->file, name, out, room, len);
}

static enum lgp_status wal_entry(struct source *source, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	const struct wal_source *wal = wal_of(source);
	enum lgp_status status = source_entry(wal->file, seq, out);
	const struct held *held =
	        status == LGP_MISSING ? find_number(wal, LGP_LOG_ENTRIES, seq) : NULL;
	if (held == NULL)
		return status;
	if (held->value.len != LGP_ENTRY_LEN)
		return lgp_fault(LGP_OVERLOAD, "it is %zu bytes long", held->value.len);
	memcpy(out, held->value.ptr, LGP_ENTRY_LEN);
	return LGP_OK;
}

/* The hashes that ledger.mdb's strip has not yet. */
static void fill_strip(const struct wal_source *wal, enum lgp_log_table table, uint64_t key,
                       struct strip *out)
{
	static const struct lgp_hash none;
	const struct held *held = find_number(wal, table, key);
	if (held == NULL || (out->cell != CELL_MISSING && out->cell != CELL_HERE))
		return;
	if (held->value.len != sizeof out->hash) {
		out->cell = CELL_LENGTH;
		return;
	}
	if (out->cell == CELL_MISSING)
		memset(out->hash, 0, sizeof out->hash);
	out->cell = CELL_HERE;
	for (unsigned i = 0; i < LGP_STRIP_HASHES; i++)
		if (lgp_hash_equal(&out->hash[i], &none))
			memcpy(out->hash[i].bytes, held->value.ptr + i * LGP_HASH_LEN,
			       LGP_HASH_LEN);
}

static void wal_strip(struct source *source, enum lgp_log_table table, uint64_t key,
                      struct strip *out, uint64_t *size_now)
{
	const struct wal_source *wal = wal_of(source);
	source_strip(wal->file, table, key, out, size_now);
	fill_strip(wal, table, key, out);
	if (size_now != NULL && *size_now < wal->size)
		*size_now = wal->size;
}

static void fill_entries(const struct wal_source *wal, struct block *block)
{
	const struct held *held = from_number(wal, LGP_LOG_ENTRIES, block->first);
	for (; held != NULL; held = next_of(wal, held)) {
		uint64_t i = held->number - block->first;
		if (i >= block->count) {
			if (held->number < block->next_entry)
				block->next_entry = held->number;
			return;
		}
		block->empty = false;
		if (block->cell[i] != CELL_MISSING)
			continue;
		block->cell[i] = held->value.len == LGP_ENTRY_LEN ? CELL_HERE : CELL_LENGTH;
		if (block->cell[i] == CELL_HERE)
			memcpy(block->entry[i], held->value.ptr, LGP_ENTRY_LEN);
	}
}

static void wal_block(struct source *source, uint64_t size, struct block *block)
{
	const struct wal_source *wal = wal_of(source);
	source_block(wal->file, size, block);
	fill_entries(wal, block);
	for (unsigned i = 0; i * LGP_STRIP_HASHES < block->count; i++) {
		fill_strip(wal, LGP_LOG_LEAVES, block->first / LGP_STRIP_HASHES + i,
		           &block->leaves[i]);
		block->empty = block->empty && block->leaves[i].cell == CELL_MISSING;
	}
}

static enum lgp_status wal_strip_behind(struct source *source, enum lgp_log_table table,
                                        unsigned level, uint64_t *key)
{
	const struct wal_source *wal = wal_of(source);
	uint64_t strips =
	        ((wal->size >> LGP_TILE_HEIGHT * level) + LGP_STRIP_HASHES - 1) / LGP_STRIP_HASHES;
	if (table == LGP_LOG_NODES && level == 0)
		strips = 0; /* those are kept with the leaves */
	const struct held *held = from_number(wal, table, (uint64_t)level << 56 | strips);
	enum lgp_status status = source_strip_behind(wal->file, table, level, key);
	if (held == NULL || (status != LGP_OK && status != LGP_MISSING))
		return status;
	if (status == LGP_MISSING || held->number < *key)
		*key = held->number;
	return LGP_OK;
}

/* ---- checkpoints ------------------------------------------------------------------ */

static enum lgp_status wal_checkpoints(struct source *source, uint64_t from,
                                       struct stored_checkpoint out[CHECKPOINTS_MAX], size_t *count)
{
	const struct wal_source *wal = wal_of(source);
	enum lgp_status status = source_checkpoints(wal->file, from, out, count);
	if (status != LGP_OK || *count == CHECKPOINTS_MAX)
		return status;
	if (*count > 0)
		from = out[*count - 1].size + 1;
	const struct held *held = from_number(wal, LGP_LOG_CHECKPOINTS, from);
	for (; held != NULL && *count < CHECKPOINTS_MAX; held = next_of(wal, held))
		source_keep_checkpoint(&out[(*count)++], held->number, held->value);
	return LGP_OK;
}

/* ---- payloads ------------------------------------------------------------------------ */

static enum lgp_status wal_payload(struct source *source, const struct lgp_hash *key, void *out,
                                   size_t room, size_t *len)
{
	const struct wal_source *wal = wal_of(source);
	struct lgp_view view = {(const char *)key->bytes, LGP_HASH_LEN};
	enum lgp_status status = source_payload(wal->file, key, out, room, len);
	size_t i = lower(wal, LGP_LOG_PAYLOADS, 0, view);
	if (status != LGP_MISSING || i == wal->count ||
	    compare_places(&wal->held[i], LGP_LOG_PAYLOADS, 0, view) != 0)
		return status;
	struct lgp_view value = wal->held[i].value;
	*len = value.len;
	if (value.len > room)
		return lgp_fault(LGP_OVERLOAD, "it is %zu bytes long, %zu is the most", value.len,
		                 room);
	memcpy(out, value.ptr, value.len);
	return LGP_OK;
}

/* The first held payload behind a key; NULL: the first of all. */
static size_t payload_behind(const struct wal_source *wal, const struct lgp_hash *after)
{
	static const struct lgp_hash none;
	const struct lgp_hash *from = after != NULL ? after : &none;
	struct lgp_view key = {(const char *)from->bytes, LGP_HASH_LEN};
	size_t i = lower(wal, LGP_LOG_PAYLOADS, 0, key);
	bool same = after != NULL && i < wal->count &&
	            compare_places(&wal->held[i], LGP_LOG_PAYLOADS, 0, key) == 0;
	return same ? i + 1 : i;
}

static bool keep_listed(struct payloads *out, const struct payloads *list, size_t i)
{
	struct lgp_view key = {(const char *)list->list[i].key.bytes, LGP_HASH_LEN};
	return source_keep_payload(
	        out, key,
	        (struct lgp_view){(const char *)list->bytes + list->list[i].at, list->list[i].len});
}

/* Both in the order of their keys.  What ledger.mdb has behind those that it gave is not
 * known: up to the last of them, then, and to the end where it gives none. */
static enum lgp_status wal_payloads(struct source *source, const struct lgp_hash *after,
                                    struct payloads *out)
{
	const struct wal_source *wal = wal_of(source);
	const struct payloads *list = wal->listing;
	size_t i = 0, next = payload_behind(wal, after);
	bool room = true;
	out->count = 0;
	enum lgp_status status = source_payloads(wal->file, after, wal->listing);
	if (status != LGP_OK)
		return status;
	while (room && (i < list->count || (list->count == 0 && next < wal->count))) {
		int order = i == list->count     ? 1
		            : next == wal->count ? -1
		                                 : memcmp(list->list[i].key.bytes,
		                                          wal->held[next].key.ptr, LGP_HASH_LEN);
		room = order > 0 ? source_keep_payload(out, wal->held[next].key,
		                                       wal->held[next].value)
		                 : keep_listed(out, list, i);
		i += room && order <= 0;
		next += room && order >= 0;
	}
	return LGP_OK;
}

static const struct source_kind kind = {
        .close = wal_close,
        .extent = wal_extent,
        .meta = wal_meta,
        .block = wal_block,
        .entry = wal_entry,
        .strip = wal_strip,
        .strip_behind = wal_strip_behind,
        .checkpoints = wal_checkpoints,
        .payloads = wal_payloads,
        .payload = wal_payload,
};
