"""What anybody may ask: a question is answered at once, and what is to be made by the next look."""

from datetime import timedelta

import pytest

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.messages import Look, Message, Outcome, Verb, compose
from signer.asked import Asked
from signer.handle import handle
from signer.look import look
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
def asked(signer: Signer) -> Asked:
    """Nobody asked yet."""
    return Asked(signer.public.profiles, lambda: None)


@pytest.fixture
def looks(signer: Signer, asked: Asked) -> Looks:
    """What takes the messages."""
    return Looks(signer, asked)


def ask(verb: Verb = Verb.GENERATE_CRLS) -> Message:
    """A new message."""
    return compose(verb, Look(), NOW)


def test_message_that_asks_for_work_is_left_to_the_next_look(signer: Signer, looks: Looks, asked: Asked) -> None:
    """Who takes messages signs nothing: what is revoked meanwhile would not be recorded."""
    messages = {verb: ask(verb) for verb in (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN)}
    for message in messages.values():
        assert looks.handle(message.model_dump_json(), fixed(NOW)) is None
    assert list(signer.exchange.list()) == []
    assert asked.take(NOW).tasks == {message.id: verb for verb, message in messages.items()}


def test_question_is_answered_as_before_until_a_fact_changes(estate: Estate, signer: Signer, looks: Looks) -> None:
    """`due` within the same second has the same list; after a revocation it is made anew."""

    def due() -> object:
        reply = looks.handle(ask(Verb.DUE).model_dump_json(), fixed(NOW + SECOND))
        assert reply is not None
        return reply.data["due"]

    look(signer, fixed(NOW))
    assert due() == []
    handle(signer, estate.revoke(1), fixed(NOW + SECOND))
    assert due() == []
    looks.forget()
    assert due()


def test_signed_message_is_refused_here(estate: Estate, looks: Looks) -> None:
    """Unsigned messages that call themselves `revoke` would be many."""
    reply = looks.handle(estate.revoke(1).model_dump_json(), fixed(NOW))
    assert reply is not None
    assert (reply.outcome, "not asked on this queue" in reply.detail) == (Outcome.REFUSED, True)


def test_what_is_no_message_or_no_look_is_refused(looks: Looks, asked: Asked) -> None:
    """And leaves nothing for a look to do."""
    odd = ask().model_copy(update={"body": {"crls": "all"}})
    for text in ("{", odd.model_dump_json()):
        reply = looks.handle(text, fixed(NOW))
        assert reply is not None
        assert reply.outcome is Outcome.REFUSED
    assert asked.take(NOW).tasks == {}


def test_unsigned_message_that_would_live_for_days_is_refused(signer: Signer, looks: Looks) -> None:
    """Nobody keeps a heap of them for a bad day; a signed one may travel on a stick."""
    message = ask().model_copy(update={"expires_at": NOW + timedelta(minutes=16)})
    reply = looks.handle(message.model_dump_json(), fixed(NOW))
    assert reply is not None
    assert "lives for more than 15m" in reply.detail
    with pytest.raises(Refused, match="lives for more than 15m"):
        handle(signer, message, fixed(NOW))
