"""The client's limits, headroom, approvals and delegations; limits as a file."""
import json
import os

import pytest

from checks import Unchanged
from policy import end, fresh, give, given, limits, new_customer, new_staff, put  # noqa: F401

DONE, REFUSED, TROUBLE = 0, 1, 2


@pytest.fixture(scope="module")
def cli(lagniappe, programme):
    def run(token, *words, **kwargs):
        environment = {**os.environ, "LAGNIAPPE_URL": programme.server.url,
                       "LAGNIAPPE_TOKEN": token}
        return lagniappe(*words, env=environment, **kwargs)
    return run


def done(answer):
    assert answer.returncode == DONE, (answer.returncode, answer.stdout, answer.stderr)
    return answer.stdout


def now(programme, limit):
    return programme.server.get(f"/v1/limits/{limit}", token=programme.finance).json()


# --- one command each ---

def test_up_to_2000_per_guest_per_incident_is_one_command(programme, cli):
    told = done(cli(programme.finance, "limits", "set", "guest-incident", "--unit", "EUR",
                    "--measure", "amount", "--per", "customer-incident", "--window", "lifetime",
                    "--max", "2000.00", "--role", "staff", "--when-passed", "ask",
                    "--note", "Discretion of the front line"))
    assert "2,000.00 EUR" in told and "role=staff" in told
    limit = now(programme, "guest-incident")
    assert (limit["max"], limit["scope"], limit["when_passed"]) == (200000, {"role": "staff"}, "ask")
    _, token = new_staff(programme)
    given(programme, 200000, token, incident="INC-1")
    assert give(programme, 1, token, incident="INC-1").json()["limit"] == "guest-incident"
    listed = done(cli(programme.auditor, "limits", "list"))
    assert "guest-incident" in listed and "2,000.00 EUR" in listed and "role=staff" in listed
    assert done(cli(programme.finance, "limits", "end", "guest-incident")) == "ended\n"
    assert "guest-incident" not in done(cli(programme.finance, "limits", "list"))


def test_a_limit_is_shown_guarded_and_its_versions_told(programme, cli, limits):
    limit = limits(measure="count", max=5)
    assert "5" in done(cli(programme.anna, "limits", "show", limit))
    words = ["limits", "set", limit, "--unit", "EUR", "--measure", "count", "--per", "staff",
             "--window", "day", "--max", "6"]
    stale = str(now(programme, limit)["version"] - 1)
    answer = cli(programme.finance, *words, "--if-match", stale)
    assert answer.returncode == REFUSED and "changed in between" in answer.stderr
    assert cli(programme.finance, "limits", "end", limit, "--if-match", stale).returncode == REFUSED
    done(cli(programme.finance, *words, "--if-match", str(now(programme, limit)["version"])))
    versions = json.loads(done(cli(programme.finance, "--json", "limits", "versions", limit)))
    assert [one["max"] for one in versions["versions"]] == [6, 5]
    assert len(done(cli(programme.finance, "limits", "versions", limit)).splitlines()) == 3


def test_a_bad_limit_says_which_field_and_why(programme, cli):
    answer = cli(programme.finance, "limits", "set", "bad", "--unit", "EUR", "--measure", "amount",
                 "--per", "grant", "--window", "day", "--max", "5")
    assert answer.returncode == REFUSED
    assert "field: window" in answer.stderr and "none" in answer.stderr
    answer = cli(programme.finance, "limits", "set", "bad", "--per", "grant")
    assert answer.returncode == TROUBLE and "missing" in answer.stderr


def test_headroom_is_told_in_money(programme, cli, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=10000)
    given(programme, 2550, token)
    told = done(cli(token, "headroom"))
    line = next(one for one in told.splitlines() if limit in one)
    assert "74.50 EUR" in line and "25.50 EUR" in line and "100.00 EUR" in line
    assert "budget" in told and "front-desk" in told and "available" in told
    assert json.loads(done(cli(token, "--json", "headroom", "--customer", programme.customer)))


