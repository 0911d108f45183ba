/* test_audit_url: a source that is a server's address, over a small log that a
 * thread of the test serves, well or badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tlog_fixture.h"
#include "tools/audit/source.h"
#include "web_fixture.h"

#define SIZE 700 /* two bundles that are full, and 188 entries */

struct log {
	struct web web;
	struct lgp_signer signer;
	uint8_t entry[SIZE][LGP_ENTRY_LEN];
	struct lgp_hash leaf[SIZE];
	uint64_t size; /* that the checkpoint tells */
	/* How it is served. */
	const char *refuse; /* paths that begin so are answered `refusal` */
	unsigned refusal;
	bool changed; /* entry 300 is another */
	const char *payload;
};

static void fill(struct log *log)
{
	static const uint8_t seed[LGP_SECRET_SEED_LEN] = {3};
	memset(log, 0, sizeof *log);
	log->size = SIZE;
	log->payload = "a payload";
	assert_int_equal(lgp_signer_init(&log->signer, LGP_VIEW("log"), seed), LGP_OK);
	for (size_t i = 0; i < SIZE; i++) {
		memset(log->entry[i], (int)i, LGP_ENTRY_LEN);
		lgp_hash_leaf(log->entry[i], LGP_ENTRY_LEN, &log->leaf[i]);
	}
}

/* ---- serving --------------------------------------------------------------------- */

static void reply_checkpoint(struct log *log, int client)
{
	struct lgp_checkpoint checkpoint = {.size = log->size};
	uint8_t signature[LGP_SIGNATURE_LEN];
	char note[LGP_CHECKPOINT_SIGNED_MAX];
	rfc_root(log->leaf, SIZE, &checkpoint.root);
	lgp_checkpoint_sign(&log->signer, &checkpoint, signature);
	size_t len = lgp_checkpoint_format(&log->signer.public, &checkpoint, signature, note);
	web_reply(client, 200, "text/plain", note, len);
}

static void reply_tile(struct log *log, int client, const struct lgp_tile *tile)
{
	static uint8_t bytes[LGP_TILE_WIDTH * (2 + LGP_ENTRY_LEN)];
	size_t len = 0;
	bool entries = tile->level == LGP_TILE_ENTRIES;
	if (tile->width > lgp_tile_width(entries ? 0 : tile->level, tile->index, SIZE)) {
		web_reply(client, 404, "text/plain", "", 0);
		return;
	}
	for (size_t i = 0; i < tile->width; i++) {
		size_t n = tile->index * LGP_TILE_WIDTH + i;
		if (tile->level == 1) {
			struct lgp_hash node;
			rfc_root(log->leaf + n * LGP_TILE_WIDTH, LGP_TILE_WIDTH, &node);
			memcpy(bytes + len, node.bytes, LGP_HASH_LEN);
		} else if (!entries) {
			memcpy(bytes + len, log->leaf[n].bytes, LGP_HASH_LEN);
		} else {
			bytes[len++] = LGP_ENTRY_LEN >> 8;
			bytes[len++] = LGP_ENTRY_LEN & 0xff;
			memcpy(bytes + len, log->entry[n], LGP_ENTRY_LEN);
			bytes[len] ^= log->changed && n == 300;
		}
		len += entries ? LGP_ENTRY_LEN : LGP_HASH_LEN;
	}
	web_reply(client, 200, "application/octet-stream", bytes, len);
}

static void serve(void *context, int client, const char *header, const char *path)
{
	struct log *log = context;
	struct lgp_tile tile;
	char vkey[LGP_VKEY_MAX];
	(void)header;
	if (log->refuse != NULL && strncmp(path, log->refuse, strlen(log->refuse)) == 0)
		web_reply(client, log->refusal, "text/plain", "", 0);
	else if (strcmp(path, "/checkpoint") == 0)
		reply_checkpoint(log, client);
	else if (strcmp(path, "/log.vkey") == 0)
		web_reply(client, 200, "text/plain", vkey,
		          lgp_vkey_format(&log->signer.public, vkey));
	else if (strncmp(path, "/tile/", 6) == 0 &&
	         lgp_tile_parse(lgp_view_of(path + 6), &tile) == LGP_OK)
		reply_tile(log, client, &tile);
	else if (strncmp(path, "/v1/payloads/", 13) == 0 && strchr("01234567", path[13]) != NULL)
		web_reply(client, 200, "application/octet-stream", log->payload,
		          strlen(log->payload));
	else
		web_reply(client, 404, "text/plain", "", 0);
}

static struct source *open_source(struct log *log)
{
	struct source *source;
	bool damaged;
	web_start(&log->web, serve, log);
	struct source_options options = {.ledger = log->web.url};
	assert_int_equal(source_open(&options, &source, &damaged), LGP_OK);
	return source;
}

static void finish(struct log *log, struct source *source)
{
	source_close(source);
	web_stop(&log->web);
}

static bool complains(struct source *source, struct complaint *complaint, const char *words)
{
	return source_complaint(source, complaint) && strstr(complaint->text, words) != NULL;
}

/* ---- reading ---------------------------------------------------------------------- */

