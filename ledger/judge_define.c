/* judge_define: registrations: nouns, tokens and their end, parties.
 * Thread: ledger thread only. */
#include "judge.h"

#include "lagniappe/codec.h"

#include <stdio.h>
#include <string.h>

/* ---- references of a definition ------------------------------------------------------ */

static bool refers_exist(const struct registry *registry, const struct lgp_field *field,
                         struct lgp_view value)
{
	struct lgp_view id;
	if (field->type == LGP_FIELD_REF)
		return registry_find(registry, field->noun, value) != NULL;
	while (lgp_list_next(&value, &id))
		if (registry_find(registry, field->noun, id) == NULL)
			return false;
	return true;
}

static enum lgp_problem find_customer_field(struct judgement *judgement, struct lgp_view value)
{
	uint64_t number;
	struct lgp_party party;
	require(lgp_decimal_parse(value, &number) == LGP_OK);
	enum lgp_status status = state_party(judgement->ledger->state, number, &party);
	if (status == LGP_MISSING || (status == LGP_OK && party.kind != LGP_KIND_CUSTOMER))
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "customer");
	return status == LGP_OK ? LGP_PROBLEM_NONE : fault_in(judgement, status);
}

static enum lgp_problem find_references(struct judgement *judgement,
                                        const struct lgp_definition *definition)
{
	for (size_t i = 0; i < definition->noun->field_count; i++) {
		const struct lgp_field *field = &definition->noun->fields[i];
		struct lgp_view value = definition->value[i];
		if (value.ptr == NULL)
			continue;
		bool refers = field->type == LGP_FIELD_REF || field->type == LGP_FIELD_REFS;
		if (refers && !refers_exist(judgement->ledger->registry, field, value))
			return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, field->name);
		if (field->type == LGP_FIELD_CUSTOMER) {
			enum lgp_problem problem = find_customer_field(judgement, value);
			if (problem != LGP_PROBLEM_NONE)
				return problem;
		}
	}
	return LGP_PROBLEM_NONE;
}

/* ---- tokens ------------------------------------------------------------------------------ */

static enum lgp_role role_of(const struct lgp_definition *definition)
{
	int index = lgp_choice_index(LGP_ROLE_CHOICES, lgp_definition_get(definition, "role"));
	require(index >= 0);
	return (enum lgp_role)(LGP_ROLE_ADMIN + index);
}

/* Nobody holds both ends: who makes the people does not make the money. */
static bool may_issue(enum lgp_role issuer, enum lgp_role role)
{
	bool money = role == LGP_ROLE_FINANCE || role == LGP_ROLE_AUDITOR;
	return issuer == LGP_ROLE_FINANCE ? money : issuer == LGP_ROLE_ADMIN && !money;
}

static enum lgp_problem rule_token(struct judgement *judgement,
                                   const struct lgp_definition *definition)
{
	enum lgp_role role = role_of(definition);
	struct lgp_view subject = lgp_definition_get(definition, "subject");
	bool for_staff = role == LGP_ROLE_STAFF || role == LGP_ROLE_MANAGER;
	bool for_customer = role == LGP_ROLE_CUSTOMER;
	if (!may_issue(judgement->token->as.token.role, role))
		return problem_at(judgement, LGP_PROBLEM_FORBIDDEN, "role");
	if (for_staff != (subject.ptr != NULL) ||
	    for_customer != (lgp_definition_get(definition, "customer").ptr != NULL))
		return problem_at(judgement, LGP_PROBLEM_INVALID, "subject");
	if (!for_staff)
		return LGP_PROBLEM_NONE;
	const struct lgp_record *staff =
	        registry_find(judgement->ledger->registry, LGP_KIND_STAFF, subject);
	if (staff->as.staff.role != role)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "role");
	judgement->entry->staff = staff->number;
	return LGP_PROBLEM_NONE;
}

/* ---- nouns --------------------------------------------------------------------------------- */

