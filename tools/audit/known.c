/* known: see known.h.  Thread: one at a time. */
#include "tools/audit/known.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_MAX 64

enum lgp_status known_init(struct known *known, struct parties *parties)
{
	*known = (struct known){.parties = parties};
	return slots_init(&known->further);
}

void known_deinit(struct known *known)
{
	slots_deinit(&known->further);
}

/* NULL: no customer. */
static struct party *customer_of(const struct known *known, uint64_t number)
{
	struct party *party = parties_find(known->parties, number);
	return parties_kind_of(party) == LGP_KIND_CUSTOMER ? party : NULL;
}

/* Of customers there are many; the others that an entry names are near. */
void known_prefetch(const struct known *known, const struct lgp_entry *entry)
{
	if (entry->customer != 0)
		known_fetch(known, entry->customer, entry->site);
}

void known_fetch(const struct known *known, uint64_t number, uint64_t site)
{
	if (known->further.count > 0)
		slots_prefetch(&known->further, number + 1, site);
}

/* ---- what an entry adds --------------------------------------------------------------- */

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for the sites at which customers are known");
}

/* A site behind the first, that is not there yet. */
static enum lgp_status add_further(struct known *known, struct party *customer, uint64_t key,
                                   uint64_t site)
{
	struct slot *further = slots_put(&known->further, key, 0);
	if (further == NULL)
		return no_memory();
	if (further->number + 1 == KNOWN_SITES_MAX) {
		customer->first_site = 0;
		return LGP_OK;
	}
	uint64_t place = ++further->number + 1;
	further = slots_put(&known->further, key, site);
	if (further == NULL)
		return no_memory();
	further->number = place;
	return LGP_OK;
}

/* Nothing where the party is no customer. */
static enum lgp_status note(struct known *known, struct party *party, uint64_t number,
                            uint64_t site)
{
	if (parties_kind_of(party) != LGP_KIND_CUSTOMER || party->first_site == 0 ||
	    party->first_site == site || slots_find(&known->further, number + 1, site) != NULL)
		return LGP_OK;
	return add_further(known, party, number + 1, site);
}

enum lgp_status known_note(struct known *known, const struct lgp_entry *entry,
                           const struct named *named)
{
	enum lgp_status status = LGP_OK;
	if (entry->site != 0 && entry->kind != LGP_KIND_REFUSAL) {
		status = note(known, named->of[FIELD_CUSTOMER], entry->customer, entry->site);
		if (status == LGP_OK)
			status = note(known, named->of[FIELD_BUDGET], entry->budget, entry->site);
		if (status == LGP_OK)
			status = note(known, named->of[FIELD_ACTOR], entry->actor, entry->site);
	}
	if (entry->kind == LGP_KIND_CUSTOMER && (entry->flags & LGP_FLAG_AMEND) == 0)
		customer_of(known, entry->seq)->first_site = entry->site;
	return status;
}

/* ---- what there is ----------------------------------------------------------------------- */

static struct known_sites sites_of(const struct known *known, const struct party *customer,
                                   uint64_t number)
{
	if (customer == NULL || customer->first_site == 0)
		return (struct known_sites){.everywhere = customer != NULL};
	const struct slot *further = slots_find(&known->further, number + 1, 0);
	return (struct known_sites){.count = 1 + (further != NULL ? (unsigned)further->number : 0)};
}

/* Which of the customer's sites this is, from 1; 0: none of them. */
static unsigned place_of(const struct known *known, const struct party *customer, uint64_t number,
                         uint64_t site)
{
	if (customer->first_site == site)
		return 1;
	const struct slot *further =
	        site != 0 ? slots_find(&known->further, number + 1, site) : NULL;
	return further != NULL ? (unsigned)further->number : 0;
}

static const char *text_of(const struct known_sites *sites, char out[static TEXT_MAX])
{
	if (sites->everywhere && sites->count == 0)
		return "everywhere";
	snprintf(out, TEXT_MAX, "%sat %u site%s", sites->everywhere ? "everywhere and " : "",
	         sites->count, sites->count == 1 ? "" : "s");
	return out;
}

bool known_is(const struct known *known, uint64_t number, const struct known_sites *told,
              char why[static KNOWN_WHY_MAX])
{
	char told_text[TEXT_MAX], computed_text[TEXT_MAX];
	const struct party *customer = customer_of(known, number);
	struct known_sites computed = sites_of(known, customer, number);
	if (told->everywhere != computed.everywhere || told->count != computed.count) {
		snprintf(why, KNOWN_WHY_MAX, "%s, in a replay %s", text_of(told, told_text),
		         text_of(&computed, computed_text));
		return false;
	}
	for (unsigned i = 0; i < told->count; i++) {
		unsigned place = place_of(known, customer, number, told->sites[i]);
		if (place == i + 1)
			continue;
		snprintf(computed_text, TEXT_MAX, "as number %u", place);
		snprintf(why, KNOWN_WHY_MAX,
		         "at site %" PRIu64 " as number %u of %u, in a replay %s", told->sites[i],
		         i + 1, told->count, place > 0 ? computed_text : "not");
		return false;
	}
	return true;
}

size_t known_bytes(const struct known *known)
{
	return slots_bytes(&known->further);
}
