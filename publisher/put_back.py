"""CRLs that went back: where exchange and target have only older ones, the newest that passed lies in the archive.

As after both buckets were put back from a copy. What was published, and is valid, is published again, until the
exchange has it, or the next one is made.
"""

from datetime import datetime

from publisher.archive import Archive
from publisher.course import Course
from publisher.line import CRLMark, is_ahead
from publisher.marks import Marks
from publisher.rows import take_crl
from publisher.succession import Succession
from publisher.targets.protocol import StaticObject, StaticTarget
from publisher.verify_crl import VerifiedCRL, check_crl_window, read_crl
from revocation.clock import epoch
from revocation.config import PublicConfig
from revocation.crlspec import CRLSpec
from revocation.errors import GateError
from revocation.published import PutBackCRL, TargetStatus


class PuttingBack:
    """What one static target gets again from the archive."""

    def __init__(
        self,
        target: StaticTarget,
        marks: Marks,
        archive: Archive,
        public: PublicConfig,
        succession: Succession,
        course: Course,
    ) -> None:
        self._target = target
        self._marks = marks
        self._archive = archive
        self._public = public
        self._succession = succession
        self._course = course

    def tend(self, status: TargetStatus, now: datetime) -> list[str]:
        """Put again what went back, once all of the exchange was looked at; a line for each, and a row in the status.

        Raises:
            TargetError: the target or the archive failed.
        """
        lines = []
        for profile in self._public.profiles.values():
            for spec in sorted(profile.crls.values(), key=lambda spec: spec.name.delta):  # a delta follows on its base
                crl = self._newest_kept(spec, now)
                if crl is not None:
                    self._target.put(StaticObject(spec.path, crl.der, crl.this_update))
                    lines.append(str(_note(status, crl, spec, now)))
        return lines

    def _newest_kept(self, spec: CRLSpec, now: datetime) -> VerifiedCRL | None:
        """The newest CRL of the archive that passed once and is valid; None where the target shows that, or a newer."""
        mark = self._marks.crl(spec.issuer.id, spec.label)
        if mark is None or self._target.digest(spec.path) == mark.sha256:
            return None
        shown = self._succession.shown(spec)
        kept = self._archive.issued(spec.issuer.id, spec.label)
        for number in sorted((n for n in kept if n <= mark.number), reverse=True):
            if shown is not None and number <= shown.number:
                return None
            crl = self._valid(spec, number, now)
            if crl is not None and self._may_stand_for(mark, crl, spec, now):
                return crl
        return None

    def _may_stand_for(self, mark: CRLMark, crl: VerifiedCRL, spec: CRLSpec, now: datetime) -> bool:
        """Whether it is the newest, or one before it where that is lost or has ended.

        Where the newest has not begun, by this clock, only one that says the same; none where this clock is behind.
        """
        if crl.number == mark.number:
            return crl.sha256 == mark.sha256
        if not is_ahead(epoch(mark.this_update), now):
            return True
        return not self._course.is_behind and self._succession.says_what_was_last(crl, spec, mark.number)

    def _valid(self, spec: CRLSpec, number: int, now: datetime) -> VerifiedCRL | None:
        """The CRL of the archive with that number, if it may be handed out now, a delta to those who have its base."""
        der = self._archive.get(spec.issuer.id, spec.label, number)
        try:
            crl = read_crl(der, spec) if der is not None else None
            if crl is not None:
                check_crl_window(crl, spec, now)
        except GateError:
            return None
        if crl is None or crl.number != number:
            return None
        if spec.name.delta:
            complete = self._succession.published(self._public.profiles[spec.issuer.id].crls[str(spec.name.complete)])
            return crl if complete is not None and complete.number >= (crl.base_number or 0) else None
        return crl


def _note(status: TargetStatus, crl: VerifiedCRL, spec: CRLSpec, now: datetime) -> PutBackCRL:
    """A row of what is there again; which revision it covers stood in its bundle, so it counts as behind every one."""
    take_crl(status, crl, spec, revision=0)
    put_back = PutBackCRL(path=spec.path, number=crl.number, at=now)
    status.put_back.append(put_back)
    status.disturbed = [one for one in status.disturbed if one.path != spec.path]  # this says more
    return put_back
