"""A site for the tests that look at one from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Nothing is published yet."""
    started = Site(tmp_path / "site")
    yield started
    started.close()
