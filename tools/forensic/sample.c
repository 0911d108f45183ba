/* sample: the command: which entries are the population, the draw, and what it
 * takes to repeat it.
 * Thread: one.
 *
 * Two readings: the first counts the population and adds up its book value, the
 * second picks.  Memory: the sample.  The population is named by the number of its
 * last entry and by the root of the tree up to it (RFC 6962), which is that of
 * checkpoints, so that a ledger that has grown draws the same sample. */
#include "tools/forensic/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lagniappe/codec.h"

static const struct option_row sample_rows[] = {
        {"method", "METHOD", OPTION_REQUIRED, 0,
         "mus: by monetary units, or attribute: each entry with the same chance"},
        {"size", "N", OPTION_REQUIRED, 0, "how many to draw, at most 100000"},
        {"seed", "S", 0, 0, "1 to 64 letters, digits, . _ -; one is drawn and printed when absent"},
        {"kind", "KIND", 0, 0, "the population: grants, imports or all (else)"},
        {"as-of-entry", "N", 0, 0,
         "the last entry of the population, for the sample of a ledger that has grown since"},
        {0},
};

const char *const sample_kinds_text[] = {"grants", "imports", "all"};

/* ---- options -------------------------------------------------------------------------------- */

static bool complain(struct sample *sample, const char *text)
{
	snprintf(sample->error, sizeof sample->error, "%s", text);
	return false;
}

static bool read_kinds(struct sample *sample, const char *text)
{
	sample->kinds = SAMPLE_ALL;
	for (unsigned i = 0; text != NULL && i <= SAMPLE_ALL; i++)
		if (strcmp(text, sample_kinds_text[i]) == 0) {
			sample->kinds = (enum sample_kinds)i;
			return true;
		}
	return text == NULL || complain(sample, "--kind is grants, imports or all");
}

static bool read_number(const char *text, uint64_t *out)
{
	return lgp_decimal_parse(lgp_view_of(text), out) == LGP_OK;
}

static bool read_seed(struct sample *sample, const char *text)
{
	char drawn[24];
	uint64_t number;
	if (text == NULL) {
		if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
			return complain(sample, "the system gave no seed; give one with --seed");
		snprintf(drawn, sizeof drawn, "%" PRIu64, number);
		text = drawn;
	}
	return drawer_init(&sample->drawer, text) ||
	       complain(sample, "--seed takes 1 to 64 letters, digits, '.', '_', '-'");
}

static bool read_options(struct sample *sample, const struct options *given)
{
	const char *method = options_get(given, "method"),
	           *last = options_get(given, "as-of-entry");
	if (!ledger_command_read(&sample->command, given, sample->error))
		return false;
	if (given->argument_count != 1)
		return complain(sample, "sample takes one LEDGER");
	sample->mus = strcmp(method, "mus") == 0;
	if (!sample->mus && strcmp(method, "attribute") != 0)
		return complain(sample, "--method is mus or attribute");
	if (!read_number(options_get(given, "size"), &sample->size) || sample->size == 0 ||
	    sample->size > SAMPLE_SIZE_MAX)
		return complain(sample, "--size takes a number from 1 to 100000");
	sample->last = UINT64_MAX;
	if (last != NULL && !read_number(last, &sample->last))
		return complain(sample, "--as-of-entry takes the number of an entry");
	return read_kinds(sample, options_get(given, "kind")) &&
	       read_seed(sample, options_get(given, "seed"));
}

/* ---- the population ---------------------------------------------------------------------------- */

int64_t sample_value(const struct lgp_entry *entry)
{
	return entry->credit == LGP_CLASS_HISTORY ? -entry->amount : entry->amount;
}

static bool belongs(const struct sample *sample, const struct lgp_entry *entry)
{
	bool grant = entry->kind == LGP_KIND_GRANT, import = entry->kind == LGP_KIND_IMPORT;
	return entry->seq <= sample->last &&
	       ((grant && sample->kinds != SAMPLE_IMPORTS) ||
	        (import && sample->kinds != SAMPLE_GRANTS)) &&
	       ledger_command_takes(&sample->command, entry);
}

static void grow_tree(struct sample *sample, const struct lgp_entry *entry)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_hash leaf, tile[MERKLE_TILE_LEVELS];
	lgp_entry_encode(entry, bytes);
	lgp_hash_leaf(bytes, sizeof bytes, &leaf);
	merkle_append(&sample->tree, &leaf, tile);
}

