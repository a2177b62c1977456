"""The alarms of all targets: what still works, and should be looked at before it does not."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Final

from publisher.audit_heads import AuditHeads
from publisher.config import DirectoryTable, PublisherConfig, RedisTable, S3Table, TargetTable
from publisher.early_releases import early_releases
from publisher.kept_course import KeptCourse
from publisher.lock import alone_in_process
from publisher.targets.alarm import Alarm

_AGAIN: Final = 3600.0
"""Seconds after which a log is told of the same thing again."""


def alarms(config: PublisherConfig) -> list[Alarm]:
    """Those of every target that has a store of responses; with the first, what files in the state folder tell."""
    with alone_in_process():
        found = [alarm for table in config.targets for alarm in _of(table)]
    warnings = AuditHeads(config.state, ()).warnings
    first, early = config.targets[0].name, early_releases(config.state)
    seen = f"replace the CA's CRLs by a ceremony where that matters (docs/ceremony.md), then: rm {early.path}"
    found += [Alarm(first, f"audit {n}", warning) for n, warning in enumerate(warnings)]
    if behind := KeptCourse(config.state).alarm():
        found.append(Alarm(first, "clock", behind))
    return found + [Alarm(first, f"early {n}", f"{line}; {seen}") for n, line in enumerate(early.read())]


def _of(table: TargetTable) -> list[Alarm]:
    if isinstance(table, DirectoryTable | S3Table):
        return []
    if isinstance(table, RedisTable):
        from publisher.targets.redis_alarms import server_alarms  # redis, where it is configured

        return server_alarms(table.name, table)
    from publisher.targets.lmdb_alarms import store_alarms

    return store_alarms(table.name, table.path, table.map_size_gib << 30)


class NowAndThen:
    """Alarms for a log that is written every minute: each when it comes, and again every hour while it stays.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}

    def worth_telling(self, found: list[Alarm]) -> Iterator[Alarm]:
        """Those to tell now."""
        there = {(alarm.target, alarm.kind) for alarm in found}
        self._told = {key: at for key, at in self._told.items() if key in there}
        for alarm in found:
            key = (alarm.target, alarm.kind)
            if key not in self._told or self._clock() - self._told[key] >= _AGAIN:
                self._told[key] = self._clock()
                yield alarm
