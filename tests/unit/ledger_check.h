/* ledger_check: what must hold of any ledger, whatever happened to it. */
#ifndef LAGNIAPPE_TESTS_LEDGER_CHECK_H
#define LAGNIAPPE_TESTS_LEDGER_CHECK_H

#include "ledger_fixture.h"

/* Walks the whole log with plain sums of its own and asserts, by number:
 * I1 debits equal credits, per unit; I4 no floor is passed at any entry;
 * I7 each link names the party's entry before, and balances are the sums;
 * and that what readers are shown are these sums. */
void ledger_check_all(struct lgp_ledger *ledger);

/* The shell's cp, rm and the like, for files in a test's directory. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
