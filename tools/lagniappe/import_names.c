/* import_names: ids for what the file names by text.  What the server has under
 * that name is taken; what it has not is registered.
 * Thread: the tool's one.
 *
 * Budgets and reasons get slugs that read like their texts.  Of staff only what
 * is an identifier does: a name, or a whole card number, must not be in the
 * ledger, so they get random ids, and are found again by the name that the
 * server keeps sealed. */
#include "tools/lagniappe/import.h"

#include "lagniappe/codec.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char *const nouns[NAME_NOUNS] = {
        [NAME_BUDGET] = "budgets", [NAME_REASON] = "reasons", [NAME_STAFF] = "staff"};

void names_init(struct names *names, struct session *session, const char *unit, const char *site)
{
	*names = (struct names){.session = session, .unit = unit, .site = site};
	tally_init(&names->known);
	tally_init(&names->taken);
}

void names_deinit(struct names *names)
{
	tally_deinit(&names->known);
	tally_deinit(&names->taken);
	free(names->slugs);
	names->slugs = NULL;
}

/* ---- What is known -------------------------------------------------------------- */

static uint64_t *place(struct tally *tally, enum name_noun noun, struct lgp_view text)
{
	uint8_t digest[TALLY_DIGEST_LEN];
	struct lgp_view parts[] = {lgp_view_of(nouns[noun]), text};
	tally_digest(parts, 2, digest);
	return tally_at(tally, digest);
}

static bool out_of_memory(void)
{
	complain("memory ran out, or the file names too much");
	return false;
}

/* The first id of a name stays. */
static bool remember(struct names *names, enum name_noun noun, struct lgp_view text, const char *id)
{
	if (names->count == names->room) {
		size_t room = names->room == 0 ? 256 : names->room * 2;
		char(*slugs)[SLUG_TEXT_MAX] = realloc(names->slugs, room * sizeof *slugs);
		if (slugs == NULL)
			return out_of_memory();
		names->slugs = slugs;
		names->room = room;
	}
	uint64_t *known = place(&names->known, noun, text);
	uint64_t *taken = place(&names->taken, noun, lgp_view_of(id));
	if (known == NULL || taken == NULL)
		return out_of_memory();
	*taken = 1;
	if (*known != 0)
		return true;
	snprintf(names->slugs[names->count], SLUG_TEXT_MAX, "%s", id);
	*known = ++names->count;
	return true;
}

/* ---- What the server has ----------------------------------------------------------- */

static bool get(struct names *names, const char *path, struct reply *reply)
{
	struct call call = {.method = "GET", .path = path};
	if (client_call(names->session->client, &call, reply))
		return true;
	complain("%s", client_error(names->session->client));
	return false;
}

static bool remember_page(struct names *names, enum name_noun noun, const json_t *page)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(page, nouns[noun]), i, row)
	{
		const char *id = json_string_value(json_object_get(row, "id"));
		const char *name = json_string_value(json_object_get(row, "name"));
		if (id == NULL || strlen(id) > LGP_SLUG_MAX)
			continue;
		if (!remember(names, noun, lgp_view_of(name != NULL ? name : id), id))
			return false;
	}
	return true;
}

static bool load_noun(struct names *names, enum name_noun noun)
{
	char path[1024];
	bool more = true;
	snprintf(path, sizeof path, "/v1/%s?page_size=1000", nouns[noun]);
	while (more) {
		struct reply reply;
		if (!get(names, path, &reply))
			return false;
		const char *token =
		        json_string_value(json_object_get(reply.json, "next_page_token"));
		bool loaded = reply.status == 200 && remember_page(names, noun, reply.json);
		if (reply.status != 200)
			print_problem(&reply);
		more = token != NULL;
		if (more) {
			char *escaped = client_escape(names->session->client, token);
			snprintf(path, sizeof path, "/v1/%s?page_size=1000&page_token=%s",
			         nouns[noun], escaped != NULL ? escaped : "");
			free(escaped);
		}
		reply_deinit(&reply);
		if (!loaded)
			return false;
	}
	return true;
}

