/* finding: see finding.h.  Thread: one at a time. */
#include "tools/audit/finding.h"

#include <inttypes.h>
#include <stdarg.h>

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

static void __attribute__((format(printf, 4, 0)))
add(struct findings *findings, enum rule rule, const uint64_t *seq, const char *format,
    va_list arguments)
{
	char text[FINDING_TEXT_MAX];
	findings->total++;
	if (++findings->of_rule[rule] > FINDINGS_OF_RULE_MAX)
		return;
	if (vsnprintf(text, sizeof text, format, arguments) < 0)
		text[0] = '\0';
	put(findings, rule, seq, text);
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
