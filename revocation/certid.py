"""CertID of RFC 6960 section 4.1.1: which certificate an OCSP request or response speaks of."""

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from revocation import der
from revocation.issuer import Issuer

_SHA1: Final = der.sequence(der.oid("1.3.14.3.2.26"), der.tlv(der.NULL))
_SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(der.NULL))


class CertIDHash(Enum):
    """The hash of a CertID, with the octet that stands for it in a store key."""

    SHA1 = "sha1"
    SHA256 = "sha256"

    @property
    def octet(self) -> bytes:
        """1 for SHA-1, 2 for SHA-256 (0 is kept for a response that answers both)."""
        return b"\x01" if self is CertIDHash.SHA1 else b"\x02"

    @property
    def algorithm_identifier(self) -> bytes:
        """The AlgorithmIdentifier, with the NULL parameters that deployed clients send and compare."""
        return _SHA1 if self is CertIDHash.SHA1 else _SHA256

    def digest(self, data: bytes) -> bytes:
        """The hash of `data`."""
        return hashlib.new(self.value, data, usedforsecurity=False).digest()


@dataclass(frozen=True)
class CertID:
    """One certificate, named by the hashes of its issuer's name and key and by its serial's octets."""

    hash: CertIDHash
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: bytes

    @classmethod
    def of(cls, issuer: Issuer, serial: bytes, hash_: CertIDHash) -> "CertID":
        """The CertID of the certificate `serial` of `issuer` under one hash."""
        return cls(hash_, hash_.digest(issuer.subject), hash_.digest(issuer.key_octets), serial)

    def encode(self) -> bytes:
        """The DER of the CertID."""
        return der.sequence(
            self.hash.algorithm_identifier,
            der.tlv(der.OCTET_STRING, self.issuer_name_hash),
            der.tlv(der.OCTET_STRING, self.issuer_key_hash),
            der.tlv(der.INTEGER, self.serial),
        )
