/* test_audit_known: at which sites customers are known, entry by entry, as far as a
 * ledger's own judge lets nobody write such entries. */
#include "tools/audit/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct findings findings;
static struct parties parties;
static struct known known;
static uint64_t next;

static int set_up(void **state)
{
	(void)state;
	next = 1;
	return parties_init(&parties, &findings) == LGP_OK && known_init(&known, &parties) == LGP_OK
	               ? 0
	               : -1;
}

static int tear_down(void **state)
{
	(void)state;
	known_deinit(&known);
	parties_deinit(&parties);
	return 0;
}

static uint64_t add(struct lgp_entry entry)
{
	entry.seq = next++;
	known_prefetch(&known, &entry);
	assert_int_equal(parties_open(&parties, &entry), LGP_OK);
	struct named named = {.of = {[FIELD_CUSTOMER] = parties_find(&parties, entry.customer),
	                             [FIELD_BUDGET] = parties_find(&parties, entry.budget),
	                             [FIELD_ACTOR] = parties_find(&parties, entry.actor)}};
	assert_int_equal(known_note(&known, &entry, &named), LGP_OK);
	return entry.seq;
}

static uint64_t open_at(uint64_t site)
{
	return add((struct lgp_entry){.kind = LGP_KIND_CUSTOMER, .customer = next, .site = site});
}

static void expect(uint64_t number, struct known_sites told)
{
	char why[KNOWN_WHY_MAX];
	if (!known_is(&known, number, &told, why))
		fail_msg("%s", why);
}

static void a_part_of_any_sort_adds_its_site(void **state)
{
	(void)state;
	uint64_t one = open_at(500), two = open_at(501);
	(void)add((struct lgp_entry){
	        .kind = LGP_KIND_THANKS, .actor = one, .customer = two, .site = 502});
	(void)add((struct lgp_entry){.kind = LGP_KIND_GRANT, .budget = one, .site = 503});
	(void)add((struct lgp_entry){.kind = LGP_KIND_ASK, .customer = two, .site = UINT64_MAX});
	(void)add((struct lgp_entry){.kind = LGP_KIND_REVERSAL, .customer = one, .site = 502});
	expect(one, (struct known_sites){.count = 3, .sites = {500, 502, 503}});
	expect(two, (struct known_sites){.count = 3, .sites = {501, 502, UINT64_MAX}});
}

static void a_customer_that_was_named_too_early_is_one(void **state)
{
	(void)state;
	(void)add((struct lgp_entry){.kind = LGP_KIND_GRANT, .actor = next + 2, .site = 500});
	(void)add((struct lgp_entry){.kind = LGP_KIND_GRANT, .budget = next + 1, .site = 500});
	uint64_t one = open_at(501);
	(void)add((struct lgp_entry){.kind = LGP_KIND_GRANT, .actor = one, .site = 502});
	expect(one, (struct known_sites){.count = 2, .sites = {501, 502}});
}

static void refusals_and_no_site_add_nothing(void **state)
{
	(void)state;
	uint64_t one = open_at(500), two = open_at(0);
	(void)add((struct lgp_entry){.kind = LGP_KIND_REFUSAL, .customer = one, .site = 501});
	(void)add((struct lgp_entry){
	        .kind = LGP_KIND_CUSTOMER, .flags = LGP_FLAG_AMEND, .customer = one});
	(void)add((struct lgp_entry){.kind = LGP_KIND_GRANT, .customer = two, .site = 501});
	expect(one, (struct known_sites){.count = 1, .sites = {500}});
	expect(two, (struct known_sites){.everywhere = true});
}

static void what_is_no_customer_is_known_nowhere(void **state)
{
	(void)state;
	uint64_t party =
	        add((struct lgp_entry){.kind = LGP_KIND_PARTY, .customer = next, .site = 500});
	(void)add((struct lgp_entry){.kind = LGP_KIND_IMPORT, .customer = party, .site = 500});
	(void)add((struct lgp_entry){
	        .kind = LGP_KIND_CUSTOMER, .flags = LGP_FLAG_AMEND, .customer = next, .site = 500});
	(void)add((struct lgp_entry){.kind = LGP_KIND_GRANT, .customer = UINT64_MAX, .site = 500});
	for (uint64_t number = 0; number < next; number++)
		expect(number, (struct known_sites){0});
	expect(UINT64_MAX, (struct known_sites){0});
}

static void the_sixteenth_site_is_everywhere(void **state)
{
	(void)state;
	uint64_t one = open_at(100);
	struct known_sites sites = {.count = KNOWN_SITES_MAX};
	for (unsigned i = 0; i < KNOWN_SITES_MAX; i++) {
		sites.sites[i] = 100 + i;
		(void)add((struct lgp_entry){
		        .kind = LGP_KIND_GRANT, .customer = one, .site = 100 + i});
	}
	expect(one, sites);
	for (unsigned i = 0; i < 3; i++) {
		(void)add((struct lgp_entry){
		        .kind = LGP_KIND_GRANT, .customer = one, .site = 200 + i});
		expect(one, (struct known_sites){.everywhere = true});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_part_of_any_sort_adds_its_site, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(a_customer_that_was_named_too_early_is_one, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(refusals_and_no_site_add_nothing, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(what_is_no_customer_is_known_nowhere, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(the_sixteenth_site_is_everywhere, set_up,
	                                        tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
