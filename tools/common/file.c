/* file: whole files read into memory, with a bound.
 * Thread: any. */
#include "tools/common/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads to the end; one byte more than max shows that it is too long. */
static enum lgp_status read_all(FILE *in, const char *path, size_t max, char **text, size_t *len)
{
	size_t room = 4096, used = 0;
	char *bytes = NULL;
	for (;;) {
		char *larger = realloc(bytes, room + 1);
		if (larger == NULL) {
			free(bytes);
			return lgp_fault(LGP_NO_MEMORY, "%s: no memory for %zu bytes", path, room);
		}
		bytes = larger;
		used += fread(bytes + used, 1, room - used, in);
		if (used < room || used > max)
			break;
		room *= 2;
	}
	if (ferror(in) || used > max) {
		free(bytes);
		return ferror(in) ? lgp_fault(LGP_IO, "%s: %s", path, strerror(errno))
		                  : lgp_fault(LGP_OVERLOAD, "%s: longer than %zu bytes", path, max);
	}
	bytes[used] = '\0';
	*text = bytes;
	*len = used;
	return LGP_OK;
}

enum lgp_status file_read(const char *path, size_t max, char **text, size_t *len)
{
	if (strcmp(path, "-") == 0)
		return read_all(stdin, "standard input", max, text, len);
	FILE *in = fopen(path, "rbe");
	if (in == NULL)
		return lgp_fault(errno == ENOENT ? LGP_MISSING : LGP_IO, "%s: %s", path,
		                 strerror(errno));
	enum lgp_status status = read_all(in, path, max, text, len);
	fclose(in);
	return status;
}
