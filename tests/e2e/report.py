"""What a run says while it goes on, and in the end: lines on standard error, JSON on standard output."""

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

_MOST: Final = 20


@dataclass
class Report:
    """Figures, and what was not as it should be.

    Attributes:
        problems: none of them is as it should be; the first are shown.
        seconds: how long each step took.
    """

    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """A line for who waits."""
        print(f"{time.monotonic() - self._since:7.1f} s  {line}", file=sys.stderr, flush=True)

    def step(self, name: str, line: str) -> "_Step":
        """Measure what is done within it."""
        self.say(line)
        return _Step(self, name)

    def hold(self, problems: Iterable[str]) -> None:
        """Keep what is wrong, and say it."""
        for problem in problems:
            if len(self.problems) < _MOST:
                self.say(f"WRONG: {problem}")
            self.problems.append(problem)

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems

    def as_json(self) -> str:
        """All of it."""
        seconds = {name: round(taken, 1) for name, taken in self.seconds.items()}
        shown = {"problems": len(self.problems), "first_problems": self.problems[:_MOST]}
        return json.dumps({"ok": self.ok, **self.figures, **shown, "seconds": seconds}, indent=2)


class _Step:
    def __init__(self, report: Report, name: str) -> None:
        self._report, self._name = report, name

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._report.seconds[self._name] = time.monotonic() - self._begun
