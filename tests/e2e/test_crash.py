"""Kills: at random moments under load, and between any two steps of an order
over several files.  Afterwards the server starts by itself, nothing that it
acknowledged is lost (I9), and no key has acted twice (I3).

LAGNIAPPE_CRASH_CYCLES says how many random kills; LAGNIAPPE_CRASH_SEED repeats
their moments.  The crash points are in the build of LAGNIAPPE_CRASH_BUILD.
"""
import base64
import collections
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import threading
import time

import pytest

import harness
import tlog
from checks import assert_problem, begin_batch, grant_body, ndjson
from harness import ROOT, Server, run_program, set_up_programme
from ledger_bytes import parse

CYCLES = int(os.environ.get("LAGNIAPPE_CRASH_CYCLES") or  # sanitizers start slowly
             (100 if harness.BUILD.name not in ("asan", "tsan") else 25))
SEED = int(os.environ.get("LAGNIAPPE_CRASH_SEED", str(time.time_ns())))
CRASH_BUILD = (ROOT / os.environ.get("LAGNIAPPE_CRASH_BUILD", harness.BUILD / "crash")).resolve()
LOAD_SECONDS = (0.02, 0.25)  # from ready to killed
START_SECONDS = 0.05  # from started to killed, at most
BATCH_LINES = 20
# Small layers and an applier without rest: each of its steps is under way often.
BUSY_APPLIER = ["--overlay", "16384", "--applier-rest", "0"]
ENTRY_LEN = 256


# --- a client that may lose its server at any moment ---------------------------------------

class Ask:
    """One request with a key; it acts once, however often it is sent."""

    def __init__(self, path, token, key, body, amount=0):
        self.path = path
        self.token = token
        self.key = key
        self.body = body  # a list: lines of a batch, each with a key of its own
        self.amount = amount  # that it moves to the customer
        self.answer = None  # the first one that came back whole

    @property
    def is_batch(self):
        return isinstance(self.body, list)

    def take(self, status, answer):
        """Keeps the answer.  False: overload; nothing happened, and no key is used up."""
        if self.is_batch and status == 200:
            taken = [(line, told) for line, told in zip(self.body, answer)
                     if told["status"] != 503]
            assert len(answer) == len(self.body)
            assert all(told["status"] == 201 for _, told in taken), answer
            self.body = [line for line, _ in taken]
            self.amount = sum(line["amount"] for line in self.body)
            self.answer = {"seqs": [told["seq"] for _, told in taken]}
            return True
        if status == 503:
            return False
        assert status == 201, (self.path, status, answer)
        self.answer = answer
        return True

    def seqs(self):
        return self.answer["seqs"] if self.is_batch else [self.answer["seq"]]


