/* batch: entries on their way through the door: complete, close, seal, apply.
 * Thread: ledger thread only, save batch_seal.
 *
 * While one batch is closed and becomes durable, the next one is judged against what
 * it will have done.  Nothing of the two is seen by anybody else before it is durable
 * and applied, one after the other; were the first never to be, nor would the second. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static enum lgp_status batch_init(struct batch *batch)
{
	batch->applied = true; /* the one before the first */
	batch->entries = malloc((size_t)LGP_BATCH_MAX * LGP_ENTRY_LEN);
	batch->payload_bytes = malloc(BATCH_PAYLOAD_BYTES + LGP_DEFINITION_MAX);
	batch->payloads = malloc(BATCH_PAYLOADS * sizeof *batch->payloads);
	if (batch->entries == NULL || batch->payload_bytes == NULL || batch->payloads == NULL)
		return lgp_fault(LGP_NO_MEMORY, "ledger: no memory for a batch");
	return LGP_OK;
}

enum lgp_status batches_init(struct lgp_ledger *ledger)
{
	ledger->open = &ledger->batches[0];
	ledger->closed = &ledger->batches[1];
	enum lgp_status status = batch_init(ledger->open);
	return status == LGP_OK ? batch_init(ledger->closed) : status;
}

void batches_deinit(struct lgp_ledger *ledger)
{
	for (size_t i = 0; i < 2; i++) {
		free(ledger->batches[i].entries);
		free(ledger->batches[i].payload_bytes);
		free(ledger->batches[i].payloads);
	}
}

void batch_open(struct lgp_ledger *ledger)
{
	struct batch *open = ledger->open;
	open->first = ledger->now.size;
	open->count = 0;
	open->payload_used = 0;
	open->payload_count = 0;
	open->defines = open->sealed = open->applied = false;
}

/* ---- completing an entry ------------------------------------------------------- */

static enum lgp_status last_of(struct lgp_ledger *ledger, uint64_t number, uint64_t seq,
                               uint64_t *prev)
{
	struct lgp_party party;
	*prev = 0;
	if (number == seq) /* this entry opens the party */
		return LGP_OK;
	enum lgp_status status = state_party(ledger->state, number, &party);
	if (status == LGP_OK)
		*prev = party.last;
	return status;
}

/* The customer's balance in the entry's unit once the entry has moved its amount. */
static enum lgp_status balance_after(struct lgp_ledger *ledger, struct lgp_entry *entry)
{
	struct account account;
	entry->balance = 0;
	if (entry->customer == 0 || entry->unit == 0 || entry->kind == LGP_KIND_IMPORT)
		return LGP_OK;
	enum lgp_status status =
	        state_account(ledger->state, entry->customer, entry->unit, &account);
	if (status != LGP_OK)
		return status;
	entry->balance = account.balance[slot_of(LGP_CLASS_CUSTOMER)] +
	                 account.balance[slot_of(LGP_CLASS_EARNED)];
	if (entry->credit == LGP_CLASS_CUSTOMER || entry->credit == LGP_CLASS_EARNED)
		entry->balance += entry->amount;
	if (entry->debit == LGP_CLASS_CUSTOMER || entry->debit == LGP_CLASS_EARNED)
		entry->balance -= entry->amount;
	return LGP_OK;
}

int64_t batch_time(const struct lgp_ledger *ledger, int64_t time_us)
{
	bool later = ledger->now.size == 0 || time_us > ledger->now.last_time_us;
	return later ? time_us : ledger->now.last_time_us + 1;
}

enum lgp_status batch_complete(struct lgp_ledger *ledger, struct lgp_entry *entry)
{
	entry->seq = ledger->now.size;
	entry->policy = ledger->now.policy;
	entry->time_us = batch_time(ledger, entry->time_us);
	enum lgp_status status = balance_after(ledger, entry);
	if (status == LGP_OK && entry->customer != 0)
		status = last_of(ledger, entry->customer, entry->seq, &entry->prev_customer);
	if (status == LGP_OK && entry->budget != 0)
		status = last_of(ledger, entry->budget, entry->seq, &entry->prev_budget);
	if (status == LGP_OK)
		status = last_of(ledger, entry->actor, entry->seq, &entry->prev_actor);
	return status == LGP_MISSING
	               ? lgp_fault(LGP_CORRUPT, "entry %llu: a party of it was never opened",
	                           (unsigned long long)entry->seq)
	               : status;
}

