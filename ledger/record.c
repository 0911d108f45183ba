/* record: the state's records as bytes, to and fro (the table in state.h).
 * Thread: the ledger thread, save for keys and decoders, which are any's. */
#include "state.h"

#include "lagniappe/codec.h"

#include <stddef.h>
#include <string.h>

struct state_key state_key_number(char record, uint64_t number)
{
	struct state_key key;
	key.len = 9;
	key.bytes[0] = (uint8_t)record;
	lgp_put_be(key.bytes + 1, number, 8);
	return key;
}

void state_key_add(struct state_key *key, uint64_t number)
{
	require(key->len + 8 <= sizeof key->bytes);
	lgp_put_be(key->bytes + key->len, number, 8);
	key->len += 8;
}

void state_key_add_bytes(struct state_key *key, const void *bytes, size_t len)
{
	require(key->len + len <= sizeof key->bytes);
	memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

struct state_key state_key_pair(char record, uint64_t first, uint64_t second)
{
	struct state_key key = state_key_number(record, first);
	state_key_add(&key, second);
	return key;
}

/* A party's records lie side by side, so that who reads one has the page of the
 * other, and the applier writes one page for both. */
static struct state_key key_of_party(uint64_t number, char record)
{
	struct state_key key = state_key_number('N', number);
	state_key_add_bytes(&key, &record, 1);
	return key;
}

struct state_key state_key_account(uint64_t owner, uint64_t unit)
{
	struct state_key key = key_of_party(owner, 'A');
	state_key_add(&key, unit);
	return key;
}

struct state_key state_key_party(uint64_t number)
{
	return key_of_party(number, 'P');
}

struct state_key state_key_period(char record, int32_t end, uint64_t shape)
{
	struct state_key key;
	key.len = 5;
	key.bytes[0] = (uint8_t)record;
	lgp_put_be(key.bytes + 1, (uint32_t)end ^ UINT32_C(0x80000000), 4);
	state_key_add(&key, shape);
	return key;
}

static enum lgp_status wrong_size(const char *record)
{
	return lgp_fault(LGP_CORRUPT, "state: a %s record is not of its size", record);
}

unsigned slot_of(enum lgp_class class)
{
	switch (class) {
	case LGP_CLASS_CUSTOMER:
	case LGP_CLASS_BUDGET:
	case LGP_CLASS_SETTLEMENT:
		return 0;
	case LGP_CLASS_EARNED:
	case LGP_CLASS_ISSUANCE:
		return 1;
	case LGP_CLASS_HELD:
	case LGP_CLASS_HISTORY:
	case LGP_CLASS_BREAKAGE:
		return 2;
	case LGP_CLASS_RESERVED:
		return 3;
	default:
		never("a class of accounts");
	}
}

enum lgp_status account_decode(struct lgp_view value, struct account *out)
{
	if (value.len != 8 * ACCOUNT_SLOTS)
		return wrong_size("account");
	for (unsigned i = 0; i < ACCOUNT_SLOTS; i++)
		out->balance[i] = (int64_t)lgp_get_le((const uint8_t *)value.ptr + 8 * i, 8);
	return LGP_OK;
}

static size_t account_encode(const void *record, uint8_t out[RECORD_MAX])
{
	const struct account *account = record;
	for (unsigned i = 0; i < ACCOUNT_SLOTS; i++)
		lgp_put_le(out + 8 * i, (uint64_t)account->balance[i], 8);
	return 8 * (size_t)ACCOUNT_SLOTS;
}

enum lgp_status state_account(struct state *state, uint64_t owner, uint64_t unit,
                              struct account *out)
{
	const void *account;
	*out = (struct account){0};
	enum lgp_status status = state_look(state, FORM_ACCOUNT, owner, unit, &account);
	if (status == LGP_OK)
		*out = *(const struct account *)account;
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status state_account_change(struct state *state, uint64_t owner, uint64_t unit,
                                     struct account **out)
{
	void *account;
	enum lgp_status status = state_change(state, FORM_ACCOUNT, owner, unit, &account);
	if (status != LGP_OK && status != LGP_MISSING)
		return status;
	*out = account;
	return LGP_OK;
}

#define PARTY_FIXED 11 /* bytes before the sites */

enum lgp_status party_decode(struct lgp_view value, struct lgp_party *out)
{
	const uint8_t *bytes = (const uint8_t *)value.ptr;
	if (value.len < PARTY_FIXED || bytes[10] > LGP_PARTY_SITES_MAX ||
	    value.len != PARTY_FIXED + 8u * bytes[10])
		return wrong_size("party");
	*out = (struct lgp_party){
	        .kind = (enum lgp_kind)bytes[0],
	        .last = lgp_get_le(bytes + 1, 8),
	        .everywhere = (bytes[9] & 1) != 0,
	        .of_staff = (bytes[9] & 2) != 0,
	        .site_count = bytes[10],
	};
	for (unsigned i = 0; i < out->site_count; i++)
		out->sites[i] = lgp_get_le(bytes + PARTY_FIXED + 8 * i, 8);
	return LGP_OK;
}

static size_t party_encode(const void *record, uint8_t out[RECORD_MAX])
{
	const struct lgp_party *party = record;
	out[0] = (uint8_t)party->kind;
	lgp_put_le(out + 1, party->last, 8);
	out[9] = (uint8_t)((party->everywhere ? 1 : 0) | (party->of_staff ? 2 : 0));
	out[10] = party->site_count;
	for (unsigned i = 0; i < party->site_count; i++)
		lgp_put_le(out + PARTY_FIXED + 8 * i, party->sites[i], 8);
	return PARTY_FIXED + 8u * party->site_count;
}

/* Most parties are known at one site, and fifteen have room. */
static void party_copy(struct lgp_party *out, const struct lgp_party *party)
{
	memcpy(out, party, offsetof(struct lgp_party, sites));
	for (unsigned i = 0; i < party->site_count; i++)
		out->sites[i] = party->sites[i];
}

enum lgp_status state_party(struct state *state, uint64_t number, struct lgp_party *out)
{
	const void *party;
	enum lgp_status status = state_look(state, FORM_PARTY, number, 0, &party);
	if (status == LGP_OK)
		party_copy(out, party);
	return status;
}

enum lgp_status state_party_change(struct state *state, uint64_t number, struct lgp_party **out)
{
	void *party;
	enum lgp_status status = state_change(state, FORM_PARTY, number, 0, &party);
	if (status == LGP_OK)
		*out = party;
	return status;
}

enum lgp_status state_party_put(struct state *state, uint64_t number, const struct lgp_party *party)
{
	void *kept;
	enum lgp_status status = state_change(state, FORM_PARTY, number, 0, &kept);
	if (status != LGP_OK && status != LGP_MISSING)
		return status;
	party_copy(kept, party);
	return LGP_OK;
}

static struct state_key key_of_party_form(uint64_t number, uint64_t none)
{
	(void)none;
	return state_key_party(number);
}

static enum lgp_status decode_party(struct lgp_view value, void *out)
{
	return party_decode(value, out);
}

static enum lgp_status decode_account(struct lgp_view value, void *out)
{
	return account_decode(value, out);
}

const struct record_form record_forms[FORMS] = {
        [FORM_PARTY] = {sizeof(struct lgp_party), key_of_party_form, decode_party, party_encode},
        [FORM_ACCOUNT] = {sizeof(struct account), state_key_account, decode_account,
                          account_encode},
};

enum lgp_status state_number(struct state *state, const struct state_key *key, int64_t *out)
{
	struct lgp_view value;
	*out = 0;
	enum lgp_status status = state_get(state, key_view(key), &value);
	if (status == LGP_OK && value.len != 8)
		return wrong_size("number");
	if (status == LGP_OK)
		*out = (int64_t)lgp_get_le((const uint8_t *)value.ptr, 8);
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status state_number_put(struct state *state, const struct state_key *key, int64_t number)
{
	uint8_t bytes[8];
	lgp_put_le(bytes, (uint64_t)number, sizeof bytes);
	return state_put(state, key_view(key), (struct lgp_view){(char *)bytes, sizeof bytes});
}

enum lgp_status state_reversed(struct state *state, uint64_t seq, int64_t *out)
{
	struct state_key key = state_key_number('R', seq);
	return state_number(state, &key, out);
}

enum lgp_status state_reversed_put(struct state *state, uint64_t seq, int64_t amount)
{
	struct state_key key = state_key_number('R', seq);
	return state_number_put(state, &key, amount);
}

enum lgp_status state_definition_put(struct state *state, uint64_t number, enum lgp_kind kind,
                                     bool ended, uint64_t defined_at, struct lgp_view text)
{
	struct state_key key = state_key_number('D', number);
	char bytes[STATE_VALUE_MAX];
	require(text.len <= LGP_DEFINITION_MAX);
	bytes[0] = (char)kind;
	bytes[1] = ended;
	lgp_put_le((uint8_t *)bytes + 2, defined_at, 8);
	memcpy(bytes + 10, text.ptr, text.len);
	return state_put(state, key_view(&key), (struct lgp_view){bytes, 10 + text.len});
}

enum lgp_status state_globals(struct state *state, struct globals *out)
{
	struct lgp_view value;
	*out = (struct globals){0};
	enum lgp_status status = state_get(state, LGP_VIEW("G"), &value);
	if (status == LGP_MISSING)
		return LGP_OK;
	if (status == LGP_OK && value.len != 28)
		return wrong_size("globals");
	if (status != LGP_OK)
		return status;
	const uint8_t *bytes = (const uint8_t *)value.ptr;
	out->size = lgp_get_le(bytes, 8);
	out->last_time_us = (int64_t)lgp_get_le(bytes + 8, 8);
	out->policy = lgp_get_le(bytes + 16, 8);
	out->day = (int32_t)lgp_get_le(bytes + 24, 4);
	return LGP_OK;
}

enum lgp_status state_globals_put(struct state *state, const struct globals *globals)
{
	uint8_t bytes[28];
	lgp_put_le(bytes, globals->size, 8);
	lgp_put_le(bytes + 8, (uint64_t)globals->last_time_us, 8);
	lgp_put_le(bytes + 16, globals->policy, 8);
	lgp_put_le(bytes + 24, (uint32_t)globals->day, 4);
	return state_put(state, LGP_VIEW("G"), (struct lgp_view){(char *)bytes, sizeof bytes});
}
