"""What the processes that answer count: a sheet of 8-octet numbers for each of them, in memory that they share.

A sheet is written by one process alone and never taken back, so nothing is locked on the way of an answer, and whoever
is started anew in a process's place counts on. They are added up when somebody asks (`responder.metrics`). The threads
of a process may share a sheet: the interpreter changes threads at calls and jumps, and `sheet[slot] += 1` has neither.
"""

import sys
from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from itertools import product
from mmap import mmap
from typing import Final, NamedTuple, TypeAlias

from responder.answers import Answered, ErrorAnswer
from revocation.certid import CertIDHash

Sheet: TypeAlias = memoryview
HOUR: Final = 3600
AGES: Final = tuple(hours * HOUR for hours in (1, 3, 6, 12, 18, 24, 48, 84, 168))
"""Upper bounds, in seconds, of the ages by which responses are counted; what is older comes behind the last."""
LATENCIES: Final = (5_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
"""Upper bounds, in nanoseconds, of the times that a source may take."""
CODES: Final = (304, 404, 405, 412, 413, 503)
"""The HTTP statuses other than 200 that are counted apart; whatever else there is comes behind the last."""


class Method(Enum):
    """By which an answer was asked for."""

    POST = 0
    GET = 1
    HEAD = 2


class Failure(Enum):
    """Why a source gave nothing although there is something, or may be."""

    EXPIRED = "expired"
    TOO_EARLY = "too_early"
    UNAVAILABLE = "unavailable"


class Served(NamedTuple):
    """Stored responses that were handed out, by the hash of the CertID and the place of their age in `AGES`."""

    method: Method
    hash: CertIDHash
    age: int


class Refused(NamedTuple):
    """Errors that were answered; the hash is None where no CertID was read, or none in a hash that we know."""

    method: Method
    error: ErrorAnswer
    hash: CertIDHash | None


_HASHES: Final = tuple(CertIDHash)
_KEYS: Final[list[object]] = [
    *(Served(*one) for one in product(Method, _HASHES, range(len(AGES) + 1))),
    *(Refused(*one) for one in product(Method, ErrorAnswer, (*_HASHES, None))),
    *Failure,
    "age",
    "latency",
    "restarts",
    *(("code", place) for place in range(len(CODES) + 1)),
    *(("latency", place) for place in range(len(LATENCIES) + 1)),
]
SLOTS: Final = {key: slot for slot, key in enumerate(_KEYS)}
"""Where what is counted."""
AGE_SUM: Final = SLOTS["age"]
"""The slot of the ages of all responses that were handed out, in seconds, added up."""
LATENCY_SUM: Final = SLOTS["latency"]
"""The slot of the times that the source took, in nanoseconds, added up."""
RESTARTS: Final = SLOTS["restarts"]
"""The slot of the processes that were started in place of one that ended."""
_CODE: Final = SLOTS["code", 0]
_LATENCY: Final = SLOTS["latency", 0]


class Sheets:
    """The sheets of so many processes, which have to be forked off the one that makes this."""

    def __init__(self, count: int) -> None:
        self._all: Sheet = memoryview(mmap(-1, 8 * len(_KEYS) * count)).cast("Q")

    def sheet(self, number: int) -> Sheet:
        """That of one process, counted from 0."""
        return self._all[number * len(_KEYS) : (number + 1) * len(_KEYS)]

    def totals(self) -> Sequence[int]:
        """What all of them counted, by slot."""
        return [sum(self._all[slot :: len(_KEYS)]) for slot in range(len(_KEYS))]


def alone() -> Sheet:
    """The sheet of a process that shares it with no other."""
    return Sheets(1).sheet(0)


def served_slot(method: Method, hash_: CertIDHash, age: int) -> int:
    """Where a response that is `age` seconds old is counted."""
    return SLOTS[Served(method, hash_, bisect_left(AGES, age))]


def same_slot_for(age: int) -> int:
    """The age in seconds from which on a response that is `age` old is counted elsewhere."""
    place = bisect_left(AGES, age)
    return AGES[place] + 1 if place < len(AGES) else sys.maxsize


def count_answered(sheet: Sheet, method: Method, answered: Answered, second: int) -> None:
    """It was answered like that, in that second since 1970."""
    if isinstance(answered.answer, ErrorAnswer):
        count_refused(sheet, method, answered.answer, answered.hash)
    elif answered.hash:
        count_served(sheet, method, answered.hash, second - answered.answer.this_update)


def count_served(sheet: Sheet, method: Method, hash_: CertIDHash, age: int) -> None:
    """A stored response was handed out, `age` seconds after its thisUpdate."""
    slot = served_slot(method, hash_, age)
    since = max(age, 0)  # thisUpdate may lie a little ahead
    sheet[slot] += 1
    sheet[AGE_SUM] += since


def count_refused(sheet: Sheet, method: Method, error: ErrorAnswer, hash_: CertIDHash | None) -> None:
    """An error was answered."""
    slot = SLOTS[Refused(method, error, hash_)]
    sheet[slot] += 1


def count_code(sheet: Sheet, code: int) -> None:
    """The HTTP status of an answer was that, and not 200."""
    slot = _CODE + (CODES.index(code) if code in CODES else len(CODES))
    sheet[slot] += 1


def count_look(sheet: Sheet, nanoseconds: int) -> None:
    """A source was asked, and took so long."""
    slot = _LATENCY + bisect_left(LATENCIES, nanoseconds)
    sheet[slot] += 1
    sheet[LATENCY_SUM] += nanoseconds


def count_failure(sheet: Sheet, failure: Failure) -> None:
    """A source gave nothing."""
    slot = SLOTS[failure]
    sheet[slot] += 1
