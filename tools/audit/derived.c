/* derived: see derived.h.  Thread: one at a time.
 *
 * Records as README.md of the ledger draws them: keys big-endian, values
 * little-endian; their first byte says of what.  Each record is held against the
 * audit's own figure; then what the audit has and no record tells is named.
 * Counters of closed periods are left out: the server takes them away when it comes
 * by. */
#include "tools/audit/derived.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

#define WAITS_US (INT64_C(72) * 3600 * 1000000)
#define SLOTS 4        /* balances of an account's record */
#define PARTY_FIXED 11 /* bytes: kind, newest entry, flags, how many sites */
#define PARTY_EVERYWHERE 1
#define PARTY_OF_STAFF 2
#define AHEAD 16 /* records */
_Static_assert(AHEAD <= SNAPSHOT_KEPT, "those that were read ahead are still there");

struct comparison {
	const struct judge *judge;
	const struct decisions *decisions;
	struct snapshot *snapshot;
	struct slots *seen; /* NULL: while what is told is judged */
	int32_t period;     /* to which counters are seen */
	uint64_t records, accounts, parties, reversed, waiting, defined, rewarded, versions,
	        counters, households, ends;
};

static void __attribute__((format(printf, 2, 3)))
tell(const struct comparison *c, const char *format, ...)
{
	char text[256];
	va_list arguments;
	va_start(arguments, format);
	if (vsnprintf(text, sizeof text, format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	finding_ledger(c->judge->findings, RULE_STATE, "%s", text);
}

static uint64_t number_at(struct lgp_view key, size_t at)
{
	return lgp_get_be((const uint8_t *)key.ptr + at, 8);
}

static int64_t value_at(struct lgp_view value, size_t at)
{
	return (int64_t)lgp_get_le((const uint8_t *)value.ptr + at, 8);
}

/* What was computed, so that what no record tells can be found.  key 0: what a record
 * tells of the greatest number, or of none, was never computed. */
static enum lgp_status see(struct comparison *c, uint64_t key, uint64_t sub)
{
	if (c->seen == NULL || key == 0 || slots_put(c->seen, key, sub) != NULL)
		return LGP_OK;
	return lgp_fault(LGP_NO_MEMORY, "no memory to compare state.mdb");
}

/* ---- accounts ------------------------------------------------------------------------------ */

static const enum lgp_class class_of[SLOTS][3] = {
        {LGP_CLASS_CUSTOMER, LGP_CLASS_BUDGET, LGP_CLASS_SETTLEMENT},
        {LGP_CLASS_EARNED, LGP_CLASS_ISSUANCE, LGP_CLASS_NONE},
        {LGP_CLASS_HELD, LGP_CLASS_HISTORY, LGP_CLASS_BREAKAGE},
        {LGP_CLASS_RESERVED, LGP_CLASS_NONE, LGP_CLASS_NONE},
};

static enum lgp_status compare_slot(struct comparison *c, unsigned slot, uint64_t owner,
                                    uint64_t unit, int64_t told)
{
	int64_t computed = 0;
	enum lgp_class class = class_of[slot][0];
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < 3 && status == LGP_OK; i++) {
		uint64_t key;
		int64_t balance;
		if (class_of[slot][i] == LGP_CLASS_NONE ||
		    !money_account(&c->judge->money, class_of[slot][i], owner, unit, &key,
		                   &balance))
			continue;
		class = class_of[slot][i];
		computed += balance;
		c->accounts++;
		status = see(c, key, unit);
	}
	if (c->seen == NULL && told != computed)
		tell(c,
		     "the %s account of %" PRIu64 " in unit %" PRIu64 " holds %" PRId64
		     ", a replay has %" PRId64,
		     lgp_class_name(class), owner, unit, told, computed);
	return status;
}

static enum lgp_status compare_account(struct comparison *c, struct lgp_view key,
                                       struct lgp_view value)
{
	enum lgp_status status = LGP_OK;
	for (unsigned slot = 0; slot < SLOTS && status == LGP_OK; slot++)
		status = compare_slot(c, slot, number_at(key, 1), number_at(key, 10),
		                      value_at(value, (size_t)8 * slot));
	return status;
}

/* ---- parties --------------------------------------------------------------------------------- */

/* Not all that is opened has entries of its own. */
static bool is_party(enum lgp_kind kind)
{
	return kind == LGP_KIND_GENESIS || kind == LGP_KIND_CUSTOMER || kind == LGP_KIND_PARTY ||
	       kind == LGP_KIND_BUDGET || kind == LGP_KIND_STAFF || kind == LGP_KIND_TOKEN;
}

/* False: it is not as long as it tells. */
static bool sites_told(struct lgp_view value, struct known_sites *out)
{
	const uint8_t *bytes = (const uint8_t *)value.ptr;
	*out = (struct known_sites){.everywhere = (bytes[9] & PARTY_EVERYWHERE) != 0,
	                            .count = bytes[10]};
	if (out->count > KNOWN_SITES_MAX || value.len != PARTY_FIXED + (size_t)8 * out->count)
		return false;
	for (unsigned i = 0; i < out->count; i++)
		out->sites[i] = (uint64_t)value_at(value, PARTY_FIXED + (size_t)8 * i);
	return true;
}

static void compare_sites(const struct comparison *c, uint64_t number, enum lgp_kind kind,
                          struct lgp_view value)
{
	struct known_sites told;
	char why[KNOWN_WHY_MAX];
	if (!sites_told(value, &told))
		tell(c, "the record of the %s %" PRIu64 " has %zu bytes, for %u sites",
		     lgp_kind_name(kind), number, value.len, told.count);
	else if (!known_is(&c->judge->known, number, &told, why))
		tell(c, "the %s %" PRIu64 " is known %s", lgp_kind_name(kind), number, why);
}

static void compare_flags(const struct comparison *c, uint64_t number, enum lgp_kind kind,
                          struct lgp_view value)
{
	uint8_t flags = (uint8_t)value.ptr[9];
	bool of_staff = (flags & PARTY_OF_STAFF) != 0;
	if ((flags & ~(PARTY_EVERYWHERE | PARTY_OF_STAFF)) != 0)
		tell(c, "the %s %" PRIu64 " has the flags %u, of which there are none",
		     lgp_kind_name(kind), number, flags);
	if (!c->decisions->lost && of_staff != programme_of_staff(&c->decisions->programme, number))
		tell(c, "the %s %" PRIu64 " is %s of staff, a replay has %s", lgp_kind_name(kind),
		     number, of_staff ? "one" : "not one",
		     of_staff ? "that it is not" : "that it is");
}

static enum lgp_status compare_party(struct comparison *c, struct lgp_view key,
                                     struct lgp_view value)
{
	uint64_t number = number_at(key, 1), last = (uint64_t)value_at(value, 1);
	enum lgp_kind kind = parties_kind(&c->judge->parties, number);
	if (c->seen != NULL)
		return see(c, number + 1, 0);
	c->parties += is_party(kind);
	if (!is_party(kind) || (uint8_t)value.ptr[0] != (uint8_t)kind) {
		tell(c, "%" PRIu64 " is a party of kind %u, a replay has %s", number,
		     (unsigned)(uint8_t)value.ptr[0],
		     is_party(kind) ? lgp_kind_name(kind) : "none");
		return LGP_OK;
	}
	uint64_t computed = parties_last(&c->judge->parties, number);
	if (last != computed)
		tell(c,
		     "the newest entry of the %s %" PRIu64 " is %" PRIu64 ", a replay has %" PRIu64,
		     lgp_kind_name(kind), number, last, computed);
	compare_flags(c, number, kind, value);
	compare_sites(c, number, kind, value);
	return LGP_OK;
}

/* ---- single numbers ---------------------------------------------------------------------------- */

static enum lgp_status compare_reversed(struct comparison *c, struct lgp_view key,
                                        struct lgp_view value)
{
	uint64_t grant = number_at(key, 1);
	int64_t computed = money_reversed(&c->judge->money, grant);
	if (c->seen != NULL)
		return see(c, grant + 1, 0);
	c->reversed += computed != 0;
	if (value_at(value, 0) != computed)
		tell(c, "of the grant %" PRIu64 ", %" PRId64 " are reversed, a replay has %" PRId64,
		     grant, value_at(value, 0), computed);
	return LGP_OK;
}

static bool entry_at(const struct comparison *c, uint64_t seq, struct lgp_entry *out)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	return door_entry(c->judge->door, seq, bytes) == LGP_OK &&
	       lgp_entry_decode(bytes, out) == LGP_OK;
}

