/* people: who the numbers are, sealed person by person.
 * Thread: see the header. */
#include "server/people.h"

#include "lagniappe/codec.h"
#include "lagniappe/crashpoint.h"
#include "server/keyslots.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERSONS, REFERENCES, WORDS, META };
static const struct lgp_kv_table tables[] = {
        {"persons", true}, {"references", false}, {"words", true}, {"meta", false}};

#define MAP_BYTES ((size_t)64 << 30) /* address space, not memory */
#define READERS_MAX 256
#define SLOTS_KEY LGP_VIEW("slots")
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
static_assert(NONCE_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES == PEOPLE_SEAL_EXTRA, "sealed");

/* A value of persons: offsets. */
enum {
	REFERENCE_LEN = 1 + LGP_MAC_LEN,
	REFERENCE_AT = 8,
	SEALED_AT = REFERENCE_AT + REFERENCE_LEN
};

struct people_reader {
	struct people *people;
	struct lgp_kv_txn *txn; /* owned; of the writer's: open between begin and commit */
};

struct people {
	struct lgp_kv *kv;
	struct keyslots *slots;
	uint8_t mac_key[LGP_KEY_LEN];
	struct people_reader writer;
	bool dirty;
};

/* ---- sealing --------------------------------------------------------------- */

static void additional_data(enum people_purpose purpose, uint64_t number, uint8_t out[18])
{
	memcpy(out, "lagniappe", 9);
	out[9] = (uint8_t)purpose;
	lgp_put_le(out + 10, number, 8);
}

void people_seal(const uint8_t key[LGP_KEY_LEN], enum people_purpose purpose, uint64_t number,
                 struct lgp_view text, uint8_t *out)
{
	uint8_t ad[18];
	additional_data(purpose, number, ad);
	randombytes_buf(out, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_LEN, NULL,
	                                                 (const uint8_t *)text.ptr, text.len, ad,
	                                                 sizeof ad, NULL, out, key);
}

static enum lgp_status unseal(const uint8_t key[LGP_KEY_LEN], enum people_purpose purpose,
                              uint64_t number, struct lgp_view sealed, char *out, size_t max,
                              size_t *len)
{
	uint8_t ad[18];
	unsigned long long got = 0;
	additional_data(purpose, number, ad);
	if (sealed.len < PEOPLE_SEAL_EXTRA || sealed.len - PEOPLE_SEAL_EXTRA > max ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(
	            (uint8_t *)out, &got, NULL, (const uint8_t *)sealed.ptr + NONCE_LEN,
	            sealed.len - NONCE_LEN, ad, sizeof ad, (const uint8_t *)sealed.ptr, key) != 0)
		return lgp_fault(LGP_CORRUPT,
		                 "people.mdb: what is sealed for person %llu does not open",
		                 (unsigned long long)number);
	*len = (size_t)got;
	return LGP_OK;
}

/* ---- the record: tag 1, length 2, bytes; in the order of the tags ----------- */

static struct lgp_view *record_field(struct people_person *person, unsigned tag)
{
	switch (tag) {
	case 1:
		return &person->name;
	case 2:
		return &person->reference;
	case 3:
		return &person->preferences;
	case 4:
		return &person->party;
	default:
		return NULL;
	}
}

static size_t record_encode(const struct people_person *person, char out[PEOPLE_RECORD_MAX])
{
	struct people_person copy = *person;
	size_t len = 0;
	for (unsigned tag = 1; tag <= 4; tag++) {
		const struct lgp_view *field = record_field(&copy, tag);
		require(field != NULL);
		struct lgp_view value = *field;
		if (value.ptr == NULL)
			continue;
		require(len + 3 + value.len <= PEOPLE_RECORD_MAX);
		out[len] = (char)tag;
		lgp_put_le((uint8_t *)out + len + 1, value.len, 2);
		memcpy(out + len + 3, value.ptr, value.len);
		len += 3 + value.len;
	}
	return len;
}

