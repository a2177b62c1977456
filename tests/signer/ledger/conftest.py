"""The tests of the ledger run on both databases that it may lie in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estate import Estate
from tests.postgresql import Server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server; tests that use it are marked with the judge `initdb`."""
    with Server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.judge("initdb"))])
def place(request: pytest.FixtureRequest) -> str:
    """Where the ledger lies, as the configuration says it."""
    if request.param == "sqlite":
        return "signer/ledger.sqlite"
    return str(request.getfixturevalue("postgresql").database())


@pytest.fixture
def estate(tmp_path: Path, place: str) -> Estate:
    """An installation that is right by default, whose ledger is made by whoever opens it first."""
    estate = Estate.build(tmp_path, ledger=place)
    shutil.rmtree(tmp_path / "signer", ignore_errors=True)
    return estate
