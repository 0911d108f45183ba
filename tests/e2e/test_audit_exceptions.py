"""lagniappe-audit exceptions: a ledger in which each question is planted once, and
one that gives no cause for any."""
import csv
import datetime
import json
import os

import pytest

from harness import ROOT, run_program, set_up_programme
from policy import put

CLEAN, FINDINGS, TROUBLE = 0, 1, 2
TOKYO, KIRITIMATI = ("Asia/Tokyo", 9), ("Pacific/Kiritimati", 14)  # without summer time
LEDGER_TESTS = ["split-limits", "below-limits", "approver-pairs", "out-of-shift", "day-off",
                "after-leaving", "redeem-lag", "reversals", "self-dealing", "limit-probing",
                "limit-changes"]


def exceptions(ledger, *more, code=None):
    done = run_program("lagniappe-audit", "exceptions", ledger, *more)
    if code is not None:
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def sheets(ledger, *more, code):
    """The document's sheets by name, each row a dict by column."""
    told = json.loads(exceptions(ledger, "--format", "json", *more, code=code).stdout)
    found = {}
    for sheet in told["sheets"]:
        names = [column["name"] for column in sheet["columns"]]
        rows = [dict(zip(names, row)) if isinstance(row, list) else row for row in sheet["rows"]]
        found.setdefault(sheet["name"], []).extend(rows)
    return found


def summary(found):
    return {row["test"]: row for row in found["tests"]}


def money(cell):
    """Minor units of a money cell."""
    return cell["minor"] if isinstance(cell, dict) else cell


def entries(text):
    return [int(word) for word in text.split(", ")] if text else []


class House:
    """A programme with more people, and what a test needs to plant something."""

    def __init__(self, server):
        self.programme = set_up_programme(server)
        self.server = server
        self.made = 0

    def staff(self, name, role="staff", site="paris", **fields):
        self.server.made("/v1/staff", {"id": name, "name": "Noor New", "role": role,
                                       "site": site, "budget": "front-desk", **fields},
                         self.programme.admin)
        return self.server.token(role, subject=name)

    def customer(self):
        self.made += 1
        return self.server.made("/v1/customers", {"reference": f"guest-{self.made}"},
                                self.programme.anna)["id"]

    def amend(self, noun, name, **fields):
        self.made += 1
        answer = self.server.patch(f"/v1/{noun}/{name}", fields, self.programme.admin,
                                   key=f"amend-{self.made}")
        assert answer.status_code == 200, answer.text

    def limit(self, name, **fields):
        answer = put(self.programme, name, **fields)
        assert answer.status_code in (200, 201), answer.text
        return int(answer.json().get("version", 0))

    def try_grant(self, token, customer, amount, **fields):
        return self.server.post("/v1/grants", {"customer": customer, "amount": amount,
                                               "unit": "EUR", "reason": "late-room", **fields},
                                token)

    def grant(self, token, customer, amount, **fields):
        answer = self.try_grant(token, customer, amount, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["seq"]

    def refused(self, token, customer, amount, code="limit-exceeded", **fields):
        answer = self.try_grant(token, customer, amount, **fields)
        assert answer.json()["type"] == f"/problems/{code}", answer.text
        return self.server.entries()[-1]["seq"]

    def ask(self, token, customer, amount, **fields):
        answer = self.try_grant(token, customer, amount, if_over="ask", **fields)
        assert answer.status_code == 202, answer.text
        return answer.json()["seq"]

    def approve(self, token, seq):
        return self.server.made(f"/v1/approvals/{seq}/approve", {}, token)["seq"]

    def reverse(self, token, seq):
        return self.server.made(f"/v1/entries/{seq}/reverse", {"note": "taken back"}, token)["seq"]


def hours(zone, opens, closes):
    """A zone, and opening hours as so many hours from now."""
    name, offset = zone
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=offset)))
    clock = [(now + datetime.timedelta(hours=h)).strftime("%H:%M") for h in (opens, closes)]
    return {"timezone": name, "opens": clock[0], "closes": clock[1]}


# --- a ledger that gives no cause ---


