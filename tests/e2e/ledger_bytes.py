"""An entry's 256 bytes, read by the table in ledger/README.md and not by the
programs' own code."""
import base64
import hashlib
import struct
import types

KINDS = {1: "genesis", 2: "unit", 3: "site", 4: "budget", 5: "reason", 6: "touchpoint", 7: "staff",
         8: "token", 9: "customer", 10: "party", 11: "token-end", 16: "allotment", 17: "grant",
         18: "thanks", 19: "reversal", 20: "import", 32: "refusal"}
CLASSES = ["none", "issuance", "budget", "customer", "earned", "held", "settlement", "breakage",
           "history"]
FIELDS = ("seq", "time_us", "business_date", "expiry_date", "amount", "balance", "actor", "staff",
          "customer", "site", "budget", "reason", "touchpoint", "unit", "refers_to",
          "prev_customer", "prev_budget", "prev_actor", "policy", "limit")


def sha256(raw):
    return hashlib.sha256(raw).digest()


def parse(raw):
    assert len(raw) == 256
    version, kind, flags, code, debit, credit = struct.unpack_from("<BBHHBB", raw, 0)
    assert version == 1
    values = struct.unpack_from("<qqiiqq14Q", raw, 8)
    return types.SimpleNamespace(
        kind=KINDS[kind], flags=flags, code=code, debit=CLASSES[debit], credit=CLASSES[credit],
        key_mac=raw[160:176], body_mac=raw[176:192], hash=raw[192:224],
        incident=raw[224:].rstrip(b"\0").decode("ascii"), **dict(zip(FIELDS, values)))


def read(server, seq, token):
    """The entry's bytes as its receipt has them, parsed."""
    answer = server.get(f"/v1/receipts/{seq}", token=token, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return parse(base64.b64decode(answer.json()["leaf"]))
