"""Hints on the channel: everybody who listens hears each, and looks anew whenever some may have been missed."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from revocation.messages import Publish, Verb, compose
from revocation.wire.hints import CHANNEL, Hints
from revocation.wire.queue import Wire
from tests.infra.valkey_users import GuardedServer
from tests.waiting import until
from tests.wire.server import Server

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Publisher:
    """Somebody who listens, and counts how often they are woken."""

    def __init__(self, connection: redis.Redis, quiet: float = 10.0) -> None:
        self.woken = 0
        self._lock = threading.Lock()
        self.hints = Hints(connection, self._wake, quiet)

    def is_woken(self, times: int) -> Callable[[], bool]:
        """Whether it was woken so often, and no more."""
        return lambda: self.woken == times

    def _wake(self) -> None:
        with self._lock:
            self.woken += 1


@contextmanager
def listening(server: Server, quiet: float = 10.0) -> Iterator[Publisher]:
    """A publisher that listens, and was woken for that."""
    publisher, others = Publisher(server.client(), quiet), listeners(server)
    publisher.hints.listen()
    try:
        until(lambda: listeners(server) == others + 1 and publisher.woken == 1)
        yield publisher
    finally:
        publisher.hints.stop()


def listeners(server: Server) -> int:
    """How many listen for hints."""
    with server.client() as client:
        ((_, count),) = client.pubsub_numsub(CHANNEL)
    return int(count)


def test_hint_wakes_everybody_who_listens_and_nobody_twice(own_server: Server) -> None:
    """Nobody has told the signer who they are; whoever takes the same hint out of the queue has heard it."""
    with listening(own_server) as first, listening(own_server) as second, listening(own_server) as third:
        for number in range(1, 4):
            message = compose(Verb.PUBLISH, Publish(), NOW)
            Wire(own_server.url).tell_publishers(message)
            for one in (first, second, third):
                until(one.is_woken(1 + number))
            first.hints.take(message.id)
        assert [one.woken for one in (first, second, third)] == [4, 4, 4]
    with own_server.client() as client:
        assert client.llen("rq:queue:publisher") == 3  # for those who do not listen


def test_hint_out_of_the_queue_wakes_before_the_channel_is_heard(own_server: Server) -> None:
    """A scheduler's, or one of a signer of before, is in the queue alone."""
    publisher = Publisher(own_server.client())
    for id_ in ("a" * 32, "b" * 32, "a" * 32):
        publisher.hints.take(id_)
    assert publisher.woken == 2


def test_listening_begins_again_with_a_look_when_the_server_was_away(own_server: Server) -> None:
    """It was restarted empty, and hints of meanwhile are lost."""
    with listening(own_server) as publisher:
        own_server.kill()
        own_server.start()
        until(publisher.is_woken(2))
        Wire(own_server.url).tell_publishers(compose(Verb.PUBLISH, Publish(), NOW))
        until(publisher.is_woken(3))


def test_server_that_says_nothing_any_more_is_left_and_found_again(own_server: Server) -> None:
    """As behind a firewall that forgot the connection: nobody ends it, and no hint would ever come."""
    with listening(own_server, quiet=0.2) as publisher:
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            until(lambda: not publisher.hints.listens)
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        until(lambda: publisher.hints.listens and publisher.woken > 1)


def test_quiet_server_that_is_there_is_not_left(own_server: Server) -> None:
    """A night without revocations costs a ping now and then, and no look."""
    with listening(own_server, quiet=0.2) as publisher, own_server.client() as client:
        before = client.info("commandstats")["cmdstat_ping"]["calls"]
        until(lambda: client.info("commandstats")["cmdstat_ping"]["calls"] > before + 10)
        assert publisher.woken == 1


@pytest.mark.parametrize("said", [b"", b"\xff" * 100, b"x" * (1 << 20), b'{"verb": "revoke"}'], ids=len)
def test_whatever_is_said_on_the_channel_wakes_and_does_no_more(own_server: Server, said: bytes) -> None:
    """Who may say something there can have publishers look."""
    with listening(own_server) as publisher, own_server.client() as client:
        assert client.publish(CHANNEL, said) == 1
        until(publisher.is_woken(2))
        Wire(own_server.url).tell_publishers(compose(Verb.PUBLISH, Publish(), NOW))
        until(publisher.is_woken(3))


def test_users_of_before_still_have_the_queue_and_are_told_what_to_take(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where users.acl was not taken anew a hint reaches one publisher, and both logs name the file."""
    with GuardedServer(tmp_path) as server, server.client() as administrator:
        for user in ("signer", "publisher"):
            administrator.execute_command("ACL", "SETUSER", user, "resetchannels")
        publisher = Publisher(server.client_of("publisher"))
        publisher.hints.listen()
        until(lambda: "may not listen" in caplog.text)
        Wire(server.url_of("signer")).tell_publishers(compose(Verb.PUBLISH, Publish(), NOW))
        assert administrator.llen("rq:queue:publisher") == 1
        publisher.hints.stop()
    told = [record.getMessage() for record in caplog.records if record.name.startswith("revocast.")]
    assert len(told) == 2
    assert all("take the newest infra/valkey/users.acl" in one for one in told)
