"""What goes wrong: programs and servers are killed and paused, links cut and held up, at random, several at once."""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Final

from tests.e2e.servers import NAMES
from tests.e2e.site import Site

_MOST_AT_ONCE: Final = 3
_LASTING: Final = (0.5, 15.0)
_WRONG: Final = (10.0, 30.0)
"""As long a clock is wrong: who starts with it has to get to work."""

_REST: Final = 300.0
"""Seconds without a clock that runs ahead, after one that did: nothing is signed until its time has come."""

_OFF: Final = 120
"""Seconds by which a wrong clock is wrong. What a signer made is held by publishers until it has begun."""
_EACH_SECOND: Final = 0.4
"""So many begin, as far as there is room."""


@dataclass(frozen=True)
class Disturbance:
    """Something that begins and ends.

    Attributes:
        what: `kill signer-1`, `stall publisher-2:s3`.
        ahead: seconds by which it makes a clock wrong; less than none where that is slow then.
    """

    what: str
    begin: Callable[[], None]
    end: Callable[[], None]
    ahead: int = 0

    @property
    def kind(self) -> str:
        """`kill signer`, `stall link`."""
        act, _, target = self.what.partition(" ")
        return f"{act} {'link' if ':' in target else target.partition('-')[0]}"

    @property
    def target(self) -> str:
        """Whom it befalls; nobody has two at once."""
        return self.what.partition(" ")[2]

    @property
    def lasting(self) -> tuple[float, float]:
        """The least and the most seconds."""
        return _WRONG if self.ahead else _LASTING


def all_of(site: Site, draw: random.Random) -> list[Disturbance]:
    """Everything that can go wrong in a site.

    Of signers and publishers the clocks of one kind run ahead, as it is drawn: what a signer of tomorrow has made a
    publisher of tomorrow would put before relying parties of today.
    """
    links, servers = site.links, site.servers
    programs = site.programs.items()
    return [
        *(Disturbance(f"kill {name}", program.kill, program.start) for name, program in programs),
        *(Disturbance(f"pause {name}", program.pause, program.resume) for name, program in programs),
        *_clocks(site, "advance", _OFF, (draw.choice(("signer", "publisher")), "scheduler")),
        *_clocks(site, "set-back", -_OFF, ("signer", "publisher", "scheduler")),
        *(_by_name("pause", name, servers.pause, servers.resume) for name in NAMES),
        *(_by_name("kill", name, servers.kill, servers.start) for name in NAMES),
        *(_by_name("cut", name, links.cut, links.mend) for name in links.ports),
        *(_by_name("stall", name, links.stall, links.mend) for name in links.ports),
    ]


def _clocks(site: Site, what: str, ahead: int, services: Collection[str]) -> Iterator[Disturbance]:
    """One of these services after the other is started again with a wrong clock, and then with a right one."""
    for name, program in site.programs.items():
        if name.partition("-")[0] in services:
            begin, end = partial(program.restart, ahead), partial(program.restart, 0)
            yield Disturbance(f"{what} {name}", begin, end, ahead)


def _by_name(what: str, name: str, begin: Callable[[str], None], end: Callable[[str], None]) -> Disturbance:
    return Disturbance(f"{what} {name}", partial(begin, name), partial(end, name))


@dataclass(frozen=True)
class Planned:
    """When something begins and ends, in seconds from the start."""

    begins: float
    ends: float
    what: Disturbance


def plan(disturbances: Sequence[Disturbance], seconds: float, draw: random.Random) -> list[Planned]:
    """What is going to happen, the same from the same draw: a few things at once, none to who has one already.

    Of each kind as often as of another, although there are many links and few servers. No two clocks are wrong at
    once: that is more than anybody could notice.
    """
    kinds = sorted({one.kind for one in disturbances})
    found: list[Planned] = []
    at = 0.0
    while (at := at + draw.expovariate(_EACH_SECOND)) < seconds:
        kind = draw.choice(kinds)
        chosen = draw.choice([one for one in disturbances if one.kind == kind])
        ends = min(at + draw.uniform(*chosen.lasting), seconds)
        if _has_room(found, at, chosen):
            found.append(Planned(at, ends, chosen))
    return found


def _has_room(planned: Sequence[Planned], at: float, chosen: Disturbance) -> bool:
    active = [one.what for one in planned if one.ends > at]
    ran_ahead = [one for one in planned if one.what.ahead > 0 and one.ends + _REST > at]
    return (
        len(active) < _MOST_AT_ONCE
        and all(one.target != chosen.target for one in active)
        and not (chosen.ahead and any(one.ahead for one in active))
        and not (chosen.ahead > 0 and ran_ahead)
    )


def settled(planned: Sequence[Planned]) -> float:
    """When what a clock that ran ahead has made is of the past, in seconds from the start."""
    return max((one.ends + one.what.ahead for one in planned if one.what.ahead > 0), default=0.0)


def carry_out(planned: Sequence[Planned], say: Callable[[str], None], tell: Callable[[str], None]) -> Counter[str]:
    """Do it, and return when everything is well again; how many there were of each kind.

    Args:
        tell: is told of what begins, and again when it is over, each time before anything is done.
    """
    acts = [(one.begins, True, one.what) for one in planned] + [(one.ends, False, one.what) for one in planned]
    started, active = time.monotonic(), list[Disturbance]()
    try:
        for at, begins, one in sorted(acts, key=itemgetter(0)):
            time.sleep(max(0.0, started + at - time.monotonic()))
            say(one.what if begins else f"    {one.what} is over")
            tell(one.what)
            if begins:
                active.append(one)
                one.begin()
            else:
                one.end()
                active.remove(one)
    finally:
        for one in active:
            one.end()
    return Counter(one.what.kind for one in planned)
