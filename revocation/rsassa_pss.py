"""RSASSA-PSS (RFC 8017 section 8.1) as X.509 names it: the three AlgorithmIdentifiers of RFC 4055 that are taken.

The digest is also that of MGF1, and the salt is as long as the digest: what the BRs, section 7.1.3.2.1, allow alone.
"""

from collections.abc import Mapping
from typing import Final

from revocation import der

_RSASSA_PSS: Final = der.oid("1.2.840.113549.1.1.10")
_MGF1: Final = der.oid("1.2.840.113549.1.1.8")
_DIGESTS: Final = {
    "sha256": (der.oid("2.16.840.1.101.3.4.2.1"), 32),
    "sha384": (der.oid("2.16.840.1.101.3.4.2.2"), 48),
    "sha512": (der.oid("2.16.840.1.101.3.4.2.3"), 64),
}
"""By name: the OID, and the octets of the salt."""

_HASH, _MASK, _SALT = 0xA0, 0xA1, 0xA2
"""The tags of RSASSA-PSS-params."""


def _digest(name: str) -> bytes:
    """With NULL, as RFC 4055 section 2.1 wants it written."""
    return der.sequence(_DIGESTS[name][0], der.tlv(der.NULL))


def _identifier(name: str) -> bytes:
    digest, (_, salt) = _digest(name), _DIGESTS[name]
    mask = der.sequence(_MGF1, digest)
    parameters = (der.explicit(0, digest), der.explicit(1, mask), der.explicit(2, der.integer(salt)))
    return der.sequence(_RSASSA_PSS, der.sequence(*parameters))


DIGEST: Final = "sha256"
"""Of the signatures that are made here."""

ALGORITHM_IDENTIFIER: Final = _identifier(DIGEST)
"""Of the signatures that are made here."""

DIGEST_BY_IDENTIFIER: Final[Mapping[bytes, str]] = {_identifier(name): name for name in _DIGESTS}
"""Which digest an AlgorithmIdentifier means; one that is not here means a weak digest, or several at once."""


def is_pss_only(public_key_info: bytes) -> bool:
    """Whether a SubjectPublicKeyInfo says that its key is for RSASSA-PSS alone (RFC 4055 section 1.2)."""
    return _algorithm(public_key_info).startswith(_RSASSA_PSS)


def allows(public_key_info: bytes) -> bool:
    """Whether a key that is for RSASSA-PSS alone may sign what is signed here.

    Where it has parameters they bind the signatures: the same digests, and a salt no shorter (RFC 4055 section 3.3).
    """
    parameters = _algorithm(public_key_info)[len(_RSASSA_PSS) :]
    if not parameters:
        return True
    fields = {
        tag: parameters[content:end]
        for tag, _, content, end in der.values(parameters, *der.expect(parameters, 0, der.SEQUENCE))
    }
    bare = der.sequence(_DIGESTS[DIGEST][0])
    digests = (_digest(DIGEST), bare)
    if fields.keys() - {_HASH, _MASK, _SALT} or fields.get(_HASH) not in digests:
        return False
    if fields.get(_MASK) not in [der.sequence(_MGF1, digest) for digest in digests]:
        return False
    return _SALT not in fields or fields[_SALT] in map(der.integer, range(_DIGESTS[DIGEST][1] + 1))


def _algorithm(public_key_info: bytes) -> bytes:
    """What is inside the AlgorithmIdentifier of a SubjectPublicKeyInfo."""
    start, _ = der.expect(public_key_info, 0, der.SEQUENCE)
    return public_key_info[slice(*der.expect(public_key_info, start, der.SEQUENCE))]
