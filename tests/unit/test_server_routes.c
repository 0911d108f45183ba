/* test_server_routes: the table of addresses leads where it says, and keeps the
 * roles apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/openapi.h"
#include "server/route.h"

#include <string.h>

static const struct route *find(enum http_method method, const char *path, struct lgp_view *id,
                                char allow[ROUTE_ALLOW_MAX])
{
	*id = (struct lgp_view){NULL, 0};
	memset(allow, 0, ROUTE_ALLOW_MAX);
	return route_find(method, lgp_view_of(path), id, allow);
}

static const char *operation(enum http_method method, const char *path)
{
	struct lgp_view id;
	char allow[ROUTE_ALLOW_MAX];
	const struct route *route = find(method, path, &id, allow);
	return route != NULL ? route->operation : "none";
}

static void every_address_leads_to_its_own_route(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		assert_string_equal(operation(routes[i].method, routes[i].pattern),
		                    routes[i].operation);
}

static void every_operation_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(routes[i].operation, routes[j].operation);
}

static void a_hole_takes_one_segment_and_gives_it(void **state)
{
	struct lgp_view id;
	char allow[ROUTE_ALLOW_MAX];
	(void)state;
	const struct route *route = find(HTTP_POST_, "/v1/entries/17/reverse", &id, allow);
	assert_string_equal(route->operation, "reverse_entry");
	assert_true(lgp_view_equal(id, LGP_VIEW("17")));
	assert_string_equal(operation(HTTP_POST_, "/v1/entries//reverse"), "none");
	assert_string_equal(operation(HTTP_GET, "/v1/entries/1/2"), "none");
	assert_string_equal(operation(HTTP_GET, "/v1/entries/"), "none");
	assert_string_equal(operation(HTTP_GET, "/tile/0/x001/234"), "get_tile");
	assert_string_equal(operation(HTTP_GET, "/tile/entries/000"), "get_entry_bundle");
}

static void lookup_is_no_customer(void **state)
{
	(void)state;
	assert_string_equal(operation(HTTP_POST_, "/v1/customers/lookup"), "look_up_customer");
	assert_string_equal(operation(HTTP_GET, "/v1/customers/c-x"), "get_customer");
}

static void another_method_says_which_there_are(void **state)
{
	struct lgp_view id;
	char allow[ROUTE_ALLOW_MAX];
	(void)state;
	assert_null(find(HTTP_DELETE_, "/v1/sites", &id, allow));
	assert_string_equal(allow, "GET, POST");
	assert_null(find(HTTP_GET, "/v1/nothing", &id, allow));
	assert_string_equal(allow, "");
}

/* INTERFACE: nobody holds both ends. */
static void the_roles_are_kept_apart(void **state)
{
	const unsigned ends = ROLE(ADMIN) | ROLE(FINANCE);
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		const struct route *route = &routes[i];
		if (strncmp(route->pattern, "/v1/grants", 10) == 0 ||
		    strcmp(route->pattern, "/v1/thanks") == 0 ||
		    strstr(route->pattern, "/reverse") != NULL)
			assert_int_equal(route->roles & (ends | ROLE(AUDITOR) | ROLE(CUSTOMER)), 0);
		if (strstr(route->pattern, "/allotments") != NULL)
			assert_int_equal(route->roles, ROLE(FINANCE));
		if (route->method == HTTP_POST_ && route->noun == LGP_KIND_STAFF)
			assert_int_equal(route->roles, ROLE(ADMIN));
	}
}

/* An act without a key could act twice. */
static void every_post_that_writes_needs_a_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		if (routes[i].method == HTTP_POST_ &&
		    strcmp(routes[i].operation, "look_up_customer") != 0)
			assert_int_not_equal(routes[i].flags & (ROUTE_KEY | ROUTE_BULK), 0);
}

static void only_what_tells_nothing_is_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		if ((routes[i].flags & (ROUTE_OPEN | ROUTE_LOG)) != 0)
			assert_int_not_equal(strncmp(routes[i].pattern, "/v1/", 4), 0);
		else
			assert_int_not_equal(routes[i].roles, 0);
}

/* That it is valid OpenAPI is held against the real answers, end to end. */
static void the_description_has_every_operation(void **state)
{
	struct buf text;
	size_t operations = 0;
	(void)state;
	buf_init(&text, OPENAPI_MAX);
	assert_true(openapi_write(&text));
	buf_add(&text, "", 1);
	for (const char *at = text.ptr; (at = strstr(at, "\"operationId\"")) != NULL; at++)
		operations++;
	assert_int_equal(operations, route_count);
	buf_deinit(&text);
}

static int start(void **state)
{
	(void)state;
	body_tables_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_address_leads_to_its_own_route),
	        cmocka_unit_test(every_operation_has_a_name_of_its_own),
	        cmocka_unit_test(a_hole_takes_one_segment_and_gives_it),
	        cmocka_unit_test(lookup_is_no_customer),
	        cmocka_unit_test(another_method_says_which_there_are),
	        cmocka_unit_test(the_roles_are_kept_apart),
	        cmocka_unit_test(every_post_that_writes_needs_a_key),
	        cmocka_unit_test(only_what_tells_nothing_is_open),
	        cmocka_unit_test(the_description_has_every_operation),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
