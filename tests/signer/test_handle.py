"""Messages: who may, what is refused with which words, and that an id is answered once."""

import json
from datetime import timedelta
from typing import Any

import pytest

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.messages import Look, Outcome, Release, RequesterKey, Revoke, Verb, compose
from signer.handle import handle, handle_text
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.revoking import is_revoked, refusal

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def test_signed_revocation_is_recorded_with_its_revision(estate: Estate, signer: Signer) -> None:
    """Done means that the ledger has it: three registrations, then this."""
    reply = handle(signer, estate.revoke(2), fixed(NOW))
    assert (reply.outcome, reply.revision) == (Outcome.DONE, 4)
    assert is_revoked(estate.signer(), 2)


def test_revocation_of_nobody_is_refused_as_unsigned(signer: Signer) -> None:
    """Who names no requester has not mistyped a name."""
    (profile,) = signer.public.profiles.values()
    body = Revoke(issuer=profile.issuer.id, serial="01", reason="keyCompromise")
    assert refusal(signer, compose(Verb.REVOKE, body, NOW)).endswith("is not signed")


def test_unsigned_revocation_is_refused(signer: Signer) -> None:
    """Whoever can write to the queue can name the operator, and revokes nothing."""
    message = compose(Verb.REVOKE, Revoke(issuer="test", serial="01", reason="superseded"), NOW, requester="operator")
    assert "is not signed" in refusal(signer, message)


def test_revocation_signed_with_another_key_is_refused(signer: Signer) -> None:
    """The signature must be that of the requester who is named."""
    body = Revoke(issuer="test", serial="01", reason="superseded")
    message = RequesterKey.generate().sign(compose(Verb.REVOKE, body, NOW, requester="operator"))
    assert "signature is not that of requester 'operator'" in refusal(signer, message)


def test_revocation_that_was_altered_after_signing_is_refused(estate: Estate, signer: Signer) -> None:
    """The signature covers the body: another serial under it is nobody's wish."""
    signed = estate.revoke(1)
    assert "signature" in refusal(signer, signed.model_copy(update={"body": {**signed.body, "serial": "02"}}))


def test_requester_without_the_verb_or_the_issuer_is_refused(estate: Estate, signer: Signer) -> None:
    """The clerk may release, and not revoke; and may do so for another issuer only."""
    revoke = compose(Verb.REVOKE, Revoke(issuer="test", serial="01", reason="superseded"), NOW, requester="clerk")
    assert "may not revoke" in refusal(signer, estate.clerk.sign(revoke))
    release = compose(Verb.RELEASE, Release(issuer="test", serial="01"), NOW, requester="clerk")
    assert "no right for issuer test" in refusal(signer, estate.clerk.sign(release))


def test_unknown_requester_is_refused(estate: Estate, signer: Signer) -> None:
    """A name that the configuration does not have gives no right."""
    body = Revoke(issuer="test", serial="01", reason="superseded")
    assert "'mallory' is not known" in refusal(
        signer, estate.operator.sign(compose(Verb.REVOKE, body, NOW, requester="mallory"))
    )


def test_expired_message_and_message_from_the_future_are_refused(estate: Estate, signer: Signer) -> None:
    """A message is good for ten minutes, and not before it was made."""
    assert "expired at 2026-03-01T12:10:00Z" in refusal(signer, estate.revoke(1), NOW + timedelta(minutes=10))
    assert "in the future" in refusal(signer, estate.revoke(1, now=NOW + timedelta(hours=1)))


def test_message_asked_again_gets_the_same_reply_and_does_nothing_more(estate: Estate, signer: Signer) -> None:
    """A requester who heard nothing asks again with the same id, later and newly signed: same reply, no second fact."""
    first = handle(signer, estate.revoke(1), fixed(NOW))
    body = Revoke(issuer="test", serial="01", reason="keyCompromise")
    again = estate.ask(Verb.REVOKE, body, NOW + DAY, id_=first.id)
    assert handle(estate.signer(), again, fixed(NOW + DAY)) == first


def test_replayed_revocation_after_a_release_changes_nothing(estate: Estate, signer: Signer) -> None:
    """Who recorded a hold cannot put it back by sending it again after it was released."""
    hold = estate.revoke(1, "certificateHold")
    handle(signer, hold, fixed(NOW))
    handle(signer, estate.ask(Verb.RELEASE, Release(issuer="test", serial="01")), fixed(NOW + SECOND))
    handle(signer, hold, fixed(NOW + 2 * SECOND))
    assert not is_revoked(signer, 1)


