"""OCSP responses, RFC 6960 section 4.2 as RFC 9919 narrows it: byKey, one SingleResponse, no responseExtensions.

What a batch shares (responder, times, algorithm, certificates) is encoded once, in a template.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from revocation import der
from revocation.certid import CertID
from revocation.status import Reason, Revocation

_SUCCESSFUL: Final = der.tlv(der.ENUMERATED, b"\0")
_BASIC: Final = der.oid("1.3.6.1.5.5.7.48.1.1")
_GOOD: Final = b"\x80\x00"
_REVOKED_TAG: Final = 0xA1


@dataclass(frozen=True)
class ResponseTemplate:
    """The part that all responses of a batch have in common.

    Attributes:
        responder_key: the content of the BIT STRING of the responder's public key; its SHA-1 is the ResponderID.
        responder_certificate: the DER that travels in `certs`; None when the CA signs itself.
        this_update: when the ledger was read; also producedAt.
    """

    responder_key: bytes
    responder_certificate: bytes | None
    algorithm_identifier: bytes
    this_update: datetime
    next_update: datetime

    def encode_tbs(self, cert_id: CertID, revocation: Revocation | None) -> bytes:
        """The ResponseData for one certificate: good, or revoked."""
        status = _revoked(revocation) if revocation else _GOOD
        single = der.sequence(cert_id.encode(), status, self._times)
        return der.sequence(self._responder_and_produced_at, der.sequence(single))

    def assemble(self, tbs: bytes, signature: bytes) -> bytes:
        """The whole OCSPResponse."""
        basic = der.sequence(
            tbs, self.algorithm_identifier, der.tlv(der.BIT_STRING, b"\0", signature), self._certificates
        )
        return der.sequence(_SUCCESSFUL, der.explicit(0, der.sequence(_BASIC, der.tlv(der.OCTET_STRING, basic))))

    @cached_property
    def _responder_and_produced_at(self) -> bytes:
        key_hash = hashlib.sha1(self.responder_key, usedforsecurity=False).digest()
        return der.explicit(2, der.tlv(der.OCTET_STRING, key_hash)) + der.generalized_time(self.this_update)

    @cached_property
    def _times(self) -> bytes:
        return der.generalized_time(self.this_update) + der.explicit(0, der.generalized_time(self.next_update))

    @cached_property
    def _certificates(self) -> bytes:
        certificate = self.responder_certificate
        return der.explicit(0, der.sequence(certificate)) if certificate else b""


def _revoked(revocation: Revocation) -> bytes:
    reason = b""
    if revocation.reason is not Reason.unspecified:
        reason = der.explicit(0, der.tlv(der.ENUMERATED, bytes((revocation.reason,))))
    return der.tlv(_REVOKED_TAG, der.generalized_time(revocation.revoked_at), reason)
