"""Judges: a missing one is a named skip on a developer's machine and a named failure in CI."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import DEBIAN_PACKAGES
from tests.e2e.programs import PROGRAMS

HERE = Path(__file__).parent
TEST = """
import pytest

@pytest.fixture
def expensive():
    raise AssertionError("a fixture ran before the judge was looked for")

@pytest.mark.judge("certtool-of-another-planet")
def test_something(expensive):
    pass
"""


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest over one test whose judge is missing, with our conftest."""
    shutil.copy(HERE / "conftest.py", folder)
    shutil.copy(HERE.parent / "pyproject.toml", folder)
    (folder / "test_it.py").write_text(TEST)
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]
    return subprocess.run(command, cwd=folder, env=kept | environment, capture_output=True, text=True)


def test_missing_judge_is_a_skip_that_names_it(tmp_path: Path) -> None:
    """Before any fixture runs, since fixtures use judges too."""
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the judge certtool-of-another-planet is not installed" in result.stdout
    assert "1 skipped" in result.stdout


def test_missing_judge_is_a_failure_in_ci(tmp_path: Path) -> None:
    """So no test that needs one passes unseen."""
    result = run(tmp_path, CI="true")
    assert result.returncode == 1
    assert "the judge certtool-of-another-planet is not installed" in result.stdout
    assert "1 error" in result.stdout or "1 failed" in result.stdout


def test_ci_installs_every_judge_that_a_test_asks() -> None:
    """From Debian with `.ci/run`, or with the lock."""
    marks = re.compile(r"mark\.judge\(([^)]*)\)")
    asked = {
        name
        for path in HERE.rglob("test_*.py")
        for mark in marks.findall(path.read_text())
        for name in mark.split(", ")
    }
    assert "*PROGRAMS" in asked
    asked = {name.strip("\"'") for name in asked} - {"certtool-of-another-planet", "*PROGRAMS"} | {*PROGRAMS}
    assert {"openssl", "ocsptool", "nginx", "lint_crl"} <= asked
    installed = (HERE.parent / ".ci/run").read_text()
    for name in asked:
        brought = name == "weed" or name.startswith("lint_")
        in_the_lock = name in ("atheris", "libfaketime") or (brought and (Path(sys.executable).parent / name).exists())
        assert in_the_lock or DEBIAN_PACKAGES[name] in installed, name
