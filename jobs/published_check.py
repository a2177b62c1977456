"""`check_published`: what `revocast check` finds, from the scheduler's machine, noted where `status` reads it.

A process of its own, so that a site that hangs holds up no schedule, and one at a time.
"""

import logging
import subprocess
import threading
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from jobs.findings import Level
from jobs.process import child_environment, command_line, leashed
from revocation.clock import Clock
from revocation.wire.journal import Journal
from revocation.wire.notes import Chore, of_scheduler

_LOG: Final = logging.getLogger("revocast.scheduler")
_LONGEST_SECONDS: Final = 600.0
_NAME: Final = of_scheduler(Chore.CHECK_PUBLISHED)


class _Report(BaseModel):
    """What `check --json` prints, as far as it is noted."""

    model_config = ConfigDict(extra="ignore")

    level: str
    summary: str


class PublishedCheck:
    """Starts the check, and notes what came of it.

    Args:
        config: the revocast.toml whose site is looked at.
        journal: where it is noted.
        seconds: after which a check is ended.
    """

    def __init__(self, config: Path, journal: Journal, clock: Clock, seconds: float = _LONGEST_SECONDS) -> None:
        self._config, self._journal, self._clock, self._seconds = config, journal, clock, seconds
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin one, unless one is under way."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="check_published", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        trouble = self._trouble()
        if trouble:
            _LOG.error("check_published: %s", trouble)
            self._journal.failed({_NAME: trouble}, self._clock())
        else:
            self._journal.succeeded([_NAME], self._clock())

    def _trouble(self) -> str:
        """The summary of what was found; empty where all is OK."""
        command = leashed(command_line("check", "--json", config=self._config))
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, env=child_environment(), timeout=self._seconds, check=False
            )
            report = _Report.model_validate_json(done.stdout)
        except subprocess.TimeoutExpired:
            return f"took longer than {self._seconds:g} s and was ended"
        except OSError as error:
            return f"could not be started: {error.strerror}"
        except ValidationError:
            return f"ended with {done.returncode} and without a report"
        return "" if done.returncode == Level.OK else report.summary
