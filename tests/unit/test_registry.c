/* test_registry: definitions become records, found by number, id and secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "ledger/registry.h"

static struct registry *registry;

static enum lgp_status define(uint64_t number, enum lgp_kind kind, const char *text)
{
	return registry_define(registry, number, kind, number, lgp_view_of(text));
}

static void must_define(uint64_t number, enum lgp_kind kind, const char *text)
{
	if (define(number, kind, text) != LGP_OK)
		fail_msg("%s: %s", text, lgp_fault_detail());
}

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static int setup(void **state)
{
	(void)state;
	assert_int_equal(registry_new(&registry), LGP_OK);
	must_define(3, LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	must_define(4, LGP_KIND_UNIT, "code PTS\nscale 0\nkind points\n");
	must_define(5, LGP_KIND_SITE, "id paris\ntimezone Europe/Paris\n");
	must_define(6, LGP_KIND_SITE, "id lyon\ntimezone Europe/Paris\nweek_starts sunday\n");
	must_define(7, LGP_KIND_SITE, "id nice\ntimezone Europe/Paris\n");
	must_define(8, LGP_KIND_BUDGET, "id desk\nsite paris\nunit EUR\n");
	must_define(9, LGP_KIND_BUDGET, "id bar\nsite lyon\nunit PTS\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	registry_free(registry);
	return 0;
}

static const struct lgp_record *find(enum lgp_kind noun, const char *id)
{
	return registry_find(registry, noun, lgp_view_of(id));
}

static void records_are_found_by_id_within_their_noun(void **state)
{
	(void)state;
	must_define(10, LGP_KIND_REASON, "id paris\nkind earned\n"); /* as the site's */
	assert_int_equal(find(LGP_KIND_SITE, "paris")->number, 5);
	assert_int_equal(find(LGP_KIND_REASON, "paris")->number, 10);
	assert_null(find(LGP_KIND_BUDGET, "paris"));
	assert_null(find(LGP_KIND_SITE, "pari"));
	assert_null(find(LGP_KIND_SITE, "paris2"));
	assert_null(find(LGP_KIND_SITE, ""));
	assert_null(find(LGP_KIND_SITE, "a-name-that-is-longer-than-any-slug-may-be"));
}

static void records_are_found_by_number_and_kind(void **state)
{
	(void)state;
	assert_int_equal(registry_get(registry, 8)->kind, LGP_KIND_BUDGET);
	assert_null(registry_get(registry, 0));
	assert_null(registry_get(registry, 100));
	assert_null(registry_get_kind(registry, LGP_KIND_SITE, 8));
	assert_ptr_equal(registry_get_kind(registry, LGP_KIND_BUDGET, 8),
	                 registry_get(registry, 8));
}

static void definitions_become_numbers_and_defaults(void **state)
{
	(void)state;
	const struct lgp_record *unit = registry_get(registry, 4),
	                        *site = registry_get(registry, 5);
	assert_int_equal(unit->as.unit.scale, 0);
	assert_true(unit->as.unit.points);
	assert_false(registry_get(registry, 3)->as.unit.points);
	assert_int_equal(registry_get(registry, 3)->as.unit.scale, 2);
	assert_int_equal(site->as.site.week_starts, 0);
	assert_int_equal(registry_get(registry, 6)->as.site.week_starts, 6);
	assert_int_equal(site->as.site.zone_len, strlen("Europe/Paris"));
	assert_memory_equal(site->as.site.zone, "Europe/Paris", site->as.site.zone_len);
	assert_int_equal(registry_get(registry, 8)->as.budget.site, 5);
	assert_int_equal(registry_get(registry, 8)->as.budget.unit, 3);
}

static void staff_have_a_home_and_further_sites_and_budgets(void **state)
{
	(void)state;
	must_define(10, LGP_KIND_STAFF,
	            "id anna\nrole manager\nsite paris\nsites lyon\nbudget desk\nbudgets bar\n"
	            "customer 77\nactive_from 1970-01-02\nactive_until 1970-01-11\n");
	const struct lgp_record *anna = find(LGP_KIND_STAFF, "anna");
	assert_int_equal(anna->as.staff.role, LGP_ROLE_MANAGER);
	assert_int_equal(anna->as.staff.customer, 77);
	assert_int_equal(anna->as.staff.active_from, 1);
	assert_int_equal(anna->as.staff.active_until, 10);
	assert_true(lgp_staff_at_site(anna, 5));
	assert_true(lgp_staff_at_site(anna, 6));
	assert_false(lgp_staff_at_site(anna, 7));
	assert_true(lgp_staff_has_budget(anna, 8));
	assert_true(lgp_staff_has_budget(anna, 9));
	assert_false(lgp_staff_has_budget(anna, 10));
	must_define(11, LGP_KIND_STAFF, "id marc\nrole staff\nsite nice\n");
	const struct lgp_record *marc = registry_get(registry, 11);
	assert_int_equal(marc->as.staff.active_from, INT32_MIN);
	assert_int_equal(marc->as.staff.active_until, INT32_MAX);
	assert_int_equal(marc->as.staff.budget, 0);
	assert_false(lgp_staff_at_site(marc, 5));
}

