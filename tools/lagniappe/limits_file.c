/* limits_file: a programme's limits as a file.
 * Thread: the tool's one. */
#include "tools/lagniappe/limits_file.h"

#include "lagniappe/codec.h"
#include "tools/lagniappe/lagniappe.h"

#include <string.h>

/* ---- values -------------------------------------------------------------------------- */

static const json_t *value_of(const json_t *limit, const char *name)
{
	const char *dot = strchr(name, '.');
	char group[64];
	if (dot == NULL)
		return json_object_get(limit, name);
	snprintf(group, sizeof group, "%.*s", (int)(dot - name), name);
	return json_object_get(json_object_get(limit, group), dot + 1);
}

static const char *otherwise(const struct lgp_field *field)
{
	if (strcmp(field->name, "when_passed") == 0)
		return "refuse";
	return strcmp(field->name, "reversal") == 0 ? "amount" : "";
}

/* One moment has one text. */
static void normalise_time(char text[LIMIT_VALUE_MAX])
{
	int32_t days;
	int64_t time_us;
	struct lgp_view view = lgp_view_of(text);
	if (lgp_date_parse(view, &days) == LGP_OK || lgp_time_parse(view, &time_us) != LGP_OK)
		return;
	lgp_time_format(text, time_us);
	text[LGP_TIME_LEN] = '\0';
}

bool limits_file_value(const json_t *limit, const struct lgp_field *field,
                       char out[LIMIT_VALUE_MAX])
{
	const json_t *value = value_of(limit, field->name);
	int len;
	if (value == NULL)
		len = snprintf(out, LIMIT_VALUE_MAX, "%s", otherwise(field));
	else if (json_is_integer(value))
		len = snprintf(out, LIMIT_VALUE_MAX, "%" JSON_INTEGER_FORMAT,
		               json_integer_value(value));
	else if (json_is_string(value))
		len = snprintf(out, LIMIT_VALUE_MAX, "%s", json_string_value(value));
	else
		return false;
	if (field->type == LGP_FIELD_WHEN)
		normalise_time(out);
	return len >= 0 && len < LIMIT_VALUE_MAX;
}

json_t *limits_file_find(const json_t *list, const char *id)
{
	json_t *limit;
	size_t i;
	json_array_foreach(list, i, limit)
	{
		const char *other = json_string_value(json_object_get(limit, "id"));
		if (other != NULL && strcmp(other, id) == 0)
			return limit;
	}
	return NULL;
}

/* ---- checks ------------------------------------------------------------------------------ */

static bool is_group(const char *name)
{
	const struct lgp_noun *noun = lgp_noun_of(LGP_KIND_LIMIT);
	size_t len = strlen(name);
	for (size_t i = 0; i < noun->field_count; i++)
		if (strncmp(noun->fields[i].name, name, len) == 0 &&
		    noun->fields[i].name[len] == '.')
			return true;
	return false;
}

/* Whether the table has the field, or, with the object's fields, the group. */
static bool known(const char *group, const char *name)
{
	const struct lgp_noun *noun = lgp_noun_of(LGP_KIND_LIMIT);
	char path[128];
	snprintf(path, sizeof path, "%s%s%s", group, group[0] != '\0' ? "." : "", name);
	for (size_t i = 0; i < noun->field_count; i++)
		if (strcmp(noun->fields[i].name, path) == 0)
			return strchr(name, '.') == NULL;
	return group[0] == '\0' && is_group(name);
}

static bool check_names(const char *path, const char *id, const char *group, json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	{
		if (!known(group, name)) {
			complain("%s: limit \"%s\" has an unknown field \"%s%s%s\"", path, id,
			         group, group[0] != '\0' ? "." : "", name);
			return false;
		}
		if (!json_is_object(value) && group[0] == '\0' && is_group(name)) {
			complain("%s: limit \"%s\": %s must be an object", path, id, name);
			return false;
		}
		if (json_is_object(value) && group[0] == '\0' &&
		    !check_names(path, id, name, value))
			return false;
	}
	return true;
}

static bool check_values(const char *path, const char *id, const json_t *limit)
{
	const struct lgp_noun *noun = lgp_noun_of(LGP_KIND_LIMIT);
	char text[LIMIT_VALUE_MAX];
	for (size_t i = 0; i < noun->field_count; i++)
		if (!limits_file_value(limit, &noun->fields[i], text)) {
			complain("%s: limit \"%s\": %s must be a text or a whole number, and not "
			         "longer "
			         "than %d bytes",
			         path, id, noun->fields[i].name, LIMIT_VALUE_MAX - 1);
			return false;
		}
	return true;
}

static bool check_limit(const char *path, const json_t *list, size_t i)
{
	json_t *limit = json_array_get(list, i);
	const char *id = json_string_value(json_object_get(limit, "id"));
	if (!json_is_object(limit) || id == NULL || !lgp_slug_valid(lgp_view_of(id))) {
		complain("%s: limit %zu of the list needs an id, a slug: a-z 0-9 . _ -", path,
		         i + 1);
		return false;
	}
	if (limits_file_find(list, id) != limit) {
		complain("%s: there are two limits of the id \"%s\"", path, id);
		return false;
	}
	(void)json_object_del(limit, "version"); /* from a list that was kept as a file */
	return check_names(path, id, "", limit) && check_values(path, id, limit);
}

json_t *limits_file_read(const char *path)
{
	json_error_t error;
	bool standard = strcmp(path, "-") == 0;
	json_t *root = standard ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
	                        : json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		if (error.line < 0)
			complain("%s", error.text); /* it names the file */
		else
			complain("%s: line %d: %s", path, error.line, error.text);
		return NULL;
	}
	json_t *list = json_object_get(root, "limits");
	bool good = json_is_array(list) && json_object_size(root) == 1;
	if (!good)
		complain("%s: it must be an object with one member: {\"limits\": [{\"id\": …}, …]}",
		         path);
	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = check_limit(path, list, i);
	list = good ? json_incref(list) : NULL;
	json_decref(root);
	return list;
}
