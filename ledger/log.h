/* log: what ledger.mdb's tables hold.  See log.c. */
#ifndef LAGNIAPPE_LEDGER_LOG_H
#define LAGNIAPPE_LEDGER_LOG_H

#include "lagniappe/entry.h"
#include "logstore.h"

struct lgp_ledger;

/* Between logstore_begin and logstore_end. */
LGP_MUST_USE enum lgp_status log_entry(struct log_reader *reader, uint64_t seq,
                                       uint8_t out[LGP_ENTRY_LEN]);
LGP_MUST_USE enum lgp_status log_payload(struct log_reader *reader, const struct lgp_hash *hash,
                                         struct lgp_view *value);
LGP_MUST_USE enum lgp_status log_node(struct log_reader *reader, unsigned level, uint64_t index,
                                      struct lgp_hash *out);

/* What ledger.mdb holds, in a transaction of it. */
LGP_MUST_USE enum lgp_status log_size(struct lgp_kv_txn *txn, uint64_t *size);
LGP_MUST_USE enum lgp_status log_checkpoint(struct lgp_kv_txn *txn, uint64_t size,
                                            struct lgp_checkpoint *checkpoint,
                                            uint8_t signature[LGP_SIGNATURE_LEN]);

#endif
