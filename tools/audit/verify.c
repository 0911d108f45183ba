/* verify: see verify.h.  Thread: one. */
#include "tools/audit/verify.h"

#include <inttypes.h>
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
	enum lgp_status status = source_open(verify->options->ledger, &verify->source, &damaged);
	*usable = status == LGP_OK;
	if (!damaged)
		return status;
	finding_ledger(&verify->findings, RULE_FILE, "it cannot be opened: %s", lgp_fault_detail());
	return LGP_OK;
}

/* Fixes the size up to which this audit goes. */
static bool fix_extent(struct verify *verify)
{
	if (source_extent(verify->source, &verify->extent) != LGP_OK) {
		finding_ledger(&verify->findings, RULE_FILE, "its entries cannot be found: %s",
		               lgp_fault_detail());
		return false;
	}
	if (verify->extent.size > SIZE_MAX_KEPT) {
		finding_ledger(&verify->findings, RULE_ENTRY_MISSING,
		               "an entry is kept under %" PRIu64 ", beyond every ledger",
		               verify->extent.size - 1);
		verify->extent.size = SIZE_MAX_KEPT;
	}
	if (verify->extent.size == 0)
		finding_ledger(&verify->findings, RULE_GENESIS, "it has no entry");
	return true;
}

static enum lgp_status prepare(struct verify *verify)
{
	struct trust *trust = &verify->trust;
	enum lgp_status status = trust_read_meta(trust, verify->source, &verify->findings);
	if (status == LGP_OK && verify->options->since != NULL)
		status = trust_read_since(trust, verify->options->since, &verify->findings);
	if (status != LGP_OK)
		return status;
	/* Before the size is fixed: a server that runs moves both forward. */
	trust_read_high_water(trust, verify->source, &verify->findings);
	verify->opened = fix_extent(verify);
	verify->block = malloc(sizeof *verify->block);
	if (verify->block == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for a block of entries");
	integrity_init(&verify->integrity, verify->source, &verify->findings, trust,
	               &verify->extent);
	return judge_init(&verify->judge, verify->source, &verify->findings, trust);
}

/* Where the next block begins: behind this one, or behind a gap. */
static uint64_t next_block(struct verify *verify)
{
	const struct block *block = verify->block;
	uint64_t size = verify->extent.size, next = block->first + block->count;
	if (!block->empty)
		return next;
	if (block->next_entry > next)
		next = block->next_entry < size ? block->next_entry / BLOCK_ENTRIES * BLOCK_ENTRIES
		                                : size;
	integrity_skip(&verify->integrity, block->first, next);
	return next;
}

static enum lgp_status judge_all(struct verify *verify)
{
	enum lgp_status status = LGP_OK;
	uint64_t size = verify->extent.size;
	progress_start(&verify->progress, size);
	for (uint64_t first = 0; first < size && status == LGP_OK;) {
		verify->block->first = first;
		source_block(verify->source, size, verify->block);
		if (!verify->block->empty) {
			integrity_block(&verify->integrity, verify->block);
			status = judge_block(&verify->judge, verify->block);
		}
		first = next_block(verify);
		progress_at(&verify->progress, first);
	}
	if (status != LGP_OK)
		return status;
	integrity_finish(&verify->integrity);
	status = judge_finish(&verify->judge, size, &verify->payloads);
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

static void tell_failure(const struct verify_options *options, enum lgp_status status)
{
	fprintf(stderr, "lagniappe-audit: could not verify %s: %s: %s\n", options->ledger,
	        lgp_status_text(status), lgp_fault_detail());
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
		tell_failure(options, status);
	int code = status != LGP_OK ? 2 : verify->findings.total > 0 ? 1 : 0;
	judge_deinit(&verify->judge);
	source_close(verify->source);
	free(verify->sums);
	free(verify->block);
	free(verify);
	return fflush(options->out) == 0 ? code : 2;
}
