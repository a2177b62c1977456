"""infra/systemd/split: a user for each service, and none of them can read, write or be reached more than it needs."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.syscalls import allowed
from tests.infra.unitfiles import FOLDER, SPLIT, settings, unit

NAMES = ("signer", "publisher", "scheduler", "responder", "registrar", "validator")
LISTENING = {"listen", "accept", "accept4", "io_uring_setup"}
READ, WRITE = 4, 2

FOLDERS = {
    "/etc/revocast/signer": {"signer": READ},
    "/etc/revocast/publisher": {"publisher": READ},
    "/etc/revocast/scheduler": {"scheduler": READ},
    "/etc/revocast/responder": {"responder": READ},
    "/etc/revocast/registrar": {"registrar": READ},
    "/etc/revocast/validator": {"validator": READ},
    "/var/lib/revocast-exchange": {"signer": READ | WRITE, "publisher": READ},
    "/var/lib/revocast-store": {"publisher": READ | WRITE, "responder": READ},
    "/var/lib/revocast-public": {"publisher": READ | WRITE},
    "/var/lib/revocast-orders": {"registrar": READ | WRITE, "validator": READ | WRITE},
    "/var/lib/revocast-orders/registrar.sqlite": {"registrar": READ | WRITE, "validator": READ | WRITE},
}
"""Who may list and write what revocast.tmpfiles makes; nobody else."""


def service(name: str) -> Path:
    """The unit of a service."""
    return SPLIT / f"revocast-{name}.service"


@dataclass(frozen=True)
class Users:
    """The users and groups that systemd-sysusers makes of a file."""

    uids: dict[str, int]
    groups: dict[str, tuple[int, set[str]]]

    @classmethod
    def made(cls, file: Path, root: Path) -> "Users":
        """Those of a file, in an otherwise empty root folder."""
        (root / "etc").mkdir(parents=True)
        command = ["systemd-sysusers", f"--root={root}", file]
        as_root = [] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user"]
        done = subprocess.run([*as_root, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        passwd = [line.split(":") for line in (root / "etc/passwd").read_text().splitlines()]
        group = [line.split(":") for line in (root / "etc/group").read_text().splitlines()]
        return cls(
            {row[0]: int(row[2]) for row in passwd},
            {row[0]: (int(row[2]), {*row[3].split(",")} - {""}) for row in group},
        )

    def groups_of(self, user: str) -> set[str]:
        """A user's groups."""
        return {name for name, (_, members) in self.groups.items() if user in members | {name}}


@pytest.mark.judge("systemd-sysusers")
@pytest.mark.parametrize("folder", [FOLDER, SPLIT], ids=["one machine", "split"])
def test_every_unit_runs_as_a_user_that_is_made(tmp_path: Path, folder: Path) -> None:
    """systemd-sysusers makes it of the file that is shipped beside, and no two of the split share one."""
    users = Users.made(folder / "revocast.sysusers", tmp_path)
    named = [unit(path)["Service"]["User"] for path in sorted(folder.glob("*.service"))]
    assert set(named) == set(users.uids)
    assert len(named) == len(set(named))
    for path in folder.glob("*.service"):
        assert unit(path)["Service"]["Group"] in users.groups_of(unit(path)["Service"]["User"])


@pytest.mark.judge("systemd-sysusers")
def test_folders_are_open_to_who_needs_them_alone(tmp_path: Path) -> None:
    """By owner, group and mode of revocast.tmpfiles; what lies in the shared ones has the group of who may read."""
    users = Users.made(SPLIT / "revocast.sysusers", tmp_path)
    lines = [
        line.split() for line in (SPLIT / "revocast.tmpfiles").read_text().splitlines() if line[:2] in ("d ", "f ")
    ]
    found = {}
    shared = {"/var/lib/revocast-exchange", "/var/lib/revocast-store", "/var/lib/revocast-orders"}
    for _, path, mode, owner, group in lines:
        bits = int(mode, 8)
        rights = {name: _rights(bits, owner, group, f"revocast-{name}", users) for name in NAMES}
        found[path] = {name: right for name, right in rights.items() if right}
        assert bits & 0o2000 or path not in shared
    assert found.pop("/etc/revocast") == dict.fromkeys(NAMES, READ)
    assert found == FOLDERS


