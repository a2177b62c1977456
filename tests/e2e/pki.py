"""An Easy-RSA PKI of any size: its CA and a few certificates by the real program, the rest issued into the same layout.

Easy-RSA starts openssl several times for each certificate, which for ten thousand takes more than an hour. What the
rest looks like (names of files, lines of the index, subjects, the form of serials) is what the program made of the
first ones; in the end it makes a CRL of all of it, so the folder is one that Easy-RSA goes on with.
"""

import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

PASSPHRASE: Final = "correct horse battery staple"
_SERIAL_BITS: Final = 128
_DAYS: Final = 825


@dataclass(frozen=True)
class PKI:
    """The folder and what is in it.

    Attributes:
        folder: the one with index.txt.
        files: the PEM file of each certificate, by serial.
        by_easyrsa: how many of them the program itself issued.
    """

    folder: Path
    issuer: x509.Certificate
    files: dict[int, Path]
    by_easyrsa: int

    @property
    def ca_certificate(self) -> Path:
        """PEM."""
        return self.folder / "ca.crt"

    @property
    def ca_key(self) -> Path:
        """PKCS #8, encrypted with PASSPHRASE."""
        return self.folder / "private/ca.key"


def make(directory: Path, certificates: int, by_easyrsa: int) -> PKI:
    """A PKI of so many certificates, all of them good, the first few by Easy-RSA."""
    folder = directory / "pki"
    (directory / "ca.passphrase").write_text(PASSPHRASE + "\n")
    (directory / "new.passphrase").write_text(PASSPHRASE + "\n")  # of one file openssl would take two lines
    _easyrsa(directory, "init-pki")
    _easyrsa(directory, "--req-cn=Example CA", "build-ca")
    for number in range(by_easyrsa):
        _easyrsa(directory, f"--days={_DAYS}", "build-client-full", f"client-{number:05}", "nopass")
    issuer = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    _fill(folder, issuer, range(by_easyrsa, certificates))
    _easyrsa(directory, "gen-crl")
    files = {int(file.stem, 16): file for file in (folder / "certs_by_serial").iterdir()}
    assert len(files) == certificates
    return PKI(folder, issuer, files, by_easyrsa)


def _easyrsa(directory: Path, *arguments: str) -> None:
    settings = {
        "EASYRSA_BATCH": "1",
        "EASYRSA_PKI": str(directory / "pki"),
        "EASYRSA_ALGO": "ec",
        "EASYRSA_CURVE": "prime256v1",
        "EASYRSA_PASSIN": f"file:{directory / 'ca.passphrase'}",
        "EASYRSA_PASSOUT": f"file:{directory / 'new.passphrase'}",
    }
    done = subprocess.run(
        ["easyrsa", *arguments],
        cwd=directory,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"easyrsa {arguments}: {done.stdout}{done.stderr}"


def _fill(folder: Path, issuer: x509.Certificate, numbers: range) -> None:
    """Issue the others, and write what Easy-RSA keeps of each."""
    key = load_pem_private_key((folder / "private/ca.key").read_bytes(), PASSPHRASE.encode())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    with (folder / "index.txt").open("a") as index:
        for name, certificate in _issued(issuer, key, numbers):
            serial = f"{certificate.serial_number:X}"
            pem = certificate.public_bytes(Encoding.PEM)
            (folder / f"certs_by_serial/{serial}.pem").write_bytes(pem)
            (folder / f"issued/{name}.crt").write_bytes(pem)
            index.write(f"V\t{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}\t\t{serial}\tunknown\t/CN={name}\n")


def _issued(
    issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey, numbers: range
) -> Iterator[tuple[str, x509.Certificate]]:
    """All for one key: nobody here makes a connection with them."""
    subject_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    now = datetime.now(UTC).replace(microsecond=0)
    for number in numbers:
        name = f"client-{number:05}"
        yield (
            name,
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer.subject)
            .public_key(subject_key)
            .serial_number(secrets.randbits(_SERIAL_BITS - 2) | 1 << (_SERIAL_BITS - 2))
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
            .add_extension(authority, critical=False)
            .sign(key, SHA256()),
        )
