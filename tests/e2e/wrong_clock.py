"""A program whose clock is wrong: libfaketime, loaded before the C library, shifts the time that it is told.

Time-outs go by another clock, which stays as it is.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

_LIBRARY: Final = "vendor/libfaketime/src/libfaketime.so.1"
_SHARED: Final = ("faketime_shm_{}", "sem.faketime_sem_{}")


def told(seconds: int) -> dict[str, str]:
    """The environment of a program that takes the time for so much later, or earlier, than it is."""
    found = find_spec("libfaketime")
    assert found, "libfaketime is not installed"
    assert found.origin
    library = Path(found.origin).parent / _LIBRARY
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def forget(pid: int) -> None:
    """Remove what the library leaves of a process that was killed."""
    for name in _SHARED:
        (Path("/dev/shm") / name.format(pid)).unlink(missing_ok=True)
