"""Roles: nobody holds both ends.  Each pair of a role and an act that is not its
own is refused, with a body that would be good in the right hands."""
import itertools

import pytest

from checks import assert_problem, grant, grant_body

ROLES = {"admin", "finance", "manager", "staff", "integration", "auditor", "customer"}
numbers = itertools.count()


def registers(noun, **fields):
    return lambda p: (f"/v1/{noun}", {"id": f"role-{next(numbers)}", **fields})


# what it is: who may, and how it is asked for
ACTS = {
    "register a unit": ({"admin"}, lambda p: (
        "/v1/units", {"code": f"U{next(numbers)}", "scale": 0, "kind": "points", "name": "U"})),
    "register a site": ({"admin"}, registers(
        "sites", name="S", timezone="Europe/Paris", week_starts="monday")),
    "register a budget": ({"admin"}, registers("budgets", site="paris", unit="EUR", name="B")),
    "register a reason": ({"admin"}, registers("reasons", name="R", kind="discretionary")),
    "register a touchpoint": ({"admin"}, registers("touchpoints", name="T")),
    "register staff": ({"admin"}, registers(
        "staff", name="Pat Person", role="staff", site="paris", budget="front-desk")),
    "fund a budget": ({"finance"}, lambda p: (
        "/v1/budgets/front-desk/allotments", {"amount": 1})),
    "grant": ({"staff", "manager"}, lambda p: ("/v1/grants", grant_body(p, 1))),
    "grant in the name of staff": ({"integration"}, lambda p: (
        "/v1/grants", grant_body(p, 1, staff="anna"))),
    "thank": ({"staff", "manager"}, lambda p: (
        "/v1/thanks", {"customer": p.customer, "reason": "kind-word"})),
    "make a customer": ({"staff", "manager", "integration"}, lambda p: (
        "/v1/customers", {"reference": f"role-{next(numbers)}", "name": "Kim Kind"})),
}

# Staff and managers grant in their own name alone; what a name given beside
# their own means is not for this table.
SKIPPED = {("grant in the name of staff", "staff"), ("grant in the name of staff", "manager"),
           ("grant", "integration")}


def token_of(programme, role):
    return {"admin": programme.admin, "finance": programme.finance, "manager": programme.marc,
            "staff": programme.anna, "integration": programme.till,
            "auditor": programme.auditor, "customer": programme.customer_token}[role]


PAIRS = [(act, role) for act in ACTS for role in sorted(ROLES) if (act, role) not in SKIPPED]


@pytest.mark.parametrize("act, role", PAIRS, ids=[f"{act} as {role}" for act, role in PAIRS])
def test_an_act_is_for_its_roles_alone(programme, act, role):
    server = programme.server
    allowed, request = ACTS[act]
    path, body = request(programme)
    before = server.entry_count()
    answer = server.post(path, json=body, token=token_of(programme, role))
    if role in allowed:
        assert answer.status_code == 201, answer.text
    else:
        assert_problem(answer, 403, "forbidden")
        assert server.entry_count() == before


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_who_grants_nothing_may_ask_what_a_grant_would_come_to(programme, role):
    server, token = programme.server, token_of(programme, role)
    before = server.entry_count()
    body = grant_body(programme, 1, staff="anna")
    answer = server.post("/v1/grants?dry_run=true", json=body, token=token)
    assert answer.status_code == 200 and answer.json()["dry_run"], answer.text
    for query in ("", "?dry_run=false", "?dry_run=tru", "?dry_run=truest", "?xdry_run=true"):
        assert_problem(server.post(f"/v1/grants{query}", json=body, token=token), 403, "forbidden")
    for twice in ("?dry_run=false&dry_run=true", "?dry_run=true&dry_run=false"):
        answer = server.post(f"/v1/grants{twice}", json=body, token=token)
        assert_problem(answer, 400, "malformed")
    assert server.entry_count() == before


