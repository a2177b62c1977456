"""A Redis server that loses what a publisher wrote, in the middle of a look too: it is never told as there."""

import pytest

from publisher.targets.redis import RedisTarget
from publisher.targets.redis_reading import read_status
from revocation.errors import TargetError
from revocation.redisserver import RedisServer
from tests.publisher.targets.test_lmdb import ISSUER, always, answer
from tests.publisher.targets.test_redis import version
from tests.wire.server import Server


def test_store_that_is_being_filled_has_no_version(store: RedisServer, server: Server) -> None:
    """Readers say that they cannot tell, until the publisher says that it has filled it, whoever began."""
    for _ in range(2):
        with RedisTarget(store) as target:
            target.introduce([(b"key", ISSUER)])
            target.put([answer(1)], always)
            target.save_status(b"status")
        assert version(server) is None
        with RedisTarget(store) as target:
            target.put([answer(2)], always)
            target.set_filled(is_filled=True)
        assert version(server) is not None
        server.client().flushall()


def test_status_is_given_back_only_while_the_responses_are_as_many(target: RedisTarget, server: Server) -> None:
    """Answers that were taken out or put in behind our back make the status worthless."""
    target.put([answer(1)], always)
    target.save_status(b"status")
    target.put([answer(2), answer(3)], always)
    target.withdraw([answer(3).key], always)
    assert target.load_status() == b"status"
    server.client().hdel("revocast:responses.2", answer(1).key)
    assert target.load_status() is None
    target.put([answer(4)], always)
    assert target.load_status() is None
    server.client().flushall()
    assert target.load_status() is None


@pytest.mark.parametrize("loss", ["emptied", "put back"])
def test_what_is_lost_between_two_changes_is_missed(
    target: RedisTarget, store: RedisServer, server: Server, loss: str
) -> None:
    """In the middle of a look, to as many responses as there should be: nothing more is written into it, and it does
    not count as filled, nor the status as its own."""
    target.introduce([(b"key", ISSUER)])
    target.put([answer(1, der=b"good")], always)
    copies = {name: server.client().dump(name) for name in server.client().keys("revocast:*")}
    target.put([answer(1, der=b"revoked")], always)
    server.client().flushall()
    if loss == "put back":
        for name, copy in copies.items():
            server.client().restore(name, 0, copy)
    for write in (lambda: target.put([answer(2)], always), lambda: target.save_status(b"status")):
        with pytest.raises(TargetError, match="lost what was written there a moment ago"):
            write()
    target.set_filled(is_filled=True)
    assert version(server) is None
    assert read_status(store) is None


def test_look_after_a_loss_goes_on(target: RedisTarget, store: RedisServer, server: Server) -> None:
    """It finds what is there, and what it writes and saves counts."""
    target.put([answer(1)], always)
    server.client().flushall()
    with RedisTarget(store) as again:
        again.put([answer(1)], always)
        again.save_status(b"status")
        again.set_filled(is_filled=True)
    assert version(server) is not None
    assert read_status(store) == b"status"


def test_store_that_was_filled_and_lost_responses_is_not_filled_any_more(target: RedisTarget, server: Server) -> None:
    """Who reads it would call their certificates unknown: in the middle of a look, it says that it cannot tell."""
    target.put([answer(1), answer(2)], always)
    target.set_filled(is_filled=True)
    server.client().hdel("revocast:responses.2", answer(1).key)
    target.put([answer(3)], always)
    with pytest.raises(TargetError, match="lost what was written"):
        target.set_filled(is_filled=True)
    assert version(server) is None


def test_store_that_a_publisher_of_before_filled_is_missed_when_it_is_put_back(
    store: RedisServer, server: Server
) -> None:
    """It has no mark of its last change: its status stands for one."""
    with RedisTarget(store) as target:
        target.put([answer(1, der=b"good")], always)
        target.save_status(b"of good")
        server.client().hdel("revocast:status.2", "state")
        copies = {name: server.client().dump(name) for name in server.client().keys("revocast:*")}
    server.client().hset("revocast:status.2", "status", b"of revoked")
    with RedisTarget(store) as target:
        for name, copy in copies.items():
            server.client().restore(name, 0, copy, replace=True)
        with pytest.raises(TargetError, match="lost what was written"):
            target.put([answer(2)], always)


def test_store_that_a_publisher_of_before_filled_is_gone_on_with(store: RedisServer, server: Server) -> None:
    """A status that is saved where nothing changed is no loss: without a mark it would be taken for one."""
    with RedisTarget(store) as target:
        target.put([answer(1)], always)
        target.save_status(b"of before")
        server.client().hdel("revocast:status.2", "state")
    with RedisTarget(store) as target:
        for status in (b"first", b"second"):
            target.put([answer(1)], always)
            target.save_status(status)
        target.put([answer(2)], always)
    assert read_status(store) == b"second"


def test_store_that_lost_its_issuers_is_not_filled(target: RedisTarget, server: Server) -> None:
    """No response of theirs would be found: readers would call each certificate unknown."""
    target.introduce([(b"key", ISSUER)])
    server.client().flushall()
    target.set_filled(is_filled=True)
    assert version(server) is None
