"""Imports: history, once, beside what is granted here."""
import pytest

import ledger_bytes
from checks import Unchanged, assert_problem, line_problem, ndjson, post_lines
from harness import set_up_programme


def line(key, amount=1234, **fields):
    return {"key": key, "business_date": "2016-03-31", "amount": amount, "unit": "EUR",
            "staff": "anna", "budget": "front-desk", "reason": "late-room", **fields}


def imported(programme, lines, **kwargs):
    return post_lines(programme.server, "/v1/imports", lines, programme.admin, **kwargs)


def test_a_line_becomes_an_entry_with_its_own_business_date(programme):
    answers = imported(programme, [line("own-date", party="Card ****1234", note="A taxi")])
    assert answers[0]["status"] == 201, answers
    seq = answers[0]["seq"]
    entry = programme.server.get(f"/v1/entries/{seq}", token=programme.auditor).json()
    expected = {"kind": "import", "business_date": "2016-03-31", "amount": 1234, "unit": "EUR",
                "staff": "anna", "budget": "front-desk", "reason": "late-room"}
    assert {field: entry.get(field) for field in expected} == expected
    assert "customer" not in entry
    leaf = ledger_bytes.read(programme.server, seq, programme.auditor)
    assert leaf.credit == "settlement"


def test_imports_touch_no_customer_and_leave_the_budget_what_it_has(programme):
    server = programme.server
    held, available = server.balance(programme.customer, programme.anna), server.available()
    imported(programme, [line("beside-1", 10 ** 12), line("beside-2", -500)])
    assert server.balance(programme.customer, programme.anna) == held
    assert server.available() == available


def test_a_negative_amount_is_a_refund_to_the_budget(programme):
    answers = imported(programme, [line("refund-1", -19974109)])
    assert answers[0]["status"] == 201, answers
    entry = programme.server.get(f"/v1/entries/{answers[0]['seq']}",
                                 token=programme.auditor).json()
    assert entry["amount"] == -19974109
    leaf = ledger_bytes.read(programme.server, answers[0]["seq"], programme.auditor)
    assert (leaf.debit, leaf.amount) == ("settlement", 19974109)


def test_lines_stand_alone(programme):
    before = programme.server.entry_count()
    answers = imported(programme, [
        line("alone-1"), line("alone-2", 0), line("alone-3", staff="nobody"),
        line("alone-4", business_date="2016-02-30"), "{", line("alone-6", budget="nowhere"),
        line("alone-7", 1.5), {**line("alone-8"), "other": 1}, line("alone-9", unit="PTS"),
        line("alone-10")])
    assert [answers[0]["status"], answers[-1]["status"]] == [201, 201]
    assert [answers[i]["status"] for i in (2, 5)] == [404, 404]
    assert line_problem(answers[2]) == "not-found"
    assert line_problem(answers[8]) == "budget-unit-mismatch"
    for i in (1, 3, 4, 6, 7):
        assert answers[i]["status"] == 400, answers[i]
    kinds = [entry["kind"] for entry in programme.server.entries()[before:]]
    assert kinds.count("import") == 2
    assert set(kinds) <= {"import", "refusal"}


def test_the_same_lines_again_change_nothing(programme):
    lines = [line(f"again-{i}", 100 + i, party=f"merchant {i % 3}") for i in range(30)]
    first = imported(programme, lines)
    assert all(answer["status"] == 201 for answer in first)
    with Unchanged(programme):
        again = imported(programme, lines)
        assert [answer["seq"] for answer in again] == [answer["seq"] for answer in first]
        changed = imported(programme, [line("again-0", 99)])
        assert changed[0]["status"] == 422
        assert line_problem(changed[0]) == "key-reused"


def test_one_party_is_one_party(programme):
    answers = imported(programme, [line("party-1", party="Bookshop"),
                                   line("party-2", party="Café"),
                                   line("party-3", party="Bookshop")])
    leaves = [ledger_bytes.read(programme.server, answer["seq"], programme.auditor)
              for answer in answers]
    assert leaves[0].customer == leaves[2].customer != 0
    assert leaves[1].customer not in (0, leaves[0].customer)


def test_i8_a_party_is_not_in_the_ledger_by_its_name(make_server):
    server = make_server()
    programme = set_up_programme(server)
    imported(programme, [line("hidden-1", party="Zanzibar Quay Books", note="For a godson")])
    server.stop()
    raw = (server.data / "ledger.mdb").read_bytes()
    assert b"Zanzibar Quay Books" not in raw
    assert "Zanzibar" not in "\n".join(server.lines)


def test_imported_spending_uses_up_no_allotment(programme):
    server = programme.server
    server.made("/v1/budgets", {"id": "empty", "site": "paris", "unit": "EUR", "name": "Empty"},
                programme.admin)
    answers = imported(programme, [line("empty-1", 5000, budget="empty")])
    assert answers[0]["status"] == 201
    assert server.available("empty") == 0


def test_a_dry_import_writes_nothing(programme):
    with Unchanged(programme):
        answers = post_lines(programme.server, "/v1/imports?dry_run=true",
                             [line("dry-1"), line("dry-2", 0)], programme.admin)
        assert answers[0]["status"] == 200, answers
        assert answers[1]["status"] == 400


@pytest.mark.parametrize("body", [b"\xff\xfe\n", b"[]\n", b"null\n", b"{}\n", b"{\"key\":\"\"}\n"])
def test_a_line_that_cannot_be_is_refused(programme, body):
    with Unchanged(programme):
        answer = programme.server.post("/v1/imports", token=programme.admin, key=None, data=body,
                                       headers={"Content-Type": "application/x-ndjson"})
        if answer.status_code == 200:
            assert answer.json()["status"] == 400
        else:
            assert_problem(answer, 400)


def test_more_lines_than_a_batch_has_are_refused(programme):
    with Unchanged(programme):
        answer = programme.server.post(
            "/v1/imports", token=programme.admin, key=None,
            data=ndjson(line(f"many-{i}") for i in range(8193)),
            headers={"Content-Type": "application/x-ndjson"})
        assert_problem(answer, (400, 413))
