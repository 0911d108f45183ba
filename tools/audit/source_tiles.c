/* source_tiles: what tiles and entry bundles of a server show.
 * Thread: one at a time.  Sources: C2SP tlog-tiles for the addresses and what is
 * behind them.
 *
 * Bundles that were read lately are kept, for the entries that others refer to.
 * Of every bundle a mark is kept, a MAC under a key that the server never learns,
 * so that one read again must be the one that was judged. */
#include "tools/audit/source_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_IN_VAIN 16 /* in a row without anything: then no more are asked for */
#define STRIPS_IN_TILE (LGP_TILE_WIDTH / LGP_STRIP_HASHES)

/* A tile or bundle that is asked for. */
struct part {
	struct lgp_tile tile;
	unsigned served; /* the width under which it was had */
	enum cell cell;
	char why[SERVED_WHY_MAX]; /* what is wrong with it, where its cell says so */
};

static struct url_source *url_of(struct source *source)
{
	return (struct url_source *)source;
}

/* ---- tiles and bundles ----------------------------------------------------------- */

static uint64_t first_of(const struct lgp_tile *tile)
{
	unsigned level = tile->level == LGP_TILE_ENTRIES ? 0 : tile->level;
	return tile->index << LGP_TILE_HEIGHT * (level + 1);
}

static void address(struct http_call *call, const struct part *part, uint8_t raw[PART_ROOM])
{
	struct lgp_tile tile = part->tile;
	char path[LGP_TILE_PATH_MAX];
	tile.width = part->served;
	size_t len = lgp_tile_path(&tile, path);
	snprintf(call->path, sizeof call->path, "/tile/%.*s", (int)len, path);
	call->out = raw;
	call->room = PART_ROOM;
}

/* A partial tile need not be kept where the full one is: then that is asked for,
 * and counts as far as it is known. */
static enum lgp_status ask_full(struct url_source *url, struct part *part, size_t i)
{
	part->served = LGP_TILE_WIDTH;
	address(&url->call[i], part, url->raw[i]);
	enum lgp_status status = url_ask(url, &url->call[i], 1);
	if (status == LGP_OK)
		part->cell = url_judge(url, &url->call[i], first_of(&part->tile), part->why);
	return status;
}

/* The answer to parts[i] is then in call[i]. */
static enum lgp_status fetch(struct url_source *url, struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		parts[i].served = parts[i].tile.width;
		parts[i].cell = CELL_DAMAGED;
		address(&url->call[i], &parts[i], url->raw[i]);
	}
	enum lgp_status status = url_ask(url, url->call, count);
	for (size_t i = 0; i < count && status == LGP_OK; i++) {
		parts[i].cell =
		        url_judge(url, &url->call[i], first_of(&parts[i].tile), parts[i].why);
		if (parts[i].cell == CELL_MISSING && parts[i].served < LGP_TILE_WIDTH)
			status = ask_full(url, &parts[i], i);
	}
	return status;
}

/* ---- marks ----------------------------------------------------------------------- */

static bool room_for_mark(struct url_source *url)
{
	if (url->mark_count < url->mark_room)
		return true;
	size_t room = url->mark_room == 0 ? 4096 : 2 * url->mark_room;
	uint64_t *marks = realloc(url->marks, room * sizeof *marks);
	if (marks == NULL)
		return false;
	url->marks = marks;
	url->mark_room = room;
	return true;
}

/* 0 stands for none. */
static uint64_t mark_of(const struct url_source *url, const struct bundle *bundle)
{
	uint64_t mark;
	static_assert(sizeof mark == crypto_shorthash_BYTES, "a mark is a short hash");
	(void)crypto_shorthash((uint8_t *)&mark, bundle->entry[0],
	                       (size_t)bundle->width * LGP_ENTRY_LEN, url->mark_key);
	return mark == 0 ? 1 : mark;
}

/* False: it is not the bundle that was shown before. */
static bool judge_mark(struct url_source *url, const struct bundle *bundle)
{
	if (bundle->index >= url->mark_count)
		return true;
	uint64_t mark = mark_of(url, bundle), *before = &url->marks[bundle->index];
	if (*before == 0)
		*before = mark;
	return *before == mark;
}

/* Blocks come in their order: so there is memory for what was asked for alone,
 * however long a server says that its ledger is. */
static void reserve_mark(struct url_source *url, uint64_t index)
{
	if (index != url->mark_count)
		return;
	if (room_for_mark(url))
		url->marks[url->mark_count++] = 0;
	else
		url_fail(url, lgp_fault(LGP_NO_MEMORY, "no memory for a mark"));
}

/* Of bytes that are not as they must be; a page in their place says so itself. */
static void complain_of_bytes(struct url_source *url, struct part *part, size_t i)
{
	const char *type = url->call[i].type;
	size_t len = strlen(part->why);
	if (type[0] != '\0' && strcmp(type, "application/octet-stream") != 0)
		snprintf(part->why + len, sizeof part->why - len, "; its type is %s", type);
	url_complain(url, first_of(&part->tile), &url->call[i], part->why);
}

