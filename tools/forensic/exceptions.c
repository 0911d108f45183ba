/* exceptions: the command: which tests, over what of the ledger, into one document.
 * Thread: one. */
#include "tools/forensic/exceptions.h"

#include <stdlib.h>
#include <string.h>

#include "tools/forensic/ledger_tests.h"

#define ERROR_MAX 256
#define TITLE_MAX 224
#define LABEL_MAX 96
#define TESTS_MAX 32
#define SCALE_MAX 9

static const struct option_row exceptions_rows[] = {
        {"exclude-imported", NULL, 0, 0, "imports are left out, not judged apart"},
        {0},
};

struct exceptions {
	struct ledger_command command;
	struct forensic_options options;
	struct ledger_thresholds thresholds;
	struct ledger_facts facts;
	struct document *document; /* owned, the rest borrowed from it */
	struct sheet *summary;
	size_t findings;
	char error[ERROR_MAX];
};

/* ---- options ------------------------------------------------------------------------------ */

static bool complain(struct exceptions *run, const char *text)
{
	snprintf(run->error, sizeof run->error, "%s", text);
	return false;
}

static void add_tables(struct options *options)
{
	options_table(options, exceptions_rows);
	options_table(options, forensic_option_rows);
	options_table(options, ledger_threshold_rows);
	options_table(options, ledger_command_rows);
}

/* LEDGER, and perhaps the name by which `report` knows this. */
static bool arguments_fit(const struct options *given)
{
	return given->argument_count == 1 ||
	       (given->argument_count == 2 && strcmp(given->arguments[1], "exceptions") == 0);
}

static bool read_options(struct exceptions *run, const struct options *given)
{
	if (!ledger_command_read(&run->command, given, run->error))
		return false;
	if (!arguments_fit(given))
		return complain(run, "exceptions takes one LEDGER");
	run->facts.excluding_imports = options_flag(given, "exclude-imported");
	return ledger_thresholds_read(&run->thresholds, given, run->error);
}

/* The options of tests.h, whose amounts go by the unit's scale. */
static bool read_test_options(struct exceptions *run, const struct options *given, unsigned scale)
{
	const char *names[TESTS_MAX + 1] = {0};
	require(ledger_test_count <= TESTS_MAX);
	for (size_t i = 0; i < ledger_test_count; i++)
		names[i] = ledger_tests[i].name;
	forensic_options_init(&run->options, run->command.format);
	return forensic_options_read(&run->options, given, scale, names, run->error);
}

/* ---- running ------------------------------------------------------------------------------ */

/* A row in the summary, which names the population where there are several. */
static void summarize(struct exceptions *run, const char *name, const char *title,
                      const char *label, const struct forensic_result *result)
{
	char words[TITLE_MAX];
	snprintf(words, sizeof words, "%s%s%s%s", title, label[0] != '\0' ? " (" : "", label,
	         label[0] != '\0' ? ")" : "");
	forensic_summary_row(run->summary, name, words, result);
	if (result->applies)
		run->findings += result->findings;
}

/* Where there are several populations: a sheet that says whose sheets follow. */
static void head(struct exceptions *run, const char *label, size_t entries)
{
	static const struct sheet_column columns[] = {
	        {"population", "Population", SHEET_TEXT, 0},
	        {"entries", "Entries", SHEET_COUNT, 0},
	};
	if (label[0] == '\0')
		return;
	struct sheet *sheet = sheet_new(run->document, "population", "The sheets that follow",
	                                columns, sizeof columns / sizeof columns[0]);
	sheet_word(sheet, label);
	sheet_count(sheet, (int64_t)entries);
}

static enum lgp_status run_row_tests(struct exceptions *run, const struct spendings *rows,
                                     const char *label)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < forensic_test_count && status == LGP_OK; i++) {
		struct forensic_result result = {0};
		const struct forensic_test *test = &forensic_tests[i];
		if (!forensic_wanted(&run->options, test->name))
			continue;
		status = test->run(rows, &run->options, run->document, &result);
		if (status == LGP_OK)
			summarize(run, test->name, test->title, label, &result);
	}
	return status;
}

/* A label is needed where there is more than one population. */
static const char *label_of(const struct exceptions *run, const struct ledger_unit *unit,
                            const char *what, char out[LABEL_MAX])
{
	char name[BOOK_NAME_MAX];
	bool units = run->facts.unit_count > 1, kinds = unit->grants > 0 && unit->imports > 0;
	snprintf(out, LABEL_MAX, "%s%s%s", kinds ? what : "",
	         kinds && units && what[0] != '\0' ? ", " : "",
	         units ? book_name(run->command.book, LGP_KIND_UNIT, unit->number, name) : "");
	return out;
}

static enum lgp_status judge_rows(struct exceptions *run, const struct ledger_unit *unit,
                                  bool imports)
{
	struct spendings rows;
	char label[LABEL_MAX];
	enum lgp_status status = spendings_init(&rows, "entry");
	if (status != LGP_OK)
		return status;
	status = ledger_rows(&run->facts, unit->number, imports, &rows);
	if (status == LGP_OK) {
		head(run, label_of(run, unit, imports ? "imports" : "grants", label), rows.count);
		status = run_row_tests(run, &rows, label);
	}
	spendings_deinit(&rows);
	return status;
}

