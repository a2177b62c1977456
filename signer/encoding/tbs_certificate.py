"""What every certificate has in common: the TBSCertificate around its extensions (RFC 5280 section 4.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from revocation import der

_VERSION_3: Final = der.explicit(0, der.integer(2))


@dataclass(frozen=True)
class Fields:
    """What stands in a certificate beside its extensions.

    Attributes:
        serial: content octets of the INTEGER.
        issuer: DER of the issuer's DN, byte for byte its subject.
        subject: DER of the DN.
        public_key_info: DER of the SubjectPublicKeyInfo.
    """

    serial: bytes
    issuer: bytes
    not_before: datetime
    not_after: datetime
    subject: bytes
    public_key_info: bytes


def encode(fields: Fields, algorithm_identifier: bytes, extensions: bytes) -> bytes:
    """The TBSCertificate.

    Args:
        algorithm_identifier: of the signature, as it stands outside too.
        extensions: each encoded, one behind the other.
    """
    return der.sequence(
        _VERSION_3,
        der.tlv(der.INTEGER, fields.serial),
        algorithm_identifier,
        fields.issuer,
        der.sequence(der.time(fields.not_before), der.time(fields.not_after)),
        fields.subject,
        fields.public_key_info,
        der.explicit(3, der.sequence(extensions)),
    )
