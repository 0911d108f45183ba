/* verify: see verify.h.  Thread: one. */
#include "tools/audit/verify.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_KEPT (UINT64_C(1) << 48) /* what the tree's formats hold */

static enum lgp_status read_keys(struct verify *verify)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < verify->options->key_count && status == LGP_OK; i++)
		status = trust_add_key(&verify->trust, verify->options->keys[i]);
	return status;
}

/* Opens the ledger.  What cannot be opened for damage is a finding, and false. */
static enum lgp_status open_ledger(struct verify *verify, bool *usable)
{
	bool damaged;
	const struct source_options from = {verify->options->ledger, verify->options->token,
	                                    verify->options->ca};
	enum lgp_status status = source_open(&from, &verify->source, &damaged);
	*usable = status == LGP_OK;
	if (*usable) {
		verify->findings.silent = source_failed(verify->source);
		door_init(&verify->door, verify->source);
	}
	if (!damaged)
		return status;
	finding_ledger(&verify->findings, RULE_FILE, "it cannot be opened: %s", lgp_fault_detail());
	return LGP_OK;
}

/* Fixes the size up to which this audit goes.  What this machine cannot do is no finding. */
static enum lgp_status fix_extent(struct verify *verify)
{
	enum lgp_status status = source_extent(verify->source, &verify->extent);
	verify->opened = status == LGP_OK;
	if (status == LGP_IO || status == LGP_NO_MEMORY || status == LGP_OVERLOAD)
		return status;
	if (status != LGP_OK) {
		finding_ledger(&verify->findings, RULE_FILE, "its entries cannot be found: %s",
		               lgp_fault_detail());
		return LGP_OK;
	}
	if (verify->extent.size > SIZE_MAX_KEPT) {
		finding_ledger(&verify->findings, RULE_ENTRY_MISSING,
		               "an entry is kept under %" PRIu64 ", beyond every ledger",
		               verify->extent.size - 1);
		verify->extent.size = SIZE_MAX_KEPT;
	}
	if (verify->extent.size == 0)
		finding_ledger(&verify->findings, RULE_GENESIS, "it has no entry");
	return LGP_OK;
}

/* What follows from the log, as the server has it. */
static enum lgp_status read_state(struct verify *verify)
{
	struct snapshot *snapshot;
	struct anchor *state = &verify->trust.state;
	const char *directory = source_directory(verify->source);
	if (directory[0] == '\0')
		return LGP_OK;
	enum lgp_status status =
	        snapshot_take(directory, SNAPSHOT_PATIENCE_MS, &verify->state_is, &snapshot);
	if (verify->state_is == SNAPSHOT_DAMAGED && status == LGP_OK)
		finding_ledger(&verify->findings, RULE_STATE, "state.mdb cannot be read: %s",
		               lgp_fault_detail());
	if (status != LGP_OK || verify->state_is != SNAPSHOT_HERE)
		return status;
	*state = (struct anchor){.name = "state.mdb",
	                         .signature = RULE_STATE,
	                         .root = RULE_STATE,
	                         .behind = RULE_STATE};
	state->checkpoint.size = snapshot_position(snapshot, &state->checkpoint.root);
	judge_expect(&verify->judge, snapshot);
	return LGP_OK;
}

static enum lgp_status prepare(struct verify *verify)
{
	struct trust *trust = &verify->trust;
	enum lgp_status status = trust_read_meta(trust, verify->source, &verify->findings);
	if (status == LGP_OK && verify->options->since != NULL)
		status = trust_read_since(trust, verify->options->since, &verify->findings);
	if (status != LGP_OK)
		return status;
	status = judge_init(&verify->judge, &verify->door, &verify->findings, trust);
	if (status == LGP_OK)
		status = read_state(verify);
	if (status != LGP_OK)
		return status;
	/* Before the size is fixed: a server that runs moves both forward. */
	trust_read_high_water(trust, verify->source, &verify->findings);
	status = fix_extent(verify);
	integrity_init(&verify->integrity, &verify->door, &verify->findings, trust,
	               &verify->extent);
	return status;
}

