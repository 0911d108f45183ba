/* replay: the state brought forward to the log's end, by the same apply as
 * live commands (I10).  Thread: whoever opens the ledger, before anybody else. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define STEP 4096 /* entries between two publications, and in one read transaction */
#define KEYS_IN_MEMORY (1 << 18)
#define KEY_SAMPLES 32

static enum lgp_status payload_of(struct log_reader *reader, const struct lgp_entry *entry,
                                  struct lgp_view *out)
{
	*out = (struct lgp_view){NULL, 0};
	if ((entry->flags & LGP_FLAG_PAYLOAD) == 0)
		return LGP_OK;
	enum lgp_status status = log_payload(reader, &entry->hash, out);
	if (status == LGP_MISSING)
		return lgp_fault(LGP_CORRUPT, "entry %llu: its payload is missing",
		                 (unsigned long long)entry->seq);
	return status;
}

static bool keyed(const struct lgp_entry *entry)
{
	static const uint8_t none[LGP_MAC_LEN];
	return memcmp(entry->key_mac, none, sizeof none) != 0;
}

static enum lgp_status replay_one(struct lgp_ledger *ledger, uint64_t seq, bool to_state,
                                  bool to_keys)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_entry entry;
	enum lgp_status status = log_entry(&ledger->log_reader, seq, bytes);
	if (status == LGP_MISSING)
		return lgp_fault(LGP_CORRUPT, "entry %llu is missing", (unsigned long long)seq);
	if (status == LGP_OK)
		status = lgp_entry_decode(bytes, &entry);
	if (status == LGP_OK && to_keys && keyed(&entry))
		status = lgp_keyindex_add(ledger->keys, entry.key_mac, seq);
	if (status != LGP_OK || !to_state)
		return status;
	struct lgp_view payload;
	status = payload_of(&ledger->log_reader, &entry, &payload);
	if (status == LGP_OK)
		status = apply_entry(ledger, &entry, payload);
	if (status == LGP_OK && kind_defines(entry.kind))
		status = apply_definition(ledger, &entry, payload);
	return status;
}

static enum lgp_status node_of(void *reader, unsigned level, uint64_t index, struct lgp_hash *out)
{
	return log_node(reader, level, index, out);
}

static enum lgp_status root_at(struct log_reader *reader, uint64_t size, struct lgp_hash *out)
{
	struct lgp_node_source source = {node_of, reader};
	return lgp_prove_root(&source, size, out);
}

/* While many entries are replayed, keys and what changed must leave memory as
 * they do live. */
static enum lgp_status settle_keys(struct lgp_ledger *ledger, uint64_t upto)
{
	struct lgp_keyindex_stats stats;
	lgp_keyindex_stats(ledger->keys, &stats);
	if (stats.recent < KEYS_IN_MEMORY)
		return LGP_OK;
	if (!lgp_keyindex_freeze(ledger->keys, upto))
		return lgp_fault(LGP_NO_MEMORY, "replay: no memory to set keys aside");
	return lgp_keyindex_flush(ledger->keys);
}

static enum lgp_status settle_state(struct lgp_ledger *ledger)
{
	overlay_fit(ledger);
	if (state_active_bytes(ledger->state) < ledger->overlay_bytes)
		return LGP_OK;
	struct state_position position = {.position = ledger->now.size, .day = ledger->now.day};
	enum lgp_status status = root_at(&ledger->log_reader, position.position, &position.root);
	if (status != LGP_OK)
		return status;
	require(state_freeze(ledger->state, &position));
	for (bool more = true; status == LGP_OK && more;)
		status = state_flush(ledger->state, &more);
	return status == LGP_OK ? state_settle(ledger->state) : status;
}

