/* test_command: see test_command.h.  Thread: one. */
#include "tools/forensic/test_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/forensic/file_hours.h"
#include "tools/forensic/tell_file.h"
#include "tools/forensic/tests.h"

static const struct option_row file_rows[] = {
        {"amount", "COL", OPTION_REQUIRED, 0,
         "the amounts' column: its heading, or #3 for the third"},
        {"staff", "COL", 0, 0, "who spent"},
        {"party", "COL", 0, 0, "whom it went to: a customer, a merchant"},
        {"date", "COL", 0, 0, "the day"},
        {"time", "COL", 0, 0, "the time of day, for --opens; one that is none rejects the row"},
        {"reason", "COL", 0, 0, "what for"},
        {"site", "COL", 0, 0, "where, or for which department"},
        {"incident", "COL", 0, 0, "the case that it belongs to"},
        {"date-format", "F", 0, 0, "dmy, mdy, ymd or like %d/%m/%Y; found where the dates tell"},
        {"decimal", "point|comma", 0, 0, "the decimal mark; found where the amounts tell"},
        {"delimiter", "C", 0, 0, "what stands between fields, or tab; found in the file"},
        {"unit", "CODE", 0, 0, "the amounts' currency; amounts in another one are rejected"},
        {"rejects", "FILE", 0, 0, "write the rows that were not taken here, with reasons"},
        {"format", "FORMAT", 0, 0, "table, csv, json, xlsx, html (default table)"},
        {"json", NULL, 0, 0, "the same as --format json"},
        {"output", "FILE", 0, 0, "write here instead of standard output"},
        {"help", NULL, 0, 0, "this text"},
        {0},
};

struct test_run {
	const struct options *given;
	struct file_task task;
	struct forensic_options options;
	struct file_hours hours;
	enum document_format format;
	struct spendings spendings;
	struct file_told told;
	FILE *rejects; /* owned */
	size_t findings;
	char error[FILE_ERROR_MAX];
};

