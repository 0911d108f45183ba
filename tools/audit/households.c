/* households: who lives with whom, as far as customers' entries say it.
 * Thread: one at a time. */
#include "tools/audit/programme.h"

#include <string.h>

#include "lagniappe/codec.h"
#include "tools/audit/text.h"

void name_key(struct lgp_view typed, char out[LGP_SLUG_MAX])
{
	require(typed.len <= LGP_SLUG_MAX);
	memset(out, 0, LGP_SLUG_MAX);
	for (size_t i = 0; i < typed.len; i++) {
		bool capital = typed.ptr[i] >= 'A' && typed.ptr[i] <= 'Z';
		out[i] = (char)(typed.ptr[i] | (capital ? 0x20 : 0)); /* ASCII's small letter */
	}
}

void incident_name(const char *typed, char out[LGP_SLUG_MAX])
{
	name_key((struct lgp_view){typed, strnlen(typed, LGP_SLUG_MAX)}, out);
}

/* Stands for a household's name; never 0, which is none. */
uint64_t household_digest(struct lgp_view name)
{
	char key[LGP_SLUG_MAX];
	struct lgp_hash hash;
	name_key(name, key);
	lgp_hash_sha256(key, sizeof key, &hash);
	return lgp_get_le(hash.bytes, 8) | 1;
}

enum lgp_status programme_household(struct programme *programme, const struct lgp_entry *entry,
                                    struct lgp_view payload)
{
	struct lgp_view name = text_line(payload, "household");
	if (name.len > LGP_SLUG_MAX)
		return LGP_CORRUPT;
	if (entry->customer == 0 || (name.ptr == NULL && (entry->flags & LGP_FLAG_AMEND) == 0))
		return LGP_OK;
	struct slot *slot = slots_put(&programme->households, entry->customer, 0);
	if (slot == NULL)
		return programme_no_memory();
	slot->number = name.ptr != NULL ? household_digest(name) : 0;
	return LGP_OK;
}

uint64_t programme_household_of(const struct programme *programme, uint64_t customer)
{
	const struct slot *slot =
	        customer != 0 ? slots_find(&programme->households, customer, 0) : NULL;
	return slot != NULL ? slot->number : 0;
}

bool programme_own(const struct programme *programme, const struct staff *staff, uint64_t customer)
{
	if (staff->customer == 0 || staff->customer == customer)
		return staff->customer != 0;
	uint64_t household = programme_household_of(programme, staff->customer);
	return household != 0 && household == programme_household_of(programme, customer);
}
