/* round: round amounts of each member of staff: shares divisible by 100 and by 1,000
 * whole currency units, against the .01 and .001 that chance gives.
 * Thread: one at a time.
 *
 * A finding: ROUND_AMOUNTS_LEAST amounts or more, ROUND_LEAST of them round, and
 * their share above the expected one with Z above 1.96.  Score: the greater Z. */
#include "tools/forensic/evidence.h"
#include "tools/forensic/measures.h"

#define ROUND_AMOUNTS_LEAST 10
#define ROUND_LEAST 3
#define KINDS 2

static const struct {
	int64_t units;
	double expected;
} kinds[KINDS] = {{100, .01}, {1000, .001}};

struct tally {
	size_t n, round[KINDS];
	struct evidence evidence; /* divisible by 100 */
};

static bool staff_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = row->staff;
	return is_spending(row);
}

static struct tally count_round(const struct clusters *clusters, size_t from, size_t end)
{
	int64_t whole = whole_unit(clusters->spendings);
	struct tally tally = {.n = end - from};
	for (size_t at = from; at < end; at++) {
		const struct spending *row = clusters_row(clusters, at);
		for (unsigned kind = 0; kind < KINDS; kind++)
			tally.round[kind] += row->amount % (kinds[kind].units * whole) == 0;
		if (row->amount % (kinds[0].units * whole) == 0)
			evidence_add(&tally.evidence, row->ref);
	}
	return tally;
}

/* 0 where the share is not above the expected one. */
static double z_of(const struct tally *tally, unsigned kind)
{
	if ((double)tally->round[kind] <= kinds[kind].expected * (double)tally->n)
		return 0;
	return proportion_z(tally->round[kind], tally->n, kinds[kind].expected);
}

static double score_of(const struct tally *tally)
{
	double hundreds = z_of(tally, 0), thousands = z_of(tally, 1);
	return hundreds > thousands ? hundreds : thousands;
}

static bool is_flagged(const struct tally *tally)
{
	bool flagged = false;
	for (unsigned kind = 0; kind < KINDS; kind++)
		flagged |= tally->round[kind] >= ROUND_LEAST && z_of(tally, kind) > MEASURES_Z;
	return flagged;
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"count", "Amounts", SHEET_COUNT, 0},
        {"hundreds", "Hundreds", SHEET_COUNT, 0},
        {"hundreds_share", "Share", SHEET_RATIO, 6},
        {"hundreds_z", "Z", SHEET_RATIO, 4},
        {"thousands", "Thousands", SHEET_COUNT, 0},
        {"thousands_share", "Share", SHEET_RATIO, 6},
        {"thousands_z", "Z", SHEET_RATIO, 4},
        {"score", "Score", SHEET_RATIO, 4},
        {"flagged", "Flagged", SHEET_TEXT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_staff(struct sheet *sheet, const struct clusters *clusters, size_t from)
{
	struct tally tally = count_round(clusters, from, clusters_end(clusters, from, 1));
	sheet_name(sheet, clusters->spendings, clusters_row(clusters, from)->staff);
	sheet_count(sheet, (int64_t)tally.n);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		sheet_count(sheet, (int64_t)tally.round[kind]);
		sheet_ratio(sheet, (double)tally.round[kind] / (double)tally.n);
		sheet_ratio(sheet, proportion_z(tally.round[kind], tally.n, kinds[kind].expected));
	}
	sheet_ratio(sheet, score_of(&tally));
	sheet_mark(sheet, is_flagged(&tally));
	sheet_evidence(sheet, &tally.evidence);
	if (is_flagged(&tally))
		sheet_words(sheet,
		            "%zu of %zu amounts are whole hundreds, %zu whole thousands; chance "
		            "gives %.1f and %.1f",
		            tally.round[0], tally.n, tally.round[1],
		            kinds[0].expected * (double)tally.n,
		            kinds[1].expected * (double)tally.n);
	else
		sheet_blank(sheet);
}

/* Staff with a round amount; hands back how many there are to judge. */
static size_t rank_staff(const struct clusters *clusters, struct ranking *ranking, size_t *findings)
{
	size_t judged = 0;
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		struct tally tally = count_round(clusters, from, end);
		judged += tally.n >= ROUND_AMOUNTS_LEAST;
		if (tally.n < ROUND_AMOUNTS_LEAST || tally.round[0] == 0)
			continue;
		*findings += is_flagged(&tally);
		ranking_add(ranking, score_of(&tally), from);
	}
	return judged;
}

static void write_sheet(const struct clusters *clusters, const struct ranking *ranking,
                        const struct forensic_options *options, struct document *document,
                        const struct forensic_result *result)
{
	struct profile profile = profile_of(clusters->spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct tally all = count_round(clusters, 0, clusters->count);
	struct sheet *sheet = sheet_new(document, "round-amounts", "Round amounts", columns,
	                                sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_staff(sheet, clusters, ranking->list[i].at);
	sheet_note(sheet, "%s", result->verdict);
	for (unsigned kind = 0; kind < KINDS; kind++)
		sheet_note(sheet, "Of all %zu amounts %zu are divisible by %d: share %.8f, Z %.4f.",
		           all.n, all.round[kind], (int)kinds[kind].units,
		           (double)all.round[kind] / (double)all.n,
		           proportion_z(all.round[kind], all.n, kinds[kind].expected));
	sheet_note(
	        sheet,
	        "Ranked by the greater Z of too many; flagged above %.2f with %d round amounts or "
	        "more of %d or more.",
	        MEASURES_Z, ROUND_LEAST, ROUND_AMOUNTS_LEAST);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, clusters->spendings, sheet);
}

enum lgp_status test_round_amounts(const struct spendings *spendings,
                                   const struct forensic_options *options,
                                   struct document *document, struct forensic_result *result)
{
	struct ranking ranking = {0};
	struct clusters clusters;
	enum lgp_status status = clusters_init(&clusters, spendings, staff_key);
	if (status != LGP_OK)
		return status;
	size_t judged = rank_staff(&clusters, &ranking, &result->findings);
	result->tested = clusters.count;
	result->applies = judged > 0;
	status = ranking_sort(&ranking);
	if (status == LGP_OK && judged == 0) {
		forensic_inapplicable(result, "nobody has %d amounts", ROUND_AMOUNTS_LEAST);
	} else if (status == LGP_OK) {
		forensic_verdict(result, "%zu of %zu staff have too many round amounts",
		                 result->findings, judged);
		write_sheet(&clusters, &ranking, options, document, result);
	}
	ranking_deinit(&ranking);
	clusters_deinit(&clusters);
	return status;
}
