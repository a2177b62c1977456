"""`revocast check` as a command: what a monitoring system and cron get to see, and 3 for what is not about the site."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobs.check import check
from tests.jobs.site import Site, later
from tests.jobs.upping import REVOCAST


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "crl.example",
            "//crl.example",
            "http:/crl.example",
            "http://",
            "ftp://crl.example",
            "file:///etc/passwd",
        ),
        *("http://[::1", "http://crl.example:99999/", "http://crl.example:x/", "http://a b/", "http://a/\n"),
    ],
)
def test_base_url_that_is_none_is_unknown(site: Site, url: str) -> None:
    """A mistake on the command line is nothing about the site."""
    arguments = ["--config", str(site.estate.folder / "revocast.toml"), "--base-url", url]
    result = CliRunner().invoke(check, arguments)
    assert result.exit_code == 3
    assert result.stdout.startswith("REVOCAST UNKNOWN - check: --base-url: ")


def test_defect_of_the_check_itself_is_unknown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not 1, which would be a WARNING about the site, and with the line that a monitoring system shows."""
    monkeypatch.setattr("jobs.check.run", lambda *_: 1 / 0)
    result = CliRunner().invoke(check, ["--config", str(site.estate.folder / "revocast.toml")])
    assert result.exit_code == 3
    assert result.stdout.startswith("REVOCAST UNKNOWN - check: failed by a defect of its own: ZeroDivisionError")


@pytest.mark.parametrize("as_json", [False, True])
def test_command_without_a_configuration_is_unknown(tmp_path: Path, as_json: bool) -> None:
    """2 would be CRITICAL to a monitoring system: what could not be looked at is 3."""
    arguments = ["--config", str(tmp_path / "none.toml"), *(["--json"] if as_json else [])]
    result = CliRunner().invoke(check, arguments)
    assert result.exit_code == 3
    text = json.loads(result.stdout)["summary"] if as_json else result.stdout.splitlines()[0]
    assert text.startswith("REVOCAST UNKNOWN - check: ")


def test_command_tells_the_worst_first(site: Site) -> None:
    """One line for the monitoring system, then the bad ones, then the rest; the exit code is the worst's."""
    site.bring_up()
    for file in (site.www / "issuer").iterdir():
        file.unlink()
    arguments = ["--config", str(site.estate.folder / "revocast.toml"), "--base-url", site.base]
    result = CliRunner().invoke(check, arguments)
    assert result.exit_code == 2
    assert result.stdout.startswith("REVOCAST CRITICAL - issuer test: ")
    assert result.stdout.splitlines()[1].startswith("critical issuer test")


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("wrong", [["--bogus"], ["--timeout", "abc"], ["--timeout", "0"], ["--sample", "-1"], ["more"]])
def test_command_line_that_cannot_be_understood_is_unknown(wrong: list[str], as_json: bool) -> None:
    """A mistyped option in the monitoring system's configuration is nothing about the site: 3, not CRITICAL."""
    command = [*REVOCAST, "check", *wrong, *(["--json"] if as_json else [])]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 3, result.stderr
    assert "Error: " in result.stderr
    if as_json:
        document = json.loads(result.stdout)
        assert document["exit_code"] == 3
        assert document["advice"].endswith("check --help`")


@pytest.mark.parametrize("as_json", [False, True])
def test_report_that_nobody_takes_is_unknown(tmp_path: Path, as_json: bool) -> None:
    """A full disk or a closed pipe is nothing about the site either; no traceback."""
    command = [*REVOCAST, "check", "--config", str(tmp_path / "none.toml"), *(["--json"] if as_json else [])]
    read_end, write_end = os.pipe()
    os.close(read_end)
    with Path("/dev/full").open("w") as full, os.fdopen(write_end, "w") as closed:
        for out in (full, closed):
            result = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
            assert result.returncode == 3, result.stderr
            assert "standard output: what was found cannot be written: " in result.stderr
            assert "Traceback" not in result.stderr


def test_command_by_cron_says_nothing_unless_something_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """cron mails whatever is said."""
    site.bring_up(revoked=[5])
    monkeypatch.setattr("jobs.check.clock_now", lambda: site.now)
    command = ["--config", str(site.estate.folder / "revocast.toml"), "--base-url", site.base, "--quiet"]
    fine = CliRunner().invoke(check, command)
    assert (fine.exit_code, fine.output) == (0, "")
    later(site, hours=25)
    expired = CliRunner().invoke(check, command)
    assert (expired.exit_code, "REVOCAST CRITICAL" in expired.output) == (2, True)
