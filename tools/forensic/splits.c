/* splits: grants that may be one that was split to stay within a limit: the same
 * staff and customer, or the same staff and incident, within some days, each within
 * the limit and together above it.
 * Thread: one at a time.
 *
 * From the first grant of each such run a window is opened, of `window_days`
 * business days; where what it holds is above the limit it is one finding, and the
 * next window opens behind it; else the window moves on by one grant.  Score: the
 * money above the limit. */
#include "tools/forensic/evidence.h"

#include <stdlib.h>

#include "tools/audit/text.h"

/* A run of keys that is a finding. */
struct split {
	const struct clusters *clusters; /* borrowed; by customer or by incident */
	size_t from, end;
	__extension__ __int128 total;
};

struct splits {
	struct split *list; /* owned */
	size_t count, room;
};

static bool dated(const struct spending *row)
{
	return is_spending(row) && row->date != SPENDING_NO_DATE;
}

static bool party_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->staff, row->party);
	words[1] = cluster_signed(row->date);
	return dated(row) && row->party != 0;
}

static bool incident_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->staff, row->incident);
	words[1] = cluster_signed(row->date);
	return dated(row) && row->incident != 0;
}

/* LGP_NO_MEMORY. */
static enum lgp_status add_split(struct splits *splits, const struct split *split)
{
	if (splits->count == splits->room) {
		size_t room = splits->room == 0 ? 64 : splits->room * 2;
		struct split *list = reallocarray(splits->list, room, sizeof *list);
		if (list == NULL)
			return lgp_fault(LGP_NO_MEMORY, "no memory after %zu splits",
			                 splits->count);
		splits->list = list;
		splits->room = room;
	}
	splits->list[splits->count++] = *split;
	return LGP_OK;
}

static bool one_party(const struct split *split)
{
	for (size_t at = split->from + 1; at < split->end; at++)
		if (clusters_row(split->clusters, at)->party !=
		    clusters_row(split->clusters, split->from)->party)
			return false;
	return clusters_row(split->clusters, split->from)->party != 0;
}

/* Leaves grants above the limit out: they were not made smaller.  Hands back how
 * many keys are left, in their order. */
static void drop_above(struct clusters *clusters, int64_t limit)
{
	size_t kept = 0;
	for (size_t at = 0; at < clusters->count; at++)
		if (clusters_row(clusters, at)->amount <= limit)
			clusters->keys[kept++] = clusters->keys[at];
	clusters->count = kept;
}

/* The windows of one staff member and customer: keys from `from` to `end`.
 * twice: what an incident shows, its customer has shown already. */
static enum lgp_status find_in(const struct clusters *clusters, size_t from, size_t end,
                               const struct forensic_options *options, bool twice,
                               struct splits *splits)
{
	struct split split = {.clusters = clusters, .from = from, .end = from};
	enum lgp_status status = LGP_OK;
	while (status == LGP_OK && split.from < end) {
		int64_t behind =
		        (int64_t)clusters_row(clusters, split.from)->date + options->window_days;
		while (split.end < end && clusters_row(clusters, split.end)->date < behind)
			split.total += clusters_row(clusters, split.end++)->amount;
		if (split.total <= options->limit) {
			split.total -= clusters_row(clusters, split.from++)->amount;
			continue;
		}
		if (!twice || !one_party(&split))
			status = add_split(splits, &split);
		split.from = split.end;
		split.total = 0;
	}
	return status;
}

