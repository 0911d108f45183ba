/* import: a history of spending, from a CSV file into the ledger.
 * Thread: the tool's one.  Sources: RFC 4180. */
#include "tools/lagniappe/import.h"

#include "lagniappe/codec.h"
#include "tools/common/table.h"
#include "tools/common/written_date.h"
#include "tools/lagniappe/amount.h"
#include "tools/lagniappe/import_row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NO_REASON "Unspecified"
#define NO_BUDGET "Imported"
#define SITE "imported"

const struct option_row import_options[] = {
        {"map", "MAP", OPTION_REQUIRED, TAG_NONE,
         "date=COL,amount=COL,staff=COL[,reason=COL,party=COL,budget=COL], COL a heading or a "
         "number"},
        {"date-format", "FORMAT", 0, TAG_NONE, "%Y-%m-%d when absent; %d/%m/%Y, %d %b %y, …"},
        {"unit", "CODE", 0, TAG_NONE,
         "of the amounts; when absent the ledger's only one, or a new " NEW_UNIT
         "; made when missing"},
        {"scale", "N", 0, TAG_NONE, "decimal places of a new unit, 2 when absent"},
        {"site", "ID", 0, TAG_NONE, "where new budgets and staff belong, \"" SITE "\" when absent"},
        {"timezone", "ZONE", 0, TAG_NONE, "of a new site, UTC when absent"},
        {"rejects", "FILE", 0, TAG_NONE, "for the rows that cannot be taken; FILE.rejects.csv"},
        {0},
};

struct import {
	struct session *session;
	const char *path;
	FILE *in;
	uint64_t bytes; /* of the file, 0 where it has no size */
	struct csv *csv;
	struct csv_record record;
	struct row_rules rules;
	char unit[LGP_SLUG_MAX + 1]; /* the one that was chosen where none was given */
	struct tally seen;
	struct names names;
	struct tallies tallies;
	struct rejects rejects;
	char rejects_path[4096];
	struct lines lines;
	int64_t spent, refunded; /* of all rows that were read, so that sums fit */
	bool terminal;
	int64_t started_ms, told_ms;
};

/* ---- Progress ----------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell_progress(struct import *import)
{
	int64_t now = now_ms(), span = now - import->started_ms;
	if (now - import->told_ms < (import->terminal ? 200 : 10000))
		return;
	import->told_ms = now;
	uint64_t done = csv_position(import->csv);
	unsigned long long rows = import->tallies.rows;
	fprintf(stderr, "%s%llu rows, %llu rows/s", import->terminal ? "\r\033[K" : "", rows,
	        span > 0 ? rows * 1000 / (unsigned long long)span : 0);
	if (import->bytes > 0 && done > 0 && done <= import->bytes)
		fprintf(stderr, ", %llu%%, %llu s to go",
		        (unsigned long long)(done * 100 / import->bytes),
		        (unsigned long long)((double)span / (double)done *
		                             (double)(import->bytes - done) / 1000));
	if (!import->terminal)
		fputc('\n', stderr);
}

static void end_progress(const struct import *import)
{
	if (import->terminal)
		fputs("\r\033[K", stderr);
}

/* ---- One row --------------------------------------------------------------------------- */

static bool reject(struct import *import, const char *why)
{
	char *text = rejects_row(&import->record, import->rules.first);
	import->tallies.rejected++;
	bool kept = text != NULL && rejects_add(&import->rejects, import->record.line, why, text);
	free(text);
	return kept;
}

/* Adds to the sums of its sign; false: it would not fit into 63 bits. */
static bool add_amount(struct import *import, int64_t amount)
{
	int64_t *sum = amount < 0 ? &import->refunded : &import->spent;
	return !__builtin_add_overflow(*sum, amount, sum);
}

/* The line as the server takes it; to be freed. */
static char *line_json(const struct row *row, const char *unit, const char *staff,
                       const char *budget, const char *reason)
{
	char date[LGP_DATE_LEN];
	lgp_date_format(date, row->business_date);
	json_t *line = json_pack("{s:s,s:s%,s:I,s:s,s:s,s:s,s:s}", "key", row->key, "business_date",
	                         date, sizeof date, "amount", (json_int_t)row->amount, "unit", unit,
	                         "staff", staff, "budget", budget, "reason", reason);
	if (row->party.len > 0)
		json_object_set_new(line, "party", json_stringn(row->party.ptr, row->party.len));
	char *text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	return text;
}

