/* test_keyindex: keys found for ever, in memory, on the disk, and after every
 * way in which a file can be lost, left over or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lagniappe/codec.h"
#include "lagniappe/keyindex.h"
#include "ledger/keymerge.h"

#define SEEN_MAX 1024
#define PATH_MAX_LEN 512

/* What stands in for the log: which seqs were offered, which one is right. */
struct caller {
	uint64_t wanted; /* UINT64_MAX: none is */
	enum lgp_status fault;
	size_t seen_count;
	uint64_t seen[SEEN_MAX];
};

struct fixture {
	char dir[64];
	struct lgp_keyindex *index;
	uint64_t covered;
};

static uint64_t mix(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15u;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

/* The MAC of entry seq; MACs of other families agree with none of these. */
static const uint8_t *mac_of(uint64_t seq, unsigned family)
{
	static _Thread_local uint8_t mac[LGP_MAC_LEN];

	lgp_put_be(mac, mix(seq + ((uint64_t)family << 56)), 8);
	lgp_put_be(mac + 8, mix(~seq), 8);
	return mac;
}

static bool accept(void *context, uint64_t seq, enum lgp_status *status)
{
	struct caller *caller = context;

	if (caller->seen_count < SEEN_MAX)
		caller->seen[caller->seen_count] = seq;
	caller->seen_count++;
	*status = caller->fault;
	return seq == caller->wanted;
}

static enum lgp_status find_mac(struct lgp_keyindex *index, const uint8_t *mac,
                                struct caller *caller)
{
	caller->seen_count = 0;
	return lgp_keyindex_find(index, mac, accept, caller);
}

static enum lgp_status find(struct lgp_keyindex *index, uint64_t seq)
{
	struct caller caller = {.wanted = seq};

	return find_mac(index, mac_of(seq, 0), &caller);
}

static void open_index(struct fixture *fixture)
{
	assert_int_equal(
	        lgp_keyindex_open(fixture->dir, UINT64_MAX, &fixture->covered, &fixture->index),
	        LGP_OK);
}

static void reopen(struct fixture *fixture)
{
	lgp_keyindex_close(fixture->index);
	open_index(fixture);
}

static void add(struct fixture *fixture, uint64_t from, uint64_t to)
{
	for (uint64_t seq = from; seq < to; seq++)
		assert_int_equal(lgp_keyindex_add(fixture->index, mac_of(seq, 0), seq), LGP_OK);
}

static void flush(struct fixture *fixture, uint64_t upto)
{
	assert_true(lgp_keyindex_freeze(fixture->index, upto));
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
}

static void assert_all_found(struct fixture *fixture, uint64_t from, uint64_t to)
{
	for (uint64_t seq = from; seq < to; seq++)
		assert_int_equal(find(fixture->index, seq), LGP_OK);
}

static struct lgp_keyindex_stats stats(struct fixture *fixture)
{
	struct lgp_keyindex_stats out;

	lgp_keyindex_stats(fixture->index, &out);
	return out;
}

/* Files. */

static const char *path_of(const struct fixture *fixture, const char *name)
{
	static char path[PATH_MAX_LEN];

	snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
	return path;
}

static const char *run_path(const struct fixture *fixture, uint64_t from, uint64_t to)
{
	char name[KEYRUN_NAME_LEN + 1];

	keyrun_name_format(name, from, to);
	return path_of(fixture, name);
}

static bool run_exists(const struct fixture *fixture, uint64_t from, uint64_t to)
{
	return access(run_path(fixture, from, to), F_OK) == 0;
}

static size_t read_file(const char *path, uint8_t *out, size_t max)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t len = fread(out, 1, max, file);
	assert_int_equal(fclose(file), 0);
	return len;
}

static void write_file(const char *path, const uint8_t *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void flip_bit(const char *path, off_t offset, unsigned bit)
{
	uint8_t byte;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte = (uint8_t)(byte ^ 1u << bit);
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

/* Files in the directory, and their bytes. */
static size_t count_files(const struct fixture *fixture, uint64_t *bytes)
{
	DIR *dir = opendir(fixture->dir);
	struct dirent *entry;
	struct stat info;
	size_t count = 0;

	assert_non_null(dir);
	*bytes = 0;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(stat(path_of(fixture, entry->d_name), &info), 0);
		*bytes += (uint64_t)info.st_size;
		count++;
	}
	closedir(dir);
	return count;
}

static void delete_files(const struct fixture *fixture)
{
	DIR *dir = opendir(fixture->dir);
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			unlink(path_of(fixture, entry->d_name));
	}
	closedir(dir);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->dir, "/tmp/lagniappe-keys-XXXXXX");
	if (mkdtemp(fixture->dir) == NULL)
		return -1;
	*state = fixture;
	return lgp_keyindex_open(fixture->dir, UINT64_MAX, &fixture->covered, &fixture->index) ==
	                       LGP_OK
	               ? 0
	               : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	lgp_keyindex_close(fixture->index);
	delete_files(fixture);
	rmdir(fixture->dir);
	free(fixture);
	return 0;
}

