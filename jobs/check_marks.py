"""What `check` remembers between runs, by base URL: so that a status which goes backwards is seen, whoever did it."""

import json
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from revocation.durable import make_folder, replace_file
from revocation.errors import RevocastError
from revocation.status import Reason


class MarksLost(RevocastError):
    """The file of marks cannot be used, so nothing is compared with earlier runs."""


class CRLMark(BaseModel):
    """The newest that was seen of one CRL.

    Attributes:
        number: its CRL number.
        this_update: as ISO 8601, which sorts in the order of time.
        revoked: some of the serials on it, hexadecimal, each with its reason.
        vanished: serials that have left it, and of which OCSP has not yet said that this is right.
    """

    model_config = ConfigDict(extra="forbid")

    number: int
    this_update: str
    revoked: dict[str, Reason] = {}
    vanished: dict[str, Reason] = {}


class Marks(BaseModel):
    """The marks of one base URL.

    Attributes:
        crls: by `issuer id/label`.
        differing: since when OCSP says another thing than a CRL, by `issuer id/label/serial`.
    """

    model_config = ConfigDict(extra="forbid")

    crls: dict[str, CRLMark] = {}
    differing: dict[str, str] = {}


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
            MarksLost: the file is there and is not ours, or this user may not read it.
        """
        try:
            return Marks.model_validate(self._all().get(base, {}))
        except OSError as error:
            detail = f"cannot be read, so nothing is compared with earlier runs: {error.strerror}"
            advice = "let the user who runs `check` read and write it, or give it a [jobs] state of its own"
            raise MarksLost(detail, where=str(self._path), advice=advice) from error
        except (ValidationError, ValueError, AttributeError) as error:
            raise MarksLost("cannot be read; what was remembered is lost", where=str(self._path)) from error

    def write(self, base: str, marks: Marks) -> None:
        """Replace the marks of a base URL.

        Raises:
            OSError: they cannot be written.
        """
        try:
            known = dict(self._all())
        except (TypeError, ValueError):  # not ours: begun anew
            known = {}
        known[base] = marks.model_dump(mode="json")

        def content(out: BinaryIO) -> None:
            out.write(json.dumps(known, indent=1).encode())

        make_folder(self._path.parent, mode=0o700)
        replace_file(self._path, content, 0o600)

    def _all(self) -> dict[str, object]:
        if not self._path.exists():
            return {}
        found: dict[str, object] = json.loads(self._path.read_text())
        return found
