/* survey: see survey.h.  Thread: any. */
#include "tools/forensic/survey.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Amounts ----------------------------------------------------------------- */

static void first_line(uint64_t *line, uint64_t here)
{
	if (*line == 0)
		*line = here;
}

static void see_currency(struct currency_seen *seen, const char *currency, uint64_t line)
{
	if (seen->line == 0) {
		memcpy(seen->text, currency, sizeof seen->text);
		seen->line = line;
	} else if (seen->other_line == 0 && strcmp(seen->text, currency) != 0) {
		memcpy(seen->other, currency, sizeof seen->other);
		seen->other_line = line;
	}
}

void amount_survey_add(struct amount_survey *survey, const struct written_amount *amount,
                       uint64_t line)
{
	bool ambiguous;
	enum decimal_mark mark = amount_mark(amount, &ambiguous);
	if (mark == DECIMAL_POINT)
		first_line(&survey->point_line, line);
	else if (mark == DECIMAL_COMMA)
		first_line(&survey->comma_line, line);
	if (ambiguous)
		first_line(&survey->ambiguous_line, line);
	for (enum decimal_mark at = DECIMAL_POINT; at <= DECIMAL_COMMA; at++) {
		unsigned decimals = amount_decimals(amount, at);
		if (decimals <= AMOUNT_DECIMALS_MAX && decimals > survey->decimals[at])
			survey->decimals[at] = decimals;
	}
	if (amount->currency[0] != '\0')
		see_currency(currency_is_code(amount->currency) ? &survey->code : &survey->sign,
		             amount->currency, line);
}

bool amount_survey_mark(const struct amount_survey *survey, enum decimal_mark *mark,
                        char error[256])
{
	*mark = survey->comma_line != 0 ? DECIMAL_COMMA : DECIMAL_POINT;
	if (survey->comma_line != 0 && survey->point_line != 0) {
		snprintf(error, 256,
		         "line %" PRIu64 " has a decimal comma and line %" PRIu64
		         " a decimal point: say --decimal comma or --decimal point",
		         survey->comma_line, survey->point_line);
		return false;
	}
	if (survey->comma_line == 0 && survey->point_line == 0 && survey->ambiguous_line != 0) {
		snprintf(error, 256,
		         "the amount at line %" PRIu64
		         " can be read in two ways, and no other amount "
		         "tells: say --decimal comma or --decimal point",
		         survey->ambiguous_line);
		return false;
	}
	return true;
}

/* ---- Dates ------------------------------------------------------------------- */

void date_survey_add(struct date_survey *survey, const struct written_date *date, uint64_t line)
{
	int32_t day_first, month_first;
	if (date_evident(date) != DATE_UNKNOWN)
		return;
	bool dmy = date_value(date, DATE_DMY, &day_first);
	bool mdy = date_value(date, DATE_MDY, &month_first);
	uint64_t *first = dmy && mdy && day_first != month_first ? &survey->ambiguous_line
	                  : dmy && !mdy                          ? &survey->dmy_line
	                  : mdy && !dmy                          ? &survey->mdy_line
	                                                         : NULL;
	if (first != NULL && *first == 0)
		*first = line;
}

bool date_survey_order(const struct date_survey *survey, enum date_order *order, char error[256])
{
	*order = survey->mdy_line != 0 ? DATE_MDY : DATE_DMY;
	if (survey->dmy_line != 0 && survey->mdy_line != 0) {
		snprintf(error, 256,
		         "the date at line %" PRIu64 " has the day first and that at line %" PRIu64
		         " the month: say --date-format dmy or --date-format mdy",
		         survey->dmy_line, survey->mdy_line);
		return false;
	}
	if (survey->dmy_line == 0 && survey->mdy_line == 0 && survey->ambiguous_line != 0) {
		snprintf(error, 256,
		         "the date at line %" PRIu64 " can be read in two ways, and no other date "
		         "tells: say --date-format dmy or --date-format mdy",
		         survey->ambiguous_line);
		return false;
	}
	return true;
}
