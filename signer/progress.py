"""A progress bar for long work, on standard error and only where a person watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_WORTH_SHOWING: Final = 2000
_STEP: Final = 500


@contextmanager
def progress(what: str, expected: int | None) -> Iterator[Callable[[], None]]:
    """Yield a function to be called once per item."""
    if not sys.stderr.isatty() or (expected is not None and expected < _WORTH_SHOWING):
        yield _ignore
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=expected)
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            if done % _STEP == 0:
                bar.advance(task, _STEP)

        yield advance


def _ignore() -> None:
    return
