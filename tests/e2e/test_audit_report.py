"""lagniappe-audit report: every figure added up again, by Python, from GET /v1/entries."""
import collections
import csv
import datetime
import html.parser
import io
import json
import os
import pty
import re
import subprocess

import openpyxl
import pytest

from harness import ROOT, program, run_program, set_up_programme

SAMPLE = ROOT / "tests" / "data" / "spend-sample.csv"
MAP = ("date=TRANS DATE,amount=ORIGINAL GROSS AMT,staff=CARD NUMBER,reason=TRANS CAC DESC 1,"
       "party=MERCHANT NAME,budget=Directorate")
SCALES = {"EUR": 2, "PTS": 0, "GBP": 2, "LP-3": 3}
WEEK_STARTS = {"paris": 0, "dubai": 6}
DONE, COULD_NOT_RUN = 0, 2


def report(server, *args, code=DONE, **kwargs):
    done = run_program("lagniappe-audit", "report", server.data, *args, **kwargs)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return done.stdout if code == DONE else done.stderr


def sheets(server, *args):
    told = json.loads(report(server, *args, "--format", "json"))
    return {sheet["name"]: sheet for sheet in told["sheets"]}


def picked(lines, *columns):
    return [tuple(line[name] for name in columns) for line in lines]


# --- a programme with something of everything ---


def limit(programme, name, **fields):
    answer = programme.server.request("PUT", f"/v1/limits/{name}", json=fields,
                                      token=programme.finance)
    assert answer.status_code == 201, answer.text


def give(programme, token, amount, status=201, **fields):
    body = {"customer": programme.customer, "amount": amount, "unit": "EUR",
            "reason": "late-room", **fields}
    answer = programme.server.post("/v1/grants", json=body, token=token)
    assert answer.status_code == status, answer.text
    return answer.json()


def decide(programme, seq, token, how):
    answer = programme.server.post(f"/v1/approvals/{seq}/{how}", json={}, token=token)
    assert answer.status_code in (200, 201), answer.text


def import_lines(programme):
    server, lines = programme.server, []
    for i in range(120):
        day = datetime.date(2019, 12, 20) + datetime.timedelta(days=i * 7 + i % 3)
        staff, budget = (("anna", "front-desk"), ("dina", "souk"))[i % 2]
        lines.append({"key": f"old-{i}", "business_date": day.isoformat(), "unit": "EUR",
                      "amount": (-1 if i % 10 == 7 else 1) * (1000 + 37 * i), "staff": staff,
                      "budget": budget, "reason": "late-room",
                      **({"party": f"Shop {i % 5}"} if i % 4 else {})})
    answer = server.request("POST", "/v1/imports", token=server.admin,
                            data="".join(json.dumps(line) + "\n" for line in lines),
                            headers={"Content-Type": "application/x-ndjson"})
    assert {json.loads(line)["status"] for line in answer.text.splitlines()} == {201}


def second_site(programme):
    """Dubai: weeks from Sunday, another budget, points, and a unit with a digit in its name."""
    server, admin = programme.server, programme.admin
    server.made("/v1/units", {"code": "LP-3", "scale": 3, "kind": "points", "name": "Leaves"},
                admin)
    server.made("/v1/sites", {"id": "dubai", "name": "Dubai", "timezone": "Asia/Dubai",
                              "week_starts": "sunday"}, admin)
    for budget, unit in (("souk", "EUR"), ("stars", "PTS"), ("leaves", "LP-3")):
        server.made("/v1/budgets", {"id": budget, "site": "dubai", "unit": unit, "name": budget},
                    admin)
        server.made(f"/v1/budgets/{budget}/allotments", {"amount": 500000}, programme.finance)
    server.made("/v1/reasons", {"id": "birthday", "name": "A birthday", "kind": "discretionary"},
                admin)
    server.made("/v1/staff", {"id": "dina", "name": "Dina Dahl", "role": "staff", "site": "dubai",
                              "budget": "souk", "budgets": ["stars", "leaves"]}, admin)
    server.made("/v1/staff", {"id": "nora", "name": "Nora Noor", "role": "staff", "site": "paris",
                              "budget": "front-desk"}, admin)
    programme.dina = server.token("staff", subject="dina")
    programme.nora = server.token("staff", subject="nora")


