/* test_entry: the 256 bytes of a leaf, held to the table of entry.h.
 * The literal bytes below were written by hand from that table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/entry.h"

#define RANDOM_ENTRIES 20000

/* Every field has a value of its own, so that two fields cannot trade places. */
static const struct lgp_entry refusal = {
        .kind = LGP_KIND_REFUSAL,
        .asked = LGP_KIND_GRANT,
        .flags = LGP_FLAG_WORDS | LGP_FLAG_AMEND,
        .code = 0x0169, /* 105 is not enough to tell two bytes apart */
        .debit = LGP_CLASS_BUDGET,
        .credit = LGP_CLASS_CUSTOMER,
        .seq = UINT64_C(0x0807060504030201),
        .time_us = INT64_C(0x1817161514131211),
        .business_date = -2, /* before 1970 */
        .expiry_date = 0x24232221,
        .amount = INT64_C(0x3837363534333231),
        .balance = -3,
        .actor = UINT64_C(0x4847464544434241),
        .staff = UINT64_C(0x5857565554535251),
        .customer = UINT64_C(0x6867666564636261),
        .site = UINT64_C(0x7877767574737271),
        .budget = UINT64_C(0x8887868584838281),
        .reason = UINT64_C(0x9897969594939291),
        .touchpoint = UINT64_C(0xa8a7a6a5a4a3a2a1),
        .unit = UINT64_C(0xb8b7b6b5b4b3b2b1),
        .refers_to = UINT64_C(0xc8c7c6c5c4c3c2c1),
        .prev_customer = UINT64_C(0xd8d7d6d5d4d3d2d1),
        .prev_budget = UINT64_C(0xe8e7e6e5e4e3e2e1),
        .prev_actor = UINT64_C(0xf8f7f6f5f4f3f2f1),
        .policy = UINT64_C(0x0f0e0d0c0b0a0908),
        .limit = UINT64_C(0x1f1e1d1c1b1a1918),
        .key_mac = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c,
                    0x2d, 0x2e, 0x2f},
        .body_mac = {0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c,
                     0x3d, 0x3e, 0x3f},
        .hash = {{0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a,
                  0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55,
                  0x56, 0x57, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f}},
        .incident = "INC-2024.7_x",
};

/* clang-format off */
static const uint8_t golden[LGP_ENTRY_LEN] = {
	/*   0 version, kind, flags, asked */ 0x01, 0x20, 0x06, 0x11,
	/*   4 code, debit, credit         */ 0x69, 0x01, 0x02, 0x03,
	/*   8 seq            */ 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	/*  16 time           */ 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	/*  24 business date  */ 0xfe, 0xff, 0xff, 0xff,
	/*  28 expiry date    */ 0x21, 0x22, 0x23, 0x24,
	/*  32 amount         */ 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38,
	/*  40 balance        */ 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	/*  48 actor          */ 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
	/*  56 staff          */ 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
	/*  64 customer       */ 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
	/*  72 site           */ 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78,
	/*  80 budget         */ 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
	/*  88 reason         */ 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
	/*  96 touchpoint     */ 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8,
	/* 104 unit           */ 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8,
	/* 112 refers to      */ 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8,
	/* 120 prev customer  */ 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
	/* 128 prev budget    */ 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
	/* 136 prev actor     */ 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
	/* 144 policy         */ 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
	/* 152 limit          */ 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	/* 160 key MAC        */ 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
	                         0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f,
	/* 176 body MAC       */ 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,
	                         0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
	/* 192 hash           */ 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
	                         0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
	                         0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,
	                         0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f,
	/* 224 incident       */ 'I', 'N', 'C', '-', '2', '0', '2', '4',
	                         '.', '7', '_', 'x', 0, 0, 0, 0,
	                         0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};
/* clang-format on */

/* A plain grant as bytes, that each case damages in one place. */
static void grant_bytes(uint8_t out[LGP_ENTRY_LEN])
{
	struct lgp_entry grant = {
	        .kind = LGP_KIND_GRANT,
	        .debit = LGP_CLASS_BUDGET,
	        .credit = LGP_CLASS_CUSTOMER,
	        .seq = 100,
	        .amount = 2500,
	        .customer = 7,
	        .budget = 5,
	        .unit = 3,
	        .incident = "INC-1",
	};
	lgp_entry_encode(&grant, out);
}

