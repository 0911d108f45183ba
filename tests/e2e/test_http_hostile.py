"""What peers that are broken, slow, greedy or gone can do to server/http.

Raw sockets against tests/support/echo_server.c, which has no ledger behind it.
"""
import contextlib
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness import program

pytestmark = pytest.mark.threads

WAIT_SECONDS = 20  # for what must happen; long, for slow builds
TICK_SECONDS = 0.25


class Echo:
    def __init__(self, *args):
        self.process = subprocess.Popen([program("tests/echo_server"), *map(str, args)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening "), self.process.stderr.read()
        self.port = int(line.split()[1])

    def connect(self, host="127.0.0.1", **options):
        return Peer(socket.create_connection((host, self.port), timeout=WAIT_SECONDS), **options)

    def ask(self, request):
        with self.connect() as peer:
            peer.send(request)
            return peer.reply()

    def stats(self):
        return json.loads(self.ask(get("/stats")).body)

    def stop(self, seconds=WAIT_SECONDS):
        """Stops it; a sanitizer's complaint is a failure."""
        self.process.send_signal(signal.SIGTERM)
        try:
            _, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            pytest.fail("the server did not stop")
        assert self.process.returncode == 0 and errors == "", errors


class Reply:
    def __init__(self, head, body):
        lines = head.split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])
        assert match, lines[0]
        self.status = int(match[1])
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in self.headers, f"{name} stands twice"
            self.headers[name.lower()] = value
        self.body = body


class Peer:
    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def _more(self):
        data = self.sock.recv(65536)
        self.rest += data
        return data != b""

    def reply(self, head_only=False):
        while b"\r\n\r\n" not in self.rest:
            assert self._more(), f"closed after {self.rest!r}"
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        reply = Reply(head.decode("latin-1"), b"")
        if head_only or reply.status in (100, 204, 304):
            return reply
        length = int(reply.headers["content-length"])
        while len(self.rest) < length:
            assert self._more(), f"closed after {len(self.rest)} of {length} bytes"
        reply.body, self.rest = self.rest[:length], self.rest[length:]
        return reply

    def closed(self):
        """Whether the server closes in order, with nothing more to say."""
        return self.rest == b"" and self.sock.recv(65536) == b""


