"""`pkcs11:` URIs: read as RFC 7512 has them, and refused where they hold a PIN or mean something else than they say."""

import subprocess
import sys
from pathlib import Path

import pytest

from revocation.errors import ConfigurationError
from signer.keys.token.uri import TokenURI, with_module
from tests.estate import Estate


def test_uri_is_percent_decoded() -> None:
    """Labels are UTF-8, an id is any octets (RFC 7512 section 2.3)."""
    uri = (
        "pkcs11:token=The%20Software%20PKCS%2311;manufacturer=Snake%20Oil,%20Inc.;serial=01;object=caf%C3%A9;id=%00%FFa"
    )
    found = TokenURI.parse(f"{uri};slot-id=7;type=private?module-path=/usr/lib/a%20b.so")
    assert found == TokenURI(
        token="The Software PKCS#11",
        manufacturer="Snake Oil, Inc.",
        serial="01",
        slot=7,
        object="café",
        id=b"\x00\xffa",
        module="/usr/lib/a b.so",
    )


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("pkcs11:object=ca?pin-value=1234", "a PIN stands in no configuration"),
        ("pkcs11:object=ca;pin-value=1234", "a PIN stands in no configuration"),
        ("PKCS11:object=ca;pin-value=1234", "key"),
        ("pkcs11:object=ca?pin-source=/etc/pin", "stands in `passphrase`"),
        ("pkcs11:object=ca?module-name=softhsm", "name the file"),
        ("pkcs11:object=ca;object=other", "object stands there twice"),
        ("pkcs11:objekt=ca", "objekt: not known here; known are id, .*token"),
        ("pkcs11:object", "is no attribute"),
        ("pkcs11:object=ca;type=public", "only a private key signs"),
        ("pkcs11:object=%ff", "object is not UTF-8"),
        ("pkcs11:slot-id=one", "slot-id is no number"),
        ("pkcs11:object=ca?module-path=softhsm.so", "module-path is not absolute"),
    ],
)
def test_uri_that_means_something_else_is_refused_and_shows_no_pin(tmp_path: Path, uri: str, words: str) -> None:
    """At the start, in the configuration's words; one key too many is worse than none."""
    config = Estate.build(tmp_path / "e").folder / "revocast.toml"
    config.write_text(config.read_text().replace("file:ca.key", uri))
    with pytest.raises(ConfigurationError, match=words) as caught:
        Estate.at(tmp_path / "e").signer()
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize(
    "uri", ["pkcs11:object=ca;pin-value=1234", "pkcs11:object=ca?pin-value=1234", "PKCS11:pin-value=1234"]
)
@pytest.mark.parametrize("command", [["show"], ["generate", "--kind", "p256"]])
@pytest.mark.parametrize("module", [[], ["--module", "/usr/lib/a.so"]])
def test_commands_refuse_a_uri_with_a_pin_and_do_not_show_it(command: list[str], uri: str, module: list[str]) -> None:
    """What they print may end up in a log."""
    called = [sys.executable, "-m", "revocation", "key", *command, uri, *module, "--passphrase", "env:NONE"]
    ended = subprocess.run(called, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert ended.returncode not in (0, 1)
    assert "Traceback" not in ended.stderr
    assert "1234" not in ended.stdout + ended.stderr


def test_module_of_the_configuration_is_that_of_uris_without_one(tmp_path: Path) -> None:
    """A URI's own counts more; without either the signer does not start."""
    assert TokenURI.parse(with_module("pkcs11:object=ca", "/a b.so")).module == "/a b.so"
    assert TokenURI.parse(with_module("pkcs11:object=ca?module-path=/own.so", "/other.so")).module == "/own.so"
    config = Estate.build(tmp_path / "e").folder / "revocast.toml"
    before = config.read_text().replace("file:ca.key", "pkcs11:object=ca")
    config.write_text(before)
    with pytest.raises(ConfigurationError, match="test: its key names no module"):
        Estate.at(tmp_path / "e").signer()
    config.write_text(before.replace("[signer]\n", '[signer]\npkcs11_module = "here.so"\n'))
    (entry,) = Estate.at(tmp_path / "e").signer().config.issuers
    assert entry.key == f"pkcs11:object=ca?module-path={tmp_path}/e/here.so"
