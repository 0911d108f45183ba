/* ledger_index: see ledger_index.h.  Thread: one at a time. */
#include "tools/forensic/ledger_index.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

enum lgp_status ledger_index_init(struct ledger_index *index, size_t size)
{
	*index = (struct ledger_index){.size = size};
	return slots_init(&index->at);
}

void ledger_index_deinit(struct ledger_index *index)
{
	slots_deinit(&index->at);
	free(index->items);
	index->items = NULL;
}

void *ledger_index_at(const struct ledger_index *index, size_t i)
{
	require(i < index->count);
	return (char *)index->items + i * index->size;
}

void *ledger_index_find(const struct ledger_index *index, uint32_t left, uint64_t right)
{
	const struct slot *slot = slots_find(&index->at, (uint64_t)left + 1, right);
	return slot != NULL ? ledger_index_at(index, (size_t)slot->number - 1) : NULL;
}

static bool grow(struct ledger_index *index)
{
	size_t room = index->room == 0 ? ROOM_FIRST : index->room * 2;
	void *more = reallocarray(index->items, room, index->size);
	if (more == NULL)
		return false;
	index->items = more;
	index->room = room;
	return true;
}

void *ledger_index_put(struct ledger_index *index, uint32_t left, uint64_t right)
{
	struct slot *slot = NULL;
	if (index->count < index->room || grow(index))
		slot = slots_put(&index->at, (uint64_t)left + 1, right);
	if (slot == NULL) {
		(void)lgp_fault(LGP_NO_MEMORY, "no memory for the tests on the ledger");
		return NULL;
	}
	if (slot->number == 0) {
		memset((char *)index->items + index->count * index->size, 0, index->size);
		slot->number = ++index->count;
	}
	return ledger_index_at(index, (size_t)slot->number - 1);
}
