"""What the signer's tests share."""

from pathlib import Path

import pytest

from signer.signer import Signer
from tests.estate import Estate


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An installation that is right by default."""
    return Estate.build(tmp_path)


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """A signer that knows the certificates 1 to 3."""
    opened = estate.signer()
    estate.register(opened, [1, 2, 3])
    return opened
