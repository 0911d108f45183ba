/* concentration: how much of what a member of staff gives goes to one customer, and
 * the Herfindahl index, the sum of the squares of the customers' shares.
 * Thread: one at a time.
 *
 * Shares are those of the amounts.  A finding: GRANTS_LEAST grants or more, and
 * SHARE_MOST of the money or more to one customer.  Score: the Herfindahl index. */
#include "tools/forensic/evidence.h"

#define GRANTS_LEAST 10
#define SHARE_MOST 0.5

struct shares {
	size_t grants, parties;
	__extension__ __int128 total, most; /* most: of the customer who gets most */
	size_t from, end;                   /* that customer's keys */
	double squares;                     /* of the amounts */
};

static bool staff_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->staff, row->party);
	return row->staff != 0 && row->party != 0 && is_spending(row);
}

static uint32_t staff_at(const struct clusters *clusters, size_t at)
{
	return clusters_row(clusters, at)->staff;
}

/* Behind the last key of the staff member at `from`. */
static size_t staff_end(const struct clusters *clusters, size_t from)
{
	size_t end = from;
	while (end < clusters->count && staff_at(clusters, end) == staff_at(clusters, from))
		end = clusters_end(clusters, end, 1);
	return end;
}

static struct shares shares_of(const struct clusters *clusters, size_t from, size_t end)
{
	struct shares shares = {.grants = end - from};
	for (size_t at = from, next; at < end; at = next) {
		__extension__ __int128 sum = 0;
		next = clusters_end(clusters, at, 1);
		for (size_t i = at; i < next; i++)
			sum += clusters_row(clusters, i)->amount;
		shares.parties++;
		shares.total += sum;
		shares.squares += (double)sum * (double)sum;
		if (sum > shares.most) {
			shares.most = sum;
			shares.from = at;
			shares.end = next;
		}
	}
	return shares;
}

static double herfindahl(const struct shares *shares)
{
	return shares->squares / ((double)shares->total * (double)shares->total);
}

static double share_of(const struct shares *shares)
{
	return (double)shares->most / (double)shares->total;
}

static bool is_flagged(const struct shares *shares)
{
	return shares->grants >= GRANTS_LEAST && share_of(shares) >= SHARE_MOST;
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"grants", "Grants", SHEET_COUNT, 0},
        {"parties", "Customers", SHEET_COUNT, 0},
        {"total", "Total", SHEET_MONEY, 0},
        {"party", "Most to", SHEET_TEXT, 0},
        {"most", "Of the total", SHEET_MONEY, 0},
        {"share", "Share", SHEET_RATIO, 6},
        {"score", "Herfindahl", SHEET_RATIO, 6},
        {"flagged", "Flagged", SHEET_TEXT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_staff(struct sheet *sheet, const struct clusters *clusters, size_t from)
{
	const struct spendings *spendings = clusters->spendings;
	struct shares shares = shares_of(clusters, from, staff_end(clusters, from));
	struct evidence evidence = evidence_of(clusters, shares.from, shares.end);
	sheet_name(sheet, spendings, staff_at(clusters, from));
	sheet_count(sheet, (int64_t)shares.grants);
	sheet_count(sheet, (int64_t)shares.parties);
	sheet_sum(sheet, shares.total, spendings->scale);
	sheet_name(sheet, spendings, clusters_row(clusters, shares.from)->party);
	sheet_sum(sheet, shares.most, spendings->scale);
	sheet_ratio(sheet, share_of(&shares));
	sheet_ratio(sheet, herfindahl(&shares));
	sheet_mark(sheet, is_flagged(&shares));
	sheet_evidence(sheet, &evidence);
	if (is_flagged(&shares))
		sheet_words(sheet, "%.0f %% of %zu grants' money goes to one of %zu customers",
		            100 * share_of(&shares), shares.grants, shares.parties);
	else
		sheet_blank(sheet);
}

static void rank_staff(const struct clusters *clusters, struct ranking *ranking, size_t *findings)
{
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = staff_end(clusters, from);
		struct shares shares = shares_of(clusters, from, end);
		if (shares.grants < GRANTS_LEAST)
			continue;
		*findings += is_flagged(&shares);
		ranking_add(ranking, herfindahl(&shares), from);
	}
}

static void write_sheet(const struct clusters *clusters, const struct ranking *ranking,
                        const struct forensic_options *options, struct document *document,
                        struct forensic_result *result)
{
	struct profile profile = profile_of(clusters->spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet = sheet_new(document, "concentration", "Concentration", columns,
	                                sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_staff(sheet, clusters, ranking->list[i].at);
	forensic_verdict(result, "%zu of %zu staff give %.0f %% or more to one customer",
	                 result->findings, ranking->count, 100 * SHARE_MOST);
	sheet_note(sheet,
	           "Ranked by the Herfindahl index (1: all to one customer); flagged where one "
	           "customer gets %.0f %% of the money or more.",
	           100 * SHARE_MOST);
	sheet_note(sheet, "Staff of %d grants or more to customers who are named.", GRANTS_LEAST);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, clusters->spendings, sheet);
}

enum lgp_status test_concentration(const struct spendings *spendings,
                                   const struct forensic_options *options,
                                   struct document *document, struct forensic_result *result)
{
	struct ranking ranking = {0};
	struct clusters clusters;
	enum lgp_status status = clusters_init(&clusters, spendings, staff_key);
	if (status != LGP_OK)
		return status;
	result->tested = clusters.count;
	rank_staff(&clusters, &ranking, &result->findings);
	status = ranking_sort(&ranking);
	result->applies = ranking.count > 0;
	if (status == LGP_OK && clusters.count == 0)
		forensic_inapplicable(result, "no row has both staff and a customer");
	else if (status == LGP_OK && !result->applies)
		forensic_inapplicable(result, "no member of staff has %d grants", GRANTS_LEAST);
	else if (status == LGP_OK)
		write_sheet(&clusters, &ranking, options, document, result);
	ranking_deinit(&ranking);
	clusters_deinit(&clusters);
	return status;
}
