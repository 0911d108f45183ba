/* deadline: time-outs of many connections without a timer each.
 * Thread: loop.
 * Every kind of time-out has one duration, so whatever is set last is due last:
 * a list per kind stands in order by itself, and setting, clearing and looking
 * for what is due cost the same however many connections there are. */
#ifndef LAGNIAPPE_SERVER_DEADLINE_H
#define LAGNIAPPE_SERVER_DEADLINE_H

#include <stdint.h>

enum deadline_kind {
	DEADLINE_HEADER, /* the head must be whole */
	DEADLINE_BODY,   /* the body must be whole */
	DEADLINE_IDLE,   /* a request must begin */
	DEADLINE_WRITE,  /* the peer must have read some */
	DEADLINE_LINGER, /* the peer must have closed */
	DEADLINE_NONE,   /* and the count of kinds */
};

struct deadline {
	struct deadline *prev, *next;
	uint64_t due_ms; /* loop time */
	enum deadline_kind kind;
};

struct deadlines {
	struct deadline lists[DEADLINE_NONE]; /* rings, with a head each */
	unsigned after_ms[DEADLINE_NONE];
};

void deadlines_init(struct deadlines *deadlines, const unsigned after_ms[DEADLINE_NONE]);
static inline void deadline_init(struct deadline *deadline)
{
	deadline->kind = DEADLINE_NONE;
}
/* Replaces what was set. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline, enum deadline_kind kind,
                  uint64_t now_ms);
void deadline_clear(struct deadline *deadline);
/* One that is due, cleared, its kind in *kind; NULL when none is. */
struct deadline *deadline_next_due(struct deadlines *deadlines, uint64_t now_ms,
                                   enum deadline_kind *kind);

#endif
