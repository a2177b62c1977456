"""Requester keys: who signed a message, and who did not."""

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from revocation.errors import InputError, Refused
from revocation.messages import Message, Release, RequesterKey, Verb, compose, parse_message, verify_signature
from tests.authority import NOW


def release(serial: str = "0A") -> Message:
    """A message that must be signed."""
    return compose(Verb.RELEASE, Release(issuer="demo", serial=serial), NOW, requester="operator")


def test_message_that_was_signed_verifies_after_its_journey() -> None:
    """Signed here, written as JSON, read there."""
    key = RequesterKey.generate()
    signed = key.sign(release())
    verify_signature(parse_message(signed.model_dump_json()), key.public)


def test_message_that_changed_after_signing_is_refused() -> None:
    """Another serial under the same signature."""
    key = RequesterKey.generate()
    signed = key.sign(release())
    forged = signed.model_copy(update={"body": {"issuer": "demo", "serial": "0B"}})
    with pytest.raises(Refused, match="not that of requester 'operator'"):
        verify_signature(forged, key.public)


def test_message_of_another_key_or_none_is_refused() -> None:
    """And the unsigned one is told what to do."""
    key = RequesterKey.generate()
    with pytest.raises(Refused, match="not that of requester"):
        verify_signature(RequesterKey.generate().sign(release()), key.public)
    with pytest.raises(Refused, match="is not signed") as caught:
        verify_signature(release(), key.public)
    assert "sign it" in (caught.value.advice or "")


@pytest.mark.parametrize("signature", ["", "====", "é", "AAAA", base64.b64encode(bytes(64)).decode(), "A" * 128])
def test_signature_that_is_none_is_refused(signature: str) -> None:
    """Whatever stands there: Refused, not a crash."""
    with pytest.raises(Refused):
        verify_signature(release().model_copy(update={"signature": signature}), RequesterKey.generate().public)


@pytest.mark.parametrize("public", ["", "AAAA", "not base64", base64.b64encode(bytes(31)).decode()])
def test_configured_key_that_is_none_verifies_nothing(public: str) -> None:
    """A mistake in the configuration does not open the door."""
    with pytest.raises(Refused):
        verify_signature(RequesterKey.generate().sign(release()), public)


def test_configured_key_that_anybody_signs_with_verifies_nothing() -> None:
    """The neutral point of Ed25519, and the signature that all messages have under it."""
    signed = release().model_copy(update={"signature": base64.b64encode(b"\1" + bytes(63)).decode()})
    with pytest.raises(Refused, match="not that of requester"):
        verify_signature(signed, base64.b64encode(b"\1" + bytes(31)).decode())


def test_requester_key_is_saved_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    """Whatever the umask says."""
    path = tmp_path / "operator.key"
    before = os.umask(0)
    try:
        key = RequesterKey.generate()
        key.save(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert RequesterKey.load(path).public == key.public
    with pytest.raises(FileExistsError):
        RequesterKey.generate().save(path)
    assert RequesterKey.load(path).public == key.public


def test_requester_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With the command that mends it."""
    path = tmp_path / "operator.key"
    RequesterKey.generate().save(path)
    path.chmod(0o640)
    with pytest.raises(InputError, match="can be read by others") as caught:
        RequesterKey.load(path)
    assert caught.value.advice == f"chmod 600 {path}"


def _encrypted() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )


def _elliptic() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "PEM"),
        (b"hello", "PEM"),
        (_encrypted(), "unencrypted"),
        (_elliptic(), "not an Ed25519 key"),
        (None, "read"),
    ],
    ids=["empty", "text", "encrypted", "P-256", "folder"],
)
def test_requester_key_of_another_kind_is_refused(data: bytes | None, complaint: str, tmp_path: Path) -> None:
    """With the path, and without its content."""
    path = tmp_path / "operator.key"
    path.mkdir(0o700) if data is None else path.write_bytes(data)
    path.chmod(0o700 if data is None else 0o600)
    with pytest.raises(InputError, match=complaint) as caught:
        RequesterKey.load(path)
    assert str(path) in (caught.value.where or "")


def test_new_key_outlasts_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content and its name: the configuration names its public half from then on."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    RequesterKey.generate().save(tmp_path / "operator.key")
    assert synced == [(tmp_path / "operator.key").stat().st_ino, tmp_path.stat().st_ino]
