/* known: at which sites customers are known, by the entries that name them.
 * Thread: one at a time.
 *
 * A customer is known from the start where it was opened, and everywhere when that
 * was at no site.  Every entry after it in which it has a part, as customer, actor
 * or budget, adds the entry's site behind the others; a refusal adds nothing.  With
 * more than KNOWN_SITES_MAX sites it is known everywhere, and they are forgotten. */
#ifndef LAGNIAPPE_AUDIT_KNOWN_H
#define LAGNIAPPE_AUDIT_KNOWN_H

#include "lagniappe/entry.h"
#include "tools/audit/parties.h"

#define KNOWN_SITES_MAX 15
#define KNOWN_WHY_MAX 128

/* Most are known at one site, which stands in the party's record. */
struct known {
	struct parties *parties; /* borrowed */
	struct slots further;    /* customer + 1, site -> which of its sites this is, from 2;
	                          * customer + 1, 0 -> how many there are of them */
};

/* As a record tells them.  Of what is no customer there are none. */
struct known_sites {
	bool everywhere;
	unsigned count;
	uint64_t sites[KNOWN_SITES_MAX]; /* in the order in which they were added */
};

LGP_MUST_USE enum lgp_status known_init(struct known *known, struct parties *parties);
void known_deinit(struct known *known);
/* Brings near what known_note will ask for. */
void known_prefetch(const struct known *known, const struct lgp_entry *entry);
/* The same for what is asked of one customer and site; site 0: how many it has. */
void known_fetch(const struct known *known, uint64_t number, uint64_t site);
/* The next entry of the log, and whom it names: what it adds.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status known_note(struct known *known, const struct lgp_entry *entry,
                                        const struct named *named);
/* Whether the party is known where a record tells it.  If not, `why` gets how it is
 * told, and how it is. */
bool known_is(const struct known *known, uint64_t number, const struct known_sites *told,
              char why[static KNOWN_WHY_MAX]);
size_t known_bytes(const struct known *known);

#endif
