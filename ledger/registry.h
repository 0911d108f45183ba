/* registry: the nouns in memory, by number, id and token secret.
 * Threads: the ledger thread changes it, under the lock; others read under the
 * lock (lgp_registry_lock); the ledger thread reads without.
 * Everything here follows from the 'D' records and can be made from them. */
#ifndef LAGNIAPPE_LEDGER_REGISTRY_H
#define LAGNIAPPE_LEDGER_REGISTRY_H

#include "lagniappe/ledger.h"

struct registry;

LGP_MUST_USE enum lgp_status registry_new(struct registry **out);
void registry_free(struct registry *registry);

/* Adds or replaces the noun's record from its definition text.
 * LGP_CORRUPT: the text does not parse, or refers to what is not there. */
LGP_MUST_USE enum lgp_status registry_define(struct registry *registry, uint64_t number,
                                             enum lgp_kind kind, uint64_t defined_at,
                                             struct lgp_view text);
/* A token, limit or delegation is no longer in force. */
void registry_end(struct registry *registry, uint64_t number);

/* For the ledger thread, without the lock. */
const struct lgp_record *registry_find(const struct registry *registry, enum lgp_kind noun,
                                       struct lgp_view id);
const struct lgp_record *registry_get(const struct registry *registry, uint64_t number);
/* The kind's record if the number is one's, else NULL. */
const struct lgp_record *registry_get_kind(const struct registry *registry, enum lgp_kind noun,
                                           uint64_t number);

/* The number that a definition's field refers to, 0 when it is absent.
 * LGP_CORRUPT: there is no such noun. */
LGP_MUST_USE enum lgp_status registry_refer(const struct registry *registry,
                                            const struct lgp_definition *text, const char *field,
                                            enum lgp_kind noun, uint64_t *number);

void registry_lock(struct registry *registry);
void registry_unlock(struct registry *registry);
uint64_t registry_version(const struct registry *registry);
const struct lgp_record *registry_token(const struct registry *registry,
                                        const uint8_t secret_hash[LGP_HASH_LEN]);
/* The i-th of the staff whose own account the customer is; NULL behind the last. */
const struct lgp_record *registry_staff_of(const struct registry *registry, uint64_t customer,
                                           size_t i);
/* The i-th delegation that a member of staff gave or has; see ledger.h. */
const struct lgp_record *registry_delegation(const struct registry *registry, uint64_t staff,
                                             size_t i);
/* Forgets which of a manager's delegations are over by this date and time. */
void registry_forget_delegations(struct registry *registry, uint64_t from, int32_t date,
                                 int64_t time_us);
const struct lgp_record *registry_next(const struct registry *registry, enum lgp_kind noun,
                                       uint64_t after);

#endif
