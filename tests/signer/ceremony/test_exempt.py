"""Single messages of a request: one that comes late, one that people leave out, and what becomes of it online."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from revocation.clock import fixed, iso
from revocation.errors import Refused
from signer.ceremony.accept import accept
from signer.ceremony.request import Request, decode, encode
from signer.ceremony.sign import earlier, hold, prepare
from signer.ceremony.waiting import waiting_for_ceremony
from signer.ledger import schema
from tests.authority import NOW
from tests.signer.ceremony.pair import DAY, NOBODY, SECOND, Pair
from tests.signer.reading import crl_serials


def taken_out(request: Request, ids: Sequence[str]) -> Request:
    """The request as somebody makes it who keeps messages back."""
    rest = [one for one in request.messages if one.message.id not in ids]
    header = request.header.model_copy(update={"messages": len(rest)})
    return decode(encode(header, [(one.recorded_at, one.message.model_dump_json(), one.source) for one in rest]))


def put_in(request: Request, other: Request, id_: str) -> Request:
    """The request as somebody makes it who brings a message up again, or late."""
    (late,) = (one for one in other.messages if one.message.id == id_)
    return replace(request, messages=[*request.messages, late])


def test_revocation_that_was_kept_back_until_its_hold_was_released_is_refused(pair: Pair) -> None:
    """Brought after something else, it would be done in another order than the one its requester knows."""
    pair.revoke(1, reason="certificateHold")
    revoked = pair.revoke(1, NOW + SECOND)
    whole = pair.request(NOW + 2 * SECOND)
    pair.hold(taken_out(whole, [revoked]), NOW + 2 * SECOND)
    pair.revoke(2, NOW + 3 * SECOND)
    second = put_in(pair.request(NOW + 4 * SECOND), whole, revoked)
    with pytest.raises(Refused, match="it should have had it") as told:
        prepare(pair.there(), second, fixed(NOW + 4 * SECOND))
    assert f"--late {revoked}" in (told.value.advice or "")
    assert f"--leave-out {revoked}" in (told.value.advice or "")


def test_all_messages_that_are_refused_are_named_at_once(pair: Pair) -> None:
    """People decide once, with one command, however many there are; and of those dated in the future too."""
    two = [pair.revoke(1), pair.revoke(2)]
    pair.hold(taken_out(pair.request(NOW + SECOND), two), NOW + SECOND)
    pair.revoke(3, NOW + 2 * SECOND)
    late = pair.request(NOW + 3 * SECOND)
    with pytest.raises(Refused, match="2 of its messages are refused here") as told:
        prepare(pair.there(), late, fixed(NOW + 3 * SECOND))
    assert all(f"message {id_}: revoke of operator" in told.value.what for id_ in two)
    assert f"--leave-out {two[0]} --leave-out {two[1]} holds the ceremony without them" in (told.value.advice or "")
    assert all(f"--late {id_}" in (told.value.advice or "") for id_ in two)
    assert len(prepare(pair.there(), replace(late, left_out=frozenset(two)), fixed(NOW + 3 * SECOND)).done) == 3
    ahead = [replace(one, recorded_at=NOW + DAY) for one in late.messages]
    with pytest.raises(Refused, match=r"after the request was made at .*; and 3 more") as told:
        prepare(pair.there(), replace(late, messages=ahead), fixed(NOW + 3 * SECOND))
    assert (told.value.advice or "").count("--leave-out ") == 4


def test_message_that_could_not_be_recorded_so_late_is_refused_whatever_the_online_machine_says(pair: Pair) -> None:
    """When it was recorded is the online machine's word; until when it could be, its requester signed."""
    revoked = pair.revoke(1)
    whole = pair.request(NOW + DAY)
    pair.hold(taken_out(whole, [revoked]), NOW + DAY)
    second = pair.request(NOW + 2 * DAY, everything=True)
    lies = [replace(one, recorded_at=NOW + DAY + SECOND) for one in second.messages if one.message.id == revoked]
    with pytest.raises(Refused, match="it should have had it"):
        prepare(pair.there(), replace(second, messages=lies), fixed(NOW + 2 * DAY))


def test_late_message_is_done_when_people_say_that_it_is_right(pair: Pair) -> None:
    """It is shown as late, and stands in the transcript and the audit log."""
    revoked = pair.revoke(1)
    pair.hold(taken_out(pair.request(NOW + SECOND), [revoked]), NOW + SECOND)
    late = replace(pair.request(NOW + 2 * SECOND), late=frozenset({revoked}))
    signer = pair.there()
    plan = prepare(signer, late, fixed(NOW + 2 * SECOND))
    assert [line.startswith("LATE, ") for line in plan.done] == [True]
    held = hold(signer, late, plan, NOBODY)
    assert held.late == (revoked,)
    assert crl_serials(signer) == [1]


def test_message_that_is_left_out_is_not_done_and_shown_so(pair: Pair, tmp_path: Path) -> None:
    """The rest of the ceremony is held; the transcript and both audit logs name it; online it is declined, and told."""
    declined, done = pair.revoke(1), pair.revoke(2)
    request = replace(pair.request(NOW + SECOND), left_out=frozenset({declined}))
    signer = pair.there()
    plan = prepare(signer, request, fixed(NOW + SECOND))
    assert f"LEFT OUT: revoke 01 of operator, recorded at {iso(NOW)} (message {declined})" in plan.done
    held = hold(signer, request, plan, NOBODY)
    assert (held.left_out, crl_serials(signer)) == ((declined,), [2])
    assert f"message {declined}" in held.text()
    folder = pair.written(request, tmp_path / "first")
    with pytest.raises(Refused, match="by its transcript it was left out") as told:
        accept(pair.signer, folder, NOW + SECOND)
    assert declined in str(told.value)
    assert done not in str(told.value)
    assert accept(pair.signer, folder, NOW + SECOND, [declined]).left_out
    assert f"message {declined}" in [row["what"] for row in waiting_for_ceremony(pair.signer)]
    for machine, action in ((signer, "ceremony"), (pair.signer, "ceremony accept")):
        with machine.ledger.read() as connection:
            (detail,) = connection.execute(
                select(schema.audit.c.detail).where(schema.audit.c.action == action)
            ).scalars()
        assert json.loads(detail)["left_out"] == [declined]


