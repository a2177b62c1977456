"""Whether we understand what others serve: pebble-challtestsrv, the challenge server of Let's Encrypt's test suites."""

import http.client
import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from registrar.validation.config import Network
from registrar.validation.validate import validate
from tests.registrar.validation.bind import free_port
from tests.registrar.validation.world import DIGEST_TEXT, KEY_AUTHORIZATION, TOKEN, challenge, network
from tests.waiting import until_listening

pytestmark = pytest.mark.judge("pebble-challtestsrv")
Tell = Callable[[str, dict[str, str]], None]


@pytest.fixture(scope="module")
def judge() -> Iterator[tuple[Tell, Network]]:
    """It runs, and answers on four ports; a fifth one tells it what to serve."""
    web, alpn, names, management = (free_port() for _ in range(4))
    options = {"http01": web, "tlsalpn01": alpn, "dns01": names, "management": management}
    flags = [part for name, port in options.items() for part in (f"-{name}", f"127.0.0.1:{port}")]
    command = ["pebble-challtestsrv", *flags, "-https01", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]

    def tell(path: str, what: dict[str, str]) -> None:
        asking = http.client.HTTPConnection("127.0.0.1", management)
        asking.request("POST", path, json.dumps(what))
        assert asking.getresponse().status == 200
        asking.close()

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        until_listening(management)
        until_listening(alpn)
        yield tell, network(f"127.0.0.1:{names}", http_port=web, tls_port=alpn)
        running.terminate()


def test_http_01_of_the_judge_is_met(judge: tuple[Tell, Network]) -> None:
    """Its web server, found by its DNS."""
    tell, over = judge
    tell("/add-http01", {"token": TOKEN, "content": KEY_AUTHORIZATION})
    validate(challenge("http-01", "judge.example"), over)


def test_dns_01_of_the_judge_is_met(judge: tuple[Tell, Network]) -> None:
    """Its TXT record."""
    tell, over = judge
    tell("/set-txt", {"host": "_acme-challenge.judge.example.", "value": DIGEST_TEXT})
    validate(challenge("dns-01", "judge.example"), over)


def test_tls_alpn_01_of_the_judge_is_met(judge: tuple[Tell, Network]) -> None:
    """Its certificate."""
    tell, over = judge
    tell("/add-tlsalpn01", {"host": "judge.example", "content": KEY_AUTHORIZATION})
    validate(challenge("tls-alpn-01", "judge.example"), over)
