"""`lagniappe import spend`: real spending from a file, once and only once."""
import csv
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

from harness import ROOT, program

SAMPLE = ROOT / "tests" / "data" / "spend-sample.csv"
MAP = ("date=TRANS DATE,amount=ORIGINAL GROSS AMT,staff=CARD NUMBER,reason=TRANS CAC DESC 1,"
       "party=MERCHANT NAME,budget=Directorate")
ROWS, TAKEN, BLANK_LINE = 2523, 2522, 1424
TOTAL, REFUNDS = 53905219, 310
DONE, REFUSED, TROUBLE = 0, 1, 2


def words_for(path, rejects, *more, mapping=MAP, date_format="%d/%m/%Y"):
    return ["--json", "import", "spend", path, "--map", mapping, "--date-format", date_format,
            "--unit", "GBP", "--rejects", rejects, *more]


@pytest.fixture(scope="module")
def spend(lagniappe, tmp_path_factory):
    """Imports a file into a server; gives the summary and the rejected rows."""
    def run(server, path, *more, code=None, token=None, **kwargs):
        rejects = tmp_path_factory.mktemp("rejects") / "rejects.csv"
        answer = lagniappe(*words_for(path, rejects, *more, **kwargs),
                           env={**os.environ, "LAGNIAPPE_URL": server.url,
                                "LAGNIAPPE_TOKEN": token or server.admin})
        rows = list(csv.DictReader(rejects.open(newline=""))) if rejects.exists() else []
        if code is not None:
            assert answer.returncode == code, (answer.returncode, answer.stdout, answer.stderr)
        return (json.loads(answer.stdout) if answer.stdout else answer.stderr), rows
    return run


@pytest.fixture(scope="module")
def imported(server, spend):
    """The sample in a ledger: the summary and the rejects of the first run."""
    return spend(server, SAMPLE, code=REFUSED)


def imports(server):
    return [entry for entry in server.entries() if entry["kind"] == "import"]


def write(path, rows, header="When,Sum,Who,Why,To,From"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


SMALL = "date=When,amount=Sum,staff=Who,reason=Why,party=To,budget=From"


# --- the sample ---


def test_every_row_but_the_blank_one_is_taken(imported):
    summary, rejects = imported
    assert summary["rows"] == ROWS
    assert summary["taken"] == TAKEN and summary["already_there"] == 0
    assert summary["rejected"] == 1
    assert summary["total"] == TOTAL
    assert [row["rejected_line"] for row in rejects] == [str(BLANK_LINE)]
    assert "blank" in rejects[0]["rejected_reason"]


def test_the_names_that_the_file_needs_are_made(server, imported):
    made = imported[0]["made"]
    assert made == {"unit": True, "site": True, "budgets": 12, "reasons": 60, "staff": 407}
    budgets = server.get("/v1/budgets?page_size=1000", token=server.admin).json()["budgets"]
    names = {budget["name"]: budget["id"] for budget in budgets}
    assert len(set(names.values())) == 12
    assert names["CYP&F SCHOOLS"] != names["CYP&F Schools"]  # different texts, different budgets
    assert "CYO&F" in names
    staff = server.get("/v1/staff?page_size=1000", token=server.admin).json()["staff"]
    assert any(person["id"].startswith("card-") for person in staff)
    assert all("*" not in person["id"] for person in staff)


def test_entries_hold_the_files_own_dates_and_refunds(server, imported):
    entries = imports(server)
    assert len(entries) == TAKEN
    assert sum(entry["amount"] for entry in entries) == TOTAL
    assert sum(entry["amount"] < 0 for entry in entries) == REFUNDS
    with SAMPLE.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["TRANS DATE"]]
    for entry, row in zip(entries, rows):
        day, month, year = row["TRANS DATE"].split("/")
        assert entry["business_date"] == f"{year}-{month}-{day}"
        assert entry["amount"] == round(float(row["ORIGINAL GROSS AMT"]) * 100)
        assert ("party" in entry) == bool(row["MERCHANT NAME"].strip())


def test_rows_without_a_reason_stand_under_one_that_says_so(server, imported):
    assert imported[0]["without_reason"] == 29
    assert sum(entry["reason"] == "unspecified" for entry in imports(server)) == 29


