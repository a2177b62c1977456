"""Why serials left the CRLs of an issuer: a text, in bundles of its own, so many lines of a day in each.

A line each: the octets of the serial in hexadecimal, why, and for an expiry when that was:
`0A1B expired 2026-03-01T12:00:00Z`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from revocation.clock import epoch, from_epoch, iso

KEPT: Final = timedelta(days=400)
"""How long it is told why something left: a publisher that was away for a year finds out."""

_LABEL: Final = re.compile(r"(?P<day>[0-9]{8})\.(?P<number>0|[1-9][0-9]{0,4})")


@dataclass(frozen=True, order=True)
class Chunk:
    """Some of the lines of a day (UTC), in the order in which they were noted; its text is the label of a bundle.

    Attributes:
        number: 0 and up.
    """

    day: date
    number: int

    @classmethod
    def parse(cls, label: str) -> "Chunk":
        """The chunk of that label: `20261125.3`.

        Raises:
            ValueError: it is none.
        """
        match = _LABEL.fullmatch(label)
        if match is None:
            raise ValueError(f"{label!r} names no day and chunk of it: wanted is `20261125.3`")
        return cls(date.fromisoformat(match["day"]), int(match["number"]))

    def __str__(self) -> str:
        return f"{self.day:%Y%m%d}.{self.number}"

    def path(self, issuer_id: str) -> str:
        """Of its text in a bundle."""
        return f"departed/{issuer_id}/{self}.txt"


def first_kept(now: datetime) -> date:
    """The first day of which it is still told."""
    return (now.astimezone(UTC) - KEPT).date()


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
