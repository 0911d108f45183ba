/* imports: spending from before this ledger, line by line.
 * Thread: the exchange's loop reads; the functions of struct act are the ledger
 * thread's.  A party that nobody has met gets a number of its own first; its
 * text stays with the people. */
#include "server/bulk.h"
#include "server/endpoints.h"
#include "server/grants.h"
#include "server/request.h"

#include <sodium.h>
#include <string.h>

#define PARTY_MAX 256

enum {
	IMPORT_DATE,
	IMPORT_AMOUNT,
	IMPORT_UNIT,
	IMPORT_STAFF,
	IMPORT_BUDGET,
	IMPORT_REASON,
	IMPORT_PARTY,
	IMPORT_NOTE
};
static const struct body_field import_fields[] = {
        BULK_KEY_FIELD,
        {"business_date", BODY_DATE, BODY_REQUIRED, NULL, 0, 0, "the file's own date"},
        {"amount", BODY_INTEGER, BODY_REQUIRED, NULL, -INT64_MAX, INT64_MAX,
         "minor units; below zero: back to the budget"},
        {"unit", BODY_CODE, BODY_REQUIRED, NULL, 0, 0, "the unit's code"},
        {"staff", BODY_SLUG, BODY_REQUIRED, NULL, 0, 0, "who spent it"},
        {"budget", BODY_SLUG, BODY_REQUIRED, NULL, 0, 0, "from what"},
        {"reason", BODY_SLUG, BODY_REQUIRED, NULL, 0, 0, "what for"},
        {"party", BODY_TEXT, BODY_PERSONAL, NULL, 1, PARTY_MAX,
         "to whom, as the file has it; sealed"},
        {"note", BODY_WORDS, BODY_PERSONAL, NULL, 1, PEOPLE_WORDS_MAX, "sealed"},
};
const struct body_table import_line_table = {
        "ImportLine", sizeof import_fields / sizeof import_fields[0], import_fields};

static bool fill_import(struct request *request, struct job *job, struct line *line,
                        const struct body_value *value, const char **field, const char **detail)
{
	struct lgp_command *command = &line->command;
	(void)request;
	(void)job;
	if (value[IMPORT_AMOUNT].number == 0) {
		*field = "amount";
		*detail = "amount must not be zero";
		return false;
	}
	command->kind = LGP_KIND_IMPORT;
	command->business_date = (int32_t)value[IMPORT_DATE].number;
	command->amount = value[IMPORT_AMOUNT].number;
	command_slug(&command->unit, &value[IMPORT_UNIT]);
	command_slug(&command->staff, &value[IMPORT_STAFF]);
	command_slug(&command->budget, &value[IMPORT_BUDGET]);
	command_slug(&command->reason, &value[IMPORT_REASON]);
	return true;
}

/* Scratch is used again for the next line. */
static bool keep(struct job *job, const struct body_value *value, struct lgp_view *out)
{
	if (!value->present)
		return true;
	*out = job_copy(job, value->text);
	return out->ptr != NULL;
}

static void finish_import(struct request *request, struct job *job, struct line *line,
                          const struct body_value *value, struct lgp_view text)
{
	(void)request;
	line->body = text;
	if (!keep(job, &value[IMPORT_PARTY], &line->party) ||
	    !keep(job, &value[IMPORT_NOTE], &line->words))
		line->problem = LGP_PROBLEM_OVERLOADED;
}

/* ---- on the ledger thread --------------------------------------------------------------- */

/* A number for a party that nobody has met, in the batch before the import. */
static enum lgp_status open_party(struct app *app, struct line *line,
                                  const uint8_t key[LGP_KEY_LEN])
{
	struct lgp_command command = {.kind = LGP_KIND_PARTY,
	                              .token = line->command.token,
	                              .time_us = line->command.time_us};
	struct lgp_outcome outcome;
	enum lgp_status status = lgp_judge(app->ledger, &command, &outcome);
	if (status != LGP_OK)
		return status;
	if (outcome.verdict != LGP_ACCEPTED) {
		line->problem = outcome.problem;
		return LGP_OK;
	}
	line->command.customer = line->person = outcome.seq;
	return people_add(app->people, outcome.seq, key,
	                  &(struct people_person){.party = line->party});
}

/* Whose key: the party's, a new one's, or the house's. */
static enum lgp_status find_person(struct app *app, struct line *line, uint8_t key[LGP_KEY_LEN],
                                   bool *stranger)
{
	struct people_reader *people;
	enum lgp_status status = people_begin(app->people, &people);
	line->person = PEOPLE_HOUSE;
	if (status == LGP_OK && line->party.ptr != NULL)
		status = people_find(people, PEOPLE_PARTY, line->party, &line->person);
	*stranger = status == LGP_MISSING;
	if (*stranger) {
		randombytes_buf(key, LGP_KEY_LEN);
		return LGP_OK;
	}
	if (status == LGP_OK && line->party.ptr != NULL)
		line->command.customer = line->person;
	return status == LGP_OK ? people_key(people, line->person, key) : status;
}

static enum lgp_status prepare_import(struct app *app, struct job *job, struct line *line)
{
	static const struct lgp_view path = {"/v1/imports", sizeof "/v1/imports" - 1};
	bool personal = line->party.ptr != NULL || line->words.ptr != NULL, stranger;
	uint8_t key[LGP_KEY_LEN];
	struct lgp_outcome trial;
	if (!personal) {
		request_body_mac(app, NULL, path, line->body, line->command.body_mac);
		return LGP_OK;
	}
	enum lgp_status status = find_person(app, line, key, &stranger);
	if (status == LGP_OK) {
		request_body_mac(app, key, path, line->body, line->command.body_mac);
		line->command.has_words = line->words.ptr != NULL;
		if (line->command.has_words)
			lgp_commit(key, line->words, &line->command.words_commitment);
	}
	/* A line that will not be taken opens nobody. */
	if (status == LGP_OK && stranger && !job->dry) {
		struct lgp_command command = line->command;
		command.dry = true;
		status = lgp_judge(app->ledger, &command, &trial);
		if (status == LGP_OK && trial.verdict == LGP_ACCEPTED)
			status = open_party(app, line, key);
	}
	sodium_memzero(key, sizeof key);
	return status;
}

static enum lgp_status accepted_import(struct app *app, struct job *job, struct line *line)
{
	struct people_reader *people;
	uint8_t key[LGP_KEY_LEN];
	(void)job;
	if (line->words.ptr == NULL)
		return LGP_OK;
	enum lgp_status status = people_begin(app->people, &people);
	if (status == LGP_OK)
		status = people_key(people, line->person, key);
	if (status == LGP_OK) {
		uint8_t sealed[PEOPLE_WORDS_MAX + PEOPLE_SEAL_EXTRA];
		people_seal(key, PEOPLE_WORDS, line->person, line->words, sealed);
		status = people_keep_words(app->people, line->seq, line->person,
		                           (struct lgp_view){(const char *)sealed,
		                                             line->words.len + PEOPLE_SEAL_EXTRA});
	}
	sodium_memzero(key, sizeof key);
	return status;
}

void imports_post(struct request *request)
{
	static const struct act act = {
	        .prepare = prepare_import, .accepted = accepted_import, .answer = bulk_answer};
	static const struct bulk bulk = {.table = &import_line_table,
	                                 .act = &act,
	                                 .keep_body = true,
	                                 .fill = fill_import,
	                                 .finish = finish_import};
	bulk_post(request, &bulk);
}
