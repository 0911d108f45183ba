/* test_audit_state: state.mdb, as the ledger writes it, against the audit's replay;
 * and each kind of its records changed, taken away, or added. */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tools/audit/snapshot.h"
#include "tools/audit/verify.h"

#define MAP_BYTES ((size_t)1 << 30)
#define PLACES_MAX 256

/* ---- a ledger with every kind of record --------------------------------------------------- */

static struct lgp_outcome grant(struct fixture *f, uint64_t token, uint64_t customer,
                                int64_t amount)
{
	struct lgp_command command = fixture_grant(f, amount);
	command.token = token;
	command.customer = customer;
	command.incident = slug("room-1");
	command.ask = true;
	struct lgp_outcome out = fixture_judge(f, &command);
	fixture_commit(f);
	return out;
}

static void define_limits(struct fixture *f)
{
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 5000\n"
	                     "when_passed ask\n");
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id pair\nmeasure count\nper staff-customer\nwindow month\nmax 90\n");
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id room\nunit EUR\nmeasure amount\nper customer-incident\n"
	                     "window none\nmax 90000\n");
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id visits\nmeasure incidents\nper customer\nwindow year\nmax 9\n");
	uint64_t ended = fixture_define(
	        f, LGP_KIND_LIMIT, f->finance,
	        "id old\nunit EUR\nmeasure amount\nper site\nwindow week\nmax 90000\n");
	struct lgp_command end = fixture_command(f, LGP_KIND_LIMIT_END, f->finance);
	end.refers_to = ended;
	(void)fixture_do(f, &end);
}

static void own_account(struct fixture *f)
{
	char text[64];
	struct lgp_command command = fixture_command(f, LGP_KIND_STAFF, f->admin);
	snprintf(text, sizeof text, "customer %llu\n", (unsigned long long)f->customer);
	command.amend = true;
	command.refers_to = f->marc;
	command.payload = lgp_view_of(text);
	(void)fixture_do(f, &command);
}

static void settle(struct fixture *f)
{
	if (lgp_state_freeze(f->ledger, true))
		assert_int_equal(lgp_applier_step(f->ledger), LGP_OK);
}

static void make_ledger(struct fixture *f)
{
	fixture_programme(f);
	define_limits(f);
	own_account(f);
	struct lgp_command other = fixture_command(f, LGP_KIND_CUSTOMER, f->anna_token);
	other.payload = LGP_VIEW("household elm-4\n");
	uint64_t customer = fixture_do(f, &other);
	uint64_t first = grant(f, f->anna_token, f->customer, 700).seq;
	(void)grant(f, f->marc_token, customer, 900);
	assert_int_equal(grant(f, f->anna_token, customer, 4500).entry.kind, LGP_KIND_ASK);
	struct lgp_command reversal = fixture_command(f, LGP_KIND_REVERSAL, f->anna_token);
	reversal.refers_to = first;
	reversal.amount = 300;
	(void)fixture_do(f, &reversal);
	settle(f);
}

/* ---- the audit ------------------------------------------------------------------------------- */

static int audit(const char *dir, unsigned threads, char **text)
{
	size_t len;
	FILE *out = open_memstream(text, &len);
	assert_non_null(out);
	struct verify_options options = {.ledger = dir, .out = out, .threads = threads};
	int code = verify_run(&options);
	assert_int_equal(fclose(out), 0);
	return code;
}

static void expect_clean(const char *dir, const char *line)
{
	char *text;
	for (unsigned threads = 1; threads <= 2; threads++) {
		if (audit(dir, threads, &text) != 0 || strstr(text, line) == NULL)
			fail_msg("expected \"%s\":\n%s", line, text);
		free(text);
	}
}

/* Every finding is of the state, and there is one. */
static void expect_state(const char *dir, const char *what)
{
	char *text;
	int code = audit(dir, 2, &text);
	size_t findings = 0, of_state = 0;
	for (const char *at = text; (at = strstr(at, "finding: ")) != NULL; at++) {
		findings++;
		of_state += strncmp(at, "finding: state ", 15) == 0;
	}
	if (code != 1 || findings == 0 || findings != of_state)
		fail_msg("%s: exit %d:\n%s", what, code, text);
	free(text);
}

