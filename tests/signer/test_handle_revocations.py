"""What may be asked of a certificate that is revoked or held, and what of its date and reason stays."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.messages import Outcome, Release, RequesterKey, Revoke, Verb, compose
from revocation.refusalkind import RefusalKind
from revocation.status import Reason, Revocation
from signer.handle import handle, handle_text
from signer.ledger import facts
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import crl_serials, newest_crl, statuses
from tests.signer.revoking import is_revoked, refusal

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("number", "reason", "dates", "words"),
    [
        (9, "superseded", {}, "not known to the ledger"),
        (1, "superseded", {"revoked_at": NOW + SECOND}, "is in the future"),
        (1, "superseded", {"invalidity_date": NOW + SECOND}, "invalidity date 2026-03-01T12:00:01Z is in the future"),
        (1, "superseded", {"revoked_at": NOW - 400 * DAY}, "further back than 366d"),
    ],
)
def test_impossible_revocation_is_refused_by_name(
    estate: Estate, signer: Signer, number: int, reason: str, dates: dict[str, datetime], words: str
) -> None:
    """An unknown serial or a date that cannot be is refused, and nothing is recorded."""
    assert words in refusal(signer, estate.revoke(number, reason, **dates))


def test_every_refusal_says_what_to_do(estate: Estate, signer: Signer) -> None:
    """Whoever is refused by night has somewhere to go on."""
    handle(signer, estate.revoke(1, "superseded"), fixed(NOW))
    handle(signer, estate.revoke(2, "certificateHold"), fixed(NOW))
    body = Revoke(issuer="test", serial="03", reason="superseded")
    unknown_key = RequesterKey.generate().sign(compose(Verb.REVOKE, body, NOW, requester="operator"))
    release = compose(Verb.RELEASE, Release(issuer="test", serial="03"), NOW, requester="clerk")
    advised = {
        "a revocation is final": estate.revoke(1, "keyCompromise"),
        "another reason makes that final": estate.revoke(2, "certificateHold"),
        "give a date that has passed": estate.revoke(3, revoked_at=NOW + SECOND),
        "nothing to release": estate.ask(Verb.RELEASE, Release(issuer="test", serial="03")),
        "the key whose `public_key` stands in": unknown_key,
        "the `verbs` of 'clerk'": estate.clerk.sign(compose(Verb.REVOKE, body, NOW, requester="clerk")),
        "the `issuers` of 'clerk'": estate.clerk.sign(release),
    }
    for advice, message in advised.items():
        reply = handle_text(signer, message.model_dump_json(), fixed(NOW))
        assert reply.outcome is Outcome.REFUSED
        assert advice in (reply.advice or ""), reply


def test_second_revocation_is_refused_and_keeps_the_first(estate: Estate, signer: Signer) -> None:
    """A revocation is final: the second is told when and why the first was."""
    handle(signer, estate.revoke(1, "superseded"), fixed(NOW))
    reply = handle(signer, estate.revoke(1, "keyCompromise"), fixed(NOW + SECOND))
    assert reply.outcome is Outcome.REFUSED
    assert "already revoked since 2026-03-01T12:00:00Z (superseded)" in reply.detail
    assert reply.kind is RefusalKind.ALREADY_REVOKED


def test_hold_made_final_keeps_the_date_of_the_hold(estate: Estate, signer: Signer) -> None:
    """Since the hold nobody should have relied on the certificate, so the revocation is dated then."""
    handle(signer, estate.revoke(1, "certificateHold"), fixed(NOW))
    handle(signer, estate.revoke(1, "keyCompromise", now=NOW + DAY), fixed(NOW + DAY))
    look(signer, fixed(NOW + DAY))
    (entry,) = newest_crl(signer)
    assert entry.revocation_date_utc == NOW


@pytest.mark.parametrize(
    ("reason", "away", "advice"),
    [
        ("keyCompromise", -HOUR, "`revocast raise --reason keyCompromise --revoked-at 2026-03-01T11:00:00Z`"),
        ("keyCompromise", HOUR, "leave --revoked-at out"),
        ("superseded", -HOUR, "leave --revoked-at out"),
    ],
)
def test_hold_is_not_made_final_with_a_date_that_would_be_dropped(
    estate: Estate, signer: Signer, reason: str, away: timedelta, advice: str
) -> None:
    """It is refused and says what to do instead; the hold's own date may be said."""
    handle(signer, estate.revoke(1, "certificateHold"), fixed(NOW))
    later = fixed(NOW + DAY)
    reply = handle(signer, estate.revoke(1, reason, now=NOW + DAY, revoked_at=NOW + away), later)
    assert reply.outcome is Outcome.REFUSED
    assert "keeps the date of the hold, 2026-03-01T12:00:00Z" in reply.detail
    assert advice in (reply.advice or "")
    with signer.ledger.read() as connection:
        found = facts.find(connection, next(iter(signer.public.profiles.values())).issuer, b"\x01")
    assert found is not None
    assert found.revocation == Revocation(NOW, Reason.certificateHold)
    same = handle(signer, estate.revoke(1, reason, now=NOW + DAY, revoked_at=NOW), later)
    assert same.outcome is Outcome.DONE


