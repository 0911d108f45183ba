"""Units, sites, budgets, reasons, touchpoints and staff: made, read, changed."""
import pytest

from checks import assert_problem

# noun, the field that names one, and a new one
NOUNS = [
    ("units", "code", {"code": "CHF", "scale": 2, "kind": "money", "name": "Franc"}),
    ("sites", "id", {"id": "geneva", "name": "Geneva", "timezone": "Europe/Zurich",
                     "week_starts": "monday"}),
    ("budgets", "id", {"id": "kitchen", "site": "paris", "unit": "EUR", "name": "Kitchen"}),
    ("reasons", "id", {"id": "cold-soup", "name": "The soup was cold", "kind": "discretionary"}),
    ("touchpoints", "id", {"id": "bar", "name": "The bar"}),
    ("staff", "id", {"id": "bella", "name": "Bella Blanc", "role": "staff", "site": "paris",
                     "budget": "front-desk"}),
]
IDS = [noun for noun, _, _ in NOUNS]


@pytest.mark.parametrize("noun, name, body", NOUNS, ids=IDS)
def test_a_noun_is_registered_found_and_listed(programme, noun, name, body):
    server, admin = programme.server, programme.admin
    made = server.made(f"/v1/{noun}", body, admin)
    found = server.get(f"/v1/{noun}/{body[name]}", token=admin)
    assert found.status_code == 200
    listed = server.get(f"/v1/{noun}?page_size=1000", token=admin)
    assert listed.status_code == 200
    line = [one for one in listed.json()[noun] if one[name] == body[name]]
    assert len(line) == 1
    for answer in (made, found.json(), line[0]):
        assert {field: answer.get(field) for field in body} == body


@pytest.mark.parametrize("noun, name, body", NOUNS, ids=IDS)
def test_a_second_one_of_an_id_is_refused(programme, noun, name, body):
    server, admin = programme.server, programme.admin
    one = {**body, name: ("X" if noun == "units" else "x") + body[name][1:]}
    server.made(f"/v1/{noun}", one, admin)
    before = server.entry_count()
    assert_problem(server.post(f"/v1/{noun}", json={**one, "name": "Another"}, token=admin), 409,
                   "already-exists")
    assert server.entry_count() == before
    assert server.get(f"/v1/{noun}/{one[name]}", token=admin).json()["name"] == body["name"]


@pytest.mark.parametrize("noun, name, body", NOUNS, ids=IDS)
def test_a_change_keeps_what_it_does_not_name(programme, noun, name, body):
    server, admin = programme.server, programme.admin
    one = {**body, name: ("Y" if noun == "units" else "y") + body[name][1:]}
    server.made(f"/v1/{noun}", one, admin)
    changed = server.patch(f"/v1/{noun}/{one[name]}", json={"name": "A new name"}, token=admin)
    assert changed.status_code == 200, changed.text
    found = server.get(f"/v1/{noun}/{one[name]}", token=admin).json()
    assert {field: found.get(field) for field in one} == {**one, "name": "A new name"}


@pytest.mark.parametrize("noun", IDS)
def test_what_is_not_registered_is_not_found(programme, noun):
    server, admin = programme.server, programme.admin
    unknown = "NONE" if noun == "units" else "none"
    assert_problem(server.get(f"/v1/{noun}/{unknown}", token=admin), 404, "not-found")
    assert_problem(server.patch(f"/v1/{noun}/{unknown}", json={"name": "New"}, token=admin), 404,
                   "not-found")


@pytest.mark.parametrize("noun, name, body", NOUNS, ids=IDS)
def test_every_field_that_is_needed_is_asked_for(programme, noun, name, body):
    server, admin = programme.server, programme.admin
    for missing in (name, "name", "kind", "role", "timezone", "unit"):
        if missing in body:
            less = {field: value for field, value in body.items() if field != missing}
            assert_problem(server.post(f"/v1/{noun}", json=less, token=admin), 400, "malformed")


