/* web_fixture: a server of a test's own on loopback, which answers what the test
 * says.  One request a connection, one connection at a time.
 * Thread: it has one, in which the test's callback runs. */
#ifndef LAGNIAPPE_TEST_WEB_FIXTURE_H
#define LAGNIAPPE_TEST_WEB_FIXTURE_H

#include <stdatomic.h>
#include <stddef.h>

/* Answers one request: its header's bytes as they came, NUL behind, and the path. */
typedef void web_answer(void *context, int client, const char *header, const char *path);

struct web {
	web_answer *answer;
	void *context;
	char url[64];
	atomic_uint requests;
	/* its own */
	int listener;
	unsigned long thread;
};

void web_start(struct web *web, web_answer *answer, void *context);
void web_stop(struct web *web);
/* Writes; 0: the client has gone. */
int web_write(int client, const void *bytes, size_t len);
/* A whole answer. */
void web_reply(int client, unsigned status, const char *type, const void *body, size_t len);

#endif