static void set_apart(struct sample *sample, const struct lgp_entry *entry, int64_t value)
{
	if (sample->apart_count < SAMPLE_APART_MAX)
		sample->apart[sample->apart_count] =
		        (struct sample_apart){entry->seq, entry->business_date, value};
	sample->apart_count++;
	sample->apart_value += value;
}

static enum lgp_status count_entry(void *context, const struct book *book,
                                   const struct lgp_entry *entry)
{
	struct sample *sample = context;
	(void)book;
	ledger_command_note(&sample->command, entry);
	if (entry->seq > sample->last)
		return LGP_OK; /* names may be defined later than the population ends */
	grow_tree(sample, entry);
	if (!belongs(sample, entry))
		return LGP_OK;
	sample->units |= sample->count > 0 && sample->unit != entry->unit;
	sample->unit = entry->unit;
	sample->count++;
	int64_t value = sample_value(entry);
	if (value > 0)
		sample->book += value;
	else
		set_apart(sample, entry, value);
	return LGP_OK;
}

/* Whether there is something to draw from; error says why not. */
static bool drawable(struct sample *sample)
{
	uint64_t size = book_size(sample->command.book);
	if (!ledger_command_found(&sample->command, sample->error))
		return false;
	if (sample->last != UINT64_MAX && sample->last >= size)
		return complain(sample,
		                "--as-of-entry names an entry that the ledger does not have");
	if (size == 0)
		return complain(sample, "the ledger has no entries");
	if (sample->last == UINT64_MAX)
		sample->last = size - 1;
	if (sample->count == 0)
		return complain(sample, "there is nothing to draw from: no entry is of the kind, "
		                        "days, unit, site and staff asked for");
	if (!sample->mus)
		return true;
	if (sample->units)
		return complain(sample, "the population has several units, which are never added "
		                        "together: choose one with --unit");
	if (sample->book > INT64_MAX)
		return complain(sample, "the book value does not fit into 63 bits: narrow the "
		                        "population");
	return (sample_sum)sample->size <= sample->book ||
	       complain(sample, "the book value has fewer minor units than --size asks for");
}

/* ---- the draw ------------------------------------------------------------------------------------ */

struct sample_place {
	uint64_t place, order;
};

static int by_place(const void *a, const void *b)
{
	const struct sample_place *x = a, *y = b;
	return (x->place > y->place) - (x->place < y->place);
}

/* A population that is no larger than the sample is taken whole, undrawn. */
static enum lgp_status draw_places(struct sample *sample)
{
	size_t size = sample->item_room;
	uint64_t *drawn = calloc(size, sizeof *drawn);
	enum lgp_status status = LGP_OK;
	sample->places = calloc(size, sizeof *sample->places);
	if (drawn == NULL || sample->places == NULL)
		status = lgp_fault(LGP_NO_MEMORY, "no memory for the sample");
	else if (size < sample->count)
		status = attribute_draw(&sample->drawer, sample->count, size, drawn);
	else
		for (size_t i = 0; i < size; i++)
			drawn[i] = i;
	for (size_t i = 0; i < size && status == LGP_OK; i++)
		sample->places[i] = (struct sample_place){drawn[i], i + 1};
	if (status == LGP_OK)
		qsort(sample->places, size, sizeof *sample->places, by_place);
	free(drawn);
	return status;
}

static enum lgp_status draw(struct sample *sample)
{
	uint64_t most = sample->size;
	if (!sample->mus && sample->count < most)
		most = sample->count;
	sample->item_room = (size_t)most;
	sample->items = calloc(sample->item_room, sizeof *sample->items);
	if (sample->items == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the sample");
	if (!sample->mus)
		return draw_places(sample);
	uint64_t book = (uint64_t)sample->book;
	mus_init(&sample->draw, book, sample->size, drawer_below(&sample->drawer, book));
	return LGP_OK;
}

static void take_back(struct sample *sample, const struct lgp_entry *reversal)
{
	size_t low = 0, high = sample->item_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sample->items[middle].entry.seq < reversal->refers_to)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < sample->item_count && sample->items[low].entry.seq == reversal->refers_to)
		sample->items[low].reversed += reversal->amount;
}

