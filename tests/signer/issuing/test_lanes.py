"""Threads of issuing for each issuer: a key that hangs for ever is a file that never opens, a pipe without a writer."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.messages import Message, Outcome, Reply
from revocation.refusalkind import RefusalKind
from signer.change import change_together
from signer.issuing.issue import issue_together
from signer.issuing.lanes import IssuingLanes, issuing_here
from signer.issuing.thread import IssuingThread
from signer.unlocking import unlock_in_time
from tests.authority import NOW, Authority
from tests.signer.issuing.office import Office, certificate_in
from tests.waiting import until

ISSUANCE = """
[signer.issuers.issuance.names]
dns = ["example.com"]
[signer.issuers.issuance.profiles.server]
"""


class Desk:
    """An office whose issuer `another` has a key that hangs, its threads, and what they replied."""

    def __init__(self, folder: Path) -> None:
        self.office = Office.build(folder)
        self.office.estate.add_issuer("another", Authority("Another CA", days=7300))
        with (folder / "revocast.toml").open("a") as config:
            config.write(ISSUANCE)
        self.key = folder / "another.key"
        self.pem = self.key.read_bytes()
        self.key.unlink()
        os.mkfifo(self.key, 0o600)
        self.open()

    def open(self) -> None:
        """The signer of a new process."""
        self.office.signer = signer = self.office.estate.signer(NOW)
        self.replies = replies = dict[str, Reply]()

        def put(*those: Reply) -> None:  # what an earlier process still says is not heard
            replies.update({reply.id: reply for reply in those})

        self.lanes = IssuingLanes(
            signer.public,
            issuing_here(signer),
            lambda: IssuingThread(lambda texts: issue_together(signer, texts, fixed(NOW)), put, fixed(NOW)),
        )
        self.lanes.start()

    def ask(self, *messages: Message) -> None:
        self.lanes.add([message.model_dump_json() for message in messages])

    def replied(self, message: Message) -> Reply:
        until(lambda: message.id in self.replies)
        return self.replies[message.id]

    def let_go(self) -> None:
        """Whoever waits for the key gets nothing, and a file takes the place of the pipe."""
        with suppress(OSError):
            os.close(os.open(self.key, os.O_WRONLY | os.O_NONBLOCK))

    def mend(self) -> None:
        self.key.unlink()
        self.key.write_bytes(self.pem)
        self.key.chmod(0o600)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One whose threads end with the test."""
    desk = Desk(tmp_path)
    yield desk
    desk.let_go()
    desk.lanes.stop(5)


def test_key_that_hangs_for_ever_keeps_no_other_issuer_from_issuing(desk: Desk) -> None:
    """Whatever stands before it in the queue; and what names no issuer is refused all the same."""
    hung, good, odd = desk.office.ask(issuer="another"), desk.office.ask(), desk.office.ask(issuer="nobody")
    desk.ask(hung, good, odd)
    assert certificate_in(desk.replied(good)).issuer.rfc4514_string() == "CN=Test Issuing CA"
    assert desk.replied(odd).kind is RefusalKind.ISSUER
    desk.ask(after := desk.office.ask())
    assert desk.replied(after).outcome is Outcome.DONE
    assert hung.id not in desk.replies


def test_key_that_hangs_keeps_no_revocation_from_being_recorded(desk: Desk) -> None:
    """Of its own issuer either."""
    issued = desk.office.issue()
    desk.ask(desk.office.ask(issuer="another"))
    desk.office.estate.register(desk.office.signer, [7])
    for number in (issued.serial_number, 7):
        message = desk.office.estate.revoke(number)
        ((_, reply),) = change_together(desk.office.signer, [message.model_dump_json()], fixed(NOW))
        assert reply.outcome is Outcome.DONE


def test_requests_that_fill_the_lane_of_a_key_that_hangs_leave_room_for_others(desk: Desk) -> None:
    """A thousand wait for it, and the next one is told so; another issuer's is done."""
    text = desk.office.ask(issuer="another").model_dump_json()
    desk.lanes.add([text])
    desk.lanes.add([text] * 1100)
    until(lambda: bool(desk.replies))
    assert {reply.kind for reply in desk.replies.values()} == {RefusalKind.LATER}
    desk.ask(good := desk.office.ask())
    assert desk.replied(good).outcome is Outcome.DONE


def test_what_waited_for_a_key_that_hung_is_issued_after_a_restart(desk: Desk) -> None:
    """Stopping waits no longer than it says; who asks again with the same id gets one certificate."""
    desk.ask(message := desk.office.ask(issuer="another"), good := desk.office.ask())
    first = desk.replied(good)
    desk.lanes.stop(0.1)
    desk.let_go()
    desk.mend()
    desk.open()
    desk.ask(message, good)
    assert certificate_in(desk.replied(message)).issuer.rfc4514_string() == "CN=Another CA"
    assert certificate_in(desk.replied(good)) == certificate_in(first)


def test_worker_starts_though_a_key_hangs(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """It says so, and issues with the others."""
    unlock_in_time(desk.office.signer, 0.5)
    assert "not all keys answered within" in caplog.text
    desk.ask(good := desk.office.ask())
    assert desk.replied(good).outcome is Outcome.DONE


def test_single_issuer_has_a_single_thread(tmp_path: Path) -> None:
    """Many together are one transaction, as ever."""
    office = Office.build(tmp_path)
    opened: list[int] = []

    def open_thread() -> IssuingThread:
        opened.append(1)
        return IssuingThread(lambda _: [], lambda *_: None, fixed(NOW))

    IssuingLanes(office.signer.public, issuing_here(office.signer), open_thread)
    assert opened == [1]