static void tokens_speak_for_staff_for_a_customer_or_for_themselves(void **state)
{
	(void)state;
	uint8_t secret[LGP_HASH_LEN];
	must_define(10, LGP_KIND_STAFF, "id anna\nrole staff\nsite paris\n");
	must_define(11, LGP_KIND_TOKEN, "role staff\nsubject anna\nhash " HASH_A "\n");
	must_define(12, LGP_KIND_TOKEN,
	            "role integration\nsites lyon,nice\nexpires 1970-01-01T00:00:01.000002Z\n"
	            "hash " HASH_B "\n");
	memset(secret, 0xaa, sizeof secret);
	const struct lgp_record *staff = registry_token(registry, secret);
	assert_int_equal(staff->number, 11);
	assert_int_equal(staff->as.token.role, LGP_ROLE_STAFF);
	assert_int_equal(staff->as.token.subject, 10);
	assert_int_equal(staff->as.token.expires_us, INT64_MAX);
	assert_int_equal(staff->as.token.sites.count, 0);
	memset(secret, 0xbb, sizeof secret);
	const struct lgp_record *till = registry_token(registry, secret);
	assert_int_equal(till->as.token.subject, 12);
	assert_int_equal(till->as.token.expires_us, 1000002);
	assert_true(lgp_numbers_hold(&till->as.token.sites, 6));
	assert_false(lgp_numbers_hold(&till->as.token.sites, 5));
	secret[31] ^= 1;
	assert_null(registry_token(registry, secret));
	must_define(13, LGP_KIND_TOKEN,
	            "role customer\ncustomer 99\n"
	            "hash cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n");
	assert_int_equal(registry_get(registry, 13)->as.token.subject, 99);
}

static void an_ended_token_is_still_known_as_ended(void **state)
{
	(void)state;
	uint8_t secret[LGP_HASH_LEN];
	must_define(10, LGP_KIND_TOKEN, "role admin\nhash " HASH_A "\n");
	memset(secret, 0xaa, sizeof secret);
	assert_false(registry_token(registry, secret)->as.token.ended);
	uint64_t version = registry_version(registry);
	registry_end(registry, 10);
	assert_true(registry_token(registry, secret)->as.token.ended);
	assert_true(registry_version(registry) > version);
}

static void an_amended_record_keeps_its_address_and_takes_the_new_values(void **state)
{
	(void)state;
	must_define(10, LGP_KIND_STAFF,
	            "id anna\nrole staff\nsite paris\nsites lyon,nice\nbudgets bar\n");
	const struct lgp_record *before = find(LGP_KIND_STAFF, "anna");
	uint64_t version = registry_version(registry);
	assert_int_equal(registry_define(registry, 10, LGP_KIND_STAFF, 20,
	                                 LGP_VIEW("id anna\nrole manager\nsite lyon\n")),
	                 LGP_OK);
	const struct lgp_record *after = find(LGP_KIND_STAFF, "anna");
	assert_ptr_equal(after, before);
	assert_int_equal(after->number, 10);
	assert_int_equal(after->defined_at, 20);
	assert_int_equal(after->as.staff.role, LGP_ROLE_MANAGER);
	assert_int_equal(after->as.staff.sites.count, 0);
	assert_true(lgp_staff_at_site(after, 6));
	assert_false(lgp_staff_at_site(after, 5));
	assert_true(registry_version(registry) > version);
	/* Still one in the list. */
	assert_null(registry_next(registry, LGP_KIND_STAFF, 10));
}

static void records_of_a_noun_come_in_the_order_of_their_numbers(void **state)
{
	(void)state;
	static const uint64_t sites[] = {5, 6, 7};
	uint64_t after = 0;
	for (size_t i = 0; i < 3; i++) {
		const struct lgp_record *site = registry_next(registry, LGP_KIND_SITE, after);
		assert_int_equal(site->number, sites[i]);
		after = site->number;
	}
	assert_null(registry_next(registry, LGP_KIND_SITE, after));
	assert_int_equal(registry_next(registry, LGP_KIND_BUDGET, 0)->number, 8);
	assert_int_equal(registry_next(registry, LGP_KIND_BUDGET, 8)->number, 9);
	assert_null(registry_next(registry, LGP_KIND_TOUCHPOINT, 0));
}

