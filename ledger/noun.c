/* noun: the tables of what a programme registers, and its canonical text.
 * Thread: any. */
#include "lagniappe/noun.h"

#include "lagniappe/codec.h"

#include <string.h>

#define REQUIRED LGP_FIELD_REQUIRED
#define FIXED LGP_FIELD_FIXED
#define SECRET LGP_FIELD_SECRET

static const struct lgp_field unit_fields[] = {
        {"code", LGP_FIELD_CODE, REQUIRED | FIXED, NULL, 0, 0, "the unit's code, for example EUR"},
        {"name", LGP_FIELD_TEXT, 0, NULL, 0, 0, "what people call it"},
        {"scale", LGP_FIELD_NUMBER, REQUIRED | FIXED, NULL, 0, 9,
         "decimal places of the minor unit"},
        {"kind", LGP_FIELD_CHOICE, REQUIRED | FIXED, "money|points", 0, 0, "what it measures"},
};

static const struct lgp_field site_fields[] = {
        {"id", LGP_FIELD_SLUG, REQUIRED | FIXED, NULL, 0, 0, "the site's slug"},
        {"name", LGP_FIELD_TEXT, 0, NULL, 0, 0, "what people call it"},
        {"timezone", LGP_FIELD_ZONE, REQUIRED, NULL, 0, 0, "its IANA time zone"},
        {"week_starts", LGP_FIELD_CHOICE, 0,
         "monday|tuesday|wednesday|thursday|friday|saturday|sunday", 0, 0, "Monday when absent"},
        {"opens", LGP_FIELD_CLOCK, 0, NULL, 0, 0, "local opening time, HH:MM"},
        {"closes", LGP_FIELD_CLOCK, 0, NULL, 0, 0, "local closing time, HH:MM"},
        {"staff_rewards", LGP_FIELD_CHOICE, 0, LGP_STAFF_REWARDS_CHOICES, 0, 0,
         "whom staff may reward among themselves; not-self when absent"},
};

static const struct lgp_field budget_fields[] = {
        {"id", LGP_FIELD_SLUG, REQUIRED | FIXED, NULL, 0, 0, "the budget's slug"},
        {"name", LGP_FIELD_TEXT, 0, NULL, 0, 0, "what people call it"},
        {"site", LGP_FIELD_REF, REQUIRED | FIXED, NULL, LGP_KIND_SITE, 0,
         "the site that it is for"},
        {"unit", LGP_FIELD_REF, REQUIRED | FIXED, NULL, LGP_KIND_UNIT, 0, "the unit that it holds"},
};

static const struct lgp_field reason_fields[] = {
        {"id", LGP_FIELD_SLUG, REQUIRED | FIXED, NULL, 0, 0, "the reason's slug"},
        {"name", LGP_FIELD_TEXT, 0, NULL, 0, 0, "what people call it"},
        {"kind", LGP_FIELD_CHOICE, REQUIRED | FIXED, "discretionary|earned|feedback|kindness", 0, 0,
         "what it may be a reason for"},
};

static const struct lgp_field touchpoint_fields[] = {
        {"id", LGP_FIELD_SLUG, REQUIRED | FIXED, NULL, 0, 0, "the touchpoint's slug"},
        {"name", LGP_FIELD_TEXT, 0, NULL, 0, 0, "what people call it"},
};

static const struct lgp_field staff_fields[] = {
        {"id", LGP_FIELD_SLUG, REQUIRED | FIXED, NULL, 0, 0,
         "a slug that is not the person's name"},
        {"role", LGP_FIELD_CHOICE, REQUIRED, "staff|manager", 0, 0, "what the person may do"},
        {"site", LGP_FIELD_REF, REQUIRED, NULL, LGP_KIND_SITE, 0, "the home site"},
        {"sites", LGP_FIELD_REFS, 0, NULL, LGP_KIND_SITE, 0, "further sites"},
        {"budget", LGP_FIELD_REF, 0, NULL, LGP_KIND_BUDGET, 0, "the budget when none is named"},
        {"budgets", LGP_FIELD_REFS, 0, NULL, LGP_KIND_BUDGET, 0, "further budgets"},
        {"customer", LGP_FIELD_CUSTOMER, 0, NULL, 0, 0, "the person's own customer account"},
        {"active_from", LGP_FIELD_DATE, 0, NULL, 0, 0, "the first day of work"},
        {"active_until", LGP_FIELD_DATE, 0, NULL, 0, 0, "the day from which on not any more"},
};

