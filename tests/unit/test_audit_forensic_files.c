/* test_audit_forensic_files: amounts, dates and records as files write them, and
 * files that nobody should write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/forensic/csv.h"
#include "tools/forensic/encoding.h"
#include "tools/forensic/spending_file.h"

/* ---- Amounts ---------------------------------------------------------------------- */

static void amount_is(const char *text, enum decimal_mark mark, int64_t wanted)
{
	struct written_amount amount;
	const char *why = "";
	int64_t value = 0;
	if (!amount_read(lgp_view_of(text), &amount, &why) ||
	    !amount_value(&amount, mark, 2, &value, &why))
		fail_msg("%s: %s", text, why);
	if (value != wanted)
		fail_msg("%s is %lld, not %lld", text, (long long)value, (long long)wanted);
}

static void no_amount(const char *text, enum decimal_mark mark)
{
	struct written_amount amount;
	const char *why = NULL;
	int64_t value = 0;
	if (amount_read(lgp_view_of(text), &amount, &why) &&
	    amount_value(&amount, mark, 2, &value, &why))
		fail_msg("%s was read as %lld", text, (long long)value);
	assert_non_null(why);
}

static void amounts_with_a_point(void **state)
{
	(void)state;
	amount_is("0", DECIMAL_POINT, 0);
	amount_is("5", DECIMAL_POINT, 500);
	amount_is("5.", DECIMAL_POINT, 500);
	amount_is(".5", DECIMAL_POINT, 50);
	amount_is("5.1", DECIMAL_POINT, 510);
	amount_is("5.1000", DECIMAL_POINT, 510);
	amount_is("1,234.56", DECIMAL_POINT, 123456);
	amount_is("1 234.56", DECIMAL_POINT, 123456);
	amount_is("1'234'567.89", DECIMAL_POINT, 123456789);
	amount_is("12,34,567.89", DECIMAL_POINT, 123456789);
	amount_is("1,234", DECIMAL_POINT, 123400);
}

static void amounts_with_a_comma(void **state)
{
	(void)state;
	amount_is("5,1", DECIMAL_COMMA, 510);
	amount_is("1.234,56", DECIMAL_COMMA, 123456);
	amount_is("1.234", DECIMAL_COMMA, 123400);
	amount_is("1\xc2\xa0"
	          "234,56",
	          DECIMAL_COMMA, 123456);
	amount_is("1\xe2\x80\xaf"
	          "234,56 \xe2\x82\xac",
	          DECIMAL_COMMA, 123456);
	amount_is("1\xe2\x80\x99"
	          "234,56",
	          DECIMAL_COMMA, 123456);
}

static void signs_and_currencies_stand_where_they_like(void **state)
{
	(void)state;
	static const char *const minus_five[] = {"-5",
	                                         "5-",
	                                         "(5)",
	                                         "\xe2\x88\x92"
	                                         "5",
	                                         "-\xc2\xa3"
	                                         "5",
	                                         "\xc2\xa3-5",
	                                         "(\xc2\xa3"
	                                         "5.00)",
	                                         "\xc2\xa3(5.00)",
	                                         "-5 GBP",
	                                         "GBP -5.00",
	                                         "(5.00) GBP",
	                                         "5.00 CR",
	                                         "US$ -5",
	                                         "-5 kr",
	                                         "  -5  "};
	for (size_t i = 0; i < sizeof minus_five / sizeof minus_five[0]; i++)
		amount_is(minus_five[i], DECIMAL_POINT, -500);
	amount_is("+5", DECIMAL_POINT, 500);
	amount_is("5 DR", DECIMAL_POINT, 500);
	amount_is("\xe2\x82\xb9 5", DECIMAL_POINT, 500);
	amount_is("z\xc5\x82"
	          "5",
	          DECIMAL_POINT, 500);
}

static void what_is_no_amount_is_not_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "",
	        " ",
	        "-",
	        "x",
	        "5 apples",
	        "5x",
	        "--5",
	        "(-5)",
	        "-5-",
	        "5.1.1",
	        "1,23",
	        "1,2345",
	        "1,234,56",
	        "12,345,6789",
	        "1,2,333,444,555",
	        "1,,234",
	        ",123",
	        "1,234 567",
	        "5.123",
	        "1e5",
	        "0x10",
	        "GBP",
	        "\xc2\xa3",
	        "()",
	        "1 2",
	        "NaN",
	        "1/2",
	        "99999999999999999999",
	        "92233720368547758.08",
	        "\xff\xfe",
	        "5\xc2",
	        "....",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		no_amount(texts[i], DECIMAL_POINT);
	amount_is("92233720368547758.07", DECIMAL_POINT, INT64_MAX);
}