static enum lgp_status record_decode(const char *bytes, size_t len, struct people_person *out)
{
	*out = (struct people_person){0};
	for (size_t at = 0; at < len;) {
		struct lgp_view *field = record_field(out, (unsigned char)bytes[at]);
		size_t size = len - at < 3 ? SIZE_MAX
		                           : (size_t)lgp_get_le((const uint8_t *)bytes + at + 1, 2);
		if (field == NULL || size > len - at - 3)
			return lgp_fault(LGP_CORRUPT, "people.mdb: a record is not of its form");
		*field = (struct lgp_view){bytes + at + 3, size};
		at += 3 + size;
	}
	return LGP_OK;
}

/* ---- reading ------------------------------------------------------------------ */

enum lgp_status people_reader_new(struct people *people, struct people_reader **out)
{
	struct people_reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return lgp_fault(LGP_NO_MEMORY, "a reader of people.mdb");
	reader->people = people;
	enum lgp_status status = lgp_kv_read_begin(people->kv, &reader->txn);
	if (status != LGP_OK) {
		free(reader);
		return status;
	}
	lgp_kv_read_reset(reader->txn);
	*out = reader;
	return LGP_OK;
}

void people_reader_free(struct people_reader *reader)
{
	if (reader == NULL)
		return;
	lgp_kv_abort(reader->txn);
	free(reader);
}

enum lgp_status people_begin(struct people *people, struct people_reader **out)
{
	*out = &people->writer;
	return people->writer.txn != NULL ? LGP_OK
	                                  : lgp_kv_write_begin(people->kv, &people->writer.txn);
}

/* The writer's snapshot is its transaction; another reader's is taken anew. */
static enum lgp_status snapshot(struct people_reader *reader)
{
	if (reader == &reader->people->writer)
		return LGP_OK;
	return lgp_kv_read_renew(reader->txn);
}

static void release(struct people_reader *reader)
{
	if (reader != &reader->people->writer)
		lgp_kv_read_reset(reader->txn);
}

/* The person's value and key. */
static enum lgp_status load(struct people_reader *reader, uint64_t number, struct lgp_view *value,
                            uint8_t key[LGP_KEY_LEN])
{
	enum lgp_status status = lgp_kv_get(reader->txn, PERSONS, LGP_KV_INTEGER(number), value);
	if (status != LGP_OK)
		return status;
	if (value->len < SEALED_AT)
		return lgp_fault(LGP_CORRUPT, "people.mdb: person %llu is cut short",
		                 (unsigned long long)number);
	return keyslots_get(reader->people->slots, lgp_get_le((const uint8_t *)value->ptr, 8),
	                    number, key);
}

enum lgp_status people_key(struct people_reader *reader, uint64_t number, uint8_t key[LGP_KEY_LEN])
{
	struct lgp_view value;
	enum lgp_status status = snapshot(reader);
	if (status != LGP_OK)
		return status;
	status = load(reader, number, &value, key);
	release(reader);
	return status;
}

enum lgp_status people_get(struct people_reader *reader, uint64_t number,
                           char room[PEOPLE_RECORD_MAX], struct people_person *out)
{
	struct lgp_view value;
	uint8_t key[LGP_KEY_LEN];
	size_t len = 0;
	enum lgp_status status = snapshot(reader);
	if (status != LGP_OK)
		return status;
	status = load(reader, number, &value, key);
	if (status == LGP_OK)
		status = unseal(key, PEOPLE_RECORD, number,
		                (struct lgp_view){value.ptr + SEALED_AT, value.len - SEALED_AT},
		                room, PEOPLE_RECORD_MAX, &len);
	sodium_memzero(key, sizeof key);
	release(reader);
	return status == LGP_OK ? record_decode(room, len, out) : status;
}

static void reference_of(const struct people *people, enum people_reference kind,
                         struct lgp_view text, uint8_t out[REFERENCE_LEN])
{
	out[0] = (uint8_t)kind;
	lgp_mac(people->mac_key, kind == PEOPLE_PARTY ? LGP_MAC_PARTY : LGP_MAC_REFERENCE, &text, 1,
	        out + 1);
}

static struct lgp_view reference_key(const uint8_t reference[REFERENCE_LEN])
{
	return (struct lgp_view){(const char *)reference, REFERENCE_LEN};
}

