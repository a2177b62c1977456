"""OpenSSL and GnuTLS as relying parties of the running responder: the clients that most others are made of."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from revocation import clock
from tests.authority import Authority
from tests.responder.filling import EXPIRED, GOOD, REVOKED, UNKNOWN, Filling, write
from tests.responder.running import Running, configure, running

YESTERDAY = clock.now() - timedelta(days=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of today, with the certificates that clients ask about."""
    folder = tmp_path_factory.mktemp("judged")
    filling = Filling(Authority(not_before=YESTERDAY - timedelta(days=10)))
    now = clock.now()
    write(
        folder / "store",
        [
            *filling.issuer_entries(),
            *filling.entries(GOOD, this_update=now),
            *filling.entries(REVOKED, this_update=now, revoked=True),
            *filling.entries(EXPIRED, this_update=YESTERDAY - timedelta(days=1)),
        ],
    )
    configure(folder, filling.authority)
    for serial in (GOOD, REVOKED, EXPIRED, UNKNOWN):
        (folder / f"{serial}.pem").write_bytes(_certificate(filling.authority, serial))
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    """The process."""
    with running(folder / "revocast.toml") as server:
        yield server


ANSWERS = {
    GOOD: "Response verify OK\n{}: good\n",
    REVOKED: "Response verify OK\n{}: revoked\n",
    EXPIRED: "Responder Error: trylater (3)\n",
    UNKNOWN: "Responder Error: unauthorized (6)\n",
}


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
@pytest.mark.parametrize("hash_", ["-sha1", "-sha256"])
@pytest.mark.parametrize("serial", ANSWERS)
def test_openssl_agrees(folder: Path, server: Running, serial: int, hash_: str, nonce: str, slash: str) -> None:
    """By POST, over HTTP/1.0, with each hash, with and without nonce."""
    files = ["-issuer", "ca.pem", "-CAfile", "ca.pem", hash_, "-cert", f"{serial}.pem"]
    url = f"{server.url}/ocsp{slash}"
    shown = _run(["openssl", "ocsp", *files, nonce, "-url", url], folder)
    assert shown.replace("WARNING: no nonce in response\n", "").startswith(ANSWERS[serial].format(f"{serial}.pem"))


@pytest.mark.judge("openssl")
def test_openssl_asks_for_several_and_gets_the_first(folder: Path, server: Running) -> None:
    """Its one request for two certificates; it says of the second that the response has nothing on it."""
    files = ["-issuer", "ca.pem", "-CAfile", "ca.pem", "-no_nonce", "-cert", f"{REVOKED}.pem", "-cert", f"{GOOD}.pem"]
    shown = _run(["openssl", "ocsp", *files, "-url", f"{server.url}/ocsp/"], folder)
    assert f"{REVOKED}.pem: revoked" in shown
    assert f"{GOOD}.pem: ERROR: No Status found." in shown


@pytest.mark.judge("openssl")
def test_openssl_signs_its_request_and_is_answered(folder: Path, server: Running) -> None:
    """Who asks does not matter."""
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "client.key", "-out", "client.pem"]
    _run(["openssl", "req", "-x509", "-subj", "/CN=Client", *key], folder)
    files = ["-issuer", "ca.pem", "-CAfile", "ca.pem", "-signer", "client.pem", "-signkey", "client.key"]
    shown = _run(["openssl", "ocsp", *files, "-cert", f"{GOOD}.pem", "-url", f"{server.url}/ocsp/"], folder)
    assert f"{GOOD}.pem: good" in shown


@pytest.mark.judge("ocsptool")
@pytest.mark.parametrize(("serial", "status"), [(GOOD, "good"), (REVOKED, "revoked")])
def test_gnutls_agrees(folder: Path, server: Running, serial: int, status: str) -> None:
    """It verifies against the issuer and looks at the windows."""
    files = ["--load-issuer", "ca.pem", "--load-trust", "ca.pem", "--load-cert", f"{serial}.pem"]
    shown = _run(["ocsptool", f"--ask={server.url}/ocsp/", *files, "--no-nonce"], folder)
    assert f"Certificate Status: {status}" in shown
    assert "Verifying OCSP Response: Success." in shown


@pytest.mark.judge("ocsptool")
def test_gnutls_that_insists_on_a_nonce_gets_the_status_without_one(folder: Path, server: Running) -> None:
    """Nothing that is signed beforehand can have one; it says so, and leaves it to its user."""
    files = ["--load-issuer", "ca.pem", "--load-trust", "ca.pem", "--load-cert", f"{GOOD}.pem"]
    shown = _run(["ocsptool", f"--ask={server.url}/ocsp/", *files, "--nonce"], folder)
    assert "could not read response's nonce" in shown
    assert "Certificate Status: good" in shown


@pytest.mark.judge("ocsptool")
def test_gnutls_learns_that_it_is_not_told(folder: Path, server: Running) -> None:
    """Of a certificate that nobody registered."""
    files = ["--load-issuer", "ca.pem", "--load-trust", "ca.pem", "--load-cert", f"{UNKNOWN}.pem"]
    assert "unauthorized" in _run(["ocsptool", f"--ask={server.url}/ocsp/", *files], folder)


def _certificate(authority: Authority, serial: int) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{serial:x}.example")]))
        .issuer_name(authority.certificate.subject)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(serial)
        .not_valid_before(YESTERDAY)
        .not_valid_after(YESTERDAY + timedelta(days=90))
    )
    return builder.sign(authority.key, SHA256()).public_bytes(Encoding.PEM)


def _run(command: list[str], folder: Path) -> str:
    """Both outputs, whatever the exit code."""
    ended = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False
    )
    return ended.stdout
