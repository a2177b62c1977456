"""Services of two versions side by side: one after the other is upgraded, and nothing stops or is given up.

The version before is the repository as it was; its code runs with the libraries that are here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.split_site import SplitSite
from tests.infra.valkey_users import GuardedServer
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
BEFORE = "3dc2366"
"""The last commit without the migration 0006."""

SERVICES = ("signer", "publisher", "scheduler", "operator", "responder")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the version before."""
    folder = tmp_path_factory.mktemp("before")
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"the history of the repository is not here: {archive.stderr.decode()}")
    subprocess.run(["tar", "x"], cwd=folder, input=archive.stdout, check=True)
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Valkey with a user for each service."""
    with GuardedServer(tmp_path) as running:
        yield running


def require_version(folder: Path, site: SplitSite, user: str) -> None:
    """Return if a service's processes would run the code in that folder: else the test would test nothing."""
    code = "import revocation; print(revocation.__file__)"
    command = [sys.executable, "-P", "-c", code]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **site.environments.get(user, {})}
    )
    assert Path(shown.stdout.strip()).is_relative_to(folder)


@pytest.mark.long
@pytest.mark.parametrize(
    "upgraded",
    # each of two services that have to do with each other is the newer one of them once
    [{"signer", "responder"}, {"publisher"}, {"publisher", "scheduler", "operator"}],
    ids=lambda services: "-".join(sorted(services)),
)
def test_service_of_another_version_works_with_the_others(
    tmp_path: Path, server: GuardedServer, before: Path, upgraded: set[str]
) -> None:
    """All of before, some of now beside the rest, all of now: revocations are served, nothing is set aside."""
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n')
    for file in (site.estate.folder / "signer").glob("ledger*"):
        file.unlink()  # it has the schema of now
    old = {"PYTHONPATH": str(before)}
    site.environments = dict.fromkeys(SERVICES, old)
    require_version(before, site, "signer")
    (site.estate.folder / "list.csv").write_text(
        "serial,not_after,status,revoked_at,reason\n"
        + "".join(f"{n:02X},2035-01-01T00:00:00Z,valid,,\n" for n in (1, 2, 3))
    )
    imported = site.revocast("signer", "import", str(site.estate.folder / "list.csv"))
    assert imported.returncode == 0, imported.stderr
    revoke_and_see(site, 1)
    site.environments = {service: old for service in SERVICES if service not in upgraded}
    revoke_and_see(site, 2)
    site.environments = {}
    require_version(ROOT, site, "signer")
    revoke_and_see(site, 3)


def revoke_and_see(site: SplitSite, serial: int) -> None:
    """Start everything, revoke a certificate, and see it served; what was revoked before is revoked."""
    with site.services() as url:
        until(lambda: site.ask(url, serial) == "GOOD", 60)
        done = site.revocast("operator", "revoke", f"{serial:02X}", "--reason", "keyCompromise")
        assert done.returncode == 0, done.stdout + done.stderr
        until(lambda: [site.ask(url, one) for one in range(1, serial + 1)] == ["REVOKED"] * serial, 60)
        status = site.revocast("operator", "status", "--json")
        assert status.returncode == 0, status.stdout + status.stderr
        assert json.loads(status.stdout)["set_aside"] == []


def test_signer_of_before_goes_on_while_the_ledger_is_migrated(
    tmp_path: Path, server: GuardedServer, before: Path
) -> None:
    """0006 adds a table, so a worker that runs is not disturbed; it cannot be started again, and says why."""
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n')
    for file in (site.estate.folder / "signer").glob("ledger*"):
        file.unlink()
    old = {"PYTHONPATH": str(before)}
    site.environments = dict.fromkeys(SERVICES, old)
    (site.estate.folder / "list.csv").write_text(
        "serial,not_after,status,revoked_at,reason\n01,2035-01-01T00:00:00Z,valid,,\n"
    )
    assert site.revocast("signer", "import", str(site.estate.folder / "list.csv")).returncode == 0
    with site.services() as url:
        until(lambda: site.ask(url, 1) == "GOOD", 60)
        site.environments.pop("signer")
        migrated = site.revocast("signer", "import", str(site.estate.folder / "list.csv"))
        assert migrated.returncode == 0, migrated.stderr
        done = site.revocast("operator", "revoke", "01", "--reason", "keyCompromise")
        assert done.returncode == 0, done.stdout + done.stderr
    site.environments = dict.fromkeys(SERVICES, old)
    again = site.revocast("signer", "import", str(site.estate.folder / "list.csv"))
    assert again.returncode == 2
    assert "upgrade Revocast" in again.stderr
