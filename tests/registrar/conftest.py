"""What the registrar's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import Server
from tests.registrar.site import Site


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server; tests that use it are marked with the judge `initdb`."""
    with Server() as server:
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
