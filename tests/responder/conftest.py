"""What the responder's tests share: a filled store, the application over it, and its client."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from responder.app import create_app
from responder.lmdbsource import LMDBSource
from tests.authority import NOW
from tests.responder.filling import Filling, write
from tests.responder.serverstore import Seconds, fill
from tests.wire.server import Server


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    """The application's clock, at NOW."""
    return Clock()


@pytest.fixture(scope="session")
def filling() -> Filling:
    """The issuer of the store."""
    return Filling()


@pytest.fixture
def store(tmp_path: Path, filling: Filling) -> Path:
    """The folder of a store with one certificate of each kind."""
    write(tmp_path / "store", filling.shelf())
    return tmp_path / "store"


@pytest.fixture
def source(store: Path) -> Iterator[LMDBSource]:
    """The store as the responder reads it."""
    source = LMDBSource(store)
    yield source
    source.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder of the static files, empty."""
    folder = tmp_path / "www"
    folder.mkdir()
    return folder


@pytest.fixture
def client(source: LMDBSource, files: Path, clock: Clock) -> FlaskClient:
    """A client of the application, which has every part."""
    return create_app(source, files=files, now=clock).test_client()


@pytest.fixture
def own_server(tmp_path: Path, filling: Filling) -> Iterator[Server]:
    """A filled Valkey for one test, which may kill it."""
    with Server(tmp_path) as running:
        fill(running, filling.shelf())
        yield running


@pytest.fixture
def seconds() -> Seconds:
    """What the source takes for the time between two looks."""
    return Seconds()
