/* ledger_below: what lies just below each limit on amounts that was in force,
 * against what lies just above and beneath.
 * Thread: one at a time.
 *
 * Of a limit per grant each grant is measured; of others the sum that its counter
 * came to in each of its periods.  A limit that refuses has nothing above it, so
 * what it refused is counted there, and the band beneath is a measure too: without
 * a reason to stay below, both bands hold about as many as the one at the limit.
 * Source of the score: the difference of two Poisson counts over its deviation. */
#include "tools/forensic/ledger_tests.h"

#include <math.h>

#include "lagniappe/problem.h"
#include "tools/audit/text.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]
#define Z_MOST 1.96 /* what chance exceeds once in 40 times */

__extension__ typedef __int128 wide;

enum band { BAND_BENEATH, BAND_BELOW, BAND_ABOVE, BAND_NONE };

/* One limit's bands. */
struct bands {
	uint64_t limit;
	struct limit_version terms; /* the newest that judged */
	bool met;
	size_t count[BAND_NONE], refused;
	uint32_t staff; /* who gave most of what is just below */
	size_t most;
	struct evidence evidence;
};

/* A counter of a limit in one period. */
struct used {
	wide sum;
	int64_t max;
	uint32_t last_seq, staff;
	bool wanted; /* one of its grants is of what was asked for; the others are context */
};

struct counting {
	const struct ledger_run *run;
	struct bands *bands;
	struct ledger_index cells, givers; /* (staff, 0) -> size_t, just below */
};

/* (max - 2 band, max - band], (max - band, max], (max, max + band] */
static enum band band_of(wide value, int64_t max, uint32_t band_ppm)
{
	wide million = 1000000, from_max = (value - max) * million, width = (wide)max * band_ppm;
	if (from_max > width || from_max <= -2 * width)
		return BAND_NONE;
	if (from_max > 0)
		return BAND_ABOVE;
	return from_max > -width ? BAND_BELOW : BAND_BENEATH;
}

static enum lgp_status measure(struct counting *counting, const struct used *cell)
{
	struct bands *bands = counting->bands;
	enum band band = band_of(cell->sum, cell->max, counting->run->options->band_ppm);
	if (band == BAND_NONE)
		return LGP_OK;
	bands->count[band]++;
	if (band != BAND_BELOW)
		return LGP_OK;
	size_t *given = ledger_index_put(&counting->givers, cell->staff, 0);
	if (given == NULL)
		return LGP_NO_MEMORY;
	if (++*given > bands->most) {
		bands->most = *given;
		bands->staff = cell->staff;
	}
	evidence_add(&bands->evidence, cell->last_seq);
	return LGP_OK;
}

static enum lgp_status measure_wanted(struct counting *counting, const struct used *cell)
{
	return cell->wanted ? measure(counting, cell) : LGP_OK;
}

/* What a counter goes by, in two numbers.  False: the act lacks that. */
static bool cell_key(const struct ledger_run *run, const struct limit_version *terms,
                     const struct ledger_act *act, uint32_t *left, uint64_t *right)
{
	unsigned week = programme_week(&run->facts->programme, act->site);
	uint64_t end = (uint32_t)period_end(terms->window, act->date, week);
	const uint32_t firsts[] = {[PER_CUSTOMER_INCIDENT] = act->party,
	                           [PER_CUSTOMER] = act->party,
	                           [PER_STAFF] = act->staff,
	                           [PER_STAFF_CUSTOMER] = act->staff,
	                           [PER_SITE] = act->site,
	                           [PER_BUDGET] = act->budget};
	uint32_t second = terms->per == PER_CUSTOMER_INCIDENT ? act->incident
	                  : terms->per == PER_STAFF_CUSTOMER  ? act->party
	                                                      : 0;
	*left = firsts[terms->per];
	*right = (uint64_t)second << 32 | end;
	return *left != 0 && (terms->per != PER_CUSTOMER_INCIDENT || act->incident != 0);
}

