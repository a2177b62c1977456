"""docs/installing.md: its lines as they stand there, by a shell, with a copy of what git has as the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/installing.md"
BUILD, ENVIRONMENT, BUNDLE, OFFLINE, UV, PIPX = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), re.M | re.S)
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the repository in `revocast`, where the wheel was built."""
    home = tmp_path_factory.mktemp("home")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).exists():
            (home / "revocast" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, home / "revocast" / name)
    (home / "revocast/.venv").symlink_to(sys.prefix)
    run(BUILD, home)
    return home


def run(block: str, home: Path) -> str:
    """What a shell prints of it that stops at the first failure; uv and pipx put what they install into the home."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(caches), "UV_PYTHON_DOWNLOADS": "never"}
    path = f"{home}/.local/bin:{sys.prefix}/bin:{os.environ['PATH']}"
    script = block.replace("/opt/revocast", f"{home}/opt")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("REVOCAST_", "XDG_"))}
    done = subprocess.run(
        ["sh", "-ec", script], cwd=home / "revocast", env=environ | own | {"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def responder(home: Path) -> Path:
    """The folder of programs of a responder's virtual environment."""
    assert "Usage: revocast respond" in run(ENVIRONMENT, home)
    return home / "opt/.venv/bin"


@pytest.mark.long
def test_responders_environment_has_no_library_of_another_service(responder: Path) -> None:
    """And its commands that need one say which extra brings it."""
    find = "import importlib.util as i, sys; print([n for n in sys.argv[1:] if i.find_spec(n)])"
    command = [responder / "python", "-c", find, "sqlalchemy", "alembic", "boto3", "rq", "flask", "lmdb", "redis"]
    shown = subprocess.run(command, cwd=responder, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == str(["flask", "lmdb", "redis"])
    command = [responder / "revocast", "worker", "signer"]
    done = subprocess.run(command, cwd=responder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "revocast[signer]" in done.stderr


@pytest.mark.long
def test_offline_bundle_installs_without_an_index(home: Path, tmp_path: Path) -> None:
    """One archive: pip is told of no index and has no cache; a damaged wheel in it is noticed."""
    run(BUNDLE.replace("make ", "make -o .venv/.ready "), home)
    away = tmp_path / "revocast"
    away.mkdir()
    shutil.copy(home / "revocast/dist/revocast-offline.tar", away)
    no_index = "export PIP_CONFIG_FILE=/dev/null PIP_NO_CACHE_DIR=1\n"
    shown = run(no_index + OFFLINE.replace("python3 ", f"{sys.executable} "), tmp_path)
    assert "Hold a ceremony on the offline machine" in shown
    site = tmp_path / "opt/.venv/bin"
    imports = "import pkcs11, sqlalchemy, alembic, jobs.discard, signer.ceremony.sign; print(signer.__file__)"
    command = [site / "python", "-c", imports]
    there = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) in there
    wheel = next((away / "revocast-offline/wheels").glob("sqlalchemy-*.whl"))
    wheel.write_bytes(wheel.read_bytes()[:-1])
    check = ["sha256sum", "--quiet", "--check", "SHA256SUMS"]
    assert subprocess.run(check, cwd=wheel.parents[1], capture_output=True, check=False).returncode == 1


@pytest.mark.long
def test_uv_installs_all_that_runs_on_one_machine(home: Path) -> None:
    """`revocast up` makes its PKI, publishes, and asks from outside."""
    assert "REVOCAST OK" in run(UV, home)


def test_pipx_installs_the_command(home: Path) -> None:
    """In the place of what another tool installed."""
    shutil.rmtree(home / ".local", ignore_errors=True)
    assert "Usage: revocast up" in run(PIPX, home)
