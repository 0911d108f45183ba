"""Approvals: what asks waits, its money set aside, until somebody else decides."""
import datetime
import resource
import time

import pytest

from checks import Unchanged, assert_problem
from harness import Server, preloaded, set_up_programme
from policy import (end, figures, fresh, give, given, limits, new_customer, new_staff,  # noqa: F401
                    put)


@pytest.fixture
def asker(programme, limits):
    """Somebody who may give 100 a day, and more when a manager says so."""
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100, when_passed="ask")
    return type("Asker", (), {"who": who, "token": token, "limit": limit})


def ask(programme, asker, amount=500, **fields):
    answer = give(programme, amount, asker.token, if_over="ask", **fields)
    assert answer.status_code == 202, (answer.status_code, answer.text)
    return answer.json()


def decide(programme, seq, token, how="approve", body=None, **kwargs):
    return programme.server.post(f"/v1/approvals/{seq}/{how}", json={} if body is None else body,
                                 token=token, **kwargs)


def budget(programme):
    told = programme.server.get("/v1/budgets/front-desk", token=programme.finance).json()
    return told["available"], told["reserved"]


def used(programme, asker):
    told = programme.server.get("/v1/staff/me/headroom", token=asker.token).json()["limits"]
    return next(one["used"] for one in told if one["limit"] == asker.limit)


