"""The same work on many things, in threads: for work that lets go of the interpreter, as signing and verifying do.

Things are best batches that take some milliseconds: then what a queue costs does not show.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def abreast(
    work: Callable[[Item], Result], items: Iterable[Item], *, ahead: int = 0, each: int = 1
) -> Generator[Result, None, None]:
    """`work(item)` of each, in their order; what one raises is raised where its result would have come.

    Items are taken in the caller's thread, a few of them ahead, so any number of them takes little memory. Whoever
    stops early closes the generator: then no thread works any more.

    There is a thread for each core that this process may use, if not said otherwise.

    Args:
        ahead: how many things are taken before the caller wants their results, two for each thread at least: as much
            work as there has to be while the caller is busy with something else.
        each: how many threads there are for each core: more than one where they wait for something.
    """
    threads = each * len(os.sched_getaffinity(0))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="abreast")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= max(ahead, 2 * threads):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
