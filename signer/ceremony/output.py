"""The folder that a ceremony leaves: bundles as an exchange has them, and the transcript beside them; whole or not."""

import hashlib
import shutil
from pathlib import Path
from typing import BinaryIO, Final

from revocation.durable import make_folder, replace_content, replace_file, sync_folder
from revocation.errors import BundleError, InputError, Refused, RevocastError
from revocation.wire.exchange import Exchange, FolderExchange
from signer.ceremony.stick import read_file, require_folder
from signer.ceremony.transcript import JSON_NAME, LARGEST, LARGEST_BUNDLE, TEXT_NAME, SignedBundle, Transcript, parse

_MODE: Final = 0o600
"""For who held the ceremony: CRLs of a series are secret until each begins."""
_FOLDER_MODE: Final = 0o700
_PIECE: Final = 1 << 20
_LEAST: Final = 1 << 16
"""Octets that any ceremony takes: a few bundles of 10 KB at least, and the transcript."""
_COPY_AGAIN: Final = "`revocast ceremony sign` of the same request writes it again, into another folder"


def require_room(folder: Path, request: str) -> None:
    """Return if a ceremony can be put there: nothing, or an empty folder, is there, or the ceremony of that request.

    Raises:
        InputError: something else is, or nothing can be written there.
    """
    if folder.is_mount():
        raise InputError("is where a disk is mounted", where=str(folder), advice=f"name a folder in it: {folder}/NAME")
    if _is_free(folder):
        _require_writable(folder)
        return
    if not (folder / JSON_NAME).is_file() or read_output(folder).request != request:
        raise InputError("is there already, and is not of this request", where=str(folder), advice="name a new folder")


def _is_free(folder: Path) -> bool:
    """Whether nothing is there but, at most, an empty folder, whose place is taken."""
    if folder.is_symlink() or not folder.is_dir():
        return not (folder.is_symlink() or folder.exists())
    return not any(folder.iterdir())


def _require_writable(folder: Path) -> None:
    """Return if a few files can be made there: a full or protected stick is noticed before the signing."""
    try:
        part = _make_part(folder)
        try:
            _write(part / TEXT_NAME, "\0" * _LEAST)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}; nothing was signed",
            where=str(folder),
            advice="see to room and rights there, or name another place with --out",
        ) from error


def write_output(folder: Path, transcript: Transcript, exchange: Exchange) -> None:
    """Write it beside its place, durably, then rename it; where it is there already, nothing is done.

    Raises:
        Refused: a bundle is not in the exchange any more.
        RevocastError: there is no room, or no right; nothing is left there.
    """
    if not _is_free(folder):
        return
    try:
        _write_all(folder, transcript, exchange)
    except OSError as error:
        raise RevocastError(
            f"the ceremony was signed, and cannot be written there: {error.strerror}",
            where=str(folder),
            advice="see to room and rights, and give the same request again, with another --out where need be: it is "
            "written again without signing",
        ) from error


def _write_all(folder: Path, transcript: Transcript, exchange: Exchange) -> None:
    part = _make_part(folder)
    try:
        for bundle in transcript.bundles:
            _copy(exchange, bundle, part / bundle.name)
        _write(part / TEXT_NAME, transcript.text())
        _write(part / JSON_NAME, transcript.model_dump_json(indent=1) + "\n")
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(folder.parent)


def _make_part(folder: Path) -> Path:
    """An empty folder beside the place of another, in which that one is written first."""
    make_folder(folder.parent)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=_FOLDER_MODE)
    return part


def read_output(folder: Path) -> Transcript:
    """The transcript of a ceremony's folder, whose bundles are there with the digests that it says.

    Raises:
        InputError: no such folder, or it is not whole.
    """
    where = f"ceremony {folder}"
    require_folder(folder)
    try:
        transcript = parse(read_file(folder / JSON_NAME, LARGEST), where)
        for bundle in transcript.bundles:
            if digest_in(FolderExchange(folder), bundle.name) != bundle:
                raise InputError(f"{bundle.name} is damaged or half-written", where=where, advice=_COPY_AGAIN)
    except BundleError as error:
        raise InputError(f"lacks {error.where}: it {error.what}", where=where, advice=_COPY_AGAIN) from error
    except OSError as error:
        what = f"cannot be read: {error.strerror}: {error.filename}"
        raise InputError(what, where=where, advice=_COPY_AGAIN) from error
    return transcript


def digest_in(exchange: Exchange, name: str) -> SignedBundle:
    """A bundle of the exchange, with its digest."""
    digest, size = hashlib.sha256(), 0
    with exchange.open(name) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            if size > LARGEST_BUNDLE:
                raise BundleError(f"has more than {LARGEST_BUNDLE} octets", where=f"bundle {name}")
    return SignedBundle(name=name, size=size, sha256=digest.hexdigest())


def _copy(exchange: Exchange, bundle: SignedBundle, to: Path) -> None:
    digest = hashlib.sha256()

    def write(out: BinaryIO) -> None:
        with exchange.open(bundle.name) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                out.write(piece)

    replace_file(to, write, _MODE)
    if digest.hexdigest() != bundle.sha256:
        raise Refused(
            f"{bundle.name} is not what was signed",
            where=f"exchange {exchange}",
            advice="make a new request: its ceremony signs everything anew",
        )


def _write(path: Path, text: str) -> None:
    replace_content(path, text.encode(), _MODE)
