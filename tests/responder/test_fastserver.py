"""The responder under fastpysgi, as a process: what it answers, what it does with hostile connections, how it ends."""

import contextlib
import http.client
import os
import random
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.responder.asking import nonce, path, request
from tests.responder.filling import GOOD, UNKNOWN, Filling, write
from tests.responder.running import Running, configure, respond, running

MALFORMED, UNAUTHORIZED = (bytes((0x30, 3, 0x0A, 1, status)) for status in (1, 6))
HALVES = [b"", b"GET /healthz HT", b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0"]


@pytest.fixture(scope="module")
def filling() -> Filling:
    """An issuer of today, since the process reads the clock."""
    return Filling(Authority(not_before=clock.now() - timedelta(days=1)))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, filling: Filling) -> Path:
    """A configuration as it is behind a web server."""
    folder = tmp_path_factory.mktemp("fast")
    write(folder / "store", [*filling.issuer_entries(), *filling.entries(GOOD, this_update=clock.now())])
    config = configure(folder, filling.authority, 'server = "fastpysgi"\n')
    config.write_text(config.read_text().replace('files = "www"\n', ""))
    return config


@pytest.fixture(scope="module")
def server(config: Path) -> Iterator[Running]:
    """One process for all tests that leave it as it is."""
    with running(config) as server:
        yield server


def post(body: bytes, *headers: str) -> bytes:
    """A POST, octet by octet."""
    head = ["POST /ocsp/ HTTP/1.1", "Host: pki.example", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def worker(server: Running) -> int:
    """The process that serves."""
    pid = server.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def descriptors(server: Running) -> int:
    """How many files and connections it has."""
    return sum(1 for _ in Path(f"/proc/{worker(server)}/fd").iterdir())


def healthy(server: Running) -> bool:
    """Whether it answers, within two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"ok\n"


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def answers(server: Running) -> bool:
    """The same of one that may not be there."""
    try:
        return healthy(server)
    except OSError:
        return False


def free(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


def test_answers_are_those_of_the_application(server: Running, filling: Filling) -> None:
    """By POST and GET on one connection, usual and unusual, with every header once."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    known = request(filling.cert_id(GOOD), extensions=nonce(32))
    bodies = []
    for method, target, body in [("POST", "/ocsp/", known), ("GET", f"/ocsp/{path(known)}", None)]:
        connection.request(method, target, body)
        answer = connection.getresponse()
        bodies.append(answer.read())
        names = [name.lower() for name, _ in answer.getheaders()]
        assert answer.status == 200
        assert sorted(names) == sorted(
            [
                "content-type",
                "content-length",
                "date",
                "last-modified",
                "expires",
                "etag",
                "cache-control",
                "connection",
            ]
        )
    assert bodies[0] == bodies[1]
    assert filling.cert_id(GOOD).encode() in bodies[0]
    for body, status, error in [
        (request(filling.cert_id(UNKNOWN)), 200, UNAUTHORIZED),
        (b"", 200, MALFORMED),
        (b"\x30" * 4097, 413, MALFORMED),
    ]:
        connection.request("POST", "/ocsp/", body)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, error)
    connection.close()


@pytest.mark.parametrize("encoded", ["{}", "/{}", "{}/", "{}?x=1"])
@pytest.mark.parametrize("escape", [True, False])
def test_get_arrives_as_it_was_sent(server: Running, filling: Filling, encoded: str, escape: bool) -> None:
    """`//`, `+`, `%2F` and a query: of a serial whose base64 has them."""
    target = encoded.format(path(request(filling.cert_id(GOOD)), escape=escape))
    answer = server.send(f"GET /ocsp/{target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert filling.cert_id(GOOD).encode() in answer


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (post(b"x", "Content-Length: 2"), 400),
        (post(b"x", "Transfer-Encoding: chunked"), 400),
        (b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (post(b"\x30" * (1 << 17)), 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * (1 << 20), 431),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
    ],
    ids=["two lengths", "length and chunks", "below 0", "TLS", "a long body", "a long header", "many headers"],
)
def test_hostile_request_is_cut_off(server: Running, octets: bytes, status: int) -> None:
    """With a status that says so, if the client is not still sending; and the others are served."""
    with contextlib.suppress(ConnectionError):
        assert server.send(octets).startswith(f"HTTP/1.1 {status} ".encode())
    assert healthy(server)


def test_pipelined_and_chunked_requests_are_answered(server: Running, filling: Filling) -> None:
    """In order, the second in chunks."""
    unknown = request(filling.cert_id(UNKNOWN))
    chunked = b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answers = server.send(
        post(request(filling.cert_id(GOOD))) + chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(unknown), unknown)
    )
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.endswith(UNAUTHORIZED)


def test_clients_that_go_away_do_it_no_harm(server: Running, filling: Filling) -> None:
    """Reset at every point of a request, and with a hundred answers on their way: it is the same process afterwards."""
    before, chance, asked = worker(server), random.Random(1), post(request(filling.cert_id(GOOD)))
    for number in range(400):
        with server.connect() as connection:
            octets = asked * 100 if number % 4 == 0 else asked[: chance.randrange(len(asked) + 1)]
            with contextlib.suppress(ConnectionError):
                connection.sendall(octets)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert healthy(server)
    assert worker(server) == before


def test_more_connections_than_it_may_have_are_closed_and_it_goes_on(config: Path) -> None:
    """600 that send half a request or nothing, where the system allows 500: it keeps these, and serves when they go."""
    with running(config, descriptors="500:500") as server:
        held = []
        for number in range(600):
            connection = server.connect()
            with contextlib.suppress(ConnectionError):
                connection.sendall(HALVES[number % 3])
            held.append(connection)
            if number == 300:
                assert healthy(server)
        assert descriptors(server) <= 500
        for connection in held:
            connection.close()
        until(lambda: descriptors(server) < 100)
        assert healthy(server)


def test_silent_connections_are_let_go(server: Running) -> None:
    """After ten seconds and at most three of the timer's: half a header, half a body, nothing."""
    started = time.monotonic()
    held = [server.connect() for _ in HALVES]
    for connection, octets in zip(held, HALVES, strict=True):
        connection.sendall(octets)
    for connection in held:
        assert connection.recv(1) == b""
        connection.close()
    assert 9 < time.monotonic() - started < 20


def test_server_that_died_is_started_anew(config: Path, filling: Filling) -> None:
    """A crash of the C code costs a second, and is told."""
    with running(config) as server:
        first = worker(server)
        os.kill(first, signal.SIGSEGV)
        until(lambda: answers(server))
        assert worker(server) != first
        server.process.kill()
        _, err = server.process.communicate()
        assert "signal 11" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_is_left_behind(config: Path, number: signal.Signals) -> None:
    """However the process ends, the port is free; with 0 where it was asked to."""
    with running(config) as server, server.connect() as half:
        half.sendall(HALVES[2])
        server.process.send_signal(number)
        assert server.process.wait(20) == (-9 if number == signal.SIGKILL else 0)
        until(lambda: free(server.port))


def test_port_in_use_is_an_error_that_names_it(config: Path) -> None:
    """Although fastpysgi would share it with another of its kind."""
    with running(config) as first:
        process = respond(config, "--port", str(first.port))
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert f"127.0.0.1:{first.port}: the port is in use" in err


def test_files_are_refused_with_it(tmp_path: Path) -> None:
    """It dies when readers of large files go away."""
    process = respond(configure(tmp_path, Authority(), 'server = "fastpysgi"\n'))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert "files" in err
