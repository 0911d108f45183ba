/* axis: see axis.h.  Thread: any. */
#include "tools/report/axis.h"

#include <stdio.h>
#include <string.h>

#include "tools/report/period.h"

#define WEEK_CHOICES "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

static const struct {
	const char *name, *title;
	enum lgp_kind kind;          /* of a noun; 0: none */
	enum calendar_period period; /* of a period */
} axes[AXIS_COUNT] = {
        [AXIS_STAFF] = {"staff", "Staff", LGP_KIND_STAFF, 0},
        [AXIS_SITE] = {"site", "Site", LGP_KIND_SITE, 0},
        [AXIS_BUDGET] = {"budget", "Budget", LGP_KIND_BUDGET, 0},
        [AXIS_REASON] = {"reason", "Reason", LGP_KIND_REASON, 0},
        [AXIS_TOUCHPOINT] = {"touchpoint", "Touchpoint", LGP_KIND_TOUCHPOINT, 0},
        [AXIS_CUSTOMER] = {"customer", "Customer", LGP_KIND_CUSTOMER, 0},
        [AXIS_DAY] = {"day", "Day", 0, PERIOD_DAY},
        [AXIS_WEEK] = {"week", "Week", 0, PERIOD_WEEK},
        [AXIS_MONTH] = {"month", "Month", 0, PERIOD_MONTH},
        [AXIS_QUARTER] = {"quarter", "Quarter", 0, PERIOD_QUARTER},
        [AXIS_YEAR] = {"year", "Year", 0, PERIOD_YEAR},
};

static bool find(const char *text, size_t len, enum axis *out)
{
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
		if (strlen(axes[axis].name) == len && memcmp(axes[axis].name, text, len) == 0) {
			*out = axis;
			return true;
		}
	return false;
}

enum lgp_status axes_parse(const char *text, struct axes *out)
{
	*out = (struct axes){.count = 0};
	for (const char *at = text; at != NULL;) {
		const char *comma = strchr(at, ',');
		size_t len = comma != NULL ? (size_t)(comma - at) : strlen(at);
		enum axis axis;
		if (!find(at, len, &axis))
			return lgp_fault(LGP_MALFORMED,
			                 "--by %s: \"%.*s\" is not known; take one or two of "
			                 "staff, site, budget, reason, touchpoint, customer, day, "
			                 "week, month, quarter, year",
			                 text, len < 64 ? (int)len : 64, at);
		if (out->count == AXES_MAX || (out->count == 1 && out->list[0] == axis))
			return lgp_fault(LGP_MALFORMED, "--by %s: one or two different ones", text);
		out->list[out->count++] = axis;
		at = comma != NULL ? comma + 1 : NULL;
	}
	return LGP_OK;
}

bool axis_is_period(enum axis axis)
{
	return axes[axis].kind == 0;
}

unsigned site_week(const struct book *book, uint64_t site)
{
	const struct book_noun *noun = book_noun(book, site);
	if (noun == NULL || noun->kind != LGP_KIND_SITE)
		return 0;
	struct lgp_view day = lgp_definition_get(&noun->definition, "week_starts");
	int index = day.ptr != NULL ? lgp_choice_index(WEEK_CHOICES, day) : 0;
	return index > 0 ? (unsigned)index : 0;
}

int64_t axis_value(const struct book *book, enum axis axis, const struct lgp_entry *entry)
{
	switch (axis) {
	case AXIS_STAFF:
		return (int64_t)entry->staff;
	case AXIS_SITE:
		return (int64_t)entry->site;
	case AXIS_BUDGET:
		return (int64_t)entry->budget;
	case AXIS_REASON:
		return (int64_t)entry->reason;
	case AXIS_TOUCHPOINT:
		return (int64_t)entry->touchpoint;
	case AXIS_CUSTOMER:
		/* The parties of imported payments have numbers of their own kind. */
		return entry->kind == LGP_KIND_IMPORT ? -(int64_t)(entry->customer & INT64_MAX)
		                                      : (int64_t)entry->customer;
	default:
		return period_of(axes[axis].period, entry->business_date,
		                 axis == AXIS_WEEK ? site_week(book, entry->site) : 0);
	}
}

const char *axis_text(const struct book *book, enum axis axis, int64_t value,
                      char name[BOOK_NAME_MAX])
{
	if (axis_is_period(axis))
		return period_text(axes[axis].period, (int32_t)value, name);
	if (value == 0)
		snprintf(name, BOOK_NAME_MAX, "none");
	else if (axis == AXIS_CUSTOMER && value < 0)
		book_name(book, LGP_KIND_PARTY, (uint64_t)-value, name);
	else
		book_name(book, axes[axis].kind, (uint64_t)value, name);
	return name;
}

int axis_compare(const struct book *book, enum axis axis, int64_t a, int64_t b)
{
	char first[BOOK_NAME_MAX], second[BOOK_NAME_MAX];
	int order = 0;
	if (a != b && !axis_is_period(axis) && axis != AXIS_CUSTOMER)
		order = strcmp(axis_text(book, axis, a, first), axis_text(book, axis, b, second));
	return order != 0 ? order : (a > b) - (a < b);
}

struct sheet_column axis_column(enum axis axis)
{
	return (struct sheet_column){axes[axis].name, axes[axis].title, SHEET_TEXT, 0};
}
