"""CRLs as bytes (RFC 5280 section 5.1): their entries one by one, without a parser that takes time over each."""

from collections.abc import Iterable, Iterator
from typing import Final

from revocation import der

_SHORT: Final = 0x80
_AHEAD: Final = 4
"""Octets before the content of a serial: two tags, two lengths of one octet each."""

_TIMES: Final = (der.UTC_TIME, der.GENERALIZED_TIME)


def entries(crl: bytes | memoryview) -> Iterator[bytes]:
    """Each element of revokedCertificates as it stands in the CRL.

    Raises:
        DERError: the CRL is not one.
    """
    start, end = _list_in(crl)[1:]
    while start < end:
        size = crl[start + 1]
        stop = start + 2 + size if size < _SHORT else der.read(crl, start)[2]
        yield bytes(crl[start:stop])
        start = stop


def serial_of(entry: bytes) -> bytes:
    """The content octets of the serial in an entry.

    Raises:
        DERError: it does not begin with one.
    """
    if len(entry) > _AHEAD and entry[1] < _SHORT and entry[3] < _SHORT:  # as nearly all: a million are read at a time
        end = _AHEAD + entry[3]
        if entry[0] == der.SEQUENCE and entry[2] == der.INTEGER and end <= len(entry) == 2 + entry[1]:
            return entry[_AHEAD:end]
    begin, end = der.expect(entry, 0, der.SEQUENCE)
    begin, end = der.expect(entry[:end], begin, der.INTEGER)
    return entry[begin:end]


def excerpt(crl: bytes | memoryview, kept: Iterable[bytes]) -> bytes:
    """The CRL with other entries and its old signature: for a parser that is to read what surrounds them, and these."""
    outer, _ = der.expect(crl, 0, der.SEQUENCE)
    tbs, tbs_end = der.expect(crl, outer, der.SEQUENCE)
    before, _, after = _list_in(crl)
    list_ = b"".join(kept)
    body = der.sequence(bytes(crl[tbs:before]), der.sequence(list_) if list_ else b"", bytes(crl[after:tbs_end]))
    return der.sequence(body, bytes(crl[tbs_end:]))


def _list_in(crl: bytes | memoryview) -> tuple[int, int, int]:
    """Where revokedCertificates begins, where its content begins, and where it ends: one place thrice without any.

    It is the SEQUENCE behind the times; without a list, extensions follow, or nothing.
    """
    outer, _ = der.expect(crl, 0, der.SEQUENCE)
    at, end = der.expect(crl, outer, der.SEQUENCE)
    after_times = False
    while at < end:
        tag, content, stop = der.read(crl, at)
        if after_times and tag not in _TIMES:
            return (at, content, stop) if tag == der.SEQUENCE else (at, at, at)
        after_times = tag in _TIMES
        at = stop
    return end, end, end
