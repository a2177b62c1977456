"""A look while certificates are issued, of which each is a fact: it goes on, where a change of status shortens it."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from revocation.clock import fixed
from signer.handle import handle
from signer.look import look
from signer.report import Report
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.slices import BEFORE, HOUR, SECOND

LATER = NOW + SECOND


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """Of sixteen slices."""
    return Estate.build(tmp_path / "e", public=BEFORE)


def look_while(signer: Signer, now: datetime, happens: Callable[[], object]) -> Report:
    """A look, and what happens after each thing that was made."""
    return look(signer, fixed(now), tell=happens)


def in_part(report: Report) -> int:
    """How many partial bundles it made."""
    return sum("covers revision" in what and "ocsp" in what for what in report.made)


def test_certificates_that_are_issued_meanwhile_keep_no_slice_from_its_partial_bundle(estate: Estate) -> None:
    """Or each look would sign one slice of those that lack something; the next look is in the next second."""
    signer, serials = estate.signer(), count(1000)
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    estate.register(signer, range(200, 400))
    report = look_while(signer, LATER, lambda: estate.register(signer, [next(serials)]))
    assert in_part(report) == 16
    assert report.again_at == LATER + SECOND


def test_revocation_meanwhile_is_looked_at_before_the_other_slices(estate: Estate) -> None:
    """One thing of each kind goes on in the same look."""
    signer, serials = estate.signer(), count(1)
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    estate.register(signer, range(200, 400))
    report = look_while(signer, LATER, lambda: handle(signer, estate.revoke(next(serials), now=LATER), fixed(LATER)))
    assert in_part(report) == 1
    assert report.again_at == LATER


def test_certificates_that_are_issued_meanwhile_wait_for_no_slice_that_is_renewed(estate: Estate) -> None:
    """Slices that are signed whole may be large: one of them goes on, and the others come in a later look."""
    signer, serials = estate.signer(), count(1000)
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    report = look_while(signer, NOW + 13 * HOUR, lambda: estate.register(signer, [next(serials)]))
    assert sum("its turn was" in what for what in report.made if "ocsp" in what) == 1
