"""How the rows of a status change when a bundle is taken. Pure: a status and a bundle's facts in, rows out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.verified import Verified
from publisher.verify_crl import VerifiedCRL
from revocation.artifacts import Kind
from revocation.bundle import Manifest
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.paths import crl_path
from revocation.published import Applied, CRLRow, HeldBundle, ScheduledCRL, SetAside, SliceRow, TargetStatus
from revocation.windows import SKEW
from revocation.wire.exchange import Stored

_MOST_WAITING = 1000
_MOST_REMEMBERED = 20
_REMEMBERED = timedelta(days=1)


@dataclass
class Window:
    """What the responses of a bundle have in common: the oldest thisUpdate, the first nextUpdate, how many they are."""

    this_update: datetime
    next_update: datetime
    count: int = 0

    def add(self, responses: Verified) -> None:
        """Take more responses in."""
        like = responses.like
        self.this_update = min(self.this_update, like.this_update) if self.count else like.this_update
        self.next_update = min(self.next_update, like.next_update) if self.count else like.next_update
        self.count += len(responses)


def take_crl(status: TargetStatus, crl: VerifiedCRL, spec: CRLSpec, revision: int) -> None:
    """The row of the CRL says what is there now; whatever was put back there before is not there any more."""
    row = CRLRow(
        issuer=spec.issuer.id,
        label=spec.label,
        number=crl.number,
        revision=revision,
        this_update=crl.this_update,
        next_update=crl.next_update,
        renew_at=spec.renew_at(crl.this_update, crl.next_update),
        sha256=crl.sha256,
        size=len(crl.der),
    )
    status.crls = [r for r in status.crls if (r.issuer, r.label) != (row.issuer, row.label)] + [row]
    status.crls.sort(key=lambda r: (r.issuer, r.label))
    status.put_back = [one for one in status.put_back if one.path != spec.path]


def take_slice(status: TargetStatus, manifest: Manifest, window: Window, profile: IssuerProfile, now: datetime) -> None:
    """The row of the slice: a complete bundle sets it, partial ones carry it on, whatever the order of their arrival.

    Call after `note_applied` with the bundle, whose partial ones make the chain.
    """
    part = manifest.part
    row = next((r for r in status.slices if (r.issuer, r.slice) == (part.issuer, part.slice)), None)
    if manifest.complete and (row is None or window.this_update >= row.this_update or row.this_update > now):
        row = SliceRow(
            issuer=part.issuer,
            slice=part.slice,
            revision=manifest.revision,
            this_update=window.this_update,
            next_update=window.next_update,
            renew_at=window.this_update + profile.ocsp.renewal,
            count=window.count,
        )
    if row is None:
        return
    row = _chained(row, [a for a in status.applied if a.kind is Kind.OCSP and a.issuer == row.issuer])
    status.slices = [r for r in status.slices if (r.issuer, r.slice) != (row.issuer, row.slice)] + [row]
    status.slices.sort(key=lambda r: (r.issuer, r.slice))


def _chained(row: SliceRow, applied: Collection[Applied]) -> SliceRow:
    """The row, brought forward by every partial bundle whose base it covers."""
    partial = sorted((a for a in applied if a.part == str(row.slice) and a.base_revision), key=lambda a: a.revision)
    for link in partial:
        if link.base_revision <= row.revision < link.revision:
            ends = min(row.next_update, link.next_update) if link.next_update else row.next_update
            row = row.model_copy(update={"revision": link.revision, "next_update": ends})
    return row


def note_applied(status: TargetStatus, bundle: Stored, manifest: Manifest, next_update: datetime | None = None) -> None:
    """Remember that a bundle was dealt with."""
    applied = Applied(
        bundle=bundle.name,
        issuer=manifest.part.issuer,
        kind=manifest.part.kind,
        part=manifest.part.label,
        base_revision=manifest.base_revision,
        revision=manifest.revision,
        version=bundle.version,
        next_update=next_update,
    )
    status.applied = [a for a in status.applied if a.bundle != bundle.name] + [applied]
    status.set_aside = [s for s in status.set_aside if s.bundle != bundle.name]
    _end_hold(status, bundle.name)


def note_scheduled(status: TargetStatus, scheduled: ScheduledCRL) -> None:
    """Remember that a CRL of a series passed, and is published when it begins."""
    found = [one for one in status.scheduled if one.bundle != scheduled.bundle] + [scheduled]
    status.scheduled = sorted(found, key=lambda one: (one.issuer, one.label, one.this_update))
    status.set_aside = [s for s in status.set_aside if s.bundle != scheduled.bundle]
    status.held = [held for held in status.held if held.bundle != scheduled.bundle]


def note_held(status: TargetStatus, bundle: Stored, reason: str, now: datetime) -> None:
    """Remember that a bundle has to wait, and since when those of its part do."""
    since = min((held.since for held in status.held if _same_part(held.bundle, bundle.name)), default=now)
    row = HeldBundle(bundle=bundle.name, since=since, reason=reason)
    status.held = sorted([held for held in status.held if held.bundle != bundle.name] + [row], key=lambda h: h.bundle)
    _unschedule(status, bundle.name)


def note_refused(status: TargetStatus, refused: SetAside) -> None:
    """Remember that a bundle was set aside, and why."""
    status.set_aside = [s for s in status.set_aside if s.bundle != refused.bundle] + [refused]
    _end_hold(status, refused.bundle)


def _end_hold(status: TargetStatus, name: str) -> None:
    _unschedule(status, name)
    status.held = [held for held in status.held if not _same_part(held.bundle, name)]


def _unschedule(status: TargetStatus, name: str) -> None:
    status.scheduled = [one for one in status.scheduled if one.bundle != name]


def _same_part(name: str, other: str) -> bool:
    return name.partition("-")[2] == other.partition("-")[2]


def forget_crl(status: TargetStatus, row: CRLRow) -> None:
    """The CRL is not there as the row says: drop the row, and let its bundles be looked at again."""
    status.crls.remove(row)
    status.applied = [a for a in status.applied if (a.kind, a.issuer, a.part) != (Kind.CRL, row.issuer, row.label)]


def forget_responses(status: TargetStatus) -> None:
    """Let the bundles of responses be looked at again."""
    status.applied = [a for a in status.applied if a.kind is not Kind.OCSP]


def prune_rows(status: TargetStatus, profiles: Mapping[str, IssuerProfile]) -> None:
    """Drop the rows of issuers, CRLs and slices that the configuration has no longer: nobody renews them.

    The bundles of such issuers and CRLs, and of kinds that the target takes no longer, are forgotten too, so that they
    are taken again once configured again.
    """
    status.crls = [row for row in status.crls if row.issuer in profiles and row.label in profiles[row.issuer].crls]
    shown = {crl_path(row.issuer, row.label) for row in status.crls}
    status.put_back = [one for one in status.put_back if one.path in shown]
    configured = {spec.path for profile in profiles.values() for spec in profile.crls.values()}
    status.disturbed = [one for one in status.disturbed if one.path in configured]
    status.scheduled = [one for one in status.scheduled if _is_of_a_series(one, profiles)]
    status.slices = [
        row
        for row in status.slices
        if Kind.OCSP in status.kinds and row.issuer in profiles and row.slice < profiles[row.issuer].ocsp.slices
    ]
    status.applied = [
        a
        for a in status.applied
        if a.kind in status.kinds and a.issuer in profiles and _configured(a, profiles[a.issuer])
    ]


def _is_of_a_series(scheduled: ScheduledCRL, profiles: Mapping[str, IssuerProfile]) -> bool:
    spec = profiles[scheduled.issuer].crls.get(scheduled.label) if scheduled.issuer in profiles else None
    return spec is not None and spec.settings.series is not None


def _configured(applied: Applied, profile: IssuerProfile) -> bool:
    return applied.kind is not Kind.CRL or applied.part in profile.crls


def prune_bundles(status: TargetStatus, listed: Collection[str], now: datetime) -> None:
    """Forget bundles that left the exchange, but for partial ones that wait for what they add to.

    What is left of a series that was superseded is none any more: its bundles are looked at again, and are too old.

    That one was refused is shown for a day after it left: by then it was superseded, and nobody has to act on it. Not
    even so long where a clock that ran ahead refused it: its day would come with its time.
    """
    covered = {(row.issuer, str(row.slice)): row.revision for row in status.slices}
    waiting = [
        a
        for a in status.applied
        if a.bundle not in listed and a.base_revision and a.revision > covered.get((a.issuer, a.part), -1)
    ]
    kept = {a.bundle for a in waiting[-_MOST_WAITING:]} | set(listed)
    status.applied = [a for a in status.applied if a.bundle in kept]
    left = [s for s in status.set_aside if s.bundle not in listed and -SKEW <= now - s.at < _REMEMBERED]
    status.set_aside = [s for s in status.set_aside if s.bundle in listed or s in left[-_MOST_REMEMBERED:]]
    status.held = [held for held in status.held if held.bundle in listed]
    published = {(row.issuer, row.label): row.number for row in status.crls}
    status.scheduled = [
        one
        for one in status.scheduled
        if one.bundle in listed and one.number > published.get((one.issuer, one.label), -1)
    ]