static enum lgp_status compare_waiting(struct comparison *c, struct lgp_view key,
                                       struct lgp_view value)
{
	struct lgp_entry ask;
	uint64_t seq = number_at(key, 1);
	bool waits = approvals_waiting(c->decisions, seq);
	if (c->seen != NULL)
		return see(c, seq + 1, 0);
	c->waiting += waits;
	if (!waits || !entry_at(c, seq, &ask))
		tell(c, "the ask %" PRIu64 " waits, a replay has that it does not", seq);
	else if (value_at(value, 0) != ask.time_us + WAITS_US)
		tell(c,
		     "the ask %" PRIu64 " waits until %" PRId64 " us, a replay has %" PRId64 " us",
		     seq, value_at(value, 0), ask.time_us + WAITS_US);
	return LGP_OK;
}

static enum lgp_status compare_rewarded(struct comparison *c, struct lgp_view key,
                                        struct lgp_view value)
{
	uint64_t staff = number_at(key, 1), customer = number_at(key, 9);
	if (c->seen != NULL)
		return see(c, staff + 1, customer);
	bool rewarded = programme_rewarded(&c->decisions->programme, staff, customer);
	c->rewarded += rewarded;
	if (!rewarded || value_at(value, 0) != 1)
		tell(c,
		     "%" PRIu64 " rewarded the customer %" PRIu64
		     " of staff, a replay has that it did not",
		     staff, customer);
	return LGP_OK;
}

