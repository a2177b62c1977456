"""What an alarm of a target is: it still works, and somebody should look before it does not."""

from typing import Final, NamedTuple

NEARLY_FULL: Final = 0.8
"""The part of its room from which on a target is told to be short of it."""


class Alarm(NamedTuple):
    """One thing that threatens a target.

    Attributes:
        kind: what it is about; a target has one of a kind.
        sentence: for people, with what to do.
    """

    target: str
    kind: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.target}: {self.sentence}"
