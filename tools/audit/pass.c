/* pass: see pass.h.  Threads: each function says whose it is, where it matters.
 *
 * Lock order: the ring's lock is held for its counts alone, and nothing is called
 * under it; the door's lock (door.h) is never taken with it. */
#include "tools/audit/pass.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct slot_of_ring {
	struct block block;
	struct signatures signatures;
	struct held held;       /* what the block's bytes show */
	uint64_t reached;       /* entries read by now */
	enum lgp_status status; /* the reader's: it goes no further */
	char fault[256];
};

struct ring {
	const struct pass *pass;
	struct slot_of_ring *slots; /* owned, RING_SLOTS of them */
	uint64_t next;              /* the reader's: where the next block begins */
	struct findings found;      /* the reader's: counts what it holds back */
	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t filled, freed; /* slots, ever; at most RING_SLOTS apart */
	bool ended;             /* nothing is filled any more */
	bool stop;              /* nothing needs to be */
};

/* ---- reading ------------------------------------------------------------------------------ */

/* Where the next block begins: behind this one, or behind a gap. */
static uint64_t next_block(const struct pass *pass, const struct block *block)
{
	uint64_t next = block->first + block->count;
	if (!block->empty)
		return next;
	if (block->next_entry > next)
		next = block->next_entry < pass->size
		               ? block->next_entry / BLOCK_ENTRIES * BLOCK_ENTRIES
		               : pass->size;
	integrity_skip(pass->integrity, block->first, next);
	return next;
}

/* What a server answers otherwise than it must is told as it comes; what it does
 * not answer at all ends the audit. */
static enum lgp_status hear_source(struct ring *ring)
{
	struct complaint complaint;
	while (door_complaint(ring->pass->door, &complaint))
		finding_told(&ring->found, RULE_ANSWER, complaint.seq, complaint.text);
	return door_failure(ring->pass->door);
}

/* Reader. */
static void fill(struct ring *ring, struct slot_of_ring *slot)
{
	const struct pass *pass = ring->pass;
	held_clear(&slot->held);
	signatures_clear(&slot->signatures);
	ring->found.held = &slot->held;
	pass->integrity->signatures = &slot->signatures;
	slot->block.first = ring->next;
	ahead_at(pass->ahead, ring->next, pass->size);
	door_block(pass->door, pass->size, &slot->block);
	slot->status = hear_source(ring);
	if (slot->status == LGP_OK && !slot->block.empty)
		integrity_block(pass->integrity, &slot->block);
	if (slot->status != LGP_OK)
		snprintf(slot->fault, sizeof slot->fault, "%s", lgp_fault_detail());
	else
		ring->next = next_block(pass, &slot->block);
	slot->reached = ring->next;
}

