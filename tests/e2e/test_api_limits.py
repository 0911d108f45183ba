"""Limits: set, read, ended; who is held to them, by how much, and for how long."""
import concurrent.futures
import datetime
import os
import threading
import time
import zoneinfo

import pytest
import requests

from checks import Unchanged, assert_problem, grant_body, post_lines
from harness import set_up_programme
from policy import (AMOUNT, end, figures, fresh, give, given, limits, new_customer, new_staff,  # noqa: F401
                    put)

PARIS = zoneinfo.ZoneInfo("Europe/Paris")


# --- setting ---

def test_a_limit_is_set_by_one_request(programme, limits):
    answer = put(programme, "guest-incident", scope={"role": "staff"}, per="customer-incident",
                 window="lifetime", max=200000, note="Up to 2,000 a guest, an incident")
    limits.set.append("guest-incident")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert answer.headers["ETag"] == f'"{told["version"]}"'
    assert told["seq"] == told["version"]
    expected = {"id": "guest-incident", "scope": {"role": "staff"}, "unit": "EUR",
                "measure": "amount", "per": "customer-incident", "window": "lifetime",
                "max": 200000, "when_passed": "refuse", "reversal": "amount",
                "note": "Up to 2,000 a guest, an incident"}
    assert {field: told.get(field) for field in expected} == expected
    read = programme.server.get("/v1/limits/guest-incident", token=programme.auditor)
    assert read.headers["ETag"] == answer.headers["ETag"]
    assert {field: read.json().get(field) for field in expected} == expected


def test_setting_it_again_is_a_new_version_and_the_old_ones_are_kept(programme, limits):
    limit = limits(max=1)
    versions = [programme.server.get(f"/v1/limits/{limit}", token=programme.anna).json()["version"]]
    for most in (2, 3):
        answer = put(programme, limit, max=most)
        assert answer.status_code == 200, answer.text
        versions.append(answer.json()["version"])
    assert versions == sorted(versions)
    answer = programme.server.get(f"/v1/limits/{limit}/versions", token=programme.auditor)
    assert answer.status_code == 200, answer.text
    told = answer.json()["versions"]
    assert [(one["version"], one["max"]) for one in told] == list(zip(versions[::-1], (3, 2, 1)))
    assert all(one["time"] and one["business_date"] and one["actor"] for one in told)


def test_versions_come_in_pages(programme, limits):
    limit = limits(max=1)
    for most in (2, 3, 4, 5):
        limits(limit, max=most)
    path, found = f"/v1/limits/{limit}/versions?page_size=2", []
    query = path
    while query:
        page = programme.server.get(query, token=programme.finance).json()
        assert len(page["versions"]) <= 2
        found += [one["max"] for one in page["versions"]]
        query = f"{path}&page_token={page['next_page_token']}" if "next_page_token" in page else None
    assert found == [5, 4, 3, 2, 1]
    for token in ("x", "0", "3"):
        assert_problem(programme.server.get(f"{path}&page_token={token}", token=programme.finance),
                       400, "malformed")


def test_the_list_holds_what_is_in_force(programme, limits):
    kept, ended = limits(), limits()
    assert end(programme, ended).status_code == 204
    listed = programme.server.get("/v1/limits", token=programme.finance).json()["limits"]
    ids = [one["id"] for one in listed]
    assert kept in ids and ended not in ids
    assert all("version" in one for one in listed)


def test_an_ended_limit_holds_nobody_and_may_be_set_again(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=10)
    assert_problem(give(programme, 11, token), 403, "limit-exceeded")
    assert end(programme, limit).status_code == 204
    given(programme, 11, token)
    assert_problem(programme.server.get(f"/v1/limits/{limit}", token=programme.finance), 404)
    assert_problem(end(programme, limit), 404, "not-found")
    programme.server.restart()
    path = f"/v1/limits/{limit}/versions"
    past = programme.server.get(path, token=programme.finance).json()
    assert past["ended"] is True and [one["max"] for one in past["versions"]] == [10]
    answer = put(programme, limit, scope={"staff": who}, max=20)
    assert answer.status_code == 201, answer.text
    assert_problem(give(programme, 21, token), 403, "limit-exceeded")
    past = programme.server.get(path, token=programme.finance).json()
    assert "ended" not in past and [one["max"] for one in past["versions"]] == [20, 10]


