/* http: see http.h.  Thread: one at a time. */
#include "tools/audit/http.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define URL_MAX 1024
#define BEARER_MAX 512
#define FIRST_WAIT_MS 100
#define WAIT_MAX_MS 15000
#define ATTEMPT_FACTOR 10 /* patiences that a whole attempt may take */

struct flight {
	struct http *http;
	CURL *easy;             /* owned */
	struct http_call *call; /* NULL: none is under way */
	size_t header, refused; /* bytes so far: of the header, of a body that is not kept */
	char error[CURL_ERROR_SIZE];
};

struct http {
	char url[URL_MAX]; /* without a slash at the end */
	char *ca;          /* owned, may be NULL */
	long patience_ms;
	CURLM *multi;               /* owned, as the next */
	struct curl_slist *headers; /* the token is in it */
	struct flight flight[HTTP_FLIGHT_MAX];
};

/* ---- making one ------------------------------------------------------------ */

static enum lgp_status keep_url(struct http *http, const char *url)
{
	size_t len = strlen(url), scheme = strncmp(url, "https://", 8) == 0 ? 8 : 7;
	if (scheme == 7 && strncmp(url, "http://", 7) != 0)
		return lgp_fault(LGP_MALFORMED,
		                 "%s: a server's URL begins with http:// or https://", url);
	if (len >= sizeof http->url || strpbrk(url, "?#@") != NULL || url[scheme] == '\0')
		return lgp_fault(
		        LGP_MALFORMED,
		        "a server's URL is a host and a port, and at most a path: no name, "
		        "query or fragment");
	while (len > scheme && url[len - 1] == '/')
		len--;
	memcpy(http->url, url, len);
	return LGP_OK;
}

static bool append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

static enum lgp_status keep_headers(struct http *http, const char *token)
{
	char bearer[BEARER_MAX] = "";
	int n = token == NULL ? 0
	                      : snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token);
	if (n < 0 || (size_t)n >= sizeof bearer || strpbrk(bearer, "\r\n") != NULL)
		return lgp_fault(LGP_MALFORMED, "the token is not one");
	bool kept = append(&http->headers, "Accept: application/octet-stream, text/plain") &&
	            (token == NULL || append(&http->headers, bearer));
	sodium_memzero(bearer, sizeof bearer);
	return kept ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "no memory for a request");
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context);
static size_t on_header(char *bytes, size_t size, size_t count, void *context);

/* A proxy for the world is none for this machine. */
static bool is_loopback(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	const char *host = strstr(url, "://") + 3;
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		size_t len = strlen(hosts[i]);
		if (strncmp(host, hosts[i], len) == 0 && strchr(":/", host[len]) != NULL)
			return true;
	}
	return false;
}

static bool prepare(struct flight *flight)
{
	const struct http *http = flight->http;
	CURL *easy = flight->easy = curl_easy_init();
	if (easy == NULL)
		return false;
	bool set = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "lagniappe-audit");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, flight);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, flight);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, flight->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, flight);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, http->patience_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ATTEMPT_FACTOR * http->patience_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (http->patience_ms + 999) / 1000);
	if (is_loopback(http->url))
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (http->ca != NULL)
		set = set && curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca) == CURLE_OK;
	return set;
}

static enum lgp_status set_up(struct http *http, const struct http_options *options)
{
	enum lgp_status status = keep_url(http, options->url);
	if (status == LGP_OK)
		status = keep_headers(http, options->token);
	if (status != LGP_OK)
		return status;
	http->patience_ms =
	        options->patience_ms > 0 ? (long)options->patience_ms : HTTP_PATIENCE_MS;
	if (options->ca != NULL && (http->ca = strdup(options->ca)) == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for a connection");
	http->multi = curl_multi_init();
	bool good = http->multi != NULL;
	for (size_t i = 0; i < HTTP_FLIGHT_MAX && good; i++) {
		http->flight[i].http = http;
		good = prepare(&http->flight[i]);
	}
	return good ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "no memory for a connection");
}

enum lgp_status http_new(const struct http_options *options, struct http **out)
{
	struct http *http = calloc(1, sizeof *http);
	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(http);
		return lgp_fault(LGP_NO_MEMORY, "no memory for a connection");
	}
	enum lgp_status status = set_up(http, options);
	if (status == LGP_OK)
		*out = http;
	else
		http_free(http);
	return status;
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	for (size_t i = 0; i < HTTP_FLIGHT_MAX; i++) {
		if (http->flight[i].call != NULL)
			(void)curl_multi_remove_handle(http->multi, http->flight[i].easy);
		curl_easy_cleanup(http->flight[i].easy);
	}
	(void)curl_multi_cleanup(http->multi);
	for (struct curl_slist *line = http->headers; line != NULL; line = line->next)
		sodium_memzero(line->data, strlen(line->data));
	curl_slist_free_all(http->headers);
	curl_global_cleanup();
	free(http->ca);
	free(http);
}

/* ---- bytes that come --------------------------------------------------------- */

/* libcurl's callbacks: less than size * count stops the transfer. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct flight *flight = context;
	struct http_call *call = flight->call;
	size_t len = size * count, left = call->room - call->len;
	long status = 0;
	curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		flight->refused += len;
		return flight->refused > HTTP_REFUSAL_MAX ? 0 : len;
	}
	memcpy(call->out + call->len, bytes, len < left ? len : left);
	call->len += len < left ? len : left;
	call->longer = len > left;
	return call->longer ? 0 : len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	struct flight *flight = context;
	flight->header += size * count;
	return flight->header > HTTP_HEADER_MAX ? 0 : size * count;
}

/* ---- one attempt -------------------------------------------------------------- */

