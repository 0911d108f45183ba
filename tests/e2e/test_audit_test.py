"""lagniappe-audit test: spending files as real systems write them, and the figures
computed a second time by recompute_spending.py."""
import gzip
import json
import random

import pytest

from harness import ROOT, run_program
import recompute_spending as again

SAMPLE = ROOT / "tests/data/spend-sample.csv"
WHOLE = ROOT / "tests/data/birmingham-purchase-cards-2016.csv.gz"
LIMIT = 50000  # pence
COLUMNS = ("--amount", again.AMOUNT, "--staff", again.STAFF, "--party", again.PARTY,
           "--date", again.DATE, "--reason", again.REASON, "--site", again.SITE)


def run_test(path, *args, **kwargs):
    return run_program("lagniappe-audit", "test", path, *args, **kwargs)


def told(path, *args, **kwargs):
    """What the tool says, as {sheet: rows}; it must have run."""
    done = run_test(path, *args, "--json", **kwargs)
    assert done.returncode in (0, 1), done.stderr
    document = json.loads(done.stdout)
    sheets = {sheet["name"]: sheet["rows"] for sheet in document["sheets"]}
    sheets["tests"] = {row["test"]: row for row in sheets["tests"]}
    sheets["totals"] = {sheet["name"]: sheet["totals"] for sheet in document["sheets"]}
    findings = sum(row["findings"] for row in sheets["tests"].values())
    assert done.returncode == (1 if findings else 0)
    return sheets


def refused(path, *args, **kwargs):
    done = run_test(path, *args, **kwargs)
    assert done.returncode == 2 and done.stdout == "", done.stdout
    return done.stderr


@pytest.fixture(scope="module", params=["sample", "whole"])
def both(request, tmp_path_factory):
    """The tool's answer and the rows, of each file."""
    path = SAMPLE
    if request.param == "whole":
        path = tmp_path_factory.mktemp("spending") / "whole.csv"
        path.write_bytes(gzip.decompress(WHOLE.read_bytes()))
    return told(path, *COLUMNS, "--limit", "500"), path, again.read_rows(path)


# --- the same figures by other means ---

def test_rows_staff_parties_and_sums_are_counted_alike(both):
    sheets, path, _ = both
    other = again.recompute(path, LIMIT)
    (file,) = sheets["file"]
    assert (file["taken"], file["staff"], file["parties"], file["refunds"], file["total"]) == (
        other["rows"], other["staff"], other["parties"], other["refunds"], other["total"])
    assert (file["rejected"], file["empty"]) == (0, 1)


def test_the_whole_file_has_the_published_figures(both):
    sheets, path, _ = both
    if path == SAMPLE:
        pytest.skip("of the whole file")
    (file,) = sheets["file"]
    assert (file["taken"], file["staff"], file["refunds"], file["total"]) == (
        52454, 1023, 1571, 853129919)


@pytest.mark.parametrize("name, places", [
    ("first-digit", (0, 1)), ("second-digit", (1, 2)), ("first-two-digits", (0, 2))])
def test_digits_agree_to_the_last_place(both, name, places):
    sheets, _, rows = both
    amounts = [row.amount for row in again.spending(rows) if row.amount >= 1000]
    counts = again.digit_counts(amounts, places)
    summary = sheets["tests"][name]
    assert summary["tested"] == len(amounts)
    assert f"{summary['value']:.8f}" == f"{again.mad(amounts, places):.8f}"
    assert {int(row["digits"]): row["count"] for row in sheets[name]} == {
        digits: counts[digits] for digits in again.shares(places)}
    for row in sheets[name]:
        expected = again.shares(places)[int(row["digits"])]
        assert f"{row['expected']:.6f}" == f"{expected:.6f}"
        assert row["z"] == pytest.approx(again.z(row["count"], len(amounts), expected), abs=1e-4)


def test_arc_and_distortion_agree(both):
    sheets, _, rows = both
    amounts = [row.amount for row in again.spending(rows) if row.amount >= 1000]
    l_squared, p = again.arc(amounts)
    (arc,) = sheets["mantissa-arc"]
    assert arc["l_squared"] == pytest.approx(l_squared, abs=1e-10)
    assert sheets["tests"]["mantissa-arc"]["value"] == pytest.approx(p, abs=1e-8)
    assert sheets["tests"]["distortion"]["value"] == pytest.approx(again.distortion(amounts),
                                                                   abs=1e-8)