/* ---- records ---------------------------------------------------------------------------------- */

static const struct lgp_kv_table tables[] = {{"records", false}, {"meta", false}};

static struct lgp_kv *open_state(const struct fixture *f)
{
	char path[128];
	struct lgp_kv *kv;
	struct lgp_kv_options options = {
	        .tables = tables, .table_count = 2, .map_bytes = MAP_BYTES};
	snprintf(path, sizeof path, "%s/state.mdb", f->dir);
	assert_int_equal(lgp_kv_open(path, &options, &kv), LGP_OK);
	return kv;
}

struct record {
	char key[600], value[5000];
	size_t key_len, value_len;
};

/* The first records of each kind, by their first byte, and an 'N' by its tenth. */
static size_t read_records(const struct fixture *f, struct record *out)
{
	struct lgp_kv *kv = open_state(f);
	struct lgp_kv_txn *txn;
	struct lgp_kv_cursor *cursor;
	struct lgp_view key, value;
	size_t count = 0;
	assert_int_equal(lgp_kv_read_begin(kv, &txn), LGP_OK);
	assert_int_equal(lgp_kv_cursor_open(txn, 0, &cursor), LGP_OK);
	enum lgp_status status = lgp_kv_seek(cursor, LGP_VIEW("A"), &key, &value);
	for (; status == LGP_OK; status = lgp_kv_next(cursor, &key, &value)) {
		assert_true(count < PLACES_MAX && key.len <= sizeof out->key &&
		            value.len <= sizeof out->value);
		memcpy(out[count].key, key.ptr, key.len);
		memcpy(out[count].value, value.ptr, value.len);
		out[count].key_len = key.len;
		out[count++].value_len = value.len;
	}
	lgp_kv_cursor_close(cursor);
	lgp_kv_abort(txn);
	lgp_kv_close(kv);
	return count;
}

/* The records of a ledger that was made for it, and closed. */
static size_t make_records(struct fixture *f, struct record *records)
{
	make_ledger(f);
	fixture_close(f);
	return read_records(f, records);
}

/* value_len 0: takes it away. */
static void put(const struct fixture *f, size_t table, const struct record *record)
{
	struct lgp_kv *kv = open_state(f);
	struct lgp_kv_txn *txn;
	struct lgp_view key = {record->key, record->key_len};
	struct lgp_view value = {record->value, record->value_len};
	assert_int_equal(lgp_kv_write_begin(kv, &txn), LGP_OK);
	assert_int_equal(value.len > 0 ? lgp_kv_put(txn, table, key, value)
	                               : lgp_kv_delete(txn, table, key),
	                 LGP_OK);
	assert_int_equal(lgp_kv_commit(txn), LGP_OK);
	lgp_kv_close(kv);
}

static void what_the_ledger_writes_is_what_a_replay_has(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX];
	bool kinds[256] = {false};
	size_t count = make_records(&f, records);
	for (size_t i = 0; i < count; i++)
		kinds[(uint8_t)records[i].key[0]] = true;
	for (const char *kind = "CDEGILNRW"; *kind != '\0'; kind++)
		if (!kinds[(uint8_t)*kind])
			fail_msg("there is no record %c to compare", *kind);
	char line[64];
	snprintf(line, sizeof line, "compared at size 26, %zu records\n", count);
	expect_clean(f.dir, line);
	fixture_remove(&f);
}

static void state_that_lags_is_compared_where_it_stands(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	for (int i = 0; i < 5; i++)
		(void)grant(&f, f.marc_token, f.customer, 100);
	fixture_close(&f);
	expect_clean(f.dir, "compared at size 26, ");
	fixture_remove(&f);
}

