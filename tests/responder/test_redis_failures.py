"""The Redis source while its server dies, hangs, or answers as nobody should: told once, and back by itself."""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from responder.redissource import HELD, RedisSource
from responder.source import SourceUnavailable
from revocation.redisserver import RedisServer
from tests.authority import NOW
from tests.responder.filling import GOOD, REVOKED, Filling
from tests.responder.serverstore import BOUND, Seconds, answering, fill, source_of
from tests.waiting import until
from tests.wire.server import Server


def test_server_killed_in_flight_is_unavailable_and_then_back(
    own_server: Server, filling: Filling, seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """kill -9: told once, no answer of before is relied on, and it answers again by itself."""
    source = source_of(own_server, seconds)
    assert source.find(filling.cert_id(GOOD), NOW)
    before = source.version()
    own_server.kill()
    seconds.now += HELD
    for _ in range(5):
        with pytest.raises(SourceUnavailable):
            source.find(filling.cert_id(GOOD), NOW)
        assert source.version() is None
    own_server.start()
    fill(own_server, filling.shelf())
    with pytest.raises(SourceUnavailable, match="a moment ago"):
        source.find(filling.cert_id(GOOD), NOW)
    seconds.now += 2
    assert source.find(filling.cert_id(GOOD), NOW)
    assert source.version() not in (None, before)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    source.close()


def test_restart_between_two_requests_is_not_noticed(own_server: Server, filling: Filling, seconds: Seconds) -> None:
    """The connection that it closed is opened again, within the same request."""
    source = source_of(own_server, seconds)
    assert source.find(filling.cert_id(GOOD), NOW)
    own_server.kill()
    own_server.start()
    fill(own_server, filling.shelf())
    assert source.find(filling.cert_id(REVOKED), NOW)
    source.close()


ANSWERS = {
    "silence": None,
    "loading": b"-LOADING Valkey is loading the dataset in memory\r\n",
    "password": b"-NOAUTH Authentication required.\r\n",
    "rights": b"-NOPERM this user has no permissions\r\n",
    "cluster": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "cluster down": b"-CLUSTERDOWN Hash slot not served\r\n",
    "snapshots": b"-MISCONF Valkey is configured to save RDB snapshots\r\n",
    "master down": b"-MASTERDOWN Link with MASTER is down\r\n",
    "type": b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no number": b"$abc\r\n",
    "negative": b"*-7\r\n",
    "numbers": b":1\r\n",
    "nested": b"*1\r\n" * 5000,
    "nothing": b"$-1\r\n",
    "octets": bytes(range(256)),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_whatever_a_server_answers_is_unavailable_at_most(
    tmp_path: Path, filling: Filling, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In bounded time, and once; a real server in its place is taken up by itself."""
    seconds, path = Seconds(), tmp_path / "valkey.sock"
    source = RedisSource(RedisServer(url=f"unix://{path}"), clock=seconds, patience=BOUND)
    with answering(path, ANSWERS[kind]):
        started = time.monotonic()
        for _ in range(50):
            with pytest.raises(SourceUnavailable):
                source.find(filling.cert_id(GOOD), NOW)
            assert source.version() is None
        assert time.monotonic() - started < BOUND
    assert len(caplog.records) == 1
    with Server(tmp_path) as server:
        fill(server, filling.shelf())
        seconds.now += 2
        assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def test_after_a_failure_one_attempt_is_made_for_all(tmp_path: Path, filling: Filling) -> None:
    """A server that hangs is asked once in each interval, and not by each request."""
    seconds, path = Seconds(), tmp_path / "valkey.sock"
    source = RedisSource(RedisServer(url=f"unix://{path}"), clock=seconds, patience=BOUND)
    with answering(path, None) as connections:
        for turn in range(3):
            for _ in range(20):
                with pytest.raises(SourceUnavailable):
                    source.find(filling.cert_id(GOOD), NOW)
            assert len(connections) == turn + 1
            seconds.now += 2
    source.close()


def test_server_that_hangs_holds_up_the_first_request_alone(tmp_path: Path, filling: Filling) -> None:
    """The others wait a moment at most, also when it is time to try again: who tries is no request."""
    seconds, path = Seconds(), tmp_path / "valkey.sock"
    source = RedisSource(RedisServer(url=f"unix://{path}"), clock=seconds)
    with answering(path, None):
        started = time.monotonic()
        for _ in range(30):
            with pytest.raises(SourceUnavailable):
                source.find(filling.cert_id(GOOD), NOW)
            seconds.now += 0.5
        assert time.monotonic() - started < BOUND
    source.close()


def test_attempt_before_a_fork_is_made_anew_after_it(tmp_path: Path, filling: Filling, seconds: Seconds) -> None:
    """The thread that tries is not carried across: a process that was forked meanwhile has one of its own."""
    path = tmp_path / "valkey.sock"
    source = RedisSource(RedisServer(url=f"unix://{path}"), clock=seconds, patience=0)
    told, tell = os.pipe()
    with answering(path, None):
        for _ in range(2):
            with pytest.raises(SourceUnavailable):
                source.find(filling.cert_id(GOOD), NOW)
            seconds.now += 2
        child = os.fork()
        if not child:
            _find_once_told(source, filling, seconds, told)
    with Server(tmp_path) as server:
        fill(server, filling.shelf())
        os.write(tell, b".")
        assert os.waitpid(child, 0)[1] == 0
    source.close()


def _find_once_told(source: RedisSource, filling: Filling, seconds: Seconds, told: int) -> NoReturn:
    """Ends this process; with 0 where the source has become able to say something."""

    def finds() -> bool:
        seconds.now += 2
        with suppress(SourceUnavailable):
            return source.find(filling.cert_id(GOOD), NOW) is not None
        return False

    code = 1
    try:
        os.read(told, 1)
        until(finds)
        code = 0
    finally:
        os._exit(code)
