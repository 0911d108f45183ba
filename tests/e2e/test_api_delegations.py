"""Delegations: a manager's authority, lent for a time, up to a ceiling."""
import datetime
import itertools
import time
import zoneinfo

import pytest

from checks import Unchanged, assert_problem
from policy import end, fresh, give, limits, new_customer, new_staff, put  # noqa: F401
from test_api_approvals import ask, asker, decide  # noqa: F401

numbers = itertools.count()


def delegate(programme, to, token=None, **fields):
    body = {"to": to, "unit": "EUR", "ceiling": 1000, "until": "2999-01-01", **fields}
    return programme.server.post("/v1/delegations",
                                 json={name: value for name, value in body.items()
                                       if value is not ...}, token=token or programme.marc)


def delegated(programme, to, token=None, **fields):
    answer = delegate(programme, to, token, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def undo(programme, delegation, token=None):
    return programme.server.delete(f"/v1/delegations/{delegation}", token=token or programme.marc)


@pytest.fixture
def deputy(programme):
    who, token = new_staff(programme)
    return type("Deputy", (), {"who": who, "token": token})


def test_a_delegation_is_lent_listed_and_ended(programme, deputy):
    told = delegated(programme, deputy.who, scope={"site": "paris", "reason": "late-room"},
                     note="While I am away")
    assert told["id"] == f"d-{told['seq']}" and told["receipt"]["leaf"]
    expected = {"from": "marc", "to": deputy.who, "unit": "EUR", "ceiling": 1000,
                "until": "2999-01-01", "scope": {"site": "paris", "reason": "late-room"},
                "note": "While I am away"}
    assert {field: told.get(field) for field in expected} == expected
    path = f"/v1/delegations/{told['id']}"
    for token in (programme.admin, programme.finance, programme.anna, programme.auditor):
        read = programme.server.get(path, token=token).json()
        assert {field: read.get(field) for field in expected} == expected
        assert "ended" not in read
    assert undo(programme, told["id"]).status_code == 204
    assert programme.server.get(path, token=programme.marc).json()["ended"] is True
    listed = programme.server.get("/v1/delegations?page_size=1000", token=programme.auditor).json()
    assert [one for one in listed["delegations"] if one["id"] == told["id"]][0]["ended"] is True
    assert_problem(undo(programme, told["id"]), 404, "not-found")


def test_it_is_for_managers_in_their_own_name(programme, deputy):
    with Unchanged(programme):
        for token in (programme.admin, programme.finance, programme.anna, programme.till,
                      programme.auditor, programme.customer_token):
            assert_problem(delegate(programme, deputy.who, token), 403, "forbidden")
        problem = assert_problem(delegate(programme, deputy.who, **{"from": "marc"}), 400)
        assert problem["field"] == "from"
    for token in (programme.customer_token, programme.till):
        assert_problem(programme.server.get("/v1/delegations", token=token), 403, "forbidden")


def test_only_its_giver_ends_it(programme, deputy):
    told = delegated(programme, deputy.who)
    _, other = new_staff(programme, role="manager")
    for token in (other, deputy.token, programme.finance, programme.admin):
        assert_problem(undo(programme, told["id"], token), 403, "forbidden")
    assert undo(programme, told["id"]).status_code == 204


@pytest.mark.parametrize("change, status, field", [
    ({"ceiling": -1}, 400, "ceiling"), ({"ceiling": ...}, 400, "ceiling"),
    ({"until": ...}, 400, "until"), ({"until": "soon"}, 400, "until"), ({"unit": ...}, 400, "unit"),
    ({"to": ...}, 400, "to"), ({"scope": {"role": "staff"}}, 400, "scope.role"),
    ({"scope": {"staff": "anna"}}, 400, "scope.staff"), ({"to": "nobody"}, 404, "to"),
    ({"unit": "XYZ"}, 404, "unit"), ({"scope": {"site": "nowhere"}}, 404, "scope.site"),
    ({"to": "marc"}, 422, "to")])
def test_what_cannot_be_is_refused_with_its_field(programme, deputy, change, status, field):
    with Unchanged(programme):
        answer = delegate(programme, **{"to": deputy.who, **change})
        assert assert_problem(answer, status)["field"] == field


def test_an_unknown_delegation_is_not_found(programme):
    for name in ("d-0", "d-999999", "x", "d-", "t-1"):
        assert_problem(programme.server.get(f"/v1/delegations/{name}", token=programme.marc), 404)
        assert_problem(undo(programme, name), 404, "not-found")


def test_the_delegate_decides_up_to_the_ceiling(programme, asker, deputy):
    above, at = ask(programme, asker, 1001)["seq"], ask(programme, asker, 1000)["seq"]
    assert_problem(decide(programme, at, deputy.token), 403, "no-authority")
    told = delegated(programme, deputy.who)
    assert_problem(decide(programme, above, deputy.token), 403, "no-authority")
    answer = decide(programme, at, deputy.token)
    assert answer.status_code == 201, answer.text
    assert answer.json()["actor"] == deputy.who and answer.json()["authority"] == "marc"
    assert decide(programme, above, deputy.token, "decline").status_code == 403
    assert undo(programme, told["id"]).status_code == 204
    last = ask(programme, asker, 500)["seq"]
    assert_problem(decide(programme, last, deputy.token), 403, "no-authority")
    for seq in (above, last):
        assert decide(programme, seq, programme.marc, "decline").status_code == 200


@pytest.mark.parametrize("until", ["2026-11-01", "2026-11-01T00:00:00Z", "today"])
def test_its_end_is_later_than_now(programme, deputy, until):
    if until == "today":  # at the giver's site
        until = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Paris")).strftime("%Y-%m-%d")
    before = programme.server.entry_count()
    answer = delegate(programme, deputy.who, until=until)
    problem = assert_problem(answer, 422)
    assert (problem["field"], problem["detail"]) == ("until", "until must be later than now")
    assert programme.server.entry_count() == before


def test_the_delegate_sees_what_waits(programme, asker, deputy):
    seq = ask(programme, asker)["seq"]
    assert_problem(programme.server.get("/v1/approvals", token=deputy.token), 403, "forbidden")
    told = delegated(programme, deputy.who)
    listed = programme.server.get("/v1/approvals", token=deputy.token).json()["approvals"]
    assert seq in [one["seq"] for one in listed]
    assert undo(programme, told["id"]).status_code == 204
    assert_problem(programme.server.get("/v1/approvals", token=deputy.token), 403, "forbidden")
    decide(programme, seq, programme.marc, "decline")


@pytest.mark.parametrize("scope", [{"site": "paris"}, {"budget": "front-desk"},
                                   {"reason": "late-room"}])
def test_it_is_good_for_its_scope_alone(programme, asker, deputy, scope):
    server = programme.server
    other = fresh("other")
    made = {"site": ("sites", {"id": other, "name": "O", "timezone": "UTC"}),
            "budget": ("budgets", {"id": other, "site": "paris", "unit": "EUR", "name": "O"}),
            "reason": ("reasons", {"id": other, "name": "O", "kind": "discretionary"})}
    noun = next(iter(scope))
    server.made(f"/v1/{made[noun][0]}", made[noun][1], programme.admin)
    seq = ask(programme, asker)["seq"]
    wrong = delegated(programme, deputy.who, scope={noun: other})
    assert_problem(decide(programme, seq, deputy.token), 403, "no-authority")
    right = delegated(programme, deputy.who, scope=scope)
    assert decide(programme, seq, deputy.token).status_code == 201
    for told in (wrong, right):
        assert undo(programme, told["id"]).status_code == 204


def test_it_ends_by_itself(programme, asker, deputy):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    delegated(programme, deputy.who, until=until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    first, second = ask(programme, asker)["seq"], ask(programme, asker)["seq"]
    assert decide(programme, first, deputy.token).status_code == 201
    time.sleep(2.1)
    assert_problem(decide(programme, second, deputy.token), 403, "no-authority")
    assert_problem(programme.server.get("/v1/approvals", token=deputy.token), 403, "forbidden")
    decide(programme, second, programme.marc, "decline")


def test_the_delegate_sees_what_is_lent_to_them_alone(programme, asker, deputy):
    seq = ask(programme, asker)["seq"]
    for narrower in ({"ceiling": 1}, {"unit": "PTS"}, {"scope": {"reason": "kind-word"}}):
        told = delegated(programme, deputy.who, **narrower)
        listed = programme.server.get("/v1/approvals", token=deputy.token).json()["approvals"]
        assert listed == []
        assert undo(programme, told["id"]).status_code == 204
    giver, token = new_staff(programme, role="manager")
    delegated(programme, deputy.who, token)
    listed = programme.server.get("/v1/approvals", token=deputy.token).json()["approvals"]
    assert seq in [one["seq"] for one in listed]
    answer = programme.server.patch(f"/v1/staff/{giver}", token=programme.admin,
                                    json={"active_until": "2020-01-01"})
    assert answer.status_code == 200, answer.text
    listed = programme.server.get("/v1/approvals", token=deputy.token).json()["approvals"]
    assert listed == []
    decide(programme, seq, programme.marc, "decline")


def test_it_ends_with_its_givers_authority(programme, asker, deputy):
    giver, token = new_staff(programme, role="manager")
    delegated(programme, deputy.who, token)
    seq = ask(programme, asker)["seq"]
    answer = programme.server.patch(f"/v1/staff/{giver}", token=programme.admin,
                                    json={"active_until": "2020-01-01"})
    assert answer.status_code == 200, answer.text
    assert_problem(decide(programme, seq, deputy.token), 403, "no-authority")
    decide(programme, seq, programme.marc, "decline")


def test_it_is_not_passed_on(programme, asker, deputy):
    """A manager elsewhere, with a delegation for here, cannot lend it to somebody else."""
    site = fresh("site")
    programme.server.made("/v1/sites", {"id": site, "name": "S", "timezone": "UTC"},
                          programme.admin)
    elsewhere, token = new_staff(programme, role="manager", site=site)
    first = delegated(programme, elsewhere)
    delegated(programme, deputy.who, token)
    seq = ask(programme, asker)["seq"]
    assert_problem(decide(programme, seq, deputy.token), 403, "no-authority")
    assert decide(programme, seq, token).status_code == 201
    assert undo(programme, first["id"]).status_code == 204


def test_it_is_no_more_than_its_giver_may(programme, asker, deputy, limits):
    giver, token = new_staff(programme, role="manager")
    limits(scope={"staff": giver}, max=600)
    delegated(programme, deputy.who, token, ceiling=100000)
    one, two = ask(programme, asker, 500)["seq"], ask(programme, asker, 500)["seq"]
    assert decide(programme, one, deputy.token).status_code == 201
    assert_problem(decide(programme, two, deputy.token), 403, "no-authority")
    decide(programme, two, programme.marc, "decline")


def test_a_requesters_delegate_does_not_decide_for_them(programme, deputy, limits):
    manager, token = new_staff(programme, role="manager")
    limits(scope={"staff": manager}, max=100, when_passed="ask")
    told = delegated(programme, deputy.who, token, ceiling=100000)
    seq = give(programme, 500, token, if_over="ask").json()["seq"]
    assert_problem(decide(programme, seq, deputy.token), 403, "four-eyes")
    second = delegated(programme, deputy.who)
    assert_problem(decide(programme, seq, deputy.token), 403, "four-eyes")
    for name, by in ((told["id"], token), (second["id"], programme.marc)):
        assert undo(programme, name, by).status_code == 204
    assert decide(programme, seq, programme.marc).status_code == 201
