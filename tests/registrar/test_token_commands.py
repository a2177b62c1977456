"""`revocast token`: made once, shown once, listed without its secret, revoked."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registrar.api.problems import APIProblem
from registrar.api.tokens import recognise
from revocation.clock import now
from revocation.commands import root
from tests.registrar.api.desk import Desk
from tests.registrar.site import Site


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An installation with the API."""
    return Desk.build(tmp_path)


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(root, ["token", *words, "--config", str(desk.folder / "revocast.toml")])


CREATE = ("create", "--name", "backup", "--issuers", "home")


def test_token_is_shown_once_and_holds_until_it_is_revoked(desk: Desk) -> None:
    """And its name is not used again."""
    made = run(desk, *CREATE, "--scopes", "issue:server, read", "--expires", "90d")
    token = made.stdout.splitlines()[0]
    database = desk.services.database
    caller = recognise(database, token, now())
    assert (caller.name, caller.scopes, caller.issuers) == ("token backup", ("issue:server", "read"), ("home",))
    listed = run(desk, "list", "--json")
    assert token not in listed.stdout
    assert token[:16] == json.loads(listed.stdout)[0]["prefix"]
    assert "valid" in run(desk, "list").stdout
    assert "backup is revoked" in run(desk, "revoke", "backup").stdout
    assert "revoked" in run(desk, "list").stdout
    with pytest.raises(APIProblem, match="token is none"):
        recognise(database, token, now())
    assert "there is, or was, a token" in str(run(desk, *CREATE, "--scopes", "read").exception)
    assert "no token" in str(run(desk, "revoke", "backup").exception)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*CREATE, "--scopes", "admin"), "is no scope"),
        ((*CREATE, "--scopes", ""), "is no scope"),
        (("create", "--name", "a", "--issuers", "none", "--scopes", "read"), "no issuer 'none' has the API"),
        (("create", "--name", "a b", "--issuers", "home", "--scopes", "read"), "no name of a token"),
        ((*CREATE, "--scopes", "read", "--expires", "0d"), "is not between"),
        ((*CREATE, "--scopes", "read", "--expires", "soon"), "is not a duration"),
        (("create", "--name", "a", "--issuers", "", "--scopes", "read"), "no issuer '' has the API"),
    ],
)
def test_token_that_cannot_be_is_not_made(desk: Desk, words: tuple[str, ...], why: str) -> None:
    """With what is wrong."""
    assert why in str(run(desk, *words).exception)
    assert json.loads(run(desk, "list", "--json").stdout) == []


def test_installation_without_an_api_has_no_tokens(tmp_path: Path) -> None:
    """It says which table lacks."""
    Site.build(tmp_path)
    shown = CliRunner().invoke(root, ["token", "list", "--config", str(tmp_path / "revocast.toml")])
    assert "has no table [registrar.api]" in str(shown.exception)
