"""What `check` remembers, on disk."""

import os
import stat
from pathlib import Path

import pytest

from jobs.check_marks import CRLMark, Marks, MarksFile


def test_marks_outlast_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content, name and folder are written through; they are the owner's alone, and nothing else is left."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    folder = tmp_path / "jobs"
    marks = Marks(crls={"7b0d2cf6/all": CRLMark(number=1, this_update="2026-01-01T00:00:00Z")})
    MarksFile(folder).write("http://a/", marks)
    assert [path.name for path in folder.iterdir()] == ["check.json"]
    assert {path.stat().st_ino for path in (folder / "check.json", folder, tmp_path)} <= set(synced)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "check.json")] == [0o700, 0o600]
    assert MarksFile(folder).read("http://a/") == marks
