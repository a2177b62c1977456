"""What the tests of the vocabulary share."""

from pathlib import Path

import pytest

from tests.authority import Authority


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the certificate that the tests' configurations name."""
    Authority().write(tmp_path / "demo.pem")
    return tmp_path
