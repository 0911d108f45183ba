/* ledger_raises: limits that were raised and lowered again, and what only the raised
 * version let pass.
 * Thread: one at a time.
 *
 * The ledger is read once more, with counters of its own (bounds.h), as if no such
 * raise had been: a grant that a limit would have stopped then, and that its raised
 * version judged, is one that only the raise let pass.  So windows, reversals,
 * approvals and all other terms count as they do in verify. */
#include "tools/forensic/ledger_tests.h"

#include "tools/audit/text.h"
#include "tools/forensic/measures.h"

#define COLUMNS(table) table, sizeof(table) / sizeof(table)[0]
#define DAY_US (INT64_C(86400) * 1000000)
#define ISSUERS_MAX 32 /* tokens by whose tokens a token was issued */

__extension__ typedef __int128 wide;

struct raise {
	const struct limit_terms *version;
	int64_t before; /* the maximum */
	int64_t lowered_day;
	size_t grants;
	wide sum;
	uint32_t staff; /* who gave most of them */
	size_t most;
	struct evidence evidence;
};

struct raises {
	const struct ledger_run *run;
	struct ledger_index list;     /* (0, the version's entry) -> struct raise */
	struct ledger_index givers;   /* (staff, the version's entry) -> size_t */
	struct ledger_index reversed; /* (grant, 0) -> int64_t */
	struct programme programme;   /* as the second reading goes */
	struct bounds bounds;         /* without the raises */
};

/* ---- which raises ---------------------------------------------------------------------------- */

static bool counts_alike(const struct limit_version *a, const struct limit_version *b)
{
	return a->giver == b->giver && a->staff == b->staff && a->site == b->site &&
	       a->budget == b->budget && a->reason == b->reason && a->unit == b->unit &&
	       a->measure == b->measure && a->per == b->per && a->window == b->window;
}

/* What was in force when this version was set; NULL: nothing. */
static const struct limit_terms *base_of(const struct ledger_limits *limits,
                                         const struct limit_terms *version)
{
	for (size_t at = version->before; at != 0; at = limits->versions[at - 1].before) {
		const struct limit_terms *base = &limits->versions[at - 1];
		if (base->ends < version->terms.seq)
			return NULL;
		if (span_covers(&base->terms.span, version->date, version->time_us))
			return base;
	}
	return NULL;
}

/* The day on which it is below this version again; INT64_MAX: never. */
static int64_t lowered_on(const struct ledger_limits *limits, const struct limit_terms *version)
{
	const struct span *span = &version->terms.span;
	int64_t day = span->until_day == INT32_MAX ? INT64_MAX : span->until_day;
	if (span->until_us != INT64_MAX && span->until_us / DAY_US < day)
		day = span->until_us / DAY_US;
	for (const struct limit_terms *at = version + 1; at < limits->versions + limits->count;
	     at++)
		if (at->terms.limit == version->terms.limit &&
		    counts_alike(&at->terms, &version->terms) && at->terms.max < version->terms.max)
			return at->date < day ? at->date : day;
	return day;
}

static enum lgp_status add_raise(struct raises *raises, const struct limit_terms *version,
                                 int64_t before, int64_t lowered_day)
{
	struct raise *raise = ledger_index_put(&raises->list, 0, version->terms.seq);
	if (raise == NULL)
		return LGP_NO_MEMORY;
	*raise = (struct raise){.version = version, .before = before, .lowered_day = lowered_day};
	return LGP_OK;
}

/* Of limits in the unit, and of those in all units. */
static enum lgp_status find_raises(struct raises *raises)
{
	const struct ledger_limits *limits = &raises->run->facts->limits;
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < limits->count && status == LGP_OK; i++) {
		const struct limit_terms *version = &limits->versions[i];
		const struct limit_terms *base = base_of(limits, version);
		if ((version->terms.unit != 0 && version->terms.unit != raises->run->unit) ||
		    base == NULL || !counts_alike(&base->terms, &version->terms) ||
		    base->terms.max >= version->terms.max)
			continue;
		raises->run->result->tested++;
		int64_t day = lowered_on(limits, version);
		int64_t start = version->terms.span.from_day > version->date
		                        ? version->terms.span.from_day
		                        : version->date;
		if (day != INT64_MAX && day - start <= (int64_t)raises->run->thresholds->raise_days)
			status = add_raise(raises, version, base->terms.max, day);
	}
	return status;
}

