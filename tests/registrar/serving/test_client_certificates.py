"""What an application is told of the certificate that a client shows in the handshake."""

import json
import ssl
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509

from tests.registrar.serving.site import serving
from tests.registrar.test_serve import certify


def told(server_folder: Path, client_folder: Path | None) -> dict[str, str]:
    """What it is told; clients may show the certificate of `clients`."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(server_folder / "tls.pem", server_folder / "tls.key")
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(server_folder / "clients/tls.pem")
    context = ssl.create_default_context(cafile=str(server_folder / "tls.pem"))
    if client_folder:
        context.load_cert_chain(client_folder / "tls.pem", client_folder / "tls.key")
    with serving(tls=tls) as server:
        url = f"https://127.0.0.1:{server.address[1]}/"
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            return dict(json.load(answer))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificates of a server, of clients, and of others."""
    for name in (".", "clients", "others"):
        (tmp_path / name).mkdir(exist_ok=True)
        certify(tmp_path / name, name)
    return tmp_path


def test_certificate_that_is_shown_is_told(folder: Path) -> None:
    """As mod_ssl does; with the scheme, and the address at the other end."""
    found = told(folder, folder / "clients")
    assert (found["SSL_CLIENT_VERIFY"], found["wsgi.url_scheme"]) == ("SUCCESS", "https")
    assert found["REMOTE_ADDR"] == "127.0.0.1"
    shown = x509.load_pem_x509_certificate(found["SSL_CLIENT_CERT"].encode())
    assert shown.subject.rfc4514_string() == "CN=clients"


def test_client_without_certificate_is_answered(folder: Path) -> None:
    """And no certificate is told of."""
    found = told(folder, None)
    assert (found["SSL_CLIENT_VERIFY"], found["SSL_CLIENT_CERT"]) == ("NONE", "")


def test_certificate_by_others_ends_the_handshake(folder: Path) -> None:
    """It is told to no application."""
    with pytest.raises((OSError, ssl.SSLError)):
        told(folder, folder / "others")
