"""The scheduler on a real Valkey: each tick is asked for once, whatever happens to schedulers, server and status."""

import json
import os
import signal
import zlib
from collections import Counter
from datetime import datetime, timedelta

import pytest

from jobs.schedule import Task, Tick
from jobs.scheduler import Scheduler
from revocation.errors import NoAnswer, TargetError
from revocation.messages import Message, Verb, parse_message
from revocation.published import TargetStatus
from revocation.wire.claim import Claim
from revocation.wire.notes import Chore
from revocation.wire.queue import Wire
from tests.authority import NOW
from tests.jobs.issuers import crl_row, status
from tests.waiting import until
from tests.wire.server import Server

TASKS = (Task(Verb.GENERATE_CRLS, timedelta(hours=1)), Task(Verb.PUBLISH, timedelta(minutes=1)))


def _nothing(chore: Chore) -> None:
    raise AssertionError(f"there is no {chore} among these tasks")


def _scheduler(server: Server) -> Scheduler:
    return Scheduler(Wire(server.url), TASKS, lambda now: [status("files", crl_row())], _nothing)


def sent(server: Server) -> list[Message]:
    """The messages that lie in the queues."""
    client = server.client()
    ids = [
        id_
        for queue in ("signer", "signer.looks", "publisher", "registrar")
        for id_ in client.lrange(f"rq:queue:{queue}", 0, -1)
    ]
    data = [
        client.hget(b"rq:job:" + id_, "data") for id_ in dict.fromkeys(ids)
    ]  # a job that lies there twice is done once
    return [parse_message(json.loads(zlib.decompress(one))[2][0]) for one in data if one]


def _verbs(server: Server) -> Counter[str]:
    return Counter(str(message.verb) for message in sent(server))


def test_message_is_unsigned_and_tells_what_is_published(server: Server) -> None:
    """It can only ask for what is due, so it needs no right; the rows are a hint."""
    _scheduler(server).look(NOW)
    (message,) = [message for message in sent(server) if message.verb is Verb.GENERATE_CRLS]
    assert message.signature is None
    assert message.body["crls"][0]["number"] == crl_row().number


def test_registrar_is_asked_to_clean_up_over_a_queue_of_its_own(server: Server) -> None:
    """Without a word of what is published."""
    tasks = [Task(Verb.ACME_CLEANUP, timedelta(minutes=5))]
    Scheduler(Wire(server.url), tasks, lambda now: [status("files", crl_row())], _nothing).look(NOW)
    (message,) = sent(server)
    assert (message.verb, message.body, message.signature) == (Verb.ACME_CLEANUP, {}, None)
    assert server.client().llen("rq:queue:registrar") == 1


def test_tick_is_asked_for_once_by_three_schedulers(server: Server) -> None:
    """They look again and again, at slightly different times, and after restarts that forget everything."""
    for seconds in range(0, 60, 5):
        for _ in range(3):
            _scheduler(server).look(NOW + timedelta(seconds=seconds))
    assert _verbs(server) == {"generate_crls": 1, "publish": 1}


def test_day_has_as_many_ticks_as_intervals(server: Server) -> None:
    """Twenty-four hours, looked at every minute by two schedulers: 24 and 1,440."""
    both = [_scheduler(server), _scheduler(server)]
    counted: Counter[str] = Counter()
    for minute in range(1440):
        for scheduler in both:
            counted.update(str(tick.task.verb) for tick in scheduler.look(NOW + timedelta(minutes=minute)))
    assert counted == {"generate_crls": 24, "publish": 1440}


def test_week_of_downtime_is_one_look(server: Server) -> None:
    """No burst when it comes back."""
    scheduler = _scheduler(server)
    scheduler.look(NOW)
    assert len(scheduler.look(NOW + timedelta(weeks=1))) == len(TASKS)


def test_server_that_restarts_empty_gets_one_catch_up(server: Server) -> None:
    """Its memory of claims and its queues are gone: what is due in this slot is asked for again, once."""
    scheduler = _scheduler(server)
    scheduler.look(NOW)
    server.kill()
    with pytest.raises(NoAnswer):
        scheduler.look(NOW + timedelta(seconds=1))
    server.start()
    for seconds in range(2, 10):
        scheduler.look(NOW + timedelta(seconds=seconds))
    assert _verbs(server) == {"generate_crls": 1, "publish": 1}