static bool queue(struct import *import, const struct row *row, const char *staff,
                  const char *budget, const char *reason)
{
	struct line line = {import->record.line, row->amount,
	                    line_json(row, import->rules.unit, staff, budget, reason),
	                    rejects_row(&import->record, import->rules.first)};
	if (line.json == NULL || line.row == NULL) {
		free(line.json);
		free(line.row);
		complain("memory ran out");
		return false;
	}
	if (!import->session->dry_run)
		return lines_add(&import->lines, line);
	import->tallies.taken++;
	*(row->amount < 0 ? &import->tallies.refunded : &import->tallies.spent) += row->amount;
	(*(row->amount < 0 ? &import->tallies.refunded_rows : &import->tallies.spent_rows))++;
	free(line.json);
	free(line.row);
	return true;
}

/* The ids of what the row names.  The slugs are copied: they move when more
 * are found. */
static enum name_result find_names(struct import *import, const struct row *row,
                                   char ids[NAME_NOUNS][SLUG_TEXT_MAX], char why[256])
{
	struct lgp_view reason = row->reason.len > 0 ? row->reason : LGP_VIEW(NO_REASON);
	const struct lgp_view texts[NAME_NOUNS] = {
	        [NAME_BUDGET] = row->budget, [NAME_REASON] = reason, [NAME_STAFF] = row->staff};
	for (enum name_noun noun = 0; noun < NAME_NOUNS; noun++) {
		const char *slug;
		enum name_result result =
		        names_find(&import->names, noun, texts[noun], ids[NAME_BUDGET], &slug, why);
		if (result != NAME_FOUND)
			return result;
		snprintf(ids[noun], SLUG_TEXT_MAX, "%s", slug);
	}
	return NAME_FOUND;
}

static bool take_row(struct import *import)
{
	char why[256], ids[NAME_NOUNS][SLUG_TEXT_MAX];
	struct row row;
	if (!row_read(&import->rules, &import->record, &import->seen, &row, why))
		return reject(import, why);
	if (!add_amount(import, row.amount))
		return reject(import, "the sum of the amounts would not fit into 63 bits");
	switch (find_names(import, &row, ids, why)) {
	case NAME_REJECTED:
		return reject(import, why);
	case NAME_FAULT:
		return false;
	case NAME_FOUND:
		break;
	}
	import->tallies.without_reason += row.reason.len == 0;
	return queue(import, &row, ids[NAME_STAFF], ids[NAME_BUDGET], ids[NAME_REASON]);
}

static bool take_rows(struct import *import)
{
	for (;;) {
		enum csv_result result = csv_read(import->csv, &import->record);
		bool going = true;
		if (result == CSV_END)
			return lines_flush(&import->lines);
		if (result == CSV_FAULT) {
			complain("%s, line %llu: %s", import->path,
			         (unsigned long long)import->record.line, csv_error(import->csv));
			if (!lines_flush(&import->lines))
				complain("not all rows before it could be sent");
			return false;
		}
		import->tallies.rows++;
		if (result == CSV_BAD)
			going = reject(import, csv_error(import->csv));
		else
			going = take_row(import);
		if (!going)
			return false;
		tell_progress(import);
	}
}

/* ---- Before the first row ------------------------------------------------------------ */

static bool open_file(struct import *import)
{
	struct stat info;
	if (strcmp(import->path, "-") == 0)
		import->in = stdin;
	else
		import->in = fopen(import->path, "rbe");
	if (import->in == NULL || fstat(fileno(import->in), &info) != 0) {
		complain("%s: %s", import->path, strerror(errno));
		return false;
	}
	import->bytes = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
	import->csv = csv_new(import->in, '\0');
	if (import->csv == NULL)
		complain("memory ran out");
	return import->csv != NULL;
}

/* The rejects' file must not be the one that is read. */
static bool choose_rejects(struct import *import)
{
	const char *given = options_get(&import->session->options, "rejects");
	struct stat in, out;
	int len = snprintf(import->rejects_path, sizeof import->rejects_path, "%s%s",
	                   given != NULL                    ? given
	                   : strcmp(import->path, "-") == 0 ? "standard-input"
	                                                    : import->path,
	                   given != NULL ? "" : ".rejects.csv");
	if (len >= (int)sizeof import->rejects_path ||
	    (fstat(fileno(import->in), &in) == 0 && stat(import->rejects_path, &out) == 0 &&
	     in.st_dev == out.st_dev && in.st_ino == out.st_ino)) {
		complain("--rejects %s cannot be used: it is the file that is read, or too long",
		         import->rejects_path);
		return false;
	}
	import->rejects.path = import->rejects_path;
	return true;
}

