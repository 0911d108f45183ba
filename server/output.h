/* output: how bytes leave a connection.
 * Thread: loop.
 *
 * Order on the wire: the loop's cork (replies to pipelined requests, gathered
 * into one write), then work->pending (what a write left over), then the reply
 * in hand.  What fits into the socket's buffer goes at once, without a copy of
 * the body; the rest is handed to uv_write from memory that the work owns, so
 * that nothing that is under way hangs on a TLS session. */
#ifndef LAGNIAPPE_SERVER_OUTPUT_H
#define LAGNIAPPE_SERVER_OUTPUT_H

#include "server/conn.h"

/* The reply stands in loop->head and work->out: head_len, body_len.  conn_written() follows, now or
 * later, unless the connection closes. */
void output_reply(struct conn *conn);
/* Writes what is corked. */
void output_flush(struct conn *conn);
/* 100 Continue (RFC 9110 section 15.2.1), between replies. */
void output_continue(struct conn *conn);
/* Sends what TLS has put into the loop's wire on its own account. */
void output_wire(struct conn *conn);
/* Nothing waits to be written. */
bool output_finished(const struct work *work);

#endif
