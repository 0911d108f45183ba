/* tlog_fixture: see the header.  Thread: a test's own. */
#include "tlog_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct lgp_view fixture_read(struct fixture_file *file, const char *path)
{
	char name[256];
	(void)snprintf(name, sizeof(name), "tests/vectors/%s", path);
	FILE *in = fopen(name, "rb");
	if (in == NULL)
		fail_msg("%s cannot be read; tests run in the project's root", name);
	file->len = fread(file->bytes, 1, sizeof(file->bytes), in);
	assert_int_equal(fclose(in), 0);
	assert_true(file->len < sizeof(file->bytes));
	file->bytes[file->len] = '\0';
	return (struct lgp_view){file->bytes, file->len};
}

struct lgp_verifier fixture_verifier(const char *path)
{
	struct fixture_file file;
	struct lgp_verifier verifier;
	struct lgp_view text = fixture_read(&file, path);
	assert_true(text.len > 0 && text.ptr[text.len - 1] == '\n');
	text.len--;
	assert_int_equal(lgp_vkey_parse(text, &verifier), LGP_OK);
	return verifier;
}

size_t vector_leaf(uint64_t i, char out[VECTOR_LEAF_MAX])
{
	unsigned long long n = i;
	int len = snprintf(out, VECTOR_LEAF_MAX,
	                   "{\"v\":1,\"seq\":%llu,\"grant\":\"g-%06llu\",\"amount\":\"%llu\"}", n,
	                   n, 10 * n);
	assert_in_range(len, 1, VECTOR_LEAF_MAX - 1);
	return (size_t)len;
}

void vector_leaf_hashes(struct lgp_hash *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char leaf[VECTOR_LEAF_MAX];
		size_t len = vector_leaf(i, leaf);
		lgp_hash_leaf(leaf, len, &out[i]);
	}
}

static size_t largest_power_below(size_t n)
{
	size_t k = 1;
	while (2 * k < n)
		k *= 2;
	return k;
}

void rfc_root(const struct lgp_hash *leaves, size_t n, struct lgp_hash *out)
{
	struct lgp_hash left, right;
	if (n == 0) {
		lgp_hash_sha256("", 0, out);
	} else if (n == 1) {
		*out = leaves[0];
	} else {
		size_t k = largest_power_below(n);
		rfc_root(leaves, k, &left);
		rfc_root(leaves + k, n - k, &right);
		lgp_hash_node(&left, &right, out);
	}
}

static void append_root(struct lgp_proof *out, const struct lgp_hash *leaves, size_t n)
{
	assert_true(out->count < LGP_PROOF_MAX);
	rfc_root(leaves, n, &out->hash[out->count++]);
}

void rfc_path(const struct lgp_hash *leaves, size_t m, size_t n, struct lgp_proof *out)
{
	if (n == 1) {
		out->count = 0;
		return;
	}
	size_t k = largest_power_below(n);
	if (m < k) {
		rfc_path(leaves, m, k, out);
		append_root(out, leaves + k, n - k);
	} else {
		rfc_path(leaves + k, m - k, n - k, out);
		append_root(out, leaves, k);
	}
}

static void subproof(const struct lgp_hash *leaves, size_t m, size_t n, bool known,
                     struct lgp_proof *out)
{
	if (m == n) {
		if (!known)
			append_root(out, leaves, n);
		return;
	}
	size_t k = largest_power_below(n);
	if (m <= k) {
		subproof(leaves, m, k, known, out);
		append_root(out, leaves + k, n - k);
	} else {
		subproof(leaves + k, m - k, n - k, false, out);
		append_root(out, leaves, k);
	}
}

void rfc_consistency(const struct lgp_hash *leaves, size_t m, size_t n, struct lgp_proof *out)
{
	out->count = 0;
	if (m > 0)
		subproof(leaves, m, n, true, out);
}

static enum lgp_status rfc_node(void *context, unsigned level, uint64_t index, struct lgp_hash *out)
{
	const struct rfc_nodes *nodes = context;
	if (level >= 32 || (index + 1) << level > nodes->count)
		return lgp_fault(LGP_CORRUPT, "no node %u/%llu", level, (unsigned long long)index);
	rfc_root(nodes->leaves + (index << level), (size_t)1 << level, out);
	return LGP_OK;
}

struct lgp_node_source rfc_source(struct rfc_nodes *nodes)
{
	return (struct lgp_node_source){.node = rfc_node, .context = nodes};
}

void assert_same_hash(const struct lgp_hash *a, const struct lgp_hash *b)
{
	assert_memory_equal(a->bytes, b->bytes, LGP_HASH_LEN);
}

void assert_same_proof(const struct lgp_proof *a, const struct lgp_proof *b)
{
	assert_int_equal(a->count, b->count);
	for (unsigned i = 0; i < a->count; i++)
		assert_same_hash(&a->hash[i], &b->hash[i]);
}

uint64_t fixture_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}
