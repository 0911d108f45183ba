/* duplicates: what was paid twice: the same staff, day, customer and amount; and
 * the same with another customer each time.
 * Thread: one at a time.
 *
 * What rows do not have (a file without a customer's column) is the same in all.
 * Each group is a finding.  Score: the money beyond the first payment, which is
 * what a double payment would have cost. */
#include "tools/forensic/evidence.h"

static bool same_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->staff, row->party);
	words[1] = cluster_signed(row->date);
	words[2] = (uint64_t)row->amount;
	return is_spending(row);
}

/* The customer last: two words are what must be the same. */
static bool different_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->staff, (uint32_t)row->date);
	words[1] = (uint64_t)row->amount;
	words[2] = row->party;
	return is_spending(row);
}

static size_t count_parties(const struct clusters *clusters, size_t from, size_t end)
{
	size_t parties = 0;
	for (size_t at = from; at < end; at = clusters_end(clusters, at, CLUSTER_WORDS))
		parties++;
	return parties;
}

static double score_of(const struct clusters *clusters, size_t from, size_t times)
{
	return (double)clusters_row(clusters, from)->amount * (double)(times - 1);
}

static void rank_same(const struct clusters *clusters, struct ranking *ranking)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, CLUSTER_WORDS);
		if (end - from > 1)
			ranking_add(ranking, score_of(clusters, from, end - from), from);
	}
}

static void rank_different(const struct clusters *clusters, struct ranking *ranking)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 2);
		size_t parties = count_parties(clusters, from, end);
		if (parties > 1)
			ranking_add(ranking, score_of(clusters, from, parties), from);
	}
}

static void write_common(struct sheet *sheet, const struct clusters *clusters, size_t from,
                         size_t end)
{
	const struct spending *row = clusters_row(clusters, from);
	const struct spendings *spendings = clusters->spendings;
	sheet_name(sheet, spendings, row->staff);
	if (row->date == SPENDING_NO_DATE)
		sheet_blank(sheet);
	else
		sheet_date(sheet, row->date);
	sheet_money(sheet, row->amount, spendings->scale);
	sheet_count(sheet, (int64_t)(end - from));
}

/* What the first payment leaves over; times is above 1. */
static void write_score(struct sheet *sheet, const struct clusters *clusters, size_t from,
                        size_t times)
{
	__extension__ __int128 beyond =
	        (__int128)clusters_row(clusters, from)->amount * (int64_t)(times - 1);
	sheet_sum(sheet, beyond, clusters->spendings->scale);
}

static const struct sheet_column same_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},     {"date", "Day", SHEET_DATE, 0},
        {"amount", "Amount", SHEET_MONEY, 0},  {"times", "Times", SHEET_COUNT, 0},
        {"party", "Customer", SHEET_TEXT, 0},  {"score", "At stake", SHEET_MONEY, 0},
        {"entries", "Entries", SHEET_TEXT, 0}, {"why", "Why", SHEET_TEXT, 0},
};

static void write_same(struct sheet *sheet, const struct clusters *clusters, size_t from)
{
	size_t end = clusters_end(clusters, from, CLUSTER_WORDS);
	struct evidence evidence = evidence_of(clusters, from, end);
	write_common(sheet, clusters, from, end);
	sheet_name(sheet, clusters->spendings, clusters_row(clusters, from)->party);
	write_score(sheet, clusters, from, end - from);
	sheet_evidence(sheet, &evidence);
	sheet_words(sheet,
	            "the same staff, day, customer and amount %zu times: was it one payment?",
	            end - from);
}

static const struct sheet_column different_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},        {"date", "Day", SHEET_DATE, 0},
        {"amount", "Amount", SHEET_MONEY, 0},     {"times", "Times", SHEET_COUNT, 0},
        {"parties", "Customers", SHEET_COUNT, 0}, {"score", "At stake", SHEET_MONEY, 0},
        {"entries", "Entries", SHEET_TEXT, 0},    {"why", "Why", SHEET_TEXT, 0},
};

