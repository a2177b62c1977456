"""CRLs of a series: verified when they arrive, held until they begin, and released at the first look from then on.

They lie in the exchange until then, and nowhere else: what is superseded is taken out there, and what somebody puts
back has a number that is too low by then.
"""

from datetime import datetime

from publisher.archive import Archive
from publisher.course import Course
from publisher.dated_lines import DatedLines
from publisher.line import UNKNOWN_BUNDLE, CRLMark, is_ahead
from publisher.marks import Marks
from publisher.rows import forget_crl, note_scheduled
from publisher.succession import Succession
from publisher.verify_crl import VerifiedCRL, check_crl_window
from revocation.clock import epoch, iso
from revocation.config import PublicConfig
from revocation.crlspec import CRLSpec
from revocation.published import CRLRow, ScheduledCRL, TargetStatus
from revocation.windows import SKEW


def begins_later(crl: VerifiedCRL, spec: CRLSpec, now: datetime) -> bool:
    """Whether it is one of a series that has not begun yet; one that begins after every series is none of it."""
    series = spec.settings.series
    return series is not None and now < crl.this_update <= now + series.ahead + SKEW


def schedule(status: TargetStatus, crl: VerifiedCRL, spec: CRLSpec, bundle: str, version: str) -> None:
    """Hold one that passed until it begins.

    Raises:
        GateError: its window is not one that the profile allows; it would be refused then.
    """
    check_crl_window(crl, spec, crl.this_update)
    window = {"this_update": crl.this_update, "next_update": crl.next_update}
    which = {"bundle": bundle, "issuer": spec.issuer.id, "label": spec.label, "number": crl.number}
    note_scheduled(status, ScheduledCRL.model_validate({**which, **window, "version": version}))


def standing_mark(
    marks: Marks,
    archive: Archive,
    succession: Succession,
    course: Course,
    crl: VerifiedCRL,
    spec: CRLSpec,
    now: datetime,
) -> CRLMark | None:
    """The newest that was published, which a CRL has to follow on; of a series the newest of those that have begun.

    A clock that ran ahead released what had not begun, which nobody can rely on: once it is right again, what belongs
    there now has a lower number, and still a higher one than all that were released in time. It says the same, being
    of the same ceremony. What says anything else was superseded, and it is the clock of now that is wrong, as it is
    where this clock is behind.
    """
    mark = marks.crl(spec.issuer.id, spec.label)
    if mark is None or not was_early(mark.this_update, spec, course, now):
        return mark
    if not succession.says_what_was_last(crl, spec, mark.number):
        return mark
    issued = archive.issued(spec.issuer.id, spec.label)
    begun = [number for number, this_update in issued.items() if this_update <= now + SKEW]
    if not begun:
        return None
    number = max(begun)
    sha256 = archive.digest(spec.issuer.id, spec.label, number) or ""
    return CRLMark(number=number, this_update=issued[number], sha256=sha256, bundle=UNKNOWN_BUNDLE)


def was_early(this_update: datetime, spec: CRLSpec, course: Course, now: datetime) -> bool:
    """Whether a CRL that is published is of a series, and was released by a clock that ran ahead, ours or another.

    Where this clock is behind, it was released in time.
    """
    return spec.settings.series is not None and not course.is_behind and is_ahead(epoch(this_update), now)


def forget_released_early(
    status: TargetStatus, public: PublicConfig, course: Course, now: datetime, released: DatedLines
) -> list[str]:
    """Have the bundles of a series be looked at again where one is published that has not begun; a line for each.

    Raises:
        OSError: it cannot be noted for the alarm.
    """
    lines = []
    for row in list(status.crls):
        spec = public.profiles[row.issuer].crls.get(row.label) if row.issuer in public.profiles else None
        if spec is not None and was_early(row.this_update, spec, course, now):
            lines.append(note_early(released, spec, row, now))
            forget_crl(status, row)
    return lines


def note_early(released: DatedLines, spec: CRLSpec, crl: CRLRow | VerifiedCRL, now: datetime) -> str:
    """Note for the alarm that a CRL was public before it began; a line for people.

    Raises:
        OSError: it cannot be noted.
    """
    line = f"{spec}: number {crl.number} was released early, by a clock that ran ahead"
    window = f"from {iso(crl.this_update)} until {iso(crl.next_update)}"
    released.add(f"{line}: whoever fetched it can hide with it what is revoked since, {window}", now)
    return line