static void keep_payload(struct batch *batch, const struct lgp_entry *entry,
                         struct lgp_view payload)
{
	require(batch->payload_count < BATCH_PAYLOADS && payload.len <= LGP_DEFINITION_MAX);
	struct payload *kept = &batch->payloads[batch->payload_count++];
	*kept = (struct payload){entry->hash, batch->payload_used, payload.len, entry->seq};
	memcpy(batch->payload_bytes + kept->offset, payload.ptr, payload.len);
	batch->payload_used += payload.len;
}

enum lgp_status batch_add(struct lgp_ledger *ledger, struct lgp_entry *entry,
                          struct lgp_view payload, bool keyed)
{
	struct batch *batch = ledger->open;
	require(!lgp_batch_full(ledger));
	if (payload.len > 0) {
		entry->flags |= LGP_FLAG_PAYLOAD;
		lgp_hash_sha256(payload.ptr, payload.len, &entry->hash);
	}
	enum lgp_status status = batch_complete(ledger, entry);
	/* The key first: its LGP_OVERLOAD must leave everything as it was. */
	if (status == LGP_OK && keyed)
		status = lgp_keyindex_add(ledger->keys, entry->key_mac, entry->seq);
	if (status == LGP_OK)
		status = apply_entry(ledger, entry, payload);
	if (status != LGP_OK)
		return status;
	uint8_t *bytes = batch->entries + batch->count * LGP_ENTRY_LEN;
	require(lgp_entry_check(entry) == LGP_OK); /* before it is written for ever */
	lgp_entry_encode(entry, bytes);
	batch->count++;
	batch->defines = kind_defines(entry->kind);
	if (payload.len > 0)
		keep_payload(batch, entry, payload);
	return LGP_OK;
}

/* ---- looking ---------------------------------------------------------------------- */

static const uint8_t *entry_in(const struct batch *batch, uint64_t seq)
{
	bool in = seq >= batch->first && seq - batch->first < batch->count;
	return in ? batch->entries + (seq - batch->first) * LGP_ENTRY_LEN : NULL;
}

enum lgp_status batch_find(struct lgp_ledger *ledger, uint64_t seq, struct lgp_entry *out)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	const uint8_t *held = entry_in(ledger->open, seq);
	if (held == NULL)
		held = entry_in(ledger->closed, seq);
	if (held != NULL)
		return lgp_entry_decode(held, out);
	struct log_reader *reader = &ledger->log_reader;
	enum lgp_status status = ledger->log_held ? LGP_OK : logstore_begin(reader);
	if (status != LGP_OK)
		return status;
	status = log_entry(reader, seq, bytes);
	if (!ledger->log_held)
		logstore_end(reader);
	return status == LGP_OK ? lgp_entry_decode(bytes, out) : status;
}

size_t lgp_batch_count(const struct lgp_ledger *ledger)
{
	return ledger->open->count;
}

bool lgp_batch_full(const struct lgp_ledger *ledger)
{
	const struct batch *open = ledger->open, *closed = ledger->closed;
	return open->defines || open->count == LGP_BATCH_MAX ||
	       open->payload_used >= BATCH_PAYLOAD_BYTES || open->payload_count == BATCH_PAYLOADS ||
	       (closed->defines && !closed->applied);
}

uint64_t lgp_next_seq(const struct lgp_ledger *ledger)
{
	return ledger->now.size;
}

void lgp_batch_prove(const struct lgp_ledger *ledger, uint64_t seq, struct lgp_proof *out)
{
	require(ledger->closed->applied);
	lgp_tree_prove(ledger->tree, seq, out);
}

struct lgp_view lgp_batch_checkpoint(const struct lgp_ledger *ledger)
{
	require(ledger->closed->applied);
	return (struct lgp_view){ledger->closed->note, ledger->closed->note_len};
}