def test_imported_receipts_are_proven(server, imported, lagniappe):
    for entry in (next(e for e in imports(server) if e["amount"] < 0), imports(server)[0]):
        receipt = server.get(f"/v1/receipts/{entry['seq']}", token=server.finance)
        if receipt.status_code == 403:
            receipt = server.get(f"/v1/receipts/{entry['seq']}", token=server.token("auditor"))
        told = lagniappe("receipt", "verify", "-", "--key", server.vkey, input=receipt.text)
        assert told.returncode == 0, told.stdout + told.stderr


def test_run_again_it_changes_nothing(server, imported, spend):
    before = server.entry_count()
    summary, rejects = spend(server, SAMPLE, code=REFUSED)
    assert summary["taken"] == 0 and summary["already_there"] == TAKEN
    assert summary["made"] == {"unit": False, "site": False, "budgets": 0, "reasons": 0, "staff": 0}
    assert summary["total"] == TOTAL
    assert len(rejects) == 1
    assert server.entry_count() == before


def test_a_longer_file_adds_what_is_new_alone(server, imported, spend, tmp_path):
    head = SAMPLE.read_bytes().splitlines(keepends=True)
    new = b"31/12/2016,VR,1.01,new merchant,************0001,K020,Vehicle Fuel,R,x,A00,Local Services\r\n"
    longer = tmp_path / "longer.csv"
    longer.write_bytes(b"".join(head[:500]) + new + new)
    before = server.entry_count()
    summary, _ = spend(server, longer, code=DONE)
    assert summary["taken"] == 2 and summary["already_there"] == 499
    assert server.entry_count() > before + 1  # the two rows, their staff, their party
    again, _ = spend(server, longer, code=DONE)
    assert again["taken"] == 0 and again["already_there"] == 501


def test_no_imported_text_is_in_the_ledger_file(server, imported):
    held = (pathlib.Path(server.data) / "ledger.mdb").read_bytes()
    for text in (b"tex sussex", b"travelodge", b"************8738"):
        assert text in SAMPLE.read_bytes()
        assert text not in held


# --- rows that cannot be taken, and what becomes of them ---


def test_rejected_rows_say_why_and_are_taken_once_corrected(make_server, spend, tmp_path):
    server = make_server()
    path = write(tmp_path / "small.csv", [
        '2016-01-07,"1,234.50",E1,Fuel,Shell,Roads',
        '07/01/2016,1.00,E1,Fuel,Shell,Roads',
        '2016-02-30,1.00,E1,Fuel,Shell,Roads',
        '2016-01-07,1.005,E1,Fuel,Shell,Roads',
        '2016-01-07,0.00,E1,Fuel,Shell,Roads',
        '2016-01-07,1.00,,Fuel,Shell,Roads',
        '2016-01-07,1.00,E1,Fuel,Shell,',
        '2016-01-07,1.00,E1,Fuel',
        '2016-01-07,"x"y,E1,Fuel,Shell,Roads',
        ',,,,,',
        '2016-01-07,(2.50),E1,,,Roads'])
    summary, rejects = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=REFUSED)
    assert (summary["rows"], summary["taken"], summary["rejected"]) == (11, 2, 9)
    assert summary["total"] == 123450 - 250
    assert [int(row["rejected_line"]) for row in rejects] == list(range(3, 12))
    for row, said in zip(rejects, ["is not a day", "is not a day", "more decimals", "zero", "no staff",
                                   "no budget", "4 fields", "closing quote", "blank"]):
        assert said in row["rejected_reason"], row
    corrected = tmp_path / "corrected.csv"
    with corrected.open("w", newline="") as file:
        writer = csv.DictWriter(file, rejects[0].keys())
        writer.writeheader()
        writer.writerow({**rejects[2], "Sum": "1.01"})
    summary, _ = spend(server, corrected, mapping=SMALL, date_format="%Y-%m-%d", code=DONE)
    assert summary["taken"] == 1
    # Corrected in the file itself too, the row is known already.
    path.write_text(path.read_text().replace("1.005", "1.01"))
    summary, _ = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=REFUSED)
    assert summary["taken"] == 0 and summary["already_there"] == 3


