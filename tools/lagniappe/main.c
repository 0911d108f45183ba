/* lagniappe: the client and administration tool: its table of commands.
 * Thread: one.  Everything it does to a served ledger goes over HTTP; init
 * alone writes files, before there is a server. */
#include "tools/lagniappe/lagniappe.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row global_options[] = {
        {"url", "URL", 0, TAG_NONE, "the server; else LAGNIAPPE_URL, else " DEFAULT_URL},
        {"token", "TOKEN", 0, TAG_NONE,
         "who asks; better in LAGNIAPPE_TOKEN, where ps does not show it"},
        {"ca", "PEM", 0, TAG_NONE, "certificates to trust, else the system's"},
        {"json", NULL, 0, TAG_NONE, "the answer as it is, for programs"},
        {"help", NULL, 0, TAG_NONE, "this text, or a command's options"},
        {0},
};

/* What acts under a key can be tried; of what is set as a whole, a trial alone. */
static const struct option_row key_options[] = {
        {"key", "KEY", 0, TAG_NONE, "the Idempotency-Key; a random one when absent"},
        {"dry-run", NULL, 0, TAG_NONE, "say what would happen, write nothing"},
        {0},
};
#define DRY_OPTIONS (key_options + 1)

/* receipt verify takes the log's --key, so it does not take the other one. */
static const struct option_row offline_options[] = {
        {"json", NULL, 0, TAG_NONE, "the result for programs"},
        {"help", NULL, 0, TAG_NONE, "this text"},
        {0},
};

static const struct option_row page_options[] = {
        {"page-size", "N", 0, TAG_QUERY, "rows on a page, at most 1000"},
        {"page-token", "TOKEN", 0, TAG_QUERY, "where the page before said to go on"},
        {0},
};

static const struct option_row entries_options[] = {
        {"after", "SEQ", 0, TAG_QUERY, "those behind this one; from 0 when absent"},
        {"page-size", "N", 0, TAG_QUERY, "entries on a page, at most 1000"},
        {"page-token", "TOKEN", 0, TAG_QUERY, "where the page before said to go on"},
        {0},
};

static const struct option_row lookup_options[] = {
        {"reference", "TEXT", OPTION_REQUIRED, TAG_TEXT, "a loyalty number, a booking, an address"},
        {0},
};

static const struct option_row customer_options[] = {
        {"reference", "TEXT", 0, TAG_TEXT, "a loyalty number, a booking, an address"},
        {"name", "TEXT", 0, TAG_TEXT, "what the customer is called"},
        {"household", "ID", 0, TAG_TEXT,
         "an id for who lives together, not their name; update it by itself"},
        {0},
};

static const struct option_row allot_options[] = {
        {"amount", "AMOUNT", OPTION_REQUIRED, TAG_AMOUNT, "minor units; negative takes back"},
        {"unit", "CODE", 0, TAG_NONE, "the budget's unit, so that --amount may be 12.50"},
        {"note", "TEXT", 0, TAG_TEXT, "why"},
        {0},
};

static const struct option_row grant_options[] = {
        {"customer", "ID", OPTION_REQUIRED, TAG_TEXT, "who gets it: c-…"},
        {"amount", "AMOUNT", OPTION_REQUIRED, TAG_AMOUNT, "minor units, or with a point: 12.50"},
        {"unit", "CODE", OPTION_REQUIRED, TAG_TEXT, "of what"},
        {"reason", "ID", OPTION_REQUIRED, TAG_TEXT, "why"},
        {"budget", "ID", 0, TAG_TEXT, "from where, else the giver's own"},
        {"site", "ID", 0, TAG_TEXT, "at which site, else the giver's own"},
        {"staff", "ID", 0, TAG_TEXT, "in whose name, for an integration or finance"},
        {"incident", "ID", 0, TAG_TEXT, "which incident"},
        {"touchpoint", "ID", 0, TAG_TEXT, "where in the visit"},
        {"words", "TEXT", 0, TAG_TEXT, "what to say to the customer"},
        {"occurred-at", "TIME", 0, TAG_TEXT, "when it happened, RFC 3339 in UTC"},
        {"replaces", "SEQ", 0, TAG_INTEGER, "the grant that it stands for"},
        {"if-over", "refuse|ask", 0, TAG_TEXT, "above a limit"},
        {0},
};

