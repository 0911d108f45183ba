/* test_tools_csv: records of files of separated values, as real systems write them, in
 * any of their encodings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/common/csv.h"

struct open_file {
	FILE *in;
	struct csv *csv;
	struct csv_record record;
};

static struct open_file file;

static void open_bytes(const char *bytes, size_t len)
{
	file.in = fmemopen((void *)(uintptr_t)bytes, len, "r");
	assert_non_null(file.in);
	file.csv = csv_new(file.in, '\0');
	assert_non_null(file.csv);
}

static int close_file(void **state)
{
	(void)state;
	csv_free(file.csv);
	if (file.in != NULL)
		fclose(file.in);
	file = (struct open_file){0};
	return 0;
}

#define OPEN(text) open_bytes(text, sizeof(text) - 1)

static void assert_field(size_t i, const char *wanted)
{
	assert_true(i < file.record.count);
	assert_int_equal(file.record.fields[i].len, strlen(wanted));
	assert_memory_equal(file.record.fields[i].ptr, wanted, strlen(wanted));
}

static void assert_record(uint64_t line, size_t count)
{
	assert_int_equal(csv_read(file.csv, &file.record), CSV_RECORD);
	assert_int_equal(file.record.line, line);
	assert_int_equal(file.record.count, count);
}

static void assert_end(void)
{
	assert_int_equal(csv_read(file.csv, &file.record), CSV_END);
	assert_int_equal(csv_read(file.csv, &file.record), CSV_END);
}

static void quoted_fields_hold_commas_quotes_and_line_breaks(void **state)
{
	(void)state;
	OPEN("a,\"b, c\",\"say \"\"hi\"\"\",\"two\r\nlines\"\r\nnext,,\"\"\r\n\r\n4,5 \"6\",7");
	assert_record(1, 4);
	assert_field(0, "a");
	assert_field(1, "b, c");
	assert_field(2, "say \"hi\"");
	assert_field(3, "two\nlines");
	assert_record(3, 3);
	assert_field(0, "next");
	assert_field(1, "");
	assert_field(2, "");
	assert_record(5, 3);
	assert_field(1, "5 \"6\"");
	assert_field(2, "7");
	assert_end();
}

static void lines_may_end_in_lf_cr_crlf_or_the_file(void **state)
{
	(void)state;
	OPEN("1,a\n2,b\r3,c\r\n4,d");
	for (uint64_t line = 1; line <= 4; line++)
		assert_record(line, 2);
	assert_field(1, "d");
	assert_end();
}

static void empty_lines_are_passed_over_and_counted(void **state)
{
	(void)state;
	OPEN("\r\n\na\n\n,\n\n");
	assert_record(3, 1);
	assert_record(5, 2);
	assert_field(0, "");
	assert_end();
}

static void byte_order_mark_is_no_part_of_the_first_field(void **state)
{
	(void)state;
	OPEN("\xef\xbb\xbf\"date\",x\n1,2\n");
	assert_record(1, 2);
	assert_field(0, "date");
	assert_record(2, 2);
	assert_end();
}

static void file_of_a_byte_order_mark_alone_is_empty(void **state)
{
	(void)state;
	OPEN("\xef\xbb\xbf");
	assert_end();
}

static void utf8_stays_and_windows_1252_becomes_utf8_field_by_field(void **state)
{
	(void)state;
	OPEN("caf\xc3\xa9,caf\xe9,\xa3"
	     "12,\x80"
	     "5,it\x92s,\x81\n");
	assert_record(1, 6);
	assert_field(0, "café");
	assert_field(1, "café");
	assert_field(2, "£12");
	assert_field(3, "€5");
	assert_field(4, "it’s");
	assert_field(5, "\xef\xbf\xbd");
	assert_string_equal(csv_encoding(file.csv), "windows-1252");
	assert_end();
}

static void utf_16_is_read_in_both_orders(void **state)
{
	static const char little[] = "\xff\xfe"
	                             "a\0,\0\xac\x20=\xd8\x0a\xde\n\0";
	static const char big[] = "\xfe\xff\0a\0,\x20\xac\xd8=\xde\x0a\0\n";
	(void)state;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			OPEN(little);
		else
			OPEN(big);
		assert_record(1, 2);
		assert_field(0, "a");
		assert_field(1, "\xe2\x82\xac\xf0\x9f\x98\x8a");
		assert_string_equal(csv_encoding(file.csv), i == 0 ? "UTF-16LE" : "UTF-16BE");
		assert_end();
		assert_int_equal(csv_position(file.csv),
		                 i == 0 ? sizeof little - 1 : sizeof big - 1);
		(void)close_file(NULL);
	}
}

static void lone_surrogates_and_half_units_are_replaced(void **state)
{
	(void)state;
	OPEN("\xff\xfe\x3d\xd8"
	     "a\0\x0a\xde,\0b");
	assert_record(1, 2);
	assert_field(0, "\xef\xbf\xbd"
	                "a\xef\xbf\xbd");
	assert_field(1, "\xef\xbf\xbd");
}

static void a_nul_byte_is_a_fault(void **state)
{
	(void)state;
	OPEN("a,b\nc\0,d\n");
	assert_record(1, 2);
	assert_int_equal(csv_read(file.csv, &file.record), CSV_FAULT);
	assert_int_equal(file.record.line, 2);
	assert_non_null(strstr(csv_error(file.csv), "NUL"));
}

static void the_delimiter_is_the_one_that_makes_a_table(void **state)
{
	(void)state;
	OPEN("Name, first;Sum;Day\nx, y;1,50;1\nz;2,50;2\n");
	assert_int_equal(csv_delimiter(file.csv), ';');
	assert_record(1, 3);
	assert_field(0, "Name, first");
	assert_record(2, 3);
	assert_field(1, "1,50");
	(void)close_file(NULL);
	OPEN("\"a;b;c;d\",x\n\"a;b;c;d\",y\n");
	assert_int_equal(csv_delimiter(file.csv), ',');
	(void)close_file(NULL);
	OPEN("a;b;c,d\n1,2\n3,4\n5,6\n");
	assert_int_equal(csv_delimiter(file.csv), ',');
	(void)close_file(NULL);
	OPEN("sep=|\r\na|b,c,d,e\r\n");
	assert_record(2, 2);
	assert_field(1, "b,c,d,e");
}

static void what_utf8_forbids_is_not_taken_for_utf8(void **state)
{
	static const char *const texts[] = {"\xc0\xaf",     "\xe0\x80\xaf",     "\xf0\x80\x80\xaf",
	                                    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		open_bytes(texts[i], strlen(texts[i]));
		assert_record(1, 1);
		if (lgp_view_equal(file.record.fields[0], lgp_view_of(texts[i])))
			fail_msg("text %zu stayed as it was", i);
		(void)close_file(NULL);
	}
}

static void quote_inside_an_unquoted_field_is_itself(void **state)
{
	(void)state;
	OPEN("5\" pipe,x\n");
	assert_record(1, 2);
	assert_field(0, "5\" pipe");
}

static void text_behind_a_closing_quote_spoils_its_record_alone(void **state)
{
	(void)state;
	OPEN("\"a\"b,c\nd,e\n");
	assert_int_equal(csv_read(file.csv, &file.record), CSV_BAD);
	assert_int_equal(file.record.line, 1);
	assert_record(2, 2);
	assert_field(0, "d");
}

static void quote_that_never_closes_is_a_fault(void **state)
{
	(void)state;
	OPEN("a,b\n\"c,d\ne,f\n");
	assert_record(1, 2);
	assert_int_equal(csv_read(file.csv, &file.record), CSV_FAULT);
	assert_int_equal(file.record.line, 2);
	assert_non_null(strstr(csv_error(file.csv), "never closes"));
}

static void record_at_the_bound_is_read_and_one_byte_more_is_a_fault(void **state)
{
	(void)state;
	char *text = malloc(CSV_RECORD_MAX + 2);
	assert_non_null(text);
	memset(text, 'x', CSV_RECORD_MAX + 1);
	text[CSV_RECORD_MAX] = '\n';
	open_bytes(text, CSV_RECORD_MAX + 1);
	assert_record(1, 1);
	assert_int_equal(file.record.fields[0].len, CSV_RECORD_MAX);
	(void)close_file(NULL);
	text[CSV_RECORD_MAX] = 'x';
	open_bytes(text, CSV_RECORD_MAX + 1);
	assert_int_equal(csv_read(file.csv, &file.record), CSV_FAULT);
	free(text);
}

static void record_of_the_widest_bytes_is_converted_whole(void **state)
{
	(void)state;
	char *text = malloc(CSV_RECORD_MAX);
	assert_non_null(text);
	memset(text, 0x80, CSV_RECORD_MAX);
	open_bytes(text, CSV_RECORD_MAX);
	assert_record(1, 1);
	assert_int_equal(file.record.fields[0].len, 3 * (size_t)CSV_RECORD_MAX);
	free(text);
}

static void too_many_fields_spoil_the_record(void **state)
{
	char text[CSV_FIELDS_MAX + 2];
	(void)state;
	memset(text, ',', sizeof text);
	text[CSV_FIELDS_MAX - 1] = '\n'; /* as many fields as there may be */
	text[CSV_FIELDS_MAX] = 'z';
	open_bytes(text, CSV_FIELDS_MAX + 1);
	assert_record(1, CSV_FIELDS_MAX);
	assert_record(2, 1);
	(void)close_file(NULL);
	memset(text, ',', sizeof text);
	open_bytes(text, CSV_FIELDS_MAX);
	assert_int_equal(csv_read(file.csv, &file.record), CSV_BAD);
}

