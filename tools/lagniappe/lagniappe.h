/* lagniappe: what the files of the client and administration tool share.
 * Thread: the tool has one.
 *
 * Glossary.  A command is a row of the table in main.c: noun, verb, and either
 * the call that it makes or a function of its own.  A session is one run. */
#ifndef LAGNIAPPE_TOOLS_LAGNIAPPE_H
#define LAGNIAPPE_TOOLS_LAGNIAPPE_H

#include "lagniappe/noun.h"
#include "tools/common/options.h"
#include "tools/lagniappe/client.h"

#define DEFAULT_URL "http://127.0.0.1:8080"

/* What the tool exits with. */
enum outcome {
	DONE = 0,
	REFUSED = 1, /* the server, or a check, said no */
	TROUBLE = 2, /* it could not run: the command line, the connection, a file */
};

/* What an option becomes (struct option_row.tag). */
enum field_tag {
	TAG_NONE,    /* the command's own business */
	TAG_TEXT,    /* a JSON string */
	TAG_INTEGER, /* a JSON integer */
	TAG_AMOUNT,  /* minor units; "12.50" where the unit's scale can be asked for */
	TAG_LIST,    /* an element of a JSON array */
	TAG_QUERY,   /* a parameter of the address */
	TAG_SCOPE,   /* a JSON string in the object "scope" */
};

struct session;

/* How the answer is shown to people. */
typedef bool (*print_answer)(struct session *session, json_t *answer);

struct command {
	const char *noun, *verb; /* verb NULL: the noun is all */
	const char *arguments; /* "ID": a word behind the verb; "[ID]": may be left out; "" none */
	const char *help;
	/* A call: the path's {} are the arguments. */
	const char *method, *path;
	print_answer print;               /* NULL: the body as it is */
	const char *columns;              /* of a list: "seq,kind"; NULL: all that there are */
	enum lgp_kind kind;               /* its options are the noun's fields; 0 none */
	const struct option_row *options; /* NULL: none */
	/* Or a function of its own; online: it needs session->client. */
	enum outcome (*run)(struct session *session);
	bool online;
};

#define UNITS_CACHED_MAX 32
#define SCALE_UNKNOWN (-1)

struct session {
	const struct command *command;
	struct options options;
	struct option_row noun_rows[LGP_NOUN_FIELDS_MAX + 2];
	struct client *client; /* NULL for what works offline */
	bool json, dry_run;
	struct {
		char code[LGP_SLUG_MAX + 1];
		int scale;
	} units[UNITS_CACHED_MAX];
	size_t unit_count;
};

/* call.c: the commands that are one call. */
enum outcome call_run(struct session *session);
/* Fills session->noun_rows from the noun's table. */
void call_noun_options(struct session *session);
/* The options as a body; NULL: a value is not of its form, which was said. */
json_t *call_body(struct session *session);

/* unit.c: the decimal places of a unit, asked from the server once;
 * SCALE_UNKNOWN: the server would not say. */
int unit_scale(struct session *session, const char *code);

/* print.c */
bool print_object(struct session *session, json_t *answer);
bool print_list(struct session *session, json_t *answer);
/* Rows as a table: those columns, or all that there are when NULL. */
bool print_rows(struct session *session, const json_t *list, const char *columns);
bool print_headroom(struct session *session, json_t *answer);
/* Title, detail and what else it holds, on standard error; amounts in their unit,
 * which is asked for, where there is a session. */
void print_refusal(struct session *session, const struct reply *reply);
void print_problem(const struct reply *reply);
/* Rows that do not say it themselves are told the unit of their amounts.  False: no memory. */
bool print_lend_unit(json_t *rows, const char *unit);
void __attribute__((format(printf, 1, 2))) complain(const char *format, ...);

/* What works without a server, and what is more than a call. */
enum outcome init_run(struct session *session);
enum outcome receipt_run(struct session *session);
enum outcome import_spend_run(struct session *session);
enum outcome limits_explain_run(struct session *session);
enum outcome limits_apply_run(struct session *session);
extern const struct option_row init_options[], receipt_options[], import_options[], apply_options[];
extern const char apply_form[]; /* what limits apply reads, for its help */

#endif
