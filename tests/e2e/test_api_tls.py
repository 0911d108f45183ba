"""The whole server behind TLS 1.3, with more loops than cores."""
import concurrent.futures
import os

import pytest
import requests

from checks import grant_body
from harness import set_up_programme

pytestmark = pytest.mark.threads

CLIENTS, GRANTS = 8, 10


@pytest.fixture(scope="module")
def sealed(make_server, certificate):
    server = make_server(args=["--tls-cert", str(certificate / "cert.pem"), "--tls-key",
                               str(certificate / "cert.key"), "--loops", "4"])
    assert server.url.startswith("https://")
    server.session.verify = str(certificate / "cert.pem")
    return set_up_programme(server)


def test_many_clients_grant_over_tls_and_nothing_is_lost(sealed, certificate):
    server = sealed.server
    before = server.balance(sealed.customer, sealed.anna)

    def grant_some(client):
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(certificate / "cert.pem")
            for number in range(GRANTS):
                answer = session.post(server.url + "/v1/grants", json=grant_body(sealed, 3), headers={
                    "Authorization": f"Bearer {sealed.anna}",
                    "Idempotency-Key": f"tls-{client}-{number}"}, timeout=60)
                assert answer.status_code == 201, answer.text
                assert answer.json()["receipt"]["proof"]

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(grant_some, range(CLIENTS)))
    assert server.balance(sealed.customer, sealed.anna) == before + 3 * CLIENTS * GRANTS


def test_the_client_trusts_what_it_is_told_to_trust(sealed, certificate, lagniappe):
    words = ["--url", sealed.server.url, "budgets", "show", "front-desk"]
    environment = {**os.environ, "LAGNIAPPE_TOKEN": sealed.anna}
    answer = lagniappe(*words, "--ca", certificate / "cert.pem", env=environment)
    assert answer.returncode == 0 and "front-desk" in answer.stdout, answer.stderr
    answer = lagniappe(*words, env=environment)
    assert answer.returncode == 2 and "certificate" in answer.stderr


def test_a_plain_client_is_not_answered(sealed):
    url = sealed.server.url.replace("https://", "http://")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url + "/healthz", timeout=10)