static enum decimal_mark mark_of(const char *text, bool *ambiguous)
{
	struct written_amount amount;
	const char *why;
	assert_true(amount_read(lgp_view_of(text), &amount, &why));
	return amount_mark(&amount, ambiguous);
}

static void marks_show_themselves_or_do_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum decimal_mark mark;
		bool ambiguous;
	} cases[] = {
	        {"5", DECIMAL_UNKNOWN, false},       {"5.1", DECIMAL_POINT, false},
	        {"5,12", DECIMAL_COMMA, false},      {"1.234", DECIMAL_UNKNOWN, true},
	        {"1,234", DECIMAL_UNKNOWN, true},    {"123,456", DECIMAL_UNKNOWN, true},
	        {"1234,567", DECIMAL_COMMA, false},  {"0.125", DECIMAL_POINT, false},
	        {"1.234.567", DECIMAL_COMMA, false}, {"1,234,567", DECIMAL_POINT, false},
	        {"1.234,5", DECIMAL_COMMA, false},   {"1,234.5", DECIMAL_POINT, false},
	        {"1 234,567", DECIMAL_COMMA, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool ambiguous;
		assert_int_equal(mark_of(cases[i].text, &ambiguous), cases[i].mark);
		assert_int_equal(ambiguous, cases[i].ambiguous);
	}
}

/* ---- Dates ------------------------------------------------------------------------- */

static void date_is(const char *text, enum date_order order, int32_t wanted)
{
	struct written_date date;
	int32_t days = 0;
	if (!date_read(lgp_view_of(text), &date) || !date_value(&date, order, &days))
		fail_msg("%s was not read", text);
	assert_int_equal(days, wanted);
}

static void no_date(const char *text, enum date_order order)
{
	struct written_date date;
	int32_t days;
	if (date_read(lgp_view_of(text), &date) && date_value(&date, order, &days))
		fail_msg("%s was read", text);
}

static void dates_in_every_order(void **state)
{
	(void)state;
	date_is("01/02/1970", DATE_DMY, 31);
	date_is("01/02/1970", DATE_MDY, 1);
	date_is("1970-01-02", DATE_YMD, 1);
	date_is("2.1.1970", DATE_DMY, 1);
	date_is("2 Jan 1970", DATE_DMY, 1);
	date_is("2-jan-70", DATE_DMY, 1);
	date_is("2JAN1970", DATE_DMY, 1);
	date_is("January 2, 1970", DATE_MDY, 1);
	date_is("19700102", DATE_YMD, 1);
	date_is("29/02/2016", DATE_DMY, 16860);
	date_is("31/12/69", DATE_DMY, -1);
	date_is("1970-01-02T10:11:12.5+01:00", DATE_YMD, 1);
	date_is("02/01/1970 11:59 pm", DATE_DMY, 1);
}

static void what_is_no_day_is_not_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "",
	        "1",
	        "1/2",
	        "29/02/2015",
	        "31/04/2016",
	        "00/01/2016",
	        "1/13/2016",
	        "1/2/3",
	        "1/2/20166",
	        "1//",
	        "//",
	        "a/b/c",
	        "1/2/2016x",
	        "1/2/2016 x",
	        "1/2/2016 25:00",
	        "1 Foo 2016",
	        "123/1/2016",
	        "1/2/2016 10:60",
	        "2016",
	        "201601011",
	        "1/Jan/Feb",
	        "\xff/1/2016",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		no_date(texts[i], DATE_DMY);
	no_date("2016-01-02", DATE_DMY);
	no_date("02/01/2016", DATE_YMD);
}

