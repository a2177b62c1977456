"""What anybody may ask for: each kind is looked for once a second, and what came up meanwhile is not forgotten."""

from datetime import timedelta

import pytest

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.messages import Look, Message, Outcome, Verb, compose
from signer.handle import handle
from signer.looks import Looks
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate

SECOND = timedelta(seconds=1)


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """A signer that knows a certificate; everything is still to be signed."""
    opened = estate.signer()
    estate.register(opened, [1])
    return opened


@pytest.fixture
def woken() -> list[str]:
    """An entry for each time that somebody was woken."""
    return []


@pytest.fixture
def looks(woken: list[str]) -> Looks:
    """Nothing was looked for yet."""
    return Looks(lambda: woken.append("woken"))


def ask(verb: Verb = Verb.GENERATE_CRLS) -> Message:
    """A new message."""
    return compose(verb, Look(), NOW)


def test_second_ask_within_a_second_is_answered_without_a_look(
    signer: Signer, looks: Looks, woken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing made; somebody is woken once, since it may have become due between the two."""
    first = ask()
    assert len(looks.handle(signer, first, fixed(NOW)).data["made"]) == 1
    monkeypatch.setattr("signer.handle.look", None)
    for _ in range(3):
        again = ask()
        reply = looks.handle(signer, again, fixed(NOW))
        assert (reply.id, reply.outcome, reply.data["made"]) == (again.id, Outcome.DONE, [])
        assert "nothing was due" in reply.detail
    assert woken == ["woken"]


def test_other_verb_and_other_second_are_looked_for(signer: Signer, looks: Looks) -> None:
    """The scheduler asks for all kinds at once."""
    verbs = (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN)
    assert all(looks.handle(signer, ask(verb), fixed(NOW)).data["made"] for verb in verbs)
    assert looks.handle(signer, ask(), fixed(NOW + SECOND)).detail == "nothing was due"


def test_question_is_answered_as_before_until_a_fact_changes(estate: Estate, signer: Signer, looks: Looks) -> None:
    """`due` within the same second has the same list; after a revocation it is made anew."""
    for verb in (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN):
        handle(signer, ask(verb), fixed(NOW))
    later = NOW + SECOND
    assert looks.handle(signer, ask(Verb.DUE), fixed(later)).data["due"] == []
    handle(signer, estate.revoke(1), fixed(later))
    assert looks.handle(signer, ask(Verb.DUE), fixed(later)).data["due"] == []
    looks.forget()
    assert looks.handle(signer, ask(Verb.DUE), fixed(later)).data["due"]


def test_failed_look_is_not_called_done(
    estate: Estate, signer: Signer, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks again in the same second hears of the same failure."""
    (estate.folder / "ca.key").unlink()
    assert looks.handle(signer, ask(), fixed(NOW)).outcome is Outcome.FAILED
    assert looks.handle(signer, ask(), fixed(NOW)).outcome is Outcome.FAILED


def test_signed_message_is_refused_here(estate: Estate, signer: Signer, looks: Looks) -> None:
    """Unsigned messages that call themselves `revoke` would be many."""
    with pytest.raises(Refused, match="not asked on this queue"):
        looks.handle(signer, estate.revoke(1), fixed(NOW))


def test_unsigned_message_that_would_live_for_days_is_refused(signer: Signer, looks: Looks) -> None:
    """Nobody keeps a heap of them for a bad day; a signed one may travel on a stick."""
    message = ask().model_copy(update={"expires_at": NOW + timedelta(minutes=16)})
    with pytest.raises(Refused, match="lives for more than 15m"):
        looks.handle(signer, message, fixed(NOW))
    with pytest.raises(Refused, match="lives for more than 15m"):
        handle(signer, message, fixed(NOW))
