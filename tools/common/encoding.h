/* encoding: a file's bytes as UTF-8.
 * Thread: any, one owner.
 *
 * What a byte order mark says is taken: UTF-8 and UTF-16 of both orders.  Without
 * one bytes pass as they are, and text_from_1252 brings what is not UTF-8 to it. */
#ifndef LAGNIAPPE_TOOLS_ENCODING_H
#define LAGNIAPPE_TOOLS_ENCODING_H

#include "lagniappe/status.h"

#include <stdio.h>

#define ENCODING_CHUNK 65536

enum encoding { ENCODING_BYTES, ENCODING_UTF8, ENCODING_UTF16LE, ENCODING_UTF16BE };

struct decoder {
	FILE *in; /* borrowed */
	enum encoding encoding;
	bool begun;
	uint64_t bytes; /* read of the file */
	uint32_t high;  /* a surrogate that waits for its second half, 0 none */
	unsigned char raw[ENCODING_CHUNK];
};

/* in: at its start. */
void decoder_init(struct decoder *decoder, FILE *in);
/* The next bytes; 0 at the end, and where ferror(in). out: room for 2 chunks. */
size_t decoder_read(struct decoder *decoder, char *out);

/* A UTF-8 encoded character; returns 1 to 4, the bytes written. */
size_t put_utf8(char *out, uint32_t character);
bool text_is_utf8(struct lgp_view text);
/* windows-1252 as UTF-8 at *spare, which needs 3 bytes for each and is moved on. */
struct lgp_view text_from_1252(struct lgp_view text, char **spare);

#endif
