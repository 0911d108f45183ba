/* notes: lines above all sheets and beneath each, and what they say of rows that
 * are missing.
 * Thread: one at a time. */
#include "tools/sheet/model.h"

#include <stdarg.h>
#include <stdlib.h>

/* False: no memory. */
static bool lines_add(struct lines *lines, struct lgp_view text)
{
	if (lines->count == SHEET_NOTES_MAX) {
		lines->missing++;
		return true;
	}
	if (lines->count == lines->room) {
		size_t room = lines->room == 0 ? 8 : lines->room * 2;
		char **list = realloc(lines->list, room * sizeof *list);
		if (list == NULL)
			return false;
		lines->list = list;
		lines->room = room;
	}
	lines->list[lines->count] = text_copy(text, SHEET_NOTE_MAX - 1);
	return lines->list[lines->count] != NULL && ++lines->count > 0;
}

static bool __attribute__((format(printf, 2, 0)))
lines_format(struct lines *lines, const char *format, va_list arguments)
{
	char *text = NULL;
	int len = vasprintf(&text, format, arguments);
	if (len < 0)
		return false;
	bool added = lines_add(lines, (struct lgp_view){text, (size_t)len});
	free(text);
	return added;
}

void notes_deinit(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->list[i]);
	free(lines->list);
}

void document_note(struct document *document, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (!lines_format(&document->notes, format, arguments))
		document->failed = true;
	va_end(arguments);
}

void sheet_note(struct sheet *sheet, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (!sheet->forgets && !lines_format(&sheet->notes, format, arguments))
		sheet->document->failed = true;
	va_end(arguments);
}

static const char *lines_at(const struct lines *lines, size_t i, char room[SHEET_NOTE_MAX])
{
	if (i < lines->count)
		return lines->list[i];
	if (i > lines->count || lines->missing == 0)
		return NULL;
	snprintf(room, SHEET_NOTE_MAX, "%zu more notes are left out.", lines->missing);
	return room;
}

const char *sheet_line(const struct sheet *sheet, size_t i, size_t dropped,
                       char room[SHEET_NOTE_MAX])
{
	size_t missing = sheet_missing(sheet) + dropped;
	if (missing == 0)
		return lines_at(&sheet->notes, i, room);
	if (i > 0)
		return lines_at(&sheet->notes, i - 1, room);
	snprintf(room, SHEET_NOTE_MAX,
	         "%zu more rows are missing here: a sheet holds the first %zu.  Narrow the dates.",
	         missing, sheet_row_count(sheet) - dropped);
	return room;
}

const char *document_line(const struct document *document, size_t i, char room[SHEET_NOTE_MAX])
{
	if (document->missing == 0)
		return lines_at(&document->notes, i, room);
	if (i > 0)
		return lines_at(&document->notes, i - 1, room);
	snprintf(room, SHEET_NOTE_MAX, "%zu more sheets are missing here: a document holds %d.",
	         document->missing, SHEETS_MAX);
	return room;
}
