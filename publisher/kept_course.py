"""What is kept of a publisher's clock, in its state folder: written before anything else is done at a look.

Looks that go on within minutes of the last one that was noted are not: to write it durably takes longer than all else
of a look that has nothing to do. So a clock that goes back by less than ten minutes may count as one that did not.
Where the file is lost, or somebody takes it away, the clock of the next look counts as right.
"""

import logging
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from publisher.course import Course
from revocation.clock import iso
from revocation.durable import make_folder, replace_content
from revocation.windows import SKEW

_NAME: Final = "clock.json"
_LOG: Final = logging.getLogger("revocast.publisher")


class _Kept(BaseModel):
    """The file.

    Attributes:
        course: of the clock.
        to_replay: targets out of which a later time may have taken what is valid.
    """

    model_config = ConfigDict(frozen=True)

    course: Course
    to_replay: tuple[str, ...] = ()


class KeptCourse:
    """The file of one publisher."""

    def __init__(self, state: Path) -> None:
        self.path = state / _NAME

    def look(self, now: datetime, targets: tuple[str, ...]) -> Course:
        """One more look, noted where it says more than the last one; what is known with it."""
        kept = self._read()
        if kept is None or kept.course.went_back(now):
            course = kept.course.at(now) if kept else Course.begun(now)
            self._write(_Kept(course=course, to_replay=targets))
            return course
        course = kept.course.at(now)
        if now - kept.course.last >= SKEW or course.is_behind != kept.course.is_behind:
            self._write(kept.model_copy(update={"course": course}))
        return course

    def ended(self, shown: datetime, targets: tuple[str, ...]) -> None:
        """Note how far the clock came within a look, where it may have gone wrong meanwhile."""
        kept = self._read()
        if kept is not None and shown - kept.course.last >= SKEW:
            self.look(shown, targets)

    def has_to_replay(self, target: str) -> bool:
        """Whether what was taken into a target has to be taken again.

        Not by a clock that is behind: what it had to hold back would make room for what is older.
        """
        kept = self._read()
        return kept is not None and target in kept.to_replay and not kept.course.is_behind

    def replayed(self, target: str) -> None:
        """It was."""
        kept = self._read()
        if kept is not None and target in kept.to_replay:
            left = tuple(one for one in kept.to_replay if one != target)
            self._write(kept.model_copy(update={"to_replay": left}))

    def alarm(self) -> str | None:
        """A sentence where the clock is behind."""
        kept = self._read()
        if kept is None or not kept.course.is_behind:
            return None
        return (
            f"this publisher's clock is behind: it shows {iso(kept.course.last)}, and looks had come to "
            f"{iso(kept.course.latest)}. CRLs of a series stay as they are, nothing older takes their place, and OCSP "
            f"responses that had expired by then stay away. Set it right; if it is right now, and was ahead before: "
            f"rm {self.path}"
        )

    def _read(self) -> _Kept | None:
        try:
            return _Kept.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError):
            return None

    def _write(self, kept: _Kept) -> None:
        try:
            make_folder(self.path.parent, mode=0o700)
            replace_content(self.path, kept.model_dump_json().encode() + b"\n", 0o600)
        except OSError as error:
            _LOG.warning("%s: the time of this look could not be kept: %s", self.path, error.strerror)