static void write_different(struct sheet *sheet, const struct clusters *clusters, size_t from)
{
	size_t end = clusters_end(clusters, from, 2);
	size_t parties = count_parties(clusters, from, end);
	struct evidence evidence = evidence_of(clusters, from, end);
	write_common(sheet, clusters, from, end);
	sheet_count(sheet, (int64_t)parties);
	write_score(sheet, clusters, from, parties);
	sheet_evidence(sheet, &evidence);
	sheet_words(sheet,
	            "the same staff, day and amount to %zu customers: did one of them get what "
	            "was another's?",
	            parties);
}

/* One of the two tests. */
struct duplicates {
	const char *name, *title;
	const struct sheet_column *columns;
	size_t column_count;
	cluster_make *make;
	void (*rank)(const struct clusters *clusters, struct ranking *ranking);
	void (*write)(struct sheet *sheet, const struct clusters *clusters, size_t from);
};

static enum lgp_status write_clusters(const struct duplicates *test,
                                      const struct clusters *clusters,
                                      const struct profile *profile,
                                      const struct forensic_options *options,
                                      struct document *document, struct forensic_result *result)
{
	struct ranking ranking = {0};
	test->rank(clusters, &ranking);
	enum lgp_status status = ranking_sort(&ranking);
	if (status == LGP_OK) {
		size_t listed = ranking.count < options->top ? ranking.count : options->top;
		struct sheet *sheet = sheet_new(document, test->name, test->title, test->columns,
		                                test->column_count);
		for (size_t i = 0; i < listed; i++)
			test->write(sheet, clusters, ranking.list[i].at);
		result->findings = ranking.count;
		forensic_verdict(result, "groups found: %zu", ranking.count);
		sheet_note(sheet, "Ranked by the money beyond the first payment.");
		sheet_cut_note(sheet, listed, ranking.count);
		profile_note(profile, clusters->spendings, sheet);
	}
	ranking_deinit(&ranking);
	return status;
}

static enum lgp_status run(const struct duplicates *test, const struct spendings *spendings,
                           const struct profile *profile, const struct forensic_options *options,
                           struct document *document, struct forensic_result *result)
{
	struct clusters clusters;
	enum lgp_status status = clusters_init(&clusters, spendings, test->make);
	if (status != LGP_OK)
		return status;
	result->applies = true;
	result->tested = clusters.count;
	status = write_clusters(test, &clusters, profile, options, document, result);
	clusters_deinit(&clusters);
	return status;
}

enum lgp_status test_same_same_same(const struct spendings *spendings,
                                    const struct forensic_options *options,
                                    struct document *document, struct forensic_result *result)
{
	static const struct duplicates test = {
	        "same-same-same", "Same staff, day, customer and amount",
	        same_columns,     sizeof same_columns / sizeof same_columns[0],
	        same_key,         rank_same,
	        write_same,
	};
	struct profile profile = profile_of(spendings);
	if (!profile.date)
		return forensic_inapplicable(result, "there are no days to compare");
	if (!profile.staff && !profile.party)
		return forensic_inapplicable(result, "there are neither staff nor customers");
	return run(&test, spendings, &profile, options, document, result);
}

enum lgp_status test_same_same_different(const struct spendings *spendings,
                                         const struct forensic_options *options,
                                         struct document *document, struct forensic_result *result)
{
	static const struct duplicates test = {
	        "same-same-different", "Same staff, day and amount, different customers",
	        different_columns,     sizeof different_columns / sizeof different_columns[0],
	        different_key,         rank_different,
	        write_different,
	};
	struct profile profile = profile_of(spendings);
	if (!profile.date || !profile.staff || !profile.party)
		return forensic_inapplicable(result, "there are no %s to compare",
		                             !profile.date    ? "days"
		                             : !profile.staff ? "staff"
		                                              : "customers");
	return run(&test, spendings, &profile, options, document, result);
}
