"""Customers: made by staff, found by their reference, kept out of the ledger."""
import re

import pytest

from checks import assert_problem, grant_body
from harness import set_up_programme


def make(programme, reference, name="Noor Nasser", token=None, **fields):
    return programme.server.made("/v1/customers", {"reference": reference, "name": name, **fields},
                                 token or programme.anna)


def test_a_customer_has_an_id_that_tells_nothing(programme):
    first = make(programme, "ref-1")["id"]
    second = make(programme, "ref-2")["id"]
    for one in (first, second):
        assert re.fullmatch(r"c-[a-z2-7]{26}", one)
    assert first != second
    assert first[2:8] != second[2:8]  # not a count


def test_a_customer_is_found_by_reference(programme):
    server = programme.server
    made = make(programme, "ref-lookup")["id"]
    for token in (programme.anna, programme.marc, programme.till):
        found = server.post("/v1/customers/lookup", json={"reference": "ref-lookup"}, token=token,
                            key=None)
        assert found.status_code == 200, found.text
        assert found.json()["id"] == made


def test_a_reference_that_nobody_has_is_not_found(programme):
    answer = programme.server.post("/v1/customers/lookup", json={"reference": "nobody"},
                                   token=programme.anna, key=None)
    assert_problem(answer, 404, "not-found")


def test_a_lookup_writes_nothing(programme):
    server = programme.server
    before = server.entry_count()
    server.post("/v1/customers/lookup", json={"reference": "booking-4711"}, token=programme.anna)
    server.post("/v1/customers/lookup", json={"reference": "nobody"}, token=programme.anna)
    assert server.entry_count() == before


def test_a_second_customer_of_a_reference_is_refused(programme):
    server = programme.server
    make(programme, "ref-twice")
    before = server.entry_count()
    answer = server.post("/v1/customers", json={"reference": "ref-twice", "name": "Somebody"},
                         token=programme.anna)
    assert_problem(answer, 409, "already-exists")
    assert server.entry_count() == before


def test_staff_and_the_customer_see_the_name(programme):
    server = programme.server
    for token in (programme.anna, programme.marc, programme.customer_token):
        answer = server.get(f"/v1/customers/{programme.customer}", token=token)
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == programme.customer
        assert answer.json()["name"] == "Camille Durand"


def test_a_customer_does_not_see_another(programme):
    other = make(programme, "ref-other")["id"]
    for path in (f"/v1/customers/{other}", f"/v1/customers/{other}/balances",
                 f"/v1/customers/{other}/statement"):
        assert_problem(programme.server.get(path, token=programme.customer_token), (403, 404))


def test_a_name_can_be_changed(programme):
    server = programme.server
    made = make(programme, "ref-rename")["id"]
    answer = server.patch(f"/v1/customers/{made}", json={"name": "Noor Nasser-Blanc"},
                          token=programme.anna)
    assert answer.status_code == 200, answer.text
    assert server.get(f"/v1/customers/{made}", token=programme.anna).json()["name"] == \
        "Noor Nasser-Blanc"


@pytest.mark.parametrize("unknown", ["c-" + "a" * 26, "c-" + "7" * 25 + "4"])
def test_an_id_that_was_never_given_is_not_found(programme, unknown):
    server = programme.server
    assert_problem(server.get(f"/v1/customers/{unknown}", token=programme.anna), 404, "not-found")
    assert_problem(server.get(f"/v1/customers/{unknown}/balances", token=programme.anna), 404,
                   "not-found")
    assert_problem(server.post("/v1/grants", token=programme.anna,
                               json=grant_body(programme, customer=unknown)), 404, "not-found")


@pytest.mark.parametrize("nonsense", ["c-1", "anna", "C-" + "A" * 26, "c-" + "a" * 27, "1"])
def test_what_is_no_customer_id_is_refused(programme, nonsense):
    server = programme.server
    assert_problem(server.get(f"/v1/customers/{nonsense}", token=programme.anna), (400, 404))
    assert_problem(server.post("/v1/grants", token=programme.anna,
                               json=grant_body(programme, customer=nonsense)), (400, 404))


def test_a_customer_made_again_under_the_same_key_is_the_same(programme):
    server = programme.server
    body = {"reference": "ref-again", "name": "Olga Olsen"}
    first = server.post("/v1/customers", json=body, token=programme.anna, key="again-1")
    before = server.entry_count()
    again = server.post("/v1/customers", json=body, token=programme.anna, key="again-1")
    assert first.status_code == again.status_code == 201
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert server.entry_count() == before


def test_i8_no_personal_data_is_in_the_ledger_or_in_the_log(make_server):
    server = make_server(args=["--log-level", "debug"])
    programme = set_up_programme(server)
    secrets = ["Camille Durand", "booking-4711", "Anna Arnaud", "Marc Martin", "Xaviera Quill",
               "ref-zq-991", "so sorry for the rain", programme.anna, programme.admin]
    made = make(programme, "ref-zq-991", "Xaviera Quill")["id"]
    server.made("/v1/grants", grant_body(programme, customer=made, words="so sorry for the rain"),
                programme.anna)
    server.post("/v1/customers/lookup", json={"reference": "ref-zq-991"}, token=programme.anna)
    server.patch(f"/v1/customers/{made}", json={"name": "Xaviera Quill"}, token=programme.anna)
    server.get("/v1/customers/Xaviera%20Quill", token=programme.anna)
    server.post("/v1/grants", json=grant_body(programme, customer="Xaviera Quill"),
                token=programme.anna)
    server.stop()
    log = "\n".join(server.lines)
    for path in ("ledger.mdb", "state.mdb", "people.mdb", "high-water"):
        raw = (server.data / path).read_bytes()
        found = [secret for secret in secrets if secret.encode() in raw]
        assert not found, (path, found)
    assert not [secret for secret in secrets if secret in log or secret.replace(" ", "%20") in log]
