/* entries: the log as it is read: entries, receipts, payloads.
 * Thread: the exchange's loop. */
#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/visible.h"
#include "server/words.h"

#include <string.h>

/* The entry that {id} names. False: answered. */
static bool find_entry(struct request *request, struct lgp_entry *entry)
{
	uint64_t seq;
	enum lgp_status status = lgp_decimal_parse(request->id, &seq);
	if (status == LGP_OK)
		status = lgp_read_entry(request->worker->reader, seq, entry);
	if (status == LGP_MISSING || status == LGP_MALFORMED) {
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "seq",
		              "there is no entry of this number");
		return false;
	}
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "entry");
		return false;
	}
	if (visible_entry(request, entry))
		return true;
	problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, "seq",
	              "an entry is for its parties and for auditors");
	return false;
}

void entries_get(struct request *request)
{
	struct lgp_entry entry;
	struct buf *out = request->exchange->out;
	if (!find_entry(request, &entry))
		return;
	buf_text(out, "{");
	answer_entry(request->worker, out, &entry, false);
	if (request->principal.role != LGP_ROLE_AUDITOR)
		words_write(request->worker, out, &entry);
	enum lgp_status status = answer_receipt_of(request->worker, out, entry.seq);
	if (status == LGP_OK)
		answer_end(request->exchange, 200);
	else
		problem_fault(request->exchange, status, "receipt");
}

static enum lgp_status write_page(struct request *request, uint64_t from, uint64_t *next)
{
	uint8_t bytes[32 * LGP_ENTRY_LEN];
	struct lgp_entry entry;
	struct buf *out = request->exchange->out;
	uint64_t left = request->page_size;
	size_t count = 1;
	bool first = true;
	while (left > 0 && count > 0) {
		enum lgp_status status =
		        lgp_read_entries(request->worker->reader, from,
		                         left < 32 ? (size_t)left : 32, bytes, &count);
		for (size_t i = 0; i < count && status == LGP_OK; i++) {
			status = lgp_entry_decode(bytes + i * LGP_ENTRY_LEN, &entry);
			if (status != LGP_OK)
				break;
			buf_text(out, first ? "{" : ",{");
			answer_entry(request->worker, out, &entry, false);
			buf_text(out, "}");
			first = false;
		}
		if (status != LGP_OK)
			return status;
		from += count;
		left -= count;
	}
	*next = from;
	return LGP_OK;
}

void entries_list(struct request *request)
{
	struct lgp_checkpoint released;
	struct buf *out = request->exchange->out;
	uint64_t from = 0, after = request->after;
	if (request->page_token.len > 0) {
		if (lgp_decimal_parse(request->page_token, &after) != LGP_OK) {
			problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, "page_token",
			              "page_token must be a next_page_token as answered");
			return;
		}
		request->has_after = true;
	}
	if (request->has_after)
		from = after == UINT64_MAX ? after : after + 1;
	buf_text(out, "{\"entries\":[");
	enum lgp_status status = write_page(request, from, &from);
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "entries");
		return;
	}
	buf_text(out, "]");
	(void)lgp_released(request->app->ledger, &released, NULL);
	if (from < released.size) {
		char token[20];
		json_write_text(out, "next_page_token",
		                (struct lgp_view){token, lgp_decimal_format(token, from - 1)});
	}
	answer_end(request->exchange, 200);
}

/* ---- receipts ------------------------------------------------------------------------------ */

static bool wants_text(struct lgp_view accept)
{
	return accept.ptr != NULL && accept.len > 0 &&
	       memmem(accept.ptr, accept.len, "text/plain", sizeof "text/plain" - 1) != NULL &&
	       memmem(accept.ptr, accept.len, "application/json", sizeof "application/json" - 1) ==
	               NULL;
}

static void reply_proof_text(struct request *request, uint64_t seq,
                             const struct answer_proof *proof)
{
	struct buf *out = request->exchange->out;
	char *at = buf_reserve(out, 48 + 45 * (size_t)proof->proof.count + proof->note_len);
	if (at != NULL)
		out->len += lgp_receipt_format(seq, &proof->proof,
		                               (struct lgp_view){proof->note, proof->note_len}, at);
	http_reply(request->exchange, 200, "text/plain; charset=utf-8");
}

void receipts_get(struct request *request)
{
	struct lgp_entry entry;
	struct answer_proof proof;
	struct buf *out = request->exchange->out;
	if (!find_entry(request, &entry))
		return;
	enum lgp_status status = answer_prove(request->worker, entry.seq, &proof);
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "receipt");
		return;
	}
	if (wants_text(request->exchange->accept)) {
		reply_proof_text(request, entry.seq, &proof);
		return;
	}
	char text[48 + 45 * LGP_PROOF_MAX + LGP_CHECKPOINT_SIGNED_MAX];
	size_t len = lgp_receipt_format(entry.seq, &proof.proof,
	                                (struct lgp_view){proof.note, proof.note_len}, text);
	buf_text(out, "{");
	json_write_base64(out, "leaf", proof.leaf, sizeof proof.leaf);
	json_write_text(out, "proof", (struct lgp_view){text, len});
	buf_text(out, ",\"entry\":{");
	answer_entry(request->worker, out, &entry, false);
	buf_text(out, "}");
	answer_end(request->exchange, 200);
}

/* ---- payloads -------------------------------------------------------------------------------- */

void payloads_get(struct request *request)
{
	struct lgp_hash hash;
	struct buf *out = request->exchange->out;
	size_t max = LGP_DEFINITION_MAX + 256, len = 0;
	enum lgp_status status = LGP_MISSING;
	if (request->id.len == 2 * sizeof hash.bytes &&
	    lgp_hex_decode(request->id, hash.bytes, sizeof hash.bytes) == LGP_OK) {
		char *at = buf_reserve(out, max);
		status = at != NULL
		                 ? lgp_read_payload(request->worker->reader, &hash, at, max, &len)
		                 : LGP_NO_MEMORY;
	}
	if (status == LGP_MISSING) {
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "hash",
		              "no entry binds a payload of this hash");
		return;
	}
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "payload");
		return;
	}
	out->len += len;
	http_reply(request->exchange, 200, "application/octet-stream");
}
