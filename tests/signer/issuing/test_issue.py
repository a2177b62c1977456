"""Three steps, whatever fails between them: an id is answered once, and what was decided is what is signed."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from revocation import clock, serials
from revocation.clock import fixed
from revocation.errors import KeyUnavailable
from revocation.messages import Message, Outcome, Reply
from signer.auditing.verify import verify
from signer.change import change_together
from signer.handle import handle
from signer.issuing.issue import issue_together
from signer.keys.limited_key import LimitedKey
from signer.ledger.ledger import LedgerUnavailable
from signer.ledger.schema import audit, certificate_names, certificates, issuances, key_uses, unsigned_certificates
from signer.look import look
from tests.authority import NOW
from tests.signer.issuing.office import Office, certificate_in, request_of
from tests.signer.reading import statuses

HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.judge("initdb"))])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    """One on each database."""
    more = {}
    if request.param == "postgresql":
        more["ledger"] = request.getfixturevalue("postgresql").database()
    return Office.build(tmp_path, **more)


def all_of(office: Office, table: object) -> list[object]:
    with office.signer.ledger.read() as connection:
        return list(connection.execute(select(table)))  # type: ignore[call-overload]


def reopened(office: Office) -> Office:
    """As after a restart."""
    return Office(office.estate, office.estate.signer())


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A key that cannot be used."""

    def away(*_: object) -> None:
        raise KeyUnavailable("is away")

    with monkeypatch.context() as patch:
        patch.setattr(LimitedKey, "sign_many", away)
        yield patch


def test_issued_certificate_is_registered_answered_and_found_by_its_names(office: Office) -> None:
    """What the reply says is what the ledger has; the next look answers `good`."""
    names = ("dns:www.example.com", "ip:192.168.0.1")
    reply = office.reply(office.ask("server", names, asked_by="alice"))
    issued = certificate_in(reply)
    assert reply.data["serial"] == f"{issued.serial_number:X}"
    assert reply.data["not_after"] == clock.iso(issued.not_valid_after_utc)
    (row,) = all_of(office, issuances)
    assert (row.requester, row.asked_by, row.profile, row.message) == ("operator", "alice", "server", reply.id)
    assert {name.name for name in all_of(office, certificate_names)} == set(names)
    (known,) = all_of(office, certificates)
    assert (known.der, known.is_ca) == (base64.b64decode(reply.data["certificate"]), False)
    assert all_of(office, unsigned_certificates) == []
    assert look(office.signer, fixed(NOW)).problems == []
    assert statuses(office.signer)[issued.serial_number, "sha256"] == "GOOD"


def test_same_message_is_answered_with_the_same_certificate(office: Office) -> None:
    """However often, and after a restart; the ledger has one."""
    message = office.ask()
    replies = [office.reply(message), office.reply(message), reopened(office).reply(message, NOW + HOUR * 99)]
    assert len({reply.data["certificate"] for reply in replies}) == 1
    assert len(all_of(office, certificates)) == 1


def test_id_that_was_used_for_another_message_is_refused(office: Office) -> None:
    """A serial is not to be had twice by one id."""
    first = office.ask()
    office.reply(first)
    assert "this id was used for another message" in office.refused(id_=first.id)


def test_refusal_is_remembered_and_the_next_id_is_another_matter(office: Office) -> None:
    """Recorded with who asked."""
    message = office.ask("server", ("dns:example.org",), asked_by="mallory")
    first, second = office.reply(message), office.reply(message)
    assert (first.outcome, second.detail) == (Outcome.REFUSED, first.detail)
    assert "refused before and stays so" in (second.advice or "")
    (entry,) = [json.loads(row.detail) for row in all_of(office, audit)]
    assert (entry["asked_by"], entry["outcome"]) == ("mallory", "refused")
    assert all_of(office, certificates) == []