/* The entry names what it defines in the field of the noun's kind. */
static void name_defined(struct judgement *judgement, const struct lgp_definition *definition,
                         uint64_t number)
{
	struct lgp_entry *entry = judgement->entry;
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *of;
	entry->staff = 0;
	switch (definition->noun->kind) {
	case LGP_KIND_UNIT:
		entry->unit = number;
		break;
	case LGP_KIND_SITE:
		entry->site = number;
		break;
	case LGP_KIND_BUDGET:
		entry->budget = number;
		of = registry_find(registry, LGP_KIND_SITE, lgp_definition_get(definition, "site"));
		entry->site = of->number;
		of = registry_find(registry, LGP_KIND_UNIT, lgp_definition_get(definition, "unit"));
		entry->unit = of->number;
		break;
	case LGP_KIND_REASON:
		entry->reason = number;
		break;
	case LGP_KIND_TOUCHPOINT:
		entry->touchpoint = number;
		break;
	case LGP_KIND_STAFF:
		entry->staff = number;
		of = registry_find(registry, LGP_KIND_SITE, lgp_definition_get(definition, "site"));
		entry->site = of->number;
		break;
	default:
		break;
	}
}

static enum lgp_problem keep_definition(struct judgement *judgement,
                                        const struct lgp_definition *definition)
{
	judgement->payload_len = lgp_definition_format(definition, judgement->payload);
	if (judgement->payload_len == 0)
		return problem_at(judgement, LGP_PROBLEM_TOO_LARGE, "");
	return judge_date(judgement);
}

static enum lgp_problem define_new(struct judgement *judgement,
                                   const struct lgp_definition *definition)
{
	const struct lgp_noun *noun = definition->noun;
	if (noun->id_field != NULL &&
	    registry_find(judgement->ledger->registry, noun->kind,
	                  lgp_definition_get(definition, noun->id_field)) != NULL)
		return problem_at(judgement, LGP_PROBLEM_EXISTS, noun->id_field);
	enum lgp_problem problem = find_references(judgement, definition);
	if (problem == LGP_PROBLEM_NONE)
		name_defined(judgement, definition, judgement->ledger->now.size);
	if (problem == LGP_PROBLEM_NONE && noun->kind == LGP_KIND_TOKEN)
		problem = rule_token(judgement, definition);
	return problem == LGP_PROBLEM_NONE ? keep_definition(judgement, definition) : problem;
}

/* The definition in force with the changes over it; an empty value takes away. */
static enum lgp_problem merge(struct judgement *judgement, struct lgp_definition *changes,
                              struct lgp_definition *now)
{
	for (size_t i = 0; i < changes->noun->field_count; i++) {
		if (changes->value[i].ptr == NULL)
			continue;
		const struct lgp_field *field = &changes->noun->fields[i];
		if ((field->rules & (LGP_FIELD_FIXED | LGP_FIELD_SECRET)) != 0)
			return problem_at(judgement, LGP_PROBLEM_INVALID, field->name);
		now->value[i] = changes->value[i];
		if (changes->value[i].len == 0)
			now->value[i].ptr = NULL;
	}
	return LGP_PROBLEM_NONE;
}

/* The business date at a site, 0 the house's, at the command's moment. */
static enum lgp_problem date_at(struct judgement *judgement, uint64_t site, int32_t *date)
{
	struct lgp_entry *entry = judgement->entry;
	uint64_t kept = entry->site;
	entry->site = site;
	enum lgp_problem problem = judge_date(judgement);
	entry->site = kept;
	*date = entry->business_date;
	return problem;
}

/* A site's date does not go back: what was given yesterday would be given again. */
static enum lgp_problem rule_zone(struct judgement *judgement, uint64_t number,
                                  struct lgp_view zone)
{
	const struct lgp_calendar *calendar = &judgement->ledger->calendar;
	const struct lgp_record *site = registry_get(judgement->ledger->registry, number);
	int64_t time_us = judgement->entry->time_us;
	int32_t before, after;
	enum lgp_status status = calendar->date(
	        calendar->context, (struct lgp_view){site->as.site.zone, site->as.site.zone_len},
	        time_us, &before);
	if (status == LGP_OK)
		status = calendar->date(calendar->context, zone, time_us, &after);
	if (status != LGP_OK)
		return fault_in(judgement, status);
	return after < before ? problem_at(judgement, LGP_PROBLEM_INVALID, "timezone")
	                      : LGP_PROBLEM_NONE;
}