/* The first six bytes of a key's MAC are those of f->keys here. */
static void keys_that_begin_alike_are_two(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	uint64_t keys = f.keys;
	for (uint64_t i = 0; i < 3; i++) {
		f.keys = keys + (i << 48);
		(void)grant(&f, f.marc_token, f.customer, 100);
	}
	fixture_close(&f);
	expect_clean(f.dir, "entries: 29");
	fixture_remove(&f);
}

static void every_record_that_is_changed_is_named(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX], changed;
	size_t count = make_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		changed = records[i];
		changed.value[changed.value_len - 1] ^= 1;
		put(&f, 0, &changed);
		expect_state(f.dir, "a changed record");
		put(&f, 0, &records[i]);
	}
	expect_clean(f.dir, "compared at size 26, ");
	fixture_remove(&f);
}

/* Kind, newest entry, flags, how many sites, and the first of them. */
static void every_byte_of_a_party_that_is_changed_is_named(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX], changed;
	size_t count = make_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		if (records[i].key[0] != 'N' || records[i].key[9] != 'P')
			continue;
		for (size_t at = 0; at < records[i].value_len; at++) {
			changed = records[i];
			changed.value[at] ^= (char)(at == 9 ? 1 << (i % 3) : 1);
			put(&f, 0, &changed);
			expect_state(f.dir, "a changed byte of a party");
		}
		put(&f, 0, &records[i]);
	}
	expect_clean(f.dir, "compared at size 26, ");
	fixture_remove(&f);
}

static void every_record_that_is_taken_away_is_named(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX], gone;
	size_t count = make_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		gone = records[i];
		gone.value_len = 0;
		put(&f, 0, &gone);
		expect_state(f.dir, "a record taken away");
		put(&f, 0, &records[i]);
	}
	fixture_remove(&f);
}

static void a_record_too_many_is_named(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX], added, gone;
	size_t count = make_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		added = records[i];
		if (added.key[0] == 'G')
			continue;
		/* Another number in the same kind's key; an account's or counter's, the last. */
		bool last = added.key_len > 17;
		added.key[last ? added.key_len - 1 : 7] ^= 0x40;
		put(&f, 0, &added);
		expect_state(f.dir, "a record too many");
		gone = added;
		gone.value_len = 0;
		put(&f, 0, &gone);
	}
	added = (struct record){.key = "X", .key_len = 1, .value = "x", .value_len = 1};
	put(&f, 0, &added);
	expect_state(f.dir, "a record of no kind");
	fixture_remove(&f);
}

/* Numbers that no entry has are those of nothing that an entry has. */
static void a_number_that_no_entry_has_is_named(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX], added, gone;
	size_t count = make_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		if (strchr("CGI", records[i].key[0]) != NULL)
			continue;
		/* Beside the one that it is like, and instead of it. */
		for (int greatest = 0; greatest < 2; greatest++) {
			added = gone = records[i];
			gone.value_len = 0;
			added.key[1] ^= 0x40;
			if (greatest != 0)
				memset(added.key + 1, 0xff, 8);
			put(&f, 0, &added);
			expect_state(f.dir, "a number that no entry has");
			put(&f, 0, &gone);
			expect_state(f.dir, "a number that no entry has, instead of one that has");
			put(&f, 0, &records[i]);
			added.value_len = 0;
			put(&f, 0, &added);
		}
	}
	expect_clean(f.dir, "compared at size 26, ");
	fixture_remove(&f);
}

/* A counter for one is not one for two of which the second is nobody. */
static void a_counter_of_another_form_is_named(void **state)
{
	(void)state;
	struct fixture f;
	static struct record records[PLACES_MAX], added;
	size_t count = make_records(&f, records), added_count = 0;
	for (size_t i = 0; i < count; i++) {
		added = records[i];
		if (added.key[0] != 'C' || added.key_len != 21)
			continue;
		for (size_t len = 29; len <= 53; len += 24) {
			added = records[i];
			added.key_len = len;
			put(&f, 0, &added);
			expect_state(f.dir, "a counter of another form");
			added.value_len = 0;
			put(&f, 0, &added);
			added_count++;
		}
	}
	assert_int_not_equal(added_count, 0);
	fixture_remove(&f);
}

