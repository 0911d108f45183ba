/* registry: the nouns in memory.  Threads: see registry.h. */
#include "registry.h"

#include "lagniappe/codec.h"
#include "limits.h"
#include "map.h"
#include "pointers.h"
#include "state.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KINDS 32 /* nouns' kinds are below */

struct list {
	struct lgp_record **records; /* in the order of their numbers */
	size_t count, cap;
};

struct registry {
	struct pointers *by_number;
	struct pointers *by_customer;  /* -> struct list: the staff whose own account it is */
	struct pointers *delegations;  /* staff -> struct list: those they gave or have */
	struct map *by_id, *by_secret; /* -> struct lgp_record * */
	struct list of_kind[KINDS];
	pthread_rwlock_t lock;
	_Atomic uint64_t version;
};

/* ---- lookups ------------------------------------------------------------------- */

/* Ids are the house's own, and secrets are random: nobody makes them fall together. */
static uint32_t hash_id(const uint8_t seed[MAP_SEED_LEN], struct lgp_view key)
{
	uint64_t hash = key.len;
	(void)seed;
	for (size_t at = 0; at < key.len; at += 8) {
		uint64_t word = 0;
		memcpy(&word, key.ptr + at, key.len - at < 8 ? key.len - at : 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

static const struct lgp_record *look_up(const struct map *map, struct lgp_view key)
{
	struct lgp_view value;
	const struct lgp_record *record;
	if (!map_get(map, key, &value))
		return NULL;
	memcpy(&record, value.ptr, sizeof record);
	return record;
}

struct id_key {
	char bytes[1 + LGP_SLUG_MAX];
	size_t len;
};

static struct id_key id_key(enum lgp_kind noun, struct lgp_view id)
{
	struct id_key key = {.len = 1 + id.len};
	require(id.len <= LGP_SLUG_MAX);
	key.bytes[0] = (char)noun;
	memcpy(key.bytes + 1, id.ptr, id.len);
	return key;
}

const struct lgp_record *registry_find(const struct registry *registry, enum lgp_kind noun,
                                       struct lgp_view id)
{
	if (id.len == 0 || id.len > LGP_SLUG_MAX)
		return NULL;
	struct id_key key = id_key(noun, id);
	return look_up(registry->by_id, (struct lgp_view){key.bytes, key.len});
}

const struct lgp_record *registry_get(const struct registry *registry, uint64_t number)
{
	return pointers_get(registry->by_number, number);
}

const struct lgp_record *registry_get_kind(const struct registry *registry, enum lgp_kind noun,
                                           uint64_t number)
{
	const struct lgp_record *record = registry_get(registry, number);
	return record != NULL && record->kind == noun ? record : NULL;
}

const struct lgp_record *registry_staff_of(const struct registry *registry, uint64_t customer,
                                           size_t i)
{
	const struct list *list = pointers_get(registry->by_customer, customer);
	return list != NULL && i < list->count ? list->records[i] : NULL;
}

const struct lgp_record *registry_delegation(const struct registry *registry, uint64_t staff,
                                             size_t i)
{
	const struct list *list = pointers_get(registry->delegations, staff);
	return list != NULL && i < list->count ? list->records[i] : NULL;
}

const struct lgp_record *registry_token(const struct registry *registry,
                                        const uint8_t secret_hash[LGP_HASH_LEN])
{
	return look_up(registry->by_secret,
	               (struct lgp_view){(const char *)secret_hash, LGP_HASH_LEN});
}

const struct lgp_record *registry_next(const struct registry *registry, enum lgp_kind noun,
                                       uint64_t after)
{
	require((unsigned)noun < KINDS);
	const struct list *list = &registry->of_kind[noun];
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->records[middle]->number > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low < list->count ? list->records[low] : NULL;
}

void registry_lock(struct registry *registry)
{
	pthread_rwlock_rdlock(&registry->lock);
}

void registry_unlock(struct registry *registry)
{
	pthread_rwlock_unlock(&registry->lock);
}

uint64_t registry_version(const struct registry *registry)
{
	return atomic_load_explicit(&registry->version, memory_order_acquire);
}

bool lgp_numbers_hold(const struct lgp_numbers *numbers, uint64_t number)
{
	for (unsigned i = 0; i < numbers->count; i++)
		if (numbers->list[i] == number)
			return true;
	return false;
}

bool lgp_staff_at_site(const struct lgp_record *staff, uint64_t site)
{
	return staff->as.staff.site == site || lgp_numbers_hold(&staff->as.staff.sites, site);
}

bool lgp_staff_has_budget(const struct lgp_record *staff, uint64_t budget)
{
	return staff->as.staff.budget == budget ||
	       lgp_numbers_hold(&staff->as.staff.budgets, budget);
}

/* ---- from text to record ----------------------------------------------------------- */

enum lgp_status registry_refer(const struct registry *registry, const struct lgp_definition *text,
                               const char *field, enum lgp_kind noun, uint64_t *number)
{
	struct lgp_view id = lgp_definition_get(text, field);
	*number = 0;
	if (id.ptr == NULL)
		return LGP_OK;
	const struct lgp_record *record = registry_find(registry, noun, id);
	if (record == NULL)
		return lgp_fault(LGP_CORRUPT, "definition: %s refers to what is not there", field);
	*number = record->number;
	return LGP_OK;
}

static enum lgp_status refer_list(const struct registry *registry,
                                  const struct lgp_definition *text, const char *field,
                                  enum lgp_kind noun, struct lgp_numbers *out)
{
	struct lgp_view list = lgp_definition_get(text, field), id;
	uint64_t numbers[LGP_LIST_MAX];
	uint16_t count = 0;
	while (list.ptr != NULL && lgp_list_next(&list, &id)) {
		const struct lgp_record *record = registry_find(registry, noun, id);
		if (record == NULL || count == LGP_LIST_MAX)
			return lgp_fault(LGP_CORRUPT, "definition: %s refers to what is not there",
			                 field);
		numbers[count++] = record->number;
	}
	*out = (struct lgp_numbers){0};
	if (count == 0)
		return LGP_OK;
	out->list = malloc(count * sizeof *out->list);
	if (out->list == NULL)
		return lgp_fault(LGP_NO_MEMORY, "registry: no memory for a list");
	memcpy(out->list, numbers, count * sizeof *numbers);
	out->count = count;
	return LGP_OK;
}

static uint64_t number(const struct lgp_definition *text, const char *field)
{
	uint64_t out = 0;
	struct lgp_view value = lgp_definition_get(text, field);
	if (value.ptr != NULL)
		require(lgp_decimal_parse(value, &out) == LGP_OK);
	return out;
}

static int32_t date(const struct lgp_definition *text, const char *field, int32_t absent)
{
	int32_t out = absent;
	struct lgp_view value = lgp_definition_get(text, field);
	if (value.ptr != NULL)
		require(lgp_date_parse(value, &out) == LGP_OK);
	return out;
}

static enum lgp_role role(const struct lgp_definition *text)
{
	struct lgp_view value = lgp_definition_get(text, "role");
	int index = lgp_choice_index(LGP_ROLE_CHOICES, value);
	require(index >= 0);
	return (enum lgp_role)(LGP_ROLE_ADMIN + index);
}

static enum lgp_status fill_site(const struct lgp_definition *text, struct lgp_record *out)
{
	struct lgp_view zone = lgp_definition_get(text, "timezone");
	require(zone.len <= LGP_ZONE_MAX);
	memcpy(out->as.site.zone, zone.ptr, zone.len);
	out->as.site.zone_len = (uint8_t)zone.len;
	out->as.site.week_starts = (uint8_t)lgp_definition_choice(
	        text, "week_starts", "monday|tuesday|wednesday|thursday|friday|saturday|sunday");
	out->as.site.staff_rewards =
	        (uint8_t)lgp_definition_choice(text, "staff_rewards", LGP_STAFF_REWARDS_CHOICES);
	return LGP_OK;
}

static enum lgp_status fill_budget(const struct registry *registry,
                                   const struct lgp_definition *text, struct lgp_record *out)
{
	enum lgp_status status =
	        registry_refer(registry, text, "site", LGP_KIND_SITE, &out->as.budget.site);
	if (status == LGP_OK)
		status =
		        registry_refer(registry, text, "unit", LGP_KIND_UNIT, &out->as.budget.unit);
	return status;
}

static enum lgp_status fill_staff(const struct registry *registry,
                                  const struct lgp_definition *text, struct lgp_record *out)
{
	out->as.staff.role = role(text);
	out->as.staff.active_from = date(text, "active_from", INT32_MIN);
	out->as.staff.active_until = date(text, "active_until", INT32_MAX);
	out->as.staff.customer = number(text, "customer");
	enum lgp_status status =
	        registry_refer(registry, text, "site", LGP_KIND_SITE, &out->as.staff.site);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "budget", LGP_KIND_BUDGET,
		                        &out->as.staff.budget);
	if (status == LGP_OK)
		status = refer_list(registry, text, "sites", LGP_KIND_SITE, &out->as.staff.sites);
	if (status == LGP_OK)
		status = refer_list(registry, text, "budgets", LGP_KIND_BUDGET,
		                    &out->as.staff.budgets);
	return status;
}

static enum lgp_status fill_token(const struct registry *registry,
                                  const struct lgp_definition *text, struct lgp_record *out)
{
	struct lgp_view expires = lgp_definition_get(text, "expires");
	struct lgp_view hash = lgp_definition_get(text, "hash");
	out->as.token.role = role(text);
	out->as.token.expires_us = INT64_MAX;
	if (expires.ptr != NULL)
		require(lgp_time_parse(expires, &out->as.token.expires_us) == LGP_OK);
	require(lgp_hex_decode(hash, out->as.token.hash, LGP_HASH_LEN) == LGP_OK);
	enum lgp_status status =
	        registry_refer(registry, text, "subject", LGP_KIND_STAFF, &out->as.token.subject);
	if (out->as.token.subject == 0)
		out->as.token.subject = number(text, "customer");
	if (out->as.token.subject == 0)
		out->as.token.subject = out->number; /* it speaks for itself */
	if (status == LGP_OK)
		status = refer_list(registry, text, "sites", LGP_KIND_SITE, &out->as.token.sites);
	return status;
}

static enum lgp_status fill_delegation(const struct registry *registry,
                                       const struct lgp_definition *text, struct lgp_record *out)
{
	out->as.delegation.ceiling = (int64_t)number(text, "ceiling");
	enum lgp_status status = span_parse(text, &out->as.delegation.span);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "from", LGP_KIND_STAFF,
		                        &out->as.delegation.from);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "to", LGP_KIND_STAFF,
		                        &out->as.delegation.to);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "unit", LGP_KIND_UNIT,
		                        &out->as.delegation.unit);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "scope.site", LGP_KIND_SITE,
		                        &out->as.delegation.site);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "scope.budget", LGP_KIND_BUDGET,
		                        &out->as.delegation.budget);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "scope.reason", LGP_KIND_REASON,
		                        &out->as.delegation.reason);
	return status;
}

