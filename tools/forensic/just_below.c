/* just_below: amounts kept just below the limit: those in (limit - band, limit]
 * against those in the band of the same width above it.
 * Thread: one at a time.
 *
 * Where nothing at all is above the limit, it was enforced, and an empty band above
 * says nothing: the band beneath, (limit - 2 band, limit - band], stands for it.
 * A finding, of all rows or of one member of staff: BELOW_LEAST amounts below, and
 * more of them than in the other band with Z above 1.96, Z = (|a - b| - 1) /
 * sqrt(a + b).  Score: Z. */
#include "tools/forensic/evidence.h"
#include "tools/forensic/measures.h"

#include "tools/audit/text.h"

#define BELOW_LEAST 5
#define MILLION 1000000

/* The ends of the bands, in millionths of a minor unit. */
struct bands {
	__extension__ __int128 lower, low, limit, high;
	bool enforced; /* no amount is above the limit */
};

struct tally {
	size_t below, above, beneath;
	struct evidence evidence; /* of those below */
};

static bool staff_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = row->staff;
	return is_spending(row);
}

static struct bands bands_of(const struct spendings *spendings,
                             const struct forensic_options *options)
{
	__extension__ __int128 limit = (__int128)options->limit * MILLION;
	__extension__ __int128 width = (__int128)options->limit * options->band_ppm;
	struct bands bands = {limit - 2 * width, limit - width, limit, limit + width, true};
	for (size_t i = 0; i < spendings->count; i++)
		bands.enforced &= spendings->rows[i].amount <= options->limit;
	return bands;
}

static struct tally count_bands(const struct clusters *clusters, size_t from, size_t end,
                                const struct bands *bands)
{
	struct tally tally = {0};
	for (size_t at = from; at < end; at++) {
		const struct spending *row = clusters_row(clusters, at);
		__extension__ __int128 amount = (__int128)row->amount * MILLION;
		if (amount > bands->low && amount <= bands->limit) {
			tally.below++;
			evidence_add(&tally.evidence, row->ref);
		}
		tally.above += amount > bands->limit && amount <= bands->high;
		tally.beneath += amount > bands->lower && amount <= bands->low;
	}
	return tally;
}

static size_t other_band(const struct tally *tally, const struct bands *bands)
{
	return bands->enforced ? tally->beneath : tally->above;
}

/* 0 where no more are below than in the other band. */
static double score_of(const struct tally *tally, const struct bands *bands)
{
	size_t other = other_band(tally, bands);
	return tally->below > other ? halves_z(tally->below, other) : 0;
}

static bool is_flagged(const struct tally *tally, const struct bands *bands)
{
	return tally->below >= BELOW_LEAST && score_of(tally, bands) > MEASURES_Z;
}

static double ratio_of(const struct tally *tally, const struct bands *bands)
{
	return (double)tally->below / (double)other_band(tally, bands);
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},       {"below", "Just below", SHEET_COUNT, 0},
        {"above", "Just above", SHEET_COUNT, 0}, {"beneath", "Beneath", SHEET_COUNT, 0},
        {"ratio", "Ratio", SHEET_RATIO, 6},      {"score", "Z", SHEET_RATIO, 4},
        {"flagged", "Flagged", SHEET_TEXT, 0},   {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_tally(struct sheet *sheet, const char *staff, const struct tally *tally,
                        const struct bands *bands)
{
	bool flagged = is_flagged(tally, bands);
	sheet_word(sheet, staff);
	sheet_count(sheet, (int64_t)tally->below);
	sheet_count(sheet, (int64_t)tally->above);
	sheet_count(sheet, (int64_t)tally->beneath);
	sheet_ratio(sheet, ratio_of(tally, bands)); /* blank where the other band is empty */
	sheet_ratio(sheet, score_of(tally, bands));
	sheet_mark(sheet, flagged);
	sheet_evidence(sheet, &tally->evidence);
	if (flagged)
		sheet_words(sheet, "%zu amounts just below the limit, %zu %s", tally->below,
		            other_band(tally, bands),
		            bands->enforced ? "in the band beneath" : "just above");
	else
		sheet_blank(sheet);
}

/* Staff with an amount just below. */
static enum lgp_status rank_staff(const struct clusters *clusters, const struct bands *bands,
                                  struct ranking *ranking, size_t *findings)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		struct tally tally = count_bands(clusters, from, end, bands);
		if (tally.below == 0 || clusters_row(clusters, from)->staff == 0)
			continue;
		*findings += is_flagged(&tally, bands);
		ranking_add(ranking, score_of(&tally, bands), from);
	}
	return ranking_sort(ranking);
}

static void write_notes(struct sheet *sheet, const struct spendings *spendings,
                        const struct forensic_options *options, const struct bands *bands)
{
	char limit[AMOUNT_MAX];
	sheet_note(sheet, "Limit %s, bands of %.4g %% of it; Ratio and Z compare with the band %s.",
	           amount_text(options->limit, spendings->scale, limit),
	           (double)options->band_ppm / 10000,
	           bands->enforced ? "beneath, because nothing is above the limit" : "above");
	sheet_note(sheet, "Ranked by Z; flagged above %.2f with %d amounts or more just below.",
	           MEASURES_Z, BELOW_LEAST);
}

static enum lgp_status write_sheet(const struct clusters *clusters,
                                   const struct forensic_options *options,
                                   struct document *document, struct forensic_result *result)
{
	const struct spendings *spendings = clusters->spendings;
	struct profile profile = profile_of(spendings);
	struct bands bands = bands_of(spendings, options);
	struct tally all = count_bands(clusters, 0, clusters->count, &bands);
	struct ranking ranking = {0};
	enum lgp_status status = rank_staff(clusters, &bands, &ranking, &result->findings);
	if (status == LGP_OK) {
		size_t listed = ranking.count < options->top ? ranking.count : options->top;
		struct sheet *sheet =
		        sheet_new(document, "just-below-limit", "Just below the limit", columns,
		                  sizeof columns / sizeof columns[0]);
		for (size_t i = 0; i < listed; i++) {
			size_t from = ranking.list[i].at, end = clusters_end(clusters, from, 1);
			struct tally tally = count_bands(clusters, from, end, &bands);
			write_tally(sheet,
			            spendings_text(spendings, clusters_row(clusters, from)->staff),
			            &tally, &bands);
		}
		sheet_total(sheet);
		write_tally(sheet, "everybody", &all, &bands);
		write_notes(sheet, spendings, options, &bands);
		sheet_cut_note(sheet, listed, ranking.count);
		profile_note(&profile, spendings, sheet);
		result->findings += is_flagged(&all, &bands);
		result->measure = "ratio";
		result->value = ratio_of(&all, &bands);
		forensic_verdict(result, "%zu amounts just below the limit, %zu %s", all.below,
		                 other_band(&all, &bands),
		                 bands.enforced ? "in the band beneath" : "just above");
	}
	ranking_deinit(&ranking);
	return status;
}

enum lgp_status test_just_below_limit(const struct spendings *spendings,
                                      const struct forensic_options *options,
                                      struct document *document, struct forensic_result *result)
{
	struct clusters clusters;
	if (options->limit <= 0)
		return forensic_inapplicable(result, "no limit was given: see --limit");
	enum lgp_status status = clusters_init(&clusters, spendings, staff_key);
	if (status != LGP_OK)
		return status;
	result->applies = true;
	result->tested = clusters.count;
	status = write_sheet(&clusters, options, document, result);
	clusters_deinit(&clusters);
	return status;
}
