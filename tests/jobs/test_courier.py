"""Messages over a real queue server that is killed, restarted empty, or hangs while a reply is waited for."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import jobs.courier
from jobs.courier import QueueCourier
from revocation.clock import now
from revocation.errors import QueueUnreachable
from revocation.messages import Look, Message, Outcome, Reply, Verb, compose
from revocation.wire.queue import Wire
from tests.wire.server import Server


@pytest.fixture
def message() -> Message:
    """Any message."""
    return compose(Verb.DUE, Look(), now())


@contextmanager
def meanwhile(what: Callable[[], None]) -> Iterator[None]:
    """Let something happen in another thread."""
    thread = threading.Thread(target=what, daemon=True)
    thread.start()
    yield
    thread.join()


def answer(server: Server, message: Message) -> None:
    """What a worker does that is there as soon as the server is."""
    client = server.client()
    while client.lpop("rq:queue:signer.looks") is None:
        time.sleep(0.01)
    Wire(server.url).put_reply(Reply(id=message.id, outcome=Outcome.DONE, at=now()))
    client.close()


@pytest.mark.long
@pytest.mark.parametrize("from_the_start", [False, True])
@pytest.mark.parametrize("away", [0.1, 3.0])
def test_reply_comes_as_soon_as_the_server_is_back(
    server: Server, message: Message, away: float, from_the_start: bool
) -> None:
    """Killed before or after the message was sent, and back empty: it is told again at once."""
    back: list[float] = []

    def outage() -> None:
        if not from_the_start:
            time.sleep(0.3)
            server.kill()
        time.sleep(away)
        server.start()
        back.append(time.monotonic())
        answer(server, message)

    if from_the_start:
        server.kill()
    with meanwhile(outage):
        (reply,) = QueueCourier(server.url).ask([message], 60)
        came = time.monotonic()
    assert reply.outcome is Outcome.DONE
    assert came - back[0] < 5


def test_server_that_stays_away_is_said_when_the_time_is_over(
    server: Server, message: Message, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not before: it may come back. Whoever waits is told at once what for."""
    server.kill()
    began = time.monotonic()
    with pytest.raises(QueueUnreachable):
        QueueCourier(server.url).ask([message], 1.5)
    assert 1 < time.monotonic() - began < 4
    assert capsys.readouterr().err == "the queue cannot be reached (ConnectionError); trying again for 1 s\n"


@pytest.mark.parametrize("sent", [False, True])
def test_time_to_wait_holds_for_a_server_that_hangs(server: Server, message: Message, sent: bool) -> None:
    """It takes a connection and answers nothing, as one that is stopped, swapped out, or behind a dead link."""
    courier = QueueCourier(server.url)
    pid = server.pid
    timer = threading.Timer(0.5 if sent else 0, os.kill, (pid, signal.SIGSTOP))
    timer.start()
    if not sent:
        timer.join()
    began = time.monotonic()
    try:
        with pytest.raises(QueueUnreachable):
            courier.ask([message], 2)
        assert time.monotonic() - began < 4.5
        began = time.monotonic()
        with pytest.raises(QueueUnreachable):
            courier.reachable(0.3)
        assert time.monotonic() - began < 1
    finally:
        timer.join()
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("stale", [Outcome.REFUSED, Outcome.FAILED, Outcome.DONE])
def test_reply_of_an_earlier_time_is_not_taken_for_the_one_that_is_waited_for(
    server: Server, message: Message, stale: Outcome
) -> None:
    """The right was missing, the disk was full: that is mended, and asked again with the same id it is done now."""
    Wire(server.url).put_reply(Reply(id=message.id, outcome=stale, at=now(), detail="an hour ago"))
    with meanwhile(lambda: answer(server, message)):
        (reply,) = QueueCourier(server.url).ask([message], 20)
    assert (reply.outcome, reply.detail) == (Outcome.DONE, "")


def test_two_who_ask_with_one_id_both_get_a_reply(
    server: Server, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the second takes away before it sends, the first gets when it sends again."""
    monkeypatch.setattr(jobs.courier, "_FIRST_WAIT", 0.2)
    replies: list[Reply] = []
    over = threading.Event()

    def work() -> None:
        client, wire = server.client(), Wire(server.url)
        while not over.is_set():
            if client.lpop("rq:queue:signer.looks") is not None:
                wire.put_reply(Reply(id=message.id, outcome=Outcome.DONE, at=now()))
            time.sleep(0.005)
        client.close()

    def ask() -> None:
        replies.extend(QueueCourier(server.url).ask([message], 20))

    with meanwhile(work):
        askers = [threading.Thread(target=ask) for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        over.set()
    assert [reply.outcome for reply in replies] == [Outcome.DONE] * 8