def lines(rows):
    return sorted(row.line for row in rows)


def entries(row):
    return sorted(int(entry) for entry in row["entries"].split(" and ")[0].split(", "))


@pytest.mark.parametrize("name, find", [
    ("same-same-same", again.same_same_same), ("same-same-different", again.same_same_different),
    ("split-grants", lambda rows: again.splits(rows, LIMIT))])
def test_groups_are_the_same_ones(both, name, find):
    sheets, _, rows = both
    groups = find(again.spending(rows))
    assert sheets["tests"][name]["findings"] == len(groups) == len(sheets[name]) > 0
    # What is named of a large group is its first 20 entries.
    assert sorted(entries(row) for row in sheets[name]) == sorted(
        lines(sorted(group, key=lambda row: (row.date, row.party, row.line))[:20])
        if len(group) <= 20 else lines(group)[:20] for group in groups)


def test_splits_within_a_week_agree(both):
    _, path, rows = both
    week = told(path, *COLUMNS, "--limit", "500", "--window", "7", "--test", "split-grants")
    groups = again.splits(again.spending(rows), LIMIT, 7)
    assert sorted(entries(row) for row in week["split-grants"]) == sorted(
        lines(group[:20]) for group in groups)
    assert [row for row in week["split-grants"] if row["from"] != row["to"]]


def test_just_below_the_limit_agrees(both):
    sheets, _, rows = both
    (everybody,) = sheets["totals"]["just-below-limit"]
    assert (everybody["below"], everybody["above"]) == again.just_below(again.spending(rows),
                                                                       LIMIT)
    assert everybody["ratio"] == pytest.approx(everybody["below"] / everybody["above"], abs=1e-6)
    assert sum(row["below"] for row in sheets["just-below-limit"]) == everybody["below"]


def test_relative_sizes_agree(both):
    sheets, _, rows = both
    found = again.relative_sizes(again.spending(rows))
    assert len(sheets["relative-size"]) == len(found)
    for row in sheets["relative-size"]:
        factor, line = found[row["subset"], row["name"]]
        assert row["score"] == pytest.approx(factor, abs=1e-6)
        assert int(row["entries"].split(", ")[0]) == line


def test_concentration_and_frequency_agree(both):
    sheets, _, rows = both
    found = again.herfindahl(again.spending(rows))
    assert {row["staff"] for row in sheets["concentration"]} == set(found)
    for row in sheets["concentration"]:
        assert (row["score"], row["share"]) == pytest.approx(found[row["staff"]], abs=1e-6)
    assert sheets["tests"]["repeated-amounts"]["value"] == pytest.approx(
        again.frequency_factor(again.spending(rows)), abs=1e-8)


def test_items_come_in_the_order_of_their_scores(both):
    sheets, _, _ = both
    for name, rows in sheets.items():
        if isinstance(rows, list) and rows and "score" in rows[0]:
            scores = [row["score"] for row in rows]
            assert scores == sorted(scores, reverse=True), name


def test_each_flagged_item_names_its_entries_and_says_why(both):
    sheets, _, _ = both
    for name, summary in sheets["tests"].items():
        if name == "out-of-hours":  # the file has no times
            continue
        flagged = [row for row in sheets[name] if row.get("why")]
        assert summary["applies"] == "yes"
        assert not summary["findings"] or flagged, name
        assert all(row["entries"] for row in flagged)


# --- formats ---

def write_csv(path, rows, delimiter=",", encoding="utf-8", ends="\r\n", heading=None):
    heading = heading or ["Who", "Day", "Sum", "Shop"]
    text = ends.join(delimiter.join(row) for row in [heading, *rows]) + ends
    path.write_bytes(text.encode(encoding))
    return path


MAPPED = ("--amount", "Sum", "--staff", "who", "--party", "Shop", "--date", "Day")
TWICE = [["Anna", "31/01/2026", "12.50", "Bakery"]] * 2


