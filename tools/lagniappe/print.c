/* print: answers for people: pairs and tables; problems on standard error.
 * Thread: the tool's one. */
#include "tools/common/table.h"
#include "tools/lagniappe/amount.h"
#include "tools/lagniappe/lagniappe.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_USE_COLUMNS "limit,used,remaining,max,resets_at,when_passed"

void complain(const char *format, ...)
{
	va_list arguments;
	fflush(stdout);
	fputs("lagniappe: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Members that are amounts of the object's unit. */
static bool is_amount(const char *name)
{
	static const char *const names[] = {
	        "amount", "balance",  "available", "allotted", "granted", "held",      "reversed",
	        "spent",  "imported", "reserved",  "max",      "used",    "remaining", "ceiling"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static char *join(const json_t *list)
{
	char *text = NULL;
	size_t len = 0, i;
	json_t *element;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	json_array_foreach(list, i, element)
	{
		const char *word = json_string_value(element);
		char *dump =
		        word != NULL ? NULL : json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY);
		fprintf(out, "%s%s", i > 0 ? ", " : "",
		        word != NULL   ? word
		        : dump != NULL ? dump
		                       : "");
		free(dump);
	}
	fclose(out);
	return text;
}

static char *money(struct session *session, const char *unit, json_int_t minor)
{
	char text[AMOUNT_TEXT_MAX], *result = NULL;
	int scale = unit_scale(session, unit);
	if (scale == SCALE_UNKNOWN)
		return asprintf(&result, "%" JSON_INTEGER_FORMAT " minor %s", minor, unit) < 0
		               ? NULL
		               : result;
	amount_format(minor, (unsigned)scale, text);
	return asprintf(&result, "%s %s", text, unit) < 0 ? NULL : result;
}

/* "role=staff site=paris", to be freed. */
static char *pairs(const json_t *object)
{
	char *text = NULL;
	size_t len = 0;
	const char *name;
	json_t *value;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const char *word = json_string_value(value);
		fprintf(out, "%s%s=%s", len > 0 ? " " : "", name, word != NULL ? word : "…");
		fflush(out);
	}
	fclose(out);
	return text;
}

/* Whether a member counts the object's unit: a limit may count grants. */
static bool counts_unit(const json_t *object, const char *name)
{
	const char *measure = json_string_value(json_object_get(object, "measure"));
	return is_amount(name) && (measure == NULL || strcmp(measure, "amount") == 0);
}

static bool rows_to(struct session *session, const json_t *list, const char *wanted, FILE *out);

/* A member's value as text, to be freed; NULL: no memory. */
static char *value_text(struct session *session, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *unit = json_string_value(json_object_get(object, "unit"));
	if (value == NULL || json_is_null(value))
		return strdup("");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	/* Without a unit it is minutes. */
	if (json_is_integer(value) && session != NULL && unit != NULL && counts_unit(object, name))
		return money(session, unit, json_integer_value(value));
	if (json_is_array(value))
		return join(value);
	if (json_is_object(value))
		return pairs(value);
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void add_value(struct session *session, struct table *table, const json_t *object,
                      const char *name)
{
	char *text = value_text(session, object, name);
	table_text(table, text);
	free(text);
}

/* What is no pair but a table of its own. */
static bool is_table(const json_t *value)
{
	return json_is_object(json_array_get(value, 0));
}

/* What the object holds as tables, each under its name. */
static bool print_tables(struct session *session, json_t *object, FILE *out)
{
	const char *name, *unit = json_string_value(json_object_get(object, "unit"));
	json_t *value;
	json_object_foreach(object, name, value)
	{
		bool limits = strcmp(name, "limits") == 0;
		if (!is_table(value))
			continue;
		fprintf(out, "%s:\n", name);
		if (unit != NULL && !print_lend_unit(value, unit))
			return false;
		if (!rows_to(session, value, limits ? LIMIT_USE_COLUMNS : NULL, out))
			return false;
	}
	return true;
}

bool print_object(struct session *session, json_t *answer)
{
	struct table table;
	const char *name;
	json_t *value;
	table_init(&table, 2);
	json_object_foreach(answer, name, value)
	{
		if (strcmp(name, "receipt") == 0 || is_table(value))
			continue;
		table_text(&table, name);
		add_value(session, &table, answer, name);
	}
	bool printed = table_print(&table, stdout) && print_tables(session, answer, stdout);
	table_deinit(&table);
	const json_t *seq = json_object_get(answer, "seq");
	if (json_object_get(answer, "receipt") != NULL && json_is_integer(seq))
		printf("receipt: --json shows it; later: lagniappe --json receipt get "
		       "%" JSON_INTEGER_FORMAT "\n",
		       json_integer_value(seq));
	return printed;
}

/* ---- Lists -------------------------------------------------------------------- */

/* The answer's one member that is an array. */
static json_t *list_of(json_t *answer)
{
	const char *name;
	json_t *value;
	json_object_foreach(answer, name, value) if (json_is_array(value)) return value;
	return NULL;
}

struct columns {
	size_t count;
	char names[TABLE_COLUMNS_MAX][64];
};

static void add_column(struct columns *columns, const char *name, size_t len)
{
	for (size_t i = 0; i < columns->count; i++)
		if (strlen(columns->names[i]) == len && memcmp(columns->names[i], name, len) == 0)
			return;
	if (columns->count < TABLE_COLUMNS_MAX && len < sizeof columns->names[0])
		snprintf(columns->names[columns->count++], sizeof columns->names[0], "%.*s",
		         (int)len, name);
}

/* Those that the command names, or all that the rows have, as they come. */
static void choose_columns(const char *wanted, const json_t *list, struct columns *columns)
{
	size_t i;
	json_t *row, *value;
	const char *name;
	columns->count = 0;
	for (const char *p = wanted; p != NULL && *p != '\0';) {
		size_t len = strcspn(p, ",");
		add_column(columns, p, len);
		p += len + (p[len] == ',');
	}
	if (wanted != NULL)
		return;
	json_array_foreach(list, i, row)
	        json_object_foreach(row, name, value) if (!json_is_object(value))
	                add_column(columns, name, strlen(name));
}

static void say_more(const json_t *answer)
{
	const char *token = json_string_value(json_object_get(answer, "next_page_token"));
	if (token != NULL)
		fprintf(stderr, "there is more: add --page-token %s\n", token);
}

static bool rows_to(struct session *session, const json_t *list, const char *wanted, FILE *out)
{
	struct columns columns;
	struct table table;
	json_t *row;
	size_t i;
	choose_columns(wanted, list, &columns);
	table_init(&table, columns.count);
	for (size_t c = 0; c < columns.count; c++) {
		table.right[c] =
		        is_amount(columns.names[c]) || strcmp(columns.names[c], "seq") == 0;
		table_text(&table, columns.names[c]);
	}
	json_array_foreach(list, i, row) for (size_t c = 0; c < columns.count; c++)
	        add_value(session, &table, row, columns.names[c]);
	bool printed = table_print(&table, out);
	table_deinit(&table);
	return printed;
}

bool print_rows(struct session *session, const json_t *list, const char *wanted)
{
	return rows_to(session, list, wanted, stdout);
}

static bool has_columns(const char *wanted, const json_t *list)
{
	struct columns columns;
	choose_columns(wanted, list, &columns);
	return columns.count > 0;
}

bool print_list(struct session *session, json_t *answer)
{
	json_t *list = list_of(answer);
	if (list == NULL)
		return print_object(session, answer);
	if (json_array_size(list) == 0) {
		puts("(none)");
		return true;
	}
	if (!has_columns(session->command->columns, list))
		return print_object(session, answer);
	bool printed = print_rows(session, list, session->command->columns);
	say_more(answer);
	return printed;
}

bool print_lend_unit(json_t *rows, const char *unit)
{
	json_t *row;
	size_t i;
	json_array_foreach(rows, i, row) if (json_object_get(row, "unit") == NULL &&
	                                     json_object_set_new(row, "unit", json_string(unit)) !=
	                                             0) return false;
	return true;
}

/* Amounts of limits are in the budget's unit, or in the one that was asked for. */
bool print_headroom(struct session *session, json_t *answer)
{
	json_t *limits = json_object_get(answer, "limits");
	json_t *budget = json_object_get(answer, "budget");
	const char *asked = options_get(&session->options, "unit");
	const char *unit =
	        asked != NULL ? asked : json_string_value(json_object_get(budget, "unit"));
	if (unit != NULL && !print_lend_unit(limits, unit))
		return false;
	if (json_array_size(limits) == 0)
		puts("no limit is met");
	else if (!print_rows(session, limits,
	                     "limit,per,window,remaining,used,max,resets_at,when_passed,needs"))
		return false;
	json_t *shown = json_pack("{s:O*,s:O*,s:O*}", "budget", json_object_get(budget, "id"),
	                          "unit", json_object_get(budget, "unit"), "available",
	                          json_object_get(budget, "available"));
	putchar('\n');
	bool printed = shown != NULL && print_object(session, shown);
	json_decref(shown);
	return printed;
}

/* ---- Problems (RFC 9457) ---------------------------------------------------------- */

/* What the server cannot know: how this program is told the token. */
static const char *detail_of(const struct reply *reply)
{
	if (reply->status == 401)
		return "set LAGNIAPPE_TOKEN or give --token; the one given, if any, is unknown, "
		       "ended or expired";
	return json_string_value(json_object_get(reply->json, "detail"));
}

/* What the lines above or beside it tell. */
static bool is_said(const char *name)
{
	static const char *const said[] = {"type", "title", "status", "detail", "unit", "measure"};
	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
		if (strcmp(name, said[i]) == 0)
			return true;
	return false;
}

void print_refusal(struct session *session, const struct reply *reply)
{
	const char *title = json_string_value(json_object_get(reply->json, "title"));
	const char *detail = detail_of(reply), *name;
	json_t *value;
	if (title == NULL) {
		complain("the server answered %ld, without saying why", reply->status);
		return;
	}
	complain("%s%s%s (%ld)", title, detail != NULL ? ": " : "", detail != NULL ? detail : "",
	         reply->status);
	json_object_foreach(reply->json, name, value)
	{
		if (is_said(name) || is_table(value))
			continue;
		char *text = value_text(session, reply->json, name);
		fprintf(stderr, "  %s: %s\n", name, text != NULL ? text : "");
		free(text);
	}
	(void)print_tables(session, reply->json, stderr);
}

void print_problem(const struct reply *reply)
{
	print_refusal(NULL, reply);
}
