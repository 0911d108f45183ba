/* test_datadir: key files, customer ids, and a new ledger's directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lagniappe/codec.h"
#include "lagniappe/ledger.h"

static char dir[64];
static struct lgp_keys keys;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lagniappe-dir-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (unsigned i = 0; i < 32; i++) {
		keys.signing_seed[i] = (uint8_t)i;
		keys.master[i] = (uint8_t)(64 + i);
		keys.mac[i] = (uint8_t)(128 + i);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char command[96];
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static const char *in_dir(const char *name)
{
	static char path[160];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static unsigned mode_of(const char *name)
{
	struct stat info;
	assert_int_equal(stat(in_dir(name), &info), 0);
	return info.st_mode & 07777;
}

/* ---- keys -------------------------------------------------------------------------------- */

static void keys_are_kept_and_read_back(void **state)
{
	(void)state;
	struct lgp_keys loaded;
	assert_int_equal(lgp_keys_create(dir, &keys), LGP_OK);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_OK);
	assert_memory_equal(&loaded, &keys, sizeof keys);
	lgp_keys_wipe(&loaded);
	static const struct lgp_keys zero;
	assert_memory_equal(&loaded, &zero, sizeof zero);
}

static void keys_are_their_owners_alone_whatever_the_umask(void **state)
{
	(void)state;
	mode_t before = umask(0);
	assert_int_equal(lgp_keys_create(dir, &keys), LGP_OK);
	umask(before);
	assert_int_equal(mode_of("keys"), 0700);
	assert_int_equal(mode_of("keys/signing"), 0600);
	assert_int_equal(mode_of("keys/master"), 0600);
	assert_int_equal(mode_of("keys/mac"), 0600);
}

static void keys_that_others_may_read_are_not_used(void **state)
{
	(void)state;
	static const mode_t modes[] = {0640, 0604, 0620, 0601};
	struct lgp_keys loaded;
	assert_int_equal(lgp_keys_create(dir, &keys), LGP_OK);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		assert_int_equal(chmod(in_dir("keys/master"), modes[i]), 0);
		assert_int_equal(lgp_keys_load(dir, &loaded), LGP_INVALID);
		assert_non_null(strstr(lgp_fault_detail(), "keys/master"));
	}
	assert_int_equal(chmod(in_dir("keys/master"), 0400), 0);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_OK);
}

static void a_key_of_another_length_is_not_used(void **state)
{
	(void)state;
	struct lgp_keys loaded;
	assert_int_equal(lgp_keys_create(dir, &keys), LGP_OK);
	assert_int_equal(truncate(in_dir("keys/mac"), 31), 0);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_INVALID);
	assert_int_equal(truncate(in_dir("keys/mac"), 33), 0);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_INVALID);
	assert_int_equal(truncate(in_dir("keys/mac"), 0), 0);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_INVALID);
	assert_int_equal(unlink(in_dir("keys/mac")), 0);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_MISSING);
}

static void keys_are_never_overwritten(void **state)
{
	(void)state;
	struct lgp_keys other = {.signing_seed = {9}}, loaded;
	assert_int_equal(lgp_keys_create(dir, &keys), LGP_OK);
	assert_int_equal(lgp_keys_create(dir, &other), LGP_EXISTS);
	assert_int_equal(lgp_keys_load(dir, &loaded), LGP_OK);
	assert_memory_equal(&loaded, &keys, sizeof keys);
}

/* ---- customer ids -------------------------------------------------------------------------- */

static struct lgp_idcipher *cipher_under(const uint8_t key[LGP_KEY_LEN])
{
	struct lgp_idcipher *cipher;
	assert_int_equal(lgp_idcipher_new(key, &cipher), LGP_OK);
	return cipher;
}

/* Made once, outside this project: AES-128-ECB of the number and eight zeros,
 * under BLAKE2b-128 keyed with the MAC key, in lower-case base32. */
static void ids_for_a_fixed_key_are_as_they_were(void **state)
{
	(void)state;
	static const struct {
		uint64_t number;
		const char *id;
	} golden[] = {
	        {0, "c-advy6sfngj3d7cggyeratnhdki"},
	        {1, "c-5qad7ivmyidguzwmibsp6mhocq"},
	        {UINT64_C(0x0123456789abcdef), "c-pabrqxh3iwe2jq4mc2yb4p6dja"},
	};
	struct lgp_idcipher *cipher = cipher_under(keys.mac);
	for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
		char id[LGP_CUSTOMER_ID_LEN];
		lgp_customer_id(cipher, golden[i].number, id);
		if (memcmp(id, golden[i].id, sizeof id) != 0)
			fail_msg("%.*s", (int)sizeof id, id);
	}
	lgp_idcipher_free(cipher);
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, LGP_CUSTOMER_ID_LEN);
}