static enum lgp_status compare_household(struct comparison *c, struct lgp_view key,
                                         struct lgp_view value)
{
	uint64_t customer = number_at(key, 1);
	uint64_t computed = programme_household_of(&c->decisions->programme, customer);
	if (c->seen != NULL)
		return see(c, customer, 0);
	c->households += computed != 0;
	if (household_digest(value) != computed)
		tell(c, "the customer %" PRIu64 " is of the household %.*s, a replay has %s",
		     customer, (int)value.len, value.ptr, computed != 0 ? "another" : "none");
	return LGP_OK;
}

/* ---- definitions --------------------------------------------------------------------------------- */

/* The text is the payload of the entry that defined it. */
static bool text_holds(const struct comparison *c, uint64_t seq, struct lgp_view text)
{
	struct lgp_entry entry;
	struct lgp_hash made;
	lgp_hash_sha256(text.ptr, text.len, &made);
	return entry_at(c, seq, &entry) && lgp_hash_equal(&made, &entry.hash);
}

static enum lgp_status compare_defined(struct comparison *c, struct lgp_view key,
                                       struct lgp_view value)
{
	uint64_t number = number_at(key, 1), at = (uint64_t)value_at(value, 2), computed;
	bool ended;
	if (c->seen != NULL)
		return see(c, number + 1, 0);
	if (!programme_defined(&c->decisions->programme, number, &computed, &ended)) {
		tell(c, "%" PRIu64 " is defined, a replay has no definition of it", number);
		return LGP_OK;
	}
	c->defined++;
	if ((uint8_t)value.ptr[0] != (uint8_t)parties_kind(&c->judge->parties, number) ||
	    at != computed || (value.ptr[1] != 0) != ended)
		tell(c, "%" PRIu64 " is defined by entry %" PRIu64 "%s, a replay has %" PRIu64 "%s",
		     number, at, value.ptr[1] != 0 ? " and ended" : "", computed,
		     ended ? " and that it ended" : "");
	else if (!text_holds(c, at, (struct lgp_view){value.ptr + 10, value.len - 10}))
		tell(c, "the definition of %" PRIu64 " is not that of entry %" PRIu64, number, at);
	return LGP_OK;
}

static enum lgp_status compare_version(struct comparison *c, struct lgp_view key,
                                       struct lgp_view value)
{
	uint64_t limit = number_at(key, 1), version = number_at(key, 9);
	uint64_t shape = bounds_shape(&c->decisions->bounds, limit, version);
	if (c->seen != NULL)
		return LGP_OK;
	c->versions += shape != 0;
	if ((uint64_t)value_at(value, 0) != shape)
		tell(c,
		     "the version %" PRIu64 " of the limit %" PRIu64 " counts from entry %" PRIu64
		     ", a replay has %" PRIu64,
		     version, limit, (uint64_t)value_at(value, 0), shape);
	else if (!text_holds(c, version, (struct lgp_view){value.ptr + 8, value.len - 8}))
		tell(c,
		     "the version %" PRIu64 " of the limit %" PRIu64
		     " is not what that entry defines",
		     version, limit);
	return LGP_OK;
}

