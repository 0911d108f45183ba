/* ledger_hours: see ledger_hours.h.  Thread: one at a time. */
#include "tools/forensic/ledger_hours.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#define DAY_SECONDS 86400
#define MINUTE_SECONDS 60

struct site_hours {
	UCalendar *zone; /* owned; NULL: the hours are not known */
	int32_t opens, closes;
};

enum lgp_status hours_init(struct hours *hours)
{
	*hours = (struct hours){0};
	return slots_init(&hours->at);
}

void hours_deinit(struct hours *hours)
{
	for (size_t i = 0; i < hours->count; i++)
		if (hours->sites[i].zone != NULL)
			ucal_close(hours->sites[i].zone);
	free(hours->sites);
	slots_deinit(&hours->at);
}

int32_t hours_distance(int32_t opens, int32_t closes, int32_t at)
{
	bool inside = opens < closes ? opens <= at && at < closes : opens <= at || at < closes;
	int32_t after = (at - closes + DAY_SECONDS) % DAY_SECONDS;
	int32_t before = (opens - at + DAY_SECONDS) % DAY_SECONDS;
	if (inside || opens == closes)
		return 0;
	return after < before ? after : before;
}

/* ---- definitions ----------------------------------------------------------------------- */

static bool clock_of(const struct lgp_definition *definition, const char *field, int32_t *seconds)
{
	struct lgp_view text = lgp_definition_get(definition, field);
	if (text.ptr == NULL)
		return false;
	int hour = (text.ptr[0] - '0') * 10 + (text.ptr[1] - '0');
	int minute = (text.ptr[3] - '0') * 10 + (text.ptr[4] - '0');
	*seconds = (hour * 60 + minute) * MINUTE_SECONDS;
	return true;
}

/* NULL: ICU knows no such zone. */
static UCalendar *zone_of(struct lgp_view name)
{
	UChar wide[LGP_ZONE_MAX + 1], canonical[LGP_ZONE_MAX + 1];
	UErrorCode code = U_ZERO_ERROR;
	UBool known = 0;
	if (name.ptr == NULL || name.len > LGP_ZONE_MAX)
		return NULL;
	for (size_t i = 0; i < name.len; i++)
		wide[i] = (UChar)(unsigned char)name.ptr[i]; /* zones are ASCII */
	wide[name.len] = 0;
	ucal_getCanonicalTimeZoneID(wide, (int32_t)name.len, canonical, LGP_ZONE_MAX + 1, &known,
	                            &code);
	if (U_FAILURE(code))
		return NULL;
	UCalendar *zone = ucal_open(wide, (int32_t)name.len, "", UCAL_GREGORIAN, &code);
	return U_SUCCESS(code) ? zone : NULL;
}

static struct site_hours *place_of(struct hours *hours, uint64_t site)
{
	struct slot *slot = slots_find(&hours->at, site + 1, 0);
	if (slot != NULL)
		return &hours->sites[slot->number];
	struct site_hours *more =
	        realloc(hours->sites, (hours->count + 1) * sizeof(struct site_hours));
	if (more == NULL)
		return NULL;
	hours->sites = more;
	slot = slots_put(&hours->at, site + 1, 0);
	if (slot == NULL)
		return NULL;
	slot->number = hours->count;
	more[hours->count] = (struct site_hours){0};
	return &more[hours->count++];
}

enum lgp_status hours_define(struct hours *hours, uint64_t site,
                             const struct lgp_definition *definition)
{
	if (site == UINT64_MAX ||
	    (hours->count == HOURS_SITES_MAX && slots_find(&hours->at, site + 1, 0) == NULL))
		return LGP_OK;
	struct site_hours *at = place_of(hours, site);
	if (at == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for opening hours");
	if (at->zone != NULL)
		ucal_close(at->zone);
	at->zone = NULL;
	if (clock_of(definition, "opens", &at->opens) &&
	    clock_of(definition, "closes", &at->closes))
		at->zone = zone_of(lgp_definition_get(definition, "timezone"));
	return LGP_OK;
}

/* ---- times ------------------------------------------------------------------------------ */

int32_t hours_outside(const struct hours *hours, uint64_t site, int64_t time_us)
{
	const struct slot *slot =
	        site != 0 && site != UINT64_MAX ? slots_find(&hours->at, site + 1, 0) : NULL;
	const struct site_hours *at = slot != NULL ? &hours->sites[slot->number] : NULL;
	UErrorCode code = U_ZERO_ERROR;
	int64_t time_ms = time_us / 1000;
	if (at == NULL || at->zone == NULL)
		return HOURS_UNKNOWN;
	ucal_setMillis(at->zone, (double)time_ms, &code);
	int32_t local = ucal_get(at->zone, UCAL_MILLISECONDS_IN_DAY, &code);
	return U_SUCCESS(code) ? hours_distance(at->opens, at->closes, local / 1000)
	                       : HOURS_UNKNOWN;
}
