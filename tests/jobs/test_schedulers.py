"""Schedulers as processes on a real Valkey: killed, paused, in other time zones, and the server likewise.

Every slot is a second long here, and each message says in which second it was made: whatever happens, no slot is asked
for twice, none that has passed is made up for, and the present one is asked for again soon.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import redis

from jobs.schedule import PUBLISH_EVERY
from revocation.clock import epoch
from revocation.messages import Verb
from tests.jobs.present import Present
from tests.jobs.test_commands import process
from tests.jobs.test_scheduler import sent
from tests.waiting import until
from tests.wire.server import Server

pytestmark = pytest.mark.timeout(120)
LOOKS = (Verb.GENERATE_CRLS, Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN)
Running = subprocess.Popen[str]


class Schedulers:
    """Some of them, and the messages that they sent."""

    def __init__(self, folder: Path, server: Server, stack: ExitStack) -> None:
        self.server = server
        self._folder = folder
        self._stack = stack
        self._present = Present(folder / "data")
        text = self._present.config.read_text()
        text = text.replace("[public.ocsp]", 'crl = { look = "1s" }\n[public.ocsp]\nlook = "1s"', 1)
        self._present.config.write_text(text)
        self._present.use_queue(server.url)

    def start(self, name: str) -> Running:
        """One more, that has asked for the first time."""
        command = ("scheduler", "--config", str(self._present.config))
        running = self._stack.enter_context(process(*command, log=self._folder / f"{name}.log"))
        assert running.stdout
        assert running.stdout.readline() == "ready\n", (self._folder / f"{name}.log").read_text()
        return running

    def slots(self) -> dict[Verb, Counter[int]]:
        """How often each slot of each task was asked for."""
        found: dict[Verb, Counter[int]] = {verb: Counter() for verb in LOOKS}
        for message in sent(self.server):
            if message.verb in found:
                found[message.verb][epoch(message.issued_at)] += 1
        return found

    def until_asked_again(self, since: float) -> None:
        """Return when each task was asked for in a slot that began later."""
        until(lambda: all(max(slots, default=0) > since for slots in self.slots().values()))

    def require_once(self) -> None:
        """No slot was asked for twice."""
        for verb, slots in self.slots().items():
            assert {slot: count for slot, count in slots.items() if count > 1} == {}, verb


@pytest.fixture
def schedulers(tmp_path: Path, server: Server) -> Iterator[Schedulers]:
    """None yet."""
    with ExitStack() as stack:
        yield Schedulers(tmp_path, server, stack)


@pytest.mark.long
def test_slot_is_asked_for_once_whichever_of_two_is_killed_or_paused(schedulers: Schedulers) -> None:
    """Each goes on alone, comes back without a burst, and is not missed when it is killed."""
    first, second = schedulers.start("first"), schedulers.start("second")
    schedulers.until_asked_again(time.time())
    first.send_signal(signal.SIGSTOP)
    schedulers.until_asked_again(time.time() + 1)
    first.send_signal(signal.SIGCONT)
    second.kill()
    schedulers.until_asked_again(time.time() + 1)
    schedulers.start("third")
    schedulers.until_asked_again(time.time())
    schedulers.require_once()


@pytest.mark.long
def test_pause_of_all_is_one_look_and_no_burst(schedulers: Schedulers) -> None:
    """Seconds that nobody looked in are not made up for, and what follows is asked for at once."""
    both = schedulers.start("first"), schedulers.start("second")
    schedulers.until_asked_again(time.time())
    for one in both:
        one.send_signal(signal.SIGSTOP)
    until(lambda: all(Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T" for one in both))
    began = int(time.time())
    until(lambda: time.time() > began + 4)
    for one in both:
        one.send_signal(signal.SIGCONT)
    ended = int(time.time())
    schedulers.until_asked_again(ended)
    schedulers.require_once()
    missed = range(began + 1, ended)
    assert len(missed) >= 3
    assert not [slot for slots in schedulers.slots().values() for slot in slots if slot in missed]


def test_server_that_pauses_gets_one_look_of_two_schedulers(schedulers: Schedulers) -> None:
    """Neither ends, and none asks for what the other has asked for, though both waited to claim it."""
    both = schedulers.start("first"), schedulers.start("second")
    schedulers.until_asked_again(time.time())
    os.kill(schedulers.server.pid, signal.SIGSTOP)
    began = time.time()
    until(lambda: time.time() > began + 3)
    os.kill(schedulers.server.pid, signal.SIGCONT)
    schedulers.until_asked_again(time.time())
    schedulers.require_once()
    assert [one.poll() for one in both] == [None, None]


def test_server_that_is_killed_and_comes_back_empty_is_asked_everything_again(schedulers: Schedulers) -> None:
    """Within seconds, hints for publishers too, whose slot of a minute was asked for before."""
    both = schedulers.start("first"), schedulers.start("second")
    assert _hints(schedulers.server) == 1
    schedulers.server.kill()
    schedulers.server.start()
    schedulers.until_asked_again(0)
    until(lambda: _hints(schedulers.server) >= 1)
    schedulers.require_once()
    assert [one.poll() for one in both] == [None, None]


@contextmanager
def zone(name: str) -> Iterator[None]:
    """Processes that are started within are in that time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before


def test_schedulers_in_different_time_zones_are_one(schedulers: Schedulers) -> None:
    """Slots are of UTC, also where the clock on the wall is half an hour off any other; so is what is printed."""
    for number, name in enumerate(("UTC0", "<+0545>-05:45", "<-0930>09:30")):
        with zone(name):
            schedulers.start(f"scheduler-{number}")
    schedulers.until_asked_again(time.time() + 1)
    schedulers.require_once()
    client = schedulers.server.client()
    ticks = [key.decode().rpartition(":")[2] for key in client.keys("revocast:tick:publish:*")]
    assert all(abs(int(slot) - time.time() / PUBLISH_EVERY.total_seconds()) < 3 for slot in ticks)
    asked = client.get("revocast:asked:publish")
    assert asked is not None
    assert asked.endswith(b"Z")


def _hints(server: Server) -> int:
    with suppress(redis.ConnectionError):
        return int(server.client().llen("rq:queue:publisher"))
    return 0
