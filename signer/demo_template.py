"""What stands in the certificates of the demonstration PKI (RFC 5280 section 4.2)."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from revocation import paths
from revocation.artifacts import Scope
from revocation.issuer import Issuer

Validity = tuple[datetime, datetime]
"""notBefore and notAfter."""

Extension = tuple[x509.ExtensionType, bool]
"""An extension, and whether it is critical."""


def subject(common_name: str) -> x509.Name:
    """The subject of everything here: one organisation, and a name."""
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Revocast Demonstration")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def builder(
    name: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    validity: Validity,
    extensions: Sequence[Extension],
) -> x509.CertificateBuilder:
    """A certificate that only lacks its signature, with a random serial of 159 bits."""
    unsigned = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=name,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=validity[0],
        not_valid_after=validity[1],
    )
    for value, critical in (*extensions, (x509.SubjectKeyIdentifier.from_public_key(key), False)):
        unsigned = unsigned.add_extension(value, critical)
    return unsigned


def ca(path_length: int | None) -> list[Extension]:
    """A CA, which may sign OCSP responses by itself too."""
    usage = _usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
    return [(x509.BasicConstraints(ca=True, path_length=path_length), True), (usage, True)]


def server(name: str) -> list[Extension]:
    """A TLS server of that DNS name."""
    return [*_end_entity(ExtendedKeyUsageOID.SERVER_AUTH), (x509.SubjectAlternativeName([x509.DNSName(name)]), False)]


def person() -> list[Extension]:
    """A TLS client."""
    return _end_entity(ExtendedKeyUsageOID.CLIENT_AUTH)


def issued_by(issuer: Issuer, base_url: str) -> list[Extension]:
    """Who issued it, and where its status is to be had (RFC 5280 sections 4.2.1.1, 4.2.1.13 and 4.2.2.1)."""

    def url(path: str) -> x509.UniformResourceIdentifier:
        return x509.UniformResourceIdentifier(f"{base_url}/{path}")

    crl = x509.DistributionPoint([url(paths.crl_path(issuer.id, str(Scope.ALL)))], None, None, None)
    # RFC 6960 appendix A.1.1 puts a slash between this URL and a GET request.
    ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url(paths.OCSP_PATH.removesuffix("/")))
    certificate = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, url(paths.issuer_path(issuer.id)))
    return [
        (x509.AuthorityKeyIdentifier(issuer.key_identifier, None, None), False),
        (x509.CRLDistributionPoints([crl]), False),
        (x509.AuthorityInformationAccess([ocsp, certificate]), False),
    ]


def _end_entity(purpose: x509.ObjectIdentifier) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([purpose]), False),
    ]


def _usage(*, digital_signature: bool, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
