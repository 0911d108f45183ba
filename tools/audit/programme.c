/* programme: see programme.h.  Thread: one at a time. */
#include "tools/audit/programme.h"

#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

enum lgp_status programme_no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for the programme's definitions");
}

enum lgp_status programme_refers_nowhere(const struct lgp_entry *entry)
{
	return lgp_fault(LGP_CORRUPT, "entry %llu: its definition refers to what is not there",
	                 (unsigned long long)entry->seq);
}

#define TABLES 11

static struct slots *table_of(struct programme *programme, size_t i)
{
	struct slots *tables[TABLES] = {
	        &programme->ids,      &programme->defined,       &programme->sites,
	        &programme->earning,  &programme->staff_at,      &programme->token_at,
	        &programme->token_of, &programme->delegation_at, &programme->of_staff,
	        &programme->rewarded, &programme->households,
	};
	return tables[i];
}

enum lgp_status programme_init(struct programme *programme)
{
	enum lgp_status status = LGP_OK;
	*programme = (struct programme){0};
	for (size_t i = 0; i < TABLES && status == LGP_OK; i++)
		status = slots_init(table_of(programme, i));
	return status;
}

void programme_deinit(struct programme *programme)
{
	people_deinit(programme);
	free(programme->delegations);
	for (size_t i = 0; i < TABLES; i++)
		slots_deinit(table_of(programme, i));
}

/* ---- names ----------------------------------------------------------------------------- */

/* A digest stands for the id: definitions are few, and a collision is not to be found. */
static void id_key(enum lgp_kind kind, struct lgp_view id, uint64_t key[2])
{
	uint8_t bytes[1 + LGP_SLUG_MAX];
	struct lgp_hash hash;
	require(id.len <= LGP_SLUG_MAX);
	bytes[0] = (uint8_t)kind;
	memcpy(bytes + 1, id.ptr, id.len);
	lgp_hash_sha256(bytes, 1 + id.len, &hash);
	key[0] = lgp_get_le(hash.bytes, 8) | 1;
	key[1] = lgp_get_le(hash.bytes + 8, 8);
}

uint64_t programme_find(const struct programme *programme, enum lgp_kind kind, struct lgp_view id)
{
	uint64_t key[2];
	if (id.len == 0 || id.len > LGP_SLUG_MAX)
		return 0;
	id_key(kind, id, key);
	const struct slot *slot = slots_find(&programme->ids, key[0], key[1]);
	return slot != NULL ? slot->number : 0;
}

static enum lgp_status note_id(struct programme *programme, uint64_t number,
                               const struct lgp_definition *definition)
{
	uint64_t key[2];
	const struct lgp_noun *noun = definition->noun;
	if (noun->id_field == NULL)
		return LGP_OK;
	id_key(noun->kind, lgp_definition_get(definition, noun->id_field), key);
	struct slot *slot = slots_put(&programme->ids, key[0], key[1]);
	if (slot == NULL)
		return programme_no_memory();
	slot->number = number;
	return LGP_OK;
}

bool programme_refer(const struct programme *programme, const struct lgp_definition *definition,
                     const char *field, enum lgp_kind kind, uint64_t *out)
{
	struct lgp_view id = lgp_definition_get(definition, field);
	*out = id.ptr != NULL ? programme_find(programme, kind, id) : 0;
	return id.ptr == NULL || *out != 0;
}

/* ---- values ------------------------------------------------------------------------------ */

uint64_t definition_number(const struct lgp_definition *definition, const char *field)
{
	uint64_t number = 0;
	struct lgp_view value = lgp_definition_get(definition, field);
	if (value.ptr != NULL)
		require(lgp_decimal_parse(value, &number) == LGP_OK); /* its form was checked */
	return number;
}

static void moment_of(const struct lgp_definition *definition, const char *field, int32_t *day,
                      int64_t *time_us)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	if (value.ptr != NULL && lgp_date_parse(value, day) != LGP_OK)
		require(lgp_time_parse(value, time_us) == LGP_OK);
}

