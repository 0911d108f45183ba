"""What every end-to-end test may ask for.  The work is done in harness.py."""
import subprocess

import pytest

from harness import Server, run_program, set_up_programme


def pytest_configure(config):
    config.addinivalue_line("markers", "threads: worth running under the thread sanitizer")


@pytest.fixture(scope="session")
def lagniappe():
    """Runs build/lagniappe with the arguments, to its end."""
    return lambda *args, **kwargs: run_program("lagniappe", *args, **kwargs)


@pytest.fixture(scope="module")
def make_server(tmp_path_factory):
    """Makes running servers, and stops those that still run at the end."""
    servers = []

    def make(**kwargs):
        server = Server(tmp_path_factory.mktemp("ledger") / "data", **kwargs)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def server(make_server):
    return make_server()


@pytest.fixture(scope="module")
def programme(server):
    return set_up_programme(server)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate of its own, and a key that is another's."""
    place = tmp_path_factory.mktemp("tls")
    for name in ("cert", "other"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        place / f"{name}.key", "-out", place / f"{name}.pem"],
                       check=True, capture_output=True)
    return place
