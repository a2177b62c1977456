"""Keys: every kind signs what cryptography verifies, and a key that cannot be used says why."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from revocation.clock import fixed
from revocation.errors import KeyUnavailable
from signer.config import SignerIssuer
from signer.keys import BytesTBS, local, passphrase
from signer.keys.keyring import Keyring
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate

KINDS = {
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), lambda k, s, d: k.verify(s, d, ec.ECDSA(SHA256()))),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), lambda k, s, d: k.verify(s, d, ec.ECDSA(SHA384()))),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()), lambda k, s, d: k.verify(s, d, ec.ECDSA(SHA512()))),
    "RSA": (
        lambda: rsa.generate_private_key(65537, 2048),
        lambda k, s, d: k.verify(s, d, padding.PKCS1v15(), SHA256()),
    ),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, lambda k, s, d: k.verify(s, d)),
    "Ed448": (ed448.Ed448PrivateKey.generate, lambda k, s, d: k.verify(s, d)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_key_file_signs_what_its_public_key_verifies(kind: str, encoding: Encoding, tmp_path: Path) -> None:
    """Every kind of key, PEM and DER, encrypted."""
    generate, verify = KINDS[kind]
    path = tmp_path / "key"
    path.write_bytes(generate().private_bytes(encoding, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    key = local.load(path, b"secret")
    for signature in (key.sign(BytesTBS(b"data")), *key.sign_many([b"data"])):
        verify(load_der_public_key(key.public_key_info), signature, b"data")


@pytest.mark.parametrize(
    ("content", "given", "words"),
    [
        (None, None, "cannot be read: No such file"),
        (b"no key", None, "is not a private key in PEM or DER"),
        ("encrypted", None, "is encrypted and no passphrase is configured"),
        ("encrypted", b"wrong", "the passphrase is wrong"),
        ("encrypted", b"", "the passphrase is empty"),
        ("x25519", None, "X25519PrivateKey cannot sign"),
    ],
)
def test_key_that_cannot_be_used_says_why(
    content: bytes | str | None, given: bytes | None, words: str, tmp_path: Path
) -> None:
    """Absent, foreign, locked or unfit: each has its own words, with the path, and never the passphrase."""
    path = tmp_path / "ca.key"
    if content == "encrypted":
        key, encryption = ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"secret")
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    if content == "x25519":
        key = x25519.X25519PrivateKey.generate()
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(KeyUnavailable, match=words) as caught:
        local.load(path, given)
    assert str(path) in str(caught.value)
    assert "wrong" not in str(caught.value).replace("passphrase is wrong", "")


def test_passphrase_for_a_key_that_is_not_encrypted_does_no_harm(tmp_path: Path) -> None:
    """A passphrase too many is not an error: the key opens."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    assert local.load(tmp_path / "key", b"unneeded").sign(BytesTBS(b"data"))


def test_passphrase_comes_from_file_environment_and_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three sources that need no terminal, without the line end of a file."""
    (tmp_path / "secret").write_text("open sesame\n")
    monkeypatch.setenv("CA_PASSPHRASE", "open sesame")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for source in (f"file:{tmp_path / 'secret'}", "env:CA_PASSPHRASE", "credential:secret"):
        assert passphrase.obtain(source, "test") == b"open sesame"


@pytest.mark.parametrize("source", ["file:/nowhere/secret", "env:UNSET_FOR_SURE", "credential:absent"])
def test_passphrase_that_is_not_there_names_its_source(source: str) -> None:
    """What is missing is named: a path, a variable, a credential."""
    with pytest.raises(KeyUnavailable, match=source.partition(":")[2]):
        passphrase.obtain(source, "test")


@pytest.mark.parametrize("source", ["file:{folder}/secret", "env:EMPTY", "credential:secret"])
def test_passphrase_that_is_empty_is_none(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said of its source, and not as if nothing were configured, nor tried as a PIN."""
    (tmp_path / "secret").write_text("\n")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeyUnavailable, match=r"the passphrase .* is empty"):
        passphrase.obtain(source.format(folder=tmp_path), "test")


def test_key_of_another_ca_is_refused(estate: Estate) -> None:
    """A key that is not the certificate's signs nothing."""
    other = Authority().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (estate.folder / "ca.key").write_bytes(other)
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    with pytest.raises(KeyUnavailable, match="not the key of its CA certificate"):
        signer.keyring.require_usable(profile.issuer)


def test_responder_key_file_is_readable_by_its_owner_alone_and_is_destroyed_after_its_certificate(
    estate: Estate,
) -> None:
    """Its mode is 0600; it is gone when a later one is made and its certificate has expired."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    (first,) = (estate.folder / "signer/keys").glob("*.pem")
    assert first.stat().st_mode & 0o077 == 0
    look(signer, fixed(NOW + timedelta(days=6)))
    assert first.exists()
    assert len(list((estate.folder / "signer/keys").glob("*.pem"))) == 2
    look(signer, fixed(NOW + timedelta(days=12)))
    assert not first.exists()


def test_key_that_is_not_there_is_told_before_a_passphrase_is_looked_for(estate: Estate) -> None:
    """Neither a file that is gone with it nor a question hides what is missing."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    key = estate.folder / "ca.key"
    key.unlink()
    for source in ("prompt", f"file:{estate.folder}/absent"):
        keyring = Keyring((SignerIssuer(name=profile.issuer.name, key=f"file:{key}", passphrase=source),))
        with pytest.raises(KeyUnavailable, match=f"key {key}: cannot be read: No such file"):
            keyring.require_usable(profile.issuer)
