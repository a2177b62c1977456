"""Raising the reason of a revocation to a compromise of the key: what may change, and which way the date may go."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from revocation.clock import fixed
from revocation.messages import Outcome, Raise, Release, Reply, Verb
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate, certificate
from tests.signer.reading import bundles, newest_crl

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LATER = NOW + 10 * DAY


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """It knows 1 as good, 2 as superseded since NOW, 3 on hold since NOW, 4 as revoked long before it was imported."""
    opened = estate.signer()
    long_ago = Revocation(NOW - 900 * DAY, Reason.superseded)
    estate.register(opened, [1, 2, 3])
    estate.import_(opened, [certificate(4, revocation=long_ago)])
    handle(opened, estate.revoke(2, "superseded", invalidity_date=NOW - 3 * DAY), fixed(NOW))
    handle(opened, estate.revoke(3, "certificateHold"), fixed(NOW))
    return opened


def ask(
    estate: Estate,
    signer: Signer,
    serial: str,
    reason: str = "keyCompromise",
    *,
    revoked_at: datetime | None = None,
    invalidity_date: datetime | None = None,
    now: datetime = LATER,
) -> Reply:
    """The reply to a message that the operator signed."""
    body = Raise(issuer="test", serial=serial, reason=reason, revoked_at=revoked_at, invalidity_date=invalidity_date)
    return handle(signer, estate.ask(Verb.RAISE, body, now), fixed(now))


def entry(signer: Signer, serial: int) -> tuple[datetime, str, datetime | None]:
    """Date, reason and invalidity date on the CRL that is made now."""
    assert not look(signer, fixed(LATER)).problems
    found = newest_crl(signer).get_revoked_certificate_by_serial_number(serial)
    assert found is not None
    reason = found.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    try:
        invalid = found.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        invalid = None
    return found.revocation_date_utc, reason, invalid


def test_reason_is_raised_and_the_date_moves_back(estate: Estate, signer: Signer) -> None:
    """On the CRL and in the response; the invalidity date stays when none is given."""
    reply = ask(estate, signer, "02", revoked_at=NOW - 2 * DAY)
    assert (reply.outcome, reply.data["crls"]) == (Outcome.DONE, ["all"]), reply
    assert entry(signer, 2) == (NOW - 2 * DAY, "keyCompromise", NOW - 3 * DAY)
    said = {
        (single.revocation_time_utc, single.revocation_reason)
        for _, responses in bundles(signer, "ocsp")
        for data in responses
        for single in ocsp.load_der_ocsp_response(data).responses
        if single.serial_number == 2
    }
    assert said == {(NOW - 2 * DAY, x509.ReasonFlags.key_compromise)}


def test_date_stays_when_none_is_given(estate: Estate, signer: Signer) -> None:
    """Also where it lies further back than an operator may date a revocation: it is not this message that dates it."""
    assert ask(estate, signer, "02").outcome is Outcome.DONE
    assert ask(estate, signer, "04").outcome is Outcome.DONE
    assert entry(signer, 2)[:2] == (NOW, "keyCompromise")
    assert entry(signer, 4)[:2] == (NOW - 900 * DAY, "keyCompromise")


def test_hold_that_is_raised_is_final(estate: Estate, signer: Signer) -> None:
    """It cannot be released any more."""
    assert ask(estate, signer, "03", revoked_at=NOW - DAY).outcome is Outcome.DONE
    assert entry(signer, 3)[:2] == (NOW - DAY, "keyCompromise")
    released = handle(signer, estate.ask(Verb.RELEASE, Release(issuer="test", serial="03"), LATER), fixed(LATER))
    assert released.outcome is Outcome.REFUSED


def test_compromise_that_was_earlier_than_thought_moves_the_date_once_more(estate: Estate, signer: Signer) -> None:
    """But never so far that a stolen operator key could undo the past: the limit counts from the first date."""
    assert ask(estate, signer, "02", revoked_at=NOW - 300 * DAY).outcome is Outcome.DONE
    assert ask(estate, signer, "02", revoked_at=NOW - 366 * DAY).outcome is Outcome.DONE
    reply = ask(estate, signer, "02", revoked_at=NOW - 366 * DAY - SECOND)
    assert (reply.outcome, "is further back than 366d from" in reply.detail) == (Outcome.REFUSED, True)


@pytest.mark.parametrize(
    ("serial", "reason", "times", "said"),
    [
        ("01", "keyCompromise", {}, "is not revoked"),
        ("09", "keyCompromise", {}, "is not known to the ledger"),
        ("02", "cessationOfOperation", {}, "cessationOfOperation is none"),
        ("02", "keyCompromise", {"revoked_at": NOW + SECOND}, "is later than the one so far, 2026-"),
        ("02", "keyCompromise", {"revoked_at": LATER + SECOND}, "is in the future"),
        ("02", "keyCompromise", {"invalidity_date": LATER + SECOND}, "is in the future"),
    ],
)
def test_what_cannot_be_raised_is_refused(
    estate: Estate, signer: Signer, serial: str, reason: str, times: dict[str, datetime], said: str
) -> None:
    """With the reason, and nothing is changed."""
    reply = ask(estate, signer, serial, reason, **times)
    assert (reply.outcome, said in reply.detail) == (Outcome.REFUSED, True), reply.detail
    assert entry(signer, 2) == (NOW, "superseded", NOW - 3 * DAY)


def test_what_would_change_nothing_is_refused(estate: Estate, signer: Signer) -> None:
    """The same reason with the same date is no news; with another id it is refused."""
    assert ask(estate, signer, "02").outcome is Outcome.DONE
    reply = ask(estate, signer, "02")
    assert (reply.outcome, "nothing would change" in reply.detail) == (Outcome.REFUSED, True)


def test_reason_that_the_brs_forbid_is_no_reason_to_raise_to(tmp_path: Path) -> None:
    """A compromised CA is keyCompromise there too."""
    estate = Estate.build(tmp_path / "e", public='compliance = "br"')
    signer = estate.signer()
    estate.register(signer, [2], is_ca=True)
    handle(signer, estate.revoke(2, "superseded"), fixed(NOW))
    reply = ask(estate, signer, "02", "cACompromise")
    assert (reply.outcome, "do not allow the reason" in reply.detail) == (Outcome.REFUSED, True)
    assert ask(estate, signer, "02").outcome is Outcome.DONE
