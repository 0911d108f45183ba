"""Who sees which entry, balance and statement."""
import json
import types

import pytest

import ledger_bytes
from checks import assert_problem, grant


@pytest.fixture(scope="module")
def scene(programme):
    """Beside the programme: another customer, and another site with its people."""
    server, admin = programme.server, programme.admin
    server.made("/v1/sites", {"id": "lyon", "name": "Lyon", "timezone": "Europe/Paris",
                              "week_starts": "monday"}, admin)
    server.made("/v1/budgets", {"id": "lyon-desk", "site": "lyon", "unit": "EUR", "name": "Lyon"},
                admin)
    server.made("/v1/budgets/lyon-desk/allotments", {"amount": 100000}, programme.finance)
    for name, role in (("luc", "staff"), ("lea", "manager")):
        server.made("/v1/staff", {"id": name, "name": f"{name.title()} of Lyon", "role": role,
                                  "site": "lyon", "budget": "lyon-desk"}, admin)
    other = server.made("/v1/customers", {"reference": "other-1", "name": "Other Person"},
                        programme.anna)["id"]
    given = [grant(programme, amount) for amount in (100, 250)]
    thanked = server.made("/v1/thanks", {"customer": programme.customer, "reason": "kind-word"},
                          programme.anna)
    grant(programme, 999, customer=other)
    given.append(grant(programme, 50))
    return types.SimpleNamespace(
        other=other, other_token=server.token("customer", subject=other), given=given,
        thanked=thanked, luc=server.token("staff", subject="luc"),
        lea=server.token("manager", subject="lea"),
        second_till=server.token("integration", sites=["lyon"]))


def test_its_parties_and_the_auditor_see_an_entry(programme, scene):
    entry = scene.given[0]
    for token in (programme.customer_token, programme.anna, programme.marc, programme.auditor):
        answer = programme.server.get(f"/v1/entries/{entry['seq']}", token=token)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        for field in ("seq", "kind", "time", "customer", "amount", "unit", "reason", "balance"):
            assert found[field] == entry[field]


def test_nobody_else_sees_an_entry(programme, scene):
    path = f"/v1/entries/{scene.given[0]['seq']}"
    for token in (scene.other_token, scene.luc, scene.lea, scene.second_till):
        assert_problem(programme.server.get(path, token=token), (403, 404))
    assert_problem(programme.server.get(path), 401, "unauthenticated")


def test_nobody_else_gets_a_receipt(programme, scene):
    path = f"/v1/receipts/{scene.given[0]['seq']}"
    for token in (programme.customer_token, programme.anna, programme.marc, programme.auditor):
        assert programme.server.get(path, token=token).status_code == 200
    for token in (scene.other_token, scene.luc, scene.lea, scene.second_till):
        assert_problem(programme.server.get(path, token=token), (403, 404))
    assert_problem(programme.server.get(path), 401, "unauthenticated")


def test_an_integration_sees_its_own_entries(programme, scene):
    own = grant(programme, 10, token=programme.till, staff="anna")
    server = programme.server
    assert server.get(f"/v1/entries/{own['seq']}", token=programme.till).status_code == 200
    assert_problem(server.get(f"/v1/entries/{scene.given[0]['seq']}", token=programme.till),
                   (403, 404))


def test_all_entries_are_for_auditor_and_finance(programme, scene):
    server = programme.server
    for token in (programme.auditor, programme.finance):
        assert server.get("/v1/entries", token=token).status_code == 200
    for token in (programme.admin, programme.anna, programme.marc, programme.till,
                  programme.customer_token):
        assert_problem(server.get("/v1/entries", token=token), 403, "forbidden")


def test_entries_are_given_from_0_and_after_any_number(programme, scene):
    server = programme.server
    first = server.get("/v1/entries?page_size=5", token=programme.auditor).json()["entries"]
    assert [entry["seq"] for entry in first] == [0, 1, 2, 3, 4]
    then = server.get("/v1/entries?page_size=3&after=4", token=programme.auditor)
    assert [entry["seq"] for entry in then.json()["entries"]] == [5, 6, 7]
    end = server.get("/v1/entries?after=1000000", token=programme.auditor)
    assert end.json()["entries"] == []
    times = [entry["time"] for entry in server.entries()]
    assert times == sorted(set(times))


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=1.5", "after=", "page_size=0",
                                   "page_size=1001", "after=99999999999999999999"])
def test_a_page_of_entries_that_cannot_be_is_refused(programme, query):
    answer = programme.server.get(f"/v1/entries?{query}", token=programme.auditor)
    assert_problem(answer, 400, "malformed")


