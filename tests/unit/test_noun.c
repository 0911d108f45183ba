/* test_noun: definitions: one text for one meaning, and every form at its edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/noun.h"

static const char staff_text[] = "id anna\n"
                                 "role manager\n"
                                 "site paris\n"
                                 "sites lyon,nice\n"
                                 "budget front-desk\n"
                                 "budgets bar,spa\n"
                                 "customer 42\n"
                                 "active_from 2024-02-29\n"
                                 "active_until 2025-01-01\n";

static enum lgp_status parse(enum lgp_kind kind, const char *text, bool whole,
                             struct lgp_definition *out)
{
	return lgp_definition_parse(lgp_noun_of(kind), lgp_view_of(text), whole, out);
}

static void expect_taken(enum lgp_kind kind, const char *text)
{
	struct lgp_definition definition;
	if (parse(kind, text, true, &definition) != LGP_OK)
		fail_msg("refused: %s: %s", text, lgp_fault_detail());
}

static void expect_refused(enum lgp_kind kind, const char *text, bool whole, const char *detail)
{
	struct lgp_definition definition;
	if (parse(kind, text, whole, &definition) != LGP_MALFORMED)
		fail_msg("taken: %s", text);
	if (strstr(lgp_fault_detail(), detail) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", text, lgp_fault_detail(), detail);
}

static void check_value(const struct lgp_definition *definition, const char *field,
                        const char *value)
{
	struct lgp_view found = lgp_definition_get(definition, field);
	if (value == NULL) {
		assert_null(found.ptr);
		return;
	}
	assert_non_null(found.ptr);
	if (!lgp_view_equal(found, lgp_view_of(value)))
		fail_msg("%s is %.*s, not %s", field, (int)found.len, found.ptr, value);
}

static void definition_is_read_and_written_byte_for_byte(void **state)
{
	(void)state;
	struct lgp_definition definition;
	char out[LGP_DEFINITION_MAX];
	assert_int_equal(parse(LGP_KIND_STAFF, staff_text, true, &definition), LGP_OK);
	check_value(&definition, "id", "anna");
	check_value(&definition, "budgets", "bar,spa");
	check_value(&definition, "customer", "42");
	check_value(&definition, "name", NULL);
	size_t len = lgp_definition_format(&definition, out);
	assert_int_equal(len, sizeof staff_text - 1);
	assert_memory_equal(out, staff_text, len);
}

static void absent_fields_are_left_out(void **state)
{
	(void)state;
	static const char text[] = "id anna\nrole staff\nsite paris\n";
	struct lgp_definition definition;
	char out[LGP_DEFINITION_MAX];
	assert_int_equal(parse(LGP_KIND_STAFF, text, true, &definition), LGP_OK);
	check_value(&definition, "sites", NULL);
	assert_int_equal(lgp_definition_format(&definition, out), sizeof text - 1);
	assert_memory_equal(out, text, sizeof text - 1);
}

/* The fields' names and order are stored in every ledger: they are for ever. */
static void nouns_and_their_fields_are_as_they_were(void **state)
{
	(void)state;
	static const char *const expected[] = {
	        "units/code: code name scale kind",
	        "sites/id: id name timezone week_starts opens closes staff_rewards",
	        "budgets/id: id name site unit",
	        "reasons/id: id name kind",
	        "touchpoints/id: id name",
	        "staff/id: id role site sites budget budgets customer active_from active_until",
	        "tokens/-: role subject customer sites expires hash",
	        ("limits/id: id scope.role scope.staff scope.site scope.budget scope.reason unit "
	         "measure "
	         "per window max when_passed reversal from until note"),
	        "delegations/-: from to scope.site scope.budget scope.reason unit ceiling until "
	        "note",
	};
	const size_t count = sizeof expected / sizeof expected[0];
	for (size_t i = 0; i < count; i++) {
		const struct lgp_noun *noun = lgp_noun_at(i);
		char line[256];
		assert_non_null(noun);
		assert_ptr_equal(lgp_noun_of(noun->kind), noun);
		assert_true(noun->field_count <= LGP_NOUN_FIELDS_MAX);
		int len = snprintf(line, sizeof line, "%s/%s:", noun->plural,
		                   noun->id_field != NULL ? noun->id_field : "-");
		for (size_t j = 0; j < noun->field_count; j++)
			len += snprintf(line + len, sizeof line - (size_t)len, " %s",
			                noun->fields[j].name);
		assert_string_equal(line, expected[i]);
	}
	assert_null(lgp_noun_at(count));
	assert_null(lgp_noun_of(LGP_KIND_GRANT));
	assert_null(lgp_noun_of(LGP_KIND_TOKEN_END));
}

