/* call: the commands that are one call: options to JSON, the answer to people.
 * Thread: the tool's one. */
#include "tools/lagniappe/amount.h"
#include "tools/lagniappe/lagniappe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 2048

/* ---- A noun's fields as options -------------------------------------------- */

static struct option_row field_row(const struct lgp_field *field, bool whole)
{
	static const char *const placeholders[] = {
	        [LGP_FIELD_SLUG] = "SLUG",      [LGP_FIELD_CODE] = "CODE",
	        [LGP_FIELD_TEXT] = "TEXT",      [LGP_FIELD_NUMBER] = "N",
	        [LGP_FIELD_DATE] = "DATE",      [LGP_FIELD_TIME] = "TIME",
	        [LGP_FIELD_CLOCK] = "HH:MM",    [LGP_FIELD_ZONE] = "ZONE",
	        [LGP_FIELD_REF] = "ID",         [LGP_FIELD_REFS] = "ID",
	        [LGP_FIELD_CUSTOMER] = "ID",    [LGP_FIELD_HASH] = "HEX",
	        [LGP_FIELD_WHEN] = "DATE|TIME",
	};
	struct option_row row = {.name = field->name, .tag = TAG_TEXT, .help = field->help};
	row.value = field->type == LGP_FIELD_CHOICE ? field->choices : placeholders[field->type];
	/* The server wants a name with every registration. */
	bool needed = (field->rules & LGP_FIELD_REQUIRED) != 0 || strcmp(field->name, "name") == 0;
	if (whole && needed)
		row.rules |= OPTION_REQUIRED;
	if (field->type == LGP_FIELD_REFS) {
		row.rules |= OPTION_REPEATED;
		row.tag = TAG_LIST;
	}
	if (field->type == LGP_FIELD_NUMBER)
		row.tag = TAG_INTEGER;
	if (strcmp(field->name, "max") == 0 || strcmp(field->name, "ceiling") == 0) {
		row.tag = TAG_AMOUNT;
		row.value = "AMOUNT";
	}
	if (strncmp(field->name, "scope.", 6) == 0) {
		row.tag = TAG_SCOPE;
		row.name = field->name + 6;
	}
	return row;
}

/* A token's customer is given as its subject, its end as expires_in. */
static void add_token_row(struct session *session, const struct lgp_field *field, size_t *n)
{
	static const struct option_row expires_in = {"expires-in", "SECONDS", OPTION_REQUIRED,
	                                             TAG_INTEGER, "how long it is good for"};
	if (strcmp(field->name, "expires") == 0)
		session->noun_rows[(*n)++] = expires_in;
	else if (strcmp(field->name, "customer") != 0)
		session->noun_rows[(*n)++] = field_row(field, true);
	if (strcmp(field->name, "subject") == 0)
		session->noun_rows[*n - 1].help =
		        "the member of staff, or the customer, that it speaks for";
}

/* What the address or the token says. */
static bool said_elsewhere(const struct lgp_noun *noun, const struct lgp_field *field)
{
	return (noun->kind == LGP_KIND_LIMIT && strcmp(field->name, "id") == 0) ||
	       (noun->kind == LGP_KIND_DELEGATION && strcmp(field->name, "from") == 0);
}

void call_noun_options(struct session *session)
{
	static const struct option_row name = {"name", "TEXT", 0, TAG_TEXT, "the person's name"};
	const struct lgp_noun *noun = lgp_noun_of(session->command->kind);
	bool whole = strcmp(session->command->method, "PATCH") != 0;
	size_t n = 0;
	require(noun != NULL && noun->field_count <= LGP_NOUN_FIELDS_MAX);
	for (size_t i = 0; i < noun->field_count; i++) {
		const struct lgp_field *field = &noun->fields[i];
		bool fixed = (field->rules & LGP_FIELD_FIXED) != 0;
		if ((field->rules & LGP_FIELD_SECRET) != 0 || (!whole && fixed) ||
		    said_elsewhere(noun, field))
			continue;
		if (noun->kind == LGP_KIND_TOKEN)
			add_token_row(session, field, &n);
		else
			session->noun_rows[n++] = field_row(field, whole);
	}
	if (noun->personal_name) {
		session->noun_rows[n] = name;
		session->noun_rows[n++].rules = whole ? OPTION_REQUIRED : 0;
	}
	session->noun_rows[n].name = NULL;
	options_table(&session->options, session->noun_rows);
}

