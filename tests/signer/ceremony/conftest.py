"""What tests of ceremonies want: two installations."""

from pathlib import Path

import pytest

from tests.signer.ceremony.pair import Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two installations."""
    return Pair(tmp_path)
