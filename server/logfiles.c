/* logfiles: the transparency log as C2SP tlog-tiles has it: checkpoint, tiles,
 * and the key that verifies them.
 * Thread: the exchange's loop. */
#include "server/endpoints.h"

#include <string.h>

void checkpoint_get(struct request *request)
{
	struct lgp_checkpoint checkpoint;
	struct buf *out = request->exchange->out;
	char *at = buf_reserve(out, LGP_CHECKPOINT_SIGNED_MAX);
	if (at != NULL)
		out->len += lgp_released(request->app->ledger, &checkpoint, at);
	http_reply_header(request->exchange, "Cache-Control", LGP_VIEW("no-cache"));
	http_reply(request->exchange, 200, "text/plain; charset=utf-8");
}

void vkey_get(struct request *request)
{
	char text[LGP_VKEY_MAX];
	size_t len = lgp_vkey_format(&lgp_ledger_signer(request->app->ledger)->public, text);
	buf_add(request->exchange->out, text, len);
	buf_text(request->exchange->out, "\n");
	http_reply_header(request->exchange, "Cache-Control", LGP_VIEW("no-cache"));
	http_reply(request->exchange, 200, "text/plain; charset=utf-8");
}

static void no_tile(struct request *request)
{
	problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, NULL,
	              "there is no such tile in the tree as it is now");
}

void tile_get(struct request *request)
{
	struct lgp_tile tile;
	struct buf *out = request->exchange->out;
	size_t len = 0;
	const size_t prefix = sizeof "/tile/" - 1;
	struct lgp_view path = request->exchange->path;
	path = (struct lgp_view){path.ptr + prefix, path.len - prefix};
	if (lgp_tile_parse(path, &tile) != LGP_OK) {
		no_tile(request);
		return;
	}
	char *at = buf_reserve(out, LGP_TILE_BYTES_MAX);
	enum lgp_status status =
	        at != NULL ? lgp_read_tile(request->worker->reader, &tile, (uint8_t *)at, &len)
	                   : LGP_NO_MEMORY;
	if (status != LGP_OK) {
		problem_fault(request->exchange, status, "tile");
		return;
	}
	if (len == 0) {
		no_tile(request);
		return;
	}
	out->len += len;
	/* Bytes of a tile never change; a partial one is of no use once it is full.
	 * What needs a token is not for shared caches. */
	bool public = request->app->config.log_public != 0 && tile.level != LGP_TILE_ENTRIES;
	struct lgp_view control = !public ? LGP_VIEW("private, max-age=3600, immutable")
	                          : tile.width == LGP_TILE_WIDTH
	                                  ? LGP_VIEW("public, max-age=31536000, immutable")
	                                  : LGP_VIEW("public, max-age=3600, immutable");
	http_reply_header(request->exchange, "Cache-Control", control);
	http_reply(request->exchange, 200, "application/octet-stream");
}
