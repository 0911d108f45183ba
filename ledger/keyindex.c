/* keyindex: recent keys in memory over immutable runs on the disk.
 * Thread: find, add and freeze are the ledger thread's, flush is the applier's,
 * stats anybody's; open and close come before and after all of them.
 *
 *        add          freeze             flush
 *   ──────────► active ─────► frozen ───────────► run … run
 *                                                   └─merge─┘
 *
 * Ranges of entries that touch: runs from 0 on, then frozen, then active.  What
 * find sees besides active is a view.  There are two: flush fills the spare
 * one, swaps, and waits until the last finder has left the old one before it
 * frees what only that one held.  Finders wait for nothing but the lock, which
 * is never held over a read or a write.
 *
 * On the disk, at every instant, the runs that open picks are whole, and what
 * they lack is in the log: a run gets its name when it is durable, its parts
 * are deleted after that, and an empty set still writes an empty run, so that
 * coverage goes on. */
#include "keyformat.h"
#include "keymerge.h"
#include "keyrecent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 128
#define NAMES_MAX 65536 /* files of runs looked at on open; more are deleted */
/* Records that one flush merges: enough to keep up (a key is merged less than
 * 32 times up to 2^32 keys), never so many that the applier is gone for long. */
#define MERGE_RECORDS_MIN (1u << 20)
#define MERGE_RECORDS_PER_KEY 32

struct view {
	size_t pins; /* finders in it */
	size_t run_count;
	struct keyrun *run[RUNS_MAX]; /* oldest first; borrowed by both views */
	struct keyrecent *frozen;     /* or NULL */
};

struct lgp_keyindex {
	struct keyrun_dir dir;
	struct keyrecent *active; /* owned; ledger thread */
	_Atomic uint64_t active_keys, active_bytes;

	pthread_mutex_t lock; /* over the rest, save merge */
	pthread_cond_t unpinned;
	struct view view[2];
	size_t current;

	struct keymerge *merge; /* owned; applier; NULL or under way */
	size_t merge_first, merge_count;
};

static void note_active(struct lgp_keyindex *index)
{
	atomic_store_explicit(&index->active_keys, keyrecent_count(index->active),
	                      memory_order_relaxed);
	atomic_store_explicit(&index->active_bytes, keyrecent_memory(index->active),
	                      memory_order_relaxed);
}

/* Opening. */

struct range {
	uint64_t from, to;
	bool tried;
};

struct names {
	size_t count, room;
	struct range *range;
};

static enum lgp_status names_add(struct names *names, uint64_t from, uint64_t to)
{
	if (names->count == names->room) {
		size_t room = names->room == 0 ? 64 : 2 * names->room;
		struct range *range = realloc(names->range, room * sizeof(*range));
		if (range == NULL)
			return lgp_fault(LGP_NO_MEMORY, "no memory to list runs of keys");
		names->range = range;
		names->room = room;
	}
	names->range[names->count++] = (struct range){.from = from, .to = to};
	return LGP_OK;
}

/* "keys-….tmp": what a crash left of an unfinished run. */
static bool is_temporary(const char *name)
{
	size_t len = strlen(name), suffix = strlen(KEYRUN_TMP_SUFFIX);

	return strncmp(name, "keys-", strlen("keys-")) == 0 && len > suffix &&
	       strcmp(name + len - suffix, KEYRUN_TMP_SUFFIX) == 0;
}

static enum lgp_status look_at(const struct keyrun_dir *dir, const char *name, struct names *names)
{
	uint64_t from, to;

	if (is_temporary(name))
		return keyrun_delete(dir, name);
	if (!keyrun_name_parse(name, &from, &to))
		return LGP_OK;
	if (names->count == NAMES_MAX)
		return keyrun_delete(dir, name);
	return names_add(names, from, to);
}

static enum lgp_status list_names(const struct keyrun_dir *dir, struct names *names)
{
	enum lgp_status status = LGP_OK;
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (stream == NULL) {
		status = keyrun_io_fault(dir, "", "list");
		if (fd >= 0)
			close(fd);
		return status;
	}
	while (status == LGP_OK) {
		errno = 0;
		struct dirent *entry = readdir(stream);
		if (entry == NULL && errno != 0)
			status = keyrun_io_fault(dir, "", "list");
		if (entry == NULL)
			break;
		status = look_at(dir, entry->d_name, names);
	}
	closedir(stream);
	return status;
}