static enum lgp_status fill(const struct registry *registry, const struct lgp_definition *text,
                            struct lgp_record *out)
{
	switch (out->kind) {
	case LGP_KIND_UNIT:
		out->as.unit.scale = (uint8_t)number(text, "scale");
		out->as.unit.points = lgp_definition_choice(text, "kind", "money|points") == 1;
		return LGP_OK;
	case LGP_KIND_SITE:
		return fill_site(text, out);
	case LGP_KIND_BUDGET:
		return fill_budget(registry, text, out);
	case LGP_KIND_REASON:
		out->as.reason.kind = (uint8_t)lgp_definition_choice(
		        text, "kind", "discretionary|earned|feedback|kindness");
		return LGP_OK;
	case LGP_KIND_STAFF:
		return fill_staff(registry, text, out);
	case LGP_KIND_TOKEN:
		return fill_token(registry, text, out);
	case LGP_KIND_DELEGATION:
		return fill_delegation(registry, text, out);
	default:
		return LGP_OK;
	}
}

static void release_lists(struct lgp_record *record)
{
	if (record->kind == LGP_KIND_STAFF) {
		free(record->as.staff.sites.list);
		free(record->as.staff.budgets.list);
	} else if (record->kind == LGP_KIND_TOKEN) {
		free(record->as.token.sites.list);
	}
}

