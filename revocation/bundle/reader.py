"""Reading a bundle that nobody vouches for: regular files of the manifest's names and sizes, and nothing else."""

import errno
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from pydantic import ValidationError

from revocation import der
from revocation.bundle.manifest import CRL_SUFFIX, FORMAT, MANIFEST_NAME, Entry, Manifest
from revocation.errors import BundleError, LaterFormat, Unreadable

_MOST_FILES: Final = 10_000
_LARGEST_HEADER: Final = 1 << 16
_LARGEST_MANIFEST: Final = 1 << 20
_LARGEST_CRL: Final = 1 << 30
_LARGEST_CHUNK: Final = 64 << 20
_OF_256_OCTETS: Final = b"\x30\x82"
"""How a SEQUENCE of 256 to 65,535 octets begins, as most responses do."""
_IMPOSSIBLE_PLACE: Final = frozenset({errno.EINVAL, errno.EFBIG, errno.EOVERFLOW})


class _Headers(io.RawIOBase):
    """What tarfile reads of a bundle: headers, a block or a few at a time; never what somebody claims their size is."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._source.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()


class BundleReader:
    """One opened bundle.

    Args:
        name: how it is called where it lies, which its manifest has to say too.
        by_manifest: whether it lies under any name, and is called as its manifest says.

    Raises:
        BundleError: truncated, no manifest, a link, a path that is absolute or not in the manifest, a file twice,
            or a digest that does not fit.
        LaterFormat: a later version wrote it.
        Unreadable: the machine could not read it, which says nothing of the bundle.
    """

    def __init__(self, name: str, source: BinaryIO, *, by_manifest: bool = False) -> None:
        self.name = name
        self._source, self._by_manifest = source, by_manifest
        self._members, self.manifest = self._open()
        self.name = self.manifest.bundle

    def artifacts(self) -> Iterator[tuple[Entry, bytes]]:
        """Each file with its bytes, digest checked; a CRL whole, OCSP responses a chunk at a time."""
        for entry in self.manifest.entries:
            yield entry, self.content(entry)

    def content(self, entry: Entry) -> bytes:
        """The bytes of one of its files, digest checked."""
        with self._reading():
            self._source.seek(self._members[entry.path].offset_data)
            data = self._source.read(entry.size)
        if len(data) != entry.size:
            raise self._bad("is truncated", entry.path)
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._bad("does not have the digest of the manifest", entry.path)
        return data

    def _open(self) -> tuple[dict[str, tarfile.TarInfo], Manifest]:
        try:
            with self._reading(), tarfile.open(fileobj=_Headers(self._source), mode="r:") as tar:
                members = self._members_of(tar)
            with self._reading():
                manifest = self._manifest(members)
        except (tarfile.TarError, EOFError, ValueError, RecursionError, OverflowError, MemoryError) as error:
            raise self._bad(f"is not a readable tar: {error}") from error
        expected = {entry.path: entry.size for entry in manifest.entries}
        found = {path: member.size for path, member in members.items() if path != MANIFEST_NAME}
        if len(expected) != len(manifest.entries):
            raise self._bad("lists a file twice")
        if expected != found:
            odd = sorted(expected.items() ^ found.items())[0][0]
            raise self._bad("the tar does not hold what the manifest lists", odd)
        return members, manifest

    def _members_of(self, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        for member in tar:
            if len(members) == _MOST_FILES:
                raise self._bad(f"has more than {_MOST_FILES} files")
            if not member.isreg() or member.issparse():
                raise self._bad("is not a regular file (links, folders and devices are refused)", member.name)
            if member.name in members:
                raise self._bad("stands twice in the tar", member.name)
            if member.name.startswith("/") or ".." in member.name.split("/"):
                raise self._bad("is an absolute path or leaves the bundle", member.name)
            members[member.name] = member
        return members

    def _manifest(self, members: dict[str, tarfile.TarInfo]) -> Manifest:
        member = members.get(MANIFEST_NAME)
        if member is None:
            raise self._bad("has no manifest.json")
        if member.size > _LARGEST_MANIFEST:
            raise self._bad("its manifest is too large")
        self._source.seek(member.offset_data)
        text = self._source.read(member.size)
        self._require_known_format(text)
        try:
            manifest = Manifest.model_validate_json(text)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"]) or "manifest"
            raise self._bad(f"{place}: {problem['msg']}", MANIFEST_NAME) from error
        if manifest.bundle != self.name and not self._by_manifest:
            raise self._bad(f"its manifest is that of {manifest.bundle!r}")
        for entry in manifest.entries:
            limit = _LARGEST_CRL if entry.path.endswith(CRL_SUFFIX) else _LARGEST_CHUNK
            if entry.size > limit:
                raise self._bad(f"has {entry.size} bytes, more than the {limit} that are accepted", entry.path)
        return manifest

    def _require_known_format(self, manifest: bytes) -> None:
        """What a later version writes has another format, and nothing is wrong with it."""
        said: object = None
        with suppress(ValueError, RecursionError):  # what is no JSON is told with the reason
            said = json.loads(manifest)
        found = said.get("format") if isinstance(said, dict) else None
        if isinstance(found, int) and found > FORMAT:
            raise LaterFormat(
                f"is of format {found}, and this version reads {FORMAT}",
                where=f"bundle {self.name}",
                advice="upgrade Revocast here; it is tried again at each look",
            )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A place that no file can have is the tar's fault; every other failure is the machine's."""
        try:
            yield
        except OSError as error:
            if error.errno in _IMPOSSIBLE_PLACE:
                raise self._bad(f"is not a readable tar: {error.strerror}") from error
            raise Unreadable(f"cannot be read: {error.strerror or error}", where=f"bundle {self.name}") from error

    def _bad(self, what: str, path: str | None = None) -> BundleError:
        return BundleError(what, where=f"bundle {self.name}" + (f", {path}" if path else ""))


def split_responses(chunk: bytes) -> Iterator[bytes]:
    """The DER values of a chunk of concatenated OCSP responses.

    Raises:
        DERError: the chunk is not a row of SEQUENCEs.
    """
    begin, size = 0, len(chunk)
    while begin < size:
        end = begin + 4 + int.from_bytes(chunk[begin + 2 : begin + 4], "big")
        if chunk[begin : begin + 2] != _OF_256_OCTETS or not begin + 260 <= end <= size:
            end = _end_of_response(chunk, begin)
        yield chunk[begin:end]
        begin = end


def _end_of_response(chunk: bytes, begin: int) -> int:
    tag, _, end = der.read(chunk, begin)
    if tag != der.SEQUENCE:
        raise der.DERError(f"tag 0x{tag:02x} where an OCSPResponse was expected")
    return end
