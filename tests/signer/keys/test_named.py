"""A key that opens, and cannot sign: whose it is is told, as of one that does not open."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from pkcs11 import Attribute

from revocation.clock import fixed
from revocation.errors import KeyUnavailable
from signer.keys import BytesTBS
from signer.keys.named import NamedKey
from signer.keys.opening import open_key
from signer.look import look
from signer.unlock import unlock
from tests.authority import NOW, Authority
from tests.building.softhsm import PIN, SoftHSM
from tests.estate import Estate
from tests.keykinds import CA_KEYS

pytestmark = pytest.mark.judge("softhsm2-util")


def put_unfitting(token: SoftHSM, authority: Authority) -> str:
    """The URI of a key that is another than the public key beside it says."""
    return token.put(CA_KEYS["p256"](), "ca", public=authority.key)


@pytest.fixture
def estate(tmp_path: Path, token: SoftHSM) -> Estate:
    """An installation whose CA key is on the token, and cannot sign."""
    authority = Authority(days=7300)
    estate = Estate.build(tmp_path / "e", authority=authority)
    config = estate.folder / "revocast.toml"
    lines = f'key = "{put_unfitting(token, authority)}"\npassphrase = "file:{token.pin_file}"'
    config.write_text(config.read_text().replace('key = "file:ca.key"\npassphrase = "file:ca.passphrase"', lines))
    return estate


def test_issuer_of_a_key_that_cannot_sign_is_told_by_unlock(estate: Estate) -> None:
    """Several issuers have a line each."""
    told = CliRunner().invoke(unlock, ["--config", str(estate.folder / "revocast.toml")])
    assert told.exit_code == 1
    assert told.output.startswith("issuer test, key pkcs11:"), told.output


def test_issuer_of_a_key_that_cannot_sign_is_told_by_a_look(estate: Estate) -> None:
    """And by the messages that have one made, as `generate_crls`."""
    problems = [str(problem) for problem in look(estate.signer(), fixed(NOW)).problems]
    assert any(one.startswith("issuer test, key pkcs11:") for one in problems), problems


def test_issuer_is_told_once(token: SoftHSM) -> None:
    """By each way to sign."""
    key = NamedKey(open_key(put_unfitting(token, Authority()), PIN.encode()), "issuer test")
    with pytest.raises(KeyUnavailable) as one:
        key.sign(BytesTBS(b"data"))
    with pytest.raises(KeyUnavailable) as many:
        key.sign_many([b"data"] * 2)
    assert str(one.value) == str(many.value)
    assert str(one.value).count("issuer test, ") == 1


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "among others"])
def test_key_that_may_not_sign_is_told_when_it_is_opened(token: SoftHSM, others: int) -> None:
    """As one that was made for decryption."""
    for number in range(others):
        token.put_public(CA_KEYS["p256"](), {Attribute.LABEL: "ca", Attribute.ID: bytes((number,))})
    uri = token.put(CA_KEYS["p256"](), "ca", more={Attribute.SIGN: False})
    with pytest.raises(KeyUnavailable, match=r"may not sign \(CKA_SIGN is off"):
        open_key(uri, PIN.encode())
