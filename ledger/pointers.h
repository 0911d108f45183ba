/* pointers: pointers by numbers, in one open-addressed table: a hit is one cache
 * miss.  For what is found by its number all day: nouns, limits.
 * Thread: one at a time; several may look while none puts. */
#ifndef LAGNIAPPE_LEDGER_POINTERS_H
#define LAGNIAPPE_LEDGER_POINTERS_H

#include "lagniappe/status.h"

struct pointers;

/* NULL: no memory. */
struct pointers *pointers_new(void);
void pointers_free(struct pointers *pointers);
/* NULL: there is none. */
void *pointers_get(const struct pointers *pointers, uint64_t number);
/* Puts or replaces; pointer is not NULL.  False: no memory. */
LGP_MUST_USE bool pointers_put(struct pointers *pointers, uint64_t number, void *pointer);
/* Calls act with each pointer, in no order. */
void pointers_each(const struct pointers *pointers, void (*act)(void *pointer));

#endif
