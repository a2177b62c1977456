"""The certificate of a CA: RFC 5280 section 4, and what the BRs add for roots and for TLS CAs below them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from revocation import der
from signer.encoding.extensions import extension

_VERSION_3: Final = der.explicit(0, der.integer(2))


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
class Places:
    """Where the status of a certificate is to be had, and the certificate of its issuer: URLs."""

    crl: str
    ocsp: str
    issuer: str


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
    return der.sequence(
        _VERSION_3,
        der.tlv(der.INTEGER, frame.serial),
        algorithm_identifier,
        frame.issuer,
        der.sequence(der.time(frame.not_before), der.time(frame.not_after)),
        frame.subject,
        frame.public_key_info,
        der.explicit(3, der.sequence(_extensions(frame))),
    )


def _extensions(frame: CACertificateFrame) -> bytes:
    profile = frame.profile
    encoded = extension(x509.BasicConstraints(ca=True, path_length=profile.path_length), critical=True)
    encoded += extension(_key_usage(profile.signs_responses), critical=True)
    if profile.usages:
        encoded += extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in profile.usages]))
    if profile.policies:
        policies = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in profile.policies]
        encoded += extension(x509.CertificatePolicies(policies))
    encoded += extension(x509.SubjectKeyIdentifier(frame.subject_key))
    encoded += extension(x509.AuthorityKeyIdentifier(frame.authority_key, None, None))
    return encoded + (_pointers(frame.places) if frame.places else b"")


def _key_usage(signs_responses: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_responses,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pointers(places: Places) -> bytes:
    """CRLDistributionPoints and AuthorityInfoAccess (sections 4.2.1.13 and 4.2.2.1)."""
    crl, ocsp, issuer = map(x509.UniformResourceIdentifier, (places.crl, places.ocsp, places.issuer))
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, ocsp),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, issuer),
    ]
    points = x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)])
    return extension(points) + extension(x509.AuthorityInformationAccess(access))