/* ---- Options to a body -------------------------------------------------------- */

static json_t *integer_of(const struct option_row *row, const char *text)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	bool digits = text[0] == '-' ? text[1] >= '0' && text[1] <= '9'
	                             : text[0] >= '0' && text[0] <= '9';
	if (!digits || *end != '\0' || errno != 0) {
		complain("--%s takes a whole number, not \"%s\"", row->name, text);
		return NULL;
	}
	return json_integer(value);
}

/* "2500" is minor units; a point makes it a decimal of the unit. */
static json_t *amount_of(struct session *session, const struct option_row *row, const char *text)
{
	if (strchr(text, '.') == NULL)
		return integer_of(row, text);
	const char *unit = options_get(&session->options, "unit"), *why;
	int scale = unit != NULL ? unit_scale(session, unit) : SCALE_UNKNOWN;
	int64_t minor;
	if (scale == SCALE_UNKNOWN) {
		complain("--%s %s: the unit's decimal places are not known here; "
		         "give it in minor units, a whole number",
		         row->name, text);
		return NULL;
	}
	if (!amount_parse(lgp_view_of(text), (unsigned)scale, unit, &minor, &why)) {
		complain("--%s %s: %s", row->name, text, why);
		return NULL;
	}
	return json_integer(minor);
}

