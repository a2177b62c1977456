"""Responses that are alike: octet for octet the same but for serial and signature, as those of a slice that say good.

What was found out about one of them, by reading it in full, holds for all whose other octets are the same. So only the
first of its kind is parsed; of the others serial and signature are left to look at. What says revoked is never alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from revocation import der
from revocation.der import DERError

Meaning = TypeVar("Meaning")

_CONTEXT_0: Final = 0xA0
_GOOD: Final = b"\x80\x00"
_MOST_LENGTHS: Final = 256
_MOST_OF_A_LENGTH: Final = 4
"""A slice has a handful of lengths: serials and signatures differ by an octet or two."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape(Generic[Meaning]):
    """The octets that responses have in common, and where the others are.

    Attributes:
        meaning: what holds for all of them.
        same: where octets are the same, and which.
        serial: where the serial's content octets begin and end.
        again: where the same serial stands in further SingleResponses.
    """

    meaning: Meaning
    same: tuple[tuple[int, bytes], ...]
    serial: slice
    again: tuple[slice, ...]
    tbs: slice
    signature: slice

    def fits(self, der_: bytes) -> bool:
        """Whether a response of the same length has this shape, and a serial in its one DER form."""
        startswith = der_.startswith
        for begin, octets in self.same:
            if not startswith(octets, begin):
                return False
        serial = der_[self.serial]
        for place in self.again:
            if der_[place] != serial:
                return False
        return len(serial) == 1 or b"\x00\x7f" < serial[:2] < b"\xff\x80"


class Alike(Generic[Meaning]):
    """Shapes by the length of the responses that have them. Threads may share one."""

    def __init__(self) -> None:
        self._shapes: dict[int, tuple[Shape[Meaning], ...]] = {}

    def find(self, der_: bytes) -> Shape[Meaning] | None:
        """The shape of a response, if one like it was learned."""
        for shape in self._shapes.get(len(der_), ()):
            if shape.fits(der_):
                return shape
        return None

    def learn(self, der_: bytes, meaning: Meaning) -> None:
        """From now on, what is like this response means the same; one that does not say good teaches nothing."""
        try:
            shape = _shape(der_, meaning)
        except (DERError, ValueError):
            return
        known = self._shapes.get(len(der_), ())
        if shape is not None and (known or len(self._shapes) < _MOST_LENGTHS):
            self._shapes[len(der_)] = (shape, *known)[:_MOST_OF_A_LENGTH]


def _shape(der_: bytes, meaning: Meaning) -> Shape[Meaning] | None:
    begin, end = _basic_response(der_)
    (_, tbs, content, tbs_end), _algorithm, (_, _, signature, signature_end), *_ = der.values(der_, begin, end)
    _responder, _produced_at, (_, _, begin, end), *_ = der.values(der_, content, tbs_end)
    serials = []
    for _, _, begin_single, end_single in der.values(der_, begin, end):
        (_, _, cert_id, cert_id_end), (_, status, _, status_end), *_ = der.values(der_, begin_single, end_single)
        if der_[status:status_end] != _GOOD:
            return None
        _hash, _name, _key, (_, _, serial, serial_end) = der.values(der_, cert_id, cert_id_end)
        serials.append(slice(serial, serial_end))
    if not serials or signature == signature_end:
        return None
    differ = [*serials, slice(signature + 1, signature_end)]  # behind the count of unused bits
    return Shape(
        meaning, tuple(_between(der_, differ)), serials[0], tuple(serials[1:]), slice(tbs, tbs_end), differ[-1]
    )


def _basic_response(der_: bytes) -> tuple[int, int]:
    """Where the content of the BasicOCSPResponse begins and ends (RFC 6960 section 4.2.1)."""
    inside, _ = der.expect(der_, 0, der.SEQUENCE)
    _, _, after_status = der.read(der_, inside)
    explicit, _ = der.expect(der_, after_status, _CONTEXT_0)
    response_bytes, _ = der.expect(der_, explicit, der.SEQUENCE)
    _, after_type = der.expect(der_, response_bytes, der.OID)
    octets, _ = der.expect(der_, after_type, der.OCTET_STRING)
    return der.expect(der_, octets, der.SEQUENCE)


def _between(der_: bytes, differ: list[slice]) -> Iterator[tuple[int, bytes]]:
    begin = 0
    for place in [*differ, slice(len(der_), len(der_))]:
        yield begin, der_[begin : place.start]
        begin = place.stop
