"""BIND for all tests of a module, and a web server."""

from collections.abc import Iterator

import pytest

from tests.registrar.validation.bind import BIND
from tests.registrar.validation.web import Web
from tests.registrar.validation.world import ZONE


@pytest.fixture(scope="session")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where BIND answers."""
    with BIND(tmp_path_factory.mktemp("bind"), ZONE) as running:
        yield running.place


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on loopback that has nothing yet."""
    with Web() as running:
        yield running
