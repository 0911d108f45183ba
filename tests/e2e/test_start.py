"""What lagniapped says of a data directory, or of files, that it cannot use."""
import os
import re
import shutil
import tempfile

import pytest

from harness import Server, program, run_program


@pytest.fixture
def data(tmp_path):
    """A ledger that nobody serves."""
    return Server(tmp_path / "data").data


def refuses(data, *args, **kwargs):
    """What it says, having not started."""
    answer = run_program("lagniapped", "--data", data, "--listen", "127.0.0.1:0", *args, **kwargs)
    assert answer.returncode == 1, answer.stderr
    return answer.stderr


def test_no_ledger_is_to_be_made(tmp_path):
    said = refuses(tmp_path)
    assert "ledger.mdb: No such file" in said and said.count("lagniappe init") == 1


@pytest.mark.parametrize("name", ["signing", "master", "mac"])
def test_a_lost_key_is_to_be_restored_and_no_ledger_made(data, name):
    (data / "keys" / name).unlink()
    said = refuses(data)
    assert f"keys/{name}: No such file" in said and "restore keys/ from your backup" in said
    assert "init" not in said


@pytest.fixture
def anybodys():
    """A copy of the server that anybody may run, wherever the build lies."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield shutil.copy(program("lagniapped"), folder)


def test_somebody_elses_ledger_is_for_its_owner_to_serve(data, anybodys):
    other = {"user": 65534, "group": 65534} if os.getuid() == 0 else {}
    if not other:
        (data / "ledger.mdb").chmod(0)
    said = refuses(data, cwd="/", executable=anybodys, **other)
    assert "run it as the owner" in said and "init" not in said


def test_what_is_no_certificate_is_named(data, certificate, tmp_path):
    text = tmp_path / "text"
    text.write_text("hello\n")
    good = certificate / "cert.pem"
    for cert, key, why in ((tmp_path / "none", certificate / "cert.key", "No such file"),
                           (good, tmp_path / "none", "No such file"),
                           (text, certificate / "cert.key", "not a PEM file"),
                           (good, text, "not a PEM file"),
                           (good, certificate / "other.key", "does not belong|mismatch")):
        said = refuses(data, "--tls-cert", cert, "--tls-key", key)
        assert re.search(why, said) and " lib" not in said, said


def test_a_bound_below_what_the_log_holds_is_said(make_server):
    server = make_server(args=["--log-map", "4096"])
    assert any("--log-map is below" in line for line in server.lines)
