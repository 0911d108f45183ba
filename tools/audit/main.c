/* lagniappe-audit: proves a ledger from its own bytes: the table of commands.
 * Thread: one.
 * Exit: 0 clean, 1 findings, 2 could not run. */
#include "tools/audit/finding.h"
#include "tools/audit/verify.h"
#include "tools/common/options.h"
#include "tools/forensic/exceptions.h"
#include "tools/forensic/sample.h"
#include "tools/forensic/test_command.h"
#include "tools/report/command.h"

#include <string.h>

static const struct option_row verify_rows[] = {
        {"key", "VKEY", OPTION_REPEATED, 0,
         "the log's key, or a file that holds it, got from elsewhere; may be repeated"},
        {"since", "FILE", 0, 0, "a checkpoint saved before: the ledger must continue it"},
        {"save", "FILE", 0, 0, "keep the checkpoint here, after a pass without findings"},
        {"token", "TOKEN", 0, 0, "of an auditor, for a server's URL; else LAGNIAPPE_TOKEN"},
        {"ca", "PEM", 0, 0, "certificates to trust for https, else the system's"},
        {"threads", "1|2", 0, 0, "2 where there are so many cores, unless said"},
        {"json", NULL, 0, 0, "the result for programs"},
        {"help", NULL, 0, 0, "this text"},
        {0},
};

static const struct option_row rules_rows[] = {
        {"help", NULL, 0, 0, "this text"},
        {0},
};

static int usage_error(const char *message)
{
	fprintf(stderr, "lagniappe-audit: %s; see lagniappe-audit --help\n", message);
	return 2;
}

static int run_verify(const struct options *given)
{
	struct verify_options options = {
	        .token = options_or(given, "token", "LAGNIAPPE_TOKEN", NULL),
	        .ca = options_get(given, "ca"),
	        .since = options_get(given, "since"),
	        .save = options_get(given, "save"),
	        .json = options_flag(given, "json"),
	        .out = stdout,
	};
	if (given->argument_count != 1)
		return usage_error("verify takes one LEDGER: a file, a directory or a URL");
	options.ledger = given->arguments[0];
	const char *threads = options_get(given, "threads");
	if (threads != NULL && strcmp(threads, "1") != 0 && strcmp(threads, "2") != 0)
		return usage_error("--threads takes 1 or 2");
	options.threads = threads != NULL ? (unsigned)(threads[0] - '0') : 0;
	for (size_t i = 0; i < given->given_count; i++) {
		if (strcmp(given->given[i].row->name, "key") != 0)
			continue;
		if (options.key_count == TRUST_KEYS_MAX)
			return usage_error("too many keys");
		options.keys[options.key_count++] = given->given[i].text;
	}
	return verify_run(&options);
}

static int run_rules(const struct options *given)
{
	if (given->argument_count != 0)
		return usage_error("rules takes no argument");
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		printf("%-21s %s\n", rule_slug(rule), rule_text(rule));
	return 0;
}

static const struct command {
	const char *name, *arguments, *help;
	const struct option_row *rows;
	int (*run)(const struct options *given);
	/* Those that read their words themselves: rows and run are NULL. */
	int (*run_words)(int count, char *const *words);
	void (*help_words)(FILE *out);
} commands[] = {
        {"verify", "LEDGER", "proves a ledger: its tree, signatures, links, balances and rules",
         verify_rows, run_verify, NULL, NULL},
        {"report", "LEDGER NAME", "adds a ledger up: spend, limits, liability, and more", NULL,
         NULL, report_command, report_help},
        {"exceptions", "LEDGER", "finds what deserves a question", NULL, NULL, exceptions_command,
         exceptions_help},
        {"sample", "LEDGER", "draws entries to look at, the same ones again from the same seed",
         NULL, NULL, sample_command, sample_help},
        {"test", "FILE", "runs the tests on spending over any file of separated values", NULL, NULL,
         test_command, test_help},
        {"rules", "", "lists what verify holds a ledger to, by the names that findings carry",
         rules_rows, run_rules, NULL, NULL},
};

static int help(FILE *out)
{
	fputs("lagniappe-audit: proves a ledger from its own bytes.\n\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		fprintf(out, "lagniappe-audit %s %s\n  %s\n", commands[i].name,
		        commands[i].arguments, commands[i].help);
		if (commands[i].help_words != NULL)
			commands[i].help_words(out);
		else
			options_help(commands[i].rows, out);
	}
	fputs("\nLEDGER is a ledger.mdb, a data directory (also while its server runs), or a\n"
	      "server's URL, with --token.  Where a server of this machine holds the ledger, its\n"
	      "work comes first: one that is run by nice or chrt keeps what those gave it.\n"
	      "Exit: 0 clean, 1 findings, 2 could not run.\n",
	      out);
	return 0;
}

static int run_command(const struct command *command, int count, char **words)
{
	struct options options;
	if (command->run_words != NULL)
		return command->run_words(count, words);
	options_init(&options);
	options_table(&options, command->rows);
	if (!options_parse(&options, count, words) || !options_complete(&options))
		return usage_error(options.error);
	if (options_flag(&options, "help"))
		return help(stdout);
	return command->run(&options);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage_error("no command");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return help(stdout);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return run_command(&commands[i], argc - 2, argv + 2);
	return usage_error("no such command");
}
