"""Readiness of a responder over a Redis server, with the rights that the shipped ACL gives it and no more."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.targets.protocol import Answer
from publisher.targets.redis import RedisTarget
from responder.readiness import readiness
from responder.redissource import RedisSource
from revocation.certid import CertIDHash
from revocation.clock import epoch
from revocation.redisserver import RedisServer
from revocation.store import StoredResponse, response_key
from tests.authority import NOW
from tests.responder.filling import GOOD, REVOKED, Filling
from tests.responder.serverstore import fill
from tests.wire.server import Server

USERS = Path(__file__).parents[2] / "infra/valkey/users.acl"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An empty Valkey that knows the user of that file."""
    said = re.search(r"^user responder on #\S+ (.*)$", USERS.read_text(), re.MULTILINE)
    assert said
    with Server(tmp_path) as running:
        with running.client() as admin:
            admin.execute_command("ACL", "SETUSER", "responder", "on", "nopass", "resetkeys", *said[1].split())
        yield running


def source_of(server: Server) -> RedisSource:
    """The store as that user reads it."""
    return RedisSource(RedisServer(url=server.url, user="responder", password="env:HOME"))


def test_ready_once_something_is_published_until_it_has_expired(server: Server, filling: Filling) -> None:
    """And answers are found with the same rights."""
    source = source_of(server)
    assert "nothing is published there" in readiness(source, NOW).reason
    fill(server, [*filling.issuer_entries(), *filling.entries(GOOD), *filling.entries(REVOKED, revoked=True)])
    source.close()
    assert readiness(source, NOW) == ("", {filling.issuer.id: 1.0})
    assert source.find(filling.cert_id(GOOD), NOW)
    stale = readiness(source, NOW + timedelta(days=1))
    assert stale.reason == f"most responses have expired of issuer {filling.issuer.id}"
    source.close()


def test_issuer_with_few_responses_among_many_is_seen(server: Server) -> None:
    """All of them have expired: it is named, however many of another hold; and when they are gone, it is not."""
    large, small = b"\x01\x02\x03\x04", b"\x01\x02\x03\x05"
    with RedisTarget(RedisServer(url=server.url)) as target:
        target.introduce([(b"large", large), (b"small", small)])
        target.put((_answer(large, number, fresh=True) for number in range(20_000)), lambda *_: True)
        target.put((_answer(small, number, fresh=False) for number in range(2)), lambda *_: True)
        target.save_status(b"status")
        target.set_filled(is_filled=True)
    source = source_of(server)
    assert readiness(source, NOW) == (
        f"most responses have expired of issuer {small.hex()}",
        {large.hex(): 1.0, small.hex(): 0.0},
    )
    with RedisTarget(RedisServer(url=server.url)) as target:
        target.withdraw([_answer(small, number, fresh=False).key for number in range(2)], lambda *_: True)
    assert readiness(source, NOW) == ("", {large.hex(): 1.0})
    source.close()


def test_share_of_the_expired_is_that_of_the_store(server: Server) -> None:
    """Whatever was put last: a slice that is stuck shows among others that are renewed."""
    issuer = b"\x01\x02\x03\x04"
    with RedisTarget(RedisServer(url=server.url)) as target:
        target.introduce([(b"issuer", issuer)])
        target.put((_answer(issuer, number, fresh=False) for number in range(1_000)), lambda *_: True)
        target.put((_answer(issuer, number, fresh=True) for number in range(1_000, 2_000)), lambda *_: True)
        target.save_status(b"status")
        target.set_filled(is_filled=True)
    source = source_of(server)
    assert 0.2 < readiness(source, NOW).fresh[issuer.hex()] < 0.8
    source.close()


def test_store_whose_sample_is_lost_is_judged_by_random_responses(server: Server, filling: Filling) -> None:
    """Deleted or evicted by itself: answers are found, so the responder is ready."""
    fill(server, [*filling.issuer_entries(), *filling.entries(GOOD)])
    with server.client() as client:
        client.delete("revocast:sample.2")
    source = source_of(server)
    assert readiness(source, NOW) == ("", {filling.issuer.id: 1.0})
    source.close()


def test_right_that_readiness_lacks_keeps_nobody_from_an_answer(server: Server, filling: Filling) -> None:
    """An ACL of before: the reason says so, and certificates are answered for as if nobody had asked."""
    fill(server, [*filling.issuer_entries(), *filling.entries(GOOD)])
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "responder", "-hkeys")
    source = source_of(server)
    assert "this user may not do what is needed" in readiness(source, NOW).reason
    assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def _answer(issuer: bytes, number: int, *, fresh: bool) -> Answer:
    second = epoch(NOW)
    stored = StoredResponse(second - 100, second + (100 if fresh else -1), second, b"0")
    return Answer(response_key(issuer, CertIDHash.SHA256.octet, number.to_bytes(4, "big")), stored.encode())


def test_not_ready_without_a_server(server: Server, filling: Filling) -> None:
    """It says which."""
    fill(server, [*filling.issuer_entries(), *filling.entries(GOOD)])
    source = source_of(server)
    server.kill()
    assert readiness(source, NOW).reason.startswith("the store cannot be read: ")
    source.close()
