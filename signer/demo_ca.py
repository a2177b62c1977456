"""One CA of the demonstration PKI: it makes its key, issues certificates, and lays all of it out as Easy-RSA 3 does."""

import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from revocation import der, serials
from revocation.issuer import Issuer
from signer import demo_template
from signer.demo_template import Extension, Validity

_FOLDERS = ("private", "issued", "certs_by_serial", "revoked/certs_by_serial")


class DemoCA:
    """A CA in a folder of its own, which it makes.

    Attributes:
        folder: the folder, in the layout of Easy-RSA.
        certificate: the CA's own certificate.
    """

    def __init__(self, folder: Path, url: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.folder = folder
        self.certificate = certificate
        self._url = url
        self._key = key
        self._issuer = Issuer.of(folder.name, [certificate])
        self._issued: dict[str, x509.Certificate] = {}
        self._lines: dict[str, str] = {}
        self._make_folder()

    @classmethod
    def root(cls, folder: Path, name: str, url: str, validity: Validity) -> Self:
        """A self-signed CA whose status information will be served below `url`."""
        key, subject = _new_key(), demo_template.subject(name)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        extensions = [*demo_template.ca(None), (own, False)]
        unsigned = demo_template.builder(subject, key.public_key(), subject, validity, extensions)
        return cls(folder, url, key, unsigned.sign(key, SHA256()))

    def issue_ca(self, folder: Path, name: str, validity: Validity) -> "DemoCA":
        """A CA below this one, which issues end-entity certificates only."""
        key = _new_key()
        certificate = self._issue(folder.name, demo_template.subject(name), key, validity, demo_template.ca(0))
        return DemoCA(folder, self._url, key, certificate)

    def issue(self, name: str, validity: Validity, extensions: Sequence[Extension]) -> None:
        """An end-entity certificate, with its key in private/ as Easy-RSA leaves it."""
        key = _new_key()
        self._issue(name, demo_template.subject(name), key, validity, extensions)
        _write_private(self.folder / "private" / f"{name}.key", _pem(key, NoEncryption()))

    def revoke(self, name: str, moment: datetime, reason: str) -> None:
        """Revoke as `easyrsa revoke` does: a new line in the index, and the files move."""
        certificate = self._issued[name]
        self._lines[name] = _line(certificate, f"{_time(moment)},{reason}")
        serial = _serial(certificate)
        revoked = self.folder / "revoked" / "certs_by_serial" / f"{serial}.crt"
        (self.folder / "issued" / f"{name}.crt").rename(revoked)
        (self.folder / "certs_by_serial" / f"{serial}.pem").unlink()
        self._write_index()

    def _issue(
        self,
        name: str,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        validity: Validity,
        extensions: Sequence[Extension],
    ) -> x509.Certificate:
        pointers = demo_template.issued_by(self._issuer, self._url)
        issuer = self.certificate.subject
        unsigned = demo_template.builder(subject, key.public_key(), issuer, validity, [*extensions, *pointers])
        certificate = unsigned.sign(self._key, SHA256())
        pem = certificate.public_bytes(Encoding.PEM)
        (self.folder / "issued" / f"{name}.crt").write_bytes(pem)
        (self.folder / "certs_by_serial" / f"{_serial(certificate)}.pem").write_bytes(pem)
        self._issued[name] = certificate
        self._lines[name] = _line(certificate, "")
        self._write_index()
        return certificate

    def _make_folder(self) -> None:
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True)
        private = self.folder / "private"
        private.chmod(0o700)
        passphrase = secrets.token_urlsafe(24).encode()
        _write_private(private / "ca.passphrase", passphrase + b"\n")
        _write_private(private / "ca.key", _pem(self._key, BestAvailableEncryption(passphrase)))
        (self.folder / "ca.crt").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        (self.folder / "serial").write_text(f"{x509.random_serial_number():040X}\n")
        self._write_index()

    def _write_index(self) -> None:
        (self.folder / "index.txt").write_text("".join(self._lines.values()))


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _line(certificate: x509.Certificate, revocation: str) -> str:
    subject = "".join(f"/{rdn.rfc4514_string()}" for rdn in certificate.subject.rdns)
    fields = ("R" if revocation else "V", _time(certificate.not_valid_after_utc), revocation, _serial(certificate))
    return "\t".join((*fields, "unknown", subject)) + "\n"


def _serial(certificate: x509.Certificate) -> str:
    return serials.to_hex(serials.from_int(certificate.serial_number))


def _time(moment: datetime) -> str:
    """UTCTime or GeneralizedTime as text, as a certificate has it and so the index."""
    encoded = der.time(moment)
    _, start, end = der.read(encoded)
    return encoded[start:end].decode()


def _pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _write_private(path: Path, data: bytes) -> None:
    """A new file that only its owner can read, from its first moment on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
