/* people: who the numbers are.  Names, references, preferences and words, each
 * person's sealed under a key of their own, so that destroying the key erases
 * them and leaves sums, links and proofs whole.
 *
 * A person is named by the number of the entry that opened it; 0 is the house,
 * whose key covers what is said of nobody in particular.
 *
 * Order over files: a new key's slot is synced, people.mdb is committed, and
 * only then the ledger's entry that refers to it.  What a crash leaves behind
 * (numbers that the ledger does not have) is swept at start.
 *
 * The tables of people.mdb; integers are little-endian:
 *
 *   persons     number -> slot 8, reference 17 (kind 1 and MAC 16; zero: none),
 *                         sealed record
 *   references  kind 1, MAC 16 -> number 8
 *   words       seq of the entry -> person's number 8, sealed text
 *   meta        "format" -> PEOPLE_FORMAT, "slots" -> count 8
 *
 * Sealed: nonce 24, XChaCha20-Poly1305 under the person's key; the additional
 * data are "lagniappe", the purpose (1 byte) and the person's number.
 *
 * Thread: writes are the ledger thread's; any other thread reads through a
 * reader of its own. */
#ifndef LAGNIAPPE_SERVER_PEOPLE_H
#define LAGNIAPPE_SERVER_PEOPLE_H

#include "lagniappe/datadir.h"

#define PEOPLE_FORMAT "lagniappe-people-1"
#define PEOPLE_WORDS_MAX 2000       /* bytes of one text */
#define PEOPLE_REFERENCE_MAX 128    /* bytes */
#define PEOPLE_PREFERENCES_MAX 2048 /* bytes of JSON */
#define PEOPLE_RECORD_MAX 4096      /* bytes of one record, unsealed */
#define PEOPLE_SEAL_EXTRA 40        /* bytes that sealing adds */
#define PEOPLE_HOUSE UINT64_C(0)

struct people;
struct people_reader;

enum people_purpose { PEOPLE_RECORD = 1, PEOPLE_WORDS = 2 };
/* By what a person is found. */
enum people_reference { PEOPLE_NO_REFERENCE, PEOPLE_CUSTOMER, PEOPLE_PARTY };

/* What is known of a person; absent fields have ptr NULL.  Borrowed. */
struct people_person {
	struct lgp_view name, reference, preferences, party;
};

/* ledger_size: numbers from it on are orphans, and are swept.
 * LGP_FORMAT, LGP_CORRUPT, LGP_IO, LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status people_open(const char *dir, const struct lgp_keys *keys,
                                         uint64_t ledger_size, struct people **out);
void people_close(struct people *people);

LGP_MUST_USE enum lgp_status people_reader_new(struct people *people, struct people_reader **out);
void people_reader_free(struct people_reader *reader);
/* The ledger thread's own: sees what it has written and not yet committed. */
LGP_MUST_USE enum lgp_status people_begin(struct people *people, struct people_reader **out);

/* LGP_MISSING: no such person, or erased. */
LGP_MUST_USE enum lgp_status people_key(struct people_reader *reader, uint64_t number,
                                        uint8_t key[LGP_KEY_LEN]);
/* The record, unsealed into room; *out borrows from room. LGP_MISSING as above. */
LGP_MUST_USE enum lgp_status people_get(struct people_reader *reader, uint64_t number,
                                        char room[PEOPLE_RECORD_MAX], struct people_person *out);
/* LGP_MISSING: nobody is known by it. */
LGP_MUST_USE enum lgp_status people_find(struct people_reader *reader, enum people_reference kind,
                                         struct lgp_view text, uint64_t *number);
/* The words of an entry. LGP_MISSING: none, or erased. */
LGP_MUST_USE enum lgp_status people_words(struct people_reader *reader, uint64_t seq,
                                          char room[PEOPLE_WORDS_MAX], size_t *len);

/* Any thread: seals text into out (room for text.len + PEOPLE_SEAL_EXTRA bytes). */
void people_seal(const uint8_t key[LGP_KEY_LEN], enum people_purpose purpose, uint64_t number,
                 struct lgp_view text, uint8_t *out);

/* Writing, between people_begin and people_commit. */
LGP_MUST_USE enum lgp_status people_add(struct people *people, uint64_t number,
                                        const uint8_t key[LGP_KEY_LEN],
                                        const struct people_person *person);
/* Puts the person's record in place of the old one. LGP_MISSING. */
LGP_MUST_USE enum lgp_status people_change(struct people *people, uint64_t number,
                                           const struct people_person *person);
/* sealed: by people_seal for PEOPLE_WORDS. */
LGP_MUST_USE enum lgp_status people_keep_words(struct people *people, uint64_t seq, uint64_t number,
                                               struct lgp_view sealed);
/* Durable when it returns LGP_OK; ends what people_begin began. */
LGP_MUST_USE enum lgp_status people_commit(struct people *people);

/* Frees what readers hold whose process died; once a second.  Any thread. */
void people_clear_dead_readers(struct people *people);

#endif
