"""The client: init, every noun by its command, receipts proven offline, the demo."""
import base64
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from harness import BUILD, ROOT, ZONE

DONE, REFUSED, TROUBLE = 0, 1, 2


@pytest.fixture(scope="module")
def cli(lagniappe, programme):
    """Runs a command against the programme's server: cli(token, "units", "list")."""
    def run(token, *words, **kwargs):
        environment = {**os.environ, "LAGNIAPPE_URL": programme.server.url}
        environment.pop("LAGNIAPPE_TOKEN", None)
        if token:
            environment["LAGNIAPPE_TOKEN"] = token
        return lagniappe(*words, env=environment, **kwargs)
    return run


def done(answer):
    assert answer.returncode == DONE, (answer.returncode, answer.stdout, answer.stderr)
    return answer.stdout


def done_json(answer):
    return json.loads(done(answer))


# --- init ---


def test_init_tells_the_tokens_and_the_key_once_each(lagniappe, tmp_path):
    data = tmp_path / "data"
    told = done(lagniappe("init", "--data", data, "--origin", "a.example/ledger",
                          "--timezone", ZONE))
    assert re.fullmatch(r"admin-token: (lgp_[0-9a-f]{64})\nfinance-token: (lgp_[0-9a-f]{64})\n"
                        r"log-vkey: a\.example/ledger\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}\n", told)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("signing", "master", "mac"):
        assert stat.S_IMODE((data / "keys" / name).stat().st_mode) == 0o600
    held = b"".join(p.read_bytes() for p in data.rglob("*") if p.is_file())
    for secret in re.findall("lgp_[0-9a-f]{64}", told):
        assert secret.encode() not in held
        assert secret[4:].encode() not in held


def test_init_refuses_a_directory_that_holds_a_ledger(lagniappe, tmp_path):
    words = ["init", "--data", tmp_path / "data", "--origin", "a.example", "--timezone", "UTC"]
    done(lagniappe(*words))
    before = (tmp_path / "data" / "ledger.mdb").read_bytes()
    again = lagniappe(*words)
    assert again.returncode == REFUSED
    assert again.stdout == "" and "holds a ledger already" in again.stderr
    assert (tmp_path / "data" / "ledger.mdb").read_bytes() == before


@pytest.mark.parametrize("origin, zone, said", [
    ("a.example", "Europe/Pariss", "no such IANA time zone"),
    ("a.example", "europe/paris", "no such IANA time zone"),
    ("a.example", "GMT+3", "no such IANA time zone"),
    ("a.example", "BST", "no such IANA time zone"),
    ("a.example", "", "no such IANA time zone"),
    ("a example", "UTC", "--origin"),
    ("a+b", "UTC", "--origin"),
    ("", "UTC", "--origin"),
    ("x" * 129, "UTC", "--origin"),
])
def test_init_refuses_a_bad_origin_or_zone_and_makes_nothing(lagniappe, tmp_path, origin, zone, said):
    answer = lagniappe("init", "--data", tmp_path / "data", "--origin", origin, "--timezone", zone)
    assert answer.returncode == TROUBLE
    assert said in answer.stderr
    assert not (tmp_path / "data").exists()


# --- the command line ---


@pytest.mark.parametrize("words, said", [
    ([], "usage:"),
    (["unicorns"], 'no command "unicorns"'),
    (["units"], "list show add set"),
    (["units", "fly"], "list show add set"),
    (["units", "show"], "takes one argument: ID"),
    (["units", "list", "more"], "takes no arguments"),
    (["statement", "a", "b"], "lagniappe: statement takes"),
    (["units", "add", "--code", "EUR", "--name", "Euro"], "--scale is missing"),
    (["units", "add", "--wings", "2"], "no option --wings"),
    (["units", "add", "--code"], "needs a value"),
    (["grant", "--customer", "c", "--amount", "1x", "--unit", "EUR", "--reason", "r"],
     "whole number"),
    (["--url", "ftp://x", "units", "list"], "http://"),
])
def test_a_line_that_cannot_be_run_says_why(lagniappe, words, said):
    answer = lagniappe(*words)
    assert answer.returncode == TROUBLE
    assert said in answer.stderr


def test_help_lists_every_command_and_its_options(lagniappe):
    told = done(lagniappe("--help"))
    for noun in ("units", "sites", "budgets", "reasons", "touchpoints", "staff", "tokens",
                 "customers", "allot", "grant", "thank", "reverse", "balances", "statement",
                 "entries", "receipt", "checkpoint", "import", "init"):
        assert re.search(rf"^  {noun}\b", told, re.M), noun
    assert "--week-starts" in done(lagniappe("sites", "add", "--help"))