static void records_across_chunks_stay_whole(void **state)
{
	enum { ROWS = 20000 };
	char *text = malloc(ROWS * 16), *p = text;
	size_t at = 0;
	(void)state;
	assert_non_null(text);
	for (int i = 0; i < ROWS; i++)
		p += sprintf(p, "%d,\"q%d\"\r\n", i, i);
	open_bytes(text, (size_t)(p - text));
	for (int i = 0; i < ROWS; i++) {
		char wanted[32];
		assert_int_equal(csv_position(file.csv), at);
		at += (size_t)sprintf(wanted, "%d,\"q%d\"\r\n", i, i);
		assert_record((uint64_t)i + 1, 2);
		sprintf(wanted, "q%d", i);
		assert_field(1, wanted);
	}
	assert_int_equal(csv_position(file.csv), p - text);
	assert_end();
	free(text);
}

static void written_fields_read_back_as_they_were(void **state)
{
	static const char *const fields[] = {"plain", "a,b", "say \"hi\"", "two\nlines", ""};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		if (i > 0)
			fputc(',', out);
		csv_write_field(out, lgp_view_of(fields[i]));
	}
	fclose(out);
	open_bytes(text, len);
	assert_record(1, 5);
	for (size_t i = 0; i < 5; i++)
		assert_field(i, fields[i]);
	char *again = NULL;
	out = open_memstream(&again, &len);
	csv_write_fields(out, &file.record, 1);
	fclose(out);
	assert_string_equal(again, text + strlen("plain,"));
	free(again);
	free(text);
}

