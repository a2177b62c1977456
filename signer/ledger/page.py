"""One page of CRL entries in memory."""

import hashlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from revocation.issuer import Issuer
from signer.ledger.groups import Group, columns

PAGE: Final = 1024
"""Entries of a full page: some forty kilobytes."""

_FIELDS: Final = 3


class PagesDamaged(Exception):
    """What stands in the table is not what was written there. The pages can be made again from the facts."""


def intact(data: bytes, sha256: bytes) -> bytes:
    """The data, if it has that digest.

    Raises:
        PagesDamaged: it has not.
    """
    if hashlib.sha256(data).digest() != sha256:
        raise PagesDamaged
    return data


@dataclass
class Page:
    """Entries of one group: `index` has revision, `until` and length of each, in turn.

    `until` is when the certificate has expired and its entry was recorded: what retention counts from.
    """

    id: int | None
    group: Group
    index: "array[int]"
    entries: bytearray
    changed: bool = False

    @classmethod
    def empty(cls, group: Group) -> "Page":
        """A new one."""
        return cls(None, group, array("q"), bytearray())

    @property
    def count(self) -> int:
        """How many entries it has."""
        return len(self.index) // _FIELDS

    def __contains__(self, revision: object) -> bool:
        return revision in self.index[0::_FIELDS]

    def add(self, revision: int, until: int, entry: bytes | bytearray) -> None:
        """Put an entry behind the others."""
        self.index.extend((revision, until, len(entry)))
        self.entries += entry
        self.changed = True

    def take_out(self, leaves: Callable[[int, int], bool]) -> list[tuple[int, int, bytes]]:
        """Drop the entries of which `leaves(revision, until)` is true; returns (revision, until, entry) of each."""
        rows = list(zip(*[iter(self.index)] * _FIELDS, strict=True))
        entries, gone = self.entries, []
        self.index, self.entries, end = array("q"), bytearray(), 0
        for revision, until, length in rows:
            begin, end = end, end + length
            if leaves(revision, until):
                gone.append((revision, until, bytes(entries[begin:end])))
            else:
                self.add(revision, until, entries[begin:end])
        self.changed = bool(gone)
        return gone

    def row(self, issuer: Issuer) -> dict[str, object]:
        """As it stands in the table."""
        revisions = self.index[0::_FIELDS]
        return {
            "issuer": issuer.id,
            **columns(self.group),
            "first_revision": min(revisions),
            "last_revision": max(revisions),
            "first_until": min(self.index[1::_FIELDS]),
            "count": self.count,
            "size": len(self.entries),
            "positions": (positions := self.index.tobytes()),
            "entries": (entries := bytes(self.entries)),
            "positions_sha256": hashlib.sha256(positions).digest(),
            "entries_sha256": hashlib.sha256(entries).digest(),
        }
