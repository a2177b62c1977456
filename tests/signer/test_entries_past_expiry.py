"""Entries of certificates that have expired: on the CRLs of one more life, and gone when those were published."""

from datetime import timedelta

from revocation.clock import fixed
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate, certificate
from tests.signer.reading import crl_serials, told

HOUR = timedelta(hours=1)


def test_entry_of_a_certificate_that_expired_before_its_first_crl_appears_once(estate: Estate) -> None:
    """RFC 5280 section 3.3: revoked and expired between two CRLs, it is on the next one and gone from the one after."""
    signer = estate.signer()
    entry = certificate(5, not_after=NOW - HOUR, revocation=Revocation(NOW - 2 * HOUR, Reason.superseded))
    estate.import_(signer, [entry])
    look(signer, fixed(NOW))
    assert crl_serials(signer) == [5]
    for hours in (12, 24, 36, 48):
        look(signer, fixed(NOW + hours * HOUR), hint=told(signer))
    assert crl_serials(signer) == []


def test_entry_stays_as_long_as_no_crl_was_ever_seen_published(estate: Estate) -> None:
    """That one was signed says nothing of what relying parties saw."""
    signer = estate.signer()
    estate.import_(signer, [certificate(5, not_after=NOW - HOUR, revocation=Revocation(NOW - 2 * HOUR))])
    for days in range(5):
        look(signer, fixed(NOW + days * 24 * HOUR))
    assert crl_serials(signer) == [5]


def test_entry_stays_as_long_as_no_crl_past_expiry_was_published(estate: Estate) -> None:
    """Publishers were down for days: CRLs that nobody saw have shown nothing; it leaves when one was published."""
    signer = estate.signer()
    entry = certificate(5, not_after=NOW + 3 * HOUR, revocation=Revocation(NOW + HOUR))
    look(signer, fixed(NOW))
    seen = told(signer)
    estate.import_(signer, [entry], NOW + HOUR)
    for hours in range(1, 100, 12):
        look(signer, fixed(NOW + hours * HOUR), hint=seen)
        assert crl_serials(signer) == [5]
    look(estate.signer(), fixed(NOW + 110 * HOUR), hint=told(signer))
    assert crl_serials(signer) == [], "a new process is told, and the CRLs of four days have shown it"


def test_entry_stays_on_every_crl_of_a_whole_crl_life_past_expiry(estate: Estate) -> None:
    """RFC 5280 asks for one scheduled CRL past expiry; kept for the life of a CRL, one of them was published."""
    signer = estate.signer()
    entry = certificate(5, not_after=NOW + 13 * HOUR, revocation=Revocation(NOW - HOUR))
    estate.import_(signer, [entry])
    found = []
    for turn in range(6):
        look(signer, fixed(NOW + turn * 12 * HOUR), hint=told(signer))
        found.append(crl_serials(signer))
    assert found == [[5], [5], [5], [5], [5], []]


def test_certificate_revoked_after_it_expired_is_on_the_crls_of_one_more_life(estate: Estate) -> None:
    """What the operator is told: CRLs past the expiry were made already, and the next ones still list it."""
    signer = estate.signer()
    estate.register(signer, [5], not_after=NOW + HOUR)
    for days in (0, 3):
        look(signer, fixed(NOW + days * 24 * HOUR), hint=told(signer))
    handle(signer, estate.revoke(5, now=NOW + 73 * HOUR), fixed(NOW + 73 * HOUR))
    found = []
    for hours in (73, 85, 97, 109, 121):
        look(signer, fixed(NOW + hours * HOUR), hint=told(signer))
        found.append(crl_serials(signer))
    assert found == [[5], [5], [5], [5], []]
