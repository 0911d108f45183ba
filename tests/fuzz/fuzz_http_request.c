/* fuzz_http_request: bytes from anybody.  Besides not crashing: a request is
 * judged the same whole as in pieces, and its views lie within its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_request.h"

#define INPUT_MAX (128 * 1024)

static const struct http_handler handler = {0};

struct outcome {
	enum request_step step;
	int refusal;
	size_t end; /* of the request in the input */
	size_t body_at, body_len;
	char *bytes; /* owned: the exact size, so that ASan sees each step past it */
};

static struct outcome feed(const uint8_t *data, size_t size, size_t piece)
{
	struct http_request request;
	struct outcome outcome = {.step = REQUEST_MORE};
	size_t at = 0, kept = 0;
	http_request_init(&request, &handler);
	while (outcome.step == REQUEST_MORE && at < size) {
		size_t n = size - at < piece ? size - at : piece;
		char *bytes = malloc(kept + n);
		require(bytes != NULL);
		if (kept > 0)
			memcpy(bytes, outcome.bytes, kept);
		memcpy(bytes + kept, data + at, n);
		free(outcome.bytes);
		outcome.bytes = bytes;
		at += n;
		kept += n;
		size_t before = kept;
		outcome.step = http_request_parse(&request, bytes, &kept);
		require(kept <= before);
		if (outcome.step == REQUEST_WHOLE)
			outcome.end = at - (before - request.parsed);
	}
	outcome.refusal = request.refusal;
	outcome.body_at = request.head_len;
	outcome.body_len = request.body_len;
	if (outcome.step != REQUEST_WHOLE)
		return outcome;
	struct exchange exchange;
	http_request_fill(&request, outcome.bytes, &exchange);
	require(exchange.path.len > 0 && exchange.path.ptr[0] == '/');
	require(exchange.body.ptr + exchange.body.len <= outcome.bytes + kept);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	struct outcome whole = feed(data, size, INPUT_MAX), pieces = feed(data, size, 1 + size / 7);
	require(whole.step == pieces.step && whole.end == pieces.end);
	if (whole.step == REQUEST_WHOLE) {
		require(whole.body_at == pieces.body_at && whole.body_len == pieces.body_len);
		require(memcmp(whole.bytes + whole.body_at, pieces.bytes + pieces.body_at,
		               whole.body_len) == 0);
	}
	free(whole.bytes);
	free(pieces.bytes);
	return 0;
}
