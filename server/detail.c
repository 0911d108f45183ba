/* detail: what a line's problem says in words, where the command says more than
 * the problem's code.
 * Thread: the worker's loop. */
#include "server/detail.h"

#include "server/limit_use.h"

#include <stdio.h>
#include <string.h>

/* The value of the definition's line "field value"; ptr NULL: none. */
static struct lgp_view defined_as(struct lgp_view lines, struct lgp_view field)
{
	const char *at = lines.ptr, *end = at + lines.len, *lf;
	for (; at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL; at = lf + 1)
		if ((size_t)(lf - at) > field.len && at[field.len] == ' ' &&
		    memcmp(at, field.ptr, field.len) == 0)
			return (struct lgp_view){at + field.len + 1,
			                         (size_t)(lf - at) - field.len - 1};
	return (struct lgp_view){NULL, 0};
}

/* The slug or code that the request has in a field; ptr NULL: none. */
static struct lgp_view named_in(const struct lgp_command *command, struct lgp_view field)
{
	const struct {
		const char *field;
		const struct lgp_slug *slug;
	} fields[] = {
	        {"site", &command->site},   {"budget", &command->budget},
	        {"unit", &command->unit},   {"reason", &command->reason},
	        {"staff", &command->staff}, {"touchpoint", &command->touchpoint},
	};
	if (lgp_noun_of(command->kind) != NULL && command->payload.len > 0)
		return defined_as(command->payload, field);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (lgp_view_equal(field, lgp_view_of(fields[i].field)) && fields[i].slug->len > 0)
			return lgp_slug_view(fields[i].slug);
	return (struct lgp_view){NULL, 0};
}

/* Which of the names is not known.  A value that is no name is not repeated. */
static struct lgp_view unknown(const struct line *line, char room[DETAIL_ROOM])
{
	struct lgp_view field = lgp_view_of(line->field);
	struct lgp_view value = named_in(&line->command, field);
	bool name = value.ptr != NULL && value.len <= LGP_SLUG_MAX &&
	            memchr(value.ptr, ' ', value.len) == NULL;
	if (!name || field.len == 0)
		return (struct lgp_view){NULL, 0};
	int len = snprintf(room, DETAIL_ROOM, "the %.*s that the request names, %.*s, is not known",
	                   (int)field.len, field.ptr, (int)value.len, value.ptr);
	return (struct lgp_view){room, len > 0 && len < DETAIL_ROOM ? (size_t)len : 0};
}

static struct lgp_view exceeded(struct worker *worker, const struct line *line)
{
	return limit_use_asks(worker, line)
	               ? LGP_VIEW("this limit can be asked for: send it again with if_over=ask "
	                          "(--if-over ask), under a new key")
	               : LGP_VIEW("this limit is not negotiable: give at most what remains");
}

struct lgp_view detail_of(struct worker *worker, const struct line *line, char room[DETAIL_ROOM])
{
	enum lgp_kind kind = line->command.kind;
	if (line->detail.len > 0)
		return line->detail;
	switch (line->problem) {
	case LGP_PROBLEM_NOT_FOUND:
		return unknown(line, room);
	case LGP_PROBLEM_LIMIT_EXCEEDED:
		return exceeded(worker, line);
	case LGP_PROBLEM_INVALID:
		if (kind == LGP_KIND_DELEGATION && strcmp(line->field, "until") == 0)
			return LGP_VIEW("until must be later than now");
		if (kind == LGP_KIND_TOKEN_END)
			return LGP_VIEW("the last token of its role that does not expire stays: "
			                "without it nobody could issue another");
		break;
	case LGP_PROBLEM_INSUFFICIENT_BUDGET:
		if (kind == LGP_KIND_ALLOTMENT)
			return LGP_VIEW("take back at most what the budget has available; "
			                "GET /v1/budgets/{id} (budgets show) says how much");
		break;
	case LGP_PROBLEM_AUTHORITY:
		if (line->binding != NULL)
			return LGP_VIEW("beyond a limit of your own: a manager with more has to "
			                "decide");
		break;
	default:
		break;
	}
	return (struct lgp_view){NULL, 0};
}
