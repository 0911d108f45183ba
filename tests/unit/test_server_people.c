/* test_server_people: what is sealed opens again, what is an orphan goes, and
 * nothing stands in the files as it was said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/keyslots.h"
#include "server/people.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAR UINT64_C(1000000)

struct house {
	char dir[64];
	struct lgp_keys keys;
	struct people *people;
};

static void open_at(struct house *house, uint64_t ledger_size)
{
	assert_int_equal(people_open(house->dir, &house->keys, ledger_size, &house->people),
	                 LGP_OK);
}

static void reopen_at(struct house *house, uint64_t ledger_size)
{
	people_close(house->people);
	open_at(house, ledger_size);
}

static int set_up(void **state)
{
	struct house *house = calloc(1, sizeof *house);
	strcpy(house->dir, "/tmp/lagniappe-people-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	memset(&house->keys, 7, sizeof house->keys);
	open_at(house, FAR);
	*state = house;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"people.mdb", "people.mdb-lock", "people.keys"};
	struct house *house = *state;
	char path[128];
	people_close(house->people);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", house->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(house->dir);
	free(house);
	return 0;
}

static struct people_person noor(void)
{
	return (struct people_person){.name = LGP_VIEW("Noor Nasser"),
	                              .reference = LGP_VIEW("booking-4711"),
	                              .preferences = LGP_VIEW("{\"tea\":true}")};
}

static void add(struct house *house, uint64_t number, const struct people_person *person)
{
	struct people_reader *writer;
	uint8_t key[LGP_KEY_LEN];
	memset(key, (int)number, sizeof key);
	assert_int_equal(people_begin(house->people, &writer), LGP_OK);
	assert_int_equal(people_add(house->people, number, key, person), LGP_OK);
}

static void commit(struct house *house)
{
	assert_int_equal(people_commit(house->people), LGP_OK);
}

static struct people_reader *reader_of(struct house *house)
{
	struct people_reader *reader;
	assert_int_equal(people_reader_new(house->people, &reader), LGP_OK);
	return reader;
}

static void assert_view(struct lgp_view view, const char *text)
{
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.ptr, text, view.len);
}

static void a_person_is_found_and_read_after_a_restart(void **state)
{
	struct house *house = *state;
	struct people_person person = noor(), found;
	char room[PEOPLE_RECORD_MAX];
	uint64_t number = 0;
	add(house, 42, &person);
	commit(house);
	reopen_at(house, FAR);
	struct people_reader *reader = reader_of(house);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, LGP_VIEW("booking-4711"), &number),
	                 LGP_OK);
	assert_int_equal(number, 42);
	assert_int_equal(people_find(reader, PEOPLE_PARTY, LGP_VIEW("booking-4711"), &number),
	                 LGP_MISSING);
	assert_int_equal(people_get(reader, 42, room, &found), LGP_OK);
	assert_view(found.name, "Noor Nasser");
	assert_view(found.preferences, "{\"tea\":true}");
	assert_null(found.party.ptr);
	assert_int_equal(people_get(reader, 43, room, &found), LGP_MISSING);
	people_reader_free(reader);
}

static void what_is_not_committed_is_the_writers_alone(void **state)
{
	struct house *house = *state;
	struct people_person person = noor();
	struct people_reader *reader = reader_of(house), *writer;
	uint64_t number;
	add(house, 42, &person);
	assert_int_equal(people_begin(house->people, &writer), LGP_OK);
	assert_int_equal(people_find(writer, PEOPLE_CUSTOMER, person.reference, &number), LGP_OK);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, person.reference, &number),
	                 LGP_MISSING);
	commit(house);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, person.reference, &number), LGP_OK);
	people_reader_free(reader);
}

static void a_changed_reference_leads_to_the_person_and_the_old_one_nowhere(void **state)
{
	struct house *house = *state;
	struct people_person person = noor();
	struct people_reader *writer;
	uint64_t number;
	add(house, 42, &person);
	commit(house);
	person.reference = LGP_VIEW("booking-9");
	assert_int_equal(people_begin(house->people, &writer), LGP_OK);
	assert_int_equal(people_change(house->people, 42, &person), LGP_OK);
	commit(house);
	struct people_reader *reader = reader_of(house);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, LGP_VIEW("booking-9"), &number),
	                 LGP_OK);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, LGP_VIEW("booking-4711"), &number),
	                 LGP_MISSING);
	people_reader_free(reader);
}

static void words_open_with_their_persons_key(void **state)
{
	struct house *house = *state;
	struct people_person person = noor();
	struct people_reader *writer;
	uint8_t key[LGP_KEY_LEN], sealed[64];
	char room[PEOPLE_WORDS_MAX];
	size_t len;
	const struct lgp_view text = LGP_VIEW("so sorry");
	add(house, 42, &person);
	assert_int_equal(people_begin(house->people, &writer), LGP_OK);
	assert_int_equal(people_key(writer, 42, key), LGP_OK);
	people_seal(key, PEOPLE_WORDS, 42, text, sealed);
	assert_int_equal(
	        people_keep_words(house->people, 50, 42,
	                          (struct lgp_view){(char *)sealed, text.len + PEOPLE_SEAL_EXTRA}),
	        LGP_OK);
	commit(house);
	struct people_reader *reader = reader_of(house);
	assert_int_equal(people_words(reader, 50, room, &len), LGP_OK);
	assert_view((struct lgp_view){room, len}, "so sorry");
	assert_int_equal(people_words(reader, 51, room, &len), LGP_MISSING);
	people_reader_free(reader);
}

static void words_of_another_purpose_or_person_do_not_open(void **state)
{
	struct house *house = *state;
	struct people_person person = noor();
	struct people_reader *writer;
	uint8_t key[LGP_KEY_LEN], sealed[64];
	char room[PEOPLE_WORDS_MAX];
	size_t len;
	const struct lgp_view text = LGP_VIEW("so sorry");
	const struct lgp_view view = {(char *)sealed, text.len + PEOPLE_SEAL_EXTRA};
	add(house, 42, &person);
	assert_int_equal(people_begin(house->people, &writer), LGP_OK);
	assert_int_equal(people_key(writer, 42, key), LGP_OK);
	people_seal(key, PEOPLE_RECORD, 42, text, sealed);
	assert_int_equal(people_keep_words(house->people, 50, 42, view), LGP_OK);
	people_seal(key, PEOPLE_WORDS, 43, text, sealed);
	assert_int_equal(people_keep_words(house->people, 51, 42, view), LGP_OK);
	assert_int_equal(people_words(writer, 50, room, &len), LGP_CORRUPT);
	assert_int_equal(people_words(writer, 51, room, &len), LGP_CORRUPT);
	commit(house);
}

static void orphans_are_swept_and_who_the_ledger_has_stays(void **state)
{
	struct house *house = *state;
	struct people_person person = noor(), other = {.reference = LGP_VIEW("booking-1")};
	struct people_reader *writer;
	uint8_t key[LGP_KEY_LEN], sealed[64];
	char room[PEOPLE_WORDS_MAX];
	uint64_t number;
	size_t len;
	add(house, 42, &person);
	add(house, 60, &other);
	assert_int_equal(people_begin(house->people, &writer), LGP_OK);
	assert_int_equal(people_key(writer, 42, key), LGP_OK);
	people_seal(key, PEOPLE_WORDS, 42, LGP_VIEW("so"), sealed);
	const struct lgp_view view = {(char *)sealed, 2 + PEOPLE_SEAL_EXTRA};
	assert_int_equal(people_keep_words(house->people, 59, 42, view), LGP_OK);
	assert_int_equal(people_keep_words(house->people, 61, 42, view), LGP_OK);
	commit(house);
	reopen_at(house, 60);
	struct people_reader *reader = reader_of(house);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, person.reference, &number), LGP_OK);
	assert_int_equal(people_find(reader, PEOPLE_CUSTOMER, other.reference, &number),
	                 LGP_MISSING);
	assert_int_equal(people_key(reader, 60, key), LGP_MISSING);
	assert_int_equal(people_words(reader, 59, room, &len), LGP_OK);
	assert_int_equal(people_words(reader, 61, room, &len), LGP_MISSING);
	people_reader_free(reader);
}

static void a_key_that_was_synced_and_never_referred_to_is_cut_off(void **state)
{
	struct house *house = *state;
	char path[128];
	struct stat before, after;
	struct people_person person = noor();
	(void)snprintf(path, sizeof path, "%s/people.keys", house->dir);
	add(house, 42, &person);
	commit(house);
	assert_int_equal(stat(path, &before), 0);
	add(house, 43, &(struct people_person){0});
	reopen_at(house, FAR); /* without a commit, as after a kill */
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
}