static enum lgp_status judge_ledger(struct exceptions *run, const struct ledger_unit *unit)
{
	char label[LABEL_MAX];
	enum lgp_status status = LGP_OK;
	head(run, label_of(run, unit, "both", label), unit->grants + unit->imports);
	for (size_t i = 0; i < ledger_test_count && status == LGP_OK; i++) {
		struct forensic_result result = {0};
		const struct ledger_test *test = &ledger_tests[i];
		struct ledger_run one = {
		        .facts = &run->facts,
		        .thresholds = &run->thresholds,
		        .options = &run->options,
		        .unit = unit->number,
		        .scale = book_scale(run->command.book, unit->number),
		        .document = run->document,
		        .result = &result,
		};
		if (!forensic_wanted(&run->options, test->name))
			continue;
		status = test->run(&one);
		if (status == LGP_OK)
			summarize(run, test->name, test->title, label, &result);
	}
	return status;
}

/* One unit: its amounts are never added to another's. */
static enum lgp_status judge_unit(struct exceptions *run, const struct ledger_unit *unit)
{
	enum lgp_status status = LGP_OK;
	if (unit->grants > 0 || unit->imports == 0)
		status = judge_rows(run, unit, false);
	if (status == LGP_OK && unit->imports > 0)
		status = judge_rows(run, unit, true);
	return status == LGP_OK ? judge_ledger(run, unit) : status;
}

static void describe(struct exceptions *run)
{
	const struct ledger_facts *facts = &run->facts;
	ledger_command_describe(&run->command, run->document);
	if (facts->excluding_imports)
		document_note(run->document, "imports are left out");
	document_note(run->document,
	              "a finding is a question, not a proof; how each test judges: tools/forensic/"
	              "README.md");
	if (facts->unit_count == 0)
		document_note(run->document, "nothing was given in what was asked for");
	if (facts->more_units)
		document_note(run->document, "there are more than %d units: the others need --unit",
		              LEDGER_UNITS_MAX);
	if (facts->limits.left_out > 0)
		document_note(run->document, "%llu versions of limits are beyond what is looked at",
		              (unsigned long long)facts->limits.left_out);
	run->summary = forensic_summary_new(run->document);
}

static enum lgp_status read_ledger(struct exceptions *run)
{
	enum lgp_status status = ledger_command_open(&run->command);
	return status == LGP_OK ? ledger_facts_read(&run->facts) : status;
}

/* A ledger in which nothing was given is judged too: every test says that it does
 * not apply. */
static bool judge(struct exceptions *run, const struct options *given)
{
	const struct ledger_unit nothing = {0};
	size_t count = run->facts.unit_count > 0 ? run->facts.unit_count : 1;
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < count && status == LGP_OK; i++) {
		const struct ledger_unit *unit =
		        run->facts.unit_count > 0 ? &run->facts.units[i] : &nothing;
		if (!read_test_options(run, given, book_scale(run->command.book, unit->number)))
			return false;
		status = judge_unit(run, unit);
	}
	return status == LGP_OK || complain(run, ledger_command_fault(status));
}

/* False: error says why. */
static bool run_all(struct exceptions *run, const struct options *given)
{
	if (!read_options(run, given) || !read_test_options(run, given, SCALE_MAX))
		return false;
	enum lgp_status status = read_ledger(run);
	if (status != LGP_OK)
		return complain(run, ledger_command_fault(status));
	if (!ledger_command_found(&run->command, run->error))
		return false;
	describe(run);
	return judge(run, given);
}

/* ---- the command --------------------------------------------------------------------------- */

static int judge_and_tell(struct exceptions *run, const struct options *given)
{
	bool done = ledger_facts_init(&run->facts, &run->command) == LGP_OK ||
	            complain(run, lgp_status_text(LGP_NO_MEMORY));
	done = done && run_all(run, given);
	if (!done)
		fprintf(stderr, "lagniappe-audit: %s\n", run->error);
	else
		done = ledger_command_write(&run->command, run->document);
	ledger_facts_deinit(&run->facts);
	ledger_command_close(&run->command);
	if (!done)
		return 2;
	return run->findings > 0 ? 1 : 0;
}

static int start(const struct options *given)
{
	int code = 2;
	struct exceptions *run = calloc(1, sizeof *run);
	if (run != NULL)
		run->document = document_new("Exceptions");
	if (run != NULL && run->document != NULL)
		code = judge_and_tell(run, given);
	else
		fprintf(stderr, "lagniappe-audit: %s\n", lgp_status_text(LGP_NO_MEMORY));
	if (run != NULL)
		document_free(run->document);
	free(run);
	return code;
}

void exceptions_help(FILE *out)
{
	options_help(exceptions_rows, out);
	options_help(forensic_option_rows, out);
	options_help(ledger_threshold_rows, out);
	options_help(ledger_command_rows, out);
}

int exceptions_command(int count, char *const *words)
{
	struct options options;
	options_init(&options);
	add_tables(&options);
	bool parsed = options_parse(&options, count, words);
	if (parsed && options_flag(&options, "help")) {
		fputs("lagniappe-audit exceptions LEDGER\n", stdout);
		exceptions_help(stdout);
		return 0;
	}
	if (!parsed) {
		fprintf(stderr, "lagniappe-audit: %s; see lagniappe-audit exceptions --help\n",
		        options.error);
		return 2;
	}
	return start(&options);
}