def test_approvals_are_listed_approved_and_declined(programme, cli, limits):
    who, token = new_staff(programme)
    limits(scope={"staff": who}, max=100, when_passed="ask")
    words = ["grant", "--customer", programme.customer, "--amount", "5.00", "--unit", "EUR",
             "--reason", "late-room", "--if-over", "ask"]
    seqs = [json.loads(done(cli(token, "--json", *words)))["seq"] for _ in range(2)]
    told = done(cli(programme.marc, "approvals", "list"))
    assert all(str(seq) in told for seq in seqs) and "5.00 EUR" in told
    assert "grant" in done(cli(programme.marc, "approvals", "approve", str(seqs[0]), "--note", "ok"))
    assert "decline" in done(cli(programme.marc, "approvals", "decline", str(seqs[1])))
    answer = cli(programme.marc, "approvals", "approve", str(seqs[1]))
    assert answer.returncode == REFUSED and "decided already" in answer.stderr
    own = json.loads(done(cli(token, "--json", *words)))["seq"]
    assert str(own) in done(cli(token, "approvals", "list"))
    assert "decline" in done(cli(token, "approvals", "decline", str(own)))
    answer = cli(token, "approvals", "list")
    assert answer.returncode == REFUSED and "nothing of yours waits" in answer.stderr


def test_a_delegation_is_lent_and_ended(programme, cli):
    who, _ = new_staff(programme)
    told = json.loads(done(cli(programme.marc, "--json", "delegations", "add", "--to", who,
                               "--unit", "EUR", "--ceiling", "50.00", "--until", "2999-01-01",
                               "--site", "paris")))
    assert (told["ceiling"], told["scope"], told["from"]) == (5000, {"site": "paris"}, "marc")
    listed = done(cli(programme.finance, "delegations", "list"))
    line = next(one for one in listed.splitlines() if told["id"] in one)
    assert "50.00 EUR" in line and "site=paris" in line
    done(cli(programme.marc, "delegations", "end", told["id"]))
    assert "true" in done(cli(programme.marc, "delegations", "show", told["id"]))


def test_a_refusal_and_an_ask_are_told_in_money(programme, cli, limits):
    who, token = new_staff(programme)
    limit = limits(scope={"staff": who}, max=10000, when_passed="ask")
    given(programme, 2550, token)
    words = ["grant", "--customer", programme.customer, "--amount", "80.00", "--unit", "EUR",
             "--reason", "late-room"]
    for more in ([], ["--dry-run"]):
        said = cli(token, *words, *more).stderr
        for line in (f"limit: {limit}", "max: 100.00 EUR", "used: 25.50 EUR",
                     "remaining: 74.50 EUR", "when_passed: ask"):
            assert f"  {line}\n" in said
        assert "--if-over ask" in said and "[{" not in said
    told = done(cli(token, *words, "--if-over", "ask"))
    assert "{" not in told and "74.50 EUR" in told and "100.00 EUR" in told
    limits(limit, scope={"staff": who}, max=3, measure="count", window="month")
    given(programme, 1, token), given(programme, 1, token), given(programme, 1, token)
    said = cli(token, *words).stderr
    assert "  max: 3\n" in said and "not negotiable" in said


# --- explain ---

def test_explain_prints_every_limit_in_order_and_what_would_happen(programme, cli, limits):
    who, token = new_staff(programme)
    limits("explain-b", scope={"staff": who}, max=10000, when_passed="ask")
    limits("explain-a", scope={"staff": who}, measure="count", max=3)
    limits("explain-c", scope={"staff": who}, per="customer-incident", window="lifetime", max=10000)
    given(programme, 4000, token, incident="INC-1")
    words = ["limits", "explain", "--customer", programme.customer, "--unit", "EUR", "--reason",
             "late-room", "--incident", "INC-1"]
    with Unchanged(programme):
        told = done(cli(token, *words, "--amount", "50.00"))
        assert "it would be granted" in told
        rows = [one.split() for one in told.splitlines() if one.startswith("explain-")]
        assert [row[0] for row in rows] == ["explain-a", "explain-b", "explain-c"]
        assert "40.00 EUR" in told and "60.00 EUR" in told and "100.00 EUR" in told
        assert told.count("allows it") == 3
        told = done(cli(token, *words, "--amount", "60.00", "--if-over", "ask"))
        assert "it would be refused" not in told
        answer = cli(token, *words, "--amount", "60.01")
        assert answer.returncode == REFUSED
        assert "would ask" in answer.stdout and "would refuse" in answer.stdout
        assert "it would be refused: A limit does not allow it, explain-c" in answer.stdout
    assert end(programme, "explain-c").status_code == 204
    with Unchanged(programme):
        told = done(cli(token, *words, "--amount", "60.01", "--if-over", "ask"))
        assert "put to a manager" in told
        answer = cli(token, *words, "--amount", "60.01")
        assert answer.returncode == REFUSED
        assert ("it would be refused (explain-b); with --if-over ask it would wait for approval"
                in answer.stdout)
        data = json.loads(done(cli(token, "--json", *words, "--amount", "1")))
        assert [one["limit"] for one in data["limits"]] == ["explain-a", "explain-b"]
        answer = cli(token, "limits", "explain", "--customer", programme.customer, "--unit", "EUR",
                     "--reason", "whim", "--amount", "1")
        assert answer.returncode == REFUSED and "reason" in answer.stderr