/* Where keys are found. */

static void key_is_found_in_memory_frozen_in_a_run_and_after_reopen(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture->covered, 0);
	add(fixture, 0, 1000);
	assert_all_found(fixture, 0, 1000);
	assert_true(lgp_keyindex_freeze(fixture->index, 1000));
	assert_all_found(fixture, 0, 1000);
	assert_int_equal(stats(fixture).recent, 1000);
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
	assert_all_found(fixture, 0, 1000);
	assert_int_equal(stats(fixture).recent, 0);
	assert_int_equal(stats(fixture).stored, 1000);
	reopen(fixture);
	assert_int_equal(fixture->covered, 1000);
	assert_all_found(fixture, 0, 1000);
}

static void key_that_was_never_added_is_missing(void **state)
{
	struct fixture *fixture = *state;
	struct caller caller = {.wanted = UINT64_MAX};

	assert_int_equal(find_mac(fixture->index, mac_of(0, 1), &caller), LGP_MISSING);
	add(fixture, 0, 3000);
	flush(fixture, 1000);
	assert_true(lgp_keyindex_freeze(fixture->index, 2000));
	for (uint64_t i = 0; i < 3000; i++) {
		assert_int_equal(find_mac(fixture->index, mac_of(i, 1), &caller), LGP_MISSING);
		assert_int_equal(caller.seen_count, 0);
	}
}

static void candidates_fault_ends_the_search(void **state)
{
	struct fixture *fixture = *state;
	struct caller caller = {.wanted = UINT64_MAX, .fault = LGP_IO};

	add(fixture, 0, 2);
	assert_int_equal(find_mac(fixture->index, mac_of(1, 0), &caller), LGP_IO);
	flush(fixture, 2);
	assert_int_equal(find_mac(fixture->index, mac_of(1, 0), &caller), LGP_IO);
	assert_int_equal(caller.seen_count, 1);
}

/* MACs that agree in their first 8 bytes alone. */
static const uint8_t *colliding_mac(uint64_t seq)
{
	static uint8_t mac[LGP_MAC_LEN];

	memset(mac, 0xa5, 8);
	lgp_put_be(mac + 8, seq, 8);
	return mac;
}

static void assert_candidates_newest_first(struct fixture *fixture, uint64_t count)
{
	struct caller caller = {.wanted = UINT64_MAX};

	assert_int_equal(find_mac(fixture->index, colliding_mac(0), &caller), LGP_MISSING);
	assert_int_equal(caller.seen_count, count);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(caller.seen[i], count - 1 - i);
	caller.wanted = 0;
	assert_int_equal(find_mac(fixture->index, colliding_mac(0), &caller), LGP_OK);
}

static void colliding_prefixes_give_all_candidates_newest_first(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t seq = 0; seq < 900; seq++) {
		if (seq == 600) /* memory only, more than one link's worth */
			assert_candidates_newest_first(fixture, 600);
		if (seq == 600)
			flush(fixture, 600);
		if (seq == 700)
			flush(fixture, 700);
		assert_int_equal(lgp_keyindex_add(fixture->index, colliding_mac(seq), seq), LGP_OK);
		if (seq == 800)
			assert_true(lgp_keyindex_freeze(fixture->index, 800));
	}
	assert_int_equal(stats(fixture).runs, 2);
	assert_candidates_newest_first(fixture, 900); /* active, frozen, two runs */
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
	flush(fixture, 900);
	assert_int_equal(stats(fixture).runs, 1);
	assert_candidates_newest_first(fixture, 900); /* merged */
	reopen(fixture);
	assert_candidates_newest_first(fixture, 900);
}

static void entries_from_the_freeze_on_stay_in_memory(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 0, 100);
	flush(fixture, 60);
	assert_int_equal(stats(fixture).recent, 40);
	assert_int_equal(stats(fixture).stored, 60);
	assert_all_found(fixture, 0, 100);
	reopen(fixture);
	assert_int_equal(fixture->covered, 60);
	assert_all_found(fixture, 0, 60);
	for (uint64_t seq = 60; seq < 100; seq++)
		assert_int_equal(find(fixture->index, seq), LGP_MISSING);
}

