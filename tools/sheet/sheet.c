/* sheet: see sheet.h.  Thread: one at a time. */
#include "lagniappe/codec.h"
#include "tools/sheet/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (256u << 10)
#define DAY_FIRST (-719162) /* 0001-01-01 */
#define DAY_LAST 2932896    /* 9999-12-31 */
#define US_PER_DAY INT64_C(86400000000)

/* Text lies in blocks, so that a cell's stays where it is. */
struct chunk {
	struct chunk *next;
	size_t used;
	char bytes[CHUNK_BYTES];
};

/* ---- Documents and sheets ---------------------------------------------------------- */

struct document *document_new(const char *title)
{
	struct document *document = calloc(1, sizeof *document);
	if (document == NULL)
		return NULL;
	document->title = title;
	document->spare.document = document;
	document->spare.forgets = true;
	return document;
}

static void sheet_free(struct sheet *sheet)
{
	if (sheet == NULL)
		return;
	notes_deinit(&sheet->notes);
	free(sheet->cells);
	free(sheet->name);
	free(sheet->title);
	free(sheet);
}

void document_free(struct document *document)
{
	if (document == NULL)
		return;
	for (size_t i = 0; i < document->count; i++)
		sheet_free(document->sheets[i]);
	while (document->chunks != NULL) {
		struct chunk *next = document->chunks->next;
		free(document->chunks);
		document->chunks = next;
	}
	notes_deinit(&document->notes);
	free(document);
}

void document_label(struct document *document, const char *label)
{
	text_clean(document->label, DOCUMENT_LABEL_MAX, lgp_view_of(label));
}

static char *labelled_title(const struct document *document, const char *title)
{
	char *text = NULL;
	bool has = document->label[0] != '\0';
	int len = asprintf(&text, "%s%s%s%s", title, has ? " (" : "", document->label,
	                   has ? ")" : "");
	if (len < 0)
		return NULL;
	char *copy = text_copy((struct lgp_view){text, (size_t)len}, SHEET_NOTE_MAX - 1);
	free(text);
	return copy;
}

struct sheet *sheet_new(struct document *document, const char *name, const char *title,
                        const struct sheet_column *columns, size_t count)
{
	require(count > 0 && count <= SHEET_COLUMNS_MAX);
	if (document->count == SHEETS_MAX) {
		document->missing++;
		return &document->spare;
	}
	struct sheet *sheet = calloc(1, sizeof *sheet);
	if (sheet != NULL) {
		sheet->name = text_copy(lgp_view_of(name), SHEET_NOTE_MAX - 1);
		sheet->title = labelled_title(document, title);
	}
	if (sheet == NULL || sheet->name == NULL || sheet->title == NULL) {
		sheet_free(sheet);
		document->failed = true;
		return &document->spare;
	}
	sheet->document = document;
	memcpy(sheet->label, document->label, sizeof sheet->label);
	memcpy(sheet->columns, columns, count * sizeof *columns);
	sheet->column_count = count;
	document->sheets[document->count++] = sheet;
	return sheet;
}

void sheet_chart(struct sheet *sheet, enum sheet_chart chart, size_t label, size_t value)
{
	if (sheet->forgets)
		return;
	require(label < sheet->column_count && value < sheet->column_count);
	require(column_is_figures(&sheet->columns[value]));
	sheet->chart = chart;
	sheet->chart_label = label;
	sheet->chart_value = value;
}

void sheet_total(struct sheet *sheet)
{
	if (sheet->forgets || sheet->document->failed)
		return;
	require((sheet->count + sheet->dropped) % sheet->column_count == 0);
	sheet->total_next = true;
}

size_t sheet_rows(const struct sheet *sheet)
{
	return sheet_row_count(sheet);
}

/* ---- Cells ------------------------------------------------------------------------- */

/* Whether the cell that comes now has a place.  A row that begins behind what can
 * be kept is dropped as a whole, and so are all behind it. */
static bool sheet_keeps(struct sheet *sheet)
{
	if (sheet->dropped > 0)
		return false;
	if (sheet->count % sheet->column_count != 0)
		return true;
	return sheet->count / sheet->column_count < SHEET_ROWS_MAX &&
	       sheet->document->text_bytes < DOCUMENT_TEXT_MAX;
}

static bool sheet_make_room(struct sheet *sheet)
{
	if (sheet->count < sheet->room)
		return true;
	size_t room = sheet->room == 0 ? 16 * sheet->column_count : sheet->room * 2;
	struct cell *cells = realloc(sheet->cells, room * sizeof *cells);
	if (cells == NULL)
		return false;
	sheet->cells = cells;
	sheet->room = room;
	return true;
}

/* Where the next cell goes, its column's kind set; NULL: it is forgotten. */
static struct cell *next_cell(struct sheet *sheet)
{
	if (sheet->forgets || sheet->document->failed)
		return NULL;
	size_t column = (sheet->count + sheet->dropped) % sheet->column_count;
	if (!sheet_keeps(sheet)) {
		sheet->dropped++;
		sheet->total_next = false;
		return NULL;
	}
	if (!sheet_make_room(sheet)) {
		sheet->document->failed = true;
		return NULL;
	}
	struct cell *cell = &sheet->cells[sheet->count++];
	*cell = (struct cell){
	        .kind = (uint8_t)sheet->columns[column].kind,
	        .total = column == 0 ? sheet->total_next : cell[-1].total,
	};
	sheet->total_next = false;
	return cell;
}

