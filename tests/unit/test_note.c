/* test_note: verifier keys and signed checkpoints, against the vectors and
 * against everything that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "lagniappe/codec.h"
#include "tlog_fixture.h"

#define ORIGIN "ledger.example/grants"
#define WITNESS "witness.example/w1"
#define DASH "\xe2\x80\x94 "
#define COSIGNED_AT 1790000000
#define ROOT "uPP5SRPWkfED0nk3m6A8cVaE6cWaWk1EIehwGSbUN6E=" /* of 300 leaves */

static struct lgp_signer log_signer, witness_signer;
static struct lgp_verifier known[2]; /* the log, its witness */

static int setup(void **state)
{
	uint8_t seed[LGP_SECRET_SEED_LEN];
	(void)state;
	for (unsigned i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	assert_int_equal(lgp_signer_init(&log_signer, LGP_VIEW(ORIGIN), seed), LGP_OK);
	for (unsigned i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(0x20 + i);
	assert_int_equal(lgp_signer_init(&witness_signer, LGP_VIEW(WITNESS), seed), LGP_OK);
	known[0] = fixture_verifier("tlog-300/log.vkey");
	known[1] = fixture_verifier("tlog-300/witness.vkey");
	return 0;
}

/* A text that tests build up. */
struct text {
	size_t len;
	char bytes[3 * LGP_CHECKPOINT_MAX];
};

static struct lgp_view view(const struct text *text)
{
	return (struct lgp_view){text->bytes, text->len};
}

static void add(struct text *text, struct lgp_view bytes)
{
	assert_true(bytes.len < sizeof(text->bytes) - text->len);
	memcpy(text->bytes + text->len, bytes.ptr, bytes.len);
	text->len += bytes.len;
}

static void add_line(struct text *text, const char *name, const void *blob, size_t len)
{
	char base64[LGP_BASE64_LEN(4096)];
	assert_true(len <= 4096);
	add(text, LGP_VIEW(DASH));
	add(text, lgp_view_of(name));
	add(text, LGP_VIEW(" "));
	add(text, (struct lgp_view){base64, lgp_base64_encode(base64, blob, len)});
	add(text, LGP_VIEW("\n"));
}

/* A note over the body, signed by the log whatever the body says. */
static void sign_text(struct text *note, struct lgp_view body)
{
	uint8_t blob[4 + LGP_SIGNATURE_LEN];
	memcpy(blob, log_signer.public.id, 4);
	crypto_sign_detached(blob + 4, NULL, (const uint8_t *)body.ptr, body.len,
	                     log_signer.secret);
	note->len = 0;
	add(note, body);
	add(note, LGP_VIEW("\n"));
	add_line(note, ORIGIN, blob, sizeof(blob));
}

/* The witness's line, as another signer would make it. */
static void cosign(struct text *note, struct lgp_view body, uint64_t time_s)
{
	uint8_t blob[4 + 8 + LGP_SIGNATURE_LEN];
	char message[512];
	size_t len = (size_t)snprintf(message, sizeof(message), "cosignature/v1\ntime %llu\n%.*s",
	                              (unsigned long long)time_s, (int)body.len, body.ptr);
	memcpy(blob, known[1].id, 4);
	lgp_put_be(blob + 4, time_s, 8);
	crypto_sign_detached(blob + 12, NULL, (const uint8_t *)message, len, witness_signer.secret);
	add_line(note, WITNESS, blob, sizeof(blob));
}

/* What an open with `count` of the known keys says. */
static enum lgp_status open_with(struct lgp_view note, size_t count)
{
	struct lgp_checkpoint checkpoint;
	enum lgp_status status = lgp_checkpoint_open(note, known, count, &checkpoint);
	assert_true(status == LGP_OK || status == LGP_INVALID || status == LGP_MALFORMED);
	return status;
}

static struct lgp_checkpoint checkpoint_300(void)
{
	static struct lgp_hash leaves[300];
	struct lgp_checkpoint checkpoint = {.size = 300};
	vector_leaf_hashes(leaves, 300);
	rfc_root(leaves, 300, &checkpoint.root);
	return checkpoint;
}

static const char body_300[] = ORIGIN "\n300\n" ROOT "\n";

/* --- keys --------------------------------------------------------------- */

static void keys_of_the_vectors_follow_from_their_seeds(void **state)
{
	struct fixture_file file;
	char text[LGP_VKEY_MAX];
	struct lgp_view expected = fixture_read(&file, "tlog-300/log.vkey");
	(void)state;
	size_t len = lgp_vkey_format(&log_signer.public, text);
	assert_int_equal(len, strlen(text));
	assert_int_equal(len + 1, expected.len);
	assert_memory_equal(text, expected.ptr, len);
	assert_memory_equal(known[1].key, witness_signer.public.key, LGP_PUBLIC_KEY_LEN);
	assert_int_equal(known[1].type, LGP_KEY_COSIGNATURE);
}

static void keys_read_back_as_they_were_written(void **state)
{
	static const char *const vkeys[] = {"tlog-5/log.vkey", "tlog-5/witness.vkey",
	                                    "tlog-300/log.vkey", "tlog-300/witness.vkey"};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fixture_file file;
		struct lgp_verifier verifier = fixture_verifier(vkeys[i]);
		char text[LGP_VKEY_MAX];
		size_t len = lgp_vkey_format(&verifier, text);
		struct lgp_view expected = fixture_read(&file, vkeys[i]);
		assert_int_equal(len + 1, expected.len);
		assert_memory_equal(text, expected.ptr, len);
	}
}

/* Base64 of a key holds '+' for about every second key. */
static void keys_with_a_plus_in_their_base64_are_read(void **state)
{
	unsigned with_plus = 0;
	(void)state;
	for (uint8_t i = 0; i < 64; i++) {
		uint8_t seed[LGP_SECRET_SEED_LEN] = {i, 1};
		struct lgp_signer signer;
		struct lgp_verifier back;
		char text[LGP_VKEY_MAX];
		assert_int_equal(lgp_signer_init(&signer, LGP_VIEW("a"), seed), LGP_OK);
		size_t len = lgp_vkey_format(&signer.public, text);
		with_plus += strchr(text + 11, '+') != NULL;
		assert_int_equal(lgp_vkey_parse((struct lgp_view){text, len}, &back), LGP_OK);
		assert_memory_equal(&back, &signer.public, sizeof(back));
	}
	assert_in_range(with_plus, 5, 60);
}

static void keys_refused_when_any_character_is_changed(void **state)
{
	struct fixture_file file;
	struct lgp_view text = fixture_read(&file, "tlog-300/log.vkey");
	struct lgp_verifier verifier;
	(void)state;
	assert_int_equal(lgp_vkey_parse(text, &verifier), LGP_MALFORMED); /* the LF */
	text.len--;
	for (size_t i = 0; i < text.len; i++) {
		char *byte = &file.bytes[i], was = *byte;
		for (unsigned c = 0; c < 256; c++) {
			*byte = (char)c;
			enum lgp_status status = lgp_vkey_parse(text, &verifier);
			assert_int_equal(status, *byte == was ? LGP_OK : LGP_MALFORMED);
		}
		*byte = was;
		assert_int_equal(lgp_vkey_parse((struct lgp_view){text.ptr, i}, &verifier),
		                 LGP_MALFORMED);
	}
	assert_int_equal(lgp_vkey_parse((struct lgp_view){text.ptr, text.len + 1}, &verifier),
	                 LGP_MALFORMED);
}

/* Well-formed in all but its type; the id does follow. */
static void keys_of_unknown_types_are_refused(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct lgp_verifier key = log_signer.public, back;
		uint8_t input[sizeof(ORIGIN) + 1 + LGP_PUBLIC_KEY_LEN];
		struct lgp_hash hash;
		char text[LGP_VKEY_MAX];
		memcpy(input, ORIGIN "\n", sizeof(ORIGIN));
		input[sizeof(ORIGIN)] = (uint8_t)type;
		memcpy(input + sizeof(ORIGIN) + 1, key.key, LGP_PUBLIC_KEY_LEN);
		lgp_hash_sha256(input, sizeof(input), &hash);
		memcpy(key.id, hash.bytes, 4);
		key.type = (enum lgp_key_type)type;
		size_t len = lgp_vkey_format(&key, text);
		assert_int_equal(lgp_vkey_parse((struct lgp_view){text, len}, &back),
		                 type == 1 || type == 4 ? LGP_OK : LGP_MALFORMED);
	}
}