static enum lgp_status find_splits(struct clusters *clusters,
                                   const struct forensic_options *options, bool twice,
                                   struct splits *splits)
{
	enum lgp_status status = LGP_OK;
	drop_above(clusters, options->limit);
	for (size_t from = 0, end; status == LGP_OK && from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		status = find_in(clusters, from, end, options, twice, splits);
	}
	return status;
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"party", "Customer", SHEET_TEXT, 0},
        {"incident", "Incident", SHEET_TEXT, 0},
        {"from", "From", SHEET_DATE, 0},
        {"to", "To", SHEET_DATE, 0},
        {"times", "Grants", SHEET_COUNT, 0},
        {"total", "Together", SHEET_MONEY, 0},
        {"largest", "Largest", SHEET_MONEY, 0},
        {"score", "Above the limit", SHEET_MONEY, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static int64_t largest_of(const struct split *split)
{
	int64_t largest = 0;
	for (size_t at = split->from; at < split->end; at++)
		if (clusters_row(split->clusters, at)->amount > largest)
			largest = clusters_row(split->clusters, at)->amount;
	return largest;
}

static void write_split(struct sheet *sheet, const struct split *split, bool by_incident,
                        int64_t limit)
{
	const struct spendings *spendings = split->clusters->spendings;
	const struct spending *first = clusters_row(split->clusters, split->from);
	const struct spending *last = clusters_row(split->clusters, split->end - 1);
	struct evidence evidence = evidence_of(split->clusters, split->from, split->end);
	char total[AMOUNT_MAX], most[AMOUNT_MAX];
	sheet_name(sheet, spendings, first->staff);
	sheet_name(sheet, spendings, by_incident ? 0 : first->party);
	sheet_name(sheet, spendings, by_incident ? first->incident : 0);
	sheet_date(sheet, first->date);
	sheet_date(sheet, last->date);
	sheet_count(sheet, (int64_t)(split->end - split->from));
	sheet_sum(sheet, split->total, spendings->scale);
	sheet_money(sheet, largest_of(split), spendings->scale);
	sheet_sum(sheet, split->total - limit, spendings->scale);
	sheet_evidence(sheet, &evidence);
	sheet_words(sheet, "%zu grants, none above the limit of %s, are %s together: was it one?",
	            split->end - split->from, amount_text(limit, spendings->scale, most),
	            amount_text(split->total, spendings->scale, total));
}

static enum lgp_status write_splits(const struct splits *splits, const struct clusters *incidents,
                                    const struct forensic_options *options,
                                    struct document *document, struct forensic_result *result)
{
	const struct spendings *spendings = incidents->spendings;
	struct profile profile = profile_of(spendings);
	struct ranking ranking = {0};
	for (size_t i = 0; i < splits->count; i++)
		ranking_add(&ranking, (double)(splits->list[i].total - options->limit), i);
	enum lgp_status status = ranking_sort(&ranking);
	if (status == LGP_OK) {
		size_t listed = splits->count < options->top ? splits->count : options->top;
		struct sheet *sheet = sheet_new(document, "split-grants", "Split grants", columns,
		                                sizeof columns / sizeof columns[0]);
		for (size_t i = 0; i < listed; i++) {
			const struct split *split = &splits->list[ranking.list[i].at];
			write_split(sheet, split, split->clusters == incidents, options->limit);
		}
		result->findings = splits->count;
		forensic_verdict(result, "runs of grants above the limit together: %zu",
		                 splits->count);
		sheet_note(sheet, "Same staff and customer, or incident, within %u business day%s.",
		           options->window_days, options->window_days == 1 ? "" : "s");
		sheet_note(sheet, "Ranked by the money above the limit.");
		sheet_cut_note(sheet, listed, splits->count);
		profile_note(&profile, spendings, sheet);
	}
	ranking_deinit(&ranking);
	return status;
}

static enum lgp_status find_both(struct clusters *parties, struct clusters *incidents,
                                 const struct forensic_options *options, struct document *document,
                                 struct forensic_result *result)
{
	struct splits splits = {0};
	enum lgp_status status = find_splits(parties, options, false, &splits);
	if (status == LGP_OK)
		status = find_splits(incidents, options, true, &splits);
	result->applies = true;
	result->tested = parties->count > incidents->count ? parties->count : incidents->count;
	if (status == LGP_OK)
		status = write_splits(&splits, incidents, options, document, result);
	free(splits.list);
	return status;
}

enum lgp_status test_split_grants(const struct spendings *spendings,
                                  const struct forensic_options *options, struct document *document,
                                  struct forensic_result *result)
{
	struct profile profile = profile_of(spendings);
	struct clusters parties, incidents;
	if (options->limit <= 0)
		return forensic_inapplicable(result, "no limit was given: see --limit");
	if (!profile.date || (!profile.party && !profile.incident))
		return forensic_inapplicable(result, "there are no %s",
		                             profile.date ? "customers or incidents" : "days");
	enum lgp_status status = clusters_init(&parties, spendings, party_key);
	if (status != LGP_OK)
		return status;
	status = clusters_init(&incidents, spendings, incident_key);
	if (status == LGP_OK) {
		status = find_both(&parties, &incidents, options, document, result);
		clusters_deinit(&incidents);
	}
	clusters_deinit(&parties);
	return status;
}
