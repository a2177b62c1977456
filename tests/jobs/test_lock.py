"""A lock that is a file: one at a time, and gone with its holder however that ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.lock import Busy, held


def test_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """Two cron runs never overlap."""
    with held(tmp_path / "a.lock", "refresh"), pytest.raises(Busy, match=f"process {os.getpid()}"):  # noqa: SIM117
        with held(tmp_path / "a.lock", "refresh"):
            pass
    with held(tmp_path / "a.lock", "refresh"):
        pass


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """Nobody has to remove a file by hand after kill -9."""
    code = (
        "import sys, time; from pathlib import Path; from jobs.lock import held\n"
        "with held(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(60)"
    )
    path = tmp_path / "a.lock"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Busy), held(path, "x"):
            pass
        process.send_signal(signal.SIGKILL)
    with held(path, "x"):
        pass


def test_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    """In a folder that others may write to, a link would have us empty a file of ours."""
    precious = tmp_path / "precious"
    precious.write_text("x")
    (tmp_path / "a.lock").symlink_to(precious)
    with pytest.raises(OSError, match=r"a\.lock"), held(tmp_path / "a.lock", "x"):
        pass
    assert precious.read_text() == "x"
