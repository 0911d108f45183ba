/* file: whole files read into memory, with a bound.
 * Thread: any. */
#ifndef LAGNIAPPE_TOOLS_FILE_H
#define LAGNIAPPE_TOOLS_FILE_H

#include "lagniappe/status.h"

/* Reads the file, or standard input for "-".  *text is owned by the caller, its
 * len bytes are followed by a NUL.
 * LGP_MISSING, LGP_IO, LGP_NO_MEMORY; LGP_OVERLOAD: longer than max bytes.
 * lgp_fault_detail() names the file and the cause. */
LGP_MUST_USE enum lgp_status file_read(const char *path, size_t max, char **text, size_t *len);

#endif
