"""The thread that issues: nothing waits for it, it outlives what fails, and what it cannot take it says."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from revocation.clock import fixed
from revocation.errors import QueueUnreachable
from revocation.messages import Message, Outcome, Reply
from signer.change import change_together
from signer.issuing.issue import issue_together
from signer.issuing.thread import IssuingThread
from signer.keys.limited_key import LimitedKey
from signer.ledger.ledger import LedgerUnavailable
from tests.authority import NOW
from tests.signer.issuing.office import Office, certificate_in
from tests.waiting import until


class Desk:
    """A thread, and what it replied."""

    def __init__(self, issue: Callable[[Sequence[str]], Sequence[Reply]]) -> None:
        self.replies: dict[str, Reply] = {}
        self.told: list[object] = []
        self.is_deaf = False
        self.thread = IssuingThread(issue, self.put, fixed(NOW), self.told.append)

    def put(self, *replies: Reply) -> None:
        if self.is_deaf:
            raise QueueUnreachable("is away")
        self.replies |= {reply.id: reply for reply in replies}

    def ask(self, *messages: Message) -> None:
        self.thread.add([message.model_dump_json() for message in messages])


@pytest.fixture
def open_desk() -> Iterator[Callable[[Callable[[Sequence[str]], Sequence[Reply]]], Desk]]:
    """Starts one, which is stopped in the end."""
    desks: list[Desk] = []

    def begin(issue: Callable[[Sequence[str]], Sequence[Reply]]) -> Desk:
        desks.append(desk := Desk(issue))
        desk.thread.start()
        return desk

    yield begin
    for desk in desks:
        desk.thread.stop(10)


def test_stand_in_for_a_key_that_hangs_keeps_no_revocation_from_being_recorded(
    office: Office, open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature does not come; what is revoked meanwhile is recorded at once; then the certificate is issued."""
    hangs, goes_on = threading.Event(), threading.Event()
    sign_many = LimitedKey.sign_many
    other = office.issue()

    def hang(key: LimitedKey, batch: list[bytes]) -> list[bytes]:
        hangs.set()
        assert goes_on.wait(20)
        return sign_many(key, batch)

    monkeypatch.setattr(LimitedKey, "sign_many", hang)
    desk = open_desk(lambda texts: issue_together(office.signer, texts, fixed(NOW)))
    desk.ask(message := office.ask())
    assert hangs.wait(20)
    revoked = office.estate.revoke(other.serial_number)
    ((_, reply),) = change_together(office.signer, [revoked.model_dump_json()], fixed(NOW))
    assert reply.outcome is Outcome.DONE
    assert desk.replies == {}
    goes_on.set()
    until(lambda: message.id in desk.replies)
    assert certificate_in(desk.replies[message.id])


def test_ledger_that_is_away_is_tried_again(
    office: Office, open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told that nothing is issued, then that it is again."""
    tries: list[int] = []

    def issue(texts: Sequence[str]) -> Sequence[Reply]:
        tries.append(1)
        if len(tries) == 1:
            raise LedgerUnavailable("is away")
        return issue_together(office.signer, texts, fixed(NOW))

    desk = open_desk(issue)
    desk.ask(message := office.ask())
    until(lambda: message.id in desk.replies)
    assert desk.replies[message.id].outcome is Outcome.DONE
    assert [type(one) for one in desk.told] == [LedgerUnavailable, type(None)]


def test_message_that_breaks_something_is_no_harm_to_the_others(office: Office, open_desk: Callable[..., Desk]) -> None:
    """Each is done by itself then, and the thread goes on."""
    good, bad = office.ask(), office.ask()

    def issue(texts: Sequence[str]) -> Sequence[Reply]:
        if any(bad.id in text for text in texts):
            raise ZeroDivisionError
        return issue_together(office.signer, texts, fixed(NOW))

    desk = open_desk(issue)
    desk.ask(good, bad)
    until(lambda: len(desk.replies) == 2)
    assert [desk.replies[one.id].outcome for one in (good, bad)] == [Outcome.DONE, Outcome.FAILED]


def test_success_ends_the_alarm_that_a_message_set(office: Office, open_desk: Callable[..., Desk]) -> None:
    """And what a process before this one noted of its own."""
    good, bad, later = office.ask(), office.ask(), office.ask()

    def issue(texts: Sequence[str]) -> Sequence[Reply]:
        if any(bad.id in text for text in texts):
            raise ZeroDivisionError
        return issue_together(office.signer, texts, fixed(NOW))

    desk = open_desk(issue)
    for message, told in ((good, [type(None)]), (bad, [ZeroDivisionError]), (later, [type(None)])):
        desk.told.clear()
        desk.ask(message)
        until(lambda message=message: message.id in desk.replies and desk.told)
        assert [type(one) for one in desk.told] == told


def test_queue_that_is_away_loses_no_certificate(office: Office, open_desk: Callable[..., Desk]) -> None:
    """Who asks again is replied with the one that was issued."""
    desk = open_desk(lambda texts: issue_together(office.signer, texts, fixed(NOW)))
    desk.is_deaf = True
    desk.ask(message := office.ask())
    until(lambda: office.reply(message).data.get("certificate"))
    desk.is_deaf = False
    desk.ask(message)
    until(lambda: message.id in desk.replies)
    assert certificate_in(desk.replies[message.id]) == certificate_in(office.reply(message))


def test_more_messages_than_may_wait_are_told_so(office: Office) -> None:
    """Nobody can fill the signer's memory: a thousand wait, the next one is refused and not remembered."""
    desk = Desk(lambda _: [])
    message = office.ask()
    desk.thread.add(["x"] * 1000)
    desk.ask(message)
    assert desk.replies[message.id].outcome is Outcome.REFUSED
    assert "1000 others wait" in desk.replies[message.id].detail