static const struct lgp_field token_fields[] = {
        {"role", LGP_FIELD_CHOICE, REQUIRED | FIXED,
         "admin|finance|manager|staff|integration|auditor|customer", 0, 0, "what it may do"},
        {"subject", LGP_FIELD_REF, FIXED, NULL, LGP_KIND_STAFF, 0,
         "the member of staff that it speaks for"},
        {"customer", LGP_FIELD_CUSTOMER, FIXED, NULL, 0, 0, "the customer that it speaks for"},
        {"sites", LGP_FIELD_REFS, FIXED, NULL, LGP_KIND_SITE, 0,
         "the sites that it is good for; all when absent"},
        {"expires", LGP_FIELD_TIME, FIXED, NULL, 0, 0, "when it ends by itself"},
        {"hash", LGP_FIELD_HASH, REQUIRED | FIXED | SECRET, NULL, 0, 0, "SHA-256 of the secret"},
};

/* What a limit or a delegation is about: all that are given must fit. */
#define SCOPE_SITE_BUDGET_REASON                                                                    \
	{"scope.site", LGP_FIELD_REF, 0, NULL, LGP_KIND_SITE, 0, "what is given at this site"},     \
	        {"scope.budget", LGP_FIELD_REF, 0, NULL, LGP_KIND_BUDGET, 0, "out of this budget"}, \
	{                                                                                           \
		"scope.reason", LGP_FIELD_REF, 0, NULL, LGP_KIND_REASON, 0, "for this reason"       \
	}

static const struct lgp_field limit_fields[] = {
        {"id", LGP_FIELD_SLUG, REQUIRED | FIXED, NULL, 0, 0, "the limit's slug"},
        {"scope.role", LGP_FIELD_CHOICE, 0, "staff|manager", 0, 0, "what staff of this role give"},
        {"scope.staff", LGP_FIELD_REF, 0, NULL, LGP_KIND_STAFF, 0, "what this person gives"},
        SCOPE_SITE_BUDGET_REASON,
        {"unit", LGP_FIELD_REF, 0, NULL, LGP_KIND_UNIT, 0, "in this unit; needed for amounts"},
        {"measure", LGP_FIELD_CHOICE, REQUIRED, LGP_MEASURE_CHOICES, 0, 0, "what is counted"},
        {"per", LGP_FIELD_CHOICE, REQUIRED, LGP_PER_CHOICES, 0, 0,
         "for whom or what it is counted"},
        {"window", LGP_FIELD_CHOICE, REQUIRED, LGP_WINDOW_CHOICES, 0, 0,
         "the calendar period after which it starts again"},
        {"max", LGP_FIELD_NUMBER, REQUIRED, NULL, 0, INT64_MAX, "exactly this much passes"},
        {"when_passed", LGP_FIELD_CHOICE, 0, LGP_WHEN_PASSED_CHOICES, 0, 0, "refuse when absent"},
        {"reversal", LGP_FIELD_CHOICE, 0, LGP_REVERSAL_CHOICES, 0, 0,
         "what a reversal in the same period gives back; the amount when absent"},
        {"from", LGP_FIELD_WHEN, 0, NULL, 0, 0, "in force from this day or time on"},
        {"until", LGP_FIELD_WHEN, 0, NULL, 0, 0,
         "in force until this day or time; then what was in force before is so again"},
        {"note", LGP_FIELD_TEXT, 0, NULL, 0, 0, "why, for the record; no names"},
};

