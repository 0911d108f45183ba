/* sample_tell: a sample as sheets: how it was drawn, so that anybody can draw it
 * again, its items, and what was set apart.
 * Thread: one. */
#include "tools/forensic/sample.h"

#include <inttypes.h>
#include <stdarg.h>

#include "lagniappe/codec.h"
#include "tools/audit/text.h"

#define VALUE_MAX 256
#define APART_SHOWN 20 /* of what was set apart, in a table */
#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]

/* ---- how it was drawn -------------------------------------------------------------------------------- */

static const struct sheet_column draw_columns[] = {
        {"what", "What", SHEET_TEXT, 0},
        {"value", "Value", SHEET_TEXT, 0},
};

static void __attribute__((format(printf, 3, 4)))
tell(struct sheet *sheet, const char *what, const char *format, ...)
{
	char value[VALUE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	sheet_word(sheet, what);
	sheet_word(sheet, value);
}

static void tell_population(const struct sample *sample, struct sheet *sheet)
{
	const struct ledger_command *command = &sample->command;
	char root[LGP_BASE64_LEN(LGP_HASH_LEN) + 1], date[LGP_DATE_LEN + 1] = "";
	struct lgp_hash hash;
	merkle_root(&sample->tree, &hash);
	root[lgp_base64_encode(root, hash.bytes, sizeof hash.bytes)] = '\0';
	tell(sheet, "last_entry", "%" PRIu64, sample->last);
	tell(sheet, "ledger_size", "%" PRIu64, sample->tree.size);
	tell(sheet, "ledger_root", "%s", root);
	tell(sheet, "kinds", "%s", sample_kinds_text[sample->kinds]);
	if (command->from != INT32_MIN) {
		lgp_date_format(date, command->from);
		tell(sheet, "from", "%s", date);
	}
	if (command->to != INT32_MAX) {
		lgp_date_format(date, command->to);
		tell(sheet, "to", "%s", date);
	}
	if (command->site.text != NULL)
		tell(sheet, "site", "%s", command->site.text);
	if (command->staff.text != NULL)
		tell(sheet, "staff", "%s", command->staff.text);
	tell(sheet, "population_items", "%" PRIu64, sample->count);
}

static void tell_money(const struct sample *sample, struct sheet *sheet)
{
	char text[AMOUNT_MAX], unit[BOOK_NAME_MAX];
	unsigned scale = book_scale(sample->command.book, sample->unit);
	uint64_t book = (uint64_t)sample->book;
	if (sample->units)
		return; /* of several units there is no sum */
	tell(sheet, "unit", "%s",
	     book_name(sample->command.book, LGP_KIND_UNIT, sample->unit, unit));
	tell(sheet, "book_value", "%s", amount_text(sample->book, scale, text));
	tell(sheet, "set_apart_items", "%" PRIu64, sample->apart_count);
	tell(sheet, "set_apart_value", "%s", amount_text(sample->apart_value, scale, text));
	if (!sample->mus)
		return;
	tell(sheet, "book_minor_units", "%" PRIu64, book);
	tell(sheet, "interval_minor_units", "%" PRIu64 "/%" PRIu64 " (about %.2f)", book,
	     sample->size, (double)book / (double)sample->size);
	tell(sheet, "start", "%" PRIu64, sample->draw.start);
}

static void tell_draw(const struct sample *sample, struct document *document)
{
	struct sheet *sheet =
	        sheet_new(document, "draw", "How the sample was drawn", COLUMNS(draw_columns));
	size_t whole = 0;
	for (size_t i = 0; i < sample->item_count; i++)
		whole += sample->items[i].whole;
	tell(sheet, "method", "%s", sample->mus ? "mus" : "attribute");
	tell(sheet, "seed", "%s", sample->drawer.seed);
	tell(sheet, "size", "%" PRIu64, sample->size);
	tell_population(sample, sheet);
	tell_money(sample, sheet);
	tell(sheet, "items", "%zu", sample->item_count);
	if (sample->mus)
		tell(sheet, "items_whole", "%zu", whole);
	sheet_note(sheet,
	           "Number i of the generator is the first 8 bytes, big-endian, of "
	           "SHA-256(\"lagniappe-sample:%s:i\"), i from 0.  A number below n: pass over "
	           "those not below n * floor(2^64 / n), take the remainder by n.",
	           sample->drawer.seed);
	if (sample->mus)
		sheet_note(sheet, "The population's minor units are numbered from 0, entry by "
		                  "entry.  start is drawn below the book value; hit k, from 0 to "
		                  "size - 1, falls on unit floor((start + k * book) / size).");
	else
		sheet_note(sheet, "The population's entries are numbered from 0.  Numbers below "
		                  "population_items are drawn, those that came before passed over, "
		                  "until there are as many as asked for.");
}

/* ---- the sample ---------------------------------------------------------------------------------------- */

#define ITEM_COLUMNS                                                                       \
	{"entry", "Entry", SHEET_ENTRY, 0}, {"kind", "Kind", SHEET_TEXT, 0},               \
	        {"business_date", "Date", SHEET_DATE, 0}, {"time", "Time", SHEET_TIME, 0}, \
	        {"staff", "Staff", SHEET_TEXT, 0}, {"party", "To", SHEET_TEXT, 0},         \
	        {"reason", "Reason", SHEET_TEXT, 0}, {"site", "Site", SHEET_TEXT, 0},      \
	        {"budget", "Budget", SHEET_TEXT, 0}, {"unit", "Unit", SHEET_TEXT, 0},      \
	        {"amount", "Amount", SHEET_MONEY, 0},                                      \
	{                                                                                  \
		"reversed", "Reversed", SHEET_MONEY, 0                                     \
	}

static const struct sheet_column mus_columns[] = {
        ITEM_COLUMNS,
        {"hits", "Hits", SHEET_COUNT, 0},
        {"stratum", "Stratum", SHEET_TEXT, 0},
        {"cumulative", "Book value so far", SHEET_MONEY, 0},
};

static const struct sheet_column attribute_columns[] = {
        ITEM_COLUMNS,
        {"draw", "Draw", SHEET_COUNT, 0},
        {"place", "Number in the population", SHEET_COUNT, 0},
};

static const struct sheet_column apart_columns[] = {
        {"entry", "Entry", SHEET_ENTRY, 0},
        {"business_date", "Date", SHEET_DATE, 0},
        {"amount", "Amount", SHEET_MONEY, 0},
};

static void name_cell(const struct sample *sample, struct sheet *sheet, enum lgp_kind kind,
                      uint64_t number)
{
	char name[BOOK_NAME_MAX];
	if (number == 0)
		sheet_blank(sheet);
	else
		sheet_word(sheet, book_name(sample->command.book, kind, number, name));
}

static void item_row(const struct sample *sample, struct sheet *sheet,
                     const struct sample_item *item)
{
	const struct lgp_entry *entry = &item->entry;
	unsigned scale = book_scale(sample->command.book, entry->unit);
	bool import = entry->kind == LGP_KIND_IMPORT;
	sheet_entry(sheet, entry->seq);
	sheet_word(sheet, lgp_kind_name(entry->kind));
	sheet_date(sheet, entry->business_date);
	sheet_time(sheet, entry->time_us);
	name_cell(sample, sheet, LGP_KIND_STAFF, entry->staff);
	name_cell(sample, sheet, import ? LGP_KIND_PARTY : LGP_KIND_CUSTOMER, entry->customer);
	name_cell(sample, sheet, LGP_KIND_REASON, entry->reason);
	name_cell(sample, sheet, LGP_KIND_SITE, entry->site);
	name_cell(sample, sheet, LGP_KIND_BUDGET, entry->budget);
	name_cell(sample, sheet, LGP_KIND_UNIT, entry->unit);
	sheet_money(sheet, sample_value(entry), scale);
	sheet_money(sheet, item->reversed > INT64_MAX ? INT64_MAX : (int64_t)item->reversed, scale);
	if (!sample->mus) {
		sheet_count(sheet, (int64_t)item->order);
		sheet_count(sheet, (int64_t)item->place);
		return;
	}
	sheet_count(sheet, (int64_t)item->hits);
	sheet_word(sheet, item->whole ? "whole" : "drawn");
	sheet_money(sheet, item->cumulative, scale);
}

static void tell_items(const struct sample *sample, struct document *document)
{
	struct sheet *sheet =
	        sample->mus ? sheet_new(document, "sample", "The sample, by monetary units",
	                                COLUMNS(mus_columns))
	                    : sheet_new(document, "sample", "The sample, by entries",
	                                COLUMNS(attribute_columns));
	for (size_t i = 0; i < sample->item_count; i++)
		item_row(sample, sheet, &sample->items[i]);
	sheet_note(sheet, "Amounts are those given; what was taken back later stands beside them.");
	if (sample->mus)
		sheet_note(sheet, "Items at or above the interval are taken whole: they are in the "
		                  "sample whatever the start.  Several hits on one item are one "
		                  "item, so there may be fewer items than hits.");
	else if (sample->size >= sample->count)
		sheet_note(sheet,
		           "The population is no larger than the sample: all of it is here.");
}

/* How many are listed: a terminal is no place for many. */
static size_t apart_listed(const struct sample *sample)
{
	size_t most = sample->command.format == DOCUMENT_TABLE ? APART_SHOWN : SAMPLE_APART_MAX;
	return sample->apart_count < most ? (size_t)sample->apart_count : most;
}

static void tell_apart(const struct sample *sample, struct document *document)
{
	size_t listed = apart_listed(sample);
	if (!sample->mus || listed == 0)
		return;
	struct sheet *sheet =
	        sheet_new(document, "apart", "Set apart: 0 or less", COLUMNS(apart_columns));
	for (size_t i = 0; i < listed; i++) {
		sheet_entry(sheet, sample->apart[i].seq);
		sheet_date(sheet, sample->apart[i].date);
		sheet_money(sheet, sample->apart[i].value,
		            book_scale(sample->command.book, sample->unit));
	}
	sheet_note(sheet,
	           "An item of 0 or less has no chance in a sample by monetary units: look at "
	           "these apart.");
	if (sample->apart_count > listed)
		sheet_note(sheet, "The first %zu of %" PRIu64 " are listed.", listed,
		           sample->apart_count);
}

void sample_tell(const struct sample *sample, struct document *document)
{
	tell_draw(sample, document);
	tell_items(sample, document);
	tell_apart(sample, document);
}
