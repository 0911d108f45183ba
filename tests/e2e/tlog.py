"""A transparency log's verifier, small, and independent of the programs that it
judges: RFC 6962's tree, C2SP's notes, receipts and tile addresses.  Ed25519 is
OpenSSL's."""
import base64
import hashlib
import pathlib
import subprocess
import tempfile


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size):
    """The largest power of two below size."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def tree_root(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = split(len(hashes))
    return node_hash(tree_root(hashes[:middle]), tree_root(hashes[middle:]))


def root_from_path(index, size, leaf, path):
    """The root that an inclusion proof leads to; the path is used up exactly."""
    if size == 1:
        if path:
            raise ValueError("the proof is too long")
        return leaf
    if not path:
        raise ValueError("the proof is too short")
    middle = split(size)
    if index < middle:
        return node_hash(root_from_path(index, middle, leaf, path[:-1]), path[-1])
    return node_hash(path[-1], root_from_path(index - middle, size - middle, leaf, path[:-1]))


def decode(text):
    """Base64 that is what an encoder would write."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("the base64 is not canonical")
    return raw


def decimal(text):
    if not text.isascii() or not text.isdigit() or str(int(text)) != text:
        raise ValueError(f"{text!r} is not a canonical decimal")
    return int(text)


class Verifier:
    """A log's verifier key, as `lagniappe init` prints it."""

    def __init__(self, vkey):
        self.name, key_id, key = vkey.split("+", 2)
        self.key_id = bytes.fromhex(key_id)
        raw = decode(key)
        if raw[0] != 1 or len(raw) != 33:
            raise ValueError("not an Ed25519 key")
        self.public = raw[1:]
        expected = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.key_id != expected:
            raise ValueError("the key's id does not follow from it")

    def signed(self, message, signature):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory)
            (path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + self.public)
            (path / "message").write_bytes(message)
            (path / "signature").write_bytes(signature)
            return subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                 path / "key", "-rawin", "-in", path / "message", "-sigfile", path / "signature"],
                capture_output=True, check=False).returncode == 0

    def open_checkpoint(self, note):
        """Size and root of a checkpoint that this key signed."""
        if isinstance(note, bytes):
            note = note.decode()
        body, _, signatures = note.partition("\n\n")
        body += "\n"
        origin, size, root = body.removesuffix("\n").split("\n")
        if origin != self.name:
            raise ValueError("another log's checkpoint")
        if not signatures.endswith("\n"):
            raise ValueError("the last line has no end")
        good = 0
        for line in signatures.removesuffix("\n").split("\n"):
            dash, name, blob = line.split(" ")
            raw = decode(blob)
            if dash != "\u2014":
                raise ValueError("not a signature line")
            if name == self.name and raw[:4] == self.key_id:
                if len(raw) != 68 or not self.signed(body.encode(), raw[4:]):
                    raise ValueError("the signature does not hold")
                good += 1
        if good != 1:
            raise ValueError("the log's own signature is not there once")
        root = decode(root)
        if len(root) != 32:
            raise ValueError("not a SHA-256 root")
        return decimal(size), root

    def open_receipt(self, text, entry):
        """Index, size and root that a receipt proves for the entry."""
        head, _, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
            raise ValueError("not a receipt")
        index = decimal(lines[1].removeprefix("index "))
        path = [decode(line) for line in lines[2:]]
        size, root = self.open_checkpoint(note)
        if index >= size:
            raise ValueError("the index is behind the tree's end")
        if root_from_path(index, size, leaf_hash(entry), path) != root:
            raise ValueError("the proof does not lead to the root")
        return index, size, root


def tile_number(number):
    """1234067 is x001/x234/067."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


def tile_path(level, number, width):
    """level: a number, or "entries"; width 256 is a full tile."""
    path = f"/tile/{level}/{tile_number(number)}"
    return path if width == 256 else f"{path}.p/{width}"


def tile_width(level, number, size):
    """How many hashes of the tile a tree of the size has."""
    return max(0, min(256, size // 256 ** level - number * 256))


def tile_hashes(hashes, level):
    """A level's nodes, over all leaf hashes: the roots of complete subtrees."""
    for _ in range(level):
        hashes = [tree_root(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
    return hashes


def open_bundle(raw):
    """The entries of an entry bundle."""
    entries = []
    while raw:
        size = int.from_bytes(raw[:2], "big")
        if len(raw) < 2 + size:
            raise ValueError("the bundle ends within an entry")
        entries.append(raw[2:2 + size])
        raw = raw[2 + size:]
    return entries
