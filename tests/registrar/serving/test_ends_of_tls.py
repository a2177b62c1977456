"""Over TLS an answer is over when it is sent, whether or not its client says more (RFC 9112 sections 9.3 and 9.6)."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.registrar.serving.site import said, serving
from tests.registrar.test_serve import certify

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
TWO_LENGTHS = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"


@contextmanager
def connected(folder: Path) -> Iterator[socket.socket]:
    """A client that waits less long than a server has patience."""
    certify(folder, "one")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "tls.pem", folder / "tls.key")
    context = ssl.create_default_context(cafile=str(folder / "tls.pem"))
    context.check_hostname = False
    with (
        serving(tls=tls) as server,
        socket.create_connection(server.address, timeout=8) as plain,
        context.wrap_socket(plain) as one,
    ):
        yield one


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [(LAST, [b"200"]), (GET + GET + LAST, [b"200"] * 3), (TWO_LENGTHS, [b"400"])],
    ids=["close", "pipelined", "refused"],
)
def test_connection_ends_with_its_last_answer(tmp_path: Path, sent: bytes, statuses: list[bytes]) -> None:
    """All that was asked is answered, and TLS ends as it should."""
    with connected(tmp_path) as one:
        one.sendall(sent)
        assert [part[:3] for part in said(one).split(b"HTTP/1.1 ")[1:]] == statuses
