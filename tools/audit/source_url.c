/* source_url: see source_url.h: asking, opening, checkpoint and payloads.
 * Thread: one at a time. */
#include "tools/audit/source_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

static struct url_source *url_of(struct source *source)
{
	return (struct url_source *)source;
}

/* ---- asking -------------------------------------------------------------------- */

void url_fail(struct url_source *url, enum lgp_status status)
{
	url->common.failure = status;
	snprintf(url->common.failure_text, sizeof url->common.failure_text, "%s",
	         lgp_fault_detail());
	url->common.failed = true;
}

void url_complain(struct url_source *url, uint64_t seq, const struct http_call *call,
                  const char *why)
{
	struct source *common = &url->common;
	(void)lgp_fault(LGP_CORRUPT, "GET %s: %s", call->path, why);
	if (common->complaint_count == COMPLAINTS_MAX) {
		common->complaints_dropped++;
		return;
	}
	struct complaint *complaint = &common->complaint[common->complaint_count++];
	complaint->seq = seq;
	snprintf(complaint->text, sizeof complaint->text, "%s", lgp_fault_detail());
}

/* What no audit can go on with. */
static enum lgp_status judge_access(const struct http_call *call)
{
	switch (call->status) {
	case 401:
		return lgp_fault(
		        LGP_INVALID,
		        "GET %s was answered 401: give an auditor's token that is still in "
		        "force, with --token or in LAGNIAPPE_TOKEN",
		        call->path);
	case 403:
		return lgp_fault(LGP_INVALID,
		                 "GET %s was answered 403: the token is not an auditor's",
		                 call->path);
	case 407:
		return lgp_fault(LGP_INVALID, "a proxy on the way wants to know who asks");
	default:
		if (call->status < 300 || call->status > 399)
			return LGP_OK;
		return lgp_fault(LGP_INVALID,
		                 "GET %s was answered %ld: the ledger is at another address; "
		                 "redirects are not followed",
		                 call->path, call->status);
	}
}

enum lgp_status url_ask(struct url_source *url, struct http_call *calls, size_t count)
{
	enum lgp_status status = source_failure(&url->common);
	if (status != LGP_OK)
		return status;
	status = http_get(url->http, calls, count);
	for (size_t i = 0; i < count && status == LGP_OK; i++)
		status = judge_access(&calls[i]);
	if (status != LGP_OK)
		url_fail(url, status);
	return status;
}

enum cell url_judge(struct url_source *url, const struct http_call *call, uint64_t seq,
                    char why[SERVED_WHY_MAX])
{
	if (call->status == 200)
		return CELL_HERE;
	if (call->status == 404 || call->status == 410)
		return CELL_MISSING;
	snprintf(why, SERVED_WHY_MAX, "it was answered %ld", call->status);
	url_complain(url, seq, call, why);
	return CELL_DAMAGED;
}

/* ---- the checkpoint, the names -------------------------------------------------------- */

static enum lgp_status url_extent(struct source *source, struct extent *out)
{
	uint64_t size = url_of(source)->checkpoint.size;
	*out = (struct extent){.size = size, .entries = size, .checkpoints = 1, .covered = size};
	return LGP_OK;
}

static enum lgp_status url_checkpoints(struct source *source, uint64_t from,
                                       struct stored_checkpoint out[CHECKPOINTS_MAX], size_t *count)
{
	const struct url_source *url = url_of(source);
	*count = from <= url->checkpoint.size;
	out[0] = url->checkpoint;
	return LGP_OK;
}

/* The format is the one whose addresses were asked: tiles tell no name of it. */
static enum lgp_status url_meta(struct source *source, const char *name, char *out, size_t room,
                                size_t *len)
{
	const struct url_source *url = url_of(source);
	const char *text = strcmp(name, "format") == 0   ? LGP_LOG_FORMAT
	                   : strcmp(name, "origin") == 0 ? url->origin
	                   : strcmp(name, "vkey") == 0   ? url->vkey
	                                                 : "";
	*len = strlen(text);
	if (*len == 0)
		return LGP_MISSING;
	if (*len > room)
		return lgp_fault(LGP_OVERLOAD, "it is %zu bytes long, %zu is the most", *len, room);
	memcpy(out, text, *len);
	return LGP_OK;
}

