/* damages: what can happen to a written file, without the signing key.
 * Thread: one. */
#include "mutations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N MUTATION_COUNT
#define STRIP_LEN (LGP_STRIP_HASHES * LGP_HASH_LEN)
#define NODE_KEY(level, strip) LGP_KV_INTEGER((uint64_t)(level) << 56 | (strip))
/* Here stand two thanks, of two customers and two actors. */
#define MIDDLE 1938

/* ---- entries ------------------------------------------------------------------- */

/* The body's MAC means nothing to any other rule. */
static void entry_bit(const char *dir)
{
	raw_flip(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE), LGP_ENTRY_LEN, 176);
}

static void entry_version(const char *dir)
{
	raw_flip(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N - 1), LGP_ENTRY_LEN, 0);
}

static void entry_short(const char *dir)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	raw_get(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N - 1), bytes, sizeof bytes);
	raw_put(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N - 1), bytes, sizeof bytes - 1);
}

static void entry_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE));
}

static void entries_swapped(const char *dir)
{
	uint8_t a[LGP_ENTRY_LEN], b[LGP_ENTRY_LEN];
	raw_get(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE), a, sizeof a);
	raw_get(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE + 1), b, sizeof b);
	raw_put(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE), b, sizeof b);
	raw_put(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE + 1), a, sizeof a);
}

static void entry_doubled(const char *dir)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	raw_get(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE), bytes, sizeof bytes);
	raw_put(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(MIDDLE + 1), bytes, sizeof bytes);
}

static void last_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N - 1));
}

/* The good ledger's last entry is one that nothing else hangs on. */
static void entry_behind(const char *dir)
{
	struct lgp_entry entry;
	uint8_t bytes[LGP_ENTRY_LEN];
	raw_get(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N - 1), bytes, sizeof bytes);
	require(lgp_entry_decode(bytes, &entry) == LGP_OK);
	entry.prev_actor = entry.policy = entry.seq;
	entry.seq++;
	entry.time_us++;
	entry.key_mac[0] ^= 1;
	lgp_entry_encode(&entry, bytes);
	raw_put(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N), bytes, sizeof bytes);
}

static void entry_far_behind(const char *dir)
{
	uint8_t bytes[LGP_ENTRY_LEN] = {0};
	raw_put(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(UINT64_C(1) << 60), bytes, sizeof bytes);
}

/* ---- strips ---------------------------------------------------------------------- */

static void leaf_bit(const char *dir)
{
	raw_flip(dir, LGP_LOG_LEAVES, LGP_KV_INTEGER(MIDDLE / 16), STRIP_LEN, 40);
}

static void leaf_strip_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_LEAVES, LGP_KV_INTEGER(MIDDLE / 16));
}

static void leaf_strip_short(const char *dir)
{
	uint8_t bytes[STRIP_LEN];
	raw_get(dir, LGP_LOG_LEAVES, LGP_KV_INTEGER(3), bytes, sizeof bytes);
	raw_put(dir, LGP_LOG_LEAVES, LGP_KV_INTEGER(3), bytes, sizeof bytes - 32);
}

static void entry_and_leaf_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_LEAVES, LGP_KV_INTEGER((N - 1) / 16));
	raw_delete(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(N - 2));
}

_Static_assert(N % 16 == 0, "the last strip of leaves is full: the next one is behind");
static void leaf_strip_behind(const char *dir)
{
	uint8_t bytes[STRIP_LEN] = {0};
	raw_put(dir, LGP_LOG_LEAVES, LGP_KV_INTEGER(N / 16), bytes, sizeof bytes);
}

static void node_bit(const char *dir)
{
	raw_flip(dir, LGP_LOG_NODES, NODE_KEY(1, 0), STRIP_LEN, 64);
}

static void node_strip_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_NODES, NODE_KEY(1, 1));
}

static void node_padding(const char *dir)
{
	_Static_assert(N / 256 % 16 != 0, "the last strip of nodes is not full");
	raw_flip(dir, LGP_LOG_NODES, NODE_KEY(1, 1), STRIP_LEN, STRIP_LEN - 1);
}

