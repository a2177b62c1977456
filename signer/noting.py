"""What is noted of looks in the queue server, by kinds of work.

A look that nobody asked for shows that the looker lives, and not that messages reach it: a worker that takes none from
the queue any more would record no revocation either. So success is noted of what was asked for over the queue alone.
"""

from collections.abc import Iterable
from datetime import datetime

from revocation.messages import Verb
from revocation.wire.journal import Journal
from revocation.wire.notes import of_signer
from signer.finding import EVERYTHING
from signer.report import Report


class Noting:
    """Notes what becomes of one process's looks; it begins as if all had failed before."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._failed = set(EVERYTHING)

    def looked(self, report: Report, asked: Iterable[Verb], now: datetime) -> None:
        """A look was made, whatever is in its way; where nothing changed and nobody asked, nothing is written."""
        problems = {task: [str(problem) for problem in report.of(task).problems] for task in EVERYTHING}
        well = {task for task, told in problems.items() if not told}
        self._journal.failed({of_signer(task): "; ".join(problems[task]) for task in problems.keys() - well}, now)
        answered = well & set(asked)
        self._journal.succeeded([of_signer(task) for task in answered], now)
        self._journal.over([of_signer(task) for task in well & self._failed - answered])
        self._failed = problems.keys() - well

    def failed(self, error: Exception, now: datetime) -> None:
        """There was no look."""
        self._journal.failed({of_signer(task): f"{type(error).__name__}: {error}" for task in EVERYTHING}, now)
        self._failed = set(EVERYTHING)