static void origins_are_printable_without_blank_or_plus(void **state)
{
	char longest[LGP_ORIGIN_MAX + 1];
	uint8_t seed[LGP_SECRET_SEED_LEN] = {0};
	struct lgp_signer signer;
	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_true(lgp_origin_valid((struct lgp_view){longest, LGP_ORIGIN_MAX}));
	assert_false(lgp_origin_valid((struct lgp_view){longest, LGP_ORIGIN_MAX + 1}));
	assert_false(lgp_origin_valid(LGP_VIEW("")));
	for (unsigned c = 0; c < 256; c++) {
		char name[3] = {'a', (char)c, 'b'};
		bool valid = c > ' ' && c < 127 && c != '+';
		struct lgp_view origin = {name, 3};
		assert_true(lgp_origin_valid(origin) == valid);
		assert_int_equal(lgp_signer_init(&signer, origin, seed),
		                 valid ? LGP_OK : LGP_MALFORMED);
	}
}

/* --- checkpoints -------------------------------------------------------- */

static void checkpoints_of_the_vectors_are_signed_again_to_the_byte(void **state)
{
	static const struct {
		const char *path;
		size_t size;
	} vectors[] = {{"tlog-5/checkpoint.old", 3},
	               {"tlog-5/checkpoint", 5},
	               {"tlog-300/checkpoint.old", 100},
	               {"tlog-300/checkpoint", 300}};
	static struct lgp_hash leaves[300];
	(void)state;
	vector_leaf_hashes(leaves, 300);
	for (size_t i = 0; i < 4; i++) {
		struct lgp_checkpoint checkpoint = {.size = vectors[i].size};
		uint8_t signature[LGP_SIGNATURE_LEN];
		static struct text note;
		struct fixture_file file;
		struct lgp_view expected = fixture_read(&file, vectors[i].path);
		rfc_root(leaves, vectors[i].size, &checkpoint.root);
		lgp_checkpoint_sign(&log_signer, &checkpoint, signature);
		note.len = lgp_checkpoint_format(&log_signer.public, &checkpoint, signature,
		                                 note.bytes);
		if (strstr(vectors[i].path, ".old") == NULL) {
			char body[LGP_CHECKPOINT_BODY_MAX];
			size_t len = lgp_checkpoint_body(LGP_VIEW(ORIGIN), &checkpoint, body);
			cosign(&note, (struct lgp_view){body, len}, COSIGNED_AT);
		}
		assert_int_equal(note.len, expected.len);
		assert_memory_equal(note.bytes, expected.ptr, note.len);
	}
}

