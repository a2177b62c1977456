"""A token of SoftHSM 2, in a folder of a test's own, with keys that a test made elsewhere and put there."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.util.ec import decode_ec_private_key, decode_ec_public_key
from pkcs11.util.rsa import decode_rsa_private_key, decode_rsa_public_key

from signer.keys.token.module import module_at
from tests.authority import CAKey

MODULE: Final = "/usr/lib/softhsm/libsofthsm2.so"
PIN: Final = "271828"
SO_PIN: Final = "314159265"
_LABEL: Final = "Revocast Test"
_ED25519: Final = bytes.fromhex("06032b6570")


class SoftHSM:
    """A module with one token, `Revocast Test`, in this process and its children."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tokens = folder / "tokens"
        self.tokens.mkdir(parents=True)
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        monkeypatch.setenv("SOFTHSM2_CONF", str(config))
        (folder / "pin").write_text(f"{PIN}\n")
        self.pin_file = folder / "pin"
        self.initialise(_LABEL)
        self.module = module_at(MODULE)
        self.module.restart()  # it knew the tokens of the test before

    def initialise(self, label: str) -> None:
        """Make a token of that label."""
        pins = ["--pin", PIN, "--so-pin", SO_PIN]
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, *pins]
        subprocess.run(command, check=True, capture_output=True, env=os.environ)

    def uri(self, label: str, label_of_token: str = _LABEL) -> str:
        """The URI of a key."""
        return f"pkcs11:token={label_of_token.replace(' ', '%20')};object={label}?module-path={MODULE}"

    def put(
        self,
        key: CAKey,
        label: str,
        *,
        id_: bytes | None = None,
        public: CAKey | None = None,
        more: Mapping[Attribute, object] | None = None,
        beside: Mapping[Attribute, object] | None = None,
    ) -> str:
        """Put a key on the token; its URI.

        Args:
            id_: its CKA_ID, if not its label.
            public: whose public key to put beside it, if not its own.
            more: attributes of the private key.
            beside: attributes of the public key.
        """
        named = {Attribute.LABEL: label, Attribute.ID: id_ or label.encode()}
        use = {Attribute.SIGN: True, Attribute.SENSITIVE: True, Attribute.PRIVATE: True}
        self.put_object({**_private(key), **use, **named, **(more or {})})
        self.put_public(public or key, {**named, **(beside or {})})
        return self.uri(label)

    def put_public(self, key: CAKey, more: Mapping[Attribute, object]) -> None:
        """Put a public key there, with these attributes besides, or in the place of its own."""
        self.put_object({**_public(key), Attribute.VERIFY: True, Attribute.PRIVATE: False, **more})

    def put_object(self, attributes: Mapping[Attribute, object]) -> None:
        """Put anything there."""
        with self.module.lock:
            token = next(token for token in self.module.tokens() if token.label == _LABEL)
            try:
                session = token.open(rw=True, user_pin=PIN)
            except pkcs11.UserAlreadyLoggedIn:
                session = token.open(rw=True)
            session.create_object({Attribute.TOKEN: True, **attributes})
            session.close()

    def take_out(self) -> None:
        """As if somebody pulled the token; the reader stays."""
        self.tokens.rename(self.tokens.with_name("taken-out"))
        self.tokens.mkdir()

    def put_back(self) -> None:
        """As if it was put in again."""
        self.tokens.rmdir()
        self.tokens.with_name("taken-out").rename(self.tokens)

    def flags(self) -> pkcs11.TokenFlag:
        """Of the token, now."""
        with self.module.lock:
            return next(token for token in self.module.tokens() if token.label == _LABEL).flags


def _private(key: CAKey) -> dict[Attribute, object]:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {
            Attribute.CLASS: ObjectClass.PRIVATE_KEY,
            Attribute.KEY_TYPE: KeyType.EC_EDWARDS,
            Attribute.EC_PARAMS: _ED25519,
            Attribute.VALUE: key.private_bytes_raw(),
        }
    octets = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return decode_ec_private_key(octets)
    assert isinstance(key, rsa.RSAPrivateKey)
    return decode_rsa_private_key(octets)


def _public(key: CAKey) -> dict[Attribute, object]:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {
            Attribute.CLASS: ObjectClass.PUBLIC_KEY,
            Attribute.KEY_TYPE: KeyType.EC_EDWARDS,
            Attribute.EC_PARAMS: _ED25519,
            Attribute.EC_POINT: b"\x04\x20" + key.public_key().public_bytes_raw(),
        }
    public = key.public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return decode_ec_public_key(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return decode_rsa_public_key(public.public_bytes(Encoding.DER, PublicFormat.PKCS1))
