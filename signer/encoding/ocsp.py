"""OCSP responses, RFC 6960 section 4.2 as RFC 9919 narrows it: byKey, one certificate each, no responseExtensions.

What a batch shares (responder, times, algorithm, certificates, issuer's hashes) is encoded once, in a template. Then
all lengths follow from that of the serial and that of the status, and a response is put together from ready pieces.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from revocation import der
from revocation.certid import CertID, CertIDHash
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation

GOOD: Final = b"\x80\x00"
"""The CertStatus `good`."""

_SUCCESSFUL: Final = der.tlv(der.ENUMERATED, b"\0")
_BASIC: Final = der.oid("1.3.6.1.5.5.7.48.1.1")
_REVOKED_TAG: Final = 0xA1
_ARCHIVE_CUTOFF: Final = der.oid("1.3.6.1.5.5.7.48.1.6")


def encode_status(revocation: Revocation) -> bytes:
    """The CertStatus of a certificate that is revoked."""
    reason = b""
    if revocation.reason is not Reason.unspecified:
        reason = der.explicit(0, der.tlv(der.ENUMERATED, bytes((revocation.reason,))))
    return der.tlv(_REVOKED_TAG, der.generalized_time(revocation.revoked_at), reason)


@dataclass(frozen=True)
class ResponseTemplate:
    """The part that all responses of a batch have in common.

    Attributes:
        hashes: of the CertIDs of the certificate; several are several SingleResponses (RFC 9919 section 3.2.1).
        responder_key: the content of the BIT STRING of the responder's public key; its SHA-1 is the ResponderID.
        responder_certificate: the DER that travels in `certs`; None when the CA signs itself.
        this_update: when the ledger was read; also producedAt.
        archive_cutoff: since when expired certificates are answered for (RFC 6960 section 4.4.4); None for none.
    """

    issuer: Issuer
    hashes: tuple[CertIDHash, ...]
    responder_key: bytes
    responder_certificate: bytes | None
    algorithm_identifier: bytes
    this_update: datetime
    next_update: datetime
    archive_cutoff: datetime | None = None
    _datas: dict[tuple[int, int], Sequence[bytes]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _bodies: dict[tuple[int, int], tuple[bytes, bytes]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def encode_tbs(self, serial: bytes, status: bytes) -> bytes:
        """The ResponseData for one certificate, from the octets of its serial and the DER of its CertStatus."""
        sizes = (len(serial), len(status))
        return (serial + status).join(self._datas.get(sizes) or self._data(*sizes))

    def assemble(self, tbs: bytes, signature: bytes) -> bytes:
        """The whole OCSPResponse."""
        sizes = (len(tbs), len(signature))
        before, between = self._bodies.get(sizes) or self._body(*sizes)
        return b"".join((before, tbs, between, signature, self._certificates))

    def _data(self, serial: int, status: int) -> Sequence[bytes]:
        """What stands around each serial with its status, where they have that many octets."""
        heads = [self._head(hash_, serial, status) for hash_ in self.hashes]
        size = sum(map(len, heads)) + len(heads) * (serial + status + len(self._times))
        shared = self._responder_and_produced_at + der.header(der.SEQUENCE, size)
        begin = der.header(der.SEQUENCE, len(shared) + size) + shared
        pieces = (begin + heads[0], *(self._times + head for head in heads[1:]), self._times)
        return self._datas.setdefault((serial, status), pieces)

    def _head(self, hash_: CertIDHash, serial: int, status: int) -> bytes:
        """A SingleResponse as far as the octets of the serial."""
        whole = CertID.of(self.issuer, bytes(serial), hash_).encode()
        size = len(whole) + status + len(self._times)
        return der.header(der.SEQUENCE, size) + whole[: len(whole) - serial]

    def _body(self, tbs: int, signature: int) -> tuple[bytes, bytes]:
        """What stands before and behind a ResponseData of that many octets with such a signature."""
        between = self.algorithm_identifier + der.header(der.BIT_STRING, signature + 1) + b"\0"
        size = tbs + len(between) + signature + len(self._certificates)
        basic = der.header(der.SEQUENCE, size)
        octets = _BASIC + der.header(der.OCTET_STRING, len(basic) + size) + basic
        response_bytes = der.header(der.SEQUENCE, len(octets) + size) + octets
        explicit = der.header(0xA0, len(response_bytes) + size) + response_bytes
        before = der.header(der.SEQUENCE, len(_SUCCESSFUL) + len(explicit) + size) + _SUCCESSFUL + explicit
        return self._bodies.setdefault((tbs, signature), (before, between))

    @cached_property
    def _responder_and_produced_at(self) -> bytes:
        key_hash = hashlib.sha1(self.responder_key, usedforsecurity=False).digest()
        return der.explicit(2, der.tlv(der.OCTET_STRING, key_hash)) + der.generalized_time(self.this_update)

    @cached_property
    def _times(self) -> bytes:
        """What stands behind the status: the window, and singleExtensions."""
        window = der.generalized_time(self.this_update) + der.explicit(0, der.generalized_time(self.next_update))
        if self.archive_cutoff is None:
            return window
        value = der.tlv(der.OCTET_STRING, der.generalized_time(self.archive_cutoff))
        return window + der.explicit(1, der.sequence(der.sequence(_ARCHIVE_CUTOFF, value)))

    @cached_property
    def _certificates(self) -> bytes:
        certificate = self.responder_certificate
        return der.explicit(0, der.sequence(certificate)) if certificate else b""
