"""What unsigned messages ask for waits for the next look, which tells each of them of its own kind of work."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from revocation.clock import fixed
from revocation.errors import Refused, RevocastError
from revocation.messages import Look, Message, Outcome, Verb, compose
from revocation.published import SliceRow
from revocation.wire.queue import Wire
from signer.asked import Asked
from signer.look import look
from signer.noting import Noting
from signer.produce import ForeignBundle
from signer.report import Report
from signer.signer import Signer
from signer.worker import look_once
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import behind, names
from tests.wire.server import Server

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """A signer that knows a certificate; everything is still to be signed."""
    opened = estate.signer()
    estate.register(opened, [1])
    return opened


@pytest.fixture
def woken() -> list[str]:
    """An entry for each time that the looker was woken."""
    return []


@pytest.fixture
def asked(signer: Signer, woken: list[str]) -> Asked:
    """Nobody asked yet."""
    return Asked(signer.public.profiles, lambda: woken.append("woken"))


@pytest.fixture
def ask(asked: Asked) -> Callable[..., Message]:
    """Asks with a new message."""

    def one(verb: Verb = Verb.GENERATE_CRLS, body: Look | None = None) -> Message:
        message = compose(verb, body or Look(), NOW)
        asked.add(message, body or Look())
        return message

    return one


def said(signer: Signer, revision: int) -> Look:
    """That a revision of slice 0 is published, with rows of what is not configured."""
    (id_,) = signer.public.profiles
    times = {"this_update": NOW, "next_update": NOW + HOUR, "renew_at": NOW + HOUR}
    where = ((id_, 0), (id_, 16), ("0" * 40, 0))
    return Look(slices=[SliceRow(issuer=i, slice=n, revision=revision, count=1, **times) for i, n in where])


def test_one_look_answers_everybody_about_what_they_asked_for(
    estate: Estate, signer: Signer, asked: Asked, ask: Callable[..., Message]
) -> None:
    """Without the CA key no CRL is made: who asked for responses is told what was made of them, and of no CRL."""
    look(signer, fixed(NOW), (Verb.GENERATE_OCSP_KEYS,))
    (estate.folder / "ca.key").rename(estate.folder / "away.key")
    messages = [ask(Verb.GENERATE_CRLS), ask(Verb.GENERATE_CRLS), ask(Verb.PRESIGN), ask(Verb.GENERATE_OCSP_KEYS)]
    asked.add(messages[0], Look())
    batch = asked.take(NOW)
    replies = batch.replies(look(estate.signer(), fixed(NOW), hint=batch.hint), NOW)
    assert [reply.id for reply in replies] == [message.id for message in messages]
    first, second, presign, keys = replies
    assert first.outcome is second.outcome is Outcome.FAILED
    assert "cannot be read" in first.data["problems"][0]
    assert (presign.outcome, presign.detail, len(presign.data["made"])) == (Outcome.DONE, "1 made", 1)
    assert (keys.outcome, keys.detail) == (Outcome.DONE, "nothing was due")


def test_what_concerns_every_kind_of_work_is_told_to_everybody(asked: Asked, ask: Callable[..., Message]) -> None:
    """A look that a revocation cut short, and bundles that cannot be taken out of the exchange."""
    ask(Verb.GENERATE_CRLS)
    ask(Verb.PRESIGN)
    batch, report = asked.take(NOW), Report()
    report.wait(None, NOW)
    assert {reply.detail for reply in batch.replies(report, NOW)} == {"what is due has to wait for the next second"}
    report.tell(None, [RevocastError("could not be taken out")])
    assert {reply.detail for reply in batch.replies(report, NOW)} == {"could not be taken out"}


def test_looker_is_woken_once_until_it_takes_what_waits(
    asked: Asked, ask: Callable[..., Message], woken: list[str]
) -> None:
    """Whoever holds the queue could have it look again and again; what comes in the same second waits for the next."""
    for _ in range(3):
        ask()
    assert woken == ["woken"]
    assert len(asked.take(NOW).tasks) == 3
    later = ask()
    assert woken == ["woken", "woken"]
    assert (asked.take(NOW).tasks, asked.next_at()) == ({}, NOW + SECOND)
    assert list(asked.take(NOW + SECOND).tasks) == [later.id]
    assert asked.next_at() is None


def test_what_is_said_last_of_a_part_counts_and_only_of_what_is_configured(
    signer: Signer, asked: Asked, ask: Callable[..., Message]
) -> None:
    """Also when who asks for CRLs says nothing of responses; anybody may say anything, and no heap of it is kept."""
    assert asked.take(NOW).hint is None
    ask(Verb.PRESIGN, said(signer, revision=5))
    ask(Verb.PRESIGN, said(signer, revision=3))
    row = behind(signer, revision=0)
    other = row.model_copy(update={"label": "another"})
    ask(Verb.GENERATE_CRLS, Look(crls=(row, other)))
    hint = asked.take(NOW + SECOND).hint
    assert hint is not None
    assert [(one.slice, one.revision) for one in hint.slices] == [(0, 3)]
    assert hint.crls == (row,)
    ask()
    assert asked.take(NOW + 2 * SECOND).hint == Look()


def test_no_more_than_a_thousand_messages_wait(asked: Asked, ask: Callable[..., Message]) -> None:
    """The next one is told so at once; one that is sent again waits on."""
    messages = [ask() for _ in range(1000)]
    with pytest.raises(Refused, match="1000 messages wait for a look"):
        ask()
    asked.add(messages[0], Look())
    assert len(asked.take(NOW).tasks) == 1000


def make_foreign(estate: Estate, signer: Signer) -> None:
    """The newest bundle is another ledger's from now on, by its name."""
    newest = estate.folder / "exchange" / names(signer)[-1]
    newest.rename(newest.with_name("9" * 12 + newest.name[12:]))


