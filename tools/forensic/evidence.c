/* evidence: see evidence.h.  Thread: one at a time. */
#include "tools/forensic/evidence.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "tools/audit/text.h"
#include "tools/forensic/measures.h"

#define WORDS_MAX 1024 /* of one cell */

struct profile profile_of(const struct spendings *spendings)
{
	struct profile profile = {0};
	for (size_t i = 0; i < spendings->count; i++) {
		const struct spending *row = &spendings->rows[i];
		profile.spending += row->amount > 0;
		profile.refunds += row->amount < 0;
		profile.zeros += row->amount == 0;
		profile.staff |= row->staff != 0;
		profile.party |= row->party != 0;
		profile.date |= row->date != SPENDING_NO_DATE;
		profile.reason |= row->reason != 0;
		profile.incident |= row->incident != 0;
	}
	return profile;
}

void profile_note(const struct profile *profile, const struct spendings *spendings,
                  struct sheet *sheet)
{
	char taken[COUNT_MAX], all[COUNT_MAX], refunds[COUNT_MAX], zeros[COUNT_MAX];
	sheet_note(sheet,
	           "Amounts above 0 alone: %s of %s rows; %s refunds and %s amounts of 0 are "
	           "left out.",
	           count_text(profile->spending, taken), count_text(spendings->count, all),
	           count_text(profile->refunds, refunds), count_text(profile->zeros, zeros));
}

bool is_spending(const struct spending *row)
{
	return row->amount > 0;
}

int64_t whole_unit(const struct spendings *spendings)
{
	return power_of_ten(spendings->scale);
}

void evidence_add(struct evidence *evidence, uint64_t ref)
{
	if (evidence->count < EVIDENCE_SHOWN)
		evidence->refs[evidence->count] = ref;
	evidence->count++;
}

struct evidence evidence_of(const struct clusters *clusters, size_t from, size_t end)
{
	struct evidence evidence = {.count = end - from};
	for (size_t i = 0; i < EVIDENCE_SHOWN && from + i < end; i++)
		evidence.refs[i] = clusters_row(clusters, from + i)->ref;
	return evidence;
}

void sheet_evidence(struct sheet *sheet, const struct evidence *evidence)
{
	char text[EVIDENCE_SHOWN * 24 + COUNT_MAX + 16], more[COUNT_MAX];
	size_t len = 0, shown = evidence->count;
	if (shown > EVIDENCE_SHOWN)
		shown = EVIDENCE_SHOWN;
	text[0] = '\0';
	for (size_t i = 0; i < shown; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%" PRIu64,
		                        i > 0 ? ", " : "", evidence->refs[i]);
	if (evidence->count > shown)
		snprintf(text + len, sizeof text - len, " and %s more",
		         count_text(evidence->count - shown, more));
	sheet_word(sheet, text);
}

void sheet_words(struct sheet *sheet, const char *format, ...)
{
	char text[WORDS_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	sheet_word(sheet, text);
}

void sheet_name(struct sheet *sheet, const struct spendings *spendings, uint32_t name)
{
	if (name == 0)
		sheet_blank(sheet);
	else
		sheet_word(sheet, spendings_text(spendings, name));
}

__extension__ void sheet_sum(struct sheet *sheet, __int128 minor, unsigned scale)
{
	if (minor < INT64_MIN || minor > INT64_MAX)
		sheet_blank(sheet);
	else
		sheet_money(sheet, (int64_t)minor, scale);
}

void sheet_rounded(struct sheet *sheet, double minor, unsigned scale)
{
	/* 2^62: what llround may be asked for. */
	if (fabs(minor) < 0x1p62)
		sheet_money(sheet, llround(minor), scale);
	else
		sheet_blank(sheet);
}

void sheet_mark(struct sheet *sheet, bool yes)
{
	if (yes)
		sheet_word(sheet, "yes");
	else
		sheet_blank(sheet);
}

void sheet_cut_note(struct sheet *sheet, size_t listed, size_t count)
{
	char all[COUNT_MAX];
	if (count > listed)
		sheet_note(sheet, "The first %zu of %s are listed; --top lists more.", listed,
		           count_text(count, all));
}
