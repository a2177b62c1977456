"""What the tests of targets on a Redis server share: a running Valkey, and our place on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.targets.redis import RedisTarget
from revocation.redisserver import RedisServer
from tests.wire.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def store(server: Server) -> RedisServer:
    """Our place on it."""
    return RedisServer(url=server.url)


@pytest.fixture
def target(store: RedisServer) -> Iterator[RedisTarget]:
    """An open target."""
    with RedisTarget(store) as opened:
        yield opened