/* ---- payloads --------------------------------------------------------------------------- */

static void address_payload(struct http_call *call, const struct lgp_hash *key, void *out,
                            size_t room)
{
	char hex[2 * LGP_HASH_LEN];
	lgp_hex_encode(hex, key->bytes, LGP_HASH_LEN);
	snprintf(call->path, sizeof call->path, "/v1/payloads/%.*s", (int)sizeof hex, hex);
	call->out = out;
	call->room = room;
}

/* CELL_LENGTH: it is longer than there is room for. */
static enum cell judge_payload(struct url_source *url, const struct http_call *call)
{
	char why[SERVED_WHY_MAX];
	enum cell cell = url_judge(url, call, UINT64_MAX, why);
	if (cell != CELL_HERE || !call->longer)
		return cell;
	snprintf(why, sizeof why, "it is longer than %zu bytes", call->room);
	url_complain(url, UINT64_MAX, call, why);
	return CELL_LENGTH;
}

static enum lgp_status url_payloads_named(struct source *source, const struct lgp_hash *keys,
                                          size_t count, struct payloads *out)
{
	struct url_source *url = url_of(source);
	out->count = 0;
	for (size_t i = 0; i < count; i++)
		address_payload(&url->call[i], &keys[i], out->bytes + i * PAYLOAD_NAMED_LEN_MAX,
		                PAYLOAD_NAMED_LEN_MAX);
	enum lgp_status status = url_ask(url, url->call, count);
	for (size_t i = 0; i < count && status == LGP_OK; i++) {
		enum cell cell = judge_payload(url, &url->call[i]);
		if (cell == CELL_MISSING)
			continue;
		bool read = cell == CELL_HERE;
		out->list[out->count].key = keys[i];
		out->list[out->count].at = i * PAYLOAD_NAMED_LEN_MAX;
		out->list[out->count++].len = read ? url->call[i].len : PAYLOAD_LEN_MAX + 1;
	}
	return status;
}

static enum lgp_status url_payload(struct source *source, const struct lgp_hash *key, void *out,
                                   size_t room, size_t *len)
{
	struct url_source *url = url_of(source);
	struct http_call *call = &url->call[0];
	struct lgp_hash made;
	char why[SERVED_WHY_MAX];
	*len = 0;
	address_payload(call, key, out, room);
	enum lgp_status status = url_ask(url, call, 1);
	if (status != LGP_OK)
		return status;
	enum cell cell = url_judge(url, call, UINT64_MAX, why);
	if (cell == CELL_MISSING)
		return LGP_MISSING;
	if (cell != CELL_HERE)
		return lgp_fault(LGP_CORRUPT, "the server does not show it");
	*len = call->len;
	if (call->longer)
		return lgp_fault(LGP_OVERLOAD, "it is longer than %zu bytes", room);
	lgp_hash_sha256(out, *len, &made);
	return lgp_hash_equal(&made, key)
	               ? LGP_OK
	               : lgp_fault(LGP_INVALID, "the server's payload hashes to another");
}

/* ---- opening ------------------------------------------------------------------------------ */

static const char *const unshown[] = {
        "the checkpoints before the newest one, and what they signed",
        "payloads that no entry binds",
        "what the ledger's file holds besides, behind the tree's end",
        "state.mdb",
        "the high-water mark",
        NULL,
};

static const struct source_kind kind;

