"""What the tests of targets share: a running Valkey and our place on it, and a publisher with a bucket of moto's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.targets.redis import RedisTarget
from revocation.redisserver import RedisServer
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.faulty import Faulty
from tests.building.s3server import S3Place
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


@pytest.fixture
def place(tmp_path: Path, s3: S3Place, faulty: Faulty) -> BucketPlace:
    """A publisher with an empty bucket and one CRL in its exchange."""
    place = BucketPlace(tmp_path / "place", s3, endpoint=faulty.endpoint)
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 1))
    return place


@pytest.fixture
def ca(place: BucketPlace) -> CA:
    """Its CA."""
    return place.ca
