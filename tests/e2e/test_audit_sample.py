"""lagniappe-audit sample: samples that anybody can draw again, here with nothing but
Python's standard library."""
import hashlib
import json
import os

import pytest

from harness import ROOT, run_program, set_up_programme

DRAWN, TROUBLE = 0, 2
MAP = ("date=TRANS DATE,amount=ORIGINAL GROSS AMT,staff=CARD NUMBER,reason=TRANS CAC DESC 1,"
       "party=MERCHANT NAME,budget=Directorate")


# --- the generator and the two methods, from their description alone ---


class Numbers:
    def __init__(self, seed):
        self.seed, self.next = seed, 0

    def number(self):
        text = f"lagniappe-sample:{self.seed}:{self.next}"
        self.next += 1
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def below(self, bound):
        while True:
            number = self.number()
            if number < 2 ** 64 // bound * bound:
                return number % bound


def by_monetary_units(items, size, seed):
    """(entry, hits) of those hit; items: (entry, amount) in their order."""
    items = [(entry, amount) for entry, amount in items if amount > 0]
    book = sum(amount for _, amount in items)
    start = Numbers(seed).below(book)
    units = [(start + k * book) // size for k in range(size)]
    found, walked, at = [], 0, 0
    for entry, amount in items:
        walked += amount
        before = at
        while at < size and units[at] < walked:
            at += 1
        if at > before:
            found.append((entry, at - before))
    assert at == size
    return found, book, start


def by_attributes(items, size, seed):
    """(entry, which draw) in the order of entries."""
    numbers, drawn = Numbers(seed), []
    while len(drawn) < size:
        number = numbers.below(len(items))
        if number not in drawn:
            drawn.append(number)
    return sorted((items[number][0], order + 1) for order, number in enumerate(drawn))


# --- what is audited ---


@pytest.fixture(scope="module")
def ledger(make_server, lagniappe, tmp_path_factory):
    """The imported sample and some grants; its items are those of the API."""
    server = make_server()
    programme = set_up_programme(server)
    done = lagniappe("import", "spend", ROOT / "tests" / "data" / "spend-sample.csv", "--map", MAP,
                     "--date-format", "%d/%m/%Y", "--unit", "GBP",
                     "--rejects", tmp_path_factory.mktemp("rejects") / "rejects.csv",
                     env={**os.environ, "LAGNIAPPE_URL": server.url,
                          "LAGNIAPPE_TOKEN": programme.admin})
    assert done.returncode == 1, done.stderr  # one row is blank
    for amount in range(1000, 1040):
        server.made("/v1/grants", {"customer": programme.customer, "amount": amount,
                                   "unit": "EUR", "reason": "late-room"}, programme.anna)
    return programme


@pytest.fixture(scope="module")
def given(ledger):
    return ledger.server.entries()


def items(given, kind, last=None):
    return [(entry["seq"], entry["amount"]) for entry in given
            if entry["kind"] == kind and (last is None or entry["seq"] <= last)]


def sample(ledger, method, size, *more, code=DRAWN):
    done = run_program("lagniappe-audit", "sample", ledger.server.data, "--method", method,
                       "--size", size, "--format", "json", *more)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    if code != DRAWN:
        assert done.stdout == ""
        return done.stderr
    found = {}
    for sheet in json.loads(done.stdout)["sheets"]:
        names = [column["name"] for column in sheet["columns"]]
        found[sheet["name"]] = [row if isinstance(row, dict) else dict(zip(names, row))
                                for row in sheet["rows"]]
    found["draw"] = {row["what"]: row["value"] for row in found["draw"]}
    return found


def test_monetary_units_are_drawn_as_anybody_would(ledger, given):
    told = sample(ledger, "mus", 60, "--seed", "audit-2016", "--kind", "imports")
    population = items(given, "import")
    expected, book, start = by_monetary_units(population, 60, "audit-2016")
    assert [(row["entry"], row["hits"]) for row in told["sample"]] == expected
    assert sum(row["hits"] for row in told["sample"]) == 60
    draw = told["draw"]
    assert int(draw["book_minor_units"]) == book and int(draw["start"]) == start
    assert draw["interval_minor_units"].startswith(f"{book}/60 ")
    assert draw["seed"] == "audit-2016" and draw["unit"] == "GBP"
    assert int(draw["population_items"]) == len(population) == 2522


def test_the_top_stratum_is_whole_and_refunds_are_apart(ledger, given):
    told = sample(ledger, "mus", 60, "--seed", "s", "--kind", "imports")
    amounts = dict(items(given, "import"))
    book = int(told["draw"]["book_minor_units"])
    large = {entry for entry, amount in amounts.items() if amount * 60 >= book}
    whole = {row["entry"] for row in told["sample"] if row["stratum"] == "whole"}
    assert large and whole == large
    assert int(told["draw"]["items_whole"]) == len(large)
    refunds = [(entry, amount) for entry, amount in amounts.items() if amount <= 0]
    assert [row["entry"] for row in told["apart"]] == [entry for entry, _ in refunds]
    assert int(told["draw"]["set_apart_items"]) == len(refunds) == 310
    assert round(float(told["draw"]["set_apart_value"]) * 100) == sum(a for _, a in refunds)


def test_entries_are_drawn_as_anybody_would(ledger, given):
    told = sample(ledger, "attribute", 25, "--seed", "audit-2016", "--kind", "imports")
    assert [(row["entry"], row["draw"]) for row in told["sample"]] == \
        by_attributes(items(given, "import"), 25, "audit-2016")


def test_the_same_seed_draws_the_same_and_another_does_not(ledger):
    one, again, other = (sample(ledger, "attribute", 20, "--seed", seed)["sample"]
                         for seed in ("a", "a", "b"))
    assert one == again != other


def test_a_seed_is_drawn_and_printed_where_none_is_given(ledger):
    for method in ("mus", "attribute"):
        first = sample(ledger, method, 10, "--unit", "EUR")
        again = sample(ledger, method, 10, "--unit", "EUR", "--seed", first["draw"]["seed"])
        assert first == again
    seeds = {sample(ledger, "attribute", 1)["draw"]["seed"] for _ in range(3)}
    assert len(seeds) == 3


def test_a_ledger_that_has_grown_draws_the_same_sample(ledger):
    before = sample(ledger, "mus", 12, "--seed", "x", "--unit", "EUR")
    last = int(before["draw"]["last_entry"])
    ledger.server.made("/v1/grants", {"customer": ledger.customer, "amount": 5000, "unit": "EUR",
                                      "reason": "late-room"}, ledger.anna)
    assert sample(ledger, "mus", 12, "--seed", "x", "--unit", "EUR") != before
    assert sample(ledger, "mus", 12, "--seed", "x", "--unit", "EUR",
                  "--as-of-entry", last) == before


def test_the_population_is_named_by_its_root(ledger):
    """The tree's head, which a checkpoint of that size has too."""
    told = sample(ledger, "attribute", 1)["draw"]
    checkpoint = ledger.server.get("/checkpoint", token=ledger.auditor).text.split("\n")
    assert told["ledger_size"] == checkpoint[1] and told["ledger_root"] == checkpoint[2]


def test_what_was_taken_back_stands_beside_an_item(ledger):
    entry = ledger.server.entries()[-1]["seq"]
    assert ledger.server.entries()[-1]["kind"] == "grant"
    ledger.server.made(f"/v1/entries/{entry}/reverse", {"note": "part", "amount": 700},
                       ledger.anna)
    rows = sample(ledger, "attribute", 100, "--kind", "grants")["sample"]
    (row,) = [row for row in rows if row["entry"] == entry]
    assert minor(row["reversed"]) == 700
    assert all(minor(row["reversed"]) == 0 for row in rows if row["entry"] != entry)


def minor(cell):
    return cell["minor"] if isinstance(cell, dict) else cell


def test_a_small_population_is_taken_whole(ledger, given):
    told = sample(ledger, "attribute", 1000, "--kind", "grants", "--as-of-entry", given[-1]["seq"])
    assert [row["entry"] for row in told["sample"]] == [e for e, _ in items(given, "grant")]


def test_days_restrict_the_population(ledger, given):
    days = sorted({e["business_date"] for e in given if e["kind"] == "import"})
    first, behind = days[len(days) // 3], days[len(days) // 2]  # both have entries
    told = sample(ledger, "attribute", 5, "--seed", "d", "--from", first, "--to", behind)
    some = [(e["seq"], e["amount"]) for e in given
            if e["kind"] == "import" and first <= e["business_date"] < behind]
    assert int(told["draw"]["population_items"]) == len(some) > 5
    assert [(r["entry"], r["draw"]) for r in told["sample"]] == by_attributes(some, 5, "d")


@pytest.mark.parametrize("method, size, words, why", [
    ("dice", 5, [], "--method is mus or attribute"),
    ("mus", 0, [], "--size takes a number from 1"),
    ("mus", 100001, [], "--size takes a number from 1"),
    ("mus", 5, [], "several units"),
    ("mus", 5, ["--unit", "USD"], "the ledger has no unit 'USD'"),
    ("mus", 5, ["--unit", "PTS"], "nothing to draw from"),
    ("mus", 5, ["--seed", "a b"], "--seed takes"),
    ("attribute", 5, ["--seed", ""], "--seed takes"),
    ("attribute", 5, ["--kind", "thanks"], "--kind is"),
    ("attribute", 5, ["--as-of-entry", "99999999"], "--as-of-entry names"),
    ("attribute", 5, ["--as-of-entry", "-1"], "--as-of-entry takes"),
    ("mus", 100000, ["--unit", "EUR"], "fewer minor units"),
])
def test_what_cannot_be_drawn_is_told(ledger, method, size, words, why):
    assert why in sample(ledger, method, size, *words, code=TROUBLE)


@pytest.mark.parametrize("form", ["table", "csv", "xlsx", "html"])
def test_every_format_is_written(ledger, tmp_path, form):
    out = tmp_path / "out"
    done = run_program("lagniappe-audit", "sample", ledger.server.data, "--method", "attribute",
                       "--size", 5, "--format", form, "--output", out)
    assert done.returncode == DRAWN and done.stdout == "" and out.stat().st_size > 500