def at(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


# --- asking ---

def test_what_asks_waits_and_sets_its_money_and_its_headroom_aside(programme, asker):
    held = programme.server.balance(programme.customer, programme.anna)
    available, reserved = budget(programme)
    entry = ask(programme, asker, 500, words="Sorry")
    expected = {"kind": "ask", "amount": 500, "unit": "EUR", "staff": asker.who,
                "customer": programme.customer, "budget": "front-desk", "site": "paris",
                "balance": held}
    assert {field: entry.get(field) for field in expected} == expected
    assert figures(entry["limits"][0]) == (asker.limit, 100, 0, 100)
    assert at(entry["expires_at"]) - at(entry["time"]) == datetime.timedelta(hours=72)
    assert entry["receipt"]["leaf"]
    assert programme.server.balance(programme.customer, programme.anna) == held
    assert budget(programme) == (available - 500, reserved + 500)
    assert used(programme, asker) == 500
    decide(programme, entry["seq"], programme.marc, "decline")


def test_only_who_says_so_asks_and_only_where_the_limit_does(programme, asker, limits):
    for fields in ({}, {"if_over": "refuse"}):
        assert_problem(give(programme, 101, asker.token, **fields), 403, "limit-exceeded")
    limits(asker.limit, scope={"staff": asker.who}, max=100)
    assert_problem(give(programme, 101, asker.token, if_over="ask"), 403, "limit-exceeded")
    assert given(programme, 100, asker.token, if_over="ask")["kind"] == "grant"


def test_asking_again_under_the_same_key_is_the_same_ask(programme, asker):
    key = fresh("ask")
    first = give(programme, 500, asker.token, if_over="ask", key=key)
    before = programme.server.entry_count()
    again = give(programme, 500, asker.token, if_over="ask", key=key)
    assert first.status_code == again.status_code == 202
    assert again.headers["Idempotent-Replayed"] == "true"
    for field in ("seq", "kind", "expires_at", "limits", "time"):
        assert first.json()[field] == again.json()[field]
    assert programme.server.entry_count() == before
    decide(programme, first.json()["seq"], programme.marc)
    assert give(programme, 500, asker.token, if_over="ask", key=key).status_code == 202


def test_asking_for_more_than_the_budget_has_is_refused(programme, asker):
    with_less = budget(programme)[0] + 1
    assert_problem(give(programme, with_less, asker.token, if_over="ask"), 409,
                   "insufficient-budget")


def test_what_waits_cannot_be_given_away_meanwhile(programme, limits):
    server = programme.server
    name = fresh("small")
    server.made("/v1/budgets", {"id": name, "site": "paris", "unit": "EUR", "name": "S"},
                programme.admin)
    server.made(f"/v1/budgets/{name}/allotments", {"amount": 600}, programme.finance)
    who, token = new_staff(programme, budget=name)
    limits(scope={"staff": who}, max=100, when_passed="ask")
    entry = give(programme, 500, token, if_over="ask").json()
    assert_problem(server.post(f"/v1/budgets/{name}/allotments", {"amount": -101},
                               programme.finance), 409, "insufficient-budget")
    _, other = new_staff(programme, budget=name)
    assert_problem(give(programme, 101, other), 409, "insufficient-budget")
    given(programme, 100, other)
    assert decide(programme, entry["seq"], programme.marc).status_code == 201
    told = server.get(f"/v1/budgets/{name}", token=programme.finance).json()
    assert (told["available"], told["reserved"], told["spent"]) == (0, 0, 600)


# --- deciding ---

def test_approving_is_the_grant(programme, asker):
    held = programme.server.balance(programme.customer, programme.anna)
    entry = ask(programme, asker, 500, incident="INC-9", touchpoint="lobby")
    available, reserved = budget(programme)
    key = fresh("approve")
    answer = decide(programme, entry["seq"], programme.marc, body={"note": "Well done"}, key=key)
    assert answer.status_code == 201, answer.text
    expected = {"kind": "grant", "amount": 500, "unit": "EUR", "staff": asker.who, "actor": "marc",
                "customer": programme.customer, "refers_to": entry["seq"], "balance": held + 500,
                "incident": "INC-9", "touchpoint": "lobby", "reason": "late-room",
                "budget": "front-desk", "authority": "marc"}
    assert {field: answer.json().get(field) for field in expected} == expected
    assert answer.json()["limits"][0]["limit"] == asker.limit
    assert programme.server.balance(programme.customer, programme.anna) == held + 500
    assert budget(programme) == (available, reserved - 500)
    assert used(programme, asker) == 500
    again = decide(programme, entry["seq"], programme.marc, body={"note": "Well done"}, key=key)
    assert again.status_code == 201 and again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["seq"] == answer.json()["seq"]
    read = programme.server.get(f"/v1/entries/{answer.json()['seq']}", token=programme.marc).json()
    assert read["words"] == "Well done" and read["authority"] == "marc"


@pytest.mark.parametrize("by", ["marc", "asker"])
def test_declining_and_withdrawing_give_everything_back(programme, asker, by):
    before = budget(programme)
    entry = ask(programme, asker)
    answer = decide(programme, entry["seq"], programme.marc if by == "marc" else asker.token,
                    "decline", {"note": "Not this time"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["kind"] == "decline" and answer.json()["refers_to"] == entry["seq"]
    assert answer.json()["receipt"]["leaf"]
    assert budget(programme) == before
    assert used(programme, asker) == 0
    given(programme, 100, asker.token)


@pytest.mark.parametrize("first", ["approve", "decline"])
@pytest.mark.parametrize("second", ["approve", "decline"])
def test_what_is_decided_is_decided(programme, asker, first, second):
    seq = ask(programme, asker)["seq"]
    assert decide(programme, seq, programme.marc, first).status_code in (200, 201)
    held = programme.server.balance(programme.customer, programme.anna)
    key = fresh("late")
    answer = decide(programme, seq, programme.marc, second, key=key)
    problem = assert_problem(answer, 409, "already-decided")
    again = decide(programme, seq, programme.marc, second, key=key)
    assert again.json()["seq"] == problem["seq"] and again.status_code == 409
    assert programme.server.balance(programme.customer, programme.anna) == held


def test_nothing_needs_to_be_said(programme, asker):
    seq = ask(programme, asker)["seq"]
    answer = programme.server.post(f"/v1/approvals/{seq}/approve", token=programme.marc)
    assert answer.status_code == 201, answer.text


def test_a_dry_run_decides_nothing(programme, asker):
    seq = ask(programme, asker)["seq"]
    with Unchanged(programme):
        for how in ("approve", "decline"):
            answer = programme.server.post(f"/v1/approvals/{seq}/{how}?dry_run=true", json={},
                                           token=programme.marc)
            assert answer.status_code == 200, answer.text
            assert answer.json()["dry_run"] is True
    assert decide(programme, seq, programme.marc).status_code == 201


def test_what_nobody_asked_for_is_not_found(programme):
    seq = given(programme, 10)["seq"]
    with Unchanged(programme):
        for named in (seq, 0, 10 ** 9, "x", "-1"):
            for how in ("approve", "decline"):
                assert_problem(decide(programme, named, programme.marc, how), 404, "not-found")
                assert_problem(decide(programme, named, programme.marc, how, {"note": "x"}), 404)
    assert_problem(decide(programme, seq, programme.marc, key=None), 400,
                   "idempotency-key-missing")


def test_a_key_that_acted_outranks_what_is_not_there(programme, asker):
    key = fresh("key")
    seq = ask(programme, asker)["seq"]
    assert decide(programme, seq, programme.marc, key=key).status_code == 201
    assert_problem(decide(programme, 10 ** 9, programme.marc, key=key), 422, "key-reused")
    assert_problem(decide(programme, seq, programme.marc, "decline", key=key), 422, "key-reused")


# --- four eyes, and authority ---

def test_nobody_approves_their_own(programme, limits):
    who, token = new_staff(programme, role="manager")
    limits(scope={"staff": who}, max=100, when_passed="ask")
    seq = give(programme, 500, token, if_over="ask").json()["seq"]
    assert_problem(decide(programme, seq, token), 403, "four-eyes")
    second = programme.server.token("manager", subject=who)
    assert_problem(decide(programme, seq, second), 403, "four-eyes")
    assert decide(programme, seq, programme.marc).status_code == 201


def test_who_asked_through_an_integration_does_not_approve_it_either(programme, limits):
    who, token = new_staff(programme, role="manager")
    limits(scope={"staff": who}, max=100, when_passed="ask")
    answer = give(programme, 500, programme.till, staff=who, if_over="ask")
    assert answer.status_code == 202, answer.text
    assert_problem(decide(programme, answer.json()["seq"], token), 403, "four-eyes")


def test_staff_without_authority_do_not_approve(programme, asker):
    _, other = new_staff(programme)
    seq = ask(programme, asker)["seq"]
    assert_problem(decide(programme, seq, other), 403, "no-authority")
    assert_problem(decide(programme, seq, other, "decline"), 403, "no-authority")
    assert_problem(decide(programme, seq, asker.token), 403, "four-eyes")
    assert decide(programme, seq, programme.marc).status_code == 201


def test_a_manager_decides_at_their_own_sites_alone(programme, asker):
    site = fresh("site")
    programme.server.made("/v1/sites", {"id": site, "name": "S", "timezone": "UTC"},
                          programme.admin)
    _, elsewhere = new_staff(programme, role="manager", site=site)
    seq = ask(programme, asker)["seq"]
    assert_problem(decide(programme, seq, elsewhere), 403, "no-authority")
    listed = programme.server.get("/v1/approvals", token=elsewhere).json()["approvals"]
    assert seq not in [one["seq"] for one in listed]
    decide(programme, seq, programme.marc, "decline")


def test_a_manager_approves_within_their_own_limits(programme, asker, limits):
    who, token = new_staff(programme, role="manager")
    limits(scope={"staff": who}, max=700)
    one, two = ask(programme, asker, 500)["seq"], ask(programme, asker, 300)["seq"]
    assert decide(programme, one, token).status_code == 201
    assert_problem(decide(programme, two, token), 403, "no-authority")
    assert decide(programme, two, programme.marc).status_code == 201


def test_everything_is_judged_again(programme, asker, limits):
    seq = ask(programme, asker, 500)["seq"]
    hard = limits(scope={"staff": asker.who}, max=200)
    problem = assert_problem(decide(programme, seq, programme.marc), 403, "limit-exceeded")
    assert problem["limit"] == hard
    assert end(programme, hard).status_code == 204
    today = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    answer = programme.server.patch(f"/v1/staff/{asker.who}", token=programme.admin,
                                    json={"active_until": f"{today:%Y-%m-%d}"})
    assert answer.status_code == 200, answer.text
    assert_problem(decide(programme, seq, programme.marc), 403, "staff-inactive")
    assert decide(programme, seq, programme.marc, "decline").status_code == 200


@pytest.mark.parametrize("role", ["admin", "finance", "auditor", "till", "customer_token"])
def test_approvals_are_for_managers_and_their_delegates(programme, asker, role):
    token = getattr(programme, role)
    seq = ask(programme, asker)["seq"]
    with Unchanged(programme):
        assert_problem(programme.server.get("/v1/approvals", token=token), 403, "forbidden")
        for how in ("approve", "decline"):
            assert_problem(decide(programme, seq, token, how), 403, "forbidden")
    decide(programme, seq, programme.marc, "decline")


# --- seeing what waits ---

def test_managers_see_what_waits_at_their_sites_with_what_was_said(programme, asker):
    seqs = [ask(programme, asker, 200 + n, words=f"Word {n}")["seq"] for n in range(3)]
    listed = programme.server.get("/v1/approvals", token=programme.marc).json()["approvals"]
    mine = {one["seq"]: one for one in listed if one["seq"] in seqs}
    assert sorted(mine) == seqs
    for n, seq in enumerate(seqs):
        assert (mine[seq]["amount"], mine[seq]["words"]) == (200 + n, f"Word {n}")
        assert mine[seq]["expires_at"] and mine[seq]["limits"][0]["limit"] == asker.limit
    listed = programme.server.get("/v1/approvals", token=asker.token).json()["approvals"]
    assert [one["seq"] for one in listed] == seqs  # who asked sees their own, and no others'
    _, other = new_staff(programme)
    assert_problem(programme.server.get("/v1/approvals", token=other), 403, "forbidden")
    for seq in seqs:
        assert decide(programme, seq, programme.marc, "decline").status_code == 200
    listed = programme.server.get("/v1/approvals", token=programme.marc).json()["approvals"]
    assert not set(seqs) & {one["seq"] for one in listed}


def test_who_may_not_decide_is_told_which_limit_binds_in_a_dry_run(programme, asker, limits):
    boss, token = new_staff(programme, "manager")
    own = limits(scope={"staff": boss}, window="day", max=300)
    seq = ask(programme, asker, 301)["seq"]
    tried = assert_problem(decide(programme, f"{seq}", token, "approve?dry_run=true"), 403,
                           "no-authority")
    assert figures(tried) == (own, 300, 0, 300) and tried["unit"] == "EUR"
    first = decide(programme, seq, token, key=f"beyond-{seq}")
    problem = assert_problem(first, 403, "no-authority")
    assert "dry_run" in problem["detail"] and "limit" not in problem
    given(programme, 10, token)
    again = assert_problem(decide(programme, seq, token, key=f"beyond-{seq}"), 403, "no-authority")
    assert {**again, "request_id": None} == {**problem, "request_id": None}
    # Somebody whom it does not concern learns of no limit of anybody's.
    stranger = assert_problem(decide(programme, seq, new_staff(programme)[1],
                                     "approve?dry_run=true"), 403, "no-authority")
    assert "limit" not in stranger
    decide(programme, seq, programme.marc, "decline")


def test_what_waits_comes_in_pages(programme, asker):
    seqs = [ask(programme, asker)["seq"] for _ in range(5)]
    path, found = "/v1/approvals?page_size=2", []
    query = path
    while query:
        page = programme.server.get(query, token=programme.marc).json()
        assert len(page["approvals"]) <= 2
        found += [one["seq"] for one in page["approvals"]]
        query = f"{path}&page_token={page['next_page_token']}" if "next_page_token" in page else None
    assert [seq for seq in found if seq in seqs] == seqs
    for seq in seqs:
        decide(programme, seq, programme.marc, "decline")


def test_nothing_that_waits_is_lost_over_a_crash(programme, asker):
    seq = ask(programme, asker, 500)["seq"]
    before = budget(programme), used(programme, asker)
    programme.server.kill()
    programme.server.start()
    assert (budget(programme), used(programme, asker)) == before
    listed = programme.server.get("/v1/approvals", token=programme.marc).json()["approvals"]
    assert seq in [one["seq"] for one in listed]
    assert decide(programme, seq, programme.marc).status_code == 201
    programme.server.restart()
    assert_problem(decide(programme, seq, programme.marc), 409, "already-decided")


# --- time ---

CLOCK = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(id, out);
	const char *ahead = getenv("CLOCK_AHEAD_S");
	if (id == CLOCK_REALTIME && ahead != NULL)
		out->tv_sec += atol(ahead);
	return result;
}
"""


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    """A library that puts a program's clock ahead by CLOCK_AHEAD_S."""
    return preloaded(tmp_path_factory.mktemp("clock"), CLOCK)


@pytest.mark.parametrize("hours, lapsed", [(71, False), (73, True)])
def test_what_waits_for_too_long_lapses_and_gives_everything_back(make_server, clock, monkeypatch,
                                                                  hours, lapsed):
    programme = set_up_programme(make_server())
    assert put(programme, "day", scope={"role": "staff"}, per="staff", window="lifetime", max=100,
               when_passed="ask").status_code == 201
    before = budget(programme)
    seq = give(programme, 500, if_over="ask").json()["seq"]
    programme.server.stop()
    monkeypatch.setenv("LD_PRELOAD", clock)
    monkeypatch.setenv("CLOCK_AHEAD_S", str(hours * 3600))
    programme.server.start()
    # Nobody writes: an idle server ends it by itself.
    deadline = time.monotonic() + (30 if lapsed else 7)
    while time.monotonic() < deadline and budget(programme) != before:
        time.sleep(0.2)
    waiting = budget(programme) != before
    assert waiting != lapsed
    kinds = [entry["kind"] for entry in programme.server.entries() if entry["seq"] > seq]
    assert kinds == (["lapse"] if lapsed else [])
    if lapsed:
        entry = programme.server.entries()[-1]
        assert (entry["refers_to"], entry["amount"], entry["actor"]) == (seq, 500, "house")
        # Yesterday's tokens have ended too.
        given(programme, 100, programme.server.token("staff", subject="anna"))
    programme.server.stop()
    for name in ("LD_PRELOAD", "CLOCK_AHEAD_S"):
        monkeypatch.delenv(name)


def test_a_lapse_that_finds_no_room_leaves_it_reading(make_server, clock, monkeypatch):
    programme = set_up_programme(make_server())
    server = programme.server
    assert put(programme, "day", scope={"role": "staff"}, per="staff", window="lifetime", max=100,
               when_passed="ask").status_code == 201
    before = budget(programme)
    give(programme, 500, if_over="ask")
    waiting = budget(programme)
    server.stop()
    monkeypatch.setenv("LD_PRELOAD", clock)
    monkeypatch.setenv("CLOCK_AHEAD_S", str(73 * 3600))
    server.start()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.get("/readyz").status_code == 200:
        time.sleep(0.1)
    time.sleep(0.5)
    assert_problem(server.get("/readyz"), 503, "read-only")
    assert budget(programme) == waiting
    server.restart()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and budget(programme) != before:
        time.sleep(0.1)
    assert budget(programme) == before
    server.stop()
