"""What threatens an LMDB store while it still works: a map that fills up, and a reader that never lets go.

A map of which the file has taken a part never gives it back, so its length is what counts. Pages that were freed since
an old reader began cannot be used again, so the file grows with each transaction; that is why a reader's age is counted
in transactions and not in seconds: where nothing is published, it does no harm.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import lmdb

from publisher.targets.alarm import NEARLY_FULL, Alarm
from revocation.store import file_size

_OLD: Final = 64
"""Transactions since a reader began: that is a minute of publishing at full speed, and hundreds of megabytes."""


def store_alarms(target: str, folder: Path, map_size: int) -> list[Alarm]:
    """The alarms of the store in a folder; none where there is none that can be read, which others tell."""
    try:
        if not (folder / "data.mdb").exists():
            return []
        with lmdb.open(str(folder), map_size=0, readonly=True, max_dbs=4, create=False) as environment:
            return [*_map(target, folder, file_size(environment) / map_size), *_readers(target, folder, environment)]
    except (lmdb.Error, OSError):
        return []


def _map(target: str, folder: Path, part: float) -> Iterator[Alarm]:
    if part >= NEARLY_FULL:
        yield Alarm(
            target,
            "map",
            f"{folder}: {part:.0%} of the map is used, and when it is full nothing more is published: raise "
            "`map_size_gib` of the target",
        )


def _readers(target: str, folder: Path, environment: Any) -> Iterator[Alarm]:
    last: int = environment.info()["last_txnid"]
    begun = [(int(columns[2]), columns[0]) for columns in _table(environment.readers())]
    if begun and last - min(begun)[0] >= _OLD:
        transaction, process = min(begun)
        yield Alarm(
            target,
            "reader",
            f"{folder}: process {process} has been reading since {last - transaction} transactions ago, and the store "
            "grows until it ends: a copy that takes long, or a program that hangs",
        )


def _table(text: str) -> Iterator[list[str]]:
    """The lines of LMDB's table of readers that are reading: process, thread, transaction."""
    for line in text.splitlines():
        columns = line.split()
        if len(columns) == 3 and columns[2].isdigit():
            yield columns
