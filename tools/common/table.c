/* table: rows of text, aligned for people.
 * Thread: any, one owner. */
#include "tools/common/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void table_init(struct table *table, size_t columns)
{
	require(columns > 0 && columns <= TABLE_COLUMNS_MAX);
	*table = (struct table){.columns = columns};
}

void table_deinit(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){.columns = table->columns};
}

/* Bytes below 0x20 and 0x7f, and U+0080 to U+009F (C2 80 to C2 9F). */
static void hide_controls(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
	}
}

static bool make_room(struct table *table)
{
	if (table->count < table->room)
		return true;
	size_t room = table->room == 0 ? 256 : table->room * 2;
	char **cells = realloc(table->cells, room * sizeof *cells);
	if (cells == NULL)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void table_add(struct table *table, struct lgp_view text)
{
	char *copy = table->failed || !make_room(table)
	                     ? NULL
	                     : strndup(text.len > 0 ? text.ptr : "", text.len);
	if (copy == NULL) {
		table->failed = true;
		return;
	}
	hide_controls(copy);
	table->cells[table->count++] = copy;
}

void table_text(struct table *table, const char *text)
{
	table_add(table, lgp_view_of(text != NULL ? text : ""));
}

/* glibc knows the widths; C.UTF-8 is part of it, so they do not hang on what
 * locales the machine has.  Without it every byte counts one. */
static locale_t utf8_locale(void)
{
	static locale_t locale;
	if (locale == (locale_t)0)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

size_t text_width(struct lgp_view text)
{
	locale_t utf8 = utf8_locale();
	locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
	mbstate_t state = {0};
	size_t width = 0;
	for (size_t i = 0; i < text.len;) {
		wchar_t c;
		size_t n = mbrtowc(&c, text.ptr + i, text.len - i, &state);
		if (n == 0 || n > text.len - i) {
			state = (mbstate_t){0};
			width++;
			i++;
			continue;
		}
		int columns = wcwidth(c);
		width += columns > 0 ? (size_t)columns : 0;
		i += n;
	}
	if (utf8 != (locale_t)0)
		uselocale(before);
	return width;
}

static void pad(FILE *out, size_t count)
{
	while (count-- > 0)
		fputc(' ', out);
}

/* Nothing stands behind the last cell that holds something. */
static void print_row(const struct table *table, char *const *cells, const size_t *widths,
                      FILE *out)
{
	size_t used = table->columns;
	while (used > 0 && cells[used - 1][0] == '\0')
		used--;
	for (size_t i = 0; i < used; i++) {
		size_t space = widths[i] - text_width(lgp_view_of(cells[i]));
		if (table->right[i])
			pad(out, space);
		fputs(cells[i], out);
		if (i + 1 == used)
			break;
		pad(out, table->right[i] ? 2 : space + 2);
	}
	fputc('\n', out);
}

bool table_print(const struct table *table, FILE *out)
{
	if (table->failed)
		return false;
	require(table->count % table->columns == 0);
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	for (size_t i = 0; i < table->count; i++) {
		size_t width = text_width(lgp_view_of(table->cells[i]));
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (size_t i = 0; i < table->count; i += table->columns)
		print_row(table, table->cells + i, widths, out);
	return true;
}