static void second_freeze_waits_for_the_first_ones_flush(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 0, 10);
	assert_true(lgp_keyindex_freeze(fixture->index, 5));
	assert_false(lgp_keyindex_freeze(fixture->index, 10));
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
	assert_true(lgp_keyindex_freeze(fixture->index, 10));
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
	assert_int_equal(stats(fixture).stored, 10);
}

static void freeze_below_what_is_covered_sets_nothing_aside(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 0, 10);
	flush(fixture, 10);
	assert_true(lgp_keyindex_freeze(fixture->index, 10));
	assert_true(lgp_keyindex_freeze(fixture->index, 3));
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
	assert_int_equal(stats(fixture).runs, 1);
}

static void entries_without_keys_are_covered_too(void **state)
{
	struct fixture *fixture = *state;

	flush(fixture, 50);
	reopen(fixture);
	assert_int_equal(fixture->covered, 50);
	add(fixture, 70, 100);
	flush(fixture, 120);
	for (uint64_t upto = 130; upto < 200; upto += 10)
		flush(fixture, upto);
	assert_int_equal(stats(fixture).stored, 30);
	assert_true(stats(fixture).runs <= 2);
	reopen(fixture);
	assert_int_equal(fixture->covered, 190);
	assert_all_found(fixture, 70, 100);
}

static void add_of_a_covered_entry_is_passed_over(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 0, 20);
	flush(fixture, 20);
	add(fixture, 0, 30);
	assert_int_equal(stats(fixture).recent, 10);
	assert_all_found(fixture, 0, 30);
}

/* The file. */

/* Checked against a Python program that builds the same bytes from the table in
 * ledger/keyrun.h, with hashlib's BLAKE2b and a SipHash of its own. */
