/* tlog_fixture: what the tests of trees, notes and receipts share: the vectors
 * of tests/vectors, and RFC 6962's own recursive definitions, written down as
 * they stand there so that the ledger's loops have something to agree with. */
#ifndef TESTS_UNIT_TLOG_FIXTURE_H
#define TESTS_UNIT_TLOG_FIXTURE_H

#include "lagniappe/note.h"

#define VECTOR_LEAF_MAX 96
#define FIXTURE_FILE_MAX 32768

/* Bytes of a file, and a NUL behind them. */
struct fixture_file {
	size_t len;
	char bytes[FIXTURE_FILE_MAX];
};
/* path: below tests/vectors.  The test fails when it cannot be read; the view
 * is borrowed from file. */
struct lgp_view fixture_read(struct fixture_file *file, const char *path);
/* The verifier key in a file of one line. */
struct lgp_verifier fixture_verifier(const char *path);

/* Leaf i of the vectors; returns its length. */
size_t vector_leaf(uint64_t i, char out[VECTOR_LEAF_MAX]);
/* The hashes of the first n leaves. */
void vector_leaf_hashes(struct lgp_hash *out, size_t n);

/* RFC 6962 section 2.1, 2.1.1 and 2.1.2, over leaf hashes. */
void rfc_root(const struct lgp_hash *leaves, size_t n, struct lgp_hash *out);
void rfc_path(const struct lgp_hash *leaves, size_t m, size_t n, struct lgp_proof *out);
void rfc_consistency(const struct lgp_hash *leaves, size_t m, size_t n, struct lgp_proof *out);

/* A source of nodes over an array of leaf hashes; refuses with LGP_CORRUPT what
 * is not a complete node of it. */
struct rfc_nodes {
	const struct lgp_hash *leaves;
	size_t count;
};
struct lgp_node_source rfc_source(struct rfc_nodes *nodes);

void assert_same_hash(const struct lgp_hash *a, const struct lgp_hash *b);
void assert_same_proof(const struct lgp_proof *a, const struct lgp_proof *b);

/* xorshift64*: the same numbers in every run. */
uint64_t fixture_random(uint64_t *state);

#endif
