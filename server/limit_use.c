/* limit_use: limits and how much of them is used, as they are answered.
 * Thread: the worker's loop, save where said.
 *
 * What a refusal or an ask said of its limit is the entry's payload: lines
 * "limit ID", "max N", "used N", "remaining N", "resets_at TIME", and of an ask
 * "expires TIME". */
#include "server/limit_use.h"

#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/json.h"

#include <string.h>

/* ---- explaining: the ledger thread ----------------------------------------------------- */

enum lgp_status limit_use_explain(struct app *app, struct job *job, struct line *line)
{
	static struct lgp_limit_use room[LIMIT_USES_MAX]; /* the ledger thread's */
	size_t count = 0;
	enum lgp_status status =
	        lgp_explain(app->ledger, &line->command, room, LIMIT_USES_MAX, &count);
	if (status != LGP_OK)
		return status;
	struct lgp_limit_use *copy = job_alloc(job, (count + 1) * sizeof *copy);
	if (copy == NULL)
		return LGP_OVERLOAD;
	memcpy(copy, room, count * sizeof *copy);
	line->limits = copy;
	line->limit_count = count;
	return LGP_OK;
}

/* ---- figures ------------------------------------------------------------------------------ */

static void write_choice(struct buf *out, const char *name, const char *choices, unsigned index)
{
	for (; index > 0; index--)
		choices = strchr(choices, '|') + 1;
	json_write_text(out, name, (struct lgp_view){choices, strcspn(choices, "|")});
}

static void write_figures(struct buf *out, const struct lgp_limit_use *use)
{
	json_write_text(out, "limit", lgp_slug_view(&use->id));
	json_write_int(out, "max", use->max);
	json_write_int(out, "used", use->used);
	json_write_int(out, "remaining", use->remaining);
	if (use->resets_at_us != INT64_MAX)
		json_write_time(out, "resets_at", use->resets_at_us);
}

/* What must be named before it is known how much of the limit is used. */
static void write_needs(struct buf *out, const struct lgp_limit_use *use,
                        const struct lgp_command *command)
{
	if (use->needs_customer)
		json_write_text(out, "needs",
		                command->customer == 0 ? LGP_VIEW("customer")
		                                       : LGP_VIEW("incident"));
}

void limit_use_list(struct buf *out, const struct line *line, bool whole)
{
	json_write_name(out, "limits");
	buf_text(out, "[");
	for (size_t i = 0; i < line->limit_count; i++) {
		const struct lgp_limit_use *use = &line->limits[i];
		buf_text(out, i > 0 ? ",{" : "{");
		write_figures(out, use);
		write_choice(out, "measure", LGP_MEASURE_CHOICES, use->measure);
		write_choice(out, "per", LGP_PER_CHOICES, use->per);
		write_choice(out, "window", LGP_WINDOW_CHOICES, use->window);
		json_write_text(out, "when_passed",
		                use->ask ? LGP_VIEW("ask") : LGP_VIEW("refuse"));
		json_write_int(out, "version", (int64_t)use->version);
		write_needs(out, use, &line->command);
		if (whole)
			json_write_bool(out, "passed", use->passed);
		buf_text(out, "}");
	}
	buf_text(out, "]");
}

/* ---- what is on record ----------------------------------------------------------------------- */

#define PAYLOAD_MAX (LGP_DEFINITION_MAX + 256)

static bool takes_figures(const struct lgp_entry *entry)
{
	return entry->kind == LGP_KIND_ASK ||
	       (entry->kind == LGP_KIND_REFUSAL && entry->code == LGP_PROBLEM_LIMIT_EXCEEDED);
}

static bool read_payload(struct worker *worker, const struct lgp_entry *entry,
                         char room[PAYLOAD_MAX], struct lgp_view *out)
{
	size_t len = 0;
	if ((entry->flags & LGP_FLAG_PAYLOAD) == 0 ||
	    lgp_read_payload(worker->reader, &entry->hash, room, PAYLOAD_MAX, &len) != LGP_OK)
		return false;
	*out = (struct lgp_view){room, len};
	return true;
}

/* The value of the payload's line "name value", ptr NULL: none. */
static struct lgp_view line_named(struct lgp_view payload, const char *name)
{
	size_t name_len = strlen(name);
	const char *at = payload.ptr, *end = payload.ptr + payload.len, *lf;
	for (; at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL; at = lf + 1)
		if ((size_t)(lf - at) > name_len && at[name_len] == ' ' &&
		    memcmp(at, name, name_len) == 0)
			return (struct lgp_view){at + name_len + 1,
			                         (size_t)(lf - at) - name_len - 1};
	return (struct lgp_view){NULL, 0};
}

