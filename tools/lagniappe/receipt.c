/* receipt: proves a receipt offline, and says in plain words what is proven.
 * Thread: the tool's one.  No server is asked, and none is believed: the key
 * comes from whoever checks. */
#include "tools/common/file.h"
#include "tools/lagniappe/lagniappe.h"

#include "lagniappe/codec.h"
#include "lagniappe/entry.h"
#include "lagniappe/note.h"
#include "lagniappe/problem.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)
#define LEAF_MAX 65535 /* bytes; a tile's bundle holds no longer ones */

const struct option_row receipt_options[] = {
        {"key", "VKEY|FILE", OPTION_REQUIRED, TAG_NONE, "the log's verifier key, from init"},
        {0},
};

struct check {
	struct lgp_verifier key;
	json_t *file;      /* owned */
	const char *proof; /* borrowed from file */
	uint8_t leaf[LEAF_MAX];
	size_t leaf_len;
	uint64_t index;
	struct lgp_checkpoint checkpoint;
	bool is_entry; /* the leaf is one of ours, decoded */
	struct lgp_entry entry;
	char agreed[256]; /* the fields that were compared */
	char reason[512]; /* why it is not valid */
};

/* ---- What is to be checked ------------------------------------------------------ */

static bool load_key(struct check *check, const char *text)
{
	char *held;
	size_t len;
	if (lgp_vkey_parse(lgp_view_of(text), &check->key) == LGP_OK)
		return true;
	if (file_read(text, FILE_MAX, &held, &len) != LGP_OK) {
		complain("--key %s is neither a verifier key nor a file that can be read: %s", text,
		         lgp_fault_detail());
		return false;
	}
	while (len > 0 && strchr(" \r\n", held[len - 1]) != NULL)
		len--;
	bool parsed = lgp_vkey_parse((struct lgp_view){held, len}, &check->key) == LGP_OK;
	free(held);
	if (!parsed)
		complain("%s holds no verifier key (name+id+base64 on one line)", text);
	return parsed;
}

static bool load_file(struct check *check, const char *path)
{
	char *text;
	size_t len;
	json_error_t error;
	if (file_read(path, FILE_MAX, &text, &len) != LGP_OK) {
		complain("%s", lgp_fault_detail());
		return false;
	}
	check->file = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json_is_object(check->file)) {
		complain("%s is not a JSON object: %s", path,
		         check->file == NULL ? error.text : "it is something else");
		return false;
	}
	return true;
}

static bool invalid(struct check *check, const char *reason, const char *detail)
{
	snprintf(check->reason, sizeof check->reason, "%s%s%s", reason,
	         detail[0] != '\0' ? ": " : "", detail);
	return false;
}

/* The receipt's two parts, at the top or below "receipt".  False: TROUBLE. */
static bool find_parts(struct check *check, const char *path, const char **leaf)
{
	const json_t *receipt = json_object_get(check->file, "receipt");
	if (!json_is_object(receipt))
		receipt = check->file;
	*leaf = json_string_value(json_object_get(receipt, "leaf"));
	check->proof = json_string_value(json_object_get(receipt, "proof"));
	if (*leaf != NULL && check->proof != NULL)
		return true;
	complain("%s holds no receipt: it needs \"leaf\" and \"proof\", at the top or in "
	         "\"receipt\"",
	         path);
	return false;
}

/* ---- The proof -------------------------------------------------------------------- */

static bool check_proof(struct check *check, const char *leaf)
{
	if (lgp_base64_decode(lgp_view_of(leaf), check->leaf, LEAF_MAX, &check->leaf_len) != LGP_OK)
		return invalid(check, "the leaf is not canonical base64", "");
	struct lgp_view bytes = {(const char *)check->leaf, check->leaf_len};
	enum lgp_status status = lgp_receipt_verify(lgp_view_of(check->proof), bytes, &check->key,
	                                            1, &check->index, &check->checkpoint);
	if (status != LGP_OK)
		return invalid(check, lgp_status_text(status), lgp_fault_detail());
	check->is_entry = check->leaf_len == LGP_ENTRY_LEN &&
	                  lgp_entry_decode(check->leaf, &check->entry) == LGP_OK;
	if (check->is_entry && check->entry.seq != check->index)
		return invalid(check, "the entry names another number than its place in the log",
		               "");
	return true;
}

