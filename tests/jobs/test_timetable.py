"""`revocast schedule`, and `status` with it: what runs when, when it last succeeded, and a worker that hangs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from jobs.asking import Asking
from jobs.crontab import refreshed_every
from jobs.installation import Installation
from jobs.progress import Known, progress
from jobs.scheduler import Scheduler
from jobs.tasks_found import TasksFound
from publisher import worker
from publisher.alarms import NowAndThen
from revocation.clock import epoch, iso, now
from revocation.messages import Verb
from revocation.wire.notes import Notes, all_names, of_publisher, of_signer
from revocation.wire.queue import Wire
from tests.jobs.present import Present
from tests.jobs.test_commands import process
from tests.responder.scraping import read
from tests.waiting import until
from tests.wire.server import Server

SIGNERS = ("generate_ocsp_keys", "generate_crls", "presign")


def told(result: Result) -> dict[str, Any]:
    """The tasks of `schedule --json`, by name."""
    return {f"{one['task']} {one['target'] or ''}".strip(): one for one in json.loads(result.stdout)["tasks"]}


@contextmanager
def workers(present: Present, server: Server, tmp_path: Path) -> Iterator[list[Any]]:
    """The signer's and the publisher's, listening."""
    text = present.config.read_text()
    for table in ("signer", "publisher"):
        text = text.replace(f"[{table}]\n", f'[{table}]\nqueue = "{server.url}"\n')
    present.config.write_text(text)
    present.use_queue(server.url)
    with ExitStack() as started:
        found = []
        for name in ("signer", "publisher"):
            log = tmp_path / f"{name}.log"
            one = started.enter_context(process("worker", name, "--config", str(present.config), log=log))
            assert one.stdout
            assert one.stdout.readline() == "ready\n", log.read_text()
            found.append(one)
        yield found


def ask(present: Present, server: Server, moment: datetime) -> None:
    """A look of a scheduler at a time."""
    installation = Installation.read(present.config)
    Scheduler(Wire(server.url), installation.tasks, installation.statuses, lambda _: None).look(moment)


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


@pytest.mark.parametrize("command", ["schedule", "status"])
def test_queue_that_is_away_is_neither_well_nor_late(present: Present, tmp_path: Path, command: str) -> None:
    """Exit 3: what is published is fresh, and whether anybody still works nobody knows."""
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    result = present.run(command, "--no-signer")
    assert result.exit_code == 3, result.output
    assert "the queue cannot be reached" in " ".join(result.output.split())


@pytest.mark.parametrize("command", ["schedule", "status", "generate-crls"])
def test_queue_that_is_away_is_told_as_that_where_the_keys_are_elsewhere(
    present: Present, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    """No signer can be started here: that its table is missing is no news, and says nothing of what is wrong."""
    text = present.config.read_text()
    present.config.write_text(text[: text.index("[signer]")] + text[text.index("[publisher]") :])
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    result = present.run(command)
    told = " ".join(f"{result.output} {result.exception} {' '.join(capfd.readouterr())}".split())
    assert "the queue cannot be reached (ConnectionError)" in told
    assert "[signer]" not in told
    assert "refused to start" not in told
    assert result.exit_code == (5 if command == "generate-crls" else 3)


@pytest.mark.timeout(120)
def test_worker_that_hangs_is_noticed_though_it_is_alive(
    present: Present, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No success for two intervals is a failure of `schedule` and `status`; when it goes on, all is well again."""
    with workers(present, server, tmp_path) as (signer, _):
        ask(present, server, now())
        until(lambda: noted(server) == 5)
        assert present.run("schedule").exit_code == 0
        signer.send_signal(signal.SIGSTOP)
        later = now() + timedelta(hours=2, minutes=10)
        for hours in (1, 2):
            ask(present, server, now() + timedelta(hours=hours))
        assert server.client().llen("rq:queue:signer.looks") >= 5  # one may be on its way to it
        for command in ("timetable", "status"):
            monkeypatch.setattr(f"jobs.{command}.clock_now", lambda: later)
        for command in ("schedule", "status"):
            result = present.run(command, "--no-signer")
            assert result.exit_code == 1, result.output
            assert "see whether `worker signer` hangs" in " ".join(result.output.split())
        monkeypatch.undo()
        assert signer.poll() is None
        signer.send_signal(signal.SIGCONT)
        server.client().flushall()
        ask(present, server, now())
        until(lambda: noted(server) == 5)
        for command in ("schedule", "status"):
            assert present.run(command, "--timeout", "60").exit_code == 0


def test_publisher_elsewhere_that_hangs_is_noticed_by_who_names_its_targets(present: Present, server: Server) -> None:
    """An operator has [public] and [jobs] alone; each target has a row by its notes, and no success of it is late."""
    text = present.config.read_text()
    present.config.write_text(text[: text.index("[signer]")] + text[text.index("[jobs]") :])
    present.use_queue(server.url)
    present.config.write_text(present.config.read_text() + 'targets = ["files", "responses"]\n')
    journal = Wire(server.url).journal
    journal.asked(Verb.PUBLISH, now())
    for moment, code in ((now(), 0), (now() - timedelta(minutes=8), 1)):
        journal.succeeded([of_signer(Verb(verb)) for verb in SIGNERS], now())
        journal.succeeded([of_publisher("files"), of_publisher("responses")], moment)
        result = present.run("schedule", "--no-signer")
        assert result.exit_code == code, result.output
        assert ("publish responses: no success since" in result.output) == bool(code)
    found = told(present.run("schedule", "--no-signer", "--json"))
    assert [(name, one["standing"]) for name, one in found.items()][3:] == [
        ("publish files", "late"),
        ("publish responses", "late"),
    ]