static void write_line(struct buf *out, struct lgp_view payload, const char *line, const char *name)
{
	uint64_t number;
	struct lgp_view value = line_named(payload, line);
	if (value.ptr == NULL)
		return;
	if (lgp_decimal_parse(value, &number) == LGP_OK && strcmp(line, "limit") != 0)
		json_write_int(out, name, (int64_t)number);
	else
		json_write_text(out, name, value);
}

static void write_recorded(struct buf *out, struct lgp_view payload)
{
	static const char *const names[] = {"limit", "max", "used", "remaining", "resets_at"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		write_line(out, payload, names[i], names[i]);
}

/* The terms that judged, as lines: an entry's number is its version's for ever. */
static bool read_terms(struct worker *worker, uint64_t version, char room[PAYLOAD_MAX],
                       struct lgp_view *out)
{
	struct lgp_entry entry;
	return version != 0 && lgp_read_entry(worker->reader, version, &entry) == LGP_OK &&
	       entry.kind == LGP_KIND_LIMIT && read_payload(worker, &entry, room, out);
}

static void write_terms(struct worker *worker, struct buf *out, uint64_t version)
{
	static const char *const names[] = {"unit", "measure", "when_passed"};
	char room[PAYLOAD_MAX];
	struct lgp_view terms;
	if (!read_terms(worker, version, room, &terms))
		return;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct lgp_view value = line_named(terms, names[i]);
		if (value.ptr != NULL)
			json_write_text(out, names[i], value);
	}
}

/* The version that a line was refused by; 0: none is known. */
static uint64_t refused_by(struct worker *worker, const struct line *line, struct lgp_entry *entry)
{
	if (line->binding != NULL)
		return line->binding->version;
	return lgp_read_entry(worker->reader, line->seq, entry) == LGP_OK && takes_figures(entry)
	               ? entry->limit
	               : 0;
}

bool limit_use_asks(struct worker *worker, const struct line *line)
{
	char room[PAYLOAD_MAX];
	struct lgp_entry entry;
	struct lgp_view terms;
	return read_terms(worker, refused_by(worker, line, &entry), room, &terms) &&
	       lgp_view_equal(line_named(terms, "when_passed"), LGP_VIEW("ask"));
}

void limit_use_refused(struct worker *worker, struct buf *out, const struct line *line)
{
	char room[PAYLOAD_MAX];
	struct lgp_entry entry;
	struct lgp_view payload;
	uint64_t version = refused_by(worker, line, &entry);
	if (line->binding != NULL)
		write_figures(out, line->binding);
	else if (version != 0 && read_payload(worker, &entry, room, &payload))
		write_recorded(out, payload);
	write_terms(worker, out, version);
}

/* The id of the limit that a version, an entry's number, defines. */
static void write_limit_of(struct worker *worker, struct buf *out, uint64_t version)
{
	struct lgp_entry entry;
	struct lgp_slug id = {0};
	if (lgp_read_entry(worker->reader, version, &entry) != LGP_OK)
		return;
	uint64_t number = (entry.flags & LGP_FLAG_AMEND) != 0 ? entry.refers_to : version;
	lgp_registry_lock(worker->app->ledger);
	const struct lgp_record *record = lgp_registry_get(worker->app->ledger, number);
	if (record != NULL && record->kind == LGP_KIND_LIMIT)
		id = record->id;
	lgp_registry_unlock(worker->app->ledger);
	if (id.len > 0)
		json_write_text(out, "limit", lgp_slug_view(&id));
}

void limit_use_entry(struct worker *worker, struct buf *out, const struct lgp_entry *entry)
{
	char room[PAYLOAD_MAX];
	struct lgp_view payload = {NULL, 0};
	bool approved = entry->kind == LGP_KIND_GRANT && entry->refers_to != 0;
	if (entry->kind == LGP_KIND_LIMIT) {
		if (entry->limit != 0)
			json_write_int(out, "previous_version", (int64_t)entry->limit);
		return;
	}
	if (takes_figures(entry) || approved)
		(void)read_payload(worker, entry, room, &payload);
	if (entry->limit != 0) {
		buf_text(out, ",\"limits\":[{");
		if (takes_figures(entry) && payload.ptr != NULL) {
			write_recorded(out, payload);
			write_terms(worker, out, entry->limit);
		} else {
			write_limit_of(worker, out, entry->limit);
		}
		json_write_int(out, "version", (int64_t)entry->limit);
		buf_text(out, "}]");
	}
	if (payload.ptr != NULL) {
		write_line(out, payload, "expires", "expires_at");
		write_line(out, payload, "authority", "authority");
	}
}
