/* html: the parts of a page, for the files format_html.c and html_*.c alone.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_SHEET_HTML_H
#define LAGNIAPPE_SHEET_HTML_H

#include "tools/sheet/model.h"

/* Text between tags or within a quoted attribute. */
void html_put(FILE *out, struct lgp_view text);
void html_put_word(FILE *out, const char *text);
/* The style sheet, and its hash as a content security policy names it (html_style.c). */
extern const char html_style[];
#define HTML_STYLE_HASH_ROOM 64
void html_style_hash(char out[HTML_STYLE_HASH_ROOM]);
/* The sheet's chart as a figure, where it has one; number: the sheet's, from 1 (html_chart.c). */
void html_chart(const struct sheet *sheet, size_t number, FILE *out);

#endif
