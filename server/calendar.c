/* calendar: business dates in IANA zones, by ICU's C API.
 * Thread: one calendar belongs to one thread; calendar_zone_known is for any.
 *
 * A day begins at the first moment whose local date is that date or a later
 * one, and lasts until the next day begins.  So days never overlap and never go
 * back: where the clock is put back over midnight, the day that has begun goes
 * on; a date that a zone left out is a day of no length. */
#include "server/calendar.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>

#define ZONE_NAME_MAX 63 /* bytes; the longest IANA name has 32 */
#define US_PER_MS 1000
#define JULIAN_DAY_OF_1970 2440588
/* The years 0001 to 9999, as in lgp_date_parse. */
#define DAYS_MIN (-719162)
#define DAYS_MAX 2932896

struct zone {
	char name[ZONE_NAME_MAX + 1];
	size_t name_len;   /* 0: the slot is free */
	UCalendar *icu;    /* owned */
	int64_t start_us;  /* the day that was last asked for: [start_us, end_us) */
	int64_t end_us;    /* 0 when start_us is: none yet */
	int32_t days;      /* its date */
	uint64_t last_use; /* calendar's count of uses */
};

struct calendar {
	uint64_t uses;
	struct zone zone[CALENDAR_ZONE_MAX];
};

static enum lgp_status translate(UErrorCode code, const char *call, struct lgp_view zone)
{
	enum lgp_status status = code == U_MEMORY_ALLOCATION_ERROR ? LGP_NO_MEMORY : LGP_IO;
	return lgp_fault(status, "time zone %.*s: ICU's %s failed: %s", (int)zone.len, zone.ptr,
	                 call, u_errorName(code));
}

enum lgp_status calendar_new(struct calendar **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "a calendar needs %zu bytes", sizeof **out);
}

static void close_zone(struct zone *zone)
{
	if (zone->icu)
		ucal_close(zone->icu);
	*zone = (struct zone){0};
}

void calendar_free(struct calendar *calendar)
{
	if (!calendar)
		return;
	for (size_t i = 0; i < CALENDAR_ZONE_MAX; i++)
		close_zone(&calendar->zone[i]);
	free(calendar);
}

/* --- names --- */

/* The name in ICU's characters; false where no IANA name has such bytes. */
static bool name_to_icu(struct lgp_view name, UChar out[ZONE_NAME_MAX])
{
	if (name.len == 0 || name.len > ZONE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!letter && !(c >= '0' && c <= '9') && !memchr("/_+-", c, 4))
			return false;
		out[i] = (UChar)c;
	}
	return true;
}

/* ICU has names of its own beside IANA's.  Most are Java's three letters, some
 * of which mean what nobody expects (BST is Dhaka, IST Calcutta). */
static bool name_is_icus_own(struct lgp_view name)
{
	static const char iana[][4] = {"CET", "EET", "EST", "GMT", "HST", "MET", "MST",
	                               "PRC", "ROC", "ROK", "UCT", "UTC", "WET"};
	static const char system_v[] = "SystemV/";
	if (lgp_view_equal(name, LGP_VIEW("Factory")))
		return true;
	if (name.len > sizeof system_v - 1 && memcmp(name.ptr, system_v, sizeof system_v - 1) == 0)
		return true;
	if (name.len != 3)
		return false;
	for (size_t i = 0; i < sizeof iana / sizeof iana[0]; i++)
		if (memcmp(name.ptr, iana[i], 3) == 0)
			return false;
	return true;
}

bool calendar_zone_known(struct lgp_view zone)
{
	UChar name[ZONE_NAME_MAX], canonical[ZONE_NAME_MAX + 1];
	if (!name_to_icu(zone, name) || name_is_icus_own(zone))
		return false;
	UBool is_system = false;
	UErrorCode code = U_ZERO_ERROR;
	ucal_getCanonicalTimeZoneID(name, (int32_t)zone.len, canonical, ZONE_NAME_MAX + 1,
	                            &is_system, &code);
	return U_SUCCESS(code) && is_system;
}

/* --- zones at hand --- */