static void checkpoint_of_the_longest_name_fits_its_room(void **state)
{
	struct lgp_checkpoint checkpoint = {.size = UINT64_MAX}, back;
	char name[LGP_ORIGIN_MAX];
	uint8_t seed[LGP_SECRET_SEED_LEN] = {9}, signature[LGP_SIGNATURE_LEN];
	char *note = malloc(LGP_CHECKPOINT_SIGNED_MAX), *vkey = malloc(LGP_VKEY_MAX);
	struct lgp_signer signer;
	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(lgp_signer_init(&signer, (struct lgp_view){name, sizeof(name)}, seed),
	                 LGP_OK);
	memset(checkpoint.root.bytes, 0xff, LGP_HASH_LEN);
	lgp_checkpoint_sign(&signer, &checkpoint, signature);
	size_t len = lgp_checkpoint_format(&signer.public, &checkpoint, signature, note);
	assert_int_equal(len, LGP_CHECKPOINT_SIGNED_MAX);
	assert_int_equal(lgp_vkey_format(&signer.public, vkey) + 1, LGP_VKEY_MAX);
	assert_int_equal(
	        lgp_checkpoint_open((struct lgp_view){note, len}, &signer.public, 1, &back),
	        LGP_OK);
	assert_true(back.size == UINT64_MAX);
	assert_same_hash(&back.root, &checkpoint.root);
	free(note);
	free(vkey);
}

