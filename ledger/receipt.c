/* receipt: the proof that travels with an entry, its text and its check.
 * Thread: any.  No state.
 * Sources: C2SP tlog-proof; RFC 6962 section 2.1.1. */
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/note.h"
#include "lines.h"

#define HEADER "c2sp.org/tlog-proof@v1"
#define INDEX "index "
#define EXTRA "extra "

static char *put(char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

size_t lgp_receipt_format(uint64_t index, const struct lgp_proof *proof, struct lgp_view checkpoint,
                          char *out)
{
	/* 15 digits at most, which the caller's room counts on. */
	require(index >> LGP_TREE_LEVELS == 0 && proof->count <= LGP_PROOF_MAX);
	char *at = put(out, HEADER "\n" INDEX, sizeof(HEADER "\n" INDEX) - 1);
	at += lgp_decimal_format(at, index);
	*at++ = '\n';
	for (unsigned i = 0; i < proof->count; i++) {
		at += lgp_base64_encode(at, proof->hash[i].bytes, LGP_HASH_LEN);
		*at++ = '\n';
	}
	*at++ = '\n';
	at = put(at, checkpoint.ptr, checkpoint.len);
	return (size_t)(at - out);
}

/* Bytes that nothing vouches for: their form is checked, and they are dropped. */
static bool extra_valid(struct lgp_view base64)
{
	uint8_t bytes[LGP_RECEIPT_MAX / 4 * 3];
	size_t len;
	return lgp_base64_decode(base64, bytes, sizeof(bytes), &len) == LGP_OK && len > 0;
}

static enum lgp_status head_parse(struct lgp_view *rest, uint64_t *index)
{
	struct lgp_view line;
	if (!line_take(rest, &line) || !lgp_view_equal(line, LGP_VIEW(HEADER)))
		return lgp_fault(LGP_MALFORMED, "receipt: its first line is not " HEADER);
	bool taken = line_take(rest, &line);
	if (taken && prefix_take(&line, LGP_VIEW(EXTRA))) {
		if (!extra_valid(line))
			return lgp_fault(LGP_MALFORMED, "receipt: its extra line is not base64");
		taken = line_take(rest, &line);
	}
	if (!taken || !prefix_take(&line, LGP_VIEW(INDEX)) ||
	    lgp_decimal_parse(line, index) != LGP_OK)
		return lgp_fault(LGP_MALFORMED, "receipt: there is no line 'index <number>' where "
		                                "it belongs");
	return LGP_OK;
}

/* The hashes up to the empty line, which is taken too. */
static enum lgp_status proof_parse(struct lgp_view *rest, struct lgp_proof *proof)
{
	struct lgp_view line;
	size_t len;
	for (proof->count = 0; line_take(rest, &line); proof->count++) {
		if (line.len == 0)
			return LGP_OK;
		if (proof->count == LGP_PROOF_MAX)
			return lgp_fault(LGP_MALFORMED, "receipt: more than %d hashes",
			                 LGP_PROOF_MAX);
		if (lgp_base64_decode(line, proof->hash[proof->count].bytes, LGP_HASH_LEN, &len) !=
		            LGP_OK ||
		    len != LGP_HASH_LEN)
			return lgp_fault(LGP_MALFORMED,
			                 "receipt: hash %u is not base64 of %d bytes",
			                 proof->count + 1, LGP_HASH_LEN);
	}
	return lgp_fault(LGP_MALFORMED,
	                 "receipt: it ends before the empty line and the checkpoint");
}

enum lgp_status lgp_receipt_parse(struct lgp_view text, struct lgp_receipt *out)
{
	if (text.len > LGP_RECEIPT_MAX)
		return lgp_fault(LGP_MALFORMED, "receipt: %zu bytes, %d is the most that is read",
		                 text.len, LGP_RECEIPT_MAX);
	struct lgp_view rest = text;
	enum lgp_status status = head_parse(&rest, &out->index);
	if (status == LGP_OK)
		status = proof_parse(&rest, &out->proof);
	if (status != LGP_OK)
		return status;
	struct lgp_checkpoint unsigned_yet;
	out->checkpoint = rest;
	return lgp_checkpoint_parse(rest, &unsigned_yet, NULL);
}

enum lgp_status lgp_receipt_verify(struct lgp_view text, struct lgp_view leaf,
                                   const struct lgp_verifier *verifiers, size_t count,
                                   uint64_t *index, struct lgp_checkpoint *checkpoint)
{
	struct lgp_receipt receipt = {0};
	struct lgp_checkpoint head = {0};
	enum lgp_status status = lgp_receipt_parse(text, &receipt);
	if (status == LGP_OK)
		status = lgp_checkpoint_open(receipt.checkpoint, verifiers, count, &head);
	if (status != LGP_OK)
		return status;
	/* Size and root are the signed checkpoint's: nothing else binds them. */
	struct lgp_hash hash;
	lgp_hash_leaf(leaf.ptr, leaf.len, &hash);
	status = lgp_verify_inclusion(&hash, receipt.index, head.size, &head.root, &receipt.proof);
	if (status != LGP_OK)
		return status;
	*index = receipt.index;
	if (checkpoint != NULL)
		*checkpoint = head;
	return LGP_OK;
}
