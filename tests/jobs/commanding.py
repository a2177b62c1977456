"""`revocast cert …` and `revoke --name` within the test, without a queue: as an operator types them."""

from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from revocation import clock
from revocation.commands import root
from tests.authority import Authority
from tests.signer.issuing.office import Office

HOST = "dns:www.example.com"


def office_of_today(folder: Path) -> Office:
    """One whose commands work on the clock of the day."""
    now = clock.now()
    authority = Authority(days=300, not_before=now - timedelta(days=1), crl_sign=True)
    return Office.build(folder, authority=authority, now=now)


def run(office: Office, *words: str | Path) -> Result:
    """A command, within the test."""
    config = str(office.estate.folder / "revocast.toml")
    return CliRunner().invoke(root, [*map(str, words), "--config", config], catch_exceptions=True)


def done(office: Office, *words: str | Path) -> str:
    result = run(office, *words)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.output


def failed(office: Office, *words: str | Path) -> BaseException:
    result = run(office, *words)
    assert result.exception is not None, result.output
    return result.exception


def issue(office: Office, out: Path, *words: str | Path) -> str:
    return done(office, "cert", "issue", "--profile", "server", "--name", HOST, "--out", out, *words)
