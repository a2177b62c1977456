"""The certificate of an end entity: RFC 5280 section 4, RFC 9608 where nobody is to ask for its status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from revocation.issuer import Issuer
from signer.encoding import tbs_certificate
from signer.encoding.extensions import (
    Places,
    authority_key_identifier,
    certificate_policies,
    extended_key_usage,
    extension,
    no_rev_avail,
    pointers,
)
from signer.encoding.tbs_certificate import Fields


@dataclass(frozen=True)
class CertificateFrame:
    """What a certificate says.

    Attributes:
        serial: content octets of the INTEGER.
        subject: DER of the DN, which may be empty.
        subject_key: keyIdentifier; None where none is to stand in it.
        usages: object identifiers of extended key usages.
        names: of the subjectAltName; empty where there are none.
        policies: object identifiers of certificate policies.
        places: a CRL and OCSP responses stand in it, or neither of them and noRevAvail.
    """

    issuer: Issuer
    serial: bytes
    not_before: datetime
    not_after: datetime
    subject: x509.Name
    public_key_info: bytes
    subject_key: bytes | None
    key_usage: x509.KeyUsage
    usages: Sequence[str]
    names: Sequence[x509.GeneralName]
    policies: Sequence[str]
    places: Places

    @property
    def has_no_status(self) -> bool:
        """Whether it says that nobody is to ask for its status."""
        return self.places.crl is None and self.places.ocsp is None


def encode_tbs(frame: CertificateFrame, algorithm_identifier: bytes) -> bytes:
    """The TBSCertificate."""
    fields = Fields(
        frame.serial,
        frame.issuer.subject,
        frame.not_before,
        frame.not_after,
        frame.subject.public_bytes(),
        frame.public_key_info,
    )
    return tbs_certificate.encode(fields, algorithm_identifier, _extensions(frame))


def _extensions(frame: CertificateFrame) -> bytes:
    encoded = extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    encoded += extension(frame.key_usage, critical=True) + extended_key_usage(frame.usages)
    if frame.names:  # critical where there is no subject (section 4.2.1.6)
        encoded += extension(x509.SubjectAlternativeName(frame.names), critical=not frame.subject.rdns)
    encoded += certificate_policies(frame.policies)
    if frame.subject_key is not None:
        encoded += extension(x509.SubjectKeyIdentifier(frame.subject_key))
    encoded += authority_key_identifier(frame.issuer) + pointers(frame.places)
    return encoded + (no_rev_avail() if frame.has_no_status else b"")
