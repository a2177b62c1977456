"""A program under the system call filter of a unit, without systemd: libseccomp loads what the unit's lines allow."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_LOAD = """
import ctypes, errno, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(0x00050000 | errno.EPERM))  # SCMP_ACT_ERRNO
for name in sys.argv[1].split(","):
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:  # else of another architecture
        assert library.seccomp_rule_add(context, 0x7FFF0000, number, 0) == 0, name  # SCMP_ACT_ALLOW
assert library.seccomp_load(context) == 0
os.execvp(sys.argv[2], sys.argv[2:])
"""
_ALWAYS = "@default"
"""What systemd adds to every list of what is allowed."""


def filtered(unit: Path, command: Sequence[str]) -> list[str]:
    """The command, behind one that loads the unit's filter."""
    return [sys.executable, "-c", _LOAD, ",".join(sorted(allowed(unit))), *command]


def allowed(unit: Path) -> set[str]:
    """The calls that the lines of a unit allow: the first says which, those with `~` take some away."""
    lines = [line.partition("=")[2] for line in unit.read_text().splitlines() if line.startswith("SystemCallFilter=")]
    calls = _expand(_ALWAYS)
    for line in lines:
        named = set[str]().union(*(_expand(name) for name in line.removeprefix("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def _expand(name: str) -> set[str]:
    """A call, or the calls of a set and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    shown = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
    names = [line.strip() for line in shown.stdout.splitlines()[1:]]
    return set[str]().union(*(_expand(one) for one in names if one and not one.startswith("#")))
