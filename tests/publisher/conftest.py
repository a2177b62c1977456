"""What the publisher's tests share: an installation that is right by default."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.building.ca import CA, Responder
from tests.building.faulty import Faulty
from tests.building.place import Place
from tests.building.s3server import S3Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher with a directory, a store, and an empty exchange."""
    return Place(tmp_path / "place")


@pytest.fixture
def ca(place: Place) -> CA:
    """Its CA."""
    return place.ca


@pytest.fixture
def responder(ca: CA) -> Responder:
    """The CA's OCSP responder."""
    return ca.responder()


@pytest.fixture
def faulty(s3: S3Place) -> Iterator[Faulty]:
    """A server between a publisher and S3, which is moto's."""
    with Faulty(s3.server.port) as proxy:
        yield proxy