def test_a_row_imported_under_another_map_is_not_taken_twice(make_server, spend, tmp_path):
    server = make_server()
    path = write(tmp_path / "small.csv", ["2016-01-07,1.00,E1,Fuel,Shell,Roads"])
    spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=DONE)
    swapped = SMALL.replace("reason=Why", "reason=To").replace("party=To", "party=Why")
    summary, rejects = spend(server, path, mapping=swapped, date_format="%Y-%m-%d", code=REFUSED)
    assert summary["taken"] == 0
    assert "taken before, under another --unit or --map" in rejects[0]["rejected_reason"]
    assert len(imports(server)) == 1


def test_without_a_unit_the_ledgers_only_one_is_meant(make_server, tmp_path, lagniappe):
    server = make_server()
    path = write(tmp_path / "small.csv", ["2016-01-07,1.00,E1,Fuel,Shell,Roads"])
    server.made("/v1/units", {"code": "EUR", "scale": 2, "kind": "money", "name": "Euro"},
                server.admin)
    words = ["--url", server.url, "--token", server.admin, "import", "spend", path, "--map", SMALL,
             "--rejects", tmp_path / "rejects.csv"]
    answer = lagniappe(*words)
    assert answer.returncode == 0 and imports(server)[0]["unit"] == "EUR", answer.stderr
    server.made("/v1/units", {"code": "USD", "scale": 2, "kind": "money", "name": "Dollar"},
                server.admin)
    before = len(server.entries())
    answer = lagniappe(*words)
    assert answer.returncode == 2 and "--unit is missing" in answer.stderr
    assert len(server.entries()) == before


def test_names_of_people_stay_out_of_the_ledger(make_server, spend, tmp_path):
    server = make_server()
    path = write(tmp_path / "small.csv", ["2016-01-07,1.00,Ana Smith,Fuel,Shell,Roads",
                                          "2016-01-08,2.00,Ana Smith,Fuel,Shell,Roads"])
    spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=DONE)
    entries = imports(server)
    assert len({entry["staff"] for entry in entries}) == 1
    assert "ana" not in entries[0]["staff"] and "smith" not in entries[0]["staff"]
    held = (pathlib.Path(server.data) / "ledger.mdb").read_bytes().lower()
    assert b"smith" not in held
    path.write_text(path.read_text() + "2016-01-09,3.00,Ana Smith,Fuel,Shell,Roads\n")
    summary, _ = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=DONE)
    assert summary["taken"] == 1 and summary["made"]["staff"] == 0
    assert len({entry["staff"] for entry in imports(server)}) == 1


def test_other_encodings_and_line_ends_are_read(make_server, spend, tmp_path):
    server = make_server()
    path = tmp_path / "latin.csv"
    path.write_bytes(b"\xef\xbb\xbfWhen,Sum,Who,Why,To,From\r"
                     b"2016-01-07,\xa312.00,E1,Caf\xe9,\"two\nlines\",Roads\r")
    summary, _ = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=DONE)
    assert summary["total"] == 1200
    reasons = server.get("/v1/reasons", token=server.admin).json()["reasons"]
    assert [reason["name"] for reason in reasons] == ["Café"]
    # What a spreadsheet saves as "Unicode text", and what it writes where commas are decimal.
    path.write_text("When\tSum\tWho\tWhy\tTo\tFrom\n2016-01-08\t€ 1\tE1\tCafé\t\tRoads\n"
                    "2016-01-08\t£1\tE1\tCafé\ta, b\tRoads\n", encoding="utf-16")
    summary, rejects = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=REFUSED)
    assert (summary["taken"], summary["total"]) == (1, 100)
    assert rejects[0]["rejected_reason"] == 'the amount is in another currency: "€ 1"'
    write(path, ["2016-01-09;2.00;E1;Café;a, b;Roads"], "When;Sum;Who;Why;To;From")
    summary, _ = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=DONE)
    assert summary["total"] == 200


# --- the run itself ---


def test_a_dry_run_needs_no_server_and_writes_nothing(lagniappe, server, imported, tmp_path):
    before = server.entry_count()
    answer = lagniappe(*words_for(SAMPLE, tmp_path / "rejects.csv", "--dry-run"),
                       env={**os.environ, "LAGNIAPPE_URL": "http://127.0.0.1:1"})
    assert answer.returncode == REFUSED, answer.stderr
    summary = json.loads(answer.stdout)
    assert summary["taken"] == TAKEN and summary["total"] == TOTAL and summary["dry_run"]
    assert server.entry_count() == before


