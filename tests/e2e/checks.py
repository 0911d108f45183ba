"""What several end-to-end tests hold answers to."""
import json
import socket


def assert_problem(answer, status, code=None):
    """An RFC 9457 problem of one of the statuses; gives its JSON."""
    statuses = status if isinstance(status, tuple) else (status,)
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    assert answer.headers["X-Request-Id"]
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"] and problem["detail"]
    assert problem["type"].startswith("/problems/")
    if code is not None:
        assert problem["type"] == f"/problems/{code}", problem
    return problem


def line_problem(line):
    """The code of a batch line's problem."""
    problem = line["problem"]
    return (problem["type"] if isinstance(problem, dict) else problem).rsplit("/", 1)[-1]


def ndjson(lines):
    """Dicts, or texts that stand as they are, one a line."""
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n"
                   for line in lines).encode()


def post_lines(server, path, lines, token, **kwargs):
    """Answers a batch's lines."""
    answer = server.post(path, token=token, key=None, data=ndjson(lines),
                         headers={"Content-Type": "application/x-ndjson"}, **kwargs)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return [json.loads(line) for line in answer.text.splitlines()]


def begin_batch(server, token, length, sent=b"", chunked=False):
    """A connection that has said it will send so much, and has sent a part of it."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
    said = f"Authorization: Bearer {token}\r\n" if token else ""
    connection.sendall(f"POST /v1/grants/batch HTTP/1.1\r\nHost: x\r\n{said}{framing}\r\n"
                       "Content-Type: application/x-ndjson\r\n\r\n".encode() + sent)
    return connection


def grant_body(programme, amount=100, **fields):
    return {"customer": programme.customer, "amount": amount, "unit": "EUR", "reason": "late-room",
            **fields}


def grant(programme, amount=100, token=None, **fields):
    """A grant that must succeed; its entry."""
    return programme.server.made("/v1/grants", grant_body(programme, amount, **fields),
                                 token or programme.anna)


class Unchanged:
    """Within it nothing is written: no entry, no balance, no budget."""

    def __init__(self, programme):
        self.programme = programme

    def _state(self):
        programme = self.programme
        return (programme.server.entry_count(),
                programme.server.balance(programme.customer, programme.anna),
                programme.server.available())

    def __enter__(self):
        self.before = self._state()

    def __exit__(self, kind, value, traceback):
        if kind is None:
            assert self._state() == self.before