static const struct option_row thank_options[] = {
        {"customer", "ID", OPTION_REQUIRED, TAG_TEXT, "whom: c-…"},
        {"reason", "ID", OPTION_REQUIRED, TAG_TEXT, "what for"},
        {"minutes", "N", 0, TAG_INTEGER, "time that was given"},
        {"touchpoint", "ID", 0, TAG_TEXT, "where in the visit"},
        {"incident", "ID", 0, TAG_TEXT, "which incident"},
        {"words", "TEXT", 0, TAG_TEXT, "what to say"},
        {0},
};

static const struct option_row reverse_options[] = {
        {"note", "TEXT", OPTION_REQUIRED, TAG_TEXT, "why"},
        {"amount", "AMOUNT", 0, TAG_AMOUNT, "a part of it, in minor units"},
        {"unit", "CODE", 0, TAG_NONE, "the entry's unit, so that --amount may be 12.50"},
        {0},
};

static const struct option_row if_match_options[] = {
        {"if-match", "VERSION", 0, TAG_NONE, "only while this version is in force"},
        {0},
};

static const struct option_row headroom_options[] = {
        {"customer", "ID", 0, TAG_QUERY, "for whom: c-…"},
        {"incident", "ID", 0, TAG_QUERY, "for which incident"},
        {"reason", "ID", 0, TAG_QUERY, "for which reason"},
        {"unit", "CODE", 0, TAG_QUERY, "of what, else the budget's"},
        {"budget", "ID", 0, TAG_QUERY, "from where, else one's own"},
        {"site", "ID", 0, TAG_QUERY, "at which site, else one's own"},
        {0},
};

static const struct option_row decision_options[] = {
        {"note", "TEXT", 0, TAG_TEXT, "why"},
        {0},
};

#define LIMIT_COLUMNS "id,scope,unit,measure,per,window,max,when_passed,from,until,version"

#define ENTRY_COLUMNS "seq,time,kind,staff,customer,amount,reason,site,balance"

#define STATEMENT_COLUMNS "seq,time,kind,staff,amount,minutes,reason,site,balance,words"

#define NOUN(name, kind)                                                                           \
	{name,       "list", "", "what there is", "GET",    "/v1/" name,                           \
	 print_list, NULL,   0,  page_options,    call_run, true},                                 \
	        {name,         "show", "ID", "one", "GET",    "/v1/" name "/{}",                   \
	         print_object, NULL,   0,    NULL,  call_run, true},                               \
	        {name, "add", "",   "registers one", "POST", "/v1/" name, print_object,            \
	         NULL, kind,  NULL, call_run,        true},                                        \
	{                                                                                          \
		name, "set", "ID", "changes some of it", "PATCH", "/v1/" name "/{}", print_object, \
		        NULL, kind, NULL, call_run, true                                           \
	}

