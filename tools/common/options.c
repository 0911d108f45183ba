/* options: a command line read by tables.
 * Thread: any. */
#include "tools/common/options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 31 /* where an option's meaning begins */

void options_init(struct options *options)
{
	memset(options, 0, sizeof *options);
}

void options_table(struct options *options, const struct option_row *rows)
{
	require(options->table_count < OPTIONS_TABLES_MAX);
	options->tables[options->table_count++] = rows;
}

static char folded(char c)
{
	return c == '_' ? '-' : c;
}

/* Whether the first len characters of text are the name. */
static bool same_name(const char *name, const char *text, size_t len)
{
	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (folded(name[i]) != folded(text[i]))
			return false;
	return true;
}

static const struct option_row *find_row(const struct options *options, const char *text,
                                         size_t len)
{
	for (size_t i = 0; i < options->table_count; i++)
		for (const struct option_row *row = options->tables[i]; row->name != NULL; row++)
			if (same_name(row->name, text, len))
				return row;
	return NULL;
}

static bool __attribute__((format(printf, 2, 3)))
complain(struct options *options, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(options->error, sizeof options->error, format, arguments);
	va_end(arguments);
	return false;
}

static bool give(struct options *options, const struct option_row *row, const char *text)
{
	if ((row->rules & OPTION_REPEATED) == 0 && row->value != NULL &&
	    options_get(options, row->name) != NULL)
		return complain(options, "--%s is given twice", row->name);
	if (options->given_count == OPTIONS_GIVEN_MAX)
		return complain(options, "too many options, at --%s", row->name);
	options->given[options->given_count].row = row;
	options->given[options->given_count++].text = text;
	return true;
}

/* One word that begins with "--"; *used is how many words it took. */
static bool parse_option(struct options *options, int count, char *const *words, int *used)
{
	const char *name = words[0] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = find_row(options, name, len);
	*used = 1;
	if (row == NULL)
		return complain(options, "there is no option %s here", words[0]);
	if (row->value == NULL) {
		if (equals != NULL)
			return complain(options, "--%s takes no value", row->name);
		return give(options, row, "");
	}
	if (equals != NULL)
		return give(options, row, equals + 1);
	if (count < 2)
		return complain(options, "--%s needs a value", row->name);
	*used = 2;
	return give(options, row, words[1]);
}

bool options_parse(struct options *options, int count, char *const *words)
{
	bool only_arguments = false;
	for (int i = 0, used; i < count; i += used) {
		used = 1;
		if (!only_arguments && strcmp(words[i], "--") == 0) {
			only_arguments = true;
		} else if (!only_arguments && strncmp(words[i], "--", 2) == 0) {
			if (!parse_option(options, count - i, words + i, &used))
				return false;
		} else if (options->argument_count == ARGUMENTS_MAX) {
			return complain(options, "too many arguments, at %s", words[i]);
		} else {
			options->arguments[options->argument_count++] = words[i];
		}
	}
	return true;
}

bool options_complete(struct options *options)
{
	for (size_t i = 0; i < options->table_count; i++)
		for (const struct option_row *row = options->tables[i]; row->name != NULL; row++)
			if ((row->rules & OPTION_REQUIRED) != 0 &&
			    options_get(options, row->name) == NULL)
				return complain(options, "--%s is missing", row->name);
	return true;
}

const char *options_get(const struct options *options, const char *name)
{
	for (size_t i = options->given_count; i-- > 0;)
		if (same_name(options->given[i].row->name, name, strlen(name)))
			return options->given[i].text;
	return NULL;
}

bool options_flag(const struct options *options, const char *name)
{
	return options_get(options, name) != NULL;
}

const char *options_or(const struct options *options, const char *name, const char *variable,
                       const char *otherwise)
{
	const char *text = options_get(options, name);
	if (text == NULL)
		text = getenv(variable);
	return text != NULL && text[0] != '\0' ? text : otherwise;
}

void options_help(const struct option_row *rows, FILE *out)
{
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		int width = fprintf(out, "  --");
		for (const char *p = row->name; *p != '\0'; p++, width++)
			fputc(folded(*p), out);
		width += fprintf(out, "%s%s%s", row->value != NULL ? " " : "",
		                 row->value != NULL ? row->value : "",
		                 (row->rules & OPTION_REPEATED) != 0 ? " ..." : "");
		/* A long list of values stands on a line of its own. */
		if (width > HELP_COLUMN - 1)
			width = fprintf(out, "\n") - 1;
		fprintf(out, "%*s%s%s\n", HELP_COLUMN - width, "",
		        row->help != NULL ? row->help : "",
		        (row->rules & OPTION_REQUIRED) != 0 ? " (required)" : "");
	}
}
