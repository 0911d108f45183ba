/* test_audit_http: the audit's HTTP client, against servers that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/audit/http.h"
#include "web_fixture.h"

#define ROOM 1000
#define CALLS 20

static struct http *open_client(const struct web *web, unsigned patience_ms)
{
	struct http *http;
	struct http_options options = {
	        .url = web->url, .token = "secret-word", .patience_ms = patience_ms};
	assert_int_equal(http_new(&options, &http), LGP_OK);
	return http;
}

/* One call; what http_get says. */
static enum lgp_status get(const struct web *web, unsigned patience_ms, struct http_call *call,
                           uint8_t room[ROOM])
{
	struct http *http = open_client(web, patience_ms);
	*call = (struct http_call){.path = "/one", .out = room, .room = ROOM};
	enum lgp_status status = http_get(http, call, 1);
	http_free(http);
	return status;
}

static double now(void)
{
	struct timespec at;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &at), 0);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* ---- answers ------------------------------------------------------------------ */

static void echo_path(void *context, int client, const char *header, const char *path)
{
	(void)context;
	unsigned status =
	        strstr(header, "Authorization: Bearer secret-word\r\n") != NULL ? 200 : 401;
	web_reply(client, status, "text/plain", path, strlen(path));
}

static void each_call_gets_the_answer_to_its_own_address(void **state)
{
	(void)state;
	struct web web;
	static uint8_t room[CALLS][ROOM];
	struct http_call calls[CALLS] = {0};
	web_start(&web, echo_path, NULL);
	struct http *http = open_client(&web, 0);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < CALLS; i++) {
			snprintf(calls[i].path, sizeof calls[i].path, "/%u/%zu", round, i);
			calls[i].out = room[i];
			calls[i].room = ROOM;
		}
		assert_int_equal(http_get(http, calls, CALLS), LGP_OK);
		for (size_t i = 0; i < CALLS; i++) {
			assert_int_equal(calls[i].status, 200);
			assert_string_equal(calls[i].type, "text/plain");
			assert_int_equal(calls[i].len, strlen(calls[i].path));
			assert_memory_equal(calls[i].out, calls[i].path, calls[i].len);
		}
	}
	assert_int_equal(web.requests, 2 * CALLS);
	http_free(http);
	web_stop(&web);
}

static void endless(void *context, int client, const char *header, const char *path)
{
	const unsigned *status = context;
	char line[64];
	(void)header;
	(void)path;
	int n = snprintf(line, sizeof line, "HTTP/1.1 %u Word\r\n\r\n", *status);
	int open = web_write(client, line, (size_t)n);
	static const char bytes[4096];
	while (open)
		open = web_write(client, bytes, sizeof bytes);
}

static void a_body_without_an_end_is_read_as_far_as_there_is_room(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	unsigned status = 200;
	web_start(&web, endless, &status);
	assert_int_equal(get(&web, 0, &call, room), LGP_OK);
	assert_int_equal(call.status, 200);
	assert_int_equal(call.len, ROOM);
	assert_true(call.longer);
	web_stop(&web);
}

static void a_refusal_without_an_end_is_a_refusal(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	unsigned status = 404;
	web_start(&web, endless, &status);
	assert_int_equal(get(&web, 0, &call, room), LGP_OK);
	assert_int_equal(call.status, 404);
	assert_int_equal(call.len, 0);
	assert_false(call.longer);
	web_stop(&web);
}

static void redirect(void *context, int client, const char *header, const char *path)
{
	char text[256];
	(void)header;
	(void)path;
	int n = snprintf(text, sizeof text,
	                 "HTTP/1.1 302 Word\r\nLocation: %s/elsewhere\r\nContent-Length: 0\r\n"
	                 "Connection: close\r\n\r\n",
	                 (const char *)context);
	(void)web_write(client, text, (size_t)n);
}

static void a_redirect_is_not_followed(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	web_start(&web, redirect, web.url);
	assert_int_equal(get(&web, 0, &call, room), LGP_OK);
	assert_int_equal(call.status, 302);
	assert_int_equal(web.requests, 1);
	web_stop(&web);
}

static void steer(void *context, int client, const char *header, const char *path)
{
	(void)context;
	(void)header;
	(void)path;
	web_reply(client, 200, "a\x1b[2Jb", "", 0);
}

static void what_a_server_says_of_its_type_is_printable(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	web_start(&web, steer, NULL);
	assert_int_equal(get(&web, 0, &call, room), LGP_OK);
	assert_string_equal(call.type, "a?[2Jb");
	web_stop(&web);
}

/* ---- none ---------------------------------------------------------------------- */

