"""Several key pairs of one CKA_ID on a token: each private key goes with its own public key alone."""

import json
import re
from itertools import count

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from pkcs11 import Attribute, CertificateType, ObjectClass

from revocation import der
from revocation.errors import KeyUnavailable
from signer.key_commands import generate, show
from signer.keys import BytesTBS
from signer.keys.opening import open_key
from signer.keys.trial import TRIAL
from tests.authority import CAKey
from tests.building.softhsm import PIN, SoftHSM
from tests.keykinds import CA_KEYS

pytestmark = pytest.mark.judge("softhsm2-util")

ONE = b"\x01"


def run(command: object, *words: str) -> Result:
    """A command, with the PIN of the environment."""
    return CliRunner().invoke(command, [*words, "--passphrase", "env:SECRET"], env={"SECRET": PIN})  # type: ignore[arg-type]


@pytest.mark.parametrize("kinds", [("p256", "p256"), ("p384", "p256"), ("ed25519", "p256"), ("rsa2048", "ed25519")])
def test_key_pairs_of_one_id_are_told_apart(token: SoftHSM, kinds: tuple[str, str]) -> None:
    """As tools leave them that call every key 01; the kind need not differ."""
    keys: dict[str, CAKey] = {f"k{number}": CA_KEYS[kind]() for number, kind in enumerate(kinds)}
    uris = {label: token.put(key, label, id_=ONE) for label, key in keys.items()}
    for label, key in keys.items():
        found = open_key(uris[label], PIN.encode())
        assert load_der_public_key(found.public_key_info) == key.public_key()
        assert found.sign(BytesTBS(b"data"))
        shown = run(show, uris[label], "--json")
        assert load_pem_public_key(json.loads(shown.output)["public_key"].encode()) == key.public_key()


def test_private_key_among_public_keys_of_others_is_not_opened(token: SoftHSM) -> None:
    """Of none of them it could be said that it is its own."""
    uri = token.put(CA_KEYS["p256"](), "ca", id_=ONE, public=CA_KEYS["p256"]())
    token.put(CA_KEYS["p256"](), "other", id_=ONE)
    with pytest.raises(KeyUnavailable, match=r"2 public keys have the CKA_ID or the label .* none of them"):
        open_key(uri, PIN.encode())


def test_public_key_of_another_is_not_shown(token: SoftHSM) -> None:
    """Where it lies alone beside the private key: what is shown is what would be certified."""
    uri = token.put(CA_KEYS["p256"](), "ca", public=CA_KEYS["p256"]())
    assert "does not belong to the public key beside it" in str(run(show, uri).exception)


def test_key_is_not_made_under_an_id_that_is_in_use(token: SoftHSM) -> None:
    """And a free one is told."""
    token.put(CA_KEYS["p256"](), "first", id_=ONE)
    uri = token.uri("second").replace(";object", ";id=%01;object")
    refused = str(run(generate, uri, "--kind", "p256").exception)
    assert re.search(r"the id %01 is in use there, by the (private|public) key 'first'", refused)
    assert "take id=%02, which is free, or leave id= out" in refused
    assert run(generate, uri.replace("%01", "%02"), "--kind", "p256").exit_code == 0


def test_id_of_a_certificate_without_a_label_is_in_use(token: SoftHSM) -> None:
    """Some tools put certificates there without one."""
    certificate = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509}
    token.put_object({**certificate, Attribute.VALUE: b"0", Attribute.SUBJECT: b"0", Attribute.ID: ONE})
    uri = token.uri("second").replace(";object", ";id=%01;object")
    assert "in use there, by a certificate without a label" in str(run(generate, uri, "--kind", "p256").exception)


@pytest.mark.parametrize(
    "point", [b"", b"\x04", b"\x04\x00", b"\x04\x41\x04"], ids=["none", "one octet", "two", "cut off"]
)
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
def test_public_key_without_its_point_is_passed_over(token: SoftHSM, point: bytes, is_before: bool) -> None:
    """A tool that broke off leaves one, beside the right one."""
    broken = {Attribute.ID: ONE, Attribute.LABEL: "broken", Attribute.EC_POINT: point}
    key = CA_KEYS["p256"]()
    if is_before:
        token.put_public(CA_KEYS["p256"](), broken)
    uri = token.put(key, "ca", id_=ONE)
    if not is_before:
        token.put_public(CA_KEYS["p256"](), broken)
    assert load_der_public_key(open_key(uri, PIN.encode()).public_key_info) == key.public_key()


@pytest.mark.parametrize("form", [PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint])
@pytest.mark.parametrize("first", [0x3F, 0x1F, 0x80])
def test_point_that_no_octet_string_wraps_is_taken(token: SoftHSM, first: int, form: PublicFormat) -> None:
    """As some tokens have it; one whose X begins with 3f looks like an OCTET STRING of the right length."""
    keys = (ec.derive_private_key(number, ec.SECP256R1()) for number in count(1))
    key = next(one for one in keys if one.public_key().public_numbers().x >> 248 == first)
    point = key.public_key().public_bytes(Encoding.X962, form)
    uri = token.put(key, "ca", beside={Attribute.EC_POINT: point})
    assert load_der_public_key(open_key(uri, PIN.encode()).public_key_info) == key.public_key()


def test_trial_is_the_beginning_of_nothing_that_is_believed() -> None:
    """A signature of it is none of a certificate, CRL, response, request or message."""
    with pytest.raises(der.DERError):
        der.expect(TRIAL.read(), 0, der.SEQUENCE)
