/* test_audit_sheet: a document in each format, and what strangers may put in.
 * Golden bytes lie in tests/vectors/sheet/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <sodium.h>

#include "lagniappe/codec.h"
#include "tools/common/file.h"
#include "tools/sheet/sheet.h"

#define GOLDEN "tests/vectors/sheet/"

/* ---- Documents ----------------------------------------------------------------------- */

static const struct sheet_column spend_columns[] = {
        {"staff", "Staff", SHEET_TEXT, 0},     {"grants", "Grants", SHEET_COUNT, 0},
        {"amount", "Amount", SHEET_MONEY, 0},  {"share", "Share", SHEET_RATIO, 3},
        {"first", "First day", SHEET_DATE, 0}, {"last", "Last", SHEET_TIME, 0},
        {"entry", "Entry", SHEET_ENTRY, 0},
};
static const struct sheet_column day_columns[] = {
        {"day", "Day", SHEET_DATE, 0},
        {"amount", "Amount", SHEET_MONEY, 0},
};
static const struct sheet_column one_text[] = {{"text", "Text", SHEET_TEXT, 0}};
static const struct sheet_column one_count[] = {{"count", "Count", SHEET_COUNT, 0}};

static void spend_row(struct sheet *sheet, const char *staff, int64_t grants, int64_t amount,
                      unsigned scale, double share)
{
	sheet_word(sheet, staff);
	sheet_count(sheet, grants);
	sheet_money(sheet, amount, scale);
	sheet_ratio(sheet, share);
	sheet_date(sheet, 16801);            /* 2016-01-01 */
	sheet_time(sheet, 1451606400000001); /* 2016-01-01T00:00:00.000001Z */
	sheet_entry(sheet, (uint64_t)grants * 1000);
}

static void add_spend(struct document *document)
{
	struct sheet *sheet =
	        sheet_new(document, "spend-by-staff", "Spend by staff", spend_columns, 7);
	spend_row(sheet, "anna", 1234, 853129919, 2, 0.12345);
	spend_row(sheet, "ben <&> \"co\", 'x'", 2, -5, 2, NAN);
	spend_row(sheet, "=cmd|' /C calc'!A0", 3, INT64_MIN, 0, -0.0001);
	sheet_total(sheet);
	sheet_blank(sheet);
	sheet_count(sheet, 1239);
	sheet_money(sheet, 7, 3);
	for (int i = 0; i < 4; i++)
		sheet_blank(sheet);
	sheet_note(sheet, "What %s is taken away.", "was reversed");
	sheet_note(sheet, "Two\nlines & <more>.");
	sheet_chart(sheet, SHEET_CHART_BARS, 0, 2);
}

static void add_days(struct document *document)
{
	struct sheet *sheet = sheet_new(document, "days", "History", day_columns, 2);
	for (int i = 0; i < 3; i++) {
		sheet_date(sheet, 16801 + i);
		sheet_money(sheet, 1250 * (i - 1), 2);
	}
	sheet_date(sheet, INT32_MAX); /* no calendar has it */
	sheet_blank(sheet);
	sheet_date(sheet, -25509); /* 1900-02-28: spreadsheets disagree on it */
	sheet_money(sheet, 99, 2);
	sheet_total(sheet);
	sheet_word(sheet, "Sum");
	sheet_money(sheet, 99, 2);
	sheet_chart(sheet, SHEET_CHART_LINE, 0, 1);
}

static struct document *small_document(void)
{
	struct document *document = document_new("Spend, <first> quarter");
	assert_non_null(document);
	document_note(document, "Read: %d entries of %s.", 1204, "test.example/ledger");
	add_spend(document);
	add_days(document);
	sheet_note(sheet_new(document, "history", "history", one_text, 1),
	           "This does not apply, because there are 12 amounts, and it needs 300.");
	sheet_new(document, "long-title", "A title of more than thirty-one letters [*]", one_text,
	          1);
	return document;
}

/* A document of one sheet with these texts. */
static struct document *texts(const struct lgp_view *list, size_t count)
{
	struct document *document = document_new("Texts");
	struct sheet *sheet = sheet_new(document, "texts", "Texts", one_text, 1);
	for (size_t i = 0; i < count; i++)
		sheet_text(sheet, list[i]);
	return document;
}

