/* note: verifier keys, signed checkpoints.
 * Thread: any.  No state.
 * Sources: C2SP signed-note, tlog-checkpoint, tlog-cosignature; RFC 8032
 * (Ed25519).
 *
 *   origin LF                         the body: what Ed25519 signs,
 *   size LF                           its last LF included
 *   base64(root) LF
 *   LF
 *   U+2014 name base64(id signature) LF      one line or more
 *
 * id: the first 4 bytes of SHA-256(name LF type key).  A cosignature (type 04)
 * is 8 bytes of time and a signature of the body behind two lines of its own. */
#include "lagniappe/note.h"

#include <sodium.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "lines.h"

#define SIGNATURE_LINES_MAX 64
#define KEY_ID_LEN 4
#define DASH "\xe2\x80\x94 " /* U+2014 and a blank, before each signature */
/* An Ed25519 cosignature: the time, 8 bytes big-endian, and the signature. */
#define COSIGNATURE_LEN (8 + LGP_SIGNATURE_LEN)
#define COSIGNED_PREFIX "cosignature/v1\ntime "

static char *put(char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* --- keys --------------------------------------------------------------- */

bool lgp_origin_valid(struct lgp_view origin)
{
	if (origin.len < 1 || origin.len > LGP_ORIGIN_MAX)
		return false;
	for (size_t i = 0; i < origin.len; i++)
		if (origin.ptr[i] <= ' ' || origin.ptr[i] > '~' || origin.ptr[i] == '+')
			return false;
	return true;
}

/* The first four bytes of SHA-256(name || LF || type || key). */
static void key_id(const struct lgp_verifier *verifier, uint8_t id[KEY_ID_LEN])
{
	char input[LGP_ORIGIN_MAX + 2 + LGP_PUBLIC_KEY_LEN];
	char *at = put(input, verifier->name, strlen(verifier->name));
	*at++ = '\n';
	*at++ = (char)verifier->type;
	at = put(at, verifier->key, LGP_PUBLIC_KEY_LEN);
	struct lgp_hash hash;
	lgp_hash_sha256(input, (size_t)(at - input), &hash);
	memcpy(id, hash.bytes, KEY_ID_LEN);
}

enum lgp_status lgp_signer_init(struct lgp_signer *signer, struct lgp_view name,
                                const uint8_t seed[LGP_SECRET_SEED_LEN])
{
	if (!lgp_origin_valid(name))
		return lgp_fault(LGP_MALFORMED,
		                 "a log's name is 1 to %d printable characters without blank "
		                 "or '+'",
		                 LGP_ORIGIN_MAX);
	memset(signer, 0, sizeof(*signer));
	memcpy(signer->public.name, name.ptr, name.len);
	signer->public.type = LGP_KEY_ED25519;
	require(crypto_sign_seed_keypair(signer->public.key, signer->secret, seed) == 0);
	key_id(&signer->public, signer->public.id);
	return LGP_OK;
}

size_t lgp_vkey_format(const struct lgp_verifier *verifier, char out[LGP_VKEY_MAX])
{
	uint8_t blob[1 + LGP_PUBLIC_KEY_LEN] = {(uint8_t)verifier->type};
	memcpy(blob + 1, verifier->key, LGP_PUBLIC_KEY_LEN);
	char *at = put(out, verifier->name, strlen(verifier->name));
	*at++ = '+';
	lgp_hex_encode(at, verifier->id, KEY_ID_LEN);
	at += 2 * KEY_ID_LEN;
	*at++ = '+';
	at += lgp_base64_encode(at, blob, sizeof(blob));
	*at = '\0';
	return (size_t)(at - out);
}

/* Splits at the first two '+' only: the base64 may hold more of them. */
static bool vkey_split(struct lgp_view text, struct lgp_view part[3])
{
	for (unsigned i = 0; i < 2; i++) {
		const char *plus = text.len > 0 ? memchr(text.ptr, '+', text.len) : NULL;
		if (plus == NULL)
			return false;
		part[i] = (struct lgp_view){text.ptr, (size_t)(plus - text.ptr)};
		text = (struct lgp_view){plus + 1, text.len - part[i].len - 1};
	}
	part[2] = text;
	return true;
}

enum lgp_status lgp_vkey_parse(struct lgp_view text, struct lgp_verifier *out)
{
	struct lgp_view part[3];
	if (!vkey_split(text, part) || !lgp_origin_valid(part[0]))
		return lgp_fault(LGP_MALFORMED,
		                 "verifier key: not of the form name+id+base64, on one line");
	struct lgp_verifier key = {0};
	uint8_t told[KEY_ID_LEN], blob[1 + LGP_PUBLIC_KEY_LEN];
	size_t blob_len;
	if (lgp_hex_decode(part[1], told, sizeof(told)) != LGP_OK)
		return lgp_fault(LGP_MALFORMED,
		                 "verifier key: its id is not 8 lower-case hexadecimal digits");
	if (lgp_base64_decode(part[2], blob, sizeof(blob), &blob_len) != LGP_OK ||
	    blob_len != sizeof(blob))
		return lgp_fault(LGP_MALFORMED, "verifier key: its key is not base64 of %zu bytes",
		                 sizeof(blob));
	if (blob[0] != LGP_KEY_ED25519 && blob[0] != LGP_KEY_COSIGNATURE)
		return lgp_fault(LGP_MALFORMED,
		                 "verifier key: type %02x is not known here, 01 and 04 are",
		                 blob[0]);
	memcpy(key.name, part[0].ptr, part[0].len);
	key.type = blob[0];
	memcpy(key.key, blob + 1, LGP_PUBLIC_KEY_LEN);
	key_id(&key, key.id);
	if (memcmp(key.id, told, KEY_ID_LEN) != 0)
		return lgp_fault(LGP_MALFORMED,
		                 "verifier key: its id does not follow from its name and key, "
		                 "copy it again");
	*out = key;
	return LGP_OK;
}

/* --- writing ------------------------------------------------------------ */

size_t lgp_checkpoint_body(struct lgp_view origin, const struct lgp_checkpoint *checkpoint,
                           char out[LGP_CHECKPOINT_BODY_MAX])
{
	require(lgp_origin_valid(origin));
	char *at = put(out, origin.ptr, origin.len);
	*at++ = '\n';
	at += lgp_decimal_format(at, checkpoint->size);
	*at++ = '\n';
	at += lgp_base64_encode(at, checkpoint->root.bytes, LGP_HASH_LEN);
	*at++ = '\n';
	return (size_t)(at - out);
}

void lgp_checkpoint_sign(const struct lgp_signer *signer, const struct lgp_checkpoint *checkpoint,
                         uint8_t signature[LGP_SIGNATURE_LEN])
{
	char body[LGP_CHECKPOINT_BODY_MAX];
	size_t len = lgp_checkpoint_body(lgp_view_of(signer->public.name), checkpoint, body);
	require(crypto_sign_detached(signature, NULL, (const uint8_t *)body, len, signer->secret) ==
	        0);
}

size_t lgp_checkpoint_format(const struct lgp_verifier *verifier,
                             const struct lgp_checkpoint *checkpoint,
                             const uint8_t signature[LGP_SIGNATURE_LEN],
                             char out[LGP_CHECKPOINT_SIGNED_MAX])
{
	struct lgp_view name = lgp_view_of(verifier->name);
	uint8_t blob[KEY_ID_LEN + LGP_SIGNATURE_LEN];
	memcpy(blob, verifier->id, KEY_ID_LEN);
	memcpy(blob + KEY_ID_LEN, signature, LGP_SIGNATURE_LEN);
	char *at = out + lgp_checkpoint_body(name, checkpoint, out);
	*at++ = '\n';
	at = put(at, DASH, sizeof(DASH) - 1);
	at = put(at, name.ptr, name.len);
	*at++ = ' ';
	at += lgp_base64_encode(at, blob, sizeof(blob));
	*at++ = '\n';
	return (size_t)(at - out);
}

/* --- reading ------------------------------------------------------------ */

/* A note taken apart; views into it. */
struct note {
	struct lgp_view body, origin, signatures;
	struct lgp_checkpoint checkpoint;
};

struct signature {
	struct lgp_view name;
	size_t len;                               /* of blob */
	uint8_t blob[LGP_CHECKPOINT_MAX / 4 * 3]; /* the key id, then the signature */
};

/* The length of the UTF-8 sequence (RFC 3629) that starts here: 0 when none. */
static size_t utf8_len(const uint8_t *at, size_t len)
{
	uint8_t lead = at[0];
	size_t count = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || count > len)
		return 0;
	for (size_t i = 1; i < count; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, a surrogate, or past the last code point. */
	if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) ||
	    (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f))
		return 0;
	return count;
}

