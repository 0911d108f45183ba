/* sample: entries drawn for an auditor to look at, so that anybody can draw the
 * same ones again.
 * Thread: one at a time.
 *
 * Numbers come from SHA-256 (FIPS 180-4) and a seed that is printed: number i is the
 * first 8 bytes, big-endian, of SHA-256("lagniappe-sample:SEED:i"), i in decimal
 * from 0.  A number below n: those at or above the greatest multiple of n that 64
 * bits hold are passed over, the remainder by n of the first other one is taken. */
#ifndef LAGNIAPPE_FORENSIC_SAMPLE_H
#define LAGNIAPPE_FORENSIC_SAMPLE_H

#include <stdio.h>

#include "tools/audit/merkle.h"
#include "tools/forensic/ledger_command.h"

#define SAMPLE_SEED_MAX 64     /* characters */
#define SAMPLE_SIZE_MAX 100000 /* items of one sample */
#define SAMPLE_APART_MAX 1000  /* items set apart that are listed; more are counted */
#define SAMPLE_ERROR_MAX 256

__extension__ typedef __int128 sample_sum;

struct drawer {
	char seed[SAMPLE_SEED_MAX + 1];
	uint64_t next; /* the number that is drawn next */
};

/* A seed is 1 to SAMPLE_SEED_MAX letters, digits, '.', '_', '-'. */
LGP_MUST_USE bool drawer_init(struct drawer *drawer, const char *seed);
uint64_t drawer_number(struct drawer *drawer);
/* Evenly spread from 0 to bound - 1.  bound is not 0. */
uint64_t drawer_below(struct drawer *drawer, uint64_t bound);

/* Monetary-unit sampling, systematic: the population's minor units stand in a row,
 * numbered from 0 to book - 1; hit k falls on unit (start + k * book) / size,
 * rounded down, for k from 0 to size - 1, start drawn below book.  Each unit is hit
 * with the same chance, exactly size / book; the interval is book / size. */
struct mus {
	uint64_t book, size, start;
	uint64_t walked; /* units of the items that were offered */
	uint64_t hits;
};

/* 1 <= size <= book. */
void mus_init(struct mus *mus, uint64_t book, uint64_t size, uint64_t start);
/* The next item of the population, in its order: how many hits fall on it. */
uint64_t mus_hits(struct mus *mus, uint64_t amount);
/* Whether an item is at or above the interval, and so is hit whatever the start. */
bool mus_whole(const struct mus *mus, uint64_t amount);

/* Attribute sampling: simple random, without replacement: numbers below population
 * in the order drawn, those that were drawn before passed over.
 * out: room for size, which is at most population.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status attribute_draw(struct drawer *drawer, uint64_t population, size_t size,
                                            uint64_t *out);

/* ---- one sample ------------------------------------------------------------------------ */

enum sample_kinds { SAMPLE_GRANTS, SAMPLE_IMPORTS, SAMPLE_ALL };

struct sample_item {
	uint64_t order; /* of an attribute sample: which draw, from 1 */
	uint64_t place; /* in the population, from 0 */
	uint64_t hits;  /* of a sample by monetary units */
	bool whole;
	int64_t cumulative;  /* minor units up to and with it */
	sample_sum reversed; /* minor units taken back, up to the population's last entry */
	struct lgp_entry entry;
};

struct sample_apart {
	uint64_t seq;
	int32_t date;
	int64_t value;
};

struct sample {
	struct ledger_command command;
	bool mus;
	enum sample_kinds kinds;
	uint64_t size; /* asked for */
	uint64_t last; /* entry of the population */
	struct drawer drawer;
	/* The population. */
	struct merkle tree;
	uint64_t count, unit;
	bool units;      /* there are several */
	sample_sum book; /* minor units of what is above 0 */
	uint64_t apart_count;
	sample_sum apart_value;
	struct sample_apart apart[SAMPLE_APART_MAX];
	/* The draw. */
	struct mus draw;
	struct sample_place *places; /* owned; of an attribute sample, in their order */
	uint64_t seen;
	struct sample_item *items; /* owned */
	size_t item_count, item_room;
	char error[SAMPLE_ERROR_MAX];
};

/* What an entry is worth: an import that goes back to its budget is a refund. */
int64_t sample_value(const struct lgp_entry *entry);
/* How it was drawn, the items, and what was set apart (sample_tell.c). */
void sample_tell(const struct sample *sample, struct document *document);
extern const char *const sample_kinds_text[];

/* ---- the command ----------------------------------------------------------------------- */

/* words: what stands behind the command's name: LEDGER and options.
 * 0 drawn, 2 could not run (said on stderr). */
int sample_command(int count, char *const *words);
/* Lists its options. */
void sample_help(FILE *out);

#endif
