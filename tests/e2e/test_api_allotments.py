"""Allotments: what finance gives a budget, and takes back."""
import itertools

import pytest

from checks import Unchanged, assert_problem, grant_body

numbers = itertools.count()


@pytest.fixture
def budget(programme):
    """A budget of its own, with nothing in it."""
    name = f"budget-{next(numbers)}"
    programme.server.made("/v1/budgets", {"id": name, "site": "paris", "unit": "EUR",
                                          "name": "For a test"}, programme.admin)
    return name


def allot(programme, budget, amount, **kwargs):
    kwargs.setdefault("token", programme.finance)
    return programme.server.post(f"/v1/budgets/{budget}/allotments",
                                 json={"amount": amount, "note": "A test"}, **kwargs)


def test_a_budget_begins_with_nothing(programme, budget):
    answer = programme.server.get(f"/v1/budgets/{budget}", token=programme.finance)
    assert answer.status_code == 200
    assert (answer.json()["available"], answer.json()["allotted"]) == (0, 0)


def test_an_allotment_is_an_entry_and_is_available(programme, budget):
    answer = allot(programme, budget, 5000)
    assert answer.status_code == 201, answer.text
    expected = {"kind": "allotment", "budget": budget, "amount": 5000, "unit": "EUR"}
    assert {field: answer.json().get(field) for field in expected} == expected
    assert "customer" not in answer.json()
    found = programme.server.get(f"/v1/budgets/{budget}", token=programme.finance).json()
    assert (found["available"], found["allotted"]) == (5000, 5000)


def test_a_negative_allotment_takes_back_to_nothing_and_not_below(programme, budget):
    server = programme.server
    assert allot(programme, budget, 5000).status_code == 201
    taken = allot(programme, budget, -3000)
    assert taken.status_code == 201, taken.text
    assert taken.json()["amount"] == -3000
    assert server.available(budget) == 2000
    assert_problem(allot(programme, budget, -2001), 409, "insufficient-budget")
    assert server.available(budget) == 2000
    assert allot(programme, budget, -2000).status_code == 201
    found = server.get(f"/v1/budgets/{budget}", token=programme.finance).json()
    assert (found["available"], found["allotted"]) == (0, 0)


def test_what_is_granted_is_not_taken_back(programme, budget):
    server = programme.server
    assert allot(programme, budget, 1000).status_code == 201
    name = budget.replace("budget", "giver")
    server.made("/v1/staff", {"id": name, "name": "Gil Giver", "role": "staff", "site": "paris",
                              "budget": budget}, programme.admin)
    server.made("/v1/grants", grant_body(programme, 400), server.token("staff", subject=name))
    assert_problem(allot(programme, budget, -601), 409, "insufficient-budget")
    assert allot(programme, budget, -600).status_code == 201
    found = server.get(f"/v1/budgets/{budget}", token=programme.finance).json()
    assert (found["available"], found["allotted"]) == (0, 400)


def test_the_same_allotment_under_the_same_key_is_one(programme, budget):
    first = allot(programme, budget, 700, key=f"{budget}-1")
    again = allot(programme, budget, 700, key=f"{budget}-1")
    assert again.json()["seq"] == first.json()["seq"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert programme.server.available(budget) == 700


def test_a_sum_that_does_not_fit_is_refused(programme, budget):
    assert allot(programme, budget, 2 ** 63 - 1).status_code == 201
    assert_problem(allot(programme, budget, 1), 422)
    assert programme.server.available(budget) == 2 ** 63 - 1
    assert allot(programme, budget, -(2 ** 63 - 1)).status_code == 201
    assert programme.server.available(budget) == 0


@pytest.mark.parametrize("amount", [0, 1.5, "1.5", "x", 2 ** 63, None, True, [1], -2 ** 63 - 1])
def test_an_amount_that_cannot_be_is_refused(programme, budget, amount):
    with Unchanged(programme):
        assert_problem(allot(programme, budget, amount), 400)
    assert programme.server.available(budget) == 0


def test_an_unknown_budget_is_not_found(programme):
    with Unchanged(programme):
        assert_problem(allot(programme, "nowhere", 5), 404, "not-found")


def test_only_finance_allots(programme, budget):
    for token in (programme.admin, programme.anna, programme.marc, programme.till,
                  programme.auditor, programme.customer_token):
        assert_problem(allot(programme, budget, 5, token=token), 403, "forbidden")
    assert programme.server.available(budget) == 0


def test_a_budget_is_read_by_those_whom_it_concerns(programme):
    server = programme.server
    for token in (programme.finance, programme.anna, programme.marc):
        answer = server.get("/v1/budgets/front-desk", token=token)
        assert answer.status_code == 200, answer.text
        assert answer.json()["available"] <= answer.json()["allotted"] == 1000000
    assert_problem(server.get("/v1/budgets/front-desk", token=programme.customer_token),
                   (403, 404))
