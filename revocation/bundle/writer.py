"""Writing a bundle: files that lie ready are put behind their manifest into one tar, streamed."""

import io
import tarfile
from collections.abc import Mapping
from typing import BinaryIO, Final

from revocation.bundle.manifest import MANIFEST_NAME, Manifest
from revocation.clock import epoch

_PIECE: Final = 1 << 20


def write_bundle(manifest: Manifest, files: Mapping[str, BinaryIO], out: BinaryIO) -> None:
    """Write the tar of `manifest` and its `files` (by their path in the bundle, each from where it stands) to `out`.

    The same input gives the same bytes: owners, modes and times say nothing of the machine.

    Raises:
        ValueError: the files are not those of the manifest.
        OSError: reading or writing failed.
    """
    if files.keys() != {entry.path for entry in manifest.entries}:
        raise ValueError("the files given are not those of the manifest")
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        text = manifest.model_dump_json(indent=1).encode() + b"\n"
        tar.addfile(_member(MANIFEST_NAME, len(text), manifest), io.BytesIO(text))
        for entry in manifest.entries:
            tar.addfile(_member(entry.path, entry.size, manifest), files[entry.path])


def _member(path: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.size = size
    member.mtime = epoch(manifest.this_update)
    member.mode = 0o644
    return member
