"""Requests and messages that somebody made to be odd: each is refused, and none is anybody else's harm."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from pydantic import ValidationError

from revocation import der
from revocation.clock import fixed
from revocation.errors import InputError, Refused
from revocation.messages import Message, Outcome
from signer.change import asked_of
from signer.issuing import prepare
from signer.issuing.draft import Draft, draft
from signer.issuing.issue import issue_together
from signer.issuing.prepare import Keys
from tests.authority import NOW
from tests.building.keyforms import EC
from tests.building.requests import (
    IA5,
    PRINTABLE,
    UTF8,
    attribute,
    extension,
    info_of,
    names,
    request_info,
    signed_by,
    wanting,
    wish,
)
from tests.signer.issuing.office import Office

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be")
"""Of cryptography, which takes it all the same."""

KEY = info_of(EC)
HOST = names("www.example.com")
ODD = {
    "version 2": request_info(KEY, extensions=[HOST], version=1),
    "common name as BIT STRING": request_info(
        KEY, subject=der.sequence(attribute("2.5.4.3", der.BIT_STRING, b"\0abc")), extensions=[HOST]
    ),
    "unknown TLS feature": request_info(
        KEY, extensions=[HOST, extension("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(22)))]
    ),
    "extension twice": request_info(KEY, extensions=[HOST, HOST]),
}


@pytest.mark.parametrize("info", ODD.values(), ids=ODD)
@pytest.mark.parametrize("profile", ["server", "client"])
def test_request_that_a_library_chokes_on_is_refused(shared: Office, profile: str, info: bytes) -> None:
    """Although its signature is its key's."""
    assert "is no PKCS #10 request that can be read" in shared.refused(profile, (), csr=signed_by(EC, info))


def test_fraction_of_a_second_is_refused(shared: Office) -> None:
    """No certificate can have one."""
    half = timedelta(microseconds=500_000)
    message = shared.ask(lasts=86400)
    body = message.body | {"not_before": (NOW + half).isoformat()}
    signed = shared.estate.operator.sign(message.model_copy(update={"body": body}))
    reply = shared.reply(signed)
    assert (reply.outcome, "fraction of a second" in reply.detail) == (Outcome.REFUSED, True)


@pytest.mark.parametrize("lasts", [10**12, 10**15, 10**30])
def test_time_beyond_a_hundred_years_is_refused(shared: Office, lasts: int) -> None:
    """Also where it is beyond what can be calculated."""
    with pytest.raises(ValidationError):
        shared.ask(lasts=lasts)
    message = shared.ask(lasts=1)
    signed = shared.estate.operator.sign(message.model_copy(update={"body": message.body | {"lasts": lasts}}))
    assert shared.reply(signed).outcome is Outcome.REFUSED


def test_message_that_breaks_the_preparation_fails_alone_and_may_be_asked_again(
    shared: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is remembered, and the others of the same transaction are issued."""
    good, bad = shared.ask(), shared.ask(names=("dns:bad.example.com",))

    def breaking(*arguments: object) -> Draft:
        if "dns:bad.example.com" in arguments[2].names:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return draft(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "draft", breaking)
        texts = [one.model_dump_json() for one in (bad, good)]
        replies = issue_together(shared.signer, texts, fixed(NOW))
    assert [one.outcome for one in replies] == [Outcome.FAILED, Outcome.DONE]
    assert "ZeroDivisionError" in replies[0].detail
    assert shared.reply(bad).outcome is Outcome.DONE


WHOLE = (
    request_info(
        KEY,
        subject=der.sequence(attribute("2.5.4.3", UTF8, b"Alice"), attribute("2.5.4.6", PRINTABLE, b"EE")),
        extensions=[
            names("www.example.com", "*.example.com"),
            extension("2.5.29.15", der.tlv(der.BIT_STRING, b"\5\xa0")),
            extension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.1"))),
            extension("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(5))),
        ],
    ),
    request_info(
        KEY,
        subject=der.sequence(attribute("2.5.4.10", UTF8, b"Example"), attribute("2.5.4.3", IA5, b"Sub")),
        extensions=[
            extension(
                "2.5.29.17", der.sequence(der.tlv(0x81, b"a@example.com"), der.tlv(0x86, b"https://example.com/x"))
            )
        ],
    ),
)
PROFILES = ("server", "client", "email", "code_signing", "intermediate", "ocsp")
LIKELY = (UTF8, PRINTABLE, IA5, 0x1E, 0x03, 0x00, 0x80, 0xFF, 0x17, 0x05)
"""Octets that change what a field is, rather than what is in it."""


def mutated(chosen: random.Random) -> bytes:
    """A request of which an octet or two are others, signed as it is then."""
    info = bytearray(chosen.choice(WHOLE))
    for _ in range(chosen.choice((1, 1, 2))):
        info[chosen.randrange(len(info))] = chosen.choice((chosen.randrange(256), *LIKELY))
    return signed_by(EC, bytes(info))


def verdict(office: Office, message: Message) -> str:
    """What becomes of it: `Draft`, `Refused` or `InputError`; whatever else is raised says that it is not so."""
    made = prepare.prepare(office.signer, asked_of(office.signer, message), Keys(office.signer), NOW).draft
    return type(made).__name__


def test_mutated_requests_are_certified_or_refused_and_nothing_else(shared: Office) -> None:
    """Of a thousand with a fixed seed; whatever is raised fails this."""
    chosen, found = random.Random(7), Counter[str]()
    for number in range(1000):
        found[verdict(shared, shared.ask(PROFILES[number % len(PROFILES)], (), csr=mutated(chosen)))] += 1
    assert set(found) == {Draft.__name__, Refused.__name__, InputError.__name__}
    assert min(found.values()) > 10


@pytest.mark.parametrize(
    "attributes",
    [
        [wish(HOST), wish(names("other.example.com"))],
        [wish(HOST), wish(names("other.example.com"), type_="1.3.6.1.4.1.311.2.1.14")],
        [wish(HOST, names("other.example.com"))],
    ],
    ids=["twice", "Microsoft's too", "two values"],
)
def test_request_that_wants_extensions_in_several_places_is_refused(shared: Office, attributes: list[bytes]) -> None:
    """A library reads one of them, and who made the request may have meant the other (RFC 2985 section 5.4.2)."""
    assert "wants extensions in several places" in shared.refused("server", (), csr=wanting(EC, *attributes))


def test_request_that_wants_extensions_in_one_place_is_certified(shared: Office) -> None:
    """In Microsoft's attribute too, and beside a challengePassword."""
    password = der.sequence(der.oid("1.2.840.113549.1.9.7"), der.tlv(0x31, der.tlv(UTF8, b"x")))
    for one in (wish(HOST), wish(HOST, type_="1.3.6.1.4.1.311.2.1.14")):
        shared.issue("server", (), csr=wanting(EC, one, password))
