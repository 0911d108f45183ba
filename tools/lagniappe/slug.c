/* slug: ids for what a file names by free text.
 * Thread: any. */
#include "tools/lagniappe/slug.h"

#include "lagniappe/codec.h"
#include "lagniappe/hash.h"

#include <stdio.h>
#include <string.h>

#define HASH_BYTES 4
#define HASH_LEN (2 * HASH_BYTES) /* hexadecimal digits */
#define CARD_DIGITS_MAX 6         /* left readable of a masked card */
#define WHOLE_CARD_DIGITS 12      /* the shortest card number */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char fit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '_' ? c : '-';
}

static bool is_mark(char c)
{
	return c == '-' || c == '.' || c == '_';
}

/* At most max characters, without marks at either end.  *whole: nothing was
 * cut off.  Returns the length, which may be 0. */
static size_t reduce(struct lgp_view text, size_t max, char *out, bool *whole)
{
	size_t len = 0;
	*whole = true;
	for (size_t i = 0; i < text.len; i++) {
		char c = fit(text.ptr[i]);
		if (is_mark(c) && (len == 0 || is_mark(out[len - 1])))
			continue;
		if (len == max) {
			*whole = *whole && is_mark(c);
			continue;
		}
		out[len++] = c;
	}
	while (len > 0 && is_mark(out[len - 1]))
		len--;
	out[len] = '\0';
	return len;
}

void slug_hashed(struct lgp_view text, char out[SLUG_TEXT_MAX])
{
	struct lgp_hash hash;
	char hex[HASH_LEN], start[LGP_SLUG_MAX - HASH_LEN];
	bool whole;
	size_t len = reduce(text, LGP_SLUG_MAX - HASH_LEN - 1, start, &whole);
	lgp_hash_sha256(text.ptr, text.len, &hash);
	lgp_hex_encode(hex, hash.bytes, HASH_BYTES);
	snprintf(out, SLUG_TEXT_MAX, "%s%s%.*s", start, len > 0 ? "-" : "", HASH_LEN, hex);
}

void slug_plain(struct lgp_view text, char out[SLUG_TEXT_MAX])
{
	bool whole;
	if (reduce(text, LGP_SLUG_MAX, out, &whole) == 0 || !whole)
		slug_hashed(text, out);
}

/* Marks first, at least two of them, then a few digits. */
static bool masked_card(struct lgp_view text, struct lgp_view *digits)
{
	size_t end = text.len, masks = 0;
	while (end > 0 && is_digit(text.ptr[end - 1]))
		end--;
	for (size_t i = 0; i < end; i++) {
		if (strchr("*xX#", text.ptr[i]) != NULL)
			masks++;
		else if (text.ptr[i] != ' ' && text.ptr[i] != '-')
			return false;
	}
	*digits = (struct lgp_view){text.ptr + end, text.len - end};
	return masks >= 2 && digits->len > 0 && digits->len <= CARD_DIGITS_MAX;
}

bool slug_staff(struct lgp_view text, char out[SLUG_TEXT_MAX])
{
	struct lgp_view card;
	if (masked_card(text, &card)) {
		snprintf(out, SLUG_TEXT_MAX, "card-%.*s", (int)card.len, card.ptr);
		return true;
	}
	size_t digits = 0, blanks = 0;
	for (size_t i = 0; i < text.len; i++) {
		digits += is_digit(text.ptr[i]);
		blanks += text.ptr[i] == ' ';
	}
	if (digits == 0 || blanks > 0 || digits >= WHOLE_CARD_DIGITS)
		return false;
	slug_plain(text, out);
	return true;
}
