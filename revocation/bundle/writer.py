"""Writing a bundle: files that lie ready are put behind their manifest into one tar, streamed."""

import io
import tarfile
from collections.abc import Mapping
from typing import BinaryIO, Final, Protocol

from revocation.bundle.manifest import MANIFEST_NAME, Manifest
from revocation.clock import epoch

_PIECE: Final = 1 << 18
"""Octets copied at a time. tarfile takes 16 KiB, and twice as long for a large CRL: only its headers are used."""


class Readable(Protocol):
    """What the octets of a file come from."""

    def read(self, size: int, /) -> bytes:
        """The next of them, `size` at most; none at the end."""


def write_bundle(manifest: Manifest, files: Mapping[str, Readable], out: BinaryIO) -> None:
    """Write the tar of `manifest` and its `files` (by their path in the bundle, each from where it stands) to `out`.

    The same input gives the same bytes: owners, modes and times say nothing of the machine.

    Raises:
        ValueError: the files are not those of the manifest.
        OSError: reading or writing failed.
    """
    if files.keys() != {entry.path for entry in manifest.entries}:
        raise ValueError("the files given are not those of the manifest")
    text = manifest.model_dump_json(indent=1).encode() + b"\n"
    written = _add(_member(MANIFEST_NAME, len(text), manifest), io.BytesIO(text), out)
    for entry in manifest.entries:
        written += _add(_member(entry.path, entry.size, manifest), files[entry.path], out)
    end = 2 * tarfile.BLOCKSIZE
    out.write(bytes(end + -(written + end) % tarfile.RECORDSIZE))


def _member(path: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.size = size
    member.mtime = epoch(manifest.this_update)
    member.mode = 0o644
    return member


def _add(member: tarfile.TarInfo, content: Readable, out: BinaryIO) -> int:
    """Write a header and what follows it, in whole blocks; how many octets those are."""
    header, filling = member.tobuf(tarfile.PAX_FORMAT), bytes(-member.size % tarfile.BLOCKSIZE)
    out.write(header)
    left = member.size
    while left:
        piece = content.read(min(left, _PIECE))
        if not piece:
            raise OSError(f"unexpected end of data: {member.name} ends {left} octets before the size in its manifest")
        out.write(piece)
        left -= len(piece)
    out.write(filling)
    return len(header) + member.size + len(filling)