def twice(path, *args):
    """The one duplicate in a file of TWICE, written in some way."""
    sheets = told(path, *MAPPED, "--test", "same-same-same", *args)
    (row,) = sheets["same-same-same"]
    assert (row["staff"], row["date"], row["amount"], row["party"], row["times"]) == (
        "Anna", "2026-01-31", 1250, "Bakery", 2)
    assert row["entries"] == "2, 3"
    return sheets


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_encodings_are_found(tmp_path, encoding, delimiter):
    twice(write_csv(tmp_path / "f.csv", TWICE, delimiter, encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_are_found(tmp_path, encoding, ends):
    twice(write_csv(tmp_path / "f.csv", TWICE, ";", encoding, ends))


def test_names_are_those_of_the_encoding(tmp_path):
    rows = [["Zoë", "31/01/2026", "12.50", "Café €"]] * 2
    for encoding in ("utf-8", "cp1252", "utf-16"):
        (row,) = told(write_csv(tmp_path / "f.csv", rows, encoding=encoding),
                      *MAPPED)["same-same-same"]
        assert (row["staff"], row["party"]) == ("Zoë", "Café €")


def test_the_first_line_may_name_the_delimiter(tmp_path):
    path = write_csv(tmp_path / "f.csv", [["Who^Day^Sum^Shop"],
                                          *[["^".join(row)] for row in TWICE]], heading=["sep=^"])
    assert told(path, *MAPPED)["same-same-same"][0]["entries"] == "3, 4"


@pytest.mark.parametrize("written", [
    "12,50", "£12.50", "12.50 GBP", "GBP 12.50", "12,50 €", "12.5", "\u00a012.50 ", "12.50 DR",
    '="12.50"'])
def test_amounts_are_read_as_they_are_written(tmp_path, written):
    rows = [["Anna", "31/01/2026", written, "Bakery"]] * 2
    if "=" not in written:
        twice(write_csv(tmp_path / "f.csv", rows, ";"))
    else:
        twice(write_csv(tmp_path / "f.csv",
                        [[*row[:2], '"=""12.50"""', row[3]] for row in rows], ";"))


@pytest.mark.parametrize("written", [
    "2026-01-31", "31.01.2026", "31 Jan 2026", "January 31, 2026", "20260131", "31-01-26",
    "2026-01-31T10:11:12Z", "1/31/2026 3:45 PM"])
def test_dates_are_read_as_they_are_written(tmp_path, written):
    twice(write_csv(tmp_path / "f.csv", [["Anna", written, "12.50", "Bakery"]] * 2, ";"))


def test_quoted_line_breaks_quotes_and_delimiters_stay_in_their_field(tmp_path):
    rows = [["Anna", "31/01/2026", "12.50", '"The ""old""\nbakery, Ltd"']] * 2
    sheets = told(write_csv(tmp_path / "f.csv", rows, ends="\n"), *MAPPED)
    (row,) = sheets["same-same-same"]
    assert row["party"].startswith('The "old"') and row["party"].endswith("bakery, Ltd")
    assert row["entries"] == "2, 4"


def test_decimal_comma_and_groups(tmp_path):
    rows = [["Anna", "31/01/2026", written, "Bakery"] for written in
            ("1.234,56", "1 234,56", "1'234,56", "-1.234,56", "(1.234,56)", "1.234,56-")]
    (file,) = told(write_csv(tmp_path / "f.csv", rows, ";"), *MAPPED)["file"]
    assert (file["spending"], file["refunds"], file["total"]) == (3, 3, 0)


def test_credits_are_refunds(tmp_path):
    rows = [["Anna", "31/01/2026", "12.50 CR", "Bakery"]]
    (file,) = told(write_csv(tmp_path / "f.csv", rows), *MAPPED)["file"]
    assert (file["refunds"], file["total"]) == (1, -1250)


# --- what is not guessed ---

def test_an_ambiguous_amount_is_refused_with_its_line_and_a_way_out(tmp_path):
    path = write_csv(tmp_path / "f.csv", [["Anna", "31/01/2026", "1.234", "Bakery"]], ";")
    message = refused(path, *MAPPED)
    assert "line 2" in message and "--decimal" in message
    assert told(path, *MAPPED, "--decimal", "comma")["file"][0]["total"] == 1234
    thousandths = told(path, *MAPPED, "--decimal", "point")["file"][0]
    assert (thousandths["total"], thousandths["total_scale"]) == (1234, 3)


def test_amounts_that_contradict_each_other_are_refused(tmp_path):
    path = write_csv(tmp_path / "f.csv", [["Anna", "31/01/2026", "1.50", "Bakery"],
                                          ["Anna", "31/01/2026", "1,50", "Bakery"]], ";")
    message = refused(path, *MAPPED)
    assert "line 3" in message and "line 2" in message
    sheets = told(path, *MAPPED, "--decimal", "point")
    assert (sheets["file"][0]["taken"], sheets["file"][0]["rejected"]) == (1, 1)


def test_an_ambiguous_date_is_refused_and_one_clear_date_settles_it(tmp_path):
    rows = [["Anna", "01/02/2026", "1.50", "Bakery"]] * 2
    message = refused(write_csv(tmp_path / "f.csv", rows), *MAPPED)
    assert "line 2" in message and "--date-format" in message
    day = told(tmp_path / "f.csv", *MAPPED, "--date-format", "%m/%d/%Y")["same-same-same"][0]
    assert day["date"] == "2026-01-02"
    rows.append(["Anna", "13/02/2026", "1.50", "Bakery"])
    day = told(write_csv(tmp_path / "f.csv", rows), *MAPPED)["same-same-same"][0]
    assert day["date"] == "2026-02-01"


def test_currencies_are_never_summed(tmp_path):
    path = write_csv(tmp_path / "f.csv", [["Anna", "31/01/2026", "GBP 1.50", "Bakery"],
                                          ["Anna", "31/01/2026", "EUR 2.50", "Bakery"]])
    message = refused(path, *MAPPED)
    assert "GBP" in message and "EUR" in message and "--unit" in message
    (file,) = told(path, *MAPPED, "--unit", "EUR")["file"]
    assert (file["taken"], file["rejected"], file["total"], file["unit"]) == (1, 1, 250, "EUR")


def test_rows_that_cannot_be_taken_are_listed_with_reasons(tmp_path):
    rows = [["Anna", "31/01/2026", "12.50", "Bakery"], ["Ben", "31/02/2026", "1.00", "Bakery"],
            ["", "", "", ""], ["Cleo", "", "1.00", "Bakery"], ["Dan", "30/01/2026", "x", "Bakery"],
            ["Eve", "30/01/2026", "1.00", "Bakery", "more"],
            ["Fay", "30/01/2026", "99999999999999999999", "Bakery"]]
    path = write_csv(tmp_path / "f.csv", rows)
    rejects = tmp_path / "rejects.csv"
    (file,) = told(path, *MAPPED, "--rejects", rejects)["file"]
    assert (file["rows"], file["taken"], file["rejected"], file["empty"]) == (7, 1, 5, 1)
    listed = rejects.read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in listed] == ["3", "5", "6", "7", "8"]
    assert "too large" in listed[-1] and "no date" in listed[1]
    assert rejects.read_text().count("more") == 2
    done = run_test(path, *MAPPED)
    assert "taken 1, rejected 5, empty 1" in done.stdout and "line 3: the date" in done.stdout


def test_the_heading_may_stand_below_a_title_and_columns_have_numbers(tmp_path):
    path = write_csv(tmp_path / "f.csv", [["Who", "Day", "Sum", "Shop"], *TWICE],
                     heading=["Card report 2026", "", "", ""])
    assert told(path, *MAPPED)["same-same-same"][0]["entries"] == "3, 4"
    by_number = told(path, "--amount", "#3", "--staff", "#1", "--party", "#4")
    assert by_number["file"][0]["taken"] == 2


def test_a_missing_column_names_those_that_are_there(tmp_path):
    path = write_csv(tmp_path / "f.csv", TWICE)
    message = refused(path, "--amount", "Betrag")
    assert '"Betrag"' in message and '"Sum"' in message


def test_a_message_that_quotes_the_file_steers_no_terminal(tmp_path):
    path = write_csv(tmp_path / "f.csv", TWICE, heading=["Wh\x1b[31mo", "D\x9bay", "Sum", "Shop"])
    message = refused(path, "--amount", "Betrag")
    assert "Wh?[31mo" in message and "D?ay" in message


@pytest.mark.parametrize("args, word", [
    (["--amount", "Sum", "--limit", "-5"], "--limit"),
    (["--amount", "Sum", "--limit", "x"], "--limit"),
    (["--amount", "Sum", "--band", "90"], "--band"),
    (["--amount", "Sum", "--test", "nothing"], "nothing"),
    (["--amount", "Sum", "--date", "Day", "--date-format", "%d/%m"], "--date-format"),
    (["--amount", "Sum", "--decimal", "dot"], "--decimal"),
    (["--amount", "Sum", "--format", "pdf"], "pdf"),
    ([], "--amount"),
])
def test_options_that_make_no_sense_are_refused(tmp_path, args, word):
    assert word in refused(write_csv(tmp_path / "f.csv", TWICE), *args)


def test_the_file_that_is_read_is_never_written(tmp_path):
    path = write_csv(tmp_path / "f.csv", TWICE)
    before = path.read_bytes()
    for option in ("--rejects", "--output"):
        assert option in refused(path, *MAPPED, option, path)
    assert path.read_bytes() == before


def test_no_file_a_directory_and_no_rows_are_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "none.csv", *MAPPED)
    assert "directory" in refused(tmp_path, *MAPPED).lower()
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "no rows" in refused(tmp_path / "empty.csv", *MAPPED)
    assert "no row could be taken" in refused(write_csv(tmp_path / "f.csv", []), *MAPPED)