static void formats_name_an_order(void **state)
{
	(void)state;
	assert_int_equal(date_order_of("%d/%m/%Y"), DATE_DMY);
	assert_int_equal(date_order_of("%F"), DATE_YMD);
	assert_int_equal(date_order_of("%b %e, %y"), DATE_MDY);
	assert_int_equal(date_order_of("day/month/year"), DATE_DMY);
	assert_int_equal(date_order_of("MDY"), DATE_MDY);
	static const char *const none[] = {"",    "%", "%d/%m", "%d/%d/%Y", "%d%m%Y%F%F%F",
	                                   "ydm", "%q"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_int_equal(date_order_of(none[i]), DATE_UNKNOWN);
}

static void times_of_day(void **state)
{
	(void)state;
	int64_t us = 0;
	assert_true(time_read(lgp_view_of("10:11"), &us));
	assert_int_equal(us, INT64_C(36660000000));
	assert_true(time_read(lgp_view_of("0:00:00.25"), &us));
	assert_int_equal(us, 250000);
	assert_true(time_read(lgp_view_of("12:30 AM"), &us));
	assert_int_equal(us, INT64_C(1800000000));
	static const char *const none[] = {"", "10", "24:00", "10:60", "13:00 pm", "0:30 am", "x"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_false(time_read(lgp_view_of(none[i]), &us));
}

/* ---- Records ------------------------------------------------------------------------- */

static struct csv_record record;

static struct csv *open_bytes(const char *bytes, size_t len, FILE **in)
{
	*in = fmemopen((void *)(uintptr_t)bytes, len, "r");
	assert_non_null(*in);
	struct csv *csv = csv_new(*in, '\0');
	assert_non_null(csv);
	return csv;
}

/* The fields of the next record, parted by '^'. */
static void record_is(struct csv *csv, uint64_t line, const char *wanted)
{
	char text[256] = "";
	assert_int_equal(csv_read(csv, &record), CSV_RECORD);
	assert_int_equal(record.line, line);
	for (size_t i = 0; i < record.count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s",
		         i > 0 ? "^" : "", (int)record.fields[i].len, record.fields[i].ptr);
	assert_string_equal(text, wanted);
}

#define OPEN(text) open_bytes(text, sizeof(text) - 1, &in)

static void records_are_read_as_rfc_4180_says(void **state)
{
	(void)state;
	FILE *in;
	struct csv *csv = OPEN("a,b,c\r\n\"1,\"\"x\"\"\",\"2\r\n3\",\r\n\r\n4,5 \"6\",7");
	record_is(csv, 1, "a^b^c");
	record_is(csv, 2, "1,\"x\"^2\n3^");
	record_is(csv, 5, "4^5 \"6\"^7");
	assert_int_equal(csv_read(csv, &record), CSV_END);
	assert_int_equal(csv_read(csv, &record), CSV_END);
	csv_free(csv);
	fclose(in);
}

static void the_delimiter_is_the_one_that_makes_a_table(void **state)
{
	(void)state;
	FILE *in;
	struct csv *csv = OPEN("Name, first;Sum;Day\nx, y;1,50;1\nz;2,50;2\n");
	assert_int_equal(csv_delimiter(csv), ';');
	record_is(csv, 1, "Name, first^Sum^Day");
	record_is(csv, 2, "x, y^1,50^1");
	csv_free(csv);
	fclose(in);
	csv = OPEN("\"a;b;c;d\",x\n\"a;b;c;d\",y\n");
	assert_int_equal(csv_delimiter(csv), ',');
	csv_free(csv);
	fclose(in);
}

static void utf_16_is_read_in_both_orders(void **state)
{
	(void)state;
	static const char little[] = "\xff\xfe"
	                             "a\0,\0\xac\x20=\xd8\x0a\xde\n\0";
	static const char big[] = "\xfe\xff\0a\0,\x20\xac\xd8=\xde\x0a\0\n";
	FILE *in;
	struct csv *csv = OPEN(little);
	record_is(csv, 1, "a^\xe2\x82\xac\xf0\x9f\x98\x8a");
	assert_string_equal(csv_encoding(csv), "UTF-16LE");
	csv_free(csv);
	fclose(in);
	csv = OPEN(big);
	record_is(csv, 1, "a^\xe2\x82\xac\xf0\x9f\x98\x8a");
	csv_free(csv);
	fclose(in);
}

static void lone_surrogates_and_half_units_are_replaced(void **state)
{
	(void)state;
	FILE *in;
	struct csv *csv = OPEN("\xff\xfe\x3d\xd8"
	                       "a\0\x0a\xde,\0b");
	record_is(csv, 1,
	          "\xef\xbf\xbd"
	          "a\xef\xbf\xbd^\xef\xbf\xbd");
	csv_free(csv);
	fclose(in);
}

static void bytes_that_are_no_utf_8_are_windows_1252(void **state)
{
	(void)state;
	FILE *in;
	struct csv *csv = OPEN("\x80,Caf\xe9,Caf\xc3\xa9\n");
	record_is(csv, 1, "\xe2\x82\xac^Caf\xc3\xa9^Caf\xc3\xa9");
	assert_string_equal(csv_encoding(csv), "windows-1252");
	csv_free(csv);
	fclose(in);
}

/* ---- Anything ------------------------------------------------------------------------ */

static uint64_t draw_state = 1;

static uint32_t draw(uint32_t below)
{
	draw_state = draw_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(draw_state >> 33) % below;
}

static size_t noise(char *out, size_t room)
{
	static const char *const pieces[] = {
	        "\"", ",",   ";", "\n",         "\r",       "\r\n",         "1.50", "1,50",
	        "(",  ")",   "-", "31/01/2026", "\xff\xfe", "\xef\xbb\xbf", "\xc2", "=\"",
	        " ",  "GBP", "x", "9999999999", "sep=;",    "10:11",        "Jan",  "\t"};
	size_t len = 0;
	for (uint32_t n = draw(120); n > 0; n--) {
		const char *piece = pieces[draw(sizeof pieces / sizeof pieces[0])];
		if (len + strlen(piece) > room)
			break;
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	if (draw(8) == 0 && len > 0)
		out[draw((uint32_t)len)] = (char)draw(256);
	return len;
}

static void amounts_and_dates_take_any_bytes(void **state)
{
	(void)state;
	char text[2048];
	for (unsigned i = 0; i < 20000; i++) {
		struct written_amount amount;
		struct written_date date;
		const char *why;
		int64_t value;
		int32_t days;
		/* Exactly as long as it is, so that a sanitizer sees a step too far. */
		size_t len = noise(text, sizeof text) % 40;
		char *exact = malloc(len + 1);
		memcpy(exact, text, len);
		char *cut = realloc(exact, len > 0 ? len : 1);
		struct lgp_view view = {cut, len};
		for (enum decimal_mark mark = DECIMAL_POINT; mark <= DECIMAL_COMMA; mark++)
			if (amount_read(view, &amount, &why))
				(void)!amount_value(&amount, mark, draw(7), &value, &why);
		for (enum date_order order = DATE_YMD; order <= DATE_MDY; order++)
			if (date_read(view, &date))
				(void)!date_value(&date, order, &days);
		free(cut);
	}
}

static void any_file_is_read_to_its_end_or_refused(void **state)
{
	(void)state;
	static const char heading[] = "Who,Day,Sum,Shop\n";
	char path[] = "/tmp/forensic-XXXXXX";
	char text[4096];
	int file = mkstemp(path);
	assert_true(file >= 0);
	close(file);
	for (unsigned i = 0; i < 1500; i++) {
		struct file_task task = {
		        .path = path,
		        .columns = {[COLUMN_AMOUNT] = "Sum",
		                    [COLUMN_DATE] = draw(2) ? "Day" : NULL,
		                    [COLUMN_STAFF] = "Who",
		                    [COLUMN_PARTY] = "#4"},
		        .mark = draw(3),
		        .order = draw(4),
		        .unit = draw(2) ? "GBP" : NULL,
		};
		struct spendings rows;
		struct file_told told;
		char error[FILE_ERROR_MAX] = "";
		size_t len = noise(text, sizeof text);
		FILE *out = fopen(path, "wb");
		assert_non_null(out);
		fwrite(heading, 1, draw(10) > 0 ? sizeof heading - 1 : draw(10), out);
		fwrite(text, 1, len, out);
		fclose(out);
		assert_int_equal(spendings_init(&rows, "line"), LGP_OK);
		if (spending_file_read(&task, &rows, &told, error)) {
			assert_int_equal(told.rows, told.taken + told.rejected + told.empty);
			assert_int_equal(told.taken, rows.count);
		} else {
			assert_true(error[0] != '\0');
		}
		spendings_deinit(&rows);
	}
	remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(amounts_with_a_point),
	        cmocka_unit_test(amounts_with_a_comma),
	        cmocka_unit_test(signs_and_currencies_stand_where_they_like),
	        cmocka_unit_test(what_is_no_amount_is_not_read),
	        cmocka_unit_test(marks_show_themselves_or_do_not),
	        cmocka_unit_test(dates_in_every_order),
	        cmocka_unit_test(what_is_no_day_is_not_read),
	        cmocka_unit_test(formats_name_an_order),
	        cmocka_unit_test(times_of_day),
	        cmocka_unit_test(records_are_read_as_rfc_4180_says),
	        cmocka_unit_test(the_delimiter_is_the_one_that_makes_a_table),
	        cmocka_unit_test(utf_16_is_read_in_both_orders),
	        cmocka_unit_test(lone_surrogates_and_half_units_are_replaced),
	        cmocka_unit_test(bytes_that_are_no_utf_8_are_windows_1252),
	        cmocka_unit_test(amounts_and_dates_take_any_bytes),
	        cmocka_unit_test(any_file_is_read_to_its_end_or_refused),
	};
	return cmocka_run_group_tests_name("audit_forensic_files", tests, NULL, NULL);
}