/* ---- What is made ------------------------------------------------------------------- */

/* Posts a registration under a key that follows from it.  False: no answer. */
static bool post(struct names *names, const char *path, json_t *body, struct reply *reply)
{
	char *text = json_dumps(body, JSON_COMPACT), key[CLIENT_KEY_MAX];
	uint8_t digest[TALLY_DIGEST_LEN];
	char hex[2 * TALLY_DIGEST_LEN];
	json_decref(body);
	if (text == NULL)
		return out_of_memory();
	struct lgp_view parts[] = {lgp_view_of(path), lgp_view_of(text)};
	tally_digest(parts, 2, digest);
	lgp_hex_encode(hex, digest, sizeof digest);
	snprintf(key, sizeof key, "reg-%.*s", (int)sizeof hex, hex);
	struct call call = {.method = "POST",
	                    .path = path,
	                    .body = lgp_view_of(text),
	                    .content_type = "application/json",
	                    .key = key};
	bool answered = client_call(names->session->client, &call, reply);
	free(text);
	if (!answered)
		complain("%s", client_error(names->session->client));
	return answered;
}

/* Whether it is there; where it is not, makes it.  *answer: its JSON, owned,
 * NULL when it was made. */
static bool ensure(struct names *names, const char *path, const char *id, json_t *body, bool *made,
                   json_t **answer)
{
	char one[128];
	struct reply reply;
	*answer = NULL;
	snprintf(one, sizeof one, "%s/%s", path, id);
	bool fine = get(names, one, &reply);
	if (fine && reply.status == 404) {
		reply_deinit(&reply);
		fine = post(names, path, json_incref(body), &reply);
		*made = fine;
	} else if (fine) {
		*answer = json_incref(reply.json);
	}
	json_decref(body);
	if (!fine)
		return false;
	fine = reply.status == 200 || reply.status == 201;
	if (!fine)
		print_problem(&reply);
	reply_deinit(&reply);
	return fine;
}

/* The ledger's only unit; one that is new where it has none. */
bool names_choose_unit(struct names *names, char unit[LGP_SLUG_MAX + 1])
{
	struct reply reply;
	if (!get(names, "/v1/units?page_size=2", &reply))
		return false;
	const json_t *units = json_object_get(reply.json, "units");
	const char *code = json_string_value(json_object_get(json_array_get(units, 0), "code"));
	bool one = reply.status == 200 && json_array_size(units) < 2;
	if (reply.status != 200)
		print_problem(&reply);
	else if (!one)
		complain("--unit is missing: the ledger has several units; say which one the "
		         "amounts are in");
	snprintf(unit, LGP_SLUG_MAX + 1, "%s", code != NULL ? code : NEW_UNIT);
	reply_deinit(&reply);
	names->unit = unit;
	return one;
}

bool names_prepare(struct names *names, const char *timezone, unsigned *scale)
{
	json_t *unit, *site;
	json_t *new_unit = json_pack("{s:s,s:s,s:i,s:s}", "code", names->unit, "name", names->unit,
	                             "scale", (int)*scale, "kind", "money");
	json_t *new_site = json_pack("{s:s,s:s,s:s}", "id", names->site, "name",
	                             "Imported spending", "timezone", timezone);
	bool fine = ensure(names, "/v1/units", names->unit, new_unit, &names->made_unit, &unit);
	const json_t *known = json_object_get(unit, "scale");
	if (json_is_integer(known) && json_integer_value(known) <= 9)
		*scale = (unsigned)json_integer_value(known);
	json_decref(unit);
	if (!fine) {
		json_decref(new_site);
		return false;
	}
	fine = ensure(names, "/v1/sites", names->site, new_site, &names->made_site, &site);
	json_decref(site);
	for (enum name_noun noun = 0; fine && noun < NAME_NOUNS; noun++)
		fine = load_noun(names, noun);
	return fine;
}

