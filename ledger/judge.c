/* judge: from a command to an entry, a refusal on record, or a denial.
 * Thread: ledger thread only.  Deterministic: the command, the state, and the
 * calendar that the command's time came with.
 * Upholds I3 (a key acts once), and hands I1, I4 and I7 to apply, which checks
 * each entry before it is in the batch. */
#include "judge.h"

#include "lagniappe/codec.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- keys ------------------------------------------------------------------------ */

struct key_search {
	struct lgp_ledger *ledger;
	const uint8_t *mac;
	struct lgp_entry *found;
};

static bool key_matches(void *context, uint64_t seq, enum lgp_status *status)
{
	struct key_search *search = context;
	*status = batch_find(search->ledger, seq, search->found);
	return *status == LGP_OK && memcmp(search->found->key_mac, search->mac, LGP_MAC_LEN) == 0;
}

enum lgp_status lgp_find_key(struct lgp_ledger *ledger, const uint8_t mac[LGP_MAC_LEN],
                             struct lgp_entry *out)
{
	struct key_search search = {ledger, mac, out};
	return lgp_keyindex_find(ledger->keys, mac, key_matches, &search);
}

/* ---- steps that acts share --------------------------------------------------------- */

void judge_forget(struct judgement *judgement)
{
	struct lgp_entry *entry = judgement->entry;
	entry->staff = judgement->staff != NULL ? judgement->staff->number : 0;
	entry->customer = entry->site = entry->budget = entry->reason = 0;
	entry->touchpoint = entry->unit = entry->limit = 0;
	entry->amount = 0;
	entry->flags = 0;
	memset(entry->incident, 0, sizeof entry->incident);
}

enum lgp_problem judge_date(struct judgement *judgement)
{
	struct lgp_ledger *ledger = judgement->ledger;
	struct lgp_entry *entry = judgement->entry;
	const struct lgp_record *site =
	        registry_get_kind(ledger->registry, LGP_KIND_SITE, entry->site);
	struct lgp_view zone =
	        site != NULL ? (struct lgp_view){site->as.site.zone, site->as.site.zone_len}
	                     : lgp_ledger_zone(ledger);
	enum lgp_status status = ledger->calendar.date(ledger->calendar.context, zone,
	                                               entry->time_us, &entry->business_date);
	return status == LGP_OK ? LGP_PROBLEM_NONE : fault_in(judgement, status);
}

const struct lgp_record *judge_named(struct judgement *judgement, enum lgp_kind noun,
                                     const struct lgp_slug *id)
{
	return registry_find(judgement->ledger->registry, noun, lgp_slug_view(id));
}

bool judge_token_at(const struct judgement *judgement, uint64_t site)
{
	const struct lgp_numbers *allowed = &judgement->token->as.token.sites;
	return allowed->count == 0 || lgp_numbers_hold(allowed, site);
}

/* Whether the entry's debit account may give its amount, and its credit
 * account take it. */
enum lgp_problem judge_funds(struct judgement *judgement, enum lgp_problem lacking)
{
	const struct lgp_entry *entry = judgement->entry;
	struct state *state = judgement->ledger->state;
	struct account from, to;
	int64_t left, sum;
	enum lgp_status status =
	        state_account(state, lgp_entry_owner(entry, entry->debit), entry->unit, &from);
	if (status == LGP_OK)
		status = state_account(state, lgp_entry_owner(entry, entry->credit), entry->unit,
		                       &to);
	if (status != LGP_OK)
		return fault_in(judgement, status);
	if (__builtin_sub_overflow(from.balance[slot_of(entry->debit)], entry->amount, &left) ||
	    left == INT64_MIN) /* whose negative, what was allotted, there is not */
		return problem_at(judgement, LGP_PROBLEM_AMOUNT_OVERFLOW, "amount");
	/* First: an amount that nobody has would else tell, by whether it fits, how much
	 * there is where it goes to. */
	if (lgp_class_floored(entry->debit) && left < 0)
		return problem_at(judgement, lacking, "amount");
	if (__builtin_add_overflow(to.balance[slot_of(entry->credit)], entry->amount, &sum))
		return problem_at(judgement, LGP_PROBLEM_AMOUNT_OVERFLOW, "amount");
	/* A customer's classes are summed in running balances: their sum must fit too. */
	if (lgp_class_owner(entry->credit) == LGP_OWNER_CUSTOMER &&
	    __builtin_add_overflow(
	            sum, to.balance[0] + to.balance[1] - to.balance[slot_of(entry->credit)], &sum))
		return problem_at(judgement, LGP_PROBLEM_AMOUNT_OVERFLOW, "amount");
	return LGP_PROBLEM_NONE;
}

/* ---- who ------------------------------------------------------------------------------ */

/* Whether it is one of their days, at their home site.  Whoever left in between, and
 * whoever is not there yet, acts no more than a stranger. */