@pytest.mark.parametrize("act", ACTS)
def test_an_act_needs_a_token(programme, act):
    server = programme.server
    path, body = ACTS[act][1](programme)
    before = server.entry_count()
    answer = server.post(path, json=body)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert server.entry_count() == before


@pytest.mark.parametrize("role", sorted(ROLES - {"staff", "manager", "integration"}))
def test_a_batch_is_for_those_who_grant(programme, role):
    answer = programme.server.post("/v1/grants/batch", token=token_of(programme, role), key=None,
                                   data=b'{"key":"x"}\n',
                                   headers={"Content-Type": "application/x-ndjson"})
    assert_problem(answer, 403, "forbidden")


@pytest.mark.parametrize("role", sorted(ROLES - {"admin"}))
def test_an_import_is_for_admin(programme, role):
    answer = programme.server.post("/v1/imports", token=token_of(programme, role), key=None,
                                   data=b'{"key":"x"}\n',
                                   headers={"Content-Type": "application/x-ndjson"})
    assert_problem(answer, 403, "forbidden")


@pytest.mark.parametrize("role", sorted(ROLES - {"staff", "manager", "integration"}))
def test_a_reversal_is_for_those_who_grant(programme, role):
    seq = grant(programme, 10)["seq"]
    held = programme.server.balance(programme.customer, programme.anna)
    answer = programme.server.post(f"/v1/entries/{seq}/reverse", json={"note": "Not mine"},
                                   token=token_of(programme, role))
    assert_problem(answer, 403)
    assert programme.server.balance(programme.customer, programme.anna) == held


@pytest.mark.parametrize("role", sorted(ROLES - {"admin"}))
@pytest.mark.parametrize("path", ["sites/paris", "budgets/front-desk", "reasons/late-room",
                                  "touchpoints/lobby", "staff/anna", "units/EUR"])
def test_a_noun_is_changed_by_admin_alone(programme, role, path):
    before = programme.server.entry_count()
    answer = programme.server.patch(f"/v1/{path}", json={"name": "Changed"},
                                    token=token_of(programme, role))
    assert_problem(answer, 403, "forbidden")
    assert programme.server.entry_count() == before


# --- precedence: token, role, shape, idempotency key, existence, rules, funds ---

def test_a_bad_token_outranks_a_bad_body(programme):
    answer = programme.server.post("/v1/grants", data=b"{", key=None)
    assert_problem(answer, 401, "unauthenticated")


def test_a_wrong_role_outranks_a_bad_body(programme):
    answer = programme.server.post("/v1/grants", data=b"{", token=programme.finance, key=None)
    assert_problem(answer, 403, "forbidden")


def test_a_bad_body_outranks_a_missing_key(programme):
    answer = programme.server.post("/v1/grants", data=b"{", token=programme.anna, key=None)
    assert_problem(answer, 400, "malformed")


def test_a_missing_key_outranks_an_unknown_name(programme):
    answer = programme.server.post("/v1/grants", json=grant_body(programme, reason="unknown"),
                                   token=programme.anna, key=None)
    assert_problem(answer, 400, "idempotency-key-missing")


def test_a_reused_key_outranks_an_unknown_name(programme):
    server = programme.server
    server.made("/v1/grants", grant_body(programme, 2), programme.anna, key="precedence-1")
    answer = server.post("/v1/grants", json=grant_body(programme, 2, reason="unknown"),
                         token=programme.anna, key="precedence-1")
    assert_problem(answer, 422, "key-reused")


def test_an_unknown_name_outranks_a_rule(programme):
    answer = programme.server.post("/v1/grants", token=programme.anna,
                                   json=grant_body(programme, unit="PTS", reason="unknown"))
    assert_problem(answer, 404, "not-found")


def test_a_rule_outranks_funds(programme):
    answer = programme.server.post("/v1/grants", token=programme.anna,
                                   json=grant_body(programme, 10 ** 12, unit="PTS"))
    assert_problem(answer, 422, "budget-unit-mismatch")