def test_schedulers_that_are_all_dead_are_noticed_though_all_work_is_done(
    present: Present, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signer and publishers look by themselves, so nothing is late; the operator is told all the same."""
    present.use_queue(server.url)
    begins = now().replace(second=0)
    ask(present, server, begins)
    Wire(server.url).journal.succeeded(all_names(["files", "responses"]), begins)
    for minutes, code in ((4, 0), (5, 1)):
        later = begins + timedelta(minutes=minutes, seconds=30)
        monkeypatch.setattr("jobs.timetable.clock_now", lambda later=later: later)
        monkeypatch.setattr("jobs.metrics.clock_now", lambda later=later: later)
        result = present.run("schedule", "--json", "--no-signer")
        assert result.exit_code == code, result.output
        told = json.loads(result.stdout)["schedulers"] or ""
        assert told.startswith(f"no scheduler has asked since {iso(begins)}: ") == bool(code)
        found = read(present.run("metrics", "--no-signer").stdout)
        assert found["revocast_scheduler_last_asked_timestamp_seconds"] == epoch(begins)
        assert [one for one in found if "_trouble" in one and found[one]] == []


def test_installation_without_a_scheduler_misses_none_until_it_wants_what_only_one_does(
    present: Present, server: Server
) -> None:
    """`jobs.api` or cron asks over the queue: all is well for `schedule`, and `NobodyAsks` has nothing to go by."""
    present.use_queue(server.url)
    name = "revocast_scheduler_last_asked_timestamp_seconds"
    Wire(server.url).journal.succeeded([*all_names(["files", "responses"])], now())
    for code, told in ((0, None), (1, "that any scheduler has asked is not noted")):
        result = present.run("schedule", "--json", "--no-signer")
        assert result.exit_code == code, result.output
        assert (json.loads(result.stdout)["schedulers"] or "").startswith(told or "")
        for command in ("schedule", "metrics"):
            form = ("--prometheus",) if command == "schedule" else ()
            assert read(present.run(command, "--no-signer", *form).stdout).get(name) == (0 if told else None)
        present.config.write_text(present.config.read_text() + 'check_published = "15m"\n')


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


def test_metrics_say_when_work_succeeded_and_whether_that_is_too_long_ago(present: Present, tmp_path: Path) -> None:
    """As Prometheus reads them; a time and not an age, since a file of metrics may be old itself."""
    assert present.run("refresh").exit_code == 0
    result = present.run("schedule", "--prometheus")
    assert result.exit_code == 0
    found = read(result.output)
    assert abs(found['revocast_task_last_success_timestamp_seconds{task="presign"}'] - epoch(now())) < 60
    assert found['revocast_task_patience_seconds{task="publish",target="files"}'] == 7500
    assert found['revocast_task_trouble{task="generate_crls"}'] == 0
    assert found["revocast_tasks_known"] == 1
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    away = present.run("schedule", "--prometheus")
    assert (away.exit_code, "revocast_tasks_known 0\n" in away.output) == (3, True)


@pytest.mark.parametrize("known", ["revocast_tasks_known", "revocast_signer_answered"])
def test_file_of_metrics_stays_where_nothing_could_be_printed(present: Present, tmp_path: Path, known: str) -> None:
    """By the crontab line of docs/monitoring.md: an empty file would take the metrics away, and no rule would fire."""
    text = (Path(__file__).parents[2] / "docs/monitoring.md").read_text()
    (line,) = re.findall(r"^\* \* \* \* \*  (.*revocast metrics .*)$", text, re.MULTILINE)
    folder = tmp_path / "collected"
    folder.mkdir()
    for place, here in {
        "/var/lib/prometheus/node-exporter": str(folder),
        "/srv/venv/bin/revocast": f"{sys.executable} -P -m revocation",
        "/srv/revocast/revocast.toml": str(present.config),
    }.items():
        assert line.count(place) == 1
        line = line.replace(place, here)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    def collected() -> str:
        subprocess.run(["sh", "-c", line], env=environment, capture_output=True, check=False, timeout=120)
        (file,) = folder.glob("*.prom")
        return file.read_text()

    assert f"{known} 1\n" in (first := collected())
    present.config.write_text(present.config.read_text().replace("[[signer.requesters]]", "[[signer.nonsense]]", 1))
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    assert f"{known} 0\n" in (unknown := collected())
    assert first != unknown
    present.config.write_text("nonsense")
    assert collected() == unknown


def noted(server: Server) -> int:
    """How many successes are."""
    return len(server.client().keys("revocast:success:*"))
