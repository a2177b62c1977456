"""When `refresh`, `publish` or `worker publisher` last succeeded, in a file: who has no queue, or may not read it."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from revocation.durable import make_folder, replace_content
from revocation.instant import Instant
from revocation.wire.notes import Notes

_FORM: TypeAdapter[dict[str, datetime]] = TypeAdapter(dict[str, Instant])


class NoteFile:
    """The file.

    Args:
        path: `refreshed.json` in `state` of [jobs], `published.json` in that of [publisher].
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Notes:
        """What stands there; nothing where it is not there, is another user's, or cannot be understood."""
        try:
            return Notes(successes=_FORM.validate_json(self._path.read_bytes()))
        except (OSError, ValidationError):
            return Notes()

    def note(self, names: Iterable[str], now: datetime) -> None:
        """Work of these names succeeded.

        Raises:
            OSError: the file cannot be written.
        """
        known = {**self.read().successes, **dict.fromkeys(names, now)}
        make_folder(self._path.parent, mode=0o700)
        replace_content(self._path, _FORM.dump_json(known, indent=1), 0o600)
