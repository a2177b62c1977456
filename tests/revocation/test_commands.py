"""The command table: every row leads to a command, and one that is not installed says what to install."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from revocation import __version__
from revocation.commands import TABLE, Row, load, root
from revocation.errors import ConfigurationError


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_table_is_a_command_with_help(name: str) -> None:
    """`--help` works for each, loads it for real, and agrees with its line in the table."""
    result = CliRunner().invoke(root, [*name.split(), "--help"], prog_name="revocast")
    assert result.exit_code == 0, result.output
    assert f"Usage: revocast {name} " in result.output


@pytest.mark.parametrize("name", TABLE)
def test_every_option_of_a_command_is_explained(name: str) -> None:
    """A command's docstring and each option's help are what an operator has at three in the morning."""
    command = load(name, TABLE[name])
    assert command.help or command.short_help
    unexplained = [p.name for p in command.params if isinstance(p, click.Option) and not (p.help or p.hidden)]
    assert not unexplained


def test_help_reads_like_a_table_of_contents() -> None:
    """All commands, one line each, in the order of the table, with the groups of workers and of the signer."""
    lines = CliRunner().invoke(root, ["--help"]).output.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :] if line[2:3].strip()]
    assert listed == list(dict.fromkeys(name.split()[0] for name in TABLE))
    assert {"up", "import", "revoke", "status", "check"} < set(listed)
    assert "publisher" in CliRunner().invoke(root, ["worker", "--help"]).output


def test_help_of_a_group_describes_its_own_commands() -> None:
    """`worker signer` is not the group `signer`, which works without a queue."""
    shown = " ".join(CliRunner().invoke(root, ["worker", "--help"]).output.split())
    assert f"signer {TABLE['worker signer'].help}" in shown
    assert "without a queue" not in shown


def test_help_loads_no_room() -> None:
    """So it is quick, and whole where only one service is installed."""
    code = """
import sys
from click.testing import CliRunner
from revocation.commands import root
assert CliRunner().invoke(root, ["--help"]).exit_code == 0
heavy = {"signer", "publisher", "responder", "registrar", "jobs", "sqlalchemy", "rq", "redis", "lmdb", "flask", "rich"}
print(sorted(heavy & sys.modules.keys()))
"""
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.strip() == "[]"


def test_command_that_is_not_installed_says_which_extra_brings_it() -> None:
    """Not a traceback: the name of what is missing, and what to type."""
    with pytest.raises(ConfigurationError, match="needs none_such, which is not installed") as caught:
        load("status", Row("none_such.status:status", "jobs", ""))
    assert caught.value.advice == "pip install 'revocast[jobs]'"


def test_command_without_its_extra_ends_with_advice(tmp_path: Path) -> None:
    """As a process: exit code 2 and one message, where click-using rooms are there and Flask is not."""
    for library in ("flask", "waitress", "lmdb"):
        missing = f"raise ModuleNotFoundError('No module named {library}', name='{library}')"
        (tmp_path / f"{library}.py").write_text(missing)
    (tmp_path / "revocast.toml").write_text("[responder]\n")
    code = "import sys; sys.argv[0] = 'revocast'; from revocation.commands import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "respond"],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "which is not installed\n  pip install 'revocast[responder]'" in ended.stderr


@pytest.mark.parametrize(("umask", "closed"), [(0o000, 0o022), (0o077, 0o077)], ids=oct)
def test_nothing_is_made_that_others_can_write_to(tmp_path: Path, umask: int, closed: int) -> None:
    """Where the shell has no umask, as in many containers; one that is stricter is kept."""
    command = [sys.executable, "-P", "-m", "revocation", "init", str(tmp_path / "data"), "--no-queue"]
    subprocess.run(command, check=True, umask=umask, stdout=subprocess.DEVNULL)
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert len(made) > 1
    assert not [path for path in made if path.lstat().st_mode & closed]


def test_unknown_command_is_a_usage_error() -> None:
    """In the table and in its groups."""
    for words in (["nonsense"], ["worker", "nonsense"]):
        result = CliRunner().invoke(root, words)
        assert result.exit_code == 2
        assert "No such command" in result.output


def test_version_is_the_installed_one() -> None:
    """What `--version` prints is what pip knows."""
    assert CliRunner().invoke(root, ["--version"]).output.strip().endswith(__version__)
    assert version("revocast") == __version__


@pytest.mark.parametrize("arguments", [("status", "--json"), ("revoke", "5", "--json")])
def test_error_is_json_for_who_asked_for_json(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A script reads one document on standard output, whatever happened; people still read the error."""
    command = [sys.executable, "-P", "-m", "revocation", *arguments, "--config", str(tmp_path / "none.toml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(result.stdout)
    assert told["exit_code"] == result.returncode == 2
    assert told["error"] in result.stderr
    assert str(tmp_path / "none.toml") in told["where"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("revoke", "5", "--revoked-at", "yesterday", "--json"), "'yesterday' is not a time"),
        (("revoke", "5", "--json", "--id", "short"), "an id has 32 hexadecimal digits"),
        (("import", "/nowhere", "--json"), "'/nowhere' does not exist"),
        (("revoke", "5", "--json", "--nonsense"), "No such option"),
        (("nonsense", "--json"), "No such command"),
    ],
)
def test_command_line_that_is_not_understood_is_json_for_who_asked_for_json(
    arguments: tuple[str, ...], said: str
) -> None:
    """Wherever `--json` stands: exit 2, one document on standard output, and click's words for people."""
    result = subprocess.run(
        [sys.executable, "-P", "-m", "revocation", *arguments], capture_output=True, text=True, check=False
    )
    told = json.loads(result.stdout)
    assert told["exit_code"] == result.returncode == 2
    assert said in told["error"]
    assert said in result.stderr
    assert told["advice"].endswith(" --help`")


def test_command_line_that_is_not_understood_prints_no_json_to_people() -> None:
    """Nor does the help that a group shows when it is called alone."""
    for arguments, code in ((["revoke", "5", "--id", "short"], 2), (["worker"], 2), (["--help"], 0)):
        command = [sys.executable, "-P", "-m", "revocation", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == code
        assert '"exit_code"' not in result.stdout
