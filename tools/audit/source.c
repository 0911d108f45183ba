/* source: see source.h.  Thread: one at a time.
 * Each call is its kind's own (source_file.c, source_wal.c, source_url.c). */
#include "tools/audit/source_kind.h"

#include <stdio.h>
#include <string.h>

enum lgp_status source_open(const struct source_options *options, struct source **out,
                            bool *damaged)
{
	*damaged = false;
	if (strstr(options->ledger, "://") != NULL)
		return source_url_open(options, out, damaged);
	enum lgp_status status = source_file_open(options->ledger, out, damaged);
	if (status != LGP_OK || source_directory(*out)[0] == '\0')
		return status;
	status = source_wal_behind(out);
	if (status != LGP_OK)
		source_close(*out);
	return status;
}

void source_close(struct source *source)
{
	if (source != NULL)
		source->kind->close(source);
}

const char *source_directory(const struct source *source)
{
	return source->directory;
}

/* ---- what a kind alone can say ------------------------------------------------ */

enum lgp_status source_failure(const struct source *source)
{
	return source->failure == LGP_OK ? LGP_OK
	                                 : lgp_fault(source->failure, "%s", source->failure_text);
}

const _Atomic bool *source_failed(const struct source *source)
{
	return &source->failed;
}

bool source_complaint(struct source *source, struct complaint *out)
{
	if (source->complaint_next < source->complaint_count) {
		*out = source->complaint[source->complaint_next++];
		return true;
	}
	source->complaint_next = source->complaint_count = 0;
	if (source->complaints_dropped == 0)
		return false;
	*out = (struct complaint){.seq = source->complaint[COMPLAINTS_MAX - 1].seq};
	snprintf(out->text, sizeof out->text, "%llu more answers from here on were not as due",
	         (unsigned long long)source->complaints_dropped);
	source->complaints_dropped = 0;
	return true;
}

const char *const *source_unshown(const struct source *source)
{
	static const char *const none[] = {NULL};
	return source->kind->unshown != NULL ? source->kind->unshown : none;
}

bool source_lists_payloads(const struct source *source)
{
	return source->kind->payloads != NULL;
}

/* ---- reading --------------------------------------------------------------------- */

enum lgp_status source_extent(struct source *source, struct extent *out)
{
	return source->kind->extent(source, out);
}

enum lgp_status source_meta(struct source *source, const char *name, char *out, size_t room,
                            size_t *len)
{
	return source->kind->meta(source, name, out, room, len);
}

void source_block(struct source *source, uint64_t size, struct block *block)
{
	source->kind->block(source, size, block);
}

enum lgp_status source_entry(struct source *source, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	return source->kind->entry(source, seq, out);
}

void source_strip(struct source *source, enum lgp_log_table table, uint64_t key, struct strip *out,
                  uint64_t *size_now)
{
	source->kind->strip(source, table, key, out, size_now);
}

enum lgp_status source_strip_behind(struct source *source, enum lgp_log_table table, unsigned level,
                                    uint64_t *key)
{
	return source->kind->strip_behind(source, table, level, key);
}

enum lgp_status source_checkpoints(struct source *source, uint64_t from,
                                   struct stored_checkpoint out[CHECKPOINTS_MAX], size_t *count)
{
	return source->kind->checkpoints(source, from, out, count);
}

enum lgp_status source_payloads(struct source *source, const struct lgp_hash *after,
                                struct payloads *out)
{
	require(source_lists_payloads(source));
	return source->kind->payloads(source, after, out);
}

enum lgp_status source_payloads_named(struct source *source, const struct lgp_hash *keys,
                                      size_t count, struct payloads *out)
{
	require(!source_lists_payloads(source) && count <= PAYLOADS_NAMED_MAX);
	return source->kind->payloads_named(source, keys, count, out);
}

enum lgp_status source_payload(struct source *source, const struct lgp_hash *key, void *out,
                               size_t room, size_t *len)
{
	return source->kind->payload(source, key, out, room, len);
}

/* ---- what kinds fill in alike ------------------------------------------------------- */

void source_keep_checkpoint(struct stored_checkpoint *out, uint64_t size, struct lgp_view value)
{
	*out = (struct stored_checkpoint){.size = size, .cell = CELL_LENGTH};
	if (value.len != LGP_CHECKPOINT_VALUE_LEN)
		return;
	out->cell = CELL_HERE;
	memcpy(out->root.bytes, value.ptr, LGP_HASH_LEN);
	memcpy(out->key_id, value.ptr + LGP_HASH_LEN, sizeof out->key_id);
	memcpy(out->signature, value.ptr + LGP_HASH_LEN + sizeof out->key_id, LGP_SIGNATURE_LEN);
}

bool source_keep_payload(struct payloads *out, struct lgp_view key, struct lgp_view value)
{
	size_t at = out->count == 0 ? 0 : out->list[out->count - 1].at;
	if (out->count > 0 && out->list[out->count - 1].len <= PAYLOAD_LEN_MAX)
		at += out->list[out->count - 1].len;
	bool read = value.len <= PAYLOAD_LEN_MAX;
	if (out->count == PAYLOADS_MAX || (read && value.len > sizeof out->bytes - at))
		return false;
	memcpy(out->list[out->count].key.bytes, key.ptr, LGP_HASH_LEN);
	out->list[out->count].at = at;
	out->list[out->count].len = value.len;
	if (read)
		memcpy(out->bytes + at, value.ptr, value.len);
	out->count++;
	return true;
}