/* ---- bundles --------------------------------------------------------------------- */

/* Takes the answer to the part; NULL: there is nothing in it, and part->cell says
 * what became of it. */
static const struct bundle *take_bundle(struct url_source *url, struct part *part, size_t i)
{
	struct bundle *bundle = &url->bundle[part->tile.index % BUNDLES_KEPT];
	uint64_t seq = first_of(&part->tile);
	bundle->width = 0;
	if (part->cell != CELL_HERE)
		return NULL;
	if (!served_bundle(url->raw[i], url->call[i].len, part->served, bundle->cell, bundle->entry,
	                   part->why))
		complain_of_bytes(url, part, i);
	bundle->index = part->tile.index;
	bundle->width = part->tile.width;
	if (judge_mark(url, bundle))
		return bundle;
	snprintf(part->why, sizeof part->why, "it is not what was answered before");
	url_complain(url, seq, &url->call[i], part->why);
	bundle->width = 0;
	part->cell = CELL_DAMAGED;
	return NULL;
}

static const struct bundle *bundle_at(struct url_source *url, uint64_t index, enum cell *cell)
{
	const struct bundle *kept = &url->bundle[index % BUNDLES_KEPT];
	struct part part = {.tile = {LGP_TILE_ENTRIES, index, 0}};
	part.tile.width = lgp_tile_width(0, index, url->checkpoint.size);
	if (kept->width == part.tile.width && kept->index == index)
		return kept;
	*cell = CELL_DAMAGED;
	if (fetch(url, &part, 1) != LGP_OK)
		return NULL;
	kept = take_bundle(url, &part, 0);
	*cell = part.cell;
	return kept;
}

enum lgp_status url_entry(struct source *source, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	struct url_source *url = url_of(source);
	enum cell cell = CELL_MISSING;
	if (seq >= url->checkpoint.size)
		return LGP_MISSING;
	const struct bundle *bundle = bundle_at(url, seq / LGP_TILE_WIDTH, &cell);
	if (bundle != NULL)
		cell = bundle->cell[seq % LGP_TILE_WIDTH];
	if (cell == CELL_HERE)
		memcpy(out, bundle->entry[seq % LGP_TILE_WIDTH], LGP_ENTRY_LEN);
	switch (cell) {
	case CELL_HERE:
		return LGP_OK;
	case CELL_MISSING:
		return LGP_MISSING;
	case CELL_LENGTH:
		return lgp_fault(LGP_OVERLOAD, "it is not %d bytes long", LGP_ENTRY_LEN);
	default:
		return lgp_fault(LGP_CORRUPT, "the server does not show it whole");
	}
}

/* ---- tiles of hashes --------------------------------------------------------------- */

static const struct tile *take_tile(struct url_source *url, struct part *part, size_t i)
{
	struct tile *tile = &url->tile[part->tile.level];
	tile->index = part->tile.index;
	tile->width = part->tile.width;
	tile->count = 0;
	tile->cell = part->cell;
	if (part->cell != CELL_HERE)
		return tile;
	if (!served_tile(url->raw[i], url->call[i].len, part->served, tile->hash, &tile->count,
	                 part->why))
		complain_of_bytes(url, part, i);
	if (tile->count > tile->width) { /* of a full one, what the checkpoint covers */
		memset(&tile->hash[tile->width], 0,
		       (LGP_TILE_WIDTH - tile->width) * sizeof *tile->hash);
		tile->count = tile->width;
	}
	tile->cell = CELL_DAMAGED;
	return tile;
}

/* Strip `number` of those in the tile, zero behind its last hash. */
static void copy_strip(const struct tile *tile, unsigned number, struct strip *out)
{
	unsigned first = number * LGP_STRIP_HASHES, end = first + LGP_STRIP_HASHES;
	if (first >= tile->width) {
		out->cell = CELL_MISSING;
		return;
	}
	if (end > tile->width)
		end = tile->width;
	out->cell = end <= tile->count ? CELL_HERE : tile->cell;
	memcpy(out->hash, &tile->hash[first], sizeof out->hash);
}

void url_strip(struct source *source, enum lgp_log_table table, uint64_t key, struct strip *out,
               uint64_t *size_now)
{
	struct url_source *url = url_of(source);
	uint64_t strip = key & (UINT64_MAX >> LGP_TILE_HEIGHT), size = url->checkpoint.size;
	struct part part = {.tile = {(unsigned)(key >> 56), strip / STRIPS_IN_TILE, 0}};
	bool leaves = table == LGP_LOG_LEAVES;
	if (size_now != NULL)
		*size_now = size;
	out->cell = CELL_MISSING;
	if (part.tile.level >= MERKLE_TILE_LEVELS || leaves != (part.tile.level == 0))
		return;
	part.tile.width = lgp_tile_width(part.tile.level, part.tile.index, size);
	if (part.tile.width == 0)
		return;
	const struct tile *tile = &url->tile[part.tile.level];
	if (tile->width != part.tile.width || tile->index != part.tile.index) {
		(void)fetch(url, &part, 1);
		tile = take_tile(url, &part, 0);
	}
	copy_strip(tile, (unsigned)(strip % STRIPS_IN_TILE), out);
}

