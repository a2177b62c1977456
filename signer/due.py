"""What is due, and why: from the ledger, the exchange and the time, never from somebody's word.

What is said to be published only makes the signer look harder at the bundle it already made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlprofile import CRLSettings
from revocation.durations import show
from revocation.ocspprofile import OCSPProfile
from revocation.part import Part
from signer.delegates import delegates
from signer.keys.responder_keys import ResponderKeys
from signer.ledger import facts, issued
from signer.ledger.changes import Changes
from signer.ledger.groups import Selection
from signer.ledger.issued import Issued

ONE_SECOND = timedelta(seconds=1)
_MOST_PARTIALS = 32
"""Partial bundles after a complete one; then the slice is signed whole, so that nobody has to read many small ones."""

Intact = Callable[[Issued], bool]
"""Whether a bundle that was stored still lies in the exchange as it was."""


@dataclass(frozen=True)
class Due:
    """One thing that has to be made.

    Attributes:
        part: the CRL or OCSP slice; None for a responder certificate.
        base_revision: 0 for everything, else only what changed after it.
        why: for people.
        not_before: a replacement's thisUpdate is later by whole seconds, so it may have to wait until then.
    """

    profile: IssuerProfile
    part: Part | None
    base_revision: int
    why: str
    not_before: datetime | None = None

    @property
    def what(self) -> str:
        """`crl all`, `ocsp slice 3`, `responder certificate`."""
        if self.part is None:
            return "responder certificate"
        return f"crl {self.part.label}" if self.part.kind is Kind.CRL else f"ocsp slice {self.part.label}"


def due_responder_certificate(
    connection: Connection, profile: IssuerProfile, now: datetime, keys: ResponderKeys
) -> Iterator[Due]:
    """A delegate, when there is none that can sign or the newest comes within its renewal interval."""
    newest = next(delegates(connection, keys, profile.issuer, now), None)
    if newest is None:
        yield Due(profile, None, 0, "there is none that can sign")
    elif newest.not_after - now < profile.ocsp.responder_renewal and newest.not_after < profile.issuer.not_after:
        yield Due(profile, None, 0, f"ends at {iso(newest.not_after)}, within {show(profile.ocsp.responder_renewal)}")


def due_crls(connection: Connection, profile: IssuerProfile, now: datetime, intact: Intact) -> Iterator[Due]:
    """Each CRL that is missing, old, behind a fact, or gone from the exchange."""
    changes = Changes(connection, profile.issuer)
    for spec in profile.crls.values():
        stored = issued.stored_since_complete(connection, spec.part)
        needed = changes.latest(Selection.of(spec))
        why = _why_crl(stored[0] if stored else None, spec.settings, now, needed, intact)
        if why:
            yield Due(profile, spec.part, 0, why, _not_before(connection, spec.part))


def due_slices(connection: Connection, profile: IssuerProfile, now: datetime, intact: Intact) -> Iterator[Due]:
    """Each slice that was never signed, is old, is behind a fact, or whose bundle is gone."""
    issuer, slices = profile.issuer, profile.ocsp.slices
    live = {s for s in range(slices) if facts.has_live(connection, issuer, facts.slice_hashes(s, slices), now)}
    states = {s: _slice_state(connection, profile, s, intact) for s in range(slices)}
    covered = [revision for _, revision in states.values() if revision is not None]
    changed: dict[int, int] = {}
    for hash_, changed_at in facts.changed_since(connection, issuer, now, min(covered)) if covered else ():
        slice_ = facts.slice_of(hash_, slices)
        changed[slice_] = max(changed_at, changed.get(slice_, 0))
    for slice_, (complete, revision) in states.items():
        part = _slice_part(profile, slice_)
        why = (
            _why_slice(complete, revision is not None, profile.ocsp, slice_, now)
            if slice_ in live or complete
            else None
        )
        if why:
            yield Due(profile, part, 0, why, _not_before(connection, part))
        elif revision is not None and changed.get(slice_, 0) > revision:
            why = f"covers revision {revision}, a certificate changed at {changed[slice_]}"
            base = revision if _partials(connection, part) < _MOST_PARTIALS else 0
            yield Due(profile, part, base, why, _not_before(connection, part))


def _why_crl(last: Issued | None, settings: CRLSettings, now: datetime, needed: int, intact: Intact) -> str | None:
    if last is None:
        return "there is none"
    if now >= last.this_update + settings.renewal:
        return f"is of {iso(last.this_update)}, renewed after {show(settings.renewal)}"
    if needed > last.revision:
        return f"covers revision {last.revision}, a status changed at {needed}"
    return None if intact(last) else "its bundle is gone from the exchange"


def _slice_state(
    connection: Connection, profile: IssuerProfile, slice_: int, intact: Intact
) -> tuple[Issued | None, int | None]:
    """The last complete bundle, and the revision that is covered by it and what follows (None if it is not intact)."""
    stored = issued.stored_since_complete(connection, _slice_part(profile, slice_))
    if not stored:
        return None, None
    if not intact(stored[0]) or stored[0].slices != profile.ocsp.slices:
        return stored[0], None
    covered = stored[0].revision
    for partial in stored[1:]:
        if partial.base_revision <= covered and intact(partial):
            covered = max(covered, partial.revision)
    return stored[0], covered


def _partials(connection: Connection, part: Part) -> int:
    return len(issued.stored_since_complete(connection, part)) - 1


def _why_slice(last: Issued | None, is_intact: bool, ocsp: OCSPProfile, slice_: int, now: datetime) -> str | None:
    if last is None:
        return "was never signed"
    if last.slices != ocsp.slices:
        return f"was signed as one of {last.slices} slices, and there are {ocsp.slices}"
    if last.this_update < _turn(slice_, ocsp, now):
        return f"is of {iso(last.this_update)}, its turn was {iso(_turn(slice_, ocsp, now))}"
    return None if is_intact else "its bundle is gone from the exchange"


def _turn(slice_: int, ocsp: OCSPProfile, now: datetime) -> datetime:
    """The latest moment at which it was this slice's turn: the slices are spread evenly over the renewal period."""
    period = ocsp.renewal
    phase = period * slice_ / ocsp.slices
    midnight = datetime.min.replace(tzinfo=now.tzinfo)
    turns = (now - midnight - phase) // period
    return midnight + phase + turns * period


def _not_before(connection: Connection, part: Part) -> datetime | None:
    latest = issued.latest_this_update(connection, part)
    return latest + ONE_SECOND if latest else None


def _slice_part(profile: IssuerProfile, slice_: int) -> Part:
    return Part(issuer=profile.issuer.id, kind=Kind.OCSP, label=str(slice_))
