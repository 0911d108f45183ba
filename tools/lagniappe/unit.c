/* unit: the decimal places of a unit.
 * Thread: the tool's one. */
#include "tools/lagniappe/lagniappe.h"

#include <stdlib.h>
#include <string.h>

static int ask_scale(struct session *session, const char *code)
{
	char path[128];
	struct reply reply;
	char *escaped = client_escape(session->client, code);
	if (escaped == NULL)
		return SCALE_UNKNOWN;
	int len = snprintf(path, sizeof path, "/v1/units/%s", escaped);
	free(escaped);
	struct call call = {.method = "GET", .path = path};
	if (len >= (int)sizeof path || !client_call(session->client, &call, &reply))
		return SCALE_UNKNOWN;
	const json_t *scale = json_object_get(reply.json, "scale");
	int result = SCALE_UNKNOWN;
	if (reply.status == 200 && json_is_integer(scale) && json_integer_value(scale) >= 0 &&
	    json_integer_value(scale) <= 9)
		result = (int)json_integer_value(scale);
	reply_deinit(&reply);
	return result;
}

int unit_scale(struct session *session, const char *code)
{
	for (size_t i = 0; i < session->unit_count; i++)
		if (strcmp(session->units[i].code, code) == 0)
			return session->units[i].scale;
	if (session->client == NULL || strlen(code) > LGP_SLUG_MAX)
		return SCALE_UNKNOWN;
	int scale = ask_scale(session, code);
	if (session->unit_count < UNITS_CACHED_MAX) {
		snprintf(session->units[session->unit_count].code, sizeof session->units[0].code,
		         "%s", code);
		session->units[session->unit_count++].scale = scale;
	}
	return scale;
}
