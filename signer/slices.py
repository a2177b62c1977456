"""The slices of an issuer's OCSP responses: which of them lack a fact, and which have to be signed whole.

What changed goes out in partial bundles, whatever else is due: a revocation waits for no renewal.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Final

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.ocspprofile import OCSPProfile
from revocation.part import Part
from signer.handover import Waiting
from signer.ledger import discarded, facts, issued
from signer.ledger.issued import Issued

_MANY_PARTIALS: Final = 24
"""Partial bundles after a complete one; then the slice is signed whole as well, in a second in which it lacks nothing:
who fills a store reads all of them."""

_MOST_PARTIALS: Final = 32
"""Where every second brought a fact, the slice is signed whole at last, and what it lacks comes with it."""

Intact = Callable[[Issued], bool]
"""Whether a bundle that was stored still lies in the exchange as it was."""


class Slices:
    """The slices of an issuer as they were signed last, and what changed since.

    Args:
        signer_ends: when the certificate ends that would sign now; None where that is the issuer's.
        waiting: which slices wait for the CA key, of the newest complete bundles; see `signer.handover`.
    """

    def __init__(
        self,
        connection: Connection,
        profile: IssuerProfile,
        now: datetime,
        intact: Intact,
        signer_ends: datetime | None,
        waiting: Callable[[list[Issued]], Waiting | None],
    ) -> None:
        self._connection, self._profile, self._now, self._intact = connection, profile, now, intact
        self._since = profile.ocsp.answered_since(now)
        numbers = range(profile.ocsp.slices)
        self._parts = {n: Part(issuer=profile.issuer.id, kind=Kind.OCSP, label=str(n)) for n in numbers}
        self._stored = {n: issued.stored_since_complete(connection, part) for n, part in self._parts.items()}
        self._reached = {n: _reached(rows, profile.ocsp, intact) for n, rows in self._stored.items()}
        self._lasts = profile.compliance.lasting(profile.ocsp.expires)
        ends = (now + self._lasts, profile.issuer.not_after, *((signer_ends,) if signer_ends else ()))
        self._reach = min(ends)
        signed = [rows[0] for rows in self._stored.values() if rows]  # what lost its bundle is not made to wait
        self._waiting = waiting([row for row in signed if profile.ocsp.direct or intact(row)])
        self._renewed = {n: why for n in numbers if (why := self._why(n))}
        self._lacking = self._latest_changes()

    def behind(self, *, whole: bool) -> Iterator[tuple[Part, int, str]]:
        """What changed since a slice was signed, in partial bundles; after them slices that cannot have one, whole.

        A partial bundle says all that changed since the responses before it, and publishers put each of its responses,
        whatever became of the complete bundle. The slice that has waited longest comes first; of those that are signed
        whole the one that changed last, since what it lacked before is what was not answered before either.

        Args:
            whole: whether slices are signed whole now; else there are partial bundles however many there were.
        """
        known = {n: at for n, at in self._reached.items() if at is not None}
        adding = {n: at for n, at in known.items() if not whole or self._takes_partial(n)}
        for n, revision in sorted(adding.items(), key=itemgetter(1)):
            if latest := self._lacking.get(n):
                yield self._parts[n], revision, f"covers revision {revision}, a certificate changed at {latest}"
        for n, latest in sorted(self._lacking.items(), key=itemgetter(1), reverse=True):
            if whole and n not in adding and n in self._renewed:
                yield self._parts[n], 0, f"{self._renewed.pop(n)}, and a certificate changed at {latest}"

    def renewals(self) -> Iterator[tuple[Part, str]]:
        """The other slices to be signed whole: the oldest comes first, so that none is passed over for ever."""
        for n in sorted(self._renewed, key=lambda n: self._stored[n][0].sequence if self._stored[n] else 0):
            yield self._parts[n], self._renewed[n]

    def waits(self, part: Part) -> KeyUnavailable | None:
        """Why a slice cannot be signed whole for now."""
        return self._waiting.why if self._waiting and part.slice in self._waiting.slices else None

    def _takes_partial(self, n: int) -> bool:
        """What is signed directly is few, and signed at a ceremony: there everything gets one window."""
        if self.waits(self._parts[n]) and not self._profile.ocsp.direct:
            return True  # what changed a delegate can say, long before the rest
        return len(self._stored[n]) <= _MOST_PARTIALS and not (self._profile.ocsp.direct and n in self._renewed)

    def _latest_changes(self) -> dict[int, int]:
        """The latest revision at which each slice changed that lacks it; nothing as long as none was ever signed."""
        signed = {n: rows[0].revision for n, rows in self._stored.items() if rows}
        reached = {n: signed.get(n, 0) if at is None else at for n, at in self._reached.items()}
        since = min((reached[n] for n in signed), default=None)
        latest: dict[int, int] = {}
        if since is None:
            return latest
        for hash_, at in facts.changed_since(self._connection, self._profile.issuer, self._since, since):
            n = facts.slice_of(hash_, self._profile.ocsp.slices)
            if at > reached[n]:
                latest[n] = max(at, latest.get(n, 0))
        return latest

    def _why(self, n: int) -> str | None:
        rows, ocsp = self._stored[n], self._profile.ocsp
        if not rows:
            hashes = facts.slice_hashes(n, ocsp.slices)
            live = facts.has_live(self._connection, self._profile.issuer, hashes, self._since)
            return "was never signed" if live else None
        last = rows[0]
        if last.slices != ocsp.slices:
            return f"was signed as one of {last.slices} slices, and there are {ocsp.slices}"
        if other := next((row.hashes for row in rows if not _is_of_form(row, ocsp)), None):
            return f"has responses for {other}, and configured are {ocsp.form}"
        if not ocsp.direct and last.this_update < (turn := _turn(n, ocsp, self._now)):  # else all at one ceremony
            return f"is of {iso(last.this_update)}, its turn was {iso(turn)}"
        if last.next_update - last.this_update > self._lasts:
            return f"is good until {iso(last.next_update)}, longer than is configured now"
        keeps = self._lasts - self._profile.responses_renewed_after
        if self._now >= last.next_update - keeps and self._reach > last.next_update:
            return f"ends at {iso(last.next_update)} already"
        end = min(row.next_update for row in rows)  # one that a delegate signed shortly before its own end
        if end < last.next_update and self._now >= end - keeps and self._reach > end:
            return f"has a partial bundle that ends at {iso(end)} already"
        if not self._intact(last):
            return "its bundle is gone from the exchange"
        if discarded.any_after(self._connection, last):  # publishers may have put it and let go of the rest
            return "what was signed after it was taken back"
        partials = len(rows) - 1
        return f"has {partials} partial bundles" if partials >= _MANY_PARTIALS else None


def _reached(rows: list[Issued], ocsp: OCSPProfile, intact: Intact) -> int | None:
    """The revision up to which a slice was signed, by its complete bundle and what follows it.

    None where that is not known: it was never signed, or as one of another number of slices. A complete bundle that is
    gone is made again, and was published before; a partial one that is gone is made again at once.
    """
    if not rows or rows[0].slices != ocsp.slices:
        return None
    reached = rows[0].revision
    for partial in rows[1:]:
        if partial.base_revision <= reached and intact(partial):
            reached = max(reached, partial.revision)
    return reached


def _is_of_form(row: Issued, ocsp: OCSPProfile) -> bool:
    return set((row.hashes or "").split()) == set(ocsp.form.split())


def _turn(slice_: int, ocsp: OCSPProfile, now: datetime) -> datetime:
    """The latest moment at which it was this slice's turn: the slices are spread evenly over the renewal period."""
    period = ocsp.renewal
    phase = period * slice_ / ocsp.slices
    midnight = datetime.min.replace(tzinfo=now.tzinfo)
    turns = (now - midnight - phase) // period
    return midnight + phase + turns * period
