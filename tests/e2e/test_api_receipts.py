"""Receipts, checkpoint and tiles, judged by a verifier of the tests' own."""
import base64
import json

import pytest

import ledger_bytes
import tlog
from checks import assert_problem, grant, grant_body, post_lines


@pytest.fixture(scope="module")
def verifier(server):
    return tlog.Verifier(server.vkey)


@pytest.fixture(scope="module")
def log(programme):
    """A log of more than one full tile."""
    post_lines(programme.server, "/v1/grants/batch",
               [grant_body(programme, 1, key=f"fill-{i}") for i in range(300)], programme.anna)
    return programme


def fetch(programme, path, token=None):
    answer = programme.server.get(path, token=token or programme.auditor)
    assert answer.status_code == 200, (path, answer.text)
    return answer


def tiles(programme, level, size):
    """A level's tiles, joined."""
    found, number = b"", 0
    height = 0 if level == "entries" else level
    while width := tlog.tile_width(height, number, size):
        found += fetch(programme, tlog.tile_path(level, number, width)).content
        number += 1
    return found


def all_entries(programme, size):
    entries, number = [], 0
    while width := tlog.tile_width(0, number, size):
        bundle = fetch(programme, tlog.tile_path("entries", number, width)).content
        entries += tlog.open_bundle(bundle)
        number += 1
    return entries


def test_the_verifier_key_is_served_as_init_told_it(programme):
    assert fetch(programme, "/log.vkey").text.strip() == programme.server.vkey
    assert programme.server.vkey.startswith("test.example/ledger+")


def test_the_checkpoint_is_signed_and_covers_all_entries(programme, verifier):
    answer = fetch(programme, "/checkpoint")
    assert answer.headers["Content-Type"].startswith("text/plain")
    size, _ = verifier.open_checkpoint(answer.content)
    assert size == programme.server.entry_count()


def test_a_receipt_verifies_as_text_and_as_json(programme, verifier):
    seq = grant(programme, 31)["seq"]
    path = f"/v1/receipts/{seq}"
    whole = programme.server.get(path, token=programme.customer_token,
                                 headers={"Accept": "application/json"}).json()
    leaf = base64.b64decode(whole["leaf"])
    assert verifier.open_receipt(whole["proof"], leaf)[0] == seq
    assert whole["entry"]["seq"] == seq
    assert whole["entry"]["amount"] == 31
    text = programme.server.get(path, token=programme.customer_token,
                                headers={"Accept": "text/plain"})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert verifier.open_receipt(text.text, leaf)[0] == seq


def test_the_leaf_says_what_the_entry_says(programme):
    entry = grant(programme, 4321, incident="INC-42", touchpoint="lobby")
    leaf = ledger_bytes.parse(base64.b64decode(entry["receipt"]["leaf"]))
    assert (leaf.seq, leaf.kind, leaf.amount, leaf.balance, leaf.incident) == \
        (entry["seq"], "grant", 4321, entry["balance"], "INC-42")
    assert (leaf.debit, leaf.credit) == ("budget", "customer")
    assert leaf.prev_customer < leaf.seq and leaf.prev_actor < leaf.seq


def test_every_entry_has_a_receipt_under_the_newest_checkpoint(programme, verifier):
    grant(programme)
    size, root = verifier.open_checkpoint(fetch(programme, "/checkpoint").content)
    entries = all_entries(programme, size)
    for seq, raw in enumerate(entries[:40]):
        text = programme.server.get(f"/v1/receipts/{seq}", token=programme.auditor,
                                    headers={"Accept": "text/plain"}).text
        assert verifier.open_receipt(text, raw) == (seq, size, root)


def test_the_tree_of_the_bundles_has_the_checkpoints_root(log, verifier):
    size, root = verifier.open_checkpoint(fetch(log, "/checkpoint").content)
    assert size > 256
    entries = all_entries(log, size)
    assert len(entries) == size
    assert all(len(entry) == 256 for entry in entries)
    assert tlog.tree_root([tlog.leaf_hash(entry) for entry in entries]) == root
    assert [ledger_bytes.parse(entry).seq for entry in entries] == list(range(size))


def test_the_tiles_are_the_trees_own_hashes(log, verifier):
    size, _ = verifier.open_checkpoint(fetch(log, "/checkpoint").content)
    hashes = [tlog.leaf_hash(entry) for entry in all_entries(log, size)]
    assert tiles(log, 0, size) == b"".join(hashes)
    assert tiles(log, 1, size) == b"".join(tlog.tile_hashes(hashes, 1))
    assert len(fetch(log, "/tile/0/000").content) == 8192


def test_tiles_are_for_ever_and_bytes(log, verifier):
    for path in ("/tile/0/000", "/tile/entries/000", "/tile/1/000.p/1"):
        answer = fetch(log, path)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer.headers["Cache-Control"]
    assert "immutable" not in fetch(log, "/checkpoint").headers.get("Cache-Control", "")


def test_a_smaller_partial_tile_is_the_beginning_of_the_larger(log):
    whole = fetch(log, "/tile/0/000").content
    for width in (1, 2, 17, 255):
        assert fetch(log, f"/tile/0/000.p/{width}").content == whole[:32 * width]


