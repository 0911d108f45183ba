/* entry: the 256 bytes of a leaf, to and fro.  Thread: any.
 * The table beside struct lgp_entry (entry.h) is the specification. */
#include "lagniappe/entry.h"

#include "lagniappe/codec.h"

#include <string.h>

/* offset, size, field: drives both directions, so that they cannot differ. */
#define UNSIGNED_FIELDS(X)       \
	X(8, 8, seq)             \
	X(48, 8, actor)          \
	X(56, 8, staff)          \
	X(64, 8, customer)       \
	X(72, 8, site)           \
	X(80, 8, budget)         \
	X(88, 8, reason)         \
	X(96, 8, touchpoint)     \
	X(104, 8, unit)          \
	X(112, 8, refers_to)     \
	X(120, 8, prev_customer) \
	X(128, 8, prev_budget)   \
	X(136, 8, prev_actor)    \
	X(144, 8, policy)        \
	X(152, 8, limit)
#define SIGNED_FIELDS(X)  \
	X(16, 8, time_us) \
	X(32, 8, amount)  \
	X(40, 8, balance)
#define BYTE_FIELDS(X)   \
	X(160, key_mac)  \
	X(176, body_mac) \
	X(192, hash)     \
	X(224, incident)

_Static_assert(sizeof(struct lgp_hash) == 32, "a hash is its bytes");
_Static_assert(224 + LGP_SLUG_MAX == LGP_ENTRY_LEN, "the incident ends the entry");

struct class_info {
	const char *name;
	enum lgp_owner owner;
	bool floored;
};

static const struct class_info classes[LGP_CLASS_COUNT] = {
#define X(symbol, number, name, owner, floored) [number] = {name, owner, floored},
        LGP_CLASS_LIST(X)
#undef X
};

void lgp_entry_encode(const struct lgp_entry *entry, uint8_t out[LGP_ENTRY_LEN])
{
	out[0] = LGP_ENTRY_VERSION;
	out[1] = (uint8_t)entry->kind;
	out[2] = entry->flags;
	out[3] = (uint8_t)entry->asked;
	lgp_put_le(out + 4, entry->code, 2);
	out[6] = (uint8_t)entry->debit;
	out[7] = (uint8_t)entry->credit;
	lgp_put_le(out + 24, (uint32_t)entry->business_date, 4);
	lgp_put_le(out + 28, (uint32_t)entry->expiry_date, 4);
#define X(offset, size, field) lgp_put_le(out + (offset), (uint64_t)entry->field, size);
	UNSIGNED_FIELDS(X)
	SIGNED_FIELDS(X)
#undef X
#define X(offset, field) memcpy(out + (offset), &entry->field, sizeof entry->field);
	BYTE_FIELDS(X)
#undef X
}

static enum lgp_status corrupt(const struct lgp_entry *entry, const char *what)
{
	return lgp_fault(LGP_CORRUPT, "entry %llu: %s", (unsigned long long)entry->seq, what);
}

static bool zero_behind_end(const char incident[LGP_SLUG_MAX])
{
	static const char zeros[LGP_SLUG_MAX];
	size_t len = strnlen(incident, LGP_SLUG_MAX);
	return memcmp(incident + len, zeros, LGP_SLUG_MAX - len) == 0;
}

enum lgp_status lgp_entry_check(const struct lgp_entry *entry)
{
	if (lgp_kind_name(entry->kind) == NULL)
		return corrupt(entry, "its kind is unknown");
	if ((entry->flags & ~LGP_FLAGS_KNOWN) != 0)
		return corrupt(entry, "it has unknown flags");
	if ((entry->code != 0) != (entry->kind == LGP_KIND_REFUSAL))
		return corrupt(entry, "a refusal has a problem's code, and nothing else has");
	if ((entry->asked != 0) != (entry->kind == LGP_KIND_REFUSAL) ||
	    (entry->asked != 0 && lgp_kind_name(entry->asked) == NULL))
		return corrupt(entry,
		               "a refusal has the kind that was asked for, and nothing else has");
	if (entry->debit >= LGP_CLASS_COUNT || entry->credit >= LGP_CLASS_COUNT)
		return corrupt(entry, "its account class is unknown");
	if ((entry->debit == 0) != (entry->credit == 0))
		return corrupt(entry, "it moves its amount on one side alone");
	if (entry->amount < 0)
		return corrupt(entry, "its amount is negative");
	if (entry->debit != 0 && entry->unit == 0)
		return corrupt(entry, "it moves an amount of no unit");
	if (lgp_class_floored(entry->debit) && lgp_entry_owner(entry, entry->debit) == 0)
		return corrupt(entry, "its debit account has no owner");
	if (lgp_class_floored(entry->credit) && lgp_entry_owner(entry, entry->credit) == 0)
		return corrupt(entry, "its credit account has no owner");
	if (!zero_behind_end(entry->incident))
		return corrupt(entry, "there are bytes behind the end of its incident");
	return LGP_OK;
}

enum lgp_status lgp_entry_decode(const uint8_t bytes[LGP_ENTRY_LEN], struct lgp_entry *out)
{
	struct lgp_entry entry = {
	        .kind = (enum lgp_kind)bytes[1],
	        .flags = bytes[2],
	        .asked = (enum lgp_kind)bytes[3],
	        .code = (uint16_t)lgp_get_le(bytes + 4, 2),
	        .debit = (enum lgp_class)bytes[6],
	        .credit = (enum lgp_class)bytes[7],
	        .business_date = (int32_t)lgp_get_le(bytes + 24, 4),
	        .expiry_date = (int32_t)lgp_get_le(bytes + 28, 4),
	};
#define X(offset, size, field) entry.field = lgp_get_le(bytes + (offset), size);
	UNSIGNED_FIELDS(X)
#undef X
#define X(offset, size, field) entry.field = (int64_t)lgp_get_le(bytes + (offset), size);
	SIGNED_FIELDS(X)
#undef X
#define X(offset, field) memcpy(&entry.field, bytes + (offset), sizeof entry.field);
	BYTE_FIELDS(X)
#undef X
	if (bytes[0] != LGP_ENTRY_VERSION)
		return lgp_fault(LGP_FORMAT,
		                 "entry %llu: its format version is %u, this build knows %u",
		                 (unsigned long long)entry.seq, bytes[0], LGP_ENTRY_VERSION);
	enum lgp_status status = lgp_entry_check(&entry);
	if (status == LGP_OK)
		*out = entry;
	return status;
}

const char *lgp_kind_name(unsigned kind)
{
	switch (kind) {
#define X(symbol, number, name) \
	case number:            \
		return name;
		LGP_KIND_LIST(X)
#undef X
	default:
		return NULL;
	}
}

const char *lgp_class_name(unsigned class)
{
	return class < LGP_CLASS_COUNT ? classes[class].name : NULL;
}

enum lgp_owner lgp_class_owner(enum lgp_class class)
{
	require(class < LGP_CLASS_COUNT);
	return classes[class].owner;
}

bool lgp_class_floored(enum lgp_class class)
{
	require(class < LGP_CLASS_COUNT);
	return classes[class].floored;
}

uint64_t lgp_entry_owner(const struct lgp_entry *entry, enum lgp_class class)
{
	switch (lgp_class_owner(class)) {
	case LGP_OWNER_BUDGET:
		return entry->budget;
	case LGP_OWNER_CUSTOMER:
		return entry->customer;
	default:
		return 0;
	}
}

struct lgp_view lgp_entry_incident(const struct lgp_entry *entry)
{
	return (struct lgp_view){entry->incident, strnlen(entry->incident, LGP_SLUG_MAX)};
}
