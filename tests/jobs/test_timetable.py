"""`revocast schedule`: what runs when, when it last succeeded, and what is late."""

import json
from datetime import datetime, timedelta

import pytest

from jobs.asking import Asking
from jobs.crontab import refreshed_every
from jobs.installation import Installation
from jobs.progress import Known, progress
from jobs.tasks_found import TasksFound
from publisher import worker
from publisher.alarms import NowAndThen
from revocation.clock import iso, now
from revocation.messages import Verb
from revocation.wire.notes import Notes, of_publisher, of_signer
from revocation.wire.queue import Wire
from tests.jobs.present import Present
from tests.jobs.scheduled import SIGNERS, told
from tests.wire.server import Server


def test_tasks_are_shown_with_their_slots_and_what_is_due(present: Present) -> None:
    """By cron too: intervals from the configuration, slots in UTC, the reason for what is due; success by `refresh`."""
    assert present.run("refresh").exit_code == 0
    result = present.run("schedule", "--json", "--timeout", "60")
    assert result.exit_code == 0, result.output
    found = told(result)
    assert list(found) == [*SIGNERS, "publish files", "publish responses"]
    begins = now().replace(minute=0, second=0)
    assert found["presign"]["interval"] == 3600
    assert found["presign"]["last_slot"] in (iso(begins), iso(begins - timedelta(hours=1)))
    assert found["presign"]["next_slot"] > found["presign"]["last_slot"]
    assert found["presign"]["due"] == []
    text = present.run("schedule", "--timeout", "60").output
    assert "presign: nothing is due\n" in text, "nobody asks where there is no queue"
    assert present.run("revoke", "05", "--issuer", "test", "--timeout", "60").exit_code == 0
    (present.estate.folder / "public/www/crl").rename(present.estate.folder / "gone")
    found = told(present.run("schedule", "--json", "--timeout", "60"))
    assert found["publish files"]["due"] == ["test: crl all: missing"]


def test_task_is_due_with_the_signer_s_reason(present: Present) -> None:
    """It stands with the task that makes it."""
    present.config.write_text(present.config.read_text().replace("[public]", '[public]\ncrl = { delta = "4h" }', 1))
    found = told(present.run("schedule", "--json", "--timeout", "60"))
    (sentence,) = found["generate_crls"]["due"]
    assert sentence.startswith("test: crl all: ")
    assert found["presign"]["due"] == []


