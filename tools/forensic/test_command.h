/* test_command: `test FILE.csv`: the tests on spending that need rows alone, over
 * any file of separated values.
 * Thread: one. */
#ifndef LAGNIAPPE_FORENSIC_TEST_COMMAND_H
#define LAGNIAPPE_FORENSIC_TEST_COMMAND_H

#include <stdio.h>

/* words: what stands behind the command's name.
 * 0 clean, 1 findings, 2 could not run (said on stderr). */
int test_command(int count, char *const *words);
/* Lists its options and its tests. */
void test_help(FILE *out);

#endif