enum lgp_status people_find(struct people_reader *reader, enum people_reference kind,
                            struct lgp_view text, uint64_t *number)
{
	uint8_t reference[REFERENCE_LEN];
	struct lgp_view value;
	reference_of(reader->people, kind, text, reference);
	enum lgp_status status = snapshot(reader);
	if (status != LGP_OK)
		return status;
	status = lgp_kv_get(reader->txn, REFERENCES, reference_key(reference), &value);
	if (status == LGP_OK && value.len != 8)
		status = lgp_fault(LGP_CORRUPT, "people.mdb: a reference leads nowhere");
	if (status == LGP_OK)
		*number = lgp_get_le((const uint8_t *)value.ptr, 8);
	release(reader);
	return status;
}

enum lgp_status people_words(struct people_reader *reader, uint64_t seq,
                             char room[PEOPLE_WORDS_MAX], size_t *len)
{
	struct lgp_view sealed, person;
	uint8_t key[LGP_KEY_LEN];
	uint64_t number = 0;
	enum lgp_status status = snapshot(reader);
	if (status != LGP_OK)
		return status;
	status = lgp_kv_get(reader->txn, WORDS, LGP_KV_INTEGER(seq), &sealed);
	if (status == LGP_OK && sealed.len < 8)
		status = lgp_fault(LGP_CORRUPT, "people.mdb: the words of entry %llu are cut short",
		                   (unsigned long long)seq);
	if (status == LGP_OK) {
		number = lgp_get_le((const uint8_t *)sealed.ptr, 8);
		status = load(reader, number, &person, key);
	}
	if (status == LGP_OK)
		status = unseal(key, PEOPLE_WORDS, number,
		                (struct lgp_view){sealed.ptr + 8, sealed.len - 8}, room,
		                PEOPLE_WORDS_MAX, len);
	sodium_memzero(key, sizeof key);
	release(reader);
	return status;
}

/* ---- writing ------------------------------------------------------------------ */

static enum lgp_status put_person(struct people *people, uint64_t number, uint64_t slot,
                                  const uint8_t key[LGP_KEY_LEN],
                                  const struct people_person *person)
{
	char record[PEOPLE_RECORD_MAX];
	uint8_t value[SEALED_AT + PEOPLE_RECORD_MAX + PEOPLE_SEAL_EXTRA] = {0};
	size_t len = record_encode(person, record);
	enum people_reference kind = person->reference.ptr != NULL ? PEOPLE_CUSTOMER
	                             : person->party.ptr != NULL   ? PEOPLE_PARTY
	                                                           : PEOPLE_NO_REFERENCE;
	enum lgp_status status = LGP_OK;
	lgp_put_le(value, slot, 8);
	if (kind != PEOPLE_NO_REFERENCE) {
		uint8_t name[8];
		lgp_put_le(name, number, 8);
		reference_of(people, kind, kind == PEOPLE_PARTY ? person->party : person->reference,
		             value + REFERENCE_AT);
		status = lgp_kv_put(people->writer.txn, REFERENCES,
		                    reference_key(value + REFERENCE_AT),
		                    (struct lgp_view){(const char *)name, sizeof name});
	}
	people_seal(key, PEOPLE_RECORD, number, (struct lgp_view){record, len}, value + SEALED_AT);
	sodium_memzero(record, len);
	people->dirty = true;
	return status != LGP_OK
	               ? status
	               : lgp_kv_put(people->writer.txn, PERSONS, LGP_KV_INTEGER(number),
	                            (struct lgp_view){(const char *)value,
	                                              SEALED_AT + len + PEOPLE_SEAL_EXTRA});
}

enum lgp_status people_add(struct people *people, uint64_t number, const uint8_t key[LGP_KEY_LEN],
                           const struct people_person *person)
{
	require(people->writer.txn != NULL);
	uint64_t slot;
	enum lgp_status status = keyslots_add(people->slots, number, key, &slot);
	return status == LGP_OK ? put_person(people, number, slot, key, person) : status;
}

