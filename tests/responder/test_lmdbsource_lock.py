"""The LMDB source and its lock file: never read beside a writer without it."""

from pathlib import Path

import pytest

from tests.responder.confined import confined
from tests.responder.filling import Filling, write


@pytest.mark.judge("unshare")
def test_store_on_a_read_only_mount_is_not_read_without_its_lock_file(tmp_path: Path, filling: Filling) -> None:
    """LMDB would do without by itself, and a publisher would write over the pages that are being read."""
    write(tmp_path / "store", filling.shelf())
    with confined(tmp_path, []) as responder:
        told = [responder.look() for _ in range(2)]
    assert all(one.startswith("unavailable:") and "lock.mdb cannot be written" in one for one in told), told


@pytest.mark.judge("unshare")
def test_store_that_nobody_can_write_needs_no_lock_file(tmp_path: Path, filling: Filling) -> None:
    """A copy without one, on a medium that is read-only: there is no writer."""
    write(tmp_path / "store", filling.shelf())
    (tmp_path / "store/lock.mdb").unlink()
    with confined(tmp_path, []) as responder:
        assert responder.look() == "readable WITHOUT the lock file"