def failing(*_: object) -> None:
    """Stands for what nobody foresaw."""
    raise ZeroDivisionError("once")


@pytest.mark.parametrize(
    ("error", "words"), [(ForeignBundle, "bundle"), (ZeroDivisionError, "the look failed: ZeroDivisionError: once")]
)
def test_look_that_fails_tells_who_asked_for_it(
    estate: Estate,
    signer: Signer,
    asked: Asked,
    ask: Callable[..., Message],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    words: str,
) -> None:
    """Nobody waits for a reply that does not come, and the looker hears of it too."""
    look(signer, clock.now)
    make_foreign(estate, signer)
    if error is ZeroDivisionError:
        monkeypatch.setattr("signer.look.require_own_exchange", failing)
    message = ask()
    with Server(tmp_path) as server:
        wire = Wire(server.url)
        with pytest.raises(error):
            look_once(signer, wire, asked, Noting(wire.journal))
        reply = wire.await_reply(message.id, 0)
    assert reply is not None
    assert (reply.outcome, words in reply.detail) == (Outcome.FAILED, True)


def test_reply_that_no_queue_takes_stops_no_look(
    signer: Signer, asked: Asked, ask: Callable[..., Message], tmp_path: Path
) -> None:
    """The queue is away when the look is over: what was due is made, and who asked asks again when it is back."""
    ask()
    wire = Wire(f"unix://{tmp_path / 'nobody.sock'}")
    look_once(signer, wire, asked, Noting(wire.journal))
    assert len(names(signer)) == 2
    assert asked.take(clock.now() + SECOND).tasks == {}


def test_who_asked_in_the_second_of_a_look_that_failed_waits_for_the_next_second_alone(
    estate: Estate,
    signer: Signer,
    asked: Asked,
    ask: Callable[..., Message],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And not for a minute: the looker is told when to look again, although the look failed."""
    monkeypatch.setattr(clock, "now", fixed(NOW))
    look(signer, fixed(NOW))
    make_foreign(estate, signer)
    wire = Wire(f"unix://{tmp_path / 'nobody.sock'}")
    ask()
    with pytest.raises(ForeignBundle):
        look_once(signer, wire, asked, Noting(wire.journal))
    ask(Verb.PRESIGN)
    assert look_once(signer, wire, asked, Noting(wire.journal)) is not None
