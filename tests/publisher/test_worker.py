"""The publisher's worker as a process, with a real queue that may be away; and its looking by itself."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.worker import Looking
from revocation.clock import now
from revocation.errors import TargetError
from revocation.messages import Publish, Verb, compose
from revocation.wire.queue import PUBLISHER_QUEUE, Wire
from tests.authority import Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place
from tests.wire.server import Server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation in the present, since the worker reads the clock."""
    return Place(tmp_path / "place", CA(Authority(not_before=now() - timedelta(days=1))))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running queue server."""
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


def test_worker_publishes_at_its_start_and_on_a_hint_and_stops_when_told(place: Place, ca: CA, server: Server) -> None:
    """What waits is published without a hint; what comes later within a moment of one; SIGTERM ends it with 0."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now()))
    with running(place, server.url) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        newest = crl(ca, 2, this_update=now())
        _until(place.crl_file().exists)
        put_crl(place.exchange, ca, 2, newest)
        Wire(server.url).send(PUBLISHER_QUEUE, compose(Verb.PUBLISH, Publish(), now()))
        _until(lambda: place.crl_file().read_bytes() == newest)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_worker_publishes_without_its_queue_server(place: Place, ca: CA, tmp_path: Path) -> None:
    """The queue hurries; it is not needed."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now()))
    with running(place, f"unix://{tmp_path}/nobody.sock") as process:
        _until(place.crl_file().exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_worker_without_a_queue_in_the_configuration_says_what_to_use(place: Place) -> None:
    """Exit 2, and the command that does it."""
    done = subprocess.run(_command(place, None), check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "revocast publish" in done.stderr


def test_looking_goes_on_after_whatever_a_look_ends_with() -> None:
    """An explained error and a defect alike: the next hint leads to the next look."""
    ends: list[Exception | None] = [TargetError("full"), ZeroDivisionError(), None]
    looked = threading.Semaphore(0)

    def look() -> None:
        looked.release()
        end = ends.pop(0)
        if end:
            raise end

    looking = Looking(look, every=3600)
    looking.start()
    for _ in range(2):
        assert looked.acquire(timeout=10)
        looking.hint()
    assert looked.acquire(timeout=10)
    looking.stop()
    assert (ends, looking.is_alive()) == ([], False)


def test_looking_looks_without_hints() -> None:
    """Nobody has to ask."""
    looked = threading.Semaphore(0)
    looking = Looking(lambda: looked.release(), every=0.01)
    looking.start()
    assert all(looked.acquire(timeout=10) for _ in range(3))
    looking.stop()


def test_hint_during_a_look_leads_to_another() -> None:
    """What was put while the exchange was being listed is not left for a minute."""
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def look() -> None:
        begun.release()
        go_on.acquire()

    looking = Looking(look, every=3600)
    looking.start()
    assert begun.acquire(timeout=10)
    looking.hint()
    go_on.release()
    assert begun.acquire(timeout=10)
    go_on.release()
    looking.stop()


@contextmanager
def running(place: Place, queue: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process."""
    with (place.root / "worker.log").open("w") as log:
        process = subprocess.Popen(_command(place, queue), stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _command(place: Place, queue: str | None) -> list[str]:
    return [sys.executable, "-m", "revocation", "worker", "publisher", "--config", str(place.write_config(queue))]


def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
