/* tls: TLS 1.3 (RFC 8446) by OpenSSL, between bytes in memory and bytes in memory.
 * Thread: a context is made and freed on the main thread and shared; a wire and
 * its sessions belong to one loop.
 *
 * A wire is the pair of buffers that all sessions of a loop read from and write
 * to: an operation on a session consumes what is in the wire and leaves what
 * must go to the peer there, and the caller takes that out before it touches
 * another session.  So an idle session costs no buffers. */
#ifndef LAGNIAPPE_SERVER_TLS_H
#define LAGNIAPPE_SERVER_TLS_H

#include "server/buf.h"

struct tls_context;
struct tls_session;
struct tls_wire;

enum tls_result { TLS_DONE, TLS_MORE, TLS_CLOSED, TLS_FAILED };

/* PEM files.  LGP_IO: a file cannot be read, or the key does not fit the
 * certificate; lgp_fault_detail() says which.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status tls_context_new(const char *cert_path, const char *key_path,
                                             struct tls_context **out);
void tls_context_free(struct tls_context *context);

struct tls_wire *tls_wire_new(void); /* NULL: memory ran out */
void tls_wire_free(struct tls_wire *wire);
/* What came from the peer; borrowed until the next call or len 0. */
void tls_wire_put(struct tls_wire *wire, const char *bytes, size_t len);
/* What must go to the peer; the caller sends or copies it, then clears it. */
struct buf *tls_wire_out(struct tls_wire *wire);

struct tls_session *tls_session_new(struct tls_context *context, struct tls_wire *wire);
void tls_session_free(struct tls_session *session);
/* TLS_DONE once the handshake is over, TLS_MORE, TLS_FAILED. */
enum tls_result tls_session_handshake(struct tls_session *session);
/* Decrypts up to max bytes: TLS_DONE with *len > 0, TLS_MORE, TLS_CLOSED by the
 * peer in order, TLS_FAILED. */
enum tls_result tls_session_read(struct tls_session *session, char *out, size_t max, size_t *len);
/* Encrypts all of it into the wire.  False: the session is broken. */
bool tls_session_write(struct tls_session *session, const char *bytes, size_t len);
/* Puts a close_notify into the wire. */
void tls_session_shutdown(struct tls_session *session);

#endif
