"""What an attacker, or bad luck, may not do: fill memory, stop the server by a full disk,
learn by the order of refusals, say a thing twice, or reach beyond their sites."""
import pathlib
import re
import resource
import select
import subprocess
import time
import uuid

import pytest

import harness
from checks import assert_problem, begin_batch, grant, grant_body, line_problem, post_lines
from harness import SANITIZED, set_up_programme

LARGE = 8 * 1024 * 1024
BODIES_MAX = 16  # larger than 64 KiB, of one loop


@pytest.fixture(scope="module")
def server(make_server):
    return make_server(args=["--loops", "1"])


# --- large bodies ---


def status_of(connection, seconds=10):
    """The status that it is answered; None: nothing has come."""
    if not select.select([connection], [], [], seconds)[0]:
        return None
    return int(connection.recv(4096).split(b" ", 2)[1])


def memory_kib(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


@pytest.mark.parametrize("chunked", [False, True])
def test_strangers_fill_no_memory(programme, chunked):
    server = programme.server
    before = memory_kib(server)
    piece = b"x" * 65000
    part = b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece
    tokens = [None, "lgp_" + "0" * 64, programme.customer_token, programme.auditor]
    connections = []
    for i in range(60):
        connection = begin_batch(server, tokens[i % 4], LARGE, chunked=chunked)
        connections.append(connection)
        try:
            for _ in range(20):
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused by now
    if not SANITIZED:
        assert memory_kib(server) - before < 20 * 1024
    for connection in connections:
        try:
            assert status_of(connection) == 413
        except ConnectionResetError:
            pass
        connection.close()
    assert server.get("/healthz").status_code == 200


def test_a_token_that_may_sends_a_large_batch(programme):
    line = '{"key":"%s","customer":"%s","amount":1,"unit":"EUR","reason":"late-room","words":"%s"}'
    lines = [line % (uuid.uuid4(), programme.customer, "x" * 500) for _ in range(200)]
    answers = post_lines(programme.server, "/v1/grants/batch", lines, programme.anna)
    assert [answer["status"] for answer in answers] == [201] * 200


def test_a_loop_holds_so_many_large_bodies_and_no_more(programme):
    server = programme.server
    held = [begin_batch(server, programme.anna, LARGE, sent=b"x") for _ in range(BODIES_MAX)]
    assert [status_of(connection, 0.1) for connection in held] == [None] * BODIES_MAX
    one_more = begin_batch(server, programme.anna, LARGE)
    answer = one_more.recv(4096)
    assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 1" in answer
    assert b"/problems/overloaded" in answer
    # What is small needs no such room, and what goes makes some.
    assert grant(programme)["seq"]
    post_lines(server, "/v1/grants/batch", [{"key": "small", **grant_body(programme)}],
               programme.anna)
    for connection in held:
        connection.close()
    again = [begin_batch(server, programme.anna, LARGE, sent=b"x") for _ in range(BODIES_MAX)]
    assert [status_of(connection, 0.1) for connection in again] == [None] * BODIES_MAX
    for connection in [one_more, *again]:
        connection.close()


# --- a full disk ---


def fill(programme, most=4000, **fields):
    """Grants until one is not taken: what was taken, and that answer."""
    taken = 0
    for i in range(most):
        answer = programme.server.post("/v1/grants", grant_body(programme, 1, **fields),
                                       token=(programme.anna, programme.marc)[i % 2])
        if answer.status_code != 201:
            return taken, answer
        taken += 1
    pytest.fail(f"after {most} grants there is still room")


def assert_reads_alone(programme, taken):
    """It runs, says that it is read-only, and holds what it said and nothing else."""
    server = programme.server
    assert server.process.poll() is None
    assert_problem(server.get("/readyz"), 503, "read-only")
    assert server.get("/healthz").status_code == 200
    assert_problem(server.post("/v1/grants", grant_body(programme), programme.anna), 503,
                   "read-only")
    change = {"name": "Another"}
    path = f"/v1/customers/{programme.customer}"
    assert_problem(server.patch(path, change, programme.anna), 503, "read-only")
    assert server.get(path, programme.anna).json()["name"] == "Camille Durand"
    assert server.balance(programme.customer, programme.anna) == taken
    last = server.entries()[-1]["seq"]
    assert server.get(f"/v1/receipts/{last}", programme.auditor).status_code == 200


def why(server):
    """What its log says of it; the line may come a moment after the answer."""
    for _ in range(100):
        found = [line for line in server.lines if "takes no more writes" in line]
        if found:
            return found[0]
        time.sleep(0.05)
    pytest.fail("it does not say why")


@pytest.mark.parametrize("limited", ["people.mdb", "ledger.mdb"])
def test_a_file_at_its_bound_makes_it_read_only(make_server, limited):
    server = make_server()
    programme = set_up_programme(server)
    taken, size = 0, lambda name: (server.data / name).stat().st_size
    while limited == "people.mdb" and size("people.mdb") <= size("ledger.mdb"):
        for _ in range(20):
            grant(programme, 1, words="x" * 1900)
            taken += 1
    fields = {"words": "x" * 1900} if limited == "people.mdb" else {}
    most = size(limited)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    more, answer = fill(programme, **fields)
    assert_problem(answer, 503, "read-only")
    # of the log the file that is written first, or the one that follows
    assert limited.removesuffix(".mdb") in why(server) and "--log-map" not in why(server)
    assert_reads_alone(programme, taken + more)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    server.restart()
    assert server.get("/readyz").status_code == 200
    assert grant(programme, 1)["balance"] == taken + more + 1


def test_a_log_at_its_own_bound_says_so(make_server):
    server = make_server(args=["--log-map", str(400 * 1024)])
    programme = set_up_programme(server)
    taken, answer = fill(programme)
    assert_problem(answer, 503, "read-only")
    assert "ledger.mdb" in why(server) and "MDB_MAP_FULL" in why(server)
    assert_reads_alone(programme, taken)


def test_a_full_disk_makes_it_read_only(make_server, tmp_path, monkeypatch):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        pytest.skip("no mounts of one's own here")
    disk, script = tmp_path / "disk", tmp_path / "lagniapped"
    disk.mkdir()
    script.write_text(f"""#!/bin/sh
exec unshare -rm sh -c 'mount -t tmpfs -o size=3m none "{disk}" && cp -a "$2/." "{disk}" &&
shift 2 && exec "{harness.program("lagniapped")}" --data "{disk}" "$@"' sh "$@"
""")
    script.chmod(0o755)
    real = harness.program
    monkeypatch.setattr(harness, "program",
                        lambda name: str(script) if name == "lagniapped" else real(name))
    server = make_server()
    programme = set_up_programme(server)
    taken, answer = fill(programme, words="x" * 1900)
    assert_problem(answer, 503, "read-only")
    assert "No space left on device" in why(server)
    assert_reads_alone(programme, taken)
    time.sleep(6)  # the applier has tried by now
    assert_reads_alone(programme, taken)


def test_a_state_without_room_is_tried_again(make_server):
    server = make_server(args=["--state-map", str(160 * 1024), "--overlay", str(32 * 1024),
                               "--applier-rest", "0"])
    programme = set_up_programme(server)
    failed = "state.mdb could not be written; trying again"
    made, last = [], None
    while not any(failed in line for line in server.lines):
        last = server.post("/v1/customers", {"reference": f"guest-{len(made)}"}, programme.anna)
        if last.status_code != 201:
            assert_problem(last, 503, "overloaded")
            break
        made.append(last.json()["id"])
        assert len(made) < 20000
    time.sleep(0.5)
    assert any(failed in line and "state.mdb" in line for line in server.lines)
    assert server.process.poll() is None
    assert server.get(f"/v1/customers/{made[-1]}", programme.anna).status_code == 200
    assert server.get("/healthz").status_code == 200
    server.stop()


# --- the order of refusals ---


def used_key(programme):
    key = str(uuid.uuid4())
    programme.server.made(
        "/v1/grants", grant_body(programme), programme.anna, key=key)
    return key


NOBODY = "c-" + "a" * 26


def test_a_used_key_comes_before_a_customer_that_is_not_there(programme):
    server, key = programme.server, used_key(programme)
    for fields in ({"customer": NOBODY}, {"customer": NOBODY, "words": "Sorry."}):
        body = grant_body(programme, **fields)
        assert_problem(server.post("/v1/grants", body, programme.anna, key=key), 422, "key-reused")
        problem = assert_problem(server.post("/v1/grants", body, programme.anna), 404, "not-found")
        assert problem["field"] == "customer"
    body = {"customer": NOBODY, "reason": "kind-word"}
    assert_problem(server.post("/v1/thanks", body, programme.anna, key=key), 422, "key-reused")
    assert_problem(server.post("/v1/thanks", body, programme.anna), 404, "not-found")


def test_a_used_key_comes_first_in_a_batch_too(programme):
    key = used_key(programme)
    lines = [{"key": k, **grant_body(programme, customer=NOBODY)} for k in (key, str(uuid.uuid4()))]
    answers = post_lines(programme.server, "/v1/grants/batch", lines, programme.anna)
    assert [line_problem(answer) for answer in answers] == ["key-reused", "not-found"]


def test_a_used_key_comes_before_an_entry_that_is_not_there(programme):
    server, key = programme.server, used_key(programme)
    for number in (10 ** 9, 2 ** 64 - 1, 10 ** 30, "x"):
        path, body = f"/v1/entries/{number}/reverse", {"note": "A mistake."}
        assert_problem(server.post(path, body, programme.anna, key=key), 422, "key-reused")
        assert_problem(server.post(path, body, programme.anna), 404, "not-found")


def test_a_used_key_comes_before_a_noun_that_is_not_there(programme):
    server, admin, key = programme.server, programme.admin, str(uuid.uuid4())
    server.made("/v1/reasons", {"id": f"r-{key[:8]}", "name": "Any", "kind": "kindness"}, admin,
                key=key)
    staff = {"id": "nina", "name": "Nina", "role": "staff", "site": "paris",
             "budget": "front-desk", "customer": NOBODY}
    day = {"expires_in": 86400}
    for path, body in (("/v1/staff", staff),
                       ("/v1/tokens", {"role": "customer", "subject": NOBODY, **day}),
                       ("/v1/tokens", {"role": "staff", "subject": "nobody", **day})):
        assert_problem(server.post(path, body, admin, key=key), 422, "key-reused")
        assert_problem(server.post(path, body, admin), 404, "not-found")
    wrong_role = {"role": "manager", "subject": "anna", **day}
    assert_problem(server.post("/v1/tokens", wrong_role, admin, key=key), 422, "key-reused")
    assert_problem(server.post("/v1/tokens", wrong_role, admin), 422, "invalid")
    assert_problem(server.patch("/v1/staff/anna", {"customer": NOBODY}, admin), 404, "not-found")


def test_a_used_key_comes_before_a_budget_that_is_not_there(programme):
    server, finance, key = programme.server, programme.finance, str(uuid.uuid4())
    server.made("/v1/budgets/front-desk/allotments", {"amount": 5}, finance, key=key)
    for budget in ("nowhere", "NO-SLUG", "x" * 200):
        path = f"/v1/budgets/{budget}/allotments"
        assert_problem(server.post(path, {"amount": 5}, finance, key=key), 422, "key-reused")
        assert_problem(server.post(path, {"amount": 5}, finance), 404, "not-found")


# --- a thing said twice ---


@pytest.mark.parametrize("query", ["dry_run=true&dry_run=false", "dry_run=false&dry_run=true",
                                   "dry_run=true&dry_run=true"])
def test_a_parameter_twice_does_nothing(programme, query):
    before = programme.server.entry_count()
    answer = programme.server.post(f"/v1/grants?{query}", grant_body(programme), programme.anna)
    assert_problem(answer, 400, "malformed")
    assert programme.server.entry_count() == before


@pytest.mark.parametrize("query", ["page_size=1&page_size=2", "after=1&page_size=2&after=3"])
def test_a_page_is_not_asked_for_twice(programme, query):
    server = programme.server
    assert_problem(server.get(f"/v1/entries?{query}", programme.auditor), 400, "malformed")
    assert server.get("/v1/entries?page_size=2&after=1", programme.auditor).status_code == 200


# --- beyond one's sites ---


def test_an_integration_is_held_to_its_sites(programme):
    server, admin = programme.server, programme.admin
    server.made("/v1/sites", {"id": "lyon", "name": "Lyon", "timezone": "Europe/Paris",
                              "week_starts": "monday"}, admin)
    lyon = server.token("integration", sites=["lyon"])
    both = server.token("integration", sites=["lyon", "paris"])
    anywhere = server.token("integration")
    path, reference = f"/v1/customers/{programme.customer}", {"reference": "booking-4711"}
    assert_problem(server.get(path, lyon), 403, "forbidden")
    assert_problem(server.get(f"{path}/balances", lyon), 403, "forbidden")
    assert_problem(server.patch(path, {"name": "Mallory"}, lyon), 403, "forbidden")
    found = server.post("/v1/customers/lookup", reference, lyon, key=None)
    assert found.status_code == 200 and found.json() == {"id": programme.customer}
    for token in (programme.till, both, anywhere, programme.anna):
        assert server.get(path, token).json()["name"] == "Camille Durand"
        assert server.get(f"{path}/balances", token).status_code == 200
        found = server.post("/v1/customers/lookup", reference, token, key=None)
        assert found.json()["name"] == "Camille Durand"


def test_a_token_ends_with_the_role_that_it_is_of(programme):
    server, admin = programme.server, programme.admin
    server.made("/v1/staff", {"id": "mona", "name": "Mona", "role": "manager", "site": "paris",
                              "budget": "front-desk"}, admin)
    old = server.token("manager", subject="mona")
    approvals = "/v1/approvals"
    assert server.get(approvals, old).status_code == 200
    assert server.patch("/v1/staff/mona", {"role": "staff"}, admin).status_code == 200
    assert_problem(server.get(approvals, old), 401, "unauthenticated")
    assert_problem(server.post("/v1/grants", grant_body(programme), old), 401, "unauthenticated")
    new = server.token("staff", subject="mona")
    assert server.get("/v1/sites", new).status_code == 200
    assert_problem(server.get("/v1/sites", old), 401, "unauthenticated")


