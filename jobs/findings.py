"""What `check` finds, how bad it is, and how it is told: levels and exit codes as monitoring systems expect them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The exit codes of monitoring plug-ins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_SEVERITY = (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: how bad it is.
        what: the object: `crl demo-root all`, `ocsp demo-issuing 0A1B`.
        detail: what was found, one sentence.
    """

    level: Level
    what: str
    detail: str

    @property
    def line(self) -> str:
        """As it stands in the report."""
        return f"{self.level.name.lower():9}{self.what}: {self.detail}"

    def as_json(self) -> dict[str, str]:
        """The same for scripts."""
        return {"level": self.level.name, "what": self.what, "detail": self.detail}


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the whole; UNKNOWN when nothing was looked at."""
    levels = {finding.level for finding in findings}
    return max(levels, key=_SEVERITY.index) if levels else Level.UNKNOWN


def summary(findings: list[Finding]) -> str:
    """The line that a monitoring system shows."""
    level = worst(findings)
    bad = [finding for finding in findings if finding.level is level]
    if level is Level.OK:
        return f"REVOCAST OK - {len(findings)} objects fetched and verified"
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    first = f"{bad[0].what}: {bad[0].detail}{more}" if bad else "nothing was looked at"
    return f"REVOCAST {level.name} - {first}"
