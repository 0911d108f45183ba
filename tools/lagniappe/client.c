/* client: one HTTP conversation with a server, by libcurl.
 * Thread: one owner.  Sources: RFC 9110 (section 10.2.3, Retry-After), the IETF
 * draft on the Idempotency-Key header. */
#include "tools/lagniappe/client.h"

#include "lagniappe/codec.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_WAIT_MS 200
#define STALLED_SECONDS 60

struct client {
	CURL *curl;
	struct client_options options;
	char error[512];
	char curl_error[CURL_ERROR_SIZE];
};

struct buffer {
	char *bytes;
	size_t len, room;
};

/* A proxy for the world is none for this machine. */
static bool is_loopback(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	const char *host = strstr(url, "://");
	for (size_t i = 0; host != NULL && i < sizeof hosts / sizeof hosts[0]; i++) {
		size_t len = strlen(hosts[i]);
		if (strncmp(host + 3, hosts[i], len) == 0 && strchr(":/", host[3 + len]) != NULL)
			return true;
	}
	return false;
}

struct client *client_new(const struct client_options *options, const char **why)
{
	*why = "the URL must begin with http:// or https://";
	if (strncmp(options->url, "http://", 7) != 0 && strncmp(options->url, "https://", 8) != 0)
		return NULL;
	*why = "memory ran out";
	struct client *client = calloc(1, sizeof *client);
	if (client == NULL)
		return NULL;
	client->options = *options;
	client->curl = curl_easy_init();
	if (client->curl == NULL) {
		free(client);
		return NULL;
	}
	return client;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	free(client);
}

const char *client_error(const struct client *client)
{
	return client->error;
}

void reply_deinit(struct reply *reply)
{
	free(reply->body);
	reply->body = NULL;
	json_decref(reply->json);
	reply->json = NULL;
}

void client_key(char out[CLIENT_KEY_MAX])
{
	uint8_t bytes[16];
	char hex[2 * sizeof bytes];
	randombytes_buf(bytes, sizeof bytes);
	lgp_hex_encode(hex, bytes, sizeof bytes);
	snprintf(out, CLIENT_KEY_MAX, "cli-%.*s", (int)sizeof hex, hex);
}

char *client_escape(struct client *client, const char *text)
{
	char *escaped = curl_easy_escape(client->curl, text, 0);
	char *copy = escaped != NULL ? strdup(escaped) : NULL;
	curl_free(escaped);
	return copy;
}

/* ---- One attempt ----------------------------------------------------------- */

/* libcurl's write callback: less than size * count stops the transfer. */
static size_t collect(char *bytes, size_t size, size_t count, void *context)
{
	struct buffer *buffer = context;
	size_t len = size * count;
	if (len > CLIENT_ANSWER_MAX - buffer->len)
		return 0;
	if (buffer->len + len + 1 > buffer->room) {
		size_t room = 2 * (buffer->len + len + 1);
		char *larger = realloc(buffer->bytes, room);
		if (larger == NULL)
			return 0;
		buffer->bytes = larger;
		buffer->room = room;
	}
	memcpy(buffer->bytes + buffer->len, bytes, len);
	buffer->len += len;
	buffer->bytes[buffer->len] = '\0';
	return len;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
	size_t len = strlen(name) + strlen(value) + 3;
	char *line = malloc(len);
	if (line == NULL)
		return false;
	snprintf(line, len, "%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(*list, line);
	/* The token was in it. */
	sodium_memzero(line, len);
	free(line);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool build_headers(const struct client *client, const struct call *call,
                          struct curl_slist **list)
{
	const char *token = client->options.token;
	bool added = add_header(list, "Accept",
	                        call->accept != NULL ? call->accept : "application/json");
	if (call->body.ptr != NULL) {
		added = added && add_header(list, "Content-Type", call->content_type);
		/* No round trip to ask whether the body is wanted. */
		added = added && add_header(list, "Expect", "");
	}
	if (call->key != NULL)
		added = added && add_header(list, "Idempotency-Key", call->key);
	if (call->if_match != NULL)
		added = added && add_header(list, "If-Match", call->if_match);
	if (token != NULL) {
		char bearer[512];
		int len = snprintf(bearer, sizeof bearer, "Bearer %s", token);
		added = added && len < (int)sizeof bearer &&
		        add_header(list, "Authorization", bearer);
		sodium_memzero(bearer, sizeof bearer);
	}
	return added;
}

static void set_up(struct client *client, const struct call *call, const char *url,
                   struct curl_slist *headers, struct buffer *answer)
{
	CURL *curl = client->curl;
	curl_easy_reset(curl); /* keeps the connection */
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->curl_error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "lagniappe");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (is_loopback(client->options.url))
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (client->options.ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, client->options.ca);
	if (strcmp(call->method, "GET") != 0)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	if (call->body.ptr != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.ptr);
	}
}

