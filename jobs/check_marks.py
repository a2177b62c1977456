"""What `check` remembers between runs, by base URL: so that a status which goes backwards is seen, whoever did it."""

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from revocation.errors import RevocastError
from revocation.status import Reason


class MarksLost(RevocastError):
    """The file of marks cannot be used; the run begins a new one."""


class CRLMark(BaseModel):
    """The newest CRL that was seen of one scope.

    Attributes:
        number: its CRL number.
        this_update: as ISO 8601, which sorts in the order of time.
        revoked: some of the serials on it, hexadecimal, each with its reason.
    """

    model_config = ConfigDict(extra="forbid")

    number: int
    this_update: str
    revoked: dict[str, Reason] = {}


class Marks(BaseModel):
    """The marks of one base URL, by `issuer id/scope`."""

    model_config = ConfigDict(extra="forbid")

    crls: dict[str, CRLMark] = {}


class MarksFile:
    """The file of all marks.

    Args:
        folder: the folder `state` of [jobs].
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "check.json"

    def read(self, base: str) -> Marks:
        """The marks of a base URL; empty before the first run.

        Raises:
            MarksLost: the file is there and is not ours.
        """
        try:
            return Marks.model_validate(self._all().get(base, {}))
        except (ValidationError, ValueError, AttributeError) as error:
            raise MarksLost("cannot be read; what was remembered is lost", where=str(self._path)) from error

    def write(self, base: str, marks: Marks) -> None:
        """Replace the marks of a base URL.

        Raises:
            OSError: they cannot be written.
        """
        try:
            known = dict(self._all())
        except ValueError:
            known = {}
        known[base] = marks.model_dump(mode="json")
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".part")
        with temporary.open("w") as file:
            json.dump(known, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def _all(self) -> dict[str, object]:
        if not self._path.exists():
            return {}
        found: dict[str, object] = json.loads(self._path.read_text())
        return found