def limits_and_asks(programme):
    server, anna = programme.server, programme.anna
    limit(programme, "desk-day", scope={"staff": "anna"}, unit="EUR", measure="amount",
          per="staff", window="day", max=10000, when_passed="ask")
    limit(programme, "promise", unit="EUR", measure="amount", per="customer-incident",
          window="none", max=6000, when_passed="refuse", scope={"site": "paris"})
    limit(programme, "dubai-week", scope={"site": "dubai"}, unit="PTS", measure="amount",
          per="site", window="week", max=1000)
    limit(programme, "thrice", scope={"staff": "dina"}, measure="count", per="staff-customer",
          window="month", max=40)
    limit(programme, "one-grant", unit="LP-3", measure="amount", per="grant", window="none",
          max=9000)
    limit(programme, "boss-day", scope={"role": "manager"}, unit="EUR", measure="amount",
          per="staff", window="day", max=20000)
    first = give(programme, anna, 3000, incident="room-1", touchpoint="lobby")
    give(programme, anna, 2500, incident="room-1")
    give(programme, anna, 501, 403, incident="room-1")           # promise: 5,500 of 6,000
    give(programme, anna, 2000, incident="room-2", reason="late-room")
    server.made(f"/v1/entries/{first['seq']}/reverse", {"note": "half", "amount": 1200}, anna)
    give(programme, anna, 5000, 403, incident="room-3")          # desk-day
    asks = [give(programme, anna, 5000 + i, 202, incident=f"room-1{i}", if_over="ask")["seq"]
            for i in range(4)]
    decide(programme, asks[0], programme.marc, "approve")
    decide(programme, asks[1], programme.marc, "decline")
    decide(programme, asks[2], anna, "decline")                  # withdrawn; the last one waits
    server.made("/v1/delegations", {"to": "nora", "unit": "EUR", "ceiling": 9000,
                                    "until": "2999-01-01"}, programme.marc)
    lent = give(programme, anna, 4000, 202, incident="room-5", if_over="ask")["seq"]
    decide(programme, lent, programme.nora, "approve")


def gifts(programme):
    server, dina = programme.server, programme.dina
    other = server.made("/v1/customers", {"reference": "booking-2"}, dina)["id"]
    for i in range(15):
        give(programme, dina, 50 + i, unit="PTS", budget="stars", customer=other,
             reason="birthday", incident="trip")
        give(programme, dina, 1000 + i, unit="LP-3", budget="leaves", customer=other)
    give(programme, dina, 900, 403, unit="PTS", budget="stars", customer=other)
    give(programme, dina, 9001, 403, unit="LP-3", budget="leaves", customer=other)
    give(programme, dina, 10**9, 409, customer=other)
    last = give(programme, dina, 4321, customer=other)
    server.made(f"/v1/entries/{last['seq']}/reverse", {"note": "all of it"}, dina)
    for token, customer, minutes in ((programme.anna, programme.customer, 5),
                                     (programme.anna, programme.customer, 7), (dina, other, 30)):
        server.made("/v1/thanks", {"customer": customer, "reason": "kind-word",
                                   "minutes": minutes}, token)


@pytest.fixture(scope="module")
def busy(server):
    programme = set_up_programme(server)
    second_site(programme)
    import_lines(programme)
    limits_and_asks(programme)
    gifts(programme)
    server.made("/v1/budgets/front-desk/allotments", {"amount": -2500}, programme.finance)
    return programme


@pytest.fixture(scope="module")
def entries(busy):
    """As the auditor reads them, customers by their numbers."""
    found, after = [], None
    while True:
        path = "/v1/entries?page_size=1000" + (f"&after={after}" if after is not None else "")
        page = busy.server.get(path, token=busy.auditor).json()["entries"]
        if not page:
            break
        found += page
        after = page[-1]["seq"]
    numbers = {entry["customer"]: entry["seq"] for entry in found if entry["kind"] == "customer"}
    for entry in found:
        if "customer" in entry:
            entry["customer"] = numbers[entry["customer"]]
    return found


# --- spend ---


def period(entry, axis):
    day = datetime.date.fromisoformat(entry["business_date"])
    if axis == "day":
        return day.isoformat()
    if axis == "week":
        into = (day.weekday() - WEEK_STARTS[entry["site"]]) % 7
        middle = day - datetime.timedelta(days=into - 3)
        return f"{middle.year:04}-W{(middle.timetuple().tm_yday - 1) // 7 + 1:02}"
    return {"month": f"{day.year:04}-{day.month:02}",
            "quarter": f"{day.year:04}-Q{(day.month + 2) // 3}", "year": f"{day.year:04}"}[axis]


def value(entry, axis):
    if axis in ("day", "week", "month", "quarter", "year"):
        return period(entry, axis)
    if axis == "customer":
        return (f"customer {entry['customer']}" if "customer" in entry else
                f"party {entry['party']}" if "party" in entry else "none")
    return entry.get(axis, "none")


