/* web_fixture: see web_fixture.h. */
#include "web_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lagniappe/status.h"

#define HEADER_MAX 4096

int web_write(int client, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = send(client, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return 0;
		at += n;
		len -= (size_t)n;
	}
	return 1;
}

void web_reply(int client, unsigned status, const char *type, const void *body, size_t len)
{
	char header[256];
	int n = snprintf(header, sizeof header,
	                 "HTTP/1.1 %u Word\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	                 "Connection: close\r\n\r\n",
	                 status, type, len);
	if (web_write(client, header, (size_t)n))
		(void)web_write(client, body, len);
}

static void serve(struct web *web, int client)
{
	char header[HEADER_MAX + 1], path[HEADER_MAX + 1];
	size_t len = 0;
	header[0] = '\0';
	while (len < HEADER_MAX && strstr(header, "\r\n\r\n") == NULL) {
		ssize_t n = recv(client, header + len, HEADER_MAX - len, 0);
		if (n <= 0)
			return;
		len += (size_t)n;
		header[len] = '\0';
	}
	if (sscanf(header, "GET %s", path) != 1)
		return;
	atomic_fetch_add(&web->requests, 1);
	web->answer(web->context, client, header, path);
}

static void *run(void *argument)
{
	struct web *web = argument;
	int client;
	while ((client = accept(web->listener, NULL, NULL)) >= 0) {
		serve(web, client);
		(void)close(client);
	}
	return NULL;
}

void web_start(struct web *web, web_answer *answer, void *context)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof address;
	pthread_t thread;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	web->answer = answer;
	web->context = context;
	atomic_store(&web->requests, 0);
	web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(web->listener >= 0);
	require(bind(web->listener, (struct sockaddr *)&address, sizeof address) == 0);
	require(listen(web->listener, 64) == 0);
	require(getsockname(web->listener, (struct sockaddr *)&address, &len) == 0);
	snprintf(web->url, sizeof web->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
	require(pthread_create(&thread, NULL, run, web) == 0);
	web->thread = thread;
}

void web_stop(struct web *web)
{
	(void)shutdown(web->listener, SHUT_RDWR); /* accept returns */
	require(pthread_join(web->thread, NULL) == 0);
	(void)close(web->listener);
}
