"""The most memory that this process, or the processes that it started, had, in megabytes."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

_OFTEN = 0.1  # seconds


def peak_rss_mb() -> float:
    """From /proc: what getrusage says may be the peak of the process that started this one."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    if not found:
        raise OSError("/proc/self/status does not say VmHWM")
    return int(found[1]) / 1024


def rss_mb(pids: Iterable[int]) -> float:
    """The most that one of these processes has in memory, what it shares with others included."""
    return max(_rollup_mb(pid, "Rss:") for pid in pids)


def pss_mb(pids: Iterable[int]) -> float:
    """What all of them have in memory together, what they share counted once."""
    return sum(_rollup_mb(pid, "Pss:") for pid in pids)


def _rollup_mb(pid: int, figure: str) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(figure)) / 1024


@contextmanager
def watching_children() -> Iterator[list[float]]:
    """A block in which it is looked again and again at what the processes have that this one started."""
    peak, ended = [0.0], Event()

    def watch() -> None:
        while not ended.wait(_OFTEN):
            with suppress(OSError):  # one of them ended meanwhile
                peak[0] = max(peak[0], pss_mb(_children()))

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _children() -> set[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for one in lists for pid in one.read_text().split()}
