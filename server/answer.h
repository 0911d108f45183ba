/* answer: entries, receipts and names as JSON, as they are answered.
 * Thread: the worker's loop. */
#ifndef LAGNIAPPE_SERVER_ANSWER_H
#define LAGNIAPPE_SERVER_ANSWER_H

#include "server/job.h"

/* Writes the entry's members, without braces; names for numbers.  seq, time and
 * balance only when it is written (not dry). */
void answer_entry(struct worker *worker, struct buf *out, const struct lgp_entry *entry, bool dry);
/* Whether the entry's customer is a customer, and not an import's other party. */
bool answer_has_customer(const struct lgp_entry *entry);
/* Writes ,"receipt":{"leaf","proof"}. checkpoint: the signed note of a tree of `size` leaves. */
void answer_receipt(struct worker *worker, struct buf *out, uint64_t seq, const uint8_t *leaf,
                    const struct lgp_proof *proof, uint64_t size, struct lgp_view checkpoint);
/* The same for an entry of any age, under the newest checkpoint. */
LGP_MUST_USE enum lgp_status answer_receipt_of(struct worker *worker, struct buf *out,
                                               uint64_t seq);
/* The leaf, the proof and the checkpoint that these take. */
struct answer_proof {
	uint8_t leaf[LGP_ENTRY_LEN];
	struct lgp_proof proof;
	uint64_t size;
	size_t note_len;
	char note[LGP_CHECKPOINT_SIGNED_MAX];
};
/* LGP_MISSING: no such entry is released. */
LGP_MUST_USE enum lgp_status answer_prove(struct worker *worker, uint64_t seq,
                                          struct answer_proof *out);

/* Writes ,"name":"slug" of a registered noun, or what else the number stands for. */
void answer_name(struct worker *worker, struct buf *out, const char *name, uint64_t number);
void answer_customer(struct worker *worker, struct buf *out, const char *name, uint64_t number);

/* Answers a job's line by the usual rules: the entry, 201; a replay again, with
 * its header; a problem. For dry runs 200. */
void answer_job(struct worker *worker, struct exchange *exchange, struct job *job);
/* Answers the problem of the job's line. */
void answer_problem(struct exchange *exchange, const struct line *line);
/* Writes what a line's problem tells besides: the limit that bound, when to come again. */
void answer_problem_more(struct worker *worker, struct buf *out, const struct line *line);
/* Closes the object and answers. */
void answer_end(struct exchange *exchange, int status);
/* The status of a write's answer, and the header of replays. */
int answer_status(struct exchange *exchange, const struct job *job);
/* Writes seq and receipt of a job that was accepted or replayed.
 * False: a fault, already answered. */
bool answer_act(struct worker *worker, struct exchange *exchange, const struct job *job);

#endif
