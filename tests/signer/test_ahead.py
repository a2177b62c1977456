"""Fetching ahead: order, errors, and how far ahead."""

import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

import pytest

from signer.ahead import ahead


def test_items_come_in_their_order_and_all_of_them() -> None:
    """What is written is what was read, also when the last list is not full."""
    assert list(chain.from_iterable(ahead(range(10), 4))) == list(range(10))
    assert list(ahead([], 4)) == []


def test_next_list_is_fetched_while_the_caller_has_one_and_no_further() -> None:
    """Memory holds two lists, however many there are."""
    fetched = threading.Semaphore(0)
    seen: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            seen.append(number)
            fetched.release()
            yield number

    with closing(ahead(items(), 3)) as lists:
        assert next(lists) == [0, 1, 2]
        assert all(fetched.acquire(timeout=10) for _ in range(6)), "the next list is not fetched beside"
    assert seen == list(range(6))


def test_error_is_raised_where_its_list_would_have_come() -> None:
    """What was read before it is handed over; damaged pages are found by whoever reads."""

    def items() -> Iterator[int]:
        yield from range(5)
        raise LookupError("damaged")

    with closing(ahead(items(), 2)) as lists:
        assert [next(lists), next(lists)] == [[0, 1], [2, 3]]
        with pytest.raises(LookupError, match="damaged"):
            next(lists)
