"""What is due, and why: from the ledger, the exchange and the time, never from somebody's word.

What is said to be published only makes the signer look harder at the bundle it already made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.durations import show
from revocation.errors import RevocastError
from revocation.ocspprofile import OCSPProfile
from revocation.part import Part
from signer.delegates import delegate
from signer.handover import waiting_for_ca_key
from signer.keys.keyring import Keyring
from signer.keys.responder_keys import ResponderKeys
from signer.ledger import dates, facts, issued
from signer.ledger.changes import Changes
from signer.ledger.early import ONE_SECOND
from signer.ledger.groups import Selection
from signer.ledger.issued import Issued
from signer.published import Published

_MOST_PARTIALS: Final = 32
"""Partial bundles after a complete one; then the slice is signed whole, so that nobody has to read many small ones."""

_JUST_NOW: Final = timedelta(seconds=5)

Intact = Callable[[Issued], bool]
"""Whether a bundle that was stored still lies in the exchange as it was."""


@dataclass(frozen=True)
class Due:
    """One thing that has to be made.

    Attributes:
        part: the CRL or OCSP slice; None for a responder certificate.
        base_revision: 0 for everything, else only what changed after it.
        why: for people.
        not_before: a replacement's thisUpdate is later by whole seconds, and not before what it says was revoked.
        behind: an OCSP slice that lacks a fact.
        waits: why it cannot be made for now, and what to do about it.
    """

    profile: IssuerProfile
    part: Part | None
    base_revision: int
    why: str
    not_before: datetime | None = None
    behind: bool = False
    waits: RevocastError | None = None

    @property
    def work(self) -> tuple[str, Kind | None, bool]:
        """What kind of work it is: each of them goes on, however much of another comes up."""
        return self.profile.issuer.id, self.part.kind if self.part else None, self.behind

    @property
    def what(self) -> str:
        """`crl all`, `ocsp slice 3`, `responder certificate`."""
        if self.part is None:
            return "responder certificate"
        return f"crl {self.part.label}" if self.part.kind is Kind.CRL else f"ocsp slice {self.part.label}"


def due_responder_certificate(
    connection: Connection, profile: IssuerProfile, now: datetime, keys: ResponderKeys
) -> Iterator[Due]:
    """A delegate: when none can sign, none has the configured kind of key, or the newest comes near its end."""
    if profile.ocsp.direct:
        return
    newest, wanted = delegate(connection, keys, profile, now), profile.ocsp.responder_key
    if newest is None:
        yield Due(profile, None, 0, "there is none that can sign")
    elif newest.kind is not wanted:
        yield Due(profile, None, 0, f"its key is {newest.kind or 'of another kind'}, and configured is {wanted}")
    elif newest.not_after - now < profile.ocsp.responder_renewal and newest.not_after < profile.issuer.not_after:
        yield Due(profile, None, 0, f"ends at {iso(newest.not_after)}, within {show(profile.ocsp.responder_renewal)}")


def due_crls(
    connection: Connection, profile: IssuerProfile, now: datetime, intact: Intact, published: Published
) -> Iterator[Due]:
    """Each CRL that is missing, old, near its end, behind a fact, or gone from the exchange; the oldest first.

    A delta waits until a complete CRL is published that it can add to. It comes behind its complete CRL, unless that
    one was made just now: the two cannot have the same second, and each goes on when revocations keep coming.
    """
    changes = Changes(connection, profile.issuer)
    found: list[tuple[int, Due]] = []
    for spec in profile.crls.values():
        complete = profile.crls[str(spec.name.complete)]
        if spec.name.delta and published.base(connection, complete, now) is None:
            continue
        last = _last(connection, spec.part)
        needed = changes.latest(Selection.of(spec))
        taken_back = published.taken_back(connection, last, now) if last is not None else None
        if why := _why_crl(last, spec, now, needed, intact, taken_back):
            not_before = _not_before(connection, profile, spec.part)
            turn = last.sequence if last else 0
            if spec.name.delta and (its := _last(connection, complete.part)):
                is_new = now - its.this_update <= spec.settings.backdate + _JUST_NOW
                turn = turn if is_new else max(turn, its.sequence)
            found.append((turn, Due(profile, spec.part, 0, why, not_before)))
    yield from (due for _, due in sorted(found, key=itemgetter(0)))  # a complete CRL is found before its delta


def _last(connection: Connection, part: Part) -> Issued | None:
    """The newest complete bundle of a part."""
    return next(iter(issued.stored_since_complete(connection, part)), None)


def due_slices(
    connection: Connection,
    profile: IssuerProfile,
    now: datetime,
    intact: Intact,
    keys: ResponderKeys,
    keyring: Keyring,
) -> Iterator[Due]:
    """Each slice that is behind a fact; then those never signed, old, near their end, or whose bundle is gone."""
    slices = _Slices(connection, profile, now, intact, keys, keyring)
    for part, base, why in slices.behind():
        yield Due(profile, part, base, why, _not_before(connection, profile, part), behind=True)
    for part, why, waits in slices.renewals():
        yield Due(profile, part, 0, why, _not_before(connection, profile, part), waits=waits)


class _Slices:
    """The slices of an issuer as they were signed last, and what changed since."""

    def __init__(
        self,
        connection: Connection,
        profile: IssuerProfile,
        now: datetime,
        intact: Intact,
        keys: ResponderKeys,
        keyring: Keyring,
    ) -> None:
        self._connection, self._profile, self._now = connection, profile, now
        self._since = profile.ocsp.answered_since(now)
        numbers = range(profile.ocsp.slices)
        self._parts = {n: Part(issuer=profile.issuer.id, kind=Kind.OCSP, label=str(n)) for n in numbers}
        stored = {n: issued.stored_since_complete(connection, part) for n, part in self._parts.items()}
        self._partials = {n: len(rows) - 1 for n, rows in stored.items()}
        self._complete = {n: rows[0] if rows else None for n, rows in stored.items()}
        self._covered = {n: _covered(rows, profile.ocsp, intact) for n, rows in stored.items()}
        newest = None if profile.ocsp.direct else delegate(connection, keys, profile, now)
        self._lasts = profile.compliance.lasting(profile.ocsp.expires)
        ends = (now + self._lasts, profile.issuer.not_after, *((newest.not_after,) if newest else ()))
        self._reach = min(ends)
        signed = [row for n, row in self._complete.items() if row and (profile.ocsp.direct or self._is_there(n))]
        waiting = waiting_for_ca_key(connection, profile, signed, keys, keyring, now)
        self._waits = dict.fromkeys(waiting.slices, waiting.why) if waiting else {}
        self._renewed = {n: why for n in numbers if (why := self._why(n))}

    def behind(self) -> Iterator[tuple[Part, int, str]]:
        """What changed since a slice was signed, in partial bundles: a revocation does not wait for a renewal.

        The slice that has waited longest comes first.
        """
        known = {n: revision for n, revision in self._covered.items() if revision is not None}
        latest: dict[int, int] = {}
        since = min(known.values(), default=0)
        for hash_, at in (
            facts.changed_since(self._connection, self._profile.issuer, self._since, since) if known else ()
        ):
            n = facts.slice_of(hash_, self._profile.ocsp.slices)
            latest[n] = max(at, latest.get(n, 0))
        for n, revision in sorted(known.items(), key=itemgetter(1)):
            stays = n in self._waits and not self._profile.ocsp.direct  # but for what changed, which a delegate can say
            if (stays or n not in self._renewed) and latest.get(n, 0) > revision:
                base = revision if stays or self._partials[n] < _MOST_PARTIALS else 0
                yield self._parts[n], base, f"covers revision {revision}, a certificate changed at {latest[n]}"

    def renewals(self) -> Iterator[tuple[Part, str, RevocastError | None]]:
        """Slices to be signed whole, why, and what that waits for."""
        for n, why in self._renewed.items():
            yield self._parts[n], why, self._waits.get(n)

    def _is_there(self, n: int) -> bool:
        """Whether its bundle is: what lost it is not made to wait."""
        return self._covered[n] is not None

    def _why(self, n: int) -> str | None:
        last, ocsp = self._complete[n], self._profile.ocsp
        if last is None:
            hashes = facts.slice_hashes(n, ocsp.slices)
            live = facts.has_live(self._connection, self._profile.issuer, hashes, self._since)
            return "was never signed" if live else None
        if last.slices != ocsp.slices:
            return f"was signed as one of {last.slices} slices, and there are {ocsp.slices}"
        if set((last.hashes or "").split()) != set(ocsp.form.split()):
            return f"has responses for {last.hashes}, and configured are {ocsp.form}"
        if not ocsp.direct and last.this_update < (turn := _turn(n, ocsp, self._now)):  # else all at one ceremony
            return f"is of {iso(last.this_update)}, its turn was {iso(turn)}"
        if last.next_update - last.this_update > self._lasts:
            return f"is good until {iso(last.next_update)}, longer than is configured now"
        if self._now >= last.next_update - (self._lasts - ocsp.renewal) and self._reach > last.next_update:
            return f"ends at {iso(last.next_update)} already"
        return None if self._is_there(n) else "its bundle is gone from the exchange"


def _why_crl(
    last: Issued | None, spec: CRLSpec, now: datetime, needed: int, intact: Intact, taken_back: datetime | None
) -> str | None:
    if last is None:
        return "there is none"
    if taken_back is not None:
        return f"is of {iso(last.this_update)}, and one of {iso(taken_back)} is published, which was taken back"
    if now >= spec.renew_at(last.this_update, last.next_update):
        renewal = show(spec.settings.renewal)
        return f"is of {iso(last.this_update)} and ends at {iso(last.next_update)}, renewed after {renewal}"
    if needed > last.revision:
        return f"covers revision {last.revision}, a status changed at {needed}"
    if last.hashes not in (None, spec.form):
        return "says another scope or other URLs of itself than are configured now"
    return None if intact(last) else "its bundle is gone from the exchange"


def _covered(rows: list[Issued], ocsp: OCSPProfile, intact: Intact) -> int | None:
    """The revision that a slice's complete bundle and what follows it cover; None if that one is not intact."""
    if not rows or not intact(rows[0]) or rows[0].slices != ocsp.slices:
        return None
    covered = rows[0].revision
    for partial in rows[1:]:
        if partial.base_revision <= covered and intact(partial):
            covered = max(covered, partial.revision)
    return covered


def _turn(slice_: int, ocsp: OCSPProfile, now: datetime) -> datetime:
    """The latest moment at which it was this slice's turn: the slices are spread evenly over the renewal period."""
    period = ocsp.renewal
    phase = period * slice_ / ocsp.slices
    midnight = datetime.min.replace(tzinfo=now.tzinfo)
    turns = (now - midnight - phase) // period
    return midnight + phase + turns * period


def _not_before(connection: Connection, profile: IssuerProfile, part: Part) -> datetime:
    latest = issued.latest_this_update(connection, part)
    dated = dates.latest(connection, profile.issuer)
    return max(dated, latest + ONE_SECOND) if latest else dated
