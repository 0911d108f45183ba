/* ledger_probing: who feels for the limits: refused attempts, and a refusal that a
 * smaller grant just within what remained follows.
 * Thread: one at a time. */
#include "tools/forensic/ledger_tests.h"

#include "lagniappe/problem.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]
#define PROBE_SCORE 5 /* refusals that one probe is worth */

struct prober {
	uint32_t staff;
	size_t refusals, probes;
	struct evidence refused, probed; /* probed: the grants that followed */
};

/* The last refusal of one member of staff for one customer. */
struct last_refusal {
	const struct ledger_act *act; /* NULL: there is none to follow any more */
};

static bool refused_by_limit(const struct ledger_act *act)
{
	return act->kind == LGP_KIND_REFUSAL && act->code == LGP_PROBLEM_LIMIT_EXCEEDED &&
	       act->refers_to == 0;
}

/* Within the band below what remained. */
static bool just_within(int64_t amount, int64_t remaining, uint32_t band_ppm)
{
	__extension__ __int128 below = (__int128)remaining - amount;
	return remaining > 0 && below >= 0 && below * 1000000 < (__int128)remaining * band_ppm;
}

static bool follows(const struct ledger_run *run, const struct ledger_act *refusal,
                    const struct ledger_act *grant)
{
	return refusal != NULL && refusal->date == grant->date && refusal->unit == grant->unit &&
	       just_within(grant->amount, refusal->remaining, run->options->band_ppm);
}

static struct prober *prober_of(struct ledger_index *probers, uint32_t staff)
{
	struct prober *prober = ledger_index_put(probers, staff, 0);
	if (prober != NULL)
		prober->staff = staff;
	return prober;
}

static enum lgp_status note_refusal(const struct ledger_run *run, struct ledger_index *probers,
                                    struct ledger_index *last, const struct ledger_act *act)
{
	struct prober *prober = prober_of(probers, act->staff);
	struct last_refusal *refusal = ledger_index_put(last, act->staff, act->party);
	if (prober == NULL || refusal == NULL)
		return LGP_NO_MEMORY;
	run->result->tested++;
	prober->refusals++;
	evidence_add(&prober->refused, act->seq);
	refusal->act = act;
	return LGP_OK;
}

static enum lgp_status note_grant(const struct ledger_run *run, struct ledger_index *probers,
                                  struct ledger_index *last, const struct ledger_act *act)
{
	struct last_refusal *refusal = ledger_index_find(last, act->staff, act->party);
	if (refusal == NULL || !follows(run, refusal->act, act))
		return LGP_OK;
	struct prober *prober = prober_of(probers, act->staff);
	if (prober == NULL)
		return LGP_NO_MEMORY;
	prober->probes++;
	evidence_add(&prober->probed, act->seq);
	refusal->act = NULL;
	return LGP_OK;
}

static enum lgp_status find_probers(const struct ledger_run *run, struct ledger_index *probers,
                                    struct ledger_index *last)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < run->facts->count && status == LGP_OK; i++) {
		const struct ledger_act *act = &run->facts->acts[i];
		if (!ledger_run_wants(run, act))
			continue;
		if (refused_by_limit(act))
			status = note_refusal(run, probers, last, act);
		else if (ledger_act_given(act))
			status = note_grant(run, probers, last, act);
	}
	return status;
}

static const struct sheet_column columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"refusals", "Refused by a limit", SHEET_COUNT, 0},
        {"probes", "Followed by just less", SHEET_COUNT, 0},
        {"score", "Score", SHEET_COUNT, 0},
        {"entries", "Refusals", SHEET_TEXT, 0},
        {"grants", "Grants that followed", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static size_t score_of(const struct prober *prober)
{
	return prober->refusals + PROBE_SCORE * prober->probes;
}

static void write_prober(struct sheet *sheet, const struct ledger_run *run, const void *items,
                         size_t at)
{
	const struct prober *prober = ledger_index_at(items, at);
	ledger_cell(sheet, run, LGP_KIND_STAFF, prober->staff);
	sheet_count(sheet, (int64_t)prober->refusals);
	sheet_count(sheet, (int64_t)prober->probes);
	sheet_count(sheet, (int64_t)score_of(prober));
	sheet_evidence(sheet, &prober->refused);
	sheet_evidence(sheet, &prober->probed);
	if (prober->probes > 0)
		sheet_words(sheet,
		            "%zu times a refusal was followed by a grant just within what "
		            "remained, to the same customer on the same day: what was it for?",
		            prober->probes);
	else
		sheet_words(sheet, "%zu attempts above the limits: are they known?",
		            prober->refusals);
}

static enum lgp_status tell(const struct ledger_run *run, const struct ledger_index *probers)
{
	static const struct ledger_table table = {
	        "limit-probing", "Feeling for the limit", COLUMNS(columns),
	        "Score: 1 for each refusal by a limit, 5 for each that a grant just within what "
	        "remained followed.",
	        write_prober};
	struct ranking ranking = {0};
	for (size_t i = 0; i < probers->count; i++) {
		const struct prober *prober = ledger_index_at(probers, i);
		if (prober->probes > 0 || prober->refusals >= run->thresholds->refusals)
			ranking_add(&ranking, (double)score_of(prober), i);
	}
	size_t found = ranking.count;
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, probers);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(sheet,
	           "A finding: at least %zu refusals, or one that a smaller grant followed, of the "
	           "same staff to the same customer on the same day, less than %.4g %% below what "
	           "remained.",
	           run->thresholds->refusals, (double)run->options->band_ppm / 10000);
	forensic_verdict(run->result,
	                 "%zu refusals by limits; %zu of staff with many or with probes",
	                 run->result->tested, found);
	return LGP_OK;
}

enum lgp_status test_limit_probing(const struct ledger_run *run)
{
	struct ledger_index probers, last;
	enum lgp_status status = ledger_index_init(&probers, sizeof(struct prober));
	if (status != LGP_OK)
		return status;
	status = ledger_index_init(&last, sizeof(struct last_refusal));
	if (status == LGP_OK)
		status = find_probers(run, &probers, &last);
	run->result->applies = run->result->tested > 0;
	if (status == LGP_OK && run->result->applies)
		status = tell(run, &probers);
	else if (status == LGP_OK)
		status = forensic_inapplicable(run->result, "no limit refused anything");
	ledger_index_deinit(&probers);
	ledger_index_deinit(&last);
	return status;
}
