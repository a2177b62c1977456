"""What is due, and why: from the ledger, the exchange and the time, never from somebody's word.

What is said to be published only makes the signer look harder at the bundle it already made.
"""

from collections.abc import Iterator
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
from revocation.messages import Verb
from revocation.part import Part
from signer.delegates import delegate
from signer.handover import Waiting, waiting_for_ca_key
from signer.keys.keyring import Keyring
from signer.keys.responder_keys import ResponderKeys
from signer.ledger import dates, issued, this_updates
from signer.ledger.changes import Changes
from signer.ledger.early import ONE_SECOND
from signer.ledger.groups import Selection
from signer.ledger.issued import Issued
from signer.published import Published
from signer.slices import Intact, Slices

_JUST_NOW: Final = timedelta(seconds=5)


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
        lacks_status: a CRL that lacks a change of status, whatever else is the matter with it.
    """

    profile: IssuerProfile
    part: Part | None
    base_revision: int
    why: str
    not_before: datetime | None = None
    behind: bool = False
    waits: RevocastError | None = None
    lacks_status: bool = False

    @property
    def task(self) -> Verb:
        """What a message asks for that asks for it."""
        if self.part is None:
            return Verb.GENERATE_OCSP_KEYS
        return Verb.GENERATE_CRLS if self.part.kind is Kind.CRL else Verb.PRESIGN

    @property
    def work(self) -> tuple[str, Kind | None, bool, bool]:
        """What kind of work it is: each of them goes on, however much of another comes up."""
        return self.profile.issuer.id, self.part.kind if self.part else None, self.behind, self.base_revision > 0

    @property
    def is_urgent(self) -> bool:
        """Whether it does not wait for a slice that is being signed whole: a CRL, or what changed in a slice."""
        return self.base_revision > 0 or (self.part is not None and self.part.kind is Kind.CRL)

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
            not_before = _not_before(connection, profile, spec.part, now)
            lacks = needed > (last.revision if last else 0)
            turn = last.sequence if last else 0
            if spec.name.delta and (its := _last(connection, complete.part)):
                is_new = now - its.this_update <= spec.settings.backdate + _JUST_NOW
                turn = turn if is_new else max(turn, its.sequence)
            found.append((turn, Due(profile, spec.part, 0, why, not_before, lacks_status=lacks)))
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
    whole: bool,
) -> Iterator[Due]:
    """Each slice that is behind a fact; then those never signed, old, near their end, or whose bundle is gone.

    A slice can be both: then a partial bundle comes first, and the whole slice follows in the next second.

    Args:
        whole: whether slices are signed whole now, or one is being signed.
    """
    newest = None if profile.ocsp.direct else delegate(connection, keys, profile, now)

    def waiting(rows: list[Issued]) -> Waiting | None:
        return waiting_for_ca_key(connection, profile, rows, keys, keyring, now)

    slices = Slices(connection, profile, now, intact, newest.not_after if newest else None, waiting)
    for part, base, why in slices.behind(whole=whole):
        waits = slices.waits(part) if not base else None
        yield Due(profile, part, base, why, _not_before(connection, profile, part, now), behind=True, waits=waits)
    for part, why in slices.renewals() if whole else ():
        waits = slices.waits(part)
        yield Due(profile, part, 0, why, _not_before(connection, profile, part, now), waits=waits)


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


def _not_before(connection: Connection, profile: IssuerProfile, part: Part, now: datetime) -> datetime:
    latest = this_updates.latest(connection, part, now)
    dated = dates.latest(connection, profile.issuer)
    return max(dated, latest + ONE_SECOND) if latest else dated
