/* hash: SHA-256 by OpenSSL, keyed BLAKE2b by libsodium.
 * Thread: any; each thread keeps one digest context, freed when it ends.
 * Sources: FIPS 180-4, RFC 6962 section 2.1, RFC 7693. */
#include "lagniappe/hash.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

/* Inputs up to here are copied behind their prefix, because one Update of both
 * is cheaper than two: an entry (256 bytes) and a node (64) fit. */
#define LEAF_COPY_MAX 512

/* Fetched once: looking an algorithm up costs more than a node's hash. */
static EVP_MD *sha256;
static pthread_key_t context_key;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_context;

static void context_free(void *context)
{
	EVP_MD_CTX_free(context);
}

static void prepare(void)
{
	/* Lets libsodium choose the code for this processor. */
	require(sodium_init() >= 0);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	require(sha256 != NULL);
	require(pthread_key_create(&context_key, context_free) == 0);
}

static EVP_MD_CTX *context_new(void)
{
	require(pthread_once(&prepared, prepare) == 0);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	require(context != NULL);
	require(EVP_DigestInit_ex2(context, sha256, NULL) == 1);
	require(pthread_setspecific(context_key, context) == 0);
	thread_context = context;
	return context;
}

/* A context that has just begun a digest.  One that stands ready costs nothing
 * to begin: digest_end leaves it so. */
static EVP_MD_CTX *digest_begin(void)
{
	return thread_context != NULL ? thread_context : context_new();
}

static void digest_add(EVP_MD_CTX *context, const void *bytes, size_t len)
{
	require(EVP_DigestUpdate(context, bytes, len) == 1);
}

static void digest_end(EVP_MD_CTX *context, struct lgp_hash *out)
{
	unsigned len = 0;
	require(EVP_DigestFinal_ex(context, out->bytes, &len) == 1 && len == LGP_HASH_LEN);
	require(EVP_DigestInit_ex2(context, NULL, NULL) == 1);
}

bool lgp_hash_equal(const struct lgp_hash *a, const struct lgp_hash *b)
{
	return memcmp(a->bytes, b->bytes, LGP_HASH_LEN) == 0;
}

void lgp_hash_sha256(const void *bytes, size_t len, struct lgp_hash *out)
{
	EVP_MD_CTX *context = digest_begin();
	digest_add(context, bytes, len);
	digest_end(context, out);
}

void lgp_hash_leaf(const void *entry, size_t len, struct lgp_hash *out)
{
	uint8_t input[1 + LEAF_COPY_MAX];
	EVP_MD_CTX *context = digest_begin();
	input[0] = 0x00;
	if (len <= LEAF_COPY_MAX) {
		if (len > 0)
			memcpy(input + 1, entry, len);
		digest_add(context, input, 1 + len);
	} else {
		digest_add(context, input, 1);
		digest_add(context, entry, len);
	}
	digest_end(context, out);
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
	EVP_MD_CTX *context;
};

struct lgp_digest *lgp_digest_begin(void)
{
	struct lgp_digest *digest = malloc(sizeof *digest);
	require(pthread_once(&prepared, prepare) == 0);
	if (digest == NULL)
		return NULL;
	digest->context = EVP_MD_CTX_new();
	if (digest->context == NULL || EVP_DigestInit_ex2(digest->context, sha256, NULL) != 1) {
		EVP_MD_CTX_free(digest->context);
		free(digest);
		return NULL;
	}
	return digest;
}

void lgp_digest_add(struct lgp_digest *digest, const void *bytes, size_t len)
{
	digest_add(digest->context, bytes, len);
}

void lgp_digest_end(struct lgp_digest *digest, struct lgp_hash *out)
{
	digest_end(digest->context, out);
	EVP_MD_CTX_free(digest->context);
	free(digest);
}