static struct log log_;
static struct block block;

static void a_block_is_what_is_served(void **state)
{
	(void)state;
	struct complaint complaint;
	struct extent extent;
	fill(&log_);
	struct source *source = open_source(&log_);
	assert_int_equal(source_extent(source, &extent), LGP_OK);
	assert_int_equal(extent.size, SIZE);
	assert_int_equal(extent.covered, SIZE);
	block = (struct block){.first = 0};
	source_block(source, SIZE, &block);
	assert_int_equal(block.count, SIZE);
	assert_false(block.empty);
	for (unsigned i = 0; i < SIZE; i++) {
		const struct strip *strip = &block.leaves[i / LGP_STRIP_HASHES];
		assert_int_equal(block.cell[i], CELL_HERE);
		assert_memory_equal(block.entry[i], log_.entry[i], LGP_ENTRY_LEN);
		assert_int_equal(strip->cell, CELL_HERE);
		assert_same_hash(&strip->hash[i % LGP_STRIP_HASHES], &log_.leaf[i]);
	}
	assert_false(source_complaint(source, &complaint));
	assert_int_equal(source_failure(source), LGP_OK);
	finish(&log_, source);
}

static void strips_of_every_level_are_those_of_the_tree(void **state)
{
	(void)state;
	struct strip strip;
	struct lgp_hash node;
	uint64_t size_now;
	fill(&log_);
	struct source *source = open_source(&log_);
	source_strip(source, LGP_LOG_NODES, UINT64_C(1) << 56, &strip, &size_now);
	assert_int_equal(strip.cell, CELL_HERE);
	assert_int_equal(size_now, SIZE);
	rfc_root(log_.leaf + 256, 256, &node);
	assert_same_hash(&strip.hash[1], &node);
	assert_memory_equal(&strip.hash[2], &(struct lgp_hash){{0}}, LGP_HASH_LEN);
	source_strip(source, LGP_LOG_LEAVES, SIZE / LGP_STRIP_HASHES, &strip, NULL);
	assert_int_equal(strip.cell, CELL_HERE);
	assert_same_hash(&strip.hash[SIZE % LGP_STRIP_HASHES - 1], &log_.leaf[SIZE - 1]);
	const uint64_t beyond[] = {SIZE / LGP_STRIP_HASHES + 1, UINT64_C(2) << 56,
	                           UINT64_C(1) << 56 | 1, UINT64_C(200) << 56};
	for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
		source_strip(source, i == 0 ? LGP_LOG_LEAVES : LGP_LOG_NODES, beyond[i], &strip,
		             NULL);
		assert_int_equal(strip.cell, CELL_MISSING);
	}
	finish(&log_, source);
}

static void an_entry_is_had_without_its_block_and_once(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	fill(&log_);
	struct source *source = open_source(&log_);
	unsigned before = log_.web.requests;
	for (uint64_t seq = 512; seq < SIZE; seq++) {
		assert_int_equal(source_entry(source, seq, bytes), LGP_OK);
		assert_memory_equal(bytes, log_.entry[seq], LGP_ENTRY_LEN);
	}
	assert_int_equal(source_entry(source, SIZE, bytes), LGP_MISSING);
	assert_int_equal(source_entry(source, UINT64_MAX, bytes), LGP_MISSING);
	assert_int_equal(log_.web.requests - before, 1);
	finish(&log_, source);
}

/* ---- lying ------------------------------------------------------------------------- */

static void an_entry_shown_in_two_ways_is_told_and_not_believed(void **state)
{
	(void)state;
	struct complaint complaint;
	fill(&log_);
	struct source *source = open_source(&log_);
	block = (struct block){.first = 0};
	source_block(source, SIZE, &block);
	log_.changed = true;
	source_block(source, SIZE, &block);
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(block.cell[i], i / LGP_TILE_WIDTH == 1 ? CELL_DAMAGED : CELL_HERE);
	assert_true(complains(source, &complaint, "/tile/entries/001: it is not what was"));
	assert_int_equal(complaint.seq, 256);
	assert_false(source_complaint(source, &complaint));
	assert_non_null(strstr(block.cause, "not what was answered before"));
	uint8_t bytes[LGP_ENTRY_LEN];
	assert_int_equal(source_entry(source, 301, bytes), LGP_CORRUPT);
	finish(&log_, source);
}

static void a_log_said_to_be_endless_is_not_asked_for_without_end(void **state)
{
	(void)state;
	struct complaint complaint;
	uint64_t size = UINT64_C(1) << 47, blocks = 0;
	bool gave_up = false;
	fill(&log_);
	log_.size = size;
	log_.refuse = "/tile/";
	log_.refusal = 404;
	struct source *source = open_source(&log_);
	for (uint64_t first = 0; !block.empty || first == 0; first += BLOCK_ENTRIES) {
		block = (struct block){.first = first};
		source_block(source, size, &block);
		assert_true(++blocks < 1000);
	}
	assert_int_equal(block.next_entry, UINT64_MAX);
	while (source_complaint(source, &complaint))
		gave_up = gave_up || strstr(complaint.text, "no more were asked for") != NULL;
	assert_true(gave_up);
	finish(&log_, source);
}

