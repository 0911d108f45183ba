/* reply: the little of an HTTP/1.1 reply that a load generator must understand:
 * the status and where the reply ends (RFC 9112).  It trusts its own server: what
 * it cannot delimit it refuses, and it checks nothing else.
 * Thread: any. */
#ifndef LAGNIAPPE_BENCH_REPLY_H
#define LAGNIAPPE_BENCH_REPLY_H

#include "lagniappe/status.h"

#define REPLY_MAX ((size_t)16 << 20) /* bytes, head included */

enum reply_state { REPLY_PARTIAL, REPLY_WHOLE, REPLY_BAD };

struct reply {
	unsigned status;
	size_t len; /* head and body */
	struct lgp_view body;
	unsigned retry_after_s; /* 0: it names no number of seconds */
};

/* Looks for a reply at the beginning of bytes.  REPLY_BAD: not HTTP/1.1, without a
 * Content-Length, or longer than REPLY_MAX. */
enum reply_state reply_parse(struct lgp_view bytes, struct reply *out);

#endif