/* ---- counters ---------------------------------------------------------------------------------------- */

/* False: of no form that there is.  What is counted for two names both. */
static bool counter_of(struct lgp_view key, struct counter *out)
{
	const size_t fixed = 1 + 4 + 8;
	size_t left = key.len - fixed;
	uint32_t end = (uint32_t)lgp_get_be((const uint8_t *)key.ptr + 1, 4);
	*out = (struct counter){.end = (int32_t)(end ^ UINT32_C(0x80000000)),
	                        .what = key.ptr[0],
	                        .shape = number_at(key, 5),
	                        .first = number_at(key, fixed)};
	if (left == 16)
		out->second = number_at(key, fixed + 8);
	if (left == 8 + LGP_SLUG_MAX)
		memcpy(out->incident, key.ptr + fixed + 8, LGP_SLUG_MAX);
	return left == 8 || (left == 16 && out->second != 0) ||
	       (left == 8 + LGP_SLUG_MAX && out->incident[0] != '\0');
}

static enum lgp_status compare_counter(struct comparison *c, struct lgp_view key,
                                       struct lgp_view value)
{
	struct counter counter;
	struct counter_place place;
	const struct counters *counters = &c->decisions->bounds.counters;
	if (!counter_of(key, &counter))
		tell(c, "a counter's key of %zu bytes is none that there is", key.len);
	else if (!counters_closed(counters, counter.end)) {
		counters_place(counters, &counter, &place);
		int64_t computed = counters_get_at(counters, &place);
		c->counters += computed != 0;
		if (c->seen != NULL)
			return counter.end == c->period ? see(c, place.key[0], place.key[1])
			                                : LGP_OK;
		if (computed != value_at(value, 0))
			tell(c,
			     "the counter %c of the limit's shape %" PRIu64
			     ", period to day %" PRId32 ", for %" PRIu64 " %" PRIu64
			     " %.*s is %" PRId64 ", a replay has %" PRId64,
			     counter.what, counter.shape, counter.end, counter.first,
			     counter.second, LGP_SLUG_MAX, counter.incident, value_at(value, 0),
			     computed);
	}
	return LGP_OK;
}

/* ---- the log's end ------------------------------------------------------------------------------------ */

static enum lgp_status compare_globals(struct comparison *c, struct lgp_view key,
                                       struct lgp_view value)
{
	const struct judge *judge = c->judge;
	int32_t day = (int32_t)lgp_get_le((const uint8_t *)value.ptr + 24, 4);
	int32_t computed = c->decisions->bounds.counters.day;
	(void)key;
	c->ends++;
	if (c->seen != NULL)
		return LGP_OK;
	if ((uint64_t)value_at(value, 0) != judge->next ||
	    value_at(value, 8) != judge->last_time_us ||
	    (uint64_t)value_at(value, 16) != judge->policy || day != (computed > 0 ? computed : 0))
		tell(c,
		     "it stands at size %" PRIu64 ", time %" PRId64 " us, policy %" PRIu64
		     ", day %" PRId32 "; a replay has %" PRIu64 ", %" PRId64 " us, %" PRIu64
		     ", %" PRId32,
		     (uint64_t)value_at(value, 0), value_at(value, 8),
		     (uint64_t)value_at(value, 16), day, judge->next, judge->last_time_us,
		     judge->policy, computed);
	return LGP_OK;
}

/* ---- records -------------------------------------------------------------------------------------------- */

typedef enum lgp_status (*compare)(struct comparison *c, struct lgp_view key,
                                   struct lgp_view value);

/* kind, what the key's byte at 9 is ('\0': anything), least bytes of key and value,
 * most of each (0: any). */
