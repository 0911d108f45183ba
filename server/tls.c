/* tls: TLS 1.3 by OpenSSL, between bytes in memory and bytes in memory.
 * Thread: see tls.h.  RFC 8446; RFC 7301 (ALPN). */
#include "server/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIRE_OUT_MAX (1024 * 1024) /* bytes of ciphertext made before it is taken out */

struct tls_context {
	SSL_CTX *ctx;
	BIO_METHOD *method;
};

struct tls_wire {
	const char *in; /* borrowed */
	size_t in_len;
	struct buf out;
};

/* A session is OpenSSL's own object: no second allocation beside it. */
static SSL *ssl_of(struct tls_session *session)
{
	return (SSL *)(void *)session;
}

static int wire_read(BIO *bio, char *out, size_t max, size_t *got)
{
	struct tls_wire *wire = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (wire->in_len == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	*got = wire->in_len < max ? wire->in_len : max;
	memcpy(out, wire->in, *got);
	wire->in += *got;
	wire->in_len -= *got;
	return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t len, size_t *written)
{
	struct tls_wire *wire = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	buf_add(&wire->out, bytes, len);
	*written = len;
	return !wire->out.failed;
}

static long wire_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *wire_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
	if (method != NULL && BIO_meth_set_read_ex(method, wire_read) == 1 &&
	    BIO_meth_set_write_ex(method, wire_write) == 1 &&
	    BIO_meth_set_ctrl(method, wire_ctrl) == 1)
		return method;
	BIO_meth_free(method);
	return NULL;
}

struct tls_wire *tls_wire_new(void)
{
	struct tls_wire *wire = calloc(1, sizeof(*wire));
	if (wire != NULL)
		buf_init(&wire->out, WIRE_OUT_MAX);
	return wire;
}

void tls_wire_free(struct tls_wire *wire)
{
	if (wire == NULL)
		return;
	buf_deinit(&wire->out);
	free(wire);
}

void tls_wire_put(struct tls_wire *wire, const char *bytes, size_t len)
{
	wire->in = bytes;
	wire->in_len = len;
}

struct buf *tls_wire_out(struct tls_wire *wire)
{
	return &wire->out;
}

/* Only http/1.1 is spoken: a client that offers other protocols alone is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
	static const unsigned char ours[] = "\x08http/1.1";
	(void)ssl;
	(void)context;
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A server has nobody to ask for a pass phrase. */
static int no_pass_phrase(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static enum lgp_status openssl_fault(const char *what, const char *path)
{
	char text[128];
	unsigned long error = ERR_peek_last_error();
	ERR_error_string_n(error, text, sizeof(text));
	const char *reason = ERR_reason_error_string(error);
	bool not_pem = ERR_GET_LIB(error) == ERR_LIB_PEM ||
	               ERR_GET_REASON(error) == ERR_R_PEM_LIB ||
	               ERR_GET_LIB(error) == ERR_LIB_OSSL_DECODER;
	ERR_clear_error();
	if (access(path, R_OK) != 0)
		return lgp_fault(LGP_IO, "%s %s: %s", what, path, strerror(errno));
	if (not_pem)
		return lgp_fault(LGP_IO, "%s %s: it is not a PEM file of that kind", what, path);
	return lgp_fault(LGP_IO, "%s %s: %s", what, path, reason != NULL ? reason : text);
}

static enum lgp_status load_files(SSL_CTX *ctx, const char *cert_path, const char *key_path)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_path) != 1)
		return openssl_fault("cannot use the TLS certificate", cert_path);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1)
		return openssl_fault("cannot use the TLS key (PEM, without a pass phrase, of the "
		                     "certificate)",
		                     key_path);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return openssl_fault("the TLS key does not belong to the certificate:", key_path);
	return LGP_OK;
}

static bool set_up(SSL_CTX *ctx)
{
	SSL_CTX_set_default_passwd_cb(ctx, no_pass_phrase);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	/* Tickets hold the session; a cache of our own would be a second copy. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 1) == 1;
}

enum lgp_status tls_context_new(const char *cert_path, const char *key_path,
                                struct tls_context **out)
{
	enum lgp_status status;
	struct tls_context *context = calloc(1, sizeof(*context));
	if (context == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for TLS");
	context->ctx = SSL_CTX_new(TLS_server_method());
	context->method = wire_method_new();
	if (context->ctx == NULL || context->method == NULL || !set_up(context->ctx))
		status = lgp_fault(LGP_NO_MEMORY, "no memory for TLS");
	else
		status = load_files(context->ctx, cert_path, key_path);
	if (status == LGP_OK)
		*out = context;
	else
		tls_context_free(context);
	return status;
}

void tls_context_free(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->ctx);
	BIO_meth_free(context->method);
	free(context);
}

struct tls_session *tls_session_new(struct tls_context *context, struct tls_wire *wire)
{
	SSL *ssl = SSL_new(context->ctx);
	BIO *bio = BIO_new(context->method);
	if (ssl == NULL || bio == NULL) {
		SSL_free(ssl);
		BIO_free(bio);
		return NULL;
	}
	BIO_set_data(bio, wire);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio); /* takes the one reference for both */
	SSL_set_accept_state(ssl);
	return (struct tls_session *)(void *)ssl;
}

void tls_session_free(struct tls_session *session)
{
	SSL_free(ssl_of(session));
}

static enum tls_result result_of(SSL *ssl, int returned)
{
	switch (SSL_get_error(ssl, returned)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default:
		return TLS_FAILED;
	}
}

enum tls_result tls_session_handshake(struct tls_session *session)
{
	SSL *ssl = ssl_of(session);
	ERR_clear_error();
	return result_of(ssl, SSL_do_handshake(ssl));
}

enum tls_result tls_session_read(struct tls_session *session, char *out, size_t max, size_t *len)
{
	SSL *ssl = ssl_of(session);
	ERR_clear_error();
	return result_of(ssl, SSL_read_ex(ssl, out, max, len));
}

bool tls_session_write(struct tls_session *session, const char *bytes, size_t len)
{
	size_t written;
	ERR_clear_error();
	return len == 0 ||
	       (SSL_write_ex(ssl_of(session), bytes, len, &written) == 1 && written == len);
}

void tls_session_shutdown(struct tls_session *session)
{
	ERR_clear_error();
	SSL_shutdown(ssl_of(session));
}
