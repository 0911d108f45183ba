/* command: see command.h.  Thread: one. */
#include "tools/report/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lagniappe/codec.h"
#include "tools/audit/text.h"
#include "tools/common/options.h"
#include "tools/forensic/exceptions.h"
#include "tools/report/report.h"

#define COULD_NOT_RUN 2

static const struct option_row rows[] = {
        {"by", "AXES", 0, 0,
         "spend: one or two of staff, site, budget, reason, touchpoint, customer, day, week, "
         "month, quarter, year; liability: site, a period; people: name or thanks"},
        {"from", "DATE", 0, 0, "the first business date"},
        {"to", "DATE", 0, 0, "the first business date that is not reported on"},
        {"as-of", "WHEN", 0, 0, "as the ledger stood after that day, or at that moment"},
        {"unit", "CODE", 0, 0, "this unit alone"},
        {"exclude-imported", NULL, 0, 0, "without imported history"},
        {"entries", NULL, 0, 0, "list the entries behind the figures as well"},
        {"format", "FORMAT", 0, 0, "table, csv, json, xlsx, html or hledger; table unless said"},
        {"output", "FILE", 0, 0, "write to the file"},
        {"token", "TOKEN", 0, 0, "of an auditor, for a server's URL; else LAGNIAPPE_TOKEN"},
        {"ca", "PEM", 0, 0, "certificates to trust for https, else the system's"},
        {"help", NULL, 0, 0, "this text"},
        {0},
};

struct kind {
	const char *name, *title, *help;
	report_make *make;     /* NULL: a journal alone */
	entry_filter *journal; /* what its journal holds; NULL: it has none */
	bool by;               /* takes --by */
};

static const struct kind kinds[] = {
        {"spend", "Spend", "what was given and taken back", spend_make, entry_spends, true},
        {"limits", "Limits", "use against maximum, the nearest first", limits_make, NULL, false},
        {"liability", "Liability", "what customers hold, and what moved it", liability_make,
         entry_is_liability, true},
        {"approvals", "Approvals", "what was asked for, who decided, in whose authority",
         approvals_make, NULL, false},
        {"refusals", "Refusals", "what the rules and the funds said no to", refusals_make, NULL,
         false},
        {"people", "Thanks and rewards", "thanks and rewards, by who gave them", people_make, NULL,
         true},
        {"entries", "Entries", "every movement with all that its entry says", entries_make,
         entry_moves, false},
        {"journal", "Journal", "every movement, for hledger and ledger", NULL, entry_moves, false},
};

/* What to write, and where. */
struct output {
	const char *path; /* NULL: standard output */
	char *part;       /* owned: the file that it is written to first */
	bool journal;
	enum document_format format;
	FILE *out;
};

void report_help(FILE *out)
{
	fputs("  NAME is one of\n", out);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		fprintf(out, "    %-12s %s\n", kinds[i].name, kinds[i].help);
	fprintf(out, "    %-12s %s\n", "exceptions", "what deserves a question: see exceptions");
	options_help(rows, out);
}

