"""Reversals: by whom, how much, and once."""
import pytest

from checks import Unchanged, assert_problem, grant


def reverse(programme, seq, token, key=None, **fields):
    more = {"key": key} if key else {}
    return programme.server.post(f"/v1/entries/{seq}/reverse", token=token,
                                 json={"note": "A mistake", **fields}, **more)


def test_the_giver_reverses_on_the_same_day(programme):
    server = programme.server
    held, available = server.balance(programme.customer, programme.anna), server.available()
    given = grant(programme, 900)
    answer = reverse(programme, given["seq"], programme.anna)
    assert answer.status_code == 201, answer.text
    entry = answer.json()
    expected = {"kind": "reversal", "refers_to": given["seq"], "amount": 900, "unit": "EUR",
                "customer": programme.customer, "budget": "front-desk", "balance": held}
    assert {field: entry.get(field) for field in expected} == expected
    assert entry["receipt"]["leaf"]
    assert server.balance(programme.customer, programme.anna) == held
    assert server.available() == available


def test_a_manager_of_the_site_reverses_what_another_gave(programme):
    given = grant(programme, 100)
    assert reverse(programme, given["seq"], programme.marc).status_code == 201


def test_a_colleague_does_not_reverse(programme):
    server = programme.server
    server.made("/v1/staff", {"id": "bruno", "name": "Bruno Bell", "role": "staff",
                              "site": "paris", "budget": "front-desk"}, programme.admin)
    bruno = server.token("staff", subject="bruno")
    given = grant(programme, 100)
    held = server.balance(programme.customer, programme.anna)
    assert_problem(reverse(programme, given["seq"], bruno), 403, "reversal-not-allowed")
    assert server.balance(programme.customer, programme.anna) == held


def test_a_manager_of_another_site_does_not_reverse(programme):
    server, admin = programme.server, programme.admin
    server.made("/v1/sites", {"id": "nantes", "name": "Nantes", "timezone": "Europe/Paris",
                              "week_starts": "monday"}, admin)
    server.made("/v1/budgets", {"id": "nantes-desk", "site": "nantes", "unit": "EUR",
                                "name": "Nantes"}, admin)
    server.made("/v1/staff", {"id": "nadia", "name": "Nadia Noir", "role": "manager",
                              "site": "nantes", "budget": "nantes-desk"}, admin)
    nadia = server.token("manager", subject="nadia")
    given = grant(programme, 100)
    held = server.balance(programme.customer, programme.anna)
    assert_problem(reverse(programme, given["seq"], nadia), (403, 404))
    assert server.balance(programme.customer, programme.anna) == held


def test_an_integration_reverses_its_own_alone(programme):
    own = grant(programme, 100, token=programme.till, staff="anna")
    others = grant(programme, 100)
    assert reverse(programme, own["seq"], programme.till).status_code == 201
    assert_problem(reverse(programme, others["seq"], programme.till), (403, 404))


def test_a_part_is_reversed_and_then_the_rest_and_no_more(programme):
    server = programme.server
    held = server.balance(programme.customer, programme.anna)
    seq = grant(programme, 1000)["seq"]
    part = reverse(programme, seq, programme.anna, amount=300)
    assert part.status_code == 201, part.text
    assert part.json()["amount"] == 300
    assert server.balance(programme.customer, programme.anna) == held + 700
    more = reverse(programme, seq, programme.anna, amount=701)
    assert_problem(more, (409, 422))
    assert server.balance(programme.customer, programme.anna) == held + 700
    rest = reverse(programme, seq, programme.marc)
    assert rest.status_code == 201
    assert rest.json()["amount"] == 700
    assert server.balance(programme.customer, programme.anna) == held
    assert_problem(reverse(programme, seq, programme.anna), 409, "already-reversed")
    assert_problem(reverse(programme, seq, programme.anna, amount=1), 409, "already-reversed")


def test_what_is_reversed_is_not_reversed_again(programme):
    server = programme.server
    seq = grant(programme, 50)["seq"]
    assert reverse(programme, seq, programme.anna).status_code == 201
    held, available = server.balance(programme.customer, programme.anna), server.available()
    for token in (programme.anna, programme.marc):
        assert_problem(reverse(programme, seq, token), 409, "already-reversed")
    assert server.balance(programme.customer, programme.anna) == held
    assert server.available() == available


def test_the_same_reversal_under_the_same_key_is_one_reversal(programme):
    seq = grant(programme, 60)["seq"]
    first = reverse(programme, seq, programme.anna, key="reverse-1")
    with Unchanged(programme):
        again = reverse(programme, seq, programme.anna, key="reverse-1")
        assert again.status_code == 201
        assert again.json()["seq"] == first.json()["seq"]
        assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_that_reversed_one_entry_does_not_reverse_another(programme):
    one, other = grant(programme, 61)["seq"], grant(programme, 61)["seq"]
    assert reverse(programme, one, programme.anna, key="reverse-2").status_code == 201
    with Unchanged(programme):
        assert_problem(reverse(programme, other, programme.anna, key="reverse-2"), 422,
                       "key-reused")


def test_a_reversal_is_not_reversed(programme):
    seq = grant(programme, 70)["seq"]
    back = reverse(programme, seq, programme.anna).json()["seq"]
    assert_problem(reverse(programme, back, programme.marc), 422, "not-reversible")


def test_what_gave_nothing_is_not_reversed(programme):
    server = programme.server
    refused = server.post("/v1/grants", token=programme.anna,
                          json={"customer": programme.customer, "amount": 10 ** 12, "unit": "EUR",
                                "reason": "late-room"})
    assert refused.status_code == 409
    for entry in [server.entries()[-1], server.entries()[0]]:
        assert_problem(reverse(programme, entry["seq"], programme.marc), (403, 404, 422))


def test_an_entry_that_is_not_there_is_not_found(programme):
    with Unchanged(programme):
        assert_problem(reverse(programme, 10 ** 9, programme.anna), 404, "not-found")


@pytest.mark.parametrize("seq", ["x", "-1", "01", "1.0", "99999999999999999999"])
def test_what_is_no_number_is_not_an_entry(programme, seq):
    with Unchanged(programme):
        assert_problem(reverse(programme, seq, programme.anna), (400, 404))


@pytest.mark.parametrize("body", [{}, {"amount": 5}, {"note": ""}, {"note": 7},
                                  {"note": "x", "amount": 0}, {"note": "x", "amount": -5},
                                  {"note": "x", "amount": 1.5}, {"note": "x", "other": 1}])
def test_a_reversal_needs_a_note_and_a_sound_amount(programme, body):
    seq = grant(programme, 80)["seq"]
    with Unchanged(programme):
        answer = programme.server.post(f"/v1/entries/{seq}/reverse", json=body,
                                       token=programme.anna)
        assert_problem(answer, 400)


def test_a_dry_reversal_reverses_nothing(programme):
    seq = grant(programme, 90)["seq"]
    with Unchanged(programme):
        answer = programme.server.post(f"/v1/entries/{seq}/reverse?dry_run=true",
                                       json={"note": "Only asking"}, token=programme.anna)
        assert answer.status_code == 200, answer.text
    assert reverse(programme, seq, programme.anna).status_code == 201