def test_hold_is_told_as_one(estate: Estate, signer: Signer) -> None:
    """Who reads that it is revoked would not look for a way back."""
    reply = handle(signer, estate.revoke(1, "certificateHold"), fixed(NOW))
    assert "is on hold since 2026-03-01T12:00:00Z" in reply.detail


def test_id_used_for_another_message_is_refused(estate: Estate, signer: Signer) -> None:
    """An id stands for one wish."""
    done = handle(signer, estate.revoke(1), fixed(NOW))
    other = estate.ask(Verb.REVOKE, Revoke(issuer="test", serial="02", reason="superseded"), NOW, id_=done.id)
    with pytest.raises(Refused, match="used for another message"):
        handle(signer, other, fixed(NOW))
    assert not is_revoked(signer, 2)


def test_refused_message_stays_refused_when_it_is_replayed(estate: Estate, signer: Signer) -> None:
    """A release that was refused, kept by somebody, does not end a hold that came later."""
    release = estate.ask(Verb.RELEASE, Release(issuer="test", serial="01"))
    assert handle(signer, release, fixed(NOW)).outcome is Outcome.REFUSED
    handle(signer, estate.revoke(1, "certificateHold", now=NOW + SECOND), fixed(NOW + SECOND))
    reply = handle(signer, release, fixed(NOW + 2 * SECOND))
    assert (reply.outcome, reply.advice) == (
        Outcome.REFUSED,
        "this id was refused before and stays so: ask with a new one",
    )
    assert is_revoked(signer, 1)


@pytest.mark.parametrize("text", ["", "{}", "[]", "garbage", '{"version": 2}', "\x80", "9" * (2 << 20)])
def test_text_that_is_no_message_is_refused_in_a_reply(signer: Signer, text: str) -> None:
    """Nothing that a queue holds makes the signer raise."""
    assert handle_text(signer, text, fixed(NOW)).outcome is Outcome.REFUSED


def test_body_with_an_unknown_field_is_refused(estate: Estate, signer: Signer) -> None:
    """What a version does not know, it does not guess."""
    message = estate.revoke(1)
    odd = estate.operator.sign(message.model_copy(update={"body": {**message.body, "force": True}, "signature": None}))
    reply = handle_text(signer, odd.model_dump_json(), fixed(NOW))
    assert reply.outcome is Outcome.REFUSED
    assert "force" in reply.detail


def test_unsigned_look_makes_what_is_due_once(signer: Signer) -> None:
    """Anybody may ask for work that is due; asked again there is none."""
    message = compose(Verb.GENERATE_CRLS, Look(), NOW)
    assert len(handle(signer, message, fixed(NOW)).data["made"]) == 1
    assert handle(signer, message, fixed(NOW + SECOND)).detail == "nothing was due"


def test_due_lists_and_makes_nothing(signer: Signer) -> None:
    """`due` is a question."""
    reply = handle(signer, compose(Verb.DUE, Look(), NOW), fixed(NOW))
    assert {"responder certificate", "crl all"} <= {due["what"] for due in reply.data["due"]}
    assert signer.exchange.list() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"expires_at": "0001-01-01T00:00:00+14:00"},
        {"issued_at": "9999-12-31T23:59:59-14:00"},
        {"body": {"slices": [{"revision": 10**4000}]}},
        {"body": {"slices": [{"revision": -1}]}},
        {"body": {"slices": [{"slice": 10**30}]}},
        {"body": {"crls": [{"number": 1 << 159}]}},
        {"body": {"crls": [{"revision": 10**4000}]}},
        {"body": {"crls": [{"next_update": "0001-01-01T00:00:00+14:00"}]}},
    ],
)
@pytest.mark.parametrize("verb", [Verb.DUE, Verb.GENERATE_CRLS])
def test_extreme_numbers_and_times_are_refused_in_a_reply(signer: Signer, verb: Verb, changed: dict[str, Any]) -> None:
    """Anybody may send them: no database, no clock and no line of the log has to bear them."""
    (issuer,) = signer.public.profiles
    times = dict.fromkeys(("this_update", "next_update", "renew_at"), "2026-03-01T12:00:00Z")
    row = {"issuer": issuer, "revision": 1, **times}
    slice_, crl = {**row, "slice": 0, "count": 1}, {**row, "label": "all", "number": 1, "sha256": "0", "size": 1}
    usual = {"crls": crl, "slices": slice_}
    body = {name: [usual[name] | one for one in rows] for name, rows in changed.get("body", {}).items()}
    message = json.loads(compose(verb, Look(), NOW).model_dump_json()) | changed | {"body": body}
    assert handle_text(signer, json.dumps(message), fixed(NOW)).outcome is Outcome.REFUSED
