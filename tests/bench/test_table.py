"""`make bench` leaves no benchmark out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import __main__ as table

ROOT = Path(__file__).parent.parent.parent


def test_make_bench_runs_every_benchmark_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in a process of its own, whose memory is then its own, with the options given; a failure is told."""
    said = subprocess.run(
        ["make", "-n", "bench", "ARGS=--runs 1"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (words,) = re.findall(r"^\S+ -m tests\.bench (.*)$", said.stdout, re.M)
    assert words == "all --runs 1"
    started: list[list[str]] = []

    def run(command: list[str], **_: object) -> "subprocess.CompletedProcess[bytes]":
        started.append(command[1:])
        return subprocess.CompletedProcess(command, 1 if "crl-reissue" in command else 0)

    monkeypatch.setattr(sys, "argv", ["tests.bench", *words.split()])
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(SystemExit) as ended:
        table.main()
    assert started == [["-m", "tests.bench", name, "--runs", "1"] for name in table.TABLE]
    assert ended.value.code == 1


def test_every_benchmark_is_in_the_table_of_the_documents() -> None:
    """With what it measures."""
    page = (ROOT / "docs/benchmarks.md").read_text()
    assert set(re.findall(r"^\| `([\w-]+)` \| [^|\n]+ \| [^|\n]+ \|$", page, re.M)) == set(table.TABLE)
