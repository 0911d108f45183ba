/* applier: what changed leaves memory for the key runs and state.mdb, in large
 * sorted steps, off the commit's way; and the log its write-ahead log for ledger.mdb.
 * Threads: ledger (freeze), applier (step), any one (log flush). */
#include "internal.h"

#include "lagniappe/crashpoint.h"

#define KEYS_RECENT_MAX (1 << 18) /* 20 bytes each, in memory */
#define OVERLAY_MIN ((size_t)12 << 20)
#define OVERLAY_MAX ((size_t)48 << 20)
#define OVERLAY_SHARE 4

/* A generation is a share of the file: were it small beside a large file, each
 * record would cost the disk a page of its own. */
void overlay_fit(struct lgp_ledger *ledger)
{
	uint64_t used, map;
	lgp_kv_size(state_kv(ledger->state), &used, &map);
	size_t share = (size_t)used / OVERLAY_SHARE;
	size_t fits = share < OVERLAY_MIN ? OVERLAY_MIN : share < OVERLAY_MAX ? share : OVERLAY_MAX;
	ledger->overlay_bytes = ledger->overlay_given != 0 ? ledger->overlay_given : fits;
}

static bool is_full(const struct lgp_ledger *ledger)
{
	struct lgp_keyindex_stats keys;
	lgp_keyindex_stats(ledger->keys, &keys);
	/* A few records that change again and again never fill a layer; their keys
	 * take memory all the same. */
	return state_active_bytes(ledger->state) >= ledger->overlay_bytes ||
	       keys.recent >= KEYS_RECENT_MAX;
}

bool lgp_state_freeze(struct lgp_ledger *ledger, bool force)
{
	require(ledger->closed->applied);
	if (state_settle(ledger->state) != LGP_OK || state_frozen(ledger->state))
		return false;
	overlay_fit(ledger);
	if (state_active_bytes(ledger->state) == 0 || !(force || is_full(ledger)))
		return false;
	/* Runs first: state.mdb must not stand where keys could be missing. */
	if (!lgp_keyindex_freeze(ledger->keys, ledger->released.size))
		return false;
	struct state_position position = {ledger->released.size, ledger->released.root,
	                                  ledger->applied_day};
	require(state_freeze(ledger->state, &position));
	return true;
}

bool lgp_state_pressed(const struct lgp_ledger *ledger)
{
	return state_frozen(ledger->state) && is_full(ledger);
}

enum lgp_status lgp_log_flush(struct lgp_ledger *ledger)
{
	return logstore_flush(ledger->log);
}

bool lgp_log_pressed(struct lgp_ledger *ledger)
{
	return logstore_pressed(ledger->log);
}

enum lgp_status lgp_applier_part(struct lgp_ledger *ledger, bool *more)
{
	enum lgp_status status = LGP_OK;
	*more = false;
	if (!state_merging(ledger->state)) {
		/* Whoever has the files alone must find no state of entries that are not
		 * in ledger.mdb. */
		status = lgp_log_flush(ledger);
		if (status == LGP_OK)
			status = lgp_keyindex_flush(ledger->keys);
		crashpoint("keys-flushed");
	}
	if (status == LGP_OK)
		status = state_flush(ledger->state, more);
	if (!*more)
		crashpoint("state-flushed");
	return status;
}

enum lgp_status lgp_applier_step(struct lgp_ledger *ledger)
{
	bool more = true;
	enum lgp_status status = LGP_OK;
	while (status == LGP_OK && more)
		status = lgp_applier_part(ledger, &more);
	return status;
}

void lgp_clear_dead_readers(struct lgp_ledger *ledger)
{
	/* One that is held makes every commit take new pages. */
	(void)lgp_kv_clear_dead_readers(logstore_kv(ledger->log));
	(void)lgp_kv_clear_dead_readers(state_kv(ledger->state));
}

enum lgp_status lgp_state_hash(struct lgp_ledger *ledger, struct lgp_hash *out)
{
	enum lgp_status status = LGP_OK;
	if (lgp_state_freeze(ledger, true))
		status = lgp_applier_step(ledger);
	if (status == LGP_OK)
		status = state_settle(ledger->state);
	return status == LGP_OK ? state_hash(ledger->state, out) : status;
}

void lgp_stats(struct lgp_ledger *ledger, struct lgp_ledger_stats *out)
{
	struct lgp_keyindex_stats keys;
	lgp_keyindex_stats(ledger->keys, &keys);
	*out = (struct lgp_ledger_stats){
	        .state_position = state_file_position(ledger->state),
	        .keys_recent = keys.recent,
	        .keys_stored = keys.stored,
	        .key_runs = keys.runs,
	        .key_memory_bytes = keys.memory_bytes,
	        .overlay_bytes = state_layers_bytes(ledger->state),
	        .log_waiting_bytes = logstore_waiting_bytes(ledger->log),
	};
	lgp_kv_size(logstore_kv(ledger->log), &out->log_used_bytes, &out->log_map_bytes);
}
