/* repeated: amounts that come again and again: of all rows, and of each member of
 * staff by the number frequency factor, 1 - sum(c^2) / n^2 over the amounts that
 * come more than once.
 * Thread: one at a time.
 *
 * An amount that makes up REPEATED_SHARE of all is a finding, unless the amounts
 * are denominations (denominations.h).  A member of staff is one whose factor is
 * FACTOR_MOST or less with FACTOR_AMOUNTS_LEAST amounts: half of all pairs of
 * amounts are equal.  Scores: how often; one less the factor. */
#include "tools/forensic/denominations.h"
#include "tools/forensic/evidence.h"

#define REPEATED_SHARE 0.05
#define FACTOR_MOST 0.5
#define FACTOR_AMOUNTS_LEAST 10

static bool amount_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = (uint64_t)row->amount;
	return is_spending(row);
}

static bool staff_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = row->staff;
	words[1] = (uint64_t)row->amount;
	return row->staff != 0 && is_spending(row);
}

/* The factor of the keys from `from` to `end`, which are equal up to `words` words. */
static double frequency_factor(const struct clusters *clusters, size_t from, size_t end,
                               unsigned words)
{
	double n = (double)(end - from), squares = 0;
	for (size_t at = from, next; at < end; at = next) {
		next = clusters_end(clusters, at, words);
		double count = (double)(next - at);
		squares += count > 1 ? count * count : 0;
	}
	return 1 - squares / (n * n);
}

static const struct sheet_column amount_columns[] = {
        {"amount", "Amount", SHEET_MONEY, 0},  {"score", "Times", SHEET_COUNT, 0},
        {"share", "Share", SHEET_RATIO, 6},    {"total", "Together", SHEET_MONEY, 0},
        {"flagged", "Flagged", SHEET_TEXT, 0}, {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_amount(struct sheet *sheet, const struct clusters *clusters, size_t from,
                         bool free_choice)
{
	size_t times = clusters_end(clusters, from, 1) - from;
	double share = (double)times / (double)clusters->count;
	int64_t amount = clusters_row(clusters, from)->amount;
	struct evidence evidence = evidence_of(clusters, from, from + times);
	__extension__ __int128 total = (__int128)amount * (int64_t)times;
	bool flagged = free_choice && share >= REPEATED_SHARE;
	sheet_money(sheet, amount, clusters->spendings->scale);
	sheet_count(sheet, (int64_t)times);
	sheet_ratio(sheet, share);
	sheet_sum(sheet, total, clusters->spendings->scale);
	sheet_mark(sheet, flagged);
	sheet_evidence(sheet, &evidence);
	if (flagged)
		sheet_words(sheet, "%.1f %% of all amounts are this one", 100 * share);
	else
		sheet_blank(sheet);
}

static void rank_amounts(const struct clusters *clusters, struct ranking *ranking)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		if (end - from > 1)
			ranking_add(ranking, (double)(end - from), from);
	}
}

