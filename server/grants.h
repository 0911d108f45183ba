/* grants: the command that a grant's body becomes.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_GRANTS_H
#define LAGNIAPPE_SERVER_GRANTS_H

#include "server/job.h"

/* The fields of a grant, as struct body_field; in this order in grant_table, and
 * behind the key in grant_line_table. */
enum grant_field {
	GRANT_CUSTOMER,
	GRANT_AMOUNT,
	GRANT_UNIT,
	GRANT_REASON,
	GRANT_BUDGET,
	GRANT_SITE,
	GRANT_INCIDENT,
	GRANT_TOUCHPOINT,
	GRANT_WORDS,
	GRANT_OCCURRED_AT,
	GRANT_STAFF,
	GRANT_REPLACES,
	GRANT_IF_OVER,
	GRANT_FIELDS,
};
/* clang-format off */
#define GRANT_FIELD_LIST \
	{"customer", BODY_CUSTOMER, BODY_REQUIRED, NULL, 0, 0, "who receives it"}, \
	{"amount", BODY_INTEGER, BODY_REQUIRED, NULL, 1, INT64_MAX, "minor units"}, \
	{"unit", BODY_CODE, BODY_REQUIRED, NULL, 0, 0, "the unit's code"}, \
	{"reason", BODY_SLUG, BODY_REQUIRED, NULL, 0, 0, "the reason's id"}, \
	{"budget", BODY_SLUG, 0, NULL, 0, 0, "the budget; the member of staff's own when absent"}, \
	{"site", BODY_SLUG, 0, NULL, 0, 0, "the site; the member of staff's own when absent"}, \
	{"incident", BODY_INCIDENT, 0, NULL, 0, 0, "what it makes up for; INC-7 and inc-7 are one"}, \
	{"touchpoint", BODY_SLUG, 0, NULL, 0, 0, "where it happened"}, \
	{"words", BODY_WORDS, BODY_PERSONAL, NULL, 1, PEOPLE_WORDS_MAX, "said to the customer; sealed"}, \
	{"occurred_at", BODY_TIME, 0, NULL, 0, 0, "when it happened; told, and moves nothing"}, \
	{"staff", BODY_SLUG, 0, NULL, 0, 0, "in whose name: of integrations alone"}, \
	{"replaces", BODY_INTEGER, 0, NULL, 0, INT64_MAX, "not taken yet"}, \
	{"if_over", BODY_CHOICE, 0, "refuse|ask", 0, 0, "what to do where a limit asks"}
/* clang-format on */

/* Completes the line's command from decoded values.  False: *field and *detail
 * say what is wrong (malformed). */
bool grant_fill(struct request *request, struct job *job, struct line *line,
                const struct body_value *value, const char **field, const char **detail);
extern const struct act grant_act;

/* Copies a decoded word into a command. */
void command_slug(struct lgp_slug *out, const struct body_value *value);

#endif