def sized(size):
    """What /size?N answers."""
    letters = bytes(range(ord("a"), ord("a") + 23))
    return letters * (size // 23) + letters[:size % 23]


def get(path, *lines, version="1.1"):
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: a", *lines, "", ""]).encode()


def post(path, body, *lines):
    head = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


def chunked(path, *chunks):
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


@contextlib.contextmanager
def running(*args):
    server = Echo(*args)
    try:
        yield server
    except BaseException:
        server.process.kill()
        server.process.communicate()
        raise
    server.stop()


@pytest.fixture(scope="module")
def echo():
    with running("--loops", 2) as server:
        yield server


@pytest.fixture(scope="module")
def hasty():
    """All time-outs are short."""
    with running("--header-ms", 600, "--body-ms", 600, "--idle-ms", 600, "--write-ms", 600,
                 "--drain-ms", 1000) as server:
        yield server


@pytest.fixture(scope="module")
def sealed(certificate):
    with running("--cert", certificate / "cert.pem", "--key", certificate / "cert.key", "--loops",
                 2, "--header-ms", 1500) as server:
        yield server


# --- ordinary ---

def test_a_reply_has_the_headers_that_every_reply_has(echo):
    reply = echo.ask(post("/echo", b"hello"))
    assert reply.status == 200 and reply.body == b"hello"
    assert reply.headers["content-type"] == "text/plain"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{16}", reply.headers["x-request-id"])
    assert "connection" not in reply.headers
    assert "strict-transport-security" not in reply.headers
    date = time.mktime(time.strptime(reply.headers["date"], "%a, %d %b %Y %H:%M:%S GMT"))
    assert abs(date - time.mktime(time.gmtime())) <= 3


def test_a_handlers_own_headers_stand_and_none_can_be_split(echo):
    reply = echo.ask(get("/headers"))
    assert reply.status == 299
    assert reply.headers["cache-control"] == "max-age=60" and reply.headers["x-good"] == "yes"
    assert "x-split" not in reply.headers and "x-injected" not in reply.headers


def test_the_callers_request_id_comes_back_when_it_is_safe(echo):
    assert echo.ask(get("/echo", "X-Request-Id: Abc-1.2_3")).headers["x-request-id"] == "Abc-1.2_3"
    for bad in ("a b", "a<b", "x" * 64):
        got = echo.ask(get("/echo", f"X-Request-Id: {bad}")).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{16}", got)


def test_request_ids_of_ours_differ(echo):
    with echo.connect() as peer:
        peer.send(get("/echo") * 50)
        assert len({peer.reply().headers["x-request-id"] for _ in range(50)}) == 50


def test_head_is_get_without_the_body(echo):
    with echo.connect() as peer:
        peer.send(get("/size?1234").replace(b"GET", b"HEAD", 1) + get("/size?3"))
        reply = peer.reply(head_only=True)
        assert reply.headers["content-length"] == "1234"
        assert peer.reply().body == b"abc"


def test_204_has_neither_body_nor_length(echo):
    with echo.connect() as peer:
        peer.send(get("/empty") + get("/size?3"))
        reply = peer.reply()
        assert reply.status == 204 and "content-length" not in reply.headers
        assert "content-type" not in reply.headers
        assert peer.reply().body == b"abc"


def test_http_1_0_closes_unless_it_asks_otherwise(echo):
    with echo.connect() as peer:
        peer.send(get("/size?3", version="1.0"))
        assert peer.reply().headers["connection"] == "close"
        assert peer.closed()
    with echo.connect() as peer:
        for _ in range(2):
            peer.send(get("/size?3", "Connection: keep-alive", version="1.0"))
            assert peer.reply().headers["connection"] == "keep-alive"


def test_connection_close_is_heeded(echo):
    with echo.connect() as peer:
        peer.send(get("/size?3", "Connection: close") + get("/size?4"))
        reply = peer.reply()
        assert reply.headers["connection"] == "close" and reply.body == b"abc"
        assert peer.closed()


def test_a_whole_request_then_the_end_is_answered(echo):
    with echo.connect() as peer:
        peer.send(get("/size?9000000") + get("/size?9000001"))
        peer.sock.shutdown(socket.SHUT_WR)
        time.sleep(0.2)  # the end is seen while the first is being written
        assert peer.reply().body == sized(9000000)
        assert peer.reply().body == sized(9000001)
        assert peer.closed()


def test_expect_100_continue(echo):
    with echo.connect() as peer:
        head, body = post("/echo", b"hello", "Expect: 100-continue").split(b"\r\n\r\n")
        peer.send(head + b"\r\n\r\n")
        assert peer.reply().status == 100
        peer.send(body)
        assert peer.reply().body == b"hello"
        # Who does not wait is not told to go on.
        peer.send(head + b"\r\n\r\n" + body)
        assert peer.reply().status == 200
        # Once is enough, however slowly the body comes.
        peer.send(chunked("/echo").replace(b"Host: a", b"Host: a\r\nExpect: 100-continue")
                  .removesuffix(b"0\r\n\r\n"))
        assert peer.reply().status == 100
        peer.send(b"5\r\n")
        time.sleep(0.1)
        peer.send(b"hello\r\n0\r\n\r\n")
        assert peer.reply().body == b"hello"
        # What will be refused is refused at once.
        peer.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n"
                  b"Expect: 100-continue\r\n\r\n")
        assert peer.reply().status == 413


def test_ipv6(certificate):
    with running("--host", "::1") as server, server.connect("::1") as peer:
        peer.send(get("/size?3"))
        assert peer.reply().body == b"abc"


def test_what_belongs_to_a_connection_stays_and_is_freed(echo):
    before = echo.stats()["users_closed"]
    with echo.connect() as peer:
        for count in range(1, 4):
            peer.send(get("/count"))
            assert peer.reply().body == b"%d" % count
        assert echo.stats()["users_closed"] == before
    wait_until(lambda: echo.stats()["users_closed"] == before + 1)


def wait_until(holds):
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


# --- malformed, too large ---

HEADERS_64 = [f"H{i}: v" for i in range(63)]  # and Host