@pytest.fixture(scope="module")
def clean(make_server):
    house = House(make_server())
    programme = house.programme
    house.amend("sites", "paris", **hours(TOKYO, -3, 3))
    house.amend("staff", "anna", active_from="2020-01-01")
    desk = {"scope": {"role": "staff"}, "unit": "EUR", "measure": "amount", "per": "grant",
            "window": "none", "when_passed": "ask"}
    house.limit("desk", max=2000, **desk)
    ben = house.staff("ben")
    nina = house.staff("nina", "manager")
    amounts = [1213, 1472, 1659, 1132, 1935, 1792, 1325, 1550]
    seqs = [house.grant([programme.anna, ben][i % 2], house.customer(), amount)
            for i, amount in enumerate(amounts)]
    house.reverse(programme.anna, seqs[0])
    house.refused(programme.anna, house.customer(), 3000)
    house.approve(programme.marc, house.ask(programme.anna, house.customer(), 2101))
    house.approve(nina, house.ask(ben, house.customer(), 2307))
    for note in ("raised", "said again"):
        house.limit("desk", max=3000, note=note, **desk)
    return house


def test_a_clean_ledger_has_no_findings(clean):
    found = sheets(clean.server.data, code=CLEAN)
    rows = summary(found)
    assert all(row["findings"] == 0 for row in rows.values())
    for name in ("split-limits", "below-limits", "approver-pairs", "out-of-shift",
                 "after-leaving", "reversals", "limit-probing", "limit-changes"):
        assert rows[name]["applies"] == "yes", rows[name]
        assert found[name] == []
    assert rows["out-of-shift"]["tested"] == 8 + 2 + 2 + 1  # grants, asks, approvals, a reversal
    assert rows["reversals"]["tested"] == 1
    assert rows["limit-probing"]["tested"] == 1
    assert rows["limit-changes"]["tested"] == 1  # raised, for good


def test_every_test_is_told_and_why_it_does_not_apply(clean):
    rows = summary(sheets(clean.server.data, code=CLEAN))
    assert set(LEDGER_TESTS) < set(rows)
    assert {"first-two-digits", "same-same-same", "concentration", "peers"} < set(rows)
    for name, words in [("day-off", "no rota"), ("redeem-lag", "no entries for redemptions"),
                        ("self-dealing", "account of their own"), ("first-two-digits", "300")]:
        assert rows[name]["applies"] == "no"
        assert rows[name]["verdict"].startswith("does not apply, because ")
        assert words in rows[name]["verdict"]


def test_it_is_a_report_too(clean):
    done = run_program("lagniappe-audit", "report", clean.server.data, "exceptions")
    assert done.returncode == CLEAN, done.stderr
    assert done.stdout == exceptions(clean.server.data, code=CLEAN).stdout


def test_a_server_is_asked_as_a_file_is_read(clean):
    token = clean.programme.auditor
    assert sheets(clean.server.url, "--token", token, code=CLEAN) == \
        sheets(clean.server.data, code=CLEAN)
    assert "token" in exceptions(clean.server.url, code=TROUBLE).stderr


# --- a ledger in which each question is planted ---


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