static void node_strip_behind(const char *dir)
{
	uint8_t bytes[STRIP_LEN] = {0};
	raw_put(dir, LGP_LOG_NODES, NODE_KEY(1, 2), bytes, sizeof bytes);
}

static void node_level_above(const char *dir)
{
	uint8_t bytes[STRIP_LEN] = {0};
	raw_put(dir, LGP_LOG_NODES, NODE_KEY(9, 0), bytes, sizeof bytes);
}

static void node_level_zero(const char *dir)
{
	uint8_t bytes[STRIP_LEN] = {0};
	raw_put(dir, LGP_LOG_NODES, NODE_KEY(0, 5), bytes, sizeof bytes);
}

/* ---- checkpoints -------------------------------------------------------------------- */

static void checkpoint_root(const char *dir)
{
	raw_flip(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(4), LGP_CHECKPOINT_VALUE_LEN, 0);
}

static void checkpoint_key(const char *dir)
{
	raw_flip(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(4), LGP_CHECKPOINT_VALUE_LEN, 33);
}

static void checkpoint_signature(const char *dir)
{
	raw_flip(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(4), LGP_CHECKPOINT_VALUE_LEN, 50);
}

static void checkpoint_short(const char *dir)
{
	raw_put(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(4), "short", 5);
}

static void checkpoint_of_nothing(const char *dir)
{
	uint8_t bytes[LGP_CHECKPOINT_VALUE_LEN] = {0};
	raw_put(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(0), bytes, sizeof bytes);
}

static void checkpoint_beyond(const char *dir)
{
	uint8_t bytes[LGP_CHECKPOINT_VALUE_LEN];
	raw_get(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(N), bytes, sizeof bytes);
	raw_put(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(N + 3), bytes, sizeof bytes);
}

static void checkpoint_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(N));
}

/* ---- payloads ------------------------------------------------------------------------ */

static struct lgp_view payload_key(const char *text)
{
	static struct lgp_hash hash;
	lgp_hash_sha256(text, strlen(text), &hash);
	return (struct lgp_view){(const char *)hash.bytes, LGP_HASH_LEN};
}

static void payload_bit(const char *dir)
{
	raw_put(dir, LGP_LOG_PAYLOADS, payload_key("limit l-1 12\n"), "limit l-1 13\n", 13);
}

static void payload_dropped(const char *dir)
{
	raw_delete(dir, LGP_LOG_PAYLOADS, payload_key("id late-room\nkind discretionary\n"));
}

static void payload_foreign(const char *dir)
{
	raw_put(dir, LGP_LOG_PAYLOADS, payload_key("foreign"), "foreign", 7);
}

/* ---- names, marks and files ------------------------------------------------------------ */

static void meta_vkey(const char *dir)
{
	char vkey[LGP_VKEY_MAX];
	build_vkey(7, BUILD_ORIGIN, vkey);
	raw_put(dir, LGP_LOG_META, LGP_VIEW("vkey"), vkey, strlen(vkey));
}

