"""Names as people type them, to `revoke --name` and `cert show` alike."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from revocation import clock
from revocation.commands import root
from tests.authority import Authority
from tests.signer.issuing.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """With a certificate for a host, and one of a person."""
    now = clock.now()
    authority = Authority(days=300, not_before=now - timedelta(days=1), crl_sign=True)
    office = Office.build(tmp_path_factory.mktemp("office"), authority=authority, now=now)
    office.issue("server", ("dns:www.example.com",), now=now)
    office.issue("client", (), subject="CN=Bob", now=now)
    return office


def run(office: Office, *words: str | Path) -> tuple[str, BaseException | None]:
    """What a command prints, and what it raises."""
    config = office.estate.folder / "revocast.toml"
    result = CliRunner().invoke(root, [*map(str, words), "--config", str(config)], standalone_mode=False)
    return result.stdout, result.exception


@pytest.mark.parametrize("name", ["www.example.com", "WWW.example.com", "dns:www.example.com"])
def test_certificate_is_shown_by_a_bare_host(office: Office, name: str) -> None:
    """As `revoke --name` takes it."""
    said, _ = run(office, "cert", "show", name, "--json")
    assert json.loads(said)["names"] == ["dns:www.example.com"]


@pytest.mark.parametrize("words", [("cert", "show", "Bob"), ("revoke", "--name", "Bob")], ids=["show", "revoke"])
def test_bare_name_that_is_found_nowhere_is_told_how_common_names_are_written(
    office: Office, words: tuple[str, ...]
) -> None:
    """It was taken for a host."""
    _, error = run(office, *words)
    assert "`cn:Bob`" in str(getattr(error, "advice", ""))
