/* lines: takes text apart line by line, for the formats of note.h.
 * Thread: any. */
#ifndef LEDGER_LINES_H
#define LEDGER_LINES_H

#include <string.h>

#include "lagniappe/status.h"

/* Takes the first line off *rest, its LF excluded from *line.  False, and
 * nothing taken, when no LF ends it. */
static inline bool line_take(struct lgp_view *rest, struct lgp_view *line)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
	if (end == NULL)
		return false;
	*line = (struct lgp_view){rest->ptr, (size_t)(end - rest->ptr)};
	*rest = (struct lgp_view){end + 1, rest->len - line->len - 1};
	return true;
}

/* Takes the prefix off *text.  False, and nothing taken, when it is not there. */
static inline bool prefix_take(struct lgp_view *text, struct lgp_view prefix)
{
	if (text->len < prefix.len || memcmp(text->ptr, prefix.ptr, prefix.len) != 0)
		return false;
	*text = (struct lgp_view){text->ptr + prefix.len, text->len - prefix.len};
	return true;
}

#endif
