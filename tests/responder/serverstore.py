"""A Redis store as a publisher leaves it, and a server that answers as nobody should."""

import os
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from responder.redissource import RedisSource
from revocation import serials
from revocation.certid import CertIDHash
from revocation.redisserver import RedisServer
from revocation.store import StoredResponse, response_key
from tests.responder.filling import Entry, Filling
from tests.wire.server import Server

BOUND = 10.0
"""Seconds that no answer may take, on however busy a machine; what is behind it takes 1."""


class Seconds:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def source_of(server: Server, seconds: Seconds) -> RedisSource:
    """The store as the responder reads it."""
    return RedisSource(RedisServer(url=server.url), clock=seconds, patience=BOUND)


def fill(server: Server, entries: Iterable[Entry], prefix: str = "revocast:") -> None:
    """Put entries into the server, and say that it is another state."""
    with server.client() as client, client.pipeline(transaction=True) as pipe:
        for database, key, value in entries:
            pipe.hset(prefix + database.decode(), key, value)
        pipe.set(f"{prefix}version.2", os.urandom(16))
        pipe.execute()


def der_in(entries: Iterable[Entry], filling: Filling, serial: int) -> bytes:
    """The response for a certificate, by SHA-256, that is among entries."""
    wanted = response_key(filling.issuer.octets, CertIDHash.SHA256.octet, serials.from_int(serial))
    (der,) = [StoredResponse.decode(value).der for _, key, value in entries if key == wanted]
    return der


@contextmanager
def answering(path: Path, answer: bytes | None) -> Iterator[list[socket.socket]]:
    """A server that gives one answer to whatever it is told, or none; yields the connections that were made to it."""
    made: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    made.append(connection)
                    threading.Thread(target=_answer, args=(connection, answer), daemon=True).start()

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            serving.join(10)  # what it accepts in this moment is closed too
            for connection in made:
                connection.close()
            path.unlink()


def _answer(connection: socket.socket, answer: bytes | None) -> None:
    with suppress(OSError), connection:
        while connection.recv(65536):
            if answer is not None:
                connection.sendall(answer)
