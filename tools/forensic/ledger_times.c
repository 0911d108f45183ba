/* ledger_times: when things were done: outside a site's hours, before somebody
 * joined or after they left.
 * Thread: one at a time. */
#include "tools/forensic/ledger_tests.h"

#include "lagniappe/problem.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]

/* What one did at one site. */
struct shift {
	uint32_t person, site;
	size_t acts, outside;
	int32_t farthest_s;
	struct evidence evidence;
};

/* Giving, asking, approving and reversing; imports have no time of day. */
static bool has_time(const struct ledger_act *act)
{
	return act->kind == LGP_KIND_GRANT || act->kind == LGP_KIND_ASK ||
	       act->kind == LGP_KIND_REVERSAL;
}

static enum lgp_status count_shifts(const struct ledger_run *run, struct ledger_index *shifts)
{
	int32_t grace_s = (int32_t)run->thresholds->grace_min * 60;
	for (size_t i = 0; i < run->facts->count; i++) {
		const struct ledger_act *act = &run->facts->acts[i];
		if (!ledger_run_wants(run, act) || !has_time(act) ||
		    act->outside_s == HOURS_UNKNOWN)
			continue;
		uint32_t person = ledger_act_person(act);
		struct shift *shift = ledger_index_put(shifts, person, act->site);
		if (shift == NULL)
			return LGP_NO_MEMORY;
		shift->person = person;
		shift->site = act->site;
		shift->acts++;
		run->result->tested++;
		if (act->outside_s <= grace_s)
			continue;
		shift->outside++;
		evidence_add(&shift->evidence, act->seq);
		if (act->outside_s > shift->farthest_s)
			shift->farthest_s = act->outside_s;
	}
	return LGP_OK;
}

static const struct sheet_column shift_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},
        {"site", "Site", SHEET_TEXT, 0},
        {"acts", "Acts", SHEET_COUNT, 0},
        {"outside", "Outside the hours", SHEET_COUNT, 0},
        {"share", "Share", SHEET_RATIO, 3},
        {"farthest_minutes", "Farthest, minutes", SHEET_COUNT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_shift(struct sheet *sheet, const struct ledger_run *run, const void *items,
                        size_t at)
{
	const struct shift *shift = ledger_index_at(items, at);
	char site[BOOK_NAME_MAX];
	ledger_cell(sheet, run, LGP_KIND_STAFF, shift->person);
	ledger_cell(sheet, run, LGP_KIND_SITE, shift->site);
	sheet_count(sheet, (int64_t)shift->acts);
	sheet_count(sheet, (int64_t)shift->outside);
	sheet_ratio(sheet, (double)shift->outside / (double)shift->acts);
	sheet_count(sheet, shift->farthest_s / 60);
	sheet_evidence(sheet, &shift->evidence);
	sheet_words(sheet,
	            "%zu of %zu acts at %s were up to %d minutes outside its hours: who was "
	            "there?",
	            shift->outside, shift->acts, ledger_word(run, LGP_KIND_SITE, shift->site, site),
	            shift->farthest_s / 60);
}

static enum lgp_status tell_shifts(const struct ledger_run *run, const struct ledger_index *shifts)
{
	static const struct ledger_table table = {
	        "out-of-shift", "Outside the site's hours", COLUMNS(shift_columns),
	        "Score: how many acts were outside the hours.", write_shift};
	struct ranking ranking = {0};
	size_t outside = 0;
	for (size_t i = 0; i < shifts->count; i++) {
		const struct shift *shift = ledger_index_at(shifts, i);
		outside += shift->outside;
		if (shift->outside > 0)
			ranking_add(&ranking, (double)shift->outside, i);
	}
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, shifts);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(sheet,
	           "Hours are the site's at that moment, in its time zone; %u minutes before and "
	           "after are no matter.  Whose shift it was the ledger does not know.",
	           run->thresholds->grace_min);
	forensic_verdict(run->result, "%zu of %zu acts outside the hours", outside,
	                 run->result->tested);
	return LGP_OK;
}

enum lgp_status test_out_of_shift(const struct ledger_run *run)
{
	struct ledger_index shifts;
	enum lgp_status status = ledger_index_init(&shifts, sizeof(struct shift));
	if (status == LGP_OK)
		status = count_shifts(run, &shifts);
	run->result->applies = run->result->tested > 0;
	if (status == LGP_OK && run->result->applies)
		status = tell_shifts(run, &shifts);
	else if (status == LGP_OK)
		status = forensic_inapplicable(
		        run->result, "no act was at a site that had opening hours on record");
	ledger_index_deinit(&shifts);
	return status;
}

enum lgp_status test_day_off(const struct ledger_run *run)
{
	return forensic_inapplicable(
	        run->result, "the ledger keeps opening hours and days of employment, and no rota");
}

enum lgp_status test_redeem_lag(const struct ledger_run *run)
{
	return forensic_inapplicable(run->result,
	                             "this ledger's format has no entries for redemptions");
}

/* ---- days of employment ------------------------------------------------------------------- */