static const struct form {
	char kind, second;
	size_t key_min, key_max, value_min, value_max;
	bool by_definitions; /* nothing to compare with when a definition could not be read */
	compare compare;
} forms[] = {
        {'N', 'A', 18, 18, 32, 32, false, compare_account},
        {'N', 'P', 10, 10, PARTY_FIXED, 0, false, compare_party},
        {'R', 0, 9, 9, 8, 8, false, compare_reversed},
        {'G', 0, 1, 1, 28, 28, true, compare_globals},
        {'W', 0, 9, 9, 8, 8, true, compare_waiting},
        {'E', 0, 17, 17, 8, 8, true, compare_rewarded},
        {'H', 0, 9, 9, 1, LGP_SLUG_MAX, true, compare_household},
        {'D', 0, 9, 9, 10, 0, true, compare_defined},
        {'L', 0, 17, 17, 8, 0, true, compare_version},
        {'C', 0, 21, 53, 8, 8, true, compare_counter},
        {'I', 0, 53, 53, 8, 8, true, compare_counter},
};

static const struct form *form_of(struct lgp_view key, struct lgp_view value)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const struct form *form = &forms[i];
		if (key.ptr[0] == form->kind && key.len >= form->key_min &&
		    key.len <= form->key_max && value.len >= form->value_min &&
		    (form->value_max == 0 || value.len <= form->value_max) &&
		    (form->second == '\0' || key.ptr[9] == form->second))
			return form;
	}
	return NULL;
}

struct record {
	struct lgp_view key, value;
	const struct form *form; /* NULL: of none that there is */
};

static void fetch_party(const struct judge *judge, const struct record *record)
{
	uint64_t number = number_at(record->key, 1);
	struct known_sites told;
	known_fetch(&judge->known, number, 0);
	if (!sites_told(record->value, &told))
		return;
	for (unsigned i = 1; i < told.count; i++)
		known_fetch(&judge->known, number, told.sites[i]);
}

/* Brings near what the record will be held against. */
static void fetch(const struct comparison *c, const struct record *record)
{
	struct counter counter;
	struct counter_place place;
	const struct counters *counters = &c->decisions->bounds.counters;
	switch (record->form != NULL ? record->key.ptr[0] : '\0') {
	case 'N':
		if (record->key.len == 10)
			fetch_party(c->judge, record);
		else
			money_fetch(&c->judge->money, number_at(record->key, 1),
			            number_at(record->key, 10));
		break;
	case 'C':
	case 'I':
		if (!counter_of(record->key, &counter))
			break;
		counters_place(counters, &counter, &place);
		counters_prefetch(counters, &place);
		break;
	default: /* few */
		break;
	}
}

static enum lgp_status compare_record(struct comparison *c, const struct record *record, char kind)
{
	struct lgp_view key = record->key, value = record->value;
	if (c->seen == NULL)
		c->records++;
	if (record->form == NULL && c->seen == NULL)
		tell(c, "a record of %zu and %zu bytes, of the kind %d, is none that there is",
		     key.len, value.len, key.len > 0 ? key.ptr[0] : -1);
	if (record->form == NULL || (record->form->by_definitions && c->decisions->lost) ||
	    (kind != '\0' && key.ptr[0] != kind))
		return LGP_OK;
	return record->form->compare(c, key, value);
}

/* kind '\0': of all.  Some are read ahead of the one that is compared, so that what
 * it is held against has come from memory by then. */
static enum lgp_status each_record(struct comparison *c, char kind)
{
	struct record ahead[AHEAD];
	size_t read = 0, compared = 0;
	enum lgp_status ended = LGP_OK, status = snapshot_rewind(c->snapshot);
	while (status == LGP_OK && (ended == LGP_OK || compared < read)) {
		if (read - compared == AHEAD || ended != LGP_OK) {
			status = compare_record(c, &ahead[compared++ % AHEAD], kind);
			continue;
		}
		struct record *next = &ahead[read % AHEAD];
		ended = snapshot_next(c->snapshot, &next->key, &next->value);
		if (ended != LGP_OK)
			continue;
		next->form = next->key.len > 0 ? form_of(next->key, next->value) : NULL;
		fetch(c, next);
		read++;
	}
	return status != LGP_OK || ended == LGP_MISSING ? status : ended;
}

/* ---- what no record tells --------------------------------------------------------------------------------- */

typedef void (*tell_one)(const struct comparison *c, const struct slot *slot);

static void lacks_account(const struct comparison *c, const struct slot *slot)
{
	tell(c, "it has no %s account of %" PRIu64 " in unit %" PRIu64 ", a replay has %" PRId64,
	     lgp_class_name((unsigned)(slot->key >> 56)), slot->key & (UINT64_MAX >> 8), slot->sub,
	     slot->amount);
}

