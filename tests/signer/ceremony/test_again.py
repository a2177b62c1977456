"""What an accepted ceremony left out can be asked for again, by a new message: as the offline machine knows it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.messages import Outcome, Raise, Reply, Verb
from signer.ceremony.accept import accept
from signer.ceremony.sign import prepare
from signer.ceremony.waiting import waiting_for_ceremony
from signer.handle import handle
from tests.authority import NOW
from tests.signer.ceremony.pair import SECOND, Pair
from tests.signer.reading import crl_serials

LATER = NOW + 10 * SECOND


def ceremony(pair: Pair, at: datetime, *without: str) -> list[int]:
    """A whole one through the air gap; what the CRL lists, of which the online machine agrees to all but these."""
    request = replace(pair.request(at), left_out=frozenset(without))
    signer = pair.hold(request, at)
    folder = pair.written(request, pair.online.folder / f"stick-{at:%H%M%S}")
    assert {*accept(pair.signer, folder, at, without).transcript.left_out} == {*without}
    return crl_serials(signer)


def asked(pair: Pair, serial: int, reason: str, now: datetime) -> Reply:
    """What is replied to a revocation."""
    return handle(pair.signer, pair.online.revoke(serial, reason, now=now), fixed(now))


def raised(pair: Pair, serial: int, now: datetime) -> Reply:
    """What is replied to a reason that is raised."""
    body = Raise(issuer="test", serial=f"{serial:02X}", reason="keyCompromise")
    return handle(pair.signer, pair.online.ask(Verb.RAISE, body, now), fixed(now))


def test_revocation_that_was_left_out_is_asked_for_again_and_comes_onto_the_crl(pair: Pair) -> None:
    """With the date of the new message on both machines; the same once more changes nothing."""
    first = pair.revoke(1)
    assert ceremony(pair, NOW + SECOND, first) == []
    again = asked(pair, 1, "keyCompromise", LATER)
    assert again.outcome is Outcome.DONE
    once_more = asked(pair, 1, "keyCompromise", LATER + SECOND)
    assert once_more.outcome is Outcome.REFUSED
    assert "is already revoked" in once_more.detail
    assert ceremony(pair, LATER + 2 * SECOND) == [1]
    assert waiting_for_ceremony(pair.signer) == []


def test_what_is_asked_again_and_left_out_again_is_asked_for_once_more(pair: Pair) -> None:
    """Each ceremony says anew what it lacks."""
    ceremony(pair, NOW + SECOND, pair.revoke(1))
    ceremony(pair, LATER, pair.revoke(1, NOW + 2 * SECOND))
    pair.revoke(1, LATER + SECOND)
    assert ceremony(pair, LATER + 2 * SECOND) == [1]


def test_reason_of_what_was_left_out_cannot_be_raised_but_it_is_revoked_again(pair: Pair) -> None:
    """The next ceremony would refuse it, so it is refused where it is asked, with what to do."""
    ceremony(pair, NOW + SECOND, pair.revoke(1, reason="superseded"))
    reply = raised(pair, 1, LATER)
    assert reply.outcome is Outcome.REFUSED
    assert "is not revoked" in reply.detail
    assert asked(pair, 1, "keyCompromise", LATER).outcome is Outcome.DONE
    assert ceremony(pair, LATER + SECOND) == [1]


@pytest.mark.parametrize("what", ["release", "revoke", "raise"])
def test_change_of_what_is_on_the_crl_that_was_left_out_is_asked_for_again(pair: Pair, what: str) -> None:
    """A certificate stands as the CRL says, so the same can follow on that."""
    pair.revoke(1, reason="superseded" if what == "raise" else "certificateHold")
    ceremony(pair, NOW + SECOND)
    change: dict[str, Callable[[datetime], str]] = {
        "release": lambda at: pair.release(1, at),
        "revoke": lambda at: pair.revoke(1, at, "superseded"),
        "raise": lambda at: raised(pair, 1, at).id,
    }
    ceremony(pair, NOW + 3 * SECOND, change[what](NOW + 2 * SECOND))
    change[what](LATER)
    assert ceremony(pair, LATER + SECOND) == ([] if what == "release" else [1])
    assert waiting_for_ceremony(pair.signer) == []


def test_revocation_that_was_done_is_final_whatever_was_left_out(pair: Pair) -> None:
    """Only what a message that was left out says counts as not done."""
    pair.revoke(2)
    ceremony(pair, NOW + SECOND, pair.revoke(1))
    assert asked(pair, 2, "keyCompromise", LATER).outcome is Outcome.REFUSED


def test_what_waits_for_its_first_ceremony_is_final(pair: Pair) -> None:
    """The ceremony will have it."""
    pair.revoke(1)
    assert asked(pair, 1, "keyCompromise", LATER).outcome is Outcome.REFUSED


def test_refusal_of_a_message_at_the_ceremony_says_how_it_is_asked_for_again(pair: Pair) -> None:
    """Also what to do where the key of its requester was replaced."""
    ceremony(pair, NOW)
    message = pair.revoke(1, NOW + SECOND)
    file = pair.offline.folder / "revocast.toml"
    other = Pair(pair.offline.folder / "other").offline.folder / "revocast.toml"
    old, new = (re.findall('public_key = ".*"', one.read_text())[0] for one in (file, other))
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(Refused, match="is refused here") as told:
        prepare(pair.there(), pair.request(NOW + 2 * SECOND), fixed(NOW + 2 * SECOND))
    advice = told.value.advice or ""
    assert "under another name" in advice
    assert f"--leave-out {message}" in advice
    assert "ask for it again" in advice


@pytest.mark.parametrize("times", [1, 2])
def test_request_of_all_names_the_message_that_a_later_one_replaced(pair: Pair, times: int) -> None:
    """The option in the refusal holds the ceremony with the later one, and nothing is left to do online."""
    asked_for = []
    for nth in range(times):
        asked_for.append(pair.revoke(1, NOW + 4 * nth * SECOND))
        ceremony(pair, NOW + (4 * nth + 2) * SECOND, asked_for[-1])
    asked_for.append(pair.revoke(1, LATER))
    request = pair.request(LATER + SECOND, everything=True)
    with pytest.raises(Refused, match="is already revoked") as told:
        prepare(pair.there(), request, fixed(LATER + SECOND))
    instead, _, both = (told.value.advice or "").partition(" holds the ceremony with what was asked for again")
    options = re.findall("--leave-out ([0-9a-f]{32})", instead)
    assert options == asked_for[:-1]
    assert f"--leave-out {asked_for[-1]}" in both
    request = replace(request, left_out=frozenset(options))
    assert crl_serials(pair.hold(request, LATER + SECOND)) == [1]
    accept(pair.signer, pair.written(request, pair.online.folder / "stick"), LATER + SECOND)
    assert waiting_for_ceremony(pair.signer) == []


def test_release_that_followed_on_a_revocation_that_was_left_out_names_that(pair: Pair) -> None:
    """Whatever each of them asked for."""
    pair.revoke(1, reason="certificateHold")
    ceremony(pair, NOW + SECOND)
    final = pair.revoke(1, NOW + 2 * SECOND)
    ceremony(pair, NOW + 3 * SECOND, final)
    pair.release(1, LATER)
    request = pair.request(LATER + SECOND, everything=True)
    with pytest.raises(Refused, match="only certificateHold ends") as told:
        prepare(pair.there(), request, fixed(LATER + SECOND))
    assert f"--leave-out {final} holds the ceremony with what" in (told.value.advice or "")
    assert crl_serials(pair.hold(replace(request, left_out=frozenset([final])), LATER + SECOND)) == []


def test_what_follows_on_a_release_that_was_declined_names_what_that_does(pair: Pair) -> None:
    """The revocation after it stands again once the one that the release could not follow on is left out."""
    pair.revoke(1, reason="certificateHold")
    ceremony(pair, NOW + SECOND)
    final = pair.revoke(1, NOW + 2 * SECOND)
    ceremony(pair, NOW + 3 * SECOND, final)
    pair.release(1, NOW + 4 * SECOND)
    pair.revoke(1, NOW + 5 * SECOND)
    request = pair.request(LATER, everything=True)
    with pytest.raises(Refused, match="2 of its messages are refused") as told:
        prepare(pair.there(), request, fixed(LATER))
    options = re.findall("--leave-out ([0-9a-f]{32})", (told.value.advice or "").partition(" holds")[0])
    assert options == [final]
    request = replace(request, left_out=frozenset(options))
    assert crl_serials(pair.hold(request, LATER)) == [1]
    assert accept(pair.signer, pair.written(request, pair.online.folder / "stick"), LATER).put


def test_message_that_was_done_before_is_not_named(pair: Pair) -> None:
    """To leave it out changes nothing any more."""
    first = pair.revoke(1)
    ceremony(pair, NOW + SECOND, first)
    second = pair.revoke(1, NOW + 2 * SECOND)
    request = replace(pair.request(LATER, everything=True), left_out=frozenset([second]))
    pair.hold(request, LATER)
    accept(pair.signer, pair.written(request, pair.online.folder / "stick"), LATER, [second])
    with pytest.raises(Refused, match="is already revoked") as told:
        prepare(pair.there(), pair.request(LATER + SECOND, everything=True), fixed(LATER + SECOND))
    assert f"--leave-out {second}" in (told.value.advice or "")
    assert first not in (told.value.advice or "")
