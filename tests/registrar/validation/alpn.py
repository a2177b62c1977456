"""A TLS server for tls-alpn-01, and certificates for it that are right but for what a test changes."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
NOW = datetime.now(UTC)


def dns_name(name: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name)]


def address(text: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ip_address(text))]


def certificate(
    names: Sequence[x509.GeneralName],
    digest: bytes,
    *,
    critical: bool = True,
    value: bytes | None = None,
    is_self_signed: bool = True,
    has_identifier: bool = True,
) -> bytes:
    """Certificate and key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "challenge")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - timedelta(1), NOW + timedelta(1))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if has_identifier:
        extension = x509.UnrecognizedExtension(ACME_IDENTIFIER, b"\x04\x20" + digest if value is None else value)
        builder = builder.add_extension(extension, critical=critical)
    signer = key if is_self_signed else ec.generate_private_key(ec.SECP256R1())
    made = builder.sign(signer, hashes.SHA256())
    return made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class ALPNServer:
    """Shakes hands, and closes.

    Attributes:
        server_names: what SNI said.
    """

    def __init__(
        self, folder: Path, pem: bytes, protocols: Sequence[str] = ("acme-tls/1",), host: str = "127.0.0.1"
    ) -> None:
        (folder / "alpn.pem").write_bytes(pem)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "alpn.pem")
        if protocols:
            self._context.set_alpn_protocols(list(protocols))
        self.server_names: list[str | None] = []
        self._context.sni_callback = lambda _, name, __: self.server_names.append(name)
        self._listening = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)


def context_of(folder: Path, pem: bytes) -> ssl.SSLContext:
    """For a web server."""
    (folder / "web.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "web.pem")
    return context
