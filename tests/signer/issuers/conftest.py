"""What tests of issuers want: a machine with a root, an empty token."""

from pathlib import Path

import pytest

from signer.keys import logins
from tests.building.softhsm import SoftHSM
from tests.signer.issuers.machine import Machine


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHSM:
    """An empty token, of which no wrong PIN is remembered."""
    monkeypatch.setattr(logins, "_IN_PROCESS", {})
    return SoftHSM(tmp_path / "softhsm", monkeypatch)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with a root."""
    machine = Machine(tmp_path / "machine")
    machine.create_root()
    return machine


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """The machine of the root, which is there."""
    machine = Machine(tmp_path / "here")
    machine.create_root("--path-length", "1")
    return machine


@pytest.fixture
def there(tmp_path: Path) -> Machine:
    """The machine of a CA that wants a certificate."""
    return Machine(tmp_path / "there")