def test_a_server_that_is_not_there_is_trouble(lagniappe):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = lagniappe("--url", f"http://127.0.0.1:{unused.getsockname()[1]}", "units", "list")
    assert answer.returncode == TROUBLE
    assert "gave no answer" in answer.stderr


# --- the nouns ---


def test_every_noun_is_registered_listed_shown_and_changed(cli, programme):
    admin = programme.admin
    nouns = [
        ("units", "TEA", ["--code", "TEA", "--scale", "0", "--kind", "points", "--name", "Cups"]),
        ("sites", "porto", ["--id", "porto", "--name", "Porto", "--timezone", "Europe/Lisbon",
                            "--week-starts", "sunday"]),
        ("budgets", "tea", ["--id", "tea", "--site", "porto", "--unit", "TEA", "--name", "Tea"]),
        ("reasons", "thirst", ["--id", "thirst", "--name", "Thirst", "--kind", "discretionary"]),
        ("touchpoints", "bar", ["--id", "bar", "--name", "The bar"]),
        ("staff", "rui", ["--id", "rui", "--name", "Rui Çosta", "--role", "staff", "--site", "porto",
                          "--sites", "paris", "--budget", "tea", "--budgets", "front-desk"]),
    ]
    for noun, ident, options in nouns:
        made = done_json(cli(admin, "--json", noun, "add", *options))
        assert ident in (made.get("id"), made.get("code")), made
        listed = done(cli(admin, noun, "list"))
        assert re.search(rf"(^|\s){ident}(\s|$)", listed), listed
        shown = done_json(cli(admin, noun, "show", ident, "--json"))
        assert ident in (shown.get("id"), shown.get("code"))
        done(cli(admin, noun, "set", ident, *(["--active-until", "2099-01-01"] if noun == "staff"
                                              else ["--name", "Another name"])))
    staff = done_json(cli(admin, "--json", "staff", "show", "rui"))
    assert staff["sites"] == ["paris"] and staff["budgets"] == ["front-desk"]
    assert staff["active_until"] == "2099-01-01"
    assert done_json(cli(admin, "--json", "units", "show", "TEA"))["name"] == "Another name"


def test_a_token_is_issued_shown_without_its_secret_and_ended(cli, programme):
    made = done_json(cli(programme.admin, "--json", "tokens", "add", "--role", "staff",
                         "--subject", "anna", "--expires-in", "3600"))
    assert done(cli(made["token"], "reasons", "list"))
    listed = done(cli(programme.admin, "tokens", "list"))
    assert made["token"] not in listed
    done(cli(programme.admin, "tokens", "end", made["id"]))
    after = cli(made["token"], "reasons", "list")
    assert after.returncode == REFUSED and "(401)" in after.stderr


def test_a_customer_is_added_found_and_updated(cli, programme):
    made = done_json(cli(programme.anna, "--json", "customers", "add", "--reference", "cli-1",
                         "--name", "Zoé"))
    found = done_json(cli(programme.anna, "--json", "customers", "lookup", "--reference", "cli-1"))
    assert found["id"] == made["id"]
    done(cli(programme.anna, "customers", "update", made["id"], "--name", "Zoé Blanc"))
    assert "Zoé Blanc" in done(cli(programme.anna, "customers", "show", made["id"]))
    missing = cli(programme.anna, "customers", "lookup", "--reference", "nobody")
    assert missing.returncode == REFUSED and "(404)" in missing.stderr


# --- acts ---


def grant(cli, programme, amount="1250", *more):
    return cli(programme.anna, "--json", "grant", "--customer", programme.customer, "--amount",
               amount, "--unit", "EUR", "--reason", "late-room", *more)


def test_amounts_are_minor_units_or_have_a_point(cli, programme):
    assert done_json(grant(cli, programme, "1250"))["amount"] == 1250
    assert done_json(grant(cli, programme, "12.5"))["amount"] == 1250
    too_fine = grant(cli, programme, "12.505")
    assert too_fine.returncode == TROUBLE and "more decimals" in too_fine.stderr


def test_people_see_amounts_as_decimals_of_the_unit(cli, programme):
    shown = done(cli(programme.anna, "grant", "--customer", programme.customer, "--amount", "1234",
                     "--unit", "EUR", "--reason", "late-room", "--words", "Sorry", "--incident", "R-1"))
    assert re.search(r"^amount +12\.34 EUR$", shown, re.M)
    assert re.search(r"^incident +R-1$", shown, re.M)
    assert re.search(r"EUR +\S+ EUR", done(cli(programme.anna, "balances", programme.customer)))
    statement = done(cli(programme.marc, "statement", programme.customer))
    assert "12.34 EUR" in statement
    assert "12.34 EUR" in done(cli(programme.auditor, "entries", "list", "--page-size", "1000"))