static bool __attribute__((format(printf, 2, 3)))
complain(struct test_run *run, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(run->error, sizeof run->error, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- Options ------------------------------------------------------------------- */

static bool read_columns(struct test_run *run)
{
	static const char *const names[FILE_COLUMNS] = {"amount", "staff",  "party", "date",
	                                                "time",   "reason", "site",  "incident"};
	for (enum file_column column = 0; column < FILE_COLUMNS; column++)
		run->task.columns[column] = options_get(run->given, names[column]);
	if (run->task.columns[COLUMN_TIME] != NULL && run->task.columns[COLUMN_DATE] == NULL)
		return complain(run, "--time needs --date");
	return true;
}

static bool read_delimiter(struct test_run *run)
{
	const char *text = options_get(run->given, "delimiter");
	if (text == NULL)
		return true;
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		text = "\t";
	if (strlen(text) != 1 || strchr("\"\r\n", text[0]) != NULL || (text[0] & 0x80) != 0)
		return complain(run, "--delimiter %s: give one character, or tab", text);
	run->task.delimiter = text[0];
	return true;
}

static bool read_forms(struct test_run *run)
{
	const char *decimal = options_get(run->given, "decimal");
	const char *order = options_get(run->given, "date-format");
	if (decimal != NULL && strcmp(decimal, "point") != 0 && strcmp(decimal, "comma") != 0)
		return complain(run, "--decimal %s: say point or comma", decimal);
	if (decimal != NULL)
		run->task.mark = strcmp(decimal, "comma") == 0 ? DECIMAL_COMMA : DECIMAL_POINT;
	if (order != NULL)
		run->task.order = date_order_of(order);
	if (order != NULL && run->task.order == DATE_UNKNOWN)
		return complain(
		        run,
		        "--date-format %s: say dmy, mdy, ymd, or name day, month and year once "
		        "each in one of these orders, such as %%d/%%m/%%Y",
		        order);
	run->task.unit = options_get(run->given, "unit");
	if (run->task.unit != NULL && strlen(run->task.unit) >= sizeof run->spendings.unit)
		return complain(run, "--unit %s: it is too long", run->task.unit);
	return true;
}

static bool read_format(struct test_run *run)
{
	const char *format = options_get(run->given, "format");
	bool json = options_flag(run->given, "json");
	run->format = json ? DOCUMENT_JSON : DOCUMENT_TABLE;
	if (format == NULL)
		return true;
	if (!document_format_of(format, &run->format))
		return complain(run, "--format %s: say table, csv, json, xlsx or html", format);
	if (json && run->format != DOCUMENT_JSON)
		return complain(run, "--json and --format %s contradict each other", format);
	return true;
}

static bool read_options(struct test_run *run)
{
	if (run->given->argument_count != 1)
		return complain(run,
		                "test takes one FILE of separated values, or - for standard input");
	run->task.path = run->given->arguments[0];
	return read_columns(run) && read_delimiter(run) && read_forms(run) && read_format(run);
}

/* ---- Files --------------------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
	struct stat first, second;
	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* A file to write, which is not the one that is read. */
static FILE *open_output(struct test_run *run, const char *option)
{
	const char *path = options_get(run->given, option);
	if (same_file(path, run->task.path)) {
		complain(run, "--%s %s: that is the file to be read", option, path);
		return NULL;
	}
	FILE *out = fopen(path, "wbe");
	if (out == NULL)
		complain(run, "--%s %s: %s", option, path, strerror(errno));
	return out;
}

static bool close_output(struct test_run *run, FILE *out, const char *option)
{
	bool failed = ferror(out) != 0;
	failed |= fclose(out) != 0;
	if (failed)
		return complain(run, "--%s %s: it could not be written whole", option,
		                options_get(run->given, option));
	return true;
}

static bool read_file(struct test_run *run)
{
	if (options_get(run->given, "rejects") != NULL) {
		run->rejects = open_output(run, "rejects");
		if (run->rejects == NULL)
			return false;
	}
	run->task.rejects = run->rejects;
	bool read = spending_file_read(&run->task, &run->spendings, &run->told, run->error);
	if (run->rejects != NULL && !close_output(run, run->rejects, "rejects"))
		return false;
	return read;
}

/* ---- What is said -------------------------------------------------------------- */

static bool write_document(struct test_run *run, const struct document *document)
{
	FILE *out = stdout;
	if (options_get(run->given, "output") != NULL)
		out = open_output(run, "output");
	if (out == NULL)
		return false;
	enum lgp_status status = document_write(document, run->format, out);
	bool closed = out == stdout ? fflush(out) == 0 || complain(run, "%s", strerror(errno))
	                            : close_output(run, out, "output");
	/* More rows than a sheet holds is no failure: the document says so itself. */
	if (status != LGP_OK && status != LGP_OVERLOAD)
		return complain(run, "%s: %s", lgp_status_text(status), lgp_fault_detail());
	return closed;
}

static enum lgp_status run_hours(struct test_run *run, struct document *document,
                                 struct sheet *summary)
{
	struct forensic_result result = {0};
	enum lgp_status status =
	        file_hours_run(&run->hours, &run->spendings, &run->options, document, &result);
	forensic_summary_row(summary, FILE_HOURS_TEST, FILE_HOURS_TITLE, &result);
	run->findings += result.findings;
	return status;
}

static bool run_tests(struct test_run *run)
{
	struct document *document = document_new("Tests on spending");
	if (document == NULL)
		return complain(run, "memory ran out");
	tell_file(&run->task, &run->told, &run->spendings, document);
	struct sheet *summary = forensic_summary_new(document);
	enum lgp_status status =
	        forensic_run(&run->spendings, &run->options, document, summary, &run->findings);
	if (status == LGP_OK && forensic_wanted(&run->options, FILE_HOURS_TEST))
		status = run_hours(run, document, summary);
	bool done = status == LGP_OK ? write_document(run, document)
	                             : complain(run, "%s", lgp_fault_detail());
	document_free(document);
	return done;
}

/* ---- The command ---------------------------------------------------------------- */

/* The options of the tests; amounts with at most `scale` decimals. */
static bool read_test_options(struct test_run *run, unsigned scale)
{
	static const char *const more[] = {FILE_HOURS_TEST, NULL};
	char why[256];
	forensic_options_init(&run->options, run->format);
	return (forensic_options_read(&run->options, run->given, scale, more, why) &&
	        file_hours_read(&run->hours, run->given, why)) ||
	       complain(run, "%s", why);
}

static bool run_all(struct test_run *run)
{
	const struct file_told *told = &run->told;
	/* Options are read before the file too, so that a wrong one is told at once. */
	if (!read_options(run) || !read_test_options(run, AMOUNT_DECIMALS_MAX) || !read_file(run))
		return false;
	if (told->taken == 0)
		return complain(run, "%s: no row could be taken; %s%s", run->task.path,
		                told->rejected > 0 ? "the first is rejected because: "
		                                   : "there is none",
		                told->rejected > 0 ? told->rejections[0].why : "");
	return read_test_options(run, run->spendings.scale) && run_tests(run);
}

static int usage_error(const char *message)
{
	fprintf(stderr, "lagniappe-audit test: %s; see lagniappe-audit test --help\n", message);
	return 2;
}

/* A message may quote the file: nothing in it may steer a terminal. */
static void print_error(const char *text)
{
	fputs("lagniappe-audit test: ", stderr);
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		/* U+0080 to U+009F are control characters too. */
		bool control =
		        c < 0x20 || c == 0x7f ||
		        (c == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0);
		fputc(control ? '?' : c, stderr);
		p += control && c == 0xc2;
	}
	fputc('\n', stderr);
}

int test_command(int count, char *const *words)
{
	struct options given;
	struct test_run run = {.given = &given};
	options_init(&given);
	options_table(&given, file_rows);
	options_table(&given, forensic_option_rows);
	options_table(&given, file_hours_rows);
	if (!options_parse(&given, count, words))
		return usage_error(given.error);
	if (options_flag(&given, "help")) {
		fputs("lagniappe-audit test FILE --amount COL [option …]\n", stdout);
		test_help(stdout);
		return 0;
	}
	if (!options_complete(&given))
		return usage_error(given.error);
	if (spendings_init(&run.spendings, "line") != LGP_OK)
		return usage_error(lgp_fault_detail());
	bool done = run_all(&run);
	spendings_deinit(&run.spendings);
	if (!done) {
		print_error(run.error);
		return 2;
	}
	return run.findings > 0 ? 1 : 0;
}

void test_help(FILE *out)
{
	options_help(file_rows, out);
	options_help(forensic_option_rows, out);
	options_help(file_hours_rows, out);
	fputs("  Tests:\n", out);
	for (size_t i = 0; i < forensic_test_count; i++)
		fprintf(out, "    %-22s %s\n", forensic_tests[i].name, forensic_tests[i].title);
	fprintf(out, "    %-22s %s\n", FILE_HOURS_TEST, FILE_HOURS_TITLE);
}