static void runs_bytes_are_these(void **state)
{
	static const char golden[] =
	        "4c47504b4559533103000000000000000000000000000000557698badcfe0000010000000000"
	        "00000000000000000000720b84d56cfe42d238495f180bba9df100000000fac9464801000000"
	        "2000000001004000000000000100000400000000010000000002000001000000200000000100"
	        "40000000000001000004000000001234000000000000060000000000a5a5a5a5a5a5a5a55476"
	        "98badcfea5a5a5a5a5a5a5a5050000000000";
	static const struct keyrun_record records[] = {{0x1234000000000000, 6},
	                                               {0xa5a5a5a5a5a5a5a5, 0xfedcba987654},
	                                               {0xa5a5a5a5a5a5a5a5, 5}};
	struct fixture *fixture = *state;
	struct keyrun_dir dir = {.fd = open(fixture->dir, O_RDONLY), .path = fixture->dir};
	struct keyrun_writer *writer;
	struct keyrun *run;
	uint8_t bytes[400];
	char hex[2 * sizeof(bytes) + 1] = "";

	assert_int_equal(keyrun_writer_new(&dir, 0, 0xfedcba987655, 3, &writer), LGP_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(keyrun_writer_add(writer, &records[i]), LGP_OK);
	assert_int_equal(keyrun_writer_finish(writer, &run), LGP_OK);
	keyrun_close(run);
	close(dir.fd);
	size_t len = read_file(run_path(fixture, 0, 0xfedcba987655), bytes, sizeof(bytes));
	lgp_hex_encode(hex, bytes, len);
	assert_string_equal(hex, golden);
}

static void file_names_parse_back_and_no_others_do(void **state)
{
	char name[KEYRUN_NAME_LEN + 1];
	uint64_t from, to;

	(void)state;
	keyrun_name_format(name, 7, UINT64_MAX);
	assert_string_equal(name, "keys-00000000000000000007-18446744073709551615.run");
	assert_true(keyrun_name_parse(name, &from, &to));
	assert_int_equal(from, 7);
	assert_true(to == UINT64_MAX);
	assert_false(keyrun_name_parse("keys-00000000000000000007-18446744073709551616.run", &from,
	                               &to));
	assert_false(keyrun_name_parse("keys-00000000000000000007-00000000000000000007.run", &from,
	                               &to));
	assert_false(keyrun_name_parse("keys-0000000000000000007x-00000000000000000009.run", &from,
	                               &to));
	assert_false(keyrun_name_parse("keys-00000000000000000007-00000000000000000009.run.tmp",
	                               &from, &to));
	assert_false(keyrun_name_parse("", &from, &to));
}

/* Crashes: what each step leaves. */

static void crash_while_writing_leaves_a_temporary_file_that_is_swept(void **state)
{
	struct fixture *fixture = *state;
	uint64_t bytes;

	add(fixture, 0, 100);
	flush(fixture, 100);
	write_file(path_of(fixture,
	                   "keys-00000000000000000100-00000000000000000200.run" KEYRUN_TMP_SUFFIX),
	           (const uint8_t *)"half", 4);
	write_file(path_of(fixture, "state.mdb"), (const uint8_t *)"x", 1);
	write_file(path_of(fixture, "people.tmp"), (const uint8_t *)"x", 1);
	reopen(fixture);
	assert_int_equal(fixture->covered, 100);
	assert_int_equal(count_files(fixture, &bytes), 3); /* the run and what is not ours */
	assert_all_found(fixture, 0, 100);
}

static void crash_before_the_parts_are_deleted_leaves_them_to_the_next_open(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t first[4096], second[4096];
	uint64_t bytes;

	add(fixture, 0, 100);
	flush(fixture, 100);
	size_t first_len = read_file(run_path(fixture, 0, 100), first, sizeof(first));
	add(fixture, 100, 140);
	flush(fixture, 140);
	size_t second_len = read_file(run_path(fixture, 100, 140), second, sizeof(second));
	add(fixture, 140, 200);
	flush(fixture, 200);
	assert_true(run_exists(fixture, 0, 200));
	assert_int_equal(count_files(fixture, &bytes), 1);
	write_file(run_path(fixture, 0, 100), first, first_len);
	write_file(run_path(fixture, 100, 140), second, second_len);
	reopen(fixture);
	assert_int_equal(fixture->covered, 200);
	assert_int_equal(stats(fixture).runs, 1);
	assert_int_equal(count_files(fixture, &bytes), 1);
	assert_all_found(fixture, 0, 200);
}

static void damaged_merged_run_yields_to_its_parts(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t first[4096], second[4096];

	add(fixture, 0, 100);
	flush(fixture, 100);
	size_t first_len = read_file(run_path(fixture, 0, 100), first, sizeof(first));
	add(fixture, 100, 120);
	flush(fixture, 120);
	size_t second_len = read_file(run_path(fixture, 100, 120), second, sizeof(second));
	add(fixture, 120, 200);
	flush(fixture, 200);
	write_file(run_path(fixture, 0, 100), first, first_len);
	write_file(run_path(fixture, 100, 120), second, second_len);
	flip_bit(run_path(fixture, 0, 200), 70, 3);
	reopen(fixture);
	assert_int_equal(fixture->covered, 120);
	assert_false(run_exists(fixture, 0, 200));
	assert_all_found(fixture, 0, 120);
}

/* Three runs of falling size, which do not merge: [0,1000) [1000,1300) [1300,1400). */
static void make_three_runs(struct fixture *fixture)
{
	add(fixture, 0, 1000);
	flush(fixture, 1000);
	add(fixture, 1000, 1300);
	flush(fixture, 1300);
	add(fixture, 1300, 1400);
	flush(fixture, 1400);
	assert_int_equal(stats(fixture).runs, 3);
}

static void assert_covered_after_reopen(struct fixture *fixture, uint64_t covered, size_t files)
{
	uint64_t bytes;

	reopen(fixture);
	assert_int_equal(fixture->covered, covered);
	assert_int_equal(count_files(fixture, &bytes), files);
	assert_all_found(fixture, 0, covered);
	add(fixture, covered, 1400); /* what the caller does next */
	assert_all_found(fixture, 0, 1400);
	flush(fixture, 1400);
	reopen(fixture);
	assert_int_equal(fixture->covered, 1400);
	assert_all_found(fixture, 0, 1400);
}

static void gap_ends_what_is_covered_and_deletes_what_is_behind_it(void **state)
{
	struct fixture *fixture = *state;

	make_three_runs(fixture);
	assert_int_equal(unlink(run_path(fixture, 1000, 1300)), 0);
	assert_covered_after_reopen(fixture, 1000, 1);
}

static void missing_first_run_leaves_nothing_covered(void **state)
{
	struct fixture *fixture = *state;

	make_three_runs(fixture);
	assert_int_equal(unlink(run_path(fixture, 0, 1000)), 0);
	assert_covered_after_reopen(fixture, 0, 0);
}

static void run_that_overlaps_is_deleted(void **state)
{
	struct fixture *fixture = *state;
	struct keyrun_dir dir = {.fd = open(fixture->dir, O_RDONLY), .path = fixture->dir};
	struct keyrun_writer *writer;
	struct keyrun *run;

	make_three_runs(fixture);
	assert_int_equal(keyrun_writer_new(&dir, 900, 1350, 0, &writer), LGP_OK);
	assert_int_equal(keyrun_writer_finish(writer, &run), LGP_OK);
	keyrun_close(run);
	close(dir.fd);
	assert_covered_after_reopen(fixture, 1400, 3);
}

static void truncated_run_is_deleted(void **state)
{
	struct fixture *fixture = *state;

	make_three_runs(fixture);
	assert_int_equal(truncate(run_path(fixture, 1000, 1300), 3000), 0);
	assert_covered_after_reopen(fixture, 1000, 1);
}

static void empty_file_is_deleted(void **state)
{
	struct fixture *fixture = *state;

	make_three_runs(fixture);
	assert_int_equal(truncate(run_path(fixture, 1300, 1400), 0), 0);
	assert_covered_after_reopen(fixture, 1300, 2);
}

static void renamed_run_is_deleted(void **state)
{
	struct fixture *fixture = *state;
	char old[PATH_MAX_LEN];

	make_three_runs(fixture);
	strcpy(old, run_path(fixture, 1300, 1400));
	assert_int_equal(rename(old, run_path(fixture, 1300, 1500)), 0);
	assert_covered_after_reopen(fixture, 1300, 2);
}

static void any_bit_flipped_in_header_or_filter_is_noticed_at_open(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t whole[4096];

	add(fixture, 0, 70);
	flush(fixture, 70);
	size_t len = read_file(run_path(fixture, 0, 70), whole, sizeof(whole));
	assert_int_equal(len, 64 + 3 * 64 + 70 * 14);
	for (off_t offset = 0; offset < 64 + 3 * 64; offset++) {
		flip_bit(run_path(fixture, 0, 70), offset, (unsigned)offset % 8);
		reopen(fixture);
		assert_int_equal(fixture->covered, 0);
		assert_false(run_exists(fixture, 0, 70));
		write_file(run_path(fixture, 0, 70), whole, len);
	}
	reopen(fixture);
	assert_int_equal(fixture->covered, 70);
}

static void any_bit_flipped_in_a_record_is_a_fault_and_never_a_miss(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t whole[4096];
	const size_t records = 64 + 3 * 64;

	add(fixture, 0, 70);
	flush(fixture, 70);
	size_t len = read_file(run_path(fixture, 0, 70), whole, sizeof(whole));
	for (size_t offset = records; offset < len; offset++) {
		uint64_t seq = lgp_get_le(whole + offset - (offset - records) % 14 + 8, 6);
		flip_bit(run_path(fixture, 0, 70), (off_t)offset, offset % 8);
		assert_int_equal(find(fixture->index, seq), LGP_CORRUPT);
		assert_non_null(strstr(lgp_fault_detail(), "restart"));
		assert_false(run_exists(fixture, 0, 70));
		reopen(fixture);
		assert_int_equal(fixture->covered, 0);
		write_file(run_path(fixture, 0, 70), whole, len);
		reopen(fixture);
		assert_int_equal(fixture->covered, 70);
	}
}

static void flipped_bit_in_a_record_stops_the_merge(void **state)
{
	struct fixture *fixture = *state;
	uint64_t bytes;

	make_three_runs(fixture);
	flip_bit(run_path(fixture, 1000, 1300), 64 + 9 * 64 + 299 * 14 + 10, 0);
	add(fixture, 1400, 1900);
	assert_true(lgp_keyindex_freeze(fixture->index, 1900));
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_CORRUPT);
	assert_int_equal(stats(fixture).recent, 0); /* the flush itself was done */
	assert_int_equal(stats(fixture).runs, 4);
	assert_false(run_exists(fixture, 1000, 1300));
	assert_int_equal(count_files(fixture, &bytes), 3);
	reopen(fixture);
	assert_int_equal(fixture->covered, 1000);
	add(fixture, 1000, 1900);
	flush(fixture, 1900);
	assert_all_found(fixture, 0, 1900);
}

