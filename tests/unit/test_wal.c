/* test_wal: the write-ahead log's bytes, and where a generation ends. */
#include "lagniappe/wal.h"

#include "lagniappe/codec.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_LEN 128

static char dir[64];
static struct lgp_wal *wal;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lagniappe-wal-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(lgp_wal_open(dir, &wal), LGP_OK);
	return 0;
}

static int teardown(void **state)
{
	char command[96];
	(void)state;
	lgp_wal_close(wal);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static const char *path(unsigned i)
{
	static char out[96];
	snprintf(out, sizeof out, "%s/ledger.wal-%u", dir, i);
	return out;
}

static void put(unsigned table, const char *key, const char *value)
{
	assert_int_equal(lgp_wal_put(wal, table, lgp_view_of(key), lgp_view_of(value)), LGP_OK);
}

/* A record of one put. */
static void commit(uint64_t size, const char *value)
{
	struct lgp_wal_base base = {.size = size, .root = {{9}}};
	put(3, "key", value);
	assert_int_equal(lgp_wal_commit(wal, &base), LGP_OK);
	lgp_wal_forget(wal);
}

/* The values of a generation, one after another, each with the size before it. */
static enum lgp_status join(void *context, const struct lgp_wal_base *base, struct lgp_view puts)
{
	char *out = context;
	struct lgp_wal_put put;
	assert_int_equal(base->root.bytes[0], 9);
	sprintf(out + strlen(out), "%llu:", (unsigned long long)base->size);
	while (lgp_wal_next(&puts, &put)) {
		assert_int_equal(put.table, 3);
		assert_true(lgp_view_equal(put.key, LGP_VIEW("key")));
		sprintf(out + strlen(out), "%.*s ", (int)put.value.len, put.value.ptr);
	}
	assert_int_equal(puts.len, 0);
	return LGP_OK;
}

static const char *generation(uint64_t number)
{
	static char out[1024];
	out[0] = '\0';
	assert_int_equal(lgp_wal_read(dir, number, join, out), LGP_OK);
	return out;
}

static void damage(unsigned i, off_t at)
{
	uint8_t byte;
	int fd = open(path(i), O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* ---- cases --------------------------------------------------------------------------- */

static void a_record_is_these_bytes(void **state)
{
	(void)state;
	static const uint8_t rest[] =
	        {
	                'l', 'g', 'p', '-', 'w', 'a', 'l', '1', 1,   0,   0, 0, 0,
	                0,   0,   0,                          /* generation */
	                0,   0,   0,   0,   0,   0,   0,   0, /* place */
	                7,   0,   0,   0,   0,   0,   0,   0, /* size */
	                9,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 0, 0,
	                0,   0,   0, /* root */
	                0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 0, 0,
	                0,   0,   0,   12,  0,   0,   0,   0,   0,   0,   0, /* bytes of puts */
	                0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 0, 0,
	                0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 3, 3,
	                5,   0,   'k', 'e', 'y', 'v', 'a', 'l', 'u', 'e', /* the put */
	        };
	static const char sha256[] = "ae7effa10a0f2866661d2d67b65c9da5"
	                             "05e8876f6fdb7bba0b3716bd49640de0";
	uint8_t found[LGP_WAL_ALIGN + 1];
	char hex[2 * LGP_HASH_LEN + 1] = "";
	lgp_wal_turn(wal, 1);
	commit(7, "value");
	int fd = open(path(1), O_RDONLY);
	assert_int_equal(read(fd, found, sizeof found), LGP_WAL_ALIGN);
	close(fd);
	lgp_hex_encode(hex, found, LGP_HASH_LEN);
	assert_string_equal(hex, sha256);
	assert_memory_equal(found + LGP_HASH_LEN, rest, sizeof rest);
	for (size_t i = LGP_HASH_LEN + sizeof rest; i < LGP_WAL_ALIGN; i++)
		assert_int_equal(found[i], 0);
}

static void records_are_read_in_their_order(void **state)
{
	(void)state;
	lgp_wal_turn(wal, 4);
	commit(1, "one");
	commit(2, "two");
	commit(5, "three");
	assert_string_equal(generation(4), "1:one 2:two 5:three ");
	assert_string_equal(generation(5), "");
	assert_string_equal(generation(6), "");
}

static void a_generation_is_written_over_by_the_next_but_one(void **state)
{
	(void)state;
	lgp_wal_turn(wal, 4);
	commit(1, "one");
	commit(2, "two");
	lgp_wal_turn(wal, 5);
	commit(3, "three");
	assert_string_equal(generation(4), "1:one 2:two ");
	lgp_wal_turn(wal, 6);
	commit(4, "four");
	assert_string_equal(generation(4), "");
	assert_string_equal(generation(5), "3:three ");
	assert_string_equal(generation(6), "4:four "); /* "two" is still behind it */
}

static void the_same_place_of_an_older_generation_ends_it(void **state)
{
	(void)state;
	lgp_wal_turn(wal, 2);
	commit(1, "a");
	commit(2, "b");
	commit(3, "c");
	lgp_wal_turn(wal, 4);
	commit(9, "d");
	commit(10, "e");
	assert_string_equal(generation(4), "9:d 10:e ");
}

static void whatever_byte_is_damaged_ends_the_generation_before_it(void **state)
{
	(void)state;
	lgp_wal_turn(wal, 1);
	commit(1, "one");
	commit(2, "two");
	commit(3, "three");
	for (off_t at = 0; at < HEAD_LEN + 4 + 3 + 3; at++) {
		damage(1, LGP_WAL_ALIGN + at);
		assert_string_equal(generation(1), "1:one ");
		damage(1, LGP_WAL_ALIGN + at); /* undone */
	}
	assert_string_equal(generation(1), "1:one 2:two 3:three ");
}

static void a_file_that_is_cut_ends_where_it_is_cut(void **state)
{
	(void)state;
	lgp_wal_turn(wal, 1);
	commit(1, "one");
	commit(2, "two");
	for (off_t len = LGP_WAL_ALIGN + HEAD_LEN + 4 + 3 + 2; len >= LGP_WAL_ALIGN; len--) {
		assert_int_equal(truncate(path(1), len), 0);
		assert_string_equal(generation(1), "1:one ");
	}
	assert_int_equal(truncate(path(1), 0), 0);
	assert_string_equal(generation(1), "");
}

static void a_length_beyond_the_bound_is_no_record(void **state)
{
	(void)state;
	static const uint8_t huge[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
	lgp_wal_turn(wal, 1);
	commit(1, "one");
	int fd = open(path(1), O_RDWR);
	assert_int_equal(pwrite(fd, huge, sizeof huge, 96), (ssize_t)sizeof huge);
	close(fd);
	assert_string_equal(generation(1), "");
}

static void records_of_any_length_come_back_whole(void **state)
{
	(void)state;
	static char value[60000], joined[3 * sizeof value], expected[3 * sizeof value];
	lgp_wal_turn(wal, 1);
	for (unsigned i = 0; i < 3; i++) {
		size_t len = (size_t[]){LGP_WAL_ALIGN - HEAD_LEN - 4 - 3, LGP_WAL_ALIGN, 59999}[i];
		memset(value, 'a' + (int)i, len);
		value[len] = '\0';
		commit(i, value);
		sprintf(expected + strlen(expected), "%u:%s ", i, value);
	}
	assert_int_equal(lgp_wal_read(dir, 1, join, joined), LGP_OK);
	assert_string_equal(joined, expected);
}

static void puts_that_end_in_the_middle_are_not_taken(void **state)
{
	(void)state;
	const char bytes[] = "\3\3\5\0keyvalue";
	for (size_t len = 0; len < 12; len++) {
		struct lgp_view puts = {bytes, len};
		struct lgp_wal_put out;
		assert_false(lgp_wal_next(&puts, &out));
	}
}

static void files_are_the_owners_alone_and_empty_again_when_told(void **state)
{
	(void)state;
	struct stat info;
	lgp_wal_turn(wal, 1);
	commit(1, "one");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(stat(path(i), &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
	}
	assert_int_equal(lgp_wal_empty(wal), LGP_OK);
	assert_string_equal(generation(1), "");
}

static void no_directory_is_no_generation_and_cannot_be_opened(void **state)
{
	(void)state;
	struct lgp_wal *other = NULL;
	assert_int_equal(lgp_wal_read("/nowhere/at/all", 1, join, NULL), LGP_OK);
	assert_int_equal(lgp_wal_open("/nowhere/at/all", &other), LGP_IO);
	assert_null(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(a_record_is_these_bytes),
	        CASE(records_are_read_in_their_order),
	        CASE(a_generation_is_written_over_by_the_next_but_one),
	        CASE(the_same_place_of_an_older_generation_ends_it),
	        CASE(whatever_byte_is_damaged_ends_the_generation_before_it),
	        CASE(a_file_that_is_cut_ends_where_it_is_cut),
	        CASE(a_length_beyond_the_bound_is_no_record),
	        CASE(records_of_any_length_come_back_whole),
	        CASE(puts_that_end_in_the_middle_are_not_taken),
	        CASE(files_are_the_owners_alone_and_empty_again_when_told),
	        CASE(no_directory_is_no_generation_and_cannot_be_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
