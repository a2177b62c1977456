"""docs/api.md, done as it is written: with curl, against `revocast registrar`, a real signer and a real Valkey."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sqlalchemy import select

from revocation import clock
from revocation.messages import RequesterKey
from signer.ledger.schema import audit
from tests.authority import Authority
from tests.infra.valkey_users import GuardedServer
from tests.registrar.test_serve import certify, free_port
from tests.signer.issuing.office import Office

pytestmark = [pytest.mark.judge("curl"), pytest.mark.judge("openssl"), pytest.mark.timeout(180)]
PAGE = Path(__file__).parents[3] / "docs/api.md"
REVOCAST = [sys.executable, "-P", "-m", "revocation"]

TABLES = """
[registrar]
url = "{url}"
listen = "{listen}"
tls_certificate = "tls.pem"
tls_key = "tls.key"
queue = "{queue}"
[registrar.api]
client_cas = ["clients.pem"]
[[registrar.api.clients]]
subject = "CN=backup"
scopes = ["read"]
issuers = ["test"]
[[registrar.issuers]]
name = "test"
api = true
requester_key = "registrar.key"
[[signer.requesters]]
name = "registrar"
public_key = "{key}"
verbs = ["issue", "revoke", "release", "register"]
issuers = ["test"]
"""


@contextmanager
def process(folder: Path, first: str, *words: str) -> Iterator[None]:
    """A service that runs, once it has said what it says first."""
    log: IO[str]
    with (folder / f"{words[0]}.log").open("w") as log:
        command = [*REVOCAST, *words, "--config", str(folder / "revocast.toml")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as running:
            try:
                assert running.stdout
                assert running.stdout.readline().startswith(first), (folder / f"{words[0]}.log").read_text()
                yield
            finally:
                running.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str]]:
    """The signer and the registrar, each under its user of the queue server; and the registrar's URL."""
    now, folder = clock.now(), tmp_path_factory.mktemp("office")
    with ExitStack() as held:
        server = held.enter_context(GuardedServer(tmp_path_factory.mktemp("guarded")))
        authority = Authority(days=400, not_before=now - timedelta(days=1))
        office = Office.build(folder, authority=authority, signer=f'queue = "{server.url_of("signer")}"', now=now)
        key, listen = RequesterKey.generate(), f"127.0.0.1:{free_port()}"
        key.save(folder / "registrar.key")
        certify(folder, "registrar")
        _make_client(folder)
        with (folder / "revocast.toml").open("a") as config:
            words = {"url": f"https://{listen}", "listen": listen, "queue": server.url_of("registrar")}
            config.write(TABLES.format(key=key.public, **words))
        held.enter_context(process(folder, "ready", "worker", "signer"))
        held.enter_context(process(folder, "listening on https://", "registrar"))
        yield office, f"https://{listen}"
        assert server.refused() <= {("signer", "client|setinfo"), ("signer", "info"), ("registrar", "info")} | {
            ("registrar", "client|setinfo")
        }


def _make_client(folder: Path) -> None:
    """clients.pem, and a certificate of it with its key in client.pem."""
    now, clients, key = clock.now(), Authority("Clients"), ec.generate_private_key(ec.SECP256R1())
    clients.write(folder / "clients.pem")
    builder = x509.CertificateBuilder().issuer_name(clients.certificate.subject).public_key(key.public_key())
    builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "backup")])).serial_number(7)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    pem = builder.sign(clients.key, clients.digest).public_bytes(Encoding.PEM)
    (folder / "client.pem").write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_page_is_done_as_it_is_written(site: tuple[Office, str], tmp_path: Path) -> None:
    """Every command of it; and each act is in the audit log with the token's name."""
    office, url = site
    text = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.M | re.S))
    for written, here in (
        *(("https://ca.home.arpa:8890", url), ("/issuers/home", "/issuers/test"), ("--issuers home", "--issuers test")),
        *(("printer.home.arpa", "www.example.com"), ("curl ", f"curl --cacert {office.estate.folder}/tls.pem ")),
        ("revocast token", f"{' '.join(REVOCAST)} token"),
    ):
        assert written in text
        text = text.replace(written, here)
    environment = os.environ | {"REVOCAST_CONFIG": str(office.estate.folder / "revocast.toml")}
    done = subprocess.run(
        ["bash", "-euxc", text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DNS:www.example.com" in done.stdout
    assert '"registered":[]' in done.stdout
    with office.signer.ledger.read() as connection:
        rows = connection.execute(select(audit.c.action, audit.c.detail)).all()
    acts = [row.action for row in rows if json.loads(row.detail).get("asked_by") == "token backup"]
    assert {"revoke", "release", "register"} <= set(acts)
    assert len(acts) >= 5


def test_client_shows_its_certificate_in_the_handshake(site: tuple[Office, str]) -> None:
    """With its scopes alone; who shows none is nobody, and one of another CA gets no connection."""
    office, url = site
    folder = office.estate.folder

    def code(*words: str) -> str:
        command = ["curl", "--silent", "--cacert", str(folder / "tls.pem"), "--output", "/dev/null", *words]
        return subprocess.run([*command, "--write-out", "%{http_code}"], capture_output=True, text=True).stdout

    place = f"{url}/api/v1/issuers/test/certificates"
    shown = ("--cert", str(folder / "client.pem"))
    assert code(*shown, place) == "200"
    assert code(*shown, "--json", "{}", f"{place}/01/revoke") == "403"
    assert code(place) == "401"
    (folder / "large").write_bytes(b"x" * (1 << 20))
    assert code(*shown, "--json", f"@{folder}/large", f"{place}/01/revoke") == "413"