static bool more_to_read(const struct ring *ring, const struct slot_of_ring *filled)
{
	return filled->status == LGP_OK && ring->next < ring->pass->size;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* Judge. */
static enum lgp_status judge_slot(struct ring *ring, struct slot_of_ring *slot)
{
	const struct pass *pass = ring->pass;
	if (!findings_release(pass->findings, &slot->held))
		return lgp_fault(LGP_NO_MEMORY, "no memory for what is found");
	if (slot->status != LGP_OK)
		return lgp_fault(slot->status, "%s", slot->fault);
	return slot->block.empty ? LGP_OK : judge_block(pass->judge, &slot->block);
}

static void tell_signatures(struct ring *ring, struct slot_of_ring *slot)
{
	signatures_tell(&slot->signatures, ring->pass->trust, ring->pass->findings);
	progress_at(ring->pass->progress, slot->reached);
}

/* ---- one thread -------------------------------------------------------------------------------- */

static enum lgp_status run_alone(struct ring *ring)
{
	struct slot_of_ring *slot = &ring->slots[0];
	enum lgp_status status = LGP_OK;
	while (ring->next < ring->pass->size && status == LGP_OK) {
		fill(ring, slot);
		status = judge_slot(ring, slot);
		while (signatures_check_one(&slot->signatures, ring->pass->trust))
			;
		tell_signatures(ring, slot);
	}
	return status;
}

/* ---- two threads --------------------------------------------------------------------------------- */

static void lock(struct ring *ring)
{
	require(pthread_mutex_lock(&ring->lock) == 0);
}

static void unlock(struct ring *ring)
{
	require(pthread_mutex_unlock(&ring->lock) == 0);
}

static void changed(struct ring *ring)
{
	require(pthread_cond_broadcast(&ring->changed) == 0);
}

static void wait_change(struct ring *ring)
{
	require(pthread_cond_wait(&ring->changed, &ring->lock) == 0);
}

/* Reader: a slot that was filled and has signatures that nobody checks yet. */
static struct slot_of_ring *unsigned_slot(struct ring *ring)
{
	for (uint64_t at = ring->freed; at < ring->filled; at++) {
		struct slot_of_ring *slot = &ring->slots[at % RING_SLOTS];
		if (signatures_left(&slot->signatures))
			return slot;
	}
	return NULL;
}

/* Reader: waits for room, and checks signatures meanwhile.  NULL: it is to stop.
 * A slot is filled again by the reader alone, so the one that it works on stays. */
static struct slot_of_ring *room(struct ring *ring)
{
	lock(ring);
	while (!ring->stop && ring->filled - ring->freed == RING_SLOTS) {
		struct slot_of_ring *slot = unsigned_slot(ring);
		if (slot == NULL) {
			wait_change(ring);
			continue;
		}
		unlock(ring);
		(void)signatures_check_one(&slot->signatures, ring->pass->trust);
		lock(ring);
		changed(ring);
	}
	struct slot_of_ring *slot = ring->stop ? NULL : &ring->slots[ring->filled % RING_SLOTS];
	unlock(ring);
	return slot;
}

static void *read_all(void *context)
{
	struct ring *ring = context;
	struct slot_of_ring *slot;
	bool more = true;
	while (more && (slot = room(ring)) != NULL) {
		fill(ring, slot);
		more = more_to_read(ring, slot);
		lock(ring);
		ring->filled++;
		ring->ended = !more;
		changed(ring);
		unlock(ring);
	}
	return NULL;
}

/* Judge: the next filled slot; NULL behind the last. */
static struct slot_of_ring *next_filled(struct ring *ring)
{
	lock(ring);
	while (ring->filled == ring->freed && !ring->ended)
		wait_change(ring);
	struct slot_of_ring *slot =
	        ring->filled > ring->freed ? &ring->slots[ring->freed % RING_SLOTS] : NULL;
	unlock(ring);
	return slot;
}

/* Judge: checks what signatures are left, and waits for the one that the reader has
 * in hand. */
static void settle_signatures(struct ring *ring, struct slot_of_ring *slot)
{
	while (signatures_check_one(&slot->signatures, ring->pass->trust))
		;
	lock(ring);
	while (!signatures_done(&slot->signatures))
		wait_change(ring);
	unlock(ring);
}

static void release(struct ring *ring, bool stop)
{
	lock(ring);
	ring->freed++;
	ring->stop = stop;
	changed(ring);
	unlock(ring);
}

static enum lgp_status judge_all(struct ring *ring)
{
	enum lgp_status status = LGP_OK;
	struct slot_of_ring *slot;
	while (status == LGP_OK && (slot = next_filled(ring)) != NULL) {
		status = judge_slot(ring, slot);
		settle_signatures(ring, slot);
		tell_signatures(ring, slot);
		release(ring, status != LGP_OK);
	}
	return status;
}

static enum lgp_status run_both(struct ring *ring)
{
	pthread_t reader;
	if (pthread_create(&reader, NULL, read_all, ring) != 0)
		return run_alone(ring);
	enum lgp_status status = judge_all(ring);
	/* The fault's text is this thread's own and outlasts the join. */
	require(pthread_join(reader, NULL) == 0);
	return status;
}

/* ---- a run --------------------------------------------------------------------------------------- */

static enum lgp_status run(struct ring *ring, unsigned threads)
{
	struct findings *told = ring->pass->integrity->findings;
	if (ring->pass->size == 0)
		return LGP_OK;
	ring->pass->integrity->findings = &ring->found;
	enum lgp_status status = threads > 1 ? run_both(ring) : run_alone(ring);
	ring->pass->integrity->findings = told;
	ring->pass->integrity->signatures = NULL;
	return status;
}

enum lgp_status pass_run(const struct pass *pass, unsigned threads)
{
	struct ring ring = {.pass = pass, .found = *pass->findings};
	ring.slots = calloc(RING_SLOTS, sizeof *ring.slots);
	if (ring.slots == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for blocks of entries");
	require(pthread_mutex_init(&ring.lock, NULL) == 0);
	require(pthread_cond_init(&ring.changed, NULL) == 0);
	progress_start(pass->progress, pass->size);
	enum lgp_status status = run(&ring, threads);
	require(pthread_cond_destroy(&ring.changed) == 0);
	require(pthread_mutex_destroy(&ring.lock) == 0);
	for (unsigned i = 0; i < RING_SLOTS; i++)
		held_deinit(&ring.slots[i].held);
	free(ring.slots);
	return status;
}
