"""lagniappe-audit verify on a server's URL: an honest server, and one that lies.

The liar is a proxy before an honest server: for chosen addresses it changes the
answer, or sends bytes of its own.
"""
import base64
import dataclasses
import http.client
import http.server
import json
import random
import re
import subprocess
import threading

import pytest

from checks import grant, grant_body, post_lines
from harness import ORIGIN, SANITIZED, run_program, set_up_programme

ENTRY = 256
SLOT = ENTRY + 2  # of a bundle
HASH = 32
NOISE_ROUNDS = 10
LIE_SECONDS = 120 if SANITIZED else 30  # an audit of a liar ends by then


# --- the liar ---

@dataclasses.dataclass
class Answer:
    status: int
    type: str
    body: bytes
    headers: dict = dataclasses.field(default_factory=dict)


class Liar:
    """What is asked of it and matches a lie's pattern is answered with the lie's
    word: it takes an Answer and gives another, or sends by itself and gives None."""

    def __init__(self, server):
        self.server = server
        self.lies = []
        self.asked = []
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                liar.answer(self)

            def log_message(self, *args):
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, args=(0.02,),
                                       daemon=True)
        self.thread.start()

    def honest(self, path, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        sent = {name: headers[name] for name in ("Authorization", "Accept") if name in headers}
        connection.request("GET", path, headers=sent)
        got = connection.getresponse()
        answer = Answer(got.status, got.headers.get("Content-Type", ""), got.read())
        connection.close()
        return answer

    def answer(self, handler):
        self.asked.append(handler.path)
        answer = self.honest(handler.path, handler.headers)
        for pattern, lie in self.lies:
            if answer is not None and re.fullmatch(pattern, handler.path):
                answer = lie(answer, handler)
        if answer is None:
            handler.close_connection = True
            return
        try:
            handler.send_response(answer.status)
            handler.send_header("Content-Type", answer.type)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.end_headers()
            handler.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # the audit had read enough

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join()


def body(change):
    return lambda answer, _: dataclasses.replace(answer, body=change(answer.body))


def flip(at):
    return body(lambda old: old[:at] + bytes([old[at] ^ 1]) + old[at + 1:])


def status(number, **headers):
    return lambda answer, _: Answer(number, "application/problem+json", b"{}",
                                    {name.replace("_", "-"): v for name, v in headers.items()})


def page(answer, _):
    return Answer(200, "text/html", b"<html><body>Please sign in</body></html>")


def cut_off(answer, handler):
    """Half of it, and the connection is closed."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
    handler.wfile.write(answer.body[:len(answer.body) // 2])


def endless(_, handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"\x01\x00" + bytes(1 << 16))
    except (BrokenPipeError, ConnectionResetError):
        pass


def nothing(_, handler):
    handler.close_connection = True


# --- the ledgers ---

def give(programme, count, start=0):
    lines = [dict(grant_body(programme, 1 + i % 97), key=f"g-{start + i}") for i in range(count)]
    for line in post_lines(programme.server, "/v1/grants/batch", lines, programme.anna):
        assert line["status"] == 201, line


@pytest.fixture(scope="module")
def ledger(server):
    """Two bundles that are full, and one that is not; a reversal of an early grant;
    a payload that no definition is."""
    programme = set_up_programme(server)
    first = grant(programme, 500)
    give(programme, 560)
    server.made(f"/v1/entries/{first['seq']}/reverse", {"note": "x"}, programme.anna)
    programme.size = server.entry_count()
    assert 512 < programme.size < 768
    return programme


@pytest.fixture
def liar(ledger):
    liar = Liar(ledger.server)
    yield liar
    liar.close()


def audit(url, programme, *args, **kwargs):
    return run_program("lagniappe-audit", "verify", url, "--token", programme.auditor, *args,
                       timeout=LIE_SECONDS * 4, **kwargs)


def told(done):
    """The JSON of an audit that could run."""
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["clean"] else 1)
    return found


def clean(url, programme, *args):
    found = told(audit(url, programme, "--key", programme.server.vkey, "--json", *args))
    assert found["clean"] and found["findings"] == [], found["findings"]
    return found


def findings(liar, ledger, *args):
    found = told(audit(liar.url, ledger, "--key", ledger.server.vkey, "--json", *args))
    return [(finding["rule"], finding.get("entry"), finding["detail"])
            for finding in found["findings"]]


# --- an honest server ---

def test_an_address_shows_what_the_directory_shows(ledger):
    by_url = clean(ledger.server.url, ledger)
    done = run_program("lagniappe-audit", "verify", ledger.server.data, "--key",
                       ledger.server.vkey, "--json")
    by_file = json.loads(done.stdout)
    assert done.returncode == 0
    for name in ("origin", "size", "entries", "root", "units", "payloads", "taken_on_trust"):
        assert by_url[name] == by_file[name], name
    assert by_url["checkpoints"] == 1 < by_file["checkpoints"]


def test_what_an_address_cannot_show_is_said(ledger):
    for text in clean(ledger.server.url, ledger)["not_audited"], \
            audit(ledger.server.url, ledger).stdout.splitlines():
        for word in ("checkpoints before", "state.mdb", "high-water", "payloads that no entry"):
            assert [line for line in text if word in line], word


def test_a_slash_and_the_environment_do_as_well(ledger):
    done = run_program("lagniappe-audit", "verify", ledger.server.url + "/",
                       env={"LAGNIAPPE_TOKEN": ledger.auditor, "PATH": "/usr/bin"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "result: clean" in done.stdout


def test_saved_by_address_continued_by_address_and_by_file(ledger, tmp_path):
    saved = tmp_path / "saved"
    first = clean(ledger.server.url, ledger, "--save", saved)
    assert first["saved"]
    grant(ledger)
    for place in (ledger.server.url, ledger.server.data):
        second = clean(place, ledger, "--since", saved)
        assert second["since"] == {"size": first["size"], "contained": True}
        assert second["taken_on_trust"] == []


def test_an_audit_by_address_is_clean_while_grants_go_on(ledger):
    stop = threading.Event()

    def work():
        number = 0
        while not stop.is_set():
            give(ledger, 20, 100000 + number)
            number += 20

    worker = threading.Thread(target=work)
    worker.start()
    try:
        sizes = [clean(ledger.server.url, ledger)["size"] for _ in range(5)]
    finally:
        stop.set()
        worker.join()
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]


def test_a_partial_tile_that_is_gone_is_had_from_the_full_one(ledger, liar):
    """A mirror keeps full tiles alone, and the checkpoint of before."""
    before = requests_checkpoint(ledger)
    size = int(before.body.split(b"\n")[1])
    give(ledger, 256, 200000)
    liar.lies = [("/checkpoint", lambda answer, _: before), (r".*[.]p/.*", status(404))]
    found = findings(liar, ledger)
    # Tiles of level 1 are not full for 65,536 entries.
    assert {rule for rule, _, _ in found} == {"node-missing"}, found
    liar.lies[1] = (r"/tile/(0|entries)/.*[.]p/.*", status(404))
    assert clean(liar.url, ledger)["size"] == size


def requests_checkpoint(ledger):
    answer = ledger.server.get("/checkpoint", token=ledger.auditor)
    assert answer.status_code == 200
    return Answer(200, "text/plain", answer.content)


def test_https_needs_a_certificate_that_is_trusted(make_server, tmp_path_factory):
    place = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", place / "key.pem",
                    "-out", place / "cert.pem"], check=True, capture_output=True)
    server = make_server(args=["--tls-cert", place / "cert.pem", "--tls-key", place / "key.pem"])
    auditor = server.made("/v1/tokens", {"role": "auditor", "expires_in": 600}, server.finance,
                          verify=str(place / "cert.pem"))["token"]
    call = ["lagniappe-audit", "verify", server.url, "--token", auditor, "--key", server.vkey]
    done = run_program(*call, "--ca", place / "cert.pem")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_program(*call)
    assert done.returncode == 2 and "certificate" in done.stderr
    done = run_program(*call, "--ca", place / "none.pem")
    assert done.returncode == 2 and done.stderr


# --- what is the ledger's fault: a finding ---

def bad_signature(answer, _):
    note = answer.body.decode()
    head, blob = note.rstrip("\n").rsplit(" ", 1)
    bytes_ = bytearray(base64.b64decode(blob))
    bytes_[20] ^= 1
    return dataclasses.replace(
        answer, body=f"{head} {base64.b64encode(bytes(bytes_)).decode()}\n".encode())


def larger(answer, _):
    lines = answer.body.split(b"\n")
    lines[1] = b"%d" % (int(lines[1]) + 10 ** 9)
    return dataclasses.replace(answer, body=b"\n".join(lines))


BUNDLE, PARTIAL = "/tile/entries/001", "/tile/entries/[0-9/x]*[.]p/[0-9]+"
TILE, PARTIAL_TILE = "/tile/0/001", "/tile/0/[0-9/x]*[.]p/[0-9]+"
LIES = {
    # name: (address, lie, rules that are found, one of them, the words that it says)
    "an entry that was changed":
        (BUNDLE, flip(7 * SLOT + 2 + 250), {"leaf-hash", ...}, "leaf-hash", "entry was changed"),
    "a leaf hash that was changed":
        (TILE, flip(7 * HASH), {"leaf-hash"}, "leaf-hash", "stored hash was changed"),
    "a node that was changed":
        ("/tile/1/000[.]p/[0-9]+", flip(HASH), {"node-hash"}, "node-hash", "tile level 1"),
    "a bundle that ends early":
        (BUNDLE, body(lambda old: old[:100 * SLOT + 9]), {"server-answer", "file-damaged", ...},
         "server-answer", "ends after 100 whole entries of 256"),
    "a bundle that is empty":
        (BUNDLE, body(lambda old: b""), {"server-answer", "file-damaged", ...}, "server-answer",
         "ends after 0 whole entries of 256"),
    "an extra entry in a partial bundle":
        (PARTIAL, body(lambda old: old + old[:SLOT]), {"server-answer"}, "server-answer",
         "258 bytes or more stand behind"),
    "an extra byte behind a full bundle":
        (BUNDLE, body(lambda old: old + b"\0"), {"server-answer"}, "server-answer",
         "1 bytes or more stand behind its 256 entries"),
    "an extra hash in a partial tile":
        (PARTIAL_TILE, body(lambda old: old + old[:HASH]), {"server-answer"}, "server-answer",
         "32 bytes or more stand behind"),
    "a tile that ends early":
        (TILE, body(lambda old: old[:-HASH]), {"server-answer", "file-damaged"}, "server-answer",
         "ends after 255 whole hashes of 256"),
    "an entry of another length":
        (BUNDLE, body(lambda old: old[:SLOT] + b"\0\xff" + old[SLOT + 3:]),
         {"entry-form", ...}, "entry-form", "not 256 bytes"),
    "a bundle that is not there":
        (BUNDLE, status(404), {"entry-missing", ...}, "entry-missing", "256 in a row are missing"),
    "a tile that is not there":
        (TILE, status(404), {"leaf-missing"}, "leaf-missing", "strip 16 of tile level 0"),
    "a bundle that cannot be read":
        (BUNDLE, status(500), {"server-answer", "file-damaged", ...}, "server-answer",
         "answered 500"),
    "a page in place of a bundle":
        (BUNDLE, page, {"server-answer", "file-damaged", ...}, "server-answer", "text/html"),
    "a body without an end":
        (BUNDLE, endless, {"server-answer", ...}, "server-answer", "/tile/entries/001"),
    "a payload that is not there":
        ("/v1/payloads/.*", status(404), {"payload-missing", ...}, "payload-missing",
         "not there"),
    "a payload that is another":
        ("/v1/payloads/.*", body(lambda old: old + b"\n"), {"payload-hash", ...},
         "payload-hash", "hashes to"),
    "a payload without an end":
        ("/v1/payloads/.*", endless, {"server-answer", ...}, "server-answer", "longer than"),
    "a page in place of the checkpoint":
        ("/checkpoint", page, {"file-damaged"}, "file-damaged", "text/html"),
    "a checkpoint without an end":
        ("/checkpoint", endless, {"file-damaged"}, "file-damaged", "longer than one can be"),
    "a checkpoint that is not signed by the key":
        ("/checkpoint", bad_signature, {"checkpoint-signature"}, "checkpoint-signature",
         "not signed"),
    "a checkpoint of more entries than there are":
        ("/checkpoint", larger, {"checkpoint-signature", "entry-missing", "server-answer", ...},
         "server-answer", "no more were asked for"),
    "a key of somebody else":
        ("/log.vkey", body(lambda old: b"x" + old), {"meta"}, "meta", "its own key"),
    "no key":
        ("/log.vkey", status(404), {"meta"}, "meta", "vkey cannot be read"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_a_finding(name, ledger, liar):
    address, lie, rules, rule, words = LIES[name]
    liar.lies = [(address, lie)]
    found = findings(liar, ledger)
    seen = {entry[0] for entry in found}
    assert seen >= rules - {...} and (... in rules or seen == rules), found
    assert [detail for slug, _, detail in found if slug == rule and words in detail], found
    for slug, entry, detail in found:
        assert slug != "server-answer" or (entry is None) == ("/v1/payloads/" in detail)


def test_noise_in_the_answers_never_crashes_the_audit(ledger, liar):
    source = random.Random(7)

    def noise(answer, _):
        body = bytearray(answer.body)
        for _ in range(source.randrange(4)):
            if body:
                body[source.randrange(len(body))] = source.randrange(256)
        if source.randrange(3) == 0:
            body = body[:source.randrange(len(body) + 1)] + source.randbytes(source.randrange(300))
        return dataclasses.replace(answer, body=bytes(body))

    liar.lies = [("/(tile|v1|log)[./].*", noise)]
    for _ in range(NOISE_ROUNDS):
        done = audit(liar.url, ledger)
        assert done.returncode in (0, 1, 2), (done.returncode, done.stderr)
        assert done.stdout or done.stderr


def test_a_rolled_back_server_is_named_by_what_was_saved(ledger, liar, tmp_path):
    before = requests_checkpoint(ledger)
    grant(ledger)
    saved = tmp_path / "saved"
    clean(ledger.server.url, ledger, "--save", saved)
    liar.lies = [("/checkpoint", lambda answer, _: before)]
    found = findings(liar, ledger, "--since", saved)
    assert [rule for rule, _, _ in found] == ["since-behind"]


def test_another_ledger_is_no_continuation(ledger, make_server, tmp_path):
    saved = tmp_path / "saved"
    clean(ledger.server.url, ledger, "--save", saved)
    other = make_server(origin=ORIGIN)
    done = run_program("lagniappe-audit", "verify", other.url, "--token", other.token("auditor"),
                       "--key", ledger.server.vkey, "--since", saved, "--save", tmp_path / "new")
    assert done.returncode == 1
    for rule in ("meta", "checkpoint-key", "since-behind"):
        assert f"finding: {rule} " in done.stdout, rule
    assert not (tmp_path / "new").exists()


def test_after_a_lie_nothing_is_saved(ledger, liar, tmp_path):
    liar.lies = [(PARTIAL, body(lambda old: old + old[:SLOT]))]
    assert findings(liar, ledger, "--save", tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


# --- what is not: it could not run ---

FAILURES = {
    "no token that is known": ("/tile/entries/001", status(401), "an auditor's token"),
    "a token of another role": ("/tile/entries/001", status(403), "not an auditor's"),
    "a token that ended before the payloads": ("/v1/payloads/.*", status(401), "still in force"),
    "a redirect": ("/tile/0/001", status(302, Location="http://127.0.0.1:9/"), "redirects"),
    "a redirect at once": ("/checkpoint", status(308, Location="/"), "redirects"),
    "no ledger": ("/(checkpoint|log.vkey)", status(404), "not that of a ledger"),
    "busy for ever": (PARTIAL, status(503, Retry_After="0"), "busy"),
    "a server that stops in the middle": (BUNDLE, cut_off, "gave no answer"),
    "a server that says nothing": (BUNDLE, nothing, "gave no answer"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_not_the_ledgers_fault_is_no_finding(name, ledger, liar):
    address, lie, words = FAILURES[name]
    liar.lies = [(address, lie)]
    done = audit(liar.url, ledger, "--key", ledger.server.vkey, "--json")
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("lagniappe-audit: ") and words in done.stderr
    failed = json.loads(done.stdout)
    assert failed["findings"] == [] and words in failed["error"]


def test_a_server_that_is_busy_is_asked_again(ledger, liar):
    refused = []

    def busy_twice(answer, handler):
        refused.append(handler.path)
        return answer if len(refused) > 2 else status(503, Retry_After="0")(answer, handler)

    liar.lies = [(BUNDLE, busy_twice)]
    clean(liar.url, ledger)
    assert len(refused) == 3


def test_an_address_that_is_none_is_said(ledger):
    for url in ("ftp://127.0.0.1/", "http://", "http://name:word@127.0.0.1/", "http://127.0.0.1/?a",
                "http://127.0.0.1:1"):
        done = audit(url, ledger)
        assert done.returncode == 2 and done.stderr.startswith("lagniappe-audit: "), url


def test_a_report_by_address_is_the_report_by_directory(ledger):
    for name in (["spend"], ["liability", "--format", "csv"]):
        told_by = [run_program("lagniappe-audit", "report", place, *name, *token)
                   for place, token in ((ledger.server.data, []),
                                        (ledger.server.url, ["--token", ledger.auditor]))]
        assert told_by[0].returncode == told_by[1].returncode == 0, told_by[1].stderr
        assert told_by[0].stdout.replace(str(ledger.server.data), "") == \
            told_by[1].stdout.replace(ledger.server.url, "")
