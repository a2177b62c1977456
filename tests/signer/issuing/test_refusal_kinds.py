"""What programs are told of a refusal, beside its sentence: the kind in the reply, kept with it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from revocation.clock import fixed
from revocation.messages import Message, Outcome, Reply
from revocation.refusalkind import RefusalKind
from signer.change import change_together
from tests.authority import NOW, Authority
from tests.signer.issuing.office import Office, request_of

OID = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
KEY = ec.generate_private_key(ec.SECP256R1())
ASKED: dict[str, tuple[RefusalKind, Callable[[Office], Message]]] = {
    "small curve": (RefusalKind.PUBLIC_KEY, lambda one: one.ask(key=ec.generate_private_key(ec.SECP192R1()))),
    "name beyond the policy": (RefusalKind.NAME, lambda one: one.ask("server", ("dns:example.org",))),
    "malformed name": (RefusalKind.NAME, lambda one: one.ask("server", ("dns:a_b.example.com",))),
    "reserved label": (RefusalKind.NAME, lambda one: one.ask("server", ("dns:ab--cd.example.com",))),
    "label of no name": (RefusalKind.NAME, lambda one: one.ask("server", ("dns:*.xn--0.example.com",))),
    "no name": (RefusalKind.NAME, lambda one: one.ask("server", ())),
    "name of another type in the request": (
        RefusalKind.NAME,
        lambda one: one.ask("server", (), csr=request_of(KEY, extensions=[x509.SubjectAlternativeName([OID])])),
    ),
    "no request": (RefusalKind.REQUEST, lambda one: one.ask(csr=b"\x30\x03\x02\x01\x05")),
    "request of another's key": (RefusalKind.REQUEST, lambda one: one.ask(csr=request_of(KEY)[:-1] + b"\0")),
    "subject": (RefusalKind.REQUEST, lambda one: one.ask(subject="CN=bank.example")),
    "too long": (RefusalKind.VALIDITY, lambda one: one.ask(lasts=201 * 86400)),
    "too early": (RefusalKind.VALIDITY, lambda one: one.ask(not_before="2020-01-01T00:00:00Z")),
    "unknown profile": (RefusalKind.ISSUER, lambda one: one.ask("everything")),
    "unknown issuer": (RefusalKind.ISSUER, lambda one: one.ask(issuer="nobody")),
    "expired message": (RefusalKind.LATER, lambda one: one.ask(now=NOW.replace(year=NOW.year - 1))),
}


@pytest.mark.parametrize("case", ASKED)
def test_refusal_has_its_kind(shared: Office, case: str) -> None:
    """Whatever the sentence says."""
    kind, ask = ASKED[case]
    reply = shared.reply(ask(shared))
    assert (reply.outcome, reply.kind) == (Outcome.REFUSED, kind), reply.detail


def test_refusal_that_is_remembered_has_its_kind_again(shared: Office) -> None:
    """It is kept in the ledger with the reply."""
    message = shared.ask("server", ("dns:example.org",))
    assert [shared.reply(message).kind for _ in range(2)] == [RefusalKind.NAME] * 2


def test_key_of_a_ca_is_a_bad_key(tmp_path: Path) -> None:
    """Whoever has it could sign in its name."""
    key = ec.generate_private_key(ec.SECP256R1())
    office = Office.build(tmp_path, authority=Authority(key=key, days=7300))
    assert office.reply(office.ask(key=key)).kind is RefusalKind.PUBLIC_KEY


def test_compromised_key_has_a_kind_of_its_own(office: Office) -> None:
    """A new certificate of it would be the thief's too."""
    issued = office.issue(key=KEY)
    change_together(office.signer, [office.estate.revoke(issued.serial_number).model_dump_json()], fixed(NOW))
    assert office.reply(office.ask(key=KEY)).kind is RefusalKind.COMPROMISED_KEY


def test_limits_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the hour, and of what the key may sign at all."""
    hour = Office.build(tmp_path / "hour", requester="issues_per_hour = 1\n")
    hour.issue()
    assert hour.reply(hour.ask()).kind is RefusalKind.RATE
    never = Office.build(tmp_path / "never")
    limits = never.signer.config.issuers[0].limits
    monkeypatch.setitem(limits.__dict__, "purposes", ())  # else its configuration is refused at the start
    assert never.reply(never.ask()).kind is RefusalKind.ISSUER


def test_key_that_is_away_is_no_refusal(office: Office) -> None:
    """It failed: the same is asked again, and is done then."""
    key = office.estate.folder / "ca.key"
    key.rename(key.with_suffix(".away"))
    reply = office.reply(message := office.ask())
    assert (reply.outcome, reply.kind) == (Outcome.FAILED, RefusalKind.KEY_AWAY)
    key.with_suffix(".away").rename(key)
    assert office.reply(message).outcome is Outcome.DONE


def test_requester_without_the_right_is_told(office: Office) -> None:
    """It is nobody's fault who asked it."""
    message = office.estate.clerk.sign(office.ask().model_copy(update={"requester": "clerk"}))
    assert office.reply(message).kind is RefusalKind.REQUESTER


def test_kind_that_a_later_signer_says_is_none_here() -> None:
    """The reply is read nevertheless; so is what is no kind at all."""
    for said in ('"of a later one"', "7", '["name"]', "null", "{}"):
        text = f'{{"id": "x", "outcome": "refused", "at": "2026-03-01T12:00:00Z", "kind": {said}}}'
        assert Reply.model_validate_json(text).kind is None


def test_reply_without_a_kind_is_written_as_before() -> None:
    """Replies in the ledger and in the queue stay what they were."""
    assert "kind" not in Reply(id="x", outcome=Outcome.DONE, at=NOW).model_dump_json()
