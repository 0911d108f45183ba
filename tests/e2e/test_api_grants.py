"""Grants: on record, with a receipt, once a key."""
import base64
import datetime
import zoneinfo

import pytest

import tlog
from checks import (Unchanged, assert_problem, grant, grant_body, line_problem, ndjson, post_lines)
from harness import set_up_programme


def test_a_grant_is_answered_with_its_entry_and_a_receipt_that_verifies(programme):
    server = programme.server
    answer = server.post("/v1/grants", token=programme.anna, json=grant_body(
        programme, 2500, incident="INC-7", touchpoint="lobby", words="Sorry for the wait."))
    assert answer.status_code == 201, answer.text
    entry = answer.json()
    expected = {"kind": "grant", "actor": "anna", "staff": "anna", "customer": programme.customer,
                "amount": 2500, "unit": "EUR", "reason": "late-room", "budget": "front-desk",
                "site": "paris", "incident": "INC-7", "touchpoint": "lobby", "balance": 2500}
    assert {field: entry.get(field) for field in expected} == expected
    leaf = base64.b64decode(entry["receipt"]["leaf"])
    assert len(leaf) == 256
    index, size, _ = tlog.Verifier(server.vkey).open_receipt(entry["receipt"]["proof"], leaf)
    assert index == entry["seq"]
    assert size > index