def test_if_match_guards(programme, limits):
    limit = limits(max=1)
    version = programme.server.get(f"/v1/limits/{limit}", token=programme.finance).headers["ETag"]
    newer = put(programme, limit, max=2, headers={"If-Match": version})
    assert newer.status_code == 200, newer.text
    for stale in (version, '"0"', '"99999999"', 'W/"1"'):
        status = 400 if stale.startswith("W/") else 412
        assert_problem(put(programme, limit, max=3, headers={"If-Match": stale}), status)
        assert_problem(end(programme, limit, headers={"If-Match": stale}), status)
    assert programme.server.get(f"/v1/limits/{limit}", token=programme.finance).json()["max"] == 2
    assert put(programme, limit, max=4, headers={"If-Match": "*"}).status_code == 200
    assert_problem(put(programme, fresh("none"), headers={"If-Match": "*"}), 412,
                   "precondition-failed")
    assert_problem(put(programme, fresh("none"), headers={"If-Match": version}), 412,
                   "precondition-failed")
    newest = programme.server.get(f"/v1/limits/{limit}", token=programme.finance).headers["ETag"]
    assert end(programme, limit, headers={"If-Match": newest}).status_code == 204


def test_a_dry_run_says_what_would_be_set_and_sets_nothing(programme):
    with Unchanged(programme):
        answer = put(programme, "not-yet", max=7, query="?dry_run=true")
        assert answer.status_code == 200 and answer.json()["dry_run"] is True
        assert answer.json()["max"] == 7 and "version" not in answer.json()
        assert_problem(put(programme, "not-yet", unit="XXX", query="?dry_run=true"), 404)
    assert_problem(programme.server.get("/v1/limits/not-yet", token=programme.finance), 404)


BAD = [
    ({"max": -1}, 400, "max"), ({"max": 1.5}, 400, "max"), ({"max": 2 ** 63}, 400, "max"),
    ({"max": None}, 400, "max"), ({"max": "ten"}, 400, "max"),
    ({"measure": "weight"}, 400, "measure"), ({"window": "decade"}, 400, "window"),
    ({"window": "Day"}, 400, "window"), ({"per": "moon"}, 400, "per"),
    ({"when_passed": "shrug"}, 400, "when_passed"), ({"reversal": "all"}, 400, "reversal"),
    ({"scope": []}, 400, "scope"), ({"scope": "staff"}, 400, "scope"),
    ({"scope": {"role": "admin"}}, 400, "scope.role"),
    ({"scope": {"planet": "earth"}}, 400, "scope.planet"),
    ({"scope": {"staff": None}}, 400, "scope.staff"),
    ({"scope": {"staff": "Anna Arnaud"}}, 400, "scope.staff"),
    ({"scope.role": "staff"}, 400, "scope.role"), ({"colour": "red"}, 400, "colour"),
    ({"from": "2026-02-30"}, 400, "from"), ({"until": "tomorrow"}, 400, "until"),
    ({"until": "2026-01-01T00:00:00+01:00"}, 400, "until"), ({"id": "other"}, 400, "id"),
    ({"note": "x" * 129}, 400, "note"), ({"note": "a\nb"}, 400, "note"),
    ({"unit": "XYZ"}, 404, "unit"), ({"scope": {"staff": "nobody"}}, 404, "scope.staff"),
    ({"scope": {"site": "nowhere"}}, 404, "scope.site"),
    ({"scope": {"budget": "nothing"}}, 404, "scope.budget"),
    ({"scope": {"reason": "whim"}}, 404, "scope.reason"),
    ({"from": "2026-05-02", "until": "2026-05-01"}, 422, "until"),
    ({"until": "2026-05-01"}, 422, "until"), ({"until": "2026-05-01T00:00:00Z"}, 422, "until"),
    ({"from": "2026-05-02", "until": "2026-05-02"}, 422, "until"),
    ({"from": "2026-05-02T10:00:00Z", "until": "2026-05-02T09:00:00Z"}, 422, "until"),
    ({"per": "grant", "window": "day"}, 422, "window"), ({"unit": ...}, 422, "unit"),
    ({"measure": "incidents", "per": "staff"}, 422, "per"),
]


