/* problem: the one list of what is answered when the answer is no.
 * Thread: any. */
#include "lagniappe/problem.h"

/* Refusals from this number on are the rules' and funds': they go on record. */
#define RECORDED_FROM 100

static const struct lgp_problem_info problems[] = {
#define X(symbol, number, code, status, title) {symbol, code, status, title},
        LGP_PROBLEM_LIST(X)
#undef X
};

const struct lgp_problem_info *lgp_problem_at(size_t i)
{
	return i < sizeof problems / sizeof problems[0] ? &problems[i] : NULL;
}

const struct lgp_problem_info *lgp_problem_info(unsigned number)
{
	for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
		if ((unsigned)problems[i].problem == number)
			return &problems[i];
	return NULL;
}

bool lgp_problem_recorded(enum lgp_problem problem)
{
	return problem >= RECORDED_FROM;
}
