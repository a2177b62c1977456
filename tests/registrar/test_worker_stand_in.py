"""The registrar's worker on a real Valkey, over a stand-in for the database: asked for, found, and cleaned up."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from revocation.clock import now
from revocation.messages import ACMECleanup, Body, Publish, Validate, Verb, compose
from revocation.wire.notes import Notes, all_names, of_registrar
from revocation.wire.queue import Wire
from revocation.wire.route import REGISTRAR_QUEUE, queue_of
from tests.registrar.validation.web import Web, answer
from tests.registrar.validation.world import KEY_AUTHORIZATION, PATH
from tests.waiting import until
from tests.wire.server import Server

PROGRAM = Path(__file__).with_name("worker_process.py")
CLEANUP = of_registrar(Verb.ACME_CLEANUP)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def proving() -> Iterator[Web]:
    """A web server that has the key authorization."""
    with Web() as running:
        running.says[PATH] = answer(KEY_AUTHORIZATION.encode())
        yield running


@contextmanager
def worker(server: Server, folder: Path, port: int, acme: str = "on") -> Iterator[Path]:
    """It is ready; in the end it is told to stop, and does. The path of its log."""
    command = [sys.executable, str(PROGRAM), server.url, str(folder), str(port), acme]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=PROGRAM.parents[2])
        try:
            until(lambda: "ready" in (folder / "log").read_text())
            yield folder / "log"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
    assert "stopped" in (folder / "log").read_text()


def send(server: Server, verb: Verb, body: Body) -> None:
    Wire(server.url).send(queue_of(verb), compose(verb, body, now()))


def notes(server: Server) -> Notes:
    return Wire(server.url).journal.read(all_names([]))


def test_worker_validates_what_it_is_told_of_and_what_it_finds(server: Server, proving: Web, tmp_path: Path) -> None:
    """The first without a message, at its start; the second by one; a made-up id harms nothing."""
    (tmp_path / "found.challenge").write_text(KEY_AUTHORIZATION)
    with worker(server, tmp_path, proving.port) as log:
        until((tmp_path / "found.verdict").exists)
        (tmp_path / "asked.challenge").write_text(KEY_AUTHORIZATION)
        for challenge in ("nothing", "asked"):
            send(server, Verb.VALIDATE, Validate(challenge=challenge))
        until((tmp_path / "asked.verdict").exists)
        assert [(tmp_path / f"{name}.verdict").read_text() for name in ("found", "asked")] == ["valid", "valid"]
        (tmp_path / "wrong.challenge").write_text(KEY_AUTHORIZATION + "x")
        send(server, Verb.VALIDATE, Validate(challenge="wrong"))
        until((tmp_path / "wrong.verdict").exists)
        assert (tmp_path / "wrong.verdict").read_text() == "incorrectResponse"
        assert "challenge wrong (http-01 of 127.0.0.1) failed" in log.read_text()


def test_worker_cleans_up_when_it_is_asked(server: Server, tmp_path: Path) -> None:
    """At its start, and at each message; its success is noted."""
    server.client().flushall()
    with worker(server, tmp_path, 9):
        until(lambda: CLEANUP in notes(server).successes)
        send(server, Verb.ACME_CLEANUP, ACMECleanup())
        until(lambda: (tmp_path / "cleaned").read_text() == "cleaned\ncleaned\n")


def test_worker_says_that_there_is_nothing_to_clean_up_without_acme(server: Server, tmp_path: Path) -> None:
    """A success all the same: nobody has to look."""
    server.client().flushall()
    with worker(server, tmp_path, 9, "off") as log:
        until(lambda: CLEANUP in notes(server).successes)
        assert "no issuer has ACME or the API, so there is nothing to clean up" in log.read_text()
    assert not (tmp_path / "cleaned").exists()


def test_worker_notes_that_cleaning_up_failed(server: Server, tmp_path: Path) -> None:
    """For `schedule` and `status`; it goes on."""
    server.client().flushall()
    with worker(server, tmp_path, 9, "fails"):
        until(lambda: CLEANUP in notes(server).failures)
        assert notes(server).failures[CLEANUP].error == "the database is locked"


def test_worker_takes_no_other_message(server: Server, tmp_path: Path) -> None:
    """What is in its queue under a name that it does not know is dropped."""
    with worker(server, tmp_path, 9) as log:
        Wire(server.url).send(REGISTRAR_QUEUE, compose(Verb.PUBLISH, Publish(), now()))
        until(lambda: "has no task 'publish'" in log.read_text())
