/* replay: see replay.h.  Thread: one at a time. */
#include "tools/report/replay.h"

#include "tools/audit/text.h"

enum lgp_status replay_init(struct replay *replay)
{
	*replay = (struct replay){.last_us = INT64_MIN};
	enum lgp_status status = programme_init(&replay->programme);
	if (status == LGP_OK)
		status = bounds_init(&replay->bounds, &replay->programme);
	return status == LGP_OK ? slots_init(&replay->reversed) : status;
}

void replay_deinit(struct replay *replay)
{
	slots_deinit(&replay->reversed);
	bounds_deinit(&replay->bounds);
	programme_deinit(&replay->programme);
}

static enum lgp_status define(struct replay *replay, const struct book *book,
                              const struct lgp_entry *entry)
{
	uint64_t number = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
	const struct book_noun *noun = book_noun(book, number);
	uint64_t before;
	require(noun != NULL); /* the book read it before this entry was shown */
	enum lgp_status status = programme_define(&replay->programme, entry, &noun->definition);
	if (status == LGP_OK && entry->kind == LGP_KIND_LIMIT)
		status = bounds_define(&replay->bounds, entry, &noun->definition, &before);
	return status;
}

enum lgp_status replay_authority(const struct replay *replay, const struct book *book,
                                 const struct lgp_entry *entry, uint64_t *authority)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_view payload;
	*authority = 0;
	if (entry->kind != LGP_KIND_GRANT || entry->refers_to == 0)
		return LGP_OK;
	enum lgp_status status = book_payload(book, entry, text, &payload);
	if (status == LGP_OK)
		*authority = programme_find(&replay->programme, LGP_KIND_STAFF,
		                            text_line(payload, "authority"));
	return status;
}

/* An approval, a decline or a lapse: the ask counts no more. */
static enum lgp_status decide(struct replay *replay, const struct book *book,
                              const struct lgp_entry *entry)
{
	struct lgp_entry ask;
	uint64_t authority = 0;
	enum lgp_status status = book_entry(book, entry->refers_to, &ask);
	if (status == LGP_OK && ask.kind == LGP_KIND_ASK)
		status = bounds_take_out(&replay->bounds, &ask);
	if (status == LGP_OK)
		status = replay_authority(replay, book, entry, &authority);
	return status == LGP_OK && authority != 0
	               ? bounds_count_person(&replay->bounds, entry, authority)
	               : status;
}

static enum lgp_status reverse(struct replay *replay, const struct book *book,
                               const struct lgp_entry *entry)
{
	struct lgp_entry grant;
	enum lgp_status status = book_entry(book, entry->refers_to, &grant);
	if (status != LGP_OK)
		return status;
	struct slot *reversed = slots_put(&replay->reversed, grant.seq + 1, 0);
	if (reversed == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for what was reversed");
	if (__builtin_add_overflow(reversed->amount, entry->amount, &reversed->amount))
		return lgp_fault(LGP_CORRUPT, "entry %llu: it reverses more than there was",
		                 (unsigned long long)entry->seq);
	return bounds_give_back(&replay->bounds, &grant, entry, reversed->amount == grant.amount);
}

static enum lgp_status count(struct replay *replay, const struct book *book,
                             const struct lgp_entry *entry)
{
	enum lgp_status status = LGP_OK;
	switch (entry->kind) {
	case LGP_KIND_GRANT:
		if (entry->refers_to != 0)
			status = decide(replay, book, entry);
		return status == LGP_OK ? bounds_count(&replay->bounds, entry) : status;
	case LGP_KIND_ASK:
		return bounds_count(&replay->bounds, entry);
	case LGP_KIND_DECLINE:
	case LGP_KIND_LAPSE:
		return decide(replay, book, entry);
	case LGP_KIND_REVERSAL:
		return reverse(replay, book, entry);
	case LGP_KIND_LIMIT_END:
		bounds_end(&replay->bounds, entry->refers_to);
		return LGP_OK;
	case LGP_KIND_TOKEN_END:
	case LGP_KIND_DELEGATION_END:
		programme_end(&replay->programme, entry);
		return LGP_OK;
	default:
		return lgp_noun_of(entry->kind) != NULL ? define(replay, book, entry) : LGP_OK;
	}
}

enum lgp_status replay_entry(struct replay *replay, const struct book *book,
                             const struct lgp_entry *entry)
{
	enum lgp_status status = count(replay, book, entry);
	/* Imports tell of the past; all else is of the day on which it is written. */
	if (entry->kind != LGP_KIND_IMPORT) {
		replay->last_us = entry->time_us;
		replay->last_day = entry->business_date;
		counters_reach(&replay->bounds.counters, entry->business_date);
	}
	return status;
}
