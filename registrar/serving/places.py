"""How many connections there are at a time, and which gives up its place when all are taken: never one in work."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_ONE_HOME: Final = 64
"""The bits of an IPv6 address that whoever has one of these addresses shares with all others that they have."""


@dataclass(eq=False)
class Place:
    """That of one connection.

    Attributes:
        neighbourhood: the address at the other end, of IPv6 its network of 64 bits.
        end: ends the connection.
        in_work: whether a request that came as a whole is being answered.
    """

    neighbourhood: str
    end: Callable[[], object]
    in_work: bool = False


class Places:
    """So many connections; whoever has most of them makes room, with what waited longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[Place, None] = {}

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, address: str, end: Callable[[], object]) -> Place | None:
        """A place for a connection from that address; None where all others are in work."""
        if len(self._taken) >= self._most and not self._make_room():
            return None
        place = Place(_neighbourhood(address), end)
        self._taken[place] = None
        return place

    def leave(self, place: Place) -> None:
        """Give it back; a second time does nothing."""
        self._taken.pop(place, None)

    def end_waiting(self) -> None:
        """End all that are not in work."""
        for place in [one for one in self._taken if not one.in_work]:
            place.end()

    def end_all(self) -> None:
        """End all."""
        for place in list(self._taken):
            place.end()

    def _make_room(self) -> bool:
        waiting = [one for one in self._taken if not one.in_work]
        if not waiting:
            return False
        crowded, _ = Counter(one.neighbourhood for one in waiting).most_common(1)[0]
        oldest = next(one for one in waiting if one.neighbourhood == crowded)
        self.leave(oldest)
        oldest.end()
        return True


def _neighbourhood(address: str) -> str:
    found = ip_address(address)
    if not isinstance(found, IPv6Address) or found.ipv4_mapped:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(ip_network((int(found), _ONE_HOME), strict=False))
