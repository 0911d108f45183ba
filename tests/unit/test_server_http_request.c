/* http_request: what is taken, what is refused with which status, and that it
 * does not matter where the bytes were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/http_request.h"

#define SPACE (256 * 1024)

static size_t body_max = HTTP_BODY_MAX;
static struct lgp_view asked_by;

static size_t on_body_max(struct loop *loop, enum http_method method, struct lgp_view path,
                          struct lgp_view authorization, void *context)
{
	(void)loop;
	(void)method;
	(void)path;
	(void)context;
	asked_by = authorization;
	return body_max;
}

static const struct http_handler handler = {.body_max = on_body_max};
static char space[SPACE];

/* Feeds text in pieces of `piece` bytes; what is left of a request is compacted
 * as a connection would.  The bytes parsed are in space, the request's end (of
 * the text) in *end. */
static enum request_step feed(struct http_request *request, const char *text, size_t len,
                              size_t piece, size_t *end)
{
	size_t kept = 0, at = 0;
	enum request_step step = REQUEST_MORE;
	http_request_init(request, &handler);
	while (step == REQUEST_MORE && at < len) {
		size_t n = len - at < piece ? len - at : piece;
		assert_true(kept + n <= SPACE);
		memcpy(space + kept, text + at, n);
		at += n;
		kept += n;
		size_t before = kept;
		step = http_request_parse(request, space, &kept);
		if (step == REQUEST_WHOLE)
			*end = at - (before - request->parsed);
	}
	return step;
}

static void assert_refused(int status, const char *text, size_t len)
{
	static const size_t pieces[] = {SPACE, 1, 7};
	struct http_request request;
	size_t end;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		enum request_step step = feed(&request, text, len, pieces[i], &end);
		if (step != REQUEST_REFUSED || request.refusal != status)
			print_error("pieces of %zu: step %d, status %d (%s): %.60s\n", pieces[i],
			            (int)step, request.refusal,
			            request.detail == NULL ? "" : request.detail, text);
		assert_int_equal(step, REQUEST_REFUSED);
		assert_int_equal(request.refusal, status);
		assert_non_null(request.detail);
	}
}
#define REFUSED(status, text) assert_refused(status, text, sizeof(text) - 1)

static void assert_view(struct lgp_view view, const char *text)
{
	assert_non_null(view.ptr);
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.ptr, text, view.len);
}

static const char whole[] = "POST /v1/grants?dry_run=true HTTP/1.1\r\n"
                            "Host: example.org\r\n"
                            "Authorization:Bearer abc \t\r\n"
                            "idempotency-KEY: \"k-1\"\r\n"
                            "Prefer: return=minimal\r\n"
                            "Prefer: wait=1\r\n"
                            "Accept:   text/plain\r\n"
                            "Content-Type: application/json\r\n"
                            "If-Match: \"3\"\r\n"
                            "X-Empty:\r\n"
                            "X-Request-Id: caller.1_2-3\r\n"
                            "Content-Length: 11\r\n"
                            "\r\n"
                            "{\"a\":\"b c\"}"
                            "GET / HT";

static void the_parts_are_found_wherever_the_bytes_are_cut(void **state)
{
	(void)state;
	struct exchange exchange;
	struct http_request request;
	size_t end;
	for (size_t piece = 1; piece < sizeof(whole); piece++) {
		assert_int_equal(feed(&request, whole, sizeof(whole) - 1, piece, &end),
		                 REQUEST_WHOLE);
		assert_int_equal(end, sizeof(whole) - 1 - 8);
		http_request_fill(&request, space, &exchange);
		assert_int_equal(exchange.method, HTTP_POST_);
		assert_view(exchange.path, "/v1/grants");
		assert_view(exchange.query, "dry_run=true");
		assert_view(exchange.authorization, "Bearer abc");
		assert_view(exchange.idempotency_key, "\"k-1\"");
		assert_view(exchange.prefer, "return=minimal");
		assert_view(exchange.accept, "text/plain");
		assert_view(exchange.content_type, "application/json");
		assert_view(exchange.if_match, "\"3\"");
		assert_view(exchange.body, "{\"a\":\"b c\"}");
		assert_view(http_request_id_given(&request, space), "caller.1_2-3");
		assert_true(request.keep_alive);
	}
}

static const char chunked[] = "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                              "5;name=value\r\nhello\r\n"
                              "00001\r\n,\r\n"
                              "A\r\n world, 10\r\n"
                              "0\r\nAuthorization: Bearer trailer\r\n\r\n"
                              "GET";

