/* book: see book.h.  Thread: one at a time. */
#include "tools/report/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "tools/audit/slots.h"

/* The calendar that dates can be written in: years 0001 to 9999. */
#define DAY_FIRST (-719162)
#define DAY_LAST 2932896
#define DAY_US (INT64_C(86400) * 1000000)

struct record {
	struct book_noun noun;
	char *text; /* owned: what its definition points into */
};

struct book {
	struct source *source;   /* owned */
	struct block *block;     /* owned */
	struct record **records; /* owned, in the order of their numbers */
	size_t count;
	struct slots places;   /* number + 1 -> place in records */
	struct slots versions; /* version of a limit + 1 -> the limit's number */
	uint64_t size;
};

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for the ledger's names");
}

/* ---- opening ------------------------------------------------------------------------------ */

enum lgp_status book_open_from(const struct source_options *options, struct book **out)
{
	bool damaged;
	struct extent extent = {0};
	struct book *book = calloc(1, sizeof *book);
	if (book == NULL)
		return no_memory();
	enum lgp_status status = slots_init(&book->places);
	if (status == LGP_OK)
		status = slots_init(&book->versions);
	book->block = malloc(sizeof *book->block);
	if (status == LGP_OK && book->block == NULL)
		status = no_memory();
	if (status == LGP_OK)
		status = source_open(options, &book->source, &damaged);
	if (status == LGP_OK)
		status = source_extent(book->source, &extent);
	book->size = extent.size;
	if (status == LGP_OK)
		*out = book;
	else
		book_close(book);
	return status;
}

enum lgp_status book_open(const char *ledger, const char *token, struct book **out)
{
	return book_open_from(&(struct source_options){.ledger = ledger, .token = token}, out);
}

void book_close(struct book *book)
{
	if (book == NULL)
		return;
	for (size_t i = 0; i < book->count; i++) {
		free(book->records[i]->text);
		free(book->records[i]);
	}
	free(book->records);
	slots_deinit(&book->places);
	slots_deinit(&book->versions);
	source_close(book->source);
	free(book->block);
	free(book);
}

uint64_t book_size(const struct book *book)
{
	return book->size;
}

/* ---- nouns -------------------------------------------------------------------------------- */

static struct record *find(const struct book *book, uint64_t number)
{
	const struct slot *slot =
	        number != UINT64_MAX ? slots_find(&book->places, number + 1, 0) : NULL;
	return slot != NULL ? book->records[slot->number] : NULL;
}

const struct book_noun *book_noun(const struct book *book, uint64_t number)
{
	const struct record *record = find(book, number);
	return record != NULL ? &record->noun : NULL;
}

const struct book_noun *book_noun_at(const struct book *book, size_t i)
{
	return i < book->count ? &book->records[i]->noun : NULL;
}

const struct book_noun *book_limit(const struct book *book, uint64_t version)
{
	const struct slot *slot =
	        version != UINT64_MAX ? slots_find(&book->versions, version + 1, 0) : NULL;
	return slot != NULL ? book_noun(book, slot->number) : NULL;
}

const char *book_name(const struct book *book, enum lgp_kind kind, uint64_t number,
                      char name[BOOK_NAME_MAX])
{
	const struct book_noun *noun = book_noun(book, number);
	const char *called = lgp_kind_name(kind);
	bool named = kind == LGP_KIND_CUSTOMER || kind == LGP_KIND_PARTY || lgp_noun_of(kind);
	if (number == 0)
		snprintf(name, BOOK_NAME_MAX, "the house");
	else if (noun != NULL && noun->kind == kind)
		snprintf(name, BOOK_NAME_MAX, "%s", noun->name);
	else
		snprintf(name, BOOK_NAME_MAX, "%s %llu", named && called != NULL ? called : "entry",
		         (unsigned long long)number);
	return name;
}