static const struct lgp_field delegation_fields[] = {
        {"from", LGP_FIELD_REF, FIXED, NULL, LGP_KIND_STAFF, 0,
         "the manager who delegates: who asks"},
        {"to", LGP_FIELD_REF, REQUIRED | FIXED, NULL, LGP_KIND_STAFF, 0,
         "who may decide in the giver's place"},
        SCOPE_SITE_BUDGET_REASON,
        {"unit", LGP_FIELD_REF, REQUIRED | FIXED, NULL, LGP_KIND_UNIT, 0, "the ceiling's unit"},
        {"ceiling", LGP_FIELD_NUMBER, REQUIRED | FIXED, NULL, 0, INT64_MAX,
         "the largest grant to decide on"},
        {"until", LGP_FIELD_WHEN, REQUIRED | FIXED, NULL, 0, 0, "in force until this day or time"},
        {"note", LGP_FIELD_TEXT, 0, NULL, 0, 0, "why, for the record; no names"},
};

#define FIELDS(table) table, sizeof(table) / sizeof(table)[0]

static const struct lgp_noun nouns[] = {
        {LGP_KIND_UNIT, "units", "code", false, FIELDS(unit_fields)},
        {LGP_KIND_SITE, "sites", "id", false, FIELDS(site_fields)},
        {LGP_KIND_BUDGET, "budgets", "id", false, FIELDS(budget_fields)},
        {LGP_KIND_REASON, "reasons", "id", false, FIELDS(reason_fields)},
        {LGP_KIND_TOUCHPOINT, "touchpoints", "id", false, FIELDS(touchpoint_fields)},
        {LGP_KIND_STAFF, "staff", "id", true, FIELDS(staff_fields)},
        {LGP_KIND_TOKEN, "tokens", NULL, false, FIELDS(token_fields)},
        {LGP_KIND_LIMIT, "limits", "id", false, FIELDS(limit_fields)},
        {LGP_KIND_DELEGATION, "delegations", NULL, false, FIELDS(delegation_fields)},
};

const struct lgp_noun *lgp_noun_of(enum lgp_kind kind)
{
	for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
		if (nouns[i].kind == kind)
			return &nouns[i];
	return NULL;
}

const struct lgp_noun *lgp_noun_at(size_t i)
{
	return i < sizeof nouns / sizeof nouns[0] ? &nouns[i] : NULL;
}

/* ---- forms --------------------------------------------------------------- */

enum { LOWER = 1, UPPER = 2, DIGIT = 4, PUNCT = 8 };

static unsigned class_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	if (c >= '0' && c <= '9')
		return DIGIT;
	return c == '.' || c == '_' || c == '-' ? PUNCT : 0;
}

static bool word_valid(struct lgp_view text, unsigned first, unsigned rest)
{
	if (text.len == 0 || text.len > LGP_SLUG_MAX || (class_of(text.ptr[0]) & first) == 0)
		return false;
	for (size_t i = 1; i < text.len; i++)
		if ((class_of(text.ptr[i]) & rest) == 0)
			return false;
	return true;
}

bool lgp_slug_valid(struct lgp_view text)
{
	return word_valid(text, LOWER | DIGIT, LOWER | DIGIT | PUNCT);
}

bool lgp_code_valid(struct lgp_view text)
{
	return word_valid(text, UPPER, UPPER | DIGIT | PUNCT);
}

bool lgp_incident_valid(struct lgp_view text)
{
	return word_valid(text, LOWER | UPPER | DIGIT, LOWER | UPPER | DIGIT | PUNCT);
}

