"""The tests' own verifier, against vectors that an independent program made."""
import pathlib

import pytest

import tlog

VECTORS = pathlib.Path(__file__).parents[1] / "vectors"


def read(name):
    return (VECTORS / name).read_bytes()


@pytest.fixture(params=["tlog-5", "tlog-300"])
def vector(request):
    return request.param


def test_a_receipt_made_elsewhere_is_accepted(vector):
    verifier = tlog.Verifier(read(f"{vector}/log.vkey").decode().strip())
    size, root = verifier.open_checkpoint(read(f"{vector}/checkpoint"))
    index, proven_size, proven_root = verifier.open_receipt(
        read(f"{vector}/receipt.tlog-proof").decode(), read(f"{vector}/leaf.bin"))
    assert (size, root) == (proven_size, proven_root)
    assert size == int(vector.removeprefix("tlog-"))
    assert 0 <= index < size


def test_a_receipt_for_another_leaf_is_refused(vector):
    verifier = tlog.Verifier(read(f"{vector}/log.vkey").decode().strip())
    with pytest.raises(ValueError):
        verifier.open_receipt(read(f"{vector}/receipt.tlog-proof").decode(), b"another")


def test_a_checkpoint_that_was_changed_is_refused(vector):
    verifier = tlog.Verifier(read(f"{vector}/log.vkey").decode().strip())
    note = read(f"{vector}/checkpoint").decode()
    size = vector.removeprefix("tlog-")
    with pytest.raises(ValueError):
        verifier.open_checkpoint(note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n", 1))


def test_the_tree_of_the_entries_has_the_root_and_the_tiles():
    entries = []
    for number, width in ((0, 256), (1, 44)):
        path = tlog.tile_path("entries", number, width).lstrip("/")
        entries += tlog.open_bundle(read(f"tlog-300/{path}"))
    hashes = [tlog.leaf_hash(entry) for entry in entries]
    verifier = tlog.Verifier(read("tlog-300/log.vkey").decode().strip())
    assert verifier.open_checkpoint(read("tlog-300/checkpoint")) == (300, tlog.tree_root(hashes))
    assert read("tlog-300/tile/0/000") == b"".join(hashes[:256])
    assert read("tlog-300/tile/0/001.p/44") == b"".join(hashes[256:])
    assert read("tlog-300/tile/1/000.p/1") == b"".join(tlog.tile_hashes(hashes, 1))


def test_tiles_have_the_addresses_that_the_specification_gives():
    assert tlog.tile_path(0, 1234067, 256) == "/tile/0/x001/x234/067"
    assert tlog.tile_path(1, 0, 3) == "/tile/1/000.p/3"
    assert tlog.tile_path("entries", 1000, 256) == "/tile/entries/x001/000"
