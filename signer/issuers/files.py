"""Certificates and requests as files: read, and written where nothing was."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.durable import make_folder, replace_file, sync_folder
from revocation.errors import InputError

_MODE: Final = 0o644
_LARGEST: Final = 1 << 20
_PEM: Final = b"-----BEGIN CERTIFICATE-----"


def require_new(path: Path, what: str) -> None:
    """Return if there is nothing at the path.

    Raises:
        InputError: there is.
    """
    if path.exists() or path.is_symlink():
        raise InputError(f"{what} is there already, and is not written over", where=str(path))


def write_new(path: Path, data: bytes) -> None:
    """Write a file that was not there; durable when this returns.

    Raises:
        InputError: it is there, or cannot be written.
    """
    try:
        make_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise InputError("is there already, and is not written over", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error


def append_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Put one more behind the certificates of a PEM file, at once and durably.

    Raises:
        InputError: the file is DER, or cannot be written.
    """
    try:
        present = path.read_bytes()
        if _PEM not in present:
            raise _is_der(path)
        separator = b"" if present.endswith(b"\n") else b"\n"
        data = present + separator + certificate.public_bytes(Encoding.PEM)

        def write(file: BinaryIO) -> None:
            file.write(data)

        replace_file(path, write, path.stat().st_mode & 0o777)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error


def read_small(path: Path) -> bytes:
    """What is in a file that somebody else made.

    Raises:
        InputError: it cannot be read, or is too large to be what is wanted.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(data) > _LARGEST:
        raise InputError(f"has more than {_LARGEST} octets", where=str(path))
    return data


def sha256_of(data: bytes) -> str:
    """SHA-256, hexadecimal, as `sha256sum` prints it."""
    return hashlib.sha256(data).hexdigest()


def require_room(path: Path) -> None:
    """Return if another certificate can be put behind those in a file, as far as can be told before.

    Raises:
        InputError: it is DER, or its folder cannot be written.
    """
    if _PEM not in read_small(path):
        raise _is_der(path)
    if not os.access(path.parent, os.W_OK):
        raise InputError("its folder cannot be written", where=str(path))


def _is_der(path: Path) -> InputError:
    pem = path.with_suffix(".pem")
    return InputError(
        "is DER, which holds one certificate alone",
        where=str(path),
        advice=f"make it PEM: openssl x509 -inform DER -in {path} -out {pem}, and name that in `certificates`",
    )
