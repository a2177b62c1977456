"""CRLs that are not on a static target as they were published: somebody else writes there, or it lost them.

What was published is put again in the same look. That it had to be is told for an hour, since whoever does it every
minute decides what relying parties get in between. A CRL that was never there yet is missed by nobody, and one that is
there to the last octet, with the headers of another `max_age` or version, is put again and not told.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from publisher.marks import Marks
from publisher.rows import forget_crl
from publisher.succession import Succession
from publisher.targets.protocol import StaticTarget
from revocation.config import PublicConfig
from revocation.crlspec import CRLSpec
from revocation.paths import crl_path
from revocation.published import DisturbedCRL, TargetStatus


class Disturbance:
    """What is found of one static target before anything is put."""

    def __init__(self, target: StaticTarget, marks: Marks, public: PublicConfig, succession: Succession) -> None:
        self._target = target
        self._marks = marks
        self._public = public
        self._succession = succession

    def look(self, status: TargetStatus, now: datetime, *, trusted: bool) -> list[str]:
        """Strike the rows that are not true, and note why; a line for each.

        Args:
            trusted: whether the status is the one that was saved last. What was there stands in the marks else, of
                this target: another may be ahead of it.

        Raises:
            TargetError: the target cannot be read.
        """
        status.disturbed = [one for one in status.disturbed if not one.is_over(now)]
        lines: list[str] = []
        for row in list(status.crls):
            if self._target.digest(crl_path(row.issuer, row.label)) != row.sha256:
                forget_crl(status, row)
                profile = self._public.profiles.get(row.issuer)
                if profile is not None and row.label in profile.crls:
                    lines += self._tell(status, profile.crls[row.label], row.number, row.sha256, now)
        if not trusted:
            lines += self._against_marks(status, now)
        return lines

    def _against_marks(self, status: TargetStatus, now: datetime) -> Iterator[str]:
        was_there = self._marks.crls_on(status.target)
        for profile in self._public.profiles.values():
            for spec in profile.crls.values():
                if spec.path in was_there:
                    yield from self._tell(status, spec, *was_there[spec.path], now)

    def _tell(self, status: TargetStatus, spec: CRLSpec, number: int, sha256: str, now: datetime) -> Iterator[str]:
        """A line about a CRL that is not the one that was there; a newer one was put by another publisher."""
        data = self._target.get(spec.path)
        if data is not None and hashlib.sha256(data).hexdigest() == sha256:
            return
        shown = self._succession.shown(spec)
        if shown is not None and shown.number > number:
            yield f"{spec}: number {shown.number} is there already"
            return
        if shown is not None and shown.number < number:
            what = f"went back: number {shown.number} after {number}"
        else:
            what = "is missing" if data is None else "was changed"
        before = next((one.times for one in status.disturbed if one.path == spec.path), 0)
        found = DisturbedCRL(path=spec.path, what=what, at=now, times=before + 1)
        status.disturbed = [one for one in status.disturbed if one.path != spec.path] + [found]
        yield str(found)
