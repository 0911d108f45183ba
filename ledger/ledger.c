/* ledger: creating, opening and closing a ledger.
 * Thread: the ledger thread, before and after all others. */
#include "internal.h"

#include "lagniappe/codec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAP_BYTES ((size_t)256 << 30)
#define STATE_MAP_BYTES ((size_t)64 << 30)

static const char *const role_names[LGP_ROLE_COUNT] = {
        "none", "admin", "finance", "manager", "staff", "integration", "auditor", "customer",
};

const char *lgp_role_name(enum lgp_role role)
{
	require(role < LGP_ROLE_COUNT);
	return role_names[role];
}

struct lgp_view lgp_slug_view(const struct lgp_slug *slug)
{
	return (struct lgp_view){slug->text, slug->len};
}

bool lgp_slug_set(struct lgp_slug *slug, struct lgp_view text)
{
	if (text.len > LGP_SLUG_MAX)
		return false;
	slug->len = (uint8_t)text.len;
	memcpy(slug->text, text.ptr, text.len);
	return true;
}

/* ---- the directory --------------------------------------------------------------- */

static enum lgp_status take_lock(struct lgp_ledger *ledger)
{
	char path[PATH_BYTES + 16];
	snprintf(path, sizeof path, "%s/lock", ledger->dir);
	ledger->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (ledger->lock_fd < 0)
		return lgp_fault(errno == ENOENT ? LGP_MISSING : LGP_IO, "%s: %s", path,
		                 strerror(errno));
	if (flock(ledger->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return lgp_fault(LGP_LOCKED,
		                 "%s: another process serves this ledger; stop it first", path);
	return LGP_OK;
}

static enum lgp_status meta_expect(struct lgp_kv_txn *txn, struct lgp_view name,
                                   struct lgp_view expected)
{
	struct lgp_view value;
	enum lgp_status status = lgp_kv_get(txn, LGP_LOG_META, name, &value);
	if (status == LGP_MISSING)
		return lgp_fault(
		        LGP_FORMAT,
		        "ledger.mdb: it has no %.*s: `lagniappe init` did not come to its end; "
		        "remove the directory and init again",
		        (int)name.len, name.ptr);
	if (status == LGP_OK && !lgp_view_equal(value, expected))
		return lgp_fault(LGP_FORMAT, "ledger.mdb: its %.*s is not \"%.*s\"", (int)name.len,
		                 name.ptr, (int)expected.len, expected.ptr);
	return status;
}

/* The line "name value" of the genesis payload. */
static enum lgp_status genesis_line(struct lgp_view payload, const char *name,
                                    struct lgp_view *value)
{
	size_t name_len = strlen(name);
	while (payload.len > 0) {
		const char *end = memchr(payload.ptr, '\n', payload.len);
		size_t len = end != NULL ? (size_t)(end - payload.ptr) : payload.len;
		if (len > name_len && memcmp(payload.ptr, name, name_len) == 0 &&
		    payload.ptr[name_len] == ' ') {
			*value = (struct lgp_view){payload.ptr + name_len + 1, len - name_len - 1};
			return LGP_OK;
		}
		if (end == NULL)
			break;
		payload.ptr += len + 1;
		payload.len -= len + 1;
	}
	return lgp_fault(LGP_CORRUPT, "the genesis entry's payload has no %s", name);
}

static enum lgp_status read_genesis(struct lgp_ledger *ledger)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_entry genesis;
	struct lgp_view payload, origin, zone;
	enum lgp_status status = log_entry(&ledger->log_reader, 0, bytes);
	if (status == LGP_OK)
		status = lgp_entry_decode(bytes, &genesis);
	if (status == LGP_OK)
		status = log_payload(&ledger->log_reader, &genesis.hash, &payload);
	if (status == LGP_MISSING)
		return lgp_fault(LGP_CORRUPT, "ledger.mdb: entry 0 or its payload is missing");
	if (status == LGP_OK)
		status = genesis_line(payload, "origin", &origin);
	if (status == LGP_OK)
		status = genesis_line(payload, "timezone", &zone);
	if (status != LGP_OK)
		return status;
	require(zone.len <= LGP_ZONE_MAX);
	memcpy(ledger->zone, zone.ptr, zone.len);
	ledger->zone_len = zone.len;
	return lgp_signer_init(&ledger->signer, origin, ledger->secrets.signing_seed);
}

static enum lgp_status check_vkey(struct lgp_ledger *ledger, struct lgp_kv_txn *txn)
{
	char vkey[LGP_VKEY_MAX];
	size_t len = lgp_vkey_format(&ledger->signer.public, vkey);
	enum lgp_status status = meta_expect(txn, LGP_VIEW("vkey"), (struct lgp_view){vkey, len});
	if (status == LGP_FORMAT)
		return lgp_fault(LGP_FORMAT, "%s/keys/signing is not the key of this ledger",
		                 ledger->dir);
	return status;
}

/* ---- the tree and the newest checkpoint --------------------------------------------- */

static enum lgp_status stand_tree(struct lgp_ledger *ledger, uint64_t size)
{
	struct lgp_hash peaks[LGP_TREE_LEVELS];
	size_t count = 0;
	for (unsigned level = 0; level < LGP_TREE_LEVELS; level++) {
		if ((size >> level & 1) == 0)
			continue;
		enum lgp_status status =
		        log_node(&ledger->log_reader, level, (size >> level) - 1, &peaks[count++]);
		if (status != LGP_OK)
			return status;
	}
	lgp_tree_stand(ledger->tree, size, peaks);
	return LGP_OK;
}

static enum lgp_status read_checkpoint(struct lgp_ledger *ledger, struct lgp_kv_txn *txn,
                                       uint64_t size)
{
	struct lgp_checkpoint checkpoint;
	struct lgp_hash root;
	uint8_t signature[LGP_SIGNATURE_LEN];
	char note[LGP_CHECKPOINT_SIGNED_MAX];
	enum lgp_status status = log_checkpoint(txn, size, &checkpoint, signature);
	if (status == LGP_MISSING)
		return lgp_fault(LGP_CORRUPT,
		                 "ledger.mdb: there is no checkpoint of its %llu entries",
		                 (unsigned long long)size);
	if (status != LGP_OK)
		return status;
	lgp_tree_root(ledger->tree, &root);
	if (!lgp_hash_equal(&root, &checkpoint.root))
		return lgp_fault(LGP_CORRUPT,
		                 "ledger.mdb: its newest checkpoint is not of its hashes");
	size_t len = lgp_checkpoint_format(&ledger->signer.public, &checkpoint, signature, note);
	ledger_release(ledger, &checkpoint, note, len);
	return LGP_OK;
}

/* All of it is in ledger.mdb: nobody appends yet. */
static enum lgp_status read_log(struct lgp_ledger *ledger)
{
	uint64_t size;
	struct log_reader *reader = &ledger->log_reader;
	enum lgp_status status = logstore_begin(reader);
	if (status != LGP_OK)
		return status;
	status = meta_expect(reader->txn, LGP_VIEW("format"), LGP_VIEW(LGP_LOG_FORMAT));
	if (status == LGP_OK)
		status = log_size(reader->txn, &size);
	if (status == LGP_OK)
		status = read_genesis(ledger);
	if (status == LGP_OK)
		status = check_vkey(ledger, reader->txn);
	if (status == LGP_OK)
		status = stand_tree(ledger, size);
	if (status == LGP_OK)
		status = read_checkpoint(ledger, reader->txn, size);
	logstore_end(reader);
	return status;
}

/* ---- the state ------------------------------------------------------------------------- */

struct kind_visit {
	struct lgp_ledger *ledger;
	enum lgp_kind kind;
};

static enum lgp_status load_definition(void *context, struct lgp_view key, struct lgp_view value)
{
	const struct kind_visit *visit = context;
	const uint8_t *bytes = (const uint8_t *)value.ptr;
	if (key.len != 9 || value.len < 10)
		return lgp_fault(LGP_CORRUPT, "state: a definition record is not of its size");
	if (bytes[0] != visit->kind)
		return LGP_OK;
	uint64_t number = lgp_get_be((const uint8_t *)key.ptr + 1, 8);
	enum lgp_status status = registry_define(visit->ledger->registry, number, visit->kind,
	                                         lgp_get_le(bytes + 2, 8),
	                                         (struct lgp_view){value.ptr + 10, value.len - 10});
	if (status == LGP_OK && bytes[1] != 0)
		registry_end(visit->ledger->registry, number);
	return status;
}

static enum lgp_status load_version(void *context, struct lgp_view key, struct lgp_view value)
{
	struct lgp_ledger *ledger = context;
	if (key.len != 17 || value.len < 8)
		return lgp_fault(LGP_CORRUPT, "state: a limit's record is not of its size");
	return limit_load(ledger, lgp_get_be((const uint8_t *)key.ptr + 1, 8),
	                  lgp_get_be((const uint8_t *)key.ptr + 9, 8),
	                  lgp_get_le((const uint8_t *)value.ptr, 8),
	                  (struct lgp_view){value.ptr + 8, value.len - 8});
}

static enum lgp_status load_pending(void *context, struct lgp_view key, struct lgp_view value)
{
	struct lgp_ledger *ledger = context;
	struct lgp_entry ask;
	if (key.len != 9 || value.len != 8)
		return lgp_fault(LGP_CORRUPT, "state: a pending grant's record is not of its size");
	enum lgp_status status =
	        batch_find(ledger, lgp_get_be((const uint8_t *)key.ptr + 1, 8), &ask);
	return status == LGP_OK ? pending_add(&ledger->pending, &ask,
	                                      (int64_t)lgp_get_le((const uint8_t *)value.ptr, 8))
	                        : status;
}

/* Kind by kind: the list of nouns is in the order in which they refer to each
 * other, while a number may refer to a later one after a change. */
static enum lgp_status load_registry(struct lgp_ledger *ledger)
{
	for (size_t i = 0; lgp_noun_at(i) != NULL; i++) {
		struct kind_visit visit = {ledger, lgp_noun_at(i)->kind};
		enum lgp_status status = state_each(ledger->state, 'D', load_definition, &visit);
		if (status != LGP_OK)
			return status;
	}
	enum lgp_status status = state_each(ledger->state, 'L', load_version, ledger);
	if (status == LGP_OK)
		status = state_each(ledger->state, 'W', load_pending, ledger);
	return status == LGP_OK ? state_globals(ledger->state, &ledger->now) : status;
}

/* Key runs do not say whose they are: they are believed beside a state.mdb that
 * stands on this log, where samples of them hold, and made anew else. */
static enum lgp_status open_keys(struct lgp_ledger *ledger, uint64_t usable, uint64_t *covered)
{
	bool holds;
	enum lgp_status status = lgp_keyindex_open(ledger->dir, usable, covered, &ledger->keys);
	if (status == LGP_OK)
		status = replay_keys_hold(ledger, *covered, &holds);
	if (status != LGP_OK || holds)
		return status;
	lgp_keyindex_close(ledger->keys);
	ledger->keys = NULL;
	return lgp_keyindex_open(ledger->dir, 0, covered, &ledger->keys);
}

static enum lgp_status open_state(struct lgp_ledger *ledger, size_t map_bytes)
{
	char path[PATH_BYTES + 16];
	struct state_position position;
	uint64_t covered;
	bool holds;
	uint8_t seed[LGP_MAC_LEN];
	static_assert(sizeof seed == MAP_SEED_LEN, "seed");
	lgp_mac(ledger->secrets.mac, LGP_MAC_TABLES, NULL, 0, seed);
	snprintf(path, sizeof path, "%s/state.mdb", ledger->dir);
	enum lgp_status status = state_open(path, map_bytes, seed, &ledger->state, &position);
	if (status == LGP_OK)
		status = replay_position_holds(ledger, &position, &holds);
	if (status == LGP_OK && !holds) {
		position = (struct state_position){0};
		status = state_reset(ledger->state);
	}
	if (status == LGP_OK) {
		overlay_fit(ledger);
		status = load_registry(ledger);
	}
	if (status == LGP_OK)
		status = open_keys(ledger, position.position > 0 ? ledger->released.size : 0,
		                   &covered);
	if (status == LGP_OK)
		status = replay(ledger, &position, covered);
	ledger->pending_changed = false;
	ledger_show_pending(ledger, &ledger->pending);
	return status;
}

/* ---- life --------------------------------------------------------------------------------- */

enum lgp_status ledger_new(const char *dir, struct lgp_ledger **out)
{
	struct lgp_ledger *ledger = calloc(1, sizeof *ledger);
	if (ledger == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for a ledger");
	ledger->lock_fd = ledger->highwater_fd = -1;
	pthread_mutex_init(&ledger->released_lock, NULL);
	*out = ledger;
	if (strlen(dir) >= sizeof ledger->dir)
		return lgp_fault(LGP_INVALID, "%s: the path is too long", dir);
	memcpy(ledger->dir, dir, strlen(dir) + 1);
	enum lgp_status status = batches_init(ledger);
	if (status == LGP_OK)
		status = registry_new(&ledger->registry);
	if (status == LGP_OK)
		status = limits_new(&ledger->limits);
	if (status == LGP_OK)
		status = lgp_tree_new(LGP_BATCH_MAX, &ledger->tree);
	return status;
}

static enum lgp_status open_parts(struct lgp_ledger *ledger, const struct lgp_options *options)
{
	size_t log_bytes = options->log_map_bytes != 0 ? options->log_map_bytes : LOG_MAP_BYTES;
	size_t state_bytes =
	        options->state_map_bytes != 0 ? options->state_map_bytes : STATE_MAP_BYTES;
	char path[PATH_BYTES + 16];
	snprintf(path, sizeof path, "%s/ledger.mdb", ledger->dir);
	if (access(path, F_OK) != 0)
		return lgp_fault(errno == ENOENT ? LGP_MISSING : LGP_IO, "%s: %s", path,
		                 strerror(errno));
	enum lgp_status status = take_lock(ledger);
	if (status == LGP_OK)
		status = lgp_keys_load(ledger->dir, &ledger->secrets);
	if (status == LGP_OK)
		status = logstore_open(ledger->dir, log_bytes, &ledger->log);
	if (status == LGP_OK)
		status = logstore_reader_init(&ledger->log_reader, ledger->log);
	if (status == LGP_OK)
		status = logstore_reader_init(&ledger->append_reader, ledger->log);
	if (status == LGP_OK)
		status = read_log(ledger);
	if (status == LGP_OK)
		status = highwater_check(ledger);
	return status == LGP_OK ? open_state(ledger, state_bytes) : status;
}

enum lgp_status lgp_open(const char *dir, const struct lgp_options *options,
                         struct lgp_ledger **out)
{
	struct lgp_ledger *ledger = NULL;
	enum lgp_status status = ledger_new(dir, &ledger);
	if (status == LGP_OK) {
		ledger->calendar = options->calendar;
		ledger->overlay_given = options->overlay_bytes;
		status = open_parts(ledger, options);
	}
	if (status == LGP_OK) /* what is left of older generations is nobody's any more */
		status = logstore_settle(ledger->log);
	if (status != LGP_OK) {
		lgp_close(ledger);
		return status;
	}
	ledger->applied_day = ledger->now.day;
	batch_open(ledger);
	*out = ledger;
	return LGP_OK;
}

void lgp_close(struct lgp_ledger *ledger)
{
	if (ledger == NULL)
		return;
	appender_free(ledger->appender);
	logstore_reader_deinit(&ledger->log_reader);
	logstore_reader_deinit(&ledger->append_reader);
	logstore_close(ledger->log);
	state_close(ledger->state);
	lgp_keyindex_close(ledger->keys);
	registry_free(ledger->registry);
	limits_free(ledger->limits);
	lgp_tree_free(ledger->tree);
	batches_deinit(ledger);
	if (ledger->highwater_fd >= 0)
		(void)close(ledger->highwater_fd);
	if (ledger->lock_fd >= 0)
		(void)close(ledger->lock_fd);
	pthread_mutex_destroy(&ledger->released_lock);
	lgp_keys_wipe(&ledger->secrets);
	free(ledger);
}

const struct lgp_signer *lgp_ledger_signer(const struct lgp_ledger *ledger)
{
	return &ledger->signer;
}

const struct lgp_keys *lgp_ledger_keys(const struct lgp_ledger *ledger)
{
	return &ledger->secrets;
}

struct lgp_view lgp_ledger_zone(const struct lgp_ledger *ledger)
{
	return (struct lgp_view){ledger->zone, ledger->zone_len};
}

/* ---- the registry, for others ------------------------------------------------------------- */

void lgp_registry_lock(struct lgp_ledger *ledger)
{
	registry_lock(ledger->registry);
}

void lgp_registry_unlock(struct lgp_ledger *ledger)
{
	registry_unlock(ledger->registry);
}

uint64_t lgp_registry_version(const struct lgp_ledger *ledger)
{
	return registry_version(ledger->registry);
}

const struct lgp_record *lgp_registry_find(const struct lgp_ledger *ledger, enum lgp_kind noun,
                                           struct lgp_view id)
{
	return registry_find(ledger->registry, noun, id);
}

const struct lgp_record *lgp_registry_get(const struct lgp_ledger *ledger, uint64_t number)
{
	return registry_get(ledger->registry, number);
}

const struct lgp_record *lgp_registry_token(const struct lgp_ledger *ledger,
                                            const uint8_t secret_hash[LGP_HASH_LEN])
{
	return registry_token(ledger->registry, secret_hash);
}

const struct lgp_record *lgp_registry_next(const struct lgp_ledger *ledger, enum lgp_kind noun,
                                           uint64_t after)
{
	return registry_next(ledger->registry, noun, after);
}

const struct lgp_record *lgp_registry_delegation(const struct lgp_ledger *ledger, uint64_t staff,
                                                 size_t i)
{
	return registry_delegation(ledger->registry, staff, i);
}
