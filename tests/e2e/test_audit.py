"""lagniappe-audit verify, over ledgers that the server wrote."""
import collections
import json
import shutil
import struct
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


def test_one_thread_and_two_tell_the_same(busy):
    one, two = (clean(busy.server, "--threads", threads) for threads in "12")
    assert one == two
    plain = [audit(busy.server, "--threads", threads).stdout for threads in "12"]
    assert plain[0] == plain[1]


def test_state_is_what_a_replay_has(busy):
    told = clean(busy.server)
    assert told["state"]["size"] <= told["size"]
    assert told["state"]["records"] > 20
    busy.server.stop()
    told = clean(busy.server)
    assert told["state"]["size"] == told["size"]
    (busy.server.data / "state.mdb").rename(busy.server.data / "aside")
    done = audit(busy.server)
    assert done.returncode == 0 and "state.mdb: not there" in done.stdout
    (busy.server.data / "aside").rename(busy.server.data / "state.mdb")
    busy.server.start()


class Giving:
    """Two who grant on and on, while the block runs."""

    def __init__(self, programme):
        self.programme = programme
        self.stop = threading.Event()
        self.failed = []

    def _give(self):
        server = self.programme.server
        session = server.session.__class__()
        for number in range(10**6):
            if self.stop.is_set():
                return
            answer = session.post(
                server.url + "/v1/grants",
                json={"customer": self.programme.customer, "amount": 1, **GRANT},
                headers={"Authorization": f"Bearer {self.programme.anna}",
                         "Idempotency-Key": f"{id(self)}-{threading.get_ident()}-{number}"})
            if answer.status_code != 201:
                self.failed.append(answer.text)
                return

    def __enter__(self):
        self.threads = [threading.Thread(target=self._give) for _ in range(2)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert not self.failed, self.failed[0]


def readers(path):
    """The pids in LMDB's table of readers, and how many places each has.

    Two blocks of 64 bytes stand before it; a reader is 64 bytes: the snapshot
    that it holds (8), its pid (4), ...
    """
    raw = path.read_bytes()
    pids = (struct.unpack_from("<i", raw, at + 8)[0] for at in range(128, len(raw), 64))
    return collections.Counter(pid for pid in pids if pid != 0)


def pages(path):
    """How many pages of an LMDB file are in use: the newer meta page's word."""
    raw = path.read_bytes()[:8192]
    metas = [struct.unpack_from("<QQ", raw, at + 16 + 24 + 96) for at in (0, 4096)]
    return 1 + max(metas, key=lambda meta: meta[1])[0]


def test_an_audit_of_a_served_ledger_is_clean_and_disturbs_nobody(busy):
    """Grants go on while audits run one after another."""
    with Giving(busy):
        sizes = [clean(busy.server)["size"] for _ in range(10)]
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]


def test_an_audit_holds_no_place_and_lets_the_files_be(busy):
    files = [busy.server.data / name for name in ("ledger.mdb", "state.mdb")]
    locks = [file.with_name(file.name + "-lock") for file in files]

    def growth(act):
        """Pages that each file grew by, for each entry."""
        entries, before = clean(busy.server)["size"], [pages(file) for file in files]
        with Giving(busy):
            act()
        made = clean(busy.server)["size"] - entries
        return [(pages(file) - was) / made for file, was in zip(files, before)]

    before = [readers(lock) for lock in locks]
    assert all(set(held) == {busy.server.process.pid} for held in before)
    alone = growth(lambda: threading.Event().wait(1))
    audited = growth(lambda: [clean(busy.server) for _ in range(10)])
    assert [readers(lock) for lock in locks] == before
    # A snapshot that is held makes each commit take new pages: tens of them.
    assert all(a < 2 * b + 0.5 for a, b in zip(audited, alone)), (audited, alone)


def test_a_killed_server_leaves_a_clean_ledger(busy):
    grant(busy)
    busy.server.kill()
    clean(busy.server)
    busy.server.start()
    clean(busy.server)