static void checkpoint_opens_with_and_without_its_witness(void **state)
{
	struct fixture_file file;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint"), origin;
	struct lgp_checkpoint expected = checkpoint_300(), got;
	(void)state;
	for (size_t count = 1; count <= 2; count++) {
		memset(&got, 0, sizeof(got));
		assert_int_equal(lgp_checkpoint_open(note, known, count, &got), LGP_OK);
		assert_true(got.size == 300);
		assert_same_hash(&got.root, &expected.root);
	}
	assert_int_equal(lgp_checkpoint_parse(note, &got, NULL), LGP_OK);
	assert_int_equal(lgp_checkpoint_parse(note, &got, &origin), LGP_OK);
	assert_true(lgp_view_equal(origin, LGP_VIEW(ORIGIN)));
	assert_same_hash(&got.root, &expected.root);
}

static void checkpoint_refused_under_another_log_key(void **state)
{
	struct fixture_file file;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint");
	struct lgp_verifier witness_first[2] = {known[1], known[0]};
	uint8_t seed[LGP_SECRET_SEED_LEN] = {1};
	struct lgp_signer other;
	struct lgp_checkpoint got;
	(void)state;
	assert_int_equal(lgp_checkpoint_open(note, witness_first, 2, &got), LGP_INVALID);
	assert_int_equal(lgp_signer_init(&other, LGP_VIEW(ORIGIN), seed), LGP_OK);
	assert_int_equal(lgp_checkpoint_open(note, &other.public, 1, &got), LGP_INVALID);
	assert_non_null(strstr(lgp_fault_detail(), "no signature by the given key"));
	/* The same name and id, and another key: that one is known, and fails. */
	memcpy(other.public.id, known[0].id, 4);
	assert_int_equal(lgp_checkpoint_open(note, &other.public, 1, &got), LGP_INVALID);
	assert_non_null(strstr(lgp_fault_detail(), "does not hold"));
}

/* The log's key may sign for its own name alone. */
static void checkpoint_refused_when_its_origin_is_not_the_keys_name(void **state)
{
	static struct text note;
	(void)state;
	sign_text(&note, lgp_view_of(body_300));
	assert_int_equal(open_with(view(&note), 1), LGP_OK);
	char body[sizeof(body_300)];
	memcpy(body, body_300, sizeof(body));
	body[0] = 'L';
	sign_text(&note, lgp_view_of(body));
	assert_int_equal(open_with(view(&note), 1), LGP_INVALID);
	assert_non_null(strstr(lgp_fault_detail(), "it is of the log Ledger.example/grants"));
}

static void checkpoint_refused_when_any_bit_is_flipped(void **state)
{
	struct fixture_file file;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint.old");
	(void)state;
	assert_int_equal(open_with(note, 1), LGP_OK);
	for (size_t bit = 0; bit < 8 * note.len; bit++) {
		file.bytes[bit / 8] = (char)(file.bytes[bit / 8] ^ 1 << bit % 8);
		assert_int_not_equal(open_with(note, 2), LGP_OK);
		file.bytes[bit / 8] = (char)(file.bytes[bit / 8] ^ 1 << bit % 8);
	}
}

/* The witness is known: what is changed in its signature shows.  With its name
 * or id changed the line is somebody else's, and is passed over. */
static void checkpoint_refused_when_any_bit_of_a_cosignature_is_flipped(void **state)
{
	struct fixture_file file;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint");
	size_t line = (size_t)(strstr(file.bytes, WITNESS) - file.bytes);
	size_t id = line + strlen(WITNESS) + 1;
	(void)state;
	for (size_t bit = 8 * line; bit < 8 * note.len; bit++) {
		size_t at = bit / 8;
		file.bytes[at] = (char)(file.bytes[at] ^ 1 << bit % 8);
		enum lgp_status status = open_with(note, 2);
		/* Five characters and a bit of the sixth make up the id. */
		if (at >= id + 6)
			assert_int_not_equal(status, LGP_OK);
		else if (at < id - 1)
			assert_true(status == LGP_OK || status == LGP_MALFORMED);
		file.bytes[at] = (char)(file.bytes[at] ^ 1 << bit % 8);
	}
}