/* Who has left comes back to no delegation that ended with them, given or had; nor by
 * moving to a site where it is still the day before: by the entry's date, which goes by
 * that site, they would never have left, and their tokens would be good again. */
static enum lgp_problem rule_return(struct judgement *judgement, uint64_t number,
                                    const struct lgp_definition *now)
{
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *staff = registry_get(registry, number), *at;
	const struct lgp_record *site =
	        registry_find(registry, LGP_KIND_SITE, lgp_definition_get(now, "site"));
	struct lgp_view active_until = lgp_definition_get(now, "active_until");
	int32_t before, date, until = INT32_MAX;
	enum lgp_problem problem = date_at(judgement, staff->as.staff.site, &before);
	if (problem == LGP_PROBLEM_NONE)
		problem = date_at(judgement, site->number, &date);
	if (problem != LGP_PROBLEM_NONE || staff->as.staff.active_until > before)
		return problem;
	if (staff->as.staff.active_until > date)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "site");
	if (active_until.ptr != NULL)
		require(lgp_date_parse(active_until, &until) == LGP_OK);
	if (until <= date)
		return LGP_PROBLEM_NONE;
	for (size_t i = 0; (at = registry_delegation(registry, number, i)) != NULL; i++)
		if (span_holds(&at->as.delegation.span, date, judgement->entry->time_us))
			return problem_at(judgement, LGP_PROBLEM_INVALID, "active_until");
	return LGP_PROBLEM_NONE;
}

static enum lgp_problem define_again(struct judgement *judgement, struct lgp_definition *changes)
{
	struct lgp_ledger *ledger = judgement->ledger;
	uint64_t number = judgement->command->refers_to;
	struct state_key key = state_key_number('D', number);
	struct lgp_view value;
	char text[LGP_DEFINITION_MAX];
	struct lgp_definition now;
	if (registry_get_kind(ledger->registry, changes->noun->kind, number) == NULL)
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "id");
	enum lgp_status status = state_get(ledger->state, key_view(&key), &value);
	if (status != LGP_OK)
		return fault_in(judgement, status == LGP_MISSING ? LGP_CORRUPT : status);
	struct lgp_view current = {text, value.len - 10};
	memcpy(text, value.ptr + 10, current.len);
	status = lgp_definition_parse(changes->noun, current, true, &now);
	if (status != LGP_OK)
		return fault_in(judgement, LGP_CORRUPT);
	enum lgp_problem problem = merge(judgement, changes, &now);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_references(judgement, &now);
	if (problem == LGP_PROBLEM_NONE && changes->noun->kind == LGP_KIND_SITE)
		problem = rule_zone(judgement, number, lgp_definition_get(&now, "timezone"));
	if (problem == LGP_PROBLEM_NONE && changes->noun->kind == LGP_KIND_STAFF)
		problem = rule_return(judgement, number, &now);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	judgement->entry->flags |= LGP_FLAG_AMEND;
	name_defined(judgement, &now, number);
	return keep_definition(judgement, &now);
}

/* ---- limits and delegations -------------------------------------------------------------- */

/* Those that may still judge are bounded. */
static enum lgp_problem rule_versions(struct judgement *judgement, const struct limit *before)
{
	const struct lgp_entry *entry = judgement->entry;
	unsigned count = 0;
	enum lgp_problem problem = judge_date(judgement);
	for (unsigned i = 0; before != NULL && i < before->count; i++)
		count += !limit_is_over(&before->versions[i], entry->business_date, entry->time_us);
	return problem == LGP_PROBLEM_NONE && count >= LGP_LIMIT_VERSIONS_MAX
	               ? problem_at(judgement, LGP_PROBLEM_INVALID, "until")
	               : problem;
}