const uint8_t *lgp_batch_entry(const struct lgp_ledger *ledger, uint64_t seq)
{
	const uint8_t *entry = entry_in(ledger->closed, seq);
	require(entry != NULL && ledger->closed->applied);
	return entry;
}

/* ---- through the door ---------------------------------------------------------------- */

void lgp_batch_close(struct lgp_ledger *ledger)
{
	struct batch *batch = ledger->open;
	require(batch->count > 0 && ledger->closed->applied);
	/* What fails here is memory: there is no going on. */
	require(state_globals_put(ledger->state, &ledger->now) == LGP_OK);
	state_batch_close(ledger->state);
	batch->day = ledger->now.day;
	batch->pending_changed = ledger->pending_changed;
	if (ledger->pending_changed)
		batch->pending = ledger->pending;
	ledger->pending_changed = false;
	ledger->open = ledger->closed;
	ledger->closed = batch;
	batch_open(ledger);
}

void batch_seal(struct lgp_ledger *ledger)
{
	struct batch *batch = ledger->closed;
	require(batch->count > 0 && !batch->sealed);
	lgp_tree_begin(ledger->tree);
	for (size_t i = 0; i < batch->count; i++) {
		struct lgp_hash leaf;
		lgp_hash_leaf(batch->entries + i * LGP_ENTRY_LEN, LGP_ENTRY_LEN, &leaf);
		lgp_tree_append(ledger->tree, &leaf);
	}
	batch->checkpoint.size = lgp_tree_size(ledger->tree);
	lgp_tree_root(ledger->tree, &batch->checkpoint.root);
	lgp_checkpoint_sign(&ledger->signer, &batch->checkpoint, batch->signature);
	batch->note_len = lgp_checkpoint_format(&ledger->signer.public, &batch->checkpoint,
	                                        batch->signature, batch->note);
	batch->sealed = true;
}

void ledger_release(struct lgp_ledger *ledger, const struct lgp_checkpoint *checkpoint,
                    const char *note, size_t note_len)
{
	pthread_mutex_lock(&ledger->released_lock);
	ledger->released = *checkpoint;
	memcpy(ledger->released_note, note, note_len);
	ledger->released_note_len = note_len;
	pthread_mutex_unlock(&ledger->released_lock);
}

void ledger_show_pending(struct lgp_ledger *ledger, const struct pending *pending)
{
	pthread_mutex_lock(&ledger->released_lock);
	ledger->shown.count = pending->count;
	memcpy(ledger->shown.list, pending->list, pending->count * sizeof pending->list[0]);
	pthread_mutex_unlock(&ledger->released_lock);
}

static enum lgp_status apply_last_definition(struct lgp_ledger *ledger)
{
	const struct batch *batch = ledger->closed;
	struct lgp_entry entry;
	struct lgp_view text = {NULL, 0};
	enum lgp_status status =
	        lgp_entry_decode(batch->entries + (batch->count - 1) * LGP_ENTRY_LEN, &entry);
	if (status != LGP_OK)
		return status;
	if (batch->payload_count > 0) {
		const struct payload *last = &batch->payloads[batch->payload_count - 1];
		if (last->seq == entry.seq)
			text = (struct lgp_view){batch->payload_bytes + last->offset, last->len};
	}
	return apply_definition(ledger, &entry, text);
}

/* At the moment at which the state shows: a party's newest entry can be read,
 * and what a released entry did is seen. */
static void release_batch(void *context)
{
	struct lgp_ledger *ledger = context;
	const struct batch *batch = ledger->closed;
	ledger_release(ledger, &batch->checkpoint, batch->note, batch->note_len);
}

void lgp_batch_apply(struct lgp_ledger *ledger)
{
	struct batch *batch = ledger->closed;
	require(batch->sealed && !batch->applied);
	/* What fails here is memory or a contradiction after the commit: there is
	 * no going on, and a restart finds the log whole.
	 * Nouns first: an entry that is shown names none that are not there. */
	if (batch->defines)
		require(apply_last_definition(ledger) == LGP_OK);
	require(state_publish_with(ledger->state, release_batch, ledger) == LGP_OK);
	if (batch->pending_changed)
		ledger_show_pending(ledger, &batch->pending);
	ledger->applied_day = batch->day;
	batch->applied = true;
}
