"""Certificates, CRLs and indexes that are right by default, for tests that perturb one thing."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from revocation import der
from tests.authority import NOW, Authority

NOT_AFTER = NOW + timedelta(days=365)
LEAF_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(
    authority: Authority,
    serial: int,
    *,
    is_ca: bool | None = False,
    not_after: datetime = NOT_AFTER,
    extension: x509.ExtensionType | None = None,
) -> x509.Certificate:
    """A certificate that the authority issued; without basicConstraints where `is_ca` is None."""
    builder = x509.CertificateBuilder(
        issuer_name=authority.certificate.subject,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"leaf {serial}")]),
        public_key=LEAF_KEY.public_key(),
        serial_number=serial,
        not_valid_before=NOW - timedelta(hours=1),
        not_valid_after=not_after,
    )
    if is_ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(authority.key, SHA256())


def with_serial(authority: Authority, octets: bytes, template: x509.Certificate | None = None) -> bytes:
    """The DER of a certificate whose serial has exactly these octets, be they allowed or not; else as the template."""
    tbs = (template or certificate(authority, 1)).tbs_certificate_bytes
    fields = [(tag, tbs[begin:end]) for tag, begin, _, end in der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))]
    changed = der.sequence(*(der.tlv(tag, octets) if tag == der.INTEGER else field for tag, field in fields))
    assert isinstance(authority.key, ec.EllipticCurvePrivateKey)
    signature = authority.key.sign(changed, ec.ECDSA(SHA256()))
    algorithm = next(field for tag, field in fields if tag == der.SEQUENCE)
    return der.sequence(changed, algorithm, der.tlv(der.BIT_STRING, b"\0", signature))


def crl(
    authority: Authority,
    entries: list[x509.RevokedCertificate],
    number: int | None = 7,
    *extensions: tuple[x509.ExtensionType, bool],
) -> x509.CertificateRevocationList:
    """A CRL that the authority signed, with a number unless that is None."""
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=authority.certificate.subject, last_update=NOW, next_update=NOW + timedelta(days=1)
    )
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, SHA256())


def revoked(
    serial: int, *extensions: x509.ExtensionType, at: datetime = NOW, critical: bool = False
) -> x509.RevokedCertificate:
    """An entry of a CRL."""
    builder = x509.RevokedCertificateBuilder(serial_number=serial, revocation_date=at)
    for value in extensions:
        builder = builder.add_extension(value, critical)
    return builder.build()


def write_pem(path: Path, *objects: x509.Certificate | x509.CertificateRevocationList) -> Path:
    """The objects as PEM, one after the other, in a file whose folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(thing.public_bytes(Encoding.PEM) for thing in objects))
    return path


def line(
    serial: str = "0A",
    *,
    status: str = "V",
    expiry: str = "270301120000Z",
    revocation: str = "",
    file: str = "unknown",
    subject: str = "/CN=somebody",
) -> str:
    """A line of an index.txt, without its end; the default expiry is that of `certificate`."""
    return "\t".join((status, expiry, revocation, serial, file, subject))
