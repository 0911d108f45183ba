/* ledger_dealing: staff who reward themselves or each other, and who approves for
 * whom.
 * Thread: one at a time. */
#include "tools/forensic/ledger_tests.h"

#include <math.h>

#include "lagniappe/problem.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]

__extension__ typedef __int128 wide;

/* ---- staff's own accounts ----------------------------------------------------------------- */

/* What one member of staff gave to the account of another, or to their own. */
struct dealing {
	uint32_t giver, owner; /* owner 0: not known */
	size_t given, tried;
	wide sum; /* minor units, of what was given */
	struct evidence evidence;
};

/* What a dealing is, the gravest last. */
enum gravity { GRAVITY_COLLEAGUE = 1, GRAVITY_EACH_OTHER, GRAVITY_OWN };

static bool tried_dealing(const struct ledger_act *act)
{
	return act->kind == LGP_KIND_REFUSAL &&
	       (act->code == LGP_PROBLEM_SELF_GRANT || act->code == LGP_PROBLEM_RING ||
	        act->code == LGP_PROBLEM_FOUR_EYES);
}

static enum lgp_status note_dealing(struct ledger_index *dealings, const struct ledger_act *act,
                                    uint32_t giver, uint32_t owner)
{
	struct dealing *item = ledger_index_put(dealings, giver, owner);
	if (item == NULL)
		return LGP_NO_MEMORY;
	item->giver = giver;
	item->owner = owner;
	item->tried += act->kind == LGP_KIND_REFUSAL;
	item->given += act->kind != LGP_KIND_REFUSAL;
	if (act->kind != LGP_KIND_REFUSAL)
		item->sum += act->amount;
	evidence_add(&item->evidence, act->seq);
	return LGP_OK;
}

/* Whose account it is.  Of the giver's or the approver's household: it is theirs. */
static uint32_t owner_of(const struct ledger_facts *facts, const struct ledger_act *act)
{
	if (ledger_act_approval(act) && ledger_own(facts, act->actor, act->party))
		return act->actor;
	return ledger_own(facts, act->staff, act->party) ? act->staff
	                                                 : ledger_account_of(facts, act->party);
}

/* Who approves for their own account gives to it as much as who asks. */
static enum lgp_status note_act(struct ledger_index *dealings, const struct ledger_act *act,
                                uint32_t owner)
{
	if (act->code == LGP_PROBLEM_FOUR_EYES)
		return note_dealing(dealings, act, act->actor, act->actor);
	if (ledger_act_approval(act) && act->actor == owner)
		return note_dealing(dealings, act, act->actor, owner);
	return note_dealing(dealings, act, act->staff, owner);
}

static enum lgp_status find_dealings(const struct ledger_run *run, struct ledger_index *dealings)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < run->facts->count && status == LGP_OK; i++) {
		const struct ledger_act *act = &run->facts->acts[i];
		bool tried = tried_dealing(act);
		if (!ledger_run_wants(run, act) || (act->kind != LGP_KIND_GRANT && !tried))
			continue;
		uint32_t owner = owner_of(run->facts, act);
		run->result->tested++;
		if (owner != 0 || tried)
			status = note_act(dealings, act, owner);
	}
	return status;
}

/* Each other: also where one of the two was refused. */
static enum gravity gravity_of(const struct ledger_index *dealings, const struct dealing *item)
{
	if (item->giver == item->owner)
		return GRAVITY_OWN;
	bool back = ledger_index_find(dealings, item->owner, item->giver) != NULL;
	return back ? GRAVITY_EACH_OTHER : GRAVITY_COLLEAGUE;
}

static const struct sheet_column dealing_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},     {"owner", "Account of", SHEET_TEXT, 0},
        {"given", "Given", SHEET_COUNT, 0},    {"tried", "Refused", SHEET_COUNT, 0},
        {"sum", "Sum given", SHEET_MONEY, 0},  {"score", "Score", SHEET_COUNT, 0},
        {"entries", "Entries", SHEET_TEXT, 0}, {"why", "Why", SHEET_TEXT, 0},
};