@pytest.mark.parametrize("change, status, field", BAD, ids=[f"{c}" for c, _, _ in BAD])
def test_bad_policy_is_refused_with_the_field_and_the_reason(programme, change, status, field):
    body = {name: value for name, value in {**AMOUNT, **change}.items() if value is not ...}
    with Unchanged(programme):
        answer = programme.server.request("PUT", "/v1/limits/bad", json=body,
                                          token=programme.finance)
        problem = assert_problem(answer, status)
        assert problem["field"] == field
        assert problem["detail"] != problem["title"]


@pytest.mark.parametrize("missing", ["measure", "per", "window", "max"])
def test_what_a_limit_needs_must_be_there(programme, missing):
    body = {name: value for name, value in AMOUNT.items() if name != missing}
    answer = programme.server.request("PUT", "/v1/limits/bad", json=body, token=programme.finance)
    assert assert_problem(answer, 400, "malformed")["field"] == missing


def test_an_id_is_a_slug(programme):
    for limit in ("Capital", "a" * 33, "-x", "a%20b"):
        assert assert_problem(put(programme, limit), 400, "malformed")["field"] == "id"


def test_limits_are_finances_to_set_and_everybodys_but_customers_to_read(programme, limits):
    limit = limits()
    tokens = {"admin": programme.admin, "manager": programme.marc, "staff": programme.anna,
              "integration": programme.till, "auditor": programme.auditor,
              "customer": programme.customer_token}
    before = programme.server.entry_count()
    for role, token in tokens.items():
        assert_problem(put(programme, fresh("mine"), token), 403, "forbidden")
        assert_problem(put(programme, limit, token), 403, "forbidden")
        assert_problem(end(programme, limit, token), 403, "forbidden")
        for path in ("", f"/{limit}", f"/{limit}/versions"):
            answer = programme.server.get(f"/v1/limits{path}", token=token)
            assert answer.status_code == (403 if role == "customer" else 200), (role, path)
    assert programme.server.entry_count() == before


# --- judging ---

def test_exactly_the_limit_passes_and_one_more_does_not(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=1000)
    given(programme, 400, token)
    with Unchanged(programme):
        answer = give(programme, 601, token, query="?dry_run=true")
        assert_problem(answer, 403, "limit-exceeded")
    given(programme, 600, token)
    held = programme.server.balance(programme.customer, programme.anna)
    problem = assert_problem(give(programme, 1, token), 403, "limit-exceeded")
    assert figures(problem) == (limit, 1000, 1000, 0)
    assert programme.server.balance(programme.customer, programme.anna) == held
    refusal = programme.server.get(f"/v1/entries/{problem['seq']}", token=token).json()
    assert refusal["kind"] == "refusal" and refusal["refused"] == "limit-exceeded"
    assert figures(refusal["limits"][0]) == (limit, 1000, 1000, 0)


def test_a_refusal_is_replayed_with_the_same_figures_whatever_came_since(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100)
    key = fresh("key")
    first = assert_problem(give(programme, 101, token, key=key), 403, "limit-exceeded")
    limits(limit, scope={"staff": who}, max=5000)
    given(programme, 90, token)
    answer = give(programme, 101, token, key=key)
    again = assert_problem(answer, 403, "limit-exceeded")
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert {**again, "request_id": None} == {**first, "request_id": None}
    assert figures(again) == (limit, 100, 0, 100)


