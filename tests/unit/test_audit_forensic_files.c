/* test_audit_forensic_files: files that nobody should write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/forensic/spending_file.h"

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
			if (amount_read(view, draw(2) ? "x" : "", &amount, &why))
				(void)!amount_value(&amount, mark, draw(7), &value, &why);
		for (enum date_order order = DATE_YMD; order <= DATE_MDY; order++)
			if (date_read(view, &date))
				(void)!date_value(&date, order, &days);
		(void)!date_by_format(draw(2) ? "%d/%m/%Y %T" : "%e-%b-%y", view, &days);
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
	        cmocka_unit_test(amounts_and_dates_take_any_bytes),
	        cmocka_unit_test(any_file_is_read_to_its_end_or_refused),
	};
	return cmocka_run_group_tests_name("audit_forensic_files", tests, NULL, NULL);
}
