/* source_url: a source that is a server's address; for source_url.c and
 * source_tiles.c alone.
 * Thread: one at a time.
 *
 * What an answer means: 200 is bytes, 404 is "not there", and any other that is
 * an answer at all is the ledger's fault, told by a complaint.  No connection, no
 * entry for this token, or a redirect is a failure, and the source asks no more. */
#ifndef LAGNIAPPE_AUDIT_SOURCE_URL_H
#define LAGNIAPPE_AUDIT_SOURCE_URL_H

#include "tools/audit/http.h"
#include "tools/audit/merkle.h"
#include "tools/audit/served.h"
#include "tools/audit/source_kind.h"

#include <assert.h>
#include <sodium.h>

#define BLOCK_BUNDLES (BLOCK_ENTRIES / LGP_TILE_WIDTH)
#define PARTS_MAX (2 * BLOCK_BUNDLES)     /* bundles and their leaf hashes */
#define PART_ROOM (SERVED_BUNDLE_MAX + 1) /* one byte tells that there are more */
#define BUNDLES_KEPT 64                   /* 4 MiB */

static_assert(PARTS_MAX <= PAYLOADS_NAMED_MAX, "one array holds the calls of both");
static_assert(HTTP_PATH_MAX > sizeof "/v1/payloads/" + 2 * LGP_HASH_LEN, "addresses");
static_assert(HTTP_PATH_MAX > sizeof "/tile/" + LGP_TILE_PATH_MAX, "addresses");

struct bundle {
	uint64_t index;
	unsigned width; /* 0: none is kept here */
	uint8_t cell[LGP_TILE_WIDTH];
	uint8_t entry[LGP_TILE_WIDTH][LGP_ENTRY_LEN];
};

struct tile {
	uint64_t index;
	unsigned width; /* that it has; 0: none is kept here */
	unsigned count; /* hashes that are there */
	enum cell cell; /* of the hashes behind those */
	struct lgp_hash hash[LGP_TILE_WIDTH];
};

struct url_source {
	struct source common;
	struct http *http; /* owned */
	struct stored_checkpoint checkpoint;
	char origin[LGP_ORIGIN_MAX + 1], vkey[LGP_VKEY_MAX];
	unsigned in_vain; /* blocks */
	struct bundle bundle[BUNDLES_KEPT];
	struct tile tile[MERKLE_TILE_LEVELS]; /* the one of each level that was read last */
	uint8_t mark_key[crypto_shorthash_KEYBYTES];
	uint64_t *marks; /* owned; of each bundle up to mark_count */
	size_t mark_count, mark_room;
	struct http_call call[PAYLOADS_NAMED_MAX];
	uint8_t raw[PARTS_MAX][PART_ROOM];
};

/* Asks for all of them.  LGP_OK: each has an answer for url_judge; else the source
 * has failed. */
LGP_MUST_USE enum lgp_status url_ask(struct url_source *url, struct http_call *calls, size_t count);
/* This thread's last fault is the source's end. */
void url_fail(struct url_source *url, enum lgp_status status);
/* CELL_HERE: there are bytes.  Else, but for what is not there, it complains; seq:
 * what the answer is about. */
enum cell url_judge(struct url_source *url, const struct http_call *call, uint64_t seq,
                    char why[SERVED_WHY_MAX]);
void url_complain(struct url_source *url, uint64_t seq, const struct http_call *call,
                  const char *why);

/* source_tiles.c: the calls of source.h that tiles and bundles answer. */
void url_block(struct source *source, uint64_t size, struct block *block);
enum lgp_status url_entry(struct source *source, uint64_t seq, uint8_t out[LGP_ENTRY_LEN]);
void url_strip(struct source *source, enum lgp_log_table table, uint64_t key, struct strip *out,
               uint64_t *size_now);
enum lgp_status url_strip_behind(struct source *source, enum lgp_log_table table, unsigned level,
                                 uint64_t *key);

#endif