def _rights(mode: int, owner: str, group: str, user: str, users: Users) -> int:
    if user == owner:
        return mode >> 6 & (READ | WRITE)
    return mode >> (3 if group in users.groups_of(user) else 0) & (READ | WRITE)


@pytest.mark.judge("systemd-tmpfiles")
@pytest.mark.skipif(os.getuid() != 0, reason="only root gives folders to other users")
def test_folders_are_made_as_they_are_written(tmp_path: Path) -> None:
    """systemd-tmpfiles understands every line and knows every user."""
    Users.made(SPLIT / "revocast.sysusers", tmp_path)
    file = tmp_path / "etc/tmpfiles.d/revocast.conf"
    file.parent.mkdir()
    shutil.copy(SPLIT / "revocast.tmpfiles", file)
    command = ["systemd-tmpfiles", f"--root={tmp_path}", "--create", "revocast.conf"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert all((tmp_path / path.removeprefix("/")).exists() for path in FOLDERS)
    assert (tmp_path / "var/lib/revocast-orders/registrar.sqlite").read_bytes() == b""


@pytest.mark.parametrize("name", NAMES)
def test_service_is_kept_from_the_configuration_and_state_of_the_others(name: str) -> None:
    """Also where somebody opened a mode; and no other variables or credentials than its own are handed to it."""
    hidden, path = settings(service(name), "InaccessiblePaths"), service(name)
    others = set(NAMES) - {name}
    assert {f"/etc/revocast/{other}" for other in others} <= set(hidden)
    state = {"signer", "publisher", "registrar"} - {name}
    assert {f"/var/lib/revocast-{other}" for other in state} <= set(hidden)
    assert ("/var/lib/revocast-orders" in hidden) == (name not in ("registrar", "validator"))
    assert not {f"/etc/revocast/{other}/environment" for other in others} & set(settings(path, "EnvironmentFile"))
    assert settings(path, "Environment")[0] == f"REVOCAST_CONFIG=/etc/revocast/{name}/revocast.toml"


@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("signer", {"/var/lib/revocast-exchange"}),
        ("publisher", {"/var/lib/revocast-public", "/var/lib/revocast-store"}),
        ("scheduler", set()),
        ("responder", {"/var/lib/revocast-store"}),
        ("registrar", {"/var/lib/revocast-orders"}),
        ("validator", {"/var/lib/revocast-orders"}),
    ],
)
def test_service_writes_what_it_makes_and_nothing_else(name: str, folders: set[str]) -> None:
    """Beside folders of its own; of the store the responder may write the lock file, by its mode."""
    assert set(settings(service(name), "ReadWritePaths")) == folders
    assert unit(service(name))["Service"]["ProtectSystem"] == "strict"


@pytest.mark.judge("systemd-analyze")
@pytest.mark.parametrize("name", NAMES)
def test_only_the_responder_and_the_registrar_may_listen(name: str) -> None:
    """The kernel refuses the others to; `bind` is no listening, and how urllib3 looks for IPv6. All reach this host
    alone, until a drop-in opens more.
    """
    refused = LISTENING - allowed(service(name))
    assert refused == (set() if name in ("responder", "registrar") else LISTENING)
    assert "connect" in allowed(service(name))
    assert settings(service(name), "IPAddressDeny") == ["any"]
    assert settings(service(name), "IPAddressAllow") == ["localhost"]


@pytest.mark.parametrize("name", NAMES)
def test_service_is_tried_again_for_ever(name: str) -> None:
    """Services start in any order: what is not there yet is waited for by trying again."""
    assert unit(service(name))["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit(service(name))["Service"]["Restart"] == "always"