static enum lgp_problem judge_days(struct judgement *judgement, const struct lgp_record *staff)
{
	const struct lgp_ledger *ledger = judgement->ledger;
	const struct lgp_record *site =
	        registry_get_kind(ledger->registry, LGP_KIND_SITE, staff->as.staff.site);
	int32_t date;
	if (staff->as.staff.active_from == INT32_MIN && staff->as.staff.active_until == INT32_MAX)
		return LGP_PROBLEM_NONE;
	enum lgp_status status =
	        ledger->calendar.date(ledger->calendar.context,
	                              (struct lgp_view){site->as.site.zone, site->as.site.zone_len},
	                              judgement->entry->time_us, &date);
	if (status != LGP_OK)
		return fault_in(judgement, status);
	return date >= staff->as.staff.active_from && date < staff->as.staff.active_until
	               ? LGP_PROBLEM_NONE
	               : LGP_PROBLEM_UNAUTHENTICATED;
}

static enum lgp_problem judge_actor(struct judgement *judgement)
{
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *token =
	        registry_get_kind(registry, LGP_KIND_TOKEN, judgement->command->token);
	if (token == NULL || token->as.token.ended ||
	    judgement->entry->time_us >= token->as.token.expires_us)
		return LGP_PROBLEM_UNAUTHENTICATED;
	const struct lgp_record *subject =
	        registry_get_kind(registry, LGP_KIND_STAFF, token->as.token.subject);
	if (subject != NULL && subject->as.staff.role != token->as.token.role)
		return LGP_PROBLEM_UNAUTHENTICATED; /* promoted or not: it needs a new token */
	judgement->token = token;
	judgement->entry->actor = token->as.token.subject;
	judgement->staff = subject;
	if (subject == NULL)
		return LGP_PROBLEM_NONE;
	judgement->entry->staff = subject->number;
	return judge_days(judgement, subject);
}

/* ---- what ------------------------------------------------------------------------------- */

static enum lgp_problem judge_act(struct judgement *judgement)
{
	if (lgp_noun_of(judgement->command->kind) != NULL)
		return judge_define(judgement);
	switch (judgement->command->kind) {
	case LGP_KIND_TOKEN_END:
	case LGP_KIND_LIMIT_END:
	case LGP_KIND_DELEGATION_END:
		return judge_end(judgement);
	case LGP_KIND_CUSTOMER:
		return judge_customer(judgement);
	case LGP_KIND_PARTY:
		return judge_party(judgement);
	case LGP_KIND_GRANT:
		return judgement->command->refers_to != 0 ? judge_approval(judgement)
		                                          : judge_grant(judgement);
	case LGP_KIND_DECLINE:
		return judge_decline(judgement);
	case LGP_KIND_THANKS:
		return judge_thanks(judgement);
	case LGP_KIND_REVERSAL:
		return judge_reversal(judgement);
	case LGP_KIND_ALLOTMENT:
		return judge_allotment(judgement);
	case LGP_KIND_IMPORT:
		return judge_import(judgement);
	default:
		never("a kind that can be asked for");
	}
}

/* The words' commitment is the entry's hash, unless there is a payload besides,
 * which then names it. */
static void bind_words(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	if (!command->has_words)
		return;
	judgement->entry->flags |= LGP_FLAG_WORDS;
	judgement->entry->hash = command->words_commitment;
	if (judgement->payload_len == 0)
		return;
	char hex[2 * LGP_HASH_LEN];
	lgp_hex_encode(hex, command->words_commitment.bytes, LGP_HASH_LEN);
	int len = snprintf(judgement->payload + judgement->payload_len,
	                   sizeof judgement->payload - judgement->payload_len, "words %.*s\n",
	                   (int)sizeof hex, hex);
	require(len > 0 && judgement->payload_len + (size_t)len < sizeof judgement->payload);
	judgement->payload_len += (size_t)len;
}

/* A refusal keeps who, whom, what and how much, and moves nothing.  Words that
 * came to nothing are not kept. */
static void turn_into_refusal(struct judgement *judgement, enum lgp_problem problem)
{
	struct lgp_entry *entry = judgement->entry;
	entry->asked = entry->kind;
	entry->kind = LGP_KIND_REFUSAL;
	entry->code = (uint16_t)problem;
	entry->debit = entry->credit = LGP_CLASS_NONE;
	judgement->payload_len = 0;
	if (problem == LGP_PROBLEM_LIMIT_EXCEEDED)
		judge_keep_binding(judgement);
}