static void change_parties(const struct fixture *f, const uint64_t *number, size_t count)
{
	struct lgp_kv *kv = open_state(f);
	struct lgp_kv_txn *txn;
	assert_int_equal(lgp_kv_write_begin(kv, &txn), LGP_OK);
	for (size_t i = 0; i < count; i++) {
		char key[10] = "N", changed[64];
		struct lgp_view value;
		lgp_put_be((uint8_t *)key + 1, number[i], 8);
		key[9] = 'P';
		assert_int_equal(lgp_kv_get(txn, 0, (struct lgp_view){key, 10}, &value), LGP_OK);
		assert_true(value.len <= sizeof changed);
		memcpy(changed, value.ptr, value.len);
		changed[1] ^= 1;
		assert_int_equal(lgp_kv_put(txn, 0, (struct lgp_view){key, 10},
		                            (struct lgp_view){changed, value.len}),
		                 LGP_OK);
	}
	assert_int_equal(lgp_kv_commit(txn), LGP_OK);
	lgp_kv_close(kv);
}

static void expect_findings(const char *dir, size_t count)
{
	char *text;
	size_t findings = 0;
	assert_int_equal(audit(dir, 1, &text), 1);
	for (const char *at = text; (at = strstr(at, "finding: state ")) != NULL; at++)
		findings++;
	assert_int_equal(findings, count);
	free(text);
}

/* The copy is made, and read back, in pieces of 4,096 records. */
static void state_of_several_pieces_is_compared_whole(void **state)
{
	(void)state;
	struct fixture f;
	uint64_t customer[3 * 4096];
	make_ledger(&f);
	for (size_t i = 0; i < 3 * 4096; i++) {
		struct lgp_command command = fixture_command(&f, LGP_KIND_CUSTOMER, f.anna_token);
		customer[i] = fixture_judge(&f, &command).seq;
		if (i % 512 == 511)
			fixture_commit(&f);
	}
	settle(&f);
	fixture_close(&f);
	char line[64];
	snprintf(line, sizeof line, "compared at size %llu, ",
	         (unsigned long long)customer[3 * 4096 - 1] + 1);
	expect_clean(f.dir, line);
	/* Where the second piece ends, and around: each of their newest entries.  The
	 * records of the third lie where they lay. */
	change_parties(&f, customer + 2 * 4096 - 112, 128);
	expect_findings(f.dir, 128);
	fixture_remove(&f);
}

static void another_root_or_a_later_position_is_named(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	static struct record mark = {.key = "position", .key_len = 8, .value_len = 40};
	mark.value[0] = 26;
	put(&f, 1, &mark);
	expect_state(f.dir, "another root");
	mark.value[0] = 27;
	put(&f, 1, &mark);
	expect_state(f.dir, "a position behind the end");
	mark.value[0] = 0;
	put(&f, 1, &mark);
	expect_clean(f.dir, "state.mdb: not compared: nothing of this format");
	fixture_remove(&f);
}

static void state_that_is_gone_or_garbage_is_told(void **state)
{
	(void)state;
	struct fixture f;
	char path[128];
	make_ledger(&f);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/state.mdb", f.dir);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	for (int i = 0; i < 3 * 4096; i++)
		assert_int_not_equal(fputc(i * 7, file), EOF);
	assert_int_equal(fclose(file), 0);
	expect_state(f.dir, "garbage");
	assert_int_equal(remove(path), 0);
	expect_clean(f.dir, "state.mdb: not there");
	fixture_remove(&f);
}

