"""Why serials are gone from a CRL that were on the one before: a text file beside the CRL in its bundle.

A line each: the octets of the serial in hexadecimal, why, and for an expiry when that was:
`0A1B expired 2026-03-01T12:00:00Z`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revocation.clock import epoch, from_epoch, iso


class Why(StrEnum):
    """The reasons for which an entry may leave a CRL (RFC 5280 sections 3.3 and 5.3.1), and an operator's word."""

    EXPIRED = "expired"
    RELEASED = "released"
    MOVED = "moved"
    EXCUSED = "excused"


@dataclass(frozen=True)
class Departed:
    """One serial that left.

    Attributes:
        serial: the content octets of its DER.
        expired_at: epoch seconds; with EXPIRED alone.
    """

    serial: bytes
    why: Why
    expired_at: int | None = None


def write(departed: Iterable[Departed]) -> bytes:
    """The text of the file."""
    return "".join(map(_line, departed)).encode()


def read(text: bytes) -> Iterator[Departed]:
    """What a file says.

    Raises:
        ValueError: a line of another form.
    """
    for number, line in enumerate(text.decode("ascii").splitlines(), 1):
        try:
            serial, why, *rest = line.split(" ")
            expired_at = epoch(datetime.fromisoformat(rest[0])) if rest else None
            departed = Departed(bytes.fromhex(serial), Why(why), expired_at)
        except ValueError as error:
            raise ValueError(f"line {number} says of no serial why it left") from error
        if len(rest) > 1 or (departed.why is Why.EXPIRED) == (expired_at is None):
            raise ValueError(f"line {number} says of no serial why it left")
        yield departed


def _line(departed: Departed) -> str:
    when = f" {iso(from_epoch(departed.expired_at))}" if departed.expired_at is not None else ""
    return f"{departed.serial.hex().upper()} {departed.why}{when}\n"
