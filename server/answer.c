/* answer: entries, receipts and names as JSON.
 * Thread: the worker's loop.  Every grant passes here, so text is appended as
 * it stands and nothing is allocated. */
#include "server/answer.h"

#include "lagniappe/codec.h"
#include "server/detail.h"
#include "server/json.h"
#include "server/limit_use.h"

#include <string.h>

/* ---- names ------------------------------------------------------------------------ */

/* Names are slugs and codes: nothing in them needs an escape. */
static void add_slug(struct buf *out, const char *member, size_t member_len,
                     const struct lgp_record *record)
{
	char *at = buf_reserve(out, member_len + LGP_SLUG_MAX + 1);
	if (at == NULL)
		return;
	memcpy(at, member, member_len);
	memcpy(at + member_len, record->id.text, record->id.len);
	at[member_len + record->id.len] = '"';
	out->len += member_len + record->id.len + 1;
}

static void add_customer(struct worker *worker, struct buf *out, const char *member,
                         size_t member_len, uint64_t number)
{
	char *at = buf_reserve(out, member_len + LGP_CUSTOMER_ID_LEN + 1);
	if (at == NULL)
		return;
	memcpy(at, member, member_len);
	lgp_customer_id(worker->ids, number, at + member_len);
	at[member_len + LGP_CUSTOMER_ID_LEN] = '"';
	out->len += member_len + LGP_CUSTOMER_ID_LEN + 1;
}

/* Registry lock held.  A number is a noun's slug, a token, or a customer. */
static void add_name(struct worker *worker, struct buf *out, const char *member, size_t member_len,
                     uint64_t number)
{
	const struct lgp_record *record = lgp_registry_get(worker->app->ledger, number);
	if (record == NULL) {
		add_customer(worker, out, member, member_len, number);
		return;
	}
	if (record->id.len > 0) {
		add_slug(out, member, member_len, record);
		return;
	}
	buf_add(out, member, member_len);
	buf_text(out, "t-");
	buf_decimal(out, number);
	buf_text(out, "\"");
}

#define NAME(out, name, number)                                                                   \
	do {                                                                                      \
		if ((number) != 0)                                                                \
			add_name(worker, out, ",\"" name "\":\"", sizeof(",\"" name "\":\"") - 1, \
			         number);                                                         \
	} while (0)

void answer_name(struct worker *worker, struct buf *out, const char *name, uint64_t number)
{
	json_write_name(out, name);
	lgp_registry_lock(worker->app->ledger);
	add_name(worker, out, "\"", 1, number);
	lgp_registry_unlock(worker->app->ledger);
}

void answer_customer(struct worker *worker, struct buf *out, const char *name, uint64_t number)
{
	json_write_name(out, name);
	add_customer(worker, out, "\"", 1, number);
}

/* ---- the entry --------------------------------------------------------------------- */

static void add_number(struct buf *out, const char *member, size_t member_len, uint64_t value)
{
	buf_add(out, member, member_len);
	buf_decimal(out, value);
}
#define NUMBER(out, name, value) \
	add_number(out, ",\"" name "\":", sizeof(",\"" name "\":") - 1, value)

static void add_times(struct buf *out, const struct lgp_entry *entry, bool dry)
{
	char time[LGP_TIME_LEN], date[LGP_DATE_LEN];
	if (!dry) {
		lgp_time_format(time, entry->time_us);
		buf_text(out, ",\"time\":\"");
		buf_add(out, time, sizeof time);
		buf_text(out, "\"");
	}
	lgp_date_format(date, entry->business_date);
	buf_text(out, ",\"business_date\":\"");
	buf_add(out, date, sizeof date);
	buf_text(out, "\"");
}

static void add_actor(struct worker *worker, struct buf *out, const struct lgp_entry *entry)
{
	if (entry->actor == 0)
		buf_text(out, ",\"actor\":\"house\"");
	NAME(out, "actor", entry->actor);
	NAME(out, "staff", entry->staff);
}

/* What the entry is, or, of a refusal, would have been. */
static enum lgp_kind meant(const struct lgp_entry *entry)
{
	return entry->kind == LGP_KIND_REFUSAL ? entry->asked : entry->kind;
}

bool answer_has_customer(const struct lgp_entry *entry)
{
	return entry->customer != 0 && meant(entry) != LGP_KIND_IMPORT &&
	       meant(entry) != LGP_KIND_PARTY;
}

/* What an amount means depends on the kind; where nothing is moved nor told,
 * there is none. */
static void add_amount(struct worker *worker, struct buf *out, const struct lgp_entry *entry)
{
	if (meant(entry) == LGP_KIND_THANKS) {
		if (entry->amount > 0)
			NUMBER(out, "minutes", (uint64_t)entry->amount);
		return;
	}
	if (entry->unit == 0 || meant(entry) < LGP_KIND_ALLOTMENT)
		return;
	bool back = (entry->kind == LGP_KIND_ALLOTMENT && entry->debit == LGP_CLASS_BUDGET) ||
	            (entry->kind == LGP_KIND_IMPORT && entry->credit != LGP_CLASS_SETTLEMENT);
	if (back && entry->amount > 0)
		buf_text(out, ",\"amount\":-");
	else
		buf_text(out, ",\"amount\":");
	buf_decimal(out, (uint64_t)entry->amount);
	NAME(out, "unit", entry->unit);
}