/* A file of rejects brings two columns of ours in front. */
static size_t own_columns(const struct csv_record *header)
{
	return header->count > 2 && lgp_view_equal(header->fields[0], LGP_VIEW(REJECTS_LINE)) &&
	                       lgp_view_equal(header->fields[1], LGP_VIEW(REJECTS_REASON))
	               ? 2
	               : 0;
}

static bool read_header(struct import *import)
{
	char why[256];
	enum csv_result result = csv_read(import->csv, &import->record);
	if (result != CSV_RECORD) {
		complain("%s has no header: %s", import->path,
		         result == CSV_END ? "it is empty" : csv_error(import->csv));
		return false;
	}
	const char *map = options_get(&import->session->options, "map");
	if (!columns_parse(map, &import->record, &import->rules.columns, why)) {
		complain("--map: %s", why);
		return false;
	}
	import->rules.field_count = import->record.count;
	import->rules.first = own_columns(&import->record);
	import->rejects.heading = rejects_row(&import->record, import->rules.first);
	return import->rejects.heading != NULL;
}

static bool read_options(struct import *import)
{
	const struct options *options = &import->session->options;
	const char *format = options_get(options, "date-format");
	const char *unit = options_get(options, "unit"), *scale = options_get(options, "scale");
	import->rules.date_format = format != NULL ? format : "%Y-%m-%d";
	import->rules.unit = unit != NULL ? unit : NEW_UNIT;
	import->rules.budget = NO_BUDGET;
	import->rules.scale = 2;
	if (!date_format_valid(import->rules.date_format)) {
		complain("--date-format %s: it must name day, month and year once each, with %%d "
		         "%%e %%m %%b %%B %%Y %%y %%F",
		         format);
		return false;
	}
	if (!lgp_code_valid(lgp_view_of(import->rules.unit))) {
		complain("--unit %s: a unit is named by upper-case letters and digits", unit);
		return false;
	}
	if (scale != NULL) {
		if (scale[0] < '0' || scale[0] > '9' || scale[1] != '\0') {
			complain("--scale %s: it is a number of decimal places, 0 to 9", scale);
			return false;
		}
		import->rules.scale = (unsigned)(scale[0] - '0');
	}
	return true;
}

static bool prepare(struct import *import)
{
	const struct options *options = &import->session->options;
	const char *site = options_get(options, "site"), *zone = options_get(options, "timezone");
	import->path = options->arguments[0];
	import->terminal = isatty(STDERR_FILENO) == 1;
	import->lines.session = import->session;
	import->lines.tallies = &import->tallies;
	import->lines.rejects = &import->rejects;
	tally_init(&import->seen);
	if (!read_options(import) || !open_file(import) || !choose_rejects(import) ||
	    !read_header(import))
		return false;
	names_init(&import->names, import->session, import->rules.unit, site != NULL ? site : SITE);
	if (options_get(options, "unit") == NULL && !import->session->dry_run) {
		if (!names_choose_unit(&import->names, import->unit))
			return false;
		import->rules.unit = import->unit;
	}
	import->started_ms = import->told_ms = now_ms();
	return import->session->dry_run ||
	       names_prepare(&import->names, zone != NULL ? zone : "UTC", &import->rules.scale);
}

/* ---- After the last ------------------------------------------------------------------- */

static void tell_made(const struct import *import)
{
	const struct names *names = &import->names;
	if (import->session->dry_run) {
		printf("The file names %zu budgets, %zu reasons and %zu staff.\n",
		       names->made[NAME_BUDGET], names->made[NAME_REASON], names->made[NAME_STAFF]);
		return;
	}
	if (names->made_unit)
		printf("Made: unit %s with %u decimal places.\n", names->unit, import->rules.scale);
	if (names->made_site)
		printf("Made: site %s.\n", names->site);
	if (names->made[NAME_BUDGET] + names->made[NAME_REASON] + names->made[NAME_STAFF] > 0)
		printf("Made: %zu budgets, %zu reasons, %zu staff.\n", names->made[NAME_BUDGET],
		       names->made[NAME_REASON], names->made[NAME_STAFF]);
}