/* The longest that begins at `from` and was not tried, or NULL.  Longest first:
 * parts that outlived their merge lie inside it. */
static struct range *pick_name(struct names *names, uint64_t from, uint64_t log_size)
{
	struct range *best = NULL;

	for (size_t i = 0; i < names->count; i++) {
		struct range *range = &names->range[i];
		if (!range->tried && range->from == from && range->to <= log_size &&
		    (best == NULL || range->to > best->to))
			best = range;
	}
	return best;
}

static enum lgp_status open_loaded(const struct keyrun_dir *dir, const struct range *range,
                                   struct keyrun **out)
{
	struct keyrun *run = NULL;
	enum lgp_status status = keyrun_open(dir, range->from, range->to, &run);

	if (status == LGP_OK)
		status = keyrun_load(run);
	if (status != LGP_OK) {
		keyrun_close(run);
		return status;
	}
	*out = run;
	return LGP_OK;
}

static enum lgp_status open_contiguous(struct lgp_keyindex *index, struct names *names,
                                       uint64_t log_size, uint64_t *covered)
{
	struct view *view = &index->view[0];
	struct range *range;

	*covered = 0;
	while (view->run_count < RUNS_MAX &&
	       (range = pick_name(names, *covered, log_size)) != NULL) {
		enum lgp_status status =
		        open_loaded(&index->dir, range, &view->run[view->run_count]);
		range->tried = true;
		if (status == LGP_CORRUPT || status == LGP_FORMAT)
			continue;
		if (status != LGP_OK)
			return status;
		view->run_count++;
		*covered = range->to;
	}
	return LGP_OK;
}

static bool is_open(const struct view *view, const struct range *range)
{
	for (size_t i = 0; i < view->run_count; i++) {
		if (keyrun_from(view->run[i]) == range->from &&
		    keyrun_to(view->run[i]) == range->to)
			return true;
	}
	return false;
}

/* They must be gone before a key is added: a run that stayed behind a gap would
 * be believed again once the gap is filled. */
static enum lgp_status delete_others(struct lgp_keyindex *index, const struct names *names)
{
	char name[KEYRUN_NAME_LEN + 1];

	for (size_t i = 0; i < names->count; i++) {
		const struct range *range = &names->range[i];
		if (is_open(&index->view[0], range))
			continue;
		keyrun_name_format(name, range->from, range->to);
		enum lgp_status status = keyrun_delete(&index->dir, name);
		if (status != LGP_OK)
			return status;
	}
	return keyrun_dir_sync(&index->dir);
}

static enum lgp_status open_runs(struct lgp_keyindex *index, uint64_t log_size, uint64_t *covered)
{
	struct names names = {0};
	enum lgp_status status = list_names(&index->dir, &names);

	if (status == LGP_OK)
		status = open_contiguous(index, &names, log_size, covered);
	if (status == LGP_OK)
		status = delete_others(index, &names);
	free(names.range);
	return status;
}

static enum lgp_status open_dir(struct keyrun_dir *dir, const char *path)
{
	dir->path = strdup(path);
	if (dir->path == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to open the runs of keys");
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir->fd < 0 ? keyrun_io_fault(dir, "", "open") : LGP_OK;
}

enum lgp_status lgp_keyindex_open(const char *dir, uint64_t log_size, uint64_t *covered,
                                  struct lgp_keyindex **out)
{
	struct lgp_keyindex *index = calloc(1, sizeof(*index));