REFUSED = {
    "garbage": (400, b"\x16\x03\x01\x00\xff\x01garbage\r\n\r\n"),
    "bare-lf": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "bare-lf-within": (400, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "no-colon": (400, b"GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n"),
    "nul": (400, get("/echo", "X: a\0b")),
    "fold": (400, get("/echo", "X: a", " b")),
    "blank-before-colon": (400, get("/echo", "X : a")),
    "no-host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "headers-65": (431, get("/echo", *HEADERS_64, "One: more")),
    "headers-20k": (431, get("/echo", "X: " + "x" * 20000)),
    "target-3k": (414, get("/" + "a" * 3000)),
    "body-length": (413, post("/echo", b"x" * 65537)),
    "body-chunked": (413, chunked("/echo", *[b"x" * 8192] * 9)),
    "body-none": (413, post("/none", b"x")),
    "body-bulk": (413, post("/bulk", b"")
                  .replace(b"Content-Length: 0", b"Content-Length: 8388609")),
    "length-and-coding": (400, chunked("/echo", b"abc")
                          .replace(b"Host: a", b"Host: a\r\nContent-Length: 3")),
    "lengths-differ": (400, post("/echo", b"abc", "Content-Length: 4")),
    "length-negative": (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    "length-huge": (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
    "chunk-huge": (400, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"fffffffffffffffff\r\n"),
    "coding": (501, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
    "connect": (501, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "http-2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reply_that_arrives_then_closed(echo, name):
    status, request = REFUSED[name]
    with echo.connect() as peer:
        peer.send(get("/size?5") + request + get("/size?7"))
        assert peer.reply().body == b"abcde"
        reply = peer.reply()
        assert reply.status == status and reply.headers["connection"] == "close"
        assert reply.headers["content-type"] == "application/problem+json"
        assert json.loads(reply.body)["status"] == status
        assert peer.closed()


def test_at_the_bounds_all_passes(echo):
    assert echo.ask(get("/echo", *HEADERS_64)).status == 200
    assert echo.ask(get("/echo", "X: " + "x" * 16000)).status == 200
    assert echo.ask(get("/echo?" + "a" * 2042)).status == 200
    assert len(echo.ask(post("/echo", b"x" * 65536)).body) == 65536
    assert len(echo.ask(chunked("/echo", *[b"x" * 8192] * 8)).body) == 65536
    assert len(echo.ask(post("/bulk", b"x" * 8388608)).body) == 8388608


def test_who_still_sends_a_refused_body_gets_the_reply(echo):
    """Without a lingering close the reset would overtake the 413."""
    with echo.connect() as peer:
        peer.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
        peer.send(b"x" * 4000000)
        time.sleep(0.2)
        assert peer.reply().status == 413
        assert peer.closed()


def test_a_request_byte_by_byte(echo):
    with echo.connect() as peer:
        for request, body in ((post("/echo", b"hello"), b"hello"),
                              (chunked("/echo", b"ab", b"cde"), b"abcde")):
            for i in range(len(request)):
                peer.send(request[i:i + 1])
            assert peer.reply().body == body


def test_a_reply_that_cannot_be_built_is_a_503(echo):
    with echo.connect() as peer:
        peer.send(get("/too-large") + get("/size?3"))
        assert peer.reply().status == 503
        assert peer.reply().body == b"abc"


# --- pipelining ---

@pytest.mark.parametrize("path", ["/echo", "/defer"])
def test_a_hundred_pipelined_requests_are_answered_in_order(echo, path):
    with echo.connect() as peer:
        peer.send(b"\r\n".join(post(path, b"%d" % i) for i in range(100)))
        for i in range(100):
            assert peer.reply().body == b"%d" % i


def test_pipelined_replies_of_all_sizes_in_order(echo):
    sizes = [0, 1, 20000, 3, 70000, 5, 16000, 16000, 16000, 16000, 16000, 7, 3000000, 9, 500000]
    with echo.connect() as peer:
        peer.send(b"".join(get(f"/size?{size}") for size in sizes))
        time.sleep(0.2)  # nothing is read until the server's socket is full
        assert [peer.reply().body for _ in sizes] == [sized(size) for size in sizes]


def test_more_pipelined_than_the_window_holds(echo):
    """While one exchange is deferred the server stops reading, and goes on after it."""
    count = 3000
    body = b"x" * 10000
    data = post("/defer?1000", b"first") + post("/echo", body) * count
    with echo.connect() as peer:
        sender = threading.Thread(target=peer.send, args=(data,))
        sender.start()
        time.sleep(0.8)
        assert sender.is_alive()  # 30 MB do not fit into the window and the kernel's buffers
        assert peer.reply().body == b"first"
        for _ in range(count):
            assert peer.reply().body == body
        sender.join()


# --- deferred ---

def test_many_deferred_at_once(echo):
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(echo.connect()) for _ in range(100)]
        for turn in range(5):
            for i, peer in enumerate(peers):
                peer.send(post("/defer", b"%d/%d" % (turn, i)))
            for i, peer in enumerate(peers):
                assert peer.reply().body == b"%d/%d" % (turn, i)


def test_what_waits_keeps_its_own_while_its_memory_serves_others():
    """Ids, the connection's own and what follows are not mixed up with who is served meanwhile."""
    with running("--loops", 1) as server, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(server.connect()) for _ in range(3)]
        for i, peer in enumerate(peers):
            peer.send(get("/count"))
            assert peer.reply().body == b"1"
            peer.send(post("/defer?300", b"%d" % i, "X-Request-Id: first-%d" % i))
        time.sleep(0.05)
        with server.connect() as other:
            for _ in range(3):
                other.send(get("/count", "X-Request-Id: other"))
                assert other.reply().headers["x-request-id"] == "other"
        # In pieces, so that the first reply comes while the second request is not whole.
        for i, peer in enumerate(peers):
            peer.send(post("/defer", b"then %d" % i, "X-Request-Id: second-%d" % i)[:-3])
        for i, peer in enumerate(peers):
            first = peer.reply()
            assert (first.body, first.headers["x-request-id"]) == (b"%d" % i, "first-%d" % i)
            peer.send((b"then %d" % i)[-3:])
            second = peer.reply()
            assert second.body == b"then %d" % i
            assert second.headers["x-request-id"] == "second-%d" % i
            peer.send(get("/count"))
            assert peer.reply().body == b"2"


def test_closed_while_deferred_the_slot_is_free_and_the_ticket_stale(echo):
    before = echo.stats()
    for _ in range(5):
        with echo.connect() as peer:
            peer.send(post("/defer?200", b"x"))
            time.sleep(0.02)
    wait_until(lambda: echo.stats()["open"] == 1)
    wait_until(lambda: echo.stats()["tickets_stale"] == before["tickets_stale"] + 5)


def test_reset_while_deferred(echo):
    before = echo.stats()
    with echo.connect() as peer:
        peer.send(post("/defer?200", b"x"))
        time.sleep(0.05)
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_until(lambda: echo.stats()["tickets_stale"] == before["tickets_stale"] + 1)


def test_an_old_ticket_does_not_find_the_next_connection_in_its_slot():
    with running("--loops", 1) as server:
        with server.connect() as gone:
            gone.send(post("/defer?300", b"old"))
            time.sleep(0.1)
        wait_until(lambda: server.stats()["open"] == 1)
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(server.connect()) for _ in range(3)]
            for i, peer in enumerate(peers):
                peer.send(post("/defer?300", b"new %d" % i))
            for i, peer in enumerate(peers):
                assert peer.reply().body == b"new %d" % i
        assert server.stats()["tickets_stale"] == 1


def test_who_has_ended_is_not_waited_for(echo):
    before = echo.stats()["tickets_stale"]
    with echo.connect() as peer:
        peer.send(get("/size?9000000") + post("/defer?100", b"x"))
        peer.sock.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        assert peer.reply().body == sized(9000000)
        assert peer.closed()
    wait_until(lambda: echo.stats()["tickets_stale"] == before + 1)


def test_a_deferred_exchange_has_no_time_out(hasty):
    with hasty.connect() as peer:
        peer.send(post("/defer?2000", b"late"))
        assert peer.reply().body == b"late"


# --- slow ---

@pytest.mark.parametrize("part", [b"G", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n",
                                  b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
                                  post("/echo", b"hello")[:-1], chunked("/echo", b"abc")[:-5]])
def test_half_a_request_then_silence_is_408(hasty, part):
    with hasty.connect() as peer:
        started = time.monotonic()
        peer.send(part)
        reply = peer.reply()
        assert reply.status == 408 and reply.headers["connection"] == "close"
        assert time.monotonic() - started >= 0.6
        assert peer.closed()


def test_a_byte_now_and_then_does_not_lengthen_the_time_out(hasty):
    with hasty.connect() as peer:
        started = time.monotonic()
        peer.send(b"GET / HTTP/1.1\r\nX: ")
        peer.sock.settimeout(0.05)
        while True:
            assert time.monotonic() - started < 5
            try:
                reply = peer.reply()
                break
            except TimeoutError:
                peer.send(b"x")
        assert reply.status == 408
        assert time.monotonic() - started < 0.6 + 2 * TICK_SECONDS + 2


@pytest.mark.parametrize("before", [b"", get("/size?3"), b"\r\n\r\n"])
def test_idle_is_closed_quietly(hasty, before):
    with hasty.connect() as peer:
        peer.send(before)
        if before.startswith(b"GET"):
            assert peer.reply().body == b"abc"
        assert peer.closed()


def test_empty_lines_do_not_keep_an_idle_connection(hasty):
    with hasty.connect() as peer:
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 5:
                peer.send(b"\r\n")
                time.sleep(0.05)
        assert time.monotonic() - started < 5


def open_now(server):
    """None: who asks was late by the server's short time-outs, for it was busy meanwhile."""
    try:
        answer = server.ask(get("/stats"))
    except ConnectionError:
        return None
    return json.loads(answer.body)["open"] if answer.status == 200 else None


@pytest.mark.parametrize("path", ["/size", "/defer-size"])
def test_a_reader_that_does_not_read_is_closed(hasty, path):
    with hasty.connect() as peer:
        peer.send(get(f"{path}?50000000"))
        wait_until(lambda: open_now(hasty) == 2)
        wait_until(lambda: open_now(hasty) == 1)


def test_a_slow_reader_that_does_read_gets_it_all(hasty):
    size = 20_000_000
    with hasty.connect() as peer:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        peer.send(get(f"/size?{size}"))
        started, got = time.monotonic(), 0
        while time.monotonic() - started < 2:
            got += len(peer.sock.recv(65536))
            time.sleep(0.1)
        peer.rest = b""
        while True:
            data = peer.sock.recv(1 << 20)
            got += len(data)
            if data == b"" or got > size:
                break
        assert got > size


# --- TLS ---

def wrap(sock, certificate, minimum=ssl.TLSVersion.TLSv1_3, maximum=ssl.TLSVersion.TLSv1_3,
         protocols=()):
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    context.minimum_version, context.maximum_version = minimum, maximum
    if protocols:
        context.set_alpn_protocols(protocols)
    return context.wrap_socket(sock, server_hostname="127.0.0.1")


def sealed_peer(server, certificate, **options):
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_SECONDS)
    try:
        return Peer(wrap(plain, certificate, **options))
    except BaseException:
        plain.close()
        raise


def test_tls_serves_keep_alive_and_says_so(sealed, certificate):
    with sealed_peer(sealed, certificate, protocols=["h2", "http/1.1"]) as peer:
        assert peer.sock.version() == "TLSv1.3"
        assert peer.sock.selected_alpn_protocol() == "http/1.1"
        for _ in range(3):
            peer.send(post("/echo", b"hello"))
            reply = peer.reply()
            assert reply.body == b"hello"
            assert reply.headers["strict-transport-security"] == "max-age=31536000"
        peer.send(post("/defer", b"later"))
        assert peer.reply().body == b"later"
        peer.send(get("/size?3", "Connection: close"))
        assert peer.reply().body == b"abc"
        assert peer.closed()


def test_tls_carries_large_bodies_and_pipelines(sealed, certificate):
    sizes = [0, 5, 3_000_000, 16384, 7, 70000, 1]
    with sealed_peer(sealed, certificate) as peer:
        peer.send(b"".join(get(f"/size?{size}") for size in sizes))
        time.sleep(0.2)
        assert [peer.reply().body for _ in sizes] == [sized(size) for size in sizes]
        body = bytes(range(256)) * 8192
        peer.send(post("/bulk", body))
        assert peer.reply().body == body
        peer.send(b"".join(post("/defer", b"%d" % i) for i in range(100)))
        for i in range(100):
            assert peer.reply().body == b"%d" % i


def test_tls_1_2_is_refused(sealed, certificate):
    with pytest.raises(ssl.SSLError, match="protocol version|PROTOCOL_VERSION"):
        sealed_peer(sealed, certificate, minimum=ssl.TLSVersion.TLSv1_2,
                    maximum=ssl.TLSVersion.TLSv1_2)


def test_tls_with_another_protocol_alone_is_refused(sealed, certificate):
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        sealed_peer(sealed, certificate, protocols=["h2"])


def test_plain_http_on_a_tls_port_is_closed(sealed):
    with sealed.connect() as peer:
        peer.send(get("/echo"))
        with contextlib.suppress(ConnectionError):
            while (data := peer.sock.recv(1024)) != b"":
                assert b"HTTP" not in data


def test_a_tls_handshake_that_never_ends_is_closed(sealed):
    with sealed.connect() as peer:
        peer.send(b"\x16\x03\x01\x02\x00\x01")
        assert peer.sock.recv(1024) == b""


def test_tls_cut_off_in_a_request_while_deferred_and_in_a_reply(sealed, certificate):
    for request in (post("/echo", b"hello")[:-2], post("/defer?100", b"x"), get("/size?9000000")):
        peer = sealed_peer(sealed, certificate)
        peer.send(request)
        time.sleep(0.03)
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.sock.close()
    with sealed_peer(sealed, certificate) as peer:

        def open_now():
            peer.send(get("/stats"))
            return json.loads(peer.reply().body)["open"]

        wait_until(lambda: open_now() == 1)
        peer.send(get("/stats"))
        assert json.loads(peer.reply().body)["tls_failures"] >= 0


def test_openssls_own_client_verifies_the_certificate(sealed, certificate):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{sealed.port}",
                           "-CAfile", certificate / "cert.pem", "-verify_return_error", "-quiet",
                           "-ign_eof"], input=get("/size?3", "Connection: close"),
                          capture_output=True, timeout=WAIT_SECONDS)
    assert b"HTTP/1.1 200 OK" in done.stdout and done.stdout.endswith(b"abc")


