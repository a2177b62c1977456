"""A Valkey, a worker on it, and an attacker's client with full write access.

They stand for a whole module: a worker that survives one attack has to survive the next one too.
And an exchange in a bucket, for the tests of exchanges.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from revocation.wire.s3_exchange import S3Exchange
from tests.building.s3server import S3Place
from tests.wire.server import Server
from tests.wire.worker import Worker


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(scope="module")
def attacker(server: Server) -> Iterator[redis.Redis]:
    """Somebody who may write anything into the queue server."""
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def worker(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker that listens."""
    with Worker(server.url, tmp_path_factory.mktemp("worker") / "diary") as started:
        started.until_ready()
        yield started


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A Valkey for one test, which may kill it."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def own_worker(own_server: Server, tmp_path: Path) -> Iterator[Worker]:
    """A worker for one test, on its own Valkey."""
    with Worker(own_server.url, tmp_path / "diary") as started:
        started.until_ready()
        yield started


@pytest.fixture
def exchange(s3: S3Place) -> S3Exchange:
    """An empty one, under a prefix."""
    return S3Exchange(s3.bucket("exchange"))
