/* liability_check: see liability.h.  Thread: one at a time. */
#include "tools/report/liability.h"

enum { COUNT_MOVED, COUNT_ACCOUNTS };
enum { SUM_MOVED, SUM_ACCOUNTS, SUM_TOLD, SUM_CLOSING };

static const struct sheet_column columns[] = {
        {"unit", "Unit", SHEET_TEXT, 0},
        {"closing", "Closing", SHEET_MONEY, 0},
        {"accounts", "Customers", SHEET_COUNT, 0},
        {"sum_of_accounts", "Sum of their accounts", SHEET_MONEY, 0},
        {"difference", "Difference", SHEET_MONEY, 0},
        {"moved", "Moved in the whole ledger", SHEET_MONEY, 0},
        {"told", "Sum of the balances that entries tell", SHEET_MONEY, 0},
        {"told_difference", "Difference", SHEET_MONEY, 0},
        {"equal", "Equal", SHEET_TEXT, 0},
};

enum lgp_status liability_check_init(struct liability_check *check)
{
	*check = (struct liability_check){.accounts = {0}};
	enum lgp_status status = slots_init(&check->accounts);
	if (status == LGP_OK)
		status = slots_init(&check->told);
	return status == LGP_OK ? groups_init(&check->units) : status;
}

void liability_check_deinit(struct liability_check *check)
{
	slots_deinit(&check->accounts);
	slots_deinit(&check->told);
	groups_deinit(&check->units);
}

/* ---- reading ------------------------------------------------------------------------------ */

enum lgp_status liability_check_entry(struct liability_check *check, const struct lgp_entry *entry,
                                      bool within)
{
	bool in = liability_of(entry->credit) != NO_LIABILITY;
	bool out = liability_of(entry->debit) != NO_LIABILITY;
	const int64_t part[GROUP_PARTS] = {(int64_t)entry->unit};
	uint64_t customer = (entry->customer & INT64_MAX) + 1;
	if (in == out)
		return LGP_OK;
	struct group *unit = groups_at(&check->units, part);
	struct slot *told = slots_put(&check->told, customer, entry->unit);
	struct slot *account = within ? slots_put(&check->accounts, customer, entry->unit) : NULL;
	if (unit == NULL || told == NULL || (within && account == NULL))
		return lgp_fault(LGP_NO_MEMORY, "no memory for the customers' accounts");
	int64_t change = in ? entry->amount : -entry->amount;
	told->amount = entry->balance;
	unit->count[COUNT_MOVED]++;
	unit->sum[SUM_MOVED] += change;
	if (within && __builtin_add_overflow(account->amount, change, &account->amount))
		return lgp_fault(LGP_CORRUPT,
		                 "entry %llu: its customer's account leaves 63 bits; verify says "
		                 "more",
		                 (unsigned long long)entry->seq);
	return LGP_OK;
}

__extension__ void liability_check_close(struct liability_check *check, int64_t unit,
                                         __int128 closing)
{
	const int64_t part[GROUP_PARTS] = {unit};
	struct group *group = groups_at(&check->units, part);
	require(group != NULL); /* the movements that it closes with were counted */
	group->sum[SUM_CLOSING] += closing;
}

/* ---- the sheet ---------------------------------------------------------------------------- */

static void sum_accounts(struct liability_check *check, const struct slots *accounts, size_t into,
                         bool count)
{
	const struct slot *slot;
	for (size_t at = 0; (slot = slots_next(accounts, &at)) != NULL;) {
		const int64_t part[GROUP_PARTS] = {(int64_t)slot->sub};
		struct group *unit = groups_at(&check->units, part);
		require(unit != NULL); /* made with the account */
		unit->sum[into] += slot->amount;
		unit->count[COUNT_ACCOUNTS] += count;
	}
}

static int by_unit(const void *a, const void *b, void *context)
{
	const struct group *first = a, *second = b;
	(void)context;
	return (first->part[0] > second->part[0]) - (first->part[0] < second->part[0]);
}

static void put_unit(struct report *report, struct sheet *sheet, const struct group *unit)
{
	unsigned scale = book_scale(report->book, (uint64_t)unit->part[0]);
	__extension__ __int128 off = unit->sum[SUM_CLOSING] - unit->sum[SUM_ACCOUNTS];
	__extension__ __int128 told_off = unit->sum[SUM_MOVED] - unit->sum[SUM_TOLD];
	put_name(report, sheet, LGP_KIND_UNIT, (uint64_t)unit->part[0]);
	put_money(report, sheet, unit->sum[SUM_CLOSING], scale);
	sheet_count(sheet, (int64_t)unit->count[COUNT_ACCOUNTS]);
	put_money(report, sheet, unit->sum[SUM_ACCOUNTS], scale);
	put_money(report, sheet, off, scale);
	put_money(report, sheet, unit->sum[SUM_MOVED], scale);
	put_money(report, sheet, unit->sum[SUM_TOLD], scale);
	put_money(report, sheet, told_off, scale);
	sheet_word(sheet, off == 0 && told_off == 0 ? "yes" : "NO");
}

void liability_check_put(struct liability_check *check, struct report *report)
{
	sum_accounts(check, &check->accounts, SUM_ACCOUNTS, true);
	sum_accounts(check, &check->told, SUM_TOLD, false);
	groups_sort(&check->units, by_unit, NULL);
	struct sheet *sheet =
	        sheet_new(report->document, "check", "The liability against the accounts", columns,
	                  sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < check->units.count; i++)
		put_unit(report, sheet, &check->units.list[i]);
	sheet_note(sheet, "Closing is added up from movements, the accounts customer by customer; "
	                  "both up to the last day asked for.");
	sheet_note(sheet, "Each entry tells its customer's balance after it.  The newest of each, "
	                  "added up, is held against all that moved, whatever the dates.");
}
