/* ledger_reversals: what was taken back: how much of what each member of staff
 * gave, by whom, and how late.
 * Thread: one at a time. */
#include "tools/forensic/ledger_tests.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]

/* What became of one's grants. */
struct taken_back {
	uint32_t staff;
	size_t grants, reversed;     /* grants */
	size_t own, by_others, late; /* reversals */
	int64_t latest_days;
	struct evidence evidence, late_ones;
};

static enum lgp_status note_grant(struct ledger_index *items, const struct ledger_act *act)
{
	struct taken_back *item = ledger_index_put(items, act->staff, 0);
	if (item == NULL)
		return LGP_NO_MEMORY;
	item->staff = act->staff;
	item->grants++;
	return LGP_OK;
}

static void note_reversal(const struct ledger_run *run, struct taken_back *item,
                          const struct ledger_act *act, const struct ledger_act *grant)
{
	int64_t days = (int64_t)act->date - grant->date;
	bool late = days > (int64_t)run->thresholds->late_days;
	item->own += act->actor == act->staff;
	item->by_others += act->actor != act->staff;
	item->late += late;
	item->latest_days = days > item->latest_days ? days : item->latest_days;
	evidence_add(&item->evidence, act->seq);
	if (late)
		evidence_add(&item->late_ones, act->seq);
}

/* Of a grant that is reversed in parts, only the first counts as a reversed grant;
 * a grant of days that were not asked for counts as no grant. */
static enum lgp_status take_back(const struct ledger_run *run, struct ledger_index *items,
                                 struct ledger_index *seen, const struct ledger_act *act)
{
	const struct ledger_act *grant = ledger_act_find(run->facts, act->refers_to);
	struct taken_back *item = ledger_index_put(items, act->staff, 0);
	size_t *times = item != NULL ? ledger_index_put(seen, act->refers_to, 0) : NULL;
	if (times == NULL)
		return LGP_NO_MEMORY;
	item->staff = act->staff;
	if (grant == NULL)
		return LGP_OK; /* what is reversed is no grant: verify tells */
	if (++*times == 1 && ledger_run_wants(run, grant))
		item->reversed++;
	note_reversal(run, item, act, grant);
	return LGP_OK;
}

static enum lgp_status count_all(const struct ledger_run *run, struct ledger_index *items,
                                 struct ledger_index *seen)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < run->facts->count && status == LGP_OK; i++) {
		const struct ledger_act *act = &run->facts->acts[i];
		if (!ledger_run_wants(run, act))
			continue;
		if (act->kind == LGP_KIND_GRANT)
			status = note_grant(items, act);
		if (act->kind == LGP_KIND_REVERSAL)
			status = take_back(run, items, seen, act);
		run->result->tested += act->kind == LGP_KIND_REVERSAL;
	}
	return status;
}

static double share_of(const struct taken_back *item)
{
	return item->grants > 0 ? (double)item->reversed / (double)item->grants : 0;
}

static bool often(const struct ledger_run *run, const struct taken_back *item)
{
	return item->grants >= run->thresholds->min_n &&
	       share_of(item) > run->thresholds->reversal_share;
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"grants", "Grants", SHEET_COUNT, 0},
        {"reversed", "Of these reversed", SHEET_COUNT, 0},
        {"share", "Share", SHEET_RATIO, 3},
        {"own", "Reversals, own", SHEET_COUNT, 0},
        {"by_others", "By others", SHEET_COUNT, 0},
        {"late", "Late", SHEET_COUNT, 0},
        {"latest_days", "Latest, days", SHEET_COUNT, 0},
        {"score", "Score", SHEET_RATIO, 3},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"late_entries", "Late entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static double score_of(const struct taken_back *item)
{
	return share_of(item) * (double)item->reversed + (double)item->late;
}

static void write_item(struct sheet *sheet, const struct ledger_run *run, const void *items,
                       size_t at)
{
	const struct taken_back *item = ledger_index_at(items, at);
	ledger_cell(sheet, run, LGP_KIND_STAFF, item->staff);
	sheet_count(sheet, (int64_t)item->grants);
	sheet_count(sheet, (int64_t)item->reversed);
	sheet_ratio(sheet, share_of(item));
	sheet_count(sheet, (int64_t)item->own);
	sheet_count(sheet, (int64_t)item->by_others);
	sheet_count(sheet, (int64_t)item->late);
	sheet_count(sheet, item->latest_days);
	sheet_ratio(sheet, score_of(item));
	sheet_evidence(sheet, &item->evidence);
	sheet_evidence(sheet, &item->late_ones);
	if (often(run, item))
		sheet_words(sheet, "%zu of %zu grants were taken back: were they given at all?",
		            item->reversed, item->grants);
	else
		sheet_words(sheet,
		            "%zu taken back up to %lld days after it was given: why so late?",
		            item->late, (long long)item->latest_days);
}

static enum lgp_status tell(const struct ledger_run *run, const struct ledger_index *items)
{
	static const struct ledger_table table = {
	        "reversals", "Reversals by member of staff", COLUMNS(columns),
	        "Score: the share of grants that were reversed times their number, and 1 for each "
	        "late reversal.",
	        write_item};
	struct ranking ranking = {0};
	for (size_t i = 0; i < items->count; i++) {
		const struct taken_back *item = ledger_index_at(items, i);
		if (often(run, item) || item->late > 0)
			ranking_add(&ranking, score_of(item), i);
	}
	size_t found = ranking.count;
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, items);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(
	        sheet,
	        "A finding: more than %.0f %% of at least %zu grants reversed, or a reversal more "
	        "than %u days after the grant.",
	        run->thresholds->reversal_share * 100, run->thresholds->min_n,
	        run->thresholds->late_days);
	sheet_note(sheet, "Whether it was redeemed before it was reversed cannot be told: this "
	                  "ledger's format has no entries for redemptions.");
	forensic_verdict(run->result, "%zu reversals; %zu of staff with many or late ones",
	                 run->result->tested, found);
	return LGP_OK;
}

enum lgp_status test_reversals(const struct ledger_run *run)
{
	struct ledger_index items, seen;
	enum lgp_status status = ledger_index_init(&items, sizeof(struct taken_back));
	if (status != LGP_OK)
		return status;
	status = ledger_index_init(&seen, sizeof(size_t));
	if (status == LGP_OK)
		status = count_all(run, &items, &seen);
	run->result->applies = run->result->tested > 0;
	if (status == LGP_OK && run->result->applies)
		status = tell(run, &items);
	else if (status == LGP_OK)
		status = forensic_inapplicable(run->result, "nothing was reversed");
	ledger_index_deinit(&items);
	ledger_index_deinit(&seen);
	return status;
}
