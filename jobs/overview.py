"""What `status` says, before it is printed: one line per artifact and target, and how bad each is. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.wanted import CEREMONY, Due, Wanted
from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.crlspec import NEVER
from revocation.part import Part
from revocation.published import CRLRow, SliceRow, TargetStatus
from revocation.slicing import too_large
from revocation.windows import PUBLISHING


class State(StrEnum):
    """How an artifact stands."""

    FRESH = "fresh"
    DUE = "due"
    BEHIND = "behind"
    OVERDUE = "overdue"
    EXPIRED = "expired"
    MISSING = "missing"

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look. What is due is made within the next look."""
        return self not in (State.FRESH, State.DUE)


@dataclass(frozen=True)
class Line:
    """One artifact on one target.

    Attributes:
        number: of a CRL.
        responses: how many a slice has.
        age, left, renew_in: None where the artifact is missing; left and renew_in also where that never comes, as with
            the last CRL of a retired issuer.
        why: what the signer says is due, and why, or what a target lacks that was made; empty when there is nothing, or
            the signer did not say.
        part: which CRL or slice it is; None of an issuer's certificate.
        row: what the target says of it; None where it is missing.
    """

    target: str
    issuer: str
    what: str
    state: State
    number: int | None = None
    responses: int | None = None
    revision: int | None = None
    age: timedelta | None = None
    left: timedelta | None = None
    renew_in: timedelta | None = None
    why: str = ""
    part: Part | None = None
    row: CRLRow | SliceRow | None = None

    def as_json(self) -> dict[str, object]:
        """The same for scripts; durations in seconds."""
        spans = {"age": self.age, "left": self.left, "renew_in": self.renew_in}
        seconds = {name: None if span is None else int(span.total_seconds()) for name, span in spans.items()}
        return {
            "target": self.target,
            "issuer": self.issuer,
            "what": self.what,
            "state": self.state,
            "number": self.number,
            "responses": self.responses,
            "revision": self.revision,
            "due": self.why,
            **seconds,
        }


def lines(statuses: Sequence[TargetStatus], public: PublicConfig, wanted: Wanted, now: datetime) -> list[Line]:
    """Every artifact of every target; what a target should have and has not is a line too."""
    return [
        line
        for status in statuses
        for profile in public.profiles.values()
        for line in _Group(status, profile, wanted, now).lines()
    ]


def undone(due: Due, shown: Iterable[Line], public: PublicConfig) -> list[str]:
    """What the signer says is due and stands in no line: responder certificates, and slices never published."""
    named = {(line.issuer, line.what) for line in shown}
    profiles = public.profiles
    sentences = []
    for (issuer, what), why in due.items():
        name = profiles[issuer].issuer.name if issuer in profiles else issuer
        if (name, what) not in named:
            sentences.append(f"{name}: {what}: {why}")
    return sentences


def set_aside(statuses: Sequence[TargetStatus]) -> list[str]:
    """The bundles that were refused, each with its reason."""
    return [
        f"{status.target}: {bundle.bundle} at {iso(bundle.at)}: {bundle.reason}"
        for status in statuses
        for bundle in status.set_aside
    ]


def held(statuses: Sequence[TargetStatus]) -> list[str]:
    """The bundles that cannot be published yet, each with what it waits for."""
    return [
        f"{status.target}: {bundle.bundle} since {iso(bundle.since)}: {bundle.reason}"
        for status in statuses
        for bundle in status.held
    ]


def large_slices(statuses: Sequence[TargetStatus], public: PublicConfig) -> list[str]:
    """Of each issuer with slices that are too large, how many it should have; once, however many targets have them."""
    found: dict[str, str] = {}
    for status in statuses:
        for id_, profile in public.profiles.items():
            counts = [row.count for row in status.slices if row.issuer == id_]
            if said := too_large(profile, max(counts, default=0), sum(counts)):
                found.setdefault(id_, said)
    return list(found.values())


@dataclass(frozen=True)
class _Group:
    """The artifacts of one issuer on one target."""

    status: TargetStatus
    profile: IssuerProfile
    wanted: Wanted
    now: datetime

    def lines(self) -> Iterator[Line]:
        """The CRLs that are configured, and the slices that are there or should be."""
        if Kind.CRL in self.status.kinds:
            crls = {row.label: row for row in self.status.crls if row.issuer == self.profile.issuer.id}
            for label, spec in self.profile.crls.items():
                yield self._line(f"crl {label}", spec.part, crls.get(label), spec.settings.look)
        if Kind.OCSP in self.status.kinds:
            slices = {row.slice: row for row in self.status.slices if row.issuer == self.profile.issuer.id}
            for slice_ in sorted(slices.keys() | self._wanted_slices()):
                part = Part(issuer=self.profile.issuer.id, kind=Kind.OCSP, label=str(slice_))
                yield self._line(f"ocsp slice {slice_}", part, slices.get(slice_), self.profile.ocsp.look)

    def _wanted_slices(self) -> set[int]:
        mine = (p for p in self.wanted.parts if (p.issuer, p.kind) == (self.profile.issuer.id, Kind.OCSP))
        return {part.slice for part in mine if part.slice < self.profile.ocsp.slices}

    def _line(self, what: str, part: Part, row: CRLRow | SliceRow | None, look: timedelta) -> Line:
        why = self.wanted.due.get((part.issuer, what), "")
        line = Line(self.status.target, self.profile.issuer.name, what, State.MISSING, why=why, part=part)
        if row is None:
            return line
        needed = self.wanted.parts.get(part, 0)
        is_behind = row.revision < needed
        return replace(
            line,
            state=_state(row, look, self.now, is_behind=is_behind),
            number=row.number if isinstance(row, CRLRow) else None,
            responses=row.count if isinstance(row, SliceRow) else None,
            revision=row.revision,
            row=row,
            age=self.now - row.this_update,
            left=_until(row.next_update, self.now),
            renew_in=_until(row.renew_at, self.now),
            why=why or (f"revision {needed} waits {self._where(part, needed)}" if is_behind else ""),
        )

    def _where(self, part: Part, needed: int) -> str:
        """Where what a target lacks is: of an issuer whose key is offline the next ceremony may have to sign it yet."""
        waits = (part.issuer, CEREMONY) in self.wanted.due and self.wanted.bundled.get(part, needed) < needed
        return "for a ceremony (docs/ceremony.md)" if waits else "in the exchange"


def _state(row: CRLRow | SliceRow, look: timedelta, now: datetime, *, is_behind: bool) -> State:
    if now >= row.next_update:
        return State.EXPIRED
    if is_behind:
        return State.BEHIND
    late = now - row.renew_at  # renew_at + look would be beyond the last date where nothing is ever renewed
    if late > look + PUBLISHING:
        return State.OVERDUE
    return State.DUE if late >= timedelta(0) else State.FRESH


def _until(moment: datetime, now: datetime) -> timedelta | None:
    return None if moment == NEVER else moment - now