/* The length of the well-formed UTF-8 sequence at p (RFC 3629), 0 when it is
 * none or a control character. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool surrogate = p[0] == 0xed && p[1] > 0x9f;
	bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
	bool control = p[0] == 0xc2 && p[1] < 0xa0;
	return overlong || surrogate || beyond || control ? 0 : n;
}

static bool text_valid(struct lgp_view text)
{
	if (text.len == 0 || text.len > LGP_TEXT_MAX)
		return false;
	for (size_t i = 0; i < text.len;) {
		size_t n = utf8_length((const unsigned char *)text.ptr + i, text.len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

static bool zone_valid(struct lgp_view text)
{
	if (text.len == 0 || text.len > LGP_ZONE_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (class_of(text.ptr[i]) == 0 && text.ptr[i] != '/' && text.ptr[i] != '+')
			return false;
	return true;
}

static bool clock_valid(struct lgp_view t)
{
	return t.len == 5 && class_of(t.ptr[0]) == DIGIT && class_of(t.ptr[1]) == DIGIT &&
	       t.ptr[2] == ':' && class_of(t.ptr[3]) == DIGIT && class_of(t.ptr[4]) == DIGIT &&
	       (t.ptr[0] - '0') * 10 + (t.ptr[1] - '0') < 24 && t.ptr[3] < '6';
}

static bool number_valid(struct lgp_view text, uint64_t max)
{
	uint64_t number;
	return lgp_decimal_parse(text, &number) == LGP_OK && number <= max;
}

static bool hash_valid(struct lgp_view text)
{
	uint8_t hash[LGP_HASH_LEN];
	return text.len == 2 * sizeof hash && lgp_hex_decode(text, hash, sizeof hash) == LGP_OK;
}

static bool id_valid(enum lgp_kind noun, struct lgp_view text)
{
	return noun == LGP_KIND_UNIT ? lgp_code_valid(text) : lgp_slug_valid(text);
}

unsigned lgp_definition_choice(const struct lgp_definition *definition, const char *field,
                               const char *choices)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	int index = value.ptr != NULL ? lgp_choice_index(choices, value) : 0;
	require(index >= 0);
	return (unsigned)index;
}

bool lgp_list_next(struct lgp_view *list, struct lgp_view *out)
{
	if (list->len == 0)
		return false;
	const char *comma = memchr(list->ptr, ',', list->len);
	size_t len = comma != NULL ? (size_t)(comma - list->ptr) : list->len;
	*out = (struct lgp_view){list->ptr, len};
	size_t used = comma != NULL ? len + 1 : len;
	list->ptr += used;
	list->len -= used;
	return true;
}

static bool list_valid(enum lgp_kind noun, struct lgp_view text)
{
	if (text.len == 0 || text.ptr[text.len - 1] == ',')
		return false;
	struct lgp_view seen[LGP_LIST_MAX], item;
	size_t count = 0;
	while (lgp_list_next(&text, &item)) {
		if (count == LGP_LIST_MAX || !id_valid(noun, item))
			return false;
		for (size_t i = 0; i < count; i++)
			if (lgp_view_equal(seen[i], item))
				return false;
		seen[count++] = item;
	}
	return true;
}

int lgp_choice_index(const char *choices, struct lgp_view value)
{
	int index = 0;
	for (const char *at = choices;; index++) {
		size_t len = strcspn(at, "|");
		if (lgp_view_equal((struct lgp_view){at, len}, value))
			return index;
		if (at[len] == '\0')
			return -1;
		at += len + 1;
	}
}

bool lgp_field_valid(const struct lgp_field *field, struct lgp_view value)
{
	int32_t days;
	int64_t time_us;
	switch (field->type) {
	case LGP_FIELD_SLUG:
		return lgp_slug_valid(value);
	case LGP_FIELD_CODE:
		return lgp_code_valid(value);
	case LGP_FIELD_TEXT:
		return text_valid(value);
	case LGP_FIELD_CHOICE:
		return lgp_choice_index(field->choices, value) >= 0;
	case LGP_FIELD_NUMBER:
		return number_valid(value, field->max);
	case LGP_FIELD_DATE:
		return lgp_date_parse(value, &days) == LGP_OK;
	case LGP_FIELD_TIME:
		return value.len == LGP_TIME_LEN && lgp_time_parse(value, &time_us) == LGP_OK;
	case LGP_FIELD_WHEN:
		return lgp_date_parse(value, &days) == LGP_OK ||
		       (value.len == LGP_TIME_LEN && lgp_time_parse(value, &time_us) == LGP_OK);
	case LGP_FIELD_CLOCK:
		return clock_valid(value);
	case LGP_FIELD_ZONE:
		return zone_valid(value);
	case LGP_FIELD_REF:
		return id_valid(field->noun, value);
	case LGP_FIELD_REFS:
		return list_valid(field->noun, value);
	case LGP_FIELD_CUSTOMER:
		return number_valid(value, UINT64_MAX);
	case LGP_FIELD_HASH:
		return hash_valid(value);
	}
	return false;
}

/* ---- definitions ---------------------------------------------------------- */

