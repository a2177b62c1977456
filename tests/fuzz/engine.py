"""One target under atheris, in a process of its own: `python -m tests.fuzz.engine TARGET [OPTION of libFuzzer] [FILE]`

The modules that are tried are instrumented, so that octets which reach new code are kept and changed further. Half of
the changes keep what is tried DER. An exception ends the process with the octets that raised it in a file.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import atheris

with atheris.instrument_imports(include=["responder", "publisher", "revocation"]):
    from tests.fuzz import dertree
    from tests.fuzz.requests import asked
    from tests.fuzz.responses import signed


@dataclass(frozen=True)
class Target:
    """What is tried.

    Attributes:
        try_: raises an exception where something is wrong.
        seeds: what is right.
        head: how many octets there are before what is DER; None where nothing is.
    """

    try_: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    head: int | None = 0


TARGETS: Final[dict[str, Callable[[], Target]]] = {
    "post": lambda: Target(asked().post, asked().seeds),
    "get": lambda: Target(asked().get, asked().seeds_of_paths, None),
    "response": lambda: Target(signed().try_, signed().seeds, 1),
}
"""By name; each is made in the process that tries it."""


def run(target: Target, options: list[str]) -> None:
    """Try until the options say that it is enough, or the files that they name alone; does not return."""
    seeds = list(target.seeds())
    with tempfile.TemporaryDirectory(prefix="revocast-fuzz-") as folder:
        for number, seed in enumerate(seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        tried = [] if any(Path(option).is_file() for option in options) else [folder]
        atheris.Setup([sys.argv[0], *options, *tried], target.try_, custom_mutator=_mutator(target.head, seeds))
        atheris.Fuzz()


def _mutator(head: int | None, seeds: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    """libFuzzer's own changes, and where what is tried is DER behind `head` octets, those of its tree."""

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        if head is None or random.random() < 0.5:
            return bytes(atheris.Mutate(data, len(data) + 8 if len(data) + 8 < longest else longest))
        changed = data[:head] + dertree.mutate(data[head:], random.choice(seeds)[head:], random)
        return changed[:longest]

    return mutate


if __name__ == "__main__":
    run(TARGETS[sys.argv[1]](), sys.argv[2:])
