/* served: see served.h.  Thread: any. */
#include "tools/audit/served.h"

#include <stdio.h>
#include <string.h>

#include "lagniappe/codec.h"

#define SIZE_MAX_KEPT (UINT64_C(1) << LGP_TREE_LEVELS)
#define DASH "\xe2\x80\x94 " /* U+2014 and a blank: a signature line begins so */

/* ---- bundles and tiles ------------------------------------------------------- */

/* The entry at *at, behind its two bytes of length. */
static enum cell take_entry(const uint8_t *bytes, size_t len, size_t *at,
                            uint8_t out[LGP_ENTRY_LEN])
{
	if (len - *at < 2)
		return CELL_DAMAGED;
	size_t told = (size_t)bytes[*at] << 8 | bytes[*at + 1];
	if (told > len - *at - 2)
		return CELL_DAMAGED;
	if (told == LGP_ENTRY_LEN)
		memcpy(out, bytes + *at + 2, LGP_ENTRY_LEN);
	*at += 2 + told;
	return told == LGP_ENTRY_LEN ? CELL_HERE : CELL_LENGTH;
}

bool served_bundle(const uint8_t *bytes, size_t len, unsigned width, uint8_t cell[LGP_TILE_WIDTH],
                   uint8_t entry[LGP_TILE_WIDTH][LGP_ENTRY_LEN], char why[SERVED_WHY_MAX])
{
	size_t at = 0;
	unsigned whole = 0;
	memset(cell, CELL_DAMAGED, LGP_TILE_WIDTH);
	memset(entry, 0, (size_t)width * LGP_ENTRY_LEN);
	while (whole < width) {
		cell[whole] = (uint8_t)take_entry(bytes, len, &at, entry[whole]);
		if (cell[whole] == CELL_DAMAGED)
			break;
		whole++;
	}
	if (whole < width)
		snprintf(why, SERVED_WHY_MAX, "it ends after %u whole entries of %u", whole, width);
	else if (at < len)
		snprintf(why, SERVED_WHY_MAX, "%zu bytes or more stand behind its %u entries",
		         len - at, width);
	return whole == width && at == len;
}

bool served_tile(const uint8_t *bytes, size_t len, unsigned width,
                 struct lgp_hash hash[LGP_TILE_WIDTH], unsigned *count, char why[SERVED_WHY_MAX])
{
	size_t whole = len / LGP_HASH_LEN;
	*count = whole < width ? (unsigned)whole : width;
	memset(hash, 0, LGP_TILE_WIDTH * sizeof *hash);
	memcpy(hash, bytes, *count * sizeof *hash);
	if (len < (size_t)width * LGP_HASH_LEN)
		snprintf(why, SERVED_WHY_MAX, "it ends after %u whole hashes of %u", *count, width);
	else
		snprintf(why, SERVED_WHY_MAX, "%zu bytes or more stand behind its %u hashes",
		         len - (size_t)width * LGP_HASH_LEN, width);
	return len == (size_t)width * LGP_HASH_LEN;
}

/* ---- the checkpoint ------------------------------------------------------------ */

/* Takes the first line off; false: there is none. */
static bool next_line(struct lgp_view *text, struct lgp_view *line)
{
	const char *end = memchr(text->ptr, '\n', text->len);
	if (end == NULL)
		return false;
	*line = (struct lgp_view){text->ptr, (size_t)(end - text->ptr)};
	text->ptr = end + 1;
	text->len -= line->len + 1;
	return true;
}

/* The bytes of the line's signature, where the log's own name stands before it:
 * a witness's are longer. */
static bool own_signature(struct lgp_view line, struct lgp_view origin,
                          uint8_t out[4 + LGP_SIGNATURE_LEN])
{
	const size_t dash = sizeof DASH - 1;
	size_t len;
	if (line.len < dash + origin.len + 1 || memcmp(line.ptr, DASH, dash) != 0 ||
	    memcmp(line.ptr + dash, origin.ptr, origin.len) != 0 ||
	    line.ptr[dash + origin.len] != ' ')
		return false;
	size_t before = dash + origin.len + 1;
	struct lgp_view text = {line.ptr + before, line.len - before};
	return lgp_base64_decode(text, out, 4 + LGP_SIGNATURE_LEN, &len) == LGP_OK &&
	       len == 4 + LGP_SIGNATURE_LEN;
}

static bool find_signature(struct lgp_view note, struct lgp_view origin, const uint8_t key_id[4],
                           uint8_t out[4 + LGP_SIGNATURE_LEN])
{
	uint8_t found[4 + LGP_SIGNATURE_LEN];
	struct lgp_view line;
	bool any = false;
	while (next_line(&note, &line)) {
		if (!own_signature(line, origin, found))
			continue;
		bool named = key_id != NULL && memcmp(found, key_id, 4) == 0;
		if (!any || named)
			memcpy(out, found, sizeof found);
		any = true;
		if (named)
			break;
	}
	return any;
}

enum lgp_status served_checkpoint(struct lgp_view note, const uint8_t key_id[4],
                                  struct stored_checkpoint *out, char origin[LGP_ORIGIN_MAX + 1])
{
	struct lgp_checkpoint checkpoint;
	struct lgp_view name;
	uint8_t signature[4 + LGP_SIGNATURE_LEN];
	enum lgp_status status = lgp_checkpoint_parse(note, &checkpoint, &name);
	if (status != LGP_OK)
		return status;
	if (checkpoint.size > SIZE_MAX_KEPT)
		return lgp_fault(LGP_MALFORMED, "it is of more entries than a log can hold");
	if (name.len > LGP_ORIGIN_MAX || !find_signature(note, name, key_id, signature))
		return lgp_fault(LGP_MALFORMED,
		                 "it is not signed under the name in its first line");
	memcpy(origin, name.ptr, name.len);
	origin[name.len] = '\0';
	*out = (struct stored_checkpoint){
	        .size = checkpoint.size, .cell = CELL_HERE, .root = checkpoint.root};
	memcpy(out->key_id, signature, sizeof out->key_id);
	memcpy(out->signature, signature + sizeof out->key_id, LGP_SIGNATURE_LEN);
	return LGP_OK;
}
