"""Tokens: who issues which, how they end, and that a secret is shown once."""
import time

import pytest

from checks import assert_problem
from harness import run_program, set_up_programme

ROLES = ["admin", "finance", "manager", "staff", "integration", "auditor", "customer"]
ISSUED_BY = {"staff": "admin", "manager": "admin", "customer": "admin", "integration": "admin",
             "auditor": "finance", "finance": "finance"}
SUBJECTS = {"staff": "anna", "manager": "marc"}


def token_of(programme, role):
    return {"admin": programme.admin, "finance": programme.finance, "manager": programme.marc,
            "staff": programme.anna, "integration": programme.till,
            "auditor": programme.auditor, "customer": programme.customer_token}[role]


def body_for(programme, role):
    body = {"role": role, "expires_in": 3600}
    if role == "customer":
        body["subject"] = programme.customer
    if role in SUBJECTS:
        body["subject"] = SUBJECTS[role]
    return body


@pytest.mark.parametrize("role", sorted(ISSUED_BY))
def test_a_token_is_issued_by_the_role_that_may(programme, role):
    server = programme.server
    before = server.entry_count()
    made = server.made("/v1/tokens", body_for(programme, role),
                       token_of(programme, ISSUED_BY[role]))
    assert made["id"] and len(made["token"]) >= 20
    assert made["role"] == role
    entries = server.entries()
    assert len(entries) == before + 1
    assert entries[-1]["kind"] == "token"
    assert entries[-1]["actor"]  # who issued it


@pytest.mark.parametrize("issuer, role", [
    (issuer, role) for issuer in ROLES for role in ISSUED_BY if ISSUED_BY[role] != issuer])
def test_a_token_is_not_issued_by_another_role(programme, issuer, role):
    server = programme.server
    before = server.entry_count()
    answer = server.post("/v1/tokens", json=body_for(programme, role),
                         token=token_of(programme, issuer))
    assert_problem(answer, 403, "forbidden")
    assert server.entry_count() == before


@pytest.mark.parametrize("issuer", [role for role in ROLES if role != "admin"])
def test_nobody_else_makes_an_admin(programme, issuer):
    answer = programme.server.post("/v1/tokens", json={"role": "admin", "expires_in": 3600},
                                   token=token_of(programme, issuer))
    assert_problem(answer, 403, "forbidden")


def test_a_secret_is_not_shown_twice(programme):
    server = programme.server
    body = body_for(programme, "staff")
    first = server.post("/v1/tokens", json=body, token=programme.admin, key="secret-1")
    before = server.entry_count()
    again = server.post("/v1/tokens", json=body, token=programme.admin, key="secret-1")
    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert first.json()["token"] not in again.text
    assert not again.json().get("token")
    assert server.entry_count() == before
    listed = server.get("/v1/tokens?page_size=1000", token=programme.admin)
    assert listed.status_code == 200
    assert first.json()["id"] in [one["id"] for one in listed.json()["tokens"]]
    assert first.json()["token"] not in listed.text


def test_a_token_that_was_ended_is_refused(programme):
    server = programme.server
    made = server.made("/v1/tokens", body_for(programme, "staff"), programme.admin)
    assert server.get("/v1/budgets/front-desk", token=made["token"]).status_code == 200
    before = server.entries()
    ended = server.delete(f"/v1/tokens/{made['id']}", token=programme.admin)
    assert ended.status_code in (200, 204), ended.text
    after = server.entries()
    assert [entry["kind"] for entry in after[len(before):]] == ["token-end"]
    answer = server.get("/v1/budgets/front-desk", token=made["token"])
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_not_ended_by_those_who_could_not_issue_it(programme):
    server = programme.server
    made = server.made("/v1/tokens", body_for(programme, "staff"), programme.admin)
    for role in ("finance", "manager", "staff", "integration", "auditor", "customer"):
        assert_problem(server.delete(f"/v1/tokens/{made['id']}", token=token_of(programme, role)),
                       (403, 404))
    assert server.get("/v1/budgets/front-desk", token=made["token"]).status_code == 200


def test_a_token_that_is_not_there_is_not_found(programme):
    assert_problem(programme.server.delete("/v1/tokens/t-999999", token=programme.admin),
                   (400, 404))


def test_a_token_expires(programme):
    server = programme.server
    made = server.made("/v1/tokens", {**body_for(programme, "staff"), "expires_in": 1},
                       programme.admin)
    deadline = time.monotonic() + 30
    while server.get("/v1/budgets/front-desk", token=made["token"]).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert_problem(server.get("/v1/budgets/front-desk", token=made["token"]), 401,
                   "unauthenticated")


