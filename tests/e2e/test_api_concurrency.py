"""Many at once: a key acts once, a budget is not overspent, nobody's view goes back."""
import concurrent.futures
import threading

import pytest
import requests

from checks import grant_body

pytestmark = pytest.mark.threads

THREADS = 16


class Client:
    """Posts from a thread of its own, on a connection of its own."""

    def __init__(self, server):
        self.server = server
        self.local = threading.local()

    def post(self, path, body, token, key):
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
        return self.local.session.post(
            self.server.url + path, json=body, timeout=60,
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key})


def at_once(call, arguments):
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, arguments))


def test_i3_one_key_sent_by_many_at_once_acts_once(programme):
    server, client = programme.server, Client(programme.server)
    before = server.balance(programme.customer, programme.anna)
    for round_number in range(5):
        body = grant_body(programme, 7)
        answers = at_once(lambda _: client.post("/v1/grants", body, programme.anna,
                                                f"at-once-{round_number}"), range(THREADS))
        assert {answer.status_code for answer in answers} <= {201, 409}
        taken = [answer.json() for answer in answers if answer.status_code == 201]
        assert taken and len({entry["seq"] for entry in taken}) == 1
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["type"] == "/problems/in-flight"
    assert server.balance(programme.customer, programme.anna) == before + 5 * 7


def test_i4_a_budget_is_not_overspent_by_many_at_once(programme):
    server, client = programme.server, Client(programme.server)
    server.made("/v1/budgets", {"id": "tight", "site": "paris", "unit": "EUR", "name": "Tight"},
                programme.admin)
    server.made("/v1/budgets/tight/allotments", {"amount": 500}, programme.finance)
    server.made("/v1/staff", {"id": "tess", "name": "Tess Tight", "role": "staff",
                              "site": "paris", "budget": "tight"}, programme.admin)
    tess = server.token("staff", subject="tess")
    answers = at_once(lambda i: client.post("/v1/grants", grant_body(programme, 10), tess,
                                            f"tight-{i}"), range(100))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 50
    assert statuses.count(409) == 50
    assert server.available("tight") == 0


def test_i1_sums_agree_after_many_at_once(programme):
    server, client = programme.server, Client(programme.server)
    held, available = server.balance(programme.customer, programme.anna), server.available()
    answers = at_once(lambda i: client.post("/v1/grants", grant_body(programme, 1 + i % 9),
                                            (programme.anna, programme.marc)[i % 2],
                                            f"sum-{i}"), range(300))
    assert all(answer.status_code == 201 for answer in answers)
    seqs = [answer.json()["seq"] for answer in answers]
    assert len(set(seqs)) == 300
    total = sum(1 + i % 9 for i in range(300))
    assert server.balance(programme.customer, programme.anna) == held + total
    assert server.available() == available - total
    # Each balance is the one before it plus its own amount, in the ledger's order.
    entries = [entry for entry in server.entries(after=min(seqs) - 1)
               if entry["kind"] == "grant" and entry["customer"] == programme.customer]
    for earlier, later in zip(entries, entries[1:]):
        assert later["balance"] == earlier["balance"] + later["amount"]


def test_i9_what_is_answered_is_seen_at_once_by_everybody(programme):
    server, client = programme.server, Client(programme.server)

    def give_and_look(i):
        entry = client.post("/v1/grants", grant_body(programme, 1), programme.anna,
                            f"look-{i}").json()
        seen = requests.get(f"{server.url}/v1/customers/{programme.customer}/balances", timeout=60,
                            headers={"Authorization": f"Bearer {programme.auditor}"}).json()
        found = requests.get(f"{server.url}/v1/entries/{entry['seq']}", timeout=60,
                             headers={"Authorization": f"Bearer {programme.auditor}"})
        held = {one["unit"]: one["available"] for one in seen["balances"]}
        return held["EUR"] >= entry["balance"] and found.status_code == 200

    assert all(at_once(give_and_look, range(60)))


def test_a_readers_balance_never_goes_back(programme):
    server, client = programme.server, Client(programme.server)
    done = threading.Event()

    def watch(_):
        last, session = 0, requests.Session()
        while not done.is_set():
            seen = session.get(f"{server.url}/v1/customers/{programme.customer}/balances",
                               headers={"Authorization": f"Bearer {programme.auditor}"},
                               timeout=60).json()
            held = {one["unit"]: one["available"] for one in seen["balances"]}["EUR"]
            if held < last:
                return False
            last = held
        return True

    with concurrent.futures.ThreadPoolExecutor(4) as watchers:
        watching = [watchers.submit(watch, i) for i in range(4)]
        at_once(lambda i: client.post("/v1/grants", grant_body(programme, 1), programme.anna,
                                      f"forward-{i}"), range(400))
        done.set()
        assert all(one.result() for one in watching)
