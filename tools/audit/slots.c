/* slots: see slots.h.  Thread: one at a time. */
#include "tools/audit/slots.h"

#include <sys/random.h>

#include "tools/audit/large.h"

#define ROOM_FIRST 64

enum lgp_status slots_init(struct slots *slots)
{
	*slots = (struct slots){.mask = ROOM_FIRST - 1};
	if (getrandom(slots->seed, sizeof slots->seed, 0) != sizeof slots->seed)
		return lgp_fault(LGP_IO, "the system gives no random numbers");
	slots->list = large_new(ROOM_FIRST * sizeof *slots->list);
	if (slots->list == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the accounts");
	return LGP_OK;
}

void slots_deinit(struct slots *slots)
{
	large_free(slots->list, slots_bytes(slots));
	slots->list = NULL;
}

/* Not in the header: gcc takes a function that does nothing but this for one that
 * does nothing, and drops what it can see through. */
void slots_prefetch(const struct slots *slots, uint64_t key, uint64_t sub)
{
	const char *place = (const char *)&slots->list[slots_place(slots, key, sub)];
	__builtin_prefetch(place, 1);
	__builtin_prefetch(place + 64, 1);
}

static bool grow(struct slots *slots)
{
	struct slots grown = *slots;
	size_t room = (slots->mask + 1) * 2;
	grown.mask = room - 1;
	grown.list = large_new(room * sizeof *grown.list);
	if (grown.list == NULL)
		return false;
	for (size_t i = 0; i <= slots->mask; i++)
		if (slots->list[i].key != 0)
			*slots_probe(&grown, slots->list[i].key, slots->list[i].sub) =
			        slots->list[i];
	large_free(slots->list, slots_bytes(slots));
	*slots = grown;
	return true;
}

struct slot *slots_put(struct slots *slots, uint64_t key, uint64_t sub)
{
	require(key != 0);
	struct slot *slot = slots_probe(slots, key, sub);
	if (slot->key != 0)
		return slot;
	if (slots->count + 1 > (slots->mask + 1) / 5 * 4) {
		if (!grow(slots))
			return NULL;
		slot = slots_probe(slots, key, sub);
	}
	slots->count++;
	*slot = (struct slot){.key = key, .sub = sub};
	return slot;
}

const struct slot *slots_next(const struct slots *slots, size_t *at)
{
	while (*at <= slots->mask) {
		const struct slot *slot = &slots->list[(*at)++];
		if (slot->key != 0)
			return slot;
	}
	return NULL;
}

size_t slots_bytes(const struct slots *slots)
{
	return (slots->mask + 1) * sizeof *slots->list;
}