def spending(entries):
    """(entry, given, taken back) of each entry that spends."""
    for entry in entries:
        if entry["kind"] == "grant" or (entry["kind"] == "import" and entry["amount"] >= 0):
            yield entry, entry["amount"], 0
        elif entry["kind"] in ("reversal", "import"):
            yield entry, 0, abs(entry["amount"])


def expected_spend(entries, axes):
    groups = collections.defaultdict(lambda: [0, 0, 0, 0, []])
    for entry, given, back in spending(entries):
        is_given = entry["kind"] != "reversal" and entry["amount"] >= 0
        group = groups[(entry["unit"], *(value(entry, axis) for axis in axes))]
        group[0] += is_given
        group[1] += given
        group[2] += not is_given
        group[3] += back
        group[4].append(entry["seq"])
    return {key: (*group[:4], group[1] - group[3], min(group[4]), max(group[4]), group[1])
            for key, group in groups.items()}


def check_spend(server, entries, by, *args):
    axes = by.split(",")
    expected = expected_spend(entries, axes)
    told = sheets(server, "spend", "--by", by, *args)
    assert set(told) == {key[0] for key in expected}
    found = {}
    for unit, sheet in told.items():
        for line in sheet["rows"]:
            key = (line["unit"], *(line[axis] for axis in axes))
            assert line["unit"] == unit and key not in found
            found[key] = line
            assert line["granted_scale"] == SCALES[unit]
            count, granted = expected[key][0], expected[key][1]
            average = (2 * granted + count) // (2 * count) if count else None
            assert line["average"] == average
        [total] = sheet["totals"]
        of_unit = [line for key, line in found.items() if key[0] == unit]
        for column in ("count", "granted", "reversals", "reversed", "net"):
            assert total[column] == sum(line[column] for line in of_unit)
        for line in of_unit:
            assert line["share"] == pytest.approx(line["net"] / total["net"], abs=1e-4)
    columns = ("count", "granted", "reversals", "reversed", "net", "first_entry", "last_entry")
    assert {key: tuple(line[name] for name in columns) for key, line in found.items()} == {
        key: figures[:7] for key, figures in expected.items()}
    return told


@pytest.mark.parametrize("by", [
    "staff", "site", "budget", "reason", "touchpoint", "customer", "day", "week", "month",
    "quarter", "year", "staff,month", "site,week", "quarter,reason", "customer,staff"])
def test_spend_is_what_the_entries_add_up_to(busy, entries, by):
    check_spend(busy.server, entries, by)


def test_spend_goes_by_business_dates_the_first_in_and_the_last_out(busy, entries):
    days = [entry["business_date"] for entry in entries if entry["kind"] == "import"]
    first, last = days[20], days[70]
    within = [entry for entry in entries if first <= entry["business_date"] < last]
    assert len(within) == 50
    check_spend(busy.server, within, "staff,quarter", "--from", first, "--to", last)


def test_imported_history_can_be_left_out_and_one_unit_asked_for(busy, entries):
    own = [entry for entry in entries if entry["kind"] != "import"]
    check_spend(busy.server, own, "staff", "--exclude-imported")
    euros = [entry for entry in own if entry.get("unit") == "EUR"]
    check_spend(busy.server, euros, "month", "--exclude-imported", "--unit", "EUR")


def test_as_of_is_what_the_ledger_knew_then(busy, entries):
    middle = [entry for entry in entries if entry["kind"] == "grant"][5]
    known = [entry for entry in entries if entry["time"] <= middle["time"]]
    check_spend(busy.server, known, "staff", "--as-of", middle["time"])
    # The imported payments are of those years, and were written down much later.
    told = sheets(busy.server, "spend", "--as-of", "2020-06-30")
    assert told["any unit"]["rows"] == []
    today = max(entry["business_date"] for entry in entries if entry["kind"] == "grant")
    check_spend(busy.server, entries, "staff", "--as-of", today)


def test_names_are_by_what_was_spent_and_periods_in_their_order(busy):
    staff = sheets(busy.server, "spend", "--by", "staff")["EUR"]
    nets = [line["net"] for line in staff["rows"]]
    assert nets == sorted(nets, reverse=True)
    months = [line["month"] for line in sheets(busy.server, "spend")["EUR"]["rows"]]
    assert months == sorted(months) and len(months) > 20