static void write_amounts(const struct clusters *clusters, const struct ranking *ranking,
                          const struct forensic_options *options,
                          const struct forensic_result *choice, struct document *document,
                          struct forensic_result *result)
{
	struct profile profile = profile_of(clusters->spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet =
	        sheet_new(document, "repeated-amounts", "Repeated amounts", amount_columns,
	                  sizeof amount_columns / sizeof amount_columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_amount(sheet, clusters, ranking->list[i].at, choice->applies);
	for (size_t i = 0; choice->applies && i < ranking->count; i++)
		result->findings +=
		        ranking->list[i].score / (double)clusters->count >= REPEATED_SHARE;
	result->measure = "number frequency factor";
	result->value = frequency_factor(clusters, 0, clusters->count, 1);
	forensic_verdict(result,
	                 "%zu amounts come more than once; %zu make up %.0f %% or more each",
	                 ranking->count, result->findings, 100 * REPEATED_SHARE);
	sheet_note(sheet, "Number frequency factor of all: %.8f (0 all the same, 1 all different).",
	           result->value);
	sheet_note(sheet, "Ranked by how often; flagged at %.0f %% of all amounts or more.",
	           100 * REPEATED_SHARE);
	if (!choice->applies)
		sheet_note(sheet, "None is flagged, because %s.", choice->verdict);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, clusters->spendings, sheet);
}

enum lgp_status test_repeated_amounts(const struct spendings *spendings,
                                      const struct forensic_options *options,
                                      struct document *document, struct forensic_result *result)
{
	struct forensic_result choice = {0};
	struct ranking ranking = {0};
	struct clusters clusters;
	enum lgp_status status = denominations_judge(spendings, &choice);
	if (status == LGP_OK)
		status = clusters_init(&clusters, spendings, amount_key);
	if (status != LGP_OK)
		return status;
	result->tested = clusters.count;
	result->applies = clusters.count > 0;
	rank_amounts(&clusters, &ranking);
	status = ranking_sort(&ranking);
	if (status == LGP_OK && !result->applies)
		forensic_inapplicable(result, "there are no amounts above 0");
	else if (status == LGP_OK)
		write_amounts(&clusters, &ranking, options, &choice, document, result);
	ranking_deinit(&ranking);
	clusters_deinit(&clusters);
	return status;
}

static const struct sheet_column factor_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},     {"count", "Amounts", SHEET_COUNT, 0},
        {"factor", "Factor", SHEET_RATIO, 6},  {"amount", "Most frequent", SHEET_MONEY, 0},
        {"times", "Times", SHEET_COUNT, 0},    {"score", "Score", SHEET_RATIO, 6},
        {"flagged", "Flagged", SHEET_TEXT, 0}, {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

/* Where the staff member's most frequent amount begins. */
static size_t most_frequent(const struct clusters *clusters, size_t from, size_t end)
{
	size_t most = from, times = 0;
	for (size_t at = from, next; at < end; at = next) {
		next = clusters_end(clusters, at, 2);
		if (next - at > times) {
			most = at;
			times = next - at;
		}
	}
	return most;
}

static void write_factor(struct sheet *sheet, const struct clusters *clusters, size_t from,
                         double score)
{
	const struct spendings *spendings = clusters->spendings;
	size_t end = clusters_end(clusters, from, 1);
	size_t most = most_frequent(clusters, from, end);
	size_t times = clusters_end(clusters, most, 2) - most;
	struct evidence evidence = evidence_of(clusters, most, most + times);
	bool flagged = 1 - score <= FACTOR_MOST;
	sheet_name(sheet, spendings, clusters_row(clusters, from)->staff);
	sheet_count(sheet, (int64_t)(end - from));
	sheet_ratio(sheet, 1 - score);
	sheet_money(sheet, clusters_row(clusters, most)->amount, spendings->scale);
	sheet_count(sheet, (int64_t)times);
	sheet_ratio(sheet, score);
	sheet_mark(sheet, flagged);
	sheet_evidence(sheet, &evidence);
	if (flagged)
		sheet_words(sheet, "%zu of %zu amounts are the same", times, end - from);
	else
		sheet_blank(sheet);
}

static void rank_factors(const struct clusters *clusters, struct ranking *ranking)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		if (end - from >= FACTOR_AMOUNTS_LEAST)
			ranking_add(ranking, 1 - frequency_factor(clusters, from, end, 2), from);
	}
}

static void write_factors(const struct clusters *clusters, const struct ranking *ranking,
                          const struct forensic_options *options, struct document *document,
                          struct forensic_result *result)
{
	struct profile profile = profile_of(clusters->spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet =
	        sheet_new(document, "number-frequency", "Number frequency factor of staff",
	                  factor_columns, sizeof factor_columns / sizeof factor_columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_factor(sheet, clusters, ranking->list[i].at, ranking->list[i].score);
	for (size_t i = 0; i < ranking->count; i++)
		result->findings += 1 - ranking->list[i].score <= FACTOR_MOST;
	result->measure = "least factor";
	result->value = 1 - ranking->list[0].score;
	result->threshold = FACTOR_MOST;
	forensic_verdict(result, "%zu of %zu staff have a factor of %.1f or less", result->findings,
	                 ranking->count, FACTOR_MOST);
	sheet_note(
	        sheet,
	        "Factor: 0 all amounts are the same, 1 all are different.  Ranked by one less the "
	        "factor; flagged at a factor of %.1f or less.",
	        FACTOR_MOST);
	sheet_note(sheet, "Staff of %d amounts or more.", FACTOR_AMOUNTS_LEAST);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, clusters->spendings, sheet);
}

enum lgp_status test_number_frequency(const struct spendings *spendings,
                                      const struct forensic_options *options,
                                      struct document *document, struct forensic_result *result)
{
	struct ranking ranking = {0};
	struct clusters clusters;
	enum lgp_status status = clusters_init(&clusters, spendings, staff_key);
	if (status != LGP_OK)
		return status;
	result->tested = clusters.count;
	rank_factors(&clusters, &ranking);
	status = ranking_sort(&ranking);
	result->applies = ranking.count > 0;
	if (status == LGP_OK && !result->applies)
		forensic_inapplicable(result, "no member of staff has %d amounts",
		                      FACTOR_AMOUNTS_LEAST);
	else if (status == LGP_OK)
		write_factors(&clusters, &ranking, options, document, result);
	ranking_deinit(&ranking);
	clusters_deinit(&clusters);
	return status;
}
