"""The Redis source: what it finds, what it never hands out, and what becomes of it while the server fails."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from responder.negative import Negatives
from responder.redissource import HELD, RedisSource
from responder.source import ResponseExpired, ResponseTooEarly, SourceUnavailable
from revocation import serials
from revocation.certid import CertIDHash
from revocation.redisserver import RedisServer
from revocation.store import RESPONSES_DATABASE, StoredResponse, response_key
from tests.authority import NOW, Authority
from tests.responder.filling import EXPIRED, GOOD, REVOKED, UNKNOWN, Filling
from tests.responder.serverstore import answering, fill
from tests.waiting import until
from tests.wire.server import Server

DAY = timedelta(days=1)
_BOUND = 10.0
"""Seconds that no answer may take, on however busy a machine; what is behind it takes 1."""


class Seconds:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Valkey for the tests that leave it as it is."""
    with Server(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def server(running: Server, filling: Filling) -> Server:
    """A filled store on it."""
    with running.client() as client:
        client.flushall()
    fill(running, filling.shelf())
    return running


@pytest.fixture
def own_server(tmp_path: Path, filling: Filling) -> Iterator[Server]:
    """A filled Valkey for one test, which may kill it."""
    with Server(tmp_path) as running:
        fill(running, filling.shelf())
        yield running


@pytest.fixture
def seconds() -> Seconds:
    """What the source takes for the time between two looks."""
    return Seconds()


def source_of(server: Server, seconds: Seconds) -> RedisSource:
    """The store as the responder reads it."""
    return RedisSource(RedisServer(url=server.url), clock=seconds, patience=_BOUND)


@pytest.fixture
def source(server: Server, seconds: Seconds) -> Iterator[RedisSource]:
    """That of the filled store."""
    source = source_of(server, seconds)
    yield source
    source.close()


def under(filling: Filling, serial: int, value: bytes, hash_: CertIDHash = CertIDHash.SHA256) -> tuple[bytes, ...]:
    """An entry with any value."""
    return RESPONSES_DATABASE, response_key(filling.issuer.octets, hash_.octet, serials.from_int(serial)), value


@pytest.mark.parametrize("serial", [GOOD, REVOKED])
@pytest.mark.parametrize("hash_", list(CertIDHash))
def test_response_is_the_one_for_the_hash_that_was_asked_for(
    source: RedisSource, server: Server, filling: Filling, hash_: CertIDHash, serial: int
) -> None:
    """The bytes that the publisher stored."""
    _, key, _ = under(filling, serial, b"", hash_)
    with server.client() as client:
        stored = client.hget("revocast:responses", key)
    assert source.find(filling.cert_id(serial, hash_), NOW) == StoredResponse.decode(stored)


def test_response_for_both_hashes_is_found_by_its_own(source: RedisSource, server: Server, filling: Filling) -> None:
    """The hash id 0; what does not have the CertID that was asked for is not handed out there either."""
    both = filling.response(0x2001)
    key = response_key(filling.issuer.octets, b"\x00", serials.from_int(0x2001))
    fill(server, [(RESPONSES_DATABASE, key, both.encode())])
    assert source.find(filling.cert_id(0x2001), NOW) == both
    with pytest.raises(SourceUnavailable, match="answers something else"):
        source.find(filling.cert_id(0x2001, CertIDHash.SHA1), NOW)


def test_unknown_certificate_and_unknown_issuer_are_none(source: RedisSource, filling: Filling) -> None:
    """And so is the name of one issuer with the key of another: peers answered good."""
    other = Filling(Authority())
    mixed = replace(filling.cert_id(GOOD), issuer_key_hash=other.cert_id(GOOD).issuer_key_hash)
    for asked in (filling.cert_id(UNKNOWN), other.cert_id(GOOD), mixed):
        assert source.find(asked, NOW) is None


def test_two_issuers_on_one_server_are_apart(source: RedisSource, server: Server, filling: Filling) -> None:
    """The same serial of each, in one store."""
    other = Filling(Authority())
    fill(server, [*other.issuer_entries(), *other.entries(GOOD, revoked=True)])
    found = [source.find(one.cert_id(GOOD), NOW) for one in (filling, other)]
    assert None not in found
    assert len({stored.der for stored in found if stored}) == 2


def test_response_is_refused_outside_of_its_window(source: RedisSource, filling: Filling) -> None:
    """To the second at its end; five minutes of skew at its beginning."""
    asked = filling.cert_id(GOOD)
    assert source.find(asked, NOW + DAY - timedelta(seconds=1))
    for now, error in (
        (NOW + DAY, ResponseExpired),
        (NOW - timedelta(minutes=5, seconds=1), ResponseTooEarly),
    ):
        with pytest.raises(error):
            source.find(asked, now)
    with pytest.raises(ResponseExpired):
        source.find(filling.cert_id(EXPIRED), NOW)


@pytest.mark.parametrize(
    "what", ["other serial", "other hash", "later times", "cut", "version", "text", "huge", "error"]
)
def test_value_that_is_not_the_answer_is_never_handed_out(
    source: RedisSource, server: Server, filling: Filling, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Written by whoever can write there: another certificate's, expired under times of his own, or no response."""
    good = filling.response(GOOD)
    old = filling.response(GOOD, this_update=NOW - 2 * DAY)
    forged = {
        "other serial": filling.response(REVOKED).encode(),
        "other hash": filling.response(GOOD, CertIDHash.SHA1).encode(),
        "later times": old._replace(next_update=good.next_update).encode(),
        "cut": good.encode()[:-1],
        "version": b"\x02" + good.encode()[1:],
        "text": b"nothing of the kind",
        "huge": good._replace(der=good.der + bytes(1 << 17)).encode(),
        "error": good._replace(der=b"\x30\x03\x0a\x01\x06").encode(),
    }
    fill(server, [under(filling, GOOD, forged[what])])
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            source.find(filling.cert_id(GOOD), NOW)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert source.find(filling.cert_id(REVOKED), NOW)


def test_publication_is_seen_within_the_stated_delay(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """What was unknown, what was known, and the version that others remember answers by."""
    assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    before = source.version()
    fill(server, filling.entries(UNKNOWN))
    seconds.now += HELD
    assert source.version() not in (None, before)
    assert source.find(filling.cert_id(UNKNOWN), NOW)


def test_answers_of_before_count_no_more_when_a_state_comes_back(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """A replica that lags behind, after its primary: what was found in between may be of either."""
    with server.client() as client:
        versions = [source.version()]
        first = client.get("revocast:version")
        for token in (b"second", first):
            client.set("revocast:version", token)
            seconds.now += HELD
            versions.append(source.version())
    assert len(set(versions)) == 3


def test_floods_of_unknown_serials_do_not_reach_the_server(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """Asked for again, an unknown certificate costs no round trip until the version is looked at again."""
    remembering = Negatives(source)

    def commands() -> int:
        with server.client() as client:
            return int(client.info("stats")["total_commands_processed"])

    remembering.find(filling.cert_id(UNKNOWN), NOW)
    own = -commands() + commands()
    before = commands()
    for _ in range(100):
        assert remembering.find(filling.cert_id(UNKNOWN), NOW) is None
    assert commands() - before == own


@pytest.mark.parametrize("loss", ["flush", "version"])
def test_emptied_server_says_nothing_of_any_certificate_until_it_is_filled(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds, loss: str
) -> None:
    """Not unknown: it may be half filled. Then it answers, and nobody was asked to restart anything."""
    assert source.find(filling.cert_id(GOOD), NOW)
    with server.client() as client:
        client.flushall() if loss == "flush" else client.delete("revocast:version")
    seconds.now += HELD
    for serial in (GOOD, UNKNOWN):
        with pytest.raises(SourceUnavailable, match="being filled"):
            source.find(filling.cert_id(serial), NOW)
    assert source.version() is None
    fill(server, filling.shelf())
    seconds.now += HELD
    assert source.find(filling.cert_id(GOOD), NOW)


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
    source = RedisSource(RedisServer(url=f"unix://{path}"), clock=seconds, patience=_BOUND)
    with answering(path, ANSWERS[kind]):
        started = time.monotonic()
        for _ in range(50):
            with pytest.raises(SourceUnavailable):
                source.find(filling.cert_id(GOOD), NOW)
            assert source.version() is None
        assert time.monotonic() - started < _BOUND
    assert len(caplog.records) == 1
    with Server(tmp_path) as server:
        fill(server, filling.shelf())
        seconds.now += 2
        assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def test_after_a_failure_one_attempt_is_made_for_all(tmp_path: Path, filling: Filling) -> None:
    """A server that hangs is asked once in each interval, and not by each request."""
    seconds, path = Seconds(), tmp_path / "valkey.sock"
    source = RedisSource(RedisServer(url=f"unix://{path}"), clock=seconds, patience=_BOUND)
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
            seconds.now += 2
        assert time.monotonic() - started < _BOUND
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


def test_password_is_wanted_and_never_told(
    tmp_path: Path, filling: Filling, seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong one is as a server that is away; a new one in the file is taken without a restart."""
    file = tmp_path / "password"
    file.write_text("wrong-secret\n")
    with Server(tmp_path) as server:
        fill(server, filling.shelf())
        server.client().config_set("requirepass", "right-secret")
        source = RedisSource(RedisServer(url=server.url, password=f"file:{file}"), clock=seconds, patience=_BOUND)
        for text in ("wrong-secret", None, "wrong-secret"):
            file.write_text(text) if text else file.unlink()
            with pytest.raises(SourceUnavailable) as caught:
                source.find(filling.cert_id(GOOD), NOW)
            assert "-secret" not in str(caught.value)
            seconds.now += 2
        file.write_text("right-secret\n")
        assert source.find(filling.cert_id(GOOD), NOW)
        source.close()
    assert "the password is wrong or missing" in caplog.text
    assert "-secret" not in caplog.text


def test_reader_needs_no_right_to_write(server: Server, filling: Filling) -> None:
    """What an ACL has to allow, as the documentation says it."""
    user = [
        "responder",
        "on",
        "nopass",
        "resetkeys",
        "%R~revocast:*",
        "-@all",
        "+@connection",
        "+get",
        "+hget",
        "+hmget",
    ]
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", *user)
    source = RedisSource(RedisServer(url=server.url, user="responder", password="env:HOME"))
    assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def test_replica_answers_as_well(server: Server, filling: Filling, tmp_path: Path) -> None:
    """It takes no writes, and nobody here writes."""
    with Server(tmp_path) as copy:
        fill(copy, filling.shelf())
        copy.client().replicaof("127.0.0.1", "1")
        source = RedisSource(RedisServer(url=copy.url))
        assert source.find(filling.cert_id(GOOD), NOW)
        source.close()


def test_another_prefix_is_another_store(server: Server, filling: Filling) -> None:
    """Ours says nothing of theirs."""
    fill(server, filling.issuer_entries(), "theirs:")
    source = RedisSource(RedisServer(url=server.url, prefix="theirs:"))
    assert source.find(filling.cert_id(GOOD), NOW) is None
    source.close()
