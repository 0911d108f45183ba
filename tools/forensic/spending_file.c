/* spending_file: see spending_file.h.  Thread: one at a time. */
#include "tools/forensic/spending_file.h"

#include "tools/forensic/heading.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct reading {
	const struct file_task *task;
	struct spendings *spendings;
	struct file_told *told;
	FILE *in;
	struct csv *csv;
	struct heading heading;
	struct amount_survey amounts;
	struct date_survey dates;
	char *error;               /* FILE_ERROR_MAX */
	struct csv_record *record; /* owned; too large for a stack */
};

/* ---- The file ------------------------------------------------------------------ */

/* A pipe cannot be read twice: its bytes go to a file without a name first. */
static FILE *copy_pipe(FILE *in)
{
	char bytes[65536];
	FILE *copy = tmpfile();
	if (copy == NULL)
		return NULL;
	for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
		if (fwrite(bytes, 1, n, copy) != n)
			break;
	if (ferror(in) || ferror(copy) || fflush(copy) != 0) {
		fclose(copy);
		return NULL;
	}
	rewind(copy);
	return copy;
}

static FILE *open_input(const char *path, char error[FILE_ERROR_MAX])
{
	struct stat stat;
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	if (in != NULL && fstat(fileno(in), &stat) == 0) {
		if (S_ISREG(stat.st_mode))
			return in;
		if (S_ISDIR(stat.st_mode))
			errno = EISDIR;
		FILE *copy = S_ISDIR(stat.st_mode) ? NULL : copy_pipe(in);
		if (in != stdin)
			fclose(in);
		if (copy != NULL)
			return copy;
	}
	snprintf(error, FILE_ERROR_MAX, "%s: %s", path, strerror(errno));
	return NULL;
}

/* Begins at the file's start, and stands behind the heading then. */
static bool begin_pass(struct reading *reading)
{
	csv_free(reading->csv);
	rewind(reading->in);
	reading->csv = csv_new(reading->in, reading->task->delimiter);
	if (reading->csv == NULL) {
		snprintf(reading->error, FILE_ERROR_MAX, "memory ran out");
		return false;
	}
	if (!heading_find(&reading->heading, reading->task, reading->csv, reading->record,
	                  reading->error))
		return false;
	/* Without a heading the first record is a row. */
	if (reading->heading.line != 0)
		return true;
	csv_free(reading->csv);
	rewind(reading->in);
	reading->csv = csv_new(reading->in, reading->task->delimiter);
	return reading->csv != NULL;
}

/* The next record; CSV_FAULT is told. */
static enum csv_result next_record(struct reading *reading)
{
	enum csv_result result = csv_read(reading->csv, reading->record);
	if (result == CSV_FAULT)
		snprintf(reading->error, FILE_ERROR_MAX, "%s: line %" PRIu64 ": %s",
		         reading->task->path, reading->record->line, csv_error(reading->csv));
	return result;
}

static struct lgp_view cell(const struct reading *reading, enum file_column column)
{
	return heading_cell(&reading->heading, reading->record, column);
}

static bool read_amount(const struct reading *reading, struct written_amount *out, const char **why)
{
	const char *unit = reading->task->unit;
	return amount_read(cell(reading, COLUMN_AMOUNT), unit != NULL ? unit : "", out, why);
}

/* ---- The survey ---------------------------------------------------------------- */

static bool survey(struct reading *reading)
{
	enum csv_result result;
	struct written_amount amount;
	struct written_date date;
	const char *why;
	while ((result = next_record(reading)) == CSV_RECORD || result == CSV_BAD) {
		uint64_t line = reading->record->line;
		if (result == CSV_RECORD && read_amount(reading, &amount, &why))
			amount_survey_add(&reading->amounts, &amount, line);
		if (result == CSV_RECORD && date_read(cell(reading, COLUMN_DATE), &date))
			date_survey_add(&reading->dates, &date, line);
	}
	return result == CSV_END;
}

