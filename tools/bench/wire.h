/* wire: connections to the server under load, plain or TLS 1.3 (RFC 8446).
 * Thread: the generator's one. */
#ifndef LAGNIAPPE_BENCH_WIRE_H
#define LAGNIAPPE_BENCH_WIRE_H

#include "lagniappe/status.h"

#include <openssl/types.h>
#include <sys/socket.h>
#include <sys/types.h>

#define AUTHORITY_MAX 270
#define ERROR_MAX 512

struct target {
	char host[256], port[8];
	char authority[AUTHORITY_MAX]; /* for the Host header */
	struct sockaddr_storage address;
	socklen_t address_len;
	SSL_CTX *tls;  /* NULL: plain */
	bool verified; /* its certificate is checked */
};

struct wire {
	int fd; /* -1: closed */
	SSL *tls;
};

/* url: http://host:port or https://host:port.  ca: a PEM file with what to trust, or
 * NULL: the system's, and on loopback nothing is checked.
 * False: error says why. */
LGP_MUST_USE bool target_init(struct target *target, const char *url, const char *ca,
                              char error[ERROR_MAX]);
void target_deinit(struct target *target);

/* Waits for the connection and the handshake; afterwards nothing waits.
 * False: error says why. */
LGP_MUST_USE bool wire_open(struct wire *wire, const struct target *target, char error[ERROR_MAX]);
void wire_close(struct wire *wire);

/* Bytes read or written, 0: not now, -1: the peer closed it, or it is broken. */
LGP_MUST_USE ssize_t wire_read(struct wire *wire, char *out, size_t max);
LGP_MUST_USE ssize_t wire_write(struct wire *wire, const char *bytes, size_t len);

#endif
