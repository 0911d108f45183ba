/* lagniappe-bench: puts a server under load, and says how it bore it.
 * Thread: one.
 * Exit: 0 fine, 1 requests or receipts went wrong, 2 could not run. */
#include "tools/bench/load.h"
#include "tools/bench/report.h"
#include "tools/common/options.h"

#include "lagniappe/codec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[] = {
        {"url", "URL", OPTION_REQUIRED, 0, "http://HOST:PORT or https://HOST:PORT"},
        {"mode", "MODE", 0, 0,
         "grant (default), minimal, batch:LINES, balance, or echo, which looks at nothing"},
        {"connections", "N", 0, 0, "at once, from one thread; default 32"},
        {"seconds", "S", 0, 0, "measured; default 3"},
        {"warmup", "S", 0, 0, "before that, not measured; default 0.5"},
        {"rate", "R", 0, 0,
         "open loop: requests due each second, latency from when each was due; "
         "without it, closed loop"},
        {"programme", "FILE", 0, 0, "staff's tokens and customers' ids; --setup writes it"},
        {"token", "TOKEN", OPTION_REPEATED, 0, "a member of staff's token"},
        {"customer", "ID", OPTION_REPEATED, 0, "a customer to grant to"},
        {"key", "VKEY", 0, 0, "the log's verifier key: receipts are drawn and verified"},
        {"pid", "PID", 0, 0, "the server's process, on this machine: its CPU time is counted"},
        {"ca", "PEM", 0, 0, "what to trust by TLS; without it loopback is not checked"},
        {"setup", NULL, 0, 0, "register a programme first; without --mode, only that"},
        {"admin-token", "TOKEN", 0, 0, "for --setup"},
        {"finance-token", "TOKEN", 0, 0, "for --setup"},
        {"customers", "N", 0, 0, "for --setup; default 10000"},
        {"staff", "N", 0, 0, "for --setup; default 8"},
        {"json", NULL, 0, 0, "the result for programs, one line"},
        {"help", NULL, 0, 0, "this text"},
        {0},
};

struct bench {
	struct options options;
	struct target target;
	struct programme programme;
	struct load_plan plan;
	struct load_result result;
	const char *mode; /* NULL: set up alone */
	struct programme_setup setup;
	bool with_setup, with_key;
	struct lgp_verifier key;
	char error[ERROR_MAX];
};

static bool wrong(struct bench *bench, const char *name, const char *needs)
{
	snprintf(bench->error, sizeof bench->error, "--%s needs %s", name, needs);
	return false;
}

static bool get_count(struct bench *bench, const char *name, uint64_t min, uint64_t max,
                      unsigned otherwise, unsigned *out)
{
	char needs[64];
	uint64_t value;
	const char *text = options_get(&bench->options, name);
	*out = otherwise;
	if (text == NULL)
		return true;
	snprintf(needs, sizeof needs, "a number from %llu to %llu", (unsigned long long)min,
	         (unsigned long long)max);
	if (lgp_decimal_parse(lgp_view_of(text), &value) != LGP_OK || value < min || value > max)
		return wrong(bench, name, needs);
	*out = (unsigned)value;
	return true;
}

static bool get_real(struct bench *bench, const char *name, double min, double max,
                     double otherwise, double *out)
{
	char *end, needs[64];
	const char *text = options_get(&bench->options, name);
	*out = otherwise;
	if (text == NULL)
		return true;
	*out = strtod(text, &end);
	snprintf(needs, sizeof needs, "a number from %g to %g", min, max);
	if (end == text || *end != '\0' || !(*out >= min) || !(*out <= max))
		return wrong(bench, name, needs);
	return true;
}

/* ---- what is asked for -------------------------------------------------------------- */

static bool read_setup(struct bench *bench)
{
	struct programme_setup *setup = &bench->setup;
	setup->admin_token = options_get(&bench->options, "admin-token");
	setup->finance_token = options_get(&bench->options, "finance-token");
	if (bench->with_setup && (setup->admin_token == NULL || setup->finance_token == NULL))
		return wrong(bench, "setup", "--admin-token and --finance-token");
	setup->connections = bench->plan.connections;
	return get_count(bench, "customers", 1, CUSTOMERS_MAX, 10000, &setup->customers) &&
	       get_count(bench, "staff", 1, TOKENS_MAX, 8, &setup->staff);
}

static bool read_plan(struct bench *bench)
{
	struct load_plan *plan = &bench->plan;
	unsigned pid;
	plan->target = &bench->target;
	plan->programme = &bench->programme;
	bench->mode = options_get(&bench->options, "mode");
	if (bench->mode == NULL && !bench->with_setup)
		bench->mode = "grant";
	if (bench->mode != NULL && !mode_parse(bench->mode, &plan->mode))
		return wrong(bench, "mode",
		             "grant, minimal, batch:LINES (1 to 8192), balance or echo");
	if (!get_count(bench, "connections", 1, CONNECTIONS_MAX, 32, &plan->connections) ||
	    !get_real(bench, "seconds", 0.01, 86400, 3, &plan->seconds) ||
	    !get_real(bench, "warmup", 0, 3600, 0.5, &plan->warmup_seconds) ||
	    !get_real(bench, "rate", 0.1, 1e8, 0, &plan->rate) ||
	    !get_count(bench, "pid", 1, INT32_MAX, 0, &pid))
		return false;
	plan->server_pid = (long)pid;
	return true;
}