static void checkpoint_refused_when_cut_short_or_grown(void **state)
{
	static const char bytes[] = "\n\r A=0+-\x80\xe2\t";
	static char grown[1024];
	struct fixture_file file;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint.old");
	(void)state;
	for (size_t at = 0; at <= note.len; at++) {
		/* In room of its own, so that a sanitizer sees what is read past it. */
		char *cut = malloc(at + 1);
		memcpy(cut + 1, note.ptr, at);
		assert_true((open_with((struct lgp_view){cut + 1, at}, 1) == LGP_OK) ==
		            (at == note.len));
		free(cut);
		for (size_t b = 0; b < sizeof(bytes); b++) {
			memcpy(grown, note.ptr, at);
			grown[at] = bytes[b];
			memcpy(grown + at + 1, note.ptr + at, note.len - at);
			assert_int_not_equal(open_with((struct lgp_view){grown, note.len + 1}, 1),
			                     LGP_OK);
		}
	}
}

/* All of these are signed, so only their form is wrong. */
static void checkpoint_refused_when_its_body_is_not_canonical(void **state)
{
	static const char *const bodies[] = {
	        ORIGIN "\n0300\n" ROOT "\n",
	        ORIGIN "\n+300\n" ROOT "\n",
	        ORIGIN "\n300 \n" ROOT "\n",
	        ORIGIN "\n\n" ROOT "\n",
	        ORIGIN "\n18446744073709551616\n" ROOT "\n",
	        ORIGIN "\r\n300\r\n" ROOT "\r\n",
	        ORIGIN "\n300\n" ROOT "\nextension\n",
	        ORIGIN "\n300\n" ROOT "\n\n",
	        ORIGIN "\n300\n" ROOT ROOT "\n",
	        ORIGIN "\n300\nuPP5SRPWkfED0nk3m6A8cVaE6cWaWk1EIehwGSbUN6E\n",
	        ORIGIN "\n300\nuPP5SRPWkfED0nk3m6A8cVaE6cWaWk1EIehwGSbUN6F=\n",
	        ORIGIN "\n300\nuPP5SRPWkfED0nk3m6A8cVaE6cWaWk1EIehwGSbU\n",
	        ORIGIN "\n300\n\n",
	        ORIGIN "\n300\n",
	        "\n300\n" ROOT "\n",
	        "ledger example\n300\n" ROOT "\n",
	        "",
	};
	static struct text note;
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		sign_text(&note, lgp_view_of(bodies[i]));
		if (open_with(view(&note), 1) != LGP_MALFORMED)
			fail_msg("taken: %s", bodies[i]);
	}
}

static void checkpoint_refused_when_a_signature_line_is_not_of_its_form(void **state)
{
	static const char *const lines[] = {
	        "\n",
	        "x\n",
	        DASH "\n",
	        DASH "name\n",
	        DASH "name \n",
	        DASH " AAAAAAA=\n",
	        DASH "name AAAAAA==\n",
	        DASH "name AAAAAAA\n",
	        DASH "name AAAAAAB=\n",
	        DASH "name AAAAAAA=",
	        DASH "name AAAAAAA= \n",
	        DASH "name  AAAAAAA=\n",
	        DASH "na+me AAAAAAA=\n",
	        DASH "na\tme AAAAAAA=\n",
	        DASH "na\xff\x80me AAAAAAA=\n",
	        DASH "na\xed\xa0\x80me AAAAAAA=\n",
	        DASH "na\xc0\x80me AAAAAAA=\n",
	        DASH "na\xe0\x80\x80me AAAAAAA=\n",
	        DASH "na\xf4\x90\x80\x80me AAAAAAA=\n",
	        DASH "na\xf0\x80\x80\x80me AAAAAAA=\n",
	        DASH "name AAAAAAA=\r\n",
	        "- name AAAAAAA=\n",
	        "\xe2\x80\x93 name AAAAAAA=\n",
	        "\xe2\x80\x94name AAAAAAA=\n",
	};
	static struct text note;
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		sign_text(&note, lgp_view_of(body_300));
		add(&note, lgp_view_of(lines[i]));
		if (open_with(view(&note), 2) != LGP_MALFORMED)
			fail_msg("taken: %s", lines[i]);
	}
	/* A name in another script is somebody's all the same. */
	sign_text(&note, lgp_view_of(body_300));
	add(&note, LGP_VIEW(DASH "\xd1\x81\xe2\x82\xac\xf0\x9f\x8e\x81 AAAAAAA=\n"));
	assert_int_equal(open_with(view(&note), 2), LGP_OK);
}

