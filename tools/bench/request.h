/* request: what is sent.  A request is built once a connection; what differs from
 * one to the next has slots of a fixed width, and is written into its bytes.
 * Thread: the generator's one. */
#ifndef LAGNIAPPE_BENCH_REQUEST_H
#define LAGNIAPPE_BENCH_REQUEST_H

#include "tools/bench/programme.h"
#include "tools/bench/random.h"

#define REQUEST_KEY_LEN 32 /* hexadecimal digits */
#define BATCH_LINES_MAX 8192

enum mode_kind {
	MODE_GRANT,
	MODE_MINIMAL,
	MODE_BATCH,
	MODE_BALANCE,
	MODE_ECHO,
	MODE_CUSTOMER, /* registers customers; of --setup alone */
};

struct mode {
	enum mode_kind kind;
	unsigned lines; /* grants a request; 1 save for batches */
};

/* "grant", "minimal", "batch:N", "balance", "echo".  False: none of them. */
LGP_MUST_USE bool mode_parse(const char *text, struct mode *out);

/* Where slots are in the bytes. */
struct slots {
	size_t *at; /* owned */
	size_t count;
};

struct request {
	char *bytes; /* owned */
	size_t len;
	struct slots keys, customers;
	/* Of a batch: lines of one length from body_at on. */
	size_t length_at, body_at, line_len;
	unsigned lines, lines_all;
};

/* False: memory ran out. */
LGP_MUST_USE bool request_build(struct request *request, const struct mode *mode,
                                const char *authority, const char *token);
void request_deinit(struct request *request);
/* All lines, new keys, other customers. */
void request_fill(struct request *request, const struct programme *programme,
                  struct random_source *random);
/* Of a batch: its line `from`, as it is, becomes its line `to`, which is not behind it. */
void request_move_line(struct request *request, unsigned from, unsigned to);
/* Leaves the first so many lines of a batch, until it is filled again. */
void request_cut(struct request *request, unsigned lines);

#endif
