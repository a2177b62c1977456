"""Two things at a time: what comes next is fetched by a thread while what came before is worked on."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item], size: int) -> Generator[list[Item], None, None]:
    """The items in their order, in lists of `size`; the next list is made while the caller has the one before.

    No more than these two lists are in memory. What `items` raises is raised where its list would have come. Whoever
    stops early closes the generator: then the thread has let go of `items`.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as beside:
        upcoming = beside.submit(_take, source, size)
        while batch := upcoming.result():
            upcoming = beside.submit(_take, source, size)
            yield batch


def _take(source: Iterator[Item], size: int) -> list[Item]:
    return list(islice(source, size))
