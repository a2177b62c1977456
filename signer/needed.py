"""What has to be published: the parts of an issuer's status, and the revision that a target must have reached of each.

`due` compares the ledger with the exchange; whoever asks compares these with what a target says of itself, and so sees
a bundle that lies in the exchange and never reached the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.config import IssuerProfile
from revocation.messages import Look
from revocation.part import Part
from signer.ceremony.outstanding import Outstanding
from signer.ledger import facts, issued
from signer.ledger.changes import Changes
from signer.ledger.groups import Selection
from signer.signer import Signer

_MOST: Final = 5000
"""Parts in one reply, which must stay below 1 MiB."""


@dataclass(frozen=True)
class Needed:
    """A CRL, or a slice with a live certificate.

    Attributes:
        revision: the ledger revision that has to be published; for a slice 0 when what is said to be published is
            enough.
        bundled: the ledger revision that its bundles cover, of an issuer whose key is offline those of the last
            ceremony that was accepted; 0 where there is none.
    """

    part: Part
    revision: int
    bundled: int

    def as_json(self) -> dict[str, object]:
        """As it stands in a reply."""
        part = {"issuer": self.part.issuer, "kind": self.part.kind, "label": self.part.label}
        return {**part, "revision": self.revision, "bundled": self.bundled}


def needed(signer: Signer, published: Look, now: datetime) -> list[Needed]:
    """Every part that has to be published, of the issuers that are asked for and have not expired.

    Those that `published` lacks or has at a lower revision come first, and are all that anybody misses when there are
    more than a reply can carry.
    """
    has = {(row.issuer, Kind.CRL, row.label): row.revision for row in published.crls}
    has |= {(row.issuer, Kind.OCSP, str(row.slice)): row.revision for row in published.slices}
    found: list[Needed] = []
    for profile in signer.public.profiles.values():
        if now < profile.issuer.not_after and (not published.issuers or profile.issuer.id in published.issuers):
            with signer.ledger.read() as connection:
                if signer.is_offline(profile.issuer):
                    found += _by_ceremonies(connection, profile, now)
                else:
                    found += [*_crls(connection, profile), *_slices(connection, profile, published, now)]
    found.sort(key=lambda one: has.get((one.part.issuer, one.part.kind, one.part.label), -1) >= one.revision)
    return found[:_MOST]


def _by_ceremonies(connection: Connection, profile: IssuerProfile, now: datetime) -> Iterator[Needed]:
    """Of an issuer whose key is offline. Its CRLs are signed anew at each ceremony, and the slices that changed."""
    outstanding, since = Outstanding(connection, profile), profile.ocsp.answered_since(now)
    for spec in profile.crls.values():
        bundled = max(_bundled(connection, spec.part), outstanding.accepted)
        yield Needed(spec.part, outstanding.crl(Selection.of(spec)), bundled)
    for part in _live_slices(connection, profile, since):
        bundled = max(_bundled(connection, part), outstanding.brought(part))
        yield Needed(part, outstanding.slice(part, since), bundled)


def _crls(connection: Connection, profile: IssuerProfile) -> Iterator[Needed]:
    changes = Changes(connection, profile.issuer)
    for spec in profile.crls.values():
        yield Needed(spec.part, changes.latest(Selection.of(spec)), _bundled(connection, spec.part))


def _slices(connection: Connection, profile: IssuerProfile, published: Look, now: datetime) -> Iterator[Needed]:
    """Only changes after what is published are read: there may be a million certificates."""
    issuer, slices, since = profile.issuer, profile.ocsp.slices, profile.ocsp.answered_since(now)
    lowest = min((row.revision for row in published.slices if row.issuer == issuer.id), default=None)
    changed: dict[int, int] = {}
    for hash_, revision in facts.changed_since(connection, issuer, since, lowest) if lowest is not None else ():
        slice_ = facts.slice_of(hash_, slices)
        changed[slice_] = max(revision, changed.get(slice_, 0))
    for part in _live_slices(connection, profile, since):
        yield Needed(part, changed.get(part.slice, 0), _bundled(connection, part))


def _live_slices(connection: Connection, profile: IssuerProfile, since: datetime) -> Iterator[Part]:
    """Those with a certificate that had not expired then."""
    for slice_ in range(profile.ocsp.slices):
        if facts.has_live(connection, profile.issuer, facts.slice_hashes(slice_, profile.ocsp.slices), since):
            yield Part(issuer=profile.issuer.id, kind=Kind.OCSP, label=str(slice_))


def _bundled(connection: Connection, part: Part) -> int:
    """What the newest complete bundle covers, with those that add to it."""
    reached = 0
    for row in issued.stored_since_complete(connection, part):
        if row.base_revision <= reached:
            reached = max(reached, row.revision)
    return reached