def test_customers_see_what_they_hold_and_what_was_said(cli, programme):
    done(cli(programme.anna, "grant", "--customer", programme.customer, "--amount", "4000", "--unit",
             "EUR", "--reason", "late-room", "--words", "Sorry that your room was late."))
    grant(cli, programme, "999999999999")
    balances = done(cli(programme.customer_token, "balances"))
    assert balances == done(cli(programme.customer_token, "balances", programme.customer))
    assert " EUR" in balances and "minor" not in balances
    told = done(cli(programme.customer_token, "statement"))
    assert "Sorry that your room was late." in told and "40.00 EUR" in told
    assert "refusal" not in told and "9,999,999,999.99" not in told
    assert "refusal" in done(cli(programme.marc, "statement", programme.customer))


def test_options_are_shown_and_taken_where_they_act(lagniappe):
    takes = {("grant",): True, ("limits", "set"): True, ("limits", "apply"): True,
             ("limits", "end"): False, ("headroom",): False, ("units", "set"): False,
             ("customers", "lookup"): False, ("balances",): False}
    for words, dry in takes.items():
        assert ("--dry-run" in done(lagniappe(*words, "--help"))) == dry, words
    answer = lagniappe("--dry-run", "limits", "end", "x")
    assert answer.returncode == TROUBLE and "no option --dry-run" in answer.stderr
    told = done(lagniappe("limits", "set", "--help"))
    assert "|site|budget\n" in told and "quarter|year|lifetime\n" in told
    assert "|sunday\n" in done(lagniappe("sites", "set", "--help"))


def test_a_missing_or_dead_token_says_how_to_give_one(cli):
    for token in (None, "lgp_" + "0" * 64):
        said = cli(token, "units", "list").stderr
        assert "LAGNIAPPE_TOKEN" in said and "Bearer" not in said


def test_an_allotment_is_given_and_taken_back(cli, programme):
    before = programme.server.available()
    done(cli(programme.finance, "allot", "front-desk", "--amount", "500", "--note", "More"))
    done(cli(programme.finance, "allot", "front-desk", "--amount", "-2.00", "--unit", "EUR"))
    assert programme.server.available() == before + 300


def test_a_thanks_is_said_and_a_grant_reversed(cli, programme):
    thanks = done_json(cli(programme.anna, "--json", "thank", "--customer", programme.customer,
                           "--reason", "kind-word", "--minutes", "5"))
    assert thanks["kind"] == "thanks" and thanks["minutes"] == 5
    seq = done_json(grant(cli, programme, "700"))["seq"]
    before = programme.server.balance(programme.customer, programme.anna)
    reversal = done_json(cli(programme.anna, "--json", "reverse", seq, "--note", "a slip"))
    assert reversal["kind"] == "reversal" and reversal["refers_to"] == seq
    assert programme.server.balance(programme.customer, programme.anna) == before - 700
    again = cli(programme.anna, "reverse", seq, "--note", "a slip")
    assert again.returncode == REFUSED
    assert "It is reversed already" in again.stderr and "(409)" in again.stderr


def test_the_same_key_gives_the_first_answer_again(cli, programme):
    words = ("--key", "cli-same")
    first = done_json(grant(cli, programme, "100", *words))
    before = programme.server.entry_count()
    second = done_json(grant(cli, programme, "100", *words))
    assert second["seq"] == first["seq"]
    assert programme.server.entry_count() == before
    other = grant(cli, programme, "101", *words)
    assert other.returncode == REFUSED and "(422)" in other.stderr


def test_a_dry_run_writes_nothing(cli, programme):
    before = programme.server.entry_count()
    assert done_json(grant(cli, programme, "100", "--dry-run"))["amount"] == 100
    told = done(cli(programme.admin, "reasons", "add", "--id", "dry", "--name", "Dry", "--kind",
                    "discretionary", "--dry-run"))
    assert "nothing was written" in told
    assert programme.server.entry_count() == before


def test_a_refusal_says_what_the_server_said(cli, programme):
    refused = grant(cli, programme, "99999999999")
    assert refused.returncode == REFUSED
    assert "The budget has not that much available" in refused.stderr and "(409)" in refused.stderr
    assert json.loads(refused.stdout)["type"] == "/problems/insufficient-budget"
    wrong = cli(programme.anna, "grant", "--customer", programme.customer, "--amount", "-1",
                "--unit", "EUR", "--reason", "late-room")
    assert wrong.returncode == REFUSED and "field: amount" in wrong.stderr