def test_an_entry_that_is_not_there_is_not_found(programme):
    for number in (10 ** 9, 2 ** 63):
        assert_problem(programme.server.get(f"/v1/entries/{number}", token=programme.auditor), 404,
                       "not-found")


def test_balances_are_for_those_who_need_them(programme, scene):
    server, path = programme.server, f"/v1/customers/{programme.customer}/balances"
    expected = None
    for token in (programme.customer_token, programme.anna, programme.marc, programme.till,
                  programme.finance, programme.auditor):
        answer = server.get(path, token=token)
        assert answer.status_code == 200, answer.text
        expected = expected or answer.json()["balances"]
        assert answer.json()["balances"] == expected
    held = {one["unit"]: one for one in expected}
    assert held["EUR"]["available"] > 0
    assert held["EUR"]["held"] == 0
    for token in (programme.admin, scene.other_token):
        assert_problem(server.get(path, token=token), (403, 404))


def statement(programme, token, query=""):
    answer = programme.server.get(f"/v1/customers/{programme.customer}/statement{query}",
                                  token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def dry(programme, token, path="/v1/grants", **fields):
    body = {"customer": programme.customer, "amount": 1, "unit": "EUR", "reason": "late-room",
            **fields}
    return programme.server.post(f"{path}?dry_run=true", json=body, token=token)


def test_a_dry_run_tells_no_balance_that_its_asker_could_not_read(programme, scene):
    held = programme.server.balance(programme.customer, programme.anna)
    for token, fields in ((programme.anna, {}), (programme.marc, {}),
                          (programme.finance, {"staff": "luc"}),
                          (programme.auditor, {"staff": "luc"}),
                          (programme.till, {"staff": "anna"})):
        answer = dry(programme, token, **fields)
        assert answer.status_code == 200, answer.text
        assert answer.json()["balance"] == held + 1
    for token, fields in ((scene.luc, {}), (scene.lea, {}), (scene.second_till, {"staff": "luc"})):
        path = f"/v1/customers/{programme.customer}/balances"
        assert programme.server.get(path, token=token).status_code == 403
        answer = dry(programme, token, **fields)
        assert answer.status_code == 200, answer.text
        assert "balance" not in answer.json() and answer.json()["dry_run"] is True
        # Nor by whether a sum that nobody has would fit.
        refused = assert_problem(dry(programme, token, amount=2**63 - held, **fields), 409,
                                 "insufficient-budget")
        assert "balance" not in refused


def test_a_dry_batch_tells_no_balance(programme, scene):
    line = json.dumps({"customer": programme.customer, "amount": 1, "unit": "EUR",
                       "reason": "late-room", "key": "dry-balance"})
    answer = programme.server.request(
        "POST", "/v1/grants/batch?dry_run=true", token=scene.luc, data=line + "\n",
        headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200 and "balance" not in answer.text, answer.text


def test_a_statement_has_the_newest_first_each_with_its_receipts_address(programme, scene):
    entries = statement(programme, programme.customer_token, "?page_size=1000")["entries"]
    seqs = [entry["seq"] for entry in entries]
    assert seqs == sorted(seqs, reverse=True)
    expected = [entry["seq"] for entry in scene.given] + [scene.thanked["seq"]]
    assert set(expected) <= set(seqs)
    for entry in entries:
        assert entry["customer"] == programme.customer
        assert f"/v1/receipts/{entry['seq']}" in str(entry)


def test_i7_a_statement_is_complete_by_the_links_in_the_entries_themselves(programme, scene):
    server = programme.server
    entries = statement(programme, programme.customer_token, "?page_size=1000")["entries"]
    leaves = [ledger_bytes.read(server, entry["seq"], programme.customer_token)
              for entry in entries]
    for leaf, older in zip(leaves, leaves[1:]):
        assert leaf.prev_customer == older.seq
    assert leaves[-1].kind == "customer"  # the entry that opened the account
    for entry, leaf in zip(entries, leaves):
        assert entry["kind"] == leaf.kind
        assert entry.get("previous", 0) == leaf.prev_customer
        if entry["kind"] == "grant":
            assert (entry["amount"], entry["balance"]) == (leaf.amount, leaf.balance)


def test_a_statement_comes_in_pages(programme, scene):
    whole = statement(programme, programme.auditor, "?page_size=1000")["entries"]
    paged, query = [], "?page_size=2"
    while query:
        page = statement(programme, programme.auditor, query)
        assert len(page["entries"]) <= 2
        paged += page["entries"]
        following = page.get("next_page_token")
        query = following and f"?page_size=2&page_token={following}"
    assert paged == whole


def test_statements_are_for_the_customer_managers_and_the_auditor(programme, scene):
    server, path = programme.server, f"/v1/customers/{programme.customer}/statement"
    seen = [statement(programme, token)["entries"]
            for token in (programme.customer_token, programme.marc, programme.auditor)]
    assert seen[0] == seen[1] == seen[2]
    for token in (programme.admin, programme.finance, programme.anna, programme.till,
                  scene.other_token, scene.lea):
        assert_problem(server.get(path, token=token), (403, 404))


def walk(programme, token, customer, size):
    """All pages of a statement, none of them empty but the only one."""
    paged, query = [], f"?page_size={size}"
    while query:
        page = programme.server.get(f"/v1/customers/{customer}/statement{query}",
                                    token=token).json()
        assert 0 < len(page["entries"]) <= size
        paged += page["entries"]
        following = page.get("next_page_token")
        query = following and f"?page_size={size}&page_token={following}"
    return paged


def test_refusals_are_not_the_customers_to_see(programme):
    server = programme.server
    customer = server.made("/v1/customers", {"reference": "refused-1"}, programme.anna)["id"]
    token = server.token("customer", subject=customer)
    refused = []
    for amount in (10, 10 ** 12, 20, 10 ** 12, 10 ** 12, 30, 10 ** 12):
        answer = server.post("/v1/grants", token=programme.anna, json={
            "customer": customer, "amount": amount, "unit": "EUR", "reason": "late-room"})
        if amount == 10 ** 12:
            refused.append(assert_problem(answer, 409)["seq"])
    whole = walk(programme, programme.auditor, customer, 1000)
    assert set(refused) < {entry["seq"] for entry in whole}
    shown = [entry for entry in whole if entry["kind"] != "refusal"]
    for size in (1, 2, 4, 1000):
        mine = walk(programme, token, customer, size)
        assert [entry["seq"] for entry in mine] == [entry["seq"] for entry in shown]
        # The link is the signed one; what lies between is counted.
        assert [entry.get("previous") for entry in mine] == [e.get("previous") for e in shown]
        assert [entry.get("refusals_left_out", 0) for entry in mine] == [2, 1, 0, 0]
        assert [entry.get("balance") for entry in mine][:3] == [60, 30, 10]
    for path in ("entries", "receipts"):
        assert_problem(server.get(f"/v1/{path}/{refused[0]}", token=token), 403, "forbidden")
        assert server.get(f"/v1/{path}/{refused[0]}", token=programme.anna).status_code == 200


def test_customers_read_units_and_are_themselves(programme, scene):
    server, token = programme.server, programme.customer_token
    unit = server.get("/v1/units/EUR", token=token).json()
    assert (unit["code"], unit["scale"]) == ("EUR", 2)
    for what in ("balances", "statement"):
        own = server.get(f"/v1/customers/me/{what}", token=token)
        named = server.get(f"/v1/customers/{programme.customer}/{what}", token=token)
        assert own.status_code == 200 and own.json() == named.json()
    assert_problem(server.get("/v1/customers/me/balances", token=programme.anna), 404, "not-found")
    assert_problem(server.get("/v1/sites/paris", token=token), 403, "forbidden")


def test_a_budget_is_not_for_staff_of_another(programme, scene):
    for token in (scene.luc, scene.lea):
        assert_problem(programme.server.get("/v1/budgets/front-desk", token=token), (403, 404))
        assert programme.server.get("/v1/budgets/lyon-desk", token=token).status_code == 200


def test_payloads_are_for_the_auditor(programme, scene):
    server = programme.server
    opened = [entry for entry in server.entries() if entry["kind"] == "site"][0]
    leaf = ledger_bytes.read(server, opened["seq"], programme.auditor)
    path = f"/v1/payloads/{leaf.hash.hex()}"
    answer = server.get(path, token=programme.auditor)
    assert answer.status_code == 200
    assert ledger_bytes.sha256(answer.content) == leaf.hash
    for token in (programme.admin, programme.finance, programme.anna, programme.marc,
                  programme.till, programme.customer_token):
        assert_problem(server.get(path, token=token), 403, "forbidden")
    assert_problem(server.get("/v1/payloads/" + "0" * 64, token=programme.auditor), 404,
                   "not-found")
    assert_problem(server.get("/v1/payloads/xyz", token=programme.auditor), (400, 404))
