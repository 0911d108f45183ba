/* apply_limit: limits' versions as records, and into memory.
 * Thread: ledger thread only. */
#include "internal.h"

#include "lagniappe/codec.h"

#include <string.h>

static enum lgp_status parse(struct lgp_ledger *ledger, uint64_t version, struct lgp_view text,
                             struct lgp_slug *id, struct limit_version *out)
{
	struct lgp_definition definition;
	enum lgp_status status =
	        lgp_definition_parse(lgp_noun_of(LGP_KIND_LIMIT), text, true, &definition);
	if (status != LGP_OK)
		return lgp_fault(LGP_CORRUPT, "entry %llu: its definition does not parse",
		                 (unsigned long long)version);
	require(lgp_slug_set(id, lgp_definition_get(&definition, "id")));
	return limit_parse(ledger->registry, &definition, version, out);
}

enum lgp_status limit_load(struct lgp_ledger *ledger, uint64_t number, uint64_t version,
                           uint64_t counts_from, struct lgp_view text)
{
	struct lgp_slug id = {0};
	struct limit_version made;
	enum lgp_status status = parse(ledger, version, text, &id, &made);
	if (status != LGP_OK)
		return status;
	made.counts_from = counts_from;
	return limits_add(ledger->limits, number, &id, &made);
}

/* Takes the records of versions away: all of them, or those that are over. */
static enum lgp_status delete_versions(struct lgp_ledger *ledger, const struct limit *limit,
                                       const struct lgp_entry *entry, bool all)
{
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; limit != NULL && i < limit->count && status == LGP_OK; i++) {
		const struct limit_version *version = &limit->versions[i];
		struct state_key key = state_key_pair('L', limit->number, version->seq);
		if (all || limit_is_over(version, entry->business_date, entry->time_us))
			status = state_delete(ledger->state, key_view(&key));
	}
	return status;
}

/* The newest of this shape that is not over lends its counters. */
static uint64_t counts_from(const struct limit *limit, const struct limit_version *made,
                            const struct lgp_entry *entry)
{
	for (unsigned i = limit != NULL ? limit->count : 0; i-- > 0;) {
		const struct limit_version *version = &limit->versions[i];
		if (limit_same_shape(version, made) &&
		    !limit_is_over(version, entry->business_date, entry->time_us))
			return version->counts_from;
	}
	return made->seq;
}

/* Writes the record; memory follows when the batch is applied. */
enum lgp_status apply_limit(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                            struct lgp_view payload)
{
	uint64_t number = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
	const struct limit *before = limits_get(ledger->limits, number);
	struct lgp_slug id = {0};
	struct limit_version made;
	char bytes[8 + LGP_DEFINITION_MAX];
	enum lgp_status status = parse(ledger, entry->seq, payload, &id, &made);
	if (status != LGP_OK)
		return status;
	made.counts_from = counts_from(before, &made, entry);
	status = delete_versions(ledger, before, entry, limit_replaces(&made));
	if (status != LGP_OK)
		return status;
	struct state_key key = state_key_pair('L', number, entry->seq);
	lgp_put_le((uint8_t *)bytes, made.counts_from, 8);
	memcpy(bytes + 8, payload.ptr, payload.len);
	return state_put(ledger->state, key_view(&key), (struct lgp_view){bytes, 8 + payload.len});
}

enum lgp_status apply_limit_end(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	return delete_versions(ledger, limits_get(ledger->limits, entry->refers_to), entry, true);
}
