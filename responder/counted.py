"""A source whose look-ups are counted and timed; the answers kept by the hot path ask none."""

from datetime import datetime
from time import perf_counter_ns

from responder.counts import Failure, Sheet, count_failure, count_look
from responder.source import ResponseExpired, ResponseTooEarly, Source, SourceUnavailable
from revocation.certid import CertID
from revocation.store import StoredResponse


class Counted:
    """`source`, with what it does told in `sheet`."""

    def __init__(self, source: Source, sheet: Sheet) -> None:
        self._source = source
        self._sheet = sheet
        self.version = source.version
        self.close = source.close

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        """See `Source.find`."""
        begun = perf_counter_ns()
        try:
            return self._source.find(cert_id, now)
        except ResponseExpired:
            count_failure(self._sheet, Failure.EXPIRED)
            raise
        except ResponseTooEarly:
            count_failure(self._sheet, Failure.TOO_EARLY)
            raise
        except SourceUnavailable:
            count_failure(self._sheet, Failure.UNAVAILABLE)
            raise
        finally:
            count_look(self._sheet, perf_counter_ns() - begun)