def test_declined_message_is_not_asked_for_again_unless_somebody_wants_it(pair: Pair, tmp_path: Path) -> None:
    """The next ceremony goes as ever; one with all messages has it, and once it is done nothing is told of it."""
    declined = pair.revoke(1)
    first = replace(pair.request(NOW + SECOND), left_out=frozenset({declined}))
    pair.hold(first, NOW + SECOND)
    accept(pair.signer, pair.written(first, tmp_path / "1"), NOW + SECOND, [declined])
    second = pair.request(NOW + 2 * SECOND)
    assert second.messages == []
    pair.hold(second, NOW + 2 * SECOND)
    assert accept(pair.signer, pair.written(second, tmp_path / "2"), NOW + 2 * SECOND).left_out
    third = pair.request(NOW + 3 * SECOND, everything=True)
    signer = pair.hold(third, NOW + 3 * SECOND)
    assert crl_serials(signer) == [1]
    assert accept(pair.signer, pair.written(third, tmp_path / "3"), NOW + 3 * SECOND).left_out == ()
    assert waiting_for_ceremony(pair.signer) == []


@pytest.mark.parametrize("what", ["revoke", "release", "raise"])
def test_message_that_somebody_took_out_of_the_request_is_noticed_when_the_crl_comes_back(
    pair: Pair, tmp_path: Path, what: str
) -> None:
    """The CRL is signed, and says what it lacks; nothing goes into the exchange."""
    pair.revoke(1, reason="certificateHold")
    first = pair.request(NOW + SECOND)
    pair.hold(first, NOW + SECOND)
    accept(pair.signer, pair.written(first, tmp_path / "1"), NOW + SECOND)
    before = pair.signer.exchange.list()
    at = NOW + 2 * SECOND
    kept_back = {
        "revoke": lambda: pair.revoke(2, at),
        "release": lambda: pair.release(1, at),
        "raise": lambda: pair.revoke(1, at, "superseded"),
    }[what]()
    request = pair.request(at)
    changed = taken_out(request, [kept_back])
    signer = pair.hold(changed, at)
    held = earlier(signer, changed)
    assert held is not None
    folder = pair.written(changed, tmp_path / "2")
    transcript = folder / "transcript.json"
    transcript.write_text(transcript.read_text().replace(changed.digest, request.digest))
    with pytest.raises(Refused, match=f"does not say that 0{2 if what == 'revoke' else 1} is") as told:
        accept(pair.signer, folder, at)
    assert kept_back in told.value.what
    assert "by its transcript" not in told.value.what
    assert pair.signer.exchange.list() == before


def test_what_is_recorded_after_the_request_is_not_missed(pair: Pair, tmp_path: Path) -> None:
    """The ceremony could not know it: the next one will."""
    pair.revoke(1)
    request = pair.request(NOW + SECOND)
    pair.revoke(2, NOW + 2 * SECOND)
    pair.hold(request, NOW + SECOND)
    assert accept(pair.signer, pair.written(request, tmp_path / "1"), NOW + 2 * SECOND).left_out == ()


def test_message_dated_in_the_future_is_named_and_can_be_left_out(pair: Pair) -> None:
    """The clock of the online machine was wrong for a while: the rest does not wait until then."""
    later = NOW + 400 * DAY
    dated = pair.revoke(1, later)
    pair.revoke(2)
    request = pair.request(NOW + SECOND)
    with pytest.raises(Refused, match=f"was recorded at {iso(later)}, after the request was made") as told:
        prepare(pair.there(), request, fixed(NOW + SECOND))
    assert dated in (told.value.where or "")
    assert f"--leave-out {dated}" in (told.value.advice or "")
    signer = pair.hold(replace(request, left_out=frozenset({dated})), NOW + SECOND)
    assert crl_serials(signer) == [2]


def test_what_is_done_already_or_is_in_no_request_cannot_be_left_out(pair: Pair) -> None:
    """A revocation is final, and a wrong id is no id."""
    done = pair.revoke(1)
    pair.hold(pair.request(NOW + SECOND), NOW + SECOND)
    again = pair.request(NOW + 2 * SECOND)
    for id_, words in ((done, "was done at an earlier ceremony"), ("00" * 16, "is not in the request")):
        with pytest.raises(Refused, match=words):
            prepare(pair.there(), replace(again, left_out=frozenset({id_})), fixed(NOW + 2 * SECOND))


def test_ceremony_that_went_on_leaves_out_what_it_did_at_first(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more: what it did is done."""
    declined, done = pair.revoke(1), pair.revoke(2)
    request = pair.request(NOW + SECOND)
    first = replace(request, left_out=frozenset({declined}))
    signer = pair.there()
    plan = prepare(signer, first, fixed(NOW + SECOND))
    with monkeypatch.context() as patch:
        patch.setattr("signer.ceremony.sign.look", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hold(signer, first, plan, NOBODY)
    again = pair.there()
    with pytest.raises(Refused, match="this ceremony began at"):
        prepare(again, replace(request, left_out=frozenset({done})), fixed(NOW + 2 * SECOND))
    held = hold(again, request, prepare(again, request, fixed(NOW + 2 * SECOND)), NOBODY)
    assert (held.left_out, crl_serials(again)) == ((declined,), [2])
