/* mutate: each damage and each forgery, and what the audit tool says of it.
 * Thread: one.
 * Runs BUILD/lagniappe-audit (LAGNIAPPE_BUILD, else build) as people do, so that
 * a crash is seen as one. */
#include "mutations.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RULES_MAX 64
#define NOISE_ROUNDS 150

struct answer {
	int code; /* of the exit; -1: it was ended by a signal */
	char slug[RULES_MAX][32];
	size_t slug_count;
	char text[1 << 16]; /* the first of what it printed */
};

/* ---- running the tool ----------------------------------------------------------- */

static const char *build_directory(void)
{
	const char *build = getenv("LAGNIAPPE_BUILD");
	return build != NULL ? build : "build";
}

static void note_slug(struct answer *answer, const char *line)
{
	char slug[32];
	if (sscanf(line, "finding: %31s", slug) != 1)
		return;
	for (size_t i = 0; i < answer->slug_count; i++)
		if (strcmp(answer->slug[i], slug) == 0)
			return;
	assert_true(answer->slug_count < RULES_MAX);
	memcpy(answer->slug[answer->slug_count++], slug, sizeof slug);
}

static void audit(const char *command, struct answer *answer)
{
	char line[1024];
	size_t used = 0;
	memset(answer, 0, sizeof *answer);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof line, pipe) != NULL) {
		note_slug(answer, line);
		size_t len = strlen(line);
		if (used + len < sizeof answer->text) {
			memcpy(answer->text + used, line, len);
			used += len;
		}
	}
	int status = pclose(pipe);
	/* The shell tells of a signal by 128 and its number. */
	answer->code = WIFEXITED(status) && WEXITSTATUS(status) < 128 ? WEXITSTATUS(status) : -1;
}

static void make_command(const struct mutation *mutation, const char *dir, int threads, char *out,
                         size_t room)
{
	char vkey[LGP_VKEY_MAX], options[512] = "";
	build_vkey(0, BUILD_ORIGIN, vkey);
	const char *given = mutation->options, *mark = given != NULL ? strstr(given, "%D") : NULL;
	if (given == NULL)
		snprintf(options, sizeof options, "--key '%s'", vkey);
	else if (mark == NULL)
		snprintf(options, sizeof options, "%s", given);
	else
		snprintf(options, sizeof options, "%.*s%s%s", (int)(mark - given), given, dir,
		         mark + 2);
	snprintf(out, room, "%s/lagniappe-audit verify '%s' %s --threads %d 2>&1",
	         build_directory(), dir, options, threads);
}

/* ---- one mutation ------------------------------------------------------------------ */

static void make_directory(char dir[64])
{
	const char *where = getenv("TMPDIR");
	snprintf(dir, 64, "%.40s/mutate-XXXXXX", where != NULL ? where : "/tmp");
	assert_non_null(mkdtemp(dir));
}