/* ---- as if there had been none ----------------------------------------------------------------- */

static enum lgp_status define(struct raises *raises, const struct book *book,
                              const struct lgp_entry *entry)
{
	uint64_t before;
	uint64_t number = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
	const struct book_noun *noun = book_noun(book, number);
	if (noun == NULL)
		return LGP_OK;
	enum lgp_status status = programme_define(&raises->programme, entry, &noun->definition);
	if (status != LGP_OK || entry->kind != LGP_KIND_LIMIT ||
	    ledger_index_find(&raises->list, 0, entry->seq) != NULL)
		return status;
	return bounds_define(&raises->bounds, entry, &noun->definition, &before);
}

/* The raise that let the act pass which this limit would have stopped; NULL: it
 * was none of these. */
static struct raise *raise_of(const struct raises *raises, const struct ledger_act *act,
                              const struct limit_version *stopped)
{
	const struct limit_terms *judged =
	        ledger_limits_judging(&raises->run->facts->limits, stopped->limit, act);
	return judged != NULL ? ledger_index_find(&raises->list, 0, judged->terms.seq) : NULL;
}

static enum lgp_status note_grant(struct raises *raises, struct raise *raise,
                                  const struct ledger_act *act)
{
	size_t *given = ledger_index_put(&raises->givers, act->staff, raise->version->terms.seq);
	if (given == NULL)
		return LGP_NO_MEMORY;
	raise->grants++;
	raise->sum += act->amount;
	evidence_add(&raise->evidence, act->seq);
	if (++*given > raise->most) {
		raise->most = *given;
		raise->staff = act->staff;
	}
	return LGP_OK;
}

static enum lgp_status judge_grant(struct raises *raises, const struct lgp_entry *entry,
                                   const struct lgp_entry *ask)
{
	struct limit_verdict verdict;
	const struct ledger_act *act = ledger_act_find(raises->run->facts, (uint32_t)entry->seq);
	if (act == NULL || !ledger_run_wants(raises->run, act))
		return LGP_OK;
	bounds_judge(&raises->bounds, entry, ask, &verdict);
	/* An approval is what such a limit asks for. */
	if (!verdict.exceeded || (ask != NULL && verdict.binding->asks))
		return LGP_OK;
	struct raise *raise = raise_of(raises, act, verdict.binding);
	return raise != NULL ? note_grant(raises, raise, act) : LGP_OK;
}

/* What the entry refers to.  What cannot be read is not there: verify tells. */
static bool referred(const struct book *book, const struct lgp_entry *entry, enum lgp_kind kind,
                     struct lgp_entry *out)
{
	return entry->refers_to < entry->seq && book_entry(book, entry->refers_to, out) == LGP_OK &&
	       out->kind == kind;
}

static enum lgp_status count_authority(struct raises *raises, const struct book *book,
                                       const struct lgp_entry *entry)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_view payload;
	enum lgp_status status = book_payload(book, entry, text, &payload);
	if (status != LGP_OK || payload.ptr == NULL)
		return status;
	struct lgp_view id = text_line(payload, "authority");
	uint64_t authority = programme_find(&raises->programme, LGP_KIND_STAFF, id);
	return authority != 0 ? bounds_count_person(&raises->bounds, entry, authority) : LGP_OK;
}