def test_figures_lead_to_their_entries(busy, entries):
    listed = sheets(busy.server, "spend", "--by", "staff", "--entries")["entries"]["rows"]
    assert [line["entry"] for line in listed] == [entry["seq"] for entry, *_ in spending(entries)]
    for line, (entry, *_) in zip(listed, spending(entries)):
        assert line["time"] == entry["time"] and line["business_date"] == entry["business_date"]
        assert (line["kind"], line["unit"], line["amount"]) == (
            entry["kind"], entry["unit"], abs(entry["amount"]))
        assert line["balance"] == entry.get("balance")
        for name in ("staff", "site", "budget", "reason", "touchpoint", "incident", "refers_to"):
            assert line[name] == entry.get(name), (name, line, entry)


# --- liability ---


LIABILITY = {"grant": ("granted", 1), "reversal": ("reversed", -1)}


def expected_liability(entries, key, first="0000"):
    found = {}
    for entry in entries:
        if entry["kind"] not in LIABILITY:
            continue
        flow, sign = LIABILITY[entry["kind"]]
        line = found.setdefault((entry["unit"], *key(entry)), collections.Counter())
        if entry["business_date"] < first:
            line["opening"] += sign * entry["amount"]
        else:
            line[flow] += entry["amount"]
            line["movements"] += 1
            line["first_entry"] = line["first_entry"] or entry["seq"]
            line["last_entry"] = entry["seq"]
    for line in found.values():
        line["closing"] = line["opening"] + line["granted"] - line["reversed"]
    return found


FLOWS = ("opening", "granted", "earned", "redeemed", "expired", "reversed", "closing", "movements")


def check_liability(found, expected):
    for key, line in found.items():
        assert {name: line[name] for name in FLOWS} == {
            name: expected[key][name] for name in FLOWS}, key
        assert line["liability"] == "discretionary"
    assert set(found) == set(expected)


def test_liability_is_what_customers_hold(busy, entries):
    told = sheets(busy.server, "liability")
    found = {(unit,): line for unit in ("EUR", "PTS", "LP-3") for line in told[unit]["rows"]}
    check_liability(found, expected_liability(entries, lambda entry: ()))
    held = collections.Counter()
    for customer in {entry["customer"] for entry in entries if "customer" in entry}:
        newest = {}
        for entry in entries:
            if entry.get("customer") == customer and "balance" in entry:
                newest[entry["unit"]] = entry["balance"]
        held.update(newest)
    assert {key[0]: line["closing"] for key, line in found.items()} == held
    for line in told["check"]["rows"]:
        assert line["closing"] == line["sum_of_accounts"] == line["moved"] == line["told"] \
            == held[line["unit"]]
        assert (line["difference"], line["told_difference"], line["equal"]) == (0, 0, "yes")
    assert len(told["check"]["rows"]) == 3


def test_liability_equals_the_balances_that_the_server_tells(busy, entries):
    told = sheets(busy.server, "liability")
    customers = [entry for entry in busy.server.entries() if entry["kind"] == "customer"]
    for unit in ("EUR", "PTS", "LP-3"):
        total = sum(busy.server.balance(entry["customer"], busy.finance, unit)
                    for entry in customers)
        assert told[unit]["totals"][0]["closing"] == total


def test_liability_by_site_and_period_goes_on_where_it_was(busy, entries):
    today = max(entry["business_date"] for entry in entries if entry["kind"] == "grant")
    told = sheets(busy.server, "liability", "--by", "site,day")
    found = {}
    for unit in ("EUR", "PTS", "LP-3"):
        for line in told[unit]["rows"]:
            found[(unit, line["site"], line["day"])] = line
    expected = expected_liability(entries, lambda e: (e["site"], e["business_date"]))
    carried = {}
    for key in sorted(expected):
        expected[key]["opening"] = carried.get(key[:2], 0)
        expected[key]["closing"] += expected[key]["opening"]
        carried[key[:2]] = expected[key]["closing"]
    check_liability(found, expected)
    later = sheets(busy.server, "liability", "--from",
                   (datetime.date.fromisoformat(today) + datetime.timedelta(days=1)).isoformat())
    line = later["EUR"]["rows"][0]
    assert line["opening"] == line["closing"] == told["EUR"]["totals"][0]["closing"]
    assert line["granted"] == 0 and line["movements"] == 0 and line["first_entry"] is None


def test_each_movement_of_the_liability_can_be_listed(busy, entries):
    listed = sheets(busy.server, "liability", "--entries")["entries"]["rows"]
    assert [line["entry"] for line in listed] == [
        entry["seq"] for entry in entries if entry["kind"] in LIABILITY]