static void fields_out_of_order_repeated_or_unknown_are_refused(void **state)
{
	(void)state;
	expect_refused(LGP_KIND_REASON, "kind earned\nid sale\n", true, "id:");
	expect_refused(LGP_KIND_REASON, "id sale\nid sale\nkind earned\n", true, "id:");
	expect_refused(LGP_KIND_REASON, "id sale\nkind earned\nkind earned\n", true, "kind:");
	expect_refused(LGP_KIND_REASON, "id sale\nkind earned\nlimit 5\n", true, "limit:");
	expect_refused(LGP_KIND_REASON, "id sale\nKind earned\n", true, "Kind:");
	expect_refused(LGP_KIND_REASON, " sale\nkind earned\n", true, "");
	/* A reason's field, not a unit's. */
	expect_refused(LGP_KIND_UNIT, "id EUR\nscale 2\nkind money\n", true, "id:");
}

static void lines_are_field_space_value_and_nothing_else(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "id sale\nkind earned",     /* no end */
	        "id sale\nkind\n",          /* no value */
	        "id  sale\nkind earned\n",  /* two spaces */
	        "id sale \nkind earned\n",  /* a blank behind */
	        "id sale\r\nkind earned\n", /* a return */
	        "id sale\n\nkind earned\n", /* an empty line */
	        "\nid sale\nkind earned\n", "id sale\nkind earned\n\n",
	        "id\tsale\nkind earned\n",  "id sale\nkind \n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		expect_refused(LGP_KIND_REASON, texts[i], true, "");
	static const char with_nul[] = "id sa\0e\nkind earned\n";
	struct lgp_definition definition;
	assert_int_equal(lgp_definition_parse(lgp_noun_of(LGP_KIND_REASON),
	                                      (struct lgp_view){with_nul, sizeof with_nul - 1},
	                                      true, &definition),
	                 LGP_MALFORMED);
}

static void a_whole_definition_has_every_required_field(void **state)
{
	(void)state;
	expect_refused(LGP_KIND_REASON, "", true, "id: missing");
	expect_refused(LGP_KIND_REASON, "id sale\n", true, "kind: missing");
	expect_refused(LGP_KIND_STAFF, "id anna\nrole staff\n", true, "site: missing");
	expect_refused(LGP_KIND_TOKEN, "role admin\n", true, "hash: missing");
	struct lgp_definition definition;
	assert_int_equal(parse(LGP_KIND_STAFF, "role manager\n", false, &definition), LGP_OK);
	assert_int_equal(parse(LGP_KIND_STAFF, "", false, &definition), LGP_OK);
}

static void an_empty_value_takes_an_optional_field_away_in_a_change(void **state)
{
	(void)state;
	struct lgp_definition definition;
	assert_int_equal(parse(LGP_KIND_STAFF, "budgets \nactive_until \n", false, &definition),
	                 LGP_OK);
	check_value(&definition, "budgets", "");
	check_value(&definition, "active_until", "");
	check_value(&definition, "budget", NULL);
	expect_refused(LGP_KIND_STAFF, "role \n", false, "role:");
	expect_refused(LGP_KIND_STAFF, "id anna\nrole staff\nsite paris\nbudgets \n", true,
	               "budgets:");
}