static void ids_lead_back_to_their_numbers_and_are_distinct(void **state)
{
	(void)state;
	struct lgp_idcipher *cipher = cipher_under(keys.mac);
	static char all[4000][LGP_CUSTOMER_ID_LEN];
	for (size_t i = 0; i < 4000; i++) {
		uint64_t number = i < 2000 ? i : UINT64_MAX - i, back;
		lgp_customer_id(cipher, number, all[i]);
		assert_memory_equal(all[i], "c-", 2);
		assert_int_equal(lgp_customer_number(cipher,
		                                     (struct lgp_view){all[i], LGP_CUSTOMER_ID_LEN},
		                                     &back),
		                 LGP_OK);
		assert_int_equal(back, number);
	}
	qsort(all, 4000, sizeof all[0], compare_ids);
	for (size_t i = 1; i < 4000; i++)
		assert_memory_not_equal(all[i - 1], all[i], sizeof all[i]);
	lgp_idcipher_free(cipher);
}

static void an_id_that_was_never_given_is_missing(void **state)
{
	(void)state;
	struct lgp_idcipher *cipher = cipher_under(keys.mac);
	char id[LGP_CUSTOMER_ID_LEN];
	uint64_t number;
	lgp_customer_id(cipher, 42, id);
	/* One character changed: of the form, and of nobody. */
	for (size_t at = 2; at < sizeof id - 1; at++) {
		char before = id[at];
		id[at] = before == 'a' ? 'b' : 'a';
		assert_int_equal(
		        lgp_customer_number(cipher, (struct lgp_view){id, sizeof id}, &number),
		        LGP_MISSING);
		id[at] = before;
	}
	uint64_t seed = 88172645463325252u;
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t bytes[16];
		for (unsigned j = 0; j < 16; j++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bytes[j] = (uint8_t)(seed >> 32);
		}
		lgp_base32_encode16(id + 2, bytes);
		assert_int_equal(
		        lgp_customer_number(cipher, (struct lgp_view){id, sizeof id}, &number),
		        LGP_MISSING);
	}
	lgp_idcipher_free(cipher);
}

static void an_id_of_another_ledger_is_missing(void **state)
{
	(void)state;
	uint8_t other_key[LGP_KEY_LEN];
	char id[LGP_CUSTOMER_ID_LEN];
	uint64_t number;
	memcpy(other_key, keys.mac, sizeof other_key);
	other_key[31] ^= 1;
	struct lgp_idcipher *cipher = cipher_under(keys.mac), *other = cipher_under(other_key);
	lgp_customer_id(other, 42, id);
	assert_int_equal(lgp_customer_number(cipher, (struct lgp_view){id, sizeof id}, &number),
	                 LGP_MISSING);
	lgp_idcipher_free(cipher);
	lgp_idcipher_free(other);
	lgp_idcipher_free(NULL);
}

static void what_has_not_the_form_of_an_id_is_malformed(void **state)
{
	(void)state;
	struct lgp_idcipher *cipher = cipher_under(keys.mac);
	char id[LGP_CUSTOMER_ID_LEN + 1] = {0};
	uint64_t number;
	lgp_customer_id(cipher, 42, id);
	static const struct {
		size_t at;
		char c;
	} changes[] = {{0, 'C'}, {0, 'd'}, {1, '_'}, {5, 'A'},
	               {5, '1'}, {5, '0'}, {5, '='}, {27, 'b'}};
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		char bad[LGP_CUSTOMER_ID_LEN];
		memcpy(bad, id, sizeof bad);
		bad[changes[i].at] = changes[i].c;
		assert_int_equal(
		        lgp_customer_number(cipher, (struct lgp_view){bad, sizeof bad}, &number),
		        LGP_MALFORMED);
	}
	assert_int_equal(lgp_customer_number(cipher, (struct lgp_view){id, 27}, &number),
	                 LGP_MALFORMED);
	assert_int_equal(lgp_customer_number(cipher, (struct lgp_view){id, 29}, &number),
	                 LGP_MALFORMED);
	assert_int_equal(lgp_customer_number(cipher, LGP_VIEW(""), &number), LGP_MALFORMED);
	lgp_idcipher_free(cipher);
}

/* ---- a new ledger --------------------------------------------------------------------------- */

static enum lgp_status create(const char *at, const char *origin, const char *zone)
{
	struct lgp_genesis genesis = {
	        .origin = lgp_view_of(origin),
	        .timezone = lgp_view_of(zone),
	        .time_us = 1,
	        .business_date = 20000,
	        .admin_hash = {1},
	        .finance_hash = {2},
	};
	return lgp_create(at, &keys, &genesis);
}

static enum lgp_status open_there(struct lgp_ledger **out)
{
	struct lgp_options options = {.log_map_bytes = 1 << 24, .state_map_bytes = 1 << 24};
	return lgp_open(dir, &options, out);
}