static void entry_is_written_as_its_table_says(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	memset(bytes, 0xee, sizeof bytes); /* so that a byte left alone shows */
	lgp_entry_encode(&refusal, bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		if (bytes[i] != golden[i])
			fail_msg("byte %zu is %02x, not %02x", i, bytes[i], golden[i]);
}

static void entry_is_read_as_its_table_says(void **state)
{
	(void)state;
	struct lgp_entry entry;
	assert_int_equal(lgp_entry_decode(golden, &entry), LGP_OK);
	assert_int_equal(entry.kind, LGP_KIND_REFUSAL);
	assert_int_equal(entry.asked, LGP_KIND_GRANT);
	assert_int_equal(entry.flags, LGP_FLAG_WORDS | LGP_FLAG_AMEND);
	assert_int_equal(entry.code, 0x0169);
	assert_int_equal(entry.debit, LGP_CLASS_BUDGET);
	assert_int_equal(entry.credit, LGP_CLASS_CUSTOMER);
	assert_int_equal(entry.business_date, -2);
	assert_int_equal(entry.expiry_date, 0x24232221);
	assert_int_equal(entry.time_us, refusal.time_us);
	assert_int_equal(entry.amount, refusal.amount);
	assert_int_equal(entry.balance, -3);
	assert_memory_equal(&entry.hash, &refusal.hash, sizeof entry.hash);
	assert_memory_equal(entry.incident, refusal.incident, sizeof entry.incident);
	/* The rest by way of the bytes that it must give again. */
	uint8_t again[LGP_ENTRY_LEN];
	lgp_entry_encode(&entry, again);
	assert_memory_equal(again, golden, sizeof again);
}

/* Each numbered field read alone: zero bytes everywhere but in the field. */
static void each_number_is_read_from_its_own_place(void **state)
{
	(void)state;
#define FIELD(at, name)                                     \
	{                                                   \
		at, offsetof(struct lgp_entry, name), #name \
	}
	static const struct {
		size_t at, member;
		const char *name;
	} fields[] = {
	        FIELD(8, seq),          FIELD(16, time_us),        FIELD(32, amount),
	        FIELD(40, balance),     FIELD(48, actor),          FIELD(56, staff),
	        FIELD(64, customer),    FIELD(72, site),           FIELD(80, budget),
	        FIELD(88, reason),      FIELD(96, touchpoint),     FIELD(104, unit),
	        FIELD(112, refers_to),  FIELD(120, prev_customer), FIELD(128, prev_budget),
	        FIELD(136, prev_actor), FIELD(144, policy),        FIELD(152, limit),
	};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		uint8_t bytes[LGP_ENTRY_LEN] = {LGP_ENTRY_VERSION, LGP_KIND_THANKS};
		struct lgp_entry entry;
		bytes[fields[i].at] = 0x37;
		bytes[fields[i].at + 7] = 0x12;
		assert_int_equal(lgp_entry_decode(bytes, &entry), LGP_OK);
		uint64_t value;
		memcpy(&value, (const char *)&entry + fields[i].member, sizeof value);
		if (value != UINT64_C(0x1200000000000037))
			fail_msg("%s is not at %zu", fields[i].name, fields[i].at);
	}
#undef FIELD
}

static uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);

static uint64_t random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void random_entry(struct lgp_entry *out)
{
	static const enum lgp_kind kinds[] = {
#define X(symbol, number, name) symbol,
	        LGP_KIND_LIST(X)
#undef X
	};
	uint8_t *bytes = (uint8_t *)out;
	for (size_t i = 0; i < sizeof *out; i++)
		bytes[i] = (uint8_t)(random_bits() >> 56);
	out->kind = kinds[random_bits() % (sizeof kinds / sizeof kinds[0])];
	out->asked = 0;
	out->code = 0;
	if (out->kind == LGP_KIND_REFUSAL) {
		out->asked = kinds[random_bits() % (sizeof kinds / sizeof kinds[0])];
		out->code = (uint16_t)(1 + random_bits() % UINT16_MAX);
	}
	out->flags = (uint8_t)(random_bits() & LGP_FLAGS_KNOWN);
	out->debit = (enum lgp_class)(random_bits() % LGP_CLASS_COUNT);
	out->credit =
	        out->debit == 0 ? 0 : (enum lgp_class)(1 + random_bits() % (LGP_CLASS_COUNT - 1));
	out->amount &= INT64_MAX;
	out->customer |= 1;
	out->budget |= 1;
	out->unit |= 1;
	size_t len = random_bits() % (LGP_SLUG_MAX + 1);
	for (size_t i = 0; i < LGP_SLUG_MAX; i++)
		out->incident[i] = i < len ? (char)('a' + i) : '\0';
}