static void a_definition_at_its_bound_fits_and_one_byte_more_does_not(void **state)
{
	(void)state;
	/* 64 sites and 64 budgets of 32 characters: longer than may be. */
	static char list[LGP_LIST_MAX * (LGP_SLUG_MAX + 1) + 1], text[3 * sizeof list];
	size_t len = 0;
	for (unsigned i = 0; i < LGP_LIST_MAX; i++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%032u", i == 0 ? "" : ",",
		                        i);
	int text_len =
	        snprintf(text, sizeof text, "id anna\nrole staff\nsite paris\nsites %s\n", list);
	struct lgp_definition definition;
	char out[LGP_DEFINITION_MAX];
	assert_int_equal(parse(LGP_KIND_STAFF, text, true, &definition), LGP_OK);
	assert_int_equal(lgp_definition_format(&definition, out), text_len);
	snprintf(text + text_len, sizeof text - (size_t)text_len, "budgets %s\n", list);
	expect_refused(LGP_KIND_STAFF, text, true, "longer");
	/* The same out of two halves, as a change makes it. */
	static char budgets[sizeof list];
	memcpy(budgets, list, sizeof list);
	definition.value[5] = lgp_view_of(budgets);
	assert_int_equal(lgp_definition_format(&definition, out), 0);
	/* Exactly LGP_DEFINITION_MAX bytes. */
	definition.value[5].len = LGP_DEFINITION_MAX - (size_t)text_len - strlen("budgets ") - 1;
	assert_int_equal(lgp_definition_format(&definition, out), LGP_DEFINITION_MAX);
	definition.value[5].len++;
	assert_int_equal(lgp_definition_format(&definition, out), 0);
}

/* ---- forms, one by one ---------------------------------------------------------------- */

static const struct lgp_field *field(enum lgp_kind kind, const char *name)
{
	const struct lgp_noun *noun = lgp_noun_of(kind);
	for (size_t i = 0; i < noun->field_count; i++)
		if (strcmp(noun->fields[i].name, name) == 0)
			return &noun->fields[i];
	fail_msg("no field %s", name);
	return NULL;
}

static void expect_form(const struct lgp_field *of, const char *const *good, const char *const *bad)
{
	for (; *good != NULL; good++)
		if (!lgp_field_valid(of, lgp_view_of(*good)))
			fail_msg("%s refuses \"%s\"", of->name, *good);
	for (; *bad != NULL; bad++)
		if (lgp_field_valid(of, lgp_view_of(*bad)))
			fail_msg("%s takes \"%s\"", of->name, *bad);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void slugs_begin_with_a_letter_or_digit_and_have_32_characters(void **state)
{
	(void)state;
	expect_form(
	        field(LGP_KIND_SITE, "id"),
	        LIST("a", "0", "paris", "a.b-c_d", "9z", "a-", "abcdefghijklmnopqrstuvwxyz012345"),
	        LIST("", "A", "-a", ".a", "_a", "a b", "a/b", "\xc3\xa9t\xc3\xa9", "a\n", "a,b",
	             "abcdefghijklmnopqrstuvwxyz0123456"));
	assert_true(lgp_slug_valid(LGP_VIEW("a")));
	assert_false(lgp_slug_valid(LGP_VIEW("a\0b")));
}

static void unit_codes_are_upper_case(void **state)
{
	(void)state;
	expect_form(
	        field(LGP_KIND_UNIT, "code"),
	        LIST("E", "EUR", "X-2", "A.B_C-9", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"),
	        LIST("", "eur", "Eur", "1UR", "-E", "E R", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"));
}

static void incidents_may_have_both_cases(void **state)
{
	(void)state;
	static const char *const good[] = {"INC-1", "inc.1_x", "7",
	                                   "abcdefghijklmnopqrstuvwxyz012345"};
	static const char *const bad[] = {"", "-1", ".1", "a b",
	                                  "abcdefghijklmnopqrstuvwxyz0123456"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(lgp_incident_valid(lgp_view_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(lgp_incident_valid(lgp_view_of(bad[i])));
}

/* RFC 3629: every way to be ill-formed, and every kind of control character. */
static void text_is_utf8_without_controls(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_SITE, "name"),
	            LIST(" ", "~", "A caf\xc3\xa9", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
	                 "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf0\x90\x80\x80",
	                 "\xf0\x9f\x8e\x81", "\xf4\x8f\xbf\xbf"),
	            LIST("", "\x01", "\x1f", "\x7f", "a\tb", "a\rb", "\x1b[31m", "\xc2\x80",
	                 "\xc2\x85", "\xc2\x9f", "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3",
	                 "\xc3(", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
	                 "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x8e",
	                 "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe"));
	assert_false(lgp_field_valid(field(LGP_KIND_SITE, "name"), (struct lgp_view){"a\0b", 3}));
}

static void text_has_at_most_128_bytes(void **state)
{
	(void)state;
	char name[LGP_TEXT_MAX + 1];
	memset(name, 'x', sizeof name);
	const struct lgp_field *of = field(LGP_KIND_UNIT, "name");
	assert_true(lgp_field_valid(of, (struct lgp_view){name, LGP_TEXT_MAX}));
	assert_false(lgp_field_valid(of, (struct lgp_view){name, LGP_TEXT_MAX + 1}));
	/* Bytes, not characters; and not cut inside one. */
	for (size_t i = 0; i < LGP_TEXT_MAX; i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	assert_true(lgp_field_valid(of, (struct lgp_view){name, LGP_TEXT_MAX}));
	assert_false(lgp_field_valid(of, (struct lgp_view){name, LGP_TEXT_MAX - 1}));
}

static void numbers_are_canonical_and_bounded(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_UNIT, "scale"), LIST("0", "1", "9"),
	            LIST("", "10", "00", "02", "-1", "+1", "1.0", " 1", "1 ", "0x1", "nine"));
	expect_form(field(LGP_KIND_STAFF, "customer"), LIST("0", "18446744073709551615"),
	            LIST("", "18446744073709551616", "01", "c-1"));
}

static void choices_are_whole_words(void **state)
{
	(void)state;
	expect_form(
	        field(LGP_KIND_REASON, "kind"),
	        LIST("discretionary", "earned", "feedback", "kindness"),
	        LIST("", "earn", "earnedfeedback", "earned|feedback", "Earned", "|", "kindness "));
	assert_int_equal(lgp_choice_index("a|bb|c", LGP_VIEW("bb")), 1);
	assert_int_equal(lgp_choice_index("a|bb|c", LGP_VIEW("c")), 2);
	assert_int_equal(lgp_choice_index("a|bb|c", LGP_VIEW("b")), -1);
}

static void dates_are_days_that_there_are(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_STAFF, "active_from"),
	            LIST("0001-01-01", "2024-02-29", "2000-02-29", "9999-12-31"),
	            LIST("", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31",
	                 "2024-01-00", "0000-12-31", "2024-1-1", "24-01-01", "2024/01/01",
	                 "2024-01-01 ", "10000-01-01"));
}

static void times_have_one_form(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_TOKEN, "expires"),
	            LIST("2024-02-29T23:59:59.999999Z", "1969-12-31T00:00:00.000000Z"),
	            LIST("", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.999Z",
	                 "2024-02-29T24:00:00.000000Z", "2024-02-29T23:60:00.000000Z",
	                 "2024-02-29T23:59:60.000000Z", "2024-02-29 23:59:59.000000Z",
	                 "2024-02-29T23:59:59.000000+01:00", "2024-02-30T00:00:00.000000Z",
	                 "2024-02-29T23:59:59.0000000Z"));
}

