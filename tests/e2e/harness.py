"""Programs, servers and a small programme, for the end-to-end tests to drive.

The programs come from $LAGNIAPPE_BUILD (default build).  Every server listens
on a port of its own on loopback, over a data directory of its own.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import types
import uuid

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("LAGNIAPPE_BUILD", "build")).resolve()
SANITIZED = bool({"asan", "tsan"} & set(BUILD.parts))  # slower, and much larger
ORIGIN = "test.example/ledger"
ZONE = "Europe/Paris"
START_SECONDS = 60
STOP_SECONDS = 60
ANSWER_SECONDS = 60
PROGRAM_SECONDS = 300
AUTO = object()  # an Idempotency-Key of its own


def program(name):
    return str(BUILD / name)


def run_program(name, *args, **kwargs):
    kwargs.setdefault("timeout", PROGRAM_SECONDS)
    kwargs.setdefault("stdin", subprocess.DEVNULL if "input" not in kwargs else None)
    return subprocess.run([program(name), *map(str, args)], capture_output=True, text=True,
                          **kwargs)


def preloaded(folder, source):
    """A library, of this C, that a program loads before its own: for LD_PRELOAD."""
    if BUILD.name in ("asan", "tsan") or not shutil.which("gcc"):
        pytest.skip("a sanitizer's runtime wants to be loaded first")
    (folder / "preloaded.c").write_text(source)
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", folder / "preloaded.so",
                    folder / "preloaded.c", "-ldl"], check=True)
    return str(folder / "preloaded.so")


class Server:
    """One data directory, and the server over it while it runs."""

    def __init__(self, data, origin=ORIGIN, timezone=ZONE, args=()):
        self.data = pathlib.Path(data)
        self.origin = origin
        self.args = list(args)
        self.process = None
        self.lines = []  # of standard error, of all its runs
        made = run_program("lagniappe", "init", "--data", self.data, "--origin", origin,
                           "--timezone", timezone)
        assert made.returncode == 0, made.stderr
        told = dict(re.findall(r"^(\S+): (\S+)$", made.stdout, re.M))
        self.admin = told["admin-token"]
        self.finance = told["finance-token"]
        self.vkey = told["log-vkey"]

    # --- its life ---

    def start(self):
        self.process = subprocess.Popen(
            [program("lagniapped"), "--data", str(self.data), "--listen", "127.0.0.1:0",
             *self.args],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace")
        listening = threading.Event()
        found = {}
        self.reader = threading.Thread(target=self._read, args=(self.process, listening, found),
                                       daemon=True)
        self.reader.start()
        if not listening.wait(START_SECONDS) or "url" not in found:
            self.process.kill()
            pytest.fail("the server did not start:\n" + "\n".join(self.lines[-20:]))
        self.url = found["url"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy, and no other certificates than the test's
        return self

    def _read(self, process, listening, found):
        for line in process.stderr:
            self.lines.append(line.rstrip("\n"))
            match = re.search(r"listening on (https?://[0-9.]+:[0-9]+)", line)
            if match:
                found["url"] = match.group(1)
                listening.set()
        listening.set()  # it ended

    def _ended(self):
        self.session.close()
        self.reader.join(STOP_SECONDS)
        code, self.process = self.process.returncode, None
        return code

    def stop(self):
        """SIGTERM: drains, and ends well."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)
        code = self._ended()
        assert code == 0, f"ended with {code}:\n" + "\n".join(self.lines[-20:])

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self._ended()

    def restart(self):
        if self.process:
            self.stop()
        return self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.stop()
        elif self.process:
            code = self._ended()
            pytest.fail(f"the server ended by itself, with {code}:\n" + "\n".join(self.lines[-20:]))

    # --- requests ---

    def request(self, method, path, json=None, token=None, key=None, headers=None, **kwargs):
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if key is AUTO:
            key = str(uuid.uuid4())
        if key is not None:
            sent["Idempotency-Key"] = key
        kwargs.setdefault("timeout", ANSWER_SECONDS)
        return self.session.request(method, self.url + path, json=json, headers=sent, **kwargs)

    def get(self, path, token=None, **kwargs):
        return self.request("GET", path, token=token, **kwargs)

    def post(self, path, json=None, token=None, key=AUTO, **kwargs):
        return self.request("POST", path, json=json, token=token, key=key, **kwargs)

    def patch(self, path, json=None, token=None, **kwargs):
        return self.request("PATCH", path, json=json, token=token, **kwargs)

    def delete(self, path, token=None, **kwargs):
        return self.request("DELETE", path, token=token, **kwargs)

    def raw(self, sent, seconds=ANSWER_SECONDS, half_close=False):
        """Bytes as they are, and all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            try:
                connection.sendall(sent)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it answered before it had read all
            got = b""
            try:
                while chunk := connection.recv(65536):
                    got += chunk
            except ConnectionResetError:
                pass
            return got

    # --- what tests ask again and again ---

    def made(self, path, json, token, **kwargs):
        """A POST that must succeed, and its answer."""
        answer = self.post(path, json=json, token=token, **kwargs)
        assert answer.status_code == 201, (path, json, answer.status_code, answer.text)
        return answer.json()

    def token(self, role, by=None, **fields):
        """A new token's secret."""
        by = by or (self.finance if role in ("auditor", "finance") else self.admin)
        body = {"role": role, "expires_in": 86400, **fields}
        return self.made("/v1/tokens", body, by)["token"]

    def entries(self, after=None):
        """All entries, by pages, as finance sees them."""
        found = []
        path = "/v1/entries?page_size=1000"
        while True:
            query = path if after is None else f"{path}&after={after}"
            answer = self.get(query, token=self.finance)
            assert answer.status_code == 200, answer.text
            page = answer.json()["entries"]
            if not page:
                return found
            found += page
            after = page[-1]["seq"]

    def entry_count(self):
        return len(self.entries())

    def balance(self, customer, token, unit="EUR"):
        answer = self.get(f"/v1/customers/{customer}/balances", token=token)
        assert answer.status_code == 200, answer.text
        held = {b["unit"]: b["available"] for b in answer.json()["balances"]}
        return held.get(unit, 0)

    def available(self, budget="front-desk"):
        answer = self.get(f"/v1/budgets/{budget}", token=self.finance)
        assert answer.status_code == 200, answer.text
        return answer.json()["available"]


