"""A file of sentences, each once and with the time at which it was noticed, that people read and may take away."""

from datetime import datetime
from pathlib import Path
from typing import Final

from revocation.clock import iso
from revocation.durable import make_folder, replace_content
from revocation.visible import visible

_MOST: Final = 50
_BETWEEN: Final = ": "


class DatedLines:
    """One such file. It holds the first 50 sentences: what comes after them would say no more."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[str]:
        """The lines, each `2026-03-01T12:00:00Z: ` and a sentence; none where they cannot be read."""
        try:
            return self.path.read_text(errors="replace").splitlines()
        except OSError:
            return []

    def since(self, moment: datetime) -> list[str]:
        """The sentences that were noticed after then, without their times."""
        found = (line.partition(_BETWEEN) for line in self.read())
        return [sentence for noticed, _, sentence in found if noticed > iso(moment)]

    def add(self, sentence: str, now: datetime, *, keep_since: datetime | None = None) -> None:
        """Note it, unless it stands there; with nothing in it that a terminal would obey.

        Args:
            keep_since: what was noticed before then is dropped.

        Raises:
            OSError: it cannot be written.
        """
        lines, line = [one for one in self.read() if keep_since is None or one > iso(keep_since)], visible(sentence)
        if len(lines) >= _MOST or any(one.partition(_BETWEEN)[2] == line for one in lines):
            return
        text = "".join(f"{one}\n" for one in [*lines, f"{iso(now)}{_BETWEEN}{line}"])
        make_folder(self.path.parent, mode=0o700)
        replace_content(self.path, text.encode(), 0o600)