static void lacks_party(const struct comparison *c, const struct slot *slot)
{
	enum lgp_kind kind = parties_kind(&c->judge->parties, slot->key - 1);
	tell(c, "it has no %s %" PRIu64 ", a replay has", lgp_kind_name(kind), slot->key - 1);
}

static void lacks_reversed(const struct comparison *c, const struct slot *slot)
{
	tell(c, "it does not tell what is reversed of the grant %" PRIu64 ", a replay has %" PRId64,
	     slot->key - 1, slot->amount);
}

static void lacks_defined(const struct comparison *c, const struct slot *slot)
{
	tell(c, "it has no definition of %" PRIu64 ", a replay has that of entry %" PRIu64,
	     slot->key - 1, slot->number >> 1);
}

static void lacks_rewarded(const struct comparison *c, const struct slot *slot)
{
	tell(c, "it does not tell that %" PRIu64 " rewarded the customer %" PRIu64 " of staff",
	     slot->key - 1, slot->sub);
}

static void lacks_household(const struct comparison *c, const struct slot *slot)
{
	tell(c, "it does not tell the household of the customer %" PRIu64, slot->key);
}

/* By amount: their keys are digests of this run. */
static void lacks_counter(const struct comparison *c, const struct slot *slot)
{
	tell(c,
	     "it lacks a counter of a limit, for the period to day %" PRId32
	     ", in which a replay has %" PRId64,
	     c->period, slot->amount);
}

/* Whether a record is due: of what has entries of its own, and of what is not zero. */
static bool due(const struct comparison *c, tell_one lacks, const struct slot *slot)
{
	if (lacks == lacks_party)
		return is_party(parties_kind(&c->judge->parties, slot->key - 1));
	return (lacks != lacks_reversed && lacks != lacks_counter && lacks != lacks_household) ||
	       slot->amount != 0;
}

/* The least of those that lack, in their order: a table has none. */
struct lacking {
	size_t count;
	struct slot least[FINDINGS_OF_RULE_MAX];
	uint64_t more;
};

static bool before(const struct slot *a, const struct slot *b)
{
	return a->key != b->key ? a->key < b->key : a->sub < b->sub;
}

static void add_lacking(struct lacking *lacking, const struct slot *slot, bool by_amount)
{
	size_t low = 0, high = lacking->count;
	struct slot made = *slot;
	if (by_amount)
		made.key = made.sub = slot->number;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (before(&lacking->least[middle], &made))
			low = middle + 1;
		else
			high = middle;
	}
	bool full = lacking->count == FINDINGS_OF_RULE_MAX;
	lacking->more += full;
	if (low == FINDINGS_OF_RULE_MAX)
		return;
	lacking->count += !full;
	memmove(&lacking->least[low + 1], &lacking->least[low],
	        (lacking->count - low - 1) * sizeof lacking->least[0]);
	lacking->least[low] = made;
}

/* What is behind the least is told, too: it is counted, for no more are shown. */
static void tell_least(struct comparison *c, const struct lacking *lacking, tell_one lacks)
{
	for (size_t i = 0; i < lacking->count; i++)
		lacks(c, &lacking->least[i]);
	for (uint64_t i = 0; i < lacking->more; i++)
		lacks(c, &lacking->least[lacking->count - 1]);
}

/* The next of what is computed, as a slot.  False: there is none. */
typedef bool (*next_computed)(const void *table, uint64_t *at, struct slot *out);

static bool next_slot(const void *table, uint64_t *at, struct slot *out)
{
	size_t place = (size_t)*at;
	const struct slot *slot = slots_next(table, &place);
	*at = place;
	if (slot != NULL)
		*out = *slot;
	return slot != NULL;
}

static bool next_account(const void *money, uint64_t *at, struct slot *out)
{
	return money_account_next(money, at, out);
}

static bool next_party(const void *roll, uint64_t *at, struct slot *out)
{
	uint64_t number;
	const struct party *party = roll_next(roll, at, &number);
	if (party != NULL)
		*out = (struct slot){.key = number + 1, .number = party->last};
	return party != NULL;
}

