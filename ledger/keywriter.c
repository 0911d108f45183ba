/* keywriter: writes a run, front to back, in a bounded buffer.
 * Thread: the applier.
 * Lines come in the order of the records, so filter and records are two
 * streams into one file; the header, which has the digest, comes last.
 * Every megabyte is synced, so that the commit path's own sync finds little to
 * queue behind: the longest commit beside a large merge took 6 ms in two runs
 * so, and 15 and 36 ms with one sync at the end. */
#include "keyformat.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STREAM_LEN 65536
#define SYNC_EVERY (1u << 20) /* bytes */
#define TMP_NAME_LEN (KEYRUN_NAME_LEN + sizeof(KEYRUN_TMP_SUFFIX) - 1)

struct stream {
	uint64_t offset; /* in the file, of bytes[0] */
	size_t len;
	uint8_t bytes[STREAM_LEN];
};

struct keyrun_writer {
	crypto_generichash_state digest; /* 64-aligned, so first */
	const struct keyrun_dir *dir;    /* borrowed */
	int fd;
	char tmp[TMP_NAME_LEN + 1];
	uint64_t from, to, count, line_count;
	uint8_t header[KEYRUN_HEADER_LEN];

	uint64_t added; /* records */
	struct keyrun_record last;
	size_t unsynced; /* bytes */

	/* The line that is being filled. */
	uint64_t line, line_first;
	uint64_t word[KEYRUN_WORDS];
	uint64_t check;
	size_t link_len; /* records in link */
	uint8_t link[KEYRUN_LINK_RECORDS * KEYRUN_RECORD_LEN];

	struct stream lines, records;
};

static void encode_header(struct keyrun_writer *writer)
{
	memcpy(writer->header, KEYRUN_MAGIC, KEYRUN_MAGIC_LEN);
	lgp_put_le(writer->header + 8, writer->count, 8);
	lgp_put_le(writer->header + 16, writer->from, 8);
	lgp_put_le(writer->header + 24, writer->to, 8);
	lgp_put_le(writer->header + 32, writer->line_count, 8);
}

static void set_up(struct keyrun_writer *writer)
{
	crypto_generichash_init(&writer->digest, NULL, 0, KEYRUN_DIGEST_LEN);
	encode_header(writer);
	crypto_generichash_update(&writer->digest, writer->header, KEYRUN_SUMMED_LEN);
	writer->lines.offset = KEYRUN_HEADER_LEN;
	writer->records.offset = keyrun_records_offset(writer->line_count);
}

