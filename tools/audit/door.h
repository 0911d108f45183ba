/* door: the source, for two threads: one reads blocks on and on, the other looks up
 * an entry or a payload now and then.  One call goes through at a time, and none
 * of them holds anything of the ledger's when it returns.
 * Thread: any. */
#ifndef LAGNIAPPE_AUDIT_DOOR_H
#define LAGNIAPPE_AUDIT_DOOR_H

#include "tools/audit/source.h"

#include <pthread.h>

struct door {
	struct source *source; /* borrowed; without the door while one thread runs alone */
	pthread_mutex_t lock;
};

void door_init(struct door *door, struct source *source);
void door_deinit(struct door *door);
/* As in source.h. */
void door_block(struct door *door, uint64_t size, struct block *block);
LGP_MUST_USE enum lgp_status door_entry(struct door *door, uint64_t seq,
                                        uint8_t out[LGP_ENTRY_LEN]);
void door_strip(struct door *door, enum lgp_log_table table, uint64_t key, struct strip *out,
                uint64_t *size_now);
LGP_MUST_USE enum lgp_status door_strip_behind(struct door *door, enum lgp_log_table table,
                                               unsigned level, uint64_t *key);
LGP_MUST_USE enum lgp_status door_checkpoints(struct door *door, uint64_t from,
                                              struct stored_checkpoint out[CHECKPOINTS_MAX],
                                              size_t *count);
LGP_MUST_USE enum lgp_status door_payload(struct door *door, const struct lgp_hash *key, void *out,
                                          size_t room, size_t *len);
bool door_complaint(struct door *door, struct complaint *out);
LGP_MUST_USE enum lgp_status door_failure(struct door *door);

#endif
