"""When a CRL is to be replaced that was signed while something else was configured."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.compliance import Compliance
from revocation.crlspec import NEVER, CRLSpec, LastCRL
from tests.authority import NOW
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def spec(tmp_path: Path) -> CRLSpec:
    """The CRL of everything: a day, renewed after half of it."""
    return Place(tmp_path / "place").profile.crls["all"]


@pytest.mark.parametrize("compliance", list(Compliance))
@pytest.mark.parametrize("last", [None, LastCRL.EXPIRY])
def test_crl_of_the_configured_window_is_not_replaced_before_its_time(
    spec: CRLSpec, compliance: Compliance, last: LastCRL | None
) -> None:
    """Or every look would make another: also the last one of a retired issuer, and under `br`."""
    spec = replace(spec, compliance=compliance, last=last)
    assert spec.renew_at(*spec.window(NOW)) > NOW + DAY / 3


@pytest.mark.parametrize("compliance", list(Compliance))
def test_crl_with_a_longer_window_is_replaced_at_once(spec: CRLSpec, compliance: Compliance) -> None:
    """The publisher would refuse it."""
    spec = replace(spec, compliance=compliance)
    this_update, next_update = spec.window(NOW)
    assert spec.renew_at(this_update, next_update + SECOND) == this_update


def test_last_crl_that_goes_beyond_what_is_configured_now_is_replaced_at_once(spec: CRLSpec) -> None:
    """One that was to be valid for ever, when the last one is to end with the certificates; that one is final."""
    expiry = replace(spec, last=LastCRL.EXPIRY)
    assert expiry.renew_at(NOW, NEVER) == NOW
    assert expiry.renew_at(*expiry.window(NOW)) == NEVER
    assert replace(spec, last=LastCRL.NEVER).renew_at(NOW, NEVER) == NEVER