/* ---- What the file says beside it ----------------------------------------------------- */

/* The leaf's value of a field as JSON would have it; NULL: the leaf cannot say
 * (it holds numbers where JSON has names). */
static json_t *leaf_value(const struct lgp_entry *entry, const char *field)
{
	char text[LGP_TIME_LEN];
	if (strcmp(field, "seq") == 0)
		return json_integer((json_int_t)entry->seq);
	if (strcmp(field, "kind") == 0)
		return json_string(lgp_kind_name(entry->kind));
	if (strcmp(field, "amount") == 0)
		return json_integer(entry->amount);
	if (strcmp(field, "balance") == 0)
		return json_integer(entry->balance);
	if (strcmp(field, "refers_to") == 0)
		return json_integer((json_int_t)entry->refers_to);
	if (strcmp(field, "policy") == 0)
		return json_integer((json_int_t)entry->policy);
	if (strcmp(field, "minutes") == 0 && entry->kind == LGP_KIND_THANKS)
		return json_integer(entry->amount);
	if (strcmp(field, "refused") == 0 && lgp_problem_info(entry->code) != NULL)
		return json_string(lgp_problem_info(entry->code)->code);
	if (strcmp(field, "time") == 0) {
		lgp_time_format(text, entry->time_us);
		return json_stringn(text, LGP_TIME_LEN);
	}
	if (strcmp(field, "business_date") == 0) {
		lgp_date_format(text, entry->business_date);
		return json_stringn(text, LGP_DATE_LEN);
	}
	if (strcmp(field, "incident") == 0) {
		struct lgp_view incident = lgp_entry_incident(entry);
		return json_stringn(incident.ptr, incident.len);
	}
	return NULL;
}

static void note_agreed(struct check *check, const char *field)
{
	size_t len = strlen(check->agreed);
	snprintf(check->agreed + len, sizeof check->agreed - len, "%s%s", len > 0 ? ", " : "",
	         field);
}

