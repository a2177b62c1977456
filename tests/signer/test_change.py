"""Signed messages that come together: each is answered as if it had come alone, and when a CRL can show it."""

from datetime import timedelta

from revocation.clock import fixed
from revocation.messages import Look, Outcome, Release, Reply, Revoke, Verb, compose
from signer.acknowledgements import Acknowledgements
from signer.change import change_together
from signer.handle import handle
from signer.ledger import facts
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import crl_serials

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def test_messages_that_come_together_are_answered_in_their_order_each_for_itself(estate: Estate) -> None:
    """Beside good ones: no message, no or a foreign signature, an expired one, an unknown serial or issuer."""
    signer = estate.signer()
    estate.register(signer, [1, 2])
    forged = estate.revoke(2).model_copy(update={"signature": estate.revoke(1).signature})
    release = estate.ask(Verb.RELEASE, Release(issuer="test", serial="01"))
    asked = [
        estate.revoke(1, "certificateHold"),
        forged,
        estate.revoke(2, now=NOW - 90 * 24 * HOUR),
        estate.revoke(3),
        compose(Verb.GENERATE_CRLS, Look(), NOW),
        compose(Verb.REVOKE, Revoke(issuer="test", serial="02", reason="superseded"), NOW),
        release,
        estate.ask(Verb.REVOKE, Revoke(issuer="nobody", serial="02", reason="superseded")),
        estate.revoke(2),
    ]
    texts = [message.model_dump_json() for message in asked]
    replies = [reply for _, reply in change_together(signer, ["no message", *texts], fixed(NOW))]
    done = [Outcome.DONE, *([Outcome.REFUSED] * 5), Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
    assert [reply.outcome for reply in replies] == [Outcome.REFUSED, *done]
    assert [reply.id for reply in replies[1:]] == [message.id for message in asked]
    assert len({reply.revision for reply in replies if reply.outcome is Outcome.DONE}) == 3
    look(signer, fixed(NOW))
    assert crl_serials(signer) == [2]


def test_one_message_twice_in_a_burst_is_done_once(estate: Estate) -> None:
    """The same id has the same words; another message for the same serial is refused, as the second one is."""
    signer = estate.signer()
    estate.register(signer, [1])
    first, second = estate.revoke(1), estate.revoke(1)
    texts = [message.model_dump_json() for message in (first, first, second)]
    (_, one), (_, again), (_, other) = change_together(signer, texts, fixed(NOW))
    assert one == again
    assert (one.outcome, other.outcome) == (Outcome.DONE, Outcome.REFUSED)
    assert "already revoked" in other.detail
    assert handle(signer, first, fixed(NOW)) == one


def test_change_is_acknowledged_when_a_crl_can_be_signed_that_shows_it(estate: Estate) -> None:
    """At once, or in the next second where this one has its CRL; what was refused waits for none."""
    signer = estate.signer()
    estate.register(signer, [1, 2, 3])

    def asked(serial: int) -> tuple[object, Outcome]:
        ((at, reply),) = change_together(signer, [estate.revoke(serial).model_dump_json()], fixed(NOW))
        return at, reply.outcome

    assert asked(1)[0] <= NOW
    look(signer, fixed(NOW))
    assert asked(2) == (NOW + SECOND, Outcome.DONE)
    assert asked(2) == (NOW, Outcome.REFUSED)


def test_clock_that_was_put_back_holds_no_reply(estate: Estate) -> None:
    """No CRL can be signed for an hour: who asked is told that it is recorded, now."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW + HOUR))
    ((at, reply),) = change_together(signer, [estate.revoke(1).model_dump_json()], fixed(NOW))
    assert (at, reply.outcome) == (NOW, Outcome.DONE)
    with signer.ledger.read() as connection:
        (profile,) = signer.public.profiles.values()
        found = facts.find(connection, profile.issuer, b"\x01")
    assert found is not None
    assert found.revocation is not None


def test_replies_are_handed_out_when_their_time_has_come() -> None:
    """In their order, each once; nothing to hand out is no round trip."""
    put: list[list[str]] = []
    waiting = Acknowledgements(lambda *replies: put.append([reply.id for reply in replies]))
    replies = [Reply(id=f"{number:032d}", outcome=Outcome.DONE, at=NOW) for number in range(3)]
    waiting.hand_out(NOW)
    waiting.add([(NOW + SECOND, replies[0]), (NOW, replies[1]), (NOW + SECOND, replies[2])])
    for now in (NOW, NOW, NOW + SECOND, NOW + HOUR):
        waiting.hand_out(now)
    assert put == [[replies[1].id], [replies[0].id, replies[2].id]]