def test_the_tokens_of_staff_end_when_they_leave(programme):
    server = programme.server
    server.made("/v1/staff", {"id": "leo", "name": "Leo Leaving", "role": "staff",
                              "site": "paris", "budget": "front-desk"}, programme.admin)
    leo = server.token("staff", subject="leo")
    assert server.get("/v1/budgets/front-desk", token=leo).status_code == 200
    left = server.patch("/v1/staff/leo", json={"active_until": "2024-01-01"},
                        token=programme.admin)
    assert left.status_code == 200, left.text
    assert_problem(server.get("/v1/budgets/front-desk", token=leo), (401, 403))


def test_who_comes_back_needs_a_new_token(make_server):
    server = make_server()
    programme = set_up_programme(server)
    server.made("/v1/staff", {"id": "leo", "name": "Leo Returning", "role": "staff",
                              "site": "paris", "budget": "front-desk"}, programme.admin)
    made = server.made("/v1/tokens", {"role": "staff", "subject": "leo", "expires_in": 3600},
                       programme.admin)
    grant = {"customer": programme.customer, "amount": 1, "unit": "EUR", "reason": "late-room"}
    assert server.post("/v1/grants", grant, made["token"]).status_code == 201
    for until in ("2024-01-01", None):
        answer = server.patch("/v1/staff/leo", json={"active_until": until},
                              token=programme.admin)
        assert answer.status_code == 200, answer.text
    for _ in range(2):
        assert_problem(server.get("/v1/budgets/front-desk", token=made["token"]), 401,
                       "unauthenticated")
        assert_problem(server.post("/v1/grants", grant, made["token"]), 401, "unauthenticated")
        listed = server.get(f"/v1/tokens/{made['id']}", token=programme.admin)
        assert listed.json()["ended"] is True
        new = server.token("staff", subject="leo")
        assert server.post("/v1/grants", grant, new).status_code == 201
        server.kill()
        server.start()
    server.stop()
    audit = run_program("lagniappe-audit", "verify", server.data, "--key", server.vkey)
    assert audit.returncode == 0, audit.stdout + audit.stderr


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic YTpi", "nonsense",
                                    "Bearer " + "x" * 300, "bearer", "Bearer a b"])
def test_what_is_no_token_is_refused(programme, header):
    answer = programme.server.get("/v1/sites", headers={"Authorization": header})
    assert_problem(answer, 401, "unauthenticated")


def test_a_token_that_was_changed_by_a_character_is_refused(programme):
    token = programme.anna
    changed = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert_problem(programme.server.get("/v1/budgets/front-desk", token=changed), 401,
                   "unauthenticated")


def test_a_token_of_another_ledger_is_refused(programme, make_server):
    other = make_server()
    for token in (other.admin, other.finance):
        assert_problem(programme.server.get("/v1/sites", token=token), 401, "unauthenticated")


@pytest.mark.parametrize("body, statuses", [
    ({"role": "king", "expires_in": 3600}, 400),
    ({"role": "staff", "expires_in": 3600}, 400),
    ({"role": "staff", "subject": "nobody", "expires_in": 3600}, 404),
    ({"role": "manager", "subject": "anna", "expires_in": 3600}, (400, 403, 422)),
    ({"role": "customer", "subject": "c-" + "a" * 26, "expires_in": 3600}, 404),
    ({"role": "staff", "subject": "anna", "expires_in": 0}, 400),
    ({"role": "staff", "subject": "anna", "expires_in": -5}, 400),
    ({"role": "staff", "subject": "anna", "expires_in": 1.5}, 400),
    ({"role": "integration", "sites": ["nowhere"], "expires_in": 60}, 404),
    ({"role": "integration", "sites": "paris", "expires_in": 60}, 400),
])
def test_a_token_that_cannot_be_is_refused(programme, body, statuses):
    before = programme.server.entry_count()
    assert_problem(programme.server.post("/v1/tokens", json=body, token=programme.admin), statuses)
    assert programme.server.entry_count() == before


def test_tokens_hold_over_a_restart(make_server):
    server = make_server()
    server.made("/v1/units", {"code": "EUR", "scale": 2, "kind": "money", "name": "Euro"},
                server.admin)
    auditor = server.made("/v1/tokens", {"role": "auditor", "expires_in": 3600}, server.finance)
    ended = server.made("/v1/tokens", {"role": "auditor", "expires_in": 3600}, server.finance)
    server.delete(f"/v1/tokens/{ended['id']}", token=server.finance)
    server.restart()
    assert server.get("/v1/entries", token=auditor["token"]).status_code == 200
    assert_problem(server.get("/v1/entries", token=ended["token"]), 401, "unauthenticated")


def test_the_last_token_that_does_not_expire_stays_and_says_so(programme):
    programme.server.token("admin")  # one that does
    first = programme.server.get("/v1/tokens", token=programme.admin).json()["tokens"][0]["id"]
    answer = programme.server.delete(f"/v1/tokens/{first}", token=programme.admin)
    assert "does not expire stays" in assert_problem(answer, 422)["detail"]