# --- limits ---


def test_use_of_limits_is_what_the_entries_and_the_server_say(busy, entries):
    told = sheets(busy.server, "limits")
    use = {(line["limit"], line["subject"]): line for line in told["use"]["rows"]}
    headroom = busy.server.get("/v1/staff/me/headroom", token=busy.anna).json()["limits"]
    headroom += busy.server.get("/v1/staff/me/headroom", token=busy.marc).json()["limits"]
    server = {line["limit"]: line for line in headroom}
    columns = ("used", "max", "remaining")
    for limit_, who in (("desk-day", "anna"), ("boss-day", "marc")):
        assert picked([use[limit_, who]], *columns) == picked([server[limit_]], *columns)
    assert use["boss-day", "marc"]["used"] == 5000 + 4000  # his own approval, and one in his name
    points = sum(entry["amount"] for entry in entries
                 if entry["kind"] == "grant" and entry["unit"] == "PTS")
    assert picked([use["dubai-week", "dubai"]], *columns) == [(points, 1000, 1000 - points)]
    numbers = {entry["incident"]: entry["customer"] for entry in entries if "incident" in entry}
    promised = {incident: use["promise", f"customer {numbers[incident]}, {incident}"]["used"]
                for incident in ("room-1", "room-2", "room-5", "room-10", "room-13")}
    # The one in room-13 waits, and counts; what was declined or withdrawn does not.
    assert promised == {"room-1": 5500 - 1200, "room-2": 2000, "room-5": 4000, "room-10": 5000,
                        "room-13": 5003}
    assert len([key for key in use if key[0] == "promise"]) == len(promised)
    other = numbers["trip"]
    given = [entry for entry in entries if entry["kind"] == "grant" and entry["staff"] == "dina"]
    assert use["thrice", f"dina to customer {other}"]["used"] == len(given) == 31


def test_who_is_near_a_limit_comes_first(busy):
    told = sheets(busy.server, "limits")
    lines = told["use"]["rows"]
    shares = [line["used"] / line["max"] for line in lines]
    assert shares == sorted(shares, reverse=True)
    for line, share in zip(lines, shares):
        assert line["state"] == ("passed" if share > 1 else "used up" if share == 1 else
                                 "near" if share >= .8 else "within")
        assert line["share"] == pytest.approx(share, abs=1e-4)
    assert (lines[0]["limit"], lines[0]["state"]) == ("desk-day", "passed")
    of = {line["limit"]: line for line in told["limits"]["rows"]}
    assert set(of) == {"desk-day", "promise", "dubai-week", "thrice", "one-grant", "boss-day"}
    assert of["one-grant"]["largest"] == 1014
    assert (of["promise"]["subjects"], of["promise"]["near"]) == (5, 2)
    assert of["desk-day"]["when_passed"] == "ask" and of["promise"]["when_passed"] == "refuse"
    assert of["desk-day"]["scope"] == "all, staff anna"


def test_limits_are_those_of_the_moment(busy, entries):
    first = next(entry for entry in entries if entry["kind"] == "grant")
    told = sheets(busy.server, "limits", "--as-of", first["time"])
    assert {(line["limit"], line["used"]) for line in told["use"]["rows"]} == {
        ("desk-day", 3000), ("promise", 3000)}
    before = entries[10]["time"]
    assert sheets(busy.server, "limits", "--as-of", before)["limits"]["rows"] == []


# --- approvals, refusals, people ---


def test_approvals_say_who_asked_who_decided_and_in_whose_authority(busy, entries):
    told = sheets(busy.server, "approvals")
    asks = [entry for entry in entries if entry["kind"] == "ask"]
    decisions = {entry["refers_to"]: entry for entry in entries
                 if entry["kind"] in ("grant", "decline", "lapse") and "refers_to" in entry}
    assert [line["entry"] for line in told["asks"]["rows"]] == [entry["seq"] for entry in asks]
    for line, entry in zip(told["asks"]["rows"], asks):
        assert (line["staff"], line["asked_by"], line["amount"], line["customer"]) == (
            entry["staff"], entry["actor"], entry["amount"], f"customer {entry['customer']}")
        assert line["limit"] == "desk-day" and line["asked_at"] == entry["time"]
        decision = decisions.get(entry["seq"])
        assert line["decision"] == (decision["seq"] if decision else None)
        assert line["decided_by"] == (decision["actor"] if decision else None)
        assert line["decided_at"] == (decision["time"] if decision else None)
    assert picked(told["asks"]["rows"], "outcome", "authority", "how") == [
        ("approved", "marc", "own"), ("declined", None, None), ("withdrawn", None, None),
        ("waiting", None, None), ("approved", "marc", "by delegation")]


