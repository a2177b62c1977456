"""What a responder endures from clients that mean no good: it goes on answering, in bounded memory."""

import contextlib
import resource
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.responder.asking import request
from tests.responder.filling import GOOD
from tests.responder.wire import KINDS, UNAUTHORIZED, Place, assert_stored, place, post

_IDLE = 10_000
_GROWTH = 60_000  # KB
_EACH = 45  # KB that a connection may cost


@pytest.fixture(scope="module", params=KINDS)
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server of each kind."""
    with place(tmp_path_factory.mktemp("limits"), request.param) as served:
        yield served


def resident(served: Place) -> int:
    """KB in memory of the process and its children."""
    pid = served.server.process.pid
    pids = [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    texts = [Path(f"/proc/{one}/status").read_text() for one in pids]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("VmRSS:"))


@pytest.fixture
def _many_descriptors() -> Iterator[None]:
    """For this process, which plays all the clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _IDLE + 2000:
        pytest.skip(f"the system allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (_IDLE + 2000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_many_descriptors")
def test_ten_thousand_idle_connections_keep_nobody_from_an_answer(tmp_path: Path) -> None:
    """Under fastpysgi, where 1024 is the usual number; one of twenty sent half a request. What they cost is bounded."""
    with place(tmp_path, "fastpysgi", "1024:") as served, contextlib.ExitStack() as held:
        before = resident(served)
        for number in range(_IDLE):
            connection = held.enter_context(served.server.connect())
            if number % 20 == 0:
                connection.sendall(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0")
            if number % 1000 == 0:
                assert_stored(served, post(served.ask(GOOD)), GOOD)
        assert_stored(served, post(served.ask(GOOD)), GOOD)
        assert resident(served) < before + _IDLE * _EACH


@pytest.mark.long
def test_flood_of_unknown_serials_is_answered_and_takes_no_memory(served: Place) -> None:
    """Twenty thousand different ones in one connection, answered in order, and then a known one."""
    asked = [request(served.filling.cert_id(0x70000000 + number)) for number in range(20_000)]
    head = "POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n"
    before = resident(served)
    with served.server.connect() as connection, connection.makefile("rb") as answers:
        for start in range(0, len(asked), 50):
            octets = [head.format(len(one)).encode() + one for one in asked[start : start + 50]]
            connection.sendall(b"".join(octets))
            for _ in octets:
                assert answers.readline().startswith(b"HTTP/1.1 200")
                lines = list(iter(answers.readline, b"\r\n"))
                assert b"content-length: 5\r\n" in [line.lower() for line in lines]
                assert answers.read(5) == UNAUTHORIZED
    assert resident(served) < before + _GROWTH
    assert_stored(served, post(served.ask(GOOD)), GOOD)


def test_connect_and_close_does_no_harm(served: Place) -> None:
    """Two thousand at once, in turn closed and reset, some behind half a request."""
    before = resident(served)
    for number in range(2000):
        with contextlib.suppress(ConnectionError), served.server.connect() as connection:
            if number % 3 == 0:
                connection.sendall(b"POST /ocsp/ HTTP/1.1\r\nHo")
            if number % 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert_stored(served, post(served.ask(GOOD)), GOOD)
    assert resident(served) < before + _GROWTH


@pytest.mark.parametrize(
    "bomb",
    [b"X: " + b"y" * (1 << 20), b"X: y\r\n" * 20_000, b"X" * (1 << 20) + b": y", b": \r\n" * 20_000],
    ids=["a long value", "many", "a long name", "no names"],
)
def test_header_bomb_is_cut_off(served: Place, bomb: bytes) -> None:
    """With a status in the 400s, or not even that while it is still sent; the next one is answered."""
    before = resident(served)
    for _ in range(10):
        with contextlib.suppress(ConnectionError):
            answer = served.server.send(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\n" + bomb + b"\r\n\r\n")
            assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert_stored(served, post(served.ask(GOOD)), GOOD)
    assert resident(served) < before + _GROWTH
