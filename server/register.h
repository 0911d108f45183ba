/* register: a person who comes to be with an entry: a customer, a member of
 * staff.  The key that seals them is made before the entry, and kept only if
 * there is one.
 * Thread: struct registration is filled on the loop; the functions are the
 * ledger thread's, for struct act. */
#ifndef LAGNIAPPE_SERVER_REGISTER_H
#define LAGNIAPPE_SERVER_REGISTER_H

#include "server/job.h"

/* job->more of such a job. */
struct registration {
	struct people_person person; /* in the job's memory */
	bool personal;               /* the body holds personal fields */
	struct lgp_view path;        /* of the request */
	uint8_t key[LGP_KEY_LEN]; /* of the new person, or of the one whom the key opened before */
};

/* Loop: a registration in the job's memory, the request's body copied when it is
 * personal. NULL: no memory. */
struct registration *registration_new(struct request *request, struct job *job);

enum lgp_status register_prepare(struct app *app, struct job *job, struct line *line);
enum lgp_status register_accepted(struct app *app, struct job *job, struct line *line);

#endif
