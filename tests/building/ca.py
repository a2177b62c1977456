"""A CA with its responder, right by default; what a test perturbs is an argument."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from revocation.issuer import Issuer
from tests.authority import NOW, Authority


@dataclass
class Responder:
    """A delegated OCSP responder: key and certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass
class CA:
    """An issuing CA.

    Attributes:
        authority: its certificate and key.
        name: what operators call it.
    """

    authority: Authority = field(default_factory=Authority)
    name: str = "test"

    @property
    def issuer(self) -> Issuer:
        """The issuer that it is."""
        return self.authority.issuer(self.name)

    def responder(
        self,
        *,
        not_before: datetime = NOW - timedelta(hours=1),
        not_after: datetime = NOW + timedelta(days=7),
        usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.OCSP_SIGNING,),
        no_check: bool = True,
        digital_signature: bool = True,
        is_ca: bool = False,
        signed_by: "CA | None" = None,
    ) -> Responder:
        """A responder that the CA made; or that `signed_by` made in this CA's name."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test OCSP responder")]))
            .issuer_name(self.authority.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.KeyUsage(digital_signature, *[False] * 4, is_ca, False, False, False), critical=True)
        )
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if no_check:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        if is_ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signer = (signed_by or self).authority.key
        return Responder(key, builder.sign(signer, SHA256()))

    def write(self, folder: Path) -> Path:
        """The certificate as a PEM file."""
        return self.authority.write(folder / f"{self.name}.pem")

    def der(self) -> bytes:
        """The certificate."""
        return self.authority.certificate.public_bytes(Encoding.DER)
