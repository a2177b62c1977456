"""A key on a token as a `SigningKey`: which object it is, by which mechanism it signs, and what X.509 wants of that."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import MGF, Mechanism

from revocation.errors import KeyUnavailable
from signer.keys.algorithms import Algorithm, algorithm_of, verify
from signer.keys.by_digest import KeyByDigest
from signer.keys.logins import Logins
from signer.keys.protocol import SigningKey
from signer.keys.rsa_signature import RSASignature
from signer.keys.shown import shown
from signer.keys.token.login import name_of
from signer.keys.token.public import public_keys_of
from signer.keys.token.session import OF_THE_REQUEST, TokenSession
from signer.keys.token.uri import TokenURI
from signer.keys.trial import TRIAL

_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What PKCS #1 v1.5 puts before a SHA-256 digest (RFC 8017 section 9.2, note 1)."""

_FEW: Final = 8
"""Signatures for which the module is held: a card may take a second for each."""

_PSS: Final = (Mechanism.SHA256, MGF.SHA256, 32)


def open_token_key(uri: str, pin: bytes | None, signature: RSASignature | None, logins: Logins) -> SigningKey:
    """The key that a `pkcs11:` URI names.

    Raises:
        Locked: the token wants a PIN, and none is given.
        WrongPassphrase: the PIN is wrong, or was before.
        KeyUnavailable: no module, token or key fits, or the token cannot sign as X.509 wants it.
    """
    where = f"key {shown(uri)}"
    try:
        asked = TokenURI.parse(uri)
    except ValueError as error:
        raise KeyUnavailable(str(error), where=where) from error
    token = TokenSession(asked, pin, logins, where)

    def find(session: pkcs11.Session) -> tuple[PublicKeyTypes, tuple[pkcs11.Session, Any]]:
        private = find_key(session, asked, where)
        _require_signing(private, where)
        _require_one_login(private, where)
        return _public_key_of(session, private, signature, where), (session, private)

    public, found = token.run(find)
    algorithm = algorithm_of(public, signature, where)
    use = _Use(token, asked, public, found, algorithm, where)
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyByDigest(
        info, algorithm.identifier, algorithm.hash.name if algorithm.hash else None, use.sign, use.sign_many
    )


def find_key(session: pkcs11.Session, uri: TokenURI, where: str) -> Any:
    """The private key that a URI means.

    Raises:
        KeyUnavailable: there is none, or there are several.
    """
    wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if uri.object is not None:
        wanted[Attribute.LABEL] = uri.object
    if uri.id is not None:
        wanted[Attribute.ID] = uri.id
    found: list[Any] = list(session.get_objects(wanted))
    if len(found) == 1:
        return found[0]
    if found:
        which = ", ".join(f"{key.label!r} (id=%{key.id.hex('%')})" for key in found)
        raise KeyUnavailable(f"{len(found)} private keys fit: {which}", where=where, advice="add object= or id=")
    raise KeyUnavailable(
        f"the token {name_of(session.token)} has no such private key",
        where=where,
        advice="correct object= and id= of the URI; serial= tells tokens of one label apart",
    )


def _public_key_of(session: pkcs11.Session, private: Any, signature: RSASignature | None, where: str) -> PublicKeyTypes:
    """The public key of a private key; of several that may be its own the one that verifies what it signs.

    Raises:
        KeyUnavailable: none is there, or none of several is its own.
    """
    found = public_keys_of(session, private, where)
    if len(found) == 1:
        return found[0]
    for public in found:
        with suppress(KeyUnavailable, InvalidSignature, *OF_THE_REQUEST):  # it is of another curve, or another's
            algorithm = algorithm_of(public, signature, where)
            octets = TRIAL.digest(algorithm.hash.name) if algorithm.hash else TRIAL.read()
            verify(public, algorithm, octets, _mechanism(public, algorithm, where)[1](private, octets))
            return public
    raise KeyUnavailable(
        f"{len(found)} public keys have the CKA_ID or the label of the private key, and none of them belongs to it",
        where=where,
        advice="put its own public key or certificate on the token, with the same CKA_ID",
    )


def _require_signing(private: Any, where: str) -> None:
    """Return if the key may sign: only then has its object here what makes a signature.

    Raises:
        KeyUnavailable: it may not.
    """
    if not hasattr(private, "sign"):
        raise KeyUnavailable(
            "the key may not sign (CKA_SIGN is off)", where=where, advice="make or import it with CKA_SIGN on"
        )