@pytest.fixture(scope="module")
def planted(make_server):
    """The house, and the entries of what was planted."""
    house = House(make_server())
    p, seqs = house.programme, {}
    per_grant = {"unit": "EUR", "measure": "amount", "per": "grant", "window": "none"}
    for site, at in [("shut", hours(KIRITIMATI, 3, 5)), ("open", hours(TOKYO, -3, 3))]:
        house.server.made("/v1/sites", {"id": site, "name": site, **at}, p.admin)
    nina = house.staff("nina", "manager")

    eve = house.staff("eve", site="shut", sites=["open"])
    seqs["shut"] = [house.grant(eve, house.customer(), 700 + i, site="shut") for i in range(2)]
    house.grant(eve, house.customer(), 750, site="open")

    leo = house.staff("leo")
    seqs["left"] = [house.grant(leo, house.customer(), 810 + i) for i in range(2)]
    house.amend("staff", "leo", active_until="2020-01-01")
    seqs["left"].append(house.refused(p.till, p.customer, 5, "staff-inactive", staff="leo",
                                      site="paris"))

    house.staff("mia", active_until="2020-01-01")
    seqs["too-early"] = [house.refused(p.till, p.customer, 5, "staff-inactive", staff="mia",
                                       site="paris")]
    house.amend("staff", "mia", active_until="2099-01-01")  # back again, later

    rob = house.staff("rob")
    given = [house.grant(rob, house.customer(), 900 + i) for i in range(6)]
    seqs["reversed"] = [house.reverse(rob, seq) for seq in given[:3]]

    sam, pia, quin = house.staff("sam"), house.staff("pia"), house.staff("quin")
    own = {name: house.customer() for name in ("sam", "pia", "quin")}
    seqs["own"] = [house.grant(sam, own["sam"], 1010)]
    for name, account in own.items():
        house.amend("staff", name, customer=account)
    seqs["tried"] = [house.refused(pia, own["pia"], 30, "self-grant")]
    seqs["there"] = [house.grant(pia, own["quin"], 1020)]
    seqs["back"] = [house.grant(quin, own["pia"], 1030)]
    seqs["colleague"] = [house.grant(p.anna, own["pia"], 1040)]

    olga_own, spouse = house.customer(), house.customer()
    olga = house.staff("olga", customer=olga_own)
    seqs["home"] = [house.grant(olga, spouse, 1050)]
    for account in (olga_own, spouse):
        told = house.server.patch(f"/v1/customers/{account}", {"household": "elm-4"}, p.marc)
        assert told.status_code == 200, told.text
    seqs["home"].append(house.refused(olga, spouse, 31, "self-grant"))

    house.amend("sites", "open", staff_rewards="not-each-other")
    ron = house.staff("ron", site="open", customer=(ron_own := house.customer()))
    sue = house.staff("sue", site="open", customer=(sue_own := house.customer()))
    seqs["one-way"] = [house.grant(ron, sue_own, 1005)]
    seqs["ring"] = [house.refused(sue, ron_own, 1005, "ring-grant")]

    tom = house.staff("tom")
    house.limit("tom", scope={"staff": "tom"}, max=1000, when_passed="ask", **per_grant)
    seqs["pair"] = [house.approve(p.marc, house.ask(tom, house.customer(), 2000 + i))
                    for i in range(5)]
    house.approve(nina, house.ask(tom, house.customer(), 2006))

    uma, vic, wes = house.staff("uma"), house.staff("vic"), house.staff("wes")
    for name in ("uma", "vic", "wes"):
        house.limit(name, scope={"staff": name}, max=10000, **per_grant)
    felt = house.customer()
    seqs["felt"] = [house.refused(uma, felt, 12000)]
    seqs["fitted"] = [house.grant(uma, felt, 9900)]
    seqs["often"] = [house.refused(vic, house.customer(), 11000 + i) for i in range(3)]
    less = house.customer()
    house.refused(wes, less, 15000)
    house.grant(wes, less, 5000)

    xan, yve, zed = house.staff("xan"), house.staff("yve"), house.staff("zed")
    for name in ("xan", "yve"):
        house.limit(name, scope={"staff": name}, max=20000, **per_grant)
    house.limit("zed", scope={"staff": "zed"}, max=10000, unit="EUR", measure="amount",
                per="customer", window="day")
    # Just below is above 19,200; beneath it, above 18,400.
    seqs["below"] = [house.grant(xan, house.customer(), amount)
                     for amount in (20000, 19999, 19950, 19900, 19800, 19500, 19300, 19201)]
    for amount in (19200, 18400, 15000):
        house.grant(xan, house.customer(), amount)
    house.refused(xan, house.customer(), 20800)
    house.refused(xan, house.customer(), 20801)
    for i in range(5):
        house.grant(yve, house.customer(), 19300 + i)
        house.grant(yve, house.customer(), 18500 + i)
    seqs["sums"] = []
    for i in range(6):
        guest = house.customer()
        house.grant(zed, guest, 4800 + i)
        seqs["sums"].append(house.grant(zed, guest, 4950))

    amy, bob, ida = house.staff("amy"), house.staff("bob"), house.staff("ida")
    for name in ("amy", "bob"):
        house.limit(name, scope={"staff": name}, max=5000, **per_grant)
    house.limit("ida", scope={"staff": "ida"}, max=4000, unit="EUR", measure="amount",
                per="customer-incident", window="none")
    one, two, three = house.customer(), house.customer(), house.customer()
    seqs["split"] = [house.grant(amy, one, 3000), house.grant(amy, one, 3001)]
    house.grant(bob, two, 3000)
    house.grant(bob, two, 2000)
    seqs["incidents"] = [house.grant(ida, three, 3000, incident="a"),
                         house.grant(ida, three, 900, incident="a"),
                         house.grant(ida, three, 2500, incident="b")]

    cat, dan, fay = house.staff("cat"), house.staff("dan"), house.staff("fay")
    month = {"scope": {"staff": "cat"}, "unit": "EUR", "measure": "amount", "per": "staff",
             "window": "month"}
    house.limit("cat", max=10000, **month)
    for name in ("dan", "fay"):
        house.limit(name, scope={"staff": name}, max=5000, **per_grant)
    house.grant(cat, house.customer(), 8000)
    house.limit("cat", max=30000, **month)
    seqs["raised"] = [house.grant(cat, house.customer(), 15000)]
    house.limit("cat", max=10000, **month)
    house.limit("dan", scope={"staff": "dan"}, max=9000, **per_grant,
                until=str(today() + datetime.timedelta(days=3)))
    house.grant(dan, house.customer(), 4000)
    seqs["for-a-while"] = [house.grant(dan, house.customer(), 7000)]
    house.limit("fay", scope={"staff": "fay"}, max=9000, **per_grant)
    house.grant(fay, house.customer(), 8000)
    house.seqs = seqs
    return house


