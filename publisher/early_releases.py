"""CRLs of a series that were released before they began, as a file of sentences in the publisher's state folder."""

from pathlib import Path
from typing import Final

from publisher.dated_lines import DatedLines

_NAME: Final = "released-early.txt"


def early_releases(state: Path) -> DatedLines:
    """What was released early: an alarm until somebody takes the file away."""
    return DatedLines(state / _NAME)