static bool read_lists(struct bench *bench)
{
	for (size_t i = 0; i < bench->options.given_count; i++) {
		const char *name = bench->options.given[i].row->name;
		struct lgp_view text = lgp_view_of(bench->options.given[i].text);
		if (strcmp(name, "token") == 0 && !programme_add_token(&bench->programme, text))
			return wrong(bench, name, "a token");
		if (strcmp(name, "customer") == 0 &&
		    !programme_add_customer(&bench->programme, text))
			return wrong(bench, name, "a customer's id");
	}
	const char *path = options_get(&bench->options, "programme");
	return path == NULL || bench->with_setup ||
	       programme_read(&bench->programme, path, bench->error);
}

static bool read_options(struct bench *bench)
{
	const char *key = options_get(&bench->options, "key");
	bench->with_setup = options_flag(&bench->options, "setup");
	bench->with_key = key != NULL;
	if (key != NULL && lgp_vkey_parse(lgp_view_of(key), &bench->key) != LGP_OK)
		return wrong(bench, "key", "a verifier key, name+id+base64");
	return read_plan(bench) && read_setup(bench) && read_lists(bench) &&
	       target_init(&bench->target, options_get(&bench->options, "url"),
	                   options_get(&bench->options, "ca"), bench->error);
}

/* ---- what is done -------------------------------------------------------------------- */

static bool set_up(struct bench *bench)
{
	const char *path = options_get(&bench->options, "programme");
	return programme_set_up(&bench->programme, &bench->target, &bench->setup, bench->error) &&
	       (path == NULL || programme_write(&bench->programme, path, bench->error));
}

static bool know_whom(struct bench *bench)
{
	if (bench->plan.mode.kind == MODE_ECHO && bench->programme.customer_count == 0 &&
	    !programme_make_up(&bench->programme))
		snprintf(bench->error, sizeof bench->error, "memory ran out");
	else if (bench->programme.token_count == 0 || bench->programme.customer_count == 0)
		snprintf(bench->error, sizeof bench->error,
		         "tokens and customers are needed: give --programme, --token and "
		         "--customer, "
		         "or --setup");
	else
		return true;
	return false;
}

/* The exit code. */
static int report(struct bench *bench)
{
	char why[ERROR_MAX] = "";
	struct report report = {
	        .mode = bench->mode, .plan = &bench->plan, .result = &bench->result};
	report.key_given = bench->with_key && bench->plan.mode.kind == MODE_GRANT;
	report.receipts_kept = receipts_kept(&bench->result.receipts);
	if (report.key_given)
		report.receipts_verified =
		        receipts_verify(&bench->result.receipts, &bench->key, why, sizeof why);
	if (!options_flag(&bench->options, "json")) {
		report_text(&report, stdout);
	} else if (!report_json(&report, stdout)) {
		fprintf(stderr, "lagniappe-bench: memory ran out\n");
		return 2;
	}
	if (why[0] != '\0')
		fprintf(stderr, "lagniappe-bench: a receipt does not hold: %s\n", why);
	return load_errors(&bench->result) > 0 || bench->result.answered == 0 || why[0] != '\0';
}

static int run(struct bench *bench)
{
	if (!read_options(bench) || (bench->with_setup && !set_up(bench)) ||
	    (bench->mode != NULL &&
	     (!know_whom(bench) || !load_run(&bench->plan, &bench->result, bench->error)))) {
		fprintf(stderr, "lagniappe-bench: %s\n", bench->error);
		return 2;
	}
	return bench->mode == NULL ? 0 : report(bench);
}

static int help(void)
{
	puts("lagniappe-bench: puts a server under load, and says how it bore it.\n\n"
	     "lagniappe-bench --url URL --programme FILE [--mode MODE] ...\n");
	options_help(rows, stdout);
	puts("\nExit: 0 fine, 1 requests or receipts went wrong, 2 could not run.");
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	options_init(&bench.options);
	options_table(&bench.options, rows);
	bool parsed = options_parse(&bench.options, argc - 1, argv + 1);
	if (parsed && options_flag(&bench.options, "help"))
		return help();
	if (!parsed || !options_complete(&bench.options) || bench.options.argument_count > 0) {
		fprintf(stderr, "lagniappe-bench: %s; see --help\n",
		        parsed && bench.options.argument_count > 0 ? "it takes no arguments"
		                                                   : bench.options.error);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	int code = run(&bench);
	load_result_deinit(&bench.result);
	programme_deinit(&bench.programme);
	target_deinit(&bench.target);
	return code;
}
