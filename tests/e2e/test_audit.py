"""lagniappe-audit verify, over ledgers that the server wrote."""
import json
import shutil
import threading

import pytest

from harness import run_program, set_up_programme

GRANT = {"unit": "EUR", "reason": "late-room"}


def audit(server, *args):
    return run_program("lagniappe-audit", "verify", server.data, *args)


def clean(server, *args):
    """The audit's JSON; it must find nothing."""
    done = audit(server, "--key", server.vkey, "--json", *args)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["clean"] and told["findings"] == []
    return told


def grant(programme, amount=100, **fields):
    return programme.server.made(
        "/v1/grants", {"customer": programme.customer, "amount": amount, **GRANT, **fields},
        programme.anna)


def import_lines(programme, lines):
    body = "".join(json.dumps(line) + "\n" for line in lines)
    answer = programme.server.request(
        "POST", "/v1/imports", token=programme.admin, data=body,
        headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture(scope="module")
def busy(server):
    """A programme in which each kind of entry was written."""
    programme = set_up_programme(server)
    first = grant(programme, 500, touchpoint="lobby", incident="room-12", words="Sorry!")
    server.made("/v1/thanks", {"customer": programme.customer, "reason": "kind-word",
                               "minutes": 5, "words": "You are welcome"}, programme.anna)
    too_much = server.post("/v1/grants", {"customer": programme.customer, "amount": 10**9, **GRANT},
                           programme.anna)
    assert too_much.status_code == 409, too_much.text
    server.made(f"/v1/entries/{first['seq']}/reverse", {"note": "half", "amount": 200},
                programme.anna)
    server.made(f"/v1/entries/{first['seq']}/reverse", {"note": "the rest"}, programme.anna)
    again = server.post(f"/v1/entries/{first['seq']}/reverse", {"note": "once more"},
                        programme.anna)
    assert again.status_code == 409, again.text
    server.made("/v1/budgets/front-desk/allotments", {"amount": -2500}, programme.finance)
    row = {"business_date": "2016-02-29", "unit": "EUR", "staff": "anna", "budget": "front-desk",
           "reason": "late-room"}
    lines = import_lines(programme, [
        {"key": "row-1", "amount": 123456, "party": "A hotel", **row},
        {"key": "row-2", "amount": -456, "party": "A hotel", **row},
        {"key": "row-3", "amount": 789, **row}])
    assert [line["status"] for line in lines] == [201] * 3, lines
    answer = server.patch("/v1/staff/anna", {"active_until": "2099-01-01"}, programme.admin,
                          key="patch-1")
    assert answer.status_code == 200, answer.text
    for amount in range(1, 300):
        grant(programme, amount)
    return programme


def test_what_the_server_wrote_is_clean_while_it_runs(busy):
    told = clean(busy.server)
    assert told["entries"] == told["size"] == busy.server.entry_count()
    assert told["high_water"]["contained"]
    sums = {unit["code"]: unit for unit in told["units"]}["EUR"]
    assert sums["sum"] == 0 and sums["scale"] == 2
    assert sums["sums"]["budget"] == busy.server.available()
    assert sums["sums"]["customer"] == busy.server.balance(busy.customer, busy.anna)
    assert sums["sums"]["settlement"] == -sums["sums"]["history"] == 123456 - 456 + 789


def test_a_copy_of_the_file_alone_is_clean(busy, tmp_path):
    busy.server.stop()
    shutil.copy(busy.server.data / "ledger.mdb", tmp_path)
    busy.server.start()
    done = run_program("lagniappe-audit", "verify", tmp_path / "ledger.mdb")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("taken on trust: ") == 2
    assert "result: clean" in done.stdout


def test_trust_shrinks_with_key_and_saved_checkpoint(busy, tmp_path):
    saved = tmp_path / "saved"
    first = clean(busy.server, "--save", saved)
    assert first["saved"] and len(first["taken_on_trust"]) == 1
    grant(busy)
    second = clean(busy.server, "--since", saved)
    assert second["since"] == {"size": first["size"], "contained": True}
    assert second["taken_on_trust"] == []
    assert second["size"] == first["size"] + 1


def test_a_rolled_back_ledger_is_named_by_what_was_saved(busy, tmp_path):
    saved, older = tmp_path / "saved", tmp_path / "ledger.mdb"
    busy.server.stop()
    shutil.copy(busy.server.data / "ledger.mdb", older)
    busy.server.start()
    grant(busy)
    clean(busy.server, "--save", saved)
    done = run_program("lagniappe-audit", "verify", older, "--key", busy.server.vkey,
                       "--since", saved)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("finding: ")][0] \
        .startswith("finding: since-behind ledger: ")


def test_findings_and_keys_in_files_are_for_programs_too(busy, tmp_path):
    busy.server.stop()
    shutil.copytree(busy.server.data, tmp_path / "data")
    busy.server.start()
    (tmp_path / "data" / "high-water").write_text("no note\n")
    (tmp_path / "log.vkey").write_text(busy.server.vkey + "\n")
    done = run_program("lagniappe-audit", "verify", tmp_path / "data", "--json",
                       "--key", tmp_path / "log.vkey")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [finding["rule"] for finding in told["findings"]] == ["high-water"]
    assert told["counts"] == {"high-water": 1} and not told["clean"]


def test_an_audit_of_a_served_ledger_is_clean_and_disturbs_nobody(busy):
    """Grants go on while audits run one after another."""
    stop = threading.Event()
    failed = []

    def give():
        session = busy.server.session.__class__()
        for number in range(10**6):
            if stop.is_set():
                return
            answer = session.post(
                busy.server.url + "/v1/grants",
                json={"customer": busy.customer, "amount": 1, **GRANT},
                headers={"Authorization": f"Bearer {busy.anna}",
                         "Idempotency-Key": f"{threading.get_ident()}-{number}"})
            if answer.status_code != 201:
                failed.append(answer.text)
                return

    threads = [threading.Thread(target=give) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        sizes = [clean(busy.server)["size"] for _ in range(10)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed, failed[0]
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]


def test_a_killed_server_leaves_a_clean_ledger(busy):
    grant(busy)
    busy.server.kill()
    clean(busy.server)
    busy.server.start()
    clean(busy.server)
