/* visible: who may see what, beyond what the routes' roles say.
 * Thread: the exchange's loop.
 *
 *              an entry                    a customer          a budget
 *   customer   of which they are the       themselves          (no route)
 *              customer, save refusals:
 *              those are the staff's
 *   staff      of their own name           of their sites      that they give from
 *   manager    that, and of their sites    of their sites      that they give from
 *   till       (its own)                   of its token's      (no route)
 *                                          sites, or all
 *   auditor    every one                   every one           every one
 *   others     (their own)                 every one           every one
 *
 * and whoever acted sees the entry that it became. */
#include "server/visible.h"

#include "server/answer.h"
#include "server/auth.h"

bool visible_entry(const struct request *request, const struct lgp_entry *entry)
{
	const struct principal *who = &request->principal;
	if (entry->actor == who->subject)
		return true;
	switch (who->role) {
	case LGP_ROLE_AUDITOR:
		return true;
	case LGP_ROLE_CUSTOMER:
		return answer_has_customer(entry) && entry->customer == who->subject &&
		       entry->kind != LGP_KIND_REFUSAL;
	case LGP_ROLE_STAFF:
		return entry->staff == who->subject;
	case LGP_ROLE_MANAGER:
		return entry->staff == who->subject ||
		       (entry->site != 0 && auth_at_site(request, entry->site));
	default:
		return false;
	}
}

/* Where a customer has not been anywhere yet, they are anybody's. */
static bool meets(const struct request *request, const struct lgp_party *party)
{
	if (party->everywhere || party->site_count == 0)
		return true;
	for (size_t i = 0; i < party->site_count; i++)
		if (party->sites[i] == 0 || auth_at_site(request, party->sites[i]))
			return true;
	return false;
}

bool visible_customer(const struct request *request, uint64_t number, const struct lgp_party *party)
{
	switch (request->principal.role) {
	case LGP_ROLE_CUSTOMER:
		return request->principal.subject == number;
	case LGP_ROLE_STAFF:
	case LGP_ROLE_MANAGER:
	case LGP_ROLE_INTEGRATION:
		return meets(request, party);
	default:
		return true;
	}
}

bool visible_balance(const struct request *request, uint64_t customer)
{
	struct lgp_party party;
	return lgp_read_party(request->worker->reader, customer, &party) == LGP_OK &&
	       visible_customer(request, customer, &party);
}

bool visible_budget(const struct request *request, uint64_t budget)
{
	struct lgp_ledger *ledger = request->app->ledger;
	enum lgp_role role = request->principal.role;
	if (role != LGP_ROLE_STAFF && role != LGP_ROLE_MANAGER)
		return true;
	lgp_registry_lock(ledger);
	const struct lgp_record *staff = lgp_registry_get(ledger, request->principal.subject);
	bool good = staff != NULL && staff->kind == LGP_KIND_STAFF &&
	            lgp_staff_has_budget(staff, budget);
	lgp_registry_unlock(ledger);
	return good;
}
