/* payload: see payload.h.  Thread: one at a time.
 *
 * The hashes that entries bind are sorted; the payloads are kept in the order
 * of theirs; so one walk over both finds what is missing and what is orphaned.
 * A server that writes meanwhile adds payloads of entries behind the audit's
 * end: what looks orphaned is held against those entries before it is told. */
#include "tools/audit/payload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/noun.h"
#include "tools/audit/kinds.h"
#include "tools/audit/sorter.h"

#define ORPHANS_MAX 65536 /* held back until the end; further ones are counted */
#define ASKED_ENTRIES_MAX 1024
#define HEX_LEN (2 * LGP_HASH_LEN)
#define SEQ_BITS 56 /* a kind stands above the number in the sorter */

struct orphan {
	struct lgp_hash key;
	bool bound; /* by an entry behind the audit's end */
};

struct payload_check {
	struct source *source; /* borrowed, both */
	struct findings *findings;
	struct sorter *bound;
	struct orphan *orphans; /* owned, in the order of their keys */
	size_t orphan_count;
	uint64_t orphans_untold;
	bool unreadable; /* the walk ended at a page that cannot be read */
	struct payloads batch;
	uint8_t single[LGP_DEFINITION_MAX];
};

enum lgp_status payload_check_new(struct source *source, struct findings *findings,
                                  struct payload_check **out)
{
	struct payload_check *check = calloc(1, sizeof *check);
	if (check == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for payloads");
	check->source = source;
	check->findings = findings;
	check->orphans = malloc(ORPHANS_MAX * sizeof *check->orphans);
	enum lgp_status status =
	        check->orphans != NULL
	                ? sorter_new(LGP_HASH_LEN, 8, SORTER_BUFFER_BYTES, &check->bound)
	                : lgp_fault(LGP_NO_MEMORY, "no memory for payloads");
	if (status == LGP_OK)
		*out = check;
	else
		payload_check_free(check);
	return status;
}

void payload_check_free(struct payload_check *check)
{
	if (check == NULL)
		return;
	sorter_free(check->bound);
	free(check->orphans);
	free(check);
}

static bool defines(enum lgp_kind kind)
{
	const struct kind_info *info = kind_info(kind);
	return info != NULL && (info->rules & KIND_NOUN) != 0;
}

enum lgp_status payload_check_entry(struct payload_check *check, const struct lgp_entry *entry)
{
	if ((entry->flags & LGP_FLAG_PAYLOAD) != 0)
		return sorter_add(check->bound, entry->hash.bytes,
		                  (uint64_t)entry->kind << SEQ_BITS | entry->seq);
	if (defines(entry->kind))
		finding_entry(check->findings, RULE_DEFINITION, entry->seq,
		              "it defines a %s and binds no definition",
		              lgp_kind_name(entry->kind));
	return LGP_OK;
}

/* ---- one payload and the entries that bind it ---------------------------------------- */

static void judge_definition(struct payload_check *check, uint64_t noted, const void *bytes,
                             size_t len)
{
	enum lgp_kind kind = (enum lgp_kind)(noted >> SEQ_BITS);
	uint64_t seq = noted & (UINT64_MAX >> (64 - SEQ_BITS));
	struct lgp_definition definition;
	if (defines(kind) && lgp_definition_parse(lgp_noun_of(kind), (struct lgp_view){bytes, len},
	                                          true, &definition) != LGP_OK)
		finding_entry(check->findings, RULE_DEFINITION, seq, "its definition: %s",
		              lgp_fault_detail());
}

static const char *hex(const uint8_t *hash, char out[HEX_LEN + 1])
{
	lgp_hex_encode(out, hash, LGP_HASH_LEN);
	out[HEX_LEN] = '\0';
	return out;
}

static void tell_missing(struct payload_check *check, uint64_t noted, const uint8_t *hash)
{
	char text[HEX_LEN + 1];
	finding_entry(check->findings, RULE_PAYLOAD_MISSING,
	              noted & (UINT64_MAX >> (64 - SEQ_BITS)),
	              "it binds the payload %s, which is not there", hex(hash, text));
}

/* What stands on pages behind the one that cannot be read is asked for by itself. */
static void look_for(struct payload_check *check, uint64_t noted, const uint8_t *hash)
{
	struct lgp_hash key;
	size_t len;
	memcpy(key.bytes, hash, LGP_HASH_LEN);
	enum lgp_status status =
	        source_payload(check->source, &key, check->single, sizeof check->single, &len);
	if (status == LGP_OK)
		judge_definition(check, noted, check->single, len);
	else if (status != LGP_OVERLOAD)
		tell_missing(check, noted, hash);
}

/* ---- payloads that nobody binds -------------------------------------------------------- */

static void hold_orphan(struct payload_check *check, const struct lgp_hash *key)
{
	if (check->orphan_count < ORPHANS_MAX)
		check->orphans[check->orphan_count++] = (struct orphan){*key, false};
	else
		check->orphans_untold++;
}

static int by_key(const void *key, const void *orphan)
{
	return memcmp(key, ((const struct orphan *)orphan)->key.bytes, LGP_HASH_LEN);
}

static void release_orphan(struct payload_check *check, const uint8_t bytes[LGP_ENTRY_LEN])
{
	struct lgp_entry entry;
	if (lgp_entry_decode(bytes, &entry) != LGP_OK || (entry.flags & LGP_FLAG_PAYLOAD) == 0)
		return;
	struct orphan *orphan = bsearch(entry.hash.bytes, check->orphans, check->orphan_count,
	                                sizeof *orphan, by_key);
	if (orphan != NULL)
		orphan->bound = true;
}

/* A payload is committed with its entry: by now every one that was seen has it. */
static enum lgp_status release_orphans(struct payload_check *check, uint64_t size)
{
	struct extent now;
	uint8_t bytes[LGP_ENTRY_LEN];
	if (check->orphan_count == 0)
		return LGP_OK;
	enum lgp_status status = source_extent(check->source, &now);
	for (uint64_t seq = size; status == LGP_OK && seq < now.size; seq++)
		if (source_entry(check->source, seq, bytes) == LGP_OK)
			release_orphan(check, bytes);
	return status;
}

static void tell_orphans(struct payload_check *check, uint64_t size)
{
	char text[HEX_LEN + 1];
	if (release_orphans(check, size) != LGP_OK)
		return; /* what cannot be read now was told before */
	for (size_t i = 0; i < check->orphan_count; i++)
		if (!check->orphans[i].bound)
			finding_ledger(check->findings, RULE_PAYLOAD_ORPHAN,
			               "the payload %s is bound by no entry",
			               hex(check->orphans[i].key.bytes, text));
	if (check->orphans_untold > 0)
		finding_ledger(check->findings, RULE_PAYLOAD_ORPHAN,
		               "%" PRIu64 " more payloads may be bound by no entry",
		               check->orphans_untold);
}

/* ---- the walk ---------------------------------------------------------------------------- */

struct walk {
	struct payload_check *check;
	size_t next; /* in the batch */
	bool ended;
	enum lgp_status status; /* of the sorter */
	const uint8_t *hash;    /* the next one noted; NULL: none */
	uint64_t noted;
};

static void step_noted(struct walk *walk)
{
	enum lgp_status status = sorter_next(walk->check->bound, &walk->hash, &walk->noted);
	if (status != LGP_OK)
		walk->hash = NULL;
	if (status != LGP_MISSING)
		walk->status = status;
}

static void judge_payload(struct payload_check *check, size_t i)
{
	const struct lgp_hash *key = &check->batch.list[i].key;
	size_t len = check->batch.list[i].len;
	struct lgp_hash made;
	char told[HEX_LEN + 1], computed[HEX_LEN + 1];
	if (len > PAYLOAD_LEN_MAX) {
		finding_ledger(check->findings, RULE_PAYLOAD_HASH,
		               "the payload %s is %zu bytes long, at most %d are kept",
		               hex(key->bytes, told), len, PAYLOAD_LEN_MAX);
		return;
	}
	lgp_hash_sha256(check->batch.bytes + check->batch.list[i].at, len, &made);
	if (!lgp_hash_equal(&made, key))
		finding_ledger(check->findings, RULE_PAYLOAD_HASH, "the payload %s hashes to %s",
		               hex(key->bytes, told), hex(made.bytes, computed));
}

static void refill(struct walk *walk)
{
	struct payload_check *check = walk->check;
	struct payloads *batch = &check->batch;
	struct lgp_hash after;
	bool first = batch->count == 0;
	if (!first)
		after = batch->list[batch->count - 1].key;
	enum lgp_status status = source_payloads(check->source, first ? NULL : &after, batch);
	walk->next = 0;
	walk->ended = batch->count == 0;
	if (status == LGP_OK)
		return;
	check->unreadable = true;
	char text[HEX_LEN + 1];
	finding_ledger(check->findings, RULE_FILE, "payloads behind %s cannot be read: %s",
	               first ? "the start" : hex(after.bytes, text), lgp_fault_detail());
}

/* The payload, then every entry noted up to it. */
static void match(struct walk *walk)
{
	struct payload_check *check = walk->check;
	size_t i = walk->next++;
	const struct lgp_hash *key = &check->batch.list[i].key;
	bool bound = false;
	judge_payload(check, i);
	for (;;) {
		int order = walk->hash == NULL ? 1 : memcmp(walk->hash, key->bytes, LGP_HASH_LEN);
		if (order > 0)
			break;
		if (order < 0)
			tell_missing(check, walk->noted, walk->hash);
		else if (check->batch.list[i].len <= PAYLOAD_LEN_MAX)
			judge_definition(check, walk->noted,
			                 check->batch.bytes + check->batch.list[i].at,
			                 check->batch.list[i].len);
		bound = bound || order == 0;
		step_noted(walk);
	}
	if (!bound)
		hold_orphan(check, key);
}

/* ---- where payloads are to be had by their hashes alone --------------------------------- */

/* Entries and the payloads that they bind, in the order of the hashes. */
struct asked {
	struct lgp_hash key[PAYLOADS_NAMED_MAX];
	size_t key_count;
	struct {
		uint64_t noted;
		size_t key;
	} entry[ASKED_ENTRIES_MAX];
	size_t entry_count;
};

/* False: there is no room for it. */
static bool ask_for(struct asked *asked, const uint8_t *hash, uint64_t noted)
{
	size_t last = asked->key_count;
	bool same = last > 0 && memcmp(asked->key[last - 1].bytes, hash, LGP_HASH_LEN) == 0;
	if (asked->entry_count == ASKED_ENTRIES_MAX || (!same && last == PAYLOADS_NAMED_MAX))
		return false;
	if (!same)
		memcpy(asked->key[asked->key_count++].bytes, hash, LGP_HASH_LEN);
	asked->entry[asked->entry_count].noted = noted;
	asked->entry[asked->entry_count++].key = asked->key_count - 1;
	return true;
}

/* The payloads that came are in the order of what was asked. */
static void judge_asked(struct payload_check *check, const struct asked *asked)
{
	const struct payloads *batch = &check->batch;
	size_t at = 0;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->list[i].len <= PAYLOAD_LEN_MAX)
			judge_payload(check, i);
	for (size_t i = 0; i < asked->entry_count; i++) {
		const struct lgp_hash *key = &asked->key[asked->entry[i].key];
		while (at < batch->count &&
		       memcmp(batch->list[at].key.bytes, key->bytes, LGP_HASH_LEN) < 0)
			at++;
		if (at == batch->count || !lgp_hash_equal(&batch->list[at].key, key))
			tell_missing(check, asked->entry[i].noted, key->bytes);
		else if (batch->list[at].len <= PAYLOAD_LEN_MAX)
			judge_definition(check, asked->entry[i].noted,
			                 batch->bytes + batch->list[at].at, batch->list[at].len);
	}
}