/* What meets an entry is found some entries ahead; the week is the site's by then. */
static void a_week_that_changes_is_that_of_the_moment(void **state)
{
	(void)state;
	struct fixture f;
	fixture_programme(&f);
	(void)fixture_define(&f, LGP_KIND_LIMIT, f.finance,
	                     "id week\nunit EUR\nmeasure amount\nper site\nwindow week\n"
	                     "max 1000\n");
	assert_int_equal(grant(&f, f.anna_token, f.customer, 1000).verdict, LGP_ACCEPTED);
	for (size_t i = 0; i < 32; i++) { /* so that the limit is known that far ahead */
		struct lgp_command other = fixture_command(&f, LGP_KIND_CUSTOMER, f.anna_token);
		(void)fixture_do(&f, &other);
	}
	f.now_us += DAY_US; /* from Friday to Saturday */
	struct lgp_command command = fixture_command(&f, LGP_KIND_SITE, f.admin);
	command.amend = true;
	command.refers_to = f.site;
	command.payload = LGP_VIEW("week_starts saturday\n");
	(void)fixture_do(&f, &command);
	assert_int_equal(grant(&f, f.anna_token, f.customer, 1000).verdict, LGP_ACCEPTED);
	settle(&f);
	fixture_close(&f);
	expect_clean(f.dir, "compared at size ");
	fixture_remove(&f);
}

/* ---- where customers are known --------------------------------------------------------- */

#define SITES 16

struct somewhere {
	struct fixture f;
	uint64_t site[SITES], token;            /* of one who is at all but the last */
	uint64_t at_three, at_most, everywhere; /* customers */
};

static struct lgp_outcome thank(struct somewhere *s, uint64_t customer, const char *site)
{
	struct lgp_command command = fixture_command(&s->f, LGP_KIND_THANKS, s->token);
	command.customer = customer;
	command.reason = slug("late-room");
	command.site = slug(site);
	struct lgp_outcome out = fixture_judge(&s->f, &command);
	fixture_commit(&s->f);
	return out;
}

static void thank_at_first(struct somewhere *s, uint64_t customer, unsigned sites)
{
	char id[16];
	for (unsigned i = 0; i < sites; i++) {
		snprintf(id, sizeof id, "s%c", 'a' + i);
		assert_int_equal(thank(s, customer, id).verdict, LGP_ACCEPTED);
	}
}

static uint64_t open_customer(struct somewhere *s, uint64_t token)
{
	struct lgp_command command = fixture_command(&s->f, LGP_KIND_CUSTOMER, token);
	return fixture_do(&s->f, &command);
}

/* sa to sp. */
static void define_sites(struct somewhere *s)
{
	struct fixture *f = &s->f;
	char text[256], list[64] = "sa", line[64];
	for (unsigned i = 0; i < SITES; i++) {
		snprintf(line, sizeof line, "id s%c\ntimezone Etc/UTC\n", 'a' + i);
		s->site[i] = fixture_define(f, LGP_KIND_SITE, f->admin, line);
		if (i > 0 && i < SITES - 1)
			snprintf(list + 3 * i - 1, sizeof list - 3 * i + 1, ",s%c", 'a' + i);
	}
	snprintf(text, sizeof text,
	         "id carl\nrole staff\nsite paris\nsites %s\nbudget front-desk\n", list);
	(void)fixture_define(f, LGP_KIND_STAFF, f->admin, text);
	s->token = fixture_define(f, LGP_KIND_TOKEN, f->admin,
	                          "role staff\nsubject carl\nhash "
	                          "dddddddddddddddddddddddddddddddd"
	                          "dddddddddddddddddddddddddddddddd\n");
}

/* Opened at a site and thanked at others, twice at some; refused where nobody of theirs
 * may act; opened at no site. */
static void make_known(struct somewhere *s)
{
	fixture_programme(&s->f);
	define_sites(s);
	s->at_three = open_customer(s, s->f.anna_token);
	assert_int_equal(thank(s, s->at_three, "sp").verdict, LGP_REFUSED);
	thank_at_first(s, s->at_three, 2);
	thank_at_first(s, s->at_three, 2);
	s->at_most = open_customer(s, s->f.marc_token);
	thank_at_first(s, s->at_most, 14);
	s->everywhere = open_customer(s, s->f.anna_token);
	thank_at_first(s, s->everywhere, 15);
	thank_at_first(s, s->everywhere, 1);
	thank_at_first(s, open_customer(s, s->f.till_token), 3);
	settle(&s->f);
	fixture_close(&s->f);
}

