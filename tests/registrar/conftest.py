"""What the registrar's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import Server as PostgreSQL
from tests.registrar.asking import Desk
from tests.registrar.site import Site
from tests.wire.server import Server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; tests that use it are marked with the judge `initdb`."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.judge("initdb"))])
def place(request: pytest.FixtureRequest) -> str:
    """Where the database lies, as the configuration says it."""
    if request.param == "sqlite":
        return "registrar/registrar.sqlite"
    return str(request.getfixturevalue("postgresql").database())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A server that is right by default, and limits nobody."""
    return Site.build(tmp_path)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, valkey: Server) -> Desk:
    """An empty one."""
    return Desk(tmp_path, valkey)