static void meta_origin(const char *dir)
{
	raw_put(dir, LGP_LOG_META, LGP_VIEW("origin"), "other.example/log", 17);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	require(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void high_water_garbage(const char *dir)
{
	write_file(dir, "high-water", "no note\n");
}

static void high_water_gone(const char *dir)
{
	char path[512];
	snprintf(path, sizeof path, "%s/high-water", dir);
	require(unlink(path) == 0);
}

/* The mark of a longer history, by the same hand. */
static void high_water_ahead(const char *dir)
{
	char path[512];
	struct build *longer = build_good(N + 32);
	snprintf(path, sizeof path, "%s/high-water", dir);
	build_note(longer, N + 32, path);
	build_free(longer);
}

static void high_water_other(const char *dir)
{
	char path[512];
	struct build *other = build_good(N);
	other->entry[MIDDLE].amount++;
	snprintf(path, sizeof path, "%s/high-water", dir);
	build_note(other, N, path);
	build_free(other);
}

static void file_truncated(const char *dir)
{
	char path[512];
	struct stat info;
	snprintf(path, sizeof path, "%s/ledger.mdb", dir);
	require(stat(path, &info) == 0 && truncate(path, info.st_size / 2 & ~(off_t)4095) == 0);
}

static void file_replaced(const char *dir)
{
	write_file(dir, "ledger.mdb", "this is not a ledger, and longer than nothing\n");
}

/* ---- state.mdb -------------------------------------------------------------------------- */

/* Of this position, and of another history. */
static void state_of_another(const char *dir)
{
	static const struct lgp_kv_table tables[] = {{"records", false}, {"meta", false}};
	struct lgp_kv_options options = {
	        .tables = tables, .table_count = 2, .map_bytes = (size_t)16 << 20};
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn;
	char path[512], mark[8 + LGP_HASH_LEN] = {(char)(N & 255), N >> 8};
	snprintf(path, sizeof path, "%s/state.mdb", dir);
	require(lgp_kv_open(path, &options, &kv) == LGP_OK);
	require(lgp_kv_write_begin(kv, &txn) == LGP_OK);
	require(lgp_kv_put(txn, 1, LGP_VIEW("format"), LGP_VIEW("lagniappe-state-2")) == LGP_OK);
	require(lgp_kv_put(txn, 1, LGP_VIEW("position"), (struct lgp_view){mark, sizeof mark}) ==
	        LGP_OK);
	require(lgp_kv_commit(txn) == LGP_OK);
	lgp_kv_close(kv);
}

static void state_garbage(const char *dir)
{
	write_file(dir, "state.mdb", "this is no state, and longer than nothing\n");
}

/* ---- --since --------------------------------------------------------------------------- */

/* What an honest audit saved earlier. */
static void since_good(const char *dir)
{
	char path[512];
	struct build *good = build_good(N);
	snprintf(path, sizeof path, "%s/since", dir);
	build_note(good, good->checkpoint[60], path);
	build_free(good);
}

static void since_foreign(const char *dir)
{
	char path[512];
	struct build *good = build_good(N);
	good->seed = 9;
	snprintf(path, sizeof path, "%s/since", dir);
	build_note(good, good->checkpoint[60], path);
	build_free(good);
}

static void since_longer(const char *dir)
{
	char path[512];
	struct build *longer = build_good(N + 32);
	snprintf(path, sizeof path, "%s/since", dir);
	build_note(longer, N + 32, path);
	build_free(longer);
}

/* The real key, other entries: all is consistent with itself. */
static void rewrite(struct build *build)
{
	build_find(build, LGP_KIND_THANKS, 20)->amount++;
}

const struct mutation damages[] = {
        {"a_good_ledger_is_clean", "", NULL, NULL, NULL},
        {"a_good_ledger_is_clean_on_its_own_word", "", NULL, NULL, ""},
        {"a_good_ledger_continues_its_saved_checkpoint", "", NULL, since_good, "--since %D/since"},
        {"a_missing_high_water_mark_is_no_finding", "", NULL, high_water_gone, NULL},
        {"a_bit_of_an_entry_is_named", "leaf-hash", NULL, entry_bit, NULL},
        {"an_entry_of_another_version_is_named", "entry-form leaf-hash", NULL, entry_version, NULL},
        {"an_entry_too_short_is_named", "entry-form", NULL, entry_short, NULL},
        {"a_dropped_entry_is_named", "entry-missing link-actor link-customer", NULL, entry_dropped,
         NULL},
        {"swapped_entries_are_named", "entry-seq leaf-hash time link-actor link-customer", NULL,
         entries_swapped, NULL},
        {"a_doubled_entry_is_named", "entry-seq leaf-hash time key-reused link-actor link-customer",
         NULL, entry_doubled, NULL},
        {"a_dropped_last_entry_is_named", "checkpoint-beyond uncovered high-water strip-padding",
         NULL, last_dropped, NULL},
        {"an_entry_behind_the_last_checkpoint_is_named", "uncovered leaf-missing", NULL,
         entry_behind, NULL},
        {"an_entry_under_a_number_far_away_is_named", "entry-missing uncovered", NULL,
         entry_far_behind, NULL},
        {"a_bit_of_a_leaf_hash_is_named", "leaf-hash", NULL, leaf_bit, NULL},
        {"a_dropped_strip_of_leaves_is_named", "leaf-missing", NULL, leaf_strip_dropped, NULL},
        {"a_strip_of_leaves_too_short_is_named", "leaf-missing", NULL, leaf_strip_short, NULL},
        {"an_entry_lost_with_its_leaf_is_named", "entry-missing leaf-missing checkpoint-root", NULL,
         entry_and_leaf_dropped, NULL},
        {"a_strip_of_leaves_behind_the_end_is_named", "strip-extra", NULL, leaf_strip_behind, NULL},
        {"a_bit_of_a_node_is_named", "node-hash", NULL, node_bit, NULL},
        {"a_dropped_strip_of_nodes_is_named", "node-missing", NULL, node_strip_dropped, NULL},
        {"a_padding_bit_is_named", "strip-padding", NULL, node_padding, NULL},
        {"a_strip_of_nodes_behind_the_end_is_named", "strip-extra", NULL, node_strip_behind, NULL},
        {"a_tile_level_above_the_tree_is_named", "strip-extra", NULL, node_level_above, NULL},
        {"leaves_among_the_nodes_are_named", "strip-extra", NULL, node_level_zero, NULL},
        {"a_bit_of_a_root_is_named", "checkpoint-root checkpoint-signature", NULL, checkpoint_root,
         NULL},
        {"a_bit_of_a_key_id_is_named", "checkpoint-key", NULL, checkpoint_key, NULL},
        {"a_bit_of_a_signature_is_named", "checkpoint-signature", NULL, checkpoint_signature, NULL},
        {"a_checkpoint_too_short_is_named", "checkpoint-form", NULL, checkpoint_short, NULL},
        {"a_checkpoint_of_nothing_is_named", "checkpoint-form", NULL, checkpoint_of_nothing, NULL},
        {"a_checkpoint_beyond_the_end_is_named", "checkpoint-beyond", NULL, checkpoint_beyond,
         NULL},
        {"a_dropped_last_checkpoint_is_named", "uncovered", NULL, checkpoint_dropped, NULL},
        {"a_bit_of_a_payload_is_named", "payload-hash", NULL, payload_bit, NULL},
        {"a_dropped_payload_is_named", "payload-missing", NULL, payload_dropped, NULL},
        {"a_foreign_payload_is_named", "payload-orphan", NULL, payload_foreign, NULL},
        {"another_key_in_the_ledger_is_named", "meta", NULL, meta_vkey, NULL},
        {"another_name_of_the_ledger_is_named", "meta", NULL, meta_origin, NULL},
        {"a_high_water_mark_that_is_none_is_named", "high-water", NULL, high_water_garbage, NULL},
        {"a_high_water_mark_ahead_is_named", "high-water", NULL, high_water_ahead, NULL},
        {"a_high_water_mark_of_another_history_is_named", "high-water", NULL, high_water_other,
         NULL},
        {"state_of_another_history_is_named", "state", NULL, state_of_another, NULL},
        {"state_that_is_none_is_named", "state", NULL, state_garbage, NULL},
        {"a_file_cut_in_half_is_named", "file-damaged", NULL, file_truncated, NULL},
        {"a_file_that_is_no_ledger_is_named", "file-damaged", NULL, file_replaced, NULL},
        {"history_signed_again_with_the_real_key_is_clean_without_since", "", rewrite, NULL, NULL},
        {"history_signed_again_with_the_real_key_is_named", "since-root", rewrite, since_good,
         "--since %D/since"},
        {"a_ledger_rolled_back_is_named", "since-behind", NULL, since_longer, "--since %D/since"},
        {"a_saved_checkpoint_of_another_key_is_named", "since-signature", NULL, since_foreign,
         "--since %D/since"},
};
const size_t damage_count = sizeof damages / sizeof damages[0];
