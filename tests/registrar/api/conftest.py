"""What the tests of the API share."""

from pathlib import Path

import pytest

from tests.registrar.api.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An API that is right by default, and limits nobody."""
    return Desk.build(tmp_path)
