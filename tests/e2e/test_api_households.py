"""Households: staff do not reward whom they live with, and do not say so themselves."""
import pytest

from checks import Unchanged, assert_problem, grant_body
from harness import run_program


@pytest.fixture(scope="module")
def home(programme):
    """Olga of staff, her own account, and her husband's."""
    server, p = programme.server, programme
    own = server.made("/v1/customers", {"reference": "olga", "household": "Elm-4"}, p.marc)["id"]
    server.made("/v1/staff", {"id": "olga", "name": "Olga", "role": "staff", "site": "paris",
                              "budget": "front-desk", "customer": own}, p.admin)
    p.own, p.olga = own, server.token("staff", subject="olga")
    return p


def registered(home, **fields):
    return home.server.made("/v1/customers", {"name": "Of the house", **fields}, home.anna)["id"]


def give(home, customer, token=None, **fields):
    return home.server.post("/v1/grants", grant_body(home, 1, customer=customer, **fields),
                            token or home.olga)


def told(home, customer, household, token=None):
    return home.server.patch(f"/v1/customers/{customer}", {"household": household},
                             token or home.marc)


def test_nobody_rewards_whom_they_live_with(home):
    husband = registered(home, household="elm-4", customer_since="2020-01-01")
    problem = assert_problem(give(home, husband), 403, "self-grant")
    assert "household" in problem["detail"]
    assert_problem(give(home, husband, home.till, staff="olga"), 403, "self-grant")
    assert_problem(home.server.post("/v1/thanks", {"customer": husband, "reason": "kind-word"},
                                    home.olga), 403, "self-grant")
    assert give(home, husband, home.anna).status_code == 201
    assert give(home, registered(home, household="elm-40")).status_code == 201
    assert give(home, registered(home)).status_code == 201


def test_a_household_is_told_later_by_an_entry(home):
    husband = registered(home, customer_since="2020-01-01")
    assert give(home, husband).status_code == 201
    before = home.server.entry_count()
    answer = told(home, husband, "ELM-4")
    assert answer.status_code == 200, answer.text
    assert answer.json()["household"] == "ELM-4"  # as it was typed
    assert answer.json()["customer_since"] == "2020-01-01"
    (entry,) = home.server.entries()[before:]
    assert (entry["kind"], entry["customer"], entry["actor"]) == ("customer", husband, "marc")
    assert_problem(give(home, husband), 403, "self-grant")
    home.server.restart()
    assert_problem(give(home, husband), 403, "self-grant")
    assert told(home, husband, "oak-9", home.till).json()["household"] == "oak-9"
    assert give(home, husband).status_code == 201
    assert "household" not in told(home, husband, None).json()
    kept = home.server.get(f"/v1/customers/{husband}", home.anna).json()
    assert "household" not in kept and kept["customer_since"] == "2020-01-01"


def test_who_is_bound_by_a_household_does_not_change_it(home):
    server = home.server
    husband = registered(home, household="elm-4")
    person = server.token("customer", subject=husband)
    server.made("/v1/staff", {"id": "mona", "name": "Mona", "role": "manager", "site": "paris",
                              "budget": "front-desk",
                              "customer": registered(home, household="Elm-4")}, home.admin)
    mona = server.token("manager", subject="mona")
    with Unchanged(home):
        for token in (home.olga, home.anna, person, mona):
            assert_problem(told(home, husband, "oak-9", token), 403, "forbidden")
            assert_problem(told(home, husband, None, token), 403, "forbidden")
        assert_problem(told(home, home.own, "oak-9", mona), 403, "forbidden")
        for token in (home.admin, home.finance, home.auditor):
            assert_problem(told(home, husband, "oak-9", token), 403, "forbidden")
        for body in ({"household": "oak-9", "name": "Another"}, {"household": "two words"},
                     {"household": ""}, {"household": 7}):
            assert_problem(server.patch(f"/v1/customers/{husband}", body, home.marc), 400,
                           "malformed")
    assert_problem(give(home, husband, mona), 403, "self-grant")


def test_nobody_approves_for_their_household(home):
    server = home.server
    server.made("/v1/staff", {"id": "max", "name": "Max", "role": "manager", "site": "paris",
                              "budget": "front-desk",
                              "customer": registered(home, household="ash-1")}, home.admin)
    boss = server.token("manager", subject="max")
    guest = registered(home, household="Ash-1")
    limit = {"scope": {"staff": "anna"}, "unit": "EUR", "measure": "amount", "per": "grant",
             "window": "none", "max": 10, "when_passed": "ask", "reversal": "amount", "note": "n"}
    assert server.request("PUT", "/v1/limits/annas", limit, home.finance).status_code == 201
    asked = server.post("/v1/grants", grant_body(home, 11, customer=guest, if_over="ask"),
                        home.anna)
    assert asked.status_code == 202, asked.text
    path = f"/v1/approvals/{asked.json()['seq']}/approve"
    assert_problem(server.post(path, {}, boss), 403, "self-grant")
    assert server.post(path, {}, home.marc).status_code == 201


def test_by_the_command_line_and_the_audit_agrees(home):
    def as_marc(*args):
        done = run_program("lagniappe", "--url", home.server.url, "--token", home.marc, *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    husband = registered(home)
    assert "Elm-4" in as_marc("customers", "update", husband, "--household", "Elm-4")
    assert_problem(give(home, husband), 403, "self-grant")
    assert "Elm-4" in as_marc("customers", "show", husband)
    home.server.stop()
    audit = run_program("lagniappe-audit", "verify", home.server.data, "--key", home.server.vkey)
    home.server.start()
    assert audit.returncode == 0, audit.stdout + audit.stderr
