"""Files that are there whole or not at all."""

import os
import resource
import signal
from pathlib import Path
from typing import BinaryIO

import pytest

from revocation.durable import make_folder, replace_file, write_new


def test_file_is_replaced_whole_with_its_mode_and_time(tmp_path: Path) -> None:
    """Folders on the way are made; size, permissions and modification time are as asked; nothing else is left."""
    path = tmp_path / "a/b/file"
    for content in (b"first", b"the second"):
        assert replace_file(path, lambda out, c=content: out.write(c), 0o640, mtime=1234) == len(content)
    assert path.read_bytes() == b"the second"
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime) == (0o640, 1234)
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_failed_replacement_leaves_what_was_there(tmp_path: Path) -> None:
    """An error while writing leaves the old content and no half-written file."""

    def fail(out: BinaryIO) -> None:
        out.write(b"half")
        raise OSError("no space")

    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match="no space"):
        replace_file(tmp_path / "file", fail, 0o644)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("file", b"old")]


def test_what_a_killed_process_left_is_taken_away_and_what_is_being_written_stays(tmp_path: Path) -> None:
    """A temporary file older than an hour belongs to nobody; a young one to another process."""
    old, young, foreign = tmp_path / ".old.part", tmp_path / ".young.part", tmp_path / "mine.part"
    for file in (old, young, foreign):
        file.touch()
    for file in (old, foreign):
        os.utime(file, (0, 0))
    replace_file(tmp_path / "file", lambda out: out.write(b"x"), 0o644)
    assert {entry.name for entry in tmp_path.iterdir()} == {"file", ".young.part", "mine.part"}


def test_folder_has_the_mode_that_was_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    """A web server of another user can enter a public one, nobody else a private one; those that were there stay."""
    before = os.umask(0o077)
    try:
        make_folder(tmp_path / "public/www", 0o755)
        os.umask(0)
        make_folder(tmp_path / "public/state/marks", 0o700)
    finally:
        os.umask(before)
    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"public": 0o755, "public/www": 0o755, "public/state": 0o700, "public/state/marks": 0o700}


def test_new_file_is_its_owners_alone_and_is_never_written_over(tmp_path: Path) -> None:
    """A key that is there stays."""
    path = tmp_path / "the.key"
    write_new(path, b"a key", 0o600)
    with pytest.raises(FileExistsError):
        write_new(path, b"another", 0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"a key", 0o600)


def test_nothing_is_left_of_a_new_file_for_which_there_was_no_room(tmp_path: Path) -> None:
    """Half a key would be in the way of the next attempt, as one that is never written over."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_new(tmp_path / "the.key", b"a longer key", 0o600)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []
