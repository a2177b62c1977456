"""A PKI of `openssl ca` answered out of a Redis server: signer, publisher, and a responder that has nothing else."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pki import MAKERS, RealPKI
from tests.responder.running import Running, running
from tests.whole.service import succeed
from tests.whole.test_real_pki import expected, openssl_ocsp
from tests.wire.server import Server

pytestmark = pytest.mark.timeout(300)
_TARGET = """
[[publisher.targets]]
name = "responses"
kind = "redis"
url = "{url}"
password = "file:{password}"
"""
_ELSEWHERE = """
[public]
base_url = "http://ocsp.example"
[[public.issuers]]
name = "{name}"
certificates = ["{certificate}"]
[responder]
port = 0
[responder.redis]
url = "{url}"
password = "file:{password}"
"""


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> RealPKI:
    """The PKI, unpacked."""
    return MAKERS["openssl-ca"](tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def responder(pki: RealPKI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A responder with a configuration of its own, reading what a publisher put into a server that wants a password."""
    folder, elsewhere = tmp_path_factory.mktemp("redis"), tmp_path_factory.mktemp("elsewhere")
    password = folder / "valkey.password"
    password.write_text(secrets.token_hex(16) + "\n")
    with Server(folder) as server:
        server.client().config_set("requirepass", password.read_text().strip())
        place = {"url": server.url, "password": password}
        issuer = _publish(pki, folder / "installation", _TARGET.format(**place))
        config = elsewhere / "revocast.toml"
        config.write_text(_ELSEWHERE.format(name=issuer, certificate=pki.ca_certificate, **place))
        with running(config) as started:
            yield started


def _publish(pki: RealPKI, installation: Path, target: str) -> str:
    """The name of the issuer, once `revocast refresh` has published to that target instead of LMDB."""
    passphrase = ["--passphrase-file", pki.passphrase] if pki.passphrase else []
    succeed("init", installation, "--pki", pki.folder, "--no-queue", *passphrase)
    config = installation / "revocast.toml"
    text = config.read_text()
    lmdb = re.search(r'\[\[publisher\.targets\]\]\nname = "responses"\nkind = "lmdb"\npath = "store".*\n', text)
    assert lmdb
    config.write_text(text.replace(lmdb[0], target))
    succeed("import", pki.folder, folder=installation)
    succeed("refresh", folder=installation)
    status = succeed("status", "--no-signer", folder=installation)
    assert "responses" in status
    found = re.search(r'\[\[public\.issuers\]\]\nname = "(.*?)"', text)
    assert found
    return found[1]


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("hash_", ["sha1", "sha256"])
def test_openssl_ocsp_agrees_with_the_index_on_every_certificate(pki: RealPKI, responder: Running, hash_: str) -> None:
    """Good, revoked with the date and reason of the index, or no answer, by either hash."""
    assert {serial: openssl_ocsp(pki, responder, serial, hash_, "-no_nonce") for serial in pki.truth} == expected(pki)
