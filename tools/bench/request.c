/* request: what is sent.
 * Thread: the generator's one. */
#include "tools/bench/request.h"

#include "lagniappe/codec.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_LINE_MAX 64
#define HEAD_MAX (512 + LENGTH_LINE_MAX + AUTHORITY_MAX + TOKEN_MAX)
/* Slots before they are filled: as wide as what goes in, and like nothing else. */
#define KEY_SLOT "KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"
#define CUSTOMER_SLOT "c-CCCCCCCCCCCCCCCCCCCCCCCCCC"
#define AMOUNT_TEXT2(amount) #amount
#define AMOUNT_TEXT(amount) AMOUNT_TEXT2(amount)
#define GRANT_MEMBERS                                                                \
	"\"customer\":\"" CUSTOMER_SLOT                                              \
	"\",\"amount\":" AMOUNT_TEXT(PROGRAMME_AMOUNT) ",\"unit\":\"" PROGRAMME_UNIT \
	                                               "\",\"reason\":\"" PROGRAMME_REASON "\"}"
#define KEY_LINE "Idempotency-Key: " KEY_SLOT "\r\n"
#define LENGTH_NAME "Content-Length: "
#define LENGTH_DIGITS 8 /* of the longest batch's */
#define JSON_LINE "Content-Type: application/json\r\n"

static const struct shape {
	const char *name, *line, *headers, *body; /* body NULL: none; of batches, a line */
} shapes[] = {
        [MODE_GRANT] = {"grant", "POST /v1/grants", JSON_LINE KEY_LINE, "{" GRANT_MEMBERS},
        [MODE_MINIMAL] = {"minimal", "POST /v1/grants",
                          JSON_LINE "Prefer: return=minimal\r\n" KEY_LINE, "{" GRANT_MEMBERS},
        [MODE_BATCH] = {"batch:", "POST /v1/grants/batch", "Content-Type: application/x-ndjson\r\n",
                        "{\"key\":\"" KEY_SLOT "\"," GRANT_MEMBERS "\n"},
        [MODE_BALANCE] = {"balance", "GET /v1/customers/" CUSTOMER_SLOT "/balances", "", NULL},
        [MODE_ECHO] = {"echo", "POST /v1/grants", JSON_LINE KEY_LINE, "{" GRANT_MEMBERS},
        [MODE_CUSTOMER] = {"", "POST /v1/customers", JSON_LINE KEY_LINE,
                           "{\"reference\":\"bench-" KEY_SLOT "\"}"},
};

bool mode_parse(const char *text, struct mode *out)
{
	const char *batch = shapes[MODE_BATCH].name;
	if (strncmp(text, batch, strlen(batch)) == 0) {
		uint64_t lines;
		bool good =
		        lgp_decimal_parse(lgp_view_of(text + strlen(batch)), &lines) == LGP_OK &&
		        lines >= 1 && lines <= BATCH_LINES_MAX;
		*out = (struct mode){MODE_BATCH, good ? (unsigned)lines : 0};
		return good;
	}
	for (enum mode_kind kind = 0; kind < MODE_CUSTOMER; kind++) {
		if (strcmp(text, shapes[kind].name) != 0)
			continue;
		*out = (struct mode){kind, 1};
		return true;
	}
	return false;
}

/* Digits of a Content-Length: a batch's may become shorter, and blanks are in front. */
static int length_width(unsigned lines)
{
	return lines > 1 ? LENGTH_DIGITS : 0;
}

/* Every place in the bytes where the slot is. */
static bool find_slots(struct slots *slots, const char *bytes, const char *slot)
{
	size_t len = strlen(slot);
	for (const char *at = bytes; (at = strstr(at, slot)) != NULL; at += len)
		slots->count++;
	slots->at = malloc((slots->count + 1) * sizeof *slots->at);
	if (slots->at == NULL)
		return false;
	size_t i = 0;
	for (const char *at = bytes; (at = strstr(at, slot)) != NULL; at += len)
		slots->at[i++] = (size_t)(at - bytes);
	return true;
}

/* Head and body, slots unfilled, with a NUL behind. */
static bool write_shape(struct request *request, const struct mode *mode, const char *authority,
                        const char *token)
{
	const struct shape *shape = &shapes[mode->kind];
	size_t line_len = shape->body == NULL ? 0 : strlen(shape->body);
	request->bytes = malloc(HEAD_MAX + line_len * mode->lines + 1);
	if (request->bytes == NULL)
		return false;
	int head = snprintf(request->bytes, HEAD_MAX,
	                    "%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n%s",
	                    shape->line, authority, token, shape->headers);
	require(head > 0 && head < HEAD_MAX - LENGTH_LINE_MAX);
	char *at = request->bytes + head;
	if (shape->body != NULL) {
		at = stpcpy(at, LENGTH_NAME);
		request->length_at = (size_t)(at - request->bytes);
		at += snprintf(at, LENGTH_LINE_MAX, "%*zu\r\n", length_width(mode->lines),
		               line_len * mode->lines);
	}
	at = stpcpy(at, "\r\n");
	request->body_at = (size_t)(at - request->bytes);
	request->line_len = line_len;
	request->lines = request->lines_all = mode->lines;
	for (unsigned i = 0; i < mode->lines && line_len > 0; i++, at += line_len)
		memcpy(at, shape->body, line_len);
	*at = '\0';
	request->len = (size_t)(at - request->bytes);
	return true;
}

bool request_build(struct request *request, const struct mode *mode, const char *authority,
                   const char *token)
{
	*request = (struct request){0};
	if (write_shape(request, mode, authority, token) &&
	    find_slots(&request->keys, request->bytes, KEY_SLOT) &&
	    find_slots(&request->customers, request->bytes, CUSTOMER_SLOT))
		return true;
	request_deinit(request);
	return false;
}

void request_deinit(struct request *request)
{
	free(request->bytes);
	free(request->keys.at);
	free(request->customers.at);
	*request = (struct request){0};
}

static void write_key(char *out, struct random_source *random)
{
	uint64_t key[REQUEST_KEY_LEN / 16];
	static_assert(sizeof key * 2 == REQUEST_KEY_LEN, "two digits a byte");
	for (size_t i = 0; i < sizeof key / sizeof key[0]; i++)
		key[i] = random_next(random);
	lgp_hex_encode(out, key, sizeof key);
}

void request_fill(struct request *request, const struct programme *programme,
                  struct random_source *random)
{
	if (request->lines != request->lines_all)
		request_cut(request, request->lines_all);
	for (size_t i = 0; i < request->keys.count; i++)
		write_key(request->bytes + request->keys.at[i], random);
	for (size_t i = 0; i < request->customers.count; i++) {
		uint64_t customer = random_below(random, programme->customer_count);
		memcpy(request->bytes + request->customers.at[i], programme->customers[customer],
		       LGP_CUSTOMER_ID_LEN);
	}
}

void request_move_line(struct request *request, unsigned from, unsigned to)
{
	char *body = request->bytes + request->body_at;
	require(to <= from && from < request->lines);
	if (to != from)
		memcpy(body + to * request->line_len, body + from * request->line_len,
		       request->line_len);
}

void request_cut(struct request *request, unsigned lines)
{
	char digits[24], *length = request->bytes + request->length_at;
	require(lines > 0 && lines <= request->lines_all);
	request->lines = lines;
	request->len = request->body_at + lines * request->line_len;
	int width = snprintf(digits, sizeof digits, "%*zu", length_width(request->lines_all),
	                     lines * request->line_len);
	require(width > 0 && length[width] == '\r');
	memcpy(length, digits, (size_t)width);
}
