"""Fetching from a server that may do anything: bounded in time and size, and HTTP alone."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs.fetch import NotFetched, fetch

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server that answers every GET so; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/crl"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer of that status with these headers."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def test_answer_is_given_with_its_media_type() -> None:
    """Without the parameters of the header."""
    with serving(send(200, b"abc", Content_Type="application/pkix-crl; x=y")) as url:
        fetched = fetch(url, 10, 5)
    assert (fetched.body, fetched.media_type) == (b"abc", "application/pkix-crl")


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500])
def test_other_status_than_200_is_no_answer(status: int, tmp_path: Path) -> None:
    """A redirect is not followed: it could lead anywhere."""
    with (
        serving(send(status, Location=f"file://{tmp_path}")) as url,
        pytest.raises(NotFetched, match=str(status)),
    ):
        fetch(url, 10, 5)


def test_answer_is_read_up_to_its_limit() -> None:
    """However much is sent."""
    with serving(send(200, b"x" * 100_000)) as url, pytest.raises(NotFetched, match="more than 1000 bytes"):
        fetch(url, 1000, 5)


def test_server_that_sends_a_byte_now_and_then_is_given_up() -> None:
    """A timeout for each read would never run out."""

    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.1)

    began = time.monotonic()
    with serving(trickle) as url, pytest.raises(NotFetched, match="too slowly"):
        fetch(url, 1 << 20, 0.5)
    assert time.monotonic() - began < 5


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (_CHUNKED, b"0"),
        (_CHUNKED + b"1\r\nx\r\n0\r\n", b"a: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    ],
    ids=["status line", "header", "100 Continue", "chunk size", "trailer", "body"],
)
def test_server_that_never_comes_to_an_end_is_given_up(first: bytes, again: bytes) -> None:
    """Wherever in its answer it lingers, sending something all the time."""
    over = threading.Event()

    def linger(listening: socket.socket) -> None:
        client, _ = listening.accept()
        with client, contextlib.suppress(OSError):
            client.sendall(first)
            while not over.wait(0.1):
                client.sendall(again)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=linger, args=(listening,))
        thread.start()
        at_last = threading.Timer(8, over.set)
        at_last.start()
        began = time.monotonic()
        try:
            with pytest.raises(NotFetched, match="too slowly"):
                fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/", 1 << 20, 0.5)
            assert time.monotonic() - began < 3
        finally:
            at_last.cancel()
            over.set()
            thread.join()


def test_nobody_listening_is_said() -> None:
    """With the reason of the system."""
    with pytest.raises(NotFetched, match="cannot be fetched"):
        fetch("http://127.0.0.1:9/crl", 10, 1)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "gopher://x/"])
def test_url_that_is_not_http_is_not_opened(url: str) -> None:
    """A URL may come from a certificate or a mistyped option."""
    with pytest.raises(NotFetched):
        fetch(url, 10, 1)