/* UTF-8 without control characters other than LF, as signed-note has it. */
static bool text_valid(struct lgp_view text)
{
	const uint8_t *at = (const uint8_t *)text.ptr;
	for (size_t i = 0, step; i < text.len; i += step) {
		step = utf8_len(at + i, text.len - i);
		if (step == 0 || (at[i] < ' ' && at[i] != '\n'))
			return false;
	}
	return true;
}

static enum lgp_status body_parse(struct lgp_view text, struct note *out)
{
	struct lgp_view rest = text, size, root, blank;
	size_t root_len;
	if (!line_take(&rest, &out->origin) || !lgp_origin_valid(out->origin))
		return lgp_fault(LGP_MALFORMED, "checkpoint: its first line is not an origin");
	if (!line_take(&rest, &size) || lgp_decimal_parse(size, &out->checkpoint.size) != LGP_OK)
		return lgp_fault(LGP_MALFORMED, "checkpoint: its second line is not a tree size");
	if (!line_take(&rest, &root) ||
	    lgp_base64_decode(root, out->checkpoint.root.bytes, LGP_HASH_LEN, &root_len) !=
	            LGP_OK ||
	    root_len != LGP_HASH_LEN)
		return lgp_fault(LGP_MALFORMED,
		                 "checkpoint: its third line is not base64 of a root hash");
	out->body = (struct lgp_view){text.ptr, (size_t)(rest.ptr - text.ptr)};
	if (!line_take(&rest, &blank) || blank.len != 0)
		return lgp_fault(LGP_MALFORMED,
		                 "checkpoint: no empty line behind the root hash, extension "
		                 "lines are not taken");
	out->signatures = rest;
	return LGP_OK;
}

