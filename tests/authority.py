"""A CA that is right by default, for tests that perturb one thing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from revocation.issuer import Issuer

CAKey: TypeAlias = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Authority:
    """A self-signed CA certificate with its key."""

    def __init__(
        self,
        common_name: str = "Test Issuing CA",
        *,
        organization: str = "",
        key: CAKey | None = None,
        not_before: datetime = NOW - timedelta(days=1),
        days: int = 3650,
        is_ca: bool | None = True,
        identifier: bool = True,
        crl_sign: bool | None = None,
        digital_signature: bool = False,
    ) -> None:
        self.key: CAKey = key or ec.generate_private_key(ec.SECP256R1())
        subject = _name(common_name, organization)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_before + timedelta(days=days))
        )
        if is_ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        if crl_sign is not None:
            usage = x509.KeyUsage(digital_signature, *[False] * 4, True, crl_sign, False, False)
            builder = builder.add_extension(usage, critical=True)
        if identifier:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
        self.certificate = builder.sign(self.key, self.digest)

    @property
    def digest(self) -> SHA256 | None:
        """What its signatures are over; None for a key that signs the message itself."""
        return SHA256() if isinstance(self.key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None

    def issuer(self, name: str = "test") -> Issuer:
        """The issuer that the certificate names."""
        return Issuer.of(name, [self.certificate])

    def write(self, path: Path) -> Path:
        """The certificate as PEM in a file."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path


def _name(common_name: str, organization: str) -> x509.Name:
    country = "SE" if organization else ""
    oids = (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    values = zip(oids, (country, organization, common_name), strict=True)
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in values if value])