def test_the_checkpoint_is_the_logs_own(cli, programme):
    told = done(cli(programme.auditor, "checkpoint"))
    assert told.startswith(programme.server.origin + "\n")
    assert f"— {programme.server.origin} " in told


# --- trying again ---


class Flaky(http.server.BaseHTTPRequestHandler):
    """Drops one request, is busy at the next, then takes it."""
    keys = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        if len(self.keys) == 1:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        busy = len(self.keys) == 2
        body = json.dumps({"type": "/problems/overloaded", "title": "Busy", "status": 503} if busy
                          else {"seq": 7}).encode()
        self.send_response(503 if busy else 201)
        if busy:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def test_a_lost_answer_and_a_busy_server_are_asked_again_with_the_same_key(lagniappe):
    Flaky.keys = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as flaky:
        threading.Thread(target=flaky.serve_forever, daemon=True).start()
        started = time.monotonic()
        answer = lagniappe("--url", f"http://127.0.0.1:{flaky.server_address[1]}", "--json",
                           "reverse", "3", "--note", "x")
        flaky.shutdown()
    assert done_json(answer) == {"seq": 7}
    assert len(Flaky.keys) == 3 and len(set(Flaky.keys)) == 1 and Flaky.keys[0]
    assert time.monotonic() - started >= 1  # as Retry-After asked


# --- receipts ---


@pytest.fixture(scope="module")
def receipt(cli, programme):
    """A grant's JSON as answered."""
    return done_json(grant(cli, programme, "4200", "--incident", "R-77"))


def verify(lagniappe, told, key):
    return lagniappe("receipt", "verify", "-", "--key", key,
                     input=told if isinstance(told, str) else json.dumps(told))


def test_a_grants_receipt_is_proven_offline(lagniappe, programme, receipt, tmp_path):
    (tmp_path / "grant.json").write_text(json.dumps(receipt))
    (tmp_path / "log.vkey").write_text(programme.server.vkey + "\n")
    for key in (programme.server.vkey, tmp_path / "log.vkey"):
        told = done(lagniappe("receipt", "verify", tmp_path / "grant.json", "--key", key))
        assert told.startswith("valid\n")
        assert f"entry {receipt['seq']} is in the log {programme.server.origin}" in told
        assert "Not proven here" in told
    told = done_json(lagniappe("--json", "receipt", "verify", tmp_path / "grant.json", "--key",
                               programme.server.vkey))
    assert told["valid"] is True and told["index"] == receipt["seq"]


def test_a_receipt_stands_by_itself_and_can_be_fetched_later(cli, lagniappe, programme, receipt):
    key = programme.server.vkey
    done(verify(lagniappe, receipt["receipt"], key))
    fetched = done_json(cli(programme.auditor, "--json", "receipt", "get", receipt["seq"]))
    done(verify(lagniappe, fetched, key))
    text = done(cli(programme.auditor, "receipt", "get", receipt["seq"]))
    assert text.startswith("c2sp.org/tlog-proof@v1\n")


@pytest.mark.parametrize("field, value", [
    ("seq", 1), ("kind", "thanks"), ("amount", 4201), ("amount", "4200"), ("amount", -4200),
    ("balance", 1), ("time", "2020-01-01T00:00:00.000000Z"), ("business_date", "2020-01-01"),
    ("incident", "R-78"), ("refers_to", 3), ("policy", 1)])
def test_a_changed_field_beside_the_leaf_is_found(lagniappe, programme, receipt, field, value):
    answer = verify(lagniappe, {**receipt, field: value}, programme.server.vkey)
    assert answer.returncode == REFUSED
    assert answer.stdout.startswith(f"not valid: the file says {field} ")


def changed(text, at, to):
    return text[:at] + to + text[at + 1:]


def test_a_changed_leaf_proof_or_signature_is_found(lagniappe, programme, receipt):
    key, parts = programme.server.vkey, receipt["receipt"]
    leaf = bytearray(base64.b64decode(parts["leaf"]))
    for at in (0, 8, 32, 255):
        forged = bytes(leaf[:at]) + bytes([leaf[at] ^ 1]) + bytes(leaf[at + 1:])
        told = {"leaf": base64.b64encode(forged).decode(), "proof": parts["proof"]}
        assert verify(lagniappe, told, key).returncode == REFUSED
    lines = parts["proof"].split("\n")
    for i, line in enumerate(lines):
        if not line:
            continue
        at = min(5, len(line) - 1)
        other = "1" if line[at] != "1" else "2"
        forged = "\n".join(lines[:i] + [changed(line, at, other)] + lines[i + 1:])
        answer = verify(lagniappe, {"leaf": parts["leaf"], "proof": forged}, key)
        assert answer.returncode == REFUSED, line
        assert answer.stdout.startswith("not valid: ")


