/* limits_apply: makes the limits on the server those of a file.
 * Thread: the tool's one.
 *
 * First the difference is shown; then the server is asked, in dry runs, whether
 * it would take each; only then anything is written: what is new or changed,
 * and then what ends, each only while the version that was compared is in force.
 * So whoever is stopped in the middle has tightened, or can run it again. */
#include "tools/lagniappe/lagniappe.h"
#include "tools/lagniappe/limits_file.h"

#include <stdlib.h>
#include <string.h>

#define PAGE "/v1/limits?page_size=1000"
#define ADDRESS_MAX 512

const struct option_row apply_options[] = {
        {"yes", NULL, 0, TAG_NONE, "write; else the difference is shown and that is all"},
        {0},
};

const char apply_form[] =
        "FILE is JSON, - is standard input: {\"limits\": [{\"id\": \"guest\", \"scope\": "
        "{\"role\":\n"
        "\"staff\"}, \"unit\": \"EUR\", \"measure\": \"amount\", \"per\": \"customer-incident\",\n"
        "\"window\": \"none\", \"max\": 200000}, …]}, with the fields that `limits set` has;\n"
        "amounts in minor units.  What `limits list --json` prints is such a file.\n"
        "What the server does not have is set, what differs is set again as a whole, and\n"
        "what the file does not have is ended.  Nothing is written unless the server would\n"
        "take all of it, and no limit that was changed in between is overwritten.\n\n";

struct plan {
	json_t *wanted, *present; /* lists: of the file, of the server */
	size_t added, changed, removed, same;
};

/* ---- the server's ------------------------------------------------------------------------ */

static bool answered(struct session *session, const struct call *call, struct reply *reply)
{
	if (client_call(session->client, call, reply))
		return true;
	complain("%s", client_error(session->client));
	return false;
}

/* One page onto the list; the next one's token into *token, NULL at the end. */
static enum outcome fetch_page(struct session *session, json_t *list, char **token)
{
	char path[ADDRESS_MAX];
	struct reply reply;
	snprintf(path, sizeof path, PAGE "%s%s", *token != NULL ? "&page_token=" : "",
	         *token != NULL ? *token : "");
	free(*token);
	*token = NULL;
	if (!answered(session, &(struct call){.method = "GET", .path = path}, &reply))
		return TROUBLE;
	enum outcome outcome = DONE;
	if (reply.status != 200) {
		print_refusal(session, &reply);
		outcome = REFUSED;
	} else {
		const char *next =
		        json_string_value(json_object_get(reply.json, "next_page_token"));
		*token = next != NULL ? strdup(next) : NULL;
		if (json_array_extend(list, json_object_get(reply.json, "limits")) != 0)
			outcome = TROUBLE;
	}
	reply_deinit(&reply);
	return outcome;
}

static enum outcome fetch(struct session *session, json_t *list)
{
	char *token = NULL;
	enum outcome outcome;
	do
		outcome = fetch_page(session, list, &token);
	while (outcome == DONE && token != NULL);
	free(token);
	return outcome;
}

/* ---- the difference -------------------------------------------------------------------------- */

static const char *id_of(const json_t *limit)
{
	return json_string_value(json_object_get(limit, "id"));
}

/* How many fields differ; said, each, where that is wanted. */
static size_t compare(const json_t *before, const json_t *after, bool say)
{
	const struct lgp_noun *noun = lgp_noun_of(LGP_KIND_LIMIT);
	size_t different = 0;
	for (size_t i = 0; i < noun->field_count; i++) {
		char old[LIMIT_VALUE_MAX] = "", new[LIMIT_VALUE_MAX] = "";
		const struct lgp_field *field = &noun->fields[i];
		if (strcmp(field->name, "id") == 0)
			continue;
		if (before != NULL)
			(void)limits_file_value(before, field, old);
		(void)limits_file_value(after, field, new);
		if (strcmp(old, new) == 0)
			continue;
		different++;
		if (say && before != NULL)
			printf("    %s: %s -> %s\n", field->name, old[0] != '\0' ? old : "(none)",
			       new[0] != '\0' ? new : "(none)");
		else if (say)
			printf("    %s: %s\n", field->name, new);
	}
	return different;
}

static void show_wanted(struct plan *plan, bool say)
{
	json_t *limit;
	size_t i;
	json_array_foreach(plan->wanted, i, limit)
	{
		json_t *before = limits_file_find(plan->present, id_of(limit));
		if (before != NULL && compare(before, limit, false) == 0) {
			plan->same++;
			continue;
		}
		plan->added += before == NULL;
		plan->changed += before != NULL;
		if (say) {
			printf("%s %s\n", before == NULL ? "+" : "~", id_of(limit));
			(void)compare(before, limit, true);
		}
	}
}

