/* log: logfmt lines on stderr.
 * Thread: any; a line is one write(2), so that lines of several threads never
 * run into each other. */
#include "server/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lagniappe/codec.h"

#define LINE_MAX_BYTES 1024
#define MESSAGE_MAX_BYTES 256

static const char *const level_names[] = {"debug", "info", "warn", "error"};
#define LEVEL_COUNT (sizeof level_names / sizeof level_names[0])

static atomic_int least_level = LOG_INFO;

void log_set_level(enum log_level least)
{
	atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

bool log_level_parse(struct lgp_view text, enum log_level *out)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (lgp_view_equal(text, lgp_view_of(level_names[i]))) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool log_enabled(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

static bool is_printable(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* What one byte of a quoted value becomes, 1 to 4 characters.  All but printable
 * ASCII is written in hexadecimal: a terminal that shows the log obeys no
 * control sequence, and no letter passes for another. */
static size_t escape_byte(char out[4], unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	static const char named[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
	const char *found = memchr(named, byte, sizeof named - 1);
	if (found) {
		out[0] = '\\';
		out[1] = letters[found - named];
		return 2;
	}
	if (is_printable(byte)) {
		out[0] = (char)byte;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 15];
	return 4;
}

const char *log_quote(char *out, size_t size, struct lgp_view text)
{
	require(size >= sizeof "\"\"");
	size_t used = 0, max = size - 2; /* the closing quote and NUL always fit */
	out[used++] = '"';
	for (size_t i = 0; i < text.len; i++) {
		char escaped[4];
		size_t len = escape_byte(escaped, (unsigned char)text.ptr[i]);
		if (len > max - used)
			break;
		memcpy(out + used, escaped, len);
		used += len;
	}
	out[used++] = '"';
	out[used] = '\0';
	return out;
}

static int64_t now_us(void)
{
	struct timespec now;
	require(clock_gettime(CLOCK_REALTIME, &now) == 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* snprintf's result as bytes really written into a line of `room` bytes. */
static size_t written(int result, size_t room)
{
	if (result < 0)
		return 0;
	return (size_t)result < room ? (size_t)result : room - 1;
}

static void write_line(const char *line, size_t len)
{
	ssize_t done;
	do
		done = write(STDERR_FILENO, line, len);
	while (done < 0 && errno == EINTR);
	/* A log that cannot be written has nobody to tell. */
}

void log_line(enum log_level level, const char *message, const char *fields, ...)
{
	if (!log_enabled(level))
		return;
	char line[LINE_MAX_BYTES], quoted[MESSAGE_MAX_BYTES], time[LGP_TIME_LEN];
	lgp_time_format(time, now_us());
	log_quote(quoted, sizeof quoted, lgp_view_of(message));
	size_t used = written(snprintf(line, sizeof line, "ts=%.*s level=%s msg=%s%s", LGP_TIME_LEN,
	                               time, level_names[level], quoted, fields ? " " : ""),
	                      sizeof line);
	if (fields) {
		va_list args;
		va_start(args, fields);
		used += written(vsnprintf(line + used, sizeof line - used, fields, args),
		                sizeof line - used);
		va_end(args);
	}
	/* Whoever forgot to quote still forges no line. */
	for (size_t i = 0; i < used; i++)
		if (!is_printable((unsigned char)line[i]))
			line[i] = '?';
	line[used++] = '\n';
	write_line(line, used);
}
