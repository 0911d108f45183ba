/* limits_file: a programme's limits as a file: {"limits": [{"id": …}, …]}, each
 * with the fields that the server takes.
 * Thread: the tool's one. */
#ifndef LAGNIAPPE_TOOLS_LIMITS_FILE_H
#define LAGNIAPPE_TOOLS_LIMITS_FILE_H

#include "lagniappe/noun.h"

#include <jansson.h>

#define LIMIT_VALUE_MAX 256

/* The file's list of limits, a new reference; NULL: it cannot be read, or is
 * none, which was said: not JSON, an unknown field, a value that is no text or
 * whole number, no id, two of one id. */
json_t *limits_file_read(const char *path);
/* A field's value as the server has it, "" absent: what is taken when absent
 * filled in, times with their six digits.  False: it is no text nor number. */
bool limits_file_value(const json_t *limit, const struct lgp_field *field,
                       char out[LIMIT_VALUE_MAX]);
/* The limit of that id in a list, or NULL. */
json_t *limits_file_find(const json_t *list, const char *id);

#endif
