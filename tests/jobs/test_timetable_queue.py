"""`revocast schedule` and `status` with a queue: one that is away, workers that hang, schedulers that are dead."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.installation import Installation
from jobs.scheduler import Scheduler
from revocation.clock import epoch, iso, now
from revocation.messages import Verb
from revocation.wire.notes import all_names, of_publisher, of_registrar, of_signer
from revocation.wire.queue import Wire
from tests.jobs.present import Present
from tests.jobs.scheduled import SIGNERS, told
from tests.jobs.test_commands import process
from tests.responder.scraping import read
from tests.waiting import until
from tests.wire.server import Server


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


@pytest.mark.parametrize("command", ["schedule", "status"])
def test_queue_that_is_away_is_neither_well_nor_late(present: Present, tmp_path: Path, command: str) -> None:
    """Exit 3: what is published is fresh, and whether anybody still works nobody knows."""
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    result = present.run(command, "--no-signer")
    assert result.exit_code == 3, result.output
    assert "the queue cannot be reached" in " ".join(result.output.split())


def test_cleaning_up_is_shown_where_there_is_a_registrar(present: Present, server: Server) -> None:
    """Late until its worker has done it, by the same exit code and metrics as all other work."""
    present.use_queue(server.url)
    present.config.write_text(present.config.read_text() + "[registrar]\n")
    result = present.run("schedule", "--no-signer", "--json")
    (task,) = [one for one in json.loads(result.output)["tasks"] if one["task"] == "acme_cleanup"]
    assert (task["standing"], task["interval"]) == ("late", 300)
    Wire(server.url).journal.succeeded([of_registrar(Verb.ACME_CLEANUP)], now())
    result = present.run("schedule", "--no-signer", "--json")
    (task,) = [one for one in json.loads(result.output)["tasks"] if one["task"] == "acme_cleanup"]
    assert task["standing"] == "done"
    assert read(present.run("schedule", "--prometheus").output)['revocast_task_trouble{task="acme_cleanup"}'] == 0


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
    for code, sentence in ((0, None), (1, "that any scheduler has asked is not noted")):
        result = present.run("schedule", "--json", "--no-signer")
        assert result.exit_code == code, result.output
        assert (json.loads(result.stdout)["schedulers"] or "").startswith(sentence or "")
        for command in ("schedule", "metrics"):
            form = ("--prometheus",) if command == "schedule" else ()
            assert read(present.run(command, "--no-signer", *form).stdout).get(name) == (0 if sentence else None)
        present.config.write_text(present.config.read_text() + 'check_published = "15m"\n')


def noted(server: Server) -> int:
    """How many successes are."""
    return len(server.client().keys("revocast:success:*"))