def test_a_limit_per_grant_holds_each_by_itself(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, per="grant", window="none", max=50)
    for _ in range(3):
        given(programme, 50, token)
    problem = assert_problem(give(programme, 51, token), 403, "limit-exceeded")
    assert figures(problem) == (limit, 50, 0, 50)
    assert "resets_at" not in problem


def test_a_customer_incident_limit_needs_an_incident_and_counts_by_it(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, per="customer-incident", window="lifetime", max=2000)
    customer = new_customer(programme)
    problem = assert_problem(give(programme, 1, token, customer=customer), 422, "incident-required")
    assert problem["field"] == "incident"
    given(programme, 2000, token, customer=customer, incident="INC-1")
    problem = assert_problem(give(programme, 1, token, customer=customer, incident="INC-1"), 403,
                             "limit-exceeded")
    assert figures(problem) == (limit, 2000, 2000, 0) and "resets_at" not in problem
    assert_problem(give(programme, 1, token, customer=customer, incident="inc-1"), 403,
                   "limit-exceeded")  # the promise is not doubled by spelling
    for spelled in (" INC-1", "INC-1 ", "INC 1", "ＩNC-1"):
        assert_problem(give(programme, 1, token, customer=customer, incident=spelled), 400,
                       "malformed")
    assert given(programme, 2000, token, customer=customer, incident="Inc-2")["incident"] == "Inc-2"
    given(programme, 2000, token, customer=new_customer(programme), incident="INC-1")


def test_incidents_of_a_customer_are_counted(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, unit="EUR", measure="incidents", per="customer",
                   window="month", max=2)
    customer = new_customer(programme)
    for incident in ("A", "B", "A", "B"):
        given(programme, 5, token, customer=customer, incident=incident)
    problem = assert_problem(give(programme, 5, token, customer=customer, incident="C"), 403,
                             "limit-exceeded")
    assert figures(problem) == (limit, 2, 2, 0)
    given(programme, 5, token, customer=customer, incident="A")


def test_grants_are_counted(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, measure="count", max=2)
    given(programme, 5, token)
    given(programme, 500, token)
    problem = assert_problem(give(programme, 1, token), 403, "limit-exceeded")
    assert figures(problem) == (limit, 2, 2, 0)


def test_each_per_counts_for_whom_it_says(programme, limits):
    server = programme.server
    budget = fresh("budget")
    server.made("/v1/budgets", {"id": budget, "site": "paris", "unit": "EUR", "name": "B"},
                programme.admin)
    server.made(f"/v1/budgets/{budget}/allotments", {"amount": 100000}, programme.finance)
    (one, token_one), (_, token_two) = (new_staff(programme, budgets=[budget]) for _ in range(2))
    alice, bob = new_customer(programme), new_customer(programme)
    here = {"budget": budget, "customer": alice}
    # per: who is refused after one grant of the whole by one to alice
    cases = {
        "staff": [(token_one, here, 403), (token_one, {**here, "customer": bob}, 403),
                  (token_two, here, 201)],
        "customer": [(token_two, here, 403), (token_one, {**here, "customer": bob}, 201)],
        "staff-customer": [(token_one, here, 403), (token_two, here, 201),
                           (token_one, {**here, "customer": bob}, 201)],
        "budget": [(token_two, {**here, "customer": bob}, 403),
                   (token_two, {"customer": bob}, 201)],
        "site": [(token_two, {**here, "customer": bob}, 403)],
    }
    for per, attempts in cases.items():
        limit = limits(scope={} if per == "budget" else {"budget": budget}, per=per, max=100)
        given(programme, 100, token_one, **here)
        for token, fields, status in attempts:
            answer = give(programme, 100, token, **fields)
            assert answer.status_code == status, (per, fields, answer.text)
            if status == 403:
                assert answer.json()["limit"] == limit
        assert end(programme, limit).status_code == 204