/* Forgets what the person was found by. */
static enum lgp_status drop_reference(struct people *people, const uint8_t *reference)
{
	if (reference[0] == PEOPLE_NO_REFERENCE)
		return LGP_OK;
	enum lgp_status status =
	        lgp_kv_delete(people->writer.txn, REFERENCES, reference_key(reference));
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status people_change(struct people *people, uint64_t number,
                              const struct people_person *person)
{
	require(people->writer.txn != NULL);
	struct lgp_view value;
	uint8_t key[LGP_KEY_LEN], head[SEALED_AT];
	enum lgp_status status = load(&people->writer, number, &value, key);
	if (status == LGP_OK) {
		memcpy(head, value.ptr, sizeof head); /* value dies with the next write */
		status = drop_reference(people, head + REFERENCE_AT);
	}
	if (status == LGP_OK)
		status = put_person(people, number, lgp_get_le(head, 8), key, person);
	sodium_memzero(key, sizeof key);
	return status;
}

enum lgp_status people_keep_words(struct people *people, uint64_t seq, uint64_t number,
                                  struct lgp_view sealed)
{
	uint8_t value[8 + PEOPLE_WORDS_MAX + PEOPLE_SEAL_EXTRA];
	require(sealed.len <= PEOPLE_WORDS_MAX + PEOPLE_SEAL_EXTRA);
	lgp_put_le(value, number, 8);
	memcpy(value + 8, sealed.ptr, sealed.len);
	people->dirty = true;
	return lgp_kv_put(people->writer.txn, WORDS, LGP_KV_INTEGER(seq),
	                  (struct lgp_view){(const char *)value, 8 + sealed.len});
}

enum lgp_status people_commit(struct people *people)
{
	struct lgp_kv_txn *txn = people->writer.txn;
	uint8_t slots[8];
	people->writer.txn = NULL;
	if (txn == NULL || !people->dirty) {
		lgp_kv_abort(txn);
		return LGP_OK;
	}
	people->dirty = false;
	lgp_put_le(slots, keyslots_count(people->slots), 8);
	enum lgp_status status = keyslots_sync(people->slots);
	crashpoint("people-keys-synced");
	if (status == LGP_OK)
		status = lgp_kv_put(txn, META, SLOTS_KEY,
		                    (struct lgp_view){(const char *)slots, sizeof slots});
	if (status != LGP_OK) {
		lgp_kv_abort(txn);
		return status;
	}
	return lgp_kv_commit(txn);
}

/* ---- opening ------------------------------------------------------------------- */

/* The first record of a table from `number` on. */
static enum lgp_status first_from(struct people *people, size_t table, uint64_t number,
                                  uint64_t *found, uint8_t *head, size_t head_len)
{
	struct lgp_kv_cursor *cursor;
	struct lgp_view key, value;
	enum lgp_status status = lgp_kv_cursor_open(people->writer.txn, table, &cursor);
	if (status != LGP_OK)
		return status;
	status = lgp_kv_seek(cursor, LGP_KV_INTEGER(number), &key, &value);
	if (status == LGP_OK) {
		memcpy(found, key.ptr, sizeof *found);
		memset(head, 0, head_len);
		memcpy(head, value.ptr, value.len < head_len ? value.len : head_len);
	}
	lgp_kv_cursor_close(cursor);
	return status;
}

/* Persons and words of entries that never came to be. */
static enum lgp_status sweep(struct people *people, uint64_t ledger_size)
{
	uint64_t number;
	uint8_t head[SEALED_AT];
	enum lgp_status status;
	while ((status = first_from(people, PERSONS, ledger_size, &number, head, sizeof head)) ==
	       LGP_OK) {
		people->dirty = true;
		status = keyslots_erase(people->slots, lgp_get_le(head, 8));
		if (status == LGP_OK)
			status = drop_reference(people, head + REFERENCE_AT);
		if (status == LGP_OK)
			status = lgp_kv_delete(people->writer.txn, PERSONS, LGP_KV_INTEGER(number));
		if (status != LGP_OK)
			return status;
	}
	while (status == LGP_MISSING &&
	       (status = first_from(people, WORDS, ledger_size, &number, head, 8)) == LGP_OK) {
		people->dirty = true;
		status = lgp_kv_delete(people->writer.txn, WORDS, LGP_KV_INTEGER(number));
		if (status == LGP_OK)
			status = LGP_MISSING;
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

/* The format and how many slots there are; a new file is given its format. */
static enum lgp_status read_meta(struct people *people, uint64_t *slots)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(people->writer.txn, META, LGP_VIEW("format"), &value);
	*slots = 0;
	if (status == LGP_MISSING) {
		people->dirty = true;
		return lgp_kv_put(people->writer.txn, META, LGP_VIEW("format"),
		                  LGP_VIEW(PEOPLE_FORMAT));
	}
	if (status == LGP_OK && !lgp_view_equal(value, LGP_VIEW(PEOPLE_FORMAT)))
		return lgp_fault(LGP_FORMAT,
		                 "people.mdb is of the format %.*s, and this build knows %s",
		                 (int)(value.len < 64 ? value.len : 64), value.ptr, PEOPLE_FORMAT);
	if (status == LGP_OK)
		status = lgp_kv_get(people->writer.txn, META, SLOTS_KEY, &value);
	if (status == LGP_OK)
		*slots = value.len == 8 ? lgp_get_le((const uint8_t *)value.ptr, 8) : 0;
	return status == LGP_MISSING ? LGP_OK : status;
}

/* The house is a person of its own; it is there from the first start on. */
static enum lgp_status ensure_house(struct people *people)
{
	struct lgp_view value;
	uint8_t key[LGP_KEY_LEN];
	enum lgp_status status =
	        lgp_kv_get(people->writer.txn, PERSONS, LGP_KV_INTEGER(PEOPLE_HOUSE), &value);
	if (status != LGP_MISSING)
		return status;
	randombytes_buf(key, sizeof key);
	status = people_add(people, PEOPLE_HOUSE, key, &(struct people_person){0});
	sodium_memzero(key, sizeof key);
	return status;
}

static enum lgp_status open_files(struct people *people, const char *dir, const uint8_t *master,
                                  uint64_t ledger_size)
{
	char path[4096];
	uint64_t slots = 0;
	struct people_reader *writer;
	const struct lgp_kv_options options = {.tables = tables,
	                                       .table_count = sizeof tables / sizeof tables[0],
	                                       .map_bytes = MAP_BYTES,
	                                       .readers_max = READERS_MAX};
	if (snprintf(path, sizeof path, "%s/people.mdb", dir) >= (int)sizeof path)
		return lgp_fault(LGP_IO, "the data directory's path is too long");
	enum lgp_status status = lgp_kv_open(path, &options, &people->kv);
	if (status == LGP_OK)
		status = people_begin(people, &writer);
	if (status == LGP_OK)
		status = read_meta(people, &slots);
	(void)snprintf(path, sizeof path, "%s/people.keys", dir);
	if (status == LGP_OK)
		status = keyslots_open(path, master, slots, &people->slots);
	if (status == LGP_OK)
		status = sweep(people, ledger_size);
	if (status == LGP_OK)
		status = ensure_house(people);
	return status == LGP_OK ? people_commit(people) : status;
}

enum lgp_status people_open(const char *dir, const struct lgp_keys *keys, uint64_t ledger_size,
                            struct people **out)
{
	if (sodium_init() < 0)
		return lgp_fault(LGP_IO, "libsodium could not start");
	struct people *people = calloc(1, sizeof *people);
	if (people == NULL)
		return lgp_fault(LGP_NO_MEMORY, "opening people.mdb");
	people->writer.people = people;
	memcpy(people->mac_key, keys->mac, LGP_KEY_LEN);
	enum lgp_status status = open_files(people, dir, keys->master, ledger_size);
	if (status != LGP_OK) {
		people_close(people);
		return status;
	}
	*out = people;
	return LGP_OK;
}

void people_clear_dead_readers(struct people *people)
{
	(void)lgp_kv_clear_dead_readers(people->kv);
}

void people_close(struct people *people)
{
	if (people == NULL)
		return;
	lgp_kv_abort(people->writer.txn);
	keyslots_close(people->slots);
	if (people->kv != NULL)
		lgp_kv_close(people->kv);
	sodium_memzero(people->mac_key, sizeof people->mac_key);
	free(people);
}
