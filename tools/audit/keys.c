/* keys: see keys.h.  Thread: one at a time. */
#include "tools/audit/keys.h"

#include <inttypes.h>
#include <string.h>

/* Of 10^9 keys some 2,000 pairs begin alike by chance. */
#define START_LEN 6
#define SEQ_LEN 6 /* no ledger is longer (verify.c) */

enum lgp_status keys_init(struct keys *keys, struct door *door, struct findings *findings)
{
	*keys = (struct keys){.door = door, .findings = findings};
	return sorter_new(START_LEN, SEQ_LEN, SORTER_BUFFER_BYTES, &keys->starts);
}

void keys_deinit(struct keys *keys)
{
	sorter_free(keys->starts);
	sorter_free(keys->alike);
}

enum lgp_status keys_add(struct keys *keys, const struct lgp_entry *entry)
{
	static const uint8_t none[LGP_MAC_LEN];
	return memcmp(entry->key_mac, none, LGP_MAC_LEN) != 0
	               ? sorter_add(keys->starts, entry->key_mac, entry->seq)
	               : LGP_OK;
}

/* ---- what begins alike ------------------------------------------------------------------ */

/* It decoded before. */
static enum lgp_status add_whole(struct keys *keys, uint64_t seq)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_entry entry;
	enum lgp_status status = LGP_OK;
	if (keys->alike == NULL)
		status = sorter_new(LGP_MAC_LEN, SEQ_LEN, SORTER_BUFFER_BYTES, &keys->alike);
	if (status != LGP_OK)
		return status;
	if (door_entry(keys->door, seq, bytes) == LGP_OK &&
	    lgp_entry_decode(bytes, &entry) == LGP_OK)
		return sorter_add(keys->alike, entry.key_mac, seq);
	if (door_failure(keys->door) == LGP_OK)
		finding_entry(keys->findings, RULE_FILE, seq,
		              "it cannot be read again, to compare its idempotency key: %s",
		              lgp_fault_detail());
	return LGP_OK;
}

static enum lgp_status find_alike(struct keys *keys)
{
	uint8_t before[START_LEN] = {0};
	const uint8_t *start;
	uint64_t seq, last = 0;
	bool any = false, alike = false;
	enum lgp_status status = sorter_finish(keys->starts);
	while (status == LGP_OK && (status = sorter_next(keys->starts, &start, &seq)) == LGP_OK) {
		bool same = any && memcmp(start, before, START_LEN) == 0;
		if (same && !alike)
			status = add_whole(keys, last);
		if (same && status == LGP_OK)
			status = add_whole(keys, seq);
		memcpy(before, start, START_LEN);
		last = seq;
		any = true;
		alike = same;
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

/* ---- what is one key --------------------------------------------------------------------- */

static enum lgp_status compare_alike(struct keys *keys)
{
	uint8_t before[LGP_MAC_LEN] = {0};
	const uint8_t *key;
	uint64_t seq, first = 0;
	enum lgp_status status = sorter_finish(keys->alike);
	while (status == LGP_OK && (status = sorter_next(keys->alike, &key, &seq)) == LGP_OK) {
		if (memcmp(key, before, LGP_MAC_LEN) == 0) {
			finding_entry(keys->findings, RULE_KEY_REUSED, seq,
			              "its idempotency key acted before, in entry %" PRIu64, first);
			continue;
		}
		memcpy(before, key, LGP_MAC_LEN);
		first = seq;
	}
	return status == LGP_MISSING ? LGP_OK : status;
}

enum lgp_status keys_judge(struct keys *keys)
{
	enum lgp_status status = find_alike(keys);
	return status == LGP_OK && keys->alike != NULL ? compare_alike(keys) : status;
}
