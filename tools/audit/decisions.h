/* decisions: every act and every refusal, judged again at the rules of its moment:
 * who may act, what limits let pass, who decides.
 * Thread: one at a time.
 *
 * After an entry or a definition that cannot be read nobody can say what was
 * used or who had which authority: what goes by those is not judged from there
 * on, and the summary says so. */
#ifndef LAGNIAPPE_AUDIT_DECISIONS_H
#define LAGNIAPPE_AUDIT_DECISIONS_H

#include "tools/audit/finding.h"
#include "tools/audit/bounds.h"
#include "tools/audit/money.h"
#include "tools/audit/parties.h"
#include "tools/audit/programme.h"

struct decisions {
	struct door *door; /* borrowed, all four */
	struct findings *findings;
	const struct money *money;
	const struct parties *parties;
	struct programme programme;
	struct bounds bounds;
	uint64_t *waiting; /* owned: asks that nobody decided on, in their order */
	size_t waiting_count, waiting_room;
	bool somebody_acted; /* other than the house */
	bool lost;           /* what was used is not known any more */
	uint64_t lost_at;
	char lost_why[128];
	char text[LGP_DEFINITION_MAX];
};

LGP_MUST_USE enum lgp_status decisions_init(struct decisions *decisions, struct door *door,
                                            struct findings *findings, const struct money *money,
                                            const struct parties *parties);
void decisions_deinit(struct decisions *decisions);
/* Entries before this one cannot be read. */
void decisions_lose(struct decisions *decisions, uint64_t seq, const char *why);
/* Brings near what the entry's judgement will ask for. */
void decisions_prefetch(const struct decisions *decisions, const struct lgp_entry *entry);
/* After the entry's money has moved.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status decisions_judge(struct decisions *decisions,
                                             const struct lgp_entry *entry);

/* ---- for decisions.c and its parts ------------------------------------------------ */

/* The payload that the entry binds, as it binds it; ptr NULL: it is not there.
 * Borrowed until the next call. */
struct lgp_view decisions_payload(struct decisions *decisions, const struct lgp_entry *entry);

/* What waits (approvals.c). */
LGP_MUST_USE enum lgp_status approvals_wait(struct decisions *decisions,
                                            const struct lgp_entry *ask);
bool approvals_waiting(const struct decisions *decisions, uint64_t seq);
/* Whether the entry decides on an ask, or was refused that. */
bool approvals_decides(const struct lgp_entry *entry);
/* The ask that the entry names.  False: there is none, which is told. */
bool approvals_ask(struct decisions *decisions, const struct lgp_entry *entry,
                   struct lgp_entry *ask);
/* Terms, time, four eyes and authority of what decides on an ask, which waits no
 * more.  *waited: it did.  *authority: of an approval, whose; 0 unknown. */
void approvals_judge(struct decisions *decisions, const struct lgp_entry *entry,
                     const struct lgp_entry *ask, bool *waited, uint64_t *authority);
/* Whether a refusal to decide tells nothing of the ask, as to a stranger. */
bool approvals_forgets(const struct lgp_entry *refusal);
/* Whether a refusal to decide is deserved, as far as it goes by who decides. */
bool approvals_refusal_holds(const struct decisions *decisions, const struct lgp_entry *entry,
                             const struct lgp_entry *ask);
void approvals_delegation(struct decisions *decisions, const struct lgp_entry *entry);

/* Who may act where, by which token (standing.c). */
void standing_judge(struct decisions *decisions, const struct lgp_entry *entry);
/* Whether a refusal is for who acts where, and then whether it is deserved.
 * ask: what the refused decision was about, or NULL. */
bool standing_refuses(const struct lgp_entry *refusal);
bool standing_refusal_holds(const struct decisions *decisions, const struct lgp_entry *refusal,
                            const struct lgp_entry *ask);

/* What the limits let pass, and the figures of what they do not (passes.c). */
void passes_grant(struct decisions *decisions, const struct lgp_entry *entry,
                  const struct lgp_entry *ask);
void passes_ask(struct decisions *decisions, const struct lgp_entry *entry);
/* ask: what the refused decision was about, or NULL. */
void passes_refusal(struct decisions *decisions, const struct lgp_entry *entry,
                    const struct lgp_entry *ask);
/* That the entry names this version of a limit, 0 none. */
void passes_version(struct decisions *decisions, const struct lgp_entry *entry, uint64_t version);

#endif