def _require_one_login(private: Any, where: str) -> None:
    """Return unless the key wants the PIN again for each signature, as it may, and a thousand responses would.

    Raises:
        KeyUnavailable: it does.
    """
    with suppress(PKCS11Error, KeyError):  # of tokens that know no such attribute
        if private[Attribute.ALWAYS_AUTHENTICATE]:
            raise KeyUnavailable(
                "the key wants the PIN again for each signature (CKA_ALWAYS_AUTHENTICATE)",
                where=where,
                advice="make or import it without; on a PIV card: another slot than 9c, or the PIN policy `once`",
            )


class _Use:
    """What makes a signature, and finds the key again where the token was away."""

    def __init__(
        self,
        token: TokenSession,
        uri: TokenURI,
        public: PublicKeyTypes,
        found: tuple[pkcs11.Session, Any],
        algorithm: Algorithm,
        where: str,
    ) -> None:
        self._token, self._uri, self._public, self._algorithm, self._where = token, uri, public, algorithm, where
        self._mechanism, self._sign = _mechanism(public, algorithm, where)
        self._found = found
        self._verified: pkcs11.Session | None = None
        if self._mechanism not in token.mechanisms():
            raise KeyUnavailable(
                f"the token has no CKM_{self._mechanism.name}, and so cannot sign what is hashed here", where=where
            )

    def sign(self, octets: bytes) -> bytes:
        """A signature of a digest, or of a message.

        The first one of a session is verified: labels are cheap. The public key may be another's, and a token that came
        back another token, of the same label and with a key of the same name.
        """
        signature, session = self._token.run(lambda session: (self._sign(self._key(session), octets), session))
        if self._verified is not session:
            self._verify(session, octets, signature)
        return signature

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """Signatures of many, a few each time that the module is asked for: who else wants it waits no longer."""
        return [made for start in range(0, len(batch), _FEW) for made in self._some(batch[start : start + _FEW])]

    def _some(self, few: Sequence[bytes]) -> list[bytes]:
        def act(session: pkcs11.Session) -> tuple[list[bytes], pkcs11.Session]:
            key, sign = self._key(session), self._sign
            return [sign(key, octets) for octets in few], session

        made, session = self._token.run(act)
        if self._verified is not session:
            self._verify(session, few[0], made[0])
        return made

    def _verify(self, session: pkcs11.Session, octets: bytes, signature: bytes) -> None:
        try:
            verify(self._public, self._algorithm, octets, signature)
        except InvalidSignature as error:
            raise self._another(session) from error
        self._verified = session

    def _another(self, session: pkcs11.Session) -> KeyUnavailable:
        name = name_of(session.token)
        if self._verified is None:
            what = f"the private key on the token {name} does not belong to the public key beside it"
            return KeyUnavailable(what, where=self._where)
        return KeyUnavailable(
            f"the token {name} has another key of that name than the one that was there before",
            where=self._where,
            advice="put the right token back; serial= in the key's URI tells tokens of one label apart",
        )

    def _key(self, session: pkcs11.Session) -> Any:
        """It has a handle of its own in each session."""
        if self._found[0] is not session:
            self._found = session, find_key(session, self._uri, self._where)
        return self._found[1]


def _mechanism(
    key: PublicKeyTypes, algorithm: Algorithm, where: str
) -> tuple[Mechanism, Callable[[Any, bytes], bytes]]:
    """The mechanism, and how it makes the content of the signature BIT STRING."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Mechanism.ECDSA, lambda private, digest: _ecdsa(private.sign(digest, mechanism=Mechanism.ECDSA))
    if isinstance(key, rsa.RSAPublicKey) and isinstance(algorithm.padding, padding.PSS):
        return Mechanism.RSA_PKCS_PSS, lambda private, digest: bytes(
            private.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=_PSS)
        )
    if isinstance(key, rsa.RSAPublicKey):
        return Mechanism.RSA_PKCS, lambda private, digest: bytes(
            private.sign(_SHA256_DIGEST_INFO + digest, mechanism=Mechanism.RSA_PKCS)
        )
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Mechanism.EDDSA, lambda private, message: bytes(private.sign(message, mechanism=Mechanism.EDDSA))
    raise KeyUnavailable(f"a key of the kind {type(key).__name__} on a token cannot sign here", where=where)


def _ecdsa(raw: bytes) -> bytes:
    """Ecdsa-Sig-Value of r and s behind each other (RFC 3279 section 2.2.3)."""
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
