"""Entries of expired certificates: they leave an offline CA's CRLs too, by what came back from its ceremonies."""

from datetime import datetime
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.status import Reason, Revocation
from signer.ceremony.accept import accept
from signer.ceremony.sign import prepare
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import certificate
from tests.signer.ceremony.pair import DAY, Pair
from tests.signer.reading import crl_serials

QUARTER = 90 * DAY


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two installations; two certificates are revoked, of which one expires soon."""
    pair = Pair(tmp_path)
    revoked = Revocation(NOW - DAY, Reason.superseded)
    pair.online.import_(
        pair.signer,
        [
            certificate(4, not_after=NOW + 10 * DAY, revocation=revoked),
            certificate(5, not_after=NOW + 3000 * DAY, revocation=revoked),
        ],
    )
    return pair


def ceremony(pair: Pair, at: datetime, folder: Path, *, accepted: bool = True) -> Signer:
    """A ceremony, and its way back."""
    request = pair.request(at)
    signer = pair.hold(request, at)
    if accepted:
        accept(pair.signer, pair.written(request, folder), at)
    return signer


def test_entry_leaves_once_a_crl_showed_it_past_expiry_and_another_lived(pair: Pair, tmp_path: Path) -> None:
    """RFC 5280 section 3.3: never before it was on one CRL past that; here for the 200 days of one more."""
    listed = []
    for turn in range(6):
        signer = ceremony(pair, NOW + turn * QUARTER, tmp_path / f"out{turn}")
        listed.append(crl_serials(signer))
    assert listed == [[4, 5], [4, 5], [4, 5], [4, 5], [5], [5]]


def test_entry_that_leaves_is_shown_to_those_who_agree(pair: Pair, tmp_path: Path) -> None:
    """What they see is what is signed."""
    for turn in range(4):
        ceremony(pair, NOW + turn * QUARTER, tmp_path / f"out{turn}")
    request = pair.request(NOW + 4 * QUARTER)
    plan = prepare(pair.there(), request, fixed(NOW + 4 * QUARTER))
    assert "      removed, was superseded: 1 (04)" in list(plan.lines())


def test_entry_stays_where_no_ceremony_came_back(pair: Pair, tmp_path: Path) -> None:
    """The sticks were lost: what was signed and never published has shown nothing."""
    ceremony(pair, NOW, tmp_path / "first")
    for turn in range(1, 6):
        signer = ceremony(pair, NOW + turn * QUARTER, tmp_path / f"out{turn}", accepted=False)
        assert crl_serials(signer) == [4, 5]
    at = NOW + 6 * QUARTER
    assert crl_serials(ceremony(pair, at, tmp_path / "late")) == [4, 5]
    assert crl_serials(ceremony(pair, at + QUARTER, tmp_path / "later")) == [5]
