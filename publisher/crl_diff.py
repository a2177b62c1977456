"""What changed from one CRL to the next: entries compared as the bytes that they are, in one walk over both lists.

Consecutive lists have most of their entries in the same order, so the walk meets them side by side; what it has to keep
is what one list has and the other has not, as far as it knows yet.
"""

from dataclasses import dataclass
from itertools import zip_longest

from revocation.crlbytes import entries, serial_of


@dataclass(frozen=True)
class Difference:
    """The entries, DER, that only the earlier and only the later list has."""

    gone: frozenset[bytes]
    added: frozenset[bytes]

    def missing(self) -> set[bytes]:
        """The serials (content octets) that the later list has no entry of any more."""
        return set(map(serial_of, self.gone)) - set(map(serial_of, self.added))


def difference(earlier: bytes, later: bytes) -> Difference:
    """What changed between two CRLs (DER, parsed and verified before)."""
    gone: set[bytes] = set()
    added: set[bytes] = set()
    for old, new in zip_longest(entries(earlier), entries(later)):
        if old == new:
            continue
        if old is not None:
            gone.add(old) if old not in added else added.remove(old)
        if new is not None:
            added.add(new) if new not in gone else gone.remove(new)
    return Difference(frozenset(gone), frozenset(added))
