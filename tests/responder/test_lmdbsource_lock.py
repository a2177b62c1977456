"""The LMDB source and its lock file: never read beside a writer without it, and made anew where it was deleted."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder.lmdbsource import LMDBSource
from responder.source import SourceUnavailable
from revocation.certid import CertIDHash
from revocation.store import response_key
from tests.authority import NOW
from tests.responder.beside import PUT, in_another_process
from tests.responder.confined import confined
from tests.responder.filling import GOOD, Filling, write


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


def test_publication_is_seen_after_the_lock_file_was_deleted(store: Path, source: LMDBSource, filling: Filling) -> None:
    """It tells which transaction was the last: what was revoked since would stay good in every answer that is kept."""
    assert source.find(filling.cert_id(GOOD), NOW)
    before = source.version()
    (store / "lock.mdb").unlink()
    newer = filling.response(GOOD, this_update=NOW + timedelta(minutes=1), revoked=True)
    key = response_key(filling.issuer.octets, CertIDHash.SHA256.octet, filling.cert_id(GOOD).serial)
    in_another_process(PUT, store, key.hex(), newer.encode().hex())
    assert source.version() not in (None, before)
    assert source.find(filling.cert_id(GOOD), NOW) == newer


def test_lock_file_that_was_deleted_is_made_anew_and_kept(store: Path, source: LMDBSource, filling: Filling) -> None:
    """For the writer to see who reads; and the store is opened once for it, not at every look."""
    assert source.find(filling.cert_id(GOOD), NOW)
    (store / "lock.mdb").unlink()
    assert source.find(filling.cert_id(GOOD), NOW)
    assert (store / "lock.mdb").stat().st_mode & 0o600 == 0o600
    version = source.version()
    assert source.find(filling.cert_id(GOOD), NOW)
    assert source.version() == version


def test_store_whose_lock_file_cannot_be_opened_is_unavailable(
    store: Path, source: LMDBSource, filling: Filling
) -> None:
    """To read without the lock beside a writer would be unsafe, so it is not done."""
    (store / "lock.mdb").unlink()
    (store / "lock.mdb").mkdir()
    with pytest.raises(SourceUnavailable):
        source.find(filling.cert_id(GOOD), NOW)