static bool signature_parse(struct lgp_view line, struct signature *out)
{
	if (!prefix_take(&line, LGP_VIEW(DASH)))
		return false;
	const char *blank = line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL;
	if (blank == NULL || blank == line.ptr)
		return false;
	out->name = (struct lgp_view){line.ptr, (size_t)(blank - line.ptr)};
	if (memchr(out->name.ptr, '+', out->name.len) != NULL)
		return false;
	struct lgp_view base64 = {blank + 1, line.len - out->name.len - 1};
	return lgp_base64_decode(base64, out->blob, sizeof(out->blob), &out->len) == LGP_OK &&
	       out->len > KEY_ID_LEN;
}

/* The cosigned message is the time's two lines, then the checkpoint's body. */
static bool cosignature_verify(const struct lgp_verifier *verifier, struct lgp_view body,
                               const uint8_t blob[COSIGNATURE_LEN])
{
	char message[sizeof(COSIGNED_PREFIX) + 20 + LGP_CHECKPOINT_BODY_MAX];
	uint64_t time_s = lgp_get_be(blob, 8);
	if (time_s > INT64_MAX)
		return false;
	char *at = put(message, COSIGNED_PREFIX, sizeof(COSIGNED_PREFIX) - 1);
	at += lgp_decimal_format(at, time_s);
	*at++ = '\n';
	at = put(at, body.ptr, body.len);
	return crypto_sign_verify_detached(blob + 8, (const uint8_t *)message,
	                                   (size_t)(at - message), verifier->key) == 0;
}