/* What became of the attempts of one round. */
struct round {
	CURLcode failed; /* the last that got no answer; CURLE_OK: none */
	bool lasting;    /* it is no use to try again */
	long busy;       /* the status of the last that was too busy; 0: none */
	long retry_ms;   /* the longest that one asked to wait */
	char error[CURL_ERROR_SIZE];
};

static bool is_busy(long status)
{
	return status == 429 || (status >= 502 && status <= 504);
}

static bool may_pass(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return true;
	default: /* a time-out was patience enough */
		return false;
	}
}

/* What a server says must not steer a terminal. */
static void copy_printable(char *out, size_t room, const char *text)
{
	size_t i = 0;
	for (; text != NULL && text[i] != '\0' && i + 1 < room; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[i] = '\0';
}

static void take(struct flight *flight, CURLcode code, struct round *round)
{
	struct http_call *call = flight->call;
	char *type = NULL;
	long status = 0;
	curl_off_t wait_s = 0;
	curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status);
	/* A body that was enough of it is an answer too. */
	bool stopped = code == CURLE_WRITE_ERROR && flight->header <= HTTP_HEADER_MAX;
	if (code != CURLE_OK && !stopped) {
		round->failed = code;
		round->lasting = round->lasting || !may_pass(code);
		copy_printable(round->error, sizeof round->error,
		               flight->error[0] != '\0' ? flight->error : curl_easy_strerror(code));
	} else if (is_busy(status)) {
		curl_easy_getinfo(flight->easy, CURLINFO_RETRY_AFTER, &wait_s);
		long wait_ms = wait_s > WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : (long)wait_s * 1000;
		round->busy = status;
		round->retry_ms = wait_ms > round->retry_ms ? wait_ms : round->retry_ms;
	} else {
		call->status = status;
	}
	curl_easy_getinfo(flight->easy, CURLINFO_CONTENT_TYPE, &type);
	copy_printable(call->type, sizeof call->type, type);
	flight->call = NULL;
}

static enum lgp_status launch(struct flight *flight, struct http_call *call)
{
	char url[URL_MAX + HTTP_PATH_MAX];
	snprintf(url, sizeof url, "%s%s", flight->http->url, call->path);
	call->len = 0;
	call->longer = false;
	flight->header = flight->refused = 0;
	flight->error[0] = '\0';
	flight->call = call;
	if (curl_easy_setopt(flight->easy, CURLOPT_URL, url) == CURLE_OK &&
	    curl_multi_add_handle(flight->http->multi, flight->easy) == CURLM_OK)
		return LGP_OK;
	flight->call = NULL;
	return lgp_fault(LGP_NO_MEMORY, "no memory for a request");
}

/* Takes what has come to its end; returns how many are still under way. */
static size_t collect(struct http *http, struct round *round)
{
	int left;
	size_t under_way = 0;
	for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
		struct flight *flight;
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &flight);
		take(flight, code, round);
		(void)curl_multi_remove_handle(http->multi, easy);
	}
	for (size_t i = 0; i < HTTP_FLIGHT_MAX; i++)
		under_way += http->flight[i].call != NULL;
	return under_way;
}

/* Once for each that has no answer yet. */
static enum lgp_status attempt(struct http *http, struct http_call *calls, size_t count,
                               struct round *round)
{
	size_t next = 0, under_way = 0;
	for (;;) {
		for (size_t i = 0; i < HTTP_FLIGHT_MAX; i++) {
			while (next < count && calls[next].status != 0)
				next++;
			if (http->flight[i].call != NULL || next == count)
				continue;
			enum lgp_status status = launch(&http->flight[i], &calls[next++]);
			if (status != LGP_OK)
				return status;
			under_way++;
		}
		if (under_way == 0)
			return LGP_OK;
		int running;
		if (curl_multi_perform(http->multi, &running) != CURLM_OK)
			return lgp_fault(LGP_NO_MEMORY, "no memory for a request");
		size_t before = under_way;
		under_way = collect(http, round);
		if (under_way == before &&
		    curl_multi_poll(http->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			return lgp_fault(LGP_NO_MEMORY, "no memory for a request");
	}
}

/* ---- and again ------------------------------------------------------------------ */

static void wait_ms(long ms)
{
	struct timespec span = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&span, &span) != 0)
		;
}

enum lgp_status http_get(struct http *http, struct http_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		calls[i].status = 0;
	for (unsigned i = 1;; i++) {
		struct round round = {0};
		enum lgp_status status = attempt(http, calls, count, &round);
		if (status != LGP_OK || (round.failed == CURLE_OK && round.busy == 0))
			return status;
		bool last = round.lasting || i == HTTP_ATTEMPTS_MAX;
		if (last && round.failed != CURLE_OK)
			return lgp_fault(LGP_IO, "%.128s gave no answer: %.96s", http->url,
			                 round.error);
		if (last)
			return lgp_fault(LGP_OVERLOAD,
			                 "%.128s answered %ld at each of %d attempts: it is busy",
			                 http->url, round.busy, HTTP_ATTEMPTS_MAX);
		long wait = (long)FIRST_WAIT_MS << (i - 1);
		wait_ms(wait > round.retry_ms ? wait : round.retry_ms);
	}
}
