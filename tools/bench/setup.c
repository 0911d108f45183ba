/* setup: registers what a load needs: one call after the other by one connection,
 * and the customers, who are many, by the load's own loop.
 * Thread: the generator's one. */
#include "tools/bench/load.h"
#include "tools/bench/reply.h"

#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define REQUEST_BYTES 2048
#define REPLY_BYTES 65536
#define ANSWER_WAIT_MS 30000
#define ALLOTMENT "1000000000000000"
#define EXISTS 409

struct caller {
	const struct target *target;
	struct wire wire;
	char reply[REPLY_BYTES];
	char *error;
};

static bool send_all(struct caller *caller, const char *bytes, size_t len)
{
	size_t sent = 0;
	while (sent < len) {
		struct pollfd ready = {.fd = caller->wire.fd, .events = POLLOUT};
		ssize_t n = wire_write(&caller->wire, bytes + sent, len - sent);
		if (n < 0 || (n == 0 && poll(&ready, 1, ANSWER_WAIT_MS) <= 0))
			return false;
		sent += (size_t)n;
	}
	return true;
}

static bool receive(struct caller *caller, struct reply *reply)
{
	size_t len = 0;
	for (;;) {
		struct pollfd ready = {.fd = caller->wire.fd, .events = POLLIN};
		ssize_t n = wire_read(&caller->wire, caller->reply + len, REPLY_BYTES - len);
		if (n < 0 || (n == 0 && poll(&ready, 1, ANSWER_WAIT_MS) <= 0))
			return false;
		len += (size_t)n;
		enum reply_state state = reply_parse((struct lgp_view){caller->reply, len}, reply);
		if (state != REPLY_PARTIAL || len == REPLY_BYTES)
			return state == REPLY_WHOLE;
	}
}

/* A POST that must end in 2xx, or find that it exists.  The answer, NULL: failed. */
static json_t *post(struct caller *caller, const char *path, const char *token, const char *body)
{
	char request[REQUEST_BYTES];
	unsigned long long key[2];
	struct reply reply;
	if (getrandom(key, sizeof key, 0) != sizeof key) {
		snprintf(caller->error, ERROR_MAX, "getrandom failed");
		return NULL;
	}
	int len = snprintf(request, sizeof request,
	                   "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
	                   "Idempotency-Key: %016llx%016llx\r\nContent-Type: application/json\r\n"
	                   "Content-Length: %zu\r\n\r\n%s",
	                   path, caller->target->authority, token, key[0], key[1], strlen(body),
	                   body);
	if (len <= 0 || (size_t)len >= sizeof request || !send_all(caller, request, (size_t)len) ||
	    !receive(caller, &reply)) {
		snprintf(caller->error, ERROR_MAX, "POST %s: no answer", path);
		return NULL;
	}
	if (reply.status / 100 != 2 && reply.status != EXISTS) {
		snprintf(caller->error, ERROR_MAX, "POST %s: %u %.*s", path, reply.status,
		         (int)(reply.body.len < 300 ? reply.body.len : 300), reply.body.ptr);
		return NULL;
	}
	json_t *answer = json_loadb(reply.body.ptr, reply.body.len, 0, NULL);
	if (answer == NULL)
		snprintf(caller->error, ERROR_MAX, "POST %s: the answer is no JSON", path);
	return answer;
}

static bool registered(struct caller *caller, const char *path, const char *token, const char *body)
{
	json_t *answer = post(caller, path, token, body);
	json_decref(answer);
	return answer != NULL;
}

static bool register_house(struct caller *caller, const struct programme_setup *setup)
{
	static const char *const calls[][2] = {
	        {"/v1/units", "{\"code\":\"" PROGRAMME_UNIT
	                      "\",\"scale\":2,\"kind\":\"money\",\"name\":\"Euro\"}"},
	        {"/v1/sites", "{\"id\":\"bench\",\"name\":\"Benchmark\",\"timezone\":\"Etc/UTC\","
	                      "\"week_starts\":\"monday\"}"},
	        {"/v1/budgets", "{\"id\":\"bench\",\"site\":\"bench\",\"unit\":\"" PROGRAMME_UNIT
	                        "\",\"name\":\"Benchmark\"}"},
	        {"/v1/reasons", "{\"id\":\"" PROGRAMME_REASON
	                        "\",\"name\":\"Benchmark\",\"kind\":\"discretionary\"}"},
	};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (!registered(caller, calls[i][0], setup->admin_token, calls[i][1]))
			return false;
	return registered(caller, "/v1/budgets/bench/allotments", setup->finance_token,
	                  "{\"amount\":" ALLOTMENT "}");
}

/* A member of staff and a token for a week. */
static bool register_staff(struct caller *caller, const struct programme_setup *setup, unsigned i,
                           struct programme *programme)
{
	char body[256];
	snprintf(body, sizeof body,
	         "{\"id\":\"bench-%u\",\"name\":\"Staff %u\",\"role\":\"staff\",\"site\":\"bench\","
	         "\"budget\":\"bench\"}",
	         i, i);
	if (!registered(caller, "/v1/staff", setup->admin_token, body))
		return false;
	snprintf(body, sizeof body,
	         "{\"role\":\"staff\",\"subject\":\"bench-%u\",\"expires_in\":604800}", i);
	json_t *answer = post(caller, "/v1/tokens", setup->admin_token, body);
	const char *token = json_string_value(json_object_get(answer, "token"));
	bool good = token != NULL && programme_add_token(programme, lgp_view_of(token));
	if (answer != NULL && !good)
		snprintf(caller->error, ERROR_MAX, "POST /v1/tokens: an answer without a token");
	json_decref(answer);
	return good;
}

static bool register_customers(struct programme *programme, const struct target *target,
                               const struct programme_setup *setup, char error[ERROR_MAX])
{
	struct load_plan plan = {.target = target, .programme = programme};
	plan.mode = (struct mode){MODE_CUSTOMER, 1};
	plan.connections = setup->connections;
	plan.seconds = 24 * 3600;
	plan.stop_at = setup->customers;
	struct load_result *result = calloc(1, sizeof *result);
	if (result == NULL) {
		snprintf(error, ERROR_MAX, "memory ran out");
		return false;
	}
	bool good = load_run(&plan, result, error);
	if (good && load_errors(result) > 0) {
		snprintf(error, ERROR_MAX,
		         "registering customers: %llu requests failed; the first: %s",
		         (unsigned long long)load_errors(result), result->refusal);
		good = false;
	}
	load_result_deinit(result);
	free(result);
	return good;
}

bool programme_set_up(struct programme *programme, const struct target *target,
                      const struct programme_setup *setup, char error[ERROR_MAX])
{
	struct caller caller = {.target = target, .error = error};
	if (!wire_open(&caller.wire, target, error))
		return false;
	bool good = register_house(&caller, setup);
	for (unsigned i = 1; i <= setup->staff && good; i++)
		good = register_staff(&caller, setup, i, programme);
	wire_close(&caller.wire);
	return good &&
	       (setup->customers == 0 || register_customers(programme, target, setup, error));
}
