/* customers: who may see whom.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_CUSTOMERS_H
#define LAGNIAPPE_SERVER_CUSTOMERS_H

#include "server/route.h"

/* The customer that {id} names, if the asker may see them: the customer, staff
 * and managers of their sites, and whom else the route lets in.
 * 0: 404 or 403 is answered. */
uint64_t customer_find(struct request *request, struct lgp_party *party);

#endif