@pytest.mark.parametrize("noun, body", [
    ("units", {"code": "eur", "scale": 2, "kind": "money", "name": "Lower case"}),
    ("units", {"code": "USD", "scale": -1, "kind": "money", "name": "Negative scale"}),
    ("units", {"code": "USD", "scale": 99, "kind": "money", "name": "Huge scale"}),
    ("units", {"code": "USD", "scale": 1.5, "kind": "money", "name": "Fractional scale"}),
    ("units", {"code": "USD", "scale": 2, "kind": "shells", "name": "Of no kind"}),
    ("sites", {"id": "Lyon", "name": "Upper case", "timezone": "Europe/Paris",
               "week_starts": "monday"}),
    ("sites", {"id": "lyon", "name": "Lyon", "timezone": "Europe/Lyon", "week_starts": "monday"}),
    ("sites", {"id": "lyon", "name": "Lyon", "timezone": "CET+1", "week_starts": "monday"}),
    ("sites", {"id": "lyon", "name": "Lyon", "timezone": "Europe/Paris", "week_starts": "lundi"}),
    ("reasons", {"id": "x" * 33, "name": "Too long", "kind": "discretionary"}),
    ("reasons", {"id": "-x", "name": "Begins badly", "kind": "discretionary"}),
    ("reasons", {"id": "", "name": "Empty", "kind": "discretionary"}),
    ("reasons", {"id": "x", "name": "Of no kind", "kind": "whim"}),
    ("reasons", {"id": "x", "name": "", "kind": "discretionary"}),
    ("reasons", {"id": "x", "name": "A\nB", "kind": "discretionary"}),
    ("touchpoints", {"id": "lob by", "name": "With a blank"}),
    ("touchpoints", {"id": "lob/by", "name": "With a slash"}),
    ("staff", {"id": "carl", "name": "Carl", "role": "director", "site": "paris",
               "budget": "front-desk"}),
    ("staff", {"id": "carl", "name": "Carl", "role": "staff", "site": "paris",
               "budget": "front-desk", "active_until": "2024-02-30"}),
])
def test_what_is_not_of_its_form_is_refused(programme, noun, body):
    server = programme.server
    before = server.entry_count()
    assert_problem(server.post(f"/v1/{noun}", json=body, token=programme.admin), 400)
    assert server.entry_count() == before


@pytest.mark.parametrize("noun, body", [
    ("budgets", {"id": "attic", "site": "nowhere", "unit": "EUR", "name": "Attic"}),
    ("budgets", {"id": "attic", "site": "paris", "unit": "XXX", "name": "Attic"}),
    ("staff", {"id": "carl", "name": "Carl", "role": "staff", "site": "nowhere",
               "budget": "front-desk"}),
    ("staff", {"id": "carl", "name": "Carl", "role": "staff", "site": "paris",
               "budget": "nowhere"}),
])
def test_what_it_refers_to_must_be_there(programme, noun, body):
    server = programme.server
    before = server.entry_count()
    assert_problem(server.post(f"/v1/{noun}", json=body, token=programme.admin), 404, "not-found")
    assert server.entry_count() == before


def test_a_list_comes_in_pages(programme):
    server, admin = programme.server, programme.admin
    for i in range(5):
        server.made("/v1/touchpoints", {"id": f"door-{i}", "name": f"Door {i}"}, admin)
    whole = server.get("/v1/touchpoints?page_size=1000", token=admin).json()
    assert "next_page_token" not in whole
    paged, query, pages = [], "page_size=2", 0
    while query:
        page = server.get(f"/v1/touchpoints?{query}", token=admin).json()
        assert 1 <= len(page["touchpoints"]) <= 2
        paged += page["touchpoints"]
        pages += 1
        following = page.get("next_page_token")
        query = following and f"page_size=2&page_token={following}"
    assert paged == whole["touchpoints"]
    assert pages >= 3


@pytest.mark.parametrize("query", ["page_size=0", "page_size=1001", "page_size=x", "page_size=-1",
                                   "page_size=", "page_token=%00", "page_token=nonsense!"])
def test_a_page_that_cannot_be_is_refused(programme, query):
    answer = programme.server.get(f"/v1/sites?{query}", token=programme.admin)
    assert_problem(answer, 400, "malformed")


def test_registering_again_under_the_same_key_gives_the_same_answer(programme):
    server, admin = programme.server, programme.admin
    body = {"id": "stairs", "name": "The stairs"}
    first = server.post("/v1/touchpoints", json=body, token=admin, key="stairs-1")
    before = server.entry_count()
    again = server.post("/v1/touchpoints", json=body, token=admin, key="stairs-1")
    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert server.entry_count() == before


def test_a_dry_run_registers_nothing(programme):
    server, admin = programme.server, programme.admin
    before = server.entry_count()
    answer = server.post("/v1/sites?dry_run=true", token=admin,
                         json={"id": "oslo", "name": "Oslo", "timezone": "Europe/Oslo",
                               "week_starts": "monday"})
    assert answer.status_code == 200, answer.text
    assert server.entry_count() == before
    assert_problem(server.get("/v1/sites/oslo", token=admin), 404, "not-found")


def test_what_was_registered_is_there_after_a_restart(make_server):
    server = make_server()
    body = {"code": "EUR", "scale": 2, "kind": "money", "name": "Euro"}
    server.made("/v1/units", body, server.admin)
    before = server.entries()
    server.restart()
    found = server.get("/v1/units/EUR", token=server.admin)
    assert found.status_code == 200
    assert {field: found.json().get(field) for field in body} == body
    assert server.entries() == before
