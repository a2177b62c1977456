"""The LMDB target whose lock file is deleted: what is written meanwhile is neither lost nor written over readers."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import pytest

from publisher.targets.lmdb import LMDBTarget
from revocation.errors import TargetError
from revocation.store import RESPONSES_DATABASE
from tests.publisher.targets.test_lmdb import GIB, always, answer, held

_READER = """
import lmdb, sys
with lmdb.open(sys.argv[1], readonly=True, max_dbs=4):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """A responder that has the store open meanwhile."""
    command = [sys.executable, "-c", _READER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "open\n"
        yield
        reader.communicate()


@pytest.mark.parametrize("gone", ["lock.mdb", "data.mdb"])
def test_nothing_is_written_once_a_file_of_the_store_was_deleted(tmp_path: Path, gone: str) -> None:
    """Readers that open the new one are not seen, and their pages would be used again: it is begun again instead."""
    store = tmp_path / "store"
    with LMDBTarget(store, GIB) as target:
        target.put([answer(1)], always)
        (store / gone).unlink()
        with pytest.raises(TargetError, match=r"lock\.mdb was replaced|No such file"):
            target.put([answer(2)], always)
        assert target.read([answer(2).key]) == {}
        if gone == "lock.mdb":
            with reading(store), pytest.raises(TargetError, match=r"lock\.mdb was replaced"):
                target.put([answer(2)], always)
            assert target.read([answer(2).key]) == {}
    with LMDBTarget(store, GIB) as target:
        target.put([answer(2)], always)
    assert answer(2).key in held(store)


def test_what_was_written_while_the_lock_file_was_deleted_is_not_taken_for_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look before the commit and its end: a reader that came then may not see it."""
    store = tmp_path / "store"
    with LMDBTarget(store, GIB) as target:
        look = target._require_same_files

        def look_and_lose_the_lock_file() -> None:
            look()
            (store / "lock.mdb").unlink()

        monkeypatch.setattr(target, "_require_same_files", look_and_lose_the_lock_file)
        with pytest.raises(TargetError, match="No such file"):
            target.put([answer(1)], always)


def test_store_whose_lock_file_is_of_an_earlier_transaction_goes_on_with_the_last(tmp_path: Path) -> None:
    """Made anew by a reader while a writer wrote: LMDB would begin where that file says, over what came since."""
    store = tmp_path / "store"
    with LMDBTarget(store, GIB) as target:
        target.put([answer(1)], always)
    with lmdb.open(str(store), max_dbs=4) as writer:
        database = writer.open_db(RESPONSES_DATABASE)
        (store / "lock.mdb").unlink()
        with reading(store):
            with writer.begin(write=True, db=database) as txn:
                txn.put(answer(2).key, answer(2).value)
            writer.close()
            with LMDBTarget(store, GIB) as target:
                target.put([answer(3)], always)
    assert list(held(store)) == [answer(number).key for number in (1, 2, 3)]
