"""CRLs and OCSP responses into one folder: each bundle goes to who takes its kind."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from publisher.take_responses import ResponseTaker
from publisher.taking import Taken, Taker
from publisher.targets.protocol import StatusKeeper
from publisher.targets.static_responses import StaticResponses
from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.config import IssuerProfile
from revocation.published import TargetStatus
from revocation.wire.exchange import Stored


class StaticTaker:
    """A folder with CRLs, and responses as static files."""

    def __init__(self, crls: Taker, responses: ResponseTaker, target: StaticResponses) -> None:
        self._crls = crls
        self._responses = responses
        self._target = target

    def mend(self, status: TargetStatus, now: datetime, *, trusted: bool) -> list[str]:
        """Files that may have been put back from a copy are held against the marks at once, like a doubtful status."""
        lines = self._crls.mend(status, now, trusted=trusted)
        return lines + self._responses.mend(status, now, trusted=trusted and self._target.is_sealed())

    def look_ahead(self, reader: BundleReader, profile: IssuerProfile, now: datetime) -> None:
        """See `Taker`."""
        self._taker(reader).look_ahead(reader, profile, now)

    def expect(self, bundles: Sequence[Stored]) -> None:
        """See `Taker`."""
        self._responses.expect(bundles)

    def refused(self, profile: IssuerProfile) -> int:
        """See `Taker`."""
        return self._crls.refused(profile) + self._responses.refused(profile)

    def take(
        self, bundle: Stored, reader: BundleReader, profile: IssuerProfile, status: TargetStatus, now: datetime
    ) -> Taken:
        """See `Taker`; tells of how many certificates a response can be no static file."""
        before = self._target.without_path
        taken = self._taker(reader).take(bundle, reader, profile, status, now)
        count = self._target.without_path - before
        if not count:
            return taken
        lacks = f"of {count} certificates no static file can be named for a hash, a responder answers"
        return Taken(f"{taken.line}; {lacks}", taken.withheld)

    def tend(self, status: TargetStatus, now: datetime) -> Iterator[list[str]]:
        """See `Taker`."""
        yield from self._crls.tend(status, now)
        yield from self._target.tend(now)

    def _taker(self, reader: BundleReader) -> Taker:
        return self._responses if reader.manifest.part.kind is Kind.OCSP else self._crls


class StatusOfBoth:
    """The status of a folder with an index: believed when both have the same, so that a lost index shows."""

    def __init__(self, folder: StatusKeeper, index: StatusKeeper) -> None:
        self._folder = folder
        self._index = index

    def load_status(self) -> bytes | None:
        """See `StatusKeeper`."""
        status = self._folder.load_status()
        return status if status == self._index.load_status() else None

    def save_status(self, status: bytes) -> None:
        """See `StatusKeeper`."""
        self._index.save_status(status)
        self._folder.save_status(status)
