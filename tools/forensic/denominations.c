/* denominations: see denominations.h.  Thread: one at a time. */
#include "tools/forensic/denominations.h"

#include "tools/audit/slots.h"
#include "tools/forensic/evidence.h"

bool digits_count(const struct spendings *spendings, const struct spending *row)
{
	return row->amount >= DIGITS_UNITS_LEAST * whole_unit(spendings);
}

/* How often each amount comes.  LGP_NO_MEMORY. */
static enum lgp_status count_amounts(const struct spendings *spendings, struct slots *slots)
{
	for (size_t i = 0; i < spendings->count; i++) {
		const struct spending *row = &spendings->rows[i];
		if (!digits_count(spendings, row))
			continue;
		struct slot *slot = slots_put(slots, (uint64_t)row->amount, 0);
		if (slot == NULL)
			return lgp_fault(LGP_NO_MEMORY, "no memory for %zu amounts", slots->count);
		slot->number++;
	}
	return LGP_OK;
}

/* Puts the count among the greatest, in falling order. */
static void keep_greatest(uint64_t greatest[OFTEN], uint64_t count)
{
	for (size_t i = 0; i < OFTEN; i++) {
		if (count <= greatest[i])
			continue;
		uint64_t smaller = greatest[i];
		greatest[i] = count;
		count = smaller;
	}
}

static uint64_t count_often(const struct slots *slots)
{
	uint64_t greatest[OFTEN] = {0}, sum = 0;
	size_t at = 0;
	for (const struct slot *slot; (slot = slots_next(slots, &at)) != NULL;)
		keep_greatest(greatest, slot->number);
	for (size_t i = 0; i < OFTEN; i++)
		sum += greatest[i];
	return sum;
}

static enum lgp_status judge(const struct slots *slots, struct forensic_result *result)
{
	double share = (double)count_often(slots) / (double)result->tested;
	if (slots->count < DISTINCT_LEAST)
		return forensic_inapplicable(result,
		                             "there are only %zu different amounts: fixed "
		                             "denominations, not freely chosen ones",
		                             slots->count);
	if (share >= OFTEN_SHARE)
		return forensic_inapplicable(result,
		                             "the %d most frequent amounts make up %.0f %%: fixed "
		                             "denominations, not freely chosen ones",
		                             OFTEN, 100 * share);
	result->applies = true;
	return LGP_OK;
}

enum lgp_status denominations_judge(const struct spendings *spendings,
                                    struct forensic_result *result)
{
	struct slots slots;
	for (size_t i = 0; i < spendings->count; i++)
		result->tested += digits_count(spendings, &spendings->rows[i]);
	if (result->tested < DIGITS_AMOUNTS_LEAST)
		return forensic_inapplicable(
		        result, "there are only %zu amounts of %d units or more; %d are needed",
		        result->tested, DIGITS_UNITS_LEAST, DIGITS_AMOUNTS_LEAST);
	enum lgp_status status = slots_init(&slots);
	if (status == LGP_OK)
		status = count_amounts(spendings, &slots);
	if (status == LGP_OK)
		status = judge(&slots, result);
	slots_deinit(&slots);
	return status;
}
