/* tokens: issued, listed, ended.  A secret is answered once, and kept as its
 * SHA-256 alone.
 * Thread: the exchange's loop. */
#include "lagniappe/codec.h"
#include "server/answer.h"
#include "server/endpoints.h"
#include "server/nouns.h"
#include "server/request.h"

#include <sodium.h>
#include <string.h>

#define SECRET_PREFIX "lgp_"
#define SECRET_BYTES 32
#define SECRET_LEN (sizeof SECRET_PREFIX - 1 + 2 * SECRET_BYTES)

/* Whom a new token speaks for, as its definition says it. */
struct speaker {
	struct lgp_view staff, customer;
};

static const struct body_value *value_of(const struct request *request, const char *name)
{
	const struct body_table *table = body_table_of(lgp_noun_of(LGP_KIND_TOKEN), NULL);
	size_t i = 0;
	while (strcmp(table->fields[i].name, name) != 0)
		i++;
	return &request->worker->body.value[i];
}

/* Nobody holds both ends: who makes the people does not make the money. */
static bool may_issue(const struct request *request, enum lgp_role role)
{
	bool money = role == LGP_ROLE_FINANCE || role == LGP_ROLE_AUDITOR;
	return money == (request->principal.role == LGP_ROLE_FINANCE);
}

static bool wrong(struct request *request, enum lgp_problem problem, const char *field,
                  const char *detail)
{
	problem_reply(request->exchange, problem, field, "%s", detail);
	return false;
}

/* The number that a customer's id stands for; of what is no id, nobody's: the ledger
 * says so, in its turn. */
