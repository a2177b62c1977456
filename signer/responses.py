"""Signing many OCSP responses: side by side, and into a file, so that a slice of any size takes little memory."""

import hashlib
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from revocation.abreast import abreast
from signer import selfcheck
from signer.batch import Batch
from signer.ledger.facts import Status
from signer.produce import File

BLOCK: Final = 1024
"""Certificates that are read in one go, while those before are signed: few enough for these to have work meanwhile, and
a row at a time beside threads costs four times as much, since a database lets go of the interpreter at each."""

_BATCH: Final = 128
"""Certificates that are signed at a time: some milliseconds."""

_CHUNK: Final = 8192
"""Responses per file of a bundle, give or take a batch: some megabytes."""

_LARGEST: Final = 32 << 20
"""Octets of such a file, give or take a batch, where signatures and certificates are large: half of what is taken."""


@dataclass(frozen=True)
class SignedResponses:
    """What was signed.

    Attributes:
        files: of the bundle, all in one file.
        tbs_sha256: of all ResponseDatas behind each other, in the order of the bundle.
    """

    files: Sequence[File]
    count: int
    tbs_sha256: str


def sign_responses(
    make: Callable[[Sequence[Status]], Batch],
    blocks: Iterable[Sequence[Status]],
    public_key_info: bytes,
    path: str,
    out: BinaryIO,
    between: Callable[[], None],
) -> SignedResponses:
    """The responses of each certificate, written to `out`; one of each file is verified.

    Args:
        make: makes them, for some certificates, in whichever thread.
        public_key_info: of the key that signs them.
        path: of the files in the bundle, with a place for their number.
        between: called after each batch, some milliseconds of signing, and each second where that takes longer.

    Raises:
        KeyUnavailable: the key cannot be used.
        SelfCheckFailed: a response is not what it should be.
        OSError: there is no room.
    """
    tbs, files, count = hashlib.sha256(), list[File](), 0
    chunk = _Chunk(out, 0)
    with closing(_batches(make, blocks, between)) as batches:
        for batch in batches:
            tbs.update(batch.tbs)
            chunk.add(batch)
            count += batch.number
            between()
            if chunk.count >= _CHUNK or chunk.size >= _LARGEST:
                files.append(chunk.close(path.format(len(files)), public_key_info))
                chunk = _Chunk(out, chunk.end)
    if chunk.count:
        files.append(chunk.close(path.format(len(files)), public_key_info))
    out.flush()
    return SignedResponses(files, count, tbs.hexdigest())


def _batches(
    make: Callable[[Sequence[Status]], Batch], blocks: Iterable[Sequence[Status]], between: Callable[[], None]
) -> Generator[Batch, None, None]:
    """More threads than cores, since they wait for the processes that sign."""
    some = (block[start : start + _BATCH] for block in blocks for start in range(0, len(block), _BATCH))
    yield from abreast(make, some, each=2, waiting=between)


@dataclass
class _Chunk:
    """A file of the bundle while it is written, from `begin` on; `sample` is one of its responses, by chance."""

    out: BinaryIO
    begin: int
    size: int = 0
    count: int = 0
    sample: bytes = b""
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.begin + self.size

    def add(self, batch: Batch) -> None:
        """Write responses behind the others."""
        self.out.write(batch.responses)
        self.sha256.update(batch.responses)
        self.size += len(batch.responses)
        self.count += batch.number
        if random.randrange(self.count) < batch.number:  # noqa: S311 - a sample, no secret
            self.sample = batch.sample

    def close(self, path: str, public_key_info: bytes) -> File:
        """The finished file, if its sample verifies."""
        selfcheck.check_response(self.sample, public_key_info)
        return File(path, self.out, self.begin, self.size, self.sha256.hexdigest(), self.count)
