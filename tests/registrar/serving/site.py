"""The registrar's server in a thread, with an application that says what it was told, and raw connections to it."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from registrar.serving.server import Server
from revocation import clock

LARGEST = 1 << 17


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """An application that says what it was told; one path of it fails."""
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("it fails")
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    body = json.dumps({**told, "body": len(environ["wsgi.input"].read())}).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


@contextmanager
def serving(
    application: Any = echo, *, threads: int = 4, tls: ssl.SSLContext | None = None, **more: Any
) -> Iterator[Server]:
    """It, as long as it is needed."""
    options = {"threads": threads, "largest": LARGEST, "now": clock.now, "tls": tls, **more}
    server = Server(("127.0.0.1", 0), application, **options)
    server.open()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def connect(server: Server) -> socket.socket:
    """A TCP connection."""
    return socket.create_connection(server.address, timeout=30)


def said(connection: socket.socket) -> bytes:
    """All that comes until the server ends it."""
    found = b""
    while octets := connection.recv(1 << 16):
        found += octets
    return found


def asked(server: Server, request: bytes) -> tuple[int, bytes, bytes]:
    """Status, header and body of what is answered to a request, after which the server ends the connection."""
    with connect(server) as one:
        one.sendall(request)
        head, _, body = said(one).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head, body
