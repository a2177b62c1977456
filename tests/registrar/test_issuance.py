"""Asking the signer over a real Valkey: what is sent, signed by whom, how often, and which replies count."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registrar.acme.validations import QueuedValidations
from registrar.issuance import Issued, Processing
from registrar.problem import Problem, ProblemType
from revocation.errors import QueueUnreachable
from revocation.messages import (
    Issue,
    Outcome,
    verify_signature,
)
from revocation.refusalkind import RefusalKind
from revocation.wire.route import ISSUES_QUEUE, REGISTRAR_QUEUE
from tests.authority import NOW
from tests.registrar.asking import ID, WANTED, Desk
from tests.wire.server import Server


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
