"""A token for a test that wants one."""

from pathlib import Path

import pytest

from signer.keys import logins
from tests.building.softhsm import SoftHSM


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHSM:
    """An empty token, of which no wrong PIN is remembered."""
    monkeypatch.setattr(logins, "_IN_PROCESS", {})
    return SoftHSM(tmp_path / "softhsm", monkeypatch)
