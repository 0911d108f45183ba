/* rule: everything that the audit holds a ledger to, by name.
 * Thread: any.
 *
 * Slugs are what findings carry and what programs may rely on: never renamed.
 * "Follows": where one wrong thing makes others wrong, each is found by its
 * own rule; a flipped amount is a wrong leaf hash and a wrong balance too. */
#ifndef LAGNIAPPE_AUDIT_RULE_H
#define LAGNIAPPE_AUDIT_RULE_H

/* symbol, slug, what must hold */
#define RULE_LIST(X)                                                                              \
	/* the file */                                                                            \
	X(RULE_FILE, "file-damaged", "every page of the file can be read")                        \
	X(RULE_ANSWER, "server-answer", "what a server answers is whole, and nothing besides")    \
	X(RULE_META, "meta", "the ledger's own name, format and key are those expected")          \
	/* the log and its tree */                                                                \
	X(RULE_ENTRY_MISSING, "entry-missing", "entries are numbered without a gap")              \
	X(RULE_ENTRY_FORM, "entry-form", "an entry is 256 bytes that decode")                     \
	X(RULE_ENTRY_SEQ, "entry-seq", "an entry holds the number under which it is kept")        \
	X(RULE_LEAF_HASH, "leaf-hash", "a stored leaf hash is the entry's hash")                  \
	X(RULE_LEAF_MISSING, "leaf-missing", "every strip of leaf hashes is there, 512 bytes")    \
	X(RULE_NODE_HASH, "node-hash", "a stored tile node is the hash of what it covers")        \
	X(RULE_NODE_MISSING, "node-missing", "every strip of tile nodes is there, 512 bytes")     \
	X(RULE_PADDING, "strip-padding", "behind the last hash a strip is zero")                  \
	X(RULE_STRIP_EXTRA, "strip-extra", "no strip stands behind the tree's end")               \
	X(RULE_CHECKPOINT_FORM, "checkpoint-form", "a checkpoint is 100 bytes")                   \
	X(RULE_CHECKPOINT_ROOT, "checkpoint-root", "a checkpoint's root is that of its entries")  \
	X(RULE_CHECKPOINT_KEY, "checkpoint-key", "a checkpoint names a key that is trusted")      \
	X(RULE_SIGNATURE, "checkpoint-signature", "a checkpoint's signature holds")               \
	X(RULE_BEYOND, "checkpoint-beyond", "no checkpoint covers entries that are not there")    \
	X(RULE_UNCOVERED, "uncovered", "the last entry is covered by a checkpoint")               \
	X(RULE_SINCE_SIGNATURE, "since-signature", "the saved checkpoint is signed by the key")   \
	X(RULE_SINCE_ROOT, "since-root", "the ledger continues the saved checkpoint")             \
	X(RULE_SINCE_BEHIND, "since-behind",                                                      \
	  "the ledger is not shorter than the saved checkpoint")                                  \
	X(RULE_HIGH_WATER, "high-water", "the ledger contains the checkpoint that was released")  \
	X(RULE_STATE, "state", "state.mdb is what a replay of the log has at its position")       \
	/* payloads */                                                                            \
	X(RULE_PAYLOAD_HASH, "payload-hash", "a payload is kept under its SHA-256")               \
	X(RULE_PAYLOAD_MISSING, "payload-missing", "a payload that an entry binds is there")      \
	X(RULE_PAYLOAD_ORPHAN, "payload-orphan", "every payload is bound by an entry")            \
	X(RULE_DEFINITION, "definition", "a definition is bound and of its form")                 \
	/* the order of entries */                                                                \
	X(RULE_GENESIS, "genesis", "entry 0 opens the ledger, and no other")                      \
	X(RULE_TIME, "time", "times strictly increase")                                           \
	X(RULE_DATE, "business-date", "a business date is within two days of the time")           \
	X(RULE_POLICY, "policy", "the policy's number is an earlier entry's and never goes back") \
	X(RULE_REFUSAL, "refusal-code", "a refusal has a code of the rules or funds")             \
	X(RULE_KEY_REUSED, "key-reused", "an idempotency key acts once")                          \
	/* parties */                                                                             \
	X(RULE_OPENING, "opening", "what an entry opens, it names by its own number")             \
	X(RULE_REFERENCE, "reference", "what an entry names was opened before, as its kind")      \
	X(RULE_REFERS_TO, "refers-to",                                                            \
	  "what an entry refers to is earlier and of the kind it needs")                          \
	X(RULE_LINK_CUSTOMER, "link-customer", "the customer's previous entry is named")          \
	X(RULE_LINK_BUDGET, "link-budget", "the budget's previous entry is named")                \
	X(RULE_LINK_ACTOR, "link-actor", "the actor's previous entry is named")                   \
	/* money */                                                                               \
	X(RULE_MOVE, "move", "a kind of entry moves between its own accounts alone")              \
	X(RULE_BALANCE, "balance", "the customer's balance is that of a replay")                  \
	X(RULE_FLOOR, "floor", "no floored account falls below zero")                             \
	X(RULE_CONSERVATION, "conservation", "debits equal credits, and sums fit into 63 bits")   \
	X(RULE_REVERSAL, "reversal", "a reversal is of a grant, its customer, unit and budget")   \
	X(RULE_OVER_REVERSED, "over-reversed", "no more is reversed than was granted")            \
	/* limits, at the rules of their moment */                                                \
	X(RULE_OVER_LIMIT, "over-limit", "no grant passes a limit in force that refuses")         \
	X(RULE_INCIDENT, "incident-missing", "where a limit goes by incident, there is one")      \
	X(RULE_ASK, "ask-needless", "what asks for approval passes a limit that asks")            \
	X(RULE_LIMIT_VERSION, "limit-version", "the version of a limit that is named is the one") \
	X(RULE_FIGURES, "limit-figures", "what is told of a limit that bound is as a replay has") \
	X(RULE_MANAGER, "manager-flag", "a grant says whether its giver was a manager then")      \
	X(RULE_UNDESERVED, "refusal-undeserved", "a refusal is deserved")                         \
	/* who may act where */                                                                   \
	X(RULE_TOKEN, "token", "who acts holds a token in force, of a role that may do it")       \
	X(RULE_ISSUER, "token-issuer", "a token is issued and ended by a role that may")          \
	X(RULE_GIVER, "giver", "staff give in their own name, a till in that of staff")           \
	X(RULE_STAFF_ACTIVE, "staff-inactive", "who gives is active on the business date")        \
	X(RULE_STAFF_SITE, "staff-site", "who gives works at the site")                           \
	X(RULE_STAFF_BUDGET, "staff-budget", "who gives may draw on the budget")                  \
	X(RULE_REASON_KIND, "reason-kind", "nothing is granted for a reason of earning")          \
	X(RULE_SELF, "self-grant", "nobody rewards themself or their household")                  \
	X(RULE_HOUSEHOLD, "household", "nobody says whom they themself live with")                \
	X(RULE_RING, "ring-grant", "where the site says so, staff do not reward each other")      \
	X(RULE_REVERSER, "reverser",                                                              \
	  "a grant is reversed by its giver that day, else by a manager of the site")             \
	/* approvals */                                                                           \
	X(RULE_APPROVAL, "approval", "what decides on an ask is of an ask, on its terms")         \
	X(RULE_ASK_ENDED, "ask-ended", "an ask is decided once, while it waits")                  \
	X(RULE_LAPSE, "lapse", "an ask lapses after 72 hours, by the house")                      \
	X(RULE_FOUR_EYES, "four-eyes",                                                            \
	  "nobody approves what they asked for, or who acts for them")                            \
	X(RULE_AUTHORITY, "authority", "who decides has the authority for it at that moment")

enum rule {
#define X(symbol, slug, text) symbol,
	RULE_LIST(X)
#undef X
	        RULE_COUNT,
};

#endif