def test_standard_input_is_read_as_a_file_is():
    by_pipe = told("-", *COLUMNS, "--test", "same-same-same", input=SAMPLE.read_bytes().decode())
    by_name = told(SAMPLE, *COLUMNS, "--test", "same-same-same")
    assert by_pipe["same-same-same"] == by_name["same-same-same"]


# --- verdicts ---

def test_a_clean_file_exits_0_and_says_which_tests_do_not_apply(tmp_path):
    rows = [["Anna", "31/01/2026", "12.50", "Bakery"], ["Ben", "30/01/2026", "11.20", "Florist"]]
    sheets = told(write_csv(tmp_path / "f.csv", rows), *MAPPED)
    tests = sheets["tests"]
    assert tests["first-two-digits"]["applies"] == "no"
    assert tests["first-two-digits"]["verdict"].startswith("does not apply, because there are only")
    assert "--limit" in tests["split-grants"]["verdict"]
    assert tests["same-same-same"]["applies"] == "yes"
    done = run_test(tmp_path / "f.csv", *MAPPED)
    assert done.returncode == 0 and "does not apply, because" in done.stdout


def test_without_a_party_what_needs_one_does_not_apply(tmp_path):
    sheets = told(write_csv(tmp_path / "f.csv", TWICE), "--amount", "Sum", "--staff", "Who",
                  "--date", "Day", "--limit", "20")
    for name in ("same-same-different", "split-grants", "concentration"):
        assert sheets["tests"][name]["applies"] == "no", name
    assert len(sheets["same-same-same"]) == 1