/* Names those of a table that no record of the kind (or of the two) is of. */
static enum lgp_status tell_lacking(struct comparison *c, const char *kinds, next_computed next,
                                    const void *table, tell_one lacks)
{
	struct slots seen;
	struct slot slot;
	struct lacking *lacking = calloc(1, sizeof *lacking);
	if (lacking == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to compare state.mdb");
	enum lgp_status status = slots_init(&seen);
	c->seen = &seen;
	for (; status == LGP_OK && *kinds != '\0'; kinds++)
		status = each_record(c, *kinds);
	c->seen = NULL;
	for (uint64_t at = 0; status == LGP_OK && next(table, &at, &slot);)
		if (due(c, lacks, &slot) && slots_find(&seen, slot.key, slot.sub) == NULL)
			add_lacking(lacking, &slot, lacks == lacks_counter);
	if (status == LGP_OK)
		tell_least(c, lacking, lacks);
	free(lacking);
	slots_deinit(&seen);
	return status;
}

static uint64_t count_parties(const struct parties *parties)
{
	uint64_t count = 0, number;
	const struct party *party;
	for (uint64_t at = 0; (party = roll_next(&parties->roll, &at, &number)) != NULL;)
		count += is_party(parties_kind_of(party));
	return count;
}

static uint64_t count_amounts(const struct slots *slots)
{
	uint64_t count = 0;
	const struct slot *slot;
	for (size_t at = 0; (slot = slots_next(slots, &at)) != NULL;)
		count += slot->amount != 0;
	return count;
}

static enum lgp_status judge_counters(struct comparison *c)
{
	const struct counters *counters = &c->decisions->bounds.counters;
	uint64_t computed = 0;
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < counters->count; i++)
		computed += count_amounts(counters_period(counters, i, &c->period));
	if (computed == c->counters)
		return LGP_OK;
	for (size_t i = 0; i < counters->count && status == LGP_OK; i++) {
		const struct slots *period = counters_period(counters, i, &c->period);
		status = tell_lacking(c, "CI", next_slot, period, lacks_counter);
	}
	return status;
}

static enum lgp_status judge_defined(struct comparison *c)
{
	const struct programme *programme = &c->decisions->programme;
	enum lgp_status status = LGP_OK;
	if (c->defined != programme->defined.count)
		status = tell_lacking(c, "D", next_slot, &programme->defined, lacks_defined);
	if (status == LGP_OK && c->rewarded != programme->rewarded.count)
		status = tell_lacking(c, "E", next_slot, &programme->rewarded, lacks_rewarded);
	if (status == LGP_OK && c->households != count_amounts(&programme->households))
		status = tell_lacking(c, "H", next_slot, &programme->households, lacks_household);
	if (c->ends == 0)
		tell(c, "it does not tell where it stands");
	if (c->versions != c->decisions->bounds.versions)
		tell(c, "it has %" PRIu64 " versions of limits that a replay has, of %zu",
		     c->versions, c->decisions->bounds.versions);
	if (c->waiting != c->decisions->waiting_count)
		tell(c, "%" PRIu64 " asks wait of the %zu that a replay has", c->waiting,
		     c->decisions->waiting_count);
	return status == LGP_OK ? judge_counters(c) : status;
}

static enum lgp_status judge_lacking(struct comparison *c)
{
	const struct money *money = &c->judge->money;
	enum lgp_status status = LGP_OK;
	uint64_t accounts = c->accounts, parties = c->parties;
	if (accounts != money_account_count(money))
		status = tell_lacking(c, "N", next_account, money, lacks_account);
	if (status == LGP_OK && parties != count_parties(&c->judge->parties))
		status = tell_lacking(c, "N", next_party, &c->judge->parties.roll, lacks_party);
	if (status == LGP_OK && c->reversed != count_amounts(&money->reversed))
		status = tell_lacking(c, "R", next_slot, &money->reversed, lacks_reversed);
	return status == LGP_OK && !c->decisions->lost ? judge_defined(c) : status;
}

enum lgp_status derived_judge(const struct judge *judge, struct snapshot *snapshot,
                              uint64_t *records)
{
	struct comparison c = {
	        .judge = judge, .decisions = &judge->decisions, .snapshot = snapshot};
	enum lgp_status status = each_record(&c, '\0');
	*records = c.records;
	return status == LGP_OK ? judge_lacking(&c) : status;
}
