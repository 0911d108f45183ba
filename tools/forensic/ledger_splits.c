/* ledger_splits: what may be one grant made several to stay within a limit in
 * force: of a limit per grant, grants by the same staff to the same customer; of
 * one per customer and incident, incidents of the same customer with the same staff.
 * Thread: one at a time.
 *
 * From the first piece of a run a window of business days is opened; where what it
 * holds is above the limit it is one finding, and the next window opens behind it;
 * else the window moves on by one piece.  What an approval let pass is no piece. */
#include "tools/forensic/ledger_tests.h"

#include <stdlib.h>

#include "tools/audit/text.h"
#include "tools/forensic/measures.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]

__extension__ typedef __int128 wide;

struct piece {
	uint64_t who; /* staff << 32 | customer */
	int64_t amount, max;
	int32_t date;
	uint32_t seq, incident;
};

struct pieces {
	struct piece *list; /* owned */
	size_t count;
};

struct split {
	uint64_t limit;
	struct limit_version terms; /* of its last piece */
	uint32_t staff, party;
	int32_t from, to;
	wide total;
	int64_t max;
	struct evidence evidence;
};

struct splitting {
	const struct ledger_run *run;
	uint64_t limit;
	struct limit_version terms;
	struct pieces pieces;
	struct ledger_index *splits; /* in the order found */
};

