"""Extensions of RFC 5280: their values come from `cryptography`, the frame around them from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from revocation import der
from revocation.issuer import Issuer

NO_REV_AVAIL: Final = "2.5.29.56"
"""The extension noRevAvail (RFC 9608 section 2)."""

_CRITICAL: Final = der.BOOLEAN_TRUE


@dataclass(frozen=True)
class Places:
    """Where the status of a certificate is to be had, and the certificate of its issuer: URLs.

    Attributes:
        crl: None of a certificate whose status nobody is to ask for.
        ocsp: the same.
    """

    crl: str | None
    ocsp: str | None
    issuer: str


def extension(value: x509.ExtensionType, *, critical: bool = False) -> bytes:
    """One Extension (RFC 5280 section 4.1); the DEFAULT FALSE of `critical` is not encoded."""
    flag = _CRITICAL if critical else b""
    return der.sequence(der.oid(value.oid.dotted_string), flag, der.tlv(der.OCTET_STRING, value.public_bytes()))


def authority_key_identifier(issuer: Issuer) -> bytes:
    """The AKI in everything that the issuer signs: the key identifier alone (section 4.2.1.1)."""
    return extension(x509.AuthorityKeyIdentifier(issuer.key_identifier, None, None))


def key_usage(
    *, signs: bool = False, enciphers_keys: bool = False, agrees_on_keys: bool = False, certifies: bool = False
) -> x509.KeyUsage:
    """A KeyUsage (section 4.2.1.3): digitalSignature, keyEncipherment, keyAgreement; keyCertSign with cRLSign."""
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=enciphers_keys,
        data_encipherment=False,
        key_agreement=agrees_on_keys,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def extended_key_usage(usages: Sequence[str]) -> bytes:
    """The ExtendedKeyUsage of these object identifiers (section 4.2.1.12); nothing where there are none."""
    return extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in usages])) if usages else b""


def certificate_policies(policies: Sequence[str]) -> bytes:
    """The CertificatePolicies of these object identifiers (section 4.2.1.4); nothing where there are none."""
    found = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in policies]
    return extension(x509.CertificatePolicies(found)) if found else b""


def pointers(places: Places) -> bytes:
    """CRLDistributionPoints and AuthorityInfoAccess (sections 4.2.1.13 and 4.2.2.1)."""
    access = [] if places.ocsp is None else [_access(AuthorityInformationAccessOID.OCSP, places.ocsp)]
    access.append(_access(AuthorityInformationAccessOID.CA_ISSUERS, places.issuer))
    encoded = b""
    if places.crl is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(places.crl)], None, None, None)
        encoded = extension(x509.CRLDistributionPoints([point]))
    return encoded + extension(x509.AuthorityInformationAccess(access))


def no_rev_avail() -> bytes:
    """That no revocation information is published about a certificate: not critical, NULL (RFC 9608 section 2)."""
    return der.sequence(der.oid(NO_REV_AVAIL), der.tlv(der.OCTET_STRING, der.tlv(der.NULL)))


def _access(method: x509.ObjectIdentifier, url: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
