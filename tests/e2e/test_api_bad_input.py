"""Bad input: a clear problem, and nothing changes."""
import json
import pathlib
import re
import socket
import time

import pytest

from checks import Unchanged, assert_problem, grant, grant_body
from harness import SANITIZED, set_up_programme


@pytest.fixture(scope="module")
def hasty(make_server):
    """A programme whose server does not wait long."""
    return set_up_programme(make_server(args=["--header-timeout", "500", "--body-timeout", "500"]))


def send_body(programme, body, **headers):
    if isinstance(body, str):
        body = body.encode()
    headers.setdefault("Content-Type", "application/json")
    return programme.server.post("/v1/grants", token=programme.anna, data=body, headers=headers)


def good(programme, **fields):
    return json.dumps(grant_body(programme, **fields))


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"}", b"[]", b"null", b"7", b'"text"', b"{}x", b"{}{}", b'{"amount":}',
    b'{"amount":1,}', b'{"amount" 1}', b"{'amount':1}", b"{amount:1}", b'{"amount":01}',
    b'{"amount":+1}', b'{"amount":.5}', b'{"amount":0x10}', b'{"amount":NaN}',
    b'{"amount":Infinity}', b'{"a":"\x01"}', b'{"a":"\xff"}', b'{"a":"\\x41"}', b'{"a":"\\ud800"}',
    b'{"a":"\xed\xa0\x80"}', b'\xef\xbb\xbf{}', b'{"a":1}\x00', b"\x00", b"<grant/>", b"amount=1",
])
def test_what_is_not_a_json_object_is_refused(programme, body):
    with Unchanged(programme):
        assert_problem(send_body(programme, body), 400, "malformed")


def test_the_problem_says_where_it_is(programme):
    problem = assert_problem(send_body(programme, '{"customer":"x","amount":1.}'), 400, "malformed")
    assert "amount" in problem["detail"]
    assert "byte 25" in problem["detail"]


def test_unknown_fields_are_refused(programme):
    for name in ("colour", "Amount", "amount ", "__proto__", ""):
        with Unchanged(programme):
            assert_problem(send_body(programme, good(programme, **{name: 1})), 400, "malformed")


@pytest.mark.parametrize("again", ['"amount":100', '"amount":1', r'"\u0061mount":1',
                                   '"reason":"late-room"'])
def test_repeated_fields_are_refused(programme, again):
    body = good(programme)
    with Unchanged(programme):
        assert_problem(send_body(programme, body[:-1] + "," + again + "}"), 400, "malformed")


@pytest.mark.parametrize("amount", [
    "0", "-1", "-100", "1.5", "1.0", "1e2", "1E2", '"1.5"', '"-1"', '"0"', '"1e2"', '""', '" 1"',
    '"01"', '"+1"', '"0x10"', '"\u0661"', "9223372036854775808", '"9223372036854775808"',
    "-9223372036854775809", "1" * 400, "true", "null", "[1]", '{"a":1}', '"many"',
])
def test_an_amount_that_cannot_be_is_refused(programme, amount):
    body = re.sub(r'"amount": \d+', '"amount": ' + amount, good(programme))
    with Unchanged(programme):
        assert_problem(send_body(programme, body), 400)


def test_the_largest_amount_is_of_its_form_and_refused_for_funds(programme):
    answer = send_body(programme, good(programme, amount=2 ** 63 - 1))
    assert_problem(answer, 409, "insufficient-budget")


@pytest.mark.parametrize("field", ["customer", "unit", "reason", "budget", "site", "incident",
                                   "touchpoint", "words", "occurred_at", "if_over"])
@pytest.mark.parametrize("value", [7, True, [], ["a"], {}, {"a": 1}])
def test_a_field_of_the_wrong_type_is_refused(programme, field, value):
    with Unchanged(programme):
        assert_problem(send_body(programme, good(programme, **{field: value})), 400)


@pytest.mark.parametrize("field, value", [
    ("reason", "late\u0000room"), ("reason", "late\nroom"), ("reason", "LATE"), ("reason", ""),
    ("reason", "x" * 33), ("incident", "INC 7"), ("incident", "-7"), ("incident", "x" * 33),
    ("incident", "INC/7"), ("incident", ""), ("words", "a\u0000b"), ("words", "a\u001bb"),
    ("words", "a\u007fb"), ("words", "a\u0085b"), ("unit", "eur"), ("unit", "E\u0000"),
    ("touchpoint", "../lobby"), ("occurred_at", "yesterday"),
    ("occurred_at", "2024-02-30T00:00:00Z"), ("if_over", "shrug"), ("site", "Paris"),
])
def test_text_that_cannot_be_is_refused(programme, field, value):
    with Unchanged(programme):
        assert_problem(send_body(programme, good(programme, **{field: value})), 400)