static void checkpoint_without_any_signature_is_refused(void **state)
{
	static struct text note;
	struct lgp_checkpoint got;
	(void)state;
	note.len = 0;
	add(&note, lgp_view_of(body_300));
	add(&note, LGP_VIEW("\n"));
	assert_int_equal(open_with(view(&note), 1), LGP_MALFORMED);
	assert_int_equal(lgp_checkpoint_parse(view(&note), &got, NULL), LGP_MALFORMED);
	cosign(&note, lgp_view_of(body_300), COSIGNED_AT);
	assert_int_equal(open_with(view(&note), 2), LGP_INVALID);
	assert_int_equal(lgp_checkpoint_parse(view(&note), &got, NULL), LGP_OK);
}

static void checkpoint_takes_64_signature_lines_and_no_more(void **state)
{
	static struct text note;
	uint8_t blob[4 + 8 + LGP_SIGNATURE_LEN] = {1, 2, 3, 4};
	(void)state;
	sign_text(&note, lgp_view_of(body_300));
	for (unsigned lines = 1; lines <= 65; lines++) {
		assert_int_equal(open_with(view(&note), 2), lines <= 64 ? LGP_OK : LGP_MALFORMED);
		blob[0] = (uint8_t)lines;
		add_line(&note, "witness.example/unknown", blob, sizeof(blob));
	}
}

/* ML-DSA-44 signatures are 2,420 bytes; unknown here, so passed over. */
static void checkpoint_passes_over_long_signatures_up_to_its_bound(void **state)
{
	static struct text note;
	static uint8_t blob[4 + 8 + 2420] = {1, 2, 3, 4};
	(void)state;
	sign_text(&note, lgp_view_of(body_300));
	while (note.len <= LGP_CHECKPOINT_MAX) {
		assert_int_equal(open_with(view(&note), 2), LGP_OK);
		add_line(&note, "witness.example/pq", blob, sizeof(blob));
	}
	assert_int_equal(open_with(view(&note), 2), LGP_MALFORMED);
}

static void every_signature_of_a_known_key_must_hold(void **state)
{
	static struct text note;
	uint8_t blob[4 + LGP_SIGNATURE_LEN] = {0};
	(void)state;
	memcpy(blob, known[0].id, 4);
	sign_text(&note, lgp_view_of(body_300));
	add_line(&note, ORIGIN, blob, sizeof(blob));
	assert_int_equal(open_with(view(&note), 1), LGP_INVALID);
	sign_text(&note, lgp_view_of(body_300));
	add_line(&note, ORIGIN, blob, 4 + 10);
	assert_int_equal(open_with(view(&note), 1), LGP_INVALID);
	/* The name or the id alone is not a known key. */
	sign_text(&note, lgp_view_of(body_300));
	add_line(&note, ORIGIN "x", blob, sizeof(blob));
	blob[0] ^= 1;
	add_line(&note, ORIGIN, blob, sizeof(blob));
	assert_int_equal(open_with(view(&note), 1), LGP_OK);
}

static void cosignatures_hold_for_their_own_body_and_time_alone(void **state)
{
	static struct text note;
	static const char other[] = ORIGIN "\n301\n" ROOT "\n";
	static const uint64_t times[] = {0, 1, COSIGNED_AT, INT64_MAX};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		sign_text(&note, lgp_view_of(body_300));
		cosign(&note, lgp_view_of(body_300), times[i]);
		assert_int_equal(open_with(view(&note), 2), LGP_OK);
	}
	sign_text(&note, lgp_view_of(body_300));
	cosign(&note, lgp_view_of(body_300), (uint64_t)INT64_MAX + 1);
	assert_int_equal(open_with(view(&note), 2), LGP_INVALID);
	sign_text(&note, lgp_view_of(body_300));
	cosign(&note, lgp_view_of(other), COSIGNED_AT);
	assert_int_equal(open_with(view(&note), 2), LGP_INVALID);
	assert_int_equal(open_with(view(&note), 1), LGP_OK);
}

/* A plain signature by the witness's key is no cosignature: its type is in
 * the id. */