/* False: it ends before it begins. */
bool span_of(const struct lgp_definition *definition, struct span *out)
{
	*out = (struct span){INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX};
	/* A delegation's "from" is who gives it. */
	if (definition->noun->kind == LGP_KIND_LIMIT)
		moment_of(definition, "from", &out->from_day, &out->from_us);
	moment_of(definition, "until", &out->until_day, &out->until_us);
	return out->from_day < out->until_day && out->from_us < out->until_us;
}

bool span_for_ever(const struct span *span)
{
	return span->from_day == INT32_MIN && span->from_us == INT64_MIN &&
	       span->until_day == INT32_MAX && span->until_us == INT64_MAX;
}

bool span_covers(const struct span *span, int32_t date, int64_t time_us)
{
	return span->from_day <= date && date < span->until_day && span->from_us <= time_us &&
	       time_us < span->until_us;
}

/* ---- places in lists ----------------------------------------------------------------------- */

enum lgp_status list_place(const struct list *list, uint64_t number, size_t *place)
{
	struct slot *slot = slots_find(list->at, number + 1, 0);
	size_t count = *list->count;
	if (slot != NULL) {
		*place = (size_t)slot->number;
		return LGP_OK;
	}
	if ((count & (count - 1)) == 0) { /* at each power of two there is no room left */
		void *more = realloc(*list->items, (count == 0 ? 1 : count * 2) * list->size);
		if (more == NULL)
			return programme_no_memory();
		*list->items = more;
	}
	slot = slots_put(list->at, number + 1, 0);
	if (slot == NULL)
		return programme_no_memory();
	memset((char *)*list->items + count * list->size, 0, list->size);
	slot->number = *place = (*list->count)++;
	return LGP_OK;
}

bool list_find(const struct slots *at, uint64_t number, size_t *place)
{
	const struct slot *slot = number != UINT64_MAX ? slots_find(at, number + 1, 0) : NULL;
	if (slot != NULL)
		*place = (size_t)slot->number;
	return slot != NULL;
}

/* ---- sites and reasons --------------------------------------------------------------------- */

static unsigned choice_of(const struct lgp_definition *definition, const char *field,
                          const char *choices)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	int index = value.ptr != NULL ? lgp_choice_index(choices, value) : 0;
	require(index >= 0); /* its form was checked */
	return (unsigned)index;
}

static enum lgp_status set(struct slots *slots, uint64_t number, uint64_t value)
{
	struct slot *slot = slots_put(slots, number + 1, 0);
	if (slot == NULL)
		return programme_no_memory();
	slot->number = value;
	return LGP_OK;
}

static uint64_t get(const struct slots *slots, uint64_t number)
{
	const struct slot *slot = number != UINT64_MAX ? slots_find(slots, number + 1, 0) : NULL;
	return slot != NULL ? slot->number : 0;
}

static enum lgp_status define_site(struct programme *programme, uint64_t number,
                                   const struct lgp_definition *definition)
{
	static const char days[] = "monday|tuesday|wednesday|thursday|friday|saturday|sunday";
	uint64_t rewards = choice_of(definition, "staff_rewards", LGP_STAFF_REWARDS_CHOICES);
	return set(&programme->sites, number,
	           rewards << 8 | choice_of(definition, "week_starts", days));
}

static enum lgp_status define_reason(struct programme *programme, uint64_t number,
                                     const struct lgp_definition *definition)
{
	struct lgp_view kind = lgp_definition_get(definition, "kind");
	return set(&programme->earning, number, lgp_view_equal(kind, LGP_VIEW("earned")));
}

unsigned programme_week(const struct programme *programme, uint64_t site)
{
	return (unsigned)(get(&programme->sites, site) & UINT8_MAX);
}

enum rewards programme_rewards(const struct programme *programme, uint64_t site)
{
	return (enum rewards)(get(&programme->sites, site) >> 8);
}

bool programme_earning(const struct programme *programme, uint64_t reason)
{
	return get(&programme->earning, reason) != 0;
}

/* ---- delegations --------------------------------------------------------------------------- */

