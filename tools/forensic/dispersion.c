/* dispersion: the same reason, different amounts: the coefficient of variation of
 * each reason at each site; a question of fairness to customers.
 * Thread: one at a time.
 *
 * The deviation is that of a sample.  A finding: AMOUNTS_LEAST amounts or more,
 * whose deviation is above their mean.  Score: the coefficient. */
#include "tools/forensic/evidence.h"
#include "tools/forensic/measures.h"

#define AMOUNTS_LEAST 10
#define COEFFICIENT_MOST 1.0

struct variation {
	struct moments moments;
	const struct spending *least, *most;
};

static bool reason_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->reason, row->site);
	return row->reason != 0 && is_spending(row);
}

static struct variation variation_of(const struct clusters *clusters, size_t from, size_t end)
{
	struct variation variation = {.least = clusters_row(clusters, from),
	                              .most = clusters_row(clusters, from)};
	for (size_t at = from; at < end; at++) {
		const struct spending *row = clusters_row(clusters, at);
		moments_add(&variation.moments, (double)row->amount);
		if (row->amount < variation.least->amount)
			variation.least = row;
		if (row->amount > variation.most->amount)
			variation.most = row;
	}
	return variation;
}

static double coefficient(const struct variation *variation)
{
	return moments_deviation(&variation->moments) / variation->moments.mean;
}

static const struct sheet_column columns[] = {
        {"reason", "Reason", SHEET_TEXT, 0},
        {"site", "Site", SHEET_TEXT, 0},
        {"count", "Amounts", SHEET_COUNT, 0},
        {"mean", "Mean", SHEET_MONEY, 0},
        {"deviation", "Deviation", SHEET_MONEY, 0},
        {"least", "Least", SHEET_MONEY, 0},
        {"most", "Most", SHEET_MONEY, 0},
        {"score", "Coefficient", SHEET_RATIO, 6},
        {"flagged", "Flagged", SHEET_TEXT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_reason(struct sheet *sheet, const struct clusters *clusters, size_t from)
{
	const struct spendings *spendings = clusters->spendings;
	const struct spending *row = clusters_row(clusters, from);
	struct variation variation = variation_of(clusters, from, clusters_end(clusters, from, 1));
	struct evidence evidence = {0};
	bool flagged = coefficient(&variation) > COEFFICIENT_MOST;
	evidence_add(&evidence, variation.most->ref);
	evidence_add(&evidence, variation.least->ref);
	sheet_name(sheet, spendings, row->reason);
	sheet_name(sheet, spendings, row->site);
	sheet_count(sheet, (int64_t)variation.moments.count);
	sheet_rounded(sheet, variation.moments.mean, spendings->scale);
	sheet_rounded(sheet, moments_deviation(&variation.moments), spendings->scale);
	sheet_money(sheet, variation.least->amount, spendings->scale);
	sheet_money(sheet, variation.most->amount, spendings->scale);
	sheet_ratio(sheet, coefficient(&variation));
	sheet_mark(sheet, flagged);
	sheet_evidence(sheet, &evidence);
	if (flagged)
		sheet_words(sheet,
		            "the same reason gets very different amounts: the deviation is %.1f "
		            "times the mean; largest and smallest are named",
		            coefficient(&variation));
	else
		sheet_blank(sheet);
}

static void rank_reasons(const struct clusters *clusters, struct ranking *ranking)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		struct variation variation = variation_of(clusters, from, end);
		if (variation.moments.count >= AMOUNTS_LEAST)
			ranking_add(ranking, coefficient(&variation), from);
	}
}

static void write_sheet(const struct clusters *clusters, const struct ranking *ranking,
                        const struct forensic_options *options, struct document *document,
                        struct forensic_result *result)
{
	struct profile profile = profile_of(clusters->spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet = sheet_new(document, "dispersion", "Dispersion by reason and site",
	                                columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_reason(sheet, clusters, ranking->list[i].at);
	for (size_t i = 0; i < ranking->count; i++)
		result->findings += ranking->list[i].score > COEFFICIENT_MOST;
	result->measure = "greatest coefficient";
	result->value = ranking->list[0].score;
	result->threshold = COEFFICIENT_MOST;
	forensic_verdict(result, "%zu of %zu reasons at a site vary more than their mean",
	                 result->findings, ranking->count);
	sheet_note(sheet, "Ranked by the coefficient of variation; flagged above %.1f.",
	           COEFFICIENT_MOST);
	sheet_note(sheet, "Reasons of %d amounts or more at a site.", AMOUNTS_LEAST);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, clusters->spendings, sheet);
}

enum lgp_status test_dispersion(const struct spendings *spendings,
                                const struct forensic_options *options, struct document *document,
                                struct forensic_result *result)
{
	struct ranking ranking = {0};
	struct clusters clusters;
	enum lgp_status status = clusters_init(&clusters, spendings, reason_key);
	if (status != LGP_OK)
		return status;
	result->tested = clusters.count;
	rank_reasons(&clusters, &ranking);
	status = ranking_sort(&ranking);
	result->applies = ranking.count > 0;
	if (status == LGP_OK && !result->applies)
		forensic_inapplicable(result, "no reason has %d amounts at a site", AMOUNTS_LEAST);
	else if (status == LGP_OK)
		write_sheet(&clusters, &ranking, options, document, result);
	ranking_deinit(&ranking);
	clusters_deinit(&clusters);
	return status;
}
