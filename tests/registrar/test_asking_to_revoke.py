"""Asking the signer to revoke, over a real Valkey: once, one at a time, and what is told where it does not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from registrar.issuance import Processing, SignerIssuance
from registrar.problem import Problem
from revocation.messages import (
    Outcome,
    Reply,
    Revoke,
    verify_signature,
)
from revocation.refusalkind import RefusalKind
from revocation.status import Reason
from revocation.wire.route import ISSUES_QUEUE, REGISTRARS_QUEUE
from tests.authority import NOW
from tests.registrar.asking import ID, WANTED, Desk


def test_revocation_is_asked_for_in_a_signed_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And done when the signer says so."""
    monkeypatch.setattr("secrets.token_hex", lambda _: ID)
    desk.reply(ID)
    desk.issuance.revoke(
        desk.tenant, desk.tenant.issuer.id, "0A1B", Reason.keyCompromise, "https://ca.example/acme/home/account/1"
    )
    (message,) = desk.messages(REGISTRARS_QUEUE)
    verify_signature(message, desk.key.public)
    body = message.typed_body()
    assert isinstance(body, Revoke)
    assert (body.serial, body.reason, body.asked_by) == ("0A1B", "keyCompromise", WANTED.asked_by)


@pytest.mark.parametrize(
    ("outcome", "kind", "status"),
    [
        (Outcome.REFUSED, None, 403),
        (Outcome.REFUSED, RefusalKind.LATER, 503),  # as of a ledger that was restored and is not reconciled
        (Outcome.FAILED, None, 503),
        (None, None, 503),
    ],
    ids=["refused", "refused for now", "failed", "none"],
)
def test_revocation_that_is_not_done_is_a_problem(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None, kind: RefusalKind | None, status: int
) -> None:
    """Whoever asked knows that they have to ask again."""
    said = Reply(id=ID, outcome=outcome, at=NOW, detail="no right", kind=kind) if outcome else None
    monkeypatch.setattr(desk.wire, "await_reply", lambda _id, _seconds: said)
    with pytest.raises(Problem) as told:
        desk.issuance.revoke(desk.tenant, desk.tenant.issuer.id, "0A1B", Reason.unspecified, "somebody")
    assert told.value.status == status


def revoked(desk: Desk, by: str = "somebody") -> str:
    """The type of the problem that a revocation meets; empty of none."""
    try:
        desk.issuance.revoke(desk.tenant, desk.tenant.issuer.id, "0A1B", Reason.unspecified, by)
    except Problem as problem:
        return f"{problem.type} {problem.status}"
    return ""


@pytest.fixture
def hasty(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One that waits for no reply to a revocation."""
    monkeypatch.setattr("registrar.issuance._REVOKE_SECONDS", 0.0)
    return desk


def test_revocation_that_is_asked_for_again_is_the_same_message(hasty: Desk) -> None:
    """Until there is an answer; another account's is another one."""
    assert [revoked(hasty), revoked(hasty)] == ["serverInternal 503"] * 2
    (message,) = hasty.messages(REGISTRARS_QUEUE)
    hasty.reply(message.id)
    assert revoked(hasty, "another") == "serverInternal 503"
    assert revoked(hasty) == ""
    assert revoked(hasty) == "serverInternal 503"
    assert len({message.id, *(one.id for one in hasty.messages(REGISTRARS_QUEUE))}) == 3


def test_revocation_that_came_too_late_is_asked_for_anew(hasty: Desk) -> None:
    """Its message had expired; another one is sent, for which there is no reply yet."""
    revoked(hasty)
    (message,) = hasty.messages(REGISTRARS_QUEUE)
    hasty.reply(message.id, Outcome.REFUSED, kind=RefusalKind.LATER)
    assert [revoked(hasty), revoked(hasty)] == ["serverInternal 503"] * 2
    assert len(hasty.messages(REGISTRARS_QUEUE)) == 1


def test_certificate_that_was_revoked_before_is_told_by_its_kind(hasty: Desk) -> None:
    """alreadyRevoked, and not that somebody has no right to."""
    revoked(hasty)
    (message,) = hasty.messages(REGISTRARS_QUEUE)
    hasty.reply(message.id, Outcome.REFUSED, kind=RefusalKind.ALREADY_REVOKED)
    assert revoked(hasty) == "alreadyRevoked 400"


class Waiting:
    """Who waits for replies, in place of a signer that does not answer: for how long, until it is let go."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        self.seconds: list[float] = []
        self.all_wait, self.let_go = threading.Barrier(most + 1), threading.Event()
        monkeypatch.setattr(desk.wire, "await_reply", self._await)

    def _await(self, _id: str, seconds: float) -> None:
        self.seconds.append(seconds)
        if seconds:
            self.all_wait.wait(10)
            self.let_go.wait(10)


def test_certificate_is_revoked_by_one_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are told at once to come again."""
    waiting = Waiting(desk, monkeypatch, 1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(revoked, desk)
        waiting.all_wait.wait(10)
        assert revoked(desk, "another") == "serverInternal 503"
        waiting.let_go.set()
        assert first.result(10) == "serverInternal 503"
    assert waiting.seconds == [10.0]


def test_signer_that_is_away_takes_no_more_threads_than_it_may(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes beyond is sent away at once, with what was asked on its way."""
    desk.issuance = SignerIssuance(desk.wire, {"home": desk.key}, desk.clock, places=2)
    waiting = Waiting(desk, monkeypatch, 2)
    with ThreadPoolExecutor(2) as pool:
        asked = [replace(WANTED, id=digit * 32) for digit in "abc"]
        first = [pool.submit(desk.issuance.issue, desk.tenant, one, 5.0) for one in asked[:2]]
        waiting.all_wait.wait(10)
        assert desk.issuance.issue(desk.tenant, asked[2], 5.0) == Processing()
        assert revoked(desk) == "serverInternal 503"
        waiting.let_go.set()
        assert [one.result(10) for one in first] == [Processing()] * 2
    assert waiting.seconds == [5.0, 5.0, 0.0, 0.0]
    assert len(desk.messages(ISSUES_QUEUE)) == 3
