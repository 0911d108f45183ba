/* text: times, amounts and counts as people read them.
 * Thread: any. */
#ifndef LAGNIAPPE_AUDIT_TEXT_H
#define LAGNIAPPE_AUDIT_TEXT_H

#include "lagniappe/status.h"

#define MOMENT_MAX 32
#define AMOUNT_MAX 64
#define COUNT_MAX 32

/* "2026-01-31T12:00:00.000000Z"; the plain number where the calendar ends. */
const char *moment_text(int64_t time_us, char out[MOMENT_MAX]);
/* "-1234.50" with the unit's decimal places, at most 9. */
__extension__ const char *amount_text(__int128 minor, unsigned scale, char out[AMOUNT_MAX]);
/* "1,234,567" */
const char *count_text(uint64_t count, char out[COUNT_MAX]);
/* The value of the line "name value" in a payload; ptr NULL: there is none. */
struct lgp_view text_line(struct lgp_view text, const char *name);

#endif