static void what_is_encoded_decodes_to_itself_and_encodes_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RANDOM_ENTRIES; i++) {
		struct lgp_entry entry, decoded;
		uint8_t bytes[LGP_ENTRY_LEN], again[LGP_ENTRY_LEN];
		random_entry(&entry);
		lgp_entry_encode(&entry, bytes);
		if (lgp_entry_decode(bytes, &decoded) != LGP_OK)
			fail_msg("entry %u: %s", i, lgp_fault_detail());
		lgp_entry_encode(&decoded, again);
		assert_memory_equal(bytes, again, sizeof bytes);
		assert_int_equal(decoded.seq, entry.seq);
		assert_int_equal(decoded.business_date, entry.business_date);
		assert_int_equal(decoded.balance, entry.balance);
		assert_int_equal(decoded.kind, entry.kind);
		assert_int_equal(decoded.credit, entry.credit);
	}
}

/* Bytes that no encoder wrote are either refused, or come back as they were:
 * there is no second way to write an entry. */
static void what_decodes_encodes_to_the_same_bytes(void **state)
{
	(void)state;
	unsigned taken = 0;
	for (unsigned i = 0; i < RANDOM_ENTRIES; i++) {
		struct lgp_entry entry;
		uint8_t bytes[LGP_ENTRY_LEN], again[LGP_ENTRY_LEN];
		random_entry(&entry);
		lgp_entry_encode(&entry, bytes);
		bytes[random_bits() % LGP_ENTRY_LEN] = (uint8_t)(random_bits() >> 56);
		if (lgp_entry_decode(bytes, &entry) != LGP_OK)
			continue;
		taken++;
		lgp_entry_encode(&entry, again);
		assert_memory_equal(bytes, again, sizeof bytes);
	}
	assert_true(taken > RANDOM_ENTRIES / 2);
}

