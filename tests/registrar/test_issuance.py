"""Asking the signer over a real Valkey: what is sent, signed by whom, how often, and which replies count."""

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from registrar.acme.validations import QueuedValidations
from registrar.issuance import CertificateRequest, Issued, Processing, SignerIssuance
from registrar.problem import Problem, ProblemType
from revocation.errors import QueueUnreachable
from revocation.messages import (
    Issue,
    Message,
    Outcome,
    Reply,
    RequesterKey,
    Revoke,
    parse_message,
    verify_signature,
)
from revocation.refusalkind import RefusalKind
from revocation.status import Reason
from revocation.wire.job import safe_job_class
from revocation.wire.queue import Wire
from revocation.wire.route import ISSUES_QUEUE, REGISTRAR_QUEUE, REGISTRARS_QUEUE, job_id, message_of
from tests.authority import NOW
from tests.registrar.fakes import Clock
from tests.registrar.site import Site
from tests.wire.server import Server

ID = "0123456789abcdef" * 2
WANTED = CertificateRequest(
    csr=b"a CSR",
    names=("dns:a.example",),
    profile="server",
    not_before=None,
    not_after=None,
    asked_by="https://ca.example/acme/home/account/1",
    id=ID,
)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


class Desk:
    """The registrar's side, and a stand-in for the signer, that takes messages out and replies what a test says."""

    def __init__(self, folder: Path, valkey: Server) -> None:
        self.client: redis.Redis = valkey.client()
        self.client.flushall()
        self.tenant = Site.build(folder).services.tenants["home"]
        self.key, self.clock, self.wire = RequesterKey.generate(), Clock(NOW), Wire(valkey.url)
        self.issuance = SignerIssuance(self.wire, {"home": self.key}, self.clock)

    def messages(self, queue: str) -> list[Message]:
        """What lies in a queue, taken out."""
        found = []
        while raw := self.client.lpop(f"rq:queue:{queue}"):
            job = safe_job_class({}, queue).fetch(raw.decode(), connection=self.client)
            found.append(parse_message(job.args[0]))
            assert raw.decode() == job_id(queue, message_of(raw.decode()))
        return found

    def reply(self, id_: str, outcome: Outcome = Outcome.DONE, **more: Any) -> None:
        self.wire.put_reply(Reply(id=id_, outcome=outcome, at=NOW, **more))


@pytest.fixture
def desk(tmp_path: Path, valkey: Server) -> Desk:
    """An empty one."""
    return Desk(tmp_path, valkey)


def test_certificate_is_asked_for_in_a_signed_message(desk: Desk) -> None:
    """It says what is wanted, and for whom."""
    assert desk.issuance.issue(desk.tenant, WANTED, 0) == Processing()
    (message,) = desk.messages(ISSUES_QUEUE)
    verify_signature(message, desk.key.public)
    body = message.typed_body()
    assert isinstance(body, Issue)
    assert (message.id, message.requester, body.issuer) == (ID, "registrar", desk.tenant.issuer.id)
    assert (body.names, body.profile, body.asked_by) == (WANTED.names, "server", WANTED.asked_by)
    assert base64.b64decode(body.csr) == WANTED.csr


def test_certificate_comes_with_the_reply(desk: Desk) -> None:
    """However much later it is looked for; the message is sent once meanwhile."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    desk.issuance.issue(desk.tenant, WANTED, 0)
    desk.reply(ID, data={"certificate": base64.b64encode(b"DER").decode()})
    assert desk.issuance.issue(desk.tenant, WANTED, 0) == Issued(b"DER")
    assert len(desk.messages(ISSUES_QUEUE)) == 1


def test_lost_message_is_sent_again_with_the_same_content(desk: Desk) -> None:
    """After a while; the signer knows it by its id, and holds its content against the first one."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    (first,) = desk.messages(ISSUES_QUEUE)
    desk.client.delete(*desk.client.keys("revocast:tick:*"))
    desk.clock.forward(seconds=31)
    desk.issuance.issue(desk.tenant, WANTED, 0)
    (second,) = desk.messages(ISSUES_QUEUE)
    assert (second.id, second.body) == (first.id, first.body)
    assert second.expires_at - first.expires_at == timedelta(seconds=31)


def test_refusal_of_the_signer_is_a_problem(desk: Desk) -> None:
    """With its words, as far as they can be shown."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    desk.reply(ID, Outcome.REFUSED, detail="the key is known to be weak\x1b[2J")
    with pytest.raises(Problem, match=r"the CA refuses: the key is known to be weak\[2J") as refused:
        desk.issuance.issue(desk.tenant, WANTED, 0)
    assert refused.value.type is ProblemType.BAD_CSR


def test_refusal_until_a_time_that_has_passed_is_none(desk: Desk) -> None:
    """It is left of when the same was asked before: the answer of now is waited for."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    until = {"retry_at": (NOW + timedelta(minutes=10)).isoformat()}
    desk.reply(ID, Outcome.REFUSED, kind=RefusalKind.RATE, detail="enough", data=until)
    with pytest.raises(Problem, match="enough") as refused:
        desk.issuance.issue(desk.tenant, WANTED, 0)
    assert refused.value.retry_after == 601
    desk.clock.forward(minutes=10)
    assert desk.issuance.issue(desk.tenant, WANTED, 0) == Processing()


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (None, ProblemType.BAD_CSR),
        ('"of a later signer"', ProblemType.BAD_CSR),
        ("7", ProblemType.BAD_CSR),
        ('["name"]', ProblemType.BAD_CSR),
        ('"name"', ProblemType.REJECTED_IDENTIFIER),
        ('"rate"', ProblemType.RATE_LIMITED),
    ],
)
def test_refusal_is_told_by_its_kind_where_that_is_known(desk: Desk, kind: str | None, type_: ProblemType) -> None:
    """A signer of another version may say none, or one that nobody here knows."""
    more = f', "kind": {kind}' if kind else ""
    text = f'{{"id": "{ID}", "outcome": "refused", "at": "2026-03-01T12:00:00Z", "detail": "no"{more}}}'
    desk.client.set(f"reply:{ID}", text)
    with pytest.raises(Problem) as refused:
        desk.issuance.issue(desk.tenant, WANTED, 0)
    assert refused.value.type is type_


@pytest.mark.parametrize(
    "reply",
    [
        {"outcome": Outcome.FAILED},
        {"outcome": Outcome.REFUSED, "kind": RefusalKind.LATER},
        {"data": {"certificate": "no base64!"}},
        {"data": {"certificate": 7}},
        {},
    ],
    ids=["failed", "later", "garbage", "number", "nothing"],
)
def test_reply_that_is_no_answer_is_waited_for(desk: Desk, reply: dict[str, Any]) -> None:
    """A signer that fails, or has too much to do, is asked again later."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    desk.reply(ID, **reply)
    assert desk.issuance.issue(desk.tenant, WANTED, 0) == Processing()


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


def test_queue_that_is_away_is_told(tmp_path: Path) -> None:
    """And the order waits."""
    with Server(tmp_path) as own:
        desk = Desk(tmp_path, own)
        own.kill()
        with pytest.raises(QueueUnreachable):
            desk.issuance.issue(desk.tenant, WANTED, 0)


def test_validation_is_asked_for_on_the_queue_of_the_registrar(desk: Desk) -> None:
    """Unsigned: it can only have something looked at."""
    QueuedValidations(desk.wire, desk.clock).ask(ID)
    (message,) = desk.messages(REGISTRAR_QUEUE)
    assert (message.signature, message.body) == (None, {"challenge": ID})
