/* import_columns: which column of the file is what.
 * Thread: the tool's one. */
#include "tools/lagniappe/import.h"

#include <stdlib.h>
#include <string.h>

static const char *const column_names[COLUMN_COUNT] = {
        [COLUMN_DATE] = "date",     [COLUMN_AMOUNT] = "amount", [COLUMN_STAFF] = "staff",
        [COLUMN_REASON] = "reason", [COLUMN_PARTY] = "party",   [COLUMN_BUDGET] = "budget",
};

const char *column_name(enum column column)
{
	return column_names[column];
}

static bool as_number(struct lgp_view text, size_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || i == 4)
			return false;
		*out = *out * 10 + (size_t)(text.ptr[i] - '0');
	}
	return text.len > 0;
}

/* A heading, else a number. */
static bool find_column(const struct csv_record *header, struct lgp_view wanted, size_t *at,
                        char why[256])
{
	size_t found = 0, number;
	for (size_t i = 0; i < header->count; i++) {
		if (csv_same_heading(header->fields[i], wanted)) {
			*at = i;
			found++;
		}
	}
	if (found == 1)
		return true;
	if (found > 1) {
		snprintf(why, 256, "%zu columns are headed \"%.*s\"; name one by its number", found,
		         (int)wanted.len, wanted.ptr);
		return false;
	}
	if (as_number(wanted, &number) && number >= 1 && number <= header->count) {
		*at = number - 1;
		return true;
	}
	snprintf(why, 256, "no column is headed \"%.*s\"; the file has %zu columns",
	         (int)wanted.len, wanted.ptr, header->count);
	return false;
}

static bool find_name(struct lgp_view name, enum column *column)
{
	for (enum column i = 0; i < COLUMN_COUNT; i++) {
		if (lgp_view_equal(lgp_view_of(column_names[i]), name)) {
			*column = i;
			return true;
		}
	}
	return false;
}

/* One "name=COL". */
static bool parse_pair(struct lgp_view pair, const struct csv_record *header,
                       struct columns_map *out, char why[256])
{
	const char *equals = memchr(pair.ptr, '=', pair.len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair.ptr) : pair.len;
	enum column column;
	if (equals == NULL || !find_name((struct lgp_view){pair.ptr, name_len}, &column)) {
		snprintf(
		        why, 256,
		        "\"%.*s\" is not date=, amount=, staff=, reason=, party= or budget= with a "
		        "column behind it",
		        (int)pair.len, pair.ptr);
		return false;
	}
	if (out->at[column] != COLUMN_ABSENT) {
		snprintf(why, 256, "%s= is given twice", column_names[column]);
		return false;
	}
	struct lgp_view wanted = {equals + 1, pair.len - name_len - 1};
	return find_column(header, wanted, &out->at[column], why);
}

bool columns_parse(const char *map, const struct csv_record *header, struct columns_map *out,
                   char why[256])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		out->at[i] = COLUMN_ABSENT;
	for (const char *p = map; *p != '\0';) {
		size_t len = strcspn(p, ",");
		if (!parse_pair((struct lgp_view){p, len}, header, out, why))
			return false;
		p += len + (p[len] == ',');
	}
	static const enum column needed[] = {COLUMN_DATE, COLUMN_AMOUNT, COLUMN_STAFF};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		if (out->at[needed[i]] == COLUMN_ABSENT) {
			snprintf(why, 256, "%s= is missing", column_names[needed[i]]);
			return false;
		}
	}
	return true;
}