static enum lgp_status give(struct raises *raises, const struct book *book,
                            const struct lgp_entry *entry)
{
	struct lgp_entry ask;
	bool approval = entry->refers_to != 0 && referred(book, entry, LGP_KIND_ASK, &ask);
	enum lgp_status status = judge_grant(raises, entry, approval ? &ask : NULL);
	if (status == LGP_OK && approval)
		status = bounds_take_out(&raises->bounds, &ask);
	if (status == LGP_OK && approval)
		status = count_authority(raises, book, entry);
	return status == LGP_OK ? bounds_count(&raises->bounds, entry) : status;
}

static enum lgp_status take_back(struct raises *raises, const struct book *book,
                                 const struct lgp_entry *entry)
{
	struct lgp_entry grant;
	if (!referred(book, entry, LGP_KIND_GRANT, &grant))
		return LGP_OK;
	wide *reversed = ledger_index_put(&raises->reversed, (uint32_t)grant.seq, 0);
	if (reversed == NULL)
		return LGP_NO_MEMORY;
	*reversed += entry->amount;
	return bounds_give_back(&raises->bounds, &grant, entry, *reversed == grant.amount);
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct raises *raises = context;
	struct lgp_entry ask;
	switch (entry->kind) {
	case LGP_KIND_LIMIT_END:
		bounds_end(&raises->bounds, entry->refers_to);
		return LGP_OK;
	case LGP_KIND_GRANT:
		return give(raises, book, entry);
	case LGP_KIND_ASK:
		return bounds_count(&raises->bounds, entry);
	case LGP_KIND_DECLINE:
	case LGP_KIND_LAPSE:
		return referred(book, entry, LGP_KIND_ASK, &ask)
		               ? bounds_take_out(&raises->bounds, &ask)
		               : LGP_OK;
	case LGP_KIND_REVERSAL:
		return take_back(raises, book, entry);
	default:
		return lgp_noun_of(entry->kind) != NULL ? define(raises, book, entry) : LGP_OK;
	}
}

static enum lgp_status replay(struct raises *raises)
{
	enum lgp_status status = programme_init(&raises->programme);
	if (status == LGP_OK)
		status = bounds_init(&raises->bounds, &raises->programme);
	if (status == LGP_OK)
		status = book_read(raises->run->facts->command->book, visit, raises);
	bounds_deinit(&raises->bounds);
	programme_deinit(&raises->programme);
	return status;
}

/* ---- who raised it --------------------------------------------------------------------------------- */

/* A member of staff by whose act, or by whose tokens' issue, the version was set;
 * 0: none, as far as the log tells. */
static uint64_t staff_behind(const struct ledger_run *run, uint64_t actor)
{
	struct lgp_entry entry;
	for (unsigned i = 0; i < ISSUERS_MAX && actor != 0; i++) {
		if (programme_staff(&run->facts->programme, actor) != NULL)
			return actor;
		if (book_entry(run->facts->command->book, actor, &entry) != LGP_OK ||
		    entry.kind != LGP_KIND_TOKEN || entry.actor >= actor)
			return 0;
		actor = entry.actor;
	}
	return 0;
}

static void max_cell(struct sheet *sheet, const struct ledger_run *run,
                     const struct limit_version *terms, int64_t max)
{
	char text[AMOUNT_MAX];
	sheet_word(sheet,
	           amount_text(max, terms->measure == MEASURE_AMOUNT ? run->scale : 0, text));
}