@pytest.mark.parametrize("cert, key, told", [
    ("cert.pem", "missing.key", "missing.key"),
    ("missing.pem", "cert.key", "missing.pem"),
    ("cert.key", "cert.key", "cert.key"),
    ("cert.pem", "other.key", "other.key"),
])
def test_a_wrong_certificate_is_told_at_start(certificate, cert, key, told):
    done = subprocess.run([program("tests/echo_server"), "--cert", certificate / cert,
                           "--key", certificate / key], capture_output=True, text=True,
                          timeout=WAIT_SECONDS)
    assert done.returncode == 1 and done.stdout == ""
    assert told in done.stderr and len(done.stderr.splitlines()) == 1


# --- starting and stopping ---

@pytest.mark.parametrize("loops", [1, 2])
def test_a_port_in_use_is_told(echo, loops):
    done = subprocess.run([program("tests/echo_server"), "--port", str(echo.port),
                           "--loops", str(loops)], capture_output=True, text=True,
                          timeout=WAIT_SECONDS)
    assert done.returncode == 1
    assert str(echo.port) in done.stderr and "in use" in done.stderr


def test_an_address_that_is_not_ours_is_told():
    done = subprocess.run([program("tests/echo_server"), "--host", "192.0.2.1"],
                          capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.returncode == 1 and "192.0.2.1" in done.stderr


def test_stop_lets_a_deferred_exchange_finish():
    server = Echo("--loops", 2, "--drain-ms", 10000)
    with server.connect() as idle, server.connect() as peer:
        idle.send(get("/size?3"))
        assert idle.reply().body == b"abc"
        peer.send(post("/defer?700", b"late"))
        time.sleep(0.2)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert idle.closed()
        reply = peer.reply()
        assert reply.body == b"late" and reply.headers["connection"] == "close"
        assert peer.closed()
    server.stop()
    assert time.monotonic() - started < 8


def test_stop_gives_up_on_what_takes_longer_than_the_drain_time():
    server = Echo("--drain-ms", 500)
    with server.connect() as deferred, server.connect() as half, server.connect() as deaf:
        deferred.send(post("/defer?2500", b"late"))
        half.send(b"GET / HT")
        deaf.send(get("/size?50000000"))
        time.sleep(0.2)
        server.stop()
        with contextlib.suppress(ConnectionError):
            assert deferred.sock.recv(10) == b""


def test_stop_refuses_new_connections():
    server = Echo("--drain-ms", 10000)
    with server.connect() as peer:
        peer.send(post("/defer?700", b"late"))
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        assert peer.reply().body == b"late"
    server.stop()
