/* peers: a member of staff against the others of the same role and site: total, mean
 * and count, each as the distance from the peers' mean in standard deviations.
 * Thread: one at a time.
 *
 * Who gives at several sites is compared at each.  The deviation is that of a
 * sample, and the one who is looked at is among the peers: of n peers nobody can
 * be more than (n - 1) / sqrt(n) off, which passes Z_MOST from PEERS_LEAST on.
 * A finding: a distance above Z_MOST upwards.  Score: the greatest distance. */
#include "tools/forensic/evidence.h"
#include "tools/forensic/measures.h"

#include <stdlib.h>

#define PEERS_LEAST 12
#define Z_MOST 3.0

enum figure { TOTAL, MEAN, COUNT, FIGURES };
static const char *const figure_words[FIGURES] = {"total", "mean", "count"};

/* A staff member in one role at one site: keys from `from` to `end`. */
struct member {
	size_t from, end;
	double figures[FIGURES]; /* amounts in minor units */
	double z[FIGURES];
};

struct members {
	struct member *list; /* owned; peers stand together */
	size_t count;
	size_t groups; /* of peers, PEERS_LEAST or more of them */
};

static bool peer_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->site, row->manager);
	words[1] = row->staff;
	return row->staff != 0 && is_spending(row);
}

static struct member make_member(const struct clusters *clusters, size_t from, size_t end)
{
	__extension__ __int128 total = 0;
	double count = (double)(end - from);
	for (size_t at = from; at < end; at++)
		total += clusters_row(clusters, at)->amount;
	return (struct member){from, end, {(double)total, (double)total / count, count}, {0}};
}

/* The members from `from` to `end` are peers. */
static void compare_peers(struct members *members, size_t from, size_t end)
{
	struct moments moments[FIGURES] = {0};
	if (end - from < PEERS_LEAST)
		return;
	members->groups++;
	for (size_t i = from; i < end; i++)
		for (unsigned figure = 0; figure < FIGURES; figure++)
			moments_add(&moments[figure], members->list[i].figures[figure]);
	for (unsigned figure = 0; figure < FIGURES; figure++) {
		double deviation = moments_deviation(&moments[figure]);
		for (size_t i = from; deviation > 0 && i < end; i++)
			members->list[i].z[figure] =
			        (members->list[i].figures[figure] - moments[figure].mean) /
			        deviation;
	}
}

static enum lgp_status find_members(const struct clusters *clusters, struct members *members)
{
	size_t count = 0, first = 0;
	for (size_t from = 0; from < clusters->count; from = clusters_end(clusters, from, 2))
		count++;
	members->list = calloc(count + 1, sizeof *members->list);
	if (members->list == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for %zu staff", count);
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 2);
		members->list[members->count++] = make_member(clusters, from, end);
		if (end < clusters->count &&
		    clusters->keys[end].words[0] == clusters->keys[from].words[0])
			continue;
		compare_peers(members, first, members->count);
		first = members->count;
	}
	return LGP_OK;
}

static enum figure farthest(const struct member *member)
{
	enum figure most = TOTAL;
	for (enum figure figure = MEAN; figure < FIGURES; figure++)
		if (member->z[figure] > member->z[most])
			most = figure;
	return most;
}

static double score_of(const struct member *member)
{
	return member->z[farthest(member)];
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"site", "Site", SHEET_TEXT, 0},
        {"role", "Role", SHEET_TEXT, 0},
        {"count", "Grants", SHEET_COUNT, 0},
        {"total", "Total", SHEET_MONEY, 0},
        {"mean", "Mean", SHEET_MONEY, 0},
        {"total_z", "Z of total", SHEET_RATIO, 4},
        {"mean_z", "Z of mean", SHEET_RATIO, 4},
        {"count_z", "Z of count", SHEET_RATIO, 4},
        {"score", "Score", SHEET_RATIO, 4},
        {"flagged", "Flagged", SHEET_TEXT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_member(struct sheet *sheet, const struct clusters *clusters,
                         const struct member *member)
{
	const struct spendings *spendings = clusters->spendings;
	const struct spending *row = clusters_row(clusters, member->from);
	struct evidence evidence = evidence_of(clusters, member->from, member->end);
	bool flagged = score_of(member) > Z_MOST;
	sheet_name(sheet, spendings, row->staff);
	sheet_name(sheet, spendings, row->site);
	sheet_word(sheet, row->manager ? "manager" : "staff");
	sheet_count(sheet, (int64_t)(member->end - member->from));
	sheet_rounded(sheet, member->figures[TOTAL], spendings->scale);
	sheet_rounded(sheet, member->figures[MEAN], spendings->scale);
	for (unsigned figure = 0; figure < FIGURES; figure++)
		sheet_ratio(sheet, member->z[figure]);
	sheet_ratio(sheet, score_of(member));
	sheet_mark(sheet, flagged);
	sheet_evidence(sheet, &evidence);
	if (flagged)
		sheet_words(sheet, "the %s is %.1f standard deviations above that of the peers",
		            figure_words[farthest(member)], score_of(member));
	else
		sheet_blank(sheet);
}

static void write_sheet(const struct clusters *clusters, const struct members *members,
                        const struct ranking *ranking, const struct forensic_options *options,
                        struct document *document, struct forensic_result *result)
{
	struct profile profile = profile_of(clusters->spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet = sheet_new(document, "peers", "Staff against their peers", columns,
	                                sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_member(sheet, clusters, &members->list[ranking->list[i].at]);
	for (size_t i = 0; i < ranking->count; i++)
		result->findings += ranking->list[i].score > Z_MOST;
	result->measure = "greatest Z";
	result->value = ranking->count > 0 ? ranking->list[0].score : 0;
	result->threshold = Z_MOST;
	forensic_verdict(result, "%zu staff stand more than %.0f standard deviations above peers",
	                 result->findings, Z_MOST);
	sheet_note(sheet, "Peers: the same role and site, %d or more; %zu such groups.",
	           PEERS_LEAST, members->groups);
	sheet_note(sheet,
	           "Ranked by the greatest Z; flagged above %.0f.  Below the mean is left out.",
	           Z_MOST);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, clusters->spendings, sheet);
}

enum lgp_status test_peers(const struct spendings *spendings,
                           const struct forensic_options *options, struct document *document,
                           struct forensic_result *result)
{
	struct members members = {0};
	struct ranking ranking = {0};
	struct clusters clusters;
	enum lgp_status status = clusters_init(&clusters, spendings, peer_key);
	if (status != LGP_OK)
		return status;
	result->tested = clusters.count;
	status = find_members(&clusters, &members);
	for (size_t i = 0; status == LGP_OK && i < members.count; i++)
		if (score_of(&members.list[i]) > 0)
			ranking_add(&ranking, score_of(&members.list[i]), i);
	if (status == LGP_OK)
		status = ranking_sort(&ranking);
	result->applies = members.groups > 0;
	if (status == LGP_OK && !result->applies)
		forensic_inapplicable(result,
		                      "no %d staff of one role and site are there to compare",
		                      PEERS_LEAST);
	else if (status == LGP_OK)
		write_sheet(&clusters, &members, &ranking, options, document, result);
	ranking_deinit(&ranking);
	free(members.list);
	clusters_deinit(&clusters);
	return status;
}