	if (index == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to open the runs of keys");
	index->dir.fd = -1;
	require(pthread_mutex_init(&index->lock, NULL) == 0);
	require(pthread_cond_init(&index->unpinned, NULL) == 0);
	enum lgp_status status = open_dir(&index->dir, dir);
	if (status == LGP_OK)
		status = open_runs(index, log_size, covered);
	if (status == LGP_OK)
		status = keyrecent_new(*covered, &index->active);
	if (status != LGP_OK) {
		lgp_keyindex_close(index);
		return status;
	}
	note_active(index);
	*out = index;
	return LGP_OK;
}

void lgp_keyindex_close(struct lgp_keyindex *index)
{
	if (index == NULL)
		return;
	struct view *view = &index->view[index->current];

	require(view->pins == 0);
	keymerge_abort(index->merge);
	for (size_t i = 0; i < view->run_count; i++)
		keyrun_close(view->run[i]);
	keyrecent_free(view->frozen);
	keyrecent_free(index->active);
	pthread_cond_destroy(&index->unpinned);
	pthread_mutex_destroy(&index->lock);
	if (index->dir.fd >= 0)
		close(index->dir.fd);
	free(index->dir.path);
	free(index);
}

/* Finding. */

static struct view *pin(struct lgp_keyindex *index)
{
	pthread_mutex_lock(&index->lock);
	struct view *view = &index->view[index->current];
	view->pins++;
	pthread_mutex_unlock(&index->lock);
	return view;
}

static void unpin(struct lgp_keyindex *index, struct view *view)
{
	pthread_mutex_lock(&index->lock);
	if (--view->pins == 0)
		pthread_cond_signal(&index->unpinned);
	pthread_mutex_unlock(&index->lock);
}

static enum lgp_status find_in_view(const struct view *view, uint64_t prefix,
                                    lgp_keyindex_candidate candidate, void *context)
{
	enum lgp_status status = LGP_MISSING;

	if (view->frozen != NULL)
		status = keyrecent_find(view->frozen, prefix, candidate, context);
	for (size_t i = view->run_count; status == LGP_MISSING && i-- > 0;)
		status = keyrun_find(view->run[i], prefix, candidate, context);
	return status;
}

static void near_buckets(const struct keyrecent *active, const struct view *view, uint64_t prefix)
{
	keyrecent_near_bucket(active, prefix);
	if (view->frozen != NULL)
		keyrecent_near_bucket(view->frozen, prefix);
	for (size_t i = 0; i < view->run_count; i++)
		keyrun_prefetch(view->run[i], prefix);
}

static void near_keys(const struct keyrecent *active, const struct view *view, uint64_t prefix)
{
	keyrecent_near_key(active, prefix);
	if (view->frozen != NULL)
		keyrecent_near_key(view->frozen, prefix);
}

void lgp_keyindex_near(struct lgp_keyindex *index, const uint8_t *const macs[], size_t count,
                       bool second)
{
	struct view *view = pin(index);
	for (size_t i = 0; i < count; i++) {
		uint64_t prefix = lgp_get_be(macs[i], 8);
		if (!second) {
			near_buckets(index->active, view, prefix);
			continue;
		}
		near_keys(index->active, view, prefix);
		keyrecent_near_split(index->active, i);
	}
	unpin(index, view);
}

enum lgp_status lgp_keyindex_find(struct lgp_keyindex *index, const uint8_t mac[LGP_MAC_LEN],
                                  lgp_keyindex_candidate candidate, void *context)
{
	uint64_t prefix = lgp_get_be(mac, 8);
	struct view *view = pin(index);

	/* All cache misses at once, not one after the other. */
	for (size_t i = 0; i < view->run_count; i++)
		keyrun_prefetch(view->run[i], prefix);
	enum lgp_status status = keyrecent_find(index->active, prefix, candidate, context);
	if (status == LGP_MISSING)
		status = find_in_view(view, prefix, candidate, context);
	unpin(index, view);
	return status;
}

/* Adding. */

enum lgp_status lgp_keyindex_add(struct lgp_keyindex *index, const uint8_t mac[LGP_MAC_LEN],
                                 uint64_t seq)
{
	if (seq < keyrecent_from(index->active))
		return LGP_OK;
	enum lgp_status status = keyrecent_add(index->active, lgp_get_be(mac, 8), seq);
	note_active(index);
	return status;
}

bool lgp_keyindex_freeze(struct lgp_keyindex *index, uint64_t upto)
{
	struct keyrecent *newer;

	require(upto <= KEYRUN_SEQ_MAX + 1);
	pthread_mutex_lock(&index->lock);
	bool busy = index->view[index->current].frozen != NULL;
	pthread_mutex_unlock(&index->lock);
	if (busy)
		return false;
	if (upto <= keyrecent_from(index->active))
		return true;
	if (keyrecent_split(index->active, upto, &newer) != LGP_OK)
		return false;
	pthread_mutex_lock(&index->lock);
	index->view[index->current].frozen = index->active;
	pthread_mutex_unlock(&index->lock);
	index->active = newer;
	note_active(index);
	return true;
}

/* Flushing. */

/* The applier alone changes which view is current and what runs it has, so it
 * may read that without the lock. */
static struct view *current_view(struct lgp_keyindex *index)
{
	return &index->view[index->current];
}

static struct keyrecent *frozen_set(struct lgp_keyindex *index)
{
	pthread_mutex_lock(&index->lock);
	struct keyrecent *frozen = current_view(index)->frozen;
	pthread_mutex_unlock(&index->lock);
	return frozen;
}

/* Puts `run` in the place of `count` runs from `first` on.  When it returns
 * nobody looks at what was replaced.  `written`: the frozen set is in `run`. */
static void publish(struct lgp_keyindex *index, size_t first, size_t count, struct keyrun *run,
                    bool written)
{
	pthread_mutex_lock(&index->lock);
	struct view *old = current_view(index);
	struct view *new = &index->view[1 - index->current];

	require(new->pins == 0 && first + count <= old->run_count);
	new->run_count = old->run_count - count + 1;
	require(new->run_count <= RUNS_MAX);
	for (size_t i = 0; i < first; i++)
		new->run[i] = old->run[i];
	new->run[first] = run;
	for (size_t i = first + 1; i < new->run_count; i++)
		new->run[i] = old->run[i + count - 1];
	new->frozen = written ? NULL : old->frozen;
	index->current = 1 - index->current;
	while (old->pins > 0)
		pthread_cond_wait(&index->unpinned, &index->lock);
	pthread_mutex_unlock(&index->lock);
}

static enum lgp_status write_records(struct lgp_keyindex *index, const struct keyrecent *frozen,
                                     const struct keyrun_record *records, struct keyrun **out)
{
	uint64_t count = keyrecent_count(frozen);
	struct keyrun_writer *writer;
	enum lgp_status status = keyrun_writer_new(&index->dir, keyrecent_from(frozen),
	                                           keyrecent_to(frozen), count, &writer);

	if (status != LGP_OK)
		return status;
	for (uint64_t i = 0; status == LGP_OK && i < count; i++)
		status = keyrun_writer_add(writer, &records[i]);
	if (status != LGP_OK) {
		keyrun_writer_abort(writer);
		return status;
	}
	return keyrun_writer_finish(writer, out);
}

static enum lgp_status write_frozen(struct lgp_keyindex *index, struct keyrecent *frozen)
{
	struct keyrun_record *records;
	struct keyrun *run = NULL;
	enum lgp_status status = keyrecent_sort(frozen, &records);

