/* programme: who grants and who is granted to: staff's tokens and customers' ids,
 * made by --setup or read from a file.
 * Thread: the generator's one. */
#ifndef LAGNIAPPE_BENCH_PROGRAMME_H
#define LAGNIAPPE_BENCH_PROGRAMME_H

#include "lagniappe/datadir.h"
#include "tools/bench/wire.h"

#define TOKEN_MAX 127
#define TOKENS_MAX 1024
#define CUSTOMERS_MAX 10000000

/* What is registered, by the names that requests use. */
#define PROGRAMME_UNIT "EUR"
#define PROGRAMME_REASON "bench"
#define PROGRAMME_AMOUNT 25

struct programme {
	char (*tokens)[TOKEN_MAX + 1];          /* owned */
	char (*customers)[LGP_CUSTOMER_ID_LEN]; /* owned */
	size_t token_count, token_room, customer_count, customer_room;
};

void programme_deinit(struct programme *programme);
/* False: too many, not of the form, or memory ran out. */
LGP_MUST_USE bool programme_add_token(struct programme *programme, struct lgp_view token);
LGP_MUST_USE bool programme_add_customer(struct programme *programme, struct lgp_view id);
/* Ids and a token of the form that nobody gave out, for a server that does not look. */
LGP_MUST_USE bool programme_make_up(struct programme *programme);

/* Lines "token T" and "customer ID"; the file is its owner's alone (0600).
 * False: error says why. */
LGP_MUST_USE bool programme_read(struct programme *programme, const char *path,
                                 char error[ERROR_MAX]);
LGP_MUST_USE bool programme_write(const struct programme *programme, const char *path,
                                  char error[ERROR_MAX]);

struct programme_setup {
	const char *admin_token, *finance_token;
	unsigned staff, customers, connections;
};
/* Registers a unit, a site, a budget with a large allotment, a reason, staff with a
 * token each, and customers, by many connections.  What is registered already is
 * used as it is.  False: error says why. */
LGP_MUST_USE bool programme_set_up(struct programme *programme, const struct target *target,
                                   const struct programme_setup *setup, char error[ERROR_MAX]);

#endif