static void run_cut_short_while_open_is_a_fault(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 0, 70);
	flush(fixture, 70);
	assert_int_equal(truncate(run_path(fixture, 0, 70), 64 + 3 * 64), 0);
	assert_int_equal(find(fixture->index, 3), LGP_CORRUPT);
}

static void directory_that_is_not_there_is_a_fault(void **state)
{
	struct lgp_keyindex *index;
	uint64_t covered;

	(void)state;
	assert_int_equal(lgp_keyindex_open("/tmp/lagniappe-keys-none", 0, &covered, &index),
	                 LGP_IO);
	assert_non_null(strstr(lgp_fault_detail(), "/tmp/lagniappe-keys-none"));
}

/* The file system refuses bytes past a bound, at each of many bounds. */
static void failed_flush_loses_no_key_and_the_next_one_makes_it_good(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit old, tight;
	uint64_t bytes;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	add(fixture, 0, 8000);
	flush(fixture, 8000);
	add(fixture, 8000, 14000);
	assert_true(lgp_keyindex_freeze(fixture->index, 14000));
	for (tight.rlim_cur = 0; tight.rlim_cur < 96000; tight.rlim_cur += 4000) {
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
		enum lgp_status status = lgp_keyindex_flush(fixture->index);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(status, LGP_FULL);
		assert_int_equal(count_files(fixture, &bytes), 1);
	}
	assert_all_found(fixture, 0, 14000);
	tight.rlim_cur = 100000; /* enough for the run, not for the merge */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_FULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(stats(fixture).runs, 2);
	assert_all_found(fixture, 0, 14000);
	assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
	assert_int_equal(stats(fixture).runs, 1);
	assert_all_found(fixture, 0, 14000);
}

