"""Certificates and requests as files: where nothing was, or behind what is there."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import durable
from revocation.errors import InputError
from signer.issuers.appending import append

LARGEST: Final = 1 << 20
"""Octets of a request, or of a file of certificates."""

_MODE: Final = 0o644
_PEM: Final = b"-----BEGIN CERTIFICATE-----"


def require_new(path: Path, what: str) -> None:
    """Return if there is nothing at the path, and something can be written there.

    Raises:
        InputError: there is, or it cannot.
    """
    if path.exists() or path.is_symlink():
        raise InputError(f"{what} is there already, and is not written over", where=str(path))
    try:
        durable.make_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    require_writable(path)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that was not there; durable when this returns.

    Raises:
        InputError: it is there, or cannot be written.
    """
    try:
        durable.write_new(path, data, _MODE)
    except FileExistsError as error:
        raise InputError("is there already, and is not written over", where=str(path)) from error
    except OSError as error:
        raise _unwritable(path, error) from error


def keep(path: Path, certificate: x509.Certificate) -> None:
    """Write a certificate that was just signed.

    Raises:
        InputError: it cannot be written; it is in the message then, since it is recorded.
    """
    pem = certificate.public_bytes(Encoding.PEM)
    try:
        write_new(path, pem)
    except InputError as error:
        raise _is_recorded(error, pem) from error


def require_room(path: Path) -> None:
    """Return if another certificate can be put behind those in a file.

    Raises:
        InputError: it is DER, or its folder cannot be written.
    """
    _require_pem(path)
    require_writable(path)


def append_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Put one more behind the certificates of a PEM file, at once and durably; a link stays one.

    Raises:
        InputError: the file is DER, or cannot be written; the certificate is in the message then.
    """
    pem = certificate.public_bytes(Encoding.PEM)
    try:
        append(path, pem, lambda _: _require_pem(path))
    except OSError as error:
        raise _is_recorded(_unwritable(path, error), pem) from error


def sha256_of(data: bytes) -> str:
    """SHA-256, hexadecimal, as `sha256sum` prints it."""
    return hashlib.sha256(data).hexdigest()


def _require_pem(path: Path) -> None:
    if _PEM in path.read_bytes():
        return
    pem = path.with_suffix(".pem")
    raise InputError(
        "is DER, which holds one certificate alone",
        where=str(path),
        advice=f"make it PEM: openssl x509 -inform DER -in {path} -out {pem}, and name that in `certificates`",
    )


def require_writable(path: Path) -> None:
    """Return if a file can be put there: said before anything is signed, for what is signed and lost stays valid.

    Raises:
        InputError: it cannot.
    """
    try:
        with tempfile.TemporaryFile(dir=path.resolve().parent) as file:
            file.write(bytes(os.sysconf("SC_PAGESIZE")))
            file.flush()
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot be written: {error.strerror}", where=str(path), advice="see to room and rights there")


def _is_recorded(error: InputError, pem: bytes) -> InputError:
    advice = f"it was signed and is recorded; see to room and rights there, and put it in its place:\n{pem.decode()}"
    return InputError(error.what, where=error.where, advice=advice)
