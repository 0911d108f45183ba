/* import_lines: what is sent to POST /v1/imports, and what became of it.
 * Thread: the tool's one. */
#include "tools/lagniappe/import.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void line_deinit(struct line *line)
{
	free(line->json);
	free(line->row);
	*line = (struct line){0};
}

void lines_deinit(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		line_deinit(&lines->list[i]);
	lines->count = lines->bytes = 0;
}

static void count_amount(struct tallies *tallies, int64_t amount)
{
	/* The importer saw to it that the sums fit. */
	if (amount < 0) {
		tallies->refunded += amount;
		tallies->refunded_rows++;
	} else {
		tallies->spent += amount;
		tallies->spent_rows++;
	}
}

static char *build_body(const struct lines *lines, size_t *len)
{
	char *body = malloc(lines->bytes + 1), *p = body;
	if (body == NULL)
		return NULL;
	for (size_t i = 0; i < lines->count; i++) {
		p = stpcpy(p, lines->list[i].json);
		*p++ = '\n';
	}
	*len = (size_t)(p - body);
	return body;
}

enum fate { FATE_SETTLED, FATE_AGAIN, FATE_FAULT };

static enum fate reject(struct lines *lines, const struct line *line, const json_t *problem,
                        json_int_t status)
{
	const char *title = json_string_value(json_object_get(problem, "title"));
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *type = json_string_value(json_object_get(problem, "type"));
	char reason[512];
	if (type != NULL && strcmp(type, "/problems/key-reused") == 0) {
		title = "this row was taken before, under another --unit or --map";
		detail = "what was imported stays; see it with lagniappe entries list";
	}
	snprintf(reason, sizeof reason, "%s%s%s (%" JSON_INTEGER_FORMAT ")",
	         title != NULL ? title : "the server refused it", detail != NULL ? ": " : "",
	         detail != NULL ? detail : "", status);
	lines->tallies->rejected++;
	return rejects_add(lines->rejects, line->at, reason, line->row) ? FATE_SETTLED : FATE_FAULT;
}

/* What one line of the answer says. */
static enum fate settle(struct lines *lines, const struct line *line, const json_t *answer)
{
	json_int_t status = json_integer_value(json_object_get(answer, "status"));
	const json_t *problem = json_object_get(answer, "problem");
	const char *type = json_string_value(json_object_get(problem, "type"));
	if (status == 200 || status == 201) {
		if (json_is_true(json_object_get(answer, "replayed")))
			lines->tallies->there++;
		else
			lines->tallies->taken++;
		count_amount(lines->tallies, line->amount);
		return FATE_SETTLED;
	}
	if (status == 503 || status == 429 ||
	    (type != NULL && strcmp(type, "/problems/in-flight") == 0))
		return FATE_AGAIN;
	return reject(lines, line, problem, status);
}

/* Goes through the answer's lines; keeps those that want another go.  False:
 * cannot go on. */
static bool settle_all(struct lines *lines, const struct reply *reply)
{
	const char *p = reply->body, *end = reply->body + reply->len;
	size_t kept = 0, bytes = 0;
	bool going = true;
	for (size_t i = 0; i < lines->count; i++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline != NULL ? (size_t)(newline - p) : (size_t)(end - p);
		json_t *answer = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);
		enum fate fate = FATE_FAULT;
		if (going && answer != NULL)
			fate = settle(lines, &lines->list[i], answer);
		else if (going)
			complain("the server's answer has no line for row %llu; run it again",
			         (unsigned long long)lines->list[i].at);
		json_decref(answer);
		p += newline != NULL ? len + 1 : len;
		going = going && fate != FATE_FAULT;
		if (fate == FATE_SETTLED) {
			line_deinit(&lines->list[i]);
			continue;
		}
		bytes += strlen(lines->list[i].json) + 1;
		lines->list[kept++] = lines->list[i];
	}
	lines->count = kept;
	lines->bytes = bytes;
	return going;
}

static bool send_once(struct lines *lines)
{
	size_t len;
	char *body = build_body(lines, &len);
	if (body == NULL) {
		complain("memory ran out");
		return false;
	}
	struct call call = {
	        .method = "POST",
	        .path = "/v1/imports",
	        .body = {body, len},
	        .content_type = "application/x-ndjson",
	        .accept = "application/x-ndjson",
	};
	struct reply reply;
	bool going = client_call(lines->session->client, &call, &reply);
	free(body);
	if (!going) {
		complain("%s", client_error(lines->session->client));
		return false;
	}
	if (reply.status != 200) {
		print_problem(&reply);
		going = false;
	} else {
		going = settle_all(lines, &reply);
	}
	reply_deinit(&reply);
	return going;
}

bool lines_flush(struct lines *lines)
{
	for (unsigned round = 0; lines->count > 0; round++) {
		if (round == LINES_ROUNDS_MAX) {
			complain("the server stays too busy; run it again later, it goes on from "
			         "here");
			return false;
		}
		if (round > 0) {
			struct timespec pause = {0, 250000000L};
			nanosleep(&pause, NULL);
		}
		if (!send_once(lines))
			return false;
	}
	return true;
}

bool lines_add(struct lines *lines, struct line line)
{
	size_t len = strlen(line.json) + 1;
	if ((lines->count == LINES_MAX || lines->bytes + len > LINES_BYTES_MAX) &&
	    !lines_flush(lines)) {
		line_deinit(&line);
		return false;
	}
	lines->list[lines->count++] = line;
	lines->bytes += len;
	return true;
}