/* The name as JSON has it. */
static void json_name(const char *option, char out[64])
{
	snprintf(out, 64, "%s", option);
	for (char *p = out; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
}

/* False: a value is not of its form, which was said. */
static bool add_field(struct session *session, json_t *body, const struct option_row *row,
                      const char *text)
{
	char name[64];
	json_t *value = NULL;
	json_name(row->name, name);
	if (row->tag == TAG_LIST) {
		json_t *list = json_object_get(body, name);
		if (list == NULL) {
			list = json_array();
			if (json_object_set_new(body, name, list) != 0)
				return false;
		}
		return json_array_append_new(list, json_string(text)) == 0;
	}
	if (row->tag == TAG_SCOPE) {
		json_t *scope = json_object_get(body, "scope");
		if (scope == NULL) {
			scope = json_object();
			if (json_object_set_new(body, "scope", scope) != 0)
				return false;
		}
		body = scope;
	}
	if (row->tag == TAG_TEXT || row->tag == TAG_SCOPE) {
		value = json_string(text);
		if (value == NULL)
			complain("--%s is not UTF-8", row->name);
	} else if (row->tag == TAG_INTEGER) {
		value = integer_of(row, text);
	} else {
		value = amount_of(session, row, text);
	}
	return value != NULL && json_object_set_new(body, name, value) == 0;
}

json_t *call_body(struct session *session)
{
	json_t *body = json_object();
	for (size_t i = 0; body != NULL && i < session->options.given_count; i++) {
		const struct option_row *row = session->options.given[i].row;
		if (row->tag == TAG_NONE || row->tag == TAG_QUERY)
			continue;
		if (!add_field(session, body, row, session->options.given[i].text)) {
			json_decref(body);
			return NULL;
		}
	}
	return body;
}

/* ---- The address ----------------------------------------------------------------- */

static bool append(char *path, size_t *len, const char *text)
{
	size_t more = strlen(text);
	if (more >= PATH_MAX_BYTES - *len)
		return false;
	memcpy(path + *len, text, more + 1);
	*len += more;
	return true;
}

static bool append_escaped(struct session *session, char *path, size_t *len, const char *text)
{
	char *escaped = client_escape(session->client, text);
	bool appended = escaped != NULL && append(path, len, escaped);
	free(escaped);
	return appended;
}

/* The path with its {} filled and its parameters. */
static bool build_path(struct session *session, char path[PATH_MAX_BYTES])
{
	const struct options *options = &session->options;
	const char *separator = "?";
	size_t len = 0, argument = 0;
	bool fits = true;
	for (const char *p = session->command->path; *p != '\0' && fits; p++) {
		if (strncmp(p, "{}", 2) == 0) {
			const char *word = argument < options->argument_count
			                           ? options->arguments[argument++]
			                           : "me"; /* an argument that may be left out */
			fits = append_escaped(session, path, &len, word);
			p++;
		} else {
			fits = append(path, &len, (char[]){*p, '\0'});
		}
	}
	for (size_t i = 0; i < options->given_count && fits; i++) {
		char name[64];
		if (options->given[i].row->tag != TAG_QUERY)
			continue;
		json_name(options->given[i].row->name, name);
		fits = append(path, &len, separator) && append(path, &len, name) &&
		       append(path, &len, "=") &&
		       append_escaped(session, path, &len, options->given[i].text);
		separator = "&";
	}
	if (session->dry_run)
		fits = fits && append(path, &len, separator) && append(path, &len, "dry_run=true");
	if (!fits)
		complain("the address would be longer than %d bytes", PATH_MAX_BYTES);
	return fits;
}

/* ---- The call ----------------------------------------------------------------------- */

static enum outcome show(struct session *session, const struct reply *reply)
{
	if (reply->status >= 400) {
		if (session->json)
			fwrite(reply->body, 1, reply->len, stdout);
		print_refusal(session, reply);
		return REFUSED;
	}
	if (reply->status >= 300) {
		complain(
		        "the server sends elsewhere (status %ld); is the address the server's own?",
		        reply->status);
		return TROUBLE;
	}
	if (session->dry_run && !session->json)
		puts("(dry run: nothing was written)");
	if (reply->status == 204 && !session->json) {
		puts("ended");
		return DONE;
	}
	if (session->json || session->command->print == NULL || reply->json == NULL) {
		fwrite(reply->body, 1, reply->len, stdout);
		if (reply->len > 0 && reply->body[reply->len - 1] != '\n')
			putchar('\n');
		return DONE;
	}
	if (reply->replayed)
		puts("(this was done before; the first answer again)");
	return session->command->print(session, reply->json) ? DONE : TROUBLE;
}

/* accept: a command without a printer shows plain text. */
static enum outcome send_call(struct session *session, const char *path, const char *body)
{
	char random_key[CLIENT_KEY_MAX];
	bool writes = strcmp(session->command->method, "GET") != 0;
	client_key(random_key);
	const char *key = options_get(&session->options, "key");
	struct call call = {
	        .method = session->command->method,
	        .path = path,
	        .body = {body, body != NULL ? strlen(body) : 0},
	        .content_type = "application/json",
	        .accept = session->command->print == NULL && !session->json ? "text/plain" : NULL,
	        .key = !writes       ? NULL
	               : key != NULL ? key
	                             : random_key,
	        .if_match = options_get(&session->options, "if-match"),
	};
	struct reply reply;
	if (!client_call(session->client, &call, &reply)) {
		complain("%s", client_error(session->client));
		return TROUBLE;
	}
	enum outcome outcome = show(session, &reply);
	reply_deinit(&reply);
	return outcome;
}

enum outcome call_run(struct session *session)
{
	const char *method = session->command->method;
	bool has_body = strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0;
	char path[PATH_MAX_BYTES];
	if (!build_path(session, path))
		return TROUBLE;
	if (!has_body)
		return send_call(session, path, NULL);
	json_t *json = call_body(session);
	char *body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (body == NULL)
		return TROUBLE;
	enum outcome outcome = send_call(session, path, body);
	free(body);
	return outcome;
}