static enum lgp_status record_from_text(const struct registry *registry, struct lgp_record *out,
                                        struct lgp_view text)
{
	const struct lgp_noun *noun = lgp_noun_of(out->kind);
	struct lgp_definition definition;
	if (noun == NULL || lgp_definition_parse(noun, text, true, &definition) != LGP_OK)
		return lgp_fault(LGP_CORRUPT, "entry %llu: its definition does not parse",
		                 (unsigned long long)out->defined_at);
	if (noun->id_field != NULL)
		require(lgp_slug_set(&out->id, lgp_definition_get(&definition, noun->id_field)));
	enum lgp_status status = fill(registry, &definition, out);
	if (status != LGP_OK)
		release_lists(out);
	return status;
}

/* ---- changes ------------------------------------------------------------------------- */

static bool list_push(struct list *list, struct lgp_record *record)
{
	if (list->count == list->cap) {
		size_t cap = list->cap == 0 ? 16 : list->cap * 2;
		struct lgp_record **records = realloc(list->records, cap * sizeof(void *));
		if (records == NULL)
			return false;
		list->records = records;
		list->cap = cap;
	}
	list->records[list->count++] = record;
	return true;
}

static bool index_record(struct registry *registry, struct lgp_record *record)
{
	struct lgp_view value = {(char *)&record, sizeof record};
	if (!pointers_put(registry->by_number, record->number, record))
		return false;
	if (record->kind == LGP_KIND_TOKEN &&
	    !map_put(registry->by_secret,
	             (struct lgp_view){(char *)record->as.token.hash, LGP_HASH_LEN}, value))
		return false;
	if (record->id.len == 0)
		return true;
	struct id_key key = id_key(record->kind, lgp_slug_view(&record->id));
	return map_put(registry->by_id, (struct lgp_view){key.bytes, key.len}, value);
}