static void write_dealing(struct sheet *sheet, const struct ledger_run *run, const void *items,
                          size_t at)
{
	static const char *const why[] = {
	        [GRAVITY_COLLEAGUE] = "a member of staff is rewarded by another: what for?",
	        [GRAVITY_EACH_OTHER] = "two members of staff reward each other: is it in turns?",
	        [GRAVITY_OWN] = "for their own account or household, or to approve what is "
	                        "their own: who allowed it?",
	};
	const struct dealing *item = ledger_index_at(items, at);
	enum gravity gravity = gravity_of(items, item);
	ledger_cell(sheet, run, LGP_KIND_STAFF, item->giver);
	ledger_cell(sheet, run, LGP_KIND_STAFF, item->owner);
	sheet_count(sheet, (int64_t)item->given);
	sheet_count(sheet, (int64_t)item->tried);
	sheet_sum(sheet, item->sum, run->scale);
	sheet_count(sheet, (int64_t)gravity);
	sheet_evidence(sheet, &item->evidence);
	sheet_word(sheet, why[gravity]);
}

static enum lgp_status tell_dealings(const struct ledger_run *run,
                                     const struct ledger_index *dealings)
{
	static const struct ledger_table table = {"self-dealing",
	                                          "To staff's own accounts and each other's",
	                                          COLUMNS(dealing_columns),
	                                          "Score: 3 one's own account or household, 2 each "
	                                          "other's, 1 a colleague's; of one score the "
	                                          "larger sum first.",
	                                          write_dealing};
	struct ranking ranking = {0};
	for (size_t i = 0; i < dealings->count; i++) {
		const struct dealing *item = ledger_index_at(dealings, i);
		double sum = (double)item->sum;
		ranking_add(&ranking, (double)gravity_of(dealings, item) + sum / (sum + 1e9), i);
	}
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, dealings);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	run->result->value = floor(run->result->value); /* what is behind the point is order */
	sheet_note(sheet, "Whose account is whose by any definition of staff, also later ones; who "
	                  "shares a household with them by what the ledger has in the end.");
	forensic_verdict(run->result, "%zu pairs of giver and account of staff", dealings->count);
	return LGP_OK;
}

enum lgp_status test_self_dealing(const struct ledger_run *run)
{
	struct ledger_index dealings;
	enum lgp_status status = ledger_index_init(&dealings, sizeof(struct dealing));
	if (status == LGP_OK)
		status = find_dealings(run, &dealings);
	run->result->applies =
	        run->result->tested > 0 && (run->facts->accounts.count > 0 || dealings.count > 0);
	if (status == LGP_OK && run->result->applies)
		status = tell_dealings(run, &dealings);
	else if (status == LGP_OK)
		status = forensic_inapplicable(run->result,
		                               "no member of staff has an account of their own on "
		                               "record, by which their household would be known");
	ledger_index_deinit(&dealings);
	return status;
}

/* ---- approvals ------------------------------------------------------------------------------- */

struct requester {
	size_t approvals;
};

struct pair {
	uint32_t requester, approver;
	size_t approvals;
	wide sum;
	struct evidence evidence;
};

struct approvals {
	struct ledger_index requesters, approvers, pairs;
};

static enum lgp_status note_approval(struct approvals *approvals, const struct ledger_act *act)
{
	struct requester *requester = ledger_index_put(&approvals->requesters, act->staff, 0);
	struct pair *pair = ledger_index_put(&approvals->pairs, act->staff, act->actor);
	if (requester == NULL || pair == NULL ||
	    ledger_index_put(&approvals->approvers, act->actor, 0) == NULL)
		return LGP_NO_MEMORY;
	requester->approvals++;
	pair->requester = act->staff;
	pair->approver = act->actor;
	pair->approvals++;
	pair->sum += act->amount;
	evidence_add(&pair->evidence, act->seq);
	return LGP_OK;
}

static enum lgp_status count_approvals(const struct ledger_run *run, struct approvals *approvals)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < run->facts->count && status == LGP_OK; i++) {
		const struct ledger_act *act = &run->facts->acts[i];
		if (!ledger_run_wants(run, act) || !ledger_act_approval(act))
			continue;
		run->result->tested++;
		status = note_approval(approvals, act);
	}
	return status;
}

