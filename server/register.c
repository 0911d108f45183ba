/* register: a person who comes to be with an entry.
 * Thread: see the header. */
#include "server/register.h"

#include "server/request.h"

#include <sodium.h>
#include <string.h>

struct registration *registration_new(struct request *request, struct job *job)
{
	struct registration *registration = job_alloc(job, sizeof *registration);
	if (registration == NULL)
		return NULL;
	registration->path = job_copy(job, request->exchange->path);
	registration->personal = request->worker->body.personal;
	job->line.body = job_copy(job, request->exchange->body);
	job->more = registration;
	return registration->path.ptr != NULL && job->line.body.ptr != NULL ? registration : NULL;
}

/* The key of whom this idempotency key opened before, so that the body's MAC
 * comes out the same. LGP_MISSING: the key is new. */
static enum lgp_status first_key(struct app *app, struct people_reader *people,
                                 const struct line *line, uint8_t key[LGP_KEY_LEN])
{
	struct lgp_entry first;
	enum lgp_status status = lgp_find_key(app->ledger, line->command.key_mac, &first);
	if (status != LGP_OK)
		return status;
	status = people_key(people, first.seq, key);
	/* It became something else, or somebody who is erased: no body is the same. */
	if (status == LGP_MISSING)
		randombytes_buf(key, LGP_KEY_LEN);
	return status == LGP_MISSING ? LGP_OK : status;
}

/* A second person with one reference is the first one. */
static enum lgp_status check_reference(struct people_reader *people, struct line *line,
                                       struct lgp_view reference)
{
	enum lgp_status status = people_find(people, PEOPLE_CUSTOMER, reference, &line->seq);
	if (status == LGP_MISSING)
		return LGP_OK;
	if (status == LGP_OK) {
		line->problem = LGP_PROBLEM_EXISTS;
		memcpy(line->field, "reference", sizeof "reference");
	}
	return status;
}

enum lgp_status register_prepare(struct app *app, struct job *job, struct line *line)
{
	struct registration *registration = job->more;
	struct people_reader *people;
	enum lgp_status status = people_begin(app->people, &people);
	if (status != LGP_OK)
		return status;
	status = first_key(app, people, line, registration->key);
	if (status == LGP_MISSING) {
		randombytes_buf(registration->key, LGP_KEY_LEN);
		status = registration->person.reference.ptr != NULL
		                 ? check_reference(people, line, registration->person.reference)
		                 : LGP_OK;
	}
	request_body_mac(app, registration->personal ? registration->key : NULL, registration->path,
	                 line->body, line->command.body_mac);
	return status;
}

enum lgp_status register_accepted(struct app *app, struct job *job, struct line *line)
{
	const struct registration *registration = job->more;
	return people_add(app->people, line->seq, registration->key, &registration->person);
}
