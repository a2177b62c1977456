"""Signing many responses in processes of their own: threads would wait for each other's interpreter.

A process gets the recipe of a slice, the file of its responder's key and some certificates, and makes their responses.
Where no answer comes, because it was killed or the file is gone, they are made here.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from revocation import der
from revocation.certid import CertIDHash
from revocation.clock import epoch, from_epoch
from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from revocation.processes import Processes, serve
from signer.batch import Batch, Recipe
from signer.encoding.ocsp import ResponseTemplate
from signer.keys import SigningKey
from signer.keys.responder_keys import ResponderKeys

if TYPE_CHECKING:
    from signer.ledger.facts import Status

WORTH: Final = 4096
"""Certificates after which processes are started: with P-256, more time than starting them takes."""

_NEVER: Final = -(1 << 62)
"""What stands in place of the second in which a certificate was revoked."""


class Signing:
    """The processes of a look: started once it is about many certificates, and ended with it."""

    def __init__(self) -> None:
        self._processes: Processes | None = None
        self._certificates = 0

    @contextmanager
    def of_a_look(self) -> Iterator[None]:
        """The block in which they may be started."""
        with Processes("signer.signing", "signing", spare=1) as processes:
            self._processes, self._certificates = processes, 0
            try:
                yield
            finally:
                self._processes = None

    def kill(self) -> None:
        """End those that run, and start none in this look any more. Any thread may."""
        if processes := self._processes:
            processes.kill()

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return self._processes.pids if self._processes else []

    def batch(self, recipe: Recipe, key: SigningKey, file: Path | None, statuses: "Sequence[Status]") -> Batch:
        """The responses for some certificates. Any thread may ask.

        Args:
            file: where the key lies, if processes may load it.

        Raises:
            KeyUnavailable: the key cannot be used.
        """
        return (file and self._made_elsewhere(recipe, file, statuses)) or recipe.make(key, statuses)

    def _made_elsewhere(self, recipe: Recipe, file: Path, statuses: "Sequence[Status]") -> Batch | None:
        if not (processes := self._processes):
            return None
        self._certificates += len(statuses)
        if self._certificates >= WORTH:
            processes.start()
        answer = processes.ask(_question(recipe, file, statuses))
        return _read_batch(answer) if answer else None


def _question(recipe: Recipe, file: Path, statuses: "Sequence[Status]") -> bytes:
    serials, revoked_at, reasons = zip(*statuses, strict=True)
    return _join(
        _header(recipe, file),
        array("q", [_NEVER if at is None else at for at in revoked_at]).tobytes(),
        bytes(reasons),
        array("H", map(len, serials)).tobytes(),
        b"".join(serials),
    )


def _statuses(revoked_at: bytes, reasons: bytes, sizes: bytes, serials: bytes) -> "Iterator[Status]":
    begin = 0
    for at, reason, size in zip(array("q", revoked_at), reasons, array("H", sizes), strict=True):
        yield serials[begin : begin + size], None if at == _NEVER else at, reason
        begin += size


@lru_cache(maxsize=8)
def _header(recipe: Recipe, file: Path) -> bytes:
    one = recipe.template
    return json.dumps(
        {
            "file": str(file),
            "subject": one.issuer.subject.hex(),
            "public_key_info": one.issuer.public_key_info.hex(),
            "forms": [[hash_.value for hash_ in hashes] for hashes in recipe.forms],
            "responder_key": one.responder_key.hex(),
            "responder_certificate": one.responder_certificate.hex() if one.responder_certificate else None,
            "algorithm_identifier": one.algorithm_identifier.hex(),
            "this_update": epoch(one.this_update),
            "next_update": epoch(one.next_update),
            "archive_cutoff": epoch(one.archive_cutoff) if one.archive_cutoff else None,
        }
    ).encode()


@lru_cache(maxsize=8)
def _read_header(header: bytes) -> tuple[SigningKey, Recipe]:
    said: dict[str, Any] = json.loads(header)
    file, certificate, cutoff = Path(said["file"]), said["responder_certificate"], said["archive_cutoff"]
    template = ResponseTemplate(
        Issuer("", bytes.fromhex(said["subject"]), bytes.fromhex(said["public_key_info"]), ()),
        (),
        bytes.fromhex(said["responder_key"]),
        bytes.fromhex(certificate) if certificate else None,
        bytes.fromhex(said["algorithm_identifier"]),
        from_epoch(said["this_update"]),
        from_epoch(said["next_update"]),
        None if cutoff is None else from_epoch(cutoff),
    )
    forms = tuple(tuple(map(CertIDHash, hashes)) for hashes in said["forms"])
    return ResponderKeys(file.parent).load(file.name), Recipe(forms, template)


def _answer(question: bytes) -> bytes:
    """A batch; nothing where the key cannot be used, or another lies in its file."""
    header, *statuses = _split(question)
    try:
        key, recipe = _read_header(header)
        if der.public_key_octets(key.public_key_info) != recipe.template.responder_key:
            return b""
        tbs, responses, sample, number = recipe.make(key, list(_statuses(*statuses)))
    except KeyUnavailable:
        return b""
    return _join(tbs, responses, sample, number.to_bytes(4, "big"))


def _read_batch(answer: bytes) -> Batch:
    tbs, responses, sample, number = _split(answer)
    return Batch(tbs, responses, sample, int.from_bytes(number, "big"))


def _join(*pieces: bytes) -> bytes:
    """Pieces behind each other, with their sizes before; both sides are one machine."""
    sizes = array("I", map(len, pieces)).tobytes()
    return b"".join((bytes((len(pieces),)), sizes, *pieces))


def _split(octets: bytes) -> list[bytes]:
    sizes, begin = array("I"), 1 + 4 * octets[0]
    sizes.frombytes(octets[1:begin])
    pieces = []
    for size in sizes:
        pieces.append(octets[begin : begin + size])
        begin += size
    return pieces


if __name__ == "__main__":
    serve(_answer)