static enum lgp_status count_grant(struct counting *counting, const struct limit_version *terms,
                                   const struct ledger_act *act)
{
	struct used grant = {act->amount, terms->max, act->seq, act->staff, act->wanted};
	uint32_t left;
	uint64_t right;
	if (terms->per == PER_GRANT)
		return measure_wanted(counting, &grant);
	if (!cell_key(counting->run, terms, act, &left, &right))
		return LGP_OK;
	struct used *cell = ledger_index_put(&counting->cells, left, right);
	if (cell == NULL)
		return LGP_NO_MEMORY;
	grant.sum += cell->sum;
	grant.wanted |= cell->wanted;
	*cell = grant;
	return LGP_OK;
}

/* What the counter would have come to. */
static void count_refusal(struct counting *counting, const struct limit_version *terms,
                          const struct ledger_act *act)
{
	wide would = act->amount;
	if (!act->wanted || act->limit != terms->seq)
		return;
	if (terms->per != PER_GRANT) {
		if (act->remaining < 0)
			return;
		would += (wide)terms->max - act->remaining;
	}
	if (band_of(would, terms->max, counting->run->options->band_ppm) == BAND_ABOVE)
		counting->bands->refused++;
}

static enum lgp_status count_act(struct counting *counting, const struct ledger_act *act)
{
	const struct ledger_run *run = counting->run;
	bool refused = act->kind == LGP_KIND_REFUSAL && act->code == LGP_PROBLEM_LIMIT_EXCEEDED;
	if (act->unit != run->unit || (act->kind != LGP_KIND_GRANT && !refused))
		return LGP_OK;
	const struct limit_terms *judging =
	        ledger_limits_judging(&run->facts->limits, counting->bands->limit, act);
	if (judging == NULL || judging->terms.measure != MEASURE_AMOUNT || judging->terms.max == 0)
		return LGP_OK;
	counting->bands->terms = judging->terms;
	counting->bands->met |= act->wanted;
	if (!refused)
		return count_grant(counting, &judging->terms, act);
	count_refusal(counting, &judging->terms, act);
	return LGP_OK;
}

static enum lgp_status count_all(struct counting *counting)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < counting->run->facts->count && status == LGP_OK; i++)
		status = count_act(counting, &counting->run->facts->acts[i]);
	for (size_t i = 0; i < counting->cells.count && status == LGP_OK; i++)
		status = measure_wanted(counting, ledger_index_at(&counting->cells, i));
	return status;
}

static enum lgp_status count_bands(const struct ledger_run *run, struct bands *bands)
{
	struct counting counting = {.run = run, .bands = bands};
	enum lgp_status status = ledger_index_init(&counting.cells, sizeof(struct used));
	if (status == LGP_OK)
		status = ledger_index_init(&counting.givers, sizeof(size_t));
	if (status == LGP_OK)
		status = count_all(&counting);
	ledger_index_deinit(&counting.cells);
	ledger_index_deinit(&counting.givers);
	return status;
}

/* ---- judging ------------------------------------------------------------------------------ */

static size_t compared_with(const struct bands *bands)
{
	size_t above = bands->count[BAND_ABOVE] + bands->refused;
	return above > bands->count[BAND_BENEATH] ? above : bands->count[BAND_BENEATH];
}

static double score_of(const struct bands *bands)
{
	double below = (double)bands->count[BAND_BELOW], other = (double)compared_with(bands);
	return below + other > 0 ? (below - other) / sqrt(below + other) : 0;
}

