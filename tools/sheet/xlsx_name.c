/* xlsx_name: what worksheets are called.
 * Thread: one at a time.
 *
 * A spreadsheet calls a file damaged whose names are empty, longer than 31
 * UTF-16 units, hold one of []:*?/\, begin or end with an apostrophe, are
 * "History", or are alike but for case. */
#include "tools/sheet/xlsx.h"

#include <ctype.h>
#include <string.h>

static size_t utf16_units(const char *text)
{
	size_t units = 0;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		units += (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
	}
	return units;
}

/* Copies at most `units` UTF-16 units, in letters that are allowed. */
static void copy_name(char out[TAB_NAME_ROOM], const char *text, size_t units)
{
	size_t used = 0, len = 0;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c & 0xc0) != 0x80) {
			used += c >= 0xf0 ? 2 : 1;
			if (used > units)
				break;
		}
		out[len++] = c < ' ' || strchr("[]:*?/\\'", c) != NULL ? '-' : (char)c;
	}
	out[len] = '\0';
}

/* Letters beyond ASCII count as alike: their cases are not known here. */
static bool alike(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
		if (tolower(x) != tolower(y) && (x < 0x80 || y < 0x80))
			return false;
	}
	return *a == *b;
}

static bool is_free(const struct workbook *workbook, size_t number)
{
	const char *name = workbook->names[number];
	if (name[0] == '\0' || alike(name, "History"))
		return false;
	for (size_t i = 0; i < number; i++)
		if (alike(name, workbook->names[i]))
			return false;
	return true;
}

/* The title where it fits whole, else the name for programs. */
void workbook_name_sheets(struct workbook *workbook)
{
	for (size_t i = 0; i < workbook->document->count; i++) {
		const struct sheet *sheet = workbook->document->sheets[i];
		bool fits = utf16_units(sheet->title) <= LXW_SHEETNAME_MAX;
		const char *text = fits ? sheet->title : sheet->name;
		char *name = workbook->names[i];
		copy_name(name, text, LXW_SHEETNAME_MAX);
		for (unsigned n = 2; !is_free(workbook, i); n++) {
			char number[16];
			int len = snprintf(number, sizeof number, "-%u", n);
			copy_name(name, text[0] != '\0' ? text : "Sheet",
			          LXW_SHEETNAME_MAX - (size_t)len);
			memcpy(name + strlen(name), number, (size_t)len + 1);
		}
	}
}
