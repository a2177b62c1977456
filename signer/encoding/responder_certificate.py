"""The certificate of a delegated OCSP responder: RFC 6960 section 4.2.2.2, the BRs' profile of it."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from revocation.issuer import Issuer
from signer.encoding import tbs_certificate
from signer.encoding.extensions import authority_key_identifier, extension, key_usage
from signer.encoding.tbs_certificate import Fields


@dataclass(frozen=True)
class ResponderCertificateFrame:
    """What a responder certificate says."""

    issuer: Issuer
    serial: bytes
    public_key_info: bytes
    not_before: datetime
    not_after: datetime


def encode_tbs(frame: ResponderCertificateFrame, algorithm_identifier: bytes) -> bytes:
    """The TBSCertificate: EKU OCSPSigning alone, ocsp-nocheck, no AIA and no CDP."""
    window = frame.not_before, frame.not_after
    issuer = frame.issuer
    fields = Fields(frame.serial, issuer.subject, *window, subject_of(issuer).public_bytes(), frame.public_key_info)
    return tbs_certificate.encode(fields, algorithm_identifier, _extensions(frame))


def subject_of(issuer: Issuer) -> x509.Name:
    """What its responders are called.

    Country and organization are the issuer's, where it has them: the BRs want both (section 7.1.2.10.2).
    """
    names = issuer.certificates[0].subject
    shared = [a for oid in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME) for a in names.get_attributes_for_oid(oid)]
    return x509.Name([*shared, x509.NameAttribute(NameOID.COMMON_NAME, f"OCSP responder of {issuer.id}")])


def _extensions(frame: ResponderCertificateFrame) -> bytes:
    public_key = load_der_public_key(frame.public_key_info)
    return b"".join(
        (
            authority_key_identifier(frame.issuer),
            extension(x509.SubjectKeyIdentifier.from_public_key(public_key)),  # type: ignore[arg-type]
            extension(key_usage(signs=True), critical=True),
            extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])),
            extension(x509.OCSPNoCheck()),
        )
    )
