/* ledger_command: see ledger_command.h.  Thread: one at a time. */
#include "tools/forensic/ledger_command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "lagniappe/codec.h"

#define ERROR_MAX 256

const struct option_row ledger_command_rows[] = {
        {"from", "DATE", 0, 0, "business dates from this one on"},
        {"to", "DATE", 0, 0, "business dates before this one"},
        {"unit", "CODE", 0, 0, "this unit alone"},
        {"site", "ID", 0, 0, "this site alone; imports have none and are left out"},
        {"staff", "ID", 0, 0, "this member of staff alone"},
        {"token", "TOKEN", 0, 0, "of an auditor, for a server's URL; else LAGNIAPPE_TOKEN"},
        {"ca", "PEM", 0, 0, "certificates to trust for https, else the system's"},
        {"format", "FORMAT", 0, 0, "table (else), csv, json, xlsx or html"},
        {"output", "FILE", 0, 0, "write there, else to standard output"},
        {"help", NULL, 0, 0, "this text"},
        {0},
};

static bool __attribute__((format(printf, 2, 3)))
complain(char error[ERROR_MAX], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error, ERROR_MAX, format, arguments);
	va_end(arguments);
	return false;
}

static bool read_date(const struct options *given, const char *name, int32_t *out,
                      char error[ERROR_MAX])
{
	const char *text = options_get(given, name);
	if (text != NULL && lgp_date_parse(lgp_view_of(text), out) != LGP_OK)
		return complain(error, "--%s takes a date such as 2026-01-31, not '%s'", name,
		                text);
	return true;
}

bool ledger_command_read(struct ledger_command *command, const struct options *given,
                         char error[ERROR_MAX])
{
	*command = (struct ledger_command){
	        .output = options_get(given, "output"),
	        .from = INT32_MIN,
	        .to = INT32_MAX,
	        .unit = {.text = options_get(given, "unit")},
	        .site = {.text = options_get(given, "site")},
	        .staff = {.text = options_get(given, "staff")},
	};
	const char *format = options_get(given, "format");
	if (format == NULL)
		format = "table";
	if (given->argument_count == 0)
		return complain(error, "LEDGER is missing: a ledger.mdb, a data directory or a "
		                       "server's address");
	command->source = (struct source_options){
	        .ledger = given->arguments[0],
	        .token = options_or(given, "token", "LAGNIAPPE_TOKEN", NULL),
	        .ca = options_get(given, "ca"),
	};
	if (!document_format_of(format, &command->format))
		return complain(error, "there is no format '%s': table, csv, json, xlsx, html",
		                format);
	if (!read_date(given, "from", &command->from, error) ||
	    !read_date(given, "to", &command->to, error))
		return false;
	return command->from < command->to || complain(error, "--to is not after --from");
}

enum lgp_status ledger_command_open(struct ledger_command *command)
{
	return book_open_from(&command->source, &command->book);
}

void ledger_command_close(struct ledger_command *command)
{
	if (command->book != NULL)
		book_close(command->book);
	command->book = NULL;
}

/* Only some faults have a detail of their own. */
const char *ledger_command_fault(enum lgp_status status)
{
	const char *detail = lgp_fault_detail();
	return detail[0] != '\0' && status != LGP_NO_MEMORY ? detail : lgp_status_text(status);
}

/* ---- which entries ---------------------------------------------------------------------- */

static void note_name(const struct ledger_command *command, struct ledger_name *name,
                      uint64_t number)
{
	const struct book_noun *noun = book_noun(command->book, number);
	if (noun != NULL && strcmp(noun->name, name->text) == 0)
		name->number = number;
}

void ledger_command_note(struct ledger_command *command, const struct lgp_entry *entry)
{
	struct ledger_name *name = entry->kind == LGP_KIND_UNIT    ? &command->unit
	                           : entry->kind == LGP_KIND_SITE  ? &command->site
	                           : entry->kind == LGP_KIND_STAFF ? &command->staff
	                                                           : NULL;
	if (name != NULL && name->text != NULL && name->number == 0)
		note_name(command, name,
		          (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq);
}

static bool fits(const struct ledger_name *name, uint64_t number)
{
	return name->text == NULL || (name->number != 0 && name->number == number);
}

bool ledger_command_takes(const struct ledger_command *command, const struct lgp_entry *entry)
{
	return command->from <= entry->business_date && entry->business_date < command->to &&
	       fits(&command->unit, entry->unit) && fits(&command->site, entry->site) &&
	       fits(&command->staff, entry->staff);
}

bool ledger_command_found(const struct ledger_command *command, char error[ERROR_MAX])
{
	const struct {
		const struct ledger_name *name;
		const char *what;
	} names[] = {{&command->unit, "unit"},
	             {&command->site, "site"},
	             {&command->staff, "member of staff"}};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].name->text != NULL && names[i].name->number == 0)
			return complain(error, "the ledger has no %s '%s'", names[i].what,
			                names[i].name->text);
	return true;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void describe_dates(const struct ledger_command *command, struct document *document)
{
	char from[LGP_DATE_LEN + 1] = "the first", to[LGP_DATE_LEN + 1] = "";
	if (command->from == INT32_MIN && command->to == INT32_MAX)
		return;
	if (command->from != INT32_MIN)
		lgp_date_format(from, command->from);
	if (command->to != INT32_MAX)
		lgp_date_format(to, command->to);
	document_note(document, "business dates from %s on%s%s", from,
	              to[0] != '\0' ? ", before " : "", to);
}

void ledger_command_describe(const struct ledger_command *command, struct document *document)
{
	document_note(document, "ledger %s, %llu entries", command->source.ledger,
	              (unsigned long long)book_size(command->book));
	describe_dates(command, document);
	if (command->unit.text != NULL)
		document_note(document, "unit %s", command->unit.text);
	if (command->site.text != NULL)
		document_note(document, "site %s", command->site.text);
	if (command->staff.text != NULL)
		document_note(document, "member of staff %s", command->staff.text);
}

static enum lgp_status write_file(const struct ledger_command *command,
                                  const struct document *document)
{
	FILE *file = fopen(command->output, "wb");
	if (file == NULL)
		return lgp_fault(LGP_IO, "%s: %s", command->output, strerror(errno));
	enum lgp_status status = document_write(document, command->format, file);
	if (fclose(file) != 0 && (status == LGP_OK || status == LGP_OVERLOAD))
		return lgp_fault(LGP_IO, "%s: %s", command->output, strerror(errno));
	return status;
}

/* More rows than a sheet holds is no failure: the document says so itself. */
bool ledger_command_write(const struct ledger_command *command, const struct document *document)
{
	enum lgp_status status = command->output != NULL
	                                 ? write_file(command, document)
	                                 : document_write(document, command->format, stdout);
	if (status == LGP_OK || status == LGP_OVERLOAD)
		return true;
	fprintf(stderr, "lagniappe-audit: %s\n", ledger_command_fault(status));
	return false;
}
