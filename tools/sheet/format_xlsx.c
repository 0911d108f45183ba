/* format_xlsx: a workbook, a worksheet each sheet.
 * Thread: one at a time.
 *
 * The same document gives the same bytes: what the file says of its making is a
 * fixed day.  The library writes to a name; it is given that of a temporary file,
 * which only this process can read, and the file is copied to the stream. */
#include "tools/sheet/xlsx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Above this many cells the library keeps rows on disk.  Charts have no copy of
 * their figures then, and are drawn when a spreadsheet opens the file. */
#define CELLS_IN_MEMORY_MAX 400000
#define MADE_AT 315532800 /* 1980-01-01, the first day that a ZIP file knows */

void workbook_check(struct workbook *workbook, lxw_error error)
{
	if (workbook->error == LXW_NO_ERROR)
		workbook->error = error;
}

static lxw_format *new_format(struct workbook *workbook)
{
	lxw_format *format = workbook_add_format(workbook->book);
	if (format == NULL)
		workbook_check(workbook, LXW_ERROR_MEMORY_MALLOC_FAILED);
	else
		format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
	return format;
}

static void set_number_format(lxw_format *format, enum look look, unsigned scale)
{
	static const char *const begin[] = {
	        [LOOK_TEXT] = "@",
	        [LOOK_FIGURE] = "#,##0",
	        [LOOK_PLAIN] = "0",
	        [LOOK_DATE] = "yyyy-mm-dd",
	        [LOOK_TIME] = "yyyy-mm-dd hh:mm:ss",
	        [LOOK_DIGITS] = "@",
	};
	char text[64];
	int len = snprintf(text, sizeof text, "%s", begin[look]);
	if (scale > 0)
		snprintf(text + len, sizeof text - (size_t)len, ".%.*s", (int)scale,
		         "000000000000000000");
	format_set_num_format(format, text);
}

lxw_format *workbook_look(struct workbook *workbook, enum look look, unsigned scale, bool total)
{
	unsigned decimals = scale < SCALE_COUNT ? scale : SCALE_COUNT - 1;
	lxw_format **slot = &workbook->looks[look][decimals][total];
	if (*slot != NULL)
		return *slot;
	lxw_format *format = new_format(workbook);
	if (format == NULL)
		return NULL;
	set_number_format(format, look, decimals);
	if (look == LOOK_TEXT)
		format_set_text_wrap(format);
	if (look == LOOK_DATE || look == LOOK_TIME)
		format_set_align(format, LXW_ALIGN_LEFT);
	if (look == LOOK_DIGITS)
		format_set_align(format, LXW_ALIGN_RIGHT);
	if (total) {
		format_set_bold(format);
		format_set_top(format, LXW_BORDER_THIN);
	}
	*slot = format;
	return format;
}

static lxw_format *heading_format(struct workbook *workbook, bool right)
{
	lxw_format *format = new_format(workbook);
	if (format == NULL)
		return NULL;
	format_set_bold(format);
	format_set_text_wrap(format);
	format_set_bg_color(format, 0xE4EAF2);
	format_set_bottom(format, LXW_BORDER_MEDIUM);
	format_set_bottom_color(format, 0x1F5FA8);
	format_set_align(format, right ? LXW_ALIGN_RIGHT : LXW_ALIGN_LEFT);
	return format;
}

static void set_formats(struct workbook *workbook)
{
	workbook->heading = heading_format(workbook, false);
	workbook->heading_right = heading_format(workbook, true);
	workbook->note = new_format(workbook);
	if (workbook->note == NULL)
		return;
	format_set_text_wrap(workbook->note);
	format_set_font_color(workbook->note, 0x44505C);
	format_set_num_format(workbook->note, "@");
}

/* A workbook of no sheets is a damaged file. */
static void fill_empty(struct workbook *workbook)
{
	lxw_worksheet *worksheet = workbook_add_worksheet(workbook->book, NULL);
	if (worksheet == NULL)
		workbook_check(workbook, LXW_ERROR_MEMORY_MALLOC_FAILED);
	else
		workbook_check(workbook, worksheet_write_string(worksheet, 0, 0,
		                                                workbook->document->title, NULL));
}

static void fill(struct workbook *workbook)
{
	char title[200];
	text_clean(title, sizeof title - 1, lgp_view_of(workbook->document->title));
	lxw_doc_properties properties = {
	        .title = title,
	        .comments = "Written by lagniappe-audit",
	        .created = MADE_AT,
	};
	workbook_check(workbook, workbook_set_properties(workbook->book, &properties));
	set_formats(workbook);
	workbook_name_sheets(workbook);
	for (size_t i = 0; i < workbook->document->count && workbook->error == LXW_NO_ERROR; i++)
		xlsx_sheet(workbook, i);
	if (workbook->document->count == 0)
		fill_empty(workbook);
}

static enum lgp_status library_fault(lxw_error error)
{
	return lgp_fault(error == LXW_ERROR_MEMORY_MALLOC_FAILED ? LGP_NO_MEMORY : LGP_IO,
	                 "the workbook cannot be made: %s", lxw_strerror(error));
}

/* Makes the workbook in the file of that name. */
static enum lgp_status make_workbook(const struct document *document, char *path, char *folder,
                                     bool *dropped)
{
	struct workbook *workbook = calloc(1, sizeof *workbook);
	lxw_workbook_options options = {.tmpdir = folder, .use_zip64 = LXW_FALSE};
	size_t cells = 0;
	if (workbook == NULL)
		return lgp_fault(LGP_NO_MEMORY, "memory ran out while a workbook was made");
	for (size_t i = 0; i < document->count; i++)
		cells += document->sheets[i]->count;
	options.constant_memory = cells > CELLS_IN_MEMORY_MAX;
	workbook->document = document;
	workbook->book = workbook_new_opt(path, &options);
	lxw_error error = LXW_ERROR_MEMORY_MALLOC_FAILED;
	if (workbook->book != NULL) {
		fill(workbook);
		lxw_error closed = workbook_close(workbook->book);
		error = workbook->error != LXW_NO_ERROR ? workbook->error : closed;
	}
	*dropped = workbook->dropped;
	free(workbook);
	return error == LXW_NO_ERROR ? LGP_OK : library_fault(error);
}

static enum lgp_status copy_file(int fd, FILE *out)
{
	char bytes[65536];
	ssize_t n;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		if (fwrite(bytes, 1, (size_t)n, out) != (size_t)n)
			return lgp_fault(LGP_IO, "the workbook cannot be written: %s",
			                 strerror(errno));
	if (n < 0)
		return lgp_fault(LGP_IO, "the workbook cannot be read back: %s", strerror(errno));
	return LGP_OK;
}

enum lgp_status xlsx_write(const struct document *document, FILE *out)
{
	const char *folder = getenv("TMPDIR");
	char *path = NULL;
	bool dropped = false;
	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	if (asprintf(&path, "%s/lagniappe-XXXXXX", folder) < 0)
		return lgp_fault(LGP_NO_MEMORY, "memory ran out while a workbook was made");
	int fd = mkstemp(path);
	if (fd < 0) {
		enum lgp_status status =
		        lgp_fault(LGP_IO, "no temporary file in %s: %s", folder, strerror(errno));
		free(path);
		return status;
	}
	enum lgp_status status = make_workbook(document, path, (char *)folder, &dropped);
	if (status == LGP_OK)
		status = copy_file(fd, out);
	close(fd);
	unlink(path);
	free(path);
	if (status == LGP_OK && dropped)
		return lgp_fault(LGP_OVERLOAD, "a worksheet has no place for all rows");
	return status;
}