unsigned book_scale(const struct book *book, uint64_t unit)
{
	const struct book_noun *noun = book_noun(book, unit);
	uint64_t scale = 0;
	if (noun == NULL || noun->kind != LGP_KIND_UNIT)
		return 0;
	/* Its form was checked when it was parsed: 0 to 9. */
	require(lgp_decimal_parse(lgp_definition_get(&noun->definition, "scale"), &scale) ==
	        LGP_OK);
	return (unsigned)scale;
}

static struct record *add(struct book *book, uint64_t number)
{
	if ((book->count & (book->count - 1)) == 0) { /* at each power of two it is full */
		size_t room = book->count == 0 ? 1 : book->count * 2;
		struct record **more = realloc(book->records, room * sizeof(struct record *));
		if (more == NULL)
			return NULL;
		book->records = more;
	}
	struct record *record = calloc(1, sizeof *record);
	struct slot *slot = record != NULL ? slots_put(&book->places, number + 1, 0) : NULL;
	if (slot == NULL) {
		free(record);
		return NULL;
	}
	record->noun.number = number;
	slot->number = book->count;
	book->records[book->count++] = record;
	return record;
}

static void call_noun(struct book_noun *noun)
{
	const char *field = noun->definition.noun->id_field;
	if (field == NULL) {
		snprintf(noun->name, sizeof noun->name, "%s %llu", lgp_kind_name(noun->kind),
		         (unsigned long long)noun->number);
		return;
	}
	struct lgp_view id = lgp_definition_get(&noun->definition, field);
	snprintf(noun->name, sizeof noun->name, "%.*s", (int)id.len, id.ptr);
}

/* Takes the text over. */
static enum lgp_status keep(struct book *book, const struct lgp_entry *entry, uint64_t number,
                            char *text, const struct lgp_definition *definition)
{
	struct record *record = find(book, number);
	if (record == NULL)
		record = add(book, number);
	if (record == NULL) {
		free(text);
		return no_memory();
	}
	free(record->text);
	record->text = text;
	record->noun.kind = entry->kind;
	record->noun.definition = *definition;
	call_noun(&record->noun);
	if (entry->kind != LGP_KIND_LIMIT)
		return LGP_OK;
	struct slot *slot = slots_put(&book->versions, entry->seq + 1, 0);
	if (slot == NULL)
		return no_memory();
	slot->number = number;
	return LGP_OK;
}

/* The number that the entry defines.  False: it amends what is not there. */
static bool defined(const struct book *book, const struct lgp_entry *entry, uint64_t *number)
{
	*number = entry->seq;
	if ((entry->flags & LGP_FLAG_AMEND) == 0)
		return true;
	*number = entry->refers_to;
	const struct book_noun *noun = book_noun(book, *number);
	return noun != NULL && noun->kind == entry->kind;
}

static enum lgp_status define(struct book *book, const struct lgp_entry *entry)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_view payload;
	struct lgp_definition definition;
	uint64_t number;
	enum lgp_status status = book_payload(book, entry, text, &payload);
	if (status != LGP_OK)
		return status;
	if (payload.ptr == NULL || !defined(book, entry, &number))
		return lgp_fault(LGP_CORRUPT,
		                 "entry %llu: it defines nothing that there is; verify says more",
		                 (unsigned long long)entry->seq);
	char *kept = malloc(payload.len + 1);
	if (kept == NULL)
		return no_memory();
	memcpy(kept, payload.ptr, payload.len);
	status = lgp_definition_parse(lgp_noun_of(entry->kind),
	                              (struct lgp_view){kept, payload.len}, true, &definition);
	if (status == LGP_OK)
		return keep(book, entry, number, kept, &definition);
	free(kept);
	return lgp_fault(LGP_CORRUPT, "entry %llu: its definition cannot be read; verify says more",
	                 (unsigned long long)entry->seq);
}

/* ---- single entries ----------------------------------------------------------------------- */