class Client:
    """Raw http.client: requests costs more than the server does."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def send(self, ask):
        """Status, headers, JSON; OSError or HTTPException when the server is gone."""
        headers = {"Authorization": f"Bearer {ask.token}", "Idempotency-Key": ask.key,
                   "Content-Type": "application/json"}
        sent = json.dumps(ask.body)
        if ask.is_batch:
            del headers["Idempotency-Key"]
            headers["Content-Type"] = "application/x-ndjson"
            sent = ndjson(ask.body)
        self.connection.request("POST", ask.path, sent, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 200 and ask.is_batch:
            return answer.status, answer.headers, [json.loads(line) for line in text.splitlines()]
        return answer.status, answer.headers, json.loads(text)

    def close(self):
        self.connection.close()


GONE = (OSError, http.client.HTTPException, json.JSONDecodeError)


class Load:
    """Threads that ask, each until the server is gone, and what came of it."""

    def __init__(self, programme, seed):
        self.programme = programme
        self.random = random.Random(seed)
        self.numbers = itertools.count()
        self.answered = []  # asks whose answer came
        self.unknown = []  # sent, and no answer came
        self.lock = threading.Lock()

    def grant(self, number, dice):
        programme = self.programme
        body = grant_body(programme, 1 + dice % 9)
        if dice % 4 == 0:
            body["words"] = f"words of {number}"
        if dice % 5 == 0:
            body["incident"] = f"INC-{number % 7}"
        return Ask("/v1/grants", programme.anna, f"crash-{number}", body, body["amount"])

    def customer(self, number):
        return Ask("/v1/customers", self.programme.anna, f"crash-{number}",
                   {"reference": f"ref-{number}", "name": f"Guest {number}"})

    def thanks(self, number):
        return Ask("/v1/thanks", self.programme.marc, f"crash-{number}",
                   {"customer": self.programme.customer, "reason": "kind-word", "minutes": 1,
                    "words": f"kind words of {number}"})

    def batch(self, number):
        lines = [grant_body(self.programme, 1 + i % 3, key=f"crash-{number}-{i}")
                 for i in range(BATCH_LINES)]
        return Ask("/v1/grants/batch", self.programme.anna, f"crash-{number}", lines)

    def next_ask(self):
        with self.lock:
            number, dice = next(self.numbers), self.random.randrange(1000)
        if dice < 100:
            return self.customer(number)
        if dice < 200:
            return self.thanks(number)
        if dice < 230:
            return self.batch(number)
        return self.grant(number, dice)

    def work(self, server, stop):
        client = Client(server)
        while not stop.is_set():
            ask = self.next_ask()
            try:
                status, _, answer = client.send(ask)
            except GONE:
                with self.lock:
                    self.unknown.append(ask)
                break
            if ask.take(status, answer):
                with self.lock:
                    self.answered.append(ask)
        client.close()

    def run_until_killed(self, server, seconds):
        """Kills the server in the middle of it."""
        stop = threading.Event()
        failures = []

        def guarded():
            try:
                self.work(server, stop)
            except AssertionError as failure:
                failures.append(failure)

        threads = [threading.Thread(target=guarded) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]

    def settle_unknown(self, server):
        """What was sent and not answered acts now, or has acted; once either way."""
        client = Client(server)
        unknown, self.unknown = self.unknown, []
        for ask in unknown:
            status, _, answer = client.send(ask)
            assert ask.take(status, answer), answer
            self.answered.append(ask)
        client.close()
        return len(unknown)


# --- what must hold afterwards -----------------------------------------------------------------

def audit(server):
    done = run_program("lagniappe-audit", "verify", server.data, "--key", server.vkey)
    assert done.returncode == 0, done.stdout + done.stderr


def log_entries(server, auditor):
    """All leaves, from the tiles."""
    checkpoint = server.get("/checkpoint", token=auditor).text
    size = int(checkpoint.split("\n")[1])
    leaves = []
    for tile in range((size + 255) // 256):
        width = min(256, size - 256 * tile)
        path = tlog_path(tile) + (f".p/{width}" if width < 256 else "")
        answer = server.get(f"/tile/entries/{path}", token=auditor)
        assert answer.status_code == 200, (path, answer.text)
        raw = answer.content
        assert len(raw) == width * (2 + ENTRY_LEN)
        leaves += [raw[i + 2:i + 2 + ENTRY_LEN] for i in range(0, len(raw), 2 + ENTRY_LEN)]
    return leaves


def tlog_path(number):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def leaf_of(answer):
    return base64.b64decode(answer["receipt"]["leaf"])


def check_leaves(load, leaves):
    """Each answered entry is where its answer said, byte for byte, and no key twice."""
    for ask in load.answered:
        if "receipt" in ask.answer:
            assert leaves[ask.answer["seq"]] == leaf_of(ask.answer), ask.key
    keys = collections.Counter(parse(leaf).key_mac for leaf in leaves)
    keys.pop(bytes(16), None)
    assert set(keys.values()) == {1}
    seqs = [seq for ask in load.answered for seq in ask.seqs()]
    assert len(set(seqs)) == len(seqs)


def check_replays(load, server, asks):
    """The same key gives the same entry again."""
    client = Client(server)
    for ask in asks:
        status, headers, answer = client.send(ask)
        if ask.is_batch:
            assert [line["seq"] for line in answer] == ask.seqs()
            continue
        assert status == 201, (ask.path, status, answer)
        assert headers["Idempotent-Replayed"] == "true", ask.key
        assert answer["seq"] == ask.answer["seq"]
        if "receipt" in ask.answer:
            assert leaf_of(answer) == leaf_of(ask.answer)
    client.close()


def check_people(load, programme):
    """Names and words of what was answered are there (they are in another file)."""
    server = programme.server
    customers = [ask for ask in load.answered if ask.path == "/v1/customers"]
    assert customers
    for ask in load.random.sample(customers, min(100, len(customers))):
        found = server.get(f"/v1/customers/{ask.answer['id']}", token=programme.anna)
        assert found.status_code == 200, found.text
        assert found.json()["name"] == ask.body["name"]
    worded = [ask for ask in load.answered if not ask.is_batch and "words" in ask.body]
    for ask in load.random.sample(worded, min(50, len(worded))):
        entry = server.get(f"/v1/entries/{ask.answer['seq']}", token=programme.marc)
        assert entry.status_code == 200, entry.text
        assert entry.json()["words"] == ask.body["words"]


def check_sums(load, programme):
    granted = sum(ask.amount for ask in load.answered)
    assert programme.server.balance(programme.customer, programme.anna) == granted
    assert programme.server.available() == programme.allotted - granted


def kill_while_it_starts(server, seconds):
    """In the middle of what a start finds and finishes."""
    starting = subprocess.Popen(
        [harness.program("lagniapped"), "--data", str(server.data), "--listen", "127.0.0.1:0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    starting.kill()
    starting.wait(60)


# --- (a) at random moments ------------------------------------------------------------------------

def test_i9_i3_killed_at_random_moments_under_load_nothing_is_lost_and_nothing_doubled(make_server):
    print(f"LAGNIAPPE_CRASH_SEED={SEED}")
    server = make_server(args=BUSY_APPLIER)
    programme = set_up_programme(server)
    programme.allotted = 10**12
    server.made("/v1/budgets/front-desk/allotments", {"amount": 10**12 - 1000000},
                programme.finance)
    load = Load(programme, SEED)
    settled = 0
    for cycle in range(CYCLES):
        load.run_until_killed(server, load.random.uniform(*LOAD_SECONDS))
        if cycle % 4 == 3:
            kill_while_it_starts(server, load.random.uniform(0, START_SECONDS))
        server.start()
        settled += load.settle_unknown(server)
        if cycle % 20 == 19:
            check_sums(load, programme)
            check_replays(load, server, load.random.sample(load.answered,
                                                           min(30, len(load.answered))))
    assert len(load.answered) > 10 * CYCLES and settled > CYCLES
    check_sums(load, programme)
    check_leaves(load, log_entries(server, programme.auditor))
    check_replays(load, server, load.random.sample(load.answered, min(1000, len(load.answered))))
    check_people(load, programme)
    audit(server)
    server.stop()
    audit(server)


# --- (b) between two steps --------------------------------------------------------------------------

@contextlib.contextmanager
def crashing(point, passage):
    """Within it, programs are those of the crash build, and kill themselves there."""
    before = harness.BUILD
    harness.BUILD = CRASH_BUILD
    os.environ["LAGNIAPPE_CRASH_AT"] = f"{point}:{passage}"
    try:
        yield
    finally:
        harness.BUILD = before
        del os.environ["LAGNIAPPE_CRASH_AT"]


needs_crash_build = pytest.mark.skipif(not (pathlib.Path(CRASH_BUILD) / "lagniapped").exists(),
                                       reason="there is no crash build")


@pytest.fixture(scope="module")
def crashed(make_server):
    """One ledger that goes through every crash point, one after the other."""
    server = make_server(args=BUSY_APPLIER)
    programme = set_up_programme(server)
    programme.allotted = 1000000
    load = Load(programme, SEED)
    return server, programme, load


def ask_until_it_dies(server, load):
    """The asks in order: a person, words, money; the last one was not answered."""
    client = Client(server)
    for number in itertools.count():
        kind = (load.customer, load.thanks, lambda n: load.grant(n, 20))[number % 3]
        ask = kind(next(load.numbers))
        try:
            status, _, answer = client.send(ask)
        except GONE:
            break
        assert ask.take(status, answer), answer
        load.answered.append(ask)
        assert number < 2000, "the crash point was not passed"
    client.close()
    server.process.wait(60)
    assert server.process.returncode == -signal.SIGKILL
    server.kill()
    return ask


def look_up(server, programme, ask):
    return server.post("/v1/customers/lookup", json={"reference": ask.body["reference"]},
                       token=programme.anna, key=None)


# What the log has of the request during which it died: nothing, or all.
BEFORE_THE_LOG = ["before-people", "people-keys-synced", "people-committed"]
BEHIND_THE_LOG = ["log-appended", "high-water-written", "applied"]
PASSAGES = [1, 2, 3]  # a person's, a thanks', a grant's; all of them with words


@needs_crash_build
@pytest.mark.parametrize("passage", PASSAGES)
@pytest.mark.parametrize("point", BEFORE_THE_LOG + BEHIND_THE_LOG)
def test_i9_killed_between_two_steps_of_a_commit(crashed, point, passage):
    server, programme, load = crashed
    before = server.entry_count()
    answered = len(load.answered)
    server.stop()
    with crashing(point, passage):
        server.start()
        ask = ask_until_it_dies(server, load)
    server.start()
    written = server.entry_count() - before - (len(load.answered) - answered)
    assert written == (1 if point in BEHIND_THE_LOG else 0)
    if "reference" in ask.body:
        # Of whom the log knows nothing, nobody else does either: orphans are swept.
        assert look_up(server, programme, ask).status_code == (200 if written else 404)
    client = Client(server)
    status, headers, answer = client.send(ask)
    client.close()
    assert ask.take(status, answer), answer
    assert (headers["Idempotent-Replayed"] == "true") == bool(written)
    load.answered.append(ask)
    if "reference" in ask.body:
        assert look_up(server, programme, ask).json()["id"] == answer["id"]
    assert server.entry_count() == before + len(load.answered) - answered
    check_sums(load, programme)
    check_leaves(load, log_entries(server, programme.auditor))


@needs_crash_build
@pytest.mark.parametrize("passage", [1, 2, 3])
@pytest.mark.parametrize("point", ["keys-flushed", "redo-written", "state-step-written",
                                   "state-flushed", "log-turned", "log-flushed"])
def test_i9_i10_killed_between_two_steps_of_what_follows_behind(crashed, point, passage):
    server, programme, load = crashed
    server.stop()
    with crashing(point, passage):
        server.start()
        ask = ask_until_it_dies(server, load)
    load.unknown.append(ask)
    server.start()
    assert load.settle_unknown(server) == 1
    check_sums(load, programme)
    check_leaves(load, log_entries(server, programme.auditor))
    check_replays(load, server, load.random.sample(load.answered, min(50, len(load.answered))))


@needs_crash_build
@pytest.mark.parametrize("point", BEHIND_THE_LOG)
def test_who_came_back_while_it_died_has_no_old_token(crashed, point):
    server, programme, _ = crashed
    leo = f"leo-{point}"
    server.made("/v1/staff", {"id": leo, "name": "Leo", "role": "staff", "site": "paris",
                              "budget": "front-desk"}, programme.admin)
    old = server.token("staff", subject=leo)
    assert server.get("/v1/budgets/front-desk", token=old).status_code == 200
    gone = server.patch(f"/v1/staff/{leo}", {"active_until": "2020-01-01"}, programme.admin)
    assert gone.status_code == 200, gone.text
    server.stop()
    with crashing(point, 1):
        server.start()
        with pytest.raises(GONE):
            server.patch(f"/v1/staff/{leo}", {"active_until": None}, programme.admin)
        server.process.wait(60)
        server.kill()
    server.start()
    assert "active_until" not in server.get(f"/v1/staff/{leo}", programme.admin).json()
    assert server.get("/v1/budgets/front-desk", token=old).status_code == 401
    new = server.token("staff", subject=leo)
    assert server.get("/v1/budgets/front-desk", token=new).status_code == 200


@needs_crash_build
def test_what_went_through_every_crash_is_sound(crashed):
    server, programme, load = crashed
    check_people(load, programme)
    check_replays(load, server, load.answered[-300:])
    audit(server)


@needs_crash_build
@pytest.mark.parametrize("point,passage", [("init-keys-made", 1), ("init-committed", 1),
                                           ("init-committed", 2), ("init-committed", 3)])
def test_a_ledger_that_was_not_made_to_its_end_is_not_served(tmp_path, point, passage):
    data = tmp_path / "data"
    arguments = ["init", "--data", data, "--origin", "test.example/ledger", "--timezone", "UTC"]
    with crashing(point, passage):
        assert run_program("lagniappe", *arguments).returncode == -signal.SIGKILL
    served = run_program("lagniapped", "--data", data, "--listen", "127.0.0.1:0", timeout=60)
    assert served.returncode == 1
    assert "init" in served.stderr
    again = run_program("lagniappe", *arguments)
    assert again.returncode != 0  # it removes nothing by itself


# --- a full store ---------------------------------------------------------------------------------------

def grow_until_refused(programme, load):
    """Lines of grants until one is answered 503; what was accepted."""
    server = programme.server
    accepted = []
    for _ in range(400):
        asks = [load.grant(next(load.numbers), 1) for _ in range(BATCH_LINES)]
        lines = [{**ask.body, "key": ask.key} for ask in asks]
        answer = server.post("/v1/grants/batch", token=programme.anna, key=None, data=ndjson(lines),
                             headers={"Content-Type": "application/x-ndjson"})
        if answer.status_code == 503:
            return accepted
        assert answer.status_code == 200, answer.text
        told = [json.loads(line) for line in answer.text.splitlines()]
        accepted += [ask for ask, line in zip(asks, told) if line["status"] == 201]
        if any(line["status"] == 503 for line in told):
            return accepted
    pytest.fail("it never became full")


def test_a_full_ledger_reads_on_and_goes_on_with_a_larger_bound(make_server):
    server = make_server()
    programme = set_up_programme(server)
    load = Load(programme, SEED)
    used = (server.data / "ledger.mdb").stat().st_size
    server.stop()
    server.args = ["--log-map", str((used // 4096 + 60) * 4096)]
    server.start()
    accepted = grow_until_refused(programme, load)
    granted = sum(ask.amount for ask in accepted)
    assert accepted
    for _ in range(3):  # and stays so
        assert_problem(server.post("/v1/grants", json=grant_body(programme), token=programme.anna),
                       503, "read-only")
    assert server.balance(programme.customer, programme.anna) == granted
    assert server.get("/healthz").status_code == 200
    server.stop()
    audit(server)
    server.args = []
    server.start()
    assert server.balance(programme.customer, programme.anna) == granted
    server.made("/v1/grants", grant_body(programme, 7), programme.anna)
    assert server.balance(programme.customer, programme.anna) == granted + 7


def send_at_once(programme, requests):
    """Requests of many lines that all end at one moment; the status of each line of each."""
    connections = []
    for lines in requests:
        body = ndjson(lines)
        connections.append((begin_batch(programme.server, programme.anna, len(body), body[:-1]),
                            body[-1:]))
    for connection, end in connections:
        connection.sendall(end)
    told = []
    for (connection, _), lines in zip(connections, requests):
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        text = answer.read().decode()
        assert answer.status in (200, 503), text
        told += ([json.loads(line)["status"] for line in text.splitlines()]
                 if answer.status == 200 else [503] * len(lines))
        connection.close()
    return collections.Counter(told)


def test_large_batches_without_room_are_told_so_line_by_line_I9(make_server):
    """One is on its way while the next is judged behind it: neither is written, the lines
    of both are told, no others are, and they have used up no key (I3)."""
    server = make_server()
    programme = set_up_programme(server)
    waves = [[[{**grant_body(programme, 1), "key": f"{wave}-{i}-{line}"} for line in range(300)]
              for i in range(24)] for wave in range(6)]
    assert set(send_at_once(programme, waves[0])) == {201}
    server.stop()
    used = (server.data / "ledger.mdb").stat().st_size
    server.args = ["--log-map", str(used // 4096 * 4096 + 11 * 1024 * 1024)]
    server.start()
    told = sum((send_at_once(programme, wave) for wave in waves[1:]), collections.Counter())
    assert set(told) == {201, 503}
    taken = told[201] + 24 * 300
    assert_problem(server.get("/readyz"), 503, "read-only")
    assert server.balance(programme.customer, programme.anna) == taken
    server.stop()
    audit(server)
    server.args = []
    server.start()
    assert server.balance(programme.customer, programme.anna) == taken
    for wave in waves:
        assert set(send_at_once(programme, wave)) == {201}
    assert server.balance(programme.customer, programme.anna) == 6 * 24 * 300


def test_a_key_of_a_batch_without_room_was_not_used_I3(make_server):
    """Nor is another body under it told that it was."""
    server = make_server()
    programme = set_up_programme(server)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    lines = [{**grant_body(programme, amount), "key": "one"} for amount in (1, 2)]
    assert send_at_once(programme, [lines]) == {503: 2}
    assert_problem(server.get("/readyz"), 503, "read-only")
    server.restart()
    assert send_at_once(programme, [lines[1:]]) == {201: 1}
    assert server.balance(programme.customer, programme.anna) == 2
