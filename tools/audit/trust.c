/* trust: see trust.h.  Thread: one at a time.
 * Sources: C2SP signed-note and tlog-checkpoint, through note.h. */
#include "tools/audit/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lagniappe/codec.h"
#include "tools/common/file.h"

#define HIGH_WATER_ATTEMPTS 5

static struct lgp_view trimmed(struct lgp_view text)
{
	while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	return text;
}

/* ---- keys -------------------------------------------------------------------- */

/* A key holds two '+' at least, and no file's name would start like one. */
static enum lgp_status key_from_file(const char *path, struct lgp_verifier *out)
{
	char *text;
	size_t len;
	enum lgp_status status = file_read(path, LGP_VKEY_MAX + 2, &text, &len);
	if (status != LGP_OK)
		return status;
	status = lgp_vkey_parse(trimmed((struct lgp_view){text, len}), out);
	free(text);
	return status;
}

enum lgp_status trust_add_key(struct trust *trust, const char *text)
{
	if (trust->key_count == TRUST_KEYS_MAX)
		return lgp_fault(LGP_OVERLOAD, "more than %d keys", TRUST_KEYS_MAX);
	struct lgp_verifier *key = &trust->keys[trust->key_count];
	enum lgp_status status = lgp_vkey_parse(lgp_view_of(text), key);
	if (status == LGP_MALFORMED && access(text, F_OK) == 0)
		status = key_from_file(text, key);
	if (status != LGP_OK)
		return status;
	if (key->type != LGP_KEY_ED25519)
		return lgp_fault(LGP_MALFORMED, "%s: the key of a witness, not of a log", text);
	trust->key_count++;
	trust->key_given = true;
	return LGP_OK;
}

/* Puts the key that is named as the ledger is first. */
static void own_key_first(struct trust *trust)
{
	for (size_t i = 0; i < trust->key_count; i++)
		if (strcmp(trust->keys[i].name, trust->origin) == 0) {
			struct lgp_verifier own = trust->keys[i];
			trust->keys[i] = trust->keys[0];
			trust->keys[0] = own;
			return;
		}
}

/* ---- what the ledger says of itself ------------------------------------------- */

static bool read_text(struct source *source, const char *name, char *out, size_t room,
                      struct findings *findings)
{
	size_t len;
	enum lgp_status status = source_meta(source, name, out, room - 1, &len);
	if (status != LGP_OK)
		finding_ledger(findings, RULE_META, "its %s cannot be read: %s", name,
		               status == LGP_MISSING ? "it is not there" : lgp_fault_detail());
	out[status == LGP_OK ? len : 0] = '\0';
	return status == LGP_OK;
}

static void judge_vkey(struct trust *trust, const char *text, struct findings *findings)
{
	struct lgp_verifier told;
	if (lgp_vkey_parse(lgp_view_of(text), &told) != LGP_OK) {
		finding_ledger(findings, RULE_META, "its own key \"%s\": %s", text,
		               lgp_fault_detail());
		return;
	}
	if (!trust->key_given) {
		trust->keys[0] = told;
		trust->key_count = 1;
		if (strcmp(told.name, trust->origin) != 0)
			finding_ledger(findings, RULE_META,
			               "it calls itself \"%s\", its own key is of \"%s\"",
			               trust->origin, told.name);
		return;
	}
	for (size_t i = 0; i < trust->key_count; i++)
		if (memcmp(told.key, trust->keys[i].key, LGP_PUBLIC_KEY_LEN) == 0)
			return;
	finding_ledger(findings, RULE_META, "it says that its key is %s, which was not given",
	               text);
}

enum lgp_status trust_read_meta(struct trust *trust, struct source *source,
                                struct findings *findings)
{
	char format[64], vkey[LGP_VKEY_MAX];
	if (read_text(source, "format", format, sizeof format, findings) &&
	    strcmp(format, LGP_LOG_FORMAT) != 0)
		return lgp_fault(LGP_FORMAT, "it is of the format \"%s\", this tool knows \"%s\"",
		                 format, LGP_LOG_FORMAT);
	bool named = read_text(source, "origin", trust->origin, sizeof trust->origin, findings);
	own_key_first(trust);
	if (named && trust->key_given && strcmp(trust->origin, trust->keys[0].name) != 0)
		finding_ledger(findings, RULE_META,
		               "it calls itself \"%s\", the key that was given is of \"%s\"",
		               trust->origin, trust->keys[0].name);
	if (read_text(source, "vkey", vkey, sizeof vkey, findings))
		judge_vkey(trust, vkey, findings);
	return LGP_OK;
}

/* ---- checkpoints known before ---------------------------------------------------- */

static enum lgp_status anchor_open(const struct trust *trust, struct anchor *anchor,
                                   struct lgp_view note, struct findings *findings)
{
	enum lgp_status status = lgp_checkpoint_parse(note, &anchor->checkpoint, NULL);
	if (status != LGP_OK)
		return status;
	if (trust->key_count > 0 &&
	    lgp_checkpoint_open(note, trust->keys, trust->key_count, &anchor->checkpoint) != LGP_OK)
		finding_ledger(findings, anchor->signature, "the %s, of size %" PRIu64 ": %s",
		               anchor->name, anchor->checkpoint.size, lgp_fault_detail());
	return LGP_OK;
}

enum lgp_status trust_read_since(struct trust *trust, const char *path, struct findings *findings)
{
	char *text;
	size_t len;
	trust->since = (struct anchor){
	        .name = "saved checkpoint",
	        .signature = RULE_SINCE_SIGNATURE,
	        .root = RULE_SINCE_ROOT,
	        .behind = RULE_SINCE_BEHIND,
	};
	enum lgp_status status = file_read(path, LGP_CHECKPOINT_MAX, &text, &len);
	if (status != LGP_OK)
		return status;
	status = anchor_open(trust, &trust->since, (struct lgp_view){text, len}, findings);
	free(text);
	return status;
}