/* noun, verb, arguments, help, method, path, print, columns, kind, options, run, online */
static const struct command commands[] = {
        {"init", NULL, "", "makes a new ledger", NULL, NULL, NULL, NULL, 0, init_options, init_run,
         false},
        NOUN("units", LGP_KIND_UNIT),
        NOUN("sites", LGP_KIND_SITE),
        NOUN("budgets", LGP_KIND_BUDGET),
        NOUN("reasons", LGP_KIND_REASON),
        NOUN("touchpoints", LGP_KIND_TOUCHPOINT),
        NOUN("staff", LGP_KIND_STAFF),
        {"tokens", "list", "", "what was issued", "GET", "/v1/tokens", print_list, NULL, 0,
         page_options, call_run, true},
        {"tokens", "show", "ID", "one, without its secret", "GET", "/v1/tokens/{}", print_object,
         NULL, 0, NULL, call_run, true},
        {"tokens", "add", "", "issues one; its secret is shown once", "POST", "/v1/tokens",
         print_object, NULL, LGP_KIND_TOKEN, NULL, call_run, true},
        {"tokens", "end", "ID", "ends one", "DELETE", "/v1/tokens/{}", NULL, NULL, 0, NULL,
         call_run, true},
        {"customers", "add", "", "registers one", "POST", "/v1/customers", print_object, NULL, 0,
         customer_options, call_run, true},
        {"customers", "show", "ID", "one", "GET", "/v1/customers/{}", print_object, NULL, 0, NULL,
         call_run, true},
        {"customers", "lookup", "", "finds one by reference", "POST", "/v1/customers/lookup",
         print_object, NULL, 0, lookup_options, call_run, true},
        {"customers", "update", "ID", "changes some of it", "PATCH", "/v1/customers/{}",
         print_object, NULL, 0, customer_options, call_run, true},
        {"allot", NULL, "BUDGET", "funds a budget, or takes back", "POST",
         "/v1/budgets/{}/allotments", print_object, NULL, 0, allot_options, call_run, true},
        {"grant", NULL, "", "gives a customer something", "POST", "/v1/grants", print_object, NULL,
         0, grant_options, call_run, true},
        {"thank", NULL, "", "thanks a customer", "POST", "/v1/thanks", print_object, NULL, 0,
         thank_options, call_run, true},
        {"reverse", NULL, "SEQ", "takes an entry back", "POST", "/v1/entries/{}/reverse",
         print_object, NULL, 0, reverse_options, call_run, true},
        {"balances", NULL, "[CUSTOMER]", "what a customer holds; one's own when left out", "GET",
         "/v1/customers/{}/balances", print_list, "unit,available,held,next_expiry", 0, NULL,
         call_run, true},
        {"statement", NULL, "[CUSTOMER]", "a customer's entries, newest first", "GET",
         "/v1/customers/{}/statement", print_list, STATEMENT_COLUMNS, 0, page_options, call_run,
         true},
        {"entries", "list", "", "the ledger's entries, oldest first", "GET", "/v1/entries",
         print_list, ENTRY_COLUMNS, 0, entries_options, call_run, true},
        {"entries", "show", "SEQ", "one", "GET", "/v1/entries/{}", print_object, NULL, 0, NULL,
         call_run, true},
        {"receipt", "get", "SEQ", "an entry's receipt; with --json what verify takes", "GET",
         "/v1/receipts/{}", NULL, NULL, 0, NULL, call_run, true},
        {"receipt", "verify", "FILE", "proves a receipt, offline; - is standard input", NULL, NULL,
         NULL, NULL, 0, receipt_options, receipt_run, false},
        {"limits", "list", "", "the limits in force", "GET", "/v1/limits", print_list,
         LIMIT_COLUMNS, 0, page_options, call_run, true},
        {"limits", "show", "ID", "one", "GET", "/v1/limits/{}", print_object, NULL, 0, NULL,
         call_run, true},
        {"limits", "set", "ID",
         "sets one, new or again, as a whole: what is left out goes to its default", "PUT",
         "/v1/limits/{}", print_object, NULL, LGP_KIND_LIMIT, if_match_options, call_run, true},
        {"limits", "end", "ID", "ends one", "DELETE", "/v1/limits/{}", NULL, NULL, 0,
         if_match_options, call_run, true},
        {"limits", "versions", "ID", "what one was, newest first", "GET", "/v1/limits/{}/versions",
         print_list, "version,time,actor,scope,unit,measure,per,window,max,when_passed,from,until",
         0, page_options, call_run, true},
        {"limits", "explain", "", "what every limit would say to a grant; writes nothing", NULL,
         NULL, NULL, NULL, 0, grant_options, limits_explain_run, true},
        {"limits", "apply", "FILE", "makes the limits as the file has them, the difference first",
         NULL, NULL, NULL, NULL, 0, apply_options, limits_apply_run, true},
        {"headroom", NULL, "", "what you can still give", "GET", "/v1/staff/me/headroom",
         print_headroom, NULL, 0, headroom_options, call_run, true},
        {"approvals", "list", "", "what waits for approval", "GET", "/v1/approvals", print_list,
         "seq,time,staff,customer,amount,reason,site,incident,expires_at", 0, page_options,
         call_run, true},
        {"approvals", "approve", "SEQ", "grants it", "POST", "/v1/approvals/{}/approve",
         print_object, NULL, 0, decision_options, call_run, true},
        {"approvals", "decline", "SEQ", "declines it, or withdraws one's own", "POST",
         "/v1/approvals/{}/decline", print_object, NULL, 0, decision_options, call_run, true},
        {"delegations", "list", "", "who decides in whose place", "GET", "/v1/delegations",
         print_list, "id,from,to,scope,ceiling,until,ended", 0, page_options, call_run, true},
        {"delegations", "show", "ID", "one", "GET", "/v1/delegations/{}", print_object, NULL, 0,
         NULL, call_run, true},
        {"delegations", "add", "", "lends your authority to approve", "POST", "/v1/delegations",
         print_object, NULL, LGP_KIND_DELEGATION, NULL, call_run, true},
        {"delegations", "end", "ID", "ends one of yours", "DELETE", "/v1/delegations/{}", NULL,
         NULL, 0, NULL, call_run, true},
        {"checkpoint", NULL, "", "the newest signed checkpoint", "GET", "/checkpoint", NULL, NULL,
         0, NULL, call_run, true},
        {"import", "spend", "FILE", "takes in a history of spending", NULL, NULL, NULL, NULL, 0,
         import_options, import_spend_run, true},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

/* ---- Help ------------------------------------------------------------------------ */

static void print_usage(FILE *out)
{
	fputs("usage: lagniappe [options] <noun> [<verb>] [arguments] [options]\n\n", out);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char line[80];
		snprintf(line, sizeof line, "%s%s%s%s%s", commands[i].noun,
		         commands[i].verb != NULL ? " " : "",
		         commands[i].verb != NULL ? commands[i].verb : "",
		         commands[i].arguments[0] != '\0' ? " " : "", commands[i].arguments);
		fprintf(out, "  %-28s %s\n", line, commands[i].help);
	}
	fputs("\nOptions of every command that asks a server:\n", out);
	options_help(global_options, out);
	fputs("\nOf those that write, where --help says so:\n", out);
	options_help(key_options, out);
	fputs("\nA command's own: lagniappe <noun> <verb> --help\n"
	      "Exit: 0 done, 1 refused or not valid, 2 could not run.\n",
	      out);
}

