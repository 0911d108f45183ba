"""Headroom: what one can still give, as the next grant would be told."""
import pytest

from checks import Unchanged, assert_problem
from policy import end, figures, fresh, give, given, limits, new_customer, new_staff  # noqa: F401

PATH = "/v1/staff/me/headroom"


def headroom(programme, token, **query):
    path = PATH + "".join(("?" if n == 0 else "&") + f"{name}={value}"
                          for n, (name, value) in enumerate(query.items()))
    answer = programme.server.get(path, token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def one(told, limit):
    return next(use for use in told["limits"] if use["limit"] == limit)


def test_it_tells_each_limit_and_the_budget(programme, limits):
    who, token = new_staff(programme)
    day = limits(scope={"staff": who}, max=1000)
    count = limits(scope={"staff": who}, measure="count", window="month", max=5)
    with Unchanged(programme):
        told = headroom(programme, token)
    assert figures(one(told, day)) == (day, 1000, 0, 1000)
    given(programme, 300, token)
    told = headroom(programme, token)
    assert figures(one(told, day)) == (day, 1000, 300, 700)
    assert figures(one(told, count)) == (count, 5, 1, 4)
    assert (one(told, day)["per"], one(told, day)["window"]) == ("staff", "day")
    assert one(told, day)["resets_at"] < one(told, count)["resets_at"]
    assert told["budget"] == {"id": "front-desk", "unit": "EUR",
                              "available": programme.server.available()}
    assert [use["limit"] for use in told["limits"]] == sorted(u["limit"] for u in told["limits"])


@pytest.mark.parametrize("used", [0, 1, 499, 500])
def test_what_is_left_passes_and_one_more_does_not(programme, limits, used):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=500)
    if used:
        given(programme, used, token)
    left = one(headroom(programme, token), limit)["remaining"]
    assert left == 500 - used
    problem = assert_problem(give(programme, left + 1, token), 403, "limit-exceeded")
    assert problem["remaining"] == left
    if left:
        given(programme, left, token)
    assert one(headroom(programme, token), limit)["remaining"] == 0


def test_limits_by_customer_and_incident_are_told_when_those_are_named(programme, limits):
    who, token = new_staff(programme)
    by_customer = limits(scope={"staff": who}, per="customer", window="lifetime", max=100)
    by_incident = limits(scope={"staff": who}, per="customer-incident", window="lifetime", max=80)
    customer = new_customer(programme)
    given(programme, 30, token, customer=customer, incident="INC-1")
    told = headroom(programme, token)
    assert one(told, by_customer)["needs"] == one(told, by_incident)["needs"] == "customer"
    assert one(told, by_customer)["remaining"] == 100
    told = headroom(programme, token, customer=customer)
    assert figures(one(told, by_customer)) == (by_customer, 100, 30, 70)
    assert "needs" not in one(told, by_customer) and one(told, by_incident)["needs"] == "incident"
    told = headroom(programme, token, customer=customer, incident="INC-1")
    assert figures(one(told, by_incident)) == (by_incident, 80, 30, 50)
    told = headroom(programme, token, customer=customer, incident="INC-2")
    assert figures(one(told, by_incident)) == (by_incident, 80, 0, 80)


def test_a_reason_a_budget_and_a_site_bring_their_limits(programme, limits):
    server = programme.server
    name = fresh("h")
    server.made("/v1/sites", {"id": name, "name": "S", "timezone": "Asia/Tokyo"}, programme.admin)
    server.made("/v1/budgets", {"id": name, "site": name, "unit": "PTS", "name": "B"},
                programme.admin)
    server.made(f"/v1/budgets/{name}/allotments", {"amount": 77}, programme.finance)
    server.made("/v1/reasons", {"id": name, "name": "R", "kind": "discretionary"}, programme.admin)
    _, token = new_staff(programme, sites=[name], budgets=[name])
    by = {noun: limits(scope={noun: name}, unit="PTS" if noun == "budget" else "EUR", max=9)
          for noun in ("reason", "budget", "site")}
    assert not {use["limit"] for use in headroom(programme, token)["limits"]} & set(by.values())
    for noun in ("reason", "budget", "site"):
        told = headroom(programme, token, **{noun: name})
        assert one(told, by[noun])["max"] == 9
    told = headroom(programme, token, budget=name)
    assert told["budget"] == {"id": name, "unit": "PTS", "available": 77}


def test_what_waits_for_approval_is_not_there_to_give(programme, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=100, when_passed="ask")
    before = headroom(programme, token)["budget"]["available"]
    answer = give(programme, 400, token, if_over="ask")
    assert answer.status_code == 202
    told = headroom(programme, token)
    assert figures(one(told, limit)) == (limit, 100, 400, 0)
    assert told["budget"]["available"] == before - 400
    programme.server.post(f"/v1/approvals/{answer.json()['seq']}/decline", json={},
                          token=programme.marc)
    assert headroom(programme, token)["budget"]["available"] == before


@pytest.mark.parametrize("query, status, field", [
    ("?budget=nothing", 404, "budget"), ("?site=nowhere", 404, "site"),
    ("?reason=whim", 404, "reason"), ("?unit=XYZ", 404, "unit"),
    ("?customer=c-aaaaaaaaaaaaaaaaaaaaaaaaaa", 404, "customer"), ("?customer=bob", 400, "customer"),
    ("?incident=a%20b", 400, "incident"), ("?unit=eur", 400, "unit"), ("?colour=red", 400, "colour"),
    ("?site=paris&site=paris", 400, None), ("?site", 400, "site"), ('?si"te=x', 400, None)])
def test_what_the_query_names_must_be_there(programme, query, status, field):
    problem = assert_problem(programme.server.get(PATH + query, token=programme.anna), status)
    if field:
        assert problem["field"] == field


def test_without_a_budget_of_ones_own_one_is_named(programme):
    name = fresh("poor")
    programme.server.made("/v1/staff", {"id": name, "name": "Pia Poor", "role": "staff",
                                        "site": "paris"}, programme.admin)
    token = programme.server.token("staff", subject=name)
    problem = assert_problem(programme.server.get(PATH, token=token), 422, "invalid")
    assert problem["field"] == "budget"
    assert_problem(programme.server.get(f"{PATH}?budget=front-desk", token=token), 403, "forbidden")


def test_it_is_for_those_who_grant(programme):
    for role in ("admin", "finance", "auditor", "till", "customer_token"):
        assert_problem(programme.server.get(PATH, token=getattr(programme, role)), 403, "forbidden")
    assert headroom(programme, programme.marc)["budget"]["id"] == "front-desk"
