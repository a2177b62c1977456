"""What a ceremony does with the messages and imports of its request: held against who signed them, done once."""

import json
from dataclasses import replace

import pytest

from revocation.clock import fixed
from revocation.errors import InputError, Refused
from revocation.messages import Import, Release, Verb
from revocation.status import Reason, Revocation
from signer.ceremony.entries import Record
from signer.ceremony.request import Asked, decode, encode
from signer.ceremony.sign import prepare
from signer.handle import handle
from signer.importers.entry import ImportSource
from signer.importing import digest_of
from tests.authority import NOW
from tests.estate import certificate
from tests.signer.ceremony.pair import DAY, SECOND, Pair
from tests.signer.reading import crl_serials


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
