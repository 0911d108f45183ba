/* text: see text.h.  Thread: any. */
#include "tools/audit/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lagniappe/codec.h"

/* Years 0001 to 9999, which is what the calendar can write. */
#define MOMENT_FIRST (INT64_C(-62135596800) * 1000000)
#define MOMENT_LAST (INT64_C(253402300800) * 1000000 - 1)

const char *moment_text(int64_t time_us, char out[MOMENT_MAX])
{
	if (time_us < MOMENT_FIRST || time_us > MOMENT_LAST) {
		snprintf(out, MOMENT_MAX, "%" PRId64 " us", time_us);
		return out;
	}
	lgp_time_format(out, time_us);
	out[LGP_TIME_LEN] = '\0';
	return out;
}

__extension__ const char *amount_text(__int128 minor, unsigned scale, char out[AMOUNT_MAX])
{
	char *at = out + AMOUNT_MAX;
	bool negative = minor < 0;
	require(scale <= 9);
	*--at = '\0';
	for (unsigned digits = 0; minor != 0 || digits <= scale; digits++) {
		if (digits == scale && scale > 0)
			*--at = '.';
		int digit = (int)(minor % 10);
		*--at = (char)('0' + (digit < 0 ? -digit : digit));
		minor /= 10;
	}
	if (negative)
		*--at = '-';
	return at;
}

const char *count_text(uint64_t count, char out[COUNT_MAX])
{
	char *at = out + COUNT_MAX;
	*--at = '\0';
	for (unsigned digits = 0; count != 0 || digits == 0; digits++) {
		if (digits > 0 && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + count % 10);
		count /= 10;
	}
	return at;
}

struct lgp_view text_line(struct lgp_view text, const char *name)
{
	size_t name_len = strlen(name);
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
		if (len > name_len && memcmp(text.ptr, name, name_len) == 0 &&
		    text.ptr[name_len] == ' ')
			return (struct lgp_view){text.ptr + name_len + 1, len - name_len - 1};
		if (end == NULL)
			break;
		text.ptr += len + 1;
		text.len -= len + 1;
	}
	return (struct lgp_view){NULL, 0};
}
