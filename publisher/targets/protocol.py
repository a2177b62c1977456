"""What a target is: a place that takes some kinds of artifacts, durably, and keeps its own status beside them.

Duties of every implementation:
- what was there stays there and readable until its replacement is whole; a failure leaves it untouched;
- when `put` returns, what was put is durable and was read back;
- `save_status` comes after the artifacts that the status speaks of, and is itself all or nothing;
- a failure raises TargetError with what, where and advice. A target judges nothing: the gate and the line have.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias

from revocation.store import StoredResponse


class StatusKeeper(Protocol):
    """The status of a target, kept in the target itself, so that wiping or restoring one shows in the other."""

    def load_status(self) -> bytes | None:
        """What was saved last; None when there is nothing, or when the target holds something else than then."""

    def save_status(self, status: bytes) -> None:
        """Keep the status, atomically and durably."""


@dataclass(frozen=True)
class StaticObject:
    """A file that relying parties fetch.

    Attributes:
        path: below the root of public paths.
        modified: becomes its Last-Modified.
    """

    path: str
    data: bytes
    modified: datetime


class StaticTarget(StatusKeeper, Protocol):
    """A target of static objects: CRLs and issuer certificates. A folder, a bucket."""

    def digest(self, path: str) -> str | None:
        """SHA-256 of what lies at a path, hexadecimal; None when nothing does."""

    def get(self, path: str) -> bytes | None:
        """What lies at a path."""

    def put(self, thing: StaticObject) -> None:
        """Put an object in the place of what lies at its path."""

    def paths(self) -> list[str]:
        """Where files lie that a publisher put, or could have, sorted."""

    def remove(self, path: str) -> None:
        """Take away what lies at a path."""


class Answer(NamedTuple):
    """A response under its key in a store (`revocation.store`).

    Attributes:
        value: as `StoredResponse.encode` makes it.
        others: the forms in which the certificate may have answers that are not configured any more; see `in_form`.
        judged_by: what `Replaces` has to know of it, and a target does not.
    """

    key: bytes
    value: bytes
    others: tuple[bytes, ...] = ()
    judged_by: Any = None


Replaces: TypeAlias = Callable[[Answer, StoredResponse | None], bool]
"""Whether an answer may take the place of what a store holds (None: nothing readable). May raise: nothing is put.

Asked of what lies at the answer's key, unless that is the same, and of what lies there in other forms.
"""


class ResponseTarget(StatusKeeper, Protocol):
    """A target of pre-signed OCSP responses: LMDB, Redis, static files."""

    def introduce(self, keys: Iterable[tuple[bytes, bytes]]) -> None:
        """Let readers know these issuers and no other: keys of the issuers' table, and issuer ids."""

    def put(self, answers: Iterable[Answer], replaces: Replaces) -> int:
        """Store the answers that `replaces` admits, and take out their other forms; all of it or nothing.

        Nothing is durable before the last answer was taken: what they raise undoes them all. Some may be taken before
        `replaces` is asked of the first of them.
        Where an answer may not take the place of one in another form, that one stays, and the answer is not put.

        Returns:
            How many were stored. One that is there already is not stored again.
        """

    def withdraw(self, keys: Iterable[bytes], wrong: Callable[[bytes, StoredResponse], bool]) -> int:
        """Take out the answers at `keys` that are `wrong`; returns how many."""

    def sweep(self, issuer: bytes, expired_before: int) -> int:
        """Take out some of an issuer's answers whose nextUpdate lies before that time; bounded, so call it often."""


class ResponseStore(ResponseTarget, Protocol):
    """A `ResponseTarget` that responders read: LMDB, Redis."""

    def set_filled(self, *, is_filled: bool) -> None:
        """Tell readers whether what is not there is not known, which they say of no certificate before."""
