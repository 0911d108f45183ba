"""Thanks: said, on record, and moving nothing."""
import base64

import pytest

import tlog
from checks import Unchanged, assert_problem


def thanks_body(programme, **fields):
    return {"customer": programme.customer, "reason": "kind-word", **fields}


def test_a_thanks_is_on_record_with_a_receipt(programme):
    server = programme.server
    answer = server.post("/v1/thanks", token=programme.anna, json=thanks_body(
        programme, minutes=15, touchpoint="lobby", incident="INC-8", words="Thank you."))
    assert answer.status_code == 201, answer.text
    entry = answer.json()
    expected = {"kind": "thanks", "staff": "anna", "customer": programme.customer,
                "reason": "kind-word", "site": "paris", "touchpoint": "lobby",
                "incident": "INC-8"}
    assert {field: entry.get(field) for field in expected} == expected
    leaf = base64.b64decode(entry["receipt"]["leaf"])
    index, _, _ = tlog.Verifier(server.vkey).open_receipt(entry["receipt"]["proof"], leaf)
    assert index == entry["seq"]


def test_i1_a_thanks_moves_nothing(programme):
    server = programme.server
    held, available = server.balance(programme.customer, programme.anna), server.available()
    server.made("/v1/thanks", thanks_body(programme, minutes=30), programme.anna)
    assert server.balance(programme.customer, programme.anna) == held
    assert server.available() == available


def test_a_manager_thanks_too_and_words_may_be_left_out(programme):
    entry = programme.server.made("/v1/thanks", thanks_body(programme), programme.marc)
    assert entry["staff"] == "marc"


def test_a_thanks_under_the_same_key_is_one_thanks(programme):
    server = programme.server
    first = server.post("/v1/thanks", json=thanks_body(programme), token=programme.anna,
                        key="thanks-1")
    before = server.entry_count()
    again = server.post("/v1/thanks", json=thanks_body(programme), token=programme.anna,
                        key="thanks-1")
    assert again.json()["seq"] == first.json()["seq"]
    assert again.headers["Idempotent-Replayed"] == "true"
    other = server.post("/v1/thanks", json=thanks_body(programme, minutes=1),
                        token=programme.anna, key="thanks-1")
    assert_problem(other, 422, "key-reused")
    assert server.entry_count() == before


def test_a_thanks_with_words_under_the_same_key_is_one_thanks(programme):
    server = programme.server
    body = thanks_body(programme, words="You waited so kindly.")
    first = server.post("/v1/thanks", json=body, token=programme.anna, key="thanks-words-1")
    again = server.post("/v1/thanks", json=body, token=programme.anna, key="thanks-words-1")
    assert first.status_code == again.status_code == 201
    assert again.json()["seq"] == first.json()["seq"]
    other = server.post("/v1/thanks", json={**body, "words": "Other words."},
                        token=programme.anna, key="thanks-words-1")
    assert_problem(other, 422, "key-reused")


@pytest.mark.parametrize("fields, statuses", [
    ({"minutes": -1}, 400),
    ({"minutes": 1.5}, 400),
    ({"minutes": "many"}, 400),
    ({"amount": 5}, 400),
    ({"reason": "unknown"}, 404),
    ({"touchpoint": "unknown"}, 404),
    ({"words": "a\u0000b"}, 400),
    ({"words": "x" * 100_000}, (400, 413, 422)),
])
def test_what_cannot_be_is_refused(programme, fields, statuses):
    with Unchanged(programme):
        answer = programme.server.post("/v1/thanks", json=thanks_body(programme, **fields),
                                       token=programme.anna)
        assert_problem(answer, statuses)
