/* log: structured lines on stderr, logfmt: ts=… level=… msg="…" key=value …
 * Thread: any; a line is one write(2).
 * I8: no personal data.  Callers log numbers, slugs, statuses, durations, and
 * paths of the route table (with {id}), never bodies, names, references, tokens. */
#ifndef LAGNIAPPE_SERVER_LOG_H
#define LAGNIAPPE_SERVER_LOG_H

#include "lagniappe/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level least);
bool log_level_parse(struct lgp_view text, enum log_level *out);
bool log_enabled(enum log_level level);
/* fields: a printf format for "key=%u key=%s" pairs, or NULL.  Text values must be passed
 * through log_quote, which adds the quotes.  What is not printable ASCII becomes
 * '?'.  A line is at most 1024 bytes, cut there. */
void log_line(enum log_level level, const char *message, const char *fields, ...)
        __attribute__((format(printf, 3, 4)));
/* Quotes and escapes for logfmt into out, NUL included; cut at size (3 or more),
 * between characters, the quotes always closed.  Returns out. */
const char *log_quote(char *out, size_t size, struct lgp_view text);

#endif
