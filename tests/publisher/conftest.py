"""What the publisher's tests share: an installation that is right by default."""

from pathlib import Path

import pytest

from tests.building.ca import CA, Responder
from tests.building.place import Place


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