@pytest.fixture(scope="module")
def found(planted):
    return sheets(planted.server.data, "--top", "1000", code=FINDINGS)


def by_staff(rows):
    return {row["staff"]: row for row in rows}


def test_what_was_done_outside_the_hours_is_found(planted, found):
    (row,) = found["out-of-shift"]
    assert (row["staff"], row["site"], row["acts"], row["outside"]) == ("eve", "shut", 2, 2)
    assert 170 <= row["farthest_minutes"] <= 180
    assert entries(row["entries"]) == planted.seqs["shut"]
    assert summary(found)["out-of-shift"]["tested"] == 4


def test_grace_makes_room_around_the_hours(planted):
    rows = summary(sheets(planted.server.data, "--test", "out-of-shift", "--shift-grace", 200,
                          code=CLEAN))
    assert set(rows) == {"out-of-shift"} and rows["out-of-shift"]["findings"] == 0


def test_what_was_done_after_leaving_is_found(planted, found):
    row, back = found["after-leaving"]
    assert (row["staff"], row["given"], row["tried"]) == ("leo", 2, 1)
    assert (back["staff"], back["given"], back["tried"], back["days"]) == ("mia", 0, 1, 0)
    assert entries(back["entries"]) == planted.seqs["too-early"]
    assert entries(row["entries"]) == planted.seqs["left"]
    days = {entry["business_date"] for entry in planted.server.entries()
            if entry["seq"] in planted.seqs["left"]}
    since = datetime.date(2020, 1, 1)
    assert row["days"] == max((datetime.date.fromisoformat(day) - since).days + 1 for day in days)


def test_who_takes_much_back_is_found(planted, found):
    (row,) = found["reversals"]
    assert (row["staff"], row["grants"], row["reversed"], row["own"], row["by_others"]) == \
        ("rob", 6, 3, 3, 0)
    assert row["share"] == 0.5 and row["score"] == 1.5
    assert entries(row["entries"]) == planted.seqs["reversed"]
    rows = summary(sheets(planted.server.data, "--test", "reversals", "--reversal-share", 50,
                          code=CLEAN))
    assert rows["reversals"]["tested"] == 3


