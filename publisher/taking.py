"""Taking bundles into a target, in two ways: CRLs into a static target, OCSP responses into a store.

The order is always the same, so that a crash at any point is repeated without harm: the gate, then the marks, then
the target; the status comes after all of it, in `publisher.session`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from revocation.bundle import BundleReader
from revocation.config import IssuerProfile
from revocation.published import TargetStatus
from revocation.wire.exchange import Stored


@dataclass(frozen=True)
class Taken:
    """What came of a bundle that passed.

    Attributes:
        line: for people.
        withheld: why single objects of it were not put: the others were.
    """

    line: str
    withheld: tuple[str, ...] = ()


class Taker(Protocol):
    """What a session does with its target, whatever the kind."""

    def mend(self, status: TargetStatus, now: datetime, *, trusted: bool) -> list[str]:
        """Compare target and status before bundles are looked at; what is lost is struck from the status.

        Args:
            status: changed in place.
            trusted: whether the status is the one that was saved last.

        Returns:
            A line for each thing that was put or found wanting.
        """

    def look_ahead(self, reader: BundleReader, profile: IssuerProfile, now: datetime) -> None:
        """Learn from a waiting bundle what must not be shown in the meantime."""

    def expect(self, bundles: Sequence[Stored]) -> None:
        """Which bundles are probably taken next, in this order: what can be done before may be done."""

    def refused(self, profile: IssuerProfile) -> int:
        """Take out of the target what the marks contradict, since a bundle that would have was refused; how much."""

    def take(
        self, bundle: Stored, reader: BundleReader, profile: IssuerProfile, status: TargetStatus, now: datetime
    ) -> Taken:
        """Check a bundle, put what is in it, and bring the rows of `status` up to date.

        Raises:
            GateError, BundleError: it did not pass; what the target and the status say is as before.
            TargetError: the target failed.
        """

    def tend(self, status: TargetStatus, now: datetime) -> Iterator[list[str]]:
        """Once nothing waits any more: bring what follows from the rows up to date, and let go of what is too old.

        Returns:
            A piece of the work at a time, since bundles that come meanwhile are more urgent: a line for each thing that
            was put or taken away.

        Raises:
            TargetError: the target failed; what was taken stays taken.
        """