/* What was done in one's name while one was not employed. */
struct stranger {
	uint32_t staff;
	int32_t first_date, last_date;
	size_t given, tried;
	int64_t days; /* the farthest from employment */
	struct evidence evidence;
};

static bool has_dates(const struct staff *staff)
{
	return staff != NULL &&
	       (staff->active_from != INT32_MIN || staff->active_until != INT32_MAX);
}

/* Days from employment; 0: employed. */
static int64_t days_off(const struct staff *staff, int32_t date)
{
	if (date < staff->active_from)
		return (int64_t)staff->active_from - date;
	return date >= staff->active_until ? (int64_t)date - staff->active_until + 1 : 0;
}

static bool tried_inactive(const struct ledger_act *act)
{
	return act->kind == LGP_KIND_REFUSAL && act->code == LGP_PROBLEM_STAFF_INACTIVE;
}

static enum lgp_status note_stranger(struct ledger_index *strangers, const struct ledger_act *act,
                                     int64_t days)
{
	struct stranger *item = ledger_index_put(strangers, act->staff, 0);
	if (item == NULL)
		return LGP_NO_MEMORY;
	if (item->evidence.count == 0)
		item->first_date = item->last_date = act->date;
	item->staff = act->staff;
	item->first_date = act->date < item->first_date ? act->date : item->first_date;
	item->last_date = act->date > item->last_date ? act->date : item->last_date;
	item->tried += act->kind == LGP_KIND_REFUSAL;
	item->given += act->kind != LGP_KIND_REFUSAL;
	item->days = days > item->days ? days : item->days;
	evidence_add(&item->evidence, act->seq);
	return LGP_OK;
}

static enum lgp_status find_strangers(const struct ledger_run *run, struct ledger_index *strangers)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < run->facts->count && status == LGP_OK; i++) {
		const struct ledger_act *act = &run->facts->acts[i];
		const struct staff *staff = programme_staff(&run->facts->programme, act->staff);
		if (!ledger_run_wants(run, act) || act->kind == LGP_KIND_REVERSAL ||
		    ledger_act_approval(act) ||
		    (act->kind == LGP_KIND_REFUSAL && !tried_inactive(act)) ||
		    (!has_dates(staff) && !tried_inactive(act)))
			continue;
		int64_t days = has_dates(staff) ? days_off(staff, act->date) : 0;
		run->result->tested++;
		if (days > 0 || tried_inactive(act))
			status = note_stranger(strangers, act, days);
	}
	return status;
}

static const struct sheet_column stranger_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},     {"given", "Given", SHEET_COUNT, 0},
        {"tried", "Refused", SHEET_COUNT, 0},  {"from", "First", SHEET_DATE, 0},
        {"to", "Last", SHEET_DATE, 0},         {"days", "Days from employment", SHEET_COUNT, 0},
        {"entries", "Entries", SHEET_TEXT, 0}, {"why", "Why", SHEET_TEXT, 0},
};

static void write_stranger(struct sheet *sheet, const struct ledger_run *run, const void *items,
                           size_t at)
{
	const struct stranger *item = ledger_index_at(items, at);
	ledger_cell(sheet, run, LGP_KIND_STAFF, item->staff);
	sheet_count(sheet, (int64_t)item->given);
	sheet_count(sheet, (int64_t)item->tried);
	sheet_date(sheet, item->first_date);
	sheet_date(sheet, item->last_date);
	sheet_count(sheet, item->days);
	sheet_evidence(sheet, &item->evidence);
	sheet_words(sheet,
	            "%zu given and %zu refused in the name of somebody who was not employed "
	            "then: who did it?",
	            item->given, item->tried);
}

static enum lgp_status tell_strangers(const struct ledger_run *run,
                                      const struct ledger_index *strangers)
{
	static const struct ledger_table table = {
	        "after-leaving", "Before joining or after leaving", COLUMNS(stranger_columns),
	        "Score: how many were given, and refused ones.", write_stranger};
	struct ranking ranking = {0};
	for (size_t i = 0; i < strangers->count; i++) {
		const struct stranger *item = ledger_index_at(strangers, i);
		ranking_add(&ranking, (double)item->evidence.count, i);
	}
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, strangers);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(sheet,
	           "By the dates of employment that the ledger has in the end: what was given "
	           "before a leaving was entered counts too.");
	forensic_verdict(run->result, "%zu of staff gave or tried while not employed",
	                 strangers->count);
	return LGP_OK;
}

enum lgp_status test_after_leaving(const struct ledger_run *run)
{
	struct ledger_index strangers;
	enum lgp_status status = ledger_index_init(&strangers, sizeof(struct stranger));
	if (status == LGP_OK)
		status = find_strangers(run, &strangers);
	run->result->applies = run->result->tested > 0;
	if (status == LGP_OK && run->result->applies)
		status = tell_strangers(run, &strangers);
	else if (status == LGP_OK)
		status = forensic_inapplicable(
		        run->result, "nobody who gave has a day of joining or leaving on record");
	ledger_index_deinit(&strangers);
	return status;
}
