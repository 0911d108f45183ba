/* judge: see judge.h.  Thread: one at a time. */
#include "tools/audit/judge.h"

#include <inttypes.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/problem.h"
#include "tools/audit/derived.h"
#include "tools/audit/kinds.h"
#include "tools/audit/text.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define DATE_OFF_MAX 2 /* days between UTC and any site's calendar */
#define GENESIS_MAX 1024
#define AHEAD 8 /* entries */

enum lgp_status judge_init(struct judge *judge, struct door *door, struct findings *findings,
                           const struct trust *trust)
{
	*judge = (struct judge){.door = door, .findings = findings, .trust = trust};
	enum lgp_status status = parties_init(&judge->parties, findings);
	if (status == LGP_OK)
		status = known_init(&judge->known, &judge->parties);
	if (status == LGP_OK)
		status = money_init(&judge->money, door, findings, &judge->parties);
	if (status == LGP_OK)
		status = decisions_init(&judge->decisions, door, findings, &judge->money,
		                        &judge->parties);
	if (status == LGP_OK)
		status = keys_init(&judge->keys, door, findings);
	if (status == LGP_OK)
		status = payload_check_new(door->source, findings, &judge->payloads);
	return status;
}

void judge_deinit(struct judge *judge)
{
	parties_deinit(&judge->parties);
	known_deinit(&judge->known);
	decisions_deinit(&judge->decisions);
	money_deinit(&judge->money);
	keys_deinit(&judge->keys);
	payload_check_free(judge->payloads);
	snapshot_free(judge->snapshot);
}

void judge_expect(struct judge *judge, struct snapshot *snapshot)
{
	struct lgp_hash root;
	judge->snapshot = snapshot;
	judge->state_position = snapshot_position(snapshot, &root);
}

/* ---- order ------------------------------------------------------------------------------ */

static void judge_time(struct judge *judge, const struct lgp_entry *entry)
{
	char mine[MOMENT_MAX], before[MOMENT_MAX];
	if (judge->judged_first && entry->time_us <= judge->last_time_us)
		finding_entry(judge->findings, RULE_TIME, entry->seq,
		              "its time %s is not after %s, that of the entry before",
		              moment_text(entry->time_us, mine),
		              moment_text(judge->last_time_us, before));
	if (!judge->judged_first)
		judge->first_time_us = entry->time_us;
	judge->last_time_us = entry->time_us;
	judge->judged_first = true;
}

/* Imports tell of another day than the one on which they are written. */
static void judge_date(struct judge *judge, const struct lgp_entry *entry)
{
	int64_t day = entry->time_us / DAY_US - (entry->time_us % DAY_US < 0);
	int64_t off = entry->business_date - day;
	if (kind_meant(entry) == LGP_KIND_IMPORT || (off >= -DATE_OFF_MAX && off <= DATE_OFF_MAX))
		return;
	finding_entry(judge->findings, RULE_DATE, entry->seq,
	              "its business date is %" PRId64 " days from the day of its time", off);
}

static void judge_policy(struct judge *judge, const struct lgp_entry *entry)
{
	const struct kind_info *info = kind_info(entry->kind);
	if (entry->policy != judge->policy)
		finding_entry(judge->findings, RULE_POLICY, entry->seq,
		              "it names the policy %" PRIu64
		              ", the last entry that changed a rule is %" PRIu64,
		              entry->policy, judge->policy);
	if (info != NULL && (info->rules & KIND_DEFINES) != 0)
		judge->policy = entry->seq;
}

static void judge_refusal(struct judge *judge, const struct lgp_entry *entry)
{
	if (entry->kind != LGP_KIND_REFUSAL)
		return;
	const struct lgp_problem_info *problem = lgp_problem_info(entry->code);
	if (problem == NULL || !lgp_problem_recorded(problem->problem))
		finding_entry(judge->findings, RULE_REFUSAL, entry->seq,
		              "it is refused with %u, which is no code of the rules or funds",
		              entry->code);
}

/* ---- the first entry -------------------------------------------------------------------- */

/* The table of names is in no tree; the first entry's payload is. */
static void judge_name(struct judge *judge, const struct lgp_entry *entry)
{
	char text[GENESIS_MAX];
	size_t len;
	if ((entry->flags & LGP_FLAG_PAYLOAD) == 0 ||
	    door_payload(judge->door, &entry->hash, text, sizeof text, &len) != LGP_OK)
		return; /* what is missing is told with the payloads */
	struct lgp_view origin = text_line((struct lgp_view){text, len}, "origin");
	if (origin.ptr != NULL && !lgp_view_equal(origin, lgp_view_of(judge->trust->origin)))
		finding_entry(judge->findings, RULE_META, entry->seq,
		              "it opened the ledger as \"%.*s\", the ledger calls itself \"%s\"",
		              (int)origin.len, origin.ptr, judge->trust->origin);
}

