"""What all tests share: the judges, programs that others wrote and whose word counts more than ours."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.building.kms import KMS
    from tests.building.s3server import S3Place, S3Server
    from tests.building.seaweedfs import SeaweedFS

DEBIAN_PACKAGES = {
    "caddy": "caddy",
    "certtool": "gnutls-bin",
    "curl": "curl",
    "dehydrated": "dehydrated",
    "easyrsa": "easy-rsa",
    "initdb": "postgresql",
    "ip": "iproute2",
    "lego": "lego",
    "named": "bind9",
    "nginx": "nginx-light",
    "ocsptool": "gnutls-bin",
    "openssl": "openssl",
    "pebble-challtestsrv": "pebble",
    "pg_dump": "postgresql-client",
    "promtool": "prometheus",
    "softhsm2-util": "softhsm2",
    "ssh-keygen": "openssh-client",
    "systemd-analyze": "systemd",
    "systemd-sysusers": "systemd",
    "systemd-tmpfiles": "systemd",
    "unshare": "util-linux",
}
"""Who brings a judge; linters (`lint_crl`, …), `weed`, and the modules atheris and libfaketime come with the lock."""

MEASURED = "measured"
"""The property by which a test hands on what it measured: what it prints is lost in a worker of pytest-xdist."""

_ROOM = 8 << 30  # octets
_HEAVY = {"acme", "e2e", "fuzz", "infra", "jobs", "whole"}
_PLACES = (
    str(Path(sys.executable).parent),
    "/usr/sbin",
    "/usr/share/easy-rsa",
    *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
)


def find_judges() -> None:
    """Put the judges that live outside the usual PATH on it, for the tests and what they start."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*path, *(place for place in _PLACES if place not in path)])


def work_in_memory() -> None:
    """Have what tests write in memory, where there is room: they wait for a disk half of the time.

    What is synced outlives the process that wrote it there as well, and no test ends the machine. `TMPDIR` chooses
    another place.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(memory, os.W_OK):
        return
    found = os.statvfs(memory)
    if found.f_bavail * found.f_frsize >= _ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(memory)


def keep_bytecode() -> None:
    """Have modules compiled once: every process that a test starts would do it again, for a tenth of its time."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    """Once, before all tests."""
    find_judges()
    work_in_memory()
    keep_bytecode()
    settings.register_profile("revocast", deadline=None)  # how long an example takes is the machine's doing
    settings.load_profile("revocast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of many processes come first: whoever of several workers began one last would end long after the others."""
    root = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(root).parts[0] not in _HEAVY)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Once all tests are known: what is there now stays, and the collector of garbage need not go through it again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests measured, passed or failed."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    measured = [value for report in reports for name, value in report.user_properties if name == MEASURED]
    if measured:
        terminalreporter.section("measured")
    for value in measured:
        terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[S3Server]":
    """An S3 server, moto's."""
    from tests.building.s3server import S3Server  # late: this file alone is copied elsewhere

    with S3Server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="session")
def kms_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[S3Server]":
    """moto's server with its KMS repaired."""
    from tests.building.kms import PROGRAM
    from tests.building.s3server import S3Server

    with S3Server(tmp_path_factory.mktemp("kms"), program=PROGRAM) as running:
        yield running


@pytest.fixture
def kms(kms_server: "S3Server", monkeypatch: pytest.MonkeyPatch) -> "KMS":
    """Its KMS, which the environment names; nothing of it is known in this process yet."""
    from signer.keys.kms.client import client
    from signer.keys.kms.key import _found
    from tests.building.kms import KMS
    from tests.building.s3server import CREDENTIALS

    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_KMS": kms_server.endpoint}.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    _found.cache_clear()
    return KMS(kms_server.endpoint)


@pytest.fixture
def s3(s3_server: "S3Server", monkeypatch: pytest.MonkeyPatch) -> "S3Place":
    """An empty bucket, and credentials in the environment, where AWS's tools look for them."""
    from tests.building.s3server import CREDENTIALS

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return s3_server.new_bucket()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SeaweedFS]":
    """An S3 server that enforces policies and keeps what it has taken: SeaweedFS, as infra/ runs it."""
    from tests.building.seaweedfs import SeaweedFS

    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as running:
        yield running


@pytest.fixture
def seaweed(seaweedfs: "SeaweedFS", monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Place]":
    """Its public bucket, empty as the exchange is; who connects is the publisher, by his profile."""
    from revocation.wire.s3 import connect

    for name, value in seaweedfs.variables("publisher").items():
        monkeypatch.setenv(name, value)
    connect.cache_clear()  # others may have been somebody else there
    yield seaweedfs.new_bucket()
    connect.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: a test whose judge is missing fails in CI and is a skip that names it elsewhere."""
    for mark in item.iter_markers("judge"):
        for name in mark.args:
            if shutil.which(name) is None and find_spec(name) is None:
                _missing(name)


def _missing(name: str) -> None:
    package = DEBIAN_PACKAGES.get(name)
    text = f"the judge {name} is not installed" + (f" (Debian package {package})" if package else "")
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
