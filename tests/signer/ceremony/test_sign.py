"""One ceremony within a process: a clock that is wrong, a crash at each step, and what may change between two looks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from revocation.clock import fixed
from revocation.errors import Refused, RevocastError
from signer.ceremony import sign
from signer.ceremony.approvals import Approval
from signer.ceremony.content import CRLContent
from signer.ceremony.sign import People, earlier, hold, prepare
from signer.ledger import ceremonies, facts, issued
from signer.ledger.changes import Changes
from signer.ledger.groups import Selection
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.signer.ceremony.pair import DAY, NOBODY, SECOND, Pair


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (-3 * 365 * DAY, "and the request was made at"),
        (-8 * DAY, "more than 7d apart"),
        (8 * DAY, "more than 7d apart"),
        (3 * 365 * DAY, "and the request was made at"),
    ],
)
def test_clock_that_is_far_from_the_request_is_refused(pair: Pair, away: timedelta, words: str) -> None:
    """By years or by days, in either direction; nothing is recorded or signed."""
    request = pair.request()
    signer = pair.there()
    with pytest.raises(Refused, match=words):
        prepare(signer, request, fixed(NOW + away))
    assert signer.exchange.list() == []
    pair.hold(request, NOW + 6 * DAY)


def test_clock_before_the_last_ceremony_is_refused(pair: Pair) -> None:
    """Although the request of it would fit."""
    pair.hold(pair.request(), NOW + 5 * DAY)
    request = pair.request(NOW + DAY)
    with pytest.raises(Refused, match="and the last ceremony was at"):
        prepare(pair.there(), request, fixed(NOW + 2 * DAY))


def test_clock_outside_of_the_certificates_validity_is_refused(pair: Pair) -> None:
    """Both clocks may be wrong alike."""
    end = NOW + 3651 * DAY
    request = pair.request(end)
    with pytest.raises(Refused, match="its certificate is valid from"):
        prepare(pair.there(), request, fixed(end))


class _PowerCut(Exception):
    pass


@pytest.mark.parametrize("step", ["_used", "look", "_require_done", "_transcript", "ceremonies.note"])
def test_ceremony_that_broke_off_goes_on_with_the_same_request(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """At whatever step: what was shown is signed once, and the end is the same."""
    pair.revoke(1)
    request = pair.request()
    signer = pair.there()
    plan = prepare(signer, request, fixed(NOW))

    def cut(*arguments: object, **more: object) -> None:
        raise _PowerCut

    with monkeypatch.context() as patch:
        owner, name = (ceremonies, "note") if step == "ceremonies.note" else (sign, step)
        patch.setattr(owner, name, cut)
        with pytest.raises(_PowerCut):
            hold(signer, request, plan, NOBODY)
    again = pair.there()
    assert earlier(again, request) is None
    rest = prepare(again, request, fixed(NOW + SECOND))
    held = hold(again, request, rest, NOBODY)
    (crl,) = held.crls
    assert crl.entries == 1
    assert earlier(pair.there(), request) == held
    assert len(held.bundles) == 4, "a CRL and three slices, none of them twice"


def test_crash_within_the_look_leaves_the_rest_to_the_next_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CRL lies in the exchange and the responses do not: they alone are shown and signed then."""
    request = pair.request()
    signer = pair.there()
    plan = prepare(signer, request, fixed(NOW))

    def cut(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("signer.look.presign", cut)
        with pytest.raises(KeyboardInterrupt):
            hold(signer, request, plan, NOBODY)
    again = pair.there()
    rest = prepare(again, request, fixed(NOW + SECOND))
    assert (rest.crls, len(rest.responses)) == ((), 1)
    held = hold(again, request, rest, NOBODY)
    assert int(held.crls[0].number) == plan.crls[0].content.number


def test_transcript_says_who_agreed_to_what_before_a_crash(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of several that broke off: what was asked for and who was there is in no other place."""
    pair.revoke(1)
    request = pair.request()
    shown = []

    def cut(*arguments: object, **more: object) -> None:
        raise _PowerCut

    for turn, name in enumerate(("Anna", "Ben")):
        signer = pair.there()
        plan = prepare(signer, request, fixed(NOW + turn * SECOND))
        shown.append(tuple(plan.lines()))
        people = People((name,), (Approval(name.lower(), "SHA256:key"),))
        with monkeypatch.context() as patch:
            patch.setattr(sign, "look", cut)
            with pytest.raises(_PowerCut):
                hold(signer, request, plan, people)
    signer = pair.there()
    held = hold(signer, request, prepare(signer, request, fixed(NOW + 2 * SECOND)), People(("Carla",), ()))
    assert [(one.operators, one.approvals[0].name, one.shown) for one in held.tries] == [
        (("Anna",), "anna", shown[0]),
        (("Ben",), "ben", shown[1]),
    ]
    assert any("certificate 01 of test is revoked since" in line for line in shown[0])
    text = held.text()
    assert all(line in text for lines in shown for line in lines)
    assert "Anna" in text
    assert "operators    Carla" in text


def test_plan_that_is_old_by_now_is_not_signed(pair: Pair) -> None:
    """Somebody held another ceremony while it was looked at."""
    request = pair.request()
    signer = pair.there()
    plan = prepare(signer, request, fixed(NOW))
    pair.revoke(1, NOW + SECOND)
    pair.hold(pair.request(NOW + 2 * SECOND), NOW + 2 * SECOND)
    before = signer.exchange.list()
    with pytest.raises(Refused):
        hold(signer, request, plan, NOBODY)
    assert signer.exchange.list() == before


def test_shown_plan_changes_nothing(pair: Pair) -> None:
    """Looking, and saying no, leaves the ledger as it was."""
    pair.revoke(1)
    request, signer = pair.request(), pair.there()
    first = prepare(signer, request, fixed(NOW))
    assert prepare(signer, request, fixed(NOW)) == first
    assert first.crls[0].content.entries.keys() == {b"\x01"}
    assert signer.exchange.list() == []


def test_online_revisions_compare_with_what_the_ceremony_signed(pair: Pair) -> None:
    """What it signed covers every fact before the request, and none after it."""
    pair.revoke(1)
    request = pair.request()
    pair.revoke(2, NOW + SECOND)
    signer = pair.hold(request)
    (profile,) = pair.signer.public.profiles.values()
    (issuer,) = request.header.issuers
    with signer.ledger.read() as there, pair.signer.ledger.read() as here:
        row = issued.last_stored(there, profile.crls["all"].part)
        assert row is not None
        assert row.revision == issuer.revision
        needed = Changes(here, profile.issuer).latest(Selection.of(profile.crls["all"]))
        assert row.revision < needed == facts.revision_of(here, profile.issuer)


def test_machine_of_ceremonies_signs_nothing_else(pair: Pair) -> None:
    """Whoever asks for what is due there, as `refresh` does, gets nothing; approvals would be worth nothing else."""
    signer = pair.there()
    with pytest.raises(Refused, match="signs at ceremonies alone"):
        look(signer, fixed(NOW))
    assert signer.exchange.list() == []


def test_crl_that_is_not_what_was_shown_is_not_handed_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason: the ceremony ends without a transcript, and nothing leaves the machine."""
    pair.revoke(1)
    request, signer = pair.request(), pair.there()
    plan = prepare(signer, request, fixed(NOW))
    real = sign.read_crl

    def other(signer: Signer, bundle: str) -> CRLContent | None:
        found = real(signer, bundle)
        return replace(found, entries={}) if found else None

    monkeypatch.setattr(sign, "read_crl", other)
    with pytest.raises(RevocastError, match="is not what was shown"):
        hold(signer, request, plan, NOBODY)
    assert earlier(pair.there(), request) is None