def test_cron_that_does_not_come_any_more_exits_1(present: Present, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is fresh still, and will not be when the twelve hours of a CRL are over."""
    assert present.run("refresh").exit_code == 0
    later = now() + timedelta(hours=2, minutes=6)
    monkeypatch.setattr("jobs.timetable.clock_now", lambda: later)
    result = present.run("schedule", "--timeout", "60")
    assert result.exit_code == 1
    assert "see whether cron runs `revocast refresh`" in result.output


@pytest.mark.long
@pytest.mark.parametrize("public", ["", 'crl = { delta = "5h" }', 'crl = { look = "30s" }'])
def test_cron_that_comes_as_printed_is_never_late(
    present: Present, monkeypatch: pytest.MonkeyPatch, public: str
) -> None:
    """Up to the minute before its next run; the first line that is printed says when that is."""
    present.config.write_text(present.config.read_text().replace("[public]", f"[public]\n{public}", 1))
    assert present.run("refresh").exit_code == 0
    installation = Installation.read(present.config)
    later = now() + refreshed_every(installation.public) - timedelta(minutes=1)
    monkeypatch.setattr("jobs.timetable.clock_now", lambda: later)
    result = present.run("schedule", "--timeout", "60")
    assert result.exit_code == 0, result.output


def test_machine_with_targets_alone_is_late_only_where_nobody_publishes(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`publish` notes its success; work and answers of the signer, which is elsewhere, are not missed."""
    text = present.config.read_text()
    present.config.write_text(text[: text.index("[signer]")] + text[text.index("[publisher]") :])
    moment = now()
    for minutes, code in ((180, 1), (0, 0)):
        later = moment + timedelta(minutes=minutes)
        monkeypatch.setattr("jobs.timetable.clock_now", lambda later=later: later)
        monkeypatch.setattr("publisher.commands.now", lambda later=later: later)
        result = present.run("schedule")
        assert result.exit_code == code, result.output
    for minutes in (180, 181):
        later = moment + timedelta(minutes=minutes)
        monkeypatch.setattr("publisher.commands.now", lambda later=later: later)
        assert present.run("publish", "--quiet").exit_code == 0
    monkeypatch.setattr("jobs.timetable.clock_now", lambda: moment + timedelta(minutes=187))
    result = present.run("schedule", "--json")
    assert result.exit_code == 0, result.output
    assert list(told(result)) == ["publish files", "publish responses"]
    monkeypatch.setattr("jobs.timetable.clock_now", lambda: moment + timedelta(minutes=189))
    result = present.run("schedule")
    assert (result.exit_code, "see whether cron runs `revocast publish`" in result.output) == (1, True)


def test_publisher_on_a_queue_is_late_only_where_its_worker_does_not_succeed(
    present: Present, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing new for an hour is no alarm: its worker notes in a file of its machine what its user may not read."""
    text = present.config.read_text()
    text = text[: text.index("[signer]")] + text[text.index("[publisher]") : text.index("[jobs]")]
    present.config.write_text(text.replace("[publisher]", f'[publisher]\nqueue = "{server.url}"', 1))
    installation, moment = Installation.read(present.config), now()
    monkeypatch.setattr("publisher.worker.now", lambda: moment + timedelta(hours=1))
    worker._look(installation.targets(), installation.public, Wire(server.url).journal, NowAndThen())
    for minutes, code in ((60, 0), (66, 0), (68, 1)):
        later = moment + timedelta(minutes=minutes)
        monkeypatch.setattr("jobs.timetable.clock_now", lambda later=later: later)
        result = present.run("schedule")
        assert result.exit_code == code, result.output
    assert "see whether `worker publisher` runs or hangs" in result.output
    assert "cron" not in result.output


def test_success_of_refresh_is_that_of_what_succeeded(present: Present) -> None:
    """A target that cannot be written is not published to."""
    before = now()
    (present.estate.folder / "store").rename(present.estate.folder / "gone")
    (present.estate.folder / "store").write_text("no folder")
    assert present.run("refresh").exit_code == 1
    kept = json.loads((present.estate.folder / "jobs/refreshed.json").read_text())
    assert set(kept) == {*(of_signer(Verb(verb)) for verb in SIGNERS), of_publisher("files")}
    assert all(datetime.fromisoformat(at) >= before for at in kept.values())


def test_refresh_whose_success_cannot_be_noted_says_so(present: Present) -> None:
    """It is done and published all the same."""
    (present.estate.folder / "jobs/refreshed.json").mkdir(parents=True)
    (present.estate.folder / "public/www/crl").rename(present.estate.folder / "gone")
    result = present.run("refresh")
    assert (result.exit_code, "what was done could not be noted" in result.output) == (1, True)
    assert list(present.estate.folder.glob("public/www/crl/*/all.crl"))


def test_promise_to_ask_again_is_made_only_where_somebody_asks(present: Present) -> None:
    """Of what is not due it says when it is asked for again, and nothing of the kind where nobody would."""
    installation = Installation.read(present.config)
    shown = list(progress(installation.tasks, ["files"], Known(Notes()), now()))
    for heard, promised in (
        (Asking(now(), ""), True),
        (Asking(now(), "no scheduler has asked"), False),
        (Asking(None, ""), False),
    ):
        sentences = list(TasksFound(shown, [], "", "", [], heard).sentences)
        assert any("nothing is due; asked for again at" in sentence for sentence in sentences) == promised