enum lgp_status keyrun_writer_new(const struct keyrun_dir *dir, uint64_t from, uint64_t to,
                                  uint64_t count, struct keyrun_writer **out)
{
	require(from < to && count <= KEYRUN_COUNT_MAX);
	struct keyrun_writer *writer =
	        aligned_alloc(alignof(struct keyrun_writer), sizeof(*writer));
	char name[KEYRUN_NAME_LEN + 1];

	if (writer == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to write a run of keys");
	memset(writer, 0, sizeof(*writer));
	writer->dir = dir;
	writer->from = from;
	writer->to = to;
	writer->count = count;
	writer->line_count = keyrun_lines(count);
	keyrun_name_format(name, from, to);
	snprintf(writer->tmp, sizeof(writer->tmp), "%s%s", name, KEYRUN_TMP_SUFFIX);
	set_up(writer);
	writer->fd = openat(dir->fd, writer->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (writer->fd < 0) {
		enum lgp_status status = keyrun_io_fault(dir, writer->tmp, "create");
		free(writer);
		return status;
	}
	*out = writer;
	return LGP_OK;
}

void keyrun_writer_abort(struct keyrun_writer *writer)
{
	if (writer == NULL)
		return;
	close(writer->fd);
	/* What cannot be deleted now is swept at the next open. */
	unlinkat(writer->dir->fd, writer->tmp, 0);
	free(writer);
}

static enum lgp_status stream_flush(struct keyrun_writer *writer, struct stream *stream)
{
	enum lgp_status status = keyrun_pwrite(writer->dir, writer->tmp, writer->fd, stream->bytes,
	                                       stream->len, stream->offset);

	if (status != LGP_OK)
		return status;
	stream->offset += stream->len;
	writer->unsynced += stream->len;
	stream->len = 0;
	if (writer->unsynced < SYNC_EVERY)
		return LGP_OK;
	writer->unsynced = 0;
	if (fdatasync(writer->fd) != 0)
		return keyrun_io_fault(writer->dir, writer->tmp, "sync");
	return LGP_OK;
}

static enum lgp_status stream_put(struct keyrun_writer *writer, struct stream *stream,
                                  const uint8_t *bytes, size_t len)
{
	if (stream->len + len > STREAM_LEN) {
		enum lgp_status status = stream_flush(writer, stream);
		if (status != LGP_OK)
			return status;
	}
	memcpy(stream->bytes + stream->len, bytes, len);
	stream->len += len;
	return LGP_OK;
}

static enum lgp_status end_link(struct keyrun_writer *writer)
{
	size_t count = writer->link_len;

	if (count == 0)
		return LGP_OK;
	writer->check = keyrun_check(writer->check, writer->link, count);
	writer->link_len = 0;
	return stream_put(writer, &writer->records, writer->link, count * KEYRUN_RECORD_LEN);
}

static enum lgp_status end_line(struct keyrun_writer *writer)
{
	uint8_t line[KEYRUN_LINE_LEN];
	enum lgp_status status = end_link(writer);

	if (status != LGP_OK)
		return status;
	lgp_put_le(line, writer->line_first, 4);
	lgp_put_le(line + 4, writer->check, 4);
	for (unsigned i = 0; i < KEYRUN_WORDS; i++)
		lgp_put_le(line + 8 + 8 * i, writer->word[i], 8);
	crypto_generichash_update(&writer->digest, line, sizeof(line));
	writer->line++;
	writer->line_first = writer->added;
	writer->check = 0;
	memset(writer->word, 0, sizeof(writer->word));
	return stream_put(writer, &writer->lines, line, sizeof(line));
}

enum lgp_status keyrun_writer_add(struct keyrun_writer *writer, const struct keyrun_record *record)
{
	require(writer->added < writer->count && record->seq <= KEYRUN_SEQ_MAX);
	const struct keyrun_record *last = &writer->last;

	if (writer->added > 0 && (record->prefix < last->prefix ||
	                          (record->prefix == last->prefix && record->seq > last->seq)))
		return lgp_fault(LGP_CORRUPT, "the keys for %s are not in order", writer->tmp);
	uint64_t line = keyrun_line_of(record->prefix, writer->line_count);
	enum lgp_status status = LGP_OK;
	while (status == LGP_OK && writer->line < line)
		status = end_line(writer);
	if (status == LGP_OK && writer->link_len == KEYRUN_LINK_RECORDS)
		status = end_link(writer);
	if (status != LGP_OK)
		return status;
	uint8_t *bytes = writer->link + writer->link_len++ * KEYRUN_RECORD_LEN;
	lgp_put_be(bytes, record->prefix, 8);
	lgp_put_le(bytes + 8, record->seq, 6);
	for (unsigned i = 0; i < KEYRUN_WORDS; i++)
		writer->word[i] |= keyrun_bit(record->prefix, i);
	writer->added++;
	writer->last = *record;
	return LGP_OK;
}

static enum lgp_status write_out(struct keyrun_writer *writer)
{
	enum lgp_status status = LGP_OK;

	while (status == LGP_OK && writer->line < writer->line_count)
		status = end_line(writer);
	if (status == LGP_OK)
		status = stream_flush(writer, &writer->lines);
	if (status == LGP_OK)
		status = stream_flush(writer, &writer->records);
	if (status != LGP_OK)
		return status;
	crypto_generichash_final(&writer->digest, writer->header + KEYRUN_SUMMED_LEN,
	                         KEYRUN_DIGEST_LEN);
	status = keyrun_pwrite(writer->dir, writer->tmp, writer->fd, writer->header,
	                       KEYRUN_HEADER_LEN, 0);
	if (status == LGP_OK && fsync(writer->fd) != 0)
		status = keyrun_io_fault(writer->dir, writer->tmp, "sync");
	return status;
}

enum lgp_status keyrun_writer_finish(struct keyrun_writer *writer, struct keyrun **out)
{
	require(writer->added == writer->count);
	char name[KEYRUN_NAME_LEN + 1];
	enum lgp_status status = write_out(writer);

	keyrun_name_format(name, writer->from, writer->to);
	if (status == LGP_OK && renameat(writer->dir->fd, writer->tmp, writer->dir->fd, name) != 0)
		status = keyrun_io_fault(writer->dir, writer->tmp, "rename");
	if (status == LGP_OK)
		status = keyrun_dir_sync(writer->dir);
	if (status == LGP_OK)
		status = keyrun_open(writer->dir, writer->from, writer->to, out);
	keyrun_writer_abort(writer);
	return status;
}