static void a_new_ledger_has_three_entries_and_two_tokens(void **state)
{
	(void)state;
	struct lgp_ledger *ledger;
	const uint8_t admin[LGP_HASH_LEN] = {1}, finance[LGP_HASH_LEN] = {2};
	assert_int_equal(create(dir, "test.example/ledger", "Europe/Paris"), LGP_OK);
	assert_int_equal(open_there(&ledger), LGP_OK);
	assert_int_equal(lgp_next_seq(ledger), 3);
	assert_int_equal(lgp_registry_token(ledger, admin)->as.token.role, LGP_ROLE_ADMIN);
	assert_int_equal(lgp_registry_token(ledger, finance)->as.token.role, LGP_ROLE_FINANCE);
	assert_true(lgp_view_equal(lgp_ledger_zone(ledger), LGP_VIEW("Europe/Paris")));
	lgp_close(ledger);
	assert_int_equal(mode_of("ledger.mdb"), 0600);
	assert_int_equal(mode_of("state.mdb"), 0600);
}

static void a_directory_that_holds_a_ledger_is_left_alone(void **state)
{
	(void)state;
	struct lgp_ledger *ledger;
	assert_int_equal(create(dir, "test.example/ledger", "UTC"), LGP_OK);
	assert_int_equal(create(dir, "other.example/ledger", "UTC"), LGP_EXISTS);
	assert_int_equal(open_there(&ledger), LGP_OK);
	assert_string_equal(lgp_ledger_signer(ledger)->public.name, "test.example/ledger");
	lgp_close(ledger);
}

static void origins_and_zones_that_are_none_make_no_ledger(void **state)
{
	(void)state;
	char sub[128];
	snprintf(sub, sizeof sub, "%s/sub", dir);
	assert_int_equal(create(sub, "has blank/ledger", "UTC"), LGP_MALFORMED);
	assert_int_equal(create(sub, "a+b", "UTC"), LGP_MALFORMED);
	assert_int_equal(create(sub, "", "UTC"), LGP_MALFORMED);
	assert_int_equal(create(sub, "a", ""), LGP_MALFORMED);
	assert_int_equal(create(sub, "a", "U\nTC"), LGP_MALFORMED);
	assert_int_not_equal(access(sub, F_OK), 0);
	assert_int_equal(create("/nowhere/at/all", "a", "UTC"), LGP_IO);
}

static void a_directory_without_a_ledger_does_not_open(void **state)
{
	(void)state;
	struct lgp_ledger *ledger = NULL;
	assert_int_equal(open_there(&ledger), LGP_MISSING);
	assert_null(ledger);
	assert_int_not_equal(access(in_dir("lock"), F_OK), 0);
}

static void another_ledgers_signing_key_does_not_open_it(void **state)
{
	(void)state;
	struct lgp_ledger *ledger = NULL;
	assert_int_equal(create(dir, "test.example/ledger", "UTC"), LGP_OK);
	int fd = open(in_dir("keys/signing"), O_WRONLY);
	assert_true(write(fd, "x", 1) == 1);
	close(fd);
	assert_int_equal(open_there(&ledger), LGP_FORMAT);
	assert_non_null(strstr(lgp_fault_detail(), "keys/signing"));
}

/* As a crash in the middle leaves it: entries, and no word of a format. */
static void a_ledger_that_was_not_made_to_its_end_does_not_open(void **state)
{
	(void)state;
	struct lgp_kv_options how = {
	        .tables = lgp_log_tables, .table_count = LGP_LOG_TABLE_COUNT, .map_bytes = 1 << 24};
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn;
	struct lgp_ledger *ledger = NULL;
	assert_int_equal(create(dir, "test.example/ledger", "UTC"), LGP_OK);
	assert_int_equal(lgp_kv_open(in_dir("ledger.mdb"), &how, &kv), LGP_OK);
	assert_int_equal(lgp_kv_write_begin(kv, &txn), LGP_OK);
	assert_int_equal(lgp_kv_delete(txn, LGP_LOG_META, LGP_VIEW("format")), LGP_OK);
	assert_int_equal(lgp_kv_commit(txn), LGP_OK);
	lgp_kv_close(kv);
	assert_int_equal(open_there(&ledger), LGP_FORMAT);
	assert_non_null(strstr(lgp_fault_detail(), "init"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(keys_are_kept_and_read_back),
	        CASE(keys_are_their_owners_alone_whatever_the_umask),
	        CASE(keys_that_others_may_read_are_not_used),
	        CASE(a_key_of_another_length_is_not_used),
	        CASE(keys_are_never_overwritten),
	        CASE(ids_for_a_fixed_key_are_as_they_were),
	        CASE(ids_lead_back_to_their_numbers_and_are_distinct),
	        CASE(an_id_that_was_never_given_is_missing),
	        CASE(an_id_of_another_ledger_is_missing),
	        CASE(what_has_not_the_form_of_an_id_is_malformed),
	        CASE(a_new_ledger_has_three_entries_and_two_tokens),
	        CASE(a_directory_that_holds_a_ledger_is_left_alone),
	        CASE(origins_and_zones_that_are_none_make_no_ledger),
	        CASE(a_directory_without_a_ledger_does_not_open),
	        CASE(another_ledgers_signing_key_does_not_open_it),
	        CASE(a_ledger_that_was_not_made_to_its_end_does_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
