"""TLS before a server on a unix socket: the Valkey of the tests has none of its own."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from revocation import clock
from tests.authority import Authority


def issue(authority: Authority, folder: Path, name: str, address: str = "127.0.0.1") -> tuple[Path, Path]:
    """The files of a certificate for an address, and of its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(authority.key, SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@contextmanager
def proxy(behind: Path, certificate: tuple[Path, Path], clients: Path | None = None) -> Iterator[int]:
    """The port on which TLS leads to a socket; where `clients` is a CA's certificate, to those who have one of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=_lead, args=(context, connection, behind), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _lead(context: ssl.SSLContext, connection: socket.socket, behind: Path) -> None:
    """Question by question: each of the client's is answered before the next one comes."""
    with connection, suppress(OSError), socket.socket(socket.AF_UNIX) as server:
        server.connect(str(behind))
        with context.wrap_socket(connection, server_side=True) as encrypted:
            while question := encrypted.recv(1 << 16):
                server.sendall(question)
                encrypted.sendall(server.recv(1 << 16))
