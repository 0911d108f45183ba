/* endpoints: the handlers that the route table names, and their bodies' tables.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_ENDPOINTS_H
#define LAGNIAPPE_SERVER_ENDPOINTS_H

#include "server/route.h"

/* grants.c */
extern const struct body_table grant_table, thanks_table, reverse_table;
void grants_post(struct request *request);
void thanks_post(struct request *request);
void reverse_post(struct request *request);
/* bulk.c, imports.c */
extern const struct body_table grant_line_table, import_line_table;
void grants_batch_post(struct request *request);
void imports_post(struct request *request);
/* nouns.c */
void nouns_post(struct request *request);
void nouns_patch(struct request *request);
void nouns_get(struct request *request);
void nouns_list(struct request *request);
/* tokens.c */
void tokens_post(struct request *request);
void tokens_get(struct request *request);
void tokens_list(struct request *request);
void tokens_delete(struct request *request);
/* budgets.c */
extern const struct body_table allotment_table;
void budgets_get(struct request *request);
void allotments_post(struct request *request);
/* customers.c */
extern const struct body_table customer_table, customer_change_table, lookup_table;
void customers_post(struct request *request);
void customers_lookup(struct request *request);
void customers_get(struct request *request);
void customers_patch(struct request *request);
/* accounts.c */
void balances_get(struct request *request);
void statement_get(struct request *request);
/* entries.c */
void entries_get(struct request *request);
void entries_list(struct request *request);
void receipts_get(struct request *request);
void payloads_get(struct request *request);
/* limits.c, headroom.c */
extern const struct body_table headroom_table;
void limit_put(struct request *request);
void limit_get(struct request *request);
void limit_list(struct request *request);
void limit_versions(struct request *request);
void limit_delete(struct request *request);
void headroom_get(struct request *request);
/* approvals.c, delegations.c */
extern const struct body_table decision_table;
void approvals_list(struct request *request);
void approvals_approve(struct request *request);
void approvals_decline(struct request *request);
void delegations_get(struct request *request);
void delegations_delete(struct request *request);
/* logfiles.c */
void checkpoint_get(struct request *request);
void tile_get(struct request *request);
void vkey_get(struct request *request);
/* meta.c */
void problems_list(struct request *request);
void problems_get(struct request *request);
void openapi_get(struct request *request);
void metrics_get(struct request *request);
void healthz_get(struct request *request);
void readyz_get(struct request *request);

#endif