/* Takes one "field value LF" off the text. */
static bool take_line(struct lgp_view *text, struct lgp_view *name, struct lgp_view *value)
{
	const char *end = memchr(text->ptr, '\n', text->len);
	if (end == NULL)
		return false;
	size_t len = (size_t)(end - text->ptr);
	const char *space = memchr(text->ptr, ' ', len);
	if (space == NULL)
		return false;
	*name = (struct lgp_view){text->ptr, (size_t)(space - text->ptr)};
	*value = (struct lgp_view){space + 1, (size_t)(end - space - 1)};
	text->ptr += len + 1;
	text->len -= len + 1;
	return true;
}

/* The field's index, searching from `from` on, so that the order is the table's. */
static size_t field_index(const struct lgp_noun *noun, struct lgp_view name, size_t from)
{
	while (from < noun->field_count &&
	       !lgp_view_equal(lgp_view_of(noun->fields[from].name), name))
		from++;
	return from;
}

enum lgp_status lgp_definition_parse(const struct lgp_noun *noun, struct lgp_view text, bool whole,
                                     struct lgp_definition *out)
{
	require(noun->field_count <= LGP_NOUN_FIELDS_MAX);
	*out = (struct lgp_definition){.noun = noun};
	if (text.len > LGP_DEFINITION_MAX)
		return lgp_fault(LGP_MALFORMED, "the definition is longer than %d bytes",
		                 LGP_DEFINITION_MAX);
	size_t from = 0;
	while (text.len > 0) {
		struct lgp_view name, value;
		if (!take_line(&text, &name, &value))
			return lgp_fault(LGP_MALFORMED,
			                 "a line of the definition is not \"field value\"");
		size_t i = field_index(noun, name, from);
		if (i == noun->field_count)
			return lgp_fault(LGP_MALFORMED, "%.*s: unknown, repeated or out of order",
			                 (int)(name.len < 64 ? name.len : 64), name.ptr);
		bool cleared = !whole && value.len == 0 && (noun->fields[i].rules & REQUIRED) == 0;
		if (!cleared && !lgp_field_valid(&noun->fields[i], value))
			return lgp_fault(LGP_MALFORMED, "%s: not of its form",
			                 noun->fields[i].name);
		out->value[i] = value;
		from = i + 1;
	}
	for (size_t i = 0; whole && i < noun->field_count; i++)
		if ((noun->fields[i].rules & LGP_FIELD_REQUIRED) != 0 && out->value[i].ptr == NULL)
			return lgp_fault(LGP_MALFORMED, "%s: missing", noun->fields[i].name);
	return LGP_OK;
}

size_t lgp_definition_format(const struct lgp_definition *definition, char out[LGP_DEFINITION_MAX])
{
	size_t len = 0;
	for (size_t i = 0; i < definition->noun->field_count; i++) {
		struct lgp_view value = definition->value[i];
		if (value.ptr == NULL)
			continue;
		const char *name = definition->noun->fields[i].name;
		size_t name_len = strlen(name);
		if (len + name_len + value.len + 2 > LGP_DEFINITION_MAX)
			return 0;
		memcpy(out + len, name, name_len);
		out[len + name_len] = ' ';
		memcpy(out + len + name_len + 1, value.ptr, value.len);
		len += name_len + value.len + 2;
		out[len - 1] = '\n';
	}
	return len;
}

struct lgp_view lgp_definition_get(const struct lgp_definition *definition, const char *field)
{
	size_t i = field_index(definition->noun, lgp_view_of(field), 0);
	return i < definition->noun->field_count ? definition->value[i]
	                                         : (struct lgp_view){NULL, 0};
}