static void print_command_help(const struct session *session)
{
	const struct command *command = session->command;
	printf("usage: lagniappe %s%s%s%s%s [options]\n%s\n\n", command->noun,
	       command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
	       command->arguments[0] != '\0' ? " " : "", command->arguments, command->help);
	if (command->run == limits_apply_run)
		fputs(apply_form, stdout);
	for (size_t i = session->options.table_count; i-- > 0;)
		options_help(session->options.tables[i], stdout);
}

static enum outcome unknown_command(const char *noun, const char *verb)
{
	bool known = false;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		known = known || strcmp(commands[i].noun, noun) == 0;
	if (!known) {
		complain("there is no command \"%s\"; lagniappe --help lists them", noun);
		return TROUBLE;
	}
	fprintf(stderr, "lagniappe: %s%s%s; it has:", noun,
	        verb != NULL ? " has no verb " : " needs a verb", verb != NULL ? verb : "");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].noun, noun) == 0)
			fprintf(stderr, " %s", commands[i].verb);
	fputc('\n', stderr);
	return TROUBLE;
}

/* ---- The command line -------------------------------------------------------------- */

static const struct command *find_command(const char *noun, const char *verb)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].noun, noun) == 0 &&
		    (commands[i].verb == NULL ||
		     (verb != NULL && strcmp(commands[i].verb, verb) == 0)))
			return &commands[i];
	return NULL;
}

/* How many words before the noun are global options and their values. */
static int leading_words(int count, char *const *words)
{
	int i = 0;
	while (i < count && strncmp(words[i], "--", 2) == 0) {
		bool flag = strchr(words[i], '=') != NULL || strcmp(words[i], "--dry-run") == 0;
		for (const struct option_row *row = global_options; row->name != NULL; row++)
			flag = flag || (row->value == NULL && strcmp(row->name, words[i] + 2) == 0);
		i += flag ? 1 : 2;
	}
	return i < count ? i : count;
}