/* A server that runs overwrites the mark in place, and what is read meanwhile may
 * be half of each: what does not open is read again. */
static enum lgp_status read_settled(const struct trust *trust, const char *path, char **text,
                                    size_t *len)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	struct lgp_checkpoint checkpoint;
	enum lgp_status status;
	for (unsigned attempt = 0;; attempt++) {
		status = file_read(path, LGP_CHECKPOINT_MAX, text, len);
		if (status != LGP_OK || *len == 0 || trust->key_count == 0 ||
		    attempt == HIGH_WATER_ATTEMPTS ||
		    lgp_checkpoint_open((struct lgp_view){*text, *len}, trust->keys,
		                        trust->key_count, &checkpoint) == LGP_OK)
			return status;
		free(*text);
		*text = NULL;
		(void)nanosleep(&pause, NULL);
	}
}

void trust_read_high_water(struct trust *trust, struct source *source, struct findings *findings)
{
	char path[PATH_MAX + 16], *text = NULL;
	size_t len = 0;
	if (source_directory(source)[0] == '\0')
		return;
	snprintf(path, sizeof path, "%s/high-water", source_directory(source));
	enum lgp_status status = read_settled(trust, path, &text, &len);
	if (status == LGP_MISSING)
		return;
	if (status == LGP_OK && len > 0) { /* empty: nothing was released yet */
		trust->high_water = (struct anchor){
		        .name = "high-water mark",
		        .signature = RULE_HIGH_WATER,
		        .root = RULE_HIGH_WATER,
		        .behind = RULE_HIGH_WATER,
		};
		status = anchor_open(trust, &trust->high_water, (struct lgp_view){text, len},
		                     findings);
	}
	if (status != LGP_OK) {
		trust->high_water.name = NULL;
		finding_ledger(findings, RULE_HIGH_WATER, "the high-water mark cannot be read: %s",
		               lgp_fault_detail());
	}
	free(text);
}

/* ---- signatures ------------------------------------------------------------------ */

static const struct lgp_verifier *key_of(const struct trust *trust,
                                         const struct stored_checkpoint *stored)
{
	for (size_t i = 0; i < trust->key_count; i++)
		if (memcmp(trust->keys[i].id, stored->key_id, sizeof stored->key_id) == 0)
			return &trust->keys[i];
	return NULL;
}

enum signature_is trust_check(const struct trust *trust, const struct stored_checkpoint *stored)
{
	char note[LGP_CHECKPOINT_SIGNED_MAX];
	struct lgp_checkpoint checkpoint = {stored->size, stored->root}, opened;
	const struct lgp_verifier *key = key_of(trust, stored);
	if (trust->key_count == 0)
		return SIGNATURE_UNCHECKED;
	if (key == NULL)
		return SIGNATURE_OF_ANOTHER;
	size_t len = lgp_checkpoint_format(key, &checkpoint, stored->signature, note);
	return lgp_checkpoint_open((struct lgp_view){note, len}, key, 1, &opened) == LGP_OK
	               ? SIGNATURE_HOLDS
	               : SIGNATURE_BROKEN;
}

void trust_tell(const struct trust *trust, const struct stored_checkpoint *stored,
                enum signature_is is, struct findings *findings)
{
	const uint8_t *id = stored->key_id;
	if (is == SIGNATURE_OF_ANOTHER)
		finding_entry(findings, RULE_CHECKPOINT_KEY, stored->size - 1,
		              "the checkpoint at size %" PRIu64
		              " names the key %02x%02x%02x%02x, which is not known",
		              stored->size, id[0], id[1], id[2], id[3]);
	else if (is == SIGNATURE_BROKEN)
		finding_entry(findings, RULE_SIGNATURE, stored->size - 1,
		              "the checkpoint at size %" PRIu64 " is not signed by %s",
		              stored->size, key_of(trust, stored)->name);
}

/* ---- saving ------------------------------------------------------------------- */

static enum lgp_status io_fault(const char *path, const char *what)
{
	return lgp_fault(LGP_IO, "%s: %s: %s", path, what, strerror(errno));
}

static enum lgp_status write_synced(const char *path, const char *text, size_t len)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0)
		return io_fault(path, "cannot be written");
	bool whole = write(file, text, len) == (ssize_t)len && fsync(file) == 0;
	enum lgp_status status = whole ? LGP_OK : io_fault(path, "cannot be written");
	(void)close(file);
	return status;
}

static void sync_directory(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return;
	(void)fsync(directory); /* the file itself is synced; its name may come back old */
	(void)close(directory);
}

enum lgp_status trust_save(const struct trust *trust, const struct stored_checkpoint *stored,
                           const char *path)
{
	char note[LGP_CHECKPOINT_SIGNED_MAX], temporary[PATH_MAX];
	struct lgp_checkpoint checkpoint = {stored->size, stored->root};
	const struct lgp_verifier *key = &trust->keys[0];
	for (size_t i = 0; i < trust->key_count; i++)
		if (memcmp(trust->keys[i].id, stored->key_id, sizeof stored->key_id) == 0)
			key = &trust->keys[i];
	int n = snprintf(temporary, sizeof temporary, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof temporary)
		return lgp_fault(LGP_MALFORMED, "the path to save at is too long");
	size_t len = lgp_checkpoint_format(key, &checkpoint, stored->signature, note);
	enum lgp_status status = write_synced(temporary, note, len);
	if (status == LGP_OK && rename(temporary, path) != 0)
		status = io_fault(path, "cannot be put in place");
	if (status != LGP_OK)
		(void)unlink(temporary);
	else
		sync_directory(path);
	return status;
}
