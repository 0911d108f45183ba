"""The load generator: what it counts is so, and what goes wrong under it is said."""
import json
import socket
import threading
import time

import pytest

from harness import ROOT, Server, run_program

ARGS = ("--seconds", "0.5", "--warmup", "0.1")


def bench(*args):
    return run_program("lagniappe-bench", *args)


def bench_json(*args):
    made = bench(*args, "--json")
    return made.returncode, json.loads(made.stdout), made.stderr


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server with a programme that --setup made: (server, the programme's file)."""
    base = tmp_path_factory.mktemp("bench")
    server = Server(base / "data").start()
    programme = base / "programme"
    made = bench("--url", server.url, "--setup", "--programme", programme, "--customers", 50,
                 "--staff", 2, "--connections", 8, "--admin-token", server.admin,
                 "--finance-token", server.finance)
    assert made.returncode == 0, made.stderr
    yield server, programme
    server.close()


class Stub:
    """A server that answers each request by what reply(n) gives: bytes, or None to close."""

    def __init__(self, reply):
        self.reply = reply
        self.count = 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            while connection.recv(65536):
                with self.lock:
                    self.count += 1
                    sent = self.reply(self.count)
                if sent is None:
                    return
                try:
                    connection.sendall(sent)
                except OSError:
                    return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


GOOD = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


def test_setup_makes_staff_with_tokens_and_customers(served):
    _, programme = served
    lines = programme.read_text().splitlines()
    assert sum(line.startswith("token lgp_") for line in lines) == 2
    customers = {line for line in lines if line.startswith("customer c-")}
    assert len(customers) == 50 and len(lines) == 52
    assert programme.stat().st_mode & 0o077 == 0


def test_setup_again_uses_what_is_registered(served, tmp_path):
    server, _ = served
    made = bench("--url", server.url, "--setup", "--programme", tmp_path / "again", "--customers", 3,
                 "--staff", 1, "--admin-token", server.admin, "--finance-token", server.finance)
    assert made.returncode == 0, made.stderr
    assert len((tmp_path / "again").read_text().splitlines()) == 4


def test_grants_are_counted_as_the_ledger_counts_them_and_receipts_verify(served):
    server, programme = served
    before = server.get("/v1/budgets/bench", token=server.finance).json()["available"]
    code, told, errors = bench_json("--url", server.url, "--programme", programme,
                                    "--connections", 8, "--key", server.vkey, *ARGS)
    assert code == 0, errors
    after = server.get("/v1/budgets/bench", token=server.finance).json()["available"]
    assert before - after == 25 * told["statuses"]["201"]
    assert told["receipts_kept"] == told["receipts_verified"] > 0
    assert sum(count for _, count in told["latency_ms"]["histogram"]) == told["requests"]


def test_receipts_are_refused_under_another_key(served, tmp_path):
    server, programme = served
    other = run_program("lagniappe", "init", "--data", tmp_path / "other", "--origin",
                        "test.example/ledger", "--timezone", "Etc/UTC").stdout
    key = [line.split(": ")[1] for line in other.splitlines() if line.startswith("log-vkey")][0]
    made = bench("--url", server.url, "--programme", programme, "--key", key, *ARGS)
    assert made.returncode == 1
    assert "a receipt does not hold" in made.stderr


@pytest.mark.parametrize("mode", ["minimal", "batch:20", "balance"])
def test_each_mode_runs_without_an_error(served, mode):
    server, programme = served
    code, told, errors = bench_json("--url", server.url, "--programme", programme, "--mode", mode,
                                    "--connections", 4, *ARGS)
    assert code == 0, errors
    assert told["errors"] == 0 and told["requests"] > 0


def test_lines_of_a_batch_that_are_refused_are_errors(served):
    server, programme = served
    token = programme.read_text().split()[1]
    code, told, _ = bench_json("--url", server.url, "--mode", "batch:5", "--token", token,
                               "--customer", "c-" + "a" * 26, "--connections", 1, *ARGS)
    assert code == 1
    assert told["statuses"].keys() == {"200"}
    assert told["lines_refused"] == 5 * told["statuses"]["200"] and told["lines_per_s"] == 0


def test_a_stall_hides_from_the_closed_loop_and_not_from_the_open_one():
    def stalling(n):
        if n == 60:
            time.sleep(0.4)
        return GOOD
    with Stub(stalling) as stub:
        code, told, _ = bench_json("--url", stub.url, "--mode", "echo", "--connections", 1,
                                   "--warmup", 0, "--seconds", 1)
        assert code == 0 and told["latency_ms"]["max"] > 390
        assert told["latency_ms"]["p90"] < 100
    with Stub(stalling) as stub:
        code, told, _ = bench_json("--url", stub.url, "--mode", "echo", "--connections", 1,
                                   "--warmup", 0, "--seconds", 1, "--rate", 100)
        assert code == 0 and told["latency_ms"]["p90"] > 250


def test_what_finds_no_connection_is_counted_and_not_forgotten():
    def slow(_):
        time.sleep(0.05)
        return GOOD
    with Stub(slow) as stub:
        code, told, _ = bench_json("--url", stub.url, "--mode", "echo", "--connections", 1,
                                   "--warmup", 0, "--seconds", 1, "--rate", 100)
    assert code == 0
    assert told["unsent"] + told["requests"] == 100 and told["unsent"] > 60
    assert told["latency_ms"]["max"] > 500


def test_answers_that_are_not_2xx_are_errors_and_are_counted():
    overloaded = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
    with Stub(lambda n: GOOD if n % 2 else overloaded) as stub:
        code, told, _ = bench_json("--url", stub.url, "--mode", "echo", "--connections", 2, *ARGS)
    assert code == 1
    assert told["errors"] == told["statuses"]["503"] > 0
    assert told["first_error"].startswith("503 busy")


def test_what_503_asks_to_wait_for_is_asked_again_and_is_no_error():
    busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy"
    with Stub(lambda n: GOOD if n != 5 else busy) as stub:
        code, told, errors = bench_json("--url", stub.url, "--mode", "echo", "--connections", 1,
                                        "--warmup", 0, "--seconds", 0.5)
    assert code == 0, errors
    assert told["asked_again"] == told["statuses"]["503"] == 1
    assert told["errors"] == told["unanswered"] == 0
    assert told["statuses"]["201"] == 5  # the fifth once more, and none after the time
    assert told["latency_ms"]["max"] > 990 and told["requests"] == 4


def test_lines_of_a_batch_that_had_503_are_asked_again_alone_under_their_keys():
    asked = []

    class Lines(Stub):
        def serve(self, connection):
            with connection:
                while request := connection.recv(65536):
                    head, body = request.split(b"\r\n\r\n")
                    assert int(head.split(b"Content-Length:")[1].split(b"\r\n")[0]) == len(body)
                    keys = [json.loads(line)["key"] for line in body.splitlines()]
                    asked.append(keys)
                    status = [503 if len(asked) == 1 and n % 2 else 201 for n in range(len(keys))]
                    reply = "".join('{"status":%d}\n' % each for each in status).encode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply)
                                       + reply)
    with Lines(None) as stub:
        code, told, errors = bench_json("--url", stub.url, "--mode", "batch:5", "--token", "t",
                                        "--customer", "c-" + "a" * 26, "--connections", 1,
                                        "--warmup", 0, "--seconds", 0.3)
    assert code == 0, errors
    assert asked[1] == [asked[0][1], asked[0][3]]
    assert all(len(keys) == 5 for keys in asked[2:])
    assert told["lines_asked_again"] == 2 and told["lines_refused"] == 0