static enum lgp_status open_zone(struct lgp_view name, struct zone *out)
{
	UChar icu_name[ZONE_NAME_MAX];
	if (!calendar_zone_known(name) || !name_to_icu(name, icu_name))
		return lgp_fault(LGP_MISSING, "there is no time zone of that name");
	UErrorCode code = U_ZERO_ERROR;
	UCalendar *icu = ucal_open(icu_name, (int32_t)name.len, "", UCAL_GREGORIAN, &code);
	if (U_FAILURE(code))
		return translate(code, "ucal_open", name);
	/* A midnight that is left out is the moment of the change; one that comes
	 * twice is the first of the two. */
	ucal_setAttribute(icu, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_NEXT_VALID);
	ucal_setAttribute(icu, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
	*out = (struct zone){.icu = icu, .name_len = name.len};
	memcpy(out->name, name.ptr, name.len);
	return LGP_OK;
}

static struct lgp_view zone_name(const struct zone *zone)
{
	return (struct lgp_view){zone->name, zone->name_len};
}

/* The zone's slot; a zone new to the calendar takes the place of the one that
 * was used longest ago. */
static enum lgp_status find_zone(struct calendar *calendar, struct lgp_view name, struct zone **out)
{
	struct zone *oldest = &calendar->zone[0];
	for (size_t i = 0; i < CALENDAR_ZONE_MAX; i++) {
		struct zone *zone = &calendar->zone[i];
		if (lgp_view_equal(zone_name(zone), name) && name.len > 0) {
			zone->last_use = ++calendar->uses;
			*out = zone;
			return LGP_OK;
		}
		if (zone->last_use < oldest->last_use)
			oldest = zone;
	}
	struct zone opened;
	enum lgp_status status = open_zone(name, &opened);
	if (status != LGP_OK)
		return status;
	close_zone(oldest);
	*oldest = opened;
	oldest->last_use = ++calendar->uses;
	*out = oldest;
	return LGP_OK;
}

/* --- days --- */

/* Days go to ICU as Julian day numbers, which know no change of calendar. */
static enum lgp_status start_of(const struct zone *zone, int32_t days, int64_t *time_us)
{
	UErrorCode code = U_ZERO_ERROR;
	ucal_clear(zone->icu);
	ucal_set(zone->icu, UCAL_JULIAN_DAY, days + JULIAN_DAY_OF_1970);
	UDate ms = ucal_getMillis(zone->icu, &code);
	if (U_FAILURE(code))
		return translate(code, "ucal_getMillis", zone_name(zone));
	*time_us = (int64_t)ms * US_PER_MS;
	return LGP_OK;
}

static int64_t floor_ms(int64_t time_us)
{
	return time_us / US_PER_MS - (time_us % US_PER_MS < 0);
}

/* What the calendar on the wall shows. */
static enum lgp_status wall_date(const struct zone *zone, int64_t time_us, int32_t *days)
{
	UErrorCode code = U_ZERO_ERROR;
	ucal_setMillis(zone->icu, (UDate)floor_ms(time_us), &code);
	*days = ucal_get(zone->icu, UCAL_JULIAN_DAY, &code) - JULIAN_DAY_OF_1970;
	return U_SUCCESS(code) ? LGP_OK : translate(code, "ucal_get", zone_name(zone));
}

static enum lgp_status check_range(int32_t days)
{
	if (days < DAYS_MIN || days > DAYS_MAX)
		return lgp_fault(LGP_MALFORMED, "day %d is outside the years 0001 to 9999",
		                 (int)days);
	return LGP_OK;
}

/* The wall's date, or a later one that has begun all the same. */
static enum lgp_status find_day(struct zone *zone, int64_t time_us)
{
	int32_t days;
	int64_t start_us = 0, end_us = 0;
	enum lgp_status status = wall_date(zone, time_us, &days);
	if (status == LGP_OK)
		status = check_range(days);
	if (status == LGP_OK)
		status = start_of(zone, days, &start_us);
	if (status == LGP_OK)
		status = start_of(zone, days + 1, &end_us);
	while (status == LGP_OK && end_us <= time_us) {
		days++;
		start_us = end_us;
		status = start_of(zone, days + 1, &end_us);
	}
	if (status != LGP_OK)
		return status;
	zone->start_us = start_us;
	zone->end_us = end_us;
	zone->days = days;
	return LGP_OK;
}

enum lgp_status calendar_date(struct calendar *calendar, struct lgp_view zone, int64_t time_us,
                              int32_t *days)
{
	struct zone *found;
	enum lgp_status status = find_zone(calendar, zone, &found);
	if (status != LGP_OK)
		return status;
	if (time_us < found->start_us || time_us >= found->end_us)
		status = find_day(found, time_us);
	if (status == LGP_OK)
		*days = found->days;
	return status;
}

enum lgp_status calendar_start_of(struct calendar *calendar, struct lgp_view zone, int32_t days,
                                  int64_t *time_us)
{
	struct zone *found;
	enum lgp_status status = check_range(days);
	if (status == LGP_OK)
		status = find_zone(calendar, zone, &found);
	return status == LGP_OK ? start_of(found, days, time_us) : status;
}
