/* receipts: a sample of the answers, verified as a customer would.
 * Thread: the generator's one. */
#include "tools/bench/receipts.h"

#include "lagniappe/codec.h"
#include "lagniappe/entry.h"
#include "tools/bench/programme.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void receipts_deinit(struct receipts *receipts)
{
	for (size_t i = 0; i < RECEIPTS_KEPT; i++)
		free(receipts->kept[i].text);
	*receipts = (struct receipts){0};
}

void receipts_see(struct receipts *receipts, struct random_source *random, struct lgp_view answer)
{
	uint64_t place = receipts->seen++;
	if (place >= RECEIPTS_KEPT)
		place = random_next(random) % receipts->seen;
	if (place >= RECEIPTS_KEPT)
		return;
	free(receipts->kept[place].text);
	char *text = malloc(answer.len);
	receipts->kept[place].text = text;
	receipts->kept[place].len = text == NULL ? 0 : answer.len;
	if (text != NULL)
		memcpy(text, answer.ptr, answer.len);
}

unsigned receipts_kept(const struct receipts *receipts)
{
	unsigned count = 0;
	for (size_t i = 0; i < RECEIPTS_KEPT; i++)
		count += receipts->kept[i].text != NULL;
	return count;
}

/* NULL: it holds. */
static const char *fault_of(const json_t *answer, const struct lgp_verifier *key)
{
	uint8_t leaf[LGP_ENTRY_LEN];
	size_t leaf_len;
	uint64_t index;
	struct lgp_entry entry;
	const json_t *receipt = json_object_get(answer, "receipt");
	const char *proof = json_string_value(json_object_get(receipt, "proof"));
	const char *leaf_text = json_string_value(json_object_get(receipt, "leaf"));
	if (proof == NULL || leaf_text == NULL)
		return "an answer holds no receipt";
	if (lgp_base64_decode(lgp_view_of(leaf_text), leaf, sizeof leaf, &leaf_len) != LGP_OK ||
	    leaf_len != sizeof leaf || lgp_entry_decode(leaf, &entry) != LGP_OK)
		return "a receipt's leaf is no entry";
	if (lgp_receipt_verify(lgp_view_of(proof), (struct lgp_view){(const char *)leaf, leaf_len},
	                       key, 1, &index, NULL) != LGP_OK)
		return lgp_fault_detail();
	json_int_t seq = json_integer_value(json_object_get(answer, "seq"));
	if (entry.kind != LGP_KIND_GRANT || entry.amount != PROGRAMME_AMOUNT ||
	    entry.seq != index || seq < 0 || (uint64_t)seq != index)
		return "a receipt is for another entry than its answer";
	return NULL;
}

unsigned receipts_verify(const struct receipts *receipts, const struct lgp_verifier *key, char *why,
                         size_t why_max)
{
	unsigned good = 0, bad = 0;
	for (size_t i = 0; i < RECEIPTS_KEPT; i++) {
		if (receipts->kept[i].text == NULL)
			continue;
		json_t *answer = json_loadb(receipts->kept[i].text, receipts->kept[i].len,
		                            JSON_REJECT_DUPLICATES, NULL);
		const char *fault = answer == NULL ? "an answer is no JSON" : fault_of(answer, key);
		if (fault == NULL)
			good++;
		else if (bad++ == 0)
			snprintf(why, why_max, "%s", fault);
		json_decref(answer);
	}
	return good;
}