	if (status == LGP_OK)
		status = write_records(index, frozen, records, &run);
	free(records);
	if (status == LGP_OK)
		status = keyrun_load(run);
	if (status != LGP_OK) {
		keyrun_close(run);
		return status;
	}
	publish(index, current_view(index)->run_count, 0, run, true);
	keyrecent_free(frozen);
	return LGP_OK;
}

/* The longest tail in which no run is more than twice as large as all that is
 * newer: after its merge sizes fall by half from run to run.  Returns where it
 * begins; a tail of one run is none. */
static size_t pick_tail(const struct view *view)
{
	size_t first = view->run_count == 0 ? 0 : view->run_count - 1;
	uint64_t sum = view->run_count == 0 ? 0 : keyrun_count(view->run[first]);

	while (first > 0) {
		uint64_t older = keyrun_count(view->run[first - 1]);
		if (older > 2 * sum || older + sum > KEYRUN_COUNT_MAX)
			break;
		sum += older;
		first--;
	}
	return first;
}

static enum lgp_status start_merge(struct lgp_keyindex *index, size_t first)
{
	const struct view *view = current_view(index);

	index->merge_first = first;
	index->merge_count = view->run_count - first;
	return keymerge_new(&index->dir, view->run + first, index->merge_count, &index->merge);
}

/* The parts' filters are freed before the merged run's is loaded, so that two
 * never stand in memory; for that moment find reads the one on the disk.  The
 * parts' files go last. */
static enum lgp_status end_merge(struct lgp_keyindex *index)
{
	const struct view *old = current_view(index);
	size_t first = index->merge_first, count = index->merge_count;
	struct keyrun *run;
	enum lgp_status status = keymerge_finish(index->merge, &run);
	char gone[RUNS_MAX][KEYRUN_NAME_LEN + 1];

