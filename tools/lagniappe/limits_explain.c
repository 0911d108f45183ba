/* limits_explain: what every limit would say to a grant that nobody gives.
 * Thread: the tool's one. */
#include "tools/lagniappe/lagniappe.h"

#include <stdlib.h>
#include <string.h>

/* What the limit would do, for people. */
static const char *effect(const json_t *use)
{
	if (!json_is_true(json_object_get(use, "passed")))
		return "allows it";
	const char *when = json_string_value(json_object_get(use, "when_passed"));
	return when != NULL && strcmp(when, "ask") == 0 ? "would ask" : "would refuse";
}

static bool print_limits(struct session *session, json_t *limits)
{
	const char *unit = options_get(&session->options, "unit");
	json_t *use;
	size_t i;
	if (json_array_size(limits) == 0) {
		puts("no limit is met");
		return true;
	}
	if (!print_lend_unit(limits, unit))
		return false;
	json_array_foreach(limits, i,
	                   use) if (json_object_set_new(use, "effect", json_string(effect(use))) !=
	                            0) return false;
	return print_rows(session, limits,
	                  "limit,measure,per,window,used,remaining,max,resets_at,effect");
}

static void print_verdict(const struct reply *reply)
{
	const char *kind = json_string_value(json_object_get(reply->json, "kind"));
	const char *title = json_string_value(json_object_get(reply->json, "title"));
	const char *limit = json_string_value(json_object_get(reply->json, "limit"));
	const char *when = json_string_value(json_object_get(reply->json, "when_passed"));
	if (when != NULL && strcmp(when, "ask") == 0)
		printf("\nit would be refused (%s); with --if-over ask it would wait for "
		       "approval\n",
		       limit != NULL ? limit : "");
	else if (reply->status < 300)
		printf("\nit would be %s\n", kind != NULL && strcmp(kind, "ask") == 0
		                                     ? "put to a manager for approval"
		                                     : "granted");
	else
		printf("\nit would be refused: %s%s%s\n", title != NULL ? title : "",
		       limit != NULL ? ", " : "", limit != NULL ? limit : "");
}

static enum outcome show(struct session *session, const struct reply *reply)
{
	json_t *limits = json_object_get(reply->json, "limits");
	if (session->json) {
		fwrite(reply->body, 1, reply->len, stdout);
		putchar('\n');
	}
	if (!json_is_array(limits)) {
		print_refusal(session, reply);
		return REFUSED;
	}
	if (!session->json) {
		if (!print_limits(session, limits))
			return TROUBLE;
		print_verdict(reply);
	}
	return reply->status < 300 ? DONE : REFUSED;
}

enum outcome limits_explain_run(struct session *session)
{
	char key[CLIENT_KEY_MAX];
	struct reply reply;
	json_t *json = call_body(session);
	char *body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (body == NULL)
		return TROUBLE;
	client_key(key);
	const struct call call = {.method = "POST",
	                          .path = "/v1/grants?dry_run=true",
	                          .body = {body, strlen(body)},
	                          .content_type = "application/json",
	                          .key = key};
	bool answered = client_call(session->client, &call, &reply);
	free(body);
	if (!answered) {
		complain("%s", client_error(session->client));
		return TROUBLE;
	}
	enum outcome outcome = show(session, &reply);
	reply_deinit(&reply);
	return outcome;
}