/* Different currencies are never summed. */
static bool same_currency(struct reading *reading, const struct currency_seen *seen)
{
	if (seen->other_line == 0 || reading->task->unit != NULL)
		return true;
	snprintf(reading->error, FILE_ERROR_MAX,
	         "%s: line %" PRIu64 " is in %s and line %" PRIu64
	         " in %s, which are never summed: say --unit CODE for the one to take",
	         reading->task->path, seen->line, seen->text, seen->other_line, seen->other);
	return false;
}

static void set_unit(struct reading *reading)
{
	const char *unit = reading->task->unit;
	if (unit == NULL)
		unit = reading->amounts.code.line != 0 ? reading->amounts.code.text
		                                       : currency_code(reading->amounts.sign.text);
	snprintf(reading->spendings->unit, sizeof reading->spendings->unit, "%s", unit);
}

static bool decide(struct reading *reading)
{
	struct file_told *told = reading->told;
	char why[256];
	bool decided = same_currency(reading, &reading->amounts.code) &&
	               same_currency(reading, &reading->amounts.sign);
	if (!decided)
		return false;
	told->mark = reading->task->mark;
	told->order = reading->task->order;
	if (told->mark == DECIMAL_UNKNOWN)
		decided = amount_survey_mark(&reading->amounts, &told->mark, why);
	if (decided && told->order == DATE_UNKNOWN)
		decided = date_survey_order(&reading->dates, &told->order, why);
	if (!decided)
		snprintf(reading->error, FILE_ERROR_MAX, "%s: %s", reading->task->path, why);
	reading->spendings->scale = reading->amounts.decimals[told->mark];
	set_unit(reading);
	return decided;
}

/* ---- Rows ---------------------------------------------------------------------- */

static const char *take_amount(const struct reading *reading, struct spending *row)
{
	struct written_amount amount;
	const char *why;
	if (!read_amount(reading, &amount, &why))
		return why;
	if (!amount_is_in(&amount, reading->spendings->unit))
		return "the amount is in another currency";
	return amount_value(&amount, reading->told->mark, reading->spendings->scale, &row->amount,
	                    &why)
	               ? NULL
	               : why;
}

/* The order of this date: as the file says, but for those that tell themselves. */
static enum date_order order_of(const struct reading *reading, const struct written_date *date)
{
	if (reading->task->order == DATE_UNKNOWN && date_evident(date) != DATE_UNKNOWN)
		return date_evident(date);
	return reading->told->order;
}

static const char *take_time(const struct reading *reading, int64_t in_day, struct spending *row)
{
	struct lgp_view text = cell(reading, COLUMN_TIME);
	struct written_date stamp;
	if (text.len > 0 && !time_read(text, &in_day)) {
		if (!date_read(text, &stamp) || stamp.time_us == DATE_NO_TIME)
			return "the time is not one";
		in_day = stamp.time_us;
	}
	if (in_day != DATE_NO_TIME && row->date != SPENDING_NO_DATE)
		row->time_us = row->date * INT64_C(86400000000) + in_day;
	return NULL;
}

static const char *take_date(const struct reading *reading, struct spending *row)
{
	struct written_date date = {.time_us = DATE_NO_TIME};
	struct lgp_view text = cell(reading, COLUMN_DATE);
	if (reading->task->columns[COLUMN_DATE] != NULL) {
		if (text.len == 0)
			return "there is no date";
		if (!date_read(text, &date) ||
		    !date_value(&date, order_of(reading, &date), &row->date))
			return "the date is not one, or is written in another way than the others";
	}
	return take_time(reading, date.time_us, row);
}

/* Commas in a field that nobody quoted make more fields than the heading has. */
static bool overflows(const struct reading *reading)
{
	const struct csv_record *record = reading->record;
	if (reading->heading.width == 0)
		return false;
	for (size_t i = reading->heading.width; i < record->count; i++)
		if (csv_trimmed(record->fields[i]).len > 0)
			return true;
	return false;
}

