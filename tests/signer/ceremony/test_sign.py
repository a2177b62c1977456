"""One ceremony within a process: a clock that is wrong, a crash at each step, and what may change between two looks."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Import, Release, Verb
from revocation.status import Reason, Revocation
from signer.ceremony import sign
from signer.ceremony.approvals import Approval
from signer.ceremony.content import CRLContent
from signer.ceremony.entries import Record
from signer.ceremony.request import Asked, decode, encode
from signer.ceremony.sign import People, earlier, hold, prepare
from signer.handle import handle
from signer.importers.entry import ImportSource
from signer.importing import digest_of
from signer.ledger import ceremonies, facts, issued
from signer.ledger.changes import Changes
from signer.ledger.groups import Selection
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import certificate
from tests.signer.ceremony.pair import DAY, NOBODY, SECOND, Pair
from tests.signer.reading import crl_serials


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two installations."""
    return Pair(tmp_path)


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


def test_request_that_would_use_up_all_revisions_is_refused(pair: Pair) -> None:
    """Somebody made it up: later ceremonies would have none left."""
    request = pair.request()
    (issuer,) = request.header.issuers
    issuers = (issuer.model_copy(update={"revision": 1 << 62}),)
    made_up = replace(request, header=request.header.model_copy(update={"issuers": issuers}))
    with pytest.raises(Refused, match="no ledger gets so far"):
        prepare(pair.there(), made_up, fixed(NOW))


def test_message_that_nobody_signed_is_refused(pair: Pair) -> None:
    """A request can be made up; what its requesters asked for cannot."""
    pair.revoke(1)
    request = pair.request()
    asked = request.messages[-1]
    body = {**asked.message.body, "reason": "certificateHold"}
    forged = replace(asked, message=asked.message.model_copy(update={"body": body}))
    with pytest.raises(Refused, match="is refused here: "):
        prepare(pair.there(), replace(request, messages=[*request.messages[:-1], forged]), fixed(NOW))


def test_message_that_was_not_current_when_it_was_recorded_is_refused(pair: Pair) -> None:
    """Who holds the online machine cannot bring up again what expired before it was done."""
    pair.revoke(1)
    request = pair.request()
    late = replace(request.messages[-1], recorded_at=NOW - DAY)
    with pytest.raises(Refused, match="in the future"):
        prepare(pair.there(), replace(request, messages=[*request.messages[:-1], late]), fixed(NOW))


def test_message_that_comes_in_two_requests_is_done_once(pair: Pair) -> None:
    """The first was never accepted, so the second has an import of a hold again, which was released since."""
    held = certificate(4, revocation=Revocation(NOW - DAY, Reason.certificateHold))
    pair.online.import_(pair.signer, [held])
    pair.hold(pair.request())
    released = pair.online.ask(Verb.RELEASE, Release(issuer="test", serial="04"), NOW + SECOND)
    assert handle(pair.signer, released, fixed(NOW + SECOND)).revision
    pair.hold(pair.request(NOW + 2 * SECOND), NOW + 2 * SECOND)
    assert crl_serials(pair.there()) == []
    again = pair.request(NOW + 3 * SECOND)
    assert len(again.messages) == 3
    assert prepare(pair.there(), again, fixed(NOW + 3 * SECOND)).done == ()
    pair.hold(again, NOW + 3 * SECOND)
    assert crl_serials(pair.there()) == []


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


def test_request_that_names_an_issuer_twice_is_refused(pair: Pair) -> None:
    """It would be shown twice and signed once."""
    header = pair.request().header
    twice = header.model_copy(update={"issuers": header.issuers * 2, "messages": 0})
    with pytest.raises(InputError, match=r"names the issuer test .* more than once"):
        decode(encode(twice, []))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"crl_number": 1 << 100}, "its CRL number is"),
        ({"crl_number": None}, "its CRL number is None"),
        ({"description": "an audited CA"}, "what was signed is an import of a test"),
        ({"entries": []}, "the source changed"),
    ],
)
def test_what_an_import_read_is_what_its_requester_signed(pair: Pair, changed: dict[str, object], words: str) -> None:
    """A CRL number that somebody put in would use up those of the issuer; the name is what people are shown."""
    pair.online.import_(pair.signer, [certificate(4)], crl_number=7)
    request = pair.request()
    asked = request.messages[-1]
    source = json.dumps(json.loads(asked.source or "") | changed)
    with pytest.raises(Refused, match=words):
        prepare(pair.there(), replace(request, messages=[replace(asked, source=source)]), fixed(NOW))
    pair.hold(request)


@pytest.mark.parametrize("number", [None, 7])
def test_import_of_a_version_that_signed_no_crl_number(pair: Pair, number: int | None) -> None:
    """It is done where there is no number, and else refused with what to do."""
    digest, _ = digest_of([certificate(4)], lambda: None)
    message = pair.online.ask(Verb.IMPORT, Import(issuer="test", source="a test", entries_sha256=digest))
    older = message.model_copy(update={"body": {k: v for k, v in message.body.items() if k != "crl_number"}})
    signed = pair.online.operator.sign(older.model_copy(update={"signature": None}))
    record = Record(ImportSource("a test", [certificate(4)], number))
    list(record)
    asked = replace(pair.request(), messages=[Asked(NOW, signed, record.text)])
    if number is None:
        assert len(prepare(pair.there(), asked, fixed(NOW)).done) == 1
        return
    with pytest.raises(Refused, match="an older version of Revocast signed it") as told:
        prepare(pair.there(), asked, fixed(NOW))
    assert "import again with this version" in (told.value.advice or "")