/* A server has no list of what stands behind the end. */
enum lgp_status url_strip_behind(struct source *source, enum lgp_log_table table, unsigned level,
                                 uint64_t *key)
{
	(void)source;
	(void)table;
	(void)level;
	*key = 0;
	return LGP_MISSING;
}

/* ---- blocks ------------------------------------------------------------------------ */

/* Bundle i of the block; nothing came: all its cells say so. */
static void fill_entries(struct block *block, unsigned i, const struct bundle *bundle,
                         enum cell cell)
{
	unsigned first = i * LGP_TILE_WIDTH;
	unsigned count =
	        block->count - first < LGP_TILE_WIDTH ? block->count - first : LGP_TILE_WIDTH;
	if (bundle == NULL) {
		memset(block->cell + first, (int)cell, count);
		return;
	}
	memcpy(block->cell + first, bundle->cell, count);
	memcpy(block->entry[first], bundle->entry, (size_t)count * LGP_ENTRY_LEN);
}

/* Of a cell that is damaged, the first one's. */
static void keep_cause(const struct url_source *url, const struct part *part, size_t i,
                       struct block *block)
{
	if (block->cause[0] != '\0')
		return;
	if (url->common.failed)
		snprintf(block->cause, sizeof block->cause, "%s", url->common.failure_text);
	else
		snprintf(block->cause, sizeof block->cause, "GET %s: %s", url->call[i].path,
		         part->why);
}

/* Bundle i of the block is part 2i, its leaf hashes are part 2i + 1. */
static void name_parts(const struct url_source *url, const struct block *block, unsigned bundles,
                       struct part parts[PARTS_MAX])
{
	for (unsigned i = 0; i < bundles; i++) {
		uint64_t index = block->first / LGP_TILE_WIDTH + i;
		unsigned width = lgp_tile_width(0, index, url->checkpoint.size);
		parts[2 * i] = (struct part){.tile = {LGP_TILE_ENTRIES, index, width}};
		parts[2 * i + 1] = (struct part){.tile = {0, index, width}};
	}
}

static void read_parts(struct url_source *url, struct block *block)
{
	struct part parts[PARTS_MAX];
	unsigned bundles = (block->count + LGP_TILE_WIDTH - 1) / LGP_TILE_WIDTH;
	name_parts(url, block, bundles, parts);
	for (unsigned i = 0; i < bundles; i++)
		reserve_mark(url, parts[2 * i].tile.index);
	(void)fetch(url, parts, (size_t)2 * bundles);
	for (unsigned i = 0; i < bundles; i++) {
		const struct bundle *bundle = take_bundle(url, &parts[2 * i], 2 * i);
		fill_entries(block, i, bundle, parts[2 * i].cell);
		if (memchr(block->cell + i * LGP_TILE_WIDTH, CELL_DAMAGED, LGP_TILE_WIDTH) != NULL)
			keep_cause(url, &parts[2 * i], 2 * i, block);
		const struct tile *tile = take_tile(url, &parts[2 * i + 1], 2 * i + 1);
		for (unsigned strip = 0; strip < STRIPS_IN_TILE; strip++)
			copy_strip(tile, strip, &block->leaves[i * STRIPS_IN_TILE + strip]);
	}
}

static bool anything_in(const struct block *block)
{
	for (unsigned i = 0; i < block->count; i++)
		if (block->cell[i] == CELL_HERE ||
		    block->leaves[i / LGP_STRIP_HASHES].cell == CELL_HERE)
			return true;
	return false;
}

/* A server that has nothing any more is not asked for each of the entries that it
 * says it has. */
static void give_up(struct url_source *url, struct block *block)
{
	struct source *common = &url->common;
	block->empty = true;
	block->next_entry = UINT64_MAX;
	if (url->in_vain++ > BLOCKS_IN_VAIN || common->complaint_count == COMPLAINTS_MAX)
		return;
	struct complaint *complaint = &common->complaint[common->complaint_count++];
	complaint->seq = block->first;
	snprintf(complaint->text, sizeof complaint->text,
	         "nothing came of the %u entries before it: from it on no more were asked for",
	         BLOCKS_IN_VAIN * BLOCK_ENTRIES);
}

void url_block(struct source *source, uint64_t size, struct block *block)
{
	struct url_source *url = url_of(source);
	uint64_t left = size - block->first;
	block->count = left < BLOCK_ENTRIES ? (unsigned)left : BLOCK_ENTRIES;
	block->empty = false;
	block->next_entry = block->first;
	block->cause[0] = '\0';
	memset(block->cell, CELL_MISSING, sizeof block->cell);
	if (block->first == 0)
		url->in_vain = 0;
	if (url->in_vain >= BLOCKS_IN_VAIN) {
		give_up(url, block);
		return;
	}
	read_parts(url, block);
	url->in_vain = anything_in(block) ? 0 : url->in_vain + 1;
}
