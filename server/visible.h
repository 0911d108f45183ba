/* visible: who may see what, beyond what the routes' roles say.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_VISIBLE_H
#define LAGNIAPPE_SERVER_VISIBLE_H

#include "server/route.h"

bool visible_entry(const struct request *request, const struct lgp_entry *entry);
bool visible_customer(const struct request *request, uint64_t number,
                      const struct lgp_party *party);
/* Whether who asks may read what the customer of this number, if there is one, holds. */
bool visible_balance(const struct request *request, uint64_t customer);
bool visible_budget(const struct request *request, uint64_t budget);

#endif
