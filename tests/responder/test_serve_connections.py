"""`revocast respond` and connections: what comes back over one, and odd, silent, slow and hostile ones."""

import contextlib
import hashlib
import select
import socket
import time
from pathlib import Path

import pytest

from tests.responder.asking import path, request
from tests.responder.filling import GOOD, UNKNOWN, Filling
from tests.responder.running import Running
from tests.responder.serving import LARGE, config, filling, get, parts, post, server
from tests.responder.wire import MALFORMED, UNAUTHORIZED

__all__ = ["config", "filling", "server"]

CHUNKED = (
    b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\n\r\n"
)


def test_answer_over_a_connection_has_every_header_once(server: Running, filling: Filling) -> None:
    """What the server adds to what the application says: nothing but the connection."""
    status, headers, body = parts(server.send(post(request(filling.cert_id(GOOD)))))
    assert status == 200
    names = "content-type content-length date last-modified expires etag cache-control connection"
    assert headers.keys() == set(names.split())
    assert headers["etag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert headers["content-length"] == str(len(body))
    assert headers["date"].endswith(" GMT")
    assert filling.cert_id(GOOD).encode() in body


def test_head_has_the_length_and_no_body(server: Running, filling: Filling) -> None:
    """And the connection stays usable behind it."""
    target = f"/ocsp/{path(request(filling.cert_id(GOOD)))}"
    whole = parts(server.send(get(target)))
    head = parts(server.send(get(target).replace(b"GET", b"HEAD", 1)))
    assert head[0] == 200
    assert head[2] == b""
    assert head[1]["content-length"] == str(len(whole[2]))
    assert head[1]["etag"] == whole[1]["etag"]


@pytest.mark.parametrize(
    ("octets", "status", "body"),
    [
        (post(b""), 200, MALFORMED),
        (post(b"\x30" * 4097), 413, MALFORMED),
        (post(b"\x30" * ((1 << 16) - 1)), 413, MALFORMED),
        (CHUNKED, 200, MALFORMED),
        (get("/ocsp/"), 200, MALFORMED),
        (get("/ocsp/%ff%00%zz%"), 200, MALFORMED),
        (get("/ocsp/" + "M" * 20000), 200, MALFORMED),
        (get("/nothing"), 404, b"Not Found\n"),
        (get("*"), 404, b"Not Found\n"),
        (get("http://other.example/healthz"), 200, b"ok\n"),
        (b"PUT /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, b"Method Not Allowed\n"),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200, b"ok\n"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, None),
        (post(b"", "Content-Length: -1"), 400, None),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_odd_request(server: Running, octets: bytes, status: int, body: bytes | None) -> None:
    """Answered with a status that fits, and the connection let go."""
    answer = parts(server.send(octets))
    assert answer[0] == status
    assert body is None or answer[2] == body


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (post(b"\x30" * (1 << 16)), 413),
        (post(b"\x30" * (3 << 20)), 413),
        (get("/ocsp/" + "M" * 200_000), 431),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
    ],
    ids=["shortest body", "body", "path", "headers"],
)
def test_request_far_too_long_is_cut_off(server: Running, octets: bytes, status: int) -> None:
    """Without reading on: the client sees the status, or not even that, if it goes on sending."""
    with contextlib.suppress(ConnectionError):
        assert parts(server.send(octets))[0] == status
    assert parts(server.send(get("/healthz")))[2] == b"ok\n"


def test_pipelined_requests_are_answered_in_order(server: Running, filling: Filling) -> None:
    """Two at once on one connection."""
    known = request(filling.cert_id(GOOD))
    octets = post(known).replace(b"Connection: close\r\n", b"") + post(request(filling.cert_id(UNKNOWN)))
    answers = server.send(octets)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.endswith(UNAUTHORIZED)
    assert filling.cert_id(GOOD).encode() in answers


def test_half_sent_requests_hold_up_nobody(server: Running) -> None:
    """Far more of them than there are threads: with headers cut, with bodies cut, with nothing at all."""
    halves = [b"", b"GET /healthz HT", b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0"]
    held = [server.connect() for _ in range(120)]
    for number, connection in enumerate(held):
        connection.sendall(halves[number % 3])
    started = time.monotonic()
    assert parts(server.send(get("/healthz")))[2] == b"ok\n"
    assert time.monotonic() - started < 2
    for connection in held:
        connection.close()


@pytest.mark.long
def test_silent_connection_is_let_go_and_a_slow_one_is_not(server: Running) -> None:
    """Who sends half a request is cut off after ten to twenty seconds; who takes a CRL at 20 kB/s gets it."""
    with server.connect() as silent, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        slow.settimeout(20)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(get("/crl/1a2b3c4d/all.crl"))
        silent.sendall(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0")
        started = time.monotonic()
        while not select.select([silent], [], [], 1)[0]:
            assert slow.recv(20_000)
        assert silent.recv(1) == b""
        assert 9 < time.monotonic() - started < 20
        assert slow.recv(20_000)


@pytest.mark.long
def test_request_that_trickles_is_cut_off(server: Running) -> None:
    """An octet a second keeps a connection from silence, and not from its end after fifteen to twenty seconds."""
    with server.connect() as connection:
        connection.sendall(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n")
        started = time.monotonic()
        while not select.select([connection], [], [], 1)[0]:
            connection.sendall(b"0")
            assert time.monotonic() - started < 30
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        assert time.monotonic() - started > 14


def test_clients_that_do_not_take_their_answer_hold_up_nobody(server: Running) -> None:
    """More of them than threads, each with a large CRL on its way; and it is not in memory once for each."""
    held = [server.connect() for _ in range(12)]
    for connection in held:
        connection.sendall(get("/crl/1a2b3c4d/all.crl"))
        connection.recv(1)
    started = time.monotonic()
    assert parts(server.send(get("/healthz")))[2] == b"ok\n"
    assert time.monotonic() - started < 2
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (resident,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")]
    assert resident * 1024 < 6 * LARGE
    for connection in held:
        connection.close()
