"""A target in a process of its own, since atheris ends the one that it runs in."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAMES: Final = ("post", "get", "response")
"""The targets, see `engine.py`, which is not imported here: it instruments what is imported after it."""

_GRACE: Final = 240
"""Seconds that a process may take beyond its time, to begin and to end."""


@dataclass(frozen=True)
class Outcome:
    """What became of a target.

    Attributes:
        found: an exception, a hang, or that nothing was tried.
        tried: inputs.
        said: the end of what atheris said; where something was found, the traceback and the file with the octets.
    """

    found: bool
    tried: int
    said: str


_APART: Final = ("sh", "-c", '"$@"; exit $?', "sh")
"""A shell between: libFuzzer counts the most memory that its process ever had, which begins with its parent's."""


def fuzz(name: str, seconds: int, findings: Path) -> Outcome:
    """Try a target for so long; octets that found something are put into `findings` under its name."""
    return run(["-m", "tests.fuzz.engine", name], name, seconds, findings)


def run(arguments: list[str], name: str, seconds: int, findings: Path) -> Outcome:
    """The same for any program that hands the options after its own to `engine.run`."""
    findings.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={findings}/{name}-", "-print_final_stats=1"]
    ended = subprocess.run(
        [*_APART, sys.executable, *arguments, *options, "-timeout=60", "-verbosity=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + _GRACE,
        check=False,
    )
    said = ended.stdout.decode(errors="replace")
    count = re.search(r"number_of_executed_units: +(\d+)", said)
    tried = int(count[1]) if count else 0
    return Outcome(ended.returncode != 0 or not tried, tried, said[-6000:])
