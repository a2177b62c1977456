"""`revocast worker registrar` beside `revocast registrar`: certbot's client proves names, and is told what is wrong."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import josepy
import pytest
from acme import challenges, client, messages
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.registrar.site import UNLIMITED, Site, csr_for
from tests.registrar.validation.bind import BIND, free_port
from tests.registrar.validation.web import Web, answer
from tests.waiting import until
from tests.wire.server import Server

pytestmark = pytest.mark.judge("named")
BIN = Path(sys.executable).parent
ZONE = """
www A 127.0.0.1
wrong A 127.0.0.1
theirs A 127.0.0.1
theirs CAA 0 issue "other.test"
ours A 127.0.0.1
"""


class Place:
    """The registrar, its queue, DNS and a web server, but no worker yet."""

    def __init__(self, folder: Path, valkey: Server, resolver: str, web: Web) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.config, self.web, self.folder = folder / "revocast.toml", web, folder
        validation = f'resolvers = ["{resolver}"], private_addresses = ["127.0.0.0/8"], http_port = {web.port}'
        issuer = f'{UNLIMITED}\ncaa_identities = ["ca.test"]'
        Site.build(folder, issuer=issuer, registrar=f"validation = {{ {validation} }}").services.database.close()
        text = self.config.read_text().replace("unix://queue.sock", valkey.url).replace("https://ca.example", self.url)
        listen = f'listen = "{self.url.partition("://")[2]}"'
        self.config.write_text(text.replace('trusted_proxies = ["127.0.0.1/32"]', listen))

    @contextmanager
    def started(self, *command: str, said: str) -> Iterator[None]:
        """A service, until it is told to stop."""
        log = self.folder / f"{command[-1]}.log"
        with log.open("ab") as out:
            started = [str(BIN / "revocast"), *command, "--config", str(self.config)]
            process = subprocess.Popen(started, stdout=out, stderr=out)
        try:
            until(lambda: said in log.read_text())
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()

    def judge(self) -> client.ClientV2:
        """certbot's, with an account."""
        net = client.ClientNetwork(josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1())), alg=josepy.ES256)
        judge = client.ClientV2(client.ClientV2.get_directory(f"{self.url}/acme/home/directory", net), net)
        judge.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
        return judge

    def answer(self, judge: client.ClientV2, name: str, wrong: str = "") -> Callable[[], messages.Authorization]:
        """Have a name validated by http-01; what its authorization says, whenever that is asked."""
        (authorization,) = judge.new_order(csr_for(name).public_bytes(Encoding.PEM)).authorizations
        (http,) = [one for one in authorization.body.challenges if isinstance(one.chall, challenges.HTTP01)]
        response, proof = http.response_and_validation(judge.net.key)
        self.web.says[http.chall.path] = answer((wrong or proof).encode())
        judge.answer_challenge(http, response)
        return lambda: judge.poll(authorization)[0].body


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For all tests of this file."""
    valkey, bind = tmp_path_factory.mktemp("valkey"), tmp_path_factory.mktemp("bind")
    with Server(valkey) as server, BIND(bind, ZONE) as names, Web() as web:
        made = Place(tmp_path_factory.mktemp("registrar"), server, names.place, web)
        with made.started("registrar", said="listening on"):
            yield made


def judged(said: Callable[[], messages.Authorization]) -> messages.Authorization:
    """Once there is a verdict."""
    until(lambda: said().status != messages.STATUS_PENDING)
    return said()


def test_challenge_that_was_asked_for_before_the_worker_began_is_validated(place: Place) -> None:
    """And then one that is asked for while it runs."""
    judge = place.judge()
    early = place.answer(judge, "www.test")
    with place.started("worker", "registrar", said="ready"):
        assert judged(early).status == messages.STATUS_VALID
        assert judged(place.answer(judge, "ours.test")).status == messages.STATUS_VALID


@pytest.mark.parametrize(
    ("name", "wrong", "code", "words"),
    [
        ("wrong.test", "another", "incorrectResponse", '"another"'),
        ("theirs.test", "", "caa", "CAA of theirs.test: issue names other.test"),
        ("nothing.test", "", "dns", "NXDOMAIN"),
    ],
)
def test_client_is_told_why_its_challenge_failed(place: Place, name: str, wrong: str, code: str, words: str) -> None:
    """In the challenge's problem document."""
    with place.started("worker", "registrar", said="ready"):
        body = judged(place.answer(place.judge(), name, wrong))
    (error,) = [one.error for one in body.challenges if one.error]
    assert (body.status, error.code) == (messages.STATUS_INVALID, code)
    assert words in error.detail