static bool link_to(struct pointers *lists, uint64_t number, struct lgp_record *record)
{
	struct list *list = pointers_get(lists, number);
	if (list != NULL)
		return list_push(list, record);
	list = calloc(1, sizeof *list);
	if (list == NULL || !pointers_put(lists, number, list)) {
		free(list);
		return false;
	}
	return list_push(list, record);
}

static void unlink_from(struct pointers *lists, uint64_t number, const struct lgp_record *record)
{
	struct list *list = pointers_get(lists, number);
	size_t kept = 0;
	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (list->records[i] != record)
			list->records[kept++] = list->records[i];
	if (list != NULL)
		list->count = kept;
}

/* Whom else the record is found by. */
static bool link_record(struct registry *registry, struct lgp_record *record)
{
	if (record->kind == LGP_KIND_STAFF && record->as.staff.customer != 0)
		return link_to(registry->by_customer, record->as.staff.customer, record);
	if (record->kind == LGP_KIND_DELEGATION)
		return link_to(registry->delegations, record->as.delegation.from, record) &&
		       link_to(registry->delegations, record->as.delegation.to, record);
	return true;
}

static void unlink_record(struct registry *registry, const struct lgp_record *record)
{
	if (record->kind == LGP_KIND_STAFF && record->as.staff.customer != 0)
		unlink_from(registry->by_customer, record->as.staff.customer, record);
	if (record->kind == LGP_KIND_DELEGATION) {
		unlink_from(registry->delegations, record->as.delegation.from, record);
		unlink_from(registry->delegations, record->as.delegation.to, record);
	}
}

static struct lgp_record *mutable_record(const struct registry *registry, uint64_t number)
{
	return (struct lgp_record *)(uintptr_t)registry_get(registry, number);
}

static struct lgp_record *add_record(struct registry *registry, const struct lgp_record *made)
{
	struct lgp_record *record = malloc(sizeof *record);
	if (record == NULL)
		return NULL;
	*record = *made;
	struct list *list = &registry->of_kind[made->kind];
	require(list->count == 0 || list->records[list->count - 1]->number < made->number);
	if (!list_push(list, record)) {
		free(record);
		return NULL;
	}
	return record; /* the list owns it */
}

/* Under the lock.  Takes what made owns.  An amended record keeps its address,
 * its number and its id. */