static bool customer_speaks(struct request *request, struct job *job, struct lgp_view id,
                            struct speaker *out)
{
	char text[20];
	uint64_t number;
	if (lgp_customer_number(request->worker->ids, id, &number) != LGP_OK)
		number = UINT64_MAX;
	out->customer = job_copy(job, (struct lgp_view){text, lgp_decimal_format(text, number)});
	return out->customer.ptr != NULL ||
	       wrong(request, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
}

/* Shape: which roles have a subject. */
static bool subject_fits(struct request *request, enum lgp_role role, bool given)
{
	bool needed =
	        role == LGP_ROLE_STAFF || role == LGP_ROLE_MANAGER || role == LGP_ROLE_CUSTOMER;
	if (given == needed)
		return true;
	return wrong(request, LGP_PROBLEM_MALFORMED, "subject",
	             needed ? "subject says whom the token speaks for, and is needed"
	                    : "a token of this role speaks for itself: leave subject out");
}

/* Makes the secret, in job->more, and completes the definition. */
static bool define_token(struct request *request, struct job *job, const struct speaker *speaker)
{
	uint8_t bytes[SECRET_BYTES];
	char hex[2 * LGP_HASH_LEN], expires[LGP_TIME_LEN];
	struct lgp_hash hash;
	char *secret = job_alloc(job, SECRET_LEN);
	if (secret == NULL)
		return wrong(request, LGP_PROBLEM_OVERLOADED, NULL, "memory ran out");
	randombytes_buf(bytes, sizeof bytes);
	memcpy(secret, SECRET_PREFIX, sizeof SECRET_PREFIX - 1);
	lgp_hex_encode(secret + sizeof SECRET_PREFIX - 1, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
	lgp_hash_sha256(secret, SECRET_LEN, &hash);
	lgp_hex_encode(hex, hash.bytes, sizeof hash.bytes);
	lgp_time_format(expires, app_time_us() + value_of(request, "expires_in")->number * 1000000);
	job->more = secret;
	const struct noun_value more[] = {{"subject", speaker->staff},
	                                  {"customer", speaker->customer},
	                                  {"expires", {expires, sizeof expires}},
	                                  {"hash", {hex, sizeof hex}},
	                                  {NULL, {NULL, 0}}};
	return noun_define(request, job, lgp_noun_of(LGP_KIND_TOKEN), more);
}

static void write_secret(struct buf *out, const struct job *job)
{
	if (job->line.verdict == LGP_ACCEPTED && !job->dry)
		json_write_text(out, "token", (struct lgp_view){job->more, SECRET_LEN});
}

static void answer_token(struct worker *worker, struct exchange *exchange, struct job *job)
{
	/* In the ledger a subject is staff or customer; who asks says subject. */
	if (strcmp(job->line.field, "customer") == 0)
		memcpy(job->line.field, "subject", sizeof "subject");
	noun_answer(worker, exchange, job, write_secret);
}

static bool prepare_token(struct request *request, struct job *job)
{
	enum lgp_role role = (enum lgp_role)(LGP_ROLE_ADMIN + value_of(request, "role")->number);
	const struct body_value *subject = value_of(request, "subject");
	struct speaker speaker = {{NULL, 0}, {NULL, 0}};
	if (!may_issue(request, role))
		return wrong(request, LGP_PROBLEM_FORBIDDEN, "role",
		             "admin issues tokens for staff, managers, customers, integrations and "
		             "admin; finance for auditors and finance");
	if (!subject_fits(request, role, subject->present) ||
	    !request_key(request, &job->line.command))
		return false;
	if (role == LGP_ROLE_CUSTOMER && !customer_speaks(request, job, subject->text, &speaker))
		return false;
	if (role == LGP_ROLE_STAFF || role == LGP_ROLE_MANAGER)
		speaker.staff = subject->text;
	request_body_mac(request->app, NULL, request->exchange->path, request->exchange->body,
	                 job->line.command.body_mac);
	return define_token(request, job, &speaker);
}

void tokens_post(struct request *request)
{
	static const struct act act = {.answer = answer_token};
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	if (prepare_token(request, job))
		job_send(request, job);
	else
		job_drop(job);
}

/* ---- one token ----------------------------------------------------------------------- */

/* "t-" and the number; 0: 404 is answered. */
static uint64_t find_token(struct request *request, enum lgp_role *role)
{
	struct lgp_ledger *ledger = request->app->ledger;
	struct lgp_view id = request->id;
	uint64_t number = 0;
	bool found = false;
	if (id.len > 2 && memcmp(id.ptr, "t-", 2) == 0 &&
	    lgp_decimal_parse((struct lgp_view){id.ptr + 2, id.len - 2}, &number) == LGP_OK) {
		lgp_registry_lock(ledger);
		const struct lgp_record *record = lgp_registry_get(ledger, number);
		found = record != NULL && record->kind == LGP_KIND_TOKEN;
		if (found)
			*role = record->as.token.role;
		lgp_registry_unlock(ledger);
	}
	if (!found)
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, "id",
		              "there is no token of this id");
	return found ? number : 0;
}

void tokens_get(struct request *request)
{
	enum lgp_role role;
	uint64_t number = find_token(request, &role);
	if (number == 0)
		return;
	buf_text(request->exchange->out, "{");
	enum lgp_status status =
	        noun_write_now(request->worker, request->exchange->out, lgp_noun_of(LGP_KIND_TOKEN),
	                       number, request->principal.role);
	if (status == LGP_OK)
		answer_end(request->exchange, 200);
	else
		problem_fault(request->exchange, status, "token");
}

void tokens_list(struct request *request)
{
	noun_list(request, lgp_noun_of(LGP_KIND_TOKEN));
}

static void answer_end_of_token(struct worker *worker, struct exchange *exchange, struct job *job)
{
	(void)worker;
	if (job->line.problem != LGP_PROBLEM_NONE)
		answer_problem(exchange, &job->line);
	else
		http_reply(exchange, 204, "application/json");
}

void tokens_delete(struct request *request)
{
	static const struct act act = {.answer = answer_end_of_token};
	enum lgp_role role;
	uint64_t number = find_token(request, &role);
	if (number == 0)
		return;
	if (!may_issue(request, role)) {
		problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, "id",
		              "a token is ended by the role that issues it");
		return;
	}
	struct job *job = job_new(request, &act, sizeof *job);
	if (job == NULL)
		return;
	job->line.command.kind = LGP_KIND_TOKEN_END;
	job->line.command.refers_to = number;
	job_send(request, job);
}
