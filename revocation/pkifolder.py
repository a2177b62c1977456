"""What a folder made by Easy-RSA 3 or `openssl ca` holds, and where: its CA certificate, its CA key, its index.

It reads certificates and the first line of a key file, and never loads a key: whoever holds no keys may use it.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from revocation.errors import InputError

INDEX = "index.txt"

# The names that Easy-RSA, CA.pl, openssl.cnf and the usual guides give these files, the most common first.
_CERTIFICATES = ("ca.crt", "cacert.pem", "ca.pem", "ca.cert.pem", "certs/ca.crt", "certs/ca.cert.pem", "certs/ca.pem")
_INTERMEDIATES = ("intermediate.cert.pem", "certs/intermediate.cert.pem")
_KEYS = ("private/ca.key", "private/cakey.pem", "private/ca.key.pem", "private/ca.pem", "ca.key", "cakey.pem")
_INTERMEDIATE_KEYS = ("private/intermediate.key.pem", "private/intermediate.key")
_KEY_OF: Final = {
    "cacert.pem": "private/cakey.pem",
    "ca.cert.pem": "private/ca.key.pem",
    "intermediate.cert.pem": "private/intermediate.key.pem",
}
"""Where the key lies, by the name of the certificate; `private/ca.key` otherwise."""
_EASY_RSA_MARKS = ("issued", "certs_by_serial", "reqs", "openssl-easyrsa.cnf", "safessl-easyrsa.cnf")
_MARKS = ("newcerts", "crlnumber", "serial", "private", "certs_by_serial")
_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")
_HEAD = 4096


class PKIKind(StrEnum):
    """Which program keeps the folder; the names are those of `revocast import`."""

    EASY_RSA = "easyrsa"
    OPENSSL_CA = "openssl-ca"


@dataclass(frozen=True)
class PKIFolder:
    """One CA as a folder.

    Attributes:
        path: the folder itself, the one with `index.txt` in it.
        kind: which program keeps it.
        ca_certificate: the CA's certificate, PEM or DER.
        ca_key: the CA's private key; None where none is there now.
        key_is_encrypted: whether a passphrase is needed to use the key; False where there is none.
        usual_key: where its key lies, or would lie if it were there.
    """

    path: Path
    kind: PKIKind
    ca_certificate: Path
    ca_key: Path | None
    key_is_encrypted: bool
    usual_key: Path


def describe(folder: Path) -> PKIFolder:
    """What lies where in a PKI folder.

    Raises:
        InputError: no PKI folder, no CA certificate in it, or this user may not read it or its key.
    """
    try:
        return _describe(folder)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}",
            where=str(error.filename or folder),
            advice="run this as the user who owns the PKI",
        ) from error


def _describe(folder: Path) -> PKIFolder:
    kind = kind_of(folder)
    if kind is None:
        raise InputError("is not a PKI folder: it has no index.txt", where=str(folder), advice=_hint(folder))
    certificate = find_ca_certificate(folder)
    if certificate is None:
        raise InputError(
            "holds no CA certificate",
            where=str(folder),
            advice="looked for " + ", ".join(_CERTIFICATES + _INTERMEDIATES),
        )
    key = _first(folder, _KEYS + _INTERMEDIATE_KEYS)
    usual_key = key or folder / _KEY_OF.get(certificate.name, "private/ca.key")
    return PKIFolder(folder, kind, certificate, key, key is not None and _is_encrypted(key), usual_key)


def kind_of(folder: Path) -> PKIKind | None:
    """Which program keeps the folder; None if neither does, that is, if it has no index.txt."""
    if not (folder / INDEX).is_file():
        return None
    easy_rsa = any((folder / mark).exists() for mark in _EASY_RSA_MARKS)
    return PKIKind.EASY_RSA if easy_rsa else PKIKind.OPENSSL_CA


def require_index(folder: Path) -> None:
    """Return unless the folder is one of a CA whose index is not there: then it is no mere folder of certificates.

    Raises:
        InputError: it is.
    """
    marks = [name for name in _MARKS if (folder / name).exists()]
    if not marks or (folder / INDEX).is_file():
        return
    raise InputError(
        f"{INDEX} is no file" if (folder / INDEX).exists() else f"{INDEX} is missing",
        where=str(folder),
        advice=f"a CA keeps that folder ({', '.join(marks)}), and its index says what was revoked: put it back; "
        "--kind certificates takes the certificates alone, all as not revoked",
    )


def find_ca_certificate(folder: Path) -> Path | None:
    """The CA certificate of a PKI folder, where it has one under a usual name."""
    return _first(folder, _CERTIFICATES + _INTERMEDIATES)


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _is_encrypted(key: Path) -> bool:
    with key.open("rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _ENCRYPTED)


def _hint(folder: Path) -> str:
    if not folder.is_dir():
        return "there is no such folder"
    for name in ("pki", "demoCA"):
        if (folder / name / INDEX).is_file():
            return f"did you mean {folder / name}?"
    return "name the folder in which Easy-RSA or `openssl ca` keeps its index.txt"
