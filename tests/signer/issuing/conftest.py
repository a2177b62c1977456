"""What tests of issuing share: an office that changes, and for those who only ask, one for all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import Server
from tests.signer.issuing.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """One of a test's own."""
    return Office.build(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One that a module's tests ask, and change nothing else of."""
    return Office.build(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server."""
    with Server() as server:
        yield server
