"""What `status` says, before it is printed: one line per artifact and target, and how bad each is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.published import CRLRow, SliceRow, TargetStatus
from revocation.windows import PUBLISHING


class State(StrEnum):
    """How an artifact stands."""

    FRESH = "fresh"
    DUE = "due"
    OVERDUE = "overdue"
    EXPIRED = "expired"
    MISSING = "missing"

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look. What is due is made within the next look."""
        return self in (State.OVERDUE, State.EXPIRED, State.MISSING)


@dataclass(frozen=True)
class Line:
    """One artifact on one target.

    Attributes:
        number: the CRL number; for a slice how many responses it has.
        age, left, renew_in: None where the artifact is missing.
        why: what the signer says is due, and why; empty when nothing is, or it did not say.
    """

    target: str
    issuer: str
    what: str
    state: State
    number: int | None = None
    revision: int | None = None
    age: timedelta | None = None
    left: timedelta | None = None
    renew_in: timedelta | None = None
    why: str = ""

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
            "revision": self.revision,
            "due": self.why,
            **seconds,
        }


Due = Mapping[tuple[str, str], str]
"""Why something is due, by issuer id and what it is (`crl all`, `ocsp slice 3`, `responder certificate`)."""


def lines(statuses: Sequence[TargetStatus], public: PublicConfig, due: Due, now: datetime) -> list[Line]:
    """Every artifact of every target; a CRL that a target should have and has not is a line too."""
    found: list[Line] = []
    for status in statuses:
        for profile in public.profiles.values():
            if Kind.CRL in status.kinds:
                found += _crls(status, profile, due, now)
            if Kind.OCSP in status.kinds:
                found += _slices(status, profile, due, now)
    return found


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


def _crls(status: TargetStatus, profile: IssuerProfile, due: Due, now: datetime) -> Iterable[Line]:
    rows = {row.label: row for row in status.crls if row.issuer == profile.issuer.id}
    for label, spec in profile.crls.items():
        what = f"crl {label}"
        row = rows.get(label)
        if row is None:
            why = due.get((profile.issuer.id, what), "")
            yield Line(status.target, profile.issuer.name, what, State.MISSING, why=why)
        else:
            yield _line(status.target, profile, what, row, row.number, spec.settings.look, due, now)


def _slices(status: TargetStatus, profile: IssuerProfile, due: Due, now: datetime) -> Iterable[Line]:
    rows = (row for row in status.slices if row.issuer == profile.issuer.id)
    for row in sorted(rows, key=lambda row: row.slice):
        what = f"ocsp slice {row.slice}"
        yield _line(status.target, profile, what, row, row.count, profile.ocsp.look, due, now)


def _line(
    target: str,
    profile: IssuerProfile,
    what: str,
    row: CRLRow | SliceRow,
    number: int,
    look: timedelta,
    due: Due,
    now: datetime,
) -> Line:
    return Line(
        target,
        profile.issuer.name,
        what,
        _state(row, look, now),
        number,
        row.revision,
        now - row.this_update,
        row.next_update - now,
        row.renew_at - now,
        due.get((profile.issuer.id, what), ""),
    )


def _state(row: CRLRow | SliceRow, look: timedelta, now: datetime) -> State:
    if now >= row.next_update:
        return State.EXPIRED
    if now > row.renew_at + look + PUBLISHING:
        return State.OVERDUE
    return State.DUE if now >= row.renew_at else State.FRESH
