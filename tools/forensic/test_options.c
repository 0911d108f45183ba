/* test_options: what a command line says to the tests on spending (tests.h).
 * Thread: any. */
#include "tools/forensic/tests.h"

#include <stdlib.h>
#include <string.h>

#include "tools/common/written_amount.h"

#define BAND_PPM 40000 /* 4 % */
#define BAND_PPM_MOST 500000
#define PPM_DECIMALS 4 /* of a percentage */
#define WINDOW_DAYS_MOST 366
#define TOP_TABLE 20   /* for eyes */
#define TOP_FILE 10000 /* for programs */

const struct option_row forensic_option_rows[] = {
        {"test", "NAME", OPTION_REPEATED, 0, "run this test alone; may be repeated"},
        {"limit", "N", 0, 0,
         "the most that one grant may be, as the amounts are written: 500 or 499.99"},
        {"band", "PERCENT", 0, 0, "width of the band at the limit (default 4)"},
        {"window", "DAYS", 0, 0, "business days in which split grants are looked for (default 1)"},
        {"top", "N", 0, 0, "items that a test lists at most (default 20 in a table, else 10000)"},
        {0},
};

void forensic_options_init(struct forensic_options *options, enum document_format format)
{
	*options = (struct forensic_options){
	        .band_ppm = BAND_PPM,
	        .window_days = 1,
	        .top = format == DOCUMENT_TABLE ? TOP_TABLE : TOP_FILE,
	};
}

static bool is_test(const char *name, const char *const *more)
{
	for (size_t i = 0; i < forensic_test_count; i++)
		if (strcmp(forensic_tests[i].name, name) == 0)
			return true;
	for (; more != NULL && *more != NULL; more++)
		if (strcmp(*more, name) == 0)
			return true;
	return false;
}

static bool read_names(struct forensic_options *options, const struct options *given,
                       const char *const *more, char error[256])
{
	for (size_t i = 0; i < given->given_count; i++) {
		const char *name = given->given[i].text;
		if (strcmp(given->given[i].row->name, "test") != 0)
			continue;
		if (!is_test(name, more)) {
			snprintf(error, 256,
			         "--test %.60s: there is no such test; --help lists them", name);
			return false;
		}
		if (options->name_count == FORENSIC_NAMES_MAX) {
			snprintf(error, 256, "--test is given more than %d times",
			         FORENSIC_NAMES_MAX);
			return false;
		}
		options->names[options->name_count++] = name;
	}
	return true;
}

/* A number above 0 with at most `scale` decimals, in units of the last one. */
static bool read_number(const struct options *given, const char *name, unsigned scale, int64_t most,
                        int64_t *out, char error[256])
{
	const char *text = options_get(given, name), *why = NULL;
	struct written_amount number;
	int64_t value = 0;
	if (text == NULL)
		return true;
	bool read = amount_read(lgp_view_of(text), "", &number, &why) &&
	            amount_value(&number, DECIMAL_POINT, scale, &value, &why);
	if (!read || value <= 0 || value > most) {
		snprintf(error, 256, "--%s %.40s: %s", name, text,
		         !read        ? why
		         : value <= 0 ? "it must be above 0"
		                      : "it is too large");
		return false;
	}
	*out = value;
	return true;
}

bool forensic_options_read(struct forensic_options *options, const struct options *given,
                           unsigned scale, const char *const *more, char error[256])
{
	int64_t band = options->band_ppm, window = options->window_days,
	        top = (int64_t)options->top;
	if (!read_names(options, given, more, error) ||
	    !read_number(given, "limit", scale, INT64_MAX, &options->limit, error) ||
	    !read_number(given, "band", PPM_DECIMALS, BAND_PPM_MOST, &band, error) ||
	    !read_number(given, "window", 0, WINDOW_DAYS_MOST, &window, error) ||
	    !read_number(given, "top", 0, SHEET_ROWS_MAX, &top, error))
		return false;
	options->band_ppm = (uint32_t)band;
	options->window_days = (unsigned)window;
	options->top = (size_t)top;
	return true;
}