static void show_difference(struct session *session, struct plan *plan)
{
	json_t *limit;
	size_t i;
	show_wanted(plan, !session->json);
	json_array_foreach(plan->present, i,
	                   limit) if (limits_file_find(plan->wanted, id_of(limit)) == NULL)
	{
		plan->removed++;
		if (!session->json)
			printf("- %s\n", id_of(limit));
	}
}

/* ---- writing ------------------------------------------------------------------------------------ */

static enum outcome send(struct session *session, const char *method, const json_t *limit,
                         const json_t *before, bool dry)
{
	char path[ADDRESS_MAX], version[32] = "";
	char *body = strcmp(method, "PUT") == 0 ? json_dumps(limit, JSON_COMPACT) : NULL;
	struct reply reply;
	snprintf(path, sizeof path, "/v1/limits/%s%s", id_of(limit), dry ? "?dry_run=true" : "");
	if (before != NULL)
		snprintf(version, sizeof version, "\"%" JSON_INTEGER_FORMAT "\"",
		         json_integer_value(json_object_get(before, "version")));
	const struct call call = {.method = method,
	                          .path = path,
	                          .body = {body, body != NULL ? strlen(body) : 0},
	                          .content_type = "application/json",
	                          .if_match = version[0] != '\0' ? version : NULL};
	bool got = answered(session, &call, &reply);
	free(body);
	if (!got)
		return TROUBLE;
	enum outcome outcome = reply.status < 300 ? DONE : REFUSED;
	if (outcome != DONE) {
		complain("limit \"%s\":", id_of(limit));
		print_refusal(session, &reply);
	}
	reply_deinit(&reply);
	return outcome;
}

static enum outcome put_all(struct session *session, const struct plan *plan, bool dry,
                            size_t *done)
{
	enum outcome outcome = DONE;
	json_t *limit;
	size_t i;
	json_array_foreach(plan->wanted, i, limit)
	{
		json_t *before = limits_file_find(plan->present, id_of(limit));
		if (before != NULL && compare(before, limit, false) == 0)
			continue;
		outcome = send(session, "PUT", limit, before, dry);
		if (outcome != DONE)
			break;
		++*done;
	}
	return outcome;
}

static enum outcome end_all(struct session *session, const struct plan *plan, size_t *done)
{
	enum outcome outcome = DONE;
	json_t *limit;
	size_t i;
	json_array_foreach(plan->present, i, limit)
	{
		if (limits_file_find(plan->wanted, id_of(limit)) != NULL)
			continue;
		outcome = send(session, "DELETE", limit, limit, false);
		if (outcome != DONE)
			break;
		++*done;
	}
	return outcome;
}

static void say_sums(const struct session *session, const struct plan *plan, bool written)
{
	if (session->json)
		printf("{\"added\":%zu,\"changed\":%zu,\"removed\":%zu,\"same\":%zu,\"written\":%s}"
		       "\n",
		       plan->added, plan->changed, plan->removed, plan->same,
		       written ? "true" : "false");
	else
		printf("%zu new, %zu changed, %zu ended, %zu as they were%s\n", plan->added,
		       plan->changed, plan->removed, plan->same,
		       written ? "" : "; nothing was written");
}

static enum outcome write_plan(struct session *session, const struct plan *plan)
{
	size_t done = 0, all = plan->added + plan->changed + plan->removed;
	enum outcome outcome = put_all(session, plan, false, &done);
	if (outcome == DONE)
		outcome = end_all(session, plan, &done);
	if (outcome != DONE)
		complain("%zu of %zu changes were made; run it again to see what is left", done,
		         all);
	else
		say_sums(session, plan, true);
	return outcome;
}

static enum outcome follow(struct session *session, struct plan *plan)
{
	size_t checked = 0;
	show_difference(session, plan);
	bool nothing = plan->added + plan->changed + plan->removed == 0;
	enum outcome outcome = put_all(session, plan, true, &checked);
	if (outcome != DONE) {
		complain("nothing was written");
		return outcome;
	}
	if (nothing || session->dry_run) {
		say_sums(session, plan, false);
		return DONE;
	}
	if (!options_flag(&session->options, "yes")) {
		say_sums(session, plan, false);
		complain("add --yes to make these changes");
		return REFUSED;
	}
	return write_plan(session, plan);
}

enum outcome limits_apply_run(struct session *session)
{
	struct plan plan = {.wanted = limits_file_read(session->options.arguments[0])};
	if (plan.wanted == NULL)
		return TROUBLE;
	plan.present = json_array();
	enum outcome outcome = plan.present != NULL ? fetch(session, plan.present) : TROUBLE;
	if (outcome == DONE)
		outcome = follow(session, &plan);
	json_decref(plan.wanted);
	json_decref(plan.present);
	return outcome;
}