def test_another_logs_key_proves_nothing(lagniappe, receipt, tmp_path):
    told = done(lagniappe("init", "--data", tmp_path / "other", "--origin", "test.example/ledger",
                          "--timezone", "UTC"))
    other = re.search("log-vkey: (.*)", told).group(1)
    answer = verify(lagniappe, receipt, other)
    assert answer.returncode == REFUSED and "not valid" in answer.stdout


def test_a_receipt_of_another_entry_does_not_fit(cli, lagniappe, programme, receipt):
    other = done_json(grant(cli, programme, "4200", "--incident", "R-77"))
    swapped = {**receipt, "receipt": other["receipt"]}
    assert verify(lagniappe, swapped, programme.server.vkey).returncode == REFUSED


@pytest.mark.parametrize("told", ["", "[]", "{}", '{"leaf":"AA=="}', '{"receipt":{"leaf":1}}',
                                  "not json", '{"leaf":"","leaf":"","proof":""}'])
def test_what_holds_no_receipt_cannot_be_verified(lagniappe, programme, told):
    answer = verify(lagniappe, told, programme.server.vkey)
    assert answer.returncode == TROUBLE
    assert answer.stderr


def test_no_file_and_no_key_cannot_be_verified(lagniappe, programme, receipt, tmp_path):
    assert verify(lagniappe, receipt, "no-such-key").returncode == TROUBLE
    (tmp_path / "bad.vkey").write_text(programme.server.vkey[:-2] + "AA\n")
    assert verify(lagniappe, receipt, tmp_path / "bad.vkey").returncode == TROUBLE
    missing = lagniappe("receipt", "verify", tmp_path / "none", "--key", programme.server.vkey)
    assert missing.returncode == TROUBLE
    assert lagniappe("receipt", "verify", tmp_path / "none").returncode == TROUBLE


@pytest.mark.parametrize("vector", ["tlog-5", "tlog-300"])
def test_receipts_of_an_independent_log_are_proven(lagniappe, vector):
    folder = ROOT / "tests" / "vectors" / vector
    leaf = base64.b64encode((folder / "leaf.bin").read_bytes()).decode()
    proof = (folder / "receipt.tlog-proof").read_text()
    told = done(verify(lagniappe, {"leaf": leaf, "proof": proof}, folder / "log.vkey"))
    assert "does not know their format" in " ".join(told.split())
    claiming = {"leaf": leaf, "proof": proof, "seq": 2}
    assert verify(lagniappe, claiming, folder / "log.vkey").returncode == REFUSED


# --- the demo ---


def test_the_demo_serves_a_programme_until_it_is_stopped(tmp_path):
    environment = {**os.environ, "LAGNIAPPE_BUILD": str(BUILD), "DEMO_LISTEN": "127.0.0.1:0",
                   "TMPDIR": str(tmp_path)}
    environment.pop("DEMO_DATA", None)
    demo = subprocess.Popen([str(ROOT / "tools" / "demo.sh")], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=environment)
    watchdog = threading.Timer(120, demo.kill)
    watchdog.start()
    told = []
    for line in demo.stdout:
        told.append(line)
        if "Ctrl-C stops it" in line:
            break
    text = "".join(told)
    assert demo.poll() is None, text
    try:
        commands = [line.strip() for line in told
                    if re.match(r"  (curl|LAGNIAPPE_TOKEN|\S*lagniappe(-audit)? )", line)]
        assert len(commands) == 10, text
        for command in commands:  # by copy and paste, in their order
            answer = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True,
                                    timeout=60)
            assert answer.returncode == 0, (command, answer.stdout, answer.stderr)
            if "receipt verify" in command:
                assert answer.stdout.startswith("valid")
            if command.endswith("balances"):
                assert "40.00 EUR" in answer.stdout  # 25.00 from the demo, 15.00 just now
            if command.endswith("statement"):
                assert "Sorry that your room was not ready." in answer.stdout
            if "approvals list" in command:
                assert "300.00 EUR" in answer.stdout
    finally:
        demo.send_signal(signal.SIGTERM)
        rest = demo.communicate(timeout=60)[0]
        watchdog.cancel()
    assert demo.returncode == 0, rest
    assert "Stopped." in rest
    assert list(pathlib.Path(tmp_path).iterdir()) == []