def test_finance_explains_what_others_may_give(programme, cli, limits):
    who, token = new_staff(programme)
    limits("explain-other", scope={"staff": who}, window="month", max=10000)
    given(programme, 4000, token)
    words = ["limits", "explain", "--customer", programme.customer, "--unit", "EUR", "--reason",
             "late-room", "--staff", who]
    for asks in (programme.finance, programme.auditor):
        with Unchanged(programme):
            told = done(cli(asks, *words, "--amount", "60.00"))
            assert "explain-other" in told and "60.00 EUR" in told and "it would be granted" in told
            answer = cli(asks, *words, "--amount", "60.01")
            assert answer.returncode == REFUSED and "it would be refused" in answer.stdout
            assert cli(asks, *words[:-2], "--amount", "1").returncode == REFUSED
    assert cli(programme.admin, *words, "--amount", "1").returncode == REFUSED


# --- a programme's limits as a file ---

@pytest.fixture
def clean(programme):
    """No limit in force before, nor behind."""
    def end_all():
        listed = programme.server.get("/v1/limits?page_size=1000", token=programme.finance).json()
        for limit in listed["limits"]:
            assert end(programme, limit["id"]).status_code == 204
    end_all()
    yield
    end_all()


def file_of(tmp_path, *limits_in_it):
    path = tmp_path / fresh("limits.json")
    path.write_text(json.dumps({"limits": list(limits_in_it)}))
    return path


def limit_of(limit, **fields):
    return {"id": limit, "unit": "EUR", "measure": "amount", "per": "staff", "window": "day",
            "max": 1000, **fields}


def in_force(programme):
    listed = programme.server.get("/v1/limits?page_size=1000", token=programme.finance).json()
    return {one["id"]: one for one in listed["limits"]}


def test_a_file_is_applied_as_a_whole_with_the_difference_first(programme, cli, clean, tmp_path):
    first = file_of(tmp_path, limit_of("a"), limit_of("b", scope={"role": "staff"}),
                    limit_of("c", **{"from": "2026-01-01T00:00:00Z"}))
    told = done(cli(programme.finance, "limits", "apply", first, "--yes"))
    assert told.splitlines()[0] == "+ a" and "3 new, 0 changed, 0 ended, 0 as they were" in told
    assert set(in_force(programme)) == {"a", "b", "c"}
    before = programme.server.entry_count()
    told = done(cli(programme.finance, "limits", "apply", first, "--yes"))
    assert "0 new, 0 changed, 0 ended, 3 as they were" in told
    assert programme.server.entry_count() == before
    second = file_of(tmp_path, limit_of("a", max=2000), limit_of("b", scope={"site": "paris"}),
                     limit_of("d", note="New"))
    shown = cli(programme.finance, "limits", "apply", second)
    assert shown.returncode == REFUSED and "--yes" in shown.stderr
    for line in ("~ a", "    max: 1000 -> 2000", "~ b", "    scope.role: staff -> (none)",
                 "    scope.site: (none) -> paris", "+ d", "    note: New", "- c",
                 "1 new, 2 changed, 1 ended, 0 as they were; nothing was written"):
        assert line in shown.stdout.splitlines(), line
    assert done(cli(programme.finance, "limits", "apply", second, "--dry-run")) == shown.stdout
    assert programme.server.entry_count() == before
    done(cli(programme.finance, "limits", "apply", second, "--yes"))
    force = in_force(programme)
    assert set(force) == {"a", "b", "d"}
    assert (force["a"]["max"], force["b"]["scope"]) == (2000, {"site": "paris"})