static void plain_signature_under_a_witness_name_counts_for_nothing(void **state)
{
	static struct text note;
	uint8_t blob[4 + LGP_SIGNATURE_LEN];
	(void)state;
	memcpy(blob, witness_signer.public.id, 4);
	assert_memory_not_equal(blob, known[1].id, 4);
	crypto_sign_detached(blob + 4, NULL, (const uint8_t *)body_300, strlen(body_300),
	                     witness_signer.secret);
	sign_text(&note, lgp_view_of(body_300));
	add_line(&note, WITNESS, blob, sizeof(blob));
	assert_int_equal(open_with(view(&note), 2), LGP_OK);
	memcpy(blob, known[1].id, 4);
	sign_text(&note, lgp_view_of(body_300));
	add_line(&note, WITNESS, blob, sizeof(blob));
	assert_int_equal(open_with(view(&note), 2), LGP_INVALID);
}

static void refused_checkpoint_leaves_the_result_alone(void **state)
{
	struct lgp_checkpoint got = {.size = 7};
	struct lgp_view origin = LGP_VIEW("untouched");
	(void)state;
	assert_int_equal(lgp_checkpoint_open(LGP_VIEW("x"), known, 2, &got), LGP_MALFORMED);
	assert_int_equal(lgp_checkpoint_parse((struct lgp_view){NULL, 0}, &got, &origin),
	                 LGP_MALFORMED);
	assert_true(got.size == 7 && origin.len == 9);
}

/* Bytes at random, and notes with a stretch of them changed: never a crash,
 * and never taken when the body differs. */
static void changed_notes_are_never_taken_for_another_checkpoint(void **state)
{
	struct fixture_file file, changed;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint");
	uint64_t seed = 7;
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct lgp_checkpoint got = {.size = 0};
		memcpy(changed.bytes, note.ptr, note.len);
		uint64_t random = fixture_random(&seed);
		size_t from = random % note.len, count = 1 + (random >> 32) % 8;
		size_t source = (random >> 16) % note.len;
		for (size_t i = 0; i < count && from + i < note.len; i++)
			changed.bytes[from + i] = round % 2 == 0 ? note.ptr[(source + i) % note.len]
			                                         : (char)fixture_random(&seed);
		struct lgp_view text = {changed.bytes, round % 5 == 0 ? from : note.len};
		if (lgp_checkpoint_open(text, known, 2, &got) == LGP_OK)
			assert_true(got.size == 300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keys_of_the_vectors_follow_from_their_seeds),
	        cmocka_unit_test(keys_read_back_as_they_were_written),
	        cmocka_unit_test(keys_with_a_plus_in_their_base64_are_read),
	        cmocka_unit_test(keys_refused_when_any_character_is_changed),
	        cmocka_unit_test(keys_of_unknown_types_are_refused),
	        cmocka_unit_test(origins_are_printable_without_blank_or_plus),
	        cmocka_unit_test(checkpoints_of_the_vectors_are_signed_again_to_the_byte),
	        cmocka_unit_test(checkpoint_of_the_longest_name_fits_its_room),
	        cmocka_unit_test(checkpoint_opens_with_and_without_its_witness),
	        cmocka_unit_test(checkpoint_refused_under_another_log_key),
	        cmocka_unit_test(checkpoint_refused_when_its_origin_is_not_the_keys_name),
	        cmocka_unit_test(checkpoint_refused_when_any_bit_is_flipped),
	        cmocka_unit_test(checkpoint_refused_when_any_bit_of_a_cosignature_is_flipped),
	        cmocka_unit_test(checkpoint_refused_when_cut_short_or_grown),
	        cmocka_unit_test(checkpoint_refused_when_its_body_is_not_canonical),
	        cmocka_unit_test(checkpoint_refused_when_a_signature_line_is_not_of_its_form),
	        cmocka_unit_test(checkpoint_without_any_signature_is_refused),
	        cmocka_unit_test(checkpoint_takes_64_signature_lines_and_no_more),
	        cmocka_unit_test(checkpoint_passes_over_long_signatures_up_to_its_bound),
	        cmocka_unit_test(every_signature_of_a_known_key_must_hold),
	        cmocka_unit_test(cosignatures_hold_for_their_own_body_and_time_alone),
	        cmocka_unit_test(plain_signature_under_a_witness_name_counts_for_nothing),
	        cmocka_unit_test(refused_checkpoint_leaves_the_result_alone),
	        cmocka_unit_test(changed_notes_are_never_taken_for_another_checkpoint),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