static void add_references(struct worker *worker, struct buf *out, const struct lgp_entry *entry)
{
	NAME(out, "reason", entry->reason);
	NAME(out, "budget", entry->budget);
	NAME(out, "site", entry->site);
	if (entry->incident[0] != '\0') {
		buf_text(out, ",\"incident\":\"");
		buf_view(out, lgp_entry_incident(entry));
		buf_text(out, "\"");
	}
	NAME(out, "touchpoint", entry->touchpoint);
	if (entry->refers_to != 0)
		NUMBER(out, "refers_to", entry->refers_to);
}

static void add_balance(struct buf *out, const struct lgp_entry *entry)
{
	if (answer_has_customer(entry) && entry->unit != 0)
		NUMBER(out, "balance", (uint64_t)entry->balance);
}

/* A refusal says what was refused, and why. */
static void add_refusal(struct buf *out, const struct lgp_entry *entry)
{
	const struct lgp_problem_info *info =
	        entry->kind == LGP_KIND_REFUSAL ? lgp_problem_info(entry->code) : NULL;
	if (info == NULL)
		return;
	json_write_text(out, "asked", lgp_view_of(lgp_kind_name(entry->asked)));
	json_write_text(out, "refused", lgp_view_of(info->code));
}

void answer_entry(struct worker *worker, struct buf *out, const struct lgp_entry *entry, bool dry)
{
	if (dry) {
		buf_text(out, "\"kind\":\"");
	} else {
		buf_text(out, "\"seq\":");
		buf_decimal(out, entry->seq);
		buf_text(out, ",\"kind\":\"");
	}
	buf_text(out, lgp_kind_name(entry->kind));
	buf_text(out, "\"");
	add_times(out, entry, dry);
	lgp_registry_lock(worker->app->ledger);
	add_actor(worker, out, entry);
	if (answer_has_customer(entry))
		add_customer(worker, out, ",\"customer\":\"", sizeof(",\"customer\":\"") - 1,
		             entry->customer);
	else if (entry->customer != 0)
		NUMBER(out, "party", entry->customer);
	add_amount(worker, out, entry);
	add_references(worker, out, entry);
	lgp_registry_unlock(worker->app->ledger);
	if (!dry)
		add_balance(out, entry);
	add_refusal(out, entry);
	if (entry->policy != 0)
		NUMBER(out, "policy", entry->policy);
	if (!dry)
		limit_use_entry(worker, out, entry);
}

/* ---- the receipt -------------------------------------------------------------------- */

static void add_base64(struct buf *out, const void *bytes, size_t len)
{
	char *at = buf_reserve(out, LGP_BASE64_LEN(len));
	if (at != NULL)
		out->len += lgp_base64_encode(at, bytes, len);
}

/* The checkpoint as a JSON string's inside; the answers of a batch share it. */
static struct lgp_view escaped(struct worker *worker, uint64_t size, struct lgp_view checkpoint)
{
	struct buf *json = &worker->checkpoint_json;
	if (worker->checkpoint_size != size || json->len < 2) {
		buf_clear(json);
		json_write_string(json, checkpoint);
		worker->checkpoint_size = size;
	}
	return json->failed ? LGP_VIEW("") : (struct lgp_view){json->ptr + 1, json->len - 2};
}

/* A line a hash.  Those high up in the tree are the same for most answers of a batch. */
static void add_proof(struct worker *worker, struct buf *out, const struct lgp_proof *proof)
{
	struct proof_text *text = &worker->proof_text;
	for (unsigned i = 0; i < proof->count; i++) {
		if (i < text->count && lgp_hash_equal(&text->hash[i], &proof->hash[i]))
			continue;
		text->hash[i] = proof->hash[i];
		size_t len = lgp_base64_encode(text->line[i], proof->hash[i].bytes, LGP_HASH_LEN);
		memcpy(text->line[i] + len, "\\n", 2);
		if (i == text->count)
			text->count++;
	}
	buf_add(out, text->line, proof->count * sizeof text->line[0]);
}

void answer_receipt(struct worker *worker, struct buf *out, uint64_t seq, const uint8_t *leaf,
                    const struct lgp_proof *proof, uint64_t size, struct lgp_view checkpoint)
{
	buf_text(out, ",\"receipt\":{\"leaf\":\"");
	add_base64(out, leaf, LGP_ENTRY_LEN);
	buf_text(out, "\",\"proof\":\"c2sp.org/tlog-proof@v1\\nindex ");
	buf_decimal(out, seq);
	buf_text(out, "\\n");
	add_proof(worker, out, proof);
	buf_text(out, "\\n");
	buf_view(out, escaped(worker, size, checkpoint));
	buf_text(out, "\"}");
}

