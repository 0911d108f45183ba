/* hash: SHA-256 by OpenSSL, keyed BLAKE2b by libsodium.
 * Thread: any.
 * Sources: FIPS 180-4, RFC 6962 section 2.1, RFC 7693. */
#define OPENSSL_SUPPRESS_DEPRECATED /* see lgp_hash_sha256 */
#include "lagniappe/hash.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

/* Inputs up to here are copied behind their prefix, because one update of both
 * is cheaper than two: an entry (256 bytes) and a node (64) fit. */
#define LEAF_COPY_MAX 512

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

/* Lets libsodium choose the code for this processor. */
static void prepare(void)
{
	require(sodium_init() >= 0);
}

bool lgp_hash_equal(const struct lgp_hash *a, const struct lgp_hash *b)
{
	return memcmp(a->bytes, b->bytes, LGP_HASH_LEN) == 0;
}

/* OpenSSL would have everybody call EVP, which fetches, allocates and frees for
 * each message: of an entry and its node that is a fourth of the time.  Both
 * run the same code for this processor. */
void lgp_hash_sha256(const void *bytes, size_t len, struct lgp_hash *out)
{
	SHA256_CTX context;
	require(SHA256_Init(&context) == 1 && SHA256_Update(&context, bytes, len) == 1 &&
	        SHA256_Final(out->bytes, &context) == 1);
}

void lgp_hash_leaf(const void *entry, size_t len, struct lgp_hash *out)
{
	uint8_t input[1 + LEAF_COPY_MAX];
	input[0] = 0x00;
	if (len <= LEAF_COPY_MAX) {
		if (len > 0)
			memcpy(input + 1, entry, len);
		lgp_hash_sha256(input, 1 + len, out);
		return;
	}
	SHA256_CTX context;
	require(SHA256_Init(&context) == 1 && SHA256_Update(&context, input, 1) == 1 &&
	        SHA256_Update(&context, entry, len) == 1 &&
	        SHA256_Final(out->bytes, &context) == 1);
}

void lgp_hash_node(const struct lgp_hash *left, const struct lgp_hash *right, struct lgp_hash *out)
{
	uint8_t input[1 + 2 * LGP_HASH_LEN];
	input[0] = 0x01;
	memcpy(input + 1, left->bytes, LGP_HASH_LEN);
	memcpy(input + 1 + LGP_HASH_LEN, right->bytes, LGP_HASH_LEN);
	lgp_hash_sha256(input, sizeof(input), out);
}

static void mac(const uint8_t key[LGP_KEY_LEN], enum lgp_mac_domain domain,
                const struct lgp_view *parts, size_t count, uint8_t *out, size_t out_len)
{
	require(pthread_once(&prepared, prepare) == 0);
	crypto_generichash_state state;
	require(crypto_generichash_init(&state, key, LGP_KEY_LEN, out_len) == 0);
	uint8_t prefix[1 + 8] = {(uint8_t)domain};
	size_t prefix_len = 1;
	for (size_t i = 0; i < count; i++) {
		lgp_put_le(prefix + prefix_len, parts[i].len, 8);
		prefix_len += 8;
		crypto_generichash_update(&state, prefix, prefix_len);
		crypto_generichash_update(&state, (const uint8_t *)parts[i].ptr, parts[i].len);
		prefix_len = 0;
	}
	crypto_generichash_update(&state, prefix, prefix_len);
	require(crypto_generichash_final(&state, out, out_len) == 0);
	sodium_memzero(&state, sizeof(state));
}

void lgp_mac(const uint8_t key[LGP_KEY_LEN], enum lgp_mac_domain domain,
             const struct lgp_view *parts, size_t count, uint8_t out[LGP_MAC_LEN])
{
	mac(key, domain, parts, count, out, LGP_MAC_LEN);
}

void lgp_commit(const uint8_t key[LGP_KEY_LEN], struct lgp_view words, struct lgp_hash *out)
{
	mac(key, LGP_MAC_PERSONAL, &words, 1, out->bytes, LGP_HASH_LEN);
}

/* ---- a digest in parts ----------------------------------------------------- */

struct lgp_digest {
	SHA256_CTX context;
};

struct lgp_digest *lgp_digest_begin(void)
{
	struct lgp_digest *digest = malloc(sizeof *digest);
	if (digest != NULL)
		require(SHA256_Init(&digest->context) == 1);
	return digest;
}

void lgp_digest_add(struct lgp_digest *digest, const void *bytes, size_t len)
{
	require(SHA256_Update(&digest->context, bytes, len) == 1);
}

void lgp_digest_end(struct lgp_digest *digest, struct lgp_hash *out)
{
	require(SHA256_Final(out->bytes, &digest->context) == 1);
	free(digest);
}
