"""Clients that say nothing, or a little now and then: others are answered within a second meanwhile."""

import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from registrar.serving.conversation import Bounds
from registrar.serving.server import Server
from tests.registrar.serving.site import connect, said, serving
from tests.registrar.test_serve import certify

CLIENT_HELLO = b"\x16\x03\x01\x02\x00"
BEGINNINGS = {
    "nothing": b"",
    "first line": b"POST /x HTTP/1.1\r\n",
    "header": b"POST /x HTTP/1.1\r\nHost: a\r\nX: ",
    "body": b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
    "chunk": b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
}


@contextmanager
def trickling(server: Server, beginning: bytes, count: int = 200) -> Iterator[None]:
    """So many connections that begin like this, and of which each sends an octet every half second."""
    over = threading.Event()
    with ExitStack() as held:
        connections = [held.enter_context(connect(server)) for _ in range(count)]

        def trickle() -> None:
            for one in connections:
                one.sendall(beginning)
            while beginning and not over.wait(0.5):
                for one in connections:
                    one.sendall(b"1")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            time.sleep(0.7)
            yield
        finally:
            over.set()
            thread.join()


def answered_within(url: str, context: ssl.SSLContext | None = None) -> float:
    """The slowest of three requests on connections of their own, in seconds."""
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        with urllib.request.urlopen(url, timeout=30, context=context) as answer:
            assert answer.status == 200
        seconds.append(time.monotonic() - began)
    return max(seconds)


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_slow_clients_keep_nobody_waiting(beginning: bytes) -> None:
    """Two hundred of them, over HTTP."""
    with serving() as server, trickling(server, beginning):
        assert answered_within(f"http://127.0.0.1:{server.address[1]}/") < 1


@pytest.mark.parametrize("beginning", [b"", CLIENT_HELLO], ids=["nothing", "a ClientHello"])
def test_slow_handshakes_keep_nobody_waiting(tmp_path: Path, beginning: bytes) -> None:
    """Two hundred of them, over TLS."""
    certify(tmp_path, "first")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "tls.pem", tmp_path / "tls.key")
    with serving(tls=tls) as server, trickling(server, beginning):
        context = ssl.create_default_context(cafile=str(tmp_path / "tls.pem"))
        assert answered_within(f"https://127.0.0.1:{server.address[1]}/", context) < 1


def test_more_clients_than_places_keep_nobody_waiting() -> None:
    """Whoever waits longest makes room."""
    with serving(most=20) as server, trickling(server, b"", 60):
        assert answered_within(f"http://127.0.0.1:{server.address[1]}/") < 1


def test_silent_connection_is_closed_and_slow_request_is_told_why() -> None:
    """Without a word, and with 408; however steadily its octets come."""
    with serving(bounds=Bounds(100, silence=0.3, patience=0.6)) as server:
        with connect(server) as one:
            assert said(one) == b""
        with connect(server) as one:
            began = time.monotonic()
            one.sendall(BEGINNINGS["header"])
            for _ in range(4):
                time.sleep(0.2)
                one.sendall(b"1")
            assert said(one).startswith(b"HTTP/1.1 408")
            assert time.monotonic() - began < 3


def test_large_requests_have_places_of_their_own() -> None:
    """Beyond these they are refused, and small ones are answered."""
    with serving(largest=1 << 20) as server, ExitStack() as held:
        large = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
        for _ in range(64):
            held.enter_context(connect(server)).sendall(large)
        time.sleep(0.5)
        with connect(server) as one:
            one.sendall(large)
            assert said(one).startswith(b"HTTP/1.1 503")
        assert answered_within(f"http://127.0.0.1:{server.address[1]}/") < 1


def test_what_is_being_answered_is_answered_before_the_end() -> None:
    """A request in work when the server is stopped; connections that wait are closed."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(environ: object, start: object) -> list[bytes]:
        begun.set()
        assert go_on.wait(10)
        start("200 OK", [])  # type: ignore[operator]
        return [b"done"]

    with ExitStack() as held, serving(slow) as server:
        idle, busy = (held.enter_context(connect(server)) for _ in range(2))
        busy.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert begun.wait(10)
        server.stop()
        assert idle.recv(1) == b""
        go_on.set()
        assert said(busy).endswith(b"done")
