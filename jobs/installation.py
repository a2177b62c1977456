"""What the commands know of the installation they work on: the file, its public table, ours, and what is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.asking import Asking, asking
from jobs.config import JobsConfig
from jobs.crontab import refreshed_every
from jobs.schedule import Task, tasks
from publisher.config import PublisherConfig
from revocation.clock import Clock
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from revocation.messages import Verb
from revocation.published import TargetStatus
from revocation.wire.notes import Notes

if TYPE_CHECKING:
    from publisher.publish import Outcome


@dataclass(frozen=True)
class Installation:
    """One configuration, read.

    Attributes:
        publisher: where this machine has targets.
        has_signer: whether it has the keys; what stands in that table only the signer reads.
        has_jobs: whether it has the table [jobs], and not what stands for it where nothing is configured.
        has_registrar: whether it has the table [registrar], which only the registrar reads.
    """

    path: Path
    public: PublicConfig
    jobs: JobsConfig
    publisher: PublisherConfig | None
    has_signer: bool = False
    has_jobs: bool = True
    has_registrar: bool = False

    @classmethod
    def read(cls, config: Path | None) -> "Installation":
        """The tables [public], [jobs], and [publisher] where this machine has it, which then needs no [jobs].

        Raises:
            ConfigurationError: a table is missing or wrong.
        """
        file = ConfigFile.read(config)
        publisher = file.table("publisher", PublisherConfig) if file.has("publisher") else None
        jobs = file.table("jobs", JobsConfig, may_lack=publisher is not None)
        public = PublicConfig.read(file)
        return cls(file.path, public, jobs, publisher, file.has("signer"), file.has("jobs"), file.has("registrar"))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The periodic work: all of it over a queue, and by cron what this machine has the tables for.

        Raises:
            ConfigurationError: an interval would let an artifact expire.
        """
        if self.jobs.queue:
            return tasks(self.public, self.jobs.check_published, has_registrar=self.has_registrar)
        if self.has_signer:
            return tasks(self.public, publish_every=refreshed_every(self.public))
        return tuple(task for task in tasks(self.public) if task.verb is Verb.PUBLISH)

    @property
    def hears_signer(self) -> bool:
        """Whether the signer can be asked from here: without a queue that of another machine hears nobody."""
        return self.jobs.queue is not None or self.has_signer

    @property
    def unasked(self) -> str:
        """What to look at where work is late that no scheduler is seen to ask for, for people; empty where one is."""
        if self.jobs.queue:
            return ""
        if not self.has_signer and self.publisher is not None and self.publisher.queue is not None:
            return "see whether `worker publisher` runs or hangs, and its log"
        command = "revocast refresh" if self.has_signer else "revocast publish"
        return f"see whether cron runs `{command}`, and what it says"

    def asking(self, notes: Notes | None, now: datetime) -> Asking | None:
        """Whether schedulers ask; None where there is no queue, or the notes in it cannot be read."""
        if notes is None or self.jobs.queue is None:
            return None
        return asking(notes, now, expected=self.jobs.check_published is not None)  # which only a scheduler makes

    @property
    def refreshed(self) -> Path:
        """The file in which `refresh` keeps when it last succeeded."""
        return self.jobs.state / "refreshed.json"

    @property
    def directory(self) -> Path:
        """Where the configuration lies."""
        return self.path.parent

    def targets(self) -> PublisherConfig:
        """The table [publisher].

        Raises:
            ConfigurationError: this machine has none.
        """
        if self.publisher is None:
            raise ConfigurationError(
                "the table [publisher] is missing",
                where=str(self.path),
                advice="this command looks at the targets: run it where the publisher runs",
            )
        return self.publisher

    @property
    def target_names(self) -> list[str]:
        """What is published to from here, and over a queue from elsewhere, where [jobs] names it."""
        return [*self._targets_here, *self.targets_elsewhere]

    @property
    def targets_elsewhere(self) -> list[str]:
        """What publishers of other machines publish to, as far as [jobs] names it and has a queue to hear of it."""
        named = dict.fromkeys(self.jobs.targets if self.jobs.queue else ())
        return [name for name in named if name not in self._targets_here]

    @property
    def _targets_here(self) -> list[str]:
        return [table.name for table in self.publisher.targets] if self.publisher else []

    def statuses(self, now: datetime) -> list[TargetStatus]:
        """What every target says of itself; nothing where this machine has no publisher."""
        if self.publisher is None:
            return []
        from publisher.status import read_statuses  # lmdb and the targets, only when needed

        return read_statuses(self.publisher, self.public, now)

    def publish(self, clock: Clock) -> Sequence[TargetStatus]:
        """Bring every target up to date, in this process.

        Raises:
            ConfigurationError: this machine has no publisher.
            TargetError: a target could not be written.
        """
        from publisher.publish import publish

        return publish(self.targets(), self.public, clock)

    def publish_each(self, clock: Clock) -> "Sequence[Outcome]":
        """The same, with what was done for each target, failed or not.

        Raises:
            ConfigurationError: this machine has no publisher.
            TargetError: the marks cannot be used.
        """
        from publisher.publish import publish_each

        return publish_each(self.targets(), self.public, clock)