/* Merges. */

static struct keyrun *write_run(const struct keyrun_dir *dir, uint64_t from, uint64_t to,
                                uint64_t step)
{
	struct keyrun_writer *writer;
	struct keyrun *run;

	assert_int_equal(keyrun_writer_new(dir, from, to, to - from, &writer), LGP_OK);
	for (uint64_t i = 0; i < to - from; i++) {
		struct keyrun_record record = {.prefix = (i + 1) * step, .seq = from + i};
		assert_int_equal(keyrun_writer_add(writer, &record), LGP_OK);
	}
	assert_int_equal(keyrun_writer_finish(writer, &run), LGP_OK);
	assert_int_equal(keyrun_load(run), LGP_OK);
	return run;
}

static void merge_in_steps_of_one_gives_every_record_in_order(void **state)
{
	struct fixture *fixture = *state;
	struct keyrun_dir dir = {.fd = open(fixture->dir, O_RDONLY), .path = fixture->dir};
	struct keyrun *part[] = {write_run(&dir, 0, 500, UINT64_MAX / 700),
	                         write_run(&dir, 500, 900, UINT64_MAX / 1400),
	                         write_run(&dir, 900, 901, UINT64_MAX / 2)};
	struct keyrun_record last = {0}, record;
	struct keyrun_cursor *cursor;
	struct keymerge *merge;
	struct keyrun *merged;
	size_t steps = 0, records = 0;
	enum lgp_status status;

	assert_int_equal(keymerge_new(&dir, part, 3, &merge), LGP_OK);
	while ((status = keymerge_step(merge, 1)) == LGP_MISSING)
		steps++;
	assert_int_equal(status, LGP_OK);
	assert_int_equal(steps, 900);
	assert_int_equal(keymerge_finish(merge, &merged), LGP_OK);
	assert_int_equal(keyrun_load(merged), LGP_OK);
	assert_int_equal(keyrun_cursor_new(merged, &cursor), LGP_OK);
	while ((status = keyrun_cursor_next(cursor, &record)) == LGP_OK) {
		assert_true(record.prefix > last.prefix ||
		            (record.prefix == last.prefix && record.seq < last.seq));
		last = record;
		records++;
	}
	assert_int_equal(status, LGP_MISSING);
	assert_int_equal(records, 901);
	keyrun_cursor_free(cursor);
	for (size_t i = 0; i < 3; i++)
		keyrun_close(part[i]);
	keyrun_close(merged);
	close(dir.fd);
}

static void run_is_searched_on_the_disk_until_its_filter_is_loaded(void **state)
{
	struct fixture *fixture = *state;
	struct keyrun_dir dir = {.fd = open(fixture->dir, O_RDONLY), .path = fixture->dir};
	const uint64_t step = UINT64_MAX / 600;
	struct keyrun *run;

	keyrun_close(write_run(&dir, 0, 500, step));
	assert_int_equal(keyrun_open(&dir, 0, 500, &run), LGP_OK);
	assert_false(keyrun_loaded(run));
	for (uint64_t i = 0; i < 500; i++) {
		struct caller caller = {.wanted = i};
		assert_int_equal(keyrun_find(run, (i + 1) * step, accept, &caller), LGP_OK);
		assert_int_equal(keyrun_find(run, (i + 1) * step + 1, accept, &caller),
		                 LGP_MISSING);
	}
	keyrun_close(run);
	close(dir.fd);
}

