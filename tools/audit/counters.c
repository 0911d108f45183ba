/* counters: see counters.h.  Thread: one at a time.
 * Sources: the civil calendar is the proleptic Gregorian, by its rules of
 * leap years; Lemire and Kaser, "Strongly universal string hashing is fast" (2014),
 * for multilinear hashing. */
#include "tools/audit/counters.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lagniappe/codec.h"

#define CLOSED_AFTER 3 /* days */
#define DAYS_OF_400_YEARS 146097

struct period {
	int32_t end;
	struct slots slots;
};

/* ---- the calendar ------------------------------------------------------------------------ */

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 1 && leap(year) ? 29 : days[month];
}

/* The first day behind the group of `months` months that holds the date. */
static int32_t find_months_end(int32_t date, int months)
{
	/* 400 years repeat themselves: only the place within them matters. */
	int32_t place = (date % DAYS_OF_400_YEARS + DAYS_OF_400_YEARS) % DAYS_OF_400_YEARS;
	int year = 1970 + place / 366, month = 0; /* at that year or before the right one */
	int32_t left = place - (place / 366) * 365;
	for (int passed = 1970; passed < year; passed++)
		left -= leap(passed);
	for (int days; left >= (days = leap(year) ? 366 : 365); year++)
		left -= days;
	while (left >= month_days(year, month))
		left -= month_days(year, month++);
	int32_t more = month_days(year, month) - left;
	for (month++; month % months != 0; month++)
		more += month_days(year, month);
	return date + more;
}

/* Entries of one day come one after another. */
static int32_t months_end(int32_t date, int months)
{
	static _Thread_local struct {
		int32_t date, end;
	} known[13]; /* by the number of months */
	if (known[months].end == 0 || known[months].date != date) {
		known[months].date = date;
		known[months].end = find_months_end(date, months);
	}
	return known[months].end;
}

int32_t period_end(enum window window, int32_t date, unsigned week)
{
	switch (window) {
	case WINDOW_DAY:
		return date + 1;
	case WINDOW_WEEK:
		/* Day 0 was a Thursday; 4 days later the week from Monday begins. */
		return date + 7 - ((date - 4 - (int32_t)week) % 7 + 7) % 7;
	case WINDOW_MONTH:
		return months_end(date, 1);
	case WINDOW_QUARTER:
		return months_end(date, 3);
	case WINDOW_YEAR:
		return months_end(date, 12);
	default:
		return PERIOD_FOREVER;
	}
}

/* ---- periods ------------------------------------------------------------------------------- */

enum lgp_status counters_init(struct counters *counters)
{
	*counters = (struct counters){.day = INT32_MIN};
	/* Without keys, counters would be one that are two. */
	if (getrandom(counters->key, sizeof counters->key, 0) != sizeof counters->key)
		return lgp_fault(LGP_IO, "the system gives no random numbers");
	return LGP_OK;
}

void counters_deinit(struct counters *counters)
{
	for (size_t i = 0; i < counters->count; i++)
		slots_deinit(&counters->periods[i].slots);
	free(counters->periods);
	counters->periods = NULL;
	counters->count = 0;
}

static struct period *find(const struct counters *counters, int32_t end)
{
	for (size_t i = 0; i < counters->count; i++)
		if (counters->periods[i].end == end)
			return &counters->periods[i];
	return NULL;
}

static struct period *open_period(struct counters *counters, int32_t end)
{
	struct period *period = find(counters, end);
	if (period != NULL)
		return period;
	struct period *more = realloc(counters->periods, (counters->count + 1) * sizeof *more);
	if (more == NULL)
		return NULL;
	counters->periods = more;
	period = &more[counters->count];
	period->end = end;
	if (slots_init(&period->slots) != LGP_OK)
		return NULL;
	counters->count++;
	return period;
}

bool counters_closed(const struct counters *counters, int32_t end)
{
	return (int64_t)end + CLOSED_AFTER <= counters->day;
}

void counters_reach(struct counters *counters, int32_t date)
{
	if (date <= counters->day)
		return;
	counters->day = date;
	for (size_t i = 0; i < counters->count; i++) {
		if (!counters_closed(counters, counters->periods[i].end))
			continue;
		slots_deinit(&counters->periods[i].slots);
		counters->periods[i--] = counters->periods[--counters->count];
	}
}

/* ---- counters ------------------------------------------------------------------------------ */

/* Multilinear: the sum of each word times its key, of which the upper half is
 * kept.  What is behind the last word counts as zero. */
void counters_place(const struct counters *counters, const struct counter *counter,
                    struct counter_place *out)
{
	uint64_t word[COUNTER_WORDS] = {(uint64_t)counter->what, counter->shape, counter->second};
	size_t count = 3;
	if (counter->incident[0] != '\0') {
		memcpy(word + count, counter->incident, LGP_SLUG_MAX);
		count = COUNTER_WORDS;
	}
	__extension__ unsigned __int128 sum = counters->key[0];
	for (size_t i = 0; i < count; i++)
		sum += counters->key[1 + i] * word[i];
	out->end = counter->end;
	out->key[0] = (uint64_t)(sum >> 64) | 1;
	out->key[1] = counter->first;
}

void counters_prefetch(const struct counters *counters, const struct counter_place *place)
{
	const struct period *period = find(counters, place->end);
	if (period != NULL)
		slots_prefetch(&period->slots, place->key[0], place->key[1]);
}

int64_t counters_get_at(const struct counters *counters, const struct counter_place *place)
{
	const struct period *period = find(counters, place->end);
	if (period == NULL)
		return 0;
	const struct slot *slot = slots_find(&period->slots, place->key[0], place->key[1]);
	return slot != NULL ? slot->amount : 0;
}

enum lgp_status counters_add_at(struct counters *counters, const struct counter_place *place,
                                int64_t change, int64_t *sum)
{
	struct period *period = open_period(counters, place->end);
	struct slot *slot =
	        period != NULL ? slots_put(&period->slots, place->key[0], place->key[1]) : NULL;
	if (slot == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for another limit's counter");
	if (__builtin_add_overflow(slot->amount, change, &slot->amount))
		slot->amount = INT64_MAX; /* more than any maximum */
	if (slot->amount < 0)
		slot->amount = 0;
	*sum = slot->amount;
	return LGP_OK;
}

int64_t counters_get(const struct counters *counters, const struct counter *counter)
{
	struct counter_place place;
	counters_place(counters, counter, &place);
	return counters_get_at(counters, &place);
}

enum lgp_status counters_add(struct counters *counters, const struct counter *counter,
                             int64_t change, int64_t *sum)
{
	struct counter_place place;
	counters_place(counters, counter, &place);
	return counters_add_at(counters, &place, change, sum);
}

const struct slots *counters_period(const struct counters *counters, size_t i, int32_t *end)
{
	*end = counters->periods[i].end;
	return &counters->periods[i].slots;
}