def test_fixed_denominations_are_not_held_to_benford(tmp_path):
    rows = [["Anna", "31/01/2026", str(amount), "Bakery"] for amount in (10, 20, 50, 100)] * 100
    sheets = told(write_csv(tmp_path / "f.csv", rows), *MAPPED)
    assert sheets["tests"]["first-two-digits"]["applies"] == "no"
    assert "fixed denominations" in sheets["tests"]["first-two-digits"]["verdict"]
    assert sheets["tests"]["repeated-amounts"]["findings"] == 0


def test_benford_amounts_conform_and_uniform_ones_do_not(tmp_path):
    draw = random.Random(1881)
    benford = [f"{10 ** draw.uniform(1, 4):.2f}" for _ in range(20000)]
    uniform = [f"{draw.uniform(10, 10000):.2f}" for _ in range(20000)]
    path = tmp_path / "f.csv"
    for amounts, conforms in ((benford, True), (uniform, False)):
        write_csv(path, [["Anna", "31/01/2026", amount, "Bakery"] for amount in amounts])
        sheets = told(path, "--amount", "Sum", "--test", "first-two-digits")
        assert (sheets["tests"]["first-two-digits"]["findings"] == 0) == conforms
        assert ("conform to" in sheets["tests"]["first-two-digits"]["verdict"])


def test_the_published_example_of_just_below_has_a_ratio_of_6_8(tmp_path):
    rows = [["Anna", "31/01/2026", "490.00", "Bakery"]] * 285 + \
           [["Ben", "30/01/2026", "510.00", "Bakery"]] * 42
    sheets = told(write_csv(tmp_path / "f.csv", rows), *MAPPED, "--limit", "500",
                  "--test", "just-below-limit")
    (everybody,) = sheets["totals"]["just-below-limit"]
    assert (everybody["below"], everybody["above"]) == (285, 42)
    assert round(everybody["ratio"], 1) == 6.8


