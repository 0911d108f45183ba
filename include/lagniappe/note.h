/* note: signed checkpoints and receipts, byte for byte as C2SP has them
 * (signed-note, tlog-checkpoint, tlog-proof, tlog-cosignature).
 * Thread: any.  Emits canonical bytes only and refuses everything else. */
#ifndef LAGNIAPPE_NOTE_H
#define LAGNIAPPE_NOTE_H

#include "lagniappe/tree.h"

#define LGP_ORIGIN_MAX 128
#define LGP_PUBLIC_KEY_LEN 32
#define LGP_SECRET_SEED_LEN 32
#define LGP_SIGNATURE_LEN 64
/* name '+' 8 hex '+' base64(33 bytes), NUL included */
#define LGP_VKEY_MAX (LGP_ORIGIN_MAX + 1 + 8 + 1 + 44 + 1)
#define LGP_CHECKPOINT_BODY_MAX (LGP_ORIGIN_MAX + 1 + 20 + 1 + 44 + 1)
#define LGP_CHECKPOINT_MAX 16384 /* the body and up to 64 signature lines */
#define LGP_RECEIPT_MAX (LGP_CHECKPOINT_MAX + 64 + 45 * LGP_PROOF_MAX)

enum lgp_key_type { LGP_KEY_ED25519 = 0x01, LGP_KEY_COSIGNATURE = 0x04 };

struct lgp_verifier {
	char name[LGP_ORIGIN_MAX + 1];
	enum lgp_key_type type;
	uint8_t id[4];
	uint8_t key[LGP_PUBLIC_KEY_LEN];
};

struct lgp_signer {
	struct lgp_verifier public;
	uint8_t secret[64]; /* libsodium's form: seed || public key */
};

/* An origin is 1 to LGP_ORIGIN_MAX printable bytes without blank or '+'. */
bool lgp_origin_valid(struct lgp_view origin);

/* Derives the Ed25519 key from its seed (RFC 8032).  LGP_MALFORMED: the name. */
LGP_MUST_USE enum lgp_status lgp_signer_init(struct lgp_signer *signer, struct lgp_view name,
                                             const uint8_t seed[LGP_SECRET_SEED_LEN]);
/* Writes the verifier-key text with its NUL; returns the length without it. */
size_t lgp_vkey_format(const struct lgp_verifier *verifier, char out[LGP_VKEY_MAX]);
/* LGP_MALFORMED: not a vkey, or its key id does not follow from name and key. */
LGP_MUST_USE enum lgp_status lgp_vkey_parse(struct lgp_view text, struct lgp_verifier *out);

struct lgp_checkpoint {
	uint64_t size;
	struct lgp_hash root;
};

size_t lgp_checkpoint_body(struct lgp_view origin, const struct lgp_checkpoint *checkpoint,
                           char out[LGP_CHECKPOINT_BODY_MAX]);
void lgp_checkpoint_sign(const struct lgp_signer *signer, const struct lgp_checkpoint *checkpoint,
                         uint8_t signature[LGP_SIGNATURE_LEN]);
/* The whole note with one signature line.  Returns its length; out holds at
 * least LGP_CHECKPOINT_BODY_MAX + 1 + LGP_ORIGIN_MAX + 101 bytes. */
#define LGP_CHECKPOINT_SIGNED_MAX (LGP_CHECKPOINT_BODY_MAX + 1 + 4 + LGP_ORIGIN_MAX + 1 + 92 + 1)
size_t lgp_checkpoint_format(const struct lgp_verifier *verifier,
                             const struct lgp_checkpoint *checkpoint,
                             const uint8_t signature[LGP_SIGNATURE_LEN],
                             char out[LGP_CHECKPOINT_SIGNED_MAX]);
/* Parses the note and checks it against the verifiers: each line whose (name,
 * id) is known must verify, unknown lines are passed over, and verifiers[0],
 * the log's own key, must be among them with its name as the origin.
 * LGP_MALFORMED; LGP_INVALID: a known signature fails,
 * or the log's own is missing. */
LGP_MUST_USE enum lgp_status lgp_checkpoint_open(struct lgp_view note,
                                                 const struct lgp_verifier *verifiers, size_t count,
                                                 struct lgp_checkpoint *out);
/* Parses without any check of signatures; for what is only to be compared.
 * origin: borrowed from note, may be NULL. */
LGP_MUST_USE enum lgp_status lgp_checkpoint_parse(struct lgp_view note, struct lgp_checkpoint *out,
                                                  struct lgp_view *origin);

/* The tlog-proof text.  checkpoint is the signed note verbatim.  Returns the
 * length; out holds at least 48 + 45 * count + checkpoint.len bytes. */
size_t lgp_receipt_format(uint64_t index, const struct lgp_proof *proof, struct lgp_view checkpoint,
                          char *out);

struct lgp_receipt {
	uint64_t index;
	struct lgp_proof proof;
	struct lgp_view checkpoint; /* borrowed from the text */
};

LGP_MUST_USE enum lgp_status lgp_receipt_parse(struct lgp_view text, struct lgp_receipt *out);
/* Checks everything that a receipt claims: the checkpoint's signatures, and
 * that leaf is at the receipt's index under its root.  checkpoint may be NULL.
 * LGP_MALFORMED, LGP_INVALID; lgp_fault_detail() says which step failed. */
LGP_MUST_USE enum lgp_status lgp_receipt_verify(struct lgp_view text, struct lgp_view leaf,
                                                const struct lgp_verifier *verifiers, size_t count,
                                                uint64_t *index, struct lgp_checkpoint *checkpoint);

#endif