static struct cell *cell_of_kind(struct sheet *sheet, enum sheet_kind kind)
{
	struct cell *cell = next_cell(sheet);
	require(cell == NULL || cell->kind == kind);
	return cell;
}

static char *chunk_room(struct document *document, size_t need)
{
	struct chunk *chunk = document->chunks;
	if (chunk == NULL || CHUNK_BYTES - chunk->used < need) {
		chunk = malloc(sizeof *chunk);
		if (chunk == NULL)
			return NULL;
		chunk->next = document->chunks;
		chunk->used = 0;
		document->chunks = chunk;
	}
	return chunk->bytes + chunk->used;
}

static void set_text(struct document *document, struct cell *cell, struct lgp_view text)
{
	/* A byte that is no UTF-8 takes three. */
	size_t max = text.len < SHEET_TEXT_MAX / 3 ? text.len * 3 + 3 : SHEET_TEXT_MAX;
	char *out = chunk_room(document, max + 1);
	if (out == NULL) {
		document->failed = true;
		cell->blank = true;
		return;
	}
	cell->kind = SHEET_TEXT;
	cell->as.text = out;
	cell->len = (uint32_t)text_clean(out, max, text);
	document->chunks->used += cell->len + 1;
	document->text_bytes += cell->len + 1;
}

/* Words may stand for a figure in a row of sums alone: "Total" under dates. */
void sheet_text(struct sheet *sheet, struct lgp_view text)
{
	struct cell *cell = next_cell(sheet);
	if (cell == NULL)
		return;
	require(cell->kind == SHEET_TEXT || cell->total);
	set_text(sheet->document, cell, text);
}

void sheet_word(struct sheet *sheet, const char *text)
{
	sheet_text(sheet, lgp_view_of(text != NULL ? text : ""));
}

void sheet_count(struct sheet *sheet, int64_t count)
{
	struct cell *cell = cell_of_kind(sheet, SHEET_COUNT);
	if (cell != NULL)
		cell->as.number = count;
}

void sheet_money(struct sheet *sheet, int64_t minor, unsigned scale)
{
	struct cell *cell = cell_of_kind(sheet, SHEET_MONEY);
	require(scale <= 18);
	if (cell == NULL)
		return;
	cell->as.number = minor;
	cell->scale = (uint8_t)scale;
}

void sheet_ratio(struct sheet *sheet, double ratio)
{
	struct cell *cell = cell_of_kind(sheet, SHEET_RATIO);
	if (cell == NULL)
		return;
	cell->blank = !isfinite(ratio);
	cell->as.ratio = cell->blank ? 0 : ratio;
}

/* A damaged ledger may name a day that no calendar has: it is told as it stands. */
static void set_day_in_words(struct sheet *sheet, struct cell *cell, int64_t days)
{
	char text[CELL_ROOM];
	int len = snprintf(text, sizeof text, "day %lld", (long long)days);
	set_text(sheet->document, cell, (struct lgp_view){text, (size_t)len});
}

void sheet_date(struct sheet *sheet, int32_t days)
{
	struct cell *cell = cell_of_kind(sheet, SHEET_DATE);
	if (cell == NULL)
		return;
	if (days < DAY_FIRST || days > DAY_LAST)
		set_day_in_words(sheet, cell, days);
	else
		cell->as.number = days;
}

void sheet_time(struct sheet *sheet, int64_t us)
{
	struct cell *cell = cell_of_kind(sheet, SHEET_TIME);
	if (cell == NULL)
		return;
	if (us < DAY_FIRST * US_PER_DAY || us >= (DAY_LAST + 1) * US_PER_DAY)
		set_day_in_words(sheet, cell, us / US_PER_DAY);
	else
		cell->as.number = us;
}

void sheet_entry(struct sheet *sheet, uint64_t seq)
{
	struct cell *cell = cell_of_kind(sheet, SHEET_ENTRY);
	if (cell != NULL)
		cell->as.number = (int64_t)seq;
}

void sheet_blank(struct sheet *sheet)
{
	struct cell *cell = next_cell(sheet);
	if (cell == NULL)
		return;
	if (cell->total && (sheet->count - 1) % sheet->column_count == 0)
		set_text(sheet->document, cell, LGP_VIEW("Total"));
	else
		cell->blank = true;
}

/* ---- Read by the formats ------------------------------------------------------------- */

size_t sheet_row_count(const struct sheet *sheet)
{
	return sheet->forgets ? 0 : sheet->count / sheet->column_count;
}

const struct cell *sheet_row(const struct sheet *sheet, size_t row)
{
	return sheet->cells + row * sheet->column_count;
}

size_t sheet_missing(const struct sheet *sheet)
{
	return sheet->dropped / sheet->column_count;
}
