"""The same work on many things, in threads: for work that lets go of the interpreter, as signing and verifying do.

Things are best batches that take some milliseconds: then what a queue costs does not show.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_SECONDS: Final = 1.0


def abreast(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    ahead: int = 0,
    each: int = 1,
    waiting: Callable[[], None] = lambda: None,
) -> Generator[Result, None, None]:
    """`work(item)` of each, in their order; what one raises is raised where its result would have come.

    Items are taken in the caller's thread, a few of them ahead, so any number of them takes little memory. Whoever
    stops early closes the generator: then no thread works any more.

    There is a thread for each core that this process may use, if not said otherwise.

    Args:
        ahead: how many things are taken before the caller wants their results, two for each thread at least: as much
            work as there has to be while the caller is busy with something else.
        each: how many threads there are for each core: more than one where they wait for something.
        waiting: called in the caller's thread after each second in which the next result did not come.
    """
    threads = each * len(os.sched_getaffinity(0))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="abreast")
    begun: deque[Future[Result]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) >= max(ahead, 2 * threads):
                yield _result(begun.popleft(), waiting)
        while begun:
            yield _result(begun.popleft(), waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _result(future: Future[Result], waiting: Callable[[], None]) -> Result:
    while not wait((future,), _SECONDS).done:
        waiting()
    return future.result()