def test_people_see_a_summary_with_sums(lagniappe, tmp_path):
    words = words_for(SAMPLE, tmp_path / "rejects.csv", "--dry-run")[1:]
    told = lagniappe(*words).stdout
    assert "539,052.19" in told and "2,522" in told and "310" in told
    assert str(tmp_path / "rejects.csv") in told


@pytest.mark.parametrize("more, said", [
    (["--map", "date=nothing"], 'no column is headed "nothing"'),
    (["--map", MAP, "--date-format", "%d/%m"], "--date-format"),
    (["--map", MAP, "--unit", "pounds"], "--unit"),
    (["--map", MAP, "--rejects", str(SAMPLE)], "--rejects"),
    ([], "--map is missing"),
])
def test_a_line_that_cannot_be_run_says_why(lagniappe, more, said):
    answer = lagniappe("import", "spend", SAMPLE, *more)
    assert answer.returncode == TROUBLE
    assert said in answer.stderr


def test_others_than_admin_import_nothing(server, spend, tmp_path):
    before = server.entry_count()
    path = write(tmp_path / "small.csv", ["2016-01-07,1.00,E1,Fuel,Shell,Roads"])
    told, _ = spend(server, path, mapping=SMALL, date_format="%Y-%m-%d", code=TROUBLE,
                    token=server.finance)
    assert "(403)" in told
    assert server.entry_count() == before


class Busy(http.server.BaseHTTPRequestHandler):
    """Has all names already; takes every other line of what it is sent."""
    batches = []

    def do_GET(self):
        listed = {"scale": 2, "budgets": [{"id": "b", "name": "Roads"}],
                  "reasons": [{"id": "r", "name": "Fuel"}], "staff": [{"id": "s", "name": "E1"}]}
        self.answer([listed])

    def do_POST(self):
        assert self.path == "/v1/imports", self.path
        body = self.rfile.read(int(self.headers["Content-Length"]))
        lines = [json.loads(line) for line in body.splitlines()]
        self.batches.append([line["key"] for line in lines])
        busy = {"status": 503, "problem": {"type": "/problems/overloaded", "title": "Busy"}}
        self.answer([busy if i % 2 else {"status": 201, "seq": 9} for i in range(len(lines))])

    def answer(self, lines):
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def test_lines_that_the_server_was_too_busy_for_are_sent_again_alone(lagniappe, tmp_path):
    Busy.batches = []
    path = write(tmp_path / "small.csv", [f"2016-01-07,{i}.00,E1,Fuel,Shell,Roads"
                                          for i in range(1, 6)])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy) as busy:
        threading.Thread(target=busy.serve_forever, daemon=True).start()
        answer = lagniappe(*words_for(path, tmp_path / "rejects.csv", mapping=SMALL,
                                      date_format="%Y-%m-%d"),
                           env={**os.environ, "LAGNIAPPE_TOKEN": "t",
                                "LAGNIAPPE_URL": f"http://127.0.0.1:{busy.server_address[1]}"})
        busy.shutdown()
    assert answer.returncode == DONE, answer.stderr
    summary = json.loads(answer.stdout)
    assert summary["taken"] == 5 and summary["rejected"] == 0 and summary["total"] == 1500
    first, second, third = Busy.batches
    assert second == first[1::2] and third == second[1::2]


def test_an_import_that_was_killed_goes_on_where_it_was(make_server, spend, tmp_path):
    server = make_server()
    words = [program("lagniappe"), *map(str, words_for(SAMPLE, tmp_path / "rejects.csv"))]
    first = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             env={**os.environ, "LAGNIAPPE_URL": server.url,
                                  "LAGNIAPPE_TOKEN": server.admin})
    deadline = time.monotonic() + 60
    while server.entry_count() < 300 and time.monotonic() < deadline:
        time.sleep(0.02)
    first.kill()
    first.wait()
    summary, _ = spend(server, SAMPLE, code=REFUSED)
    assert summary["taken"] + summary["already_there"] == TAKEN
    assert len(imports(server)) == TAKEN
    assert sum(entry["amount"] for entry in imports(server)) == TOTAL