static void records_out_of_order_are_not_written(void **state)
{
	struct fixture *fixture = *state;
	struct keyrun_dir dir = {.fd = open(fixture->dir, O_RDONLY), .path = fixture->dir};
	struct keyrun_writer *writer;
	uint64_t bytes;

	assert_int_equal(keyrun_writer_new(&dir, 0, 9, 3, &writer), LGP_OK);
	assert_int_equal(keyrun_writer_add(writer, &(struct keyrun_record){5, 5}), LGP_OK);
	assert_int_equal(keyrun_writer_add(writer, &(struct keyrun_record){5, 6}), LGP_CORRUPT);
	assert_int_equal(keyrun_writer_add(writer, &(struct keyrun_record){4, 6}), LGP_CORRUPT);
	keyrun_writer_abort(writer);
	close(dir.fd);
	assert_int_equal(count_files(fixture, &bytes), 0);
}

/* Many. */

/* DESIGN's bounds, with memory that the index itself takes counted in. */
static void million_keys_stay_within_their_memory_and_disk(void **state)
{
	struct fixture *fixture = *state;
	struct caller caller = {.wanted = UINT64_MAX};
	const uint64_t keys = 1000000, flushes = 20;
	uint64_t bytes, false_candidates = 0;

	for (uint64_t i = 0; i < flushes; i++) {
		add(fixture, i * keys / flushes, (i + 1) * keys / flushes);
		flush(fixture, (i + 1) * keys / flushes);
		count_files(fixture, &bytes);
		assert_true(bytes <= 32 * stats(fixture).stored);
	}
	assert_int_equal(stats(fixture).stored, keys);
	assert_true(stats(fixture).memory_bytes <= 2 * keys);
	assert_true(stats(fixture).memory_bytes >= keys); /* the filters are loaded */
	assert_true(bytes <= 16 * keys);
	assert_true(stats(fixture).runs <= 6);
	assert_all_found(fixture, 0, keys);
	for (uint64_t i = 0; i < keys; i++) {
		assert_int_equal(find_mac(fixture->index, mac_of(i, 1), &caller), LGP_MISSING);
		false_candidates += caller.seen_count;
	}
	assert_true(false_candidates < keys / 100);
	reopen(fixture);
	assert_int_equal(fixture->covered, keys);
	assert_int_equal(stats(fixture).stored, keys);
	assert_true(stats(fixture).memory_bytes <= 2 * keys);
	assert_all_found(fixture, keys - 1000, keys);
}

/* The share of absent keys for which the filter lets a read happen: seen in
 * what the process reads from a file that was emptied behind its back. */
static void filter_lets_less_than_one_miss_in_a_hundred_through(void **state)
{
	struct fixture *fixture = *state;
	struct caller caller = {.wanted = UINT64_MAX};
	const uint64_t keys = 100000;
	uint64_t through = 0;

	add(fixture, 0, keys);
	flush(fixture, keys);
	assert_int_equal(truncate(run_path(fixture, 0, keys), 0), 0);
	for (uint64_t i = 0; i < keys; i++) {
		enum lgp_status status = find_mac(fixture->index, mac_of(i, 1), &caller);
		assert_true(status == LGP_MISSING || status == LGP_CORRUPT);
		through += status == LGP_CORRUPT;
	}
	assert_true(through > 0); /* else this test sees nothing */
	assert_true(through < keys / 100);
}

static enum lgp_status find_prefix(struct fixture *fixture, uint64_t prefix, uint64_t seq)
{
	uint8_t mac[LGP_MAC_LEN] = {0};
	struct caller caller = {.wanted = seq};

	lgp_put_be(mac, prefix, 8);
	return find_mac(fixture->index, mac, &caller);
}

/* A flush merges a million records at least; this merge is of 1.4 million. */
static void large_merge_goes_on_over_flushes_and_starts_again_after_a_stop(void **state)
{
	struct fixture *fixture = *state;
	struct keyrun_dir dir = {.fd = open(fixture->dir, O_RDONLY), .path = fixture->dir};
	const uint64_t half = 700000, step = UINT64_MAX / half;
	uint64_t bytes;

	keyrun_close(write_run(&dir, 0, half, step));
	keyrun_close(write_run(&dir, half, 2 * half, step - 1));
	close(dir.fd);
	for (unsigned stopped = 0; stopped < 2; stopped++) {
		reopen(fixture);
		assert_int_equal(count_files(fixture, &bytes), 2);
		assert_int_equal(lgp_keyindex_flush(fixture->index), LGP_OK);
		assert_int_equal(stats(fixture).runs, 2);
		assert_int_equal(count_files(fixture, &bytes), 3); /* under way */
		assert_true(bytes <= 32 * 2 * half);
	}
	add(fixture, 2 * half, 2 * half + 9);
	flush(fixture, 2 * half + 9);
	assert_int_equal(stats(fixture).runs, 2);
	assert_int_equal(count_files(fixture, &bytes), 2);
	assert_all_found(fixture, 2 * half, 2 * half + 9);
	for (uint64_t i = 0; i < half; i += 100) {
		assert_int_equal(find_prefix(fixture, (i + 1) * step, i), LGP_OK);
		assert_int_equal(find_prefix(fixture, (i + 1) * (step - 1), half + i), LGP_OK);
	}
}