static enum lgp_status replay_step(struct lgp_ledger *ledger, uint64_t from, uint64_t to,
                                   uint64_t state_from, uint64_t keys_from)
{
	enum lgp_status status = logstore_begin(&ledger->log_reader);
	if (status != LGP_OK)
		return status;
	ledger->log_held = true;
	for (uint64_t seq = from; seq < to && status == LGP_OK; seq++)
		status = replay_one(ledger, seq, seq >= state_from, seq >= keys_from);
	if (status == LGP_OK && to > state_from)
		status = state_globals_put(ledger->state, &ledger->now);
	if (status == LGP_OK)
		status = state_publish(ledger->state);
	if (status == LGP_OK && to > keys_from)
		status = settle_keys(ledger, to);
	if (status == LGP_OK && to > state_from)
		status = settle_state(ledger);
	ledger->log_held = false;
	logstore_end(&ledger->log_reader);
	return status;
}

enum lgp_status replay(struct lgp_ledger *ledger, const struct state_position *position,
                       uint64_t keys_covered)
{
	uint64_t size = ledger->released.size;
	uint64_t from = position->position < keys_covered ? position->position : keys_covered;
	enum lgp_status status = LGP_OK;
	while (from < size && status == LGP_OK) {
		uint64_t to = size - from < STEP ? size : from + STEP;
		if (from < position->position && to > position->position)
			to = position->position; /* keys alone up to there */
		if (from < keys_covered && to > keys_covered)
			to = keys_covered; /* state alone up to there */
		status = replay_step(ledger, from, to, position->position, keys_covered);
		from = to;
	}
	return status;
}

/* Whether state.mdb stands on this log: its root is the log's at its position. */
enum lgp_status replay_position_holds(struct lgp_ledger *ledger,
                                      const struct state_position *position, bool *holds)
{
	struct lgp_hash root;
	*holds = position->position <= ledger->released.size;
	if (!*holds || position->position == 0)
		return LGP_OK;
	enum lgp_status status = logstore_begin(&ledger->log_reader);
	if (status != LGP_OK)
		return status;
	status = root_at(&ledger->log_reader, position->position, &root);
	logstore_end(&ledger->log_reader);
	*holds = status == LGP_OK && lgp_hash_equal(&root, &position->root);
	return status;
}

/* ---- whose the key runs are -------------------------------------------------------- */

struct key_sample {
	struct lgp_ledger *ledger;
	uint64_t seq;
	bool held; /* every key looked at was there, and this one so far */
	unsigned looked;
};

static bool is_sample(void *context, uint64_t seq, enum lgp_status *status)
{
	const struct key_sample *sample = context;
	(void)status;
	return seq == sample->seq;
}

/* Looks the entry's key up, where it has one. */
static enum lgp_status sample_key(struct key_sample *sample, uint64_t seq)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_entry entry;
	enum lgp_status status = log_entry(&sample->ledger->log_reader, seq, bytes);
	if (status == LGP_OK)
		status = lgp_entry_decode(bytes, &entry);
	if (status != LGP_OK || !keyed(&entry))
		return status;
	sample->seq = seq;
	sample->looked++;
	status = lgp_keyindex_find(sample->ledger->keys, entry.key_mac, is_sample, sample);
	sample->held = sample->held && status == LGP_OK;
	return status == LGP_MISSING ? LGP_OK : status;
}

/* Another history parts from this one somewhere and stays apart, so the newest
 * keys tell; those spread over the rest tell another ledger. */
enum lgp_status replay_keys_hold(struct lgp_ledger *ledger, uint64_t covered, bool *holds)
{
	struct key_sample sample = {.ledger = ledger, .held = true};
	uint64_t stride = covered / KEY_SAMPLES + 1;
	enum lgp_status status = logstore_begin(&ledger->log_reader);
	if (status != LGP_OK)
		return status;
	for (uint64_t seq = 0; seq < covered && status == LGP_OK && sample.held; seq += stride)
		status = sample_key(&sample, seq);
	sample.looked = 0;
	for (uint64_t seq = covered; seq > 0 && covered - seq < STEP && status == LGP_OK &&
	                             sample.held && sample.looked < KEY_SAMPLES;
	     seq--)
		status = sample_key(&sample, seq - 1);
	logstore_end(&ledger->log_reader);
	*holds = sample.held;
	return status;
}
