/* relative: the relative size factor: the largest amount of a subset over the second
 * largest.
 * Thread: one at a time.
 *
 * Subsets are each member of staff, each customer and each reason, with amounts of
 * one currency unit or more and two of them at least.  A second that ties with the
 * largest counts: the factor is 1 then.  A factor of RELATIVE_SIZE or more is a
 * finding: a decimal point that slipped makes 10 or 100.  Score: the factor. */
#include "tools/forensic/evidence.h"

#include <stdlib.h>

#define RELATIVE_SIZE 10
#define KINDS 3

static const char *const kinds[KINDS] = {"staff", "customer", "reason"};

/* A subset: its two largest stand first among its keys. */
struct subset {
	unsigned kind;
	uint32_t name;
	const struct spending *first, *second;
	size_t count;
};

struct subsets {
	struct subset *list; /* owned */
	size_t count;
};

/* The largest amount first. */
static bool make_key(uint32_t name, const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = name;
	words[1] = ~cluster_signed(row->amount);
	return name != 0 && is_spending(row);
}

static bool staff_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	return make_key(row->staff, row, words);
}

static bool party_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	return make_key(row->party, row, words);
}

static bool reason_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	return make_key(row->reason, row, words);
}

/* How many amounts from `from` on are of one unit or more. */
static size_t count_whole(const struct clusters *clusters, size_t from, size_t end)
{
	size_t at = from;
	while (at < end && clusters_row(clusters, at)->amount >= whole_unit(clusters->spendings))
		at++;
	return at - from;
}

static double factor_of(const struct subset *subset)
{
	return (double)subset->first->amount / (double)subset->second->amount;
}

/* Adds the subsets of one kind.  LGP_NO_MEMORY. */
static enum lgp_status add_subsets(const struct clusters *clusters, unsigned kind,
                                   struct subsets *subsets)
{
	size_t most = subsets->count;
	for (size_t from = 0; from < clusters->count; from = clusters_end(clusters, from, 1))
		most++;
	struct subset *list = reallocarray(subsets->list, most + 1, sizeof *list);
	if (list == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for %zu subsets", most);
	subsets->list = list;
	for (size_t from = 0, end; from < clusters->count; from = end) {
		end = clusters_end(clusters, from, 1);
		size_t count = count_whole(clusters, from, end);
		if (count >= 2)
			list[subsets->count++] =
			        (struct subset){kind, (uint32_t)clusters->keys[from].words[0],
			                        clusters_row(clusters, from),
			                        clusters_row(clusters, from + 1), count};
	}
	return LGP_OK;
}

static enum lgp_status find_subsets(const struct spendings *spendings, struct subsets *subsets)
{
	static cluster_make *const makes[KINDS] = {staff_key, party_key, reason_key};
	enum lgp_status status = LGP_OK;
	for (unsigned kind = 0; status == LGP_OK && kind < KINDS; kind++) {
		struct clusters clusters;
		status = clusters_init(&clusters, spendings, makes[kind]);
		if (status != LGP_OK)
			break;
		status = add_subsets(&clusters, kind, subsets);
		clusters_deinit(&clusters);
	}
	return status;
}

static const struct sheet_column columns[] = {
        {"subset", "Subset", SHEET_TEXT, 0},   {"name", "Name", SHEET_TEXT, 0},
        {"count", "Amounts", SHEET_COUNT, 0},  {"largest", "Largest", SHEET_MONEY, 0},
        {"second", "Second", SHEET_MONEY, 0},  {"score", "Factor", SHEET_RATIO, 6},
        {"flagged", "Flagged", SHEET_TEXT, 0}, {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_subset(struct sheet *sheet, const struct spendings *spendings,
                         const struct subset *subset)
{
	bool flagged = factor_of(subset) >= RELATIVE_SIZE;
	struct evidence evidence = {0};
	evidence_add(&evidence, subset->first->ref);
	evidence_add(&evidence, subset->second->ref);
	sheet_word(sheet, kinds[subset->kind]);
	sheet_name(sheet, spendings, subset->name);
	sheet_count(sheet, (int64_t)subset->count);
	sheet_money(sheet, subset->first->amount, spendings->scale);
	sheet_money(sheet, subset->second->amount, spendings->scale);
	sheet_ratio(sheet, factor_of(subset));
	sheet_mark(sheet, flagged);
	sheet_evidence(sheet, &evidence);
	if (flagged)
		sheet_words(sheet, "the largest amount is %.1f times the second largest of this %s",
		            factor_of(subset), kinds[subset->kind]);
	else
		sheet_blank(sheet);
}

static void write_subsets(const struct spendings *spendings, const struct subsets *subsets,
                          const struct ranking *ranking, const struct forensic_options *options,
                          struct document *document, struct forensic_result *result)
{
	struct profile profile = profile_of(spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet = sheet_new(document, "relative-size", "Relative size factor", columns,
	                                sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_subset(sheet, spendings, &subsets->list[ranking->list[i].at]);
	for (size_t i = 0; i < ranking->count; i++)
		result->findings += ranking->list[i].score >= RELATIVE_SIZE;
	result->applies = true;
	result->measure = "largest factor";
	result->value = ranking->list[0].score;
	result->threshold = RELATIVE_SIZE;
	forensic_verdict(result, "%zu of %zu subsets have a factor of %d or more", result->findings,
	                 subsets->count, RELATIVE_SIZE);
	sheet_note(sheet, "Ranked by the factor; flagged at %d or more.  A tied second counts: 1.",
	           RELATIVE_SIZE);
	sheet_note(sheet, "Subsets of two or more amounts of one currency unit or more.");
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, spendings, sheet);
}

enum lgp_status test_relative_size(const struct spendings *spendings,
                                   const struct forensic_options *options,
                                   struct document *document, struct forensic_result *result)
{
	struct subsets subsets = {0};
	struct ranking ranking = {0};
	enum lgp_status status = find_subsets(spendings, &subsets);
	for (size_t i = 0; status == LGP_OK && i < subsets.count; i++)
		ranking_add(&ranking, factor_of(&subsets.list[i]), i);
	if (status == LGP_OK)
		status = ranking_sort(&ranking);
	for (size_t i = 0; i < spendings->count; i++)
		result->tested += spendings->rows[i].amount >= whole_unit(spendings);
	if (status == LGP_OK && subsets.count == 0)
		forensic_inapplicable(result, "no member of staff, customer or reason has two "
		                              "amounts of one currency unit or more");
	else if (status == LGP_OK)
		write_subsets(spendings, &subsets, &ranking, options, document, result);
	ranking_deinit(&ranking);
	free(subsets.list);
	return status;
}
