/* trust: what the audit takes as given: keys, and checkpoints known before.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_AUDIT_TRUST_H
#define LAGNIAPPE_AUDIT_TRUST_H

#include "lagniappe/note.h"
#include "tools/audit/finding.h"
#include "tools/audit/source.h"

#define TRUST_KEYS_MAX 16

/* A checkpoint that the ledger must contain. */
struct anchor {
	const char *name; /* "saved checkpoint", for messages; NULL: there is none */
	enum rule signature, root, behind;
	struct lgp_checkpoint checkpoint;
	bool contained;
};

struct trust {
	struct lgp_verifier keys[TRUST_KEYS_MAX]; /* [0]: the log's own, of its name */
	size_t key_count;                         /* 0: no signature can be checked */
	bool key_given;                           /* by the auditor, not by the ledger */
	char origin[LGP_ORIGIN_MAX + 1];          /* as the ledger says; "" unknown */
	struct anchor since, high_water;
	struct anchor state; /* state.mdb's position */
};

/* Adds a key: its text, or a file that holds it.  LGP_MALFORMED, LGP_IO, LGP_MISSING. */
LGP_MUST_USE enum lgp_status trust_add_key(struct trust *trust, const char *text);
/* After the keys: what the ledger says of itself, against them.
 * LGP_FORMAT: a ledger of another format. */
LGP_MUST_USE enum lgp_status trust_read_meta(struct trust *trust, struct source *source,
                                             struct findings *findings);
/* After the keys: the checkpoint that the auditor saved. LGP_MALFORMED, …: cannot be read. */
LGP_MUST_USE enum lgp_status trust_read_since(struct trust *trust, const char *path,
                                              struct findings *findings);
/* The data directory's own; call it before the ledger's size is fixed. */
void trust_read_high_water(struct trust *trust, struct source *source, struct findings *findings);

enum signature_is {
	SIGNATURE_HOLDS,
	SIGNATURE_UNCHECKED,  /* there is no key */
	SIGNATURE_OF_ANOTHER, /* it names a key that is not known */
	SIGNATURE_BROKEN,
};
/* Any thread. */
enum signature_is trust_check(const struct trust *trust, const struct stored_checkpoint *stored);
/* Finds what is wrong with it. */
void trust_tell(const struct trust *trust, const struct stored_checkpoint *stored,
                enum signature_is is, struct findings *findings);
/* Writes the checkpoint as a signed note: all of it or nothing. */
LGP_MUST_USE enum lgp_status trust_save(const struct trust *trust,
                                        const struct stored_checkpoint *stored, const char *path);

#endif