static bool signature_verify(const struct lgp_verifier *verifier, struct lgp_view body,
                             const struct signature *signature)
{
	const uint8_t *blob = signature->blob + KEY_ID_LEN;
	size_t len = signature->len - KEY_ID_LEN;
	switch (verifier->type) {
	case LGP_KEY_ED25519:
		return len == LGP_SIGNATURE_LEN &&
		       crypto_sign_verify_detached(blob, (const uint8_t *)body.ptr, body.len,
		                                   verifier->key) == 0;
	case LGP_KEY_COSIGNATURE:
		return len == COSIGNATURE_LEN && cosignature_verify(verifier, body, blob);
	}
	return false;
}

static bool signed_by(const struct lgp_verifier *verifier, const struct signature *signature)
{
	return lgp_view_equal(lgp_view_of(verifier->name), signature->name) &&
	       memcmp(verifier->id, signature->blob, KEY_ID_LEN) == 0;
}

/* Walks the signature lines.  Each must be of its form, and hold when it is of
 * a known key.  *own: whether the first verifier's was among them. */
static enum lgp_status signatures_check(const struct note *note,
                                        const struct lgp_verifier *verifiers, size_t count,
                                        bool *own)
{
	struct lgp_view rest = note->signatures, line;
	struct signature signature;
	*own = false;
	for (unsigned number = 1; number == 1 || rest.len > 0; number++) {
		if (number > SIGNATURE_LINES_MAX)
			return lgp_fault(LGP_MALFORMED, "checkpoint: more than %d signature lines",
			                 SIGNATURE_LINES_MAX);
		if (!line_take(&rest, &line) || !signature_parse(line, &signature))
			return lgp_fault(LGP_MALFORMED,
			                 "checkpoint: signature line %u is not of its form",
			                 number);
		for (size_t i = 0; i < count; i++) {
			if (!signed_by(&verifiers[i], &signature))
				continue;
			if (!signature_verify(&verifiers[i], note->body, &signature))
				return lgp_fault(LGP_INVALID,
				                 "checkpoint: the signature of %s does not hold",
				                 verifiers[i].name);
			*own = *own || i == 0;
		}
	}
	return LGP_OK;
}

static enum lgp_status note_parse(struct lgp_view text, struct note *out)
{
	if (text.len > LGP_CHECKPOINT_MAX)
		return lgp_fault(LGP_MALFORMED,
		                 "checkpoint: %zu bytes, %d is the most that is read", text.len,
		                 LGP_CHECKPOINT_MAX);
	if (!text_valid(text))
		return lgp_fault(LGP_MALFORMED,
		                 "checkpoint: not UTF-8, or a control character in it");
	return body_parse(text, out);
}

enum lgp_status lgp_checkpoint_open(struct lgp_view text, const struct lgp_verifier *verifiers,
                                    size_t count, struct lgp_checkpoint *out)
{
	require(count > 0);
	struct note note = {0};
	bool own;
	enum lgp_status status = note_parse(text, &note);
	if (status == LGP_OK)
		status = signatures_check(&note, verifiers, count, &own);
	if (status != LGP_OK)
		return status;
	if (verifiers[0].type != LGP_KEY_ED25519)
		return lgp_fault(LGP_INVALID,
		                 "checkpoint: the key given for the log, %s, is a witness's",
		                 verifiers[0].name);
	if (!lgp_view_equal(note.origin, lgp_view_of(verifiers[0].name)))
		return lgp_fault(LGP_INVALID, "checkpoint: it is of the log %.*s, the key is of %s",
		                 (int)note.origin.len, note.origin.ptr, verifiers[0].name);
	if (!own)
		return lgp_fault(LGP_INVALID, "checkpoint: no signature by the given key of %s",
		                 verifiers[0].name);
	*out = note.checkpoint;
	return LGP_OK;
}

enum lgp_status lgp_checkpoint_parse(struct lgp_view text, struct lgp_checkpoint *out,
                                     struct lgp_view *origin)
{
	struct note note = {0};
	bool own;
	enum lgp_status status = note_parse(text, &note);
	if (status == LGP_OK)
		status = signatures_check(&note, NULL, 0, &own);
	if (status != LGP_OK)
		return status;
	*out = note.checkpoint;
	if (origin != NULL)
		*origin = note.origin;
	return LGP_OK;
}
