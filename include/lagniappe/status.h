/* status: how a call went, and the few small things that every room uses.
 * Thread: any.
 *
 * Two families of trouble, never mixed.  A refusal is the user's: a value of
 * enum lgp_problem (problem.h), deterministic, on record.  A fault is ours: an
 * enum lgp_status other than LGP_OK, loud, and it aborts the transaction. */
#ifndef LAGNIAPPE_STATUS_H
#define LAGNIAPPE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LGP_MUST_USE __attribute__((warn_unused_result))

/* name, text */
#define LGP_STATUS_LIST(X)                                                        \
	X(LGP_OK, "ok")                                                           \
	X(LGP_MISSING, "there is no such record")                                 \
	X(LGP_EXISTS, "it exists already")                                        \
	X(LGP_MALFORMED, "the input is not of its form")                          \
	X(LGP_INVALID, "a signature or a proof does not hold")                    \
	X(LGP_CORRUPT, "stored data contradicts itself")                          \
	X(LGP_FORMAT, "stored data is of a format that this build does not know") \
	X(LGP_LOCKED, "another process holds the ledger")                         \
	X(LGP_BEHIND, "the ledger is behind a checkpoint it released")            \
	X(LGP_FULL, "the store is full")                                          \
	X(LGP_OVERLOAD, "a stated bound is reached, try again")                   \
	X(LGP_IO, "the disk or the file system failed")                           \
	X(LGP_NO_MEMORY, "memory ran out")

enum lgp_status {
#define X(name, text) name,
	LGP_STATUS_LIST(X)
#undef X
};

/* Static text, never NULL. */
const char *lgp_status_text(enum lgp_status status);

/* What failed, to what: the last fault noted by this thread, at most 255
 * bytes, valid until the thread's next fault.  "" when there was none. */
const char *lgp_fault_detail(void);

/* Notes the detail and hands the status back: return lgp_fault(LGP_IO, …).
 * The macro shows compilers and analyzers that it is handed back. */
enum lgp_status lgp_fault(enum lgp_status status, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
#define lgp_fault(status, ...) ((void)lgp_fault((status), __VA_ARGS__), (enum lgp_status)(status))

/* Borrowed bytes, not NUL-terminated.  Goes by value. */
struct lgp_view {
	const char *ptr;
	size_t len;
};

#define LGP_VIEW(literal) ((struct lgp_view){(literal), sizeof(literal) - 1})

struct lgp_view lgp_view_of(const char *text);
bool lgp_view_equal(struct lgp_view a, struct lgp_view b);

/* Always on, in every build: a broken promise inside the program stops it
 * before it can write anything wrong. */
#define require(condition) \
	((condition) ? (void)0 : lgp_require_failed(#condition, __FILE__, __LINE__))

/* A place that cannot be reached, and what it would be. */
#define never(what) lgp_require_failed(what, __FILE__, __LINE__)

_Noreturn void lgp_require_failed(const char *condition, const char *file, int line);

#endif