/* NULL: the row is filled; else why it cannot be taken. */
static const char *make_row(const struct reading *reading, struct spending *row)
{
	struct spendings *spendings = reading->spendings;
	*row = (struct spending){
	        .ref = reading->record->line,
	        .date = SPENDING_NO_DATE,
	        .time_us = SPENDING_NO_TIME,
	};
	if (overflows(reading))
		return "it has more fields than the heading";
	const char *why = take_amount(reading, row);
	if (why == NULL)
		why = take_date(reading, row);
	if (why != NULL)
		return why;
	row->staff = spendings_name(spendings, cell(reading, COLUMN_STAFF));
	row->party = spendings_name(spendings, cell(reading, COLUMN_PARTY));
	row->reason = spendings_name(spendings, cell(reading, COLUMN_REASON));
	row->site = spendings_name(spendings, cell(reading, COLUMN_SITE));
	row->incident = spendings_name(spendings, cell(reading, COLUMN_INCIDENT));
	return NULL;
}

static void write_reject(FILE *out, const struct csv_record *record, const char *why)
{
	fprintf(out, "%" PRIu64 ",", record->line);
	csv_write_field(out, lgp_view_of(why));
	fputc(',', out);
	csv_write_fields(out, record, 0);
	fputs("\r\n", out);
}

static void reject(const struct reading *reading, const char *why)
{
	struct file_told *told = reading->told;
	if (told->rejected < REJECTIONS_KEPT) {
		told->rejections[told->rejected].line = reading->record->line;
		told->rejections[told->rejected].why = why;
	}
	told->rejected++;
	if (reading->task->rejects != NULL)
		write_reject(reading->task->rejects, reading->record, why);
}

static enum lgp_status take_record(struct reading *reading, bool bad)
{
	struct spending row = {0};
	reading->told->rows++;
	if (csv_is_blank(reading->record, 0)) {
		reading->told->empty++;
		return LGP_OK;
	}
	const char *why = bad ? csv_error(reading->csv) : make_row(reading, &row);
	if (why != NULL) {
		reject(reading, why);
		return LGP_OK;
	}
	reading->told->taken++;
	reading->told->total += row.amount;
	return spendings_add(reading->spendings, &row);
}

static bool take_rows(struct reading *reading)
{
	enum csv_result result;
	if (reading->task->rejects != NULL)
		fputs("line,why,fields\r\n", reading->task->rejects);
	while ((result = next_record(reading)) == CSV_RECORD || result == CSV_BAD) {
		if (take_record(reading, result == CSV_BAD) == LGP_OK)
			continue;
		snprintf(reading->error, FILE_ERROR_MAX, "%s: line %" PRIu64 ": %s",
		         reading->task->path, reading->record->line, lgp_fault_detail());
		return false;
	}
	return result == CSV_END;
}

bool spending_file_read(const struct file_task *task, struct spendings *spendings,
                        struct file_told *told, char error[FILE_ERROR_MAX])
{
	struct reading reading = {
	        .task = task, .spendings = spendings, .told = told, .error = error};
	*told = (struct file_told){0};
	snprintf(error, FILE_ERROR_MAX, "memory ran out");
	reading.record = malloc(sizeof *reading.record);
	reading.in = reading.record != NULL ? open_input(task->path, error) : NULL;
	bool read = reading.in != NULL && begin_pass(&reading) && survey(&reading) &&
	            decide(&reading) && begin_pass(&reading) && take_rows(&reading);
	if (reading.csv != NULL) {
		told->encoding = csv_encoding(reading.csv);
		told->delimiter = csv_delimiter(reading.csv);
	}
	csv_free(reading.csv);
	free(reading.record);
	if (reading.in != NULL && reading.in != stdin)
		fclose(reading.in);
	return read;
}
