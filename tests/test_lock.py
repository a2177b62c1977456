"""The lock: every package pinned with its hashes, from no named index, and the same version in every room."""

import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

PIN = re.compile(
    r"^([a-z0-9][a-z0-9.-]*(?:\[[a-z,]+\])?)==(\S+?)((?: ; [^\\]+)?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n", re.M
)


def pins(lock: Path) -> dict[str, str]:
    """The version of each package."""
    return {match[1].split("[")[0]: match[2] for match in PIN.finditer(lock.read_text())}


def names(requirements: list[str]) -> set[str]:
    """The packages that requirements name, normalised."""
    found = (re.match(r"[\w.-]+", line) for line in requirements)
    return {match[0].lower().replace("_", "-") for match in found if match} - {"revocast"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_is_nothing_but_pins_with_hashes(lock: Path) -> None:
    """What is left when pins and comments are taken out is nothing: no option, no index, no address."""
    rest = re.sub(r"^ *#.*\n", "", PIN.sub("", lock.read_text()), flags=re.M)
    assert rest == ""
    assert pins(lock)
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("extra", EXTRAS)
def test_lock_of_a_room_has_all_that_the_room_declares(extra: str) -> None:
    """An extra that was added without `make lock` is noticed."""
    declared = names(PROJECT["project"]["dependencies"]) | names(EXTRAS[extra])
    assert declared <= pins(ROOT / f"requirements/{extra}.txt").keys()


def test_lock_for_development_has_everything() -> None:
    """All extras, the tests' packages and what builds the project itself."""
    declared = [*PROJECT["project"]["dependencies"], *chain.from_iterable(EXTRAS.values())]
    groups = PROJECT["dependency-groups"]
    assert names([*declared, *groups["test"], *groups["build"]]) <= pins(ROOT / "requirements/dev.txt").keys()


@pytest.mark.parametrize("extra", EXTRAS)
def test_lock_of_a_room_pins_what_is_tested(extra: str) -> None:
    """The versions of a room are those of the environment that the tests run in."""
    tested = pins(ROOT / "requirements/dev.txt")
    room = pins(ROOT / f"requirements/{extra}.txt")
    assert room.items() <= tested.items()


def test_lock_of_the_responder_has_no_way_to_a_key_or_a_queue() -> None:
    """What is not installed cannot be loaded."""
    assert not {"sqlalchemy", "alembic", "rq", "redis", "boto3"} & pins(ROOT / "requirements/responder.txt").keys()


def test_makefile_hands_arguments_on_and_quotes_paths() -> None:
    """`make up PKI=… ARGS=…` as the README says, also with a space in the path."""
    run = ["make", "--dry-run", "--no-print-directory", "up", "PKI=/a pki", "ARGS=--once --port 0"]
    shown = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert '.venv/bin/revocast up --pki "/a pki" --once --port 0' in shown


def test_makefile_lists_its_targets() -> None:
    """`make` alone explains itself."""
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert {"up", "setup", "test", "lock"} < {line.split()[1] for line in shown.splitlines()}
