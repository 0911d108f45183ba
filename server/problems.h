/* problems: answers that say no, as problem+json (RFC 9457).
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_PROBLEMS_H
#define LAGNIAPPE_SERVER_PROBLEMS_H

#include "lagniappe/ledger.h"
#include "server/http.h"

/* Writes the members of a problem, without the braces. detail "": the title says it all. */
void problem_write(struct buf *out, enum lgp_problem problem, struct lgp_view field,
                   struct lgp_view detail);
/* What is said of a problem with a field, where nobody said more; in out. */
struct lgp_view problem_detail(enum lgp_problem problem, struct lgp_view field, char *out,
                               size_t max);

/* The field that a recorded problem is about: the same when it is replayed. */
const char *problem_field(enum lgp_problem problem);

/* Answers.  field: NULL or the request's field that it is about. */
void problem_reply(struct exchange *exchange, enum lgp_problem problem, const char *field,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same in two steps, for members of one's own in between. */
void problem_begin(struct exchange *exchange, enum lgp_problem problem, struct lgp_view field,
                   struct lgp_view detail);
void problem_end(struct exchange *exchange, enum lgp_problem problem);
/* A fault on a reader's way: logged, 500. */
void problem_fault(struct exchange *exchange, enum lgp_status status, const char *what);

#endif