def test_each_scope_holds_those_whom_it_names(programme, limits):
    server = programme.server
    name = fresh("wide")
    server.made("/v1/sites", {"id": name, "name": "W", "timezone": "UTC"}, programme.admin)
    server.made("/v1/budgets", {"id": name, "site": "paris", "unit": "EUR", "name": "W"},
                programme.admin)
    server.made(f"/v1/budgets/{name}/allotments", {"amount": 100000}, programme.finance)
    server.made("/v1/reasons", {"id": name, "name": "W", "kind": "discretionary"}, programme.admin)
    who, staff = new_staff(programme, budgets=[name], sites=[name])
    _, manager = new_staff(programme, role="manager")
    for scope, held, free in [
            ({"role": "manager"}, (manager, {}), (staff, {})),
            ({"role": "staff"}, (staff, {}), (manager, {})),
            ({"staff": who}, (staff, {}), (programme.anna, {})),
            ({"site": name}, (staff, {"site": name}), (staff, {})),
            ({"budget": name}, (staff, {"budget": name}), (staff, {})),
            ({"reason": name}, (staff, {"reason": name}), (staff, {})),
            ({"role": "staff", "reason": name}, (staff, {"reason": name}),
             (manager, {"reason": name}))]:
        limit = limits(scope=scope, per="grant", window="none", max=0)
        assert assert_problem(give(programme, 1, held[0], **held[1]), 403,
                              "limit-exceeded")["limit"] == limit, scope
        given(programme, 1, free[0], **free[1])
        assert end(programme, limit).status_code == 204


def test_of_several_limits_one_that_refuses_outranks_one_that_asks(programme, limits):
    who, token = new_staff(programme)
    scope = {"staff": who}
    limits("z-ask", scope=scope, max=10, when_passed="ask")
    limits("y-refuse", scope=scope, max=50)
    problem = assert_problem(give(programme, 60, token, if_over="ask"), 403, "limit-exceeded")
    assert problem["limit"] == "y-refuse"
    problem = assert_problem(give(programme, 40, token), 403, "limit-exceeded")
    assert problem["limit"] == "z-ask"


def test_the_least_remaining_is_named_and_ties_go_by_id(programme, limits):
    who, token = new_staff(programme)
    scope = {"staff": who}
    limits("tie-b", scope=scope, max=30, per="grant", window="none")
    limits("tie-c", scope=scope, max=20)
    limits("tie-a", scope=scope, max=30, window="month")
    assert give(programme, 40, token).json()["limit"] == "tie-c"
    assert end(programme, "tie-c").status_code == 204
    assert give(programme, 40, token).json()["limit"] == "tie-a"
    assert end(programme, "tie-a").status_code == 204
    assert give(programme, 40, token).json()["limit"] == "tie-b"


def test_a_change_in_mid_period_keeps_what_was_used(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=1000)
    given(programme, 900, token)
    limits(limit, scope={"staff": who}, max=500)
    assert figures(give(programme, 1, token).json()) == (limit, 500, 900, 0)
    limits(limit, scope={"staff": who}, max=950)
    given(programme, 50, token)
    assert figures(give(programme, 1, token).json()) == (limit, 950, 950, 0)