static unsigned threads(const struct verify *verify)
{
	cpu_set_t mine;
	if (verify->options->threads != 0)
		return verify->options->threads;
	/* What a server complains of comes in the order in which it is asked. */
	if (strstr(verify->options->ledger, "://") != NULL)
		return 1;
	return sched_getaffinity(0, sizeof mine, &mine) == 0 && CPU_COUNT(&mine) > 1 ? 2 : 1;
}

/* What a server answered otherwise than it must since the last block. */
static enum lgp_status hear_source(struct verify *verify)
{
	struct complaint complaint;
	while (source_complaint(verify->source, &complaint))
		finding_told(&verify->findings, RULE_ANSWER, complaint.seq, complaint.text);
	return source_failure(verify->source);
}

static enum lgp_status judge_all(struct verify *verify)
{
	uint64_t size = verify->extent.size;
	struct ahead ahead;
	const struct pass pass = {
	        .door = &verify->door,
	        .findings = &verify->findings,
	        .trust = &verify->trust,
	        .integrity = &verify->integrity,
	        .judge = &verify->judge,
	        .progress = &verify->progress,
	        .ahead = &ahead,
	        .size = size,
	};
	ahead_open(&ahead, source_directory(verify->source), verify->options->ledger);
	enum lgp_status status = pass_run(&pass, threads(verify));
	ahead_close(&ahead);
	if (status != LGP_OK)
		return status;
	integrity_finish(&verify->integrity);
	status = judge_finish(&verify->judge, size, &verify->payloads);
	if (status == LGP_OK)
		status = hear_source(verify);
	return status == LGP_OK ? money_sum(&verify->judge.money, &verify->sums, &verify->sum_count)
	                        : status;
}

/* After a full pass alone: what was saved must never be ahead of what was seen. */
static enum lgp_status save(struct verify *verify)
{
	const struct stored_checkpoint *last = &verify->integrity.last;
	if (verify->options->save == NULL || verify->findings.total > 0)
		return LGP_OK;
	require(last->size == verify->extent.size);
	enum lgp_status status = trust_save(&verify->trust, last, verify->options->save);
	verify->saved = status == LGP_OK;
	return status;
}

static enum lgp_status run(struct verify *verify)
{
	bool usable;
	enum lgp_status status = read_keys(verify);
	if (status == LGP_OK)
		status = open_ledger(verify, &usable);
	if (status != LGP_OK || !usable)
		return status;
	status = prepare(verify);
	if (status == LGP_OK && verify->opened)
		status = judge_all(verify);
	progress_end(&verify->progress);
	return status == LGP_OK && verify->opened ? save(verify) : status;
}

static void tell_failure(const struct verify_options *options)
{
	fprintf(stderr, "lagniappe-audit: could not verify %s: %s\n", options->ledger,
	        lgp_fault_detail());
	if (!options->json)
		return;
	fputs("],\n \"error\": ", options->out);
	json_put_string(options->out, lgp_fault_detail());
	fputs("}\n", options->out);
}

int verify_run(const struct verify_options *options)
{
	struct verify *verify = calloc(1, sizeof *verify);
	if (verify == NULL) {
		fputs("lagniappe-audit: no memory\n", stderr);
		return 2;
	}
	verify->options = options;
	verify->findings = (struct findings){.out = options->out, .json = options->json};
	if (options->json)
		fputs("{\"findings\": [", options->out);
	enum lgp_status status = run(verify);
	if (status == LGP_OK)
		summary_print(verify);
	else
		tell_failure(options);
	int code = status != LGP_OK ? 2 : verify->findings.total > 0 ? 1 : 0;
	judge_deinit(&verify->judge);
	if (verify->source != NULL)
		door_deinit(&verify->door);
	source_close(verify->source);
	free(verify->sums);
	free(verify);
	return fflush(options->out) == 0 ? code : 2;
}
