"""Reading a store beside its publisher: what is not there, what was cut, and what is only not filled up yet."""

import multiprocessing
import os
from pathlib import Path

import pytest

from publisher.targets.lmdb import LMDBTarget
from publisher.targets.lmdb_reading import read_responses, read_status
from publisher.targets.protocol import Answer
from revocation.errors import TargetError
from tests.publisher.targets.test_lmdb import GIB, always, answer


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """One answer and a status."""
    with LMDBTarget(tmp_path / "store", GIB) as target:
        target.put([answer(1)], always)
        target.save_status(b"status")
    return tmp_path / "store"


def test_status_and_responses_are_read(store: Path) -> None:
    """Those that are there; a key without a response has no value."""
    assert read_status(store) == b"status"
    values = read_responses(store, [answer(2).key, answer(1).key])
    assert values == [answer(1).value]


def test_store_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """No publisher has been here yet, and asking makes nothing."""
    assert (read_status(tmp_path / "none"), read_responses(tmp_path / "none", [b"key"])) == (None, [])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("size", [100, 8192, 16384])
def test_store_that_was_cut_is_an_error_that_says_so(store: Path, size: int) -> None:
    """It is not touched behind its end, which would kill this process."""
    os.truncate(store / "data.mdb", size)
    for read in (lambda: read_status(store), lambda: read_responses(store, [answer(1).key])):
        with pytest.raises(TargetError, match=r"cannot be read") as caught:
            read()
        assert (caught.value.where, bool(caught.value.advice)) == (str(store), True)


def test_store_that_its_publisher_is_about_to_fill_up_was_not_cut(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LMDB ends a transaction with a file that may be too short, and the publisher makes it longer at once."""
    whole = (store / "data.mdb").read_bytes()
    os.truncate(store / "data.mdb", len(whole) - 4096)
    monkeypatch.setattr("time.sleep", lambda _: (store / "data.mdb").write_bytes(whole))
    assert read_status(store) == b"status"


def test_store_that_grows_while_it_is_opened_is_read(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice is put between the look at the file and the transaction: the store is not damaged."""
    large = [answer(number, der=bytes(2000)) for number in range(2, 9000)]

    def grow(*_: object) -> None:
        monkeypatch.undo()
        context = multiprocessing.get_context("spawn")  # LMDB opens a store once in a process
        publisher = context.Process(target=_put, args=(store, large))
        publisher.start()
        publisher.join()
        assert publisher.exitcode == 0

    monkeypatch.setattr("publisher.targets.lmdb_reading.require_whole", grow)
    assert len(read_responses(store, [answer(1).key, answer(8999).key])) == 2


def _put(store: Path, answers: list[Answer]) -> None:
    with LMDBTarget(store, GIB) as target:
        target.put(answers, always)
