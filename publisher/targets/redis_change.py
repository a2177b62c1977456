"""A change of the responses in Redis while it is put together: seen by whoever makes it, and by nobody else yet."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

_Item = TypeVar("_Item")
PIECE: Final = 1_000
"""How many responses one command reads or writes: some 600 kB."""


class Change:
    """What is to lie under some keys, kept in memory until it is queued.

    Args:
        pipe: whose connection is told to refuse the change when somebody else changes the responses meanwhile.
        name: of the hash of responses.

    Attributes:
        wanted: the values; None for what goes.
        growth: how many responses there will be more than before.
    """

    def __init__(self, pipe: Any, name: str) -> None:
        self._pipe = pipe
        self._name = name
        self._found: dict[bytes, bytes | None] = {}
        self.wanted: dict[bytes, bytes | None] = {}
        self.growth = 0
        pipe.watch(name)

    def look_up(self, keys: Sequence[bytes]) -> None:
        """Fetch what lies under the keys that `get` is asked for next."""
        self._found = dict(zip(keys, self._pipe.hmget(self._name, keys), strict=True)) if keys else {}

    def get(self, key: bytes) -> bytes | None:
        """What lies under a key once this change is made."""
        return self.wanted[key] if key in self.wanted else self._found[key]

    def put(self, key: bytes, value: bytes) -> None:
        """Have a value there."""
        self.growth += self.get(key) is None
        self.wanted[key] = value

    def delete(self, key: bytes) -> None:
        """Have nothing there."""
        self.growth -= self.get(key) is not None
        self.wanted[key] = None

    def queue(self) -> None:
        """Begin the transaction, and put the change into it."""
        self._pipe.multi()
        gone = [key for key, value in self.wanted.items() if value is None]
        for keys in pieces(gone, PIECE):
            self._pipe.hdel(self._name, *keys)
        for items in pieces(((key, value) for key, value in self.wanted.items() if value is not None), PIECE):
            self._pipe.hset(self._name, mapping=dict(items))


def pieces(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """The items, at most `size` of them at a time."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