/* The record of a party as the ledger has it. */
static struct record party_record(const struct fixture *f, uint64_t number)
{
	static struct record records[PLACES_MAX];
	size_t count = read_records(f, records);
	char key[10] = "N";
	lgp_put_be((uint8_t *)key + 1, number, 8);
	key[9] = 'P';
	for (size_t i = 0; i < count; i++)
		if (records[i].key_len == sizeof key &&
		    memcmp(records[i].key, key, sizeof key) == 0)
			return records[i];
	fail_msg("there is no party %llu", (unsigned long long)number);
	return records[0];
}

/* Its flags and sites, instead of those that there are. */
static void expect_known(const struct fixture *f, uint64_t number, char flags, size_t count,
                         const uint64_t *sites, const char *said)
{
	char *text, line[256];
	struct record record = party_record(f, number), made = record;
	made.value[9] = flags;
	made.value[10] = (char)count;
	made.value_len = 11 + 8 * count;
	for (size_t i = 0; i < count; i++)
		lgp_put_le((uint8_t *)made.value + 11 + 8 * i, sites[i], 8);
	put(f, 0, &made);
	snprintf(line, sizeof line,
	         "finding: state ledger: the customer %llu is known %s\nledger: ",
	         (unsigned long long)number, said);
	assert_int_equal(audit(f->dir, 1, &text), said[0] == '\0' ? 0 : 1);
	if (said[0] != '\0' && strncmp(text, line, strlen(line)) != 0)
		fail_msg("expected %s\nbut:\n%s", line, text);
	free(text);
	put(f, 0, &record);
}

static void customers_are_known_where_they_were(void **state)
{
	(void)state;
	struct somewhere s;
	make_known(&s);
	expect_clean(s.f.dir, "compared at size ");
	const uint64_t three[] = {s.f.site, s.site[0], s.site[1]};
	expect_known(&s.f, s.at_three, 0, 3, three, "");
	assert_int_equal(party_record(&s.f, s.at_most).value[10], 15);
	assert_int_equal(party_record(&s.f, s.everywhere).value[9], 1);
	assert_int_equal(party_record(&s.f, s.everywhere).value[10], 0);
	fixture_remove(&s.f);
}

static void a_site_too_many_or_few_or_another_is_named(void **state)
{
	(void)state;
	struct somewhere s;
	char said[128];
	make_known(&s);
	const uint64_t sites[] = {s.f.site, s.site[0], s.site[1], s.site[2]};
	expect_known(&s.f, s.at_three, 0, 4, sites, "at 4 sites, in a replay at 3 sites");
	expect_known(&s.f, s.at_three, 0, 2, sites, "at 2 sites, in a replay at 3 sites");
	expect_known(&s.f, s.at_three, 0, 1, sites, "at 1 site, in a replay at 3 sites");
	expect_known(&s.f, s.at_three, 1, 0, sites, "everywhere, in a replay at 3 sites");
	expect_known(&s.f, s.at_three, 1, 3, sites,
	             "everywhere and at 3 sites, in a replay at 3 sites");
	expect_known(&s.f, s.at_most, 1, 0, sites, "everywhere, in a replay at 15 sites");
	expect_known(&s.f, s.everywhere, 0, 0, sites, "at 0 sites, in a replay everywhere");
	expect_known(&s.f, s.everywhere, 1, 1, sites,
	             "everywhere and at 1 site, in a replay everywhere");
	const uint64_t swapped[] = {s.f.site, s.site[1], s.site[0]};
	snprintf(said, sizeof said, "at site %llu as number 2 of 3, in a replay as number 3",
	         (unsigned long long)s.site[1]);
	expect_known(&s.f, s.at_three, 0, 3, swapped, said);
	const uint64_t twice[] = {s.f.site, s.f.site, s.site[0]};
	snprintf(said, sizeof said, "at site %llu as number 2 of 3, in a replay as number 1",
	         (unsigned long long)s.f.site);
	expect_known(&s.f, s.at_three, 0, 3, twice, said);
	const uint64_t refused[] = {s.f.site, s.site[0], s.site[15]};
	snprintf(said, sizeof said, "at site %llu as number 3 of 3, in a replay not",
	         (unsigned long long)s.site[15]);
	expect_known(&s.f, s.at_three, 0, 3, refused, said);
	const uint64_t none[] = {s.f.site, 0, s.site[1]};
	expect_known(&s.f, s.at_three, 0, 3, none, "at site 0 as number 2 of 3, in a replay not");
	fixture_remove(&s.f);
}