def test_a_flood_that_the_applier_cannot_follow_loses_and_doubles_nothing(make_server, tmp_path):
    server, programme = make_server(args=["--overlay", "15000"]), tmp_path / "programme"
    made = bench("--url", server.url, "--setup", "--programme", programme, "--customers", 500,
                 "--staff", 1, "--connections", 8, "--admin-token", server.admin,
                 "--finance-token", server.finance)
    assert made.returncode == 0, made.stderr
    before = server.get("/v1/budgets/bench", token=server.finance).json()["available"]
    code, told, errors = bench_json("--url", server.url, "--programme", programme, "--mode",
                                    "batch:500", "--connections", 2, "--warmup", 0, "--seconds", 1)
    assert code == 0, errors
    assert told["lines_asked_again"] > 0 and told["errors"] == 0
    after = server.get("/v1/budgets/bench", token=server.finance).json()["available"]
    requests = sum(count for _, count in told["latency_ms"]["histogram"])
    assert before - after == 25 * 500 * requests


def test_replies_in_pieces_are_put_together():
    head, tail = GOOD[:30], GOOD[30:]

    class Pieces(Stub):
        def serve(self, connection):
            with connection:
                while connection.recv(65536):
                    for piece in (head, tail):
                        time.sleep(0.005)
                        connection.sendall(piece)
    with Pieces(None) as stub:
        code, told, errors = bench_json("--url", stub.url, "--mode", "echo", "--connections", 1,
                                        *ARGS)
    assert code == 0, errors
    assert told["requests"] > 5


def test_connections_that_end_under_a_request_are_errors_and_are_opened_again():
    with Stub(lambda n: GOOD if n % 10 else None) as stub:
        code, told, _ = bench_json("--url", stub.url, "--mode", "echo", "--connections", 1, *ARGS)
    assert code == 1
    assert told["connections_closed"] > 1 and told["requests"] > 10


@pytest.mark.parametrize("args, said", [
    (("--url", "http://127.0.0.1:1", "--mode", "echo"), "cannot connect to 127.0.0.1:1"),
    (("--url", "ftp://127.0.0.1:1"), "is no http:// or https:// address"),
    (("--url", "http://127.0.0.1:1/v1"), "without a path"),
    (("--url", "http://127.0.0.1:1"), "tokens and customers are needed"),
    (("--url", "http://127.0.0.1:1", "--mode", "batch:0"), "--mode needs"),
    (("--url", "http://127.0.0.1:1", "--seconds", "soon"), "--seconds needs a number from"),
    (("--url", "http://127.0.0.1:1", "--programme", str(ROOT / "Makefile")), "line 1"),
    ((), "--url is missing"),
])
def test_what_cannot_run_says_why(args, said):
    made = bench(*args)
    assert made.returncode == 2
    assert said in made.stderr
