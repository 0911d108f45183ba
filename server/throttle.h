/* throttle: how many refusals each subject (a person with all their tokens, or a token
 * that speaks for itself) has put on record lately, so that a flood of them cannot fill
 * the ledger.
 * Thread: ledger thread only.  Bounded: it knows a fixed number of subjects, and
 * forgets the quietest where it must. */
#ifndef LAGNIAPPE_SERVER_THROTTLE_H
#define LAGNIAPPE_SERVER_THROTTLE_H

#include "lagniappe/status.h"

struct throttle;

/* max: refusals of one subject in a minute; 0: any number. NULL: no memory. */
struct throttle *throttle_new(uint64_t max);
void throttle_free(struct throttle *throttle);

/* A refusal of the subject's went on record. */
void throttle_note(struct throttle *throttle, uint64_t subject, uint64_t now_us);
/* Seconds until the subject's refusals are taken down again; 0: they are now. */
unsigned throttle_wait_s(const struct throttle *throttle, uint64_t subject, uint64_t now_us);

#endif
