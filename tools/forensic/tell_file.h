/* tell_file: what was read of a file: notes for people, and a sheet "file" of the
 * same numbers for programs.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_FORENSIC_TELL_FILE_H
#define LAGNIAPPE_FORENSIC_TELL_FILE_H

#include "tools/forensic/spending_file.h"
#include "tools/sheet/sheet.h"

void tell_file(const struct file_task *task, const struct file_told *told,
               const struct spendings *spendings, struct document *document);

#endif