static const struct sheet_column columns[] = {
        {"limit", "Limit", SHEET_TEXT, 0},
        {"per", "Adds up", SHEET_TEXT, 0},
        {"before", "Maximum before", SHEET_TEXT, 0},
        {"raised", "Raised to", SHEET_TEXT, 0},
        {"version", "By entry", SHEET_ENTRY, 0},
        {"raised_on", "Raised on", SHEET_DATE, 0},
        {"lowered_on", "Lowered on", SHEET_DATE, 0},
        {"grants", "Grants it let pass", SHEET_COUNT, 0},
        {"score", "Their sum", SHEET_MONEY, 0},
        {"staff", "Most by", SHEET_TEXT, 0},
        {"most", "Of these", SHEET_COUNT, 0},
        {"raised_by", "Raised by", SHEET_TEXT, 0},
        {"staff_behind", "Staff behind that", SHEET_TEXT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static void write_raise(struct sheet *sheet, const struct ledger_run *run, const void *items,
                        size_t at)
{
	const struct raise *raise = ledger_index_at(items, at);
	const struct limit_terms *version = raise->version;
	char words[LIMIT_WORDS_MAX], name[BOOK_NAME_MAX];
	uint64_t behind = staff_behind(run, version->actor);
	ledger_cell(sheet, run, LGP_KIND_LIMIT, version->terms.limit);
	sheet_word(sheet, limit_words(&version->terms, words));
	max_cell(sheet, run, &version->terms, raise->before);
	max_cell(sheet, run, &version->terms, version->terms.max);
	sheet_entry(sheet, version->terms.seq);
	sheet_date(sheet, version->date);
	sheet_date(sheet, (int32_t)raise->lowered_day);
	sheet_count(sheet, (int64_t)raise->grants);
	sheet_sum(sheet, raise->sum, run->scale);
	ledger_cell(sheet, run, LGP_KIND_STAFF, raise->staff);
	sheet_count(sheet, (int64_t)raise->most);
	ledger_cell(sheet, run, LGP_KIND_TOKEN, version->actor);
	ledger_cell(sheet, run, LGP_KIND_STAFF, behind);
	sheet_evidence(sheet, &raise->evidence);
	sheet_words(sheet,
	            "%zu grants passed because the limit was raised for a while, %zu of them "
	            "by %s: was it raised for them?%s",
	            raise->grants, raise->most,
	            ledger_word(run, LGP_KIND_STAFF, raise->staff, name),
	            behind != 0 && behind == raise->staff ? "  By who profited." : "");
}

static enum lgp_status tell(const struct raises *raises)
{
	static const struct ledger_table table = {
	        "limit-changes", "Limits raised for a while", COLUMNS(columns),
	        "Score: the money of the grants that only the raised limit let pass.", write_raise};
	const struct ledger_run *run = raises->run;
	struct ranking ranking = {0};
	for (size_t i = 0; i < raises->list.count; i++) {
		const struct raise *raise = ledger_index_at(&raises->list, i);
		if (raise->grants > 0)
			ranking_add(&ranking, (double)raise->sum, i);
	}
	size_t found = ranking.count;
	struct sheet *sheet = ledger_table_write(run, &table, &ranking, &raises->list);
	if (sheet == NULL)
		return LGP_NO_MEMORY;
	sheet_note(
	        sheet,
	        "Limits that were lowered again, or ran out, within %u days of being raised.  Who "
	        "sets limits does not grant: the log tells whose token it was and by whom that "
	        "was issued, and not who held it.",
	        run->thresholds->raise_days);
	run->result->value /= (double)power_of_ten(run->scale);
	forensic_verdict(run->result, "%zu raises, %zu for a while, %zu of them used",
	                 run->result->tested, raises->list.count, found);
	return LGP_OK;
}

static enum lgp_status judge(struct raises *raises)
{
	struct forensic_result *result = raises->run->result;
	enum lgp_status status = find_raises(raises);
	if (status == LGP_OK && result->tested == 0)
		return forensic_inapplicable(result, "no limit was raised");
	if (status == LGP_OK && raises->list.count > 0)
		status = replay(raises);
	result->applies = true;
	return status == LGP_OK ? tell(raises) : status;
}

enum lgp_status test_limit_changes(const struct ledger_run *run)
{
	struct raises raises = {.run = run};
	enum lgp_status status = ledger_index_init(&raises.list, sizeof(struct raise));
	if (status == LGP_OK)
		status = ledger_index_init(&raises.givers, sizeof(size_t));
	if (status == LGP_OK)
		status = ledger_index_init(&raises.reversed, sizeof(wide));
	if (status == LGP_OK)
		status = judge(&raises);
	ledger_index_deinit(&raises.list);
	ledger_index_deinit(&raises.givers);
	ledger_index_deinit(&raises.reversed);
	return status;
}
