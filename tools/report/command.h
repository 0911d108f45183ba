/* command: lagniappe-audit report.
 * Thread: one. */
#ifndef LAGNIAPPE_REPORT_COMMAND_H
#define LAGNIAPPE_REPORT_COMMAND_H

#include <stdio.h>

/* words: what stands behind the command's name: LEDGER, NAME and options.
 * 0; 2: could not run, which is said on stderr; 1: findings, of exceptions alone. */
int report_command(int count, char *const *words);
/* Lists the reports and the options. */
void report_help(FILE *out);

#endif
