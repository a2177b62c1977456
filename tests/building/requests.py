"""Requests (PKCS #10, RFC 2986) of octets that no library would write, signed as they are."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import der

_ECDSA: Final = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_RSA: Final = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(der.NULL))
_EDDSA: Final = der.sequence(der.oid("1.3.101.112"))
_SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(der.NULL))
_EXTENSION_REQUEST: Final = der.oid("1.2.840.113549.1.9.14")
_SET: Final = 0x31
UTF8, PRINTABLE, IA5, TELETEX, BMP, UNIVERSAL, VISIBLE = 0x0C, 0x13, 0x16, 0x14, 0x1E, 0x1C, 0x1A
"""Tags of strings."""

_EXPONENT: Final = 65537

RequestKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def info_of(key: RequestKey) -> bytes:
    """Its SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def attribute(dotted: str, tag: int, octets: bytes) -> bytes:
    """A RelativeDistinguishedName of one attribute."""
    return der.tlv(_SET, der.sequence(der.oid(dotted), der.tlv(tag, octets)))


def names(*hosts: str) -> bytes:
    """A subjectAltName."""
    return extension("2.5.29.17", der.sequence(*(der.tlv(0x82, host.encode()) for host in hosts)))


def extension(dotted: str, value: bytes) -> bytes:
    """An extension that is wanted."""
    return der.sequence(der.oid(dotted), der.tlv(der.OCTET_STRING, value))


def request_info(
    key_info: bytes, *, subject: bytes = der.sequence(), extensions: Sequence[bytes] = (), version: int = 0
) -> bytes:
    """A CertificationRequestInfo."""
    wanted = der.sequence(_EXTENSION_REQUEST, der.tlv(_SET, der.sequence(*extensions))) if extensions else b""
    return der.sequence(der.integer(version), subject, key_info, der.explicit(0, wanted))


def wanting(key: RequestKey, *attributes: bytes) -> bytes:
    """A request with these attributes, in the order of DER."""
    info = der.sequence(der.integer(0), der.sequence(), info_of(key), der.explicit(0, *sorted(attributes)))
    return signed_by(key, info)


def wish(*extensions: bytes, type_: str = "1.2.840.113549.1.9.14") -> bytes:
    """An attribute with sequences of extensions that are wanted: one, unless a request is odd."""
    return der.sequence(der.oid(type_), der.tlv(_SET, *(der.sequence(one) for one in extensions)))


def signed_by(key: RequestKey, info: bytes) -> bytes:
    """The request that these octets are, with a signature of that key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm, signature = _ECDSA, key.sign(info, ec.ECDSA(SHA256()))
    elif isinstance(key, rsa.RSAPrivateKey):
        algorithm, signature = _RSA, key.sign(info, PKCS1v15(), SHA256())
    else:
        algorithm, signature = _EDDSA, key.sign(info)
    return der.sequence(info, algorithm, der.tlv(der.BIT_STRING, b"\0", signature))


def forged(octets: bytes, *extensions: bytes, subject: bytes = der.sequence()) -> bytes:
    """A request for the Ed25519 key that is the identity, with the signature that all of its messages have."""
    algorithm = der.sequence(der.oid("1.3.101.112"))
    info = request_info(
        der.sequence(algorithm, der.tlv(der.BIT_STRING, b"\0", octets)), subject=subject, extensions=extensions
    )
    return der.sequence(info, algorithm, der.tlv(der.BIT_STRING, b"\0\1", bytes(63)))


def disclosed_info(modulus: int) -> bytes:
    """The SubjectPublicKeyInfo of an RSA key whose private exponent whoever sees it may know."""
    numbers = der.sequence(der.integer(modulus), der.integer(_EXPONENT))
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.1"), der.tlv(der.NULL))
    return der.sequence(algorithm, der.tlv(der.BIT_STRING, b"\0", numbers))


def disclosed(modulus: int, order: int, *extensions: bytes, subject: bytes = der.sequence()) -> bytes:
    """A request for an RSA key of any modulus, which no library makes or signs with (RFC 8017 section 8.2.1).

    Args:
        order: that of the group of the modulus.
    """
    info = request_info(disclosed_info(modulus), subject=subject, extensions=extensions)
    size = modulus.bit_length() // 8
    digest = der.sequence(_SHA256, der.tlv(der.OCTET_STRING, sha256(info).digest()))
    padded = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
    signature = pow(int.from_bytes(padded, "big"), pow(_EXPONENT, -1, order), modulus).to_bytes(size, "big")
    return der.sequence(info, _RSA, der.tlv(der.BIT_STRING, b"\0", signature))