/* A short text: up to room - 1 bytes.  *len 0: there is none, as after a 404. */
static enum lgp_status read_text(struct url_source *url, const char *path, char *out, size_t room,
                                 size_t *len)
{
	struct http_call *call = &url->call[0];
	snprintf(call->path, sizeof call->path, "%s", path);
	call->out = (uint8_t *)out;
	call->room = room - 1;
	enum lgp_status status = url_ask(url, call, 1);
	*len = status == LGP_OK && call->status == 200 && !call->longer ? call->len : 0;
	out[*len] = '\0';
	return status;
}

/* One line; anything else is no key, and its absence is told with the names. */
static enum lgp_status read_vkey(struct url_source *url, uint8_t key_id[4], bool *known)
{
	struct lgp_verifier own;
	size_t len;
	enum lgp_status status = read_text(url, "/log.vkey", url->vkey, sizeof url->vkey, &len);
	if (len > 0 && url->vkey[len - 1] == '\n')
		url->vkey[len - 1] = '\0';
	*known = status == LGP_OK && lgp_vkey_parse(lgp_view_of(url->vkey), &own) == LGP_OK;
	if (*known)
		memcpy(key_id, own.id, sizeof own.id);
	return status;
}

static enum lgp_status read_checkpoint(struct url_source *url, const uint8_t *key_id, bool *damaged)
{
	char note[LGP_CHECKPOINT_MAX + 1], why[128];
	size_t len;
	const struct http_call *call = &url->call[0];
	enum lgp_status status = read_text(url, "/checkpoint", note, sizeof note, &len);
	if (status != LGP_OK)
		return status;
	if (call->status == 404 || call->status == 410)
		return lgp_fault(LGP_MISSING, "there is no /checkpoint at this address: it is not "
		                              "that of a ledger");
	*damaged = true;
	if (call->status != 200)
		return lgp_fault(LGP_CORRUPT, "GET /checkpoint: it was answered %ld", call->status);
	status = served_checkpoint((struct lgp_view){note, len}, key_id, &url->checkpoint,
	                           url->origin);
	*damaged = status != LGP_OK;
	if (status == LGP_OK)
		return LGP_OK;
	snprintf(why, sizeof why, "%s", lgp_fault_detail());
	return lgp_fault(LGP_CORRUPT, "GET /checkpoint: that is no checkpoint: %s; its type is %s",
	                 call->longer ? "it is longer than one can be" : why,
	                 call->type[0] != '\0' ? call->type : "not told");
}

static void url_close(struct source *source)
{
	struct url_source *url = url_of(source);
	http_free(url->http);
	free(url->marks);
	free(url);
}

/* The key first: a ledger that grows meanwhile does not change it. */
static enum lgp_status set_up(struct url_source *url, const struct source_options *options,
                              bool *damaged)
{
	const struct http_options http = {
	        .url = options->ledger, .token = options->token, .ca = options->ca};
	uint8_t key_id[4];
	bool known = false;
	enum lgp_status status = http_new(&http, &url->http);
	if (status == LGP_OK)
		status = read_vkey(url, key_id, &known);
	return status == LGP_OK ? read_checkpoint(url, known ? key_id : NULL, damaged) : status;
}

enum lgp_status source_url_open(const struct source_options *options, struct source **out,
                                bool *damaged)
{
	struct url_source *url = calloc(1, sizeof *url);
	if (url == NULL || sodium_init() < 0) {
		free(url);
		return lgp_fault(LGP_NO_MEMORY, "no memory to read from a server");
	}
	url->common.kind = &kind;
	crypto_shorthash_keygen(url->mark_key);
	enum lgp_status status = set_up(url, options, damaged);
	if (status == LGP_OK)
		*out = &url->common;
	else
		url_close(&url->common);
	return status;
}

static const struct source_kind kind = {
        .close = url_close,
        .extent = url_extent,
        .meta = url_meta,
        .block = url_block,
        .entry = url_entry,
        .strip = url_strip,
        .strip_behind = url_strip_behind,
        .checkpoints = url_checkpoints,
        .payloads_named = url_payloads_named,
        .payload = url_payload,
        .unshown = unshown,
};