static void what_does_not_parse_or_refers_to_nothing_changes_nothing(void **state)
{
	(void)state;
	static const struct {
		enum lgp_kind kind;
		const char *text;
	} bad[] = {
	        {LGP_KIND_SITE, "id rome\n"},
	        {LGP_KIND_SITE, ""},
	        {LGP_KIND_GRANT, "id rome\n"},
	        {LGP_KIND_BUDGET, "id spa\nsite rome\nunit EUR\n"},
	        {LGP_KIND_BUDGET, "id spa\nsite paris\nunit USD\n"},
	        {LGP_KIND_STAFF, "id anna\nrole staff\nsite paris\nsites lyon,rome\n"},
	        {LGP_KIND_STAFF, "id anna\nrole staff\nsite paris\nsites lyon\nbudgets desk,spa\n"},
	        {LGP_KIND_TOKEN, "role staff\nsubject anna\nhash " HASH_A "\n"},
	        {LGP_KIND_TOKEN, "role integration\nsites paris,rome\nhash " HASH_A "\n"},
	};
	uint64_t version = registry_version(registry);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (define(50 + i, bad[i].kind, bad[i].text) != LGP_CORRUPT)
			fail_msg("taken: %s", bad[i].text);
		assert_null(registry_get(registry, 50 + i));
	}
	assert_int_equal(registry_version(registry), version);
}

static void a_thousand_of_a_noun_are_all_found(void **state)
{
	(void)state;
	char text[64], id[16];
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "id t%u\n", i);
		must_define(100 + 2 * i, LGP_KIND_TOUCHPOINT, text);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "t%u", i);
		assert_int_equal(find(LGP_KIND_TOUCHPOINT, id)->number, 100 + 2 * i);
		assert_int_equal(registry_next(registry, LGP_KIND_TOUCHPOINT, 99 + 2 * i)->number,
		                 100 + 2 * i);
	}
}

/* ---- threads ---------------------------------------------------------------------------- */

static _Atomic bool over;
static _Atomic unsigned wrong;

/* Role and site change together; nobody may see one without the other. */
static void *look(void *context)
{
	(void)context;
	while (!atomic_load(&over)) {
		registry_lock(registry);
		const struct lgp_record *anna = find(LGP_KIND_STAFF, "anna");
		bool manager = anna->as.staff.role == LGP_ROLE_MANAGER;
		if (manager != lgp_staff_at_site(anna, 6) ||
		    manager != (anna->as.staff.sites.count == 2))
			atomic_fetch_add(&wrong, 1);
		registry_unlock(registry);
	}
	return NULL;
}

static void readers_see_a_change_whole(void **state)
{
	(void)state;
	pthread_t reader[2];
	must_define(10, LGP_KIND_STAFF, "id anna\nrole staff\nsite paris\n");
	atomic_store(&over, false);
	atomic_store(&wrong, 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, look, NULL), 0);
	for (unsigned i = 0; i < 3000; i++)
		must_define(10, LGP_KIND_STAFF,
		            i % 2 == 0 ? "id anna\nrole manager\nsite paris\nsites lyon,nice\n"
		                       : "id anna\nrole staff\nsite paris\n");
	atomic_store(&over, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(reader[i], NULL);
	assert_int_equal(wrong, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void staff_are_found_by_the_account_that_is_their_own(void **state)
{
	(void)state;
	must_define(40, LGP_KIND_STAFF,
	            "id ann\nrole staff\nsite paris\nbudget desk\ncustomer 30\n");
	must_define(41, LGP_KIND_STAFF, "id bea\nrole staff\nsite paris\nbudget desk\n");
	must_define(42, LGP_KIND_STAFF,
	            "id cy\nrole staff\nsite paris\nbudget desk\ncustomer 30\n");
	assert_int_equal(registry_staff_of(registry, 30, 0)->number, 40);
	assert_int_equal(registry_staff_of(registry, 30, 1)->number, 42);
	assert_null(registry_staff_of(registry, 30, 2));
	assert_null(registry_staff_of(registry, 31, 0));
	assert_null(registry_staff_of(registry, 0, 0));
	/* Another account, none, and the first one again. */
	must_define(40, LGP_KIND_STAFF,
	            "id ann\nrole staff\nsite paris\nbudget desk\ncustomer 31\n");
	must_define(42, LGP_KIND_STAFF, "id cy\nrole staff\nsite paris\nbudget desk\n");
	assert_null(registry_staff_of(registry, 30, 0));
	assert_int_equal(registry_staff_of(registry, 31, 0)->number, 40);
	must_define(40, LGP_KIND_STAFF,
	            "id ann\nrole staff\nsite paris\nbudget desk\ncustomer 30\n");
	assert_int_equal(registry_staff_of(registry, 30, 0)->number, 40);
	assert_null(registry_staff_of(registry, 30, 1));
	assert_null(registry_staff_of(registry, 31, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(records_are_found_by_id_within_their_noun),
	        CASE(records_are_found_by_number_and_kind),
	        CASE(definitions_become_numbers_and_defaults),
	        CASE(staff_have_a_home_and_further_sites_and_budgets),
	        CASE(tokens_speak_for_staff_for_a_customer_or_for_themselves),
	        CASE(an_ended_token_is_still_known_as_ended),
	        CASE(an_amended_record_keeps_its_address_and_takes_the_new_values),
	        CASE(records_of_a_noun_come_in_the_order_of_their_numbers),
	        CASE(what_does_not_parse_or_refers_to_nothing_changes_nothing),
	        CASE(a_thousand_of_a_noun_are_all_found),
	        CASE(readers_see_a_change_whole),
	        CASE(staff_are_found_by_the_account_that_is_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