static void expect_refused(const uint8_t bytes[LGP_ENTRY_LEN], enum lgp_status expected,
                           const char *detail)
{
	struct lgp_entry entry;
	enum lgp_status status = lgp_entry_decode(bytes, &entry);
	if (status != expected)
		fail_msg("%s: %s", detail, lgp_status_text(status));
	if (strstr(lgp_fault_detail(), detail) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", lgp_fault_detail(), detail);
}

static void other_versions_are_refused_as_a_format(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	for (unsigned version = 0; version < 256; version++) {
		grant_bytes(bytes);
		bytes[0] = (uint8_t)version;
		if (version != LGP_ENTRY_VERSION)
			expect_refused(bytes, LGP_FORMAT, "version");
	}
}

static void kinds_that_are_none_are_refused(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	unsigned known = 0;
	for (unsigned kind = 0; kind < 256; kind++) {
		struct lgp_entry entry;
		grant_bytes(bytes);
		bytes[1] = (uint8_t)kind;
		if (kind == LGP_KIND_REFUSAL)
			continue;
		if (lgp_kind_name(kind) == NULL)
			expect_refused(bytes, LGP_CORRUPT, "kind");
		else
			known += lgp_entry_decode(bytes, &entry) == LGP_OK;
	}
	assert_int_equal(known, 23);
}

static void unknown_flags_are_refused(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	for (unsigned bit = 4; bit < 8; bit++) {
		grant_bytes(bytes);
		bytes[2] = (uint8_t)(1u << bit);
		expect_refused(bytes, LGP_CORRUPT, "flags");
	}
}

static void only_a_refusal_has_a_code_and_what_was_asked(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	grant_bytes(bytes);
	bytes[4] = 105;
	expect_refused(bytes, LGP_CORRUPT, "code");
	grant_bytes(bytes);
	bytes[5] = 1;
	expect_refused(bytes, LGP_CORRUPT, "code");
	grant_bytes(bytes);
	bytes[3] = LGP_KIND_GRANT;
	expect_refused(bytes, LGP_CORRUPT, "asked");
	memcpy(bytes, golden, sizeof bytes);
	bytes[4] = bytes[5] = 0;
	expect_refused(bytes, LGP_CORRUPT, "code");
	memcpy(bytes, golden, sizeof bytes);
	bytes[3] = 0;
	expect_refused(bytes, LGP_CORRUPT, "asked");
	memcpy(bytes, golden, sizeof bytes);
	bytes[3] = 31; /* no kind */
	expect_refused(bytes, LGP_CORRUPT, "asked");
}

static void account_classes_are_known_and_both_or_none(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	for (unsigned side = 6; side <= 7; side++) {
		grant_bytes(bytes);
		bytes[side] = LGP_CLASS_COUNT;
		expect_refused(bytes, LGP_CORRUPT, "class");
		bytes[side] = 255;
		expect_refused(bytes, LGP_CORRUPT, "class");
		bytes[side] = 0;
		expect_refused(bytes, LGP_CORRUPT, "one side");
	}
}

static void a_negative_amount_is_refused(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	grant_bytes(bytes);
	bytes[39] = 0x80;
	expect_refused(bytes, LGP_CORRUPT, "negative");
}

static void an_amount_that_moves_has_a_unit(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	grant_bytes(bytes);
	bytes[104] = 0;
	expect_refused(bytes, LGP_CORRUPT, "no unit");
}

static void an_account_with_a_floor_has_an_owner_I4(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	grant_bytes(bytes);
	bytes[80] = 0;
	expect_refused(bytes, LGP_CORRUPT, "debit account has no owner");
	grant_bytes(bytes);
	bytes[64] = 0;
	expect_refused(bytes, LGP_CORRUPT, "credit account has no owner");
	grant_bytes(bytes);
	bytes[80] = 0;
	bytes[6] = LGP_CLASS_ISSUANCE; /* of nobody: points from nowhere */
	struct lgp_entry entry;
	assert_int_equal(lgp_entry_decode(bytes, &entry), LGP_OK);
	assert_int_equal(lgp_entry_owner(&entry, LGP_CLASS_ISSUANCE), 0);
}

static void bytes_behind_the_incidents_end_are_refused(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	for (size_t at = 224 + 6; at < LGP_ENTRY_LEN; at++) {
		grant_bytes(bytes);
		bytes[at] = 'x';
		expect_refused(bytes, LGP_CORRUPT, "incident");
	}
	struct lgp_entry entry;
	grant_bytes(bytes);
	memset(bytes + 224, 'z', LGP_SLUG_MAX);
	assert_int_equal(lgp_entry_decode(bytes, &entry), LGP_OK);
	assert_int_equal(lgp_entry_incident(&entry).len, LGP_SLUG_MAX);
}

static void a_refused_entry_leaves_the_callers_alone(void **state)
{
	(void)state;
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_entry entry, before;
	memset(&entry, 0x5a, sizeof entry);
	before = entry;
	grant_bytes(bytes);
	bytes[2] = 0xff;
	assert_int_equal(lgp_entry_decode(bytes, &entry), LGP_CORRUPT);
	assert_memory_equal(&entry, &before, sizeof entry);
}

static void classes_have_the_owner_and_floor_of_their_list(void **state)
{
	(void)state;
	static const struct {
		enum lgp_class class;
		const char *name;
		uint64_t owner;
		bool floored;
	} expected[] = {
	        {LGP_CLASS_NONE, "none", 0, false},
	        {LGP_CLASS_ISSUANCE, "issuance", 5, false},
	        {LGP_CLASS_BUDGET, "budget", 5, true},
	        {LGP_CLASS_CUSTOMER, "customer", 7, true},
	        {LGP_CLASS_EARNED, "earned", 7, true},
	        {LGP_CLASS_HELD, "held", 7, true},
	        {LGP_CLASS_SETTLEMENT, "settlement", 0, false},
	        {LGP_CLASS_BREAKAGE, "breakage", 0, false},
	        {LGP_CLASS_HISTORY, "history", 5, false},
	        {LGP_CLASS_RESERVED, "reserved", 5, true},
	};
	const struct lgp_entry entry = {.customer = 7, .budget = 5};
	assert_int_equal(sizeof expected / sizeof expected[0], LGP_CLASS_COUNT);
	for (unsigned i = 0; i < LGP_CLASS_COUNT; i++) {
		assert_int_equal(expected[i].class, i);
		assert_string_equal(lgp_class_name(i), expected[i].name);
		assert_int_equal(lgp_entry_owner(&entry, expected[i].class), expected[i].owner);
		assert_int_equal(lgp_class_floored(expected[i].class), expected[i].floored);
	}
	assert_null(lgp_class_name(LGP_CLASS_COUNT));
	assert_string_equal(lgp_kind_name(LGP_KIND_TOKEN_END), "token-end");
	assert_null(lgp_kind_name(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(entry_is_written_as_its_table_says),
	        cmocka_unit_test(entry_is_read_as_its_table_says),
	        cmocka_unit_test(each_number_is_read_from_its_own_place),
	        cmocka_unit_test(what_is_encoded_decodes_to_itself_and_encodes_again),
	        cmocka_unit_test(what_decodes_encodes_to_the_same_bytes),
	        cmocka_unit_test(other_versions_are_refused_as_a_format),
	        cmocka_unit_test(kinds_that_are_none_are_refused),
	        cmocka_unit_test(unknown_flags_are_refused),
	        cmocka_unit_test(only_a_refusal_has_a_code_and_what_was_asked),
	        cmocka_unit_test(account_classes_are_known_and_both_or_none),
	        cmocka_unit_test(a_negative_amount_is_refused),
	        cmocka_unit_test(an_amount_that_moves_has_a_unit),
	        cmocka_unit_test(an_account_with_a_floor_has_an_owner_I4),
	        cmocka_unit_test(bytes_behind_the_incidents_end_are_refused),
	        cmocka_unit_test(a_refused_entry_leaves_the_callers_alone),
	        cmocka_unit_test(classes_have_the_owner_and_floor_of_their_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