def test_times_have_microseconds_and_the_business_date_is_the_sites(programme):
    entry = grant(programme)
    at = datetime.datetime.strptime(entry["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
    at = at.replace(tzinfo=datetime.timezone.utc)
    assert abs((datetime.datetime.now(datetime.timezone.utc) - at).total_seconds()) < 120
    local = at.astimezone(zoneinfo.ZoneInfo("Europe/Paris")).date()
    assert entry["business_date"] == local.isoformat()


def test_the_customers_balance_and_the_budget_show_it(programme):
    server = programme.server
    held = server.balance(programme.customer, programme.customer_token)
    available = server.available()
    entry = grant(programme, 700)
    assert entry["balance"] == held + 700
    for token in (programme.customer_token, programme.anna, programme.auditor):
        assert server.balance(programme.customer, token) == held + 700
    assert server.available() == available - 700


def test_an_amount_may_be_a_string_of_digits(programme):
    assert grant(programme, "1234")["amount"] == 1234


def test_a_manager_grants_too(programme):
    assert grant(programme, token=programme.marc)["staff"] == "marc"


def test_an_integration_grants_in_the_name_of_staff(programme):
    entry = grant(programme, token=programme.till, staff="anna")
    assert entry["staff"] == "anna"
    assert entry["actor"] != "anna"


def test_an_integration_must_say_in_whose_name(programme):
    with Unchanged(programme):
        answer = programme.server.post("/v1/grants", json=grant_body(programme),
                                       token=programme.till)
        assert_problem(answer, 400)


# --- keys ---

def test_the_same_request_under_the_same_key_is_answered_as_the_first_time(programme):
    server = programme.server
    body = grant_body(programme, 321)
    first = server.post("/v1/grants", json=body, token=programme.anna, key="replay-1")
    before = server.entry_count()
    again = server.post("/v1/grants", json=body, token=programme.anna, key="replay-1")
    assert first.status_code == again.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert {**again.json(), "receipt": None} == {**first.json(), "receipt": None}
    assert again.json()["receipt"]["leaf"] == first.json()["receipt"]["leaf"]
    leaf = base64.b64decode(again.json()["receipt"]["leaf"])
    tlog.Verifier(server.vkey).open_receipt(again.json()["receipt"]["proof"], leaf)
    assert server.entry_count() == before


def test_a_key_in_quotes_is_the_same_key(programme):
    body = grant_body(programme, 322)
    first = programme.server.post("/v1/grants", json=body, token=programme.anna, key="quoted-1")
    again = programme.server.post("/v1/grants", json=body, token=programme.anna, key='"quoted-1"')
    assert again.headers.get("Idempotent-Replayed") == "true"
    assert again.json()["seq"] == first.json()["seq"]


def test_a_key_with_another_body_is_refused(programme):
    server = programme.server
    first = server.post("/v1/grants", json=grant_body(programme, 5), token=programme.anna,
                        key="reuse-1")
    assert first.status_code == 201
    with Unchanged(programme):
        answer = server.post("/v1/grants", json=grant_body(programme, 6), token=programme.anna,
                             key="reuse-1")
        assert_problem(answer, 422, "key-reused")


def test_a_key_with_the_same_body_at_another_address_is_refused(programme):
    server = programme.server
    server.made("/v1/reasons", {"id": "either", "name": "Either", "kind": "kindness"},
                programme.admin)
    body = {"customer": programme.customer, "reason": "either"}
    server.made("/v1/thanks", body, programme.anna, key="address-1")
    with Unchanged(programme):
        answer = server.post("/v1/customers", json={"reference": "address-1"},
                             token=programme.anna, key="address-1")
        assert_problem(answer, 422, "key-reused")


def test_another_subjects_key_is_another_key(programme):
    body = grant_body(programme, 7)
    first = programme.server.post("/v1/grants", json=body, token=programme.anna, key="shared-1")
    other = programme.server.post("/v1/grants", json=body, token=programme.marc, key="shared-1")
    assert first.status_code == other.status_code == 201
    assert first.json()["seq"] != other.json()["seq"]
    assert "Idempotent-Replayed" not in other.headers


def test_a_second_token_of_the_same_subject_shares_its_keys(programme):
    second = programme.server.token("staff", subject="anna")
    body = grant_body(programme, 8)
    first = programme.server.post("/v1/grants", json=body, token=programme.anna, key="subject-1")
    again = programme.server.post("/v1/grants", json=body, token=second, key="subject-1")
    assert again.json()["seq"] == first.json()["seq"]
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_grant_without_a_key_is_refused(programme):
    with Unchanged(programme):
        answer = programme.server.post("/v1/grants", json=grant_body(programme),
                                       token=programme.anna, key=None)
        assert_problem(answer, 400, "idempotency-key-missing")


@pytest.mark.parametrize("key", ["", "x" * 256, '""', '"unclosed'])
def test_a_key_that_cannot_be_is_refused(programme, key):
    with Unchanged(programme):
        answer = programme.server.post("/v1/grants", json=grant_body(programme),
                                       token=programme.anna, key=key)
        assert_problem(answer, 400)


def test_a_key_may_have_255_bytes(programme):
    answer = programme.server.post("/v1/grants", json=grant_body(programme), token=programme.anna,
                                   key="k" * 255)
    assert answer.status_code == 201, answer.text


def test_a_malformed_request_uses_up_no_key(programme):
    server = programme.server
    answer = server.post("/v1/grants", json=grant_body(programme, 0), token=programme.anna,
                         key="unused-1")
    assert_problem(answer, 400)
    unknown = server.post("/v1/grants", json=grant_body(programme, reason="unknown"),
                          token=programme.anna, key="unused-1")
    assert_problem(unknown, 404, "not-found")
    good = server.post("/v1/grants", json=grant_body(programme), token=programme.anna,
                       key="unused-1")
    assert good.status_code == 201, good.text
    assert "Idempotent-Replayed" not in good.headers


def test_i3_a_refusal_is_on_record_and_is_answered_the_same_again(programme):
    server = programme.server
    body = grant_body(programme, 10 ** 12)
    held, available = server.balance(programme.customer, programme.anna), server.available()
    before = server.entries()
    first = server.post("/v1/grants", json=body, token=programme.anna, key="refused-1")
    problem = assert_problem(first, 409, "insufficient-budget")
    after = server.entries()
    assert len(after) == len(before) + 1
    assert after[-1]["kind"] == "refusal"
    assert after[-1]["amount"] == 10 ** 12
    again = server.post("/v1/grants", json=body, token=programme.anna, key="refused-1")
    same = assert_problem(again, 409, "insufficient-budget")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert {**same, "request_id": None} == {**problem, "request_id": None}
    assert server.entries() == after
    other = server.post("/v1/grants", json=grant_body(programme), token=programme.anna,
                        key="refused-1")
    assert_problem(other, 422, "key-reused")
    assert (server.balance(programme.customer, programme.anna), server.available()) == \
        (held, available)


def test_i3_keys_hold_over_a_restart(make_server):
    programme = set_up_programme(make_server())
    server = programme.server
    body = grant_body(programme, 44)
    first = server.post("/v1/grants", json=body, token=programme.anna, key="restart-1")
    refused = server.post("/v1/grants", json=grant_body(programme, 10 ** 12),
                          token=programme.anna, key="restart-2")
    assert first.status_code == 201 and refused.status_code == 409
    before = server.entries()
    server.restart()
    again = server.post("/v1/grants", json=body, token=programme.anna, key="restart-1")
    assert again.status_code == 201
    assert again.json()["seq"] == first.json()["seq"]
    assert again.headers["Idempotent-Replayed"] == "true"
    answer = server.post("/v1/grants", json=grant_body(programme, 10 ** 12),
                         token=programme.anna, key="restart-2")
    assert_problem(answer, 409, "insufficient-budget")
    assert server.entries() == before


# --- forms of the answer ---

def test_a_minimal_answer_is_the_number_alone(programme):
    answer = programme.server.post("/v1/grants", json=grant_body(programme), token=programme.anna,
                                   headers={"Prefer": "return=minimal"})
    assert answer.status_code == 201
    assert list(answer.json()) == ["seq"]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(programme):
    server = programme.server
    with Unchanged(programme):
        answer = server.post("/v1/grants?dry_run=true", json=grant_body(programme, 150),
                             token=programme.anna, key="dry-1")
        assert answer.status_code == 200, answer.text
        assert answer.json()["kind"] == "grant"
        assert answer.json()["amount"] == 150
        assert "receipt" not in answer.json()
        refused = server.post("/v1/grants?dry_run=true", json=grant_body(programme, 10 ** 12),
                              token=programme.anna)
        assert_problem(refused, 409, "insufficient-budget")
    real = server.post("/v1/grants", json=grant_body(programme, 150), token=programme.anna,
                       key="dry-1")
    assert real.status_code == 201
    assert "Idempotent-Replayed" not in real.headers


# --- rules and funds ---

def test_what_a_grant_names_must_be_there(programme):
    with Unchanged(programme):
        for field, unknown in (("unit", "XXX"), ("reason", "unknown"), ("budget", "unknown"),
                               ("site", "unknown"), ("touchpoint", "unknown")):
            answer = programme.server.post("/v1/grants", token=programme.anna,
                                           json=grant_body(programme, **{field: unknown}))
            assert_problem(answer, 404, "not-found")


def test_a_budget_of_another_unit_is_refused(programme):
    answer = programme.server.post("/v1/grants", json=grant_body(programme, unit="PTS"),
                                   token=programme.anna)
    assert_problem(answer, 422, "budget-unit-mismatch")


def test_i4_a_budget_is_spent_to_the_last_unit_and_not_beyond(programme):
    server, admin = programme.server, programme.admin
    server.made("/v1/budgets", {"id": "small", "site": "paris", "unit": "EUR", "name": "Small"},
                admin)
    server.made("/v1/budgets/small/allotments", {"amount": 100}, programme.finance)
    server.made("/v1/staff", {"id": "sam", "name": "Sam Simon", "role": "staff", "site": "paris",
                              "budget": "small"}, admin)
    sam = server.token("staff", subject="sam")
    grant(programme, 60, token=sam)
    answer = server.post("/v1/grants", json=grant_body(programme, 41), token=sam)
    assert_problem(answer, 409, "insufficient-budget")
    grant(programme, 40, token=sam)
    assert server.available("small") == 0
    answer = server.post("/v1/grants", json=grant_body(programme, 1), token=sam)
    assert_problem(answer, 409, "insufficient-budget")


def test_a_budget_that_is_not_theirs_is_refused(programme):
    server, admin = programme.server, programme.admin
    server.made("/v1/budgets", {"id": "cellar", "site": "paris", "unit": "EUR", "name": "Cellar"},
                admin)
    server.made("/v1/budgets/cellar/allotments", {"amount": 1000}, programme.finance)
    answer = server.post("/v1/grants", json=grant_body(programme, budget="cellar"),
                         token=programme.anna)
    assert_problem(answer, 403)
    assert server.available("cellar") == 1000


def test_staff_do_not_grant_at_a_site_that_is_not_theirs(programme):
    server = programme.server
    server.made("/v1/sites", {"id": "nice", "name": "Nice", "timezone": "Europe/Paris",
                              "week_starts": "monday"}, programme.admin)
    held = server.balance(programme.customer, programme.anna)
    answer = server.post("/v1/grants", json=grant_body(programme, site="nice"),
                         token=programme.anna)
    assert_problem(answer, (403, 404))
    assert server.balance(programme.customer, programme.anna) == held


def test_an_integration_does_not_grant_beyond_its_sites(programme):
    server = programme.server
    server.made("/v1/sites", {"id": "metz", "name": "Metz", "timezone": "Europe/Paris",
                              "week_starts": "monday"}, programme.admin)
    elsewhere = server.token("integration", sites=["metz"])
    held = server.balance(programme.customer, programme.anna)
    answer = server.post("/v1/grants", json=grant_body(programme, staff="anna"), token=elsewhere)
    assert_problem(answer, (403, 404))
    assert server.balance(programme.customer, programme.anna) == held


def test_what_is_earned_is_not_granted(programme):
    programme.server.made("/v1/reasons", {"id": "stay", "name": "A stay", "kind": "earned"},
                          programme.admin)
    answer = programme.server.post("/v1/grants", json=grant_body(programme, reason="stay"),
                                   token=programme.anna)
    assert_problem(answer, 422, "reason-kind")


def test_staff_do_not_reward_themselves(programme):
    server = programme.server
    own = server.made("/v1/customers", {"reference": "own-account", "name": "Dora Dupont"},
                      programme.anna)["id"]
    server.made("/v1/staff", {"id": "dora", "name": "Dora Dupont", "role": "staff",
                              "site": "paris", "budget": "front-desk", "customer": own},
                programme.admin)
    dora = server.token("staff", subject="dora")
    answer = server.post("/v1/grants", json=grant_body(programme, customer=own), token=dora)
    assert_problem(answer, 403)
    assert server.balance(own, programme.anna) == 0
    grant(programme, token=dora)  # another customer is fine


def test_staff_who_have_left_or_not_begun_do_not_grant(programme):
    server = programme.server
    for name, dates in (("gone", {"active_until": "2020-01-01"}),
                        ("new", {"active_from": "2999-01-01"})):
        server.made("/v1/staff", {"id": name, "name": "Passing Through", "role": "staff",
                                  "site": "paris", "budget": "front-desk", **dates},
                    programme.admin)
        issued = server.post("/v1/tokens", token=programme.admin,
                             json={"role": "staff", "subject": name, "expires_in": 3600})
        if issued.status_code != 201:
            assert_problem(issued, (403, 422))
            continue
        held = server.balance(programme.customer, programme.anna)
        answer = server.post("/v1/grants", json=grant_body(programme),
                             token=issued.json()["token"])
        assert_problem(answer, (401, 403))
        assert server.balance(programme.customer, programme.anna) == held


# --- batches ---

def test_a_batchs_lines_stand_alone_and_are_answered_in_order(programme):
    server = programme.server
    held, before = server.balance(programme.customer, programme.anna), server.entry_count()
    answers = post_lines(server, "/v1/grants/batch", [
        grant_body(programme, 10, key="line-1"),
        grant_body(programme, 0, key="line-2"),
        "{not json",
        grant_body(programme, 20, key="line-4"),
        grant_body(programme, 10 ** 12, key="line-5"),
        grant_body(programme, 30, key="line-6", reason="unknown"),
        grant_body(programme, 30),
        grant_body(programme, 40, key="line-8"),
    ], programme.anna)
    assert [line["status"] for line in answers[:1] + answers[3:6] + answers[7:]] == \
        [201, 201, 409, 404, 201]
    assert answers[1]["status"] == 400
    assert answers[2]["status"] == answers[6]["status"] == 400
    assert line_problem(answers[4]) == "insufficient-budget"
    assert line_problem(answers[5]) == "not-found"
    seqs = [answers[i]["seq"] for i in (0, 3, 7)]
    assert seqs == sorted(set(seqs))
    for seq, amount in zip(seqs, (10, 20, 40)):
        entry = server.get(f"/v1/entries/{seq}", token=programme.auditor).json()
        assert (entry["kind"], entry["amount"]) == ("grant", amount)
    assert server.balance(programme.customer, programme.anna) == held + 70
    assert server.entry_count() == before + 4  # three grants, one refusal


def test_a_batch_sent_again_changes_nothing(programme):
    server = programme.server
    lines = [grant_body(programme, 3, key=f"twice-{i}") for i in range(20)]
    first = post_lines(server, "/v1/grants/batch", lines, programme.anna)
    with Unchanged(programme):
        again = post_lines(server, "/v1/grants/batch", lines, programme.anna)
        assert [line["seq"] for line in again] == [line["seq"] for line in first]
        changed = post_lines(server, "/v1/grants/batch",
                             [grant_body(programme, 4, key="twice-0")], programme.anna)
        assert changed[0]["status"] == 422
        assert line_problem(changed[0]) == "key-reused"


def test_a_key_given_twice_in_one_batch_acts_once(programme):
    server = programme.server
    held = server.balance(programme.customer, programme.anna)
    answers = post_lines(server, "/v1/grants/batch",
                         [grant_body(programme, 9, key="double-1")] * 2, programme.anna)
    assert [line["status"] for line in answers] == [201, 201]
    assert answers[0]["seq"] == answers[1]["seq"]
    assert server.balance(programme.customer, programme.anna) == held + 9


def test_a_batchs_keys_and_a_headers_are_the_same_keys(programme):
    server = programme.server
    one = server.post("/v1/grants", json=grant_body(programme, 6), token=programme.anna,
                      key="either-way-1")
    other = post_lines(server, "/v1/grants/batch", [grant_body(programme, 7, key="either-way-1")],
                       programme.anna)
    assert one.status_code == 201
    assert line_problem(other[0]) == "key-reused"


def test_a_dry_batch_writes_nothing(programme):
    with Unchanged(programme):
        answers = post_lines(programme.server, "/v1/grants/batch?dry_run=true",
                             [grant_body(programme, 1, key="dry-line-1"),
                              grant_body(programme, 10 ** 12, key="dry-line-2")], programme.anna)
        assert answers[0]["status"] == 200
        assert answers[1]["status"] == 409


def test_a_batch_of_8192_lines_is_taken_and_one_more_is_not(programme):
    server = programme.server
    answers = post_lines(server, "/v1/grants/batch",
                         [grant_body(programme, 1, key=f"many-{i}") for i in range(8192)],
                         programme.anna)
    assert len(answers) == 8192
    assert all(line["status"] == 201 for line in answers)
    seqs = [line["seq"] for line in answers]
    assert seqs == sorted(set(seqs))
    with Unchanged(programme):
        answer = server.post("/v1/grants/batch", token=programme.anna, key=None,
                             data=ndjson(grant_body(programme, 1, key=f"more-{i}")
                                         for i in range(8193)),
                             headers={"Content-Type": "application/x-ndjson"})
        assert_problem(answer, (400, 413))


def test_an_empty_batch_is_refused_or_answers_nothing(programme):
    with Unchanged(programme):
        answer = programme.server.post("/v1/grants/batch", token=programme.anna, key=None,
                                       data=b"", headers={"Content-Type": "application/x-ndjson"})
        assert answer.status_code == 400 or (answer.status_code == 200 and answer.text == "")