static void the_house_is_a_person_of_its_own(void **state)
{
	struct house *house = *state;
	uint8_t first[LGP_KEY_LEN], again[LGP_KEY_LEN];
	struct people_reader *reader = reader_of(house);
	assert_int_equal(people_key(reader, PEOPLE_HOUSE, first), LGP_OK);
	people_reader_free(reader);
	reopen_at(house, FAR);
	reader = reader_of(house);
	assert_int_equal(people_key(reader, PEOPLE_HOUSE, again), LGP_OK);
	assert_memory_equal(first, again, sizeof first);
	people_reader_free(reader);
}

static void keys_that_are_missing_stop_the_start(void **state)
{
	struct house *house = *state;
	struct people_person person = noor();
	struct people *people;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/people.keys", house->dir);
	add(house, 42, &person);
	commit(house);
	people_close(house->people);
	assert_int_equal(truncate(path, 128), 0);
	assert_int_equal(people_open(house->dir, &house->keys, FAR, &people), LGP_CORRUPT);
	assert_non_null(strstr(lgp_fault_detail(), "restore"));
	assert_int_equal(truncate(path, 256), 0);
	open_at(house, FAR); /* an empty slot: the key is gone, the house stands */
	struct people_reader *reader = reader_of(house);
	uint8_t key[LGP_KEY_LEN];
	assert_int_equal(people_key(reader, 42, key), LGP_MISSING);
	people_reader_free(reader);
}