/* ---- Written ------------------------------------------------------------------------- */

struct bytes {
	char *text;
	size_t len;
};

static struct bytes written(const struct document *document, enum document_format format,
                            enum lgp_status expected)
{
	struct bytes bytes = {0};
	FILE *out = open_memstream(&bytes.text, &bytes.len);
	assert_non_null(out);
	assert_int_equal(document_write(document, format, out), expected);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

static char *written_once(struct document *document, enum document_format format)
{
	struct bytes bytes = written(document, format, LGP_OK);
	document_free(document);
	return bytes.text;
}

static void save(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* LAGNIAPPE_GOLDEN=write makes the files anew, to be read through before they are
 * believed. */
static void assert_golden(const char *name, const char *text, size_t len)
{
	char path[256], *golden;
	size_t golden_len;
	snprintf(path, sizeof path, GOLDEN "%s", name);
	const char *mode = getenv("LAGNIAPPE_GOLDEN");
	if (mode != NULL && strcmp(mode, "write") == 0)
		save(path, text, len);
	assert_int_equal(file_read(path, 1 << 20, &golden, &golden_len), LGP_OK);
	if (golden_len != len || memcmp(golden, text, len) != 0)
		fail_msg("%s is not what is written now:\n%s", path, text);
	free(golden);
}

static void assert_golden_format(enum document_format format, const char *name)
{
	char *text = written_once(small_document(), format);
	assert_golden(name, text, strlen(text));
	free(text);
}

static void a_table_is_written_as_it_always_was(void **state)
{
	(void)state;
	assert_golden_format(DOCUMENT_TABLE, "small.txt");
}

static void csv_is_written_as_it_always_was(void **state)
{
	(void)state;
	assert_golden_format(DOCUMENT_CSV, "small.csv");
}

static void json_is_written_as_it_always_was(void **state)
{
	(void)state;
	assert_golden_format(DOCUMENT_JSON, "small.json");
}

/* The style sheet is left out: how a page looks may change. */
static void a_page_is_written_as_it_always_was(void **state)
{
	(void)state;
	char *text = written_once(small_document(), DOCUMENT_HTML);
	const char *body = strstr(text, "<body>");
	assert_non_null(body);
	assert_golden("small.html", body, strlen(body));
	free(text);
}

/* ---- Workbooks, read back by somebody else's reader -------------------------------------- */

static void assert_workbook(struct document *document, const char *name, enum lgp_status expected)
{
	struct bytes bytes = written(document, DOCUMENT_XLSX, expected);
	char path[] = "/tmp/test-audit-sheet-XXXXXX.xlsx", command[256], text[1 << 16];
	int fd = mkstemps(path, 5);
	assert_true(fd >= 0);
	close(fd);
	save(path, bytes.text, bytes.len);
	snprintf(command, sizeof command, "/usr/bin/python3 tests/unit/read_workbook.py %s", path);
	FILE *reader = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(reader);
	size_t len = fread(text, 1, sizeof text - 1, reader);
	assert_int_equal(pclose(reader), 0);
	text[len] = '\0';
	unlink(path);
	free(bytes.text);
	document_free(document);
	assert_golden(name, text, len);
}

static void a_workbook_reads_back_with_formats_charts_and_no_formula(void **state)
{
	(void)state;
	assert_workbook(small_document(), "small.xlsx.txt", LGP_OK);
}

static void worksheets_have_names_that_are_valid_and_their_own(void **state)
{
	(void)state;
	static const char *const titles[] = {"",
	                                     "Same",
	                                     "same",
	                                     "SAME",
	                                     "'quoted'",
	                                     "a/b\\c?d*e:f[g]",
	                                     "\xf0\x9f\x92\xb6\xf0\x9f\x92\xb6",
	                                     "1234567890123456789012345678901",
	                                     "1234567890123456789012345678901",
	                                     "\xc3\x89t\xc3\xa9",
	                                     "\xc3\xa9t\xc3\xa9"};
	struct document *document = document_new("Names");
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
		sheet_new(document, "", titles[i], one_text, 1);
	assert_workbook(document, "names.xlsx.txt", LGP_OK);
}

static void figures_that_a_workbook_cannot_hold_are_text(void **state)
{
	(void)state;
	struct document *document = document_new("Large");
	struct sheet *sheet = sheet_new(document, "large", "Large", day_columns + 1, 1);
	sheet_money(sheet, INT64_C(999999999999999), 2);
	sheet_money(sheet, INT64_C(1000000000000001), 2);
	sheet_money(sheet, INT64_MIN, 9);
	assert_workbook(document, "large.xlsx.txt", LGP_OK);
}

static void a_document_without_sheets_is_still_one(void **state)
{
	(void)state;
	assert_workbook(document_new("Nothing"), "none.xlsx.txt", LGP_OK);
	char *text = written_once(document_new("Nothing"), DOCUMENT_JSON);
	json_t *root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_array_size(json_object_get(root, "sheets")), 0);
	json_decref(root);
	free(text);
}

static void the_same_document_gives_the_same_bytes(void **state)
{
	(void)state;
	for (int format = DOCUMENT_TABLE; format <= DOCUMENT_HTML; format++) {
		struct document *one = small_document(), *other = small_document();
		struct bytes a = written(one, (enum document_format)format, LGP_OK);
		if (format == DOCUMENT_XLSX)
			sleep(2); /* a ZIP file's times go by two seconds */
		struct bytes b = written(other, (enum document_format)format, LGP_OK);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.text, b.text, a.len);
		free(a.text);
		free(b.text);
		document_free(one);
		document_free(other);
	}
}