static const struct sheet_column columns[] = {
        {"limit", "Limit", SHEET_TEXT, 0},
        {"per", "Adds up", SHEET_TEXT, 0},
        {"max", "Maximum", SHEET_MONEY, 0},
        {"below", "Just below", SHEET_COUNT, 0},
        {"beneath", "Beneath", SHEET_COUNT, 0},
        {"above", "Above", SHEET_COUNT, 0},
        {"refused", "Refused above", SHEET_COUNT, 0},
        {"ratio", "Below to other", SHEET_RATIO, 2},
        {"score", "Score", SHEET_RATIO, 2},
        {"staff", "Most by", SHEET_TEXT, 0},
        {"most", "Of these", SHEET_COUNT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_bands(struct sheet *sheet, const struct ledger_run *run, const void *items,
                        size_t at)
{
	const struct bands *bands = (const struct bands *)items + at;
	char words[LIMIT_WORDS_MAX], max[AMOUNT_MAX], name[BOOK_NAME_MAX];
	size_t below = bands->count[BAND_BELOW], other = compared_with(bands);
	ledger_cell(sheet, run, LGP_KIND_LIMIT, bands->limit);
	sheet_word(sheet, limit_words(&bands->terms, words));
	sheet_money(sheet, bands->terms.max, run->scale);
	sheet_count(sheet, (int64_t)below);
	sheet_count(sheet, (int64_t)bands->count[BAND_BENEATH]);
	sheet_count(sheet, (int64_t)bands->count[BAND_ABOVE]);
	sheet_count(sheet, (int64_t)bands->refused);
	sheet_ratio(sheet, other > 0 ? (double)below / (double)other : NAN);
	sheet_ratio(sheet, score_of(bands));
	ledger_cell(sheet, run, LGP_KIND_STAFF, bands->staff);
	sheet_count(sheet, (int64_t)bands->most);
	sheet_evidence(sheet, &bands->evidence);
	sheet_words(
	        sheet,
	        "%zu just below the limit of %s against %zu in the bands beside it, %zu of them "
	        "by %s: were they made to fit?",
	        below, amount_text(bands->terms.max, run->scale, max), other, bands->most,
	        ledger_word(run, LGP_KIND_STAFF, bands->staff, name));
}

static enum lgp_status tell(const struct ledger_run *run, const struct bands *bands, size_t count)
{
	static const struct ledger_table table = {
	        "below-limits", "Just below the limits in force", COLUMNS(columns),
	        "Score: (below - other) / sqrt(below + other), other the fuller of the two bands "
	        "beside it; refusals count above.",
	        write_bands};
	struct ranking ranking = {0};
	for (size_t i = 0; i < count; i++)
		if (bands[i].met && bands[i].count[BAND_BELOW] >= run->thresholds->min_n &&
		    score_of(&bands[i]) > Z_MOST)
			ranking_add(&ranking, score_of(&bands[i]), i);
	size_t found = ranking.count;
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, bands);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(
	        sheet,
	        "Bands are %.4g %% of the maximum wide.  A finding: at least %zu just below, and a "
	        "score above %.2f.  Of limits that add up, the sum of each period is measured, as "
	        "given; its entry is the last one.",
	        (double)run->options->band_ppm / 10000, run->thresholds->min_n, Z_MOST);
	forensic_verdict(run->result, "%zu limits on amounts met; %zu with much just below",
	                 run->result->tested, found);
	return LGP_OK;
}

static enum lgp_status judge_limits(const struct ledger_run *run, struct ledger_index *list)
{
	const struct ledger_limits *limits = &run->facts->limits;
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < limits->limit_count && status == LGP_OK; i++) {
		struct bands *bands = ledger_index_put(list, 0, i);
		if (bands == NULL)
			return LGP_NO_MEMORY;
		bands->limit = limits->limits[i];
		status = count_bands(run, bands);
		run->result->tested += bands->met;
	}
	return status;
}

enum lgp_status test_below_limits(const struct ledger_run *run)
{
	struct ledger_index list;
	enum lgp_status status = ledger_index_init(&list, sizeof(struct bands));
	if (status == LGP_OK)
		status = judge_limits(run, &list);
	run->result->applies = run->result->tested > 0;
	if (status == LGP_OK && run->result->applies)
		status = tell(run, list.items, list.count);
	else if (status == LGP_OK)
		status = forensic_inapplicable(run->result,
		                               "no limit on amounts met what was given");
	ledger_index_deinit(&list);
	return status;
}
