/* hash: the digests that the ledger is bound with.
 * Thread: any. */
#ifndef LAGNIAPPE_HASH_H
#define LAGNIAPPE_HASH_H

#include "lagniappe/status.h"

#define LGP_HASH_LEN 32
#define LGP_MAC_LEN 16
#define LGP_KEY_LEN 32

struct lgp_hash {
	uint8_t bytes[LGP_HASH_LEN];
};

bool lgp_hash_equal(const struct lgp_hash *a, const struct lgp_hash *b);

/* SHA-256 (FIPS 180-4) of the bytes as they are. */
void lgp_hash_sha256(const void *bytes, size_t len, struct lgp_hash *out);
/* The same over many parts.  begin: NULL when memory runs out; end frees. */
struct lgp_digest;
struct lgp_digest *lgp_digest_begin(void);
void lgp_digest_add(struct lgp_digest *digest, const void *bytes, size_t len);
void lgp_digest_end(struct lgp_digest *digest, struct lgp_hash *out);
/* RFC 6962 section 2.1: H(00 || entry) and H(01 || left || right).  out may be
 * left or right. */
void lgp_hash_leaf(const void *entry, size_t len, struct lgp_hash *out);
void lgp_hash_node(const struct lgp_hash *left, const struct lgp_hash *right, struct lgp_hash *out);

/* Keyed BLAKE2b (RFC 7693), 16 bytes out, over a domain byte, then each part
 * preceded by its length as 8 bytes little-endian, so that parts cannot run
 * into each other and uses cannot be confused. */
enum lgp_mac_domain {
	LGP_MAC_IDEMPOTENCY_KEY = 1, /* parts: subject's number (8 bytes LE), the key */
	LGP_MAC_BODY = 2,            /* parts: method, path, body */
	LGP_MAC_REFERENCE = 3,       /* parts: the customer's reference */
	LGP_MAC_PARTY = 4,           /* parts: the party's text in an import */
	LGP_MAC_PERSONAL = 5,        /* under a person's key; parts: what was said */
	LGP_MAC_CUSTOMER_ID =
	        6,          /* parts: a label; the key that customer ids are enciphered under */
	LGP_MAC_TABLES = 7, /* no parts: the seed of the tables in memory */
};
void lgp_mac(const uint8_t key[LGP_KEY_LEN], enum lgp_mac_domain domain,
             const struct lgp_view *parts, size_t count, uint8_t out[LGP_MAC_LEN]);
/* The same construction, 32 bytes out: a commitment to words. */
void lgp_commit(const uint8_t key[LGP_KEY_LEN], struct lgp_view words, struct lgp_hash *out);

#endif