/* ---- Strangers' text --------------------------------------------------------------------- */

static const struct lgp_view hostile[] = {
        LGP_VIEW("=1+1"),
        LGP_VIEW("+1"),
        LGP_VIEW("-1"),
        LGP_VIEW("@SUM(A1)"),
        LGP_VIEW("\t=1"),
        LGP_VIEW("\r=1"),
        LGP_VIEW("  =1"),
        LGP_VIEW("\xef\xbc\x9d"
                 "1"),
        LGP_VIEW("a;=1;  -2"),
        LGP_VIEW("a\n@b"),
        LGP_VIEW("1-1=0"),
        LGP_VIEW("say \"hi\", <script>alert('x')</script> & go"),
        LGP_VIEW("bad\xff\xc0\xaf\xed\xa0\x80utf"),
        LGP_VIEW("nul\0esc\x1b[2J\xc2\x9b."),
        LGP_VIEW(""),
};
#define HOSTILE_COUNT (sizeof hostile / sizeof hostile[0])

static void csv_text_that_begins_a_formula_is_made_harmless(void **state)
{
	(void)state;
	char *text = written_once(texts(hostile, HOSTILE_COUNT), DOCUMENT_CSV);
	assert_golden("hostile.csv", text, strlen(text));
	free(text);
}