/* What a form cannot say: a window that cannot be, and the like. */
static enum lgp_problem rule_limit(struct judgement *judgement,
                                   const struct lgp_definition *definition,
                                   const struct limit *before)
{
	struct limit_version made;
	enum lgp_status status = limit_parse(judgement->ledger->registry, definition,
	                                     judgement->ledger->now.size, &made);
	if (status == LGP_INVALID)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "until");
	if (status != LGP_OK)
		return fault_in(judgement, status);
	if (made.measure == LGP_MEASURE_AMOUNT && made.unit == 0)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "unit");
	if (made.per == LGP_PER_GRANT && made.window != LGP_WINDOW_NONE)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "window");
	if (made.measure == LGP_MEASURE_INCIDENTS && made.per != LGP_PER_CUSTOMER)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "per");
	if (limit_replaces(&made))
		return LGP_PROBLEM_NONE;
	enum lgp_problem problem = rule_versions(judgement, before);
	/* Over at every site: it could never judge. */
	if (problem == LGP_PROBLEM_NONE &&
	    limit_is_over(&made, judgement->entry->business_date, judgement->entry->time_us))
		return problem_at(judgement, LGP_PROBLEM_INVALID, "until");
	return problem;
}

/* A limit is put as a whole, new or again. */
static enum lgp_problem put_limit(struct judgement *judgement,
                                  const struct lgp_definition *definition)
{
	struct lgp_ledger *ledger = judgement->ledger;
	const struct lgp_record *known = registry_find(ledger->registry, LGP_KIND_LIMIT,
	                                               lgp_definition_get(definition, "id"));
	const struct limit *limit =
	        known != NULL ? limits_get(ledger->limits, known->number) : NULL;
	uint64_t expected = judgement->command->expected;
	enum lgp_problem problem = find_references(judgement, definition);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	if (expected != 0 &&
	    (known == NULL || known->as.limit.ended || known->defined_at != expected))
		return problem_at(judgement, LGP_PROBLEM_PRECONDITION, "");
	if (known != NULL) {
		judgement->entry->flags |= LGP_FLAG_AMEND;
		judgement->entry->refers_to = known->number;
		judgement->entry->limit = known->defined_at;
	}
	problem = rule_limit(judgement, definition, limit);
	return problem == LGP_PROBLEM_NONE ? keep_definition(judgement, definition) : problem;
}

/* It ends later than now, where its giver works, and those in force are bounded. */
static enum lgp_problem rule_delegation(struct judgement *judgement, const struct lgp_record *giver,
                                        const struct lgp_span *span)
{
	const struct registry *registry = judgement->ledger->registry;
	int64_t time_us = judgement->entry->time_us;
	const struct lgp_record *at;
	unsigned count = 0;
	int32_t today;
	enum lgp_problem problem = date_at(judgement, giver->as.staff.site, &today);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	if (today >= span->until_day || time_us >= span->until_us)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "until");
	for (size_t i = 0; (at = registry_delegation(registry, giver->number, i)) != NULL; i++)
		count += at->as.delegation.from == giver->number &&
		         span_holds(&at->as.delegation.span, today, time_us);
	return count >= LGP_DELEGATIONS_MAX ? problem_at(judgement, LGP_PROBLEM_INVALID, "to")
	                                    : LGP_PROBLEM_NONE;
}

/* A manager gives of their own authority, in their own name. */
static enum lgp_problem define_delegation(struct judgement *judgement,
                                          struct lgp_definition *definition)
{
	struct lgp_span span;
	const struct lgp_record *giver = judgement->staff;
	if (giver == NULL || giver->as.staff.role != LGP_ROLE_MANAGER)
		return problem_at(judgement, LGP_PROBLEM_FORBIDDEN, "");
	for (size_t i = 0; i < definition->noun->field_count; i++)
		if (strcmp(definition->noun->fields[i].name, "from") == 0)
			definition->value[i] = lgp_slug_view(&giver->id);
	enum lgp_problem problem = find_references(judgement, definition);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	if (lgp_view_equal(lgp_definition_get(definition, "to"), lgp_slug_view(&giver->id)))
		return problem_at(judgement, LGP_PROBLEM_INVALID, "to");
	if (span_parse(definition, &span) != LGP_OK)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "until");
	problem = rule_delegation(judgement, giver, &span);
	return problem == LGP_PROBLEM_NONE ? keep_definition(judgement, definition) : problem;
}