/* Says what went wrong: the detail, or else what the status means. */
static int fail(enum lgp_status status)
{
	const char *detail = lgp_fault_detail();
	fprintf(stderr, "lagniappe-audit report: %s\n",
	        detail[0] != '\0' ? detail : lgp_status_text(status));
	return COULD_NOT_RUN;
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- output ------------------------------------------------------------------------------- */

static enum lgp_status read_format(const struct options *given, const struct kind *kind,
                                   struct output *out)
{
	const char *format = options_get(given, "format");
	out->path = options_get(given, "output");
	out->journal = format != NULL ? strcmp(format, "hledger") == 0 : kind->make == NULL;
	out->format = DOCUMENT_TABLE;
	if (format != NULL && !out->journal && !document_format_of(format, &out->format))
		return lgp_fault(LGP_MALFORMED,
		                 "--format %s: take table, csv, json, xlsx, html or hledger",
		                 format);
	if (out->journal && kind->journal == NULL)
		return lgp_fault(LGP_MALFORMED,
		                 "--format hledger: %s move nothing; journals are of spend, "
		                 "liability, entries and journal",
		                 kind->name);
	if (!out->journal && kind->make == NULL)
		return lgp_fault(LGP_MALFORMED,
		                 "--format %s: a journal is for hledger; take the report "
		                 "entries for this format",
		                 format);
	if (!out->journal && out->format == DOCUMENT_XLSX && out->path == NULL &&
	    isatty(STDOUT_FILENO))
		return lgp_fault(LGP_MALFORMED,
		                 "--format xlsx: a workbook is not for a terminal; give --output "
		                 "FILE");
	return LGP_OK;
}

/* A file appears under its name when it is whole. */
static enum lgp_status open_output(struct output *out)
{
	out->out = stdout;
	if (out->path == NULL)
		return LGP_OK;
	if (asprintf(&out->part, "%s.part", out->path) < 0) {
		out->part = NULL;
		return lgp_fault(LGP_NO_MEMORY, "no memory for a file's name");
	}
	out->out = fopen(out->part, "we");
	return out->out != NULL ? LGP_OK : lgp_fault(LGP_IO, "%s: %s", out->part, strerror(errno));
}

static enum lgp_status close_output(struct output *out, enum lgp_status status)
{
	bool written = status == LGP_OK || status == LGP_OVERLOAD;
	if (out->path == NULL) {
		if (written && (fflush(stdout) != 0 || ferror(stdout)))
			status = lgp_fault(LGP_IO, "the report cannot be written: %s",
			                   strerror(errno));
		return status;
	}
	bool closed = out->out == NULL || fclose(out->out) == 0;
	if (written && (!closed || rename(out->part, out->path) != 0)) {
		status = lgp_fault(LGP_IO, "%s: %s", out->path, strerror(errno));
		written = false;
	}
	if (!written && out->part != NULL)
		unlink(out->part);
	free(out->part);
	return status;
}

/* ---- one report --------------------------------------------------------------------------- */

static void note_scope(const struct report *report, const char *ledger)
{
	const struct request *request = &report->request;
	char from[LGP_DATE_LEN + 1] = "the first", until[LGP_DATE_LEN + 1] = "the last";
	char moment[MOMENT_MAX], count[COUNT_MAX];
	if (request->from != INT32_MIN)
		lgp_date_format(from, request->from);
	if (request->until != INT32_MAX)
		lgp_date_format(until, request->until);
	document_note(report->document, "Ledger %s: %s entries, the last of %s.", ledger,
	              count_text(report->read, count),
	              report->read > 0 ? moment_text(report->last_us, moment) : "no time");
	if (report->skipped > 0)
		document_note(report->document, "%s later entries are left aside (--as-of).",
		              count_text(report->skipped, count));
	if (request->from != INT32_MIN || request->until != INT32_MAX)
		document_note(report->document, "Business dates from %.10s to %.10s%s.", from,
		              until, request->until != INT32_MAX ? ", exclusive" : "");
	if (request->exclude_imported)
		document_note(report->document, "Without imported history.");
}

static enum lgp_status make_document(struct report *report, const struct kind *kind,
                                     const char *ledger, struct output *out)
{
	report->document = document_new(kind->title);
	if (report->document == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the report");
	enum lgp_status status = kind->make(report);
	if (status == LGP_OK)
		status = report_finish(report);
	if (status == LGP_OK) {
		note_scope(report, ledger);
		status = open_output(out);
		if (status == LGP_OK)
			status = document_write(report->document, out->format, out->out);
		status = close_output(out, status);
	}
	document_free(report->document);
	return status;
}

static enum lgp_status make_journal(struct report *report, const struct kind *kind,
                                    struct output *out)
{
	enum lgp_status status = open_output(out);
	if (status == LGP_OK)
		status = journal_write(report, kind->journal, out->out);
	return close_output(out, status);
}

static enum lgp_status read_request(const struct options *given, const struct kind *kind,
                                    struct request *out)
{
	*out = (struct request){
	        .unit_code = options_get(given, "unit"),
	        .by = options_get(given, "by"),
	        .exclude_imported = options_flag(given, "exclude-imported"),
	        .list = options_flag(given, "entries"),
	};
	if (out->by != NULL && !kind->by)
		return lgp_fault(LGP_MALFORMED, "--by %s: %s are not grouped by anything", out->by,
		                 kind->name);
	enum lgp_status status =
	        request_dates(options_get(given, "from"), options_get(given, "to"), out);
	return status == LGP_OK ? request_as_of(options_get(given, "as-of"), out) : status;
}

static int run(const struct options *given, const struct kind *kind)
{
	struct report report = {.book = NULL};
	struct output out = {.path = NULL};
	const struct source_options source = {
	        .ledger = given->arguments[0],
	        .token = options_or(given, "token", "LAGNIAPPE_TOKEN", NULL),
	        .ca = options_get(given, "ca"),
	};
	enum lgp_status status = read_format(given, kind, &out);
	if (status == LGP_OK)
		status = read_request(given, kind, &report.request);
	if (status == LGP_OK)
		status = book_open_from(&source, &report.book);
	if (status == LGP_OK)
		status = out.journal ? make_journal(&report, kind, &out)
		                     : make_document(&report, kind, source.ledger, &out);
	book_close(report.book);
	return status == LGP_OK ? 0 : fail(status);
}

/* Its tests have options of their own, which it reads itself. */
static bool asks_for_exceptions(int count, char *const *words)
{
	for (int i = 1; i < count; i++)
		if (strcmp(words[i], "exceptions") == 0 && strncmp(words[i - 1], "--", 2) != 0)
			return true;
	return false;
}

int report_command(int count, char *const *words)
{
	struct options given;
	if (asks_for_exceptions(count, words))
		return exceptions_command(count, words);
	options_init(&given);
	options_table(&given, rows);
	if (!options_parse(&given, count, words)) {
		(void)lgp_fault(LGP_MALFORMED, "%s; see lagniappe-audit report --help",
		                given.error);
		return fail(LGP_MALFORMED);
	}
	if (options_flag(&given, "help")) {
		fputs("lagniappe-audit report LEDGER NAME\n", stdout);
		report_help(stdout);
		return 0;
	}
	const struct kind *kind = given.argument_count == 2 ? find_kind(given.arguments[1]) : NULL;
	if (kind != NULL)
		return run(&given, kind);
	if (given.argument_count == 2)
		(void)lgp_fault(LGP_MALFORMED,
		                "there is no report \"%.64s\"; take spend, limits, liability, "
		                "approvals, refusals, people, entries, journal or exceptions",
		                given.arguments[1]);
	else
		(void)lgp_fault(LGP_MALFORMED,
		                "report takes a LEDGER and a NAME; see lagniappe-audit report "
		                "--help");
	return fail(LGP_MALFORMED);
}