def test_approvals_add_up_per_pair(busy):
    pairs = sheets(busy.server, "approvals")["pairs"]["rows"]
    columns = ("staff", "decided_by", "count", "amount", "approved", "approved_amount",
               "declined", "other")
    assert sorted(picked(pairs, *columns)) == [
        ("anna", "marc", 2, 10001, 1, 5000, 1, 0), ("anna", "nobody", 2, 10005, 0, 0, 0, 2),
        ("anna", "nora", 1, 4000, 1, 4000, 0, 0)]


def test_refusals_add_up_by_code_staff_and_limit(busy, entries):
    told = sheets(busy.server, "refusals")
    refused = [entry for entry in entries if entry["kind"] == "refusal"]
    assert len(refused) == 5

    def groups(key):
        found = collections.defaultdict(lambda: [0, 0])
        for entry in refused:
            if key(entry):
                line = found[key(entry), entry.get("unit")]
                line[0] += 1
                line[1] += entry.get("amount", 0)
        return {name: tuple(line) for name, line in found.items()}

    def lines(sheet, column):
        return {(line[column], line["unit"]): (line["count"], line["amount"])
                for line in told[sheet]["rows"]}

    assert lines("codes", "code") == groups(lambda entry: entry["refused"])
    assert lines("staff", "staff") == groups(lambda entry: entry["staff"])
    assert lines("limits", "limit") == groups(
        lambda entry: entry["limits"][0]["limit"] if entry.get("limits") else None)
    assert set(name for name, _ in lines("limits", "limit")) == {
        "promise", "desk-day", "dubai-week", "one-grant"}
    listed = sheets(busy.server, "refusals", "--entries")["entries"]["rows"]
    assert picked(listed, "entry", "code") == picked(refused, "seq", "refused")


def test_people_are_told_what_they_gave_by_name(busy, entries):
    told = sheets(busy.server, "people")
    expected = collections.defaultdict(lambda: [0, 0, 0])
    for entry in entries:
        if entry["kind"] == "thanks":
            expected[entry["staff"]][0] += 1
            expected[entry["staff"]][1] += entry["minutes"]
        elif entry["kind"] == "grant":
            expected[entry["staff"]][2] += 1
    found = picked(told["people"]["rows"], "staff", "thanks", "minutes", "rewards")
    assert found == sorted((who, *figures) for who, figures in expected.items())
    by_thanks = sheets(busy.server, "people", "--by", "thanks")["people"]["rows"]
    assert [line["thanks"] for line in by_thanks] == [2, 1]
    given = {(line["staff"], line["unit"]): (line["rewards"], line["given"], line["reversed"])
             for line in told["rewards"]["rows"]}
    assert given == {(who, unit): (figures[0], figures[1], figures[3]) for (unit, who), figures in
                     expected_spend([e for e in entries if e["kind"] != "import"],
                                    ["staff"]).items()}


# --- formats ---


NAMES = ("spend", "limits", "liability", "approvals", "refusals", "people", "entries")


