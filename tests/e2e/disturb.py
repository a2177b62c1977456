"""What goes wrong: programs and servers are killed and paused, links cut and held up, at random, several at once."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.e2e.site import Site

_MOST_AT_ONCE: Final = 3
_LONGEST: Final = 15.0
_TICK: Final = 0.2
_KILLED_SERVERS: Final = ("valkey", "postgresql")


@dataclass(frozen=True)
class Disturbance:
    """Something that begins and ends.

    Attributes:
        what: `kill signer-1`, `stall publisher-2:s3`.
    """

    what: str
    begin: Callable[[], None]
    end: Callable[[], None]

    @property
    def target(self) -> str:
        """Whom it befalls; nobody has two at once."""
        return self.what.partition(" ")[2]


def all_of(site: Site) -> list[Disturbance]:
    """Everything that can go wrong in a site."""
    links, servers = site.links, site.servers
    programs = site.programs.items()
    return [
        *(Disturbance(f"kill {name}", program.kill, program.start) for name, program in programs),
        *(Disturbance(f"pause {name}", program.pause, program.resume) for name, program in programs),
        *(_by_name("pause", name, servers.pause, servers.resume) for name in servers.pids()),
        *(_by_name("kill", name, servers.kill, servers.start) for name in _KILLED_SERVERS),
        *(_by_name("cut", name, links.cut, links.mend) for name in links.ports),
        *(_by_name("stall", name, links.stall, links.mend) for name in links.ports),
    ]


def _by_name(what: str, name: str, begin: Callable[[str], None], end: Callable[[str], None]) -> Disturbance:
    return Disturbance(f"{what} {name}", partial(begin, name), partial(end, name))


class Trouble:
    """A time of disturbances.

    Args:
        say: is told when each begins and ends.

    Attributes:
        counts: how many of each kind there were.
    """

    def __init__(self, site: Site, draw: random.Random, say: Callable[[str], None]) -> None:
        self._all, self._draw, self._say = all_of(site), draw, say
        self._kinds = sorted({_kind(one) for one in self._all})
        self._active: list[tuple[float, Disturbance]] = []
        self.counts: Counter[str] = Counter()

    def last(self, seconds: float) -> None:
        """Disturb for so long; everything is well again when it returns."""
        until = time.monotonic() + seconds
        try:
            while (now := time.monotonic()) < until:
                self._end(now)
                if len(self._active) < _MOST_AT_ONCE and self._draw.random() < _TICK:
                    self._begin(now)
                time.sleep(_TICK)
        finally:
            self._end(float("inf"))

    def _begin(self, now: float) -> None:
        """Of each kind as often as of another, although there are many links and few servers."""
        busy = {one.target for _, one in self._active}
        kind = self._draw.choice(self._kinds)
        free = [one for one in self._all if _kind(one) == kind and one.target not in busy]
        if not free:
            return
        one, lasts = self._draw.choice(free), self._draw.uniform(0.5, _LONGEST)
        self._say(f"{one.what} for {lasts:.1f} s")
        one.begin()
        self.counts[kind] += 1
        self._active.append((now + lasts, one))

    def _end(self, now: float) -> None:
        over = [pair for pair in self._active if pair[0] <= now]
        self._active = [pair for pair in self._active if pair[0] > now]
        for _, one in over:
            one.end()
            self._say(f"    {one.what} is over")


def _kind(one: Disturbance) -> str:
    """`kill signer`, `stall link`."""
    act, _, target = one.what.partition(" ")
    return f"{act} {'link' if ':' in target else target.partition('-')[0]}"