static void headings_are_the_same_whatever_surrounds_them(void **state)
{
	static const char *const same[] = {"Sum", " sum\t", "SUM\xc2\xa0", "=\"Sum\"", "\nSum "};
	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		assert_true(csv_same_heading(lgp_view_of(same[i]), LGP_VIEW("Sum")));
	assert_true(csv_same_heading(LGP_VIEW("Sum"), LGP_VIEW(" Sum ")));
	assert_false(csv_same_heading(LGP_VIEW("Sums"), LGP_VIEW("Sum")));
	assert_false(csv_same_heading(LGP_VIEW(""), LGP_VIEW("Sum")));
}

static void blank_records_hold_nothing_but_blanks(void **state)
{
	(void)state;
	OPEN("7,why, ,\"\n\t\",\xc2\xa0\n,,x\n");
	assert_record(1, 5);
	assert_false(csv_is_blank(&file.record, 0));
	assert_true(csv_is_blank(&file.record, 2));
	assert_record(3, 3);
	assert_false(csv_is_blank(&file.record, 0));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, close_file)
	const struct CMUnitTest tests[] = {
	        CASE(quoted_fields_hold_commas_quotes_and_line_breaks),
	        CASE(lines_may_end_in_lf_cr_crlf_or_the_file),
	        CASE(empty_lines_are_passed_over_and_counted),
	        CASE(byte_order_mark_is_no_part_of_the_first_field),
	        CASE(file_of_a_byte_order_mark_alone_is_empty),
	        CASE(utf8_stays_and_windows_1252_becomes_utf8_field_by_field),
	        CASE(utf_16_is_read_in_both_orders),
	        CASE(lone_surrogates_and_half_units_are_replaced),
	        CASE(a_nul_byte_is_a_fault),
	        CASE(the_delimiter_is_the_one_that_makes_a_table),
	        CASE(what_utf8_forbids_is_not_taken_for_utf8),
	        CASE(quote_inside_an_unquoted_field_is_itself),
	        CASE(text_behind_a_closing_quote_spoils_its_record_alone),
	        CASE(quote_that_never_closes_is_a_fault),
	        CASE(record_at_the_bound_is_read_and_one_byte_more_is_a_fault),
	        CASE(record_of_the_widest_bytes_is_converted_whole),
	        CASE(too_many_fields_spoil_the_record),
	        CASE(records_across_chunks_stay_whole),
	        CASE(written_fields_read_back_as_they_were),
	        CASE(headings_are_the_same_whatever_surrounds_them),
	        CASE(blank_records_hold_nothing_but_blanks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
