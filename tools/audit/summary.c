/* summary: what a run of verify saw, and what it took on trust.
 * Thread: one. */
#include "tools/audit/verify.h"

#include <inttypes.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/noun.h"
#include "tools/audit/text.h"

#define TRUST_LINES_MAX 4
#define TRUST_LINE_MAX 512
#define STATE_TEXT_MAX 128

/* ---- what was taken on trust ------------------------------------------------------ */

static size_t trust_lines(const struct verify *verify, char out[TRUST_LINES_MAX][TRUST_LINE_MAX])
{
	const struct trust *trust = &verify->trust;
	char vkey[LGP_VKEY_MAX];
	size_t count = 0;
	if (trust->key_count == 0) {
		snprintf(out[count++], TRUST_LINE_MAX,
		         "every signature: no key was given and the ledger's own cannot be read");
	} else if (!trust->key_given) {
		(void)lgp_vkey_format(&trust->keys[0], vkey);
		snprintf(out[count++], TRUST_LINE_MAX,
		         "the signing key: it is the ledger's own word that it is %s; whoever "
		         "forged the ledger could have put another there; get the key another way "
		         "and give it with --key",
		         vkey);
	}
	if (trust->since.name == NULL)
		snprintf(out[count++], TRUST_LINE_MAX,
		         "the past: whoever holds the signing key could have rewritten it and "
		         "signed it again; keep a checkpoint elsewhere with --save and give it "
		         "with --since");
	return count;
}

/* ---- units -------------------------------------------------------------------------- */

struct unit_name {
	char code[LGP_SLUG_MAX + 1]; /* "" unknown */
	unsigned scale;
};

/* From the unit's own entry and definition; what is damaged stays a number. */
static void name_unit(const struct verify *verify, uint64_t unit, struct unit_name *out)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	char text[LGP_DEFINITION_MAX];
	struct lgp_entry entry;
	struct lgp_definition definition;
	size_t len;
	uint64_t scale;
	*out = (struct unit_name){0};
	if (source_entry(verify->source, unit, bytes) != LGP_OK ||
	    lgp_entry_decode(bytes, &entry) != LGP_OK || entry.kind != LGP_KIND_UNIT ||
	    source_payload(verify->source, &entry.hash, text, sizeof text, &len) != LGP_OK ||
	    lgp_definition_parse(lgp_noun_of(LGP_KIND_UNIT), (struct lgp_view){text, len}, true,
	                         &definition) != LGP_OK)
		return;
	struct lgp_view code = lgp_definition_get(&definition, "code");
	if (lgp_decimal_parse(lgp_definition_get(&definition, "scale"), &scale) != LGP_OK)
		return;
	memcpy(out->code, code.ptr, code.len);
	out->scale = (unsigned)scale;
}

static void print_unit(const struct verify *verify, const struct unit_sums *sums)
{
	FILE *out = verify->options->out;
	struct unit_name name;
	char text[AMOUNT_MAX];
	name_unit(verify, sums->unit, &name);
	fprintf(out, "unit %s (entry %" PRIu64 "), %" PRIu64 " accounts:", name.code, sums->unit,
	        sums->accounts);
	for (enum lgp_class class = LGP_CLASS_NONE + 1; class < LGP_CLASS_COUNT; class ++)
		if (sums->of_class[class] != 0)
			fprintf(out, " %s %s,", lgp_class_name(class),
			        amount_text(sums->of_class[class], name.scale, text));
	fprintf(out, " sum %s\n", amount_text(sums->all, name.scale, text));
}

static void print_unit_json(const struct verify *verify, const struct unit_sums *sums)
{
	FILE *out = verify->options->out;
	struct unit_name name;
	char text[AMOUNT_MAX];
	name_unit(verify, sums->unit, &name);
	fprintf(out, "{\"unit\": %" PRIu64 ", \"code\": ", sums->unit);
	json_put_string(out, name.code);
	fprintf(out, ", \"scale\": %u, \"accounts\": %" PRIu64 ", \"sums\": {", name.scale,
	        sums->accounts);
	const char *comma = "";
	for (enum lgp_class class = LGP_CLASS_NONE + 1; class < LGP_CLASS_COUNT; class ++) {
		fprintf(out, "%s\"%s\": %s", comma, lgp_class_name(class),
		        amount_text(sums->of_class[class], 0, text));
		comma = ", ";
	}
	fprintf(out, "}, \"sum\": %s}", amount_text(sums->all, 0, text));
}

