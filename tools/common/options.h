/* options: a command line read by tables.
 * Thread: any.  Nothing is copied: what is handed out points into argv. */
#ifndef LAGNIAPPE_TOOLS_OPTIONS_H
#define LAGNIAPPE_TOOLS_OPTIONS_H

#include "lagniappe/status.h"

#include <stdio.h>

#define OPTIONS_GIVEN_MAX 128 /* options on one command line */
#define OPTIONS_TABLES_MAX 4  /* tables that one command reads by */
#define ARGUMENTS_MAX 8       /* words that are no option */

enum option_rule {
	OPTION_REQUIRED = 1 << 0,
	OPTION_REPEATED = 1 << 1, /* may be given several times: a list */
};

/* A table ends with a row whose name is NULL.  In names '-' and '_' are one. */
struct option_row {
	const char *name;  /* without the leading "--" */
	const char *value; /* what stands behind it, "DIR"; NULL: a flag */
	unsigned rules;
	unsigned tag; /* the program's own */
	const char *help;
};

struct options {
	const struct option_row *tables[OPTIONS_TABLES_MAX];
	size_t table_count;
	struct {
		const struct option_row *row;
		const char *text; /* "" for a flag */
	} given[OPTIONS_GIVEN_MAX];
	size_t given_count;
	const char *arguments[ARGUMENTS_MAX];
	size_t argument_count;
	char error[256]; /* what is wrong with the line, as a sentence */
};

/* Empties it. */
void options_init(struct options *options);
/* Adds a table to read by; at most OPTIONS_TABLES_MAX. */
void options_table(struct options *options, const struct option_row *rows);
/* Reads "--name value", "--name=value", "--flag" and arguments, in any order;
 * behind "--" all are arguments.  Says nothing about required ones.
 * False: options->error says why. */
LGP_MUST_USE bool options_parse(struct options *options, int count, char *const *words);
/* False: a required option is missing; options->error names it. */
LGP_MUST_USE bool options_complete(struct options *options);

/* The value, NULL when it was not given; of several the last. */
const char *options_get(const struct options *options, const char *name);
bool options_flag(const struct options *options, const char *name);
/* The value, else that of the environment's variable, else the default. */
const char *options_or(const struct options *options, const char *name, const char *variable,
                       const char *otherwise);

/* Lists a table's rows for people. */
void options_help(const struct option_row *rows, FILE *out);

#endif