/* Who may end it: of tokens, who may issue such; a delegation's giver. */
static bool may_end(const struct judgement *judgement, const struct lgp_record *record)
{
	if (record->kind == LGP_KIND_TOKEN)
		return may_issue(judgement->token->as.token.role, record->as.token.role);
	if (record->kind == LGP_KIND_DELEGATION)
		return judgement->entry->actor == record->as.delegation.from;
	return true;
}

static bool has_ended(const struct lgp_record *record)
{
	return (record->kind == LGP_KIND_TOKEN && record->as.token.ended) ||
	       (record->kind == LGP_KIND_LIMIT && record->as.limit.ended) ||
	       (record->kind == LGP_KIND_DELEGATION && record->as.delegation.ended);
}

/* A house without an admin, or without finance, could make no new one. */
static bool is_last_of_role(const struct judgement *judgement, const struct lgp_record *token)
{
	const struct registry *registry = judgement->ledger->registry;
	enum lgp_role role = token->as.token.role;
	if (token->kind != LGP_KIND_TOKEN || (role != LGP_ROLE_ADMIN && role != LGP_ROLE_FINANCE))
		return false;
	const struct lgp_record *at = registry_next(registry, LGP_KIND_TOKEN, 0);
	for (; at != NULL; at = registry_next(registry, LGP_KIND_TOKEN, at->number))
		if (at != token && at->as.token.role == role && !at->as.token.ended &&
		    at->as.token.expires_us == INT64_MAX)
			return false;
	return true;
}

enum lgp_problem judge_end(struct judgement *judgement)
{
	static const struct {
		enum lgp_kind end, noun;
	} ends[] = {
	        {LGP_KIND_TOKEN_END, LGP_KIND_TOKEN},
	        {LGP_KIND_LIMIT_END, LGP_KIND_LIMIT},
	        {LGP_KIND_DELEGATION_END, LGP_KIND_DELEGATION},
	};
	const struct lgp_record *record = NULL;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (ends[i].end == judgement->command->kind)
			record = registry_get_kind(judgement->ledger->registry, ends[i].noun,
			                           judgement->command->refers_to);
	if (record == NULL || has_ended(record))
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "id");
	if (!may_end(judgement, record))
		return problem_at(judgement, LGP_PROBLEM_FORBIDDEN, "id");
	if (is_last_of_role(judgement, record))
		return problem_at(judgement, LGP_PROBLEM_INVALID, "id");
	uint64_t expected = judgement->command->expected;
	if (expected != 0 && record->defined_at != expected)
		return problem_at(judgement, LGP_PROBLEM_PRECONDITION, "");
	return judge_date(judgement);
}

enum lgp_problem judge_define(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	struct lgp_definition definition;
	if (lgp_definition_parse(lgp_noun_of(command->kind), command->payload, !command->amend,
	                         &definition) != LGP_OK)
		return problem_at(judgement, LGP_PROBLEM_MALFORMED, "");
	if (command->kind == LGP_KIND_LIMIT)
		return put_limit(judgement, &definition);
	if (command->kind == LGP_KIND_DELEGATION)
		return define_delegation(judgement, &definition);
	return command->amend ? define_again(judgement, &definition)
	                      : define_new(judgement, &definition);
}

/* ---- parties ------------------------------------------------------------------------------- */

enum lgp_problem judge_party(struct judgement *judgement)
{
	struct lgp_view payload = judgement->command->payload;
	judgement->entry->customer = judgement->ledger->now.size;
	if (payload.len > 0)
		memcpy(judgement->payload, payload.ptr, payload.len);
	judgement->payload_len = payload.len;
	return judge_date(judgement);
}
