/* slug: ids for what a file names by free text.
 * Thread: any.  Pure functions of the text. */
#ifndef LAGNIAPPE_TOOLS_SLUG_H
#define LAGNIAPPE_TOOLS_SLUG_H

#include "lagniappe/entry.h"

#define SLUG_TEXT_MAX (LGP_SLUG_MAX + 1)

/* A slug that reads like the text: lower-case, what is no letter, digit, '.'
 * or '_' becomes '-', runs of it one.  Texts that differ may share it; a text
 * that leaves nothing, or too much, gets a part of its hash. */
void slug_plain(struct lgp_view text, char out[SLUG_TEXT_MAX]);
/* The same with a part of the text's hash behind it. */
void slug_hashed(struct lgp_view text, char out[SLUG_TEXT_MAX]);

/* A member of staff.  "card-8738" for a masked card number ("****8738",
 * "xxxx-8738"), a plain slug for an identifier (one word with a digit).  False
 * for anything else: it may be a name, or a whole card number, and those must
 * not be in the ledger; the caller makes an id that tells nothing. */
LGP_MUST_USE bool slug_staff(struct lgp_view text, char out[SLUG_TEXT_MAX]);

#endif