static void judge_genesis(struct judge *judge, const struct lgp_entry *entry)
{
	bool opens = entry->kind == LGP_KIND_GENESIS;
	if (opens != (entry->seq == 0))
		finding_entry(judge->findings, RULE_GENESIS, entry->seq,
		              opens ? "it opens the ledger again"
		                    : "it is the first and does not open the ledger");
	else if (opens)
		judge_name(judge, entry);
}

/* ---- an entry ------------------------------------------------------------------------------ */

/* What a replay lacks an entry of is no measure for anything. */
static enum lgp_status judge_state(struct judge *judge)
{
	if (judge->judged != judge->next)
		return LGP_OK;
	judge->state_compared = true;
	judge->state_whole = !judge->decisions.lost;
	return derived_judge(judge, judge->snapshot, &judge->state_records);
}

static enum lgp_status judge_decoded(struct judge *judge, const struct lgp_entry *entry)
{
	if (entry->seq != judge->next)
		decisions_lose(&judge->decisions, judge->next, "it cannot be read");
	judge->next = entry->seq + 1;
	judge->judged++;
	judge_genesis(judge, entry);
	judge_time(judge, entry);
	judge_date(judge, entry);
	judge_policy(judge, entry);
	judge_refusal(judge, entry);
	struct named named;
	enum lgp_status status = parties_judge(&judge->parties, entry, &named);
	if (status == LGP_OK && entry->seq < judge->state_position)
		status = known_note(&judge->known, entry, &named);
	if (status == LGP_OK)
		status = money_judge(&judge->money, entry, &named);
	if (status == LGP_OK)
		status = decisions_judge(&judge->decisions, entry);
	if (status == LGP_OK)
		status = keys_add(&judge->keys, entry);
	if (status == LGP_OK)
		status = payload_check_entry(judge->payloads, entry);
	return status == LGP_OK && judge->next == judge->state_position ? judge_state(judge)
	                                                                : status;
}

/* False: it does not decode. */
static bool decode(struct judge *judge, uint64_t seq, const uint8_t bytes[LGP_ENTRY_LEN],
                   struct lgp_entry *out)
{
	if (lgp_entry_decode(bytes, out) != LGP_OK) {
		finding_entry(judge->findings, RULE_ENTRY_FORM, seq, "it does not decode: %s",
		              lgp_fault_detail());
		return false;
	}
	if (out->seq != seq)
		finding_entry(judge->findings, RULE_ENTRY_SEQ, seq,
		              "it says that it is entry %" PRIu64, out->seq);
	out->seq = seq; /* where it stands is what links and references mean */
	parties_prefetch(&judge->parties, out);
	if (seq < judge->state_position)
		known_prefetch(&judge->known, out);
	money_prefetch(&judge->money, out);
	decisions_prefetch(&judge->decisions, out);
	return true;
}

/* Decodes some entries ahead of the one that is judged, so that the accounts of
 * many customers have come from memory when they are asked for. */
enum lgp_status judge_block(struct judge *judge, const struct block *block)
{
	struct lgp_entry ahead[AHEAD];
	bool there[AHEAD] = {false};
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < block->count + AHEAD && status == LGP_OK; i++) {
		struct lgp_entry *place = &ahead[i % AHEAD];
		if (there[i % AHEAD])
			status = judge_decoded(judge, place);
		there[i % AHEAD] = i < block->count && block->cell[i] == CELL_HERE &&
		                   decode(judge, block->first + i, block->entry[i], place);
	}
	return status;
}

/* ---- the end ------------------------------------------------------------------------------------ */

enum lgp_status judge_finish(struct judge *judge, uint64_t size, uint64_t *payload_count)
{
	enum lgp_status status = keys_judge(&judge->keys);
	return status == LGP_OK ? payload_check_finish(judge->payloads, size, payload_count)
	                        : status;
}

/* ---- memory ------------------------------------------------------------------------------------- */

static void add_memory(const struct slots *slots, uint64_t *items, uint64_t *bytes)
{
	*items += slots->count;
	*bytes += slots_bytes(slots);
}

void judge_memory(const struct judge *judge, uint64_t *items, uint64_t *bytes)
{
	const struct counters *counters = &judge->decisions.bounds.counters;
	int32_t end;
	*items = *bytes = 0;
	*items += judge->parties.roll.count + judge->money.in_records;
	*bytes += roll_bytes(&judge->parties.roll) + known_bytes(&judge->known);
	add_memory(&judge->money.accounts, items, bytes);
	add_memory(&judge->money.reversed, items, bytes);
	for (size_t i = 0; i < counters->count; i++)
		add_memory(counters_period(counters, i, &end), items, bytes);
}