class Page(html.parser.HTMLParser):
    """Every element that is opened is closed, in its order."""
    VOID = {"meta", "br", "hr", "img", "link", "col", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.tables = [], 0

    def handle_starttag(self, tag, attrs):
        self.tables += tag == "table"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


@pytest.mark.parametrize("name", NAMES)
def test_each_report_is_written_in_each_format(busy, tmp_path, name):
    told = sheets(busy.server, name)
    table = report(busy.server, name)
    assert all(line == line.rstrip() for line in table.splitlines())
    parts = report(busy.server, name, "--format", "csv").replace("\r\n", "\n").split("\n\n")
    found = [list(csv.DictReader(io.StringIO(part))) for part in parts if part.strip()]
    assert sum(map(len, found)) >= sum(len(sheet["rows"]) for sheet in told.values())
    assert all(None not in line and None not in line.values() for part in found for line in part)
    book = tmp_path / "report.xlsx"
    report(busy.server, name, "--format", "xlsx", "--output", book)
    workbook = openpyxl.load_workbook(book)
    for page in workbook.worksheets:
        assert page.freeze_panes
    assert len(workbook.worksheets) >= len(told)
    page = Page()
    page.feed(report(busy.server, name, "--format", "html"))
    assert page.open == [] and page.tables >= len(told)
    assert sorted(os.listdir(tmp_path)) == ["report.xlsx"]


# --- the journal ---


def balances_of(program_, journal):
    """(account, commodity) -> minor units, as the program adds them up."""
    if program_ == "hledger":
        done = subprocess.run(["hledger", "-f", "-", "balance", "--flat", "--no-total", "-O",
                               "csv", "--layout", "bare", "--empty"], input=journal,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        lines = [(line["account"], line["commodity"], line["balance"])
                 for line in csv.DictReader(io.StringIO(done.stdout))]
    else:
        done = subprocess.run(["ledger", "--args-only", "-f", "-", "balance", "--flat",
                               "--no-total", "--empty", "--balance-format",
                               "%(account)\t%(join(scrub(display_total)))\n"],
                              input=journal, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        lines = []
        for line in done.stdout.splitlines():
            account, amounts = line.split("\t")
            for amount in amounts.split("\\n"):
                number, _, unit = amount.strip().partition(" ")
                lines.append((account, unit.strip('"'), number))
    return {(account, unit): int(number.replace(".", "").replace(",", ""))
            for account, unit, number in lines
            if unit and int(number.replace(".", "").replace(",", "")) != 0}


ACCOUNTS = {  # from the account of the first to that of the second
    "allotment": ("issuance", "budget"), "ask": ("budget", "reserved"),
    "decline": ("reserved", "budget"), "lapse": ("reserved", "budget"),
    "grant": ("budget", "customer"), "reversal": ("customer", "budget"),
    "import": ("history", "settlement")}


def balances_by_entries(entries):
    found = collections.Counter()
    for entry in entries:
        if entry["kind"] not in ACCOUNTS:
            continue
        accounts = list(ACCOUNTS[entry["kind"]])
        if entry["kind"] == "grant" and "refers_to" in entry:
            accounts[0] = "reserved"
        for account, sign in zip(accounts, (-1, 1)):
            owner = {"customer": entry.get("customer"), "settlement": ""}.get(account,
                                                                              entry["budget"])
            name = f"{account}:{owner}" if owner else account
            found[name, entry["unit"]] += sign * entry["amount"]
    return {key: amount for key, amount in found.items() if amount != 0}


@pytest.mark.parametrize("reader", ["hledger", "ledger"])
def test_the_journals_balances_are_ours_for_every_account(busy, entries, reader):
    expected = balances_by_entries(entries)
    assert {name.split(":")[0] for name, _ in expected} == {
        "issuance", "budget", "reserved", "customer", "history", "settlement"}
    assert balances_of(reader, report(busy.server, "journal")) == expected
    server = busy.server
    for budget in ("front-desk", "souk", "stars", "leaves"):
        told = server.get(f"/v1/budgets/{budget}", token=busy.finance).json()
        unit = told["unit"]
        assert expected[f"budget:{budget}", unit] == told["available"]
        assert expected[f"issuance:{budget}", unit] == -told["allotted"]
        assert expected.get((f"reserved:{budget}", unit), 0) == told["reserved"]
    for entry in server.entries():
        if entry["kind"] == "customer":
            for unit in ("EUR", "PTS", "LP-3"):
                assert expected.get((f"customer:{entry['seq']}", unit), 0) == server.balance(
                    entry["customer"], busy.finance, unit)


def test_a_journal_is_of_what_was_asked_for(busy, entries):
    journal = report(busy.server, "liability", "--format", "hledger", "--unit", "PTS")
    numbers = [int(number) for number in re.findall(r"^\d{4}-\d\d-\d\d \* \((\d+)\)", journal,
                                                    re.M)]
    assert numbers == [entry["seq"] for entry in entries
                       if entry["kind"] in LIABILITY and entry["unit"] == "PTS"]
    spend = report(busy.server, "spend", "--format", "hledger", "--exclude-imported")
    assert "(allotment)" not in spend and " import\n" not in spend and " reversal\n" in spend
    assert report(busy.server, "entries", "--format", "hledger") == report(
        busy.server, "journal", "--format", "hledger")


@pytest.fixture(scope="module")
def imported(make_server, lagniappe, tmp_path_factory):
    """The real card payments of a city, and nothing else."""
    server = make_server()
    rejects = tmp_path_factory.mktemp("rejects") / "rejects.csv"
    done = lagniappe("import", "spend", SAMPLE, "--map", MAP, "--date-format", "%d/%m/%Y",
                     "--unit", "GBP", "--rejects", rejects,
                     env={**os.environ, "LAGNIAPPE_URL": server.url,
                          "LAGNIAPPE_TOKEN": server.admin})
    assert done.returncode in (0, 1), done.stderr  # one blank row is rejected
    return server


@pytest.mark.parametrize("reader", ["hledger", "ledger"])
def test_the_journal_of_real_spending_balances_as_ours(imported, reader):
    entries = imported.entries()
    expected = balances_by_entries(entries)
    found = balances_of(reader, report(imported, "journal"))
    assert found == expected
    assert found["settlement", "GBP"] == 53905219
    assert len(found) == 13  # twelve directorates, and where it went


def test_real_spending_adds_up(imported):
    with SAMPLE.open(newline="") as file:
        amounts = [round(float(row["ORIGINAL GROSS AMT"]) * 100) for row in csv.DictReader(file)
                   if row["TRANS DATE"]]
    for by in ("staff,month", "reason", "week"):
        [total] = sheets(imported, "spend", "--by", by)["GBP"]["totals"]
        assert total["net"] == sum(amounts) == 53905219
        assert total["count"] == sum(amount >= 0 for amount in amounts)
        assert total["reversed"] == -sum(amount for amount in amounts if amount < 0)
    check_spend(imported, imported.entries(), "staff,month")
    assert "Nothing was given" in report(imported, "spend", "--exclude-imported")


# --- where a ledger is ---


@pytest.mark.parametrize("name", ["spend", "limits", "liability", "approvals", "journal"])
def test_a_server_and_a_copy_of_its_file_are_reported_on_alike(busy, tmp_path, name):
    def told(ledger, *args):
        done = run_program("lagniappe-audit", "report", ledger, name, *args)
        assert done.returncode == DONE, done.stderr
        return [line for line in done.stdout.splitlines() if not line.startswith("Ledger ")]

    expected = told(busy.server.data)
    assert told(busy.server.url, "--token", busy.auditor) == expected
    copy = tmp_path / "ledger.mdb"
    copy.write_bytes((busy.server.data / "ledger.mdb").read_bytes())
    assert told(copy) == expected


def test_exceptions_are_a_report_too(busy):
    done = run_program("lagniappe-audit", "report", busy.server.data, "exceptions")
    own = run_program("lagniappe-audit", "exceptions", busy.server.data)
    assert (done.returncode, done.stdout) == (own.returncode, own.stdout)
    assert done.returncode in (0, 1) and done.stdout


def test_the_help_names_every_report():
    told = run_program("lagniappe-audit", "report", "--help")
    assert told.returncode == DONE
    assert all(f"    {name} " in told.stdout for name in (*NAMES, "journal", "exceptions"))


# --- what cannot be ---


@pytest.mark.parametrize("args, said", [
    (["spent"], 'there is no report "spent"'),
    ([], "a LEDGER and a NAME"),
    (["spend", "--by", "shoes"], '"shoes" is not known'),
    (["spend", "--by", "staff,staff"], "different"),
    (["spend", "--by", "staff,month,site"], "one or two"),
    (["limits", "--by", "staff"], "not grouped"),
    (["liability", "--by", "staff"], "by site, by a period"),
    (["people", "--by", "rank"], "by name or by thanks"),
    (["spend", "--from", "2021-01-01", "--to", "2020-01-01"], "no day is in between"),
    (["spend", "--from", "2021-02-30"], "YYYY-MM-DD"),
    (["spend", "--as-of", "yesterday"], "--as-of yesterday"),
    (["spend", "--unit", "XAU"], "no such unit"),
    (["spend", "--format", "pdf"], "--format pdf"),
    (["refusals", "--format", "hledger"], "move nothing"),
    (["journal", "--format", "xlsx"], "a journal is for hledger"),
    (["spend", "--colour"], "--colour"),
    (["spend", "--output", "/nowhere/report.txt"], "/nowhere/report.txt"),
])
def test_what_cannot_be_is_said_and_ends_with_2(busy, args, said):
    told = report(busy.server, *args, code=COULD_NOT_RUN)
    assert said in told and told.startswith("lagniappe-audit report: "), told


def test_no_ledger_is_no_report(tmp_path):
    done = run_program("lagniappe-audit", "report", tmp_path / "none", "spend")
    assert done.returncode == COULD_NOT_RUN and "none" in done.stderr


def test_a_workbook_is_not_for_a_terminal(busy):
    master, slave = pty.openpty()
    done = subprocess.run([program("lagniappe-audit"), "report", str(busy.server.data), "spend",
                           "--format", "xlsx"], stdout=slave, stderr=subprocess.PIPE, text=True,
                          timeout=60)
    os.close(slave)
    os.close(master)
    assert done.returncode == COULD_NOT_RUN and "--output" in done.stderr
