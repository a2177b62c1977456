"""Folders for sockets and logs: this user's alone, and short enough for the kernel."""

import os
from pathlib import Path

import pytest

from jobs.private_folder import LONGEST_SOCKET, make_private, socket_place
from revocation.errors import InputError


def test_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0700, whatever the umask."""
    assert make_private(tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    """It is neither used nor changed: somebody may have meant it to be open."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o755)
    with pytest.raises(InputError, match="can be entered by others"):
        make_private(tmp_path / "run")


def test_link_in_its_place_is_refused(tmp_path: Path) -> None:
    """In a folder for everybody, somebody may have put it there."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is not a folder of this user"):
        make_private(tmp_path / "run")


def test_socket_lies_in_the_data_folder_where_it_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below run/, beside everything else."""
    monkeypatch.chdir(tmp_path)
    assert socket_place(Path("data")) == tmp_path / "data/run/valkey.sock"


def test_socket_of_a_deep_data_folder_lies_in_the_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel takes 107 bytes; each data folder has a place of its own."""
    runtime = Path("/tmp")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    deep = tmp_path / ("x" * 90)
    one, other = socket_place(deep / "a"), socket_place(deep / "b")
    assert one.parent.parent == runtime
    assert one != other
    assert len(os.fsencode(one)) <= LONGEST_SOCKET


def test_no_place_that_is_short_enough_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to do, instead of failing at bind."""
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(InputError, match="cannot hold a unix socket"):
        socket_place(deep / "data")


def test_data_folder_with_a_space_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    """A URL and Redis' list of clients would have to escape it."""
    assert " " not in str(socket_place(tmp_path / "my data"))