static void a_page_shows_strangers_text_and_runs_none_of_it(void **state)
{
	(void)state;
	char *text = written_once(texts(hostile, HOSTILE_COUNT), DOCUMENT_HTML);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_non_null(strstr(text, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; go"));
	for (const char *p = text; *p != '\0'; p++)
		assert_true((unsigned char)*p >= ' ' || strchr("\t\r\n", *p) != NULL);
	free(text);
}

static void the_policy_of_a_page_names_its_own_style_alone(void **state)
{
	(void)state;
	char *text = written_once(small_document(), DOCUMENT_HTML);
	uint8_t digest[crypto_hash_sha256_BYTES];
	char policy[128] = "default-src 'none'; style-src 'sha256-";
	const char *style = strstr(text, "<style>") + strlen("<style>");
	crypto_hash_sha256(digest, (const unsigned char *)style,
	                   (size_t)(strstr(style, "</style>") - style));
	size_t len = strlen(policy);
	len += lgp_base64_encode(policy + len, digest, sizeof digest);
	strcpy(policy + len, "'; base-uri 'none'; form-action 'none'\"");
	assert_non_null(strstr(text, policy));
	assert_null(strstr(text, "style=\""));
	free(text);
}

static void json_keeps_text_as_it_was_cleaned(void **state)
{
	(void)state;
	char *text = written_once(texts(hostile, HOSTILE_COUNT), DOCUMENT_JSON);
	json_t *root = json_loads(text, 0, NULL);
	assert_non_null(root);
	json_t *rows = json_object_get(json_array_get(json_object_get(root, "sheets"), 0), "rows");
	assert_int_equal(json_array_size(rows), HOSTILE_COUNT);
#define CELL(i) json_string_value(json_object_get(json_array_get(rows, i), "text"))
	assert_string_equal(CELL(0), "=1+1");
	assert_string_equal(CELL(12),
	                    "bad\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	                    "\xef\xbf\xbdutf");
	assert_string_equal(CELL(13), "nul\xef\xbf\xbd"
	                              "esc\xef\xbf\xbd[2J\xef\xbf\xbd.");
#undef CELL
	json_decref(root);
	free(text);
}

static void strangers_text_is_text_in_a_workbook(void **state)
{
	(void)state;
	assert_workbook(texts(hostile, HOSTILE_COUNT), "hostile.xlsx.txt", LGP_OK);
}

static void long_text_is_kept_up_to_its_bound(void **state)
{
	(void)state;
	static char ten_thousand[10000], too_long[20000 * 2];
	memset(ten_thousand, 'x', sizeof ten_thousand);
	for (size_t i = 0; i < sizeof too_long; i += 2)
		memcpy(too_long + i, "\xc3\xa9", 2);
	struct lgp_view list[] = {{ten_thousand, sizeof ten_thousand}, {too_long, sizeof too_long}};
	struct document *document = texts(list, 2);
	struct bytes csv = written(document, DOCUMENT_CSV, LGP_OK);
	/* Heading, text, text, each with CRLF; the second cut to whole letters and "…". */
	size_t cut = 32764 / 2 * 2 + 3;
	assert_int_equal(csv.len, 6 + 10002 + cut + 2);
	assert_memory_equal(csv.text + csv.len - 7, "\xc3\xa9\xe2\x80\xa6\r\n", 7);
	free(csv.text);
	for (int format = DOCUMENT_TABLE; format <= DOCUMENT_HTML; format++)
		free(written(document, (enum document_format)format, LGP_OK).text);
	document_free(document);
}

/* ---- Bounds and failures ------------------------------------------------------------------- */

static void rows_past_the_most_are_counted_and_told(void **state)
{
	(void)state;
	struct document *document = document_new("Many");
	struct sheet *sheet = sheet_new(document, "many", "Many", one_count, 1);
	for (int i = 0; i < SHEET_ROWS_MAX + 5; i++)
		sheet_count(sheet, i);
	assert_int_equal(sheet_rows(sheet), SHEET_ROWS_MAX);
	struct bytes bytes = written(document, DOCUMENT_JSON, LGP_OVERLOAD);
	assert_non_null(strstr(bytes.text,
	                       "\"5 more rows are missing here: a sheet holds the first "
	                       "1048576."));
	free(bytes.text);
	document_free(document);
}

static void sheets_past_the_most_are_counted_and_told(void **state)
{
	(void)state;
	struct document *document = document_new("Many");
	for (int i = 0; i < SHEETS_MAX + 2; i++) {
		struct sheet *sheet = sheet_new(document, "one", "One", one_count, 1);
		sheet_count(sheet, i);
		sheet_total(sheet);
		sheet_blank(sheet);
		sheet_note(sheet, "A note.");
		sheet_chart(sheet, SHEET_CHART_BARS, 0, 0);
		assert_int_equal(sheet_rows(sheet), i < SHEETS_MAX ? 2 : 0);
	}
	struct bytes bytes = written(document, DOCUMENT_TABLE, LGP_OVERLOAD);
	assert_non_null(strstr(bytes.text, "2 more sheets are missing here: a document holds 64."));
	free(bytes.text);
	document_free(document);
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	for (int format = DOCUMENT_TABLE; format <= DOCUMENT_HTML; format++) {
		struct document *document = small_document();
		FILE *out = fopen("/dev/full", "w");
		assert_non_null(out);
		assert_int_equal(document_write(document, (enum document_format)format, out),
		                 LGP_IO);
		assert_non_null(strstr(lgp_fault_detail(), "No space left on device"));
		fclose(out);
		document_free(document);
	}
}

static void a_chart_of_many_bars_shows_forty_and_says_so(void **state)
{
	(void)state;
	struct document *document = document_new("Bars");
	static const struct sheet_column columns[] = {{"who", "Who", SHEET_TEXT, 0},
	                                              {"n", "Count", SHEET_COUNT, 0}};
	struct sheet *sheet = sheet_new(document, "bars", "Bars", columns, 2);
	for (int i = 0; i < 43; i++) {
		sheet_word(sheet, i == 7 ? "a label of more than twenty-eight letters" : "x");
		sheet_count(sheet, i);
	}
	sheet_total(sheet);
	sheet_blank(sheet);
	sheet_count(sheet, 903);
	sheet_chart(sheet, SHEET_CHART_BARS, 0, 1);
	struct bytes bytes = written(document, DOCUMENT_HTML, LGP_OK);
	size_t bars = 0;
	for (const char *p = bytes.text; (p = strstr(p, "<rect ")) != NULL; p++)
		bars++;
	assert_int_equal(bars, 40);
	assert_non_null(strstr(bytes.text, "The chart shows the first 40 of 43 rows"));
	assert_non_null(strstr(bytes.text, ">a label of more than twenty\xe2\x80\xa6<"));
	free(bytes.text);
	assert_workbook(document, "bars.xlsx.txt", LGP_OK);
}

static void sheets_carry_the_label_of_their_time(void **state)
{
	(void)state;
	struct document *document = document_new("Labels");
	char label[] = "EUR";
	sheet_new(document, "same", "Same", one_text, 1);
	document_label(document, label);
	label[0] = 'X';
	sheet_new(document, "same", "Same", one_text, 1);
	document_label(document, "");
	sheet_new(document, "same", "Same again", one_text, 1);
	char *text = written_once(document, DOCUMENT_JSON);
	json_t *root = json_loads(text, 0, NULL), *sheets = json_object_get(root, "sheets");
	static const char *const titles[] = {"Same", "Same (EUR)", "Same again"};
	for (size_t i = 0; i < 3; i++) {
		json_t *sheet = json_array_get(sheets, i), *told = json_object_get(sheet, "label");
		assert_string_equal(json_string_value(json_object_get(sheet, "title")), titles[i]);
		if (i == 1)
			assert_string_equal(json_string_value(told), "EUR");
		else
			assert_null(told);
	}
	json_decref(root);
	free(text);
}

static void formats_have_names(void **state)
{
	(void)state;
	static const char *const names[] = {"table", "csv", "json", "xlsx", "html"};
	for (int i = 0; i < 5; i++) {
		enum document_format format;
		assert_true(document_format_of(names[i], &format));
		assert_int_equal(format, i);
	}
	enum document_format format = DOCUMENT_CSV;
	assert_false(document_format_of("pdf", &format));
	assert_false(document_format_of("", &format));
	assert_int_equal(format, DOCUMENT_CSV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_table_is_written_as_it_always_was),
	        cmocka_unit_test(csv_is_written_as_it_always_was),
	        cmocka_unit_test(json_is_written_as_it_always_was),
	        cmocka_unit_test(a_page_is_written_as_it_always_was),
	        cmocka_unit_test(a_workbook_reads_back_with_formats_charts_and_no_formula),
	        cmocka_unit_test(worksheets_have_names_that_are_valid_and_their_own),
	        cmocka_unit_test(figures_that_a_workbook_cannot_hold_are_text),
	        cmocka_unit_test(a_document_without_sheets_is_still_one),
	        cmocka_unit_test(the_same_document_gives_the_same_bytes),
	        cmocka_unit_test(csv_text_that_begins_a_formula_is_made_harmless),
	        cmocka_unit_test(a_page_shows_strangers_text_and_runs_none_of_it),
	        cmocka_unit_test(the_policy_of_a_page_names_its_own_style_alone),
	        cmocka_unit_test(json_keeps_text_as_it_was_cleaned),
	        cmocka_unit_test(strangers_text_is_text_in_a_workbook),
	        cmocka_unit_test(long_text_is_kept_up_to_its_bound),
	        cmocka_unit_test(rows_past_the_most_are_counted_and_told),
	        cmocka_unit_test(sheets_past_the_most_are_counted_and_told),
	        cmocka_unit_test(a_full_disk_is_told),
	        cmocka_unit_test(a_chart_of_many_bars_shows_forty_and_says_so),
	        cmocka_unit_test(sheets_carry_the_label_of_their_time),
	        cmocka_unit_test(formats_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
