"""The certificate of a CA: RFC 5280 section 4, and what the BRs add for roots and for TLS CAs below them."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from signer.encoding import tbs_certificate
from signer.encoding.extensions import (
    Places,
    certificate_policies,
    extended_key_usage,
    extension,
    key_usage,
    pointers,
)
from signer.encoding.tbs_certificate import Fields


@dataclass(frozen=True)
class CAProfile:
    """What a CA may do.

    Attributes:
        path_length: how many CAs may stand below it in a chain; None where that is not limited.
        signs_responses: whether it may sign OCSP responses itself (keyUsage digitalSignature).
        usages: object identifiers of the extended key usages of what it issues; empty where that is not limited.
        policies: object identifiers of certificate policies.
    """

    path_length: int | None = None
    signs_responses: bool = False
    usages: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class CACertificateFrame:
    """What a CA certificate says.

    Attributes:
        serial: content octets of the INTEGER.
        issuer: DER of the issuer's DN, byte for byte its subject.
        authority_key: keyIdentifier of the issuer.
        subject: DER of the DN.
        subject_key: keyIdentifier.
        places: None of a root, whose status nobody else says.
    """

    serial: bytes
    issuer: bytes
    authority_key: bytes
    subject: bytes
    public_key_info: bytes
    subject_key: bytes
    not_before: datetime
    not_after: datetime
    profile: CAProfile
    places: Places | None


def encode_tbs(frame: CACertificateFrame, algorithm_identifier: bytes) -> bytes:
    """The TBSCertificate."""
    window = frame.not_before, frame.not_after
    fields = Fields(frame.serial, frame.issuer, *window, frame.subject, frame.public_key_info)
    return tbs_certificate.encode(fields, algorithm_identifier, _extensions(frame))


def _extensions(frame: CACertificateFrame) -> bytes:
    profile = frame.profile
    return b"".join(
        (
            extension(x509.BasicConstraints(ca=True, path_length=profile.path_length), critical=True),
            extension(key_usage(signs=profile.signs_responses, certifies=True), critical=True),
            extended_key_usage(profile.usages),
            certificate_policies(profile.policies),
            extension(x509.SubjectKeyIdentifier(frame.subject_key)),
            extension(x509.AuthorityKeyIdentifier(frame.authority_key, None, None)),
            pointers(frame.places) if frame.places else b"",
        )
    )