static void a_party_of_another_length_than_it_tells_is_named(void **state)
{
	(void)state;
	struct somewhere s;
	make_known(&s);
	const struct record three = party_record(&s.f, s.at_three);
	const size_t forms[][2] = {{3, 11 + 8 * 4},     {3, 11 + 8 * 2},   {3, 11},
	                           {3, 11 + 8 * 3 - 1}, {16, 11 + 8 * 16}, {255, 11 + 8 * 3},
	                           {255, 11 + 8 * 255}};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct record made = three;
		made.value[10] = (char)forms[i][0];
		made.value_len = forms[i][1];
		put(&s.f, 0, &made);
		expect_state(s.f.dir, "a party of another length");
	}
	put(&s.f, 0, &three);
	expect_clean(s.f.dir, "compared at size ");
	fixture_remove(&s.f);
}

/* ---- between two positions -------------------------------------------------------------- */

static struct record meta_of(const char *name, const char *value, size_t len)
{
	struct record record = {.key_len = strlen(name), .value_len = len};
	memcpy(record.key, name, record.key_len);
	memcpy(record.value, value, len);
	return record;
}

static enum snapshot_is look(const char *dir, unsigned patience_ms)
{
	struct snapshot *snapshot;
	enum snapshot_is is;
	assert_int_equal(snapshot_take(dir, patience_ms, &is, &snapshot), LGP_OK);
	snapshot_free(snapshot);
	return is;
}

static void state_between_two_positions_is_waited_for(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	struct record merging = meta_of("merging", "12345678", 8);
	put(&f, 1, &merging);
	assert_int_equal(look(f.dir, 50), SNAPSHOT_BETWEEN);
	pid_t child = fork();
	if (child == 0) { /* whoever brings it forward, and comes to the end */
		merging.value_len = 0;
		usleep(200000);
		put(&f, 1, &merging);
		_exit(0);
	}
	assert_int_equal(look(f.dir, SNAPSHOT_PATIENCE_MS), SNAPSHOT_HERE);
	assert_int_equal(waitpid(child, NULL, 0), child);
	expect_clean(f.dir, "compared at size ");
	fixture_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_the_ledger_writes_is_what_a_replay_has),
	        cmocka_unit_test(state_that_lags_is_compared_where_it_stands),
	        cmocka_unit_test(keys_that_begin_alike_are_two),
	        cmocka_unit_test(every_record_that_is_changed_is_named),
	        cmocka_unit_test(every_byte_of_a_party_that_is_changed_is_named),
	        cmocka_unit_test(every_record_that_is_taken_away_is_named),
	        cmocka_unit_test(a_record_too_many_is_named),
	        cmocka_unit_test(a_number_that_no_entry_has_is_named),
	        cmocka_unit_test(a_counter_of_another_form_is_named),
	        cmocka_unit_test(customers_are_known_where_they_were),
	        cmocka_unit_test(a_site_too_many_or_few_or_another_is_named),
	        cmocka_unit_test(a_party_of_another_length_than_it_tells_is_named),
	        cmocka_unit_test(state_of_several_pieces_is_compared_whole),
	        cmocka_unit_test(a_week_that_changes_is_that_of_the_moment),
	        cmocka_unit_test(another_root_or_a_later_position_is_named),
	        cmocka_unit_test(state_that_is_gone_or_garbage_is_told),
	        cmocka_unit_test(state_between_two_positions_is_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
