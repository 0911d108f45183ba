/* finding: see finding.h.  Thread: one at a time. */
#include "tools/audit/finding.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const slugs[RULE_COUNT] = {
#define X(symbol, slug, text) [symbol] = slug,
        RULE_LIST(X)
#undef X
};

static const char *const texts[RULE_COUNT] = {
#define X(symbol, slug, text) [symbol] = text,
        RULE_LIST(X)
#undef X
};

const char *rule_slug(enum rule rule)
{
	require(rule < RULE_COUNT);
	return slugs[rule];
}

const char *rule_text(enum rule rule)
{
	require(rule < RULE_COUNT);
	return texts[rule];
}

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

void json_put_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(printable(*text) ? *text : '?', out);
	}
	putc('"', out);
}

/* What a damaged ledger says must not steer a terminal. */
static void put_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		putc(printable(*text) ? *text : '?', out);
}

static void put(struct findings *findings, enum rule rule, const uint64_t *seq, const char *text)
{
	FILE *out = findings->out;
	if (findings->json) {
		fprintf(out, "%s\n  {\"rule\": \"%s\", ", findings->total > 1 ? "," : "",
		        rule_slug(rule));
		if (seq != NULL)
			fprintf(out, "\"entry\": %" PRIu64 ", ", *seq);
		fputs("\"detail\": ", out);
		json_put_string(out, text);
		putc('}', out);
		return;
	}
	fprintf(out, "finding: %s ", rule_slug(rule));
	if (seq != NULL)
		fprintf(out, "entry %" PRIu64 ": ", *seq);
	else
		fputs("ledger: ", out);
	put_plain(out, text);
	putc('\n', out);
}

/* ---- what is held back --------------------------------------------------------------------- */

struct kept {
	enum rule rule;
	bool of_entry;
	uint64_t seq;
	char text[FINDING_TEXT_MAX];
};

void held_clear(struct held *held)
{
	held->len = 0;
	held->lost = false;
	memset(held->more, 0, sizeof held->more);
}

void held_deinit(struct held *held)
{
	free(held->bytes);
	held->bytes = NULL;
}

/* As long as its text; read back as bytes, for it stands anywhere. */
static size_t kept_len(const char *text)
{
	return offsetof(struct kept, text) + strlen(text) + 1;
}

static void hold(struct held *held, enum rule rule, const uint64_t *seq, const char *text)
{
	struct kept kept = {.rule = rule, .of_entry = seq != NULL, .seq = seq != NULL ? *seq : 0};
	size_t len = kept_len(text);
	if (held->room - held->len < len) {
		size_t room = held->room * 2 + sizeof kept;
		uint8_t *more = realloc(held->bytes, room);
		held->lost = held->lost || more == NULL;
		if (more == NULL)
			return;
		held->bytes = more;
		held->room = room;
	}
	memcpy(held->bytes + held->len, &kept, offsetof(struct kept, text));
	memcpy(held->bytes + held->len + offsetof(struct kept, text), text,
	       len - offsetof(struct kept, text));
	held->len += len;
}

static void tell(struct findings *findings, enum rule rule, const uint64_t *seq, const char *text)
{
	findings->total++;
	if (++findings->of_rule[rule] <= FINDINGS_OF_RULE_MAX)
		put(findings, rule, seq, text);
}

bool findings_release(struct findings *findings, const struct held *held)
{
	struct kept kept;
	for (size_t at = 0; at < held->len;) {
		const char *text = (const char *)held->bytes + at + offsetof(struct kept, text);
		memcpy(&kept, held->bytes + at, offsetof(struct kept, text));
		tell(findings, kept.rule, kept.of_entry ? &kept.seq : NULL, text);
		at += kept_len(text);
	}
	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		findings->total += held->more[rule];
		findings->of_rule[rule] += held->more[rule];
	}
	return !held->lost;
}

/* ---- what is found ---------------------------------------------------------------------------- */

static void __attribute__((format(printf, 4, 0)))
add(struct findings *findings, enum rule rule, const uint64_t *seq, const char *format,
    va_list arguments)
{
	char text[FINDING_TEXT_MAX];
	struct held *held = findings->held;
	if (findings->silent != NULL && *findings->silent)
		return;
	if (findings->of_rule[rule] >= FINDINGS_OF_RULE_MAX) {
		findings->total++;
		findings->of_rule[rule]++;
		if (held != NULL)
			held->more[rule]++;
		return;
	}
	if (vsnprintf(text, sizeof text, format, arguments) < 0)
		text[0] = '\0';
	if (held == NULL) {
		tell(findings, rule, seq, text);
		return;
	}
	findings->total++;
	findings->of_rule[rule]++;
	hold(held, rule, seq, text);
}

void finding_entry(struct findings *findings, enum rule rule, uint64_t seq, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add(findings, rule, &seq, format, arguments);
	va_end(arguments);
}

void finding_ledger(struct findings *findings, enum rule rule, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add(findings, rule, NULL, format, arguments);
	va_end(arguments);
}

void finding_told(struct findings *findings, enum rule rule, uint64_t seq, const char *text)
{
	if (seq == UINT64_MAX)
		finding_ledger(findings, rule, "%s", text);
	else
		finding_entry(findings, rule, seq, "%s", text);
}