def test_dealings_of_staff_with_themselves_are_ranked(planted, found):
    rows = found["self-dealing"]
    assert [(row["staff"], row["owner"], row["given"], row["tried"], row["score"])
            for row in rows] == [("olga", "olga", 1, 1, 3), ("sam", "sam", 1, 0, 3), ("pia", "pia", 0, 1, 3),
                                 ("quin", "pia", 1, 0, 2), ("pia", "quin", 1, 0, 2),
                                 ("ron", "sue", 1, 0, 2), ("sue", "ron", 0, 1, 2),
                                 ("anna", "pia", 1, 0, 1)]
    assert [entries(row["entries"]) for row in rows] == [
        planted.seqs[name] for name in ("home", "own", "tried", "back", "there", "one-way", "ring",
                                     "colleague")]
    assert summary(found)["self-dealing"]["value"] == 3


def test_one_approver_of_one_person_is_found(planted, found):
    (row,) = found["approver-pairs"]
    assert (row["staff"], row["approver"], row["approvals"], row["of"]) == ("tom", "marc", 5, 6)
    assert row["share"] == pytest.approx(5 / 6) and row["score"] == pytest.approx(25 / 6)
    assert entries(row["entries"]) == planted.seqs["pair"]


def test_feeling_for_the_limit_is_found(planted, found):
    rows = found["limit-probing"]
    assert [(row["staff"], row["refusals"], row["probes"], row["score"]) for row in rows] == \
        [("uma", 1, 1, 6), ("vic", 3, 0, 3)]
    assert entries(rows[0]["entries"]) == planted.seqs["felt"]
    assert entries(rows[0]["grants"]) == planted.seqs["fitted"]
    assert entries(rows[1]["entries"]) == planted.seqs["often"]
    assert summary(found)["limit-probing"]["tested"] == 1 + 3 + 1 + 2


def test_what_lies_just_below_limits_is_found(planted, found):
    rows = {row["limit"]: row for row in found["below-limits"]}
    assert set(rows) == {"xan", "zed"}  # and not yve, whose bands are even
    xan, zed = rows["xan"], rows["zed"]
    assert (xan["below"], xan["beneath"], xan["above"], xan["refused"]) == (8, 1, 0, 1)
    assert xan["ratio"] == 8 and xan["score"] == pytest.approx(7 / 3)
    assert (xan["staff"], xan["most"]) == ("xan", 8)
    assert entries(xan["entries"]) == planted.seqs["below"]
    assert (zed["below"], zed["beneath"], zed["above"], zed["refused"]) == (6, 0, 0, 0)
    assert zed["score"] == pytest.approx(6 ** 0.5)
    assert entries(zed["entries"]) == planted.seqs["sums"]


def test_a_wider_band_takes_more_in(planted):
    rows = sheets(planted.server.data, "--test", "below-limits", "--band", "8", code=FINDINGS)
    xan = {row["limit"]: row for row in rows["below-limits"]}["xan"]
    assert (xan["below"], xan["refused"]) == (9, 2)  # 19,200 too, and not 18,400


def test_what_was_split_is_found(planted, found):
    rows = {row["limit"]: row for row in found["split-limits"]}
    assert set(rows) == {"amy", "ida"}
    assert [entries(rows[name]["entries"]) for name in ("amy", "ida")] == \
        [planted.seqs["split"], planted.seqs["incidents"]]
    assert money(rows["amy"]["total"]) == 6001 and money(rows["amy"]["score"]) == 1001
    assert money(rows["ida"]["total"]) == 6400 and money(rows["ida"]["score"]) == 2400
    assert found["split-limits"][0]["limit"] == "ida"  # the greater score


def test_limits_raised_for_a_while_are_found(planted, found):
    rows = found["limit-changes"]
    assert [(row["limit"], row["grants"], money(row["score"]), row["staff"], row["most"])
            for row in rows] == [("cat", 1, 15000, "cat", 1), ("dan", 1, 7000, "dan", 1)]
    assert [entries(row["entries"]) for row in rows] == [planted.seqs["raised"],
                                                         planted.seqs["for-a-while"]]
    assert (rows[0]["before"], rows[0]["raised"]) == ("100.00", "300.00")
    assert rows[0]["staff_behind"] in (None, "")
    assert rows[1]["lowered_on"] == str(today() + datetime.timedelta(days=3))
    kept = sheets(planted.server.data, "--test", "limit-changes", "--raise-days", 1,
                  code=FINDINGS)["limit-changes"]
    assert [row["limit"] for row in kept] == ["cat"]