static size_t count_words(const char *text)
{
	size_t words = text[0] != '\0';
	for (const char *p = text; *p != '\0'; p++)
		words += *p == ' ';
	return words;
}

/* NULL: it writes nothing, or at once and without a key. */
static const struct option_row *writing_options(const struct command *command)
{
	if (command->run == limits_apply_run || command->run == import_spend_run)
		return DRY_OPTIONS;
	if (command->method == NULL || command->options == lookup_options)
		return NULL;
	if (strcmp(command->method, "PUT") == 0)
		return DRY_OPTIONS;
	return strcmp(command->method, "POST") == 0 ? key_options : NULL;
}

static bool arguments_fit(const struct command *command, size_t count)
{
	bool may_be_left_out = command->arguments[0] == '[';
	return count == count_words(command->arguments) || (may_be_left_out && count == 0);
}

static bool read_line(struct session *session, int leading, char *const *words, int rest_count,
                      char *const *rest)
{
	struct options *options = &session->options;
	const struct command *command = session->command;
	options_table(options, command->online ? global_options : offline_options);
	if (writing_options(command) != NULL)
		options_table(options, writing_options(command));
	if (command->kind != 0)
		call_noun_options(session);
	if (command->options != NULL)
		options_table(options, command->options);
	if (!options_parse(options, leading, words) || !options_parse(options, rest_count, rest)) {
		complain("%s", options->error);
		return false;
	}
	if (options_flag(options, "help"))
		return true;
	if (!arguments_fit(command, options->argument_count)) {
		complain("%s%s%s takes %s%s", command->noun, command->verb != NULL ? " " : "",
		         command->verb != NULL ? command->verb : "",
		         command->arguments[0] != '\0' ? "one argument: " : "no arguments",
		         command->arguments);
		return false;
	}
	if (!options_complete(options)) {
		complain("%s", options->error);
		return false;
	}
	return true;
}

static enum outcome run_online(struct session *session)
{
	const struct client_options client = {
	        .url = options_or(&session->options, "url", "LAGNIAPPE_URL", DEFAULT_URL),
	        .token = options_or(&session->options, "token", "LAGNIAPPE_TOKEN", NULL),
	        .ca = options_get(&session->options, "ca"),
	};
	const char *why;
	session->client = client_new(&client, &why);
	if (session->client == NULL) {
		complain("%s: %s", client.url, why);
		return TROUBLE;
	}
	enum outcome outcome = session->command->run(session);
	client_free(session->client);
	return outcome;
}

static enum outcome run_command(int argc, char **argv)
{
	static struct session session;
	int leading = leading_words(argc - 1, argv + 1), at = 1 + leading;
	if (at >= argc) {
		bool asked = argc > 1 && strcmp(argv[1], "--help") == 0;
		print_usage(asked ? stdout : stderr);
		return asked ? DONE : TROUBLE;
	}
	if (strcmp(argv[at], "help") == 0) {
		print_usage(stdout);
		return DONE;
	}
	const char *verb = at + 1 < argc && argv[at + 1][0] != '-' ? argv[at + 1] : NULL;
	session.command = find_command(argv[at], verb);
	if (session.command == NULL)
		return unknown_command(argv[at], verb);
	int used = session.command->verb != NULL ? at + 2 : at + 1;
	options_init(&session.options);
	if (!read_line(&session, leading, argv + 1, argc - used, argv + used))
		return TROUBLE;
	if (options_flag(&session.options, "help")) {
		print_command_help(&session);
		return DONE;
	}
	session.json = options_flag(&session.options, "json");
	session.dry_run = options_flag(&session.options, "dry-run");
	return session.command->online ? run_online(&session) : session.command->run(&session);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		complain("libsodium or libcurl cannot start");
		return TROUBLE;
	}
	enum outcome outcome = run_command(argc, argv);
	curl_global_cleanup();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("standard output cannot be written");
		return TROUBLE;
	}
	return (int)outcome;
}