static enum lgp_status conclude(struct judgement *judgement, enum lgp_problem problem,
                                struct lgp_outcome *out)
{
	out->problem = problem;
	out->binding = judgement->binding;
	if (judgement->field != NULL)
		snprintf(out->field, sizeof out->field, "%s", judgement->field);
	if (judgement->status != LGP_OK)
		return judgement->status;
	if (problem != LGP_PROBLEM_NONE && !lgp_problem_recorded(problem)) {
		out->verdict = LGP_DENIED;
		return LGP_OK;
	}
	out->verdict = problem == LGP_PROBLEM_NONE ? LGP_ACCEPTED : LGP_REFUSED;
	if (problem == LGP_PROBLEM_NONE)
		bind_words(judgement);
	else
		turn_into_refusal(judgement, problem);
	enum lgp_status status =
	        judgement->command->dry
	                ? batch_complete(judgement->ledger, judgement->entry)
	                : batch_add(judgement->ledger, judgement->entry,
	                            (struct lgp_view){judgement->payload, judgement->payload_len},
	                            judgement->command->keyed);
	out->seq = judgement->entry->seq;
	return status;
}

/* True: the key acted before, and out says what came of it. */
static bool acted_before(struct lgp_ledger *ledger, const struct lgp_command *command,
                         struct lgp_outcome *out, enum lgp_status *status)
{
	*status = LGP_MISSING;
	if (command->keyed)
		*status = lgp_find_key(ledger, command->key_mac, &out->entry);
	if (*status != LGP_OK) {
		*status = *status == LGP_MISSING ? LGP_OK : *status;
		return false;
	}
	out->seq = out->entry.seq;
	out->verdict = LGP_REPLAYED;
	if (memcmp(out->entry.body_mac, command->body_mac, LGP_MAC_LEN) != 0) {
		out->verdict = LGP_DENIED;
		out->problem = LGP_PROBLEM_KEY_REUSED;
	}
	return true;
}

static void begin_entry(const struct lgp_command *command, struct lgp_entry *entry)
{
	*entry = (struct lgp_entry){
	        .kind = command->kind,
	        .time_us = command->time_us,
	        .customer = command->customer,
	        .refers_to = command->refers_to,
	};
	memcpy(entry->incident, command->incident.text, command->incident.len);
	if (command->keyed) {
		memcpy(entry->key_mac, command->key_mac, LGP_MAC_LEN);
		memcpy(entry->body_mac, command->body_mac, LGP_MAC_LEN);
	}
}

static enum lgp_problem judge_who(struct lgp_ledger *ledger, const struct lgp_command *command,
                                  struct lgp_entry *entry, struct judgement *judgement)
{
	begin_entry(command, entry);
	/* Tokens' ends and dates go by the time that the entry will have. */
	entry->time_us = batch_time(ledger, command->time_us);
	memset(judgement, 0, offsetof(struct judgement, payload));
	judgement->ledger = ledger;
	judgement->command = command;
	judgement->entry = entry;
	require(command->payload.len <= LGP_DEFINITION_MAX - (command->has_words ? 128 : 0));
	return judge_actor(judgement);
}

enum lgp_problem judge_prepare(struct lgp_ledger *ledger, const struct lgp_command *command,
                               struct lgp_entry *entry, struct judgement *judgement)
{
	enum lgp_problem problem = judge_who(ledger, command, entry, judgement);
	return problem == LGP_PROBLEM_NONE ? judge_grant_lookup(judgement) : problem;
}

void lgp_judge_near(struct lgp_ledger *ledger, const struct lgp_command *const commands[],
                    size_t count)
{
	const uint8_t *keys[LGP_NEAR_MAX] = {NULL};
	uint32_t customer[LGP_NEAR_MAX];
	require(count <= LGP_NEAR_MAX);
	for (size_t i = 0; i < count; i++) {
		keys[i] = commands[i]->key_mac;
		customer[i] = state_near_slots(ledger->state, commands[i]->customer);
	}
	lgp_keyindex_near(ledger->keys, keys, count, false);
	for (size_t i = 0; i < count; i++)
		state_near_items(ledger->state, customer[i]);
	lgp_keyindex_near(ledger->keys, keys, count, true);
}

enum lgp_status lgp_judge(struct lgp_ledger *ledger, const struct lgp_command *command,
                          struct lgp_outcome *out)
{
	*out = (struct lgp_outcome){0};
	if (state_active_bytes(ledger->state) > 2 * ledger->overlay_bytes)
		return LGP_OVERLOAD;
	bool lapsed;
	enum lgp_status status = lgp_lapse(ledger, command->time_us, &lapsed);
	if (status != LGP_OK)
		return status;
	if (lgp_batch_full(ledger))
		return LGP_OVERLOAD; /* commit what lapsed, then ask again */
	if (acted_before(ledger, command, out, &status) || status != LGP_OK)
		return status;
	struct judgement judgement;
	enum lgp_problem problem = judge_who(ledger, command, &out->entry, &judgement);
	if (problem == LGP_PROBLEM_NONE)
		problem = judge_act(&judgement);
	return conclude(&judgement, problem, out);
}
