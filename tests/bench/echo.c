/* echo: what libuv and llhttp cost by themselves: requests in, a fixed reply
 * out, one loop, keep-alive, pipelining, no thought in between.  The ceiling that
 * the server is measured against.
 * Thread: one loop.
 *
 *   echo PORT [BODY_BYTES]       loopback; port 0 takes any; body 300 bytes by default
 *
 * Says "listening on http://127.0.0.1:PORT" on standard error; SIGTERM ends it. */
#include <llhttp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "lagniappe/status.h"

#define BACKLOG 1024
#define READ_BYTES 65536
#define REQUEST_BODY_MAX (1024 * 1024)
#define REPLY_MAX (REPLY_HEAD_MAX + REPLY_BODY_MAX)
#define REPLY_HEAD_MAX 256
#define REPLY_BODY_MAX 65536
#define REPLIES_MAX 64 /* requests in one read that are answered by one write */

struct client {
	uv_tcp_t tcp; /* first: its address is the client's */
	llhttp_t parser;
	unsigned ready; /* whole requests, not answered yet */
	size_t body_bytes;
};

/* Bytes that the socket did not take at once. */
struct rest {
	uv_write_t write;
	char bytes[];
};

static char reply[REPLY_MAX];
static size_t reply_len;
static char read_buffer[READ_BYTES];
static llhttp_settings_t settings;

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void drop(struct client *client)
{
	if (!uv_is_closing((uv_handle_t *)&client->tcp))
		uv_close((uv_handle_t *)&client->tcp, on_closed);
}

static int on_begin(llhttp_t *parser)
{
	((struct client *)parser->data)->body_bytes = 0;
	return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct client *client = parser->data;
	(void)at;
	client->body_bytes += len;
	return client->body_bytes <= REQUEST_BODY_MAX ? 0 : -1;
}

static int on_complete(llhttp_t *parser)
{
	((struct client *)parser->data)->ready++;
	return 0;
}

static void on_written(uv_write_t *write, int status)
{
	(void)status; /* a broken connection is seen by its reader too */
	free(write);
}

static void send_rest(struct client *client, const uv_buf_t *parts, unsigned count, size_t sent)
{
	size_t total = count * reply_len;
	struct rest *rest = malloc(sizeof *rest + total - sent);
	if (rest == NULL) {
		drop(client);
		return;
	}
	size_t len = 0;
	for (unsigned i = 0; i < count; i++) {
		size_t skip = sent < parts[i].len ? sent : parts[i].len;
		memcpy(rest->bytes + len, parts[i].base + skip, parts[i].len - skip);
		len += parts[i].len - skip;
		sent -= skip;
	}
	uv_buf_t buffer = uv_buf_init(rest->bytes, (unsigned)len);
	if (uv_write(&rest->write, (uv_stream_t *)&client->tcp, &buffer, 1, on_written) != 0) {
		free(rest);
		drop(client);
	}
}

static void answer(struct client *client)
{
	uv_buf_t parts[REPLIES_MAX];
	while (client->ready > 0 && !uv_is_closing((uv_handle_t *)&client->tcp)) {
		unsigned count = client->ready < REPLIES_MAX ? client->ready : REPLIES_MAX;
		for (unsigned i = 0; i < count; i++)
			parts[i] = uv_buf_init(reply, (unsigned)reply_len);
		client->ready -= count;
		int sent = uv_try_write((uv_stream_t *)&client->tcp, parts, count);
		if (sent == UV_EAGAIN)
			sent = 0;
		if (sent < 0)
			drop(client);
		else if ((size_t)sent < count * reply_len)
			send_rest(client, parts, count, (size_t)sent);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
	struct client *client = (struct client *)stream;
	if (len == 0)
		return;
	if (len < 0 || llhttp_execute(&client->parser, buffer->base, (size_t)len) != HPE_OK)
		drop(client);
	else
		answer(client);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct client *client = status == 0 ? calloc(1, sizeof *client) : NULL;
	if (client == NULL)
		return;
	require(uv_tcp_init(server->loop, &client->tcp) == 0);
	llhttp_init(&client->parser, HTTP_REQUEST, &settings);
	client->parser.data = client;
	if (uv_accept(server, (uv_stream_t *)&client->tcp) != 0 ||
	    uv_tcp_nodelay(&client->tcp, 1) != 0 ||
	    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read) != 0)
		drop(client);
}

static void make_reply(size_t body_bytes)
{
	int head = snprintf(reply, REPLY_HEAD_MAX,
	                    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
	                    "Content-Length: %zu\r\n\r\n",
	                    body_bytes);
	memset(reply + head, 'x', body_bytes);
	reply_len = (size_t)head + body_bytes;
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	uv_stop(handle->loop);
}

static int serve(uv_loop_t *loop, int port)
{
	static uv_tcp_t server;
	static uv_signal_t ending;
	struct sockaddr_in address;
	int len = sizeof address;
	uv_ip4_addr("127.0.0.1", port, &address);
	int code = uv_tcp_init(loop, &server);
	if (code == 0)
		code = uv_tcp_bind(&server, (const struct sockaddr *)&address, 0);
	if (code == 0)
		code = uv_listen((uv_stream_t *)&server, BACKLOG, on_connection);
	if (code == 0)
		code = uv_tcp_getsockname(&server, (struct sockaddr *)&address, &len);
	if (code == 0)
		code = uv_signal_init(loop, &ending);
	if (code == 0)
		code = uv_signal_start(&ending, on_signal, SIGTERM);
	if (code != 0) {
		fprintf(stderr, "echo: cannot listen on 127.0.0.1:%d: %s\n", port,
		        uv_strerror(code));
		return 2;
	}
	fprintf(stderr, "listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}

int main(int argc, char **argv)
{
	long port = argc > 1 ? strtol(argv[1], NULL, 10) : -1;
	long body_bytes = argc > 2 ? strtol(argv[2], NULL, 10) : 300;
	if (argc > 3 || port < 0 || port > 65535 || body_bytes < 0 || body_bytes > REPLY_BODY_MAX) {
		fprintf(stderr, "usage: echo PORT [BODY_BYTES up to %d]\n", REPLY_BODY_MAX);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	make_reply((size_t)body_bytes);
	llhttp_settings_init(&settings);
	settings.on_message_begin = on_begin;
	settings.on_body = on_body;
	settings.on_message_complete = on_complete;
	return serve(uv_default_loop(), (int)port);
}
