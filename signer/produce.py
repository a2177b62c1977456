"""From a finished artifact to the exchange: manifest, bundle, and the note in the ledger that it lies there."""

import hashlib
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from revocation.artifacts import Kind
from revocation.bundle import Entry, Manifest, write_bundle
from revocation.bundle.manifest import part_of
from revocation.config import PublicConfig
from revocation.departed import Chunk, first_kept
from revocation.errors import RevocastError
from revocation.part import Part
from signer.ledger import continuity, departures, issued
from signer.ledger.issued import Issued
from signer.signer import Signer


@dataclass(frozen=True)
class File:
    """One file of a bundle: `size` octets of `content`, from `begin` on.

    Attributes:
        path: in the bundle.
        sha256: of those octets, hexadecimal.
        count: of the objects in it.
    """

    path: str
    content: BinaryIO
    begin: int
    size: int
    sha256: str
    count: int

    @classmethod
    def of(cls, path: str, data: bytes, count: int) -> "File":
        """One that is in memory."""
        return cls(path, io.BytesIO(data), 0, len(data), hashlib.sha256(data).hexdigest(), count)

    def reader(self) -> "_Reader":
        """Its octets, whatever else is read of the same content meanwhile."""
        return _Reader(self)


class _Reader:
    """See `File.reader`."""

    def __init__(self, file: File) -> None:
        self._content, self._at, self._end = file.content, file.begin, file.begin + file.size

    def read(self, size: int) -> bytes:
        self._content.seek(self._at)
        data = self._content.read(min(size, self._end - self._at))
        self._at += len(data)
        return data


def put_bundle(signer: Signer, row: Issued, files: Sequence[File], count: int) -> None:
    """Store the bundle, then mark it stored; a crash in between makes it due again, under a new number.

    Raises:
        OSError: the exchange cannot be written; nothing half-written is left in it.
    """
    manifest = _manifest(row, files)

    def write(out: BinaryIO) -> None:
        write_bundle(manifest, {file.path: file.reader() for file in files}, out)

    size = signer.exchange.put(row.name, write)
    digest = manifest.entries[0].sha256 if manifest.entries else None
    with signer.ledger.write() as connection:
        issued.mark_stored(connection, row, size=size, sha256=digest, count=count)


class ForeignBundle(RevocastError):
    """The exchange holds what this ledger did not make: it is lost, restored from a copy, or another one."""


def require_own_exchange(signer: Signer) -> None:
    """Return if no bundle in the exchange is newer than the ledger: else a CRL could forget what was revoked.

    Raises:
        Unreconciled: the ledger is a copy that was not told yet what was published since.
        ForeignBundle: there is one.
    """
    elsewhere = {profile.issuer.id for profile in signer.offline}  # those of a ceremony are numbered by its own ledger
    names = (stored.name for stored in signer.exchange.list())
    newest = max((name for name in names if name.split("-")[1] not in elsewhere), default=None)
    with signer.ledger.read() as connection:
        continuity.require_whole(connection)
        last = issued.last_sequence(connection)
        reconciled = continuity.sequence(connection)
    if newest is not None and int(newest.partition("-")[0]) > max(last, reconciled):
        raise ForeignBundle(
            f"holds {newest}, and this ledger has made {last} bundles: it is lost, an old copy, or another one",
            where="exchange",
            advice="put the right ledger back (see `ledger` in [signer]), or, where this is its newest copy, "
            "`revocast ledger reconcile` (docs/disaster.md); nothing is signed until then",
        )


def take_out_unwanted(signer: Signer, now: datetime) -> None:
    """Take out what is of no configured part: nothing that is made would ever supersede it, and publishers refuse it.

    Raises:
        OSError: the exchange cannot be written.
    """
    first_day = first_kept(now)
    parts = set(_parts(signer.public))
    for stored in signer.exchange.list():
        if not _is_wanted(stored.name, parts, signer.public, first_day):
            signer.exchange.remove(stored.name)


def prune(signer: Signer, now: datetime) -> None:
    """Take out what a newer complete bundle of the same part supersedes.

    Why entries left CRLs is kept for so many days, and then forgotten by the ledger too.
    """
    names = [entry.name for entry in signer.exchange.list()]
    with signer.ledger.read() as connection:
        complete = issued.complete_names(connection, names)
    newest = {_behind_sequence(name): name for name in names if name in complete}  # names are sorted
    for name in names:
        if name < newest.get(_behind_sequence(name), ""):
            signer.exchange.remove(name)
    with signer.ledger.write() as connection:
        for profile in signer.public.profiles.values():
            departures.prune(connection, profile.issuer, first_kept(now))


def _is_wanted(name: str, parts: Collection[Part], public: PublicConfig, first_day: date) -> bool:
    try:
        part = part_of(name)
    except ValueError:
        return False
    if part.kind is Kind.DEPARTED:
        return part.issuer in public.profiles and Chunk.parse(part.label).day >= first_day
    return part in parts


def _parts(public: PublicConfig) -> Iterator[Part]:
    for id_, profile in public.profiles.items():
        yield from (spec.part for spec in profile.crls.values())
        for number in range(profile.ocsp.slices):
            yield Part(issuer=id_, kind=Kind.OCSP, label=str(number))


def _behind_sequence(name: str) -> str:
    return name.partition("-")[2]


def _manifest(row: Issued, files: Sequence[File]) -> Manifest:
    return Manifest(
        bundle=row.name,
        part=row.part,
        base_revision=row.base_revision,
        revision=row.revision,
        this_update=row.this_update,
        next_update=row.next_update,
        crl_number=row.crl_number,
        entries=tuple(Entry(path=f.path, sha256=f.sha256, size=f.size, count=f.count) for f in files),
    )
