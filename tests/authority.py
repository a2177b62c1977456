"""A CA that is right by default, for tests that perturb one thing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from revocation.issuer import Issuer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Authority:
    """A self-signed CA certificate with its key."""

    def __init__(
        self,
        common_name: str = "Test Issuing CA",
        *,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
        not_before: datetime = NOW - timedelta(days=1),
        days: int = 3650,
        is_ca: bool | None = True,
        identifier: bool = True,
        crl_sign: bool | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
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
            usage = x509.KeyUsage(False, False, False, False, False, True, crl_sign, False, False)
            builder = builder.add_extension(usage, critical=True)
        if identifier:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
        self.certificate = builder.sign(self.key, SHA256())

    def issuer(self, name: str = "test") -> Issuer:
        """The issuer that the certificate names."""
        return Issuer.of(name, [self.certificate])

    def write(self, path: Path) -> Path:
        """The certificate as PEM in a file."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path
