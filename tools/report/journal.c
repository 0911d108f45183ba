/* journal: every movement as a transaction of plain-text accounting.
 * Thread: one at a time.
 * Sources: the journal formats of hledger and of ledger; what is written here is
 * of both.
 *
 * An account's postings add up to what it holds in the ledger: credits minus
 * debits. */
#include "tools/audit/text.h"
#include "tools/report/account.h"
#include "tools/report/report.h"

#include <string.h>

#include "lagniappe/codec.h"

struct journal {
	struct report *report;
	entry_filter *takes;
	FILE *out;
	uint64_t count;
};

/* A commodity's name of anything but letters is quoted. */
static void write_amount(const struct journal *journal, const struct lgp_entry *entry,
                         bool negative)
{
	char room[AMOUNT_MAX], unit[BOOK_NAME_MAX];
	const struct book *book = journal->report->book;
	int64_t amount = negative ? -entry->amount : entry->amount;
	book_name(book, LGP_KIND_UNIT, entry->unit, unit);
	bool letters = unit[strspn(unit, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
	fprintf(journal->out, letters ? "%s %s\n" : "%s \"%s\"\n",
	        amount_text(amount, book_scale(book, entry->unit), room), unit);
}

static void write_posting(const struct journal *journal, const struct lgp_entry *entry,
                          enum lgp_class class, bool negative)
{
	char name[ACCOUNT_NAME_MAX];
	fprintf(journal->out, "    %-40s  ",
	        account_name(journal->report->book, entry, class, name));
	write_amount(journal, entry, negative);
}

static void write_tag(const struct journal *journal, const char *tag, enum lgp_kind kind,
                      uint64_t number)
{
	char name[BOOK_NAME_MAX];
	if (number != 0)
		fprintf(journal->out, "    ; %s: %s\n", tag,
		        book_name(journal->report->book, kind, number, name));
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct journal *journal = context;
	char date[LGP_DATE_LEN];
	(void)book;
	if (!journal->takes(journal->report, entry))
		return LGP_OK;
	lgp_date_format(date, entry->business_date);
	fprintf(journal->out, "\n%.*s * (%llu) %s\n", LGP_DATE_LEN, date,
	        (unsigned long long)entry->seq, lgp_kind_name(entry->kind));
	write_tag(journal, "staff", LGP_KIND_STAFF, entry->staff);
	write_tag(journal, "site", LGP_KIND_SITE, entry->site);
	write_tag(journal, "reason", LGP_KIND_REASON, entry->reason);
	if (entry->refers_to != 0)
		fprintf(journal->out, "    ; refers-to: entry %llu\n",
		        (unsigned long long)entry->refers_to);
	write_posting(journal, entry, entry->credit, false);
	write_posting(journal, entry, entry->debit, true);
	journal->count++;
	return ferror(journal->out) ? lgp_fault(LGP_IO, "the journal cannot be written") : LGP_OK;
}

enum lgp_status journal_write(struct report *report, entry_filter *takes, FILE *out)
{
	struct journal journal = {.report = report, .takes = takes, .out = out};
	fputs("; Movements of a Lagniappe ledger.  The number in parentheses is the entry's.\n"
	      "; What an account holds is positive: credits minus debits, as in the ledger.\n",
	      out);
	enum lgp_status status = report_read(report, visit, &journal);
	if (status == LGP_OK)
		fprintf(out, "\n; %llu movements.\n", (unsigned long long)journal.count);
	return status;
}