def test_a_temporary_raise_ends_and_what_was_before_holds_again(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100)
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    limits(limit, scope={"staff": who}, max=500, until=until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    given(programme, 300, token)
    time.sleep(3.2)
    assert figures(give(programme, 1, token).json()) == (limit, 100, 300, 0)


def test_a_limit_to_come_holds_nobody_yet(programme, limits):
    who, token = new_staff(programme)
    limits(scope={"staff": who}, max=0, **{"from": "2999-01-01"})
    given(programme, 10, token)


@pytest.mark.parametrize("reversal, after", [(None, (0, 1)), ("amount", (0, 1)),
                                             ("amount-and-count", (0, 0)), ("nothing", (100, 1))])
def test_a_reversal_gives_back_what_the_limit_says(programme, limits, reversal, after):
    who, token = new_staff(programme)
    more = {} if reversal is None else {"reversal": reversal}
    limits("back-amount", scope={"staff": who}, max=1000, **more)
    limits("back-count", scope={"staff": who}, measure="count", max=10, **more)
    seq = given(programme, 100, token)["seq"]
    programme.server.made(f"/v1/entries/{seq}/reverse", {"note": "A mistake"}, token)
    told = programme.server.get("/v1/staff/me/headroom", token=token).json()["limits"]
    used = {one["limit"]: one["used"] for one in told}
    assert (used["back-amount"], used["back-count"]) == after


def next_start(window, zone, now=None):
    """The first moment of the next period, as the calendar on the wall has it."""
    today = (now or datetime.datetime.now(zone)).date()
    first = {
        "day": today + datetime.timedelta(days=1),
        "week": today + datetime.timedelta(days=7 - today.weekday()),
        "month": (today.replace(day=1) + datetime.timedelta(days=32)).replace(day=1),
        "quarter": datetime.date(today.year + (today.month > 9), (today.month - 1) // 3 * 3 % 9 + 4
                                 if today.month <= 9 else 1, 1),
        "year": datetime.date(today.year + 1, 1, 1),
    }[window]
    start = datetime.datetime.combine(first, datetime.time(), zone)
    return start.astimezone(datetime.timezone.utc)


@pytest.mark.parametrize("window", ["day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Tokyo", "America/New_York"])
def test_it_resets_at_the_next_periods_first_moment_in_the_sites_zone(programme, limits, window,
                                                                      zone):
    site = fresh("site")
    programme.server.made("/v1/sites", {"id": site, "name": "S", "timezone": zone,
                                        "week_starts": "monday"}, programme.admin)
    who, token = new_staff(programme, site=site)
    limits(scope={"staff": who}, window=window, max=0)
    before = next_start(window, zoneinfo.ZoneInfo(zone))
    problem = assert_problem(give(programme, 1, token), 403, "limit-exceeded")
    expected = {f"{at:%Y-%m-%dT%H:%M:%S.000000Z}"
                for at in (before, next_start(window, zoneinfo.ZoneInfo(zone)))}
    assert problem["resets_at"] in expected


def test_weeks_begin_on_the_sites_day(programme, limits):
    site = fresh("site")
    programme.server.made("/v1/sites", {"id": site, "name": "S", "timezone": "UTC",
                                        "week_starts": "thursday"}, programme.admin)
    who, token = new_staff(programme, site=site)
    limits(scope={"staff": who}, window="week", max=0)
    problem = assert_problem(give(programme, 1, token), 403, "limit-exceeded")
    at = datetime.datetime.strptime(problem["resets_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert at.weekday() == 3 and (at.hour, at.minute) == (0, 0)
    assert datetime.timedelta() < at - datetime.datetime.utcnow() <= datetime.timedelta(days=7)


def test_two_sites_in_different_zones_spend_one_budgets_limit(programme, limits):
    sites = {}
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        site = fresh("site")
        programme.server.made("/v1/sites", {"id": site, "name": "S", "timezone": zone},
                              programme.admin)
        sites[zone] = new_staff(programme, site=site)[1]
    limit = limits(scope={"budget": "front-desk"}, per="budget", window="lifetime", max=100)
    given(programme, 60, sites["Asia/Tokyo"])
    problem = assert_problem(give(programme, 41, sites["America/Los_Angeles"]), 403,
                             "limit-exceeded")
    assert figures(problem) == (limit, 100, 60, 40)
    given(programme, 40, sites["America/Los_Angeles"])


# --- telling ---

def test_a_dry_run_tells_every_limit_in_order_and_what_it_would_do(programme, limits):
    who, token = new_staff(programme)
    scope = {"staff": who}
    limits("told-c", scope=scope, max=100, when_passed="ask")
    limits("told-a", scope=scope, measure="count", window="week", max=5)
    limits("told-b", scope={}, unit="PTS", max=0)  # another unit's
    given(programme, 30, token)
    with Unchanged(programme):
        answer = give(programme, 71, token, query="?dry_run=true", if_over="ask")
        assert answer.status_code == 200, answer.text
        assert answer.json()["kind"] == "ask" and answer.json()["dry_run"] is True
        told = answer.json()["limits"]
        assert [one["limit"] for one in told] == ["told-a", "told-c"]
        a, c = told
        assert figures(a) == ("told-a", 5, 1, 4) and a["passed"] is False
        assert figures(c) == ("told-c", 100, 30, 70) and c["passed"] is True
        assert (c["measure"], c["per"], c["window"], c["when_passed"]) == ("amount", "staff", "day",
                                                                          "ask")
        problem = assert_problem(give(programme, 71, token, query="?dry_run=true"), 403,
                                 "limit-exceeded")
        assert figures(problem) == ("told-c", 100, 30, 70)
        assert [one["limit"] for one in problem["limits"]] == ["told-a", "told-c"]
        good = give(programme, 70, token, query="?dry_run=true")
        assert good.status_code == 200
        assert not any(one["passed"] for one in good.json()["limits"])
    given(programme, 70, token)


def test_lines_of_a_batch_are_held_to_limits_each(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100, when_passed="ask")
    lines = [{**grant_body(programme, 60), "key": fresh("line")},
             {**grant_body(programme, 60), "key": fresh("line")},
             {**grant_body(programme, 60), "key": fresh("line"), "if_over": "ask"},
             {**grant_body(programme, 40), "key": fresh("line")}]
    answers = post_lines(programme.server, "/v1/grants/batch", lines, token)
    assert [one["status"] for one in answers] == [201, 403, 202, 403]
    assert figures(answers[1]["problem"]) == (limit, 100, 60, 40)
    again = post_lines(programme.server, "/v1/grants/batch", lines, token)
    assert [one["status"] for one in again] == [201, 403, 202, 403]
    assert [one["seq"] for one in again] == [one["seq"] for one in answers]
    assert figures(again[1]["problem"]) == (limit, 100, 60, 40)
    dry = post_lines(programme.server, "/v1/grants/batch?dry_run=true",
                     [{**grant_body(programme, 60), "key": fresh("line")}], token)
    assert dry[0]["status"] == 403 and figures(dry[0]["problem"])[0] == limit


def test_what_was_used_is_still_used_after_a_restart(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100)
    given(programme, 70, token)
    programme.server.restart()
    assert figures(give(programme, 31, token).json()) == (limit, 100, 70, 30)
    programme.server.kill()
    programme.server.start()
    given(programme, 30, token)


# --- together ---

def test_at_the_last_unit_exactly_as_many_pass_as_the_limit_allows(make_server):
    programme = set_up_programme(make_server(args=["--refusals-per-minute", "0"]))
    limit, crowd, allowed = "last", 64, 3
    rounds = int(os.environ.get("LAGNIAPPE_ROUNDS", "8"))  # `make test-long` asks for 1,000
    assert put(programme, limit, measure="count", per="customer-incident", window="lifetime",
               max=allowed).status_code == 201
    barrier = threading.Barrier(crowd)
    sessions = [requests.Session() for _ in range(crowd)]

    def one(at, incident):
        barrier.wait()
        answer = sessions[at].post(
            f"{programme.server.url}/v1/grants", json=grant_body(programme, 1, incident=incident),
            headers={"Authorization": f"Bearer {programme.anna}",
                     "Idempotency-Key": f"{incident}-{at}"}, timeout=60)
        return answer.status_code

    with concurrent.futures.ThreadPoolExecutor(crowd) as pool:
        for n in range(rounds):
            statuses = list(pool.map(lambda at, n=n: one(at, f"ROUND-{n}"), range(crowd)))
            assert statuses.count(201) == allowed, statuses
            assert statuses.count(403) == crowd - allowed, statuses


# --- floods ---

@pytest.fixture(scope="module")
def guarded(make_server):
    """A programme whose server takes down ten refusals of a token in a minute."""
    programme = set_up_programme(make_server(args=["--refusals-per-minute", "10"]))
    assert put(programme, "small", scope={"role": "staff"}, per="grant", window="none",
               max=100).status_code == 201
    return programme


def test_a_flood_of_refusals_is_throttled_and_does_not_fill_the_ledger(guarded):
    _, token = new_staff(guarded)
    first = fresh("key")
    assert_problem(give(guarded, 101, token, key=first), 403, "limit-exceeded")
    before = guarded.server.entry_count()
    answers = [give(guarded, 101, token) for _ in range(60)]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [403] * 9 + [429] * 51
    assert guarded.server.entry_count() == before + 9
    problem = assert_problem(answers[-1], 429, "throttled")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert problem["retry_after"] == int(answers[-1].headers["Retry-After"])
    # A key that was known is answered, one that was throttled is not used up.
    again = give(guarded, 101, token, key=first)
    assert again.status_code == 403 and again.headers["Idempotent-Replayed"] == "true"
    # What the rules allow, goes through; others are not held up.
    given(guarded, 100, token)
    _, other = new_staff(guarded)
    assert_problem(give(guarded, 101, other), 403, "limit-exceeded")
    assert give(guarded, 101, token, query="?dry_run=true").status_code == 403


def test_a_throttled_key_is_not_used_up(guarded):
    _, token = new_staff(guarded)
    for _ in range(10):
        give(guarded, 101, token)
    key = fresh("key")
    assert_problem(give(guarded, 101, token, key=key), 429, "throttled")
    given(guarded, 99, token, key=key)


def test_a_batch_is_no_way_around(guarded):
    _, token = new_staff(guarded)
    before = guarded.server.entry_count()
    lines = [{**grant_body(guarded, 101), "key": fresh("line")} for _ in range(200)]
    answers = post_lines(guarded.server, "/v1/grants/batch", lines, token)
    statuses = [one["status"] for one in answers]
    assert statuses == [403] * 10 + [429] * 190
    assert answers[-1]["problem"]["retry_after"] >= 1 and "seq" not in answers[-1]
    assert guarded.server.entry_count() == before + 10


def test_a_refusal_says_whether_the_limit_can_be_asked_for_and_a_replay_the_same(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100, when_passed="ask")
    first = give(programme, 101, token, key=fresh("asks"))
    key = first.request.headers["Idempotency-Key"]
    problem = assert_problem(first, 403, "limit-exceeded")
    assert (problem["when_passed"], problem["unit"], problem["measure"]) == ("ask", "EUR", "amount")
    assert "if_over=ask" in problem["detail"] and "not negotiable" not in problem["detail"]
    limits(limit, scope={"staff": who}, max=100, when_passed="refuse")
    again = assert_problem(give(programme, 101, token, key=key), 403, "limit-exceeded")
    assert {**again, "request_id": None} == {**problem, "request_id": None}
    for query in ("", "?dry_run=true"):
        problem = assert_problem(give(programme, 101, token, query), 403, "limit-exceeded")
        assert problem["when_passed"] == "refuse"
        assert "not negotiable" in problem["detail"] and "if_over" not in problem["detail"]


def test_a_name_that_is_not_known_is_repeated(programme):
    problem = assert_problem(give(programme, 1, unit="USD"), 404, "not-found")
    assert "USD" in problem["detail"]
    problem = assert_problem(put(programme, "nowhere", scope={"site": "atlantis"}), 404, "not-found")
    assert "atlantis" in problem["detail"]
