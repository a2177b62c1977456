"""`revocast key generate` and `key show`: keys in files and on tokens, made once, and usable afterwards."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pkcs11 import Attribute

from revocation.errors import InputError, KeyUnavailable
from signer.key_commands import generate, show
from signer.keys import BytesTBS, passphrase
from signer.keys.opening import open_key
from signer.keys.token.key import find_key
from signer.keys.token.uri import TokenURI
from tests.building.softhsm import PIN, SoftHSM
from tests.keykinds import CA_KEYS

FILE_KINDS = ("p256", "p384", "p521", "rsa2048", "ed25519", "mldsa44", "mldsa65", "mldsa87")
TOKEN_KINDS = ("p256", "p384", "p521", "rsa2048", "ed25519")


def run(command: object, *words: str) -> Result:
    """A command, with the passphrase of the environment."""
    return CliRunner().invoke(command, [*words, "--passphrase", "env:SECRET"], env={"SECRET": PIN})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_key_is_made_in_a_file_encrypted_and_for_its_owner_alone(tmp_path: Path, kind: str) -> None:
    """It opens with the passphrase, and `show` tells the same public key."""
    uri, path = f"file:{tmp_path}/keys/ca.key", tmp_path / "keys/ca.key"
    made = run(generate, uri, "--kind", kind, "--json")
    assert made.exit_code == 0, made.output
    told = json.loads(made.output)
    assert (told["kind"], told["uri"]) == (kind, uri)
    assert path.stat().st_mode & 0o777 == 0o600
    key = load_pem_private_key(path.read_bytes(), PIN.encode())
    assert load_pem_public_key(told["public_key"].encode()) == key.public_key()
    with pytest.raises(TypeError):
        load_pem_private_key(path.read_bytes(), None)
    assert json.loads(run(show, uri, "--json").output)["public_key"] == told["public_key"]


def test_key_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    """A CA key is the last thing to lose by a command that was typed twice."""
    uri = f"file:{tmp_path}/ca.key"
    assert run(generate, uri, "--kind", "p256").exit_code == 0
    before = (tmp_path / "ca.key").read_bytes()
    again = run(generate, uri, "--kind", "p256")
    assert "is there already, and is not written over" in str(again.exception)
    assert (tmp_path / "ca.key").read_bytes() == before


def test_passphrase_that_is_too_long_is_told(tmp_path: Path) -> None:
    """OpenSSL takes 1,023 octets."""
    uri = f"file:{tmp_path}/ca.key"
    words = ("--kind", "p256", "--passphrase", "env:SECRET")
    long = CliRunner().invoke(generate, [uri, *words], env={"SECRET": "x" * 1024})
    assert "the passphrase has 1,024 octets, and 1,023 are the most" in str(long.exception)
    assert CliRunner().invoke(generate, [uri, *words], env={"SECRET": "x" * 1023}).exit_code == 0


@pytest.mark.parametrize("command", [generate, show])
def test_passphrase_in_the_place_of_its_source_is_not_repeated(tmp_path: Path, command: click.Command) -> None:
    """As in the configuration: it would stand in a log, and somebody is asked for another."""
    kind = ("--kind", "p256") if command is generate else ()
    refused = CliRunner().invoke(command, [f"file:{tmp_path}/ca.key", *kind, "--passphrase", "hunter2secret"])
    assert isinstance(refused.exception, InputError)
    assert "says no place of a passphrase" in refused.exception.what
    assert "hunter2" not in f"{refused.exception}{refused.output}"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What somebody types at the terminal, in turn."""
    answers: list[str] = []
    monkeypatch.setattr(passphrase, "_has_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: answers.pop(0))
    return answers


@pytest.mark.parametrize(
    ("answers", "words"),
    [(["once", "twice"], "the two passphrases differ, and nothing was made"), ([""], "the passphrase is empty")],
)
def test_new_passphrase_that_was_mistyped_makes_no_key(
    tmp_path: Path, typed: list[str], answers: list[str], words: str
) -> None:
    """A CA key that was encrypted with a slip of the fingers is lost."""
    typed += answers
    made = CliRunner().invoke(generate, [f"file:{tmp_path}/ca.key", "--kind", "p256"])
    assert words in str(made.exception)
    assert not (tmp_path / "ca.key").exists()


def test_new_passphrase_is_typed_twice(tmp_path: Path, typed: list[str]) -> None:
    """The second time as the first."""
    typed += ["right", "right"]
    made = CliRunner().invoke(generate, [f"file:{tmp_path}/ca.key", "--kind", "p256"])
    assert (made.exit_code, typed) == (0, []), made.exception
    assert load_pem_private_key((tmp_path / "ca.key").read_bytes(), b"right")


@pytest.mark.parametrize("source", ["env:NOWHERE", "file:/nowhere", "env:WRONG"])
def test_passphrase_that_is_missing_or_wrong_is_told_of_the_option(tmp_path: Path, source: str) -> None:
    """No configuration names the key yet: nobody is sent to one."""
    uri = f"file:{tmp_path}/ca.key"
    run(generate, uri, "--kind", "p256")
    error = CliRunner().invoke(show, [uri, "--passphrase", source], env={"WRONG": "wrong"}).exception
    assert isinstance(error, KeyUnavailable)
    assert error.where == f"key {uri}"
    assert "--passphrase" in (error.advice or "")
    assert "signer.issuers" not in str(error)


def test_key_that_needs_no_passphrase_is_shown_without_one(tmp_path: Path) -> None:
    """Nobody is asked, and nothing is looked for."""
    key = CA_KEYS["p256"]()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ca.key").write_bytes(pem)
    words = [f"file:{tmp_path}/ca.key", "--passphrase", "env:NOT_SET"]
    told = CliRunner().invoke(show, words)
    assert told.exit_code == 0, told.exception
    assert "kind         p256" in told.output


@pytest.mark.judge("softhsm2-util")
@pytest.mark.parametrize("kind", TOKEN_KINDS)
def test_key_is_made_on_a_token_and_cannot_be_read(token: SoftHSM, kind: str) -> None:
    """It signs, it is sensitive, it is not extractable, and no second one is made under its name."""
    uri = token.uri("new")
    made = run(generate, uri, "--kind", kind)
    assert made.exit_code == 0, f"{made.output}{made.exception}"
    assert f"kind         {kind}" in made.output
    assert open_key(uri, PIN.encode()).sign(BytesTBS(b"data"))
    with token.module.lock:
        session = token.module.tokens()[0].open()
        private = find_key(session, TokenURI.parse(uri), uri)
        assert (private[Attribute.SENSITIVE], private[Attribute.EXTRACTABLE]) == (True, False)
        assert len(private.id) == 20
        session.close()
    again = run(generate, uri, "--kind", kind)
    assert "is there already, and no other is made beside it" in str(again.exception)
    shown = run(show, uri)
    assert ("rsassa-pkcs1-v1_5 or rsassa-pss" in shown.output) is (kind == "rsa2048")


@pytest.mark.judge("softhsm2-util")
@pytest.mark.parametrize(
    ("label", "kind", "words"),
    [("object=new", "mldsa65", "made on no token here"), ("id=%01", "p256", "says no label")],
)
def test_key_that_no_token_makes_is_refused(token: SoftHSM, label: str, kind: str, words: str) -> None:
    """Before anybody logs in."""
    uri = token.uri("new").replace("object=new", label)
    assert words in str(run(generate, uri, "--kind", kind).exception)
