"""What the signer's tests share."""

from pathlib import Path

import pytest

from tests.estate import Estate


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An installation that is right by default."""
    return Estate.build(tmp_path)
