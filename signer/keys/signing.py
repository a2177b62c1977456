"""Signing many in processes of their own, which load a key from its file: threads wait for each other's interpreter.

A process is asked to sign some hundreds of TBS with the key of a file. Where no answer comes, because it was killed or
the file is gone, this process signs them itself.
"""

import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from revocation.errors import KeyUnavailable
from revocation.processes import Processes, serve
from signer.keys import local
from signer.keys.protocol import TBS, SigningKey

WORTH: Final = 8192
"""Signatures by which processes are started: with P-256, more time than starting takes."""

_SIZES: Final = "I"
"""How the sizes of octets that stand behind each other are told; both sides are one machine."""


class Signing:
    """What keys share that sign in processes; these are started by the many that `abroad` is about."""

    def __init__(self) -> None:
        self._processes: Processes | None = None
        self._asked = 0

    @contextmanager
    def abroad(self) -> Iterator[None]:
        """Processes may be started until the end of the block, and end with it."""
        with Processes("signer.keys.signing", "signing", spare=1) as processes:
            self._processes, self._asked = processes, 0
            try:
                yield
            finally:
                self._processes = None

    def signatures(self, file: Path, batch: Sequence[bytes]) -> list[bytes] | None:
        """Made with the key of a file; None where no process could."""
        if not (processes := self._processes):
            return None
        self._asked += len(batch)
        if self._asked >= WORTH:
            processes.start()
        answer = processes.ask(_join([bytes(file), *batch]))
        return _split(answer) if answer else None

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return self._processes.pids if self._processes else []


@dataclass(frozen=True)
class FileKey:
    """A `SigningKey` that lies in a file which needs no passphrase; it signs a batch wherever that is faster."""

    file: Path
    key: SigningKey
    signing: Signing

    @property
    def public_key_info(self) -> bytes:
        """DER of the SubjectPublicKeyInfo."""
        return self.key.public_key_info

    @property
    def algorithm_identifier(self) -> bytes:
        """DER of the signature's AlgorithmIdentifier."""
        return self.key.algorithm_identifier

    def sign(self, tbs: TBS) -> bytes:
        """One signature."""
        return self.key.sign(tbs)

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of a batch, in its order."""
        return self.signing.signatures(self.file, batch) or self.key.sign_many(batch)


def _join(pieces: Sequence[bytes]) -> bytes:
    return b"".join((len(pieces).to_bytes(4, sys.byteorder), array(_SIZES, map(len, pieces)), *pieces))


def _split(octets: bytes) -> list[bytes]:
    count = int.from_bytes(octets[:4], sys.byteorder)
    sizes = array(_SIZES)
    begin = 4 + count * sizes.itemsize
    sizes.frombytes(octets[4:begin])
    pieces = []
    for size in sizes:
        pieces.append(octets[begin : begin + size])
        begin += size
    return pieces


@cache
def _key(file: bytes) -> SigningKey:
    return local.load(Path(file.decode()), None)


def _answer(question: bytes) -> bytes:
    """The signatures; nothing where the key cannot be used."""
    file, *batch = _split(question)
    try:
        return _join(_key(file).sign_many(batch))
    except KeyUnavailable:
        return b""


if __name__ == "__main__":
    serve(_answer)