static enum lgp_status define_delegation(struct programme *programme, const struct lgp_entry *entry,
                                         uint64_t number, const struct lgp_definition *definition)
{
	size_t place;
	uint64_t ceiling = definition_number(definition, "ceiling");
	struct delegation made = {.number = number, .ceiling = (int64_t)ceiling};
	if (!span_of(definition, &made.span) ||
	    !programme_refer(programme, definition, "from", LGP_KIND_STAFF, &made.from) ||
	    !programme_refer(programme, definition, "to", LGP_KIND_STAFF, &made.to) ||
	    !programme_refer(programme, definition, "unit", LGP_KIND_UNIT, &made.unit) ||
	    !programme_refer(programme, definition, "scope.site", LGP_KIND_SITE, &made.site) ||
	    !programme_refer(programme, definition, "scope.budget", LGP_KIND_BUDGET,
	                     &made.budget) ||
	    !programme_refer(programme, definition, "scope.reason", LGP_KIND_REASON, &made.reason))
		return programme_refers_nowhere(entry);
	void *items = programme->delegations;
	struct list list = {&programme->delegation_at, &items, sizeof made,
	                    &programme->delegation_count};
	enum lgp_status status = list_place(&list, number, &place);
	programme->delegations = items;
	if (status == LGP_OK)
		programme->delegations[place] = made;
	return status;
}

const struct delegation *programme_delegation(const struct programme *programme, uint64_t number)
{
	size_t place;
	return list_find(&programme->delegation_at, number, &place) ? &programme->delegations[place]
	                                                            : NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

static uint64_t defined_number(const struct lgp_entry *entry)
{
	return (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
}

enum lgp_status programme_note(struct programme *programme, const struct lgp_entry *entry)
{
	uint64_t number = defined_number(entry);
	return number == UINT64_MAX ? LGP_OK : set(&programme->defined, number, entry->seq << 1);
}

bool programme_defined(const struct programme *programme, uint64_t number, uint64_t *at,
                       bool *ended)
{
	uint64_t found = get(&programme->defined, number);
	*at = found >> 1;
	*ended = (found & 1) != 0;
	return found != 0; /* entry 0 defines nothing */
}

static enum lgp_status define_kind(struct programme *programme, const struct lgp_entry *entry,
                                   uint64_t number, const struct lgp_definition *definition)
{
	switch (entry->kind) {
	case LGP_KIND_SITE:
		return define_site(programme, number, definition);
	case LGP_KIND_REASON:
		return define_reason(programme, number, definition);
	case LGP_KIND_STAFF:
		return people_define_staff(programme, entry, number, definition);
	case LGP_KIND_TOKEN:
		return people_define_token(programme, entry, number, definition);
	case LGP_KIND_DELEGATION:
		return define_delegation(programme, entry, number, definition);
	default:
		return LGP_OK;
	}
}

enum lgp_status programme_define(struct programme *programme, const struct lgp_entry *entry,
                                 const struct lgp_definition *definition)
{
	uint64_t number = defined_number(entry);
	if (number == UINT64_MAX)
		return programme_refers_nowhere(entry);
	enum lgp_status status = programme_note(programme, entry);
	if (status == LGP_OK)
		status = note_id(programme, number, definition);
	return status == LGP_OK ? define_kind(programme, entry, number, definition) : status;
}

void programme_note_end(struct programme *programme, uint64_t number)
{
	struct slot *slot =
	        number != UINT64_MAX ? slots_find(&programme->defined, number + 1, 0) : NULL;
	if (slot != NULL)
		slot->number |= 1;
}

void programme_end(struct programme *programme, const struct lgp_entry *entry)
{
	size_t place;
	programme_note_end(programme, entry->refers_to);
	if (entry->kind == LGP_KIND_TOKEN_END &&
	    list_find(&programme->token_at, entry->refers_to, &place))
		programme->tokens[place].ended = true;
	if (entry->kind == LGP_KIND_DELEGATION_END &&
	    list_find(&programme->delegation_at, entry->refers_to, &place))
		programme->delegations[place].ended = true;
}
