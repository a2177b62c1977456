"""What is left of the series that a ceremony signed: what is released next, and when another is due. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from jobs.exposition import Gauge, Samples
from revocation.artifacts import Kind
from revocation.clock import epoch, iso
from revocation.config import PublicConfig
from revocation.crlspec import CRLSpec
from revocation.published import TargetStatus

_HELD = Gauge("revocast_series_held", "CRLs of a series that passed and are held until they begin.")
_NEXT = Gauge("revocast_series_next_release_timestamp_seconds", "When the next of them begins; 0 where none is left.")
_ENDS = Gauge(
    "revocast_series_end_timestamp_seconds", "nextUpdate of the last CRL of a series, or of the published one; 0: none."
)
_DUE = Gauge(
    "revocast_series_ceremony_due_timestamp_seconds",
    "When the next ceremony is due; 0 where it always was, no sample where the CA ends before.",
)


@dataclass(frozen=True)
class SeriesLeft:
    """Of one CRL on one target.

    Attributes:
        windows: thisUpdate and nextUpdate of the one that is published, and of those that are held.
        held: how many are held.
    """

    target: str
    spec: CRLSpec
    windows: Sequence[tuple[datetime, datetime]]
    held: int

    @property
    def next_release(self) -> datetime | None:
        """When the next begins."""
        return self.windows[-self.held][0] if self.held else None

    @property
    def ends(self) -> datetime | None:
        """nextUpdate of the last; None where there is none."""
        return max((end for _, end in self.windows), default=None)

    @property
    def ceremony_due(self) -> datetime | None:
        """When the next ceremony is due, long before the last one ends.

        None where nothing is there yet, and where the CA ends before: no ceremony can sign anything then.
        """
        series, ends = self.spec.settings.series, self.ends
        if ends is None or series is None or self.outlasts_issuer:
            return None
        return ends - series.early(self.spec.settings.expires)

    @property
    def outlasts_issuer(self) -> bool:
        """Whether the last one is valid when the CA ends, and none has to follow on it."""
        return self.ends is not None and self.ends >= self.spec.issuer.not_after

    @property
    def gaps(self) -> list[tuple[datetime, datetime]]:
        """Times in which none will be valid, between two that are there."""
        return [(one[1], other[0]) for one, other in pairwise(self.windows) if other[0] >= one[1]]

    def trouble(self, now: datetime) -> str | None:
        """Why somebody has to hold a ceremony; None where nobody has to yet."""
        due, ends = self.ceremony_due, self.ends
        if self.gaps:
            begin, end = self.gaps[0]
            return (
                f"no CRL is valid from {iso(begin)} to {iso(end)}: one of the series is missing: accept the "
                "last ceremony again from where it was filed, or hold another (docs/ceremony.md)"
            )
        if due is None or ends is None or now < due:
            return None
        lost = "" if self.held else "; where more of the series was lost, accept the last ceremony again"
        return f"the next ceremony is due: the last CRL that is there ends at {iso(ends)}{lost} (docs/ceremony.md)"

    def __str__(self) -> str:
        due, ends, release = self.ceremony_due, self.ends, self.next_release
        what = f"{self.target}: {self.spec}"
        if ends is None:
            return (
                f"{what}: nothing is there: no ceremony was accepted yet, or what it signed is lost: accept the "
                "last one again, or hold one; where the key is, that is always so: `status` online tells more"
            )
        held = f"{self.held} are held, the next is released at {iso(release)}" if release else "none is held any more"
        then = f"the next ceremony is due at {iso(due)}" if due else f"the CA ends at {iso(self.spec.issuer.not_after)}"
        return f"{what}: {held}; the last ends at {iso(ends)}, {then}"

    def as_json(self, now: datetime) -> dict[str, object]:
        """The same for scripts."""
        times = {"next_release": self.next_release, "ends": self.ends, "ceremony_due": self.ceremony_due}
        return {
            "target": self.target,
            "issuer": self.spec.issuer.name,
            "crl": self.spec.label,
            "held": self.held,
            **{name: iso(at) if at else None for name, at in times.items()},
            "trouble": self.trouble(now),
        }


def series_left(statuses: Sequence[TargetStatus], public: PublicConfig) -> list[SeriesLeft]:
    """Each series of each target."""
    return [
        _left(status, spec)
        for status in statuses
        if Kind.CRL in status.kinds
        for profile in public.profiles.values()
        for spec in profile.complete_crls.values()
        if spec.settings.series is not None
    ]


def _left(status: TargetStatus, spec: CRLSpec) -> SeriesLeft:
    which = (spec.issuer.id, spec.label)
    there = [(row.this_update, row.next_update) for row in status.crls if (row.issuer, row.label) == which]
    held = sorted((s.this_update, s.next_update) for s in status.scheduled if (s.issuer, s.label) == which)
    return SeriesLeft(status.target, spec, [*there, *held], len(held))


def series_metrics(statuses: Sequence[TargetStatus], public: PublicConfig) -> Iterator[tuple[Gauge, Samples]]:
    """By target, issuer and CRL; none where no series is configured."""
    found = series_left(statuses, public)
    places = [{"target": one.target, "issuer": one.spec.issuer.id, "label": one.spec.label} for one in found]
    yield _HELD, [(place, one.held) for place, one in zip(places, found, strict=True)]
    for gauge, moments in ((_NEXT, [one.next_release for one in found]), (_ENDS, [one.ends for one in found])):
        yield gauge, [(place, epoch(at) if at else 0) for place, at in zip(places, moments, strict=True)]
    due = [(place, one) for place, one in zip(places, found, strict=True) if not one.outlasts_issuer]
    yield _DUE, [(place, epoch(one.ceremony_due) if one.ceremony_due else 0) for place, one in due]
