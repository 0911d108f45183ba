/* nouns: what a programme registers, by the tables of noun.h: one code for all.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_NOUNS_H
#define LAGNIAPPE_SERVER_NOUNS_H

#include "server/job.h"

/* Writes the members of a noun, without braces, from its definition's text.
 * LGP_CORRUPT: the text is none. */
LGP_MUST_USE enum lgp_status noun_write(struct worker *worker, struct buf *out,
                                        const struct lgp_noun *noun, uint64_t number,
                                        struct lgp_view text, enum lgp_role asker);
/* The same for the definition in force. LGP_MISSING. */
LGP_MUST_USE enum lgp_status noun_write_now(struct worker *worker, struct buf *out,
                                            const struct lgp_noun *noun, uint64_t number,
                                            enum lgp_role asker);
/* Fills the job's command with the definition that the decoded body is.
 * more: further values, as (field, text) pairs of the noun's table, NULL at the end.
 * False: no memory or too long; answered. */
struct noun_value {
	const char *field;
	struct lgp_view text;
};
bool noun_define(struct request *request, struct job *job, const struct lgp_noun *noun,
                 const struct noun_value *more);
/* Whether a token, a limit or a delegation is ended. */
bool noun_ended(const struct lgp_record *record);
/* The registered noun that {id} names; 0: 404 is answered. */
uint64_t noun_find(struct request *request, const struct lgp_noun *noun);
/* Answers a definition: the noun, its entry and its receipt. extra may be NULL. */
void noun_answer(struct worker *worker, struct exchange *exchange, struct job *job,
                 void (*extra)(struct buf *out, const struct job *job));
/* A page of the noun's list; one writes an element. */
void noun_list(struct request *request, const struct lgp_noun *noun);

#endif
