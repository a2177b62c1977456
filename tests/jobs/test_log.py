"""The log of a service: bounded, and going on after what could not be written."""

import json
import os
from pathlib import Path

import pytest

from jobs import log
from jobs.log import Log


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is put aside after its first line."""
    monkeypatch.setattr(log, "_LARGEST", 10)


def test_full_log_is_put_aside_and_the_one_before_dropped(tmp_path: Path) -> None:
    """Two files, however much is written."""
    with Log(tmp_path / "part.log", "part", print) as lines:
        for number in range(4):
            lines.write(f"line {number}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part.log", "part.log.1"]
    assert "part | line 3" in (tmp_path / "part.log").read_text()
    assert "part | line 2" in (tmp_path / "part.log.1").read_text()


def test_log_that_could_not_be_opened_anew_is_opened_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room or no descriptor for a moment costs the lines of that moment, and none after it."""
    with Log(tmp_path / "part.log", "part", print) as lines:
        lines.write("first")
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", _fail)
            lines.write("lost")
        lines.write("later")
    assert "part | later" in (tmp_path / "part.log").read_text()
    assert "part | first" in (tmp_path / "part.log.1").read_text()


def test_line_cannot_look_like_several(tmp_path: Path) -> None:
    """What stands in a message, or in a client's request, is no entry of its own and moves no cursor."""
    with Log(tmp_path / "part.log", "part", print) as lines:
        lines.write("field x\r2026-03-01T12:00:00Z part | made everything\x1b[2J\u2028")
    (line,) = (tmp_path / "part.log").read_text().splitlines()
    assert "x\\u000d2026" in line
    assert line.endswith("\\u001b[2J\\u2028")


def test_log_that_cannot_be_written_is_told_once_and_costs_its_lines_alone(tmp_path: Path) -> None:
    """Its folder is gone: whoever writes goes on, and the log too when the folder is back."""
    told: list[str] = []
    with Log(tmp_path / "logs/part.log", "part", told.append) as lines:
        for _ in range(3):
            lines.write("lost")
        (tmp_path / "logs").mkdir()
        lines.write("kept")
    assert told == [f"part: its log {tmp_path / 'logs/part.log'} cannot be written: No such file or directory"]
    assert (tmp_path / "logs/part.log").read_text().endswith("part | kept\n")


def _fail(*_: object) -> int:
    raise OSError("no room")


def test_log_of_a_service_whose_lines_are_json_has_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own lines as they are; what else it says, as `ready`, as one more."""
    monkeypatch.setenv("REVOCAST_LOG", "json")
    monkeypatch.setattr(log, "_LARGEST", 10_000)
    with Log(tmp_path / "part.log", "part", print) as lines:
        for line in ('{"time": "2026-03-01T12:00:00.000Z", "message": "made it"}', "ready", "{ no JSON"):
            lines.write(line)
    found = [json.loads(line) for line in (tmp_path / "part.log").read_text().splitlines()]
    assert [line["message"] for line in found] == ["made it", "ready", "{ no JSON"]
    assert all(line["time"].endswith("Z") for line in found)