def test_key_that_is_away_loses_nothing_and_the_same_certificate_is_signed_later(
    office: Office, broken: pytest.MonkeyPatch
) -> None:
    """The serial stays assigned; the signature that was not made counts for no limit."""
    message = office.ask()
    failed = office.reply(message)
    assert (failed.outcome, "is away" in failed.detail) == (Outcome.FAILED, True)
    (kept,) = all_of(office, unsigned_certificates)
    assert sum(row.number for row in all_of(office, key_uses)) == 0
    broken.undo()
    issued = certificate_in(reopened(office).reply(message))
    assert serials.from_int(issued.serial_number) == kept.serial
    assert issued.tbs_certificate_bytes == kept.tbs
    assert all_of(office, unsigned_certificates) == []


def test_crash_after_the_signature_gives_who_asks_again_the_same_serial(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies when it has signed and not stored: nobody saw that signature."""
    message = office.ask()
    with monkeypatch.context() as patch:
        patch.setattr("signer.issuing.issue._finish", crash)
        with pytest.raises(SystemExit):
            office.reply(message)
    (kept,) = all_of(office, unsigned_certificates)
    (registered,) = all_of(office, certificates)
    assert registered.der is None
    issued = certificate_in(reopened(office).reply(message))
    assert issued.tbs_certificate_bytes == kept.tbs
    assert len(all_of(office, certificates)) == 1


def crash(*_: object) -> None:
    raise SystemExit


def test_two_processes_that_sign_the_same_give_one_certificate(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one signs, the other signs too and is faster: its certificate is the one that both reply."""
    message, other = office.ask(), reopened(office)
    faster: list[Reply] = []
    sign_many = LimitedKey.sign_many

    def slowly(key: LimitedKey, batch: list[bytes]) -> list[bytes]:
        monkeypatch.setattr(LimitedKey, "sign_many", sign_many)
        faster.append(other.reply(message))
        return sign_many(key, batch)

    monkeypatch.setattr(LimitedKey, "sign_many", slowly)
    reply = office.reply(message)
    assert reply.data["certificate"] == faster[0].data["certificate"]
    assert office.reply(message).data["certificate"] == faster[0].data["certificate"]


def test_what_was_decided_is_not_signed_later_for_a_key_that_was_stolen_meanwhile(
    office: Office, broken: pytest.MonkeyPatch
) -> None:
    """Its other certificate is revoked for a compromise while the key of the CA is away."""
    key = ec.generate_private_key(ec.SECP256R1())
    broken.undo()
    other = office.issue(key=key)
    message = office.ask(key=key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signer.issuing.issue._finish", crash)
        with pytest.raises(SystemExit):
            office.reply(message)
    revoke(office, other)
    reply = office.reply(message)
    assert (reply.outcome, "compromised" in reply.detail) == (Outcome.REFUSED, True)


def revoke(office: Office, certificate: x509.Certificate, reason: str = "keyCompromise") -> None:
    message = office.estate.revoke(certificate.serial_number, reason)
    ((_, reply),) = change_together(office.signer, [message.model_dump_json()], fixed(NOW))
    assert reply.outcome is Outcome.DONE, reply.detail


def test_key_of_a_certificate_that_is_revoked_for_compromise_is_certified_no_more(office: Office) -> None:
    """Also after a restart; one that was superseded is."""
    stolen, superseded = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    revoke(office, office.issue(key=stolen))
    revoke(office, office.issue(key=superseded), "superseded")
    office.issue(key=superseded)
    for one in (office, reopened(office)):
        assert "its key is compromised" in one.refused(key=stolen)


def test_many_together_are_two_transactions_and_one_batch(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies come in the order of the messages, and what is refused changes nothing about the others."""
    batches: list[int] = []
    sign_many = LimitedKey.sign_many
    monkeypatch.setattr(
        LimitedKey, "sign_many", lambda key, batch: (batches.append(len(batch)), sign_many(key, batch))[1]
    )
    messages = [office.ask("server", (f"dns:{name}",)) for name in ("a.example.com", "example.org", "b.example.com")]
    texts = [*(message.model_dump_json() for message in messages), "no message"]
    woken: list[int] = []
    replies = issue_together(office.signer, texts, fixed(NOW), lambda: woken.append(1))
    assert [reply.outcome for reply in replies] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE, Outcome.REFUSED]
    assert [reply.id for reply in replies[:3]] == [message.id for message in messages]
    assert (batches, woken) == ([2], [1])


def test_message_that_comes_twice_at_once_is_issued_once(office: Office) -> None:
    """Both are replied with the same certificate."""
    text = office.ask().model_dump_json()
    first, second = issue_together(office.signer, [text, text], fixed(NOW))
    assert first.data["certificate"] == second.data["certificate"]
    assert len(all_of(office, certificates)) == 1


def test_audit_log_has_the_signature_before_and_the_result(office: Office) -> None:
    """With who asked, whom for, and the digests that identify both."""
    reply = office.reply(office.ask(asked_by="alice"))
    entries = [(row.action, json.loads(row.detail)) for row in all_of(office, audit)]
    (act, signed), (result, done) = entries
    assert (act, signed["requester"], signed["asked_by"], signed["purpose"]) == (
        "sign certificate",
        "operator",
        "alice",
        "certificate",
    )
    assert (result, done["outcome"], done["message"]) == ("issue", "done", reply.id)
    assert signed["serial"] == done["serial"] == reply.data["serial"]
    assert_whole(office)


def assert_whole(office: Office) -> None:
    with office.signer.ledger.read() as connection:
        assert verify(connection, office.signer.exchange, (), ()).problems == []


def test_intermediate_is_in_the_log_and_the_ledger_as_a_ca(office: Office) -> None:
    """So that `audit verify` misses it, and that `revoke` puts it where CAs are."""
    issued = office.issue("intermediate", (), subject="CN=Sub, O=Example, C=EE")
    (known,) = all_of(office, certificates)
    assert known.is_ca
    assert [row.action for row in all_of(office, audit)] == ["sign CA certificate", "issue"]
    assert_whole(office)
    assert issued.serial_number == serials.to_int(known.serial)


def test_ledger_that_cannot_be_written_issues_nothing_and_may_be_asked_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the only error that is raised, for the thread to try again."""
    message = office.ask()
    with monkeypatch.context() as patch:
        patch.setattr(office.signer.ledger, "write", unavailable)
        with pytest.raises(LedgerUnavailable):
            office.reply(message)
    assert office.reply(message).outcome is Outcome.DONE


def unavailable() -> None:
    raise LedgerUnavailable("is away")


def test_message_without_a_right_expired_or_unsigned_gets_nothing(office: Office) -> None:
    """Nothing of it is remembered."""
    message = office.ask()
    clerk = office.estate.clerk.sign(message.model_copy(update={"requester": "clerk"}))
    asked: list[tuple[Message, object]] = [
        (clerk, NOW),
        (message.model_copy(update={"signature": None}), NOW),
        (message, NOW + HOUR),
    ]
    assert [office.reply(one, at).outcome for one, at in asked] == [Outcome.REFUSED] * 3
    assert office.reply(message).outcome is Outcome.DONE


def test_message_that_asks_for_a_certificate_is_refused_where_revocations_are_recorded(office: Office) -> None:
    """The thread that records revocations signs nothing."""
    ((_, reply),) = change_together(office.signer, [office.ask().model_dump_json()], fixed(NOW))
    assert (reply.outcome, "signer.issues" in reply.detail) == (Outcome.REFUSED, True)


def test_message_over_a_pipe_is_issued_too(office: Office) -> None:
    """As `revocast signer run` gets it."""
    assert handle(office.signer, office.ask(), fixed(NOW)).outcome is Outcome.DONE


def test_request_of_a_stolen_key_in_another_encoding_is_refused_too(office: Office) -> None:
    """What counts is the key, not the octets of its request."""
    key = ec.generate_private_key(ec.SECP256R1())
    revoke(office, office.issue(csr=request_of(key)))
    assert "its key is compromised" in office.refused(csr=request_of(key, "CN=x"))