static bool install(struct registry *registry, struct lgp_record *made)
{
	struct lgp_record *record = mutable_record(registry, made->number);
	if (record != NULL) {
		release_lists(record);
		unlink_record(registry, record);
		*record = *made;
		return link_record(registry, record);
	}
	record = add_record(registry, made);
	if (record == NULL) {
		release_lists(made);
		return false;
	}
	return index_record(registry, record) && link_record(registry, record);
}

enum lgp_status registry_define(struct registry *registry, uint64_t number, enum lgp_kind kind,
                                uint64_t defined_at, struct lgp_view text)
{
	struct lgp_record made = {.kind = kind, .number = number, .defined_at = defined_at};
	enum lgp_status status = record_from_text(registry, &made, text);
	if (status != LGP_OK)
		return status;
	pthread_rwlock_wrlock(&registry->lock);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the installed record owns the lists */
	bool fits = install(registry, &made);
	atomic_fetch_add_explicit(&registry->version, 1, memory_order_release);
	pthread_rwlock_unlock(&registry->lock);
	return fits ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "registry: no memory for a definition");
}

void registry_end(struct registry *registry, uint64_t number)
{
	struct lgp_record *record = mutable_record(registry, number);
	require(record != NULL);
	pthread_rwlock_wrlock(&registry->lock);
	if (record->kind == LGP_KIND_TOKEN)
		record->as.token.ended = true;
	else if (record->kind == LGP_KIND_LIMIT)
		record->as.limit.ended = true;
	else if (record->kind == LGP_KIND_DELEGATION) {
		record->as.delegation.ended = true;
		unlink_record(registry, record);
	}
	atomic_fetch_add_explicit(&registry->version, 1, memory_order_release);
	pthread_rwlock_unlock(&registry->lock);
}

void registry_forget_delegations(struct registry *registry, uint64_t from, int32_t date,
                                 int64_t time_us)
{
	const struct lgp_record *record;
	pthread_rwlock_wrlock(&registry->lock);
	for (size_t i = 0; (record = registry_delegation(registry, from, i)) != NULL;) {
		const struct lgp_span *span = &record->as.delegation.span;
		bool over = time_us >= span->until_us || counter_closed(span->until_day, date);
		if (over && record->as.delegation.from == from)
			unlink_record(registry, record);
		else
			i++;
	}
	pthread_rwlock_unlock(&registry->lock);
}

/* ---- life ----------------------------------------------------------------------------- */

enum lgp_status registry_new(struct registry **out)
{
	struct registry *registry = calloc(1, sizeof *registry);
	if (registry == NULL)
		return lgp_fault(LGP_NO_MEMORY, "registry: no memory");
	pthread_rwlock_init(&registry->lock, NULL);
	registry->by_number = pointers_new();
	registry->by_customer = pointers_new();
	registry->delegations = pointers_new();
	static const uint8_t seed[MAP_SEED_LEN];
	registry->by_id = map_new(seed, hash_id);
	registry->by_secret = map_new(seed, hash_id);
	if (registry->by_number == NULL || registry->by_customer == NULL ||
	    registry->delegations == NULL || registry->by_id == NULL ||
	    registry->by_secret == NULL) {
		registry_free(registry);
		return lgp_fault(LGP_NO_MEMORY, "registry: no memory");
	}
	*out = registry;
	return LGP_OK;
}

static void free_list(void *pointer)
{
	struct list *list = pointer;
	free(list->records);
	free(list);
}

void registry_free(struct registry *registry)
{
	if (registry == NULL)
		return;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; i < registry->of_kind[kind].count; i++) {
			release_lists(registry->of_kind[kind].records[i]);
			free(registry->of_kind[kind].records[i]);
		}
		free(registry->of_kind[kind].records);
	}
	pointers_free(registry->by_number);
	if (registry->by_customer != NULL)
		pointers_each(registry->by_customer, free_list);
	pointers_free(registry->by_customer);
	if (registry->delegations != NULL)
		pointers_each(registry->delegations, free_list);
	pointers_free(registry->delegations);
	map_free(registry->by_id);
	map_free(registry->by_secret);
	pthread_rwlock_destroy(&registry->lock);
	free(registry);
}