/* ---- for people --------------------------------------------------------------------- */

static void print_anchor(FILE *out, const struct anchor *anchor)
{
	if (anchor->name != NULL)
		fprintf(out, "%s: size %" PRIu64 ", %s\n", anchor->name, anchor->checkpoint.size,
		        anchor->contained ? "contained" : "NOT contained");
}

static void root_text(const struct verify *verify, char out[LGP_BASE64_LEN(LGP_HASH_LEN) + 1])
{
	struct lgp_hash root;
	merkle_root(&verify->integrity.entries, &root);
	out[lgp_base64_encode(out, root.bytes, LGP_HASH_LEN)] = '\0';
}

/* Whether state.mdb was compared, and why not. */
static const char *state_text(const struct verify *verify, char out[STATE_TEXT_MAX])
{
	const struct judge *judge = &verify->judge;
	switch (verify->state_is) {
	case SNAPSHOT_NONE:
		return "not there: it is made anew from the log when a server starts";
	case SNAPSHOT_EMPTY:
		return "not compared: nothing of this format is in it; it is made anew";
	case SNAPSHOT_BETWEEN:
		return "not compared: it is on its way from one size to another; a server ends "
		       "that, at its start if it was stopped there";
	case SNAPSHOT_DAMAGED:
		return "not compared: it cannot be read; it is made anew when it is removed";
	default:
		break;
	}
	if (!judge->state_compared)
		snprintf(out, STATE_TEXT_MAX,
		         "not compared: no replay reaches its position, size %" PRIu64,
		         judge->state_position);
	else
		snprintf(out, STATE_TEXT_MAX, "compared at size %" PRIu64 ", %" PRIu64 " records%s",
		         judge->state_position, judge->state_records,
		         judge->state_whole ? "" : ", limits and definitions aside");
	return out;
}

static void print_state(const struct verify *verify)
{
	char text[STATE_TEXT_MAX];
	if (source_directory(verify->source)[0] != '\0')
		fprintf(verify->options->out, "state.mdb: %s\n", state_text(verify, text));
}

static void print_log(const struct verify *verify)
{
	FILE *out = verify->options->out;
	char from[MOMENT_MAX], to[MOMENT_MAX], root[LGP_BASE64_LEN(LGP_HASH_LEN) + 1];
	root_text(verify, root);
	fprintf(out, "origin: %s\n", verify->trust.origin);
	fprintf(out, "entries: %" PRIu64, verify->judge.judged);
	if (verify->judge.judged > 0)
		fprintf(out, ", from %s to %s", moment_text(verify->judge.first_time_us, from),
		        moment_text(verify->judge.last_time_us, to));
	fprintf(out, "\ncheckpoints: %" PRIu64 ", the last at size %" PRIu64 "\n",
	        verify->integrity.checked, verify->integrity.last.size);
	fprintf(out, "payloads: %" PRIu64 "\n", verify->payloads);
	fprintf(out, "size: %" PRIu64 "\nroot: %s\n", verify->extent.size,
	        verify->integrity.lost ? "unknown" : root);
	for (size_t i = 0; i < verify->sum_count; i++)
		print_unit(verify, &verify->sums[i]);
	print_anchor(out, &verify->trust.since);
	print_anchor(out, &verify->trust.high_water);
	print_state(verify);
}

static void print_lost(const struct verify *verify)
{
	const struct decisions *decisions = &verify->judge.decisions;
	if (decisions->lost)
		fprintf(verify->options->out,
		        "not judged from entry %" PRIu64
		        " on: what goes by limits, definitions and funds: %s\n",
		        decisions->lost_at, decisions->lost_why);
}

static void print_unshown(const struct verify *verify)
{
	FILE *out = verify->options->out;
	const char *const *texts = source_unshown(verify->source);
	for (; *texts != NULL; texts++)
		fprintf(out, "not shown by a server, so not audited: %s\n", *texts);
}

static void print_untold(const struct verify *verify)
{
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (verify->findings.of_rule[rule] > FINDINGS_OF_RULE_MAX)
			fprintf(verify->options->out, "not shown: %" PRIu64 " more of %s\n",
			        verify->findings.of_rule[rule] - FINDINGS_OF_RULE_MAX,
			        rule_slug(rule));
}