def test_what_is_listed_is_a_file_to_apply(programme, cli, clean, tmp_path):
    done(cli(programme.finance, "limits", "apply", file_of(
        tmp_path, limit_of("a", note="Noted", until="2999-01-01T00:00:00.5Z"), limit_of("b")),
        "--yes"))
    kept = tmp_path / "kept.json"
    kept.write_text(done(cli(programme.auditor, "--json", "limits", "list")))
    told = done(cli(programme.finance, "limits", "apply", kept, "--yes"))
    assert "0 new, 0 changed, 0 ended, 2 as they were" in told
    told = done(cli(programme.finance, "limits", "apply", "-", "--yes", input='{"limits": []}'))
    assert told.splitlines()[:2] == ["- a", "- b"] and in_force(programme) == {}
    assert '{"limits": [' in done(cli(programme.finance, "limits", "apply", "--help"))


def test_a_dry_run_of_set_sets_nothing(programme, cli, clean):
    words = ["limits", "set", "maybe", "--unit", "EUR", "--measure", "amount", "--per", "staff",
             "--window", "day", "--max", "1.50", "--dry-run"]
    with Unchanged(programme):
        assert "1.50 EUR" in done(cli(programme.finance, *words))
    assert in_force(programme) == {}


def test_what_the_server_would_not_take_is_found_before_anything_is_written(programme, cli, clean,
                                                                            tmp_path):
    path = file_of(tmp_path, limit_of("a"), limit_of("b", unit="XYZ"))
    with Unchanged(programme):
        answer = cli(programme.finance, "limits", "apply", path, "--yes")
    assert answer.returncode == REFUSED
    assert '"b"' in answer.stderr and "unit" in answer.stderr
    assert "nothing was written" in answer.stderr


@pytest.mark.parametrize("text, said", [
    (json.dumps({"limits": [limit_of("a"), limit_of("b"), limit_of("a", max=5)]}),
     'two limits of the id "a"'),
    (json.dumps({"limits": [limit_of("a", colour="red")]}), 'unknown field "colour"'),
    (json.dumps({"limits": [limit_of("a", scope={"planet": "x"})]}), '"scope.planet"'),
    (json.dumps({"limits": [limit_of("a", **{"scope.role": "staff"})]}), '"scope.role"'),
    (json.dumps({"limits": [limit_of("a", max=1.5)]}), "max must be"),
    (json.dumps({"limits": [limit_of("a", max=None)]}), "max must be"),
    (json.dumps({"limits": [limit_of("a", scope="staff")]}), "scope must be an object"),
    (json.dumps({"limits": [limit_of("a", scope={"role": {"x": 1}})]}), "scope"),
    (json.dumps({"limits": [limit_of("a", max={})]}), "max must be"),
    (json.dumps({"limits": [limit_of("A")]}), "limit 1 of the list needs an id"),
    (json.dumps({"limits": [{"max": 1}]}), "needs an id"),
    (json.dumps({"limits": [5]}), "needs an id"),
    (json.dumps({"limits": {}}), '{"limits": '),
    (json.dumps([limit_of("a")]), '{"limits": '),
    (json.dumps({"limits": [], "more": 1}), '{"limits": '),
    ('{"limits": [{"id": "a", "max": 1, "max": 2}]}', "line 1"),
    ('{"limits": [\n', "line 2"),
])
def test_a_file_that_cannot_be_is_refused_with_the_reason(programme, cli, clean, tmp_path, text,
                                                          said):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with Unchanged(programme):
        answer = cli(programme.finance, "limits", "apply", path, "--yes")
    assert answer.returncode == TROUBLE, answer.stdout
    assert said in answer.stderr
    missing = cli(programme.finance, "limits", "apply", tmp_path / "none.json")
    assert missing.returncode == TROUBLE
    assert "none.json" in missing.stderr and "line -1" not in missing.stderr


def test_applying_is_finances(programme, cli, clean, tmp_path):
    with Unchanged(programme):
        answer = cli(programme.marc, "limits", "apply", file_of(tmp_path, limit_of("a")), "--yes")
    assert answer.returncode == REFUSED and "manager" in answer.stderr
