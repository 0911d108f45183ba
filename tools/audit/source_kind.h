/* source_kind: what the kinds of sources have in common; for source*.c alone.
 * Thread: one at a time, as source.h has it. */
#ifndef LAGNIAPPE_AUDIT_SOURCE_KIND_H
#define LAGNIAPPE_AUDIT_SOURCE_KIND_H

#include "tools/audit/source.h"

#include <limits.h>

#define COMPLAINTS_MAX 64 /* kept until they are asked for */

/* The calls of source.h, by kind. */
struct source_kind {
	void (*close)(struct source *source);
	enum lgp_status (*extent)(struct source *source, struct extent *out);
	enum lgp_status (*meta)(struct source *source, const char *name, char *out, size_t room,
	                        size_t *len);
	void (*block)(struct source *source, uint64_t size, struct block *block);
	enum lgp_status (*entry)(struct source *source, uint64_t seq, uint8_t out[LGP_ENTRY_LEN]);
	void (*strip)(struct source *source, enum lgp_log_table table, uint64_t key,
	              struct strip *out, uint64_t *size_now);
	enum lgp_status (*strip_behind)(struct source *source, enum lgp_log_table table,
	                                unsigned level, uint64_t *key);
	enum lgp_status (*checkpoints)(struct source *source, uint64_t from,
	                               struct stored_checkpoint out[CHECKPOINTS_MAX],
	                               size_t *count);
	enum lgp_status (*payloads)(struct source *source, const struct lgp_hash *after,
	                            struct payloads *out);
	enum lgp_status (*payloads_named)(struct source *source, const struct lgp_hash *keys,
	                                  size_t count, struct payloads *out);
	enum lgp_status (*payload)(struct source *source, const struct lgp_hash *key, void *out,
	                           size_t room, size_t *len);
	const char *const *unshown; /* ends with NULL */
};

/* The first member of each kind's own struct. */
struct source {
	const struct source_kind *kind;
	char directory[PATH_MAX]; /* "" none */
	enum lgp_status failure;  /* LGP_OK: it answers */
	char failure_text[256];
	_Atomic bool failed;
	struct complaint complaint[COMPLAINTS_MAX];
	size_t complaint_next, complaint_count;
	uint64_t complaints_dropped;
};

LGP_MUST_USE enum lgp_status source_file_open(const char *ledger, struct source **out,
                                              bool *damaged);
/* *source is a data directory's ledger.mdb: a source of it and of its write-ahead log,
 * which owns it, takes its place.  A fault leaves it as it was. */
LGP_MUST_USE enum lgp_status source_wal_behind(struct source **source);
LGP_MUST_USE enum lgp_status source_url_open(const struct source_options *options,
                                             struct source **out, bool *damaged);
/* A stored checkpoint's value, whatever its length. */
void source_keep_checkpoint(struct stored_checkpoint *out, uint64_t size, struct lgp_view value);
/* False: there is no room; it is for the next batch.  One of more than PAYLOAD_LEN_MAX
 * bytes is kept without them. */
bool source_keep_payload(struct payloads *out, struct lgp_view key, struct lgp_view value);

#endif