/* A file that another hand changes under the audit must not bring it down. */
static enum lgp_status same_as_before(const struct sample *sample, uint64_t amount)
{
	if (amount <= sample->draw.book - sample->draw.walked)
		return LGP_OK;
	return lgp_fault(LGP_CORRUPT, "the ledger was changed between two readings");
}

static enum lgp_status pick_units(struct sample *sample, struct sample_item *item)
{
	int64_t value = sample_value(&item->entry);
	if (value <= 0)
		return LGP_OK;
	enum lgp_status status = same_as_before(sample, (uint64_t)value);
	if (status != LGP_OK)
		return status;
	item->hits = mus_hits(&sample->draw, (uint64_t)value);
	item->whole = mus_whole(&sample->draw, (uint64_t)value);
	item->cumulative = (int64_t)sample->draw.walked;
	if (item->hits > 0)
		sample->items[sample->item_count++] = *item;
	return LGP_OK;
}

static void pick_place(struct sample *sample, struct sample_item *item)
{
	if (sample->item_count == sample->item_room ||
	    sample->places[sample->item_count].place != item->place)
		return;
	item->order = sample->places[sample->item_count].order;
	sample->items[sample->item_count++] = *item;
}

static enum lgp_status pick_entry(void *context, const struct book *book,
                                  const struct lgp_entry *entry)
{
	struct sample *sample = context;
	(void)book;
	if (entry->kind == LGP_KIND_REVERSAL && entry->seq <= sample->last)
		take_back(sample, entry);
	if (!belongs(sample, entry))
		return LGP_OK;
	struct sample_item item = {.place = sample->seen++, .entry = *entry};
	if (sample->mus)
		return pick_units(sample, &item);
	pick_place(sample, &item);
	return LGP_OK;
}

/* ---- the command ------------------------------------------------------------------------ */

static void forget(struct sample *sample)
{
	ledger_command_close(&sample->command);
	free(sample->places);
	free(sample->items);
	free(sample);
}

static enum lgp_status read_population(struct sample *sample)
{
	enum lgp_status status = ledger_command_open(&sample->command);
	return status == LGP_OK ? book_read(sample->command.book, count_entry, sample) : status;
}

static enum lgp_status pick(struct sample *sample)
{
	enum lgp_status status = draw(sample);
	return status == LGP_OK ? book_read(sample->command.book, pick_entry, sample) : status;
}

/* False: error says why. */
static bool run(struct sample *sample, const struct options *given)
{
	if (!read_options(sample, given))
		return false;
	enum lgp_status status = read_population(sample);
	if (status == LGP_OK && !drawable(sample))
		return false;
	if (status == LGP_OK)
		status = pick(sample);
	return status == LGP_OK || complain(sample, ledger_command_fault(status));
}

static int draw_and_tell(const struct options *given)
{
	struct sample *sample = calloc(1, sizeof *sample);
	struct document *document = document_new("Sample of a ledger");
	bool done = sample != NULL && document != NULL && run(sample, given);
	if (sample == NULL || document == NULL) {
		fprintf(stderr, "lagniappe-audit: %s\n", lgp_status_text(LGP_NO_MEMORY));
	} else if (!done) {
		fprintf(stderr, "lagniappe-audit: %s\n", sample->error);
	} else {
		ledger_command_describe(&sample->command, document);
		sample_tell(sample, document);
		done = ledger_command_write(&sample->command, document);
	}
	document_free(document);
	if (sample != NULL)
		forget(sample);
	return done ? 0 : 2;
}

void sample_help(FILE *out)
{
	options_help(sample_rows, out);
	options_help(ledger_command_rows, out);
}

int sample_command(int count, char *const *words)
{
	struct options options;
	options_init(&options);
	options_table(&options, sample_rows);
	options_table(&options, ledger_command_rows);
	bool parsed = options_parse(&options, count, words);
	if (parsed && options_flag(&options, "help")) {
		fputs("lagniappe-audit sample LEDGER\n", stdout);
		sample_help(stdout);
		return 0;
	}
	if (!parsed || !options_complete(&options)) {
		fprintf(stderr, "lagniappe-audit: %s; see lagniappe-audit sample --help\n",
		        options.error);
		return 2;
	}
	return draw_and_tell(&options);
}
