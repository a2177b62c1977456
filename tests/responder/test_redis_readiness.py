"""Readiness of a responder over a Redis server, with the rights that the documentation gives it and no more."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from responder.readiness import readiness
from responder.redissource import RedisSource
from revocation.redisserver import RedisServer
from tests.authority import NOW
from tests.responder.filling import GOOD, REVOKED, Filling
from tests.responder.serverstore import fill
from tests.wire.server import Server

DOCUMENT = Path(__file__).parents[2] / "docs/redis.md"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An empty Valkey that knows the user of the documentation."""
    said = re.search(r"^user responder on #… (.*?) +# ", DOCUMENT.read_text(), re.MULTILINE)
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


def test_not_ready_without_a_server(server: Server, filling: Filling) -> None:
    """It says which."""
    fill(server, [*filling.issuer_entries(), *filling.entries(GOOD)])
    source = source_of(server)
    server.kill()
    assert readiness(source, NOW).reason.startswith("the store cannot be read: ")
    source.close()