	index->merge = NULL;
	if (status != LGP_OK)
		return status;
	publish(index, first, count, run, false);
	for (size_t i = 0; i < count; i++) {
		struct keyrun *part = old->run[first + i];
		keyrun_name_format(gone[i], keyrun_from(part), keyrun_to(part));
		keyrun_close(part);
	}
	status = keyrun_load(run);
	for (size_t i = 0; status == LGP_OK && i < count; i++)
		status = keyrun_delete(&index->dir, gone[i]);
	return status;
}

static enum lgp_status continue_merge(struct lgp_keyindex *index, uint64_t records)
{
	enum lgp_status status = keymerge_step(index->merge, records);

	if (status == LGP_MISSING)
		return LGP_OK;
	if (status == LGP_OK)
		return end_merge(index);
	keymerge_abort(index->merge);
	index->merge = NULL;
	return status;
}

/* A fault left a merged run on the disk: its filter comes now. */
static enum lgp_status load_all(struct lgp_keyindex *index)
{
	const struct view *view = current_view(index);
	enum lgp_status status = LGP_OK;

	for (size_t i = 0; status == LGP_OK && i < view->run_count; i++) {
		if (!keyrun_loaded(view->run[i]))
			status = keyrun_load(view->run[i]);
	}
	return status;
}

static enum lgp_status merge_some(struct lgp_keyindex *index, uint64_t records)
{
	enum lgp_status status = load_all(index);

	if (status == LGP_OK && index->merge == NULL) {
		size_t first = pick_tail(current_view(index));
		if (first + 1 >= current_view(index)->run_count)
			return LGP_OK;
		status = start_merge(index, first);
	}
	return status == LGP_OK ? continue_merge(index, records) : status;
}

/* Only where merges failed or fell far behind: they first, whatever it takes. */
static enum lgp_status make_room(struct lgp_keyindex *index)
{
	if (current_view(index)->run_count < RUNS_MAX)
		return LGP_OK;
	enum lgp_status status = merge_some(index, UINT64_MAX);
	if (status == LGP_OK && current_view(index)->run_count == RUNS_MAX)
		return lgp_fault(LGP_OVERLOAD, "%d runs of keys and none to merge", RUNS_MAX);
	return status;
}

enum lgp_status lgp_keyindex_flush(struct lgp_keyindex *index)
{
	struct keyrecent *frozen = frozen_set(index);
	uint64_t records = MERGE_RECORDS_MIN;

	if (frozen != NULL) {
		uint64_t wanted = MERGE_RECORDS_PER_KEY * keyrecent_count(frozen);
		enum lgp_status status = make_room(index);
		if (status == LGP_OK)
			status = write_frozen(index, frozen);
		if (status != LGP_OK)
			return status;
		records = wanted > records ? wanted : records;
	}
	return merge_some(index, records);
}

void lgp_keyindex_stats(struct lgp_keyindex *index, struct lgp_keyindex_stats *out)
{
	out->recent = atomic_load_explicit(&index->active_keys, memory_order_relaxed);
	out->memory_bytes =
	        sizeof(*index) + atomic_load_explicit(&index->active_bytes, memory_order_relaxed);
	out->stored = 0;
	pthread_mutex_lock(&index->lock);
	const struct view *view = current_view(index);
	if (view->frozen != NULL) {
		out->recent += keyrecent_count(view->frozen);
		out->memory_bytes += keyrecent_memory(view->frozen);
	}
	for (size_t i = 0; i < view->run_count; i++) {
		out->stored += keyrun_count(view->run[i]);
		out->memory_bytes += keyrun_memory(view->run[i]);
	}
	out->runs = view->run_count;
	pthread_mutex_unlock(&index->lock);
}