def test_date_of_a_hold_may_be_said_however_old_it_is(tmp_path: Path) -> None:
    """Only a date that is new has to be near."""
    estate = Estate.build(tmp_path / "old", signer="[signer.limits]\nrevocation_backdate = '1h'\n")
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1, "certificateHold"), fixed(NOW))
    reply = handle(signer, estate.revoke(1, now=NOW + DAY, revoked_at=NOW), fixed(NOW + DAY))
    assert reply.outcome is Outcome.DONE, reply.detail


def test_released_hold_is_good_again_and_leaves_the_crl(estate: Estate, signer: Signer) -> None:
    """certificateHold is the one reason that ends."""
    handle(signer, estate.revoke(1, "certificateHold"), fixed(NOW))
    look(signer, fixed(NOW))
    assert (crl_serials(signer), statuses(signer)[1, "sha1"]) == ([1], "REVOKED")
    handle(signer, estate.ask(Verb.RELEASE, Release(issuer="test", serial="01")), fixed(NOW + SECOND))
    look(signer, fixed(NOW + SECOND))
    assert (crl_serials(signer), statuses(signer)[1, "sha1"]) == ([], "GOOD")


def test_final_revocation_cannot_be_released(estate: Estate, signer: Signer) -> None:
    """Neither a revoked certificate nor a good one is released."""
    handle(signer, estate.revoke(1, "superseded"), fixed(NOW))
    for serial, words in (("01", "only certificateHold ends"), ("02", "it is not revoked")):
        reply = handle(signer, estate.ask(Verb.RELEASE, Release(issuer="test", serial=serial)), fixed(NOW))
        assert reply.outcome is Outcome.REFUSED
        assert words in reply.detail


def test_ca_certificate_is_not_revoked_without_a_reason(estate: Estate, signer: Signer) -> None:
    """Everything below it falls: whoever relied on that wants to know why."""
    estate.register(signer, [7], is_ca=True)
    reply = handle(signer, estate.revoke(7, "unspecified"), fixed(NOW))
    assert (reply.outcome, "has to be told a reason" in reply.detail) == (Outcome.REFUSED, True)
    assert not is_revoked(signer, 7)
    assert handle(signer, estate.revoke(7, "cessationOfOperation"), fixed(NOW)).outcome is Outcome.DONE


def test_reply_says_to_which_content_it_is(estate: Estate, signer: Signer) -> None:
    """Also when it is given again, to the same message composed anew."""
    body = Revoke(issuer="test", serial="01", reason="superseded")
    first = estate.ask(Verb.REVOKE, body)
    again = estate.ask(Verb.REVOKE, body, NOW + SECOND, id_=first.id)
    replies = [handle(signer, one, fixed(NOW + SECOND)) for one in (first, again)]
    assert [one.asked for one in replies] == [first.content_digest()] * 2