static size_t asked_by(const struct approvals *approvals, const struct pair *pair)
{
	const struct requester *requester =
	        ledger_index_find(&approvals->requesters, pair->requester, 0);
	return requester->approvals;
}

static double share_of(const struct approvals *approvals, const struct pair *pair)
{
	return (double)pair->approvals / (double)asked_by(approvals, pair);
}

static const struct sheet_column pair_columns[] = {
        {"staff", "Asked by", SHEET_TEXT, 0},
        {"approver", "Approved by", SHEET_TEXT, 0},
        {"approvals", "Approvals", SHEET_COUNT, 0},
        {"of", "Of all approved for them", SHEET_COUNT, 0},
        {"share", "Share", SHEET_RATIO, 3},
        {"sum", "Sum", SHEET_MONEY, 0},
        {"score", "Score", SHEET_RATIO, 3},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_pair(struct sheet *sheet, const struct ledger_run *run, const void *items,
                       size_t at)
{
	const struct approvals *approvals = items;
	const struct pair *pair = ledger_index_at(&approvals->pairs, at);
	double share = share_of(approvals, pair);
	ledger_cell(sheet, run, LGP_KIND_STAFF, pair->requester);
	ledger_cell(sheet, run, LGP_KIND_STAFF, pair->approver);
	sheet_count(sheet, (int64_t)pair->approvals);
	sheet_count(sheet, (int64_t)asked_by(approvals, pair));
	sheet_ratio(sheet, share);
	sheet_sum(sheet, pair->sum, run->scale);
	sheet_ratio(sheet, share * (double)pair->approvals);
	sheet_evidence(sheet, &pair->evidence);
	sheet_words(sheet,
	            "%zu of %zu approvals come from one of %zu who approve: is there a reason?",
	            pair->approvals, asked_by(approvals, pair), approvals->approvers.count);
}

static enum lgp_status tell_approvals(const struct ledger_run *run,
                                      const struct approvals *approvals)
{
	static const struct ledger_table table = {
	        "approver-pairs", "Who approves for whom", COLUMNS(pair_columns),
	        "Score: the approvals of the pair times their share of all for who asked.",
	        write_pair};
	struct ranking ranking = {0};
	for (size_t i = 0; i < approvals->pairs.count; i++) {
		const struct pair *pair = ledger_index_at(&approvals->pairs, i);
		double share = share_of(approvals, pair);
		if (asked_by(approvals, pair) >= run->thresholds->min_n &&
		    share >= run->thresholds->pair_share)
			ranking_add(&ranking, share * (double)pair->approvals, i);
	}
	size_t found = ranking.count;
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, approvals);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(sheet,
	           "A finding: at least %.0f %% of at least %zu approvals for one person by one "
	           "approver, where there are others.",
	           run->thresholds->pair_share * 100, run->thresholds->min_n);
	forensic_verdict(run->result, "%zu approvals by %zu approvers; %zu close pairs",
	                 run->result->tested, approvals->approvers.count, found);
	return LGP_OK;
}

static enum lgp_status judge_approvals(const struct ledger_run *run, struct approvals *approvals)
{
	enum lgp_status status = count_approvals(run, approvals);
	if (status != LGP_OK)
		return status;
	if (run->result->tested == 0)
		return forensic_inapplicable(run->result, "nothing was approved");
	if (approvals->approvers.count < 2)
		return forensic_inapplicable(run->result, "there is one approver alone");
	run->result->applies = true;
	return tell_approvals(run, approvals);
}

enum lgp_status test_approver_pairs(const struct ledger_run *run)
{
	struct approvals approvals = {0};
	enum lgp_status status = ledger_index_init(&approvals.requesters, sizeof(struct requester));
	if (status == LGP_OK)
		status = ledger_index_init(&approvals.approvers, 1);
	if (status == LGP_OK)
		status = ledger_index_init(&approvals.pairs, sizeof(struct pair));
	if (status == LGP_OK)
		status = judge_approvals(run, &approvals);
	ledger_index_deinit(&approvals.requesters);
	ledger_index_deinit(&approvals.approvers);
	ledger_index_deinit(&approvals.pairs);
	return status;
}
