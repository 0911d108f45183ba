/* judge: the rules' own view of one command.
 * Thread: ledger thread only.
 * A rule returns the problem, LGP_PROBLEM_NONE when there is none; it fills the
 * entry as it goes, so that a refusal records what was asked for.  A fault is
 * left in status, with the problem LGP_PROBLEM_INTERNAL. */
#ifndef LAGNIAPPE_LEDGER_JUDGE_H
#define LAGNIAPPE_LEDGER_JUDGE_H

#include "internal.h"

struct judgement {
	struct lgp_ledger *ledger;
	const struct lgp_command *command;
	struct lgp_entry *entry; /* what it becomes */
	const char *field;       /* of the command, that a problem is about */
	enum lgp_status status;
	const struct lgp_record *token;
	const struct lgp_record *staff; /* in whose name, when in anybody's */
	struct lgp_limit_use binding;   /* with LIMIT_EXCEEDED */
	size_t payload_len;
	char payload[LGP_DEFINITION_MAX]; /* last, and nothing until it is written */
};

typedef enum lgp_problem (*rule)(struct judgement *judgement);

/* Says which field, and hands the problem back. */
static inline enum lgp_problem problem_at(struct judgement *judgement, enum lgp_problem problem,
                                          const char *field)
{
	judgement->field = field;
	return problem;
}

/* Leaves the fault for the caller of lgp_judge. */
static inline enum lgp_problem fault_in(struct judgement *judgement, enum lgp_status status)
{
	judgement->status = status;
	return LGP_PROBLEM_INTERNAL;
}

/* Steps that several acts share (judge.c). */
/* Takes back what the entry copied from another: a refusal to one whom the
 * other does not concern must not make them a party of it. */
void judge_forget(struct judgement *judgement);
enum lgp_problem judge_date(struct judgement *judgement);
/* Whether the token is good at the site, wherever its subject works. */
bool judge_token_at(const struct judgement *judgement, uint64_t site);
const struct lgp_record *judge_named(struct judgement *judgement, enum lgp_kind noun,
                                     const struct lgp_slug *id);
enum lgp_problem judge_funds(struct judgement *judgement, enum lgp_problem lacking);

/* A command of a grant's kind up to where its limits are looked at, for
 * lgp_explain: customer, amount and reason may be absent. */
enum lgp_problem judge_prepare(struct lgp_ledger *ledger, const struct lgp_command *command,
                               struct lgp_entry *entry, struct judgement *judgement);
/* I5.  pending: the ask that is decided on, or NULL.  *asks: the limit that
 * binds would ask for approval. */
enum lgp_problem judge_limits(struct judgement *judgement, const struct lgp_entry *pending,
                              bool *asks);
/* LGP_PROBLEM_AUTHORITY: this manager could not give what is asked for. */
enum lgp_problem judge_authority(struct judgement *judgement, const struct lgp_entry *ask,
                                 uint64_t manager);
void judge_keep_binding(struct judgement *judgement);
/* The rules of a grant that was asked for, at the moment of its approval. */
enum lgp_problem judge_grant_again(struct judgement *judgement, const struct lgp_entry *ask);
enum lgp_problem judge_approval(struct judgement *judgement);
enum lgp_problem judge_decline(struct judgement *judgement);
enum lgp_problem judge_grant_lookup(struct judgement *judgement);

enum lgp_problem judge_define(struct judgement *judgement);
enum lgp_problem judge_end(struct judgement *judgement);
/* A new one, or who they live with (household.c). */
enum lgp_problem judge_customer(struct judgement *judgement);
/* Whether the customer is the member of staff's own account, or of their household.
 * After a fault true, with the status left in the judgement. */
bool judge_own(struct judgement *judgement, const struct lgp_record *staff, uint64_t customer);
enum lgp_problem judge_party(struct judgement *judgement);
enum lgp_problem judge_grant(struct judgement *judgement);
enum lgp_problem judge_thanks(struct judgement *judgement);
enum lgp_problem judge_reversal(struct judgement *judgement);
enum lgp_problem judge_allotment(struct judgement *judgement);
enum lgp_problem judge_import(struct judgement *judgement);

#endif