def set_up_programme(server):
    """A hotel's front desk: a budget, two people who grant from it, a customer."""
    admin, finance = server.admin, server.finance
    server.made("/v1/units", {"code": "EUR", "scale": 2, "kind": "money", "name": "Euro"}, admin)
    server.made("/v1/units", {"code": "PTS", "scale": 0, "kind": "points", "name": "Points"}, admin)
    server.made("/v1/sites", {"id": "paris", "name": "Paris", "timezone": ZONE,
                              "week_starts": "monday"}, admin)
    server.made("/v1/budgets", {"id": "front-desk", "site": "paris", "unit": "EUR",
                                "name": "Front desk"}, admin)
    server.made("/v1/budgets/front-desk/allotments", {"amount": 1000000}, finance)
    server.made("/v1/reasons", {"id": "late-room", "name": "The room was late",
                                "kind": "discretionary"}, admin)
    server.made("/v1/reasons", {"id": "kind-word", "name": "A kind word", "kind": "kindness"},
                admin)
    server.made("/v1/touchpoints", {"id": "lobby", "name": "The lobby"}, admin)
    server.made("/v1/staff", {"id": "anna", "name": "Anna Arnaud", "role": "staff", "site": "paris",
                              "budget": "front-desk"}, admin)
    server.made("/v1/staff", {"id": "marc", "name": "Marc Martin", "role": "manager",
                              "site": "paris", "budget": "front-desk"}, admin)
    anna = server.token("staff", subject="anna")
    marc = server.token("manager", subject="marc")
    customer = server.made("/v1/customers", {"reference": "booking-4711", "name": "Camille Durand"},
                           anna)["id"]
    return types.SimpleNamespace(
        server=server, admin=admin, finance=finance, anna=anna, marc=marc, customer=customer,
        customer_token=server.token("customer", subject=customer),
        auditor=server.token("auditor"),
        till=server.token("integration", sites=["paris"]))