@pytest.mark.parametrize("path", [
    "/tile/0/999", "/tile/0/001.p/255", "/tile/1/000.p/2", "/tile/1/000", "/tile/2/000.p/1",
    "/tile/entries/999", "/tile/0/0", "/tile/0/0000", "/tile/0/000.p/0", "/tile/0/000.p/256",
    "/tile/0/000.p/01", "/tile/00/000", "/tile/64/000", "/tile/-1/000", "/tile/0/x000/000",
    "/tile/0/000.p", "/tile/0/000.p/", "/tile/0/", "/tile/0", "/tile/", "/tile/x/000",
    "/tile/0/000/000", "/tile/0/001/000", "/tile/0/x001", "/tile/entries/000.p/1/2"])
def test_a_tile_that_is_not_there_is_not_found(log, path):
    assert_problem(log.server.get(path, token=log.auditor), (400, 404))


def test_the_log_is_for_the_auditor(programme):
    for path in ("/checkpoint", "/tile/entries/000.p/1", "/tile/0/000.p/1"):
        for token in (programme.anna, programme.customer_token, programme.till):
            assert_problem(programme.server.get(path, token=token), 403, "forbidden")
        assert_problem(programme.server.get(path), 401, "unauthenticated")


def test_a_public_log_needs_no_token(make_server):
    server = make_server(args=["--log-public"])
    verifier = tlog.Verifier(server.vkey)
    size, root = verifier.open_checkpoint(server.get("/checkpoint").content)
    assert size >= 1
    assert server.get("/log.vkey").text.strip() == server.vkey
    hashes = server.get(tlog.tile_path(0, 0, size)).content
    assert tlog.tree_root([hashes[i:i + 32] for i in range(0, len(hashes), 32)]) == root
    bundle = tlog.tile_path("entries", 0, size)
    assert_problem(server.get(bundle), 401, "unauthenticated")
    auditor = server.token("auditor")
    entries = tlog.open_bundle(server.get(bundle, token=auditor).content)
    assert [tlog.leaf_hash(entry) for entry in entries] == \
        [hashes[i:i + 32] for i in range(0, len(hashes), 32)]


def test_i2_an_older_checkpoint_is_the_beginning_of_every_newer_one(programme, verifier):
    older = verifier.open_checkpoint(fetch(programme, "/checkpoint").content)
    for _ in range(3):
        grant(programme)
        newer = verifier.open_checkpoint(fetch(programme, "/checkpoint").content)
        assert newer[0] > older[0]
        hashes = [tlog.leaf_hash(entry) for entry in all_entries(programme, newer[0])]
        assert tlog.tree_root(hashes) == newer[1]
        assert tlog.tree_root(hashes[:older[0]]) == older[1]
        older = newer


def test_i11_checkpoints_go_on_from_where_they_were_after_a_restart(make_server):
    server = make_server()
    verifier = tlog.Verifier(server.vkey)
    auditor = server.token("auditor")
    before = verifier.open_checkpoint(server.get("/checkpoint", token=auditor).content)
    server.restart()
    after = verifier.open_checkpoint(server.get("/checkpoint", token=auditor).content)
    assert after == before
    server.kill()
    server.start()
    assert verifier.open_checkpoint(server.get("/checkpoint", token=auditor).content) == before


# --- the same, by the program that people have ---

@pytest.fixture
def receipt_file(programme, tmp_path):
    path = tmp_path / "grant.json"
    path.write_text(json.dumps(grant(programme, 77)))
    return path


def test_lagniappe_verifies_a_grant_as_answered(programme, lagniappe, receipt_file):
    done = lagniappe("receipt", "verify", receipt_file, "--key", programme.server.vkey)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lagniappe_verifies_leaf_and_proof_with_the_key_in_a_file(programme, lagniappe,
                                                                  receipt_file, tmp_path):
    receipt = json.loads(receipt_file.read_text())["receipt"]
    bare, key = tmp_path / "bare.json", tmp_path / "log.vkey"
    bare.write_text(json.dumps({"leaf": receipt["leaf"], "proof": receipt["proof"]}))
    key.write_text(programme.server.vkey + "\n")
    done = lagniappe("receipt", "verify", bare, "--key", key)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lagniappe_refuses_a_receipt_that_was_changed(programme, lagniappe, receipt_file):
    entry = json.loads(receipt_file.read_text())
    leaf = bytearray(base64.b64decode(entry["receipt"]["leaf"]))
    leaf[32] ^= 1
    entry["receipt"]["leaf"] = base64.b64encode(leaf).decode()
    receipt_file.write_text(json.dumps(entry))
    done = lagniappe("receipt", "verify", receipt_file, "--key", programme.server.vkey)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).strip()


def test_lagniappe_refuses_the_key_of_another_log(lagniappe, receipt_file, make_server):
    done = lagniappe("receipt", "verify", receipt_file, "--key", make_server().vkey)
    assert done.returncode == 1


def test_lagniappe_says_when_it_could_not_run(programme, lagniappe, receipt_file, tmp_path):
    missing = lagniappe("receipt", "verify", tmp_path / "none.json", "--key",
                        programme.server.vkey)
    no_key = lagniappe("receipt", "verify", receipt_file, "--key", "nonsense")
    assert missing.returncode == no_key.returncode == 2