enum lgp_status answer_prove(struct worker *worker, uint64_t seq, struct answer_proof *out)
{
	struct lgp_checkpoint checkpoint;
	struct lgp_node_source source = {lgp_read_node, worker->reader};
	size_t count = 0;
	out->note_len = lgp_released(worker->app->ledger, &checkpoint, out->note);
	out->size = checkpoint.size;
	if (seq >= checkpoint.size)
		return LGP_MISSING;
	enum lgp_status status = lgp_read_entries(worker->reader, seq, 1, out->leaf, &count);
	if (status != LGP_OK)
		return status;
	return count == 1 ? lgp_prove_inclusion(&source, seq, checkpoint.size, &out->proof)
	                  : LGP_MISSING;
}

enum lgp_status answer_receipt_of(struct worker *worker, struct buf *out, uint64_t seq)
{
	struct answer_proof proof;
	enum lgp_status status = answer_prove(worker, seq, &proof);
	if (status == LGP_OK)
		answer_receipt(worker, out, seq, proof.leaf, &proof.proof, proof.size,
		               (struct lgp_view){proof.note, proof.note_len});
	return status;
}

/* ---- answers of writes ----------------------------------------------------------------- */

void answer_end(struct exchange *exchange, int status)
{
	buf_text(exchange->out, "}\n");
	http_reply(exchange, status, "application/json");
}

void answer_problem_more(struct worker *worker, struct buf *out, const struct line *line)
{
	if (line->problem == LGP_PROBLEM_LIMIT_EXCEEDED ||
	    (line->problem == LGP_PROBLEM_AUTHORITY && line->binding != NULL))
		limit_use_refused(worker, out, line);
	if (line->limits != NULL)
		limit_use_list(out, line, true);
	if (line->problem == LGP_PROBLEM_THROTTLED)
		json_write_int(out, "retry_after", line->retry_after_s);
}

static void add_retry_after(struct exchange *exchange, unsigned seconds)
{
	char text[20];
	http_reply_header(exchange, "Retry-After",
	                  (struct lgp_view){text, lgp_decimal_format(text, seconds)});
}

void answer_problem(struct exchange *exchange, const struct line *line)
{
	struct worker *worker = loop_data(exchange->loop);
	char room[DETAIL_ROOM];
	problem_begin(exchange, line->problem, lgp_view_of(line->field),
	              detail_of(worker, line, room));
	answer_problem_more(worker, exchange->out, line);
	if (line->problem == LGP_PROBLEM_THROTTLED)
		add_retry_after(exchange, line->retry_after_s);
	/* What is on record says where. */
	if (line->verdict == LGP_REFUSED || line->refusal_replayed) {
		if (!line->command.dry)
			json_write_int(exchange->out, "seq", (int64_t)line->seq);
		else
			json_write_bool(exchange->out, "dry_run", true);
	}
	if (line->refusal_replayed)
		http_reply_header(exchange, "Idempotent-Replayed", LGP_VIEW("true"));
	problem_end(exchange, line->problem);
}

int answer_status(struct exchange *exchange, const struct job *job)
{
	if (job->line.verdict == LGP_REPLAYED)
		http_reply_header(exchange, "Idempotent-Replayed", LGP_VIEW("true"));
	if ((job->dry && job->line.verdict != LGP_REPLAYED) || job->entry.kind == LGP_KIND_DECLINE)
		return 200;
	return job->entry.kind == LGP_KIND_ASK ? 202 : 201;
}

bool answer_act(struct worker *worker, struct exchange *exchange, const struct job *job)
{
	if (job->proven) {
		answer_receipt(worker, exchange->out, job->line.seq, job->leaf, &job->proof,
		               job->sealed->size,
		               (struct lgp_view){job->sealed->text, job->sealed->len});
		return true;
	}
	if (job->line.verdict != LGP_REPLAYED) {
		json_write_bool(exchange->out, "dry_run", true);
		return true;
	}
	enum lgp_status status = answer_receipt_of(worker, exchange->out, job->line.seq);
	if (status != LGP_OK)
		problem_fault(exchange, status, "receipt");
	return status == LGP_OK;
}

void answer_job(struct worker *worker, struct exchange *exchange, struct job *job)
{
	struct buf *out = exchange->out;
	bool dry = job->dry && job->line.verdict != LGP_REPLAYED;
	if (job->line.problem != LGP_PROBLEM_NONE) {
		answer_problem(exchange, &job->line);
		return;
	}
	if (job->minimal && !dry) {
		buf_text(out, "{\"seq\":");
		buf_decimal(out, job->line.seq);
	} else {
		buf_text(out, "{");
		answer_entry(worker, out, &job->entry, dry);
		if (dry && !job->balance_unseen)
			add_balance(out, &job->entry);
		if (job->line.limits != NULL && dry)
			limit_use_list(out, &job->line, true);
		if (!answer_act(worker, exchange, job))
			return;
	}
	answer_end(exchange, answer_status(exchange, job));
}
