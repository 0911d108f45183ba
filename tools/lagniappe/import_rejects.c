/* import_rejects: the file of the rows that could not be taken, each with its
 * line and reason.  Corrected, it can be imported itself.
 * Thread: the tool's one.  It holds what the source held: 0600. */
#include "tools/lagniappe/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *rejects_row(const struct csv_record *record, size_t first)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	csv_write_fields(out, record, first);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static bool fail(const struct rejects *rejects)
{
	complain("%s cannot be written: %s", rejects->path, strerror(errno));
	return false;
}

static bool start(struct rejects *rejects)
{
	int fd = open(rejects->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(rejects);
	rejects->file = fdopen(fd, "w");
	if (rejects->file == NULL) {
		close(fd);
		return fail(rejects);
	}
	fprintf(rejects->file, "%s,%s,%s\n", REJECTS_LINE, REJECTS_REASON, rejects->heading);
	return true;
}

bool rejects_add(struct rejects *rejects, uint64_t line, const char *reason, const char *row)
{
	if (rejects->file == NULL && !start(rejects))
		return false;
	fprintf(rejects->file, "%llu,", (unsigned long long)line);
	csv_write_field(rejects->file, lgp_view_of(reason));
	fprintf(rejects->file, ",%s\n", row);
	return !ferror(rejects->file) || fail(rejects);
}

bool rejects_close(struct rejects *rejects)
{
	free(rejects->heading);
	rejects->heading = NULL;
	if (rejects->file == NULL)
		return true;
	FILE *file = rejects->file;
	rejects->file = NULL;
	return fclose(file) == 0 || fail(rejects);
}