static void chunks_are_joined_wherever_the_bytes_are_cut(void **state)
{
	(void)state;
	struct exchange exchange;
	struct http_request request;
	size_t end;
	for (size_t piece = 1; piece < sizeof(chunked); piece++) {
		assert_int_equal(feed(&request, chunked, sizeof(chunked) - 1, piece, &end),
		                 REQUEST_WHOLE);
		assert_int_equal(end, sizeof(chunked) - 1 - 3);
		http_request_fill(&request, space, &exchange);
		assert_view(exchange.body, "hello, world, 10");
		/* A trailer is no header. */
		assert_null(exchange.authorization.ptr);
	}
}

static void framing_of_chunks_is_not_kept(void **state)
{
	(void)state;
	struct http_request request;
	static const char head[] =
	        "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
	size_t size = sizeof(head) - 1;
	http_request_init(&request, &handler);
	memcpy(space, head, size);
	assert_int_equal(http_request_parse(&request, space, &size), REQUEST_MORE);
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(space + size, "1\r\nx\r\n", 6);
		size += 6;
		assert_int_equal(http_request_parse(&request, space, &size), REQUEST_MORE);
		assert_int_equal(size, sizeof(head) - 1 + i + 1);
	}
}

static void a_body_of_mostly_framing_is_refused(void **state)
{
	(void)state;
	struct http_request request;
	static char text[SPACE];
	size_t end;
	int len = snprintf(text, sizeof(text),
	                   "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	                   "1;%040000d\r\nx\r\n0\r\n\r\n",
	                   0);
	assert_int_equal(feed(&request, text, (size_t)len, 1000, &end), REQUEST_REFUSED);
	assert_int_equal(request.refusal, 400);
}

