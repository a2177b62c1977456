"""The periodic tasks: how often each is looked at, and in which slot of time we are. Pure functions of time, in UTC.

A slot is a whole number: the seconds since 1970 divided by the interval. However long nobody looked, only the present
one is due, so a week of downtime is one look and no burst; and a slot has one name, so many schedulers are one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from revocation.clock import epoch, from_epoch
from revocation.config import IssuerProfile, PublicConfig
from revocation.durations import show
from revocation.errors import ConfigurationError
from revocation.messages import Verb
from revocation.wire.notes import Chore

PUBLISH_EVERY: Final = timedelta(minutes=1)
"""A publication may take five minutes: looking every minute leaves room for one that fails."""

ACME_CLEANUP_EVERY: Final = timedelta(minutes=5)
"""Rows of the registrar whose time is over are no harm, but they add up."""

_HELD_UP: Final = 3600


@dataclass(frozen=True)
class Task:
    """What is to be done once per interval: a message that is sent, or what a scheduler does itself."""

    verb: Verb | Chore
    interval: timedelta

    def slot(self, now: datetime) -> int:
        """The number of the slot that `now` lies in."""
        return epoch(now) // self._seconds

    def begins(self, slot: int) -> datetime:
        """When a slot begins."""
        return from_epoch(slot * self._seconds)

    @property
    def _seconds(self) -> int:
        return int(self.interval.total_seconds())


@dataclass(frozen=True)
class Tick:
    """One slot of a task."""

    task: Task
    slot: int

    @property
    def name(self) -> str:
        """What a scheduler claims before it acts, the same for all of them."""
        return f"{self.task.verb}:{self.slot}"

    @property
    def seconds(self) -> int:
        """How long a claim has to be remembered: two intervals, whoever's clock is a little off.

        And an hour, for a scheduler or server that is held up between reading the clock and the claim.
        """
        return max(2 * int(self.task.interval.total_seconds()), _HELD_UP)


def tasks(
    public: PublicConfig,
    check_published: timedelta | None = None,
    publish_every: timedelta = PUBLISH_EVERY,
    *,
    has_registrar: bool = False,
) -> tuple[Task, ...]:
    """The tasks, each as often as the most demanding issuer needs it.

    Args:
        check_published: how often a scheduler looks at everything from outside; None where it does not.
        publish_every: how often targets are brought up to date; more seldom where cron does it.
        has_registrar: whether there is a registrar, which is asked to clean up.

    Raises:
        ConfigurationError: an interval would let an artifact expire; the message has the numbers.
    """
    profiles = list(public.profiles.values())
    specs = [spec for profile in profiles for spec in profile.crls.values()]
    crl = _whole_seconds(min(spec.settings.look for spec in specs))
    if any(spec.name.delta for spec in specs):
        crl = min(crl, publish_every)  # the signer makes a delta once it is told that a complete CRL is published
    ocsp = _whole_seconds(min(profile.ocsp.look for profile in profiles))
    found: tuple[Task, ...] = (
        Task(Verb.GENERATE_OCSP_KEYS, ocsp),
        Task(Verb.GENERATE_CRLS, crl),
        Task(Verb.PRESIGN, ocsp),
        Task(Verb.PUBLISH, publish_every),
    )
    for profile in profiles:
        for label, spec in profile.crls.items():
            _require(profile, f"crl {label}", crl, spec.settings.expires, spec.settings.renewal)
        _require(profile, "ocsp", ocsp, profile.ocsp.expires, profile.ocsp.renewal)
    if has_registrar:
        found += (Task(Verb.ACME_CLEANUP, ACME_CLEANUP_EVERY),)
    return found if check_published is None else (*found, Task(Chore.CHECK_PUBLISHED, _whole_seconds(check_published)))


def current(all_tasks: Iterable[Task], now: datetime) -> list[Tick]:
    """The tick of each task that `now` lies in: due, unless somebody claimed it. Earlier ones are not made up for."""
    return [Tick(task, task.slot(now)) for task in all_tasks]


def next_slot(all_tasks: Sequence[Task], now: datetime) -> datetime:
    """When the next slot of any task begins."""
    return min(task.begins(task.slot(now) + 1) for task in all_tasks)


def _whole_seconds(duration: timedelta) -> timedelta:
    return timedelta(seconds=max(1, int(duration.total_seconds())))


def _require(profile: IssuerProfile, what: str, interval: timedelta, expires: timedelta, renewal: timedelta) -> None:
    longest = (expires - renewal) / 2
    if interval > longest:
        raise ConfigurationError(
            f"{what} is looked at every {show(interval)}, but must be at least every (expires - renewal) / 2 = "
            f"({show(expires)} - {show(renewal)}) / 2 = {show(longest)}",
            where=f"issuer {profile.issuer.name}",
            advice="shorten `look`, or widen the window",
        )
