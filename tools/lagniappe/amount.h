/* amount: money as people write it, to and from minor units.
 * Thread: any.  Integers alone: no floating point anywhere. */
#ifndef LAGNIAPPE_TOOLS_AMOUNT_H
#define LAGNIAPPE_TOOLS_AMOUNT_H

#include "lagniappe/status.h"

#define AMOUNT_SCALE_MAX 9 /* decimal places */

/* Reads what written_amount reads, and is strict: a point with digits on both sides,
 * groups of three alone, at most `scale` decimals, no other currency.  code: the
 * unit's own code, which may stand at either end; "" none.
 * True: *out in minor units of the scale.  False: *why is a static text. */
LGP_MUST_USE bool amount_parse(struct lgp_view text, unsigned scale, const char *code, int64_t *out,
                               const char **why);

/* "-1,234.56" with its NUL. */
#define AMOUNT_TEXT_MAX 40
void amount_format(int64_t minor, unsigned scale, char out[AMOUNT_TEXT_MAX]);

#endif