static void add_line(struct table *table, const char *what, uint64_t rows, const char *sum,
                     const char *unit)
{
	char text[AMOUNT_TEXT_MAX];
	require(rows <= INT64_MAX);
	amount_format((int64_t)rows, 0, text);
	table_text(table, what);
	table_text(table, text);
	table_text(table, sum);
	table_text(table, unit);
}

static enum outcome tell(const struct import *import)
{
	const struct tallies *tallies = &import->tallies;
	const char *unit = import->rules.unit;
	char spent[AMOUNT_TEXT_MAX], refunded[AMOUNT_TEXT_MAX], total[AMOUNT_TEXT_MAX];
	struct table table;
	bool dry = import->session->dry_run;
	amount_format(tallies->spent, import->rules.scale, spent);
	amount_format(tallies->refunded, import->rules.scale, refunded);
	amount_format(tallies->spent + tallies->refunded, import->rules.scale, total);
	tell_made(import);
	table_init(&table, 4);
	table.right[1] = table.right[2] = true;
	add_line(&table, "rows read", tallies->rows, "", "");
	add_line(&table, dry ? "could be taken" : "taken", tallies->taken, "", "");
	if (!dry)
		add_line(&table, "already there", tallies->there, "", "");
	add_line(&table, "rejected", tallies->rejected, "", "");
	add_line(&table, "spent", tallies->spent_rows, spent, unit);
	add_line(&table, "refunded", tallies->refunded_rows, refunded, unit);
	add_line(&table, "together", tallies->spent_rows + tallies->refunded_rows, total, unit);
	bool printed = table_print(&table, stdout);
	table_deinit(&table);
	if (tallies->without_reason > 0)
		printf("%llu rows have no reason: they stand under \"" NO_REASON "\".\n",
		       (unsigned long long)tallies->without_reason);
	if (import->rejects.file != NULL)
		printf("The rejected rows are in %s, each with its line and why.\n",
		       import->rejects.path);
	if (dry)
		puts("(dry run: nothing was written, and the server was not asked)");
	return !printed ? TROUBLE : tallies->rejected > 0 ? REFUSED : DONE;
}

static enum outcome tell_json(const struct import *import)
{
	const struct tallies *tallies = &import->tallies;
	const struct names *names = &import->names;
	json_t *made = json_pack("{s:b,s:b,s:I,s:I,s:I}", "unit", names->made_unit, "site",
	                         names->made_site, "budgets", (json_int_t)names->made[NAME_BUDGET],
	                         "reasons", (json_int_t)names->made[NAME_REASON], "staff",
	                         (json_int_t)names->made[NAME_STAFF]);
	json_t *result = json_pack(
	        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:b,s:s?,s:o}", "rows",
	        (json_int_t)tallies->rows, "taken", (json_int_t)tallies->taken, "already_there",
	        (json_int_t)tallies->there, "rejected", (json_int_t)tallies->rejected,
	        "without_reason", (json_int_t)tallies->without_reason, "spent",
	        (json_int_t)tallies->spent, "refunded", (json_int_t)tallies->refunded, "total",
	        (json_int_t)(tallies->spent + tallies->refunded), "unit", import->rules.unit,
	        "dry_run", import->session->dry_run, "rejects",
	        import->rejects.file != NULL ? import->rejects.path : NULL, "made", made);
	json_dumpf(result, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(result);
	return tallies->rejected > 0 ? REFUSED : DONE;
}

static void clean_up(struct import *import)
{
	lines_deinit(&import->lines);
	names_deinit(&import->names);
	tally_deinit(&import->seen);
	csv_free(import->csv);
	if (import->in != NULL && import->in != stdin)
		fclose(import->in);
}

enum outcome import_spend_run(struct session *session)
{
	struct import *import = calloc(1, sizeof *import);
	enum outcome outcome = TROUBLE;
	if (import == NULL) {
		complain("memory ran out");
		return TROUBLE;
	}
	import->session = session;
	if (prepare(import)) {
		bool whole = take_rows(import);
		end_progress(import);
		if (whole)
			outcome = session->json ? tell_json(import) : tell(import);
		else
			complain("stopped after %llu rows: %llu taken, %llu already there, %llu "
			         "rejected. Run it again: it goes on from here",
			         (unsigned long long)import->tallies.rows,
			         (unsigned long long)import->tallies.taken,
			         (unsigned long long)import->tallies.there,
			         (unsigned long long)import->tallies.rejected);
	}
	if (!rejects_close(&import->rejects))
		outcome = TROUBLE;
	clean_up(import);
	free(import);
	return outcome;
}
