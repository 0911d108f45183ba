/* door: see door.h.  Thread: any. */
#include "tools/audit/door.h"

void door_init(struct door *door, struct source *source)
{
	door->source = source;
	require(pthread_mutex_init(&door->lock, NULL) == 0);
}

void door_deinit(struct door *door)
{
	require(pthread_mutex_destroy(&door->lock) == 0);
}

static struct source *enter(struct door *door)
{
	require(pthread_mutex_lock(&door->lock) == 0);
	return door->source;
}

static void leave(struct door *door)
{
	require(pthread_mutex_unlock(&door->lock) == 0);
}

void door_block(struct door *door, uint64_t size, struct block *block)
{
	source_block(enter(door), size, block);
	leave(door);
}

enum lgp_status door_entry(struct door *door, uint64_t seq, uint8_t out[LGP_ENTRY_LEN])
{
	enum lgp_status status = source_entry(enter(door), seq, out);
	leave(door);
	return status;
}

void door_strip(struct door *door, enum lgp_log_table table, uint64_t key, struct strip *out,
                uint64_t *size_now)
{
	source_strip(enter(door), table, key, out, size_now);
	leave(door);
}

enum lgp_status door_strip_behind(struct door *door, enum lgp_log_table table, unsigned level,
                                  uint64_t *key)
{
	enum lgp_status status = source_strip_behind(enter(door), table, level, key);
	leave(door);
	return status;
}

enum lgp_status door_checkpoints(struct door *door, uint64_t from,
                                 struct stored_checkpoint out[CHECKPOINTS_MAX], size_t *count)
{
	enum lgp_status status = source_checkpoints(enter(door), from, out, count);
	leave(door);
	return status;
}

enum lgp_status door_payload(struct door *door, const struct lgp_hash *key, void *out, size_t room,
                             size_t *len)
{
	enum lgp_status status = source_payload(enter(door), key, out, room, len);
	leave(door);
	return status;
}

bool door_complaint(struct door *door, struct complaint *out)
{
	bool any = source_complaint(enter(door), out);
	leave(door);
	return any;
}

enum lgp_status door_failure(struct door *door)
{
	enum lgp_status status = source_failure(enter(door));
	leave(door);
	return status;
}