def test_days_and_people_can_be_chosen(planted):
    rows = sheets(planted.server.data, "--staff", "rob", code=FINDINGS)
    assert [row["staff"] for row in rows["reversals"]] == ["rob"]
    assert summary(rows)["limit-probing"]["applies"] == "no"
    assert summary(rows)["same-same-same"]["tested"] == 6
    rows = summary(sheets(planted.server.data, "--to", "2020-01-01", code=CLEAN))
    assert all(row["applies"] == "no" for row in rows.values())


@pytest.mark.parametrize("words, why", [
    (["--site", "nowhere"], "the ledger has no site 'nowhere'"),
    (["--staff", "nobody"], "the ledger has no member of staff 'nobody'"),
    (["--format", "pdf"], "there is no format 'pdf'"),
    (["--test", "no-such"], "no-such"),
    (["--shift-grace", "soon"], "--shift-grace takes a whole number"),
    (["--from", "2026-13-01"], "--from takes a date"),
    (["--from", "2026-02-01", "--to", "2026-02-01"], "--to is not after --from"),
])
def test_what_cannot_be_asked_is_told(planted, words, why):
    done = exceptions(planted.server.data, *words, code=TROUBLE)
    assert why in done.stderr and done.stdout == ""


def test_no_ledger_is_trouble(tmp_path):
    assert exceptions(tmp_path / "nothing", code=TROUBLE).stderr


# --- several populations ---


def test_imports_and_other_units_are_judged_apart(make_server, lagniappe, tmp_path):
    house = House(make_server())
    programme = house.programme
    sample = ROOT / "tests" / "data" / "spend-sample.csv"
    mapping = ("date=TRANS DATE,amount=ORIGINAL GROSS AMT,staff=CARD NUMBER,"
               "reason=TRANS CAC DESC 1,party=MERCHANT NAME,budget=Directorate")
    done = lagniappe("--json", "import", "spend", sample, "--map", mapping, "--date-format",
                     "%d/%m/%Y", "--unit", "GBP", "--rejects", tmp_path / "rejects",
                     env={**os.environ, "LAGNIAPPE_URL": house.server.url,
                          "LAGNIAPPE_TOKEN": programme.admin})
    assert done.returncode == 1, done.stderr
    for amount in (1210, 1340, 1490):
        house.grant(programme.anna, house.customer(), amount)
    rows = sheets(house.server.data, code=FINDINGS)["tests"]
    titles = [row["title"] for row in rows if row["test"] == "same-same-same"]
    assert sorted(title.partition("(")[2] for title in titles) == ["EUR)", "GBP)"]
    same = {row["title"].partition("(")[2]: row for row in rows
            if row["test"] == "same-same-same"}
    assert same["GBP)"]["findings"] == duplicates(sample) and same["EUR)"]["findings"] == 0
    alone = summary(sheets(house.server.data, "--exclude-imported", code=CLEAN))
    assert alone["same-same-same"]["tested"] == 3
    pounds = summary(sheets(house.server.data, "--unit", "GBP", code=FINDINGS))
    assert pounds["same-same-same"]["findings"] == same["GBP)"]["findings"]
    assert pounds["out-of-shift"]["applies"] == "no"


def duplicates(path):
    """Groups of the same card, day, merchant and amount, of amounts above 0."""
    seen = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            amount = row["ORIGINAL GROSS AMT"].replace(",", "")
            if amount and float(amount) > 0:
                key = (row["CARD NUMBER"], row["TRANS DATE"], row["MERCHANT NAME"], amount)
                seen[key] = seen.get(key, 0) + 1
    return sum(count > 1 for count in seen.values())


@pytest.mark.parametrize("form", ["table", "csv", "xlsx", "html"])
def test_every_format_is_written_to_a_file(clean, tmp_path, form):
    out = tmp_path / "out"
    done = exceptions(clean.server.data, "--format", form, "--output", out, code=CLEAN)
    assert done.stdout == "" and out.stat().st_size > 500
