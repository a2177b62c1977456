"""Asking all the time while something happens: what is said is valid, and a status goes from good to revoked alone."""

import threading
from collections.abc import Collection
from typing import Self

from tests.e2e.agreement import WAYS
from tests.e2e.clients import HTTP, Away, Edge
from tests.e2e.verify import Unsaid, Wrong


class Asking:
    """A client of one edge that goes round through certificates.

    Args:
        may_change: those that may be seen revoked; all others are good.

    Attributes:
        answers: how many it got.
        problems: what was wrong.
    """

    def __init__(self, edge: Edge, serials: Collection[int], may_change: Collection[int]) -> None:
        self._edge, self._serials, self._may_change = edge, list(serials), frozenset(may_change)
        self.answers = 0
        self.problems: list[str] = []
        self._revoked = set[int]()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        connection = HTTP(self._edge.port)
        while not self._end.is_set():
            for serial in self._serials:
                if self._end.is_set():
                    break
                self._ask(connection, serial)
        connection.close()

    def _ask(self, connection: HTTP, serial: int) -> None:
        where = f"edge {self._edge.name}, {serial:X}"
        try:
            verdict = self._edge.status(connection, serial, *WAYS[self._edge.name])
        except (Away, Unsaid, Wrong) as error:
            self.problems.append(f"{where}: {type(error).__name__}: {error}")
            return
        self.answers += 1
        if verdict and serial not in self._may_change:
            self.problems.append(f"{where}: revoked, and nobody asked for that")
        if serial in self._revoked and not verdict:
            self.problems.append(f"{where}: good again")
        if verdict:
            self._revoked.add(serial)