/* reply: empty, and stays so when there is no answer.  *retry_s: what
 * Retry-After asks for, 0 when it asks nothing. */
static CURLcode attempt(struct client *client, const struct call *call, const char *url,
                        struct reply *reply, long *retry_s)
{
	struct curl_slist *headers = NULL;
	struct buffer answer = {0};
	CURLcode code = CURLE_OUT_OF_MEMORY;
	curl_off_t wait = 0;
	struct curl_header *header;
	client->curl_error[0] = '\0';
	if (build_headers(client, call, &headers)) {
		set_up(client, call, url, headers, &answer);
		code = curl_easy_perform(client->curl);
	}
	curl_slist_free_all(headers);
	if (code != CURLE_OK) {
		free(answer.bytes);
		return code;
	}
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &wait);
	*retry_s = wait > CLIENT_WAIT_MAX_MS / 1000 ? CLIENT_WAIT_MAX_MS / 1000 : (long)wait;
	reply->replayed = curl_easy_header(client->curl, "Idempotent-Replayed", 0, CURLH_HEADER, -1,
	                                   &header) == CURLHE_OK;
	reply->body = answer.bytes != NULL ? answer.bytes : calloc(1, 1);
	reply->len = answer.len;
	if (reply->body == NULL)
		return CURLE_OUT_OF_MEMORY;
	reply->json = json_loadb(reply->body, reply->len, JSON_REJECT_DUPLICATES, NULL);
	return CURLE_OK;
}

/* ---- And again ------------------------------------------------------------- */

static bool worth_another(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
		return true;
	default:
		return false;
	}
}

static bool asks_for_another(const struct reply *reply)
{
	const char *type = json_string_value(json_object_get(reply->json, "type"));
	return reply->status == 503 || reply->status == 429 ||
	       (reply->status == 409 && type != NULL && strcmp(type, "/problems/in-flight") == 0);
}

static void wait_ms(long ms)
{
	struct timespec span = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&span, &span) != 0)
		;
}

/* Doubling, with some chance in it so that many clients do not come at once. */
static void wait_before(unsigned attempt_number, long retry_s)
{
	long ms = (long)FIRST_WAIT_MS << attempt_number;
	ms += (long)randombytes_uniform(FIRST_WAIT_MS);
	if (retry_s * 1000 > ms)
		ms = retry_s * 1000;
	wait_ms(ms > CLIENT_WAIT_MAX_MS ? CLIENT_WAIT_MAX_MS : ms);
}

static bool fail(struct client *client, CURLcode code)
{
	snprintf(client->error, sizeof client->error, "%.200s gave no answer: %s",
	         client->options.url,
	         client->curl_error[0] != '\0' ? client->curl_error : curl_easy_strerror(code));
	return false;
}

bool client_call(struct client *client, const struct call *call, struct reply *reply)
{
	size_t base = strlen(client->options.url);
	while (base > 0 && client->options.url[base - 1] == '/')
		base--;
	size_t room = base + strlen(call->path) + 1;
	char *url = malloc(room);
	if (url == NULL)
		return fail(client, CURLE_OUT_OF_MEMORY);
	snprintf(url, room, "%.*s%s", (int)base, client->options.url, call->path);
	CURLcode code;
	for (unsigned i = 0;; i++) {
		struct reply got = {0};
		long retry_s = 0;
		code = attempt(client, call, url, &got, &retry_s);
		bool again = code == CURLE_OK ? asks_for_another(&got) : worth_another(code);
		if (!again || i + 1 == CLIENT_ATTEMPTS_MAX) {
			*reply = got;
			break;
		}
		if (i == 0)
			fprintf(stderr, "lagniappe: %s; trying again\n",
			        code == CURLE_OK ? "the server is busy" : curl_easy_strerror(code));
		reply_deinit(&got);
		wait_before(i, retry_s);
	}
	free(url);
	return code == CURLE_OK || fail(client, code);
}
