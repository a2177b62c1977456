"""What the tests of jobs start from: an installation, a queue server, a site to look at from outside."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.check_marks import MarksFile
from tests.jobs.present import Present
from tests.jobs.site import Site
from tests.jobs.upping import REVOCAST
from tests.wire.server import Server


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Nothing is published yet."""
    started = Site(tmp_path / "site")
    yield started
    started.close()


@pytest.fixture
def present(tmp_path: Path) -> Present:
    """Certificates 5 and 6, both good, signed and published just now."""
    return Present(tmp_path / "data")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Valkey, without any worker."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration PKI; its CA keys are encrypted."""
    folder = tmp_path_factory.mktemp("pki") / "demo"
    subprocess.run([*REVOCAST, "demo-pki", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def marks(tmp_path: Path) -> MarksFile:
    """What the check remembers."""
    return MarksFile(tmp_path / "marks")