struct race {
	struct lgp_keyindex *index;
	atomic_bool stop;
	enum lgp_status status;
	size_t flushes;
};

static void *flush_on_and_on(void *context)
{
	struct race *race = context;
	struct lgp_keyindex_stats stats;

	race->status = LGP_OK;
	while (race->status == LGP_OK && !atomic_load(&race->stop)) {
		race->status = lgp_keyindex_flush(race->index);
		lgp_keyindex_stats(race->index, &stats);
		race->flushes++;
	}
	return NULL;
}

static void keys_are_found_while_another_thread_flushes_and_merges(void **state)
{
	struct fixture *fixture = *state;
	struct caller caller = {.wanted = UINT64_MAX};
	struct race race = {.index = fixture->index};
	pthread_t applier;
	uint64_t seq = 0;

	assert_int_equal(pthread_create(&applier, NULL, flush_on_and_on, &race), 0);
	for (size_t frozen = 0; frozen < 60;) {
		assert_int_equal(lgp_keyindex_add(fixture->index, mac_of(seq, 0), seq), LGP_OK);
		seq++;
		assert_int_equal(find(fixture->index, mix(seq) % seq), LGP_OK);
		assert_int_equal(find_mac(fixture->index, mac_of(seq, 1), &caller), LGP_MISSING);
		if (seq % 200 == 0 && lgp_keyindex_freeze(fixture->index, seq - 7))
			frozen++;
	}
	atomic_store(&race.stop, true);
	assert_int_equal(pthread_join(applier, NULL), 0);
	assert_int_equal(race.status, LGP_OK);
	assert_all_found(fixture, 0, seq);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(key_is_found_in_memory_frozen_in_a_run_and_after_reopen),
	        CASE(key_that_was_never_added_is_missing),
	        CASE(candidates_fault_ends_the_search),
	        CASE(colliding_prefixes_give_all_candidates_newest_first),
	        CASE(entries_from_the_freeze_on_stay_in_memory),
	        CASE(second_freeze_waits_for_the_first_ones_flush),
	        CASE(freeze_below_what_is_covered_sets_nothing_aside),
	        CASE(entries_without_keys_are_covered_too),
	        CASE(add_of_a_covered_entry_is_passed_over),
	        CASE(runs_bytes_are_these),
	        cmocka_unit_test(file_names_parse_back_and_no_others_do),
	        CASE(crash_while_writing_leaves_a_temporary_file_that_is_swept),
	        CASE(crash_before_the_parts_are_deleted_leaves_them_to_the_next_open),
	        CASE(damaged_merged_run_yields_to_its_parts),
	        CASE(gap_ends_what_is_covered_and_deletes_what_is_behind_it),
	        CASE(missing_first_run_leaves_nothing_covered),
	        CASE(run_that_overlaps_is_deleted),
	        CASE(truncated_run_is_deleted),
	        CASE(empty_file_is_deleted),
	        CASE(renamed_run_is_deleted),
	        CASE(any_bit_flipped_in_header_or_filter_is_noticed_at_open),
	        CASE(any_bit_flipped_in_a_record_is_a_fault_and_never_a_miss),
	        CASE(flipped_bit_in_a_record_stops_the_merge),
	        CASE(run_cut_short_while_open_is_a_fault),
	        cmocka_unit_test(directory_that_is_not_there_is_a_fault),
	        CASE(failed_flush_loses_no_key_and_the_next_one_makes_it_good),
	        CASE(merge_in_steps_of_one_gives_every_record_in_order),
	        CASE(run_is_searched_on_the_disk_until_its_filter_is_loaded),
	        CASE(records_out_of_order_are_not_written),
	        CASE(million_keys_stay_within_their_memory_and_disk),
	        CASE(filter_lets_less_than_one_miss_in_a_hundred_through),
	        CASE(large_merge_goes_on_over_flushes_and_starts_again_after_a_stop),
	        CASE(keys_are_found_while_another_thread_flushes_and_merges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
