"""Which importer reads what: by name, or by looking at what is there."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509

from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.pkifolder import INDEX, kind_of, require_index
from signer.importers import certificates, crl, csv_table, easyrsa, openssl_ca
from signer.importers.certificate import SUFFIXES, any_serial
from signer.importers.entry import ImportSource

Reader = Callable[[Path, Issuer], ImportSource]

READERS: Final[dict[str, Reader]] = {
    "easyrsa": easyrsa.read,
    "openssl-ca": openssl_ca.read,
    "csv": csv_table.read,
    "certificates": certificates.read,
    "crl": crl.read,
}
"""Every kind of source by the name that an operator gives it."""

KINDS: Final[dict[str, str]] = {
    "easyrsa": "the pki/ folder of Easy-RSA 3",
    "openssl-ca": "the folder of `openssl ca`, with index.txt in it",
    "csv": "a CSV with the header serial,not_after,status,revoked_at,reason",
    "certificates": "a folder of certificates, PEM or DER",
    "crl": "a CRL, PEM or DER",
}
"""What each kind is, for help and messages."""

_HEAD = 4096


def read_source(path: Path, issuer: Issuer, kind: str | None = None) -> ImportSource:
    """The source at `path`, as `kind` if one is given; its description says what it was taken for.

    Raises:
        InputError: no such kind, nothing there, or it looks like none of them; else as its reader does.
    """
    chosen = kind or detect(path)
    if chosen not in READERS:
        raise InputError(f"no importer is called {kind!r}", advice=_list())
    folder = path.parent if path.name == INDEX and chosen in ("easyrsa", "openssl-ca") else path
    return READERS[chosen](folder, issuer)


def detect(path: Path) -> str:
    """The kind of what lies at `path`.

    Raises:
        InputError: nothing there, or it looks like none of the kinds; all of them are listed.
    """
    try:
        found = _folder_kind(path) if path.is_dir() else _file_kind(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if found is None:
        raise InputError("is none of the kinds that can be imported", where=str(path), advice=_list())
    return found


def _folder_kind(path: Path) -> str | None:
    if kind := kind_of(path):
        return kind.value
    require_index(path)
    if any(file.suffix.lower() in SUFFIXES for file in path.iterdir()):
        return "certificates"
    return None


def _file_kind(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if path.name == INDEX and (kind := kind_of(path.parent)):
        return kind.value
    if crl.PEM_LABEL in head:
        return "crl"
    if b"-----BEGIN CERTIFICATE-----" in head:
        return "certificates"
    if head[:1] == b"\x30":
        return _der_kind(path.read_bytes())
    first = head.partition(b"\n")[0].lower()
    return "csv" if b"," in first and b"serial" in first else None


def _der_kind(data: bytes) -> str | None:
    kinds = {"crl": x509.load_der_x509_crl, "certificates": x509.load_der_x509_certificate}
    for kind, parse in kinds.items():
        try:
            with any_serial():
                parse(data)
        except (ValueError, x509.InvalidVersion):
            continue
        return kind
    return None


def _list() -> str:
    return "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
