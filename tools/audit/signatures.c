/* signatures: see signatures.h.  Thread: as there. */
#include "tools/audit/signatures.h"

void signatures_clear(struct signatures *signatures)
{
	signatures->count = 0;
	atomic_store_explicit(&signatures->next, 0, memory_order_relaxed);
	atomic_store_explicit(&signatures->done, 0, memory_order_relaxed);
}

bool signatures_add(struct signatures *signatures, const struct stored_checkpoint *stored)
{
	if (signatures->count == SIGNATURES_MAX)
		return false;
	signatures->of[signatures->count++] = *stored;
	return true;
}

bool signatures_left(const struct signatures *signatures)
{
	return atomic_load_explicit(&signatures->next, memory_order_relaxed) < signatures->count;
}

bool signatures_check_one(struct signatures *signatures, const struct trust *trust)
{
	if (!signatures_left(signatures))
		return false; /* so that `next` stays near `count` */
	unsigned i = atomic_fetch_add_explicit(&signatures->next, 1, memory_order_relaxed);
	if (i >= signatures->count)
		return false;
	signatures->is[i] = trust_check(trust, &signatures->of[i]);
	atomic_fetch_add_explicit(&signatures->done, 1, memory_order_release);
	return true;
}

bool signatures_done(const struct signatures *signatures)
{
	return atomic_load_explicit(&signatures->done, memory_order_acquire) == signatures->count;
}

void signatures_tell(const struct signatures *signatures, const struct trust *trust,
                     struct findings *findings)
{
	require(signatures_done(signatures));
	for (unsigned i = 0; i < signatures->count; i++)
		trust_tell(trust, &signatures->of[i], signatures->is[i], findings);
}