static void complaints_are_bounded_and_the_rest_is_counted(void **state)
{
	(void)state;
	struct complaint complaint;
	uint8_t bytes[LGP_ENTRY_LEN];
	unsigned count = 0;
	fill(&log_);
	struct source *source = open_source(&log_);
	log_.refuse = "/tile/";
	log_.refusal = 500;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(source_entry(source, 0, bytes), LGP_CORRUPT);
	while (source_complaint(source, &complaint))
		count++;
	assert_int_equal(count, 65);
	assert_string_equal(complaint.text, "36 more answers from here on were not as due");
	finish(&log_, source);
}

/* ---- being let in no more ------------------------------------------------------------- */

static void a_source_that_failed_asks_no_more(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	struct payloads *payloads = malloc(sizeof *payloads);
	struct lgp_hash hash = {{0}};
	struct strip strip;
	size_t len;
	assert_non_null(payloads);
	fill(&log_);
	struct source *source = open_source(&log_);
	assert_false(*source_failed(source));
	log_.refuse = "/tile/";
	log_.refusal = 401;
	assert_int_equal(source_entry(source, 0, bytes), LGP_CORRUPT);
	assert_true(*source_failed(source));
	unsigned before = log_.web.requests;
	log_.refuse = NULL;
	block = (struct block){.first = 0};
	source_block(source, SIZE, &block);
	assert_int_equal(block.cell[0], CELL_DAMAGED);
	assert_non_null(strstr(block.cause, "401"));
	source_strip(source, LGP_LOG_NODES, UINT64_C(1) << 56, &strip, NULL);
	assert_int_equal(strip.cell, CELL_DAMAGED);
	assert_int_equal(source_payload(source, &hash, bytes, sizeof bytes, &len), LGP_INVALID);
	assert_int_equal(source_payloads_named(source, &hash, 1, payloads), LGP_INVALID);
	assert_int_equal(log_.web.requests, before);
	assert_int_equal(source_failure(source), LGP_INVALID);
	assert_non_null(strstr(lgp_fault_detail(), "an auditor's token"));
	free(payloads);
	finish(&log_, source);
}

/* ---- payloads ----------------------------------------------------------------------------- */

static void payloads_come_in_the_order_asked_and_those_missing_are_left_out(void **state)
{
	(void)state;
	struct payloads *payloads = malloc(sizeof *payloads);
	struct lgp_hash keys[PAYLOADS_NAMED_MAX] = {0};
	assert_non_null(payloads);
	fill(&log_);
	struct source *source = open_source(&log_);
	assert_false(source_lists_payloads(source));
	for (size_t i = 0; i < PAYLOADS_NAMED_MAX; i++)
		keys[i].bytes[0] = (uint8_t)(4 * i); /* half of them are there */
	assert_int_equal(source_payloads_named(source, keys, PAYLOADS_NAMED_MAX, payloads), LGP_OK);
	assert_int_equal(payloads->count, PAYLOADS_NAMED_MAX / 2);
	for (size_t i = 0; i < payloads->count; i++) {
		assert_same_hash(&payloads->list[i].key, &keys[i]);
		assert_int_equal(payloads->list[i].len, strlen(log_.payload));
		assert_memory_equal(payloads->bytes + payloads->list[i].at, log_.payload,
		                    strlen(log_.payload));
	}
	free(payloads);
	finish(&log_, source);
}

static void a_payload_that_is_another_is_not_handed_out(void **state)
{
	(void)state;
	static const char *const texts[] = {"p0", "p1", "p2", "p3"};
	char out[16];
	size_t len;
	fill(&log_);
	struct source *source = open_source(&log_);
	bool here = false;
	for (size_t i = 0; i < 4; i++) {
		struct lgp_hash hash;
		lgp_hash_sha256(texts[i], 2, &hash);
		log_.payload = texts[i];
		enum lgp_status status = source_payload(source, &hash, out, sizeof out, &len);
		assert_int_equal(status, hash.bytes[0] < 0x80 ? LGP_OK : LGP_MISSING);
		if (status != LGP_OK)
			continue;
		here = true;
		log_.payload = "another";
		assert_int_equal(source_payload(source, &hash, out, sizeof out, &len), LGP_INVALID);
		assert_int_equal(source_payload(source, &hash, out, 3, &len), LGP_OVERLOAD);
	}
	assert_true(here);
	finish(&log_, source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_block_is_what_is_served),
	        cmocka_unit_test(strips_of_every_level_are_those_of_the_tree),
	        cmocka_unit_test(an_entry_is_had_without_its_block_and_once),
	        cmocka_unit_test(an_entry_shown_in_two_ways_is_told_and_not_believed),
	        cmocka_unit_test(a_log_said_to_be_endless_is_not_asked_for_without_end),
	        cmocka_unit_test(complaints_are_bounded_and_the_rest_is_counted),
	        cmocka_unit_test(a_source_that_failed_asks_no_more),
	        cmocka_unit_test(payloads_come_in_the_order_asked_and_those_missing_are_left_out),
	        cmocka_unit_test(a_payload_that_is_another_is_not_handed_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
