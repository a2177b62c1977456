"""The directory target by itself."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher.targets.directory import DirectoryTarget
from publisher.targets.protocol import StaticObject
from revocation.errors import TargetError

THING = StaticObject("crl/00000000/all.crl", b"bytes", datetime(2026, 1, 2, tzinfo=UTC))


def test_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails at the last moment, when the data is to be made durable."""
    target = DirectoryTarget(tmp_path)
    target.put(THING)

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(TargetError, match="Input/output error") as caught:
            target.put(StaticObject(THING.path, b"other", THING.modified))
    assert caught.value.where == str(tmp_path / "www" / THING.path)
    assert target.get(THING.path) == b"bytes"
    assert [file.name for file in (tmp_path / "www" / "crl" / "00000000").iterdir()] == ["all.crl"]


def test_reader_of_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    """A web server that is in the middle of sending goes on with the file that it opened."""
    target = DirectoryTarget(tmp_path)
    target.put(THING)
    with (tmp_path / "www" / THING.path).open("rb") as served:
        first = served.read(2)
        target.put(StaticObject(THING.path, b"REPLACED", THING.modified))
        assert first + served.read() == b"bytes"
    assert target.get(THING.path) == b"REPLACED"


def test_what_does_not_read_back_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the disk swallowed is not taken for a publication."""
    target = DirectoryTarget(tmp_path)
    monkeypatch.setattr(Path, "replace", lambda self, other: self.rename(other) and os.truncate(other, 1))
    with pytest.raises(TargetError, match="does not read back"):
        target.put(THING)


def test_nothing_there_is_none(tmp_path: Path) -> None:
    """An empty target has no status, no object and no digest."""
    target = DirectoryTarget(tmp_path / "new")
    assert (target.load_status(), target.get("x"), target.digest("x")) == (None, None, None)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("thing", ["a pipe", "a device", "a link", "a folder"])
def test_what_is_no_regular_file_is_replaced(tmp_path: Path, thing: str) -> None:
    """Whoever may write there can stop no publisher: it is not waited for, and what belongs there is put."""
    target, file = DirectoryTarget(tmp_path), tmp_path / "www/crl/1a2b3c4d/all.crl"
    file.parent.mkdir(parents=True)
    if thing == "a pipe":
        os.mkfifo(file)
    elif thing == "a folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero" if thing == "a device" else "/etc/hostname")
    assert (target.digest("crl/1a2b3c4d/all.crl"), target.get("crl/1a2b3c4d/all.crl")) == (None, None)
    if thing != "a folder":
        target.put(StaticObject("crl/1a2b3c4d/all.crl", b"right", THING.modified))
        assert file.read_bytes() == b"right"
        assert not file.is_symlink()
