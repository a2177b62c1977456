"""CRLs of a series: verified when they arrive, held until they begin, and released at the first look from then on.

They lie in the exchange until then, and nowhere else: what is superseded is taken out there, and what somebody puts
back has a number that is too low by then.
"""

from datetime import datetime

from publisher.archive import Archive
from publisher.dated_lines import DatedLines
from publisher.line import UNKNOWN_BUNDLE, CRLMark, is_ahead
from publisher.marks import Marks
from publisher.rows import forget_crl, note_scheduled
from publisher.succession import Succession
from publisher.verify_crl import VerifiedCRL, check_crl_window
from revocation.clock import epoch, iso
from revocation.config import PublicConfig
from revocation.crlspec import CRLSpec
from revocation.published import ScheduledCRL, TargetStatus
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
    marks: Marks, archive: Archive, succession: Succession, crl: VerifiedCRL, spec: CRLSpec, now: datetime
) -> CRLMark | None:
    """The newest that was published, which a CRL has to follow on; of a series the newest of those that have begun.

    A clock that ran ahead released what had not begun, which nobody can rely on: once it is right again, what belongs
    there now has a lower number, and still a higher one than all that were released in time. It says the same, being
    of the same ceremony. What says anything else was superseded, and it is the clock of now that is wrong.
    """
    mark = marks.crl(spec.issuer.id, spec.label)
    if mark is None or spec.settings.series is None or not is_ahead(epoch(mark.this_update), now):
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


def forget_released_early(status: TargetStatus, public: PublicConfig, now: datetime, released: DatedLines) -> list[str]:
    """Have the bundles of a series be looked at again where one is published that has not begun; a line for each.

    Raises:
        OSError: it cannot be noted for the alarm.
    """
    lines = []
    for row in list(status.crls):
        spec = public.profiles[row.issuer].crls.get(row.label) if row.issuer in public.profiles else None
        if spec is not None and spec.settings.series is not None and is_ahead(epoch(row.this_update), now):
            line = f"{spec}: number {row.number} was released early, by a clock that ran ahead, or this one is behind"
            window = f"from {iso(row.this_update)} until {iso(row.next_update)}"
            released.add(f"{line}: whoever fetched it can hide with it what is revoked since, {window}", now)
            forget_crl(status, row)
            lines.append(line)
    return lines
