/* test_server_body: bodies are decoded by their tables, and what is wrong is
 * said with its field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/body.h"

#include <stdlib.h>
#include <string.h>

enum { ID, AMOUNT, KIND, SITES, WHEN, WHO, NOTE, SCOPE_ROLE, SCOPE_MAX, UNTIL };
static const struct body_field fields[] = {
        {"id", BODY_SLUG, BODY_REQUIRED, NULL, 0, 0, ""},
        {"amount", BODY_INTEGER, BODY_REQUIRED, NULL, 1, 100, ""},
        {"kind", BODY_CHOICE, 0, "money|points", 0, 0, ""},
        {"sites", BODY_REFS, BODY_CLEARABLE, NULL, 0, 0, ""},
        {"when", BODY_TIME, BODY_CLEARABLE, NULL, 0, 0, ""},
        {"who", BODY_CUSTOMER, 0, NULL, 0, 0, ""},
        {"note", BODY_WORDS, BODY_PERSONAL, NULL, 1, 10, ""},
        {"scope.role", BODY_CHOICE, BODY_CLEARABLE, "staff|manager", 0, 0, ""},
        {"scope.max", BODY_INTEGER, 0, NULL, 0, 9, ""},
        {"until", BODY_WHEN, BODY_CLEARABLE, NULL, 0, 0, ""},
};
static const struct body_table table = {"Test", sizeof fields / sizeof fields[0], fields};

static struct body body;
static struct json_document *json;
static struct lgp_idcipher *ids;

static bool decode(const char *text)
{
	return body_decode(&body, &table, false, json, ids, lgp_view_of(text));
}

static bool change(const char *text)
{
	return body_decode(&body, &table, true, json, ids, lgp_view_of(text));
}

static void assert_wrong(const char *text, const char *field)
{
	assert_false(decode(text));
	assert_string_equal(body.field, field);
	assert_string_not_equal(body.detail, "");
}

static void fields_are_found_in_any_order(void **state)
{
	(void)state;
	assert_true(decode("{\"kind\":\"points\",\"amount\":7,\"id\":\"a-b\"}"));
	assert_int_equal(body.value[AMOUNT].number, 7);
	assert_int_equal(body.value[KIND].number, 1);
	assert_true(lgp_view_equal(body.value[ID].text, LGP_VIEW("a-b")));
	assert_false(body.value[SITES].present);
	assert_false(body.personal);
}

static void an_amount_may_be_a_string_of_digits(void **state)
{
	(void)state;
	assert_true(decode("{\"id\":\"a\",\"amount\":\"42\"}"));
	assert_int_equal(body.value[AMOUNT].number, 42);
}

static void bounds_are_exact(void **state)
{
	(void)state;
	assert_true(decode("{\"id\":\"a\",\"amount\":1}"));
	assert_true(decode("{\"id\":\"a\",\"amount\":100}"));
	assert_wrong("{\"id\":\"a\",\"amount\":0}", "amount");
	assert_wrong("{\"id\":\"a\",\"amount\":101}", "amount");
	assert_true(decode("{\"id\":\"a\",\"amount\":1,\"note\":\"0123456789\"}"));
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"note\":\"01234567890\"}", "note");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"note\":\"\"}", "note");
}

static void what_is_missing_or_unknown_is_named(void **state)
{
	(void)state;
	assert_wrong("{\"id\":\"a\"}", "amount");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"colour\":2}", "colour");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"amount \":2}", "");
	assert_wrong("", "");
	assert_wrong("[]", "");
}

static void wrong_types_are_refused(void **state)
{
	(void)state;
	assert_wrong("{\"id\":5,\"amount\":1}", "id");
	assert_wrong("{\"id\":\"A\",\"amount\":1}", "id");
	assert_wrong("{\"id\":\"a\",\"amount\":1.5}", "amount");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"sites\":\"a\"}", "sites");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"sites\":[\"a\",\"B\"]}", "sites");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"who\":\"c-1\"}", "who");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"when\":\"today\"}", "when");
}

static void a_list_is_joined(void **state)
{
	(void)state;
	assert_true(decode("{\"id\":\"a\",\"amount\":1,\"sites\":[\"x\",\"y-2\"]}"));
	assert_true(lgp_view_equal(body.value[SITES].text, LGP_VIEW("x,y-2")));
}

static void a_customer_is_a_number_known_or_not(void **state)
{
	char text[80] = "{\"id\":\"a\",\"amount\":1,\"who\":\"", id[LGP_CUSTOMER_ID_LEN + 1] = "";
	(void)state;
	lgp_customer_id(ids, 77, id);
	strcat(strcat(text, id), "\"}");
	assert_true(decode(text));
	assert_int_equal(body.value[WHO].number, 77);
	assert_false(body.customer_unknown);
	assert_true(decode("{\"id\":\"a\",\"amount\":1,\"who\":\"c-77777777777777777777777777\"}"));
	assert_true(body.customer_unknown);
	assert_true((uint64_t)body.value[WHO].number == UINT64_MAX);
}

static void personal_fields_are_noticed(void **state)
{
	(void)state;
	assert_true(decode("{\"id\":\"a\",\"amount\":1,\"note\":\"l\\n2\"}"));
	assert_true(body.personal);
	assert_true(lgp_view_equal(body.value[NOTE].text, LGP_VIEW("l\n2")));
}

static void a_change_needs_nothing_but_something(void **state)
{
	(void)state;
	assert_true(change("{\"kind\":\"money\"}"));
	assert_false(change("{}"));
	assert_true(change("{\"when\":null}"));
	assert_true(body.value[WHEN].cleared);
	assert_false(change("{\"id\":null}"));
	assert_false(decode("{\"id\":\"a\",\"amount\":1,\"when\":null}"));
}

static void nouns_tables_leave_secrets_out_and_names_in(void **state)
{
	(void)state;
	const struct body_table *token = body_table_of(lgp_noun_of(LGP_KIND_TOKEN), NULL);
	const struct body_table *staff = body_table_of(lgp_noun_of(LGP_KIND_STAFF), NULL);
	bool named = false;
	for (size_t i = 0; i < token->count; i++) {
		assert_string_not_equal(token->fields[i].name, "hash");
		assert_string_not_equal(token->fields[i].name, "expires");
	}
	for (size_t i = 0; i < staff->count; i++)
		if (strcmp(staff->fields[i].name, "name") == 0)
			named = (staff->fields[i].rules & BODY_PERSONAL) != 0;
	assert_true(named);
}

static int start(void **state)
{
	const uint8_t key[LGP_KEY_LEN] = {9};
	(void)state;
	body_tables_start();
	json = json_document_new();
	return json != NULL && body_init(&body) && lgp_idcipher_new(key, &ids) == LGP_OK ? 0 : -1;
}

static void an_inner_object_has_fields_of_its_own(void **state)
{
	(void)state;
	assert_true(
	        decode("{\"id\":\"a\",\"amount\":1,\"scope\":{\"max\":3,\"role\":\"manager\"}}"));
	assert_int_equal(body.value[SCOPE_ROLE].number, 1);
	assert_int_equal(body.value[SCOPE_MAX].number, 3);
	assert_true(decode("{\"id\":\"a\",\"scope\":{},\"amount\":1}"));
	assert_false(body.value[SCOPE_ROLE].present);
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope\":{\"role\":\"x\"}}", "scope.role");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope\":{\"role\":null}}", "scope.role");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope\":{\"rol\":\"staff\"}}", "scope.rol");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope\":[]}", "scope");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope\":null}", "scope");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope.max\":3}", "scope.max");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scop\":{}}", "scop");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"\":{}}", "");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"scope\":{"
	             "\"a-name-that-is-longer-than-any-field-has\":1}}",
	             "scope.a-name-that-is-longer-tha");
}

static void when_is_a_date_or_a_time(void **state)
{
	(void)state;
	assert_true(decode("{\"id\":\"a\",\"amount\":1,\"until\":\"1970-01-11\"}"));
	assert_int_equal(body.value[UNTIL].number, 10);
	assert_int_equal(body.value[UNTIL].text.len, 10);
	assert_true(decode("{\"id\":\"a\",\"amount\":1,\"until\":\"1970-01-01T00:00:01Z\"}"));
	assert_int_equal(body.value[UNTIL].number, 1000000);
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"until\":\"1970-02-30\"}", "until");
	assert_wrong("{\"id\":\"a\",\"amount\":1,\"until\":5}", "until");
}

static int stop(void **state)
{
	(void)state;
	json_document_free(json);
	body_deinit(&body);
	lgp_idcipher_free(ids);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fields_are_found_in_any_order),
	        cmocka_unit_test(an_amount_may_be_a_string_of_digits),
	        cmocka_unit_test(bounds_are_exact),
	        cmocka_unit_test(what_is_missing_or_unknown_is_named),
	        cmocka_unit_test(wrong_types_are_refused),
	        cmocka_unit_test(a_list_is_joined),
	        cmocka_unit_test(a_customer_is_a_number_known_or_not),
	        cmocka_unit_test(personal_fields_are_noticed),
	        cmocka_unit_test(a_change_needs_nothing_but_something),
	        cmocka_unit_test(an_inner_object_has_fields_of_its_own),
	        cmocka_unit_test(when_is_a_date_or_a_time),
	        cmocka_unit_test(nouns_tables_leave_secrets_out_and_names_in),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
