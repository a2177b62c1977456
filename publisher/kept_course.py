"""What is kept of a publisher's clock, in its state folder: written at each look before anything else is done.

Where it is lost, or somebody takes it away, the clock of the next look counts as right.
"""

import logging
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from publisher.course import Course
from revocation.clock import iso
from revocation.config import PublicConfig
from revocation.durable import make_folder, replace_content

_NAME: Final = "clock.json"
_LOG: Final = logging.getLogger("revocast.publisher")


class _Kept(BaseModel):
    """The file.

    Attributes:
        course: of the clock.
        to_replay: targets out of which a later time may have taken what is valid.
        has_series: whether there is a CRL of a series, whose release a clock decides.
    """

    model_config = ConfigDict(frozen=True)

    course: Course
    to_replay: tuple[str, ...] = ()
    has_series: bool = False


class KeptCourse:
    """The file of one publisher."""

    def __init__(self, state: Path) -> None:
        self.path = state / _NAME

    def look(self, now: datetime, targets: tuple[str, ...], public: PublicConfig) -> Course:
        """Note one more look; what is known with it."""
        kept = self._read()
        course = kept.course.at(now) if kept else Course.begun(now)
        to_replay = kept.to_replay if kept else ()
        if kept and kept.course.went_back(now):
            to_replay = targets
        specs = (spec for profile in public.profiles.values() for spec in profile.crls.values())
        has_series = any(spec.settings.series is not None for spec in specs)
        self._write(_Kept(course=course, to_replay=to_replay, has_series=has_series))
        return course

    def has_to_replay(self, target: str) -> bool:
        """Whether what was taken into a target has to be taken again."""
        kept = self._read()
        return kept is not None and target in kept.to_replay

    def replayed(self, target: str) -> None:
        """It was."""
        kept = self._read()
        if kept is not None and target in kept.to_replay:
            left = tuple(one for one in kept.to_replay if one != target)
            self._write(kept.model_copy(update={"to_replay": left}))

    def alarm(self) -> str | None:
        """A sentence where the clock is behind and decides when a CRL of a series is released."""
        kept = self._read()
        if kept is None or not kept.has_series or not kept.course.is_behind:
            return None
        return (
            f"this publisher's clock is behind: it shows {iso(kept.course.last)}, and looks had come to "
            f"{iso(kept.course.latest)}. CRLs of a series stay as they are, and no other is released. Set it right; "
            f"if it is right now, and was ahead before: rm {self.path}"
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
