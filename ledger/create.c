/* create: a new ledger: its files, and the entries that nobody asked for.
 * Thread: any, alone. */
#include "internal.h"

#include "lagniappe/codec.h"
#include "lagniappe/crashpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_BYTES ((size_t)1 << 30)

static enum lgp_status put_meta(struct lgp_ledger *ledger)
{
	char vkey[LGP_VKEY_MAX];
	size_t vkey_len = lgp_vkey_format(&ledger->signer.public, vkey);
	struct lgp_kv_txn *txn;
	enum lgp_status status = logstore_settle(ledger->log);
	if (status == LGP_OK)
		status = lgp_kv_write_begin(logstore_kv(ledger->log), &txn);
	if (status != LGP_OK)
		return status;
	status = lgp_kv_put(txn, LGP_LOG_META, LGP_VIEW("format"), LGP_VIEW(LGP_LOG_FORMAT));
	if (status == LGP_OK)
		status = lgp_kv_put(txn, LGP_LOG_META, LGP_VIEW("origin"),
		                    lgp_view_of(ledger->signer.public.name));
	if (status == LGP_OK)
		status = lgp_kv_put(txn, LGP_LOG_META, LGP_VIEW("vkey"),
		                    (struct lgp_view){vkey, vkey_len});
	if (status == LGP_OK)
		return lgp_kv_commit(txn);
	lgp_kv_abort(txn);
	return status;
}

static enum lgp_status commit_one(struct lgp_ledger *ledger, struct lgp_entry *entry,
                                  struct lgp_view payload)
{
	enum lgp_status status = batch_add(ledger, entry, payload, false);
	if (status != LGP_OK)
		return status;
	lgp_batch_close(ledger);
	status = lgp_log_append_here(ledger);
	crashpoint("init-committed");
	if (status == LGP_OK)
		lgp_batch_apply(ledger);
	return status;
}

static struct lgp_entry house_entry(const struct lgp_genesis *genesis, enum lgp_kind kind)
{
	return (struct lgp_entry){
	        .kind = kind,
	        .time_us = genesis->time_us,
	        .business_date = genesis->business_date,
	};
}

static enum lgp_status put_genesis(struct lgp_ledger *ledger, const struct lgp_genesis *genesis)
{
	char payload[LGP_ORIGIN_MAX + LGP_ZONE_MAX + LGP_VKEY_MAX + 64], vkey[LGP_VKEY_MAX];
	struct lgp_entry entry = house_entry(genesis, LGP_KIND_GENESIS);
	(void)lgp_vkey_format(&ledger->signer.public, vkey);
	int len = snprintf(payload, sizeof payload, "origin %.*s\ntimezone %.*s\nvkey %s\n",
	                   (int)genesis->origin.len, genesis->origin.ptr,
	                   (int)genesis->timezone.len, genesis->timezone.ptr, vkey);
	return commit_one(ledger, &entry, (struct lgp_view){payload, (size_t)len});
}

static enum lgp_status put_token(struct lgp_ledger *ledger, const struct lgp_genesis *genesis,
                                 const char *role, const uint8_t hash[LGP_HASH_LEN])
{
	char payload[128], hex[2 * LGP_HASH_LEN];
	struct lgp_entry entry = house_entry(genesis, LGP_KIND_TOKEN);
	lgp_hex_encode(hex, hash, LGP_HASH_LEN);
	int len = snprintf(payload, sizeof payload, "role %s\nhash %.*s\n", role, (int)sizeof hex,
	                   hex);
	return commit_one(ledger, &entry, (struct lgp_view){payload, (size_t)len});
}

static enum lgp_status make_directory(const char *dir)
{
	char path[PATH_BYTES + 16];
	snprintf(path, sizeof path, "%s/ledger.mdb", dir);
	if (access(path, F_OK) == 0)
		return lgp_fault(LGP_EXISTS, "%s holds a ledger already", dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return lgp_fault(LGP_IO, "%s: %s", dir, strerror(errno));
	return LGP_OK;
}

static enum lgp_status open_files(struct lgp_ledger *ledger)
{
	char path[PATH_BYTES + 16];
	struct state_position position;
	uint64_t covered;
	static const uint8_t seed[MAP_SEED_LEN]; /* nobody asks for anything yet */
	snprintf(path, sizeof path, "%s/state.mdb", ledger->dir);
	enum lgp_status status = logstore_open(ledger->dir, MAP_BYTES, &ledger->log);
	if (status == LGP_OK)
		status = logstore_reader_init(&ledger->log_reader, ledger->log);
	if (status == LGP_OK)
		status = logstore_reader_init(&ledger->append_reader, ledger->log);
	if (status == LGP_OK)
		status = state_open(path, MAP_BYTES, seed, &ledger->state, &position);
	if (status == LGP_OK)
		status = lgp_keyindex_open(ledger->dir, 0, &covered, &ledger->keys);
	return status;
}

static enum lgp_status fill(struct lgp_ledger *ledger, const struct lgp_keys *keys,
                            const struct lgp_genesis *genesis)
{
	enum lgp_status status = make_directory(ledger->dir);
	if (status == LGP_OK)
		status = lgp_keys_create(ledger->dir, keys);
	crashpoint("init-keys-made");
	if (status == LGP_OK)
		status = open_files(ledger);
	lgp_tree_stand(ledger->tree, 0, NULL);
	batch_open(ledger);
	if (status == LGP_OK)
		status = put_genesis(ledger, genesis);
	if (status == LGP_OK)
		status = put_token(ledger, genesis, "admin", genesis->admin_hash);
	if (status == LGP_OK)
		status = put_token(ledger, genesis, "finance", genesis->finance_hash);
	/* The format last: what has none was not made to its end, and does not open. */
	if (status == LGP_OK)
		status = put_meta(ledger);
	return status == LGP_OK ? lgp_directory_sync(ledger->dir) : status;
}

enum lgp_status lgp_create(const char *dir, const struct lgp_keys *keys,
                           const struct lgp_genesis *genesis)
{
	if (genesis->timezone.len == 0 || genesis->timezone.len > LGP_ZONE_MAX ||
	    memchr(genesis->timezone.ptr, '\n', genesis->timezone.len) != NULL)
		return lgp_fault(LGP_MALFORMED, "the time zone is not of its form");
	struct lgp_ledger *ledger = NULL;
	enum lgp_status status = ledger_new(dir, &ledger);
	if (status == LGP_OK)
		status = lgp_signer_init(&ledger->signer, genesis->origin, keys->signing_seed);
	if (status == LGP_OK)
		status = fill(ledger, keys, genesis);
	lgp_close(ledger);
	return status;
}