static void what_is_malformed_is_refused_with_400(void **state)
{
	(void)state;
	REFUSED(400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
	REFUSED(400, "hello\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\nHost: a\n\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\rB: c\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n: c\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n d\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
	REFUSED(400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET /\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.7\r\nHost: a\r\n\r\n");
	REFUSED(400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

static void a_target_that_is_no_path_is_refused(void **state)
{
	(void)state;
	REFUSED(400, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET http://example.org HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET ftp://example.org/ HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(501, "CONNECT example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void a_whole_address_names_its_path(void **state)
{
	(void)state;
	static const char text[] = "GET HTTPS://example.org:80/a/b?c HTTP/1.1\r\nHost: a\r\n\r\n";
	struct exchange exchange;
	struct http_request request;
	size_t end;
	assert_int_equal(feed(&request, text, sizeof(text) - 1, 3, &end), REQUEST_WHOLE);
	http_request_fill(&request, space, &exchange);
	assert_view(exchange.path, "/a/b");
	assert_view(exchange.query, "c");
}

static void headers_that_could_mean_two_things_are_refused(void **state)
{
	(void)state;
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\r\n\r\n"); /* no Host */
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nauthorization: c\r\n\r\n");
	REFUSED(400,
	        "GET / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: b\r\nIdempotency-Key: b\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nIf-Match: 1\r\nIf-Match: 2\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: b\r\nContent-Type: c\r\n\r\n");
}

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static void a_body_whose_length_is_doubtful_is_refused(void **state)
{
	(void)state;
	REFUSED(400, POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	REFUSED(400, POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n");
	REFUSED(400, POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
	REFUSED(400, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
	REFUSED(400, POST "Content-Length: 3, 3\r\n\r\nabc");
	REFUSED(400, POST "Content-Length: -3\r\n\r\nabc");
	REFUSED(400, POST "Content-Length: +3\r\n\r\nabc");
	REFUSED(400, POST "Content-Length: 0x3\r\n\r\nabc");
	REFUSED(400, POST "Content-Length:\r\n\r\nabc");
	REFUSED(400, POST "Content-Length: 18446744073709551616\r\n\r\n");
	REFUSED(413, POST "Content-Length: 18446744073709551615\r\n\r\n");
	REFUSED(400,
	        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	REFUSED(501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
	REFUSED(501, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n");
	REFUSED(501, POST "Transfer-Encoding: identity\r\n\r\n");
	REFUSED(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

/* Needs llhttp built strict: its loose build skips what follows a chunk's data. */
static void chunks_that_are_malformed_are_refused(void **state)
{
	(void)state;
	REFUSED(400, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n");
	REFUSED(400, POST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n");
	REFUSED(400, POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n");
	REFUSED(400, POST "Transfer-Encoding: chunked\r\n\r\ng\r\n\r\n");
	REFUSED(400, POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n");
	REFUSED(413, POST "Transfer-Encoding: chunked\r\n\r\nfffffff\r\nabc");
}

/* Builds POST with `extra` bytes of something at its place. */
static size_t build(char *out, const char *before, char fill, size_t extra, const char *after)
{
	size_t len = strlen(before);
	memcpy(out, before, len);
	memset(out + len, fill, extra);
	memcpy(out + len + extra, after, strlen(after));
	return len + extra + strlen(after);
}

static enum request_step feed_all(const char *text, size_t len, int *status)
{
	struct http_request request;
	size_t end;
	enum request_step step = feed(&request, text, len, 4096, &end);
	*status = request.refusal;
	return step;
}

static void a_target_passes_at_its_bound_and_not_above(void **state)
{
	(void)state;
	static char text[SPACE];
	int status;
	size_t len = build(text, "GET /", 'a', HTTP_TARGET_MAX - 1, " HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(feed_all(text, len, &status), REQUEST_WHOLE);
	len = build(text, "GET /", 'a', HTTP_TARGET_MAX, " HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(feed_all(text, len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 414);
	/* Also when it never ends. */
	len = build(text, "GET /", 'a', 8000, "");
	assert_int_equal(feed_all(text, len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 414);
}

static void headers_pass_at_their_bound_and_not_above(void **state)
{
	(void)state;
	static char text[SPACE];
	int status;
	/* "Host: a" and "B: …" count their lines' four bytes of punctuation. */
	size_t most = HTTP_HEADERS_MAX - 5 - 4 - 5;
	size_t len = build(text, "GET / HTTP/1.1\r\nHost: a\r\nB: ", 'x', most, "\r\n\r\n");
	assert_int_equal(feed_all(text, len, &status), REQUEST_WHOLE);
	len = build(text, "GET / HTTP/1.1\r\nHost: a\r\nB: ", 'x', most + 1, "\r\n\r\n");
	assert_int_equal(feed_all(text, len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 431);
	/* A name alone, and blanks that belong to nothing. */
	len = build(text, "GET / HTTP/1.1\r\n", 'x', 20000, "");
	assert_int_equal(feed_all(text, len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 431);
	len = build(text, "GET / HTTP/1.1\r\nHost: a\r\nB:", ' ', 20000, "x\r\n\r\n");
	assert_int_equal(feed_all(text, len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 431);
}

static void sixty_four_headers_pass_and_one_more_does_not(void **state)
{
	(void)state;
	for (unsigned count = 64; count <= 65; count++) {
		static char text[SPACE];
		int status, len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n");
		for (unsigned i = 1; i < count; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len, "H%u: v\r\n", i);
		len += snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
		enum request_step step = feed_all(text, (size_t)len, &status);
		assert_int_equal(step, count == 64 ? REQUEST_WHOLE : REQUEST_REFUSED);
		assert_int_equal(status, count == 64 ? 0 : 431);
	}
}

static void trailers_count_as_headers(void **state)
{
	(void)state;
	static char text[SPACE];
	int status;
	size_t len = build(text, POST "Transfer-Encoding: chunked\r\n\r\n0\r\nA: ", 'x', 20000,
	                   "\r\n\r\n");
	assert_int_equal(feed_all(text, len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 431);
}

static void a_large_body_is_asked_for_by_who_sends_it_and_waits_for_room(void **state)
{
	(void)state;
	static const char large[] =
	        POST "Authorization: Bearer one \r\nContent-Length: 65537\r\n\r\n";
	static const char chunks[] = POST "Transfer-Encoding: chunked\r\n\r\n";
	static const char small[] = POST "Content-Length: 65536\r\n\r\n";
	static const struct {
		const char *text;
		bool bulk;
	} cases[] = {{large, true}, {chunks, true}, {small, false}};
	body_max = HTTP_BULK_BODY_MAX;
	for (unsigned i = 0; i < 3; i++)
		for (int busy = 0; busy < 2; busy++) {
			struct http_request request;
			size_t size = strlen(cases[i].text);
			memcpy(space, cases[i].text, size);
			http_request_init(&request, &handler);
			request.bulk_busy = busy == 1;
			enum request_step step = http_request_parse(&request, space, &size);
			assert_int_equal(request.bulk, cases[i].bulk);
			if (i == 0)
				assert_true(lgp_view_equal(asked_by, LGP_VIEW("Bearer one")));
			if (busy == 1 && cases[i].bulk) {
				assert_int_equal(step, REQUEST_REFUSED);
				assert_int_equal(request.refusal, 503);
			} else {
				assert_int_equal(step, REQUEST_MORE);
			}
		}
	body_max = HTTP_BODY_MAX;
}

static void a_body_passes_at_its_bound_and_not_above(void **state)
{
	(void)state;
	static char text[SPACE];
	int status;
	body_max = 10;
	static const char *const passes[] = {
	        POST "Content-Length: 10\r\n\r\n0123456789",
	        POST "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
	};
	static const char *const refused[] = {
	        POST "Content-Length: 11\r\n\r\n", /* before any of it comes */
	        POST "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n7\r\n4567890\r\n0\r\n\r\n",
	};
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(feed_all(passes[i], strlen(passes[i]), &status), REQUEST_WHOLE);
		assert_int_equal(feed_all(refused[i], strlen(refused[i]), &status),
		                 REQUEST_REFUSED);
		assert_int_equal(status, 413);
	}
	/* Whatever the handler says, one bound holds for all. */
	body_max = SIZE_MAX;
	int len = snprintf(text, sizeof(text), POST "Content-Length: %d\r\n\r\n",
	                   HTTP_BULK_BODY_MAX + 1);
	assert_int_equal(feed_all(text, (size_t)len, &status), REQUEST_REFUSED);
	assert_int_equal(status, 413);
	body_max = HTTP_BODY_MAX;
}

static void a_request_id_of_another_form_is_not_taken(void **state)
{
	(void)state;
	static const char *const ids[] = {"a b", "a\"b", "ä", "",
	                                  ("0123456789012345678901234567890123456789"
	                                   "012345678901234567890123")};
	for (unsigned i = 0; i < 5; i++) {
		static char text[SPACE];
		struct http_request request;
		size_t end;
		int len = snprintf(text, sizeof(text),
		                   "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: %s\r\n\r\n", ids[i]);
		assert_int_equal(feed(&request, text, (size_t)len, SPACE, &end), REQUEST_WHOLE);
		assert_null(http_request_id_given(&request, space).ptr);
	}
}

static bool keeps_alive(const char *text)
{
	struct http_request request;
	size_t end;
	assert_int_equal(feed(&request, text, strlen(text), SPACE, &end), REQUEST_WHOLE);
	return request.keep_alive;
}

static void the_connection_is_kept_as_version_and_header_say(void **state)
{
	(void)state;
	assert_true(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_false(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
	assert_false(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"));
	assert_false(keeps_alive("GET / HTTP/1.0\r\n\r\n"));
	assert_true(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

static void an_offer_to_upgrade_is_passed_over(void **state)
{
	(void)state;
	static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
	                           "Upgrade: h2c\r\n\r\nGET";
	struct http_request request;
	size_t end;
	assert_int_equal(feed(&request, text, sizeof(text) - 1, SPACE, &end), REQUEST_WHOLE);
	assert_int_equal(end, sizeof(text) - 1 - 3);
	assert_true(request.keep_alive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_parts_are_found_wherever_the_bytes_are_cut),
	        cmocka_unit_test(chunks_are_joined_wherever_the_bytes_are_cut),
	        cmocka_unit_test(framing_of_chunks_is_not_kept),
	        cmocka_unit_test(a_body_of_mostly_framing_is_refused),
	        cmocka_unit_test(what_is_malformed_is_refused_with_400),
	        cmocka_unit_test(a_target_that_is_no_path_is_refused),
	        cmocka_unit_test(a_whole_address_names_its_path),
	        cmocka_unit_test(headers_that_could_mean_two_things_are_refused),
	        cmocka_unit_test(a_body_whose_length_is_doubtful_is_refused),
	        cmocka_unit_test(chunks_that_are_malformed_are_refused),
	        cmocka_unit_test(a_target_passes_at_its_bound_and_not_above),
	        cmocka_unit_test(headers_pass_at_their_bound_and_not_above),
	        cmocka_unit_test(sixty_four_headers_pass_and_one_more_does_not),
	        cmocka_unit_test(trailers_count_as_headers),
	        cmocka_unit_test(a_large_body_is_asked_for_by_who_sends_it_and_waits_for_room),
	        cmocka_unit_test(a_body_passes_at_its_bound_and_not_above),
	        cmocka_unit_test(a_request_id_of_another_form_is_not_taken),
	        cmocka_unit_test(the_connection_is_kept_as_version_and_header_say),
	        cmocka_unit_test(an_offer_to_upgrade_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