@pytest.mark.parametrize("missing", ["customer", "amount", "unit", "reason"])
def test_a_field_that_is_missing_is_named(programme, missing):
    body = grant_body(programme)
    del body[missing]
    with Unchanged(programme):
        problem = assert_problem(send_body(programme, json.dumps(body)), 400, "malformed")
        assert missing in json.dumps(problem)


def test_a_body_of_another_media_type_is_refused(programme):
    with Unchanged(programme):
        for media in ("text/xml", "application/x-www-form-urlencoded"):
            answer = send_body(programme, good(programme), **{"Content-Type": media})
            assert_problem(answer, 415, "unsupported-media-type")


def test_unknown_addresses_and_methods_are_refused(programme):
    server = programme.server
    with Unchanged(programme):
        for path in ("/v1/nothing", "/v2/grants", "/v1/grants/", "//v1/grants", "/v1/sites/%00",
                     "/v1/sites/a%2fb", "/v1/entries/1/2/3"):
            assert_problem(server.get(path, token=programme.admin), (400, 404))
        climbing = server.raw(b"GET /v1/../v1/sites HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                              b"Authorization: Bearer %s\r\n\r\n" % programme.admin.encode())
        assert re.match(rb"HTTP/1\.1 40[04] ", climbing), climbing[:200]
        answer = server.request("PUT", "/v1/grants", token=programme.anna)
        assert_problem(answer, 405, "method-not-allowed")
        assert "POST" in answer.headers["Allow"]
        assert server.request("BREW", "/v1/grants", token=programme.anna).status_code in \
            (400, 405, 501)


@pytest.mark.parametrize("query", ["dry_run=yes", "dry_run=", "dry_run=true&dry_run=true",
                                   "unknown=1", "dry_run=true&"])
def test_a_query_that_cannot_be_is_refused_and_grants_nothing(programme, query):
    with Unchanged(programme):
        answer = programme.server.post(f"/v1/grants?{query}", json=grant_body(programme),
                                       token=programme.anna)
        if answer.status_code != 200 or "dry_run=true" not in query:
            assert_problem(answer, 400, "malformed")


# --- sizes ---

def test_a_body_that_is_too_large_is_refused(programme):
    with Unchanged(programme):
        assert_problem(send_body(programme, good(programme, words="x" * 100_000)), 413,
                       "too-large")
        huge = b"{" + b" " * (20 * 1024 * 1024) + b"}"
        answer = programme.server.raw(
            b"POST /v1/grants HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer %s\r\n"
            b"Idempotency-Key: huge\r\n\r\n" % (len(huge), programme.anna.encode()) + huge)
        assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_that_is_too_large_is_refused(programme):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with Unchanged(programme):
        answer = programme.server.raw(
            b"POST /v1/grants HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer %s\r\n"
            b"Idempotency-Key: huge\r\n\r\n" % programme.anna.encode() + chunk * 32 + b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("headers", [
    b"X-Long: " + b"x" * 100_000 + b"\r\n",
    b"".join(b"X-%d: x\r\n" % i for i in range(1000)),
    b"X-" + b"n" * 100_000 + b": x\r\n",
], ids=["one long", "many", "a long name"])
def test_headers_that_are_too_large_are_refused(programme, headers):
    with Unchanged(programme):
        answer = programme.server.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b"application/problem+json" in answer


def test_an_address_that_is_too_long_is_refused(programme):
    answer = programme.server.raw(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 414 ")


def resident_kib(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def test_deep_and_huge_json_costs_bounded_memory(programme):
    server = programme.server
    size = 60_000
    bodies = [b'{"a":' + b"[" * size, b'{"a":' * (size // 5), b'{"a":[' + b"1," * (size // 2),
              b'{"a":"' + b"x" * size + b'"}', b"{" + b'"a":1,' * (size // 6) + b'"b":1}',
              b'{"' + b"\\u0041" * (size // 6) + b'":1}', b'{"a":' + b"9" * size + b"}",
              b"{" + b",".join(b'"%d":0' % i for i in range(6000)) + b"}"]
    for body in bodies:
        send_body(programme, body)
    before = resident_kib(server)
    with Unchanged(programme):
        for _ in range(40):
            for body in bodies:
                assert_problem(send_body(programme, body), 400, "malformed")
    if not SANITIZED:
        assert resident_kib(server) - before < 16 * 1024


# --- HTTP itself ---

def raw_grant(programme, headers, body=None):
    body = good(programme).encode() if body is None else body
    return (b"POST /v1/grants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nIdempotency-Key: raw-1\r\n" % programme.anna.encode() +
            headers + b"\r\n" + body)


@pytest.mark.parametrize("headers", [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Content-Length: 5, 6\r\n",
    b"Content-Length: -5\r\n",
    b"Content-Length: 5x\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Content-Length : 5\r\n",
    b"Bad Header: x\r\n",
    b"X-Folded: a\r\n b\r\n",
    b"X-Null: a\x00b\r\n",
])
def test_framing_that_is_ambiguous_is_refused(programme, headers):
    with Unchanged(programme):
        answer = programme.server.raw(raw_grant(programme, headers), half_close=True)
        assert re.match(rb"HTTP/1\.1 (400|411|413|501) ", answer), answer[:200]
        assert answer.count(b"HTTP/1.1 ") == 1  # and the connection is at its end


@pytest.mark.parametrize("sent", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"nonsense\r\n\r\n",
    b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n\n",
    b"\r\n" * 50 + b"GET /healthz", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
])
def test_what_is_not_http_is_refused_or_closed(programme, sent):
    with Unchanged(programme):
        answer = programme.server.raw(sent, half_close=True)
        assert answer == b"" or re.match(rb"HTTP/1\.1 (4\d\d|5\d\d) ", answer), answer[:200]


def test_a_repeated_authorization_or_key_does_not_pick_one(programme):
    body = good(programme).encode()
    length = b"Content-Length: %d\r\nConnection: close\r\n" % len(body)
    with Unchanged(programme):
        for header in (b"Authorization: Bearer %s\r\n" % programme.marc.encode(),
                       b"Idempotency-Key: raw-2\r\n"):
            answer = programme.server.raw(raw_grant(programme, length + header, body))
            assert re.match(rb"HTTP/1\.1 40[01] ", answer), answer[:200]


def closed_after(server, sent, seconds=30):
    """What the server answers to half a request, and how long it waited."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(sent)
        got = b""
        while chunk := connection.recv(65536):
            got += chunk
    return got, time.monotonic() - start


def test_half_the_headers_and_silence_is_timed_out(hasty):
    with Unchanged(hasty):
        answer, seconds = closed_after(hasty.server, b"POST /v1/grants HTTP/1.1\r\nHost: x\r\nX-")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert seconds < 10


def test_half_a_body_and_silence_is_timed_out(hasty):
    sent = raw_grant(hasty, b"Content-Length: 500\r\n", b'{"customer":')
    with Unchanged(hasty):
        answer, seconds = closed_after(hasty.server, sent)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert seconds < 10


def test_a_trickle_does_not_hold_a_connection(hasty):
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.server.port), timeout=30) as connection:
        try:
            for byte in b"GET /healthz HTTP/1.1\r\nHost: " + b"x" * 100:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass  # closed, as it should be
    assert time.monotonic() - start < 5


def test_half_a_request_and_the_end_grants_nothing(programme):
    whole = raw_grant(programme, b"Content-Length: %d\r\n" % len(good(programme)))
    with Unchanged(programme):
        for length in (10, len(whole) // 2, len(whole) - 1):
            programme.server.raw(whole[:length], half_close=True)


def test_others_are_served_meanwhile(hasty):
    held = [socket.create_connection(("127.0.0.1", hasty.server.port)) for _ in range(50)]
    try:
        for connection in held:
            connection.sendall(b"POST /v1/grants HTTP/1.1\r\nHost: x\r\n")
        start = time.monotonic()
        grant(hasty)
        assert time.monotonic() - start < 5
    finally:
        for connection in held:
            connection.close()


def test_the_server_still_grants_after_all_this(programme):
    held = programme.server.balance(programme.customer, programme.anna)
    assert grant(programme, 11)["balance"] == held + 11