enum lgp_status book_payload(const struct book *book, const struct lgp_entry *entry,
                             char text[LGP_DEFINITION_MAX], struct lgp_view *out)
{
	struct lgp_hash made;
	size_t len;
	*out = (struct lgp_view){NULL, 0};
	if ((entry->flags & LGP_FLAG_PAYLOAD) == 0)
		return LGP_OK;
	enum lgp_status status =
	        source_payload(book->source, &entry->hash, text, LGP_DEFINITION_MAX, &len);
	if (status != LGP_OK && status != LGP_MISSING && status != LGP_OVERLOAD)
		return status;
	if (status == LGP_OK)
		lgp_hash_sha256(text, len, &made);
	if (status != LGP_OK || !lgp_hash_equal(&made, &entry->hash))
		return lgp_fault(
		        LGP_CORRUPT,
		        "entry %llu: the payload that it binds cannot be read; verify says more",
		        (unsigned long long)entry->seq);
	*out = (struct lgp_view){text, len};
	return LGP_OK;
}

static enum lgp_status unreadable(uint64_t seq, const char *why)
{
	return lgp_fault(LGP_CORRUPT, "entry %llu cannot be read: %s; verify says more",
	                 (unsigned long long)seq, why);
}

static enum lgp_status decode(uint64_t seq, const uint8_t bytes[LGP_ENTRY_LEN],
                              struct lgp_entry *out)
{
	if (lgp_entry_decode(bytes, out) != LGP_OK) {
		char why[160];
		const char *detail = lgp_fault_detail(), *colon = strstr(detail, ": ");
		bool numbered = strncmp(detail, "entry ", 6) == 0 && colon != NULL;
		snprintf(why, sizeof why, "%s", numbered ? colon + 2 : detail);
		return unreadable(seq, why);
	}
	if (out->seq != seq)
		return unreadable(seq, "it says that it is another");
	if (out->business_date < DAY_FIRST || out->business_date > DAY_LAST ||
	    out->time_us < DAY_FIRST * DAY_US || out->time_us >= (DAY_LAST + 1) * DAY_US)
		return unreadable(seq, "its date is in no calendar");
	return LGP_OK;
}

enum lgp_status book_entry(const struct book *book, uint64_t seq, struct lgp_entry *out)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	enum lgp_status status = source_entry(book->source, seq, bytes);
	if (status == LGP_MISSING)
		return lgp_fault(LGP_MISSING, "entry %llu is not there", (unsigned long long)seq);
	return status == LGP_OK ? decode(seq, bytes, out) : unreadable(seq, "its page is damaged");
}

/* ---- all entries -------------------------------------------------------------------------- */

static enum lgp_status read_one(struct book *book, unsigned i, book_visit *visit, void *context)
{
	static const char *const whys[] = {
	        [CELL_HERE] = "",
	        [CELL_MISSING] = "it is missing",
	        [CELL_LENGTH] = "it is not as long as an entry",
	        [CELL_DAMAGED] = "its page is damaged",
	};
	const struct block *block = book->block;
	struct lgp_entry entry;
	uint64_t seq = block->first + i;
	if (block->cell[i] != CELL_HERE)
		return unreadable(seq, whys[block->cell[i]]);
	enum lgp_status status = decode(seq, block->entry[i], &entry);
	if (status == LGP_OK && lgp_noun_of(entry.kind) != NULL)
		status = define(book, &entry);
	return status == LGP_OK ? visit(context, book, &entry) : status;
}

enum lgp_status book_read(struct book *book, book_visit *visit, void *context)
{
	struct block *block = book->block;
	enum lgp_status status = LGP_OK;
	for (uint64_t at = 0; at < book->size && status == LGP_OK; at += BLOCK_ENTRIES) {
		block->first = at;
		source_block(book->source, book->size, block);
		for (unsigned i = 0; i < block->count && status == LGP_OK; i++)
			status = read_one(book, i, visit, context);
	}
	return status;
}