static void clocks_are_hours_and_minutes(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_SITE, "opens"), LIST("00:00", "09:30", "19:59", "23:59"),
	            LIST("", "24:00", "23:60", "9:30", "09:3", "09-30", "0930", "09:30 ", "ab:cd",
	                 "29:00"));
}

static void zones_have_the_letters_of_a_zones_name(void **state)
{
	(void)state;
	char longest[LGP_ZONE_MAX + 2];
	expect_form(field(LGP_KIND_SITE, "timezone"),
	            LIST("UTC", "Europe/Paris", "Etc/GMT+1", "America/Port-au-Prince",
	                 "America/North_Dakota/New_Salem"),
	            LIST("", "Europe Paris", "Europe/Par\xc3\xads", "a\nb", "a:b"));
	memset(longest, 'z', sizeof longest);
	const struct lgp_field *of = field(LGP_KIND_SITE, "timezone");
	assert_true(lgp_field_valid(of, (struct lgp_view){longest, LGP_ZONE_MAX}));
	assert_false(lgp_field_valid(of, (struct lgp_view){longest, LGP_ZONE_MAX + 1}));
}

static void references_have_the_form_of_what_they_name(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_BUDGET, "unit"), LIST("EUR"), LIST("", "eur", "EUR,USD"));
	expect_form(field(LGP_KIND_BUDGET, "site"), LIST("paris"), LIST("", "Paris", "paris,lyon"));
}

