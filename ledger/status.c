/* status: the text of a status, the thread's last fault, broken promises.
 * Thread: any; the fault detail is each thread's own. */
#include "lagniappe/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_DETAIL_BYTES 256 /* the NUL included */

static _Thread_local char fault_detail[FAULT_DETAIL_BYTES];

const char *lgp_status_text(enum lgp_status status)
{
	switch (status) {
#define X(name, text) \
	case name:    \
		return text;
		LGP_STATUS_LIST(X)
#undef X
	}
	return "an unknown status";
}

const char *lgp_fault_detail(void)
{
	return fault_detail;
}

enum lgp_status(lgp_fault)(enum lgp_status status, const char *format, ...)
{
	/* Written aside first, so that a caller may quote the detail of the
	 * fault below it: lgp_fault(status, "…: %s", lgp_fault_detail()). */
	char text[FAULT_DETAIL_BYTES];
	va_list arguments;
	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	memcpy(fault_detail, text, strlen(text) + 1);
	return status;
}

struct lgp_view lgp_view_of(const char *text)
{
	return (struct lgp_view){text, strlen(text)};
}

bool lgp_view_equal(struct lgp_view a, struct lgp_view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

_Noreturn void lgp_require_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: a promise inside the program is broken, it stops here: %s\n", file,
	        line, condition);
	abort();
}
