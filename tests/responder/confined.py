"""A responder's source in a process for which files are mounted as systemd does it: read-only but for some folders."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_MOUNT = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
for folder in "${@:4}"; do mount --bind "$folder" "$folder"; mount -o remount,bind,rw "$folder"; done
exec "$2" -c "$3" "$1"
"""
_LOOK = """
import os, sys
from pathlib import Path
from responder.lmdbsource import LMDBSource
from responder.source import SourceUnavailable
store = Path(sys.argv[1]) / "store"
source = LMDBSource(store)
for _ in sys.stdin:
    try:
        source.sample(4)
    except SourceUnavailable as error:
        print("unavailable:", error, flush=True)
        continue
    files = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    locked = str(store / "lock.mdb") in files
    print("readable", "with" if locked else "WITHOUT", "the lock file", flush=True)
"""


class Confined:
    """The process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def look(self) -> str:
        """What it finds in the store now."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("look\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline().strip()
        assert told, self._process.stderr and self._process.stderr.read()
        return told


@contextmanager
def confined(root: Path, writable: Sequence[Path]) -> Iterator[Confined]:
    """Reads the folder `store` of `root`, which is read-only for it; those of `writable` that are there now are not.

    In a mount namespace of its own, which Linux lets every user have, unless it was told otherwise.
    """
    there = [str(folder) for folder in writable if folder.exists()]
    command = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", _MOUNT, "bash"]
    process = subprocess.Popen(
        [*command, str(root), sys.executable, _LOOK, *there],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Confined(process)
    finally:
        process.communicate()