static bool file_holds(const char *dir, const char *name, const char *text)
{
	char path[128];
	struct stat st;
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	char *bytes = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	bool found = memmem(bytes, (size_t)st.st_size, text, strlen(text)) != NULL;
	free(bytes);
	(void)close(fd);
	return found;
}

static void nothing_stands_in_the_files_as_it_was_said(void **state)
{
	struct house *house = *state;
	struct people_person person = noor();
	add(house, 42, &person);
	commit(house);
	assert_false(file_holds(house->dir, "people.mdb", "Noor"));
	assert_false(file_holds(house->dir, "people.mdb", "booking-4711"));
	assert_false(file_holds(house->dir, "people.keys", "Noor"));
	/* The key is there wrapped alone: 42 bytes of 42 are easy to find. */
	assert_false(file_holds(house->dir, "people.keys", "********"));
}

static void an_erased_slot_is_gone_and_another_persons_is_refused(void **state)
{
	struct house *house = *state;
	char path[128];
	uint8_t master[LGP_KEY_LEN] = {1}, key[LGP_KEY_LEN] = {2}, got[LGP_KEY_LEN];
	struct keyslots *slots;
	uint64_t first, second;
	(void)snprintf(path, sizeof path, "%s/other.keys", house->dir);
	assert_int_equal(keyslots_open(path, master, 0, &slots), LGP_OK);
	assert_int_equal(keyslots_add(slots, 5, key, &first), LGP_OK);
	assert_int_equal(keyslots_add(slots, 6, key, &second), LGP_OK);
	assert_int_equal(keyslots_sync(slots), LGP_OK);
	assert_int_equal(keyslots_get(slots, second, 6, got), LGP_OK);
	assert_memory_equal(got, key, sizeof key);
	assert_int_equal(keyslots_get(slots, second, 5, got), LGP_CORRUPT);
	assert_int_equal(keyslots_erase(slots, second), LGP_OK);
	assert_int_equal(keyslots_get(slots, second, 6, got), LGP_MISSING);
	assert_int_equal(keyslots_get(slots, first, 5, got), LGP_OK);
	keyslots_close(slots);
	(void)unlink(path);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(a_person_is_found_and_read_after_a_restart),
	        CASE(what_is_not_committed_is_the_writers_alone),
	        CASE(a_changed_reference_leads_to_the_person_and_the_old_one_nowhere),
	        CASE(words_open_with_their_persons_key),
	        CASE(words_of_another_purpose_or_person_do_not_open),
	        CASE(orphans_are_swept_and_who_the_ledger_has_stays),
	        CASE(a_key_that_was_synced_and_never_referred_to_is_cut_off),
	        CASE(the_house_is_a_person_of_its_own),
	        CASE(keys_that_are_missing_stop_the_start),
	        CASE(nothing_stands_in_the_files_as_it_was_said),
	        CASE(an_erased_slot_is_gone_and_another_persons_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
