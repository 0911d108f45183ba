/* throttle: refusals on record, by subject and minute.
 * Thread: ledger thread only.
 *
 * A minute is counted from the first refusal in it.  Slots stand in small sets,
 * found by the subject's number: a new subject takes the free, over or quietest slot
 * of its set, so a flood is never pushed out by people who are refused once. */
#include "server/throttle.h"

#include <stdlib.h>

#define MINUTE_US UINT64_C(60000000)
#define SETS 256u
#define WAYS 8u

struct slot {
	uint64_t subject; /* 0: free; subject 0 is the house, which nothing refuses */
	uint64_t began_us, count;
};

struct throttle {
	uint64_t max;
	struct slot slots[SETS][WAYS];
};

struct throttle *throttle_new(uint64_t max)
{
	struct throttle *throttle = calloc(1, sizeof *throttle);
	if (throttle != NULL)
		throttle->max = max;
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	free(throttle);
}

static size_t set_of(uint64_t subject)
{
	return (size_t)((subject * UINT64_C(0x9e3779b97f4a7c15)) >> 56) % SETS;
}

static bool is_over(const struct slot *slot, uint64_t now_us)
{
	return slot->subject == 0 || now_us - slot->began_us >= MINUTE_US;
}

static const struct slot *slot_of(const struct throttle *throttle, uint64_t subject)
{
	const struct slot *set = throttle->slots[set_of(subject)];
	for (size_t i = 0; i < WAYS; i++)
		if (set[i].subject == subject)
			return &set[i];
	return NULL;
}

/* The subject's slot, or the one that it takes. */
static struct slot *slot_for(struct throttle *throttle, uint64_t subject, uint64_t now_us)
{
	struct slot *set = throttle->slots[set_of(subject)], *best = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].subject == subject)
			return &set[i];
		bool over = is_over(&set[i], now_us), best_over = is_over(best, now_us);
		if (over != best_over ? over : set[i].count < best->count)
			best = &set[i];
	}
	*best = (struct slot){.subject = subject, .began_us = now_us};
	return best;
}

void throttle_note(struct throttle *throttle, uint64_t subject, uint64_t now_us)
{
	if (throttle->max == 0 || subject == 0)
		return;
	struct slot *slot = slot_for(throttle, subject, now_us);
	if (is_over(slot, now_us))
		*slot = (struct slot){.subject = subject, .began_us = now_us};
	slot->count++;
}

unsigned throttle_wait_s(const struct throttle *throttle, uint64_t subject, uint64_t now_us)
{
	const struct slot *slot = slot_of(throttle, subject);
	if (slot == NULL || subject == 0 || is_over(slot, now_us) || throttle->max == 0 ||
	    slot->count < throttle->max)
		return 0;
	return 1 + (unsigned)((slot->began_us + MINUTE_US - now_us) / 1000000);
}
