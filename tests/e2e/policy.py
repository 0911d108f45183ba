"""What the tests of limits, approvals and headroom share."""
import itertools

import pytest

from checks import grant_body

numbers = itertools.count()
AMOUNT = {"scope": {}, "unit": "EUR", "measure": "amount", "per": "staff", "window": "day",
          "max": 1000}


def fresh(stem):
    """An id that nobody has used."""
    return f"{stem}-{next(numbers)}"


def put(programme, limit, token=None, headers=None, query="", **fields):
    return programme.server.request("PUT", f"/v1/limits/{limit}{query}", json={**AMOUNT, **fields},
                                    token=token or programme.finance, headers=headers)


def end(programme, limit, token=None, headers=None):
    return programme.server.delete(f"/v1/limits/{limit}", token=token or programme.finance,
                                   headers=headers)


class Limits:
    """Sets limits, and ends them behind the test, so that tests do not meet each other's."""

    def __init__(self, programme):
        self.programme = programme
        self.set = []

    def __call__(self, limit=None, **fields):
        limit = limit or fresh("limit")
        answer = put(self.programme, limit, **fields)
        assert answer.status_code in (200, 201), answer.text
        self.set.append(limit)
        return limit

    def end_all(self):
        for limit in set(self.set):
            assert end(self.programme, limit).status_code in (204, 404)


@pytest.fixture
def limits(programme):
    made = Limits(programme)
    yield made
    made.end_all()


def new_customer(programme, token=None):
    return programme.server.made("/v1/customers", {"reference": fresh("guest")},
                                 token or programme.anna)["id"]


def new_staff(programme, role="staff", site="paris", budget="front-desk", **fields):
    """Somebody who has given nothing yet: their id and their token."""
    name = fresh(role)
    programme.server.made("/v1/staff", {"id": name, "name": "Noor New", "role": role, "site": site,
                                        "budget": budget, **fields}, programme.admin)
    return name, programme.server.token(role, subject=name)


def give(programme, amount=100, token=None, query="", key=None, **fields):
    """A grant, whatever comes of it."""
    more = {} if key is None else {"key": key}
    return programme.server.post(f"/v1/grants{query}", json=grant_body(programme, amount, **fields),
                                 token=token or programme.anna, **more)


def given(*args, **kwargs):
    """A grant that must succeed."""
    answer = give(*args, **kwargs)
    assert answer.status_code == 201, answer.text
    return answer.json()


def figures(problem):
    return tuple(problem[name] for name in ("limit", "max", "used", "remaining"))
