"""Two PKIs made with the real programs (see README.md), and what is true of each, read without Revocast's importers."""

import re
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

_HERE = Path(__file__).parent
_WORDS = {"": None, "keyTime": "keyCompromise", "CAkeyTime": "CACompromise", "holdInstruction": "certificateHold"}


@dataclass(frozen=True)
class Truth:
    """One line of an index.

    Attributes:
        status: V, R or E, as it stands there.
        not_after: the expiry.
        revoked_at: None unless revoked.
        reason: in the spelling of openssl; None where the line has none.
        invalidity_date: the time of compromise, where the line has one.
    """

    status: str
    not_after: datetime
    revoked_at: datetime | None = None
    reason: str | None = None
    invalidity_date: datetime | None = None


@dataclass(frozen=True)
class RealPKI:
    """A PKI that was unpacked.

    Attributes:
        folder: the one with index.txt in it.
        ca_certificate: PEM.
        ca_key: PKCS #8, PEM.
        passphrase: the file with the passphrase of the key; None where the key is not encrypted.
        truth: what the index says, by serial.
        certificates: the file of each certificate, by serial.
        crl_number: the highest number that the PKI has used.
    """

    folder: Path
    ca_certificate: Path
    ca_key: Path
    passphrase: Path | None
    truth: dict[int, Truth]
    certificates: dict[int, Path]
    crl_number: int | None


def easyrsa(directory: Path) -> RealPKI:
    """The PKI of make_easyrsa.sh, unpacked into `directory`."""
    _unpack("easyrsa", directory)
    pki = directory / "pki"
    places = ("certs_by_serial", "issued", "revoked", "renewed")
    files = [file for place in places for file in (pki / place).rglob("*") if file.is_file()]
    passphrase = directory / "ca.passphrase"
    return RealPKI(pki, pki / "ca.crt", pki / "private/ca.key", passphrase, _truth(pki), _by_serial(files), None)


def openssl_ca(directory: Path) -> RealPKI:
    """The PKI of make_openssl_ca.sh, unpacked into `directory`."""
    _unpack("openssl-ca", directory)
    ca = directory / "ca"
    files = list((ca / "newcerts").iterdir())
    return RealPKI(ca, ca / "cacert.pem", ca / "private/cakey.pem", None, _truth(ca), _by_serial(files), 0x1001)


MAKERS = {"easyrsa": easyrsa, "openssl-ca": openssl_ca}
"""Each by the kind of source that it is."""


def _unpack(name: str, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(_HERE / f"{name}.tar.xz") as archive:
        if hasattr(tarfile, "data_filter"):  # not yet in Python 3.11.2, which Debian 12 has
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(directory)  # noqa: S202 - our own test data


def _truth(folder: Path) -> dict[int, Truth]:
    found = {}
    for line in (folder / "index.txt").read_text().splitlines():
        status, expiry, revocation, serial, *_ = line.split("\t")
        revoked_at, word, rest = [*revocation.split(","), "", ""][:3]
        found[int(serial, 16)] = Truth(
            status,
            _time(expiry),
            _time(revoked_at) if revoked_at else None,
            _WORDS.get(word, word),
            _time(rest) if re.fullmatch(r"\d{14}Z", rest) else None,
        )
    return found


def _time(text: str) -> datetime:
    form = "%y%m%d%H%M%SZ" if len(text) == 13 else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _by_serial(files: list[Path]) -> dict[int, Path]:
    return {x509.load_pem_x509_certificate(file.read_bytes()).serial_number: file for file in files}
