"""What `check` remembers between runs, by base URL: so that a status which goes backwards is seen, whoever did it."""

import json
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation.durable import make_folder, replace_content
from revocation.errors import RevocastError
from revocation.instant import Instant
from revocation.messages.bodies import SerialHex
from revocation.status import Reason

_MOST_ANSWERS: Final = 1000


class MarksLost(RevocastError):
    """The file of marks cannot be used, so nothing is compared with earlier runs."""


class CRLMark(BaseModel):
    """The newest that was seen of one CRL.

    Attributes:
        number: its CRL number.
        revoked: some of the serials on it, hexadecimal, each with its reason.
        vanished: serials that have left it, and of which OCSP has not yet said that this is right.
    """

    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=0)
    this_update: Instant
    revoked: dict[SerialHex, Reason] = {}
    vanished: dict[SerialHex, Reason] = {}


class AnswerMark(BaseModel):
    """What was seen of the OCSP answers for one certificate.

    Attributes:
        asked: when it was last asked for.
        this_update: of the newest answer; None when there never was one.
        next_update: of the same.
        seen: when that one was first seen.
        unanswered_since: since when there is none, although a CRL lists it.
        lost: whether that began while the newest was valid.
    """

    model_config = ConfigDict(extra="forbid")

    asked: Instant
    this_update: Instant | None = None
    next_update: Instant | None = None
    seen: Instant | None = None
    unanswered_since: Instant | None = None
    lost: bool = False


class Marks(BaseModel):
    """The marks of one base URL.

    Attributes:
        crls: by `issuer id/label`.
        differing: since when OCSP says another thing than a CRL, by `issuer id/label/serial`.
        answers: by `issuer id/serial`; of each issuer those that were asked for last.
    """

    model_config = ConfigDict(extra="forbid")

    crls: dict[str, CRLMark] = {}
    differing: dict[Annotated[str, Field(pattern=r"^[^/]+/[^/]+/-?[0-9A-F]+$")], Instant] = {}
    answers: dict[Annotated[str, Field(pattern=r"^[^/]+/-?[0-9A-F]+$")], AnswerMark] = {}

    def forget_old_answers(self, issuer: str) -> None:
        """Keep those answers of an issuer that were asked for last, a bounded number."""
        own = [key for key in self.answers if key.startswith(f"{issuer}/")]
        own.sort(key=lambda key: self.answers[key].asked, reverse=True)
        for key in own[_MOST_ANSWERS:]:
            del self.answers[key]


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
        make_folder(self._path.parent, mode=0o700)
        replace_content(self._path, json.dumps(known, indent=1).encode(), 0o600)

    def _all(self) -> dict[str, object]:
        if not self._path.exists():
            return {}
        found: dict[str, object] = json.loads(self._path.read_text())
        return found
