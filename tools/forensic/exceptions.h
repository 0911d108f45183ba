/* exceptions: what in a ledger deserves a question: the tests on rows of spending
 * (tests.h) and the tests that need a ledger (ledger_tests.h), one unit at a time.
 * Thread: one.
 *
 * A finding is no proof of a wrong: each is a question with its entries. */
#ifndef LAGNIAPPE_FORENSIC_EXCEPTIONS_H
#define LAGNIAPPE_FORENSIC_EXCEPTIONS_H

#include <stdio.h>

/* words: what stands behind the command's name: LEDGER, which the word "exceptions"
 * may follow, and options in any order.
 * 0 clean, 1 findings, 2 could not run (said on stderr). */
int exceptions_command(int count, char *const *words);
/* Lists its options. */
void exceptions_help(FILE *out);

#endif
