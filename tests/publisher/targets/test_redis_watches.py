"""What happens to a Redis server between the publisher's last reading and its writing: the transaction fails.

Each test does it just before EXEC, when all has been read, and checked, and found as it was left.
"""

from collections.abc import Callable, Iterable

import pytest
import redis.client

from publisher.targets.redis import RedisTarget
from publisher.targets.redis_reading import read_status
from revocation.errors import TargetError
from revocation.redisserver import RedisServer
from tests.publisher.targets.test_lmdb import ISSUER, always, answer
from tests.publisher.targets.test_redis import held, version
from tests.wire.server import Server

RESPONSES, ISSUERS, STATUS = "revocast:responses.2", "revocast:issuers", "revocast:status.2"

Meanwhile = Callable[[Callable[[], object]], None]
Copies = dict[str, bytes]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Iterable[Meanwhile]:
    """Have something happen before the next EXEC; that it did is asserted at the end."""
    execute = redis.client.Pipeline.execute
    pending: list[Callable[[], object]] = []

    def acting(pipe: "redis.client.Pipeline", **options: bool) -> object:
        if pending:
            pending.pop()()
        return execute(pipe, **options)

    monkeypatch.setattr(redis.client.Pipeline, "execute", acting)
    yield pending.append
    assert not pending


def copies(server: Server) -> Copies:
    """What an operator puts back later, or a server that was started from its last dump."""
    return {name: server.client().dump(name) for name in (RESPONSES, ISSUERS, STATUS)}


def put_back(server: Server, copies: Copies, *names: str) -> None:
    """Write those keys over."""
    for name in names:
        server.client().restore(name, 0, copies[name], replace=True)


@pytest.fixture
def before(target: RedisTarget, server: Server) -> Copies:
    """Copies of a store in which certificate 1 is good; it says revoked now."""
    target.introduce([(b"key", ISSUER)])
    target.put([answer(1, der=b"good")], always)
    target.save_status(b"of good")
    made = copies(server)
    target.put([answer(1, der=b"revoked")], always)
    return made


def test_status_is_not_saved_beside_responses_that_were_put_back(
    target: RedisTarget, store: RedisServer, server: Server, before: Copies, meanwhile: Meanwhile
) -> None:
    """It would say that the revocation is published, and be believed: there are as many responses as said."""
    meanwhile(lambda: put_back(server, before, RESPONSES, STATUS))
    with pytest.raises(TargetError, match="somebody else wrote"):
        target.save_status(b"of revoked")
    assert read_status(store) == b"of good"


def test_change_is_not_made_where_the_status_is_put_back_after_the_responses(
    target: RedisTarget, server: Server, before: Copies, meanwhile: Meanwhile
) -> None:
    """Keys come back one by one: with our mark on the status of before, nobody would miss the revocation any more."""
    put_back(server, before, RESPONSES)
    meanwhile(lambda: put_back(server, before, STATUS))
    with pytest.raises(TargetError, match="somebody else wrote"):
        target.put([answer(2)], always)
    assert held(server) == {answer(1).key: b"good"}
    with pytest.raises(TargetError, match="lost what was written"):
        target.put([answer(2)], always)


@pytest.mark.parametrize("lost", [RESPONSES, ISSUERS])
def test_store_that_is_emptied_meanwhile_is_not_said_to_be_filled(
    target: RedisTarget, server: Server, before: Copies, meanwhile: Meanwhile, lost: str
) -> None:
    """Who reads it would call each certificate unknown."""
    assert lost in before
    meanwhile(lambda: server.client().delete(lost))
    with pytest.raises(TargetError, match="somebody else wrote"):
        target.set_filled(is_filled=True)
    assert version(server) is None


def test_store_whose_status_is_put_back_meanwhile_is_not_said_to_be_filled(
    target: RedisTarget, server: Server, before: Copies, meanwhile: Meanwhile
) -> None:
    """Its responses, as many as there should be, are those of before already."""
    put_back(server, before, RESPONSES)
    meanwhile(lambda: put_back(server, before, STATUS))
    with pytest.raises(TargetError, match="somebody else wrote"):
        target.set_filled(is_filled=True)
    assert version(server) is None
