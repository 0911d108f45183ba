/* tell_file: see tell_file.h.  Thread: one at a time. */
#include "tools/forensic/tell_file.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/audit/text.h"

static const char *delimiter_text(char delimiter)
{
	static char text[4];
	snprintf(text, sizeof text, "'%c'", delimiter);
	return delimiter == '\t' ? "tab" : text;
}

static void describe(const struct file_task *task, const struct file_told *told,
                     const struct spendings *spendings, struct document *document)
{
	char rows[COUNT_MAX], taken[COUNT_MAX], rejected[COUNT_MAX], empty[COUNT_MAX];
	char total[AMOUNT_MAX];
	document_note(document, "File %s: %s, fields parted by %s, decimal %s%s%s.", task->path,
	              told->encoding, delimiter_text(told->delimiter),
	              told->mark == DECIMAL_COMMA ? "comma" : "point",
	              task->columns[COLUMN_DATE] != NULL ? ", dates " : "",
	              task->columns[COLUMN_DATE] != NULL ? date_order_text(told->order) : "");
	document_note(document, "Rows read %s: taken %s, rejected %s, empty %s.",
	              count_text(told->rows, rows), count_text(told->taken, taken),
	              count_text(told->rejected, rejected), count_text(told->empty, empty));
	document_note(document, "Sum of the rows taken: %s%s%s.",
	              amount_text(told->total, spendings->scale, total),
	              spendings->unit[0] != '\0' ? " " : "", spendings->unit);
	for (size_t i = 0; i < told->rejected && i < REJECTIONS_KEPT; i++)
		document_note(document, "Rejected: line %" PRIu64 ": %s.", told->rejections[i].line,
		              told->rejections[i].why);
	if (told->rejected > REJECTIONS_KEPT)
		document_note(document, "Rejected rows beyond these %d: --rejects FILE lists them.",
		              REJECTIONS_KEPT);
	document_note(document, "Entries are named by their lines in the file.");
}

static uint32_t staff_of(const struct spending *row)
{
	return row->staff;
}

static uint32_t party_of(const struct spending *row)
{
	return row->party;
}

/* How many different names the rows have; blank where memory does not reach. */
static void write_names(struct sheet *sheet, const struct spendings *spendings,
                        uint32_t (*name_of)(const struct spending *row))
{
	uint32_t most = 0;
	int64_t count = 0;
	for (size_t i = 0; i < spendings->count; i++)
		if (name_of(&spendings->rows[i]) > most)
			most = name_of(&spendings->rows[i]);
	bool *seen = calloc((size_t)most + 1, sizeof *seen);
	for (size_t i = 0; seen != NULL && i < spendings->count; i++) {
		uint32_t name = name_of(&spendings->rows[i]);
		count += name != 0 && !seen[name];
		seen[name] = true;
	}
	if (seen != NULL)
		sheet_count(sheet, count);
	else
		sheet_blank(sheet);
	free(seen);
}

/* The numbers of the notes, for programs. */
static void write_numbers(const struct file_told *told, const struct spendings *spendings,
                          struct document *document)
{
	static const struct sheet_column columns[] = {
	        {"rows", "Rows", SHEET_COUNT, 0},         {"taken", "Taken", SHEET_COUNT, 0},
	        {"rejected", "Rejected", SHEET_COUNT, 0}, {"empty", "Empty", SHEET_COUNT, 0},
	        {"staff", "Staff", SHEET_COUNT, 0},       {"parties", "Customers", SHEET_COUNT, 0},
	        {"spending", "Above 0", SHEET_COUNT, 0},  {"refunds", "Below 0", SHEET_COUNT, 0},
	        {"total", "Sum", SHEET_MONEY, 0},         {"unit", "Unit", SHEET_TEXT, 0},
	};
	struct sheet *sheet =
	        sheet_new(document, "file", "File", columns, sizeof columns / sizeof columns[0]);
	size_t above = 0, below = 0;
	for (size_t i = 0; i < spendings->count; i++) {
		above += spendings->rows[i].amount > 0;
		below += spendings->rows[i].amount < 0;
	}
	sheet_count(sheet, (int64_t)told->rows);
	sheet_count(sheet, (int64_t)told->taken);
	sheet_count(sheet, (int64_t)told->rejected);
	sheet_count(sheet, (int64_t)told->empty);
	write_names(sheet, spendings, staff_of);
	write_names(sheet, spendings, party_of);
	sheet_count(sheet, (int64_t)above);
	sheet_count(sheet, (int64_t)below);
	if (told->total >= INT64_MIN && told->total <= INT64_MAX)
		sheet_money(sheet, (int64_t)told->total, spendings->scale);
	else
		sheet_blank(sheet);
	sheet_word(sheet, spendings->unit);
}

void tell_file(const struct file_task *task, const struct file_told *told,
               const struct spendings *spendings, struct document *document)
{
	describe(task, told, spendings, document);
	write_numbers(told, spendings, document);
}
