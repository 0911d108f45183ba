/* words: what people write about an act, sealed.
 * Thread: see the header. */
#include "server/words.h"

#include "server/request.h"

#include <sodium.h>
#include <string.h>

static bool failed(struct request *request, struct job *job, struct line *line,
                   enum lgp_problem problem, const char *detail)
{
	if (job->bulk) {
		line->problem = problem;
		line->detail = lgp_view_of(detail);
		return false;
	}
	problem_reply(request->exchange, problem, "words", "%s", detail);
	return false;
}

static bool seal(struct job *job, struct line *line, uint64_t person,
                 const uint8_t key[LGP_KEY_LEN], struct lgp_view text)
{
	size_t len = text.len + PEOPLE_SEAL_EXTRA;
	uint8_t *sealed = job_alloc(job, len);
	if (sealed == NULL)
		return false;
	people_seal(key, PEOPLE_WORDS, person, text, sealed);
	line->sealed = (struct lgp_view){(const char *)sealed, len};
	line->person = person;
	line->command.has_words = true;
	lgp_commit(key, text, &line->command.words_commitment);
	return true;
}

bool words_take(struct request *request, struct job *job, struct line *line, uint64_t person,
                struct lgp_view text, struct lgp_view body)
{
	struct worker *worker = request->worker;
	struct lgp_party party;
	uint8_t key[LGP_KEY_LEN];
	if (text.ptr == NULL) {
		request_body_mac(request->app, NULL, request->exchange->path, body,
		                 line->command.body_mac);
		return true;
	}
	enum lgp_status status = people_key(worker->people, person, key);
	/* Nobody of that number: the ledger's answer to say, words or not. */
	if (status == LGP_MISSING && lgp_read_party(worker->reader, person, &party) == LGP_MISSING)
		return words_take(request, job, line, person, (struct lgp_view){NULL, 0}, body);
	if (status == LGP_MISSING)
		return failed(request, job, line, LGP_PROBLEM_INVALID,
		              "what was kept of this person is erased; words cannot be kept");
	bool good = status == LGP_OK && seal(job, line, person, key, text);
	if (good)
		request_body_mac(request->app, key, request->exchange->path, body,
		                 line->command.body_mac);
	sodium_memzero(key, sizeof key);
	return good ||
	       failed(request, job, line, LGP_PROBLEM_INTERNAL, "the words could not be sealed");
}

enum lgp_status words_accepted(struct app *app, struct job *job, struct line *line)
{
	struct people_reader *people;
	(void)job;
	if (line->sealed.ptr == NULL)
		return LGP_OK;
	enum lgp_status status = people_begin(app->people, &people);
	return status == LGP_OK
	               ? people_keep_words(app->people, line->seq, line->person, line->sealed)
	               : status;
}

void words_write(struct worker *worker, struct buf *out, const struct lgp_entry *entry)
{
	char room[PEOPLE_WORDS_MAX];
	size_t len = 0;
	if ((entry->flags & LGP_FLAG_WORDS) != 0 &&
	    people_words(worker->people, entry->seq, room, &len) == LGP_OK)
		json_write_text(out, "words", (struct lgp_view){room, len});
	sodium_memzero(room, len);
}
