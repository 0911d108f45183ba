/* counters: what each limit has used in each of its calendar periods.
 * Thread: one at a time.
 *
 * Memory: 28 to 55 bytes for each counter of a period that is not closed, and
 * nothing for those that are: each period has a table of its own, which goes
 * as a whole.  A counter is known by whom it first goes by, as it is, and by 63
 * bits of a universal hash of the rest, under keys drawn for the run: no ledger
 * can be written in which two counters are one but by chance, 2^-63 for each pair. */
#ifndef LAGNIAPPE_AUDIT_COUNTERS_H
#define LAGNIAPPE_AUDIT_COUNTERS_H

#include "lagniappe/entry.h"
#include "tools/audit/slots.h"

#define PERIOD_FOREVER INT32_MAX

enum window {
	WINDOW_NONE,
	WINDOW_DAY,
	WINDOW_WEEK,
	WINDOW_MONTH,
	WINDOW_QUARTER,
	WINDOW_YEAR,
	WINDOW_LIFETIME,
};

/* The first day behind the period that holds the date.  week: the day on which
 * weeks start, 0 Monday. */
int32_t period_end(enum window window, int32_t date, unsigned week);

struct counter {
	int32_t end;    /* of its period */
	char what;      /* 'C': what is used; 'I': grants counted in one incident */
	uint64_t shape; /* of the limit */
	uint64_t first, second;
	char incident[LGP_SLUG_MAX];
};

#define COUNTER_WORDS (3 + LGP_SLUG_MAX / 8) /* that are hashed */
#define COUNTER_KEYS (1 + COUNTER_WORDS)

struct counters {
	struct period *periods; /* owned */
	size_t count;
	__extension__ unsigned __int128 key[COUNTER_KEYS];
	int32_t day; /* the newest business date */
};

LGP_MUST_USE enum lgp_status counters_init(struct counters *counters);
void counters_deinit(struct counters *counters);
/* A period that ended this long before the newest date is never asked for
 * again: at one moment the dates of two places are two days apart at most. */
bool counters_closed(const struct counters *counters, int32_t end);
/* Moves the newest business date on; what is closed then is let go. */
void counters_reach(struct counters *counters, int32_t date);
int64_t counters_get(const struct counters *counters, const struct counter *counter);
/* Never below 0, for a limit that was changed may be given back what it did not
 * count; *sum: what is there then.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status counters_add(struct counters *counters, const struct counter *counter,
                                          int64_t change, int64_t *sum);

/* Where a counter stands: good for the run. */
struct counter_place {
	int32_t end;
	uint64_t key[2]; /* in the table of its period */
};
void counters_place(const struct counters *counters, const struct counter *counter,
                    struct counter_place *out);
/* Brings it near; for those that will be asked for soon. */
void counters_prefetch(const struct counters *counters, const struct counter_place *place);
int64_t counters_get_at(const struct counters *counters, const struct counter_place *place);
LGP_MUST_USE enum lgp_status counters_add_at(struct counters *counters,
                                             const struct counter_place *place, int64_t change,
                                             int64_t *sum);

/* The i-th period's table, and its end. */
const struct slots *counters_period(const struct counters *counters, size_t i, int32_t *end);

#endif
