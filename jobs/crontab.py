"""The crontab lines for life without a queue: how often what has to run on which machine. Pure but for the program.

Intervals follow from the configuration, by the rules that the scheduler keeps: at most `look`, and between any two runs
at most (expires - renewal) / 2, and no more than caches leave of it. cron goes by local time, whose clock is set by up
to an hour twice a year: a line for every so many minutes does not notice where that divides half an hour, and any other
one may come an hour late.
"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from jobs.schedule import ACME_CLEANUP_EVERY, PUBLISH_EVERY
from revocation.config import PublicConfig
from revocation.durations import show
from revocation.errors import ConfigurationError
from revocation.windows import PUBLISHING, SKEW

_MINUTES: Final = (30, 15, 10, 6, 5, 3, 2, 1)
"""Of those that divide half an hour."""
_HOURS: Final = (24, 12, 8, 6, 4, 3, 2, 1)
_CLOCK_CHANGE: Final = timedelta(hours=1)
_PAST: Final = 7
"""The minute of the hour: at the full one everybody comes."""
_CHECK: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class CronLine:
    """One line.

    Attributes:
        machine: where it belongs, for people.
        when: cron's five fields.
        every: the time between two runs, but for a clock that is set.
        command: what is run.
    """

    machine: str
    when: str
    every: timedelta
    command: Sequence[str]

    def as_json(self) -> dict[str, object]:
        """The same for scripts, the interval in seconds."""
        return {
            "machine": self.machine,
            "when": self.when,
            "every": int(self.every.total_seconds()),
            "command": list(self.command),
        }

    def __str__(self) -> str:
        command = shlex.join(self.command).replace("%", r"\%")  # cron takes a bare one for a new line
        return f"{self.when:13} {command}"


def cron_lines(
    public: PublicConfig,
    config: Path,
    *,
    has_signer: bool,
    has_publisher: bool,
    has_jobs: bool,
    has_registrar: bool = False,
) -> list[CronLine]:
    """The lines for the machines that use this configuration.

    Args:
        config: the file, as it is named on them.
        has_signer: whether it has the table of a machine with keys.
        has_publisher: whether it has targets.
        has_jobs: whether it says where `check` keeps its marks.
        has_registrar: whether it has the table of a machine that faces clients of ACME.

    Raises:
        ConfigurationError: something has to be looked at more often than cron can.
    """
    lines = []
    if has_signer:
        where = "the machine with the keys" + (" and the targets" if has_publisher else "")
        lines.append(_line(where, *_of_signer(public), config, "refresh", "--quiet"))
    if has_publisher and not has_signer:
        lines.append(_line("the machine with the targets", PUBLISH_EVERY, PUBLISH_EVERY, config, "publish", "--quiet"))
    if has_registrar:
        every = ACME_CLEANUP_EVERY
        lines.append(_line("the machine with the registrar", every, every, config, "acme-cleanup"))
    if has_jobs:
        lines.append(_line("any machine that reaches what is published", _CHECK, _CHECK, config, "check", "--quiet"))
    return lines


def refreshed_every(public: PublicConfig) -> timedelta:
    """How often cron does the work where the keys are; a minute where that is too seldom for `look`."""
    look, longest = _of_signer(public)
    if min(look, longest) < PUBLISH_EVERY:
        return PUBLISH_EVERY
    _, every = _when(look, longest)
    return every


def _of_signer(public: PublicConfig) -> tuple[timedelta, timedelta]:
    """The shortest `look`, and the longest time between two that every window allows."""
    profiles = list(public.profiles.values())
    crls = [spec.settings for profile in profiles for spec in profile.crls.values()]
    windows = [(one.look, one.expires - one.renewal, one.max_age) for one in crls]
    windows += [(one.ocsp.look, one.ocsp.expires - one.ocsp.renewal, one.ocsp.max_age) for one in profiles]
    allowed = (min(left / 2, left - PUBLISHING - max_age - SKEW) for _, left, max_age in windows)
    return min(look for look, _, _ in windows), min(allowed)


def _line(machine: str, look: timedelta, longest: timedelta, config: Path, *command: str) -> CronLine:
    when, every = _when(look, longest)
    return CronLine(machine, when, every, [*_program(), *command, "--config", str(config)])


def _when(look: timedelta, longest: timedelta) -> tuple[str, timedelta]:
    for hours in _HOURS:
        every = timedelta(hours=hours)
        if every <= look and every + _CLOCK_CHANGE <= longest:
            return f"{_PAST} {_step(hours, 24)} * * *", every
    for minutes in _MINUTES:
        every = timedelta(minutes=minutes)
        if every <= min(look, longest):
            return f"{_step(minutes, 60)} * * * *", every
    raise ConfigurationError(
        f"cron runs nothing more often than every minute, and `look` is {show(look)}",
        advice="lengthen `look`, or use a queue: `revocast scheduler`",
    )


def _step(count: int, of: int) -> str:
    if count == of:
        return "0"
    return "*" if count == 1 else f"*/{count}"


def _program() -> list[str]:
    """What cron can start, whose PATH is short: this installation's own command by its whole path."""
    command = Path(sys.executable).with_name("revocast")
    return [str(command)] if command.is_file() else [sys.executable, "-P", "-m", "revocation"]