def test_tick_that_was_claimed_but_not_sent_is_sent_at_the_next_look(server: Server) -> None:
    """The server may die between the two."""

    class Stumbling:
        """A connection that breaks at its first message."""

        def __init__(self, wire: Wire) -> None:
            self._wire = wire
            self.journal = wire.journal
            self.broken = True

        def claim(self, name: str, owner: str, seconds: int) -> Claim:
            return self._wire.claim(name, owner, seconds)

        def send(self, queue: str, message: Message) -> None:
            if self.broken:
                self.broken = False
                raise NoAnswer("the connection broke")
            self._wire.send(queue, message)

    scheduler = Scheduler(Stumbling(Wire(server.url)), TASKS, lambda now: [], _nothing)
    with pytest.raises(NoAnswer):
        scheduler.look(NOW)
    scheduler.look(NOW)
    scheduler.look(NOW)
    assert _verbs(server) == {"generate_crls": 1, "publish": 1}


def test_server_that_hangs_and_goes_on_is_asked_once_and_at_once(server: Server) -> None:
    """It does then what nobody waited for any more: its claim is found to be ours, and is no other's excuse."""
    wire = Wire(server.url, 0.1)
    wire.ping()  # so that it is connected, and only its claim is not answered
    hasty, other = (Scheduler(sender, TASKS, lambda now: [], _nothing) for sender in (wire, Wire(server.url)))
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(NoAnswer):
        hasty.look(NOW)
    os.kill(server.pid, signal.SIGCONT)
    until(lambda: server.client().keys("revocast:tick:*"))
    hasty.look(NOW)
    other.look(NOW)
    assert _verbs(server) == {"generate_crls": 1, "publish": 1}


@pytest.mark.parametrize("value", ["list", "long"])
def test_thing_of_another_in_a_tick_s_place_costs_that_tick_alone(server: Server, value: str) -> None:
    """Whoever can write there could have claimed it; the other tasks are asked for, and so is the next slot."""
    client, scheduler = server.client(), _scheduler(server)
    (crls, _) = (Tick(task, task.slot(NOW)) for task in TASKS)
    if value == "list":
        client.rpush(f"revocast:tick:{crls.name}", "x")
    else:
        client.set(f"revocast:tick:{crls.name}", "x" * (1 << 20))
    scheduler.look(NOW)
    assert _verbs(server) == {"publish": 1}
    scheduler.look(NOW + timedelta(hours=1))
    assert _verbs(server) == {"publish": 2, "generate_crls": 1}


def test_message_that_was_sent_and_not_acknowledged_is_sent_again_as_the_same(server: Server) -> None:
    """Whether it arrived nobody knows; under one id it is done once."""

    class Deaf:
        """A connection that breaks after its first message, which has arrived."""

        def __init__(self, wire: Wire) -> None:
            self._wire = wire
            self.claim, self.journal = wire.claim, wire.journal
            self.breaks = True

        def send(self, queue: str, message: Message) -> None:
            self._wire.send(queue, message)
            if self.breaks:
                self.breaks = False
                raise NoAnswer("the connection broke")

    scheduler = Scheduler(Deaf(Wire(server.url)), TASKS[:1], lambda now: [], _nothing)
    with pytest.raises(NoAnswer):
        scheduler.look(NOW)
    scheduler.look(NOW + timedelta(seconds=1))
    (_,) = sent(server)
    assert server.client().llen("rq:queue:signer.looks") == 2


def test_status_that_cannot_be_read_does_not_keep_the_signer_from_being_asked(server: Server) -> None:
    """It is only a hint, and a broken target is no reason to let CRLs expire."""

    def unreadable(now: datetime) -> list[TargetStatus]:
        raise TargetError("the disk is gone")

    Scheduler(Wire(server.url), TASKS, unreadable, _nothing).look(NOW)
    assert _verbs(server) == {"generate_crls": 1, "publish": 1}