static void endless_header(void *context, int client, const char *header, const char *path)
{
	(void)context;
	(void)header;
	(void)path;
	int open = web_write(client, "HTTP/1.1 200 Word\r\n", 19);
	for (unsigned i = 0; open && i < 100000; i++)
		open = web_write(client, "X-Noise: and on and on\r\n", 24);
}

static void a_header_without_an_end_is_no_answer(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	web_start(&web, endless_header, NULL);
	assert_int_equal(get(&web, 0, &call, room), LGP_IO);
	assert_int_equal(web.requests, 1);
	web_stop(&web);
}

/* A byte now and then: never silent, never done. */
static void trickle(void *context, int client, const char *header, const char *path)
{
	(void)context;
	(void)header;
	(void)path;
	int open = web_write(client, "HTTP/1.1 200 Word\r\nContent-Length: 900\r\n\r\n", 42);
	for (unsigned i = 0; open && i < 900; i++) {
		open = web_write(client, "x", 1);
		(void)usleep(20000);
	}
}

static void an_answer_that_trickles_is_given_up(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	web_start(&web, trickle, NULL);
	double start = now();
	assert_int_equal(get(&web, 50, &call, room), LGP_IO);
	assert_true(now() - start < 5);
	assert_int_equal(web.requests, 1);
	web_stop(&web);
}

static void cut_off(void *context, int client, const char *header, const char *path)
{
	unsigned *left = context;
	(void)header;
	(void)path;
	if (*left > 0 && (*left)-- > 0)
		(void)web_write(client, "HTTP/1.1 200 Word\r\nContent-Length: 9\r\n\r\nhalf", 44);
	else
		web_reply(client, 200, "text/plain", "the whole", 9);
}

static void an_answer_that_broke_off_is_asked_for_again(void **state)
{
	(void)state;
	struct web web;
	struct http_call call;
	uint8_t room[ROOM];
	unsigned left = 2;
	web_start(&web, cut_off, &left);
	assert_int_equal(get(&web, 0, &call, room), LGP_OK);
	assert_int_equal(call.len, 9);
	assert_memory_equal(room, "the whole", 9);
	assert_int_equal(web.requests, 3);
	left = 1000;
	assert_int_equal(get(&web, 0, &call, room), LGP_IO);
	assert_int_equal(call.status, 0);
	assert_int_equal(web.requests, 3 + HTTP_ATTEMPTS_MAX);
	web_stop(&web);
}

static void busy(void *context, int client, const char *header, const char *path)
{
	(void)context;
	(void)header;
	web_reply(client, strcmp(path, "/one") == 0 ? 503 : 200, "text/plain", "", 0);
}

static void what_was_answered_is_not_asked_for_again(void **state)
{
	(void)state;
	struct web web;
	uint8_t room[ROOM];
	struct http_call calls[] = {{.path = "/zero", .out = room, .room = ROOM},
	                            {.path = "/one", .out = room, .room = ROOM},
	                            {.path = "/two", .out = room, .room = ROOM}};
	web_start(&web, busy, NULL);
	struct http *http = open_client(&web, 0);
	assert_int_equal(http_get(http, calls, 3), LGP_OVERLOAD);
	assert_non_null(strstr(lgp_fault_detail(), "503"));
	assert_int_equal(web.requests, 2 + HTTP_ATTEMPTS_MAX);
	http_free(http);
	web_stop(&web);
}

static void what_is_no_server_or_no_token_is_refused(void **state)
{
	(void)state;
	struct http *http;
	static const char *const urls[] = {"ftp://127.0.0.1", "127.0.0.1",         "http://",
	                                   "https://",        "http://a:b@host",   "http://host/?x",
	                                   "http://host/#x",  "http:/127.0.0.1/x", ""};
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
		assert_int_equal(http_new(&(struct http_options){.url = urls[i]}, &http),
		                 LGP_MALFORMED);
	struct http_options split = {.url = "http://127.0.0.1", .token = "a\r\nHost: b"};
	assert_int_equal(http_new(&split, &http), LGP_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_call_gets_the_answer_to_its_own_address),
	        cmocka_unit_test(a_body_without_an_end_is_read_as_far_as_there_is_room),
	        cmocka_unit_test(a_refusal_without_an_end_is_a_refusal),
	        cmocka_unit_test(a_redirect_is_not_followed),
	        cmocka_unit_test(what_a_server_says_of_its_type_is_printable),
	        cmocka_unit_test(a_header_without_an_end_is_no_answer),
	        cmocka_unit_test(an_answer_that_trickles_is_given_up),
	        cmocka_unit_test(an_answer_that_broke_off_is_asked_for_again),
	        cmocka_unit_test(what_was_answered_is_not_asked_for_again),
	        cmocka_unit_test(what_is_no_server_or_no_token_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