static bool disagree(struct check *check, const char *field, json_t *claimed, json_t *proven)
{
	char *said = json_dumps(claimed, JSON_ENCODE_ANY | JSON_COMPACT);
	char *signed_one = json_dumps(proven, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(check->reason, sizeof check->reason,
	         "the file says %s %.100s, the signed entry says %.100s", field,
	         said != NULL ? said : "?", signed_one != NULL ? signed_one : "?");
	free(said);
	free(signed_one);
	return false;
}

/* Refunds of an import, and what is taken back from a budget, are told as
 * negative amounts; the leaf shows them by the side that is credited. */
static bool same_value(const struct lgp_entry *entry, const char *field, json_t *claimed,
                       json_t *proven)
{
	bool refund = entry->kind == LGP_KIND_IMPORT && entry->credit != LGP_CLASS_SETTLEMENT;
	bool taken_back = entry->kind == LGP_KIND_ALLOTMENT && entry->debit == LGP_CLASS_BUDGET;
	if (strcmp(field, "amount") == 0 && (refund || taken_back) && json_is_integer(claimed))
		return json_integer_value(claimed) == -json_integer_value(proven);
	return json_equal(claimed, proven);
}

static bool check_claims(struct check *check, json_t *claims)
{
	const char *field;
	json_t *claimed;
	json_object_foreach(claims, field, claimed)
	{
		json_t *proven = check->is_entry ? leaf_value(&check->entry, field) : NULL;
		if (proven == NULL)
			continue;
		bool same = same_value(&check->entry, field, claimed, proven);
		if (!same)
			(void)disagree(check, field, claimed, proven);
		else
			note_agreed(check, field);
		json_decref(proven);
		if (!same)
			return false;
	}
	return true;
}

/* Claims about a leaf that cannot be read cannot be held against it. */
static bool check_beside(struct check *check)
{
	json_t *entry = json_object_get(check->file, "entry");
	bool claims = json_object_get(check->file, "seq") != NULL || json_is_object(entry);
	if (claims && !check->is_entry)
		return invalid(check,
		               "the signed leaf is no entry that this build can read, "
		               "so what the file says beside it is not proven",
		               "");
	return check_claims(check, check->file) &&
	       (!json_is_object(entry) || check_claims(check, entry));
}

/* ---- The result ------------------------------------------------------------------------- */

static void tell_entry(const struct lgp_entry *entry)
{
	char time[LGP_TIME_LEN], date[LGP_DATE_LEN];
	struct lgp_view incident = lgp_entry_incident(entry);
	lgp_time_format(time, entry->time_us);
	lgp_date_format(date, entry->business_date);
	printf("  kind           %s\n", lgp_kind_name(entry->kind));
	printf("  time           %.*s\n", (int)sizeof time, time);
	printf("  business date  %.*s\n", (int)sizeof date, date);
	if (entry->unit != 0) {
		printf("  amount         %lld minor units of the unit that entry %llu opened\n",
		       (long long)entry->amount, (unsigned long long)entry->unit);
	} else if (entry->amount != 0) {
		printf("  minutes        %lld\n", (long long)entry->amount);
	}
	if (entry->customer != 0 && entry->unit != 0 && entry->kind != LGP_KIND_IMPORT)
		printf("  balance after  %lld minor units\n", (long long)entry->balance);
	if (entry->refers_to != 0)
		printf("  refers to      entry %llu\n", (unsigned long long)entry->refers_to);
	if (incident.len > 0)
		printf("  incident       %.*s\n", (int)incident.len, incident.ptr);
}

static void tell_valid(const struct check *check)
{
	printf("valid\n\nProven: entry %llu is in the log %s,\nas signed by its key over %llu "
	       "entries",
	       (unsigned long long)check->index, check->key.name,
	       (unsigned long long)check->checkpoint.size);
	puts(check->is_entry ? ", and says:"
	                     : ".\nThe entry's bytes are proven; this build does not "
	                       "know their format.");
	if (check->is_entry)
		tell_entry(&check->entry);
	if (check->agreed[0] != '\0')
		printf("The file says the same: %s.\n", check->agreed);
	fputs("\nNot proven here: who and what the names in the file are (the entry holds "
	      "numbers,\n"
	      "which the ledger's own first entries explain); that the entry was right to make; "
	      "that\n"
	      "nobody was shown another history. For the last, compare checkpoints with others.\n",
	      stdout);
}

static void tell_json(const struct check *check, bool valid)
{
	json_t *result = json_pack("{s:b}", "valid", valid);
	if (valid) {
		char root[LGP_BASE64_LEN(LGP_HASH_LEN)];
		size_t len = lgp_base64_encode(root, check->checkpoint.root.bytes, LGP_HASH_LEN);
		json_object_set_new(result, "origin", json_string(check->key.name));
		json_object_set_new(result, "index", json_integer((json_int_t)check->index));
		json_object_set_new(result, "size",
		                    json_integer((json_int_t)check->checkpoint.size));
		json_object_set_new(result, "root", json_stringn(root, len));
	} else {
		json_object_set_new(result, "reason", json_string(check->reason));
	}
	json_dumpf(result, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(result);
}

enum outcome receipt_run(struct session *session)
{
	static struct check check;
	const char *path = session->options.arguments[0], *leaf;
	enum outcome outcome = TROUBLE;
	if (load_key(&check, options_get(&session->options, "key")) && load_file(&check, path) &&
	    find_parts(&check, path, &leaf)) {
		bool valid = check_proof(&check, leaf) && check_beside(&check);
		if (session->json)
			tell_json(&check, valid);
		else if (valid)
			tell_valid(&check);
		else
			printf("not valid: %s\n", check.reason);
		outcome = valid ? DONE : REFUSED;
	}
	json_decref(check.file);
	return outcome;
}
