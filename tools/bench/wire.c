/* wire: connections to the server under load.
 * Thread: the generator's one. */
#include "tools/bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the target ------------------------------------------------------------------ */

/* "host:port" or "[::1]:port"; a path is not taken. */
static bool split(struct target *target, const char *text)
{
	const char *colon = strrchr(text, ':');
	if (colon == NULL || strchr(text, '/') != NULL ||
	    strlen(text) >= sizeof target->authority || strlen(colon + 1) >= sizeof target->port ||
	    colon[1] == '\0')
		return false;
	size_t len = (size_t)(colon - text);
	bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
	if (bracketed) {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof target->host)
		return false;
	memcpy(target->host, text, len);
	target->host[len] = '\0';
	snprintf(target->port, sizeof target->port, "%s", colon + 1);
	snprintf(target->authority, sizeof target->authority, bracketed ? "[%s]:%s" : "%s:%s",
	         target->host, target->port);
	return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	return address->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool resolve(struct target *target, char error[ERROR_MAX])
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
	int code = getaddrinfo(target->host, target->port, &hints, &found);
	if (code != 0) {
		snprintf(error, ERROR_MAX, "%s: %s", target->authority, gai_strerror(code));
		return false;
	}
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	target->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static void tls_error(char error[ERROR_MAX], const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	snprintf(error, ERROR_MAX, "%s: %s", what, reason != NULL ? reason : "TLS failed");
	ERR_clear_error();
}

static bool make_context(struct target *target, const char *ca, char error[ERROR_MAX])
{
	target->tls = SSL_CTX_new(TLS_client_method());
	target->verified = ca != NULL || !is_loopback(&target->address);
	if (target->tls == NULL ||
	    SSL_CTX_set_min_proto_version(target->tls, TLS1_3_VERSION) != 1) {
		tls_error(error, "TLS 1.3");
		return false;
	}
	SSL_CTX_set_mode(target->tls,
	                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(target->tls, 1);
	if (!target->verified)
		return true;
	SSL_CTX_set_verify(target->tls, SSL_VERIFY_PEER, NULL);
	if (ca != NULL ? SSL_CTX_load_verify_file(target->tls, ca) == 1
	               : SSL_CTX_set_default_verify_paths(target->tls) == 1)
		return true;
	tls_error(error, ca != NULL ? ca : "the system's certificates");
	return false;
}

bool target_init(struct target *target, const char *url, const char *ca, char error[ERROR_MAX])
{
	static const char plain[] = "http://", tls[] = "https://";
	bool is_tls = strncmp(url, tls, sizeof tls - 1) == 0;
	*target = (struct target){0};
	if (!is_tls && strncmp(url, plain, sizeof plain - 1) != 0) {
		snprintf(error, ERROR_MAX, "%s is no http:// or https:// address", url);
		return false;
	}
	if (!split(target, url + (is_tls ? sizeof tls : sizeof plain) - 1)) {
		snprintf(error, ERROR_MAX, "%s: the address is http[s]://HOST:PORT, without a path",
		         url);
		return false;
	}
	return resolve(target, error) && (!is_tls || make_context(target, ca, error));
}

void target_deinit(struct target *target)
{
	SSL_CTX_free(target->tls);
	target->tls = NULL;
}

/* ---- a connection ------------------------------------------------------------------ */

static bool handshake(struct wire *wire, const struct target *target, char error[ERROR_MAX])
{
	wire->tls = SSL_new(target->tls);
	bool good = wire->tls != NULL && SSL_set_fd(wire->tls, wire->fd) == 1 &&
	            (!target->verified || SSL_set1_host(wire->tls, target->host) == 1) &&
	            SSL_connect(wire->tls) == 1;
	if (!good)
		tls_error(error, target->authority);
	return good;
}

bool wire_open(struct wire *wire, const struct target *target, char error[ERROR_MAX])
{
	int on = 1;
	*wire = (struct wire){
	        .fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (wire->fd < 0 ||
	    connect(wire->fd, (const struct sockaddr *)&target->address, target->address_len) !=
	            0 ||
	    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
		snprintf(error, ERROR_MAX, "cannot connect to %s: %s", target->authority,
		         strerror(errno));
		wire_close(wire);
		return false;
	}
	if ((target->tls != NULL && !handshake(wire, target, error)) ||
	    fcntl(wire->fd, F_SETFL, O_NONBLOCK) != 0) {
		wire_close(wire);
		return false;
	}
	return true;
}

void wire_close(struct wire *wire)
{
	SSL_free(wire->tls);
	if (wire->fd >= 0)
		close(wire->fd);
	*wire = (struct wire){.fd = -1};
}

static ssize_t tls_result(struct wire *wire, int done, size_t len)
{
	if (done == 1)
		return (ssize_t)len;
	int code = SSL_get_error(wire->tls, done);
	ERR_clear_error();
	return code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t plain_result(ssize_t len)
{
	if (len > 0)
		return len;
	return len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

ssize_t wire_read(struct wire *wire, char *out, size_t max)
{
	size_t len = 0;
	if (wire->tls == NULL)
		return plain_result(recv(wire->fd, out, max, 0));
	int done = SSL_read_ex(wire->tls, out, max, &len);
	return tls_result(wire, done, len);
}

ssize_t wire_write(struct wire *wire, const char *bytes, size_t len)
{
	size_t sent = 0;
	if (wire->tls == NULL)
		return plain_result(send(wire->fd, bytes, len, MSG_NOSIGNAL));
	int done = SSL_write_ex(wire->tls, bytes, len, &sent);
	return tls_result(wire, done, sent);
}
