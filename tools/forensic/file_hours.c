/* file_hours: see file_hours.h.  Thread: one at a time.
 *
 * Each amount spent outside is a finding.  Score: minutes from the nearer of opening
 * and closing; a whole day, 1,440, for a day off. */
#include "tools/forensic/file_hours.h"

#include <string.h>
#include <strings.h>

#include "tools/forensic/evidence.h"
#include "tools/forensic/ledger_hours.h"
#include "tools/common/written_date.h"

#define DAY_SECONDS 86400
#define DAY_MINUTES 1440

static const char *const day_names[7] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

const struct option_row file_hours_rows[] = {
        {"opens", "HH:MM", 0, 0, "from when on spending is expected; with --closes and a time"},
        {"closes", "HH:MM", 0, 0, "until when"},
        {"days-off", "DAYS", 0, 0, "days on which none is expected, such as sat,sun"},
        {0},
};

static bool read_hour(const char *option, const char *text, int32_t *seconds, char error[256])
{
	int64_t us;
	if (!time_read(lgp_view_of(text), &us)) {
		snprintf(error, 256, "--%s %.40s: give a time of day, such as 08:30", option, text);
		return false;
	}
	*seconds = (int32_t)(us / 1000000);
	return true;
}

static bool read_days(struct file_hours *hours, const char *text, char error[256])
{
	for (const char *p = text; *p != '\0'; p += *p == ',') {
		size_t len = strcspn(p, ","), day = 0;
		while (day < 7 && (len != 3 || strncasecmp(p, day_names[day], 3) != 0))
			day++;
		if (day == 7) {
			snprintf(error, 256,
			         "--days-off %.60s: name days as mon,tue,wed,thu,fri,sat,sun",
			         text);
			return false;
		}
		hours->off[day] = hours->days_off = true;
		p += len;
	}
	return true;
}

bool file_hours_read(struct file_hours *hours, const struct options *given, char error[256])
{
	const char *opens = options_get(given, "opens"), *closes = options_get(given, "closes");
	const char *days = options_get(given, "days-off");
	*hours = (struct file_hours){.hours = opens != NULL};
	if ((opens == NULL) != (closes == NULL)) {
		snprintf(error, 256, "--opens and --closes need each other");
		return false;
	}
	if (opens != NULL && (!read_hour("opens", opens, &hours->opens, error) ||
	                      !read_hour("closes", closes, &hours->closes, error)))
		return false;
	return days == NULL || read_days(hours, days, error);
}

/* Days since 1970-01-01, which was a Thursday; Sunday is 0. */
static unsigned weekday_of(int32_t date)
{
	return (unsigned)((((int64_t)date + 4) % 7 + 7) % 7);
}

static bool on_day_off(const struct file_hours *hours, const struct spending *row)
{
	return row->date != SPENDING_NO_DATE && hours->off[weekday_of(row->date)];
}

static int32_t second_of(const struct spending *row)
{
	int64_t second = row->time_us / 1000000 % DAY_SECONDS;
	return (int32_t)(second < 0 ? second + DAY_SECONDS : second);
}

/* 0: within the hours, or nobody can tell. */
static double score_of(const struct file_hours *hours, const struct spending *row)
{
	if (on_day_off(hours, row))
		return DAY_MINUTES;
	if (!hours->hours || row->time_us == SPENDING_NO_TIME)
		return 0;
	return hours_distance(hours->opens, hours->closes, second_of(row)) / 60.0;
}

static const struct sheet_column columns[] = {
        {"entry", "Entry", SHEET_ENTRY, 0},    {"staff", "Staff", SHEET_TEXT, 0},
        {"party", "Customer", SHEET_TEXT, 0},  {"date", "Day", SHEET_DATE, 0},
        {"weekday", "Weekday", SHEET_TEXT, 0}, {"time", "Time", SHEET_TEXT, 0},
        {"amount", "Amount", SHEET_MONEY, 0},  {"score", "Minutes outside", SHEET_RATIO, 1},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_row(struct sheet *sheet, const struct spendings *spendings,
                      const struct file_hours *hours, const struct spending *row)
{
	int32_t second = second_of(row);
	sheet_entry(sheet, row->ref);
	sheet_name(sheet, spendings, row->staff);
	sheet_name(sheet, spendings, row->party);
	sheet_date(sheet, row->date);
	sheet_word(sheet, day_names[weekday_of(row->date)]);
	if (row->time_us == SPENDING_NO_TIME)
		sheet_blank(sheet);
	else
		sheet_words(sheet, "%02d:%02d", second / 3600, second / 60 % 60);
	sheet_money(sheet, row->amount, spendings->scale);
	sheet_ratio(sheet, score_of(hours, row));
	sheet_word(sheet,
	           on_day_off(hours, row) ? "spent on a day off" : "spent outside the hours");
}

static void write_sheet(const struct file_hours *hours, const struct spendings *spendings,
                        const struct ranking *ranking, const struct forensic_options *options,
                        struct document *document)
{
	struct profile profile = profile_of(spendings);
	size_t listed = ranking->count < options->top ? ranking->count : options->top;
	struct sheet *sheet = sheet_new(document, FILE_HOURS_TEST, FILE_HOURS_TITLE, columns,
	                                sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < listed; i++)
		write_row(sheet, spendings, hours, &spendings->rows[ranking->list[i].at]);
	sheet_note(sheet, "Ranked by the minutes outside; a day off counts as %d.", DAY_MINUTES);
	sheet_cut_note(sheet, listed, ranking->count);
	profile_note(&profile, spendings, sheet);
}

enum lgp_status file_hours_run(const struct file_hours *hours, const struct spendings *spendings,
                               const struct forensic_options *options, struct document *document,
                               struct forensic_result *result)
{
	struct ranking ranking = {0};
	if (!hours->hours && !hours->days_off)
		return forensic_inapplicable(result,
		                             "no hours were given: see --opens and --days-off");
	for (size_t i = 0; i < spendings->count; i++) {
		const struct spending *row = &spendings->rows[i];
		bool told = (hours->hours && row->time_us != SPENDING_NO_TIME) ||
		            (hours->days_off && row->date != SPENDING_NO_DATE);
		result->tested += told && is_spending(row);
		if (told && is_spending(row) && score_of(hours, row) > 0)
			ranking_add(&ranking, score_of(hours, row), i);
	}
	if (result->tested == 0)
		return forensic_inapplicable(result, "there are no days or times to judge");
	enum lgp_status status = ranking_sort(&ranking);
	if (status == LGP_OK) {
		result->applies = true;
		result->findings = ranking.count;
		forensic_verdict(result, "%zu amounts outside the hours or on a day off",
		                 ranking.count);
		write_sheet(hours, spendings, &ranking, options, document);
	}
	ranking_deinit(&ranking);
	return status;
}
