"""A folder of certificates, PEM or DER: they exist and are not revoked, which is all that it can say."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from revocation import serials
from revocation.errors import InputError
from revocation.issuer import Issuer
from signer.importers.certificate import SUFFIXES, issued_by, load
from signer.importers.entry import ImportEntry, ImportSource

_NAMED = 5


def read(path: Path, issuer: Issuer) -> ImportSource:
    """The certificates of the files in the folder, one level deep, or those of a single file.

    A file with one of `SUFFIXES` must hold readable certificates of this issuer and nothing else; the description
    says which files have another name and are ignored. The same certificate in two files counts once.

    Raises:
        InputError: no such folder, or nothing in it that could be a certificate; while iterating, what a file holds.
    """
    files, ignored = _files(path)
    if not files:
        raise InputError(
            "holds no certificates", where=str(path), advice="they are looked for as " + ", ".join(sorted(SUFFIXES))
        )
    return ImportSource(
        description=f"certificates at {path}" + _mention(ignored),
        entries=_entries(files, issuer),
        expected=len(files),
    )


def _files(path: Path) -> tuple[list[Path], list[str]]:
    try:
        found = sorted(path.iterdir()) if path.is_dir() else [path]
        taken = [file for file in found if file == path or (file.is_file() and file.suffix.lower() in SUFFIXES)]
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", where=str(error.filename or path), advice="see to the rights there"
        ) from error
    return taken, [file.name for file in found if file not in set(taken)]


def _mention(ignored: list[str]) -> str:
    if not ignored:
        return ""
    more = f" and {len(ignored) - _NAMED} more" if len(ignored) > _NAMED else ""
    return f" (ignored: {', '.join(ignored[:_NAMED])}{more})"


def _entries(files: list[Path], issuer: Issuer) -> Iterator[ImportEntry]:
    seen: dict[bytes, tuple[bytes, str]] = {}
    for file in files:
        for certificate in load(file):
            issued = issued_by(certificate, issuer, str(file))
            digest = hashlib.sha256(issued.der).digest()
            if issued.serial not in seen:
                seen[issued.serial] = digest, issued.place
                yield ImportEntry(issued.serial, issued.not_after, issued.is_ca, None, issued.der, issued.place)
                continue
            twin, place = seen[issued.serial]
            if twin != digest:
                raise InputError(
                    f"two certificates have the serial {serials.to_hex(issued.serial)}", where=f"{place}, {file}"
                )