static int by_who(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	if (x->who != y->who)
		return x->who < y->who ? -1 : 1;
	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

static bool splittable(const struct limit_version *terms)
{
	return terms->measure == MEASURE_AMOUNT &&
	       (terms->per == PER_GRANT || terms->per == PER_CUSTOMER_INCIDENT);
}

static void collect(struct splitting *splitting)
{
	const struct ledger_facts *facts = splitting->run->facts;
	for (size_t i = 0; i < facts->count; i++) {
		const struct ledger_act *act = &facts->acts[i];
		if (!ledger_run_wants(splitting->run, act) || !ledger_act_given(act) ||
		    act->party == 0)
			continue;
		const struct limit_terms *judging =
		        ledger_limits_judging(&facts->limits, splitting->limit, act);
		if (judging == NULL || !splittable(&judging->terms) ||
		    act->amount > judging->terms.max)
			continue;
		splitting->terms = judging->terms;
		splitting->pieces.list[splitting->pieces.count++] =
		        (struct piece){(uint64_t)act->staff << 32 | act->party,
		                       act->amount,
		                       judging->terms.max,
		                       act->date,
		                       act->seq,
		                       act->incident};
	}
}

/* Whether the piece and the one before it are of two: grants, or incidents. */
static bool another(const struct splitting *splitting, size_t at)
{
	const struct piece *list = splitting->pieces.list;
	return splitting->terms.per == PER_GRANT || list[at].incident != list[at - 1].incident;
}

static enum lgp_status add_split(struct splitting *splitting, size_t from, size_t end, wide total)
{
	struct split *split = ledger_index_put(splitting->splits, 0, splitting->splits->count);
	const struct piece *list = splitting->pieces.list;
	if (split == NULL)
		return LGP_NO_MEMORY;
	*split = (struct split){.limit = splitting->limit,
	                        .terms = splitting->terms,
	                        .staff = (uint32_t)(list[from].who >> 32),
	                        .party = (uint32_t)list[from].who,
	                        .from = list[from].date,
	                        .to = list[end - 1].date,
	                        .total = total,
	                        .max = list[end - 1].max};
	for (size_t i = from; i < end; i++)
		evidence_add(&split->evidence, list[i].seq);
	return LGP_OK;
}

/* The windows of one staff member and customer. */
static enum lgp_status find_in(struct splitting *splitting, size_t from, size_t end)
{
	const struct piece *list = splitting->pieces.list;
	enum lgp_status status = LGP_OK;
	size_t others = 0; /* pieces that are of another than the one before */
	wide total = 0;
	for (size_t behind = from; status == LGP_OK && from < end;) {
		int64_t until = (int64_t)list[from].date + splitting->run->options->window_days;
		for (; behind < end && list[behind].date < until; behind++) {
			others += behind > from && another(splitting, behind);
			total += list[behind].amount;
		}
		if (total > list[behind - 1].max && others > 0) {
			status = add_split(splitting, from, behind, total);
			from = behind;
			total = 0;
			others = 0;
			continue;
		}
		total -= list[from++].amount;
		others -= from < behind && another(splitting, from);
	}
	return status;
}

static enum lgp_status find_splits(struct splitting *splitting)
{
	struct pieces *pieces = &splitting->pieces;
	enum lgp_status status = LGP_OK;
	collect(splitting);
	splitting->run->result->tested += pieces->count;
	if (pieces->count > 0)
		qsort(pieces->list, pieces->count, sizeof *pieces->list, by_who);
	for (size_t from = 0, end; from < pieces->count && status == LGP_OK; from = end) {
		end = from + 1;
		while (end < pieces->count && pieces->list[end].who == pieces->list[from].who)
			end++;
		status = find_in(splitting, from, end);
	}
	return status;
}

static const struct sheet_column columns[] = {
        {"limit", "Limit", SHEET_TEXT, 0},     {"per", "Adds up", SHEET_TEXT, 0},
        {"max", "Maximum", SHEET_MONEY, 0},    {"staff", "Staff", SHEET_TEXT, 0},
        {"party", "Customer", SHEET_TEXT, 0},  {"from", "From", SHEET_DATE, 0},
        {"to", "To", SHEET_DATE, 0},           {"times", "Grants", SHEET_COUNT, 0},
        {"total", "Together", SHEET_MONEY, 0}, {"score", "Above the limit", SHEET_MONEY, 0},
        {"entries", "Entries", SHEET_TEXT, 0}, {"why", "Why", SHEET_TEXT, 0},
};

static void write_split(struct sheet *sheet, const struct ledger_run *run, const void *items,
                        size_t at)
{
	const struct split *split = ledger_index_at(items, at);
	char words[LIMIT_WORDS_MAX], total[AMOUNT_MAX], max[AMOUNT_MAX];
	ledger_cell(sheet, run, LGP_KIND_LIMIT, split->limit);
	sheet_word(sheet, limit_words(&split->terms, words));
	sheet_money(sheet, split->max, run->scale);
	ledger_cell(sheet, run, LGP_KIND_STAFF, split->staff);
	ledger_cell(sheet, run, LGP_KIND_CUSTOMER, split->party);
	sheet_date(sheet, split->from);
	sheet_date(sheet, split->to);
	sheet_count(sheet, (int64_t)split->evidence.count);
	sheet_sum(sheet, split->total, run->scale);
	sheet_sum(sheet, split->total - split->max, run->scale);
	sheet_evidence(sheet, &split->evidence);
	sheet_words(sheet,
	            "%zu grants, none above the limit of %s %s, are %s together: was it one?",
	            split->evidence.count, amount_text(split->max, run->scale, max), words,
	            amount_text(split->total, run->scale, total));
}

static enum lgp_status tell(const struct ledger_run *run, const struct ledger_index *splits)
{
	static const struct ledger_table table = {
	        "split-limits", "Split grants, by the limits in force", COLUMNS(columns),
	        "Score: the money above the limit.", write_split};
	struct ranking ranking = {0};
	for (size_t i = 0; i < splits->count; i++) {
		const struct split *split = ledger_index_at(splits, i);
		ranking_add(&ranking, (double)(split->total - split->max), i);
	}
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, splits);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(sheet,
	           "Same staff and customer within %u business day%s; of limits per guest and "
	           "incident, several incidents.",
	           run->options->window_days, run->options->window_days == 1 ? "" : "s");
	run->result->value /= (double)power_of_ten(run->scale);
	forensic_verdict(run->result, "%zu runs of grants are above a limit together",
	                 splits->count);
	return LGP_OK;
}

static enum lgp_status judge_limits(const struct ledger_run *run, struct splitting *splitting)
{
	const struct ledger_limits *limits = &run->facts->limits;
	enum lgp_status status = LGP_OK;
	splitting->pieces.list = calloc(run->facts->count + 1, sizeof *splitting->pieces.list);
	if (splitting->pieces.list == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for split grants");
	for (size_t i = 0; i < limits->limit_count && status == LGP_OK; i++) {
		splitting->limit = limits->limits[i];
		splitting->pieces.count = 0;
		status = find_splits(splitting);
	}
	free(splitting->pieces.list);
	return status;
}

enum lgp_status test_split_limits(const struct ledger_run *run)
{
	struct ledger_index splits;
	struct splitting splitting = {.run = run, .splits = &splits};
	enum lgp_status status = ledger_index_init(&splits, sizeof(struct split));
	if (status == LGP_OK)
		status = judge_limits(run, &splitting);
	run->result->applies = run->result->tested > 0;
	if (status == LGP_OK && run->result->applies)
		status = tell(run, &splits);
	else if (status == LGP_OK)
		status = forensic_inapplicable(run->result, "no limit per grant, or per guest and "
		                                            "incident, met what was given");
	ledger_index_deinit(&splits);
	return status;
}
