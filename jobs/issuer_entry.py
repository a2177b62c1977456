"""One issuer of a configuration, made from a PKI folder: its certificate is copied, its key is named where it is."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from revocation.config import load_certificates
from revocation.issuer import Issuer
from revocation.pkifolder import describe

PROMPT = "prompt"
"""The setting of a passphrase that is asked for on a terminal."""


@dataclass(frozen=True)
class IssuerEntry:
    """An issuer as it stands in revocast.toml.

    Attributes:
        issuer: its name and identity.
        pki: the folder from which its certificates are imported.
        key: `file:…`, where it is or usually would be.
        key_is_there: whether it is there now.
        passphrase: `file:…` or `prompt`; None for a key that is not encrypted.
    """

    issuer: Issuer
    pki: Path
    key: str
    key_is_there: bool
    passphrase: str | None

    @property
    def certificate_path(self) -> str:
        """Where the copy of its certificate lies, below the configuration's folder."""
        return f"issuers/{self.issuer.name}.pem"

    def named(self, name: str) -> "IssuerEntry":
        """The same under the name that a configuration gives it already."""
        return replace(self, issuer=replace(self.issuer, name=name))

    def copy_certificates(self, directory: Path) -> None:
        """Write the certificates below `directory`; a file that is there already stays."""
        target = directory / self.certificate_path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in self.issuer.certificates))


def entry_of(pki: Path, taken: set[str], passphrase_file: Path | None) -> IssuerEntry:
    """The entry for the CA of a PKI folder, with a name that is not among `taken`.

    Raises:
        InputError: no PKI folder, or nothing of a CA in it.
        ConfigurationError: its certificate cannot be used.
    """
    folder = describe(pki.resolve())
    certificates = _of_one_issuer(load_certificates(folder.ca_certificate))
    passphrase = None
    if folder.key_is_encrypted or not folder.ca_key:
        passphrase = f"file:{passphrase_file.resolve()}" if passphrase_file else PROMPT
    name = _free_name(_name_of(certificates[0]) or _slug(pki.resolve().parent.name) or "issuer", taken)
    return IssuerEntry(
        Issuer.of(name, certificates),
        folder.path,
        f"file:{folder.usual_key}",
        folder.ca_key is not None,
        passphrase,
    )


def _of_one_issuer(certificates: list[x509.Certificate]) -> list[x509.Certificate]:
    """The first certificate and its renewals: a file often holds the chain behind it too."""
    first = certificates[0]
    return [c for c in certificates if c.subject == first.subject and c.public_key() == first.public_key()]


def _name_of(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return _slug(str(names[0].value)) if names else ""


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-._")[:48]


def _free_name(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(candidate for candidate in candidates if candidate not in taken)