/* What nobody binds is not seen so.  *count: payloads that came. */
static enum lgp_status ask_for_all(struct walk *walk, uint64_t *count)
{
	struct payload_check *check = walk->check;
	struct asked *asked = malloc(sizeof *asked);
	if (asked == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for payloads");
	enum lgp_status status = LGP_OK;
	while (walk->hash != NULL && status == LGP_OK) {
		asked->key_count = asked->entry_count = 0;
		while (walk->hash != NULL && ask_for(asked, walk->hash, walk->noted))
			step_noted(walk);
		status = source_payloads_named(check->source, asked->key, asked->key_count,
		                               &check->batch);
		if (status == LGP_OK)
			judge_asked(check, asked);
		*count += check->batch.count;
	}
	free(asked);
	return status == LGP_OK ? walk->status : status;
}

enum lgp_status payload_check_finish(struct payload_check *check, uint64_t size, uint64_t *count)
{
	struct walk walk = {.check = check, .status = LGP_OK};
	*count = 0;
	enum lgp_status status = sorter_finish(check->bound);
	if (status != LGP_OK)
		return status;
	check->batch.count = 0;
	step_noted(&walk);
	if (!source_lists_payloads(check->source))
		return ask_for_all(&walk, count);
	for (refill(&walk); !walk.ended; refill(&walk))
		while (walk.next < check->batch.count) {
			match(&walk);
			++*count;
		}
	for (; walk.hash != NULL; step_noted(&walk)) {
		if (check->unreadable)
			look_for(check, walk.noted, walk.hash);
		else
			tell_missing(check, walk.noted, walk.hash);
	}
	if (walk.status == LGP_OK)
		tell_orphans(check, size);
	return walk.status;
}