static void print_plain(const struct verify *verify)
{
	FILE *out = verify->options->out;
	char lines[TRUST_LINES_MAX][TRUST_LINE_MAX];
	print_untold(verify);
	fprintf(out, "ledger: %s\n", verify->options->ledger);
	if (verify->opened) {
		print_log(verify);
		print_lost(verify);
		print_unshown(verify);
		size_t count = trust_lines(verify, lines);
		for (size_t i = 0; i < count; i++)
			fprintf(out, "taken on trust: %s\n", lines[i]);
	}
	if (verify->saved)
		fprintf(out, "saved: %s\n", verify->options->save);
	else if (verify->options->save != NULL)
		fprintf(out, "not saved: %s is written after a pass without findings alone\n",
		        verify->options->save);
	if (verify->findings.total == 0)
		fputs("result: clean\n", out);
	else
		fprintf(out, "result: %" PRIu64 " findings\n", verify->findings.total);
}

/* ---- for programs --------------------------------------------------------------------- */

static void json_anchor(FILE *out, const char *name, const struct anchor *anchor)
{
	if (anchor->name != NULL)
		fprintf(out, ",\n \"%s\": {\"size\": %" PRIu64 ", \"contained\": %s}", name,
		        anchor->checkpoint.size, anchor->contained ? "true" : "false");
}

static void json_log(const struct verify *verify)
{
	FILE *out = verify->options->out;
	char root[LGP_BASE64_LEN(LGP_HASH_LEN) + 1], lines[TRUST_LINES_MAX][TRUST_LINE_MAX];
	root_text(verify, root);
	fputs(",\n \"origin\": ", out);
	json_put_string(out, verify->trust.origin);
	fprintf(out,
	        ",\n \"size\": %" PRIu64 ", \"entries\": %" PRIu64 ", \"checkpoints\": %" PRIu64
	        ", \"payloads\": %" PRIu64,
	        verify->extent.size, verify->judge.judged, verify->integrity.checked,
	        verify->payloads);
	if (!verify->integrity.lost)
		fprintf(out, ",\n \"root\": \"%s\"", root);
	if (verify->judge.decisions.lost)
		fprintf(out, ",\n \"limits_judged_to\": %" PRIu64, verify->judge.decisions.lost_at);
	fputs(",\n \"units\": [", out);
	for (size_t i = 0; i < verify->sum_count; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_unit_json(verify, &verify->sums[i]);
	}
	fputs("],\n \"taken_on_trust\": [", out);
	size_t count = trust_lines(verify, lines);
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", out);
		json_put_string(out, lines[i]);
	}
	putc(']', out);
	fputs(",\n \"not_audited\": [", out);
	for (const char *const *texts = source_unshown(verify->source), *const *i = texts;
	     *i != NULL; i++) {
		fputs(i > texts ? ", " : "", out);
		json_put_string(out, *i);
	}
	putc(']', out);
	json_anchor(out, "since", &verify->trust.since);
	json_anchor(out, "high_water", &verify->trust.high_water);
	uint64_t items, bytes;
	judge_memory(&verify->judge, &items, &bytes);
	fprintf(out, ",\n \"memory\": {\"items\": %" PRIu64 ", \"bytes\": %" PRIu64 "}", items,
	        bytes);
	if (verify->judge.state_compared)
		fprintf(out, ",\n \"state\": {\"size\": %" PRIu64 ", \"records\": %" PRIu64 "}",
		        verify->judge.state_position, verify->judge.state_records);
}

static void print_json(const struct verify *verify)
{
	FILE *out = verify->options->out;
	fputs(verify->findings.total > 0 ? "\n ]" : "]", out);
	fputs(",\n \"counts\": {", out);
	const char *comma = "";
	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		if (verify->findings.of_rule[rule] == 0)
			continue;
		fprintf(out, "%s\"%s\": %" PRIu64, comma, rule_slug(rule),
		        verify->findings.of_rule[rule]);
		comma = ", ";
	}
	fputs("},\n \"ledger\": ", out);
	json_put_string(out, verify->options->ledger);
	if (verify->opened)
		json_log(verify);
	fprintf(out, ",\n \"saved\": %s, \"clean\": %s}\n", verify->saved ? "true" : "false",
	        verify->findings.total == 0 ? "true" : "false");
}

void summary_print(struct verify *verify)
{
	if (verify->options->json)
		print_json(verify);
	else
		print_plain(verify);
}
