/* deadline: time-outs of many connections without a timer each.  See deadline.h.
 * Thread: loop. */
#include "server/deadline.h"

#include <stddef.h>

void deadlines_init(struct deadlines *deadlines, const unsigned after_ms[DEADLINE_NONE])
{
	for (unsigned kind = 0; kind < DEADLINE_NONE; kind++) {
		struct deadline *head = &deadlines->lists[kind];
		*head = (struct deadline){.prev = head, .next = head};
		deadlines->after_ms[kind] = after_ms[kind];
	}
}

void deadline_clear(struct deadline *deadline)
{
	if (deadline->kind == DEADLINE_NONE)
		return;
	deadline->prev->next = deadline->next;
	deadline->next->prev = deadline->prev;
	deadline->kind = DEADLINE_NONE;
}

void deadline_set(struct deadlines *deadlines, struct deadline *deadline, enum deadline_kind kind,
                  uint64_t now_ms)
{
	struct deadline *head = &deadlines->lists[kind];
	deadline_clear(deadline);
	deadline->kind = kind;
	deadline->due_ms = now_ms + deadlines->after_ms[kind];
	deadline->prev = head->prev;
	deadline->next = head;
	head->prev->next = deadline;
	head->prev = deadline;
}

struct deadline *deadline_next_due(struct deadlines *deadlines, uint64_t now_ms,
                                   enum deadline_kind *kind)
{
	for (unsigned i = 0; i < DEADLINE_NONE; i++) {
		struct deadline *first = deadlines->lists[i].next;
		if (first == &deadlines->lists[i] || first->due_ms > now_ms)
			continue;
		deadline_clear(first);
		*kind = (enum deadline_kind)i;
		return first;
	}
	return NULL;
}
