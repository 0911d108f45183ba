/* lagniappe-audit: proves a ledger from its own bytes: the table of commands.
 * Thread: one.
 * Exit: 0 clean, 1 findings, 2 could not run. */
#include "tools/audit/finding.h"
#include "tools/audit/verify.h"
#include "tools/common/options.h"

#include <string.h>

static const struct option_row verify_rows[] = {
        {"key", "VKEY", OPTION_REPEATED, 0,
         "the log's key, or a file that holds it, got from elsewhere; may be repeated"},
        {"since", "FILE", 0, 0, "a checkpoint saved before: the ledger must continue it"},
        {"save", "FILE", 0, 0, "keep the checkpoint here, after a pass without findings"},
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
	        .since = options_get(given, "since"),
	        .save = options_get(given, "save"),
	        .json = options_flag(given, "json"),
	        .out = stdout,
	};
	if (given->argument_count != 1)
		return usage_error("verify takes one LEDGER: a ledger.mdb or a data directory");
	options.ledger = given->arguments[0];
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
} commands[] = {
        {"verify", "LEDGER", "proves a ledger: its tree, signatures, links, balances and rules",
         verify_rows, run_verify},
        {"rules", "", "lists what verify holds a ledger to, by the names that findings carry",
         rules_rows, run_rules},
};

static int help(FILE *out)
{
	fputs("lagniappe-audit: proves a ledger from its own bytes.\n\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		fprintf(out, "lagniappe-audit %s %s\n  %s\n", commands[i].name,
		        commands[i].arguments, commands[i].help);
		options_help(commands[i].rows, out);
	}
	fputs("\nLEDGER is a ledger.mdb or a data directory, also while its server runs.\n"
	      "Exit: 0 clean, 1 findings, 2 could not run.\n",
	      out);
	return 0;
}

static int run_command(const struct command *command, int count, char **words)
{
	struct options options;
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
