"""Signing many OCSP responses: side by side, and into a file, so that a slice of any size takes little memory.

Threads encode and wait for the key, which has many signed in processes of their own (`signer.keys.signing`).
"""

import hashlib
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, Final

from revocation.abreast import abreast
from revocation.clock import from_epoch
from revocation.status import Reason, Revocation
from signer import selfcheck
from signer.encoding.ocsp import GOOD, ResponseTemplate, encode_status
from signer.keys import SigningKey
from signer.ledger.facts import Status
from signer.produce import File

BLOCK: Final = 2048
"""Certificates that are read in one go, while those before are signed: few enough for that to have work to go on with,
and a row at a time beside threads costs four times as much, since a database lets go of the interpreter at each."""

_BATCH: Final = 128
"""Certificates that a thread takes at a time: some milliseconds of signing."""

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
    key: SigningKey,
    templates: Sequence[ResponseTemplate],
    blocks: Iterable[Sequence[Status]],
    path: str,
    out: BinaryIO,
    between: Callable[[], None],
) -> SignedResponses:
    """A response from each template for each certificate, written to `out`; one of each file is verified.

    Args:
        path: of the files in the bundle, with a place for their number.
        between: called after each batch, some milliseconds of signing.

    Raises:
        KeyUnavailable: the key cannot be used.
        SelfCheckFailed: a response is not what it should be.
        OSError: there is no room.
    """
    tbs, files, count = hashlib.sha256(), list[File](), 0
    chunk = _Chunk(out, 0)
    with closing(_signed(key, templates, blocks)) as signed:
        for tbs_octets, responses in signed:
            tbs.update(tbs_octets)
            chunk.add(responses)
            count += len(responses)
            between()
            if chunk.count >= _CHUNK or chunk.size >= _LARGEST:
                files.append(chunk.close(path.format(len(files)), key))
                chunk = _Chunk(out, chunk.end)
    if chunk.count:
        files.append(chunk.close(path.format(len(files)), key))
    out.flush()
    return SignedResponses(files, count, tbs.hexdigest())


def _signed(
    key: SigningKey, templates: Sequence[ResponseTemplate], blocks: Iterable[Sequence[Status]]
) -> Generator[tuple[bytes, list[bytes]], None, None]:
    """The octets that were signed and the responses, of each batch."""
    assemble = templates[0].assemble  # what differs between templates is in what is signed

    def sign(batch: Sequence[Status]) -> tuple[bytes, list[bytes]]:
        tbs = [
            template.encode_tbs(serial, GOOD if revoked_at is None else _status(revoked_at, reason))
            for serial, revoked_at, reason in batch
            for template in templates
        ]
        signatures = key.sign_many(tbs)
        return b"".join(tbs), list(map(assemble, tbs, signatures))

    batches = (block[start : start + _BATCH] for block in blocks for start in range(0, len(block), _BATCH))
    yield from abreast(sign, batches, each=2)


@lru_cache(maxsize=4096)
def _status(revoked_at: int, reason: int) -> bytes:
    return encode_status(Revocation(from_epoch(revoked_at), Reason(reason)))


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

    def add(self, responses: Sequence[bytes]) -> None:
        """Write responses behind the others."""
        octets = b"".join(responses)
        self.out.write(octets)
        self.sha256.update(octets)
        self.size += len(octets)
        self.count += len(responses)
        if random.randrange(self.count) < len(responses):  # noqa: S311 - a sample, no secret
            self.sample = random.choice(responses)  # noqa: S311 - as above

    def close(self, path: str, key: SigningKey) -> File:
        """The finished file, if its sample verifies."""
        selfcheck.check_response(self.sample, key.public_key_info)
        return File(path, self.out, self.begin, self.size, self.sha256.hexdigest(), self.count)