static void remove_directory(const char *dir)
{
	char command[128];
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

static bool holds_word(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = words; (at = strstr(at, word)) != NULL; at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static size_t count_words(const char *words)
{
	size_t count = *words != '\0';
	for (; *words != '\0'; words++)
		count += *words == ' ';
	return count;
}

static void compare(const struct mutation *mutation, const struct answer *answer)
{
	bool same = answer->slug_count == count_words(mutation->expect);
	for (size_t i = 0; i < answer->slug_count; i++)
		same = same && holds_word(mutation->expect, answer->slug[i]);
	if (!same || answer->code != (answer->slug_count > 0))
		fail_msg("expected \"%s\"; exit %d and:\n%s", mutation->expect, answer->code,
		         answer->text);
}

static void run_mutation(void **state)
{
	const struct mutation *mutation = *state;
	static struct answer answer, other;
	char dir[64], command[1024];
	struct build *build = build_good(MUTATION_COUNT);
	make_directory(dir);
	if (mutation->forge != NULL)
		mutation->forge(build);
	build_write(build, dir);
	build_free(build);
	if (mutation->damage != NULL)
		mutation->damage(dir);
	make_command(mutation, dir, 1, command, sizeof command);
	audit(command, &answer);
	make_command(mutation, dir, 2, command, sizeof command);
	audit(command, &other);
	remove_directory(dir);
	compare(mutation, &answer);
	if (other.code != answer.code || strcmp(other.text, answer.text) != 0)
		fail_msg("two threads tell otherwise: exit %d and:\n%s\none thread:\n%s",
		         other.code, other.text, answer.text);
}

/* ---- all of them --------------------------------------------------------------------- */

static const struct {
	const struct mutation *list;
	const size_t *count;
} families[] = {
        {damages, &damage_count},
        {forgeries, &forgery_count},
        {decisions, &decision_count},
        {standings, &standing_count},
};

#define FAMILIES (sizeof families / sizeof families[0])

static bool expected_somewhere(const char *slug)
{
	for (size_t f = 0; f < FAMILIES; f++)
		for (size_t i = 0; i < *families[f].count; i++)
			if (holds_word(families[f].list[i].expect, slug))
				return true;
	return false;
}

static void every_rule_has_a_mutation(void **state)
{
	(void)state;
	char command[512], line[256], slug[32];
	snprintf(command, sizeof command, "%s/lagniappe-audit rules", build_directory());
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t rules = 0;
	while (fgets(line, sizeof line, pipe) != NULL) {
		assert_int_equal(sscanf(line, "%31s", slug), 1);
		/* A file gives no answers: what a server answers is tried by those tests. */
		if (!expected_somewhere(slug) && strcmp(slug, "server-answer") != 0)
			fail_msg("no mutation breaks the rule %s", slug);
		rules++;
	}
	assert_int_equal(pclose(pipe), 0);
	assert_true(rules > 30);
}

static void damage_at_random(const char *dir, uint32_t *random)
{
	char path[128];
	struct stat info;
	snprintf(path, sizeof path, "%s/ledger.mdb", dir);
	assert_int_equal(stat(path, &info), 0);
	assert_true(info.st_size > 0);
	int file = open(path, O_WRONLY);
	assert_true(file >= 0);
	for (unsigned i = 0; i < 8; i++) {
		*random = *random * 1664525 + 1013904223;
		uint8_t byte = (uint8_t)(*random >> 16);
		assert_int_equal(pwrite(file, &byte, 1, (*random >> 4) % info.st_size), 1);
	}
	assert_int_equal(close(file), 0);
}

/* Noise in any page, those of the store's own structure too. */
static void noise_in_the_file_never_crashes_the_audit(void **state)
{
	(void)state;
	static struct answer answer;
	char dir[64], command[512];
	uint32_t random = 7;
	struct build *build = build_good(600);
	for (unsigned round = 0; round < NOISE_ROUNDS; round++) {
		make_directory(dir);
		build_write(build, dir);
		damage_at_random(dir, &random);
		snprintf(command, sizeof command,
		         "timeout 60 %s/lagniappe-audit verify '%s' --threads %u 2>&1",
		         build_directory(), dir, 1 + round % 2);
		audit(command, &answer);
		if (answer.code < 0 || answer.code > 2)
			fail_msg("round %u ended with %d:\n%s", round, answer.code, answer.text);
		remove_directory(dir);
	}
	build_free(build);
}

static void a_checkpoint_is_saved_after_a_full_pass_alone(void **state)
{
	(void)state;
	static struct answer answer;
	char dir[64], command[512];
	struct build *build = build_good(600);
	make_directory(dir);
	build_write(build, dir);
	snprintf(command, sizeof command,
	         "%s/lagniappe-audit verify '%s' --save '%s/saved' && "
	         "%s/lagniappe-audit verify '%s' --since '%s/saved' --save '%s/saved'",
	         build_directory(), dir, dir, build_directory(), dir, dir, dir);
	audit(command, &answer);
	assert_int_equal(answer.code, 0);
	assert_non_null(strstr(answer.text, "saved checkpoint: size 600, contained"));
	raw_flip(dir, LGP_LOG_ENTRIES, LGP_KV_INTEGER(300), LGP_ENTRY_LEN, 176);
	snprintf(command, sizeof command,
	         "rm '%s/saved'; %s/lagniappe-audit verify '%s' --save '%s/saved'; code=$?; "
	         "test ! -e '%s/saved' && exit $code",
	         dir, build_directory(), dir, dir, dir);
	audit(command, &answer);
	assert_int_equal(answer.code, 1);
	build_free(build);
	remove_directory(dir);
}

static void what_cannot_run_exits_2(void **state)
{
	(void)state;
	static struct answer answer;
	static const char *const lines[] = {
	        "verify",   "verify /nowhere/at-all",     "verify . --key nonsense",
	        "nonsense", "verify http://127.0.0.1:1/", "verify . --nonsense",
	};
	char command[512];
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(command, sizeof command, "%s/lagniappe-audit %s 2>&1", build_directory(),
		         lines[i]);
		audit(command, &answer);
		if (answer.code != 2)
			fail_msg("%s: exit %d: %s", lines[i], answer.code, answer.text);
	}
}

static const struct CMUnitTest others[] = {
        cmocka_unit_test(every_rule_has_a_mutation),
        cmocka_unit_test(a_checkpoint_is_saved_after_a_full_pass_alone),
        cmocka_unit_test(what_cannot_run_exits_2),
        cmocka_unit_test(noise_in_the_file_never_crashes_the_audit),
};

#define OTHER_COUNT (sizeof others / sizeof others[0])

int main(void)
{
	size_t count = OTHER_COUNT, next = 0;
	for (size_t f = 0; f < FAMILIES; f++)
		count += *families[f].count;
	struct CMUnitTest *tests = calloc(count, sizeof *tests);
	require(tests != NULL);
	for (size_t f = 0; f < FAMILIES; f++)
		for (size_t i = 0; i < *families[f].count; i++)
			tests[next++] =
			        (struct CMUnitTest){families[f].list[i].name, run_mutation, NULL,
			                            NULL, (void *)(uintptr_t)&families[f].list[i]};
	for (size_t i = 0; i < OTHER_COUNT; i++)
		tests[next++] = others[i];
	int failed = _cmocka_run_group_tests("mutations", tests, count, NULL, NULL);
	free(tests);
	return failed;
}
