"""What changed from one CRL to the next: entries compared as the bytes that they are, in one walk over both lists.

Consecutive lists have most of their entries in the same order, so the walk meets them side by side; what it has to keep
is what one list has and the other has not, as far as it knows yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from revocation import der

_SHORT = 0x80


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


def entries(crl: bytes) -> Iterator[bytes]:
    """Each element of revokedCertificates (RFC 5280 section 5.1.2.6) as it stands in the CRL.

    Raises:
        DERError: the CRL is not one.
    """
    start, end = _list_in(crl)
    while start < end:
        size = crl[start + 1]
        stop = start + 2 + size if size < _SHORT else der.read(crl, start)[2]
        yield crl[start:stop]
        start = stop


def serial_of(entry: bytes) -> bytes:
    """The content octets of the serial in an entry."""
    begin, end = der.expect(entry, 0, der.SEQUENCE)
    begin, end = der.expect(entry[:end], begin, der.INTEGER)
    return entry[begin:end]


def _list_in(crl: bytes) -> tuple[int, int]:
    """Where the entries begin and end; the same place twice when there are none (section 5.1: after two times)."""
    outer, _ = der.expect(crl, 0, der.SEQUENCE)
    tbs, tbs_end = der.expect(crl, outer, der.SEQUENCE)
    after_times = False
    at = tbs
    while at < tbs_end:
        tag, start, end = der.read(crl, at)
        if tag == der.SEQUENCE and after_times:
            return start, end
        after_times = tag in (der.UTC_TIME, der.GENERALIZED_TIME)
        at = end
    return tbs_end, tbs_end
