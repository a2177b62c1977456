"""`check_published`: the scheduler looks from outside, and what it finds is a failure of `status` and `schedule`."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.progress import Known, Standing, progress
from jobs.published_check import PublishedCheck
from jobs.schedule import Task
from jobs.scheduler import Scheduler
from revocation.clock import fixed
from revocation.wire.notes import Chore, Failure, Notes, all_names, of_scheduler
from revocation.wire.queue import Wire
from tests.authority import NOW
from tests.jobs.present import Present
from tests.jobs.test_commands import process
from tests.responder.running import running
from tests.waiting import until
from tests.wire.server import Server

NAME = of_scheduler(Chore.CHECK_PUBLISHED)
TASK = Task(Chore.CHECK_PUBLISHED, timedelta(minutes=15))


@pytest.fixture
def site(present: Present, server: Server) -> Iterator[Present]:
    """An installation that is served, and whose scheduler is to look at it."""
    present.config.write_text(present.config.read_text().replace("[responder]\n", "[responder]\nport = 0\n"))
    with running(present.config) as responder:
        text = present.config.read_text().replace("http://crl.example", responder.url)
        present.config.write_text(text.replace("[public]", '[public]\ncrl = { look = "1s" }', 1))
        present.use_queue(server.url)
        present.config.write_text(present.config.read_text() + 'check_published = "15m"\n')
        yield present


@pytest.mark.timeout(120)
def test_what_relying_parties_do_not_get_fails_status_at_once(site: Present, server: Server, tmp_path: Path) -> None:
    """A scheduler looks, finds all well, and finds the CRL gone; everything is fresh on the targets meanwhile."""
    journal = Wire(server.url).journal
    with process("scheduler", "--config", str(site.config), log=tmp_path / "scheduler.log"):
        until(lambda: NAME in journal.read(all_names([])).successes, 60)
        (site.estate.folder / "public/www/crl").rename(tmp_path / "gone")
        server.client().flushall()  # so that the present slot is claimed anew
        until(lambda: NAME in journal.read(all_names([])).failures, 60)
    (tmp_path / "gone").rename(site.estate.folder / "public/www/crl")
    for command in ("schedule", "status"):
        result = site.run(command, "--no-signer")
        said = " ".join(result.output.split())
        assert (result.exit_code, "check_published: at 20" in said, "REVOCAST CRITICAL - crl test all" in said) == (
            1,
            True,
            True,
        )
    site.config.write_text(site.config.read_text().replace('check_published = "15m"\n', ""))
    for command in ("schedule", "status"):
        result = site.run(command, "--no-signer")
        assert (result.exit_code, result.output.count("check_published: at 20")) == (1, 1), result.output


def test_check_that_cannot_be_made_is_no_success(present: Present, server: Server) -> None:
    """Without a report, or not in time: that is told, and nothing is well."""
    journal = Wire(server.url).journal
    for seconds, said in ((0.01, "took longer than 0.01 s"), (60.0, "REVOCAST UNKNOWN")):
        if seconds == 60:
            present.config.write_text("nonsense")
        PublishedCheck(present.config, journal, fixed(NOW), seconds).start()
        until(lambda said=said: said in _failure(journal.read([NAME])), 60)
    assert journal.read([NAME]).successes == {}


def test_checks_are_one_at_a_time(present: Present, server: Server, tmp_path: Path) -> None:
    """A site that hangs does not gather processes."""
    os.mkfifo(tmp_path / "revocast.toml")  # whoever reads it waits
    check = PublishedCheck(tmp_path / "revocast.toml", Wire(server.url).journal, fixed(NOW), 60)
    for _ in range(3):
        check.start()
    until(lambda: len(_reading(tmp_path / "revocast.toml")) == 1)
    check.start()
    assert len(_reading(tmp_path / "revocast.toml")) == 1
    (tmp_path / "revocast.toml").write_text("nonsense")


def test_scheduler_begins_a_check_once_a_slot_and_sends_nothing_for_it(server: Server) -> None:
    """Two of them, looking again and again."""
    begun: list[Chore] = []
    both = [Scheduler(Wire(server.url), [TASK], lambda now: [], begun.append) for _ in range(2)]
    for seconds in (0, 1, 2):
        for scheduler in both:
            scheduler.look(NOW + timedelta(seconds=seconds))
    assert begun == [Chore.CHECK_PUBLISHED]
    assert not server.client().keys("rq:*")


def test_what_a_check_found_is_a_failure_until_one_is_well_again() -> None:
    """Other work may fail once; here the failure is the news. No check for two intervals is late like all work."""
    well, found = Notes(successes={NAME: NOW}), Failure(at=NOW + timedelta(minutes=1), error="REVOCAST CRITICAL - x")
    later = NOW + timedelta(minutes=2)
    assert [one.standing for one in progress([TASK], [], Known(well), later)] == [Standing.DONE]
    (failed,) = progress([TASK], [], Known(Notes(successes={NAME: NOW}, failures={NAME: found})), later)
    assert (failed.standing, failed.trouble) == (
        Standing.FAILED,
        "check_published: at 2026-03-01T12:01:00Z: REVOCAST CRITICAL - x",
    )
    assert [one.standing for one in progress([TASK], [], Known(well), NOW + timedelta(minutes=36))] == [Standing.LATE]


def test_interval_below_a_minute_is_refused(present: Present) -> None:
    """Each check fetches everything."""
    present.config.write_text(present.config.read_text() + 'check_published = "30s"\n')
    result = present.run("schedule")
    assert result.exit_code == 2
    assert "30s is less than 1m" in str(result.exception)


def _failure(notes: Notes) -> str:
    return notes.failures[NAME].error if NAME in notes.failures else ""


def _reading(path: Path) -> list[Path]:
    """The processes of a check of that file."""
    found = []
    for process_ in Path("/proc").glob("[0-9]*"):
        try:
            command = (process_ / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"check" in command and str(path).encode() in command:
            found.append(process_)
    return found
