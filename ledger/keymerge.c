/* keymerge: the k-way merge of neighbouring runs.  Memory: 64 kB a part and
 * the writer's buffers, however long the runs are.
 * Thread: the applier. */
#include "keymerge.h"

#include <stdlib.h>

struct source {
	struct keyrun_cursor *cursor; /* owned */
	struct keyrun_record head;
	bool ended;
};

struct keymerge {
	struct keyrun_writer *writer; /* owned */
	size_t count;
	struct source source[]; /* oldest run first */
};

void keymerge_abort(struct keymerge *merge)
{
	if (merge == NULL)
		return;
	keyrun_writer_abort(merge->writer);
	for (size_t i = 0; i < merge->count; i++)
		keyrun_cursor_free(merge->source[i].cursor);
	free(merge);
}

static enum lgp_status advance(struct source *source)
{
	enum lgp_status status = keyrun_cursor_next(source->cursor, &source->head);

	source->ended = status == LGP_MISSING;
	return source->ended ? LGP_OK : status;
}

static enum lgp_status open_parts(struct keymerge *merge, const struct keyrun_dir *dir,
                                  struct keyrun *const *part)
{
	size_t count = merge->count;
	uint64_t records = 0;

	for (size_t i = 0; i < count; i++) {
		require(i == 0 || keyrun_from(part[i]) == keyrun_to(part[i - 1]));
		enum lgp_status status = keyrun_cursor_new(part[i], &merge->source[i].cursor);
		if (status == LGP_OK)
			status = advance(&merge->source[i]);
		if (status != LGP_OK)
			return status;
		records += keyrun_count(part[i]);
	}
	return keyrun_writer_new(dir, keyrun_from(part[0]), keyrun_to(part[count - 1]), records,
	                         &merge->writer);
}

enum lgp_status keymerge_new(const struct keyrun_dir *dir, struct keyrun *const *part, size_t count,
                             struct keymerge **out)
{
	require(count > 0);
	struct keymerge *merge = calloc(1, sizeof(*merge) + count * sizeof(merge->source[0]));

	if (merge == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to merge runs of keys");
	merge->count = count;
	enum lgp_status status = open_parts(merge, dir, part);
	if (status != LGP_OK) {
		keymerge_abort(merge);
		return status;
	}
	*out = merge;
	return LGP_OK;
}

/* NULL when all have ended.  Of equal prefixes the newest goes first. */
static struct source *smallest(struct keymerge *merge)
{
	struct source *best = NULL;

	for (size_t i = 0; i < merge->count; i++) {
		struct source *source = &merge->source[i];
		if (source->ended)
			continue;
		if (best == NULL || source->head.prefix < best->head.prefix ||
		    (source->head.prefix == best->head.prefix && source->head.seq > best->head.seq))
			best = source;
	}
	return best;
}

enum lgp_status keymerge_step(struct keymerge *merge, uint64_t records)
{
	for (uint64_t i = 0; i < records; i++) {
		struct source *source = smallest(merge);
		if (source == NULL)
			return LGP_OK;
		enum lgp_status status = keyrun_writer_add(merge->writer, &source->head);
		if (status == LGP_OK)
			status = advance(source);
		if (status != LGP_OK)
			return status;
	}
	return smallest(merge) == NULL ? LGP_OK : LGP_MISSING;
}

enum lgp_status keymerge_finish(struct keymerge *merge, struct keyrun **out)
{
	enum lgp_status status = keyrun_writer_finish(merge->writer, out);

	merge->writer = NULL;
	keymerge_abort(merge);
	return status;
}
