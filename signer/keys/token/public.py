"""The public key of a private key on a token: of its own attributes, a public key's or a certificate's."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pkcs11
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType

from revocation import der
from revocation.errors import KeyUnavailable

_CURVES: Final = {
    der.oid("1.2.840.10045.3.1.7"): ec.SECP256R1(),
    der.oid("1.3.132.0.34"): ec.SECP384R1(),
    der.oid("1.3.132.0.35"): ec.SECP521R1(),
}
"""By CKA_EC_PARAMS."""

_KINDS: Final[dict[KeyType, type[object]]] = {
    KeyType.RSA: rsa.RSAPublicKey,
    KeyType.EC: ec.EllipticCurvePublicKey,
    KeyType.EC_EDWARDS: ed25519.Ed25519PublicKey,
}


def public_keys_of(session: pkcs11.Session, private: Any, where: str) -> list[PublicKeyTypes]:
    """The public keys that may belong to a private key: one where it tells its own, or nothing else is beside it.

    Several keys of a token may have one CKA_ID or one label, and then nothing but a signature tells which it is.

    Raises:
        KeyUnavailable: nothing on the token tells any.
    """
    found: list[PublicKeyTypes] = []
    kind = _KINDS.get(private.key_type, object)
    for thing in (private, *_beside(session, private)):
        with suppress(PKCS11Error, KeyError, ValueError, UnsupportedAlgorithm):  # it lacks what another has
            key = _read(thing)
            found += [key] if isinstance(key, kind) and key not in found else []
            if thing is private:
                break
    if found:
        return found
    raise KeyUnavailable(
        "the token has the private key, and not the public one",
        where=where,
        advice="put the public key or the certificate on it, with the same CKA_ID",
    )


def _beside(session: pkcs11.Session, private: Any) -> Iterator[Any]:
    """What has its CKA_ID or its label."""
    for kind in (ObjectClass.PUBLIC_KEY, ObjectClass.CERTIFICATE):
        if private.id:
            yield from session.get_objects({Attribute.CLASS: kind, Attribute.ID: private.id})
        if private.label:
            yield from session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: private.label})


def _read(thing: Any) -> PublicKeyTypes:
    """The key that an object tells of; one of the errors that `public_keys_of` knows where it does not.

    A private key has the numbers of an RSA key, and no CKA_EC_POINT.
    """
    if thing.object_class is ObjectClass.CERTIFICATE:
        return x509.load_der_x509_certificate(thing[Attribute.VALUE]).public_key()
    if thing.key_type is KeyType.RSA:
        modulus, exponent = (
            int.from_bytes(thing[name], "big") for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
        )
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    point = thing[Attribute.EC_POINT]
    if thing.key_type is KeyType.EC_EDWARDS:
        return ed25519.Ed25519PublicKey.from_public_bytes(point[-32:])
    curve = _CURVES[thing[Attribute.EC_PARAMS]]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, _point(point, curve))


def _point(said: bytes, curve: ec.EllipticCurve) -> bytes:
    """CKA_EC_POINT is the DER of an OCTET STRING; some tokens leave that away, which the length for the curve tells.

    Its first octets do not: an uncompressed point begins with the tag of one, and its X with any octet.
    """
    size = (curve.key_size + 7) // 8
    if len(said) in (1 + size, 1 + 2 * size):
        return said
    return said[slice(*der.expect(said, 0, der.OCTET_STRING))]
