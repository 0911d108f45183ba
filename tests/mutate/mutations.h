/* mutations: the smallest damages that break one rule each.
 * Thread: one. */
#ifndef LAGNIAPPE_TESTS_MUTATE_MUTATIONS_H
#define LAGNIAPPE_TESTS_MUTATE_MUTATIONS_H

#include "builder.h"

#define MUTATION_COUNT 4400 /* entries of the good ledger: two strips of tile level 1 */

/* A ledger is built, forged before it is hashed and signed, written, damaged in
 * its file, and audited. */
struct mutation {
	const char *name;   /* a sentence */
	const char *expect; /* the rules that findings must name, all and no others */
	void (*forge)(struct build *build); /* NULL: nothing is forged */
	void (*damage)(const char *dir);    /* NULL: nothing is damaged */
	const char *options;                /* NULL: the right --key; "%D" is the directory */
};

extern const struct mutation damages[], forgeries[], decisions[], standings[];
extern const size_t damage_count, forgery_count, decision_count, standing_count;

#endif