static void lists_are_distinct_slugs_between_commas(void **state)
{
	(void)state;
	expect_form(field(LGP_KIND_STAFF, "sites"), LIST("a", "a,b", "b,a", "a,aa,aaa"),
	            LIST("", ",", "a,", ",a", "a,,b", "a,b,a", "a, b", "a;b", "A,b"));
	char list[3 * (LGP_LIST_MAX + 1)];
	size_t len = 0;
	for (unsigned i = 0; i <= LGP_LIST_MAX; i++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%c%c", i == 0 ? "" : ",",
		                        'a' + (int)(i / 26), 'a' + (int)(i % 26));
	const struct lgp_field *of = field(LGP_KIND_STAFF, "sites");
	assert_true(lgp_field_valid(of, (struct lgp_view){list, 3 * LGP_LIST_MAX - 1}));
	assert_false(lgp_field_valid(of, (struct lgp_view){list, len}));
}

static void a_list_is_taken_apart_in_order(void **state)
{
	(void)state;
	struct lgp_view list = LGP_VIEW("one,2,three"), item;
	static const char *const expected[] = {"one", "2", "three"};
	for (size_t i = 0; i < 3; i++) {
		assert_true(lgp_list_next(&list, &item));
		assert_true(lgp_view_equal(item, lgp_view_of(expected[i])));
	}
	assert_false(lgp_list_next(&list, &item));
}

static void hashes_are_64_lower_case_digits(void **state)
{
	(void)state;
#define SIXTY "000000000000000000000000000000000000000000000000000000000000"
	expect_form(field(LGP_KIND_TOKEN, "hash"), LIST(SIXTY "0000", SIXTY "09af"),
	            LIST("", SIXTY "000", SIXTY "00000", SIXTY "00AF", SIXTY "00g0"));
}

static void a_definition_of_every_noun_is_taken(void **state)
{
	(void)state;
	expect_taken(LGP_KIND_UNIT, "code EUR\nname Euro\nscale 2\nkind money\n");
	expect_taken(LGP_KIND_SITE, "id paris\nname Paris\ntimezone Europe/Paris\n"
	                            "week_starts sunday\nopens 08:00\ncloses 20:00\n");
	expect_taken(LGP_KIND_BUDGET, "id desk\nname Desk\nsite paris\nunit EUR\n");
	expect_taken(LGP_KIND_REASON, "id sale\nname A sale\nkind earned\n");
	expect_taken(LGP_KIND_TOUCHPOINT, "id lobby\n");
	expect_taken(LGP_KIND_STAFF, staff_text);
	expect_taken(LGP_KIND_TOKEN, "role staff\nsubject anna\nsites paris\n"
	                             "expires 2030-01-01T00:00:00.000000Z\nhash " SIXTY "0000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(definition_is_read_and_written_byte_for_byte),
	        cmocka_unit_test(absent_fields_are_left_out),
	        cmocka_unit_test(nouns_and_their_fields_are_as_they_were),
	        cmocka_unit_test(fields_out_of_order_repeated_or_unknown_are_refused),
	        cmocka_unit_test(lines_are_field_space_value_and_nothing_else),
	        cmocka_unit_test(a_whole_definition_has_every_required_field),
	        cmocka_unit_test(an_empty_value_takes_an_optional_field_away_in_a_change),
	        cmocka_unit_test(a_definition_at_its_bound_fits_and_one_byte_more_does_not),
	        cmocka_unit_test(slugs_begin_with_a_letter_or_digit_and_have_32_characters),
	        cmocka_unit_test(unit_codes_are_upper_case),
	        cmocka_unit_test(incidents_may_have_both_cases),
	        cmocka_unit_test(text_is_utf8_without_controls),
	        cmocka_unit_test(text_has_at_most_128_bytes),
	        cmocka_unit_test(numbers_are_canonical_and_bounded),
	        cmocka_unit_test(choices_are_whole_words),
	        cmocka_unit_test(dates_are_days_that_there_are),
	        cmocka_unit_test(times_have_one_form),
	        cmocka_unit_test(clocks_are_hours_and_minutes),
	        cmocka_unit_test(zones_have_the_letters_of_a_zones_name),
	        cmocka_unit_test(references_have_the_form_of_what_they_name),
	        cmocka_unit_test(lists_are_distinct_slugs_between_commas),
	        cmocka_unit_test(a_list_is_taken_apart_in_order),
	        cmocka_unit_test(hashes_are_64_lower_case_digits),
	        cmocka_unit_test(a_definition_of_every_noun_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