def test_incidents_show_splits_over_several_customers(tmp_path):
    rows = [["Anna", "31/01/2026", "60.00", shop, "room-12"] for shop in ("Bakery", "Florist")]
    path = write_csv(tmp_path / "f.csv", rows, heading=["Who", "Day", "Sum", "Shop", "Case"])
    sheets = told(path, *MAPPED, "--incident", "Case", "--limit", "100")
    (split,) = sheets["split-grants"]
    assert (split["incident"], split["party"], split["total"]) == ("room-12", None, 12000)


def test_spending_outside_the_hours_and_on_days_off_is_found(tmp_path):
    rows = [["Anna", "30/01/2026", "12.50", "Bakery", time] for time in
            ("08:00", "07:59", "17:59", "18:00", "23:30", "")]
    rows.append(["Anna", "31/01/2026", "12.50", "Bakery", "12:00"])  # a Saturday
    path = write_csv(tmp_path / "f.csv", rows, heading=["Who", "Day", "Sum", "Shop", "At"])
    mapped = (*MAPPED, "--time", "At", "--test", "out-of-hours")
    found = told(path, *mapped, "--opens", "08:00", "--closes", "18:00", "--days-off", "sat,sun")
    assert [row["entry"] for row in found["out-of-hours"]] == [8, 6, 3]
    assert found["out-of-hours"][0]["weekday"] == "sat"
    assert told(path, *mapped)["tests"]["out-of-hours"]["applies"] == "no"
    assert "--closes" in refused(path, *mapped, "--opens", "08:00")
    assert "--days-off" in refused(path, *mapped, "--days-off", "caturday")


@pytest.mark.parametrize("form", ["table", "csv", "html", "xlsx"])
def test_every_format_is_written(tmp_path, form):
    out = tmp_path / "out"
    done = run_test(SAMPLE, *COLUMNS, "--limit", "500", "--format", form, "--output", out)
    assert done.returncode == 1, done.stderr
    assert len(out.read_bytes()) > 1000


# --- hostile files ---

def test_a_hostile_file_never_crashes_the_tool(tmp_path):
    draw = random.Random(7)
    pieces = [b'"', b",", b";", b"\n", b"\r", b"1.50", b"31/01/2026", b"\xff", b"\xfe", b"(", b"-",
              b"9" * 30, b"\xef\xbb\xbf", b"\xe2\x82", b"=\"", b" ", b"Sum", b"CR", b"'"]
    path = tmp_path / "f.csv"
    for _ in range(60):
        noise = b"".join(draw.choice(pieces) for _ in range(draw.randrange(200)))
        path.write_bytes(b"Who,Day,Sum,Shop\n" + noise)
        done = run_test(path, *MAPPED, "--limit", "10")
        assert done.returncode in (0, 1, 2), done.stderr
        assert "Sanitizer" not in done.stderr and "require" not in done.stderr


@pytest.mark.parametrize("body, word", [
    (b'Anna,31/01/2026,"1.50,Bakery\n' + b"Ben,30/01/2026,1.00,Bakery\n" * 9, "quote"),
    (b"Anna,31/01/2026,1.50," + b"x" * (2 << 20), "longer than 1 MiB"),
    (b"A\0n\0n\0a\0", "NUL"),
], ids=["unclosed", "endless", "binary"])
def test_what_is_no_table_is_refused_with_its_line(tmp_path, body, word):
    (tmp_path / "f.csv").write_bytes(b"Who,Day,Sum,Shop\n" + body)
    message = refused(tmp_path / "f.csv", *MAPPED)
    assert word in message and "line 2" in message


def test_a_hundred_thousand_equal_rows_take_no_longer_than_others(tmp_path):
    path = write_csv(tmp_path / "f.csv", [["Anna", "31/01/2026", "12.50", "Bakery"]] * 100000)
    sheets = told(path, *MAPPED, "--limit", "20", timeout=60)
    assert sheets["same-same-same"][0]["times"] == 100000
    assert sheets["same-same-same"][0]["entries"].endswith("and 99,980 more")
