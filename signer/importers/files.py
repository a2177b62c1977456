"""The certificate files of a folder: all of them, or an error. One that cannot be looked into is not an empty one."""

import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NoReturn

from revocation.errors import InputError
from signer.importers.certificate import SUFFIXES


def certificate_files(folder: Path, *, below: bool, besides: Container[str] = ()) -> Iterator[Path]:
    """The files in `folder` that are named as certificates; none where there is no such folder.

    Args:
        below: those in folders below it too.
        besides: the names of folders below it that hold none, and that need not be open to us.

    Raises:
        InputError: a folder, or what lies in it, cannot be looked at.
    """
    try:
        if not folder.is_dir():
            return
        for place, folders, names in os.walk(folder, onerror=_raise):
            yield from (file for name in names if _is_certificate(file := Path(place, name)))
            folders[:] = [name for name in folders if below and name not in besides]
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}",
            where=str(error.filename or folder),
            advice="run this as the user who owns it: every certificate there counts",
        ) from error


def _is_certificate(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and file.is_file()


def _raise(error: OSError) -> NoReturn:
    raise error