static void random_id(char out[SLUG_TEXT_MAX])
{
	uint8_t bytes[16];
	char text[LGP_BASE32_ID_LEN];
	randombytes_buf(bytes, sizeof bytes);
	lgp_base32_encode16(text, bytes);
	snprintf(out, SLUG_TEXT_MAX, "s-%.*s", 12, text);
}

/* An id for a new name; hashed: the plain one is somebody else's. */
static void choose_id(enum name_noun noun, struct lgp_view text, bool hashed,
                      char out[SLUG_TEXT_MAX])
{
	if (noun == NAME_STAFF && !slug_staff(text, out))
		random_id(out);
	else if (hashed)
		slug_hashed(text, out);
	else if (noun != NAME_STAFF)
		slug_plain(text, out);
}

static json_t *definition(const struct names *names, enum name_noun noun, struct lgp_view text,
                          const char *id, const char *budget)
{
	if (noun == NAME_BUDGET)
		return json_pack("{s:s,s:s%,s:s,s:s}", "id", id, "name", text.ptr, text.len, "site",
		                 names->site, "unit", names->unit);
	if (noun == NAME_REASON)
		return json_pack("{s:s,s:s%,s:s}", "id", id, "name", text.ptr, text.len, "kind",
		                 "discretionary");
	return json_pack("{s:s,s:s%,s:s,s:s,s:s}", "id", id, "name", text.ptr, text.len, "role",
	                 "staff", "site", names->site, "budget", budget);
}

/* The server's answer to a registration. */
static enum name_result judge(const struct reply *reply, char why[256])
{
	const char *title = json_string_value(json_object_get(reply->json, "title"));
	const char *detail = json_string_value(json_object_get(reply->json, "detail"));
	if (reply->status == 200 || reply->status == 201)
		return NAME_FOUND;
	if (reply->status == 401 || reply->status == 403 || reply->status >= 500) {
		print_problem(reply);
		return NAME_FAULT;
	}
	snprintf(why, 256, "%.60s: %.160s", title != NULL ? title : "the server refused the name",
	         detail != NULL ? detail : "");
	return NAME_REJECTED;
}

/* Registers under the plain id, or the hashed one where that is taken. */
static enum name_result make(struct names *names, enum name_noun noun, struct lgp_view text,
                             const char *budget, char why[256])
{
	char id[SLUG_TEXT_MAX], path[32];
	snprintf(path, sizeof path, "/v1/%s", nouns[noun]);
	enum name_result result = NAME_REJECTED;
	for (unsigned hashed = 0; hashed <= 1 && result == NAME_REJECTED; hashed++) {
		struct reply reply;
		choose_id(noun, text, hashed != 0, id);
		uint64_t *taken = place(&names->taken, noun, lgp_view_of(id));
		if (taken == NULL) {
			(void)out_of_memory();
			return NAME_FAULT;
		}
		if (*taken != 0)
			continue;
		if (names->session->dry_run) {
			result = NAME_FOUND;
			continue;
		}
		if (!post(names, path, definition(names, noun, text, id, budget), &reply))
			return NAME_FAULT;
		bool exists = reply.status == 409;
		result = judge(&reply, why);
		reply_deinit(&reply);
		if (!exists && result == NAME_REJECTED)
			return NAME_REJECTED;
	}
	if (result != NAME_FOUND)
		return result;
	names->made[noun]++;
	return remember(names, noun, text, id) ? NAME_FOUND : NAME_FAULT;
}

enum name_result names_find(struct names *names, enum name_noun noun, struct lgp_view text,
                            const char *budget, const char **slug, char why[256])
{
	uint64_t *known = place(&names->known, noun, text);
	if (known == NULL) {
		(void)out_of_memory();
		return NAME_FAULT;
	}
	if (*known == 0) {
		snprintf(why, 256, "there is no free id for %s \"%.*s\"", nouns[noun],
		         text.len < 128 ? (int)text.len : 128, text.ptr);
		enum name_result result = make(names, noun, text, budget, why);
		if (result != NAME_FOUND)
			return result;
	}
	known = place(&names->known, noun, text);
	*slug = names->slugs[*known - 1];
	return NAME_FOUND;
}
