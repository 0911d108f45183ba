/* import_row: one record of the file made into one line of an import.
 * Thread: the tool's one. */
#include "tools/lagniappe/import_row.h"

#include "lagniappe/codec.h"
#include "tools/common/written_date.h"
#include "tools/lagniappe/amount.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Without blanks at the ends, runs of them one.  False: longer than max bytes,
 * or a control character in it. */
static bool clean(struct lgp_view text, size_t max, char *out, struct lgp_view *cleaned,
                  const char **why)
{
	size_t len = 0;
	bool gap = false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool c1 = c == 0xc2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xa0;
		if (is_blank(text.ptr[i])) {
			gap = len > 0;
			continue;
		}
		*why = "holds a control character";
		if (c < 0x20 || c == 0x7f || c1)
			return false;
		*why = "is too long";
		if (len + gap + 1 > max)
			return false;
		if (gap)
			out[len++] = ' ';
		gap = false;
		out[len++] = text.ptr[i];
	}
	*cleaned = (struct lgp_view){out, len};
	return true;
}

static struct lgp_view field_of(const struct row_rules *rules, const struct csv_record *record,
                                enum column column)
{
	size_t at = rules->columns.at[column];
	return at == COLUMN_ABSENT ? LGP_VIEW("") : record->fields[at];
}

static bool read_text(const struct row_rules *rules, const struct csv_record *record,
                      enum column column, struct row *row, struct lgp_view *out, char why[256])
{
	size_t max = column == COLUMN_PARTY ? ROW_TEXT_MAX : LGP_TEXT_MAX;
	const char *wrong;
	if (clean(field_of(rules, record, column), max, row->text[column], out, &wrong))
		return true;
	snprintf(why, 256, "the %s %s (at most %zu bytes of text)", column_name(column), wrong,
	         max);
	return false;
}

/* The row's content, and how many equal ones came before it. */
static bool make_key(const struct row_rules *rules, const struct csv_record *record,
                     struct tally *seen, struct row *out, char why[256])
{
	uint8_t digest[TALLY_DIGEST_LEN];
	char hex[2 * TALLY_DIGEST_LEN];
	tally_digest(record->fields + rules->first, record->count - rules->first, digest);
	uint64_t *count = tally_at(seen, digest);
	if (count == NULL) {
		snprintf(why, 256, "the file has more rows than memory holds; split it");
		return false;
	}
	lgp_hex_encode(hex, digest, sizeof digest);
	snprintf(out->key, sizeof out->key, "row-%.*s-%llu", (int)sizeof hex, hex,
	         (unsigned long long)++*count);
	return true;
}

static bool read_values(const struct row_rules *rules, const struct csv_record *record,
                        struct row *out, char why[256])
{
	struct lgp_view date, amount = field_of(rules, record, COLUMN_AMOUNT);
	const char *wrong;
	if (!read_text(rules, record, COLUMN_DATE, out, &date, why))
		return false;
	if (!date_by_format(rules->date_format, date, &out->business_date)) {
		snprintf(why, 256, "the date \"%.*s\" is not a day by %s", (int)date.len, date.ptr,
		         rules->date_format);
		return false;
	}
	if (!amount_parse(amount, rules->scale, rules->unit, &out->amount, &wrong)) {
		int len = amount.len < 64 ? (int)amount.len : 64;
		snprintf(why, 256, "%s: \"%.*s\"", wrong, len, amount.ptr);
		return false;
	}
	if (out->amount == 0) {
		snprintf(why, 256, "the amount is zero: nothing was spent");
		return false;
	}
	return true;
}

bool row_read(const struct row_rules *rules, const struct csv_record *record, struct tally *seen,
              struct row *out, char why[256])
{
	if (csv_is_blank(record, rules->first)) {
		snprintf(why, 256, "the row is blank");
		return false;
	}
	if (record->count != rules->field_count) {
		snprintf(why, 256, "the row has %zu fields, the header %zu", record->count,
		         rules->field_count);
		return false;
	}
	if (!make_key(rules, record, seen, out, why) || !read_values(rules, record, out, why))
		return false;
	if (!read_text(rules, record, COLUMN_STAFF, out, &out->staff, why) ||
	    !read_text(rules, record, COLUMN_REASON, out, &out->reason, why) ||
	    !read_text(rules, record, COLUMN_PARTY, out, &out->party, why) ||
	    !read_text(rules, record, COLUMN_BUDGET, out, &out->budget, why))
		return false;
	if (out->staff.len == 0) {
		snprintf(why, 256, "there is no staff in it");
		return false;
	}
	if (out->budget.len == 0 && rules->columns.at[COLUMN_BUDGET] != COLUMN_ABSENT) {
		snprintf(why, 256, "there is no budget in it");
		return false;
	}
	if (out->budget.len == 0)
		out->budget = lgp_view_of(rules->budget);
	return true;
}
