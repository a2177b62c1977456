"""Delta CRLs at the gate: the right base, published before; and what they take off the complete CRL is explained."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA
from tests.building.crl import crl, distribution_point
from tests.building.ocsp import both
from tests.building.place import Place

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)
LATER = NOW + SECOND


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher that expects deltas; the complete CRL number 10 is published: 1 revoked for good, 2 on hold."""
    place = Place(tmp_path / "place", crl={"delta": "4h"})
    put_crl(place.exchange, place.ca, 1, complete(place, 10, {1: FINAL, 2: HOLD}))
    assert place.publish()[0].crls[0].number == 10
    return place


def freshest(url: str) -> tuple[x509.ExtensionType, bool]:
    """FreshestCRL with one URL."""
    return x509.FreshestCRL([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]), False


def complete(place: Place, number: int, entries: dict[int, Revocation], **more: object) -> bytes:
    """A complete CRL that points to its delta."""
    extensions = {"freshest": freshest(place.spec().freshest or ""), **more.pop("extensions", {})}  # type: ignore[dict-item]
    return crl(place.ca, number, entries, extensions=extensions, **more)  # type: ignore[arg-type]


def delta(
    place: Place, number: int, base: int, entries: dict[int, Revocation], removed: tuple[int, ...] = (), **more: object
) -> bytes:
    """A delta, a second newer than what is published."""
    indicator = (x509.DeltaCRLIndicator(base), True)
    extensions = {"delta": indicator, **more.pop("extensions", {})}  # type: ignore[dict-item]
    chosen = {"this_update": LATER, "lifetime": 4 * HOUR, **more}
    return crl(place.ca, number, entries, removed=removed, extensions=extensions, **chosen)  # type: ignore[arg-type]


def publish(place: Place, data: bytes, sequence: int = 2, departed: dict[int, str] | None = None) -> TargetStatus:
    """Publish a delta that came in a bundle."""
    put_crl(place.exchange, place.ca, sequence, data, label="all.delta", departed=departed)
    return place.publish(LATER)[0]


def numbers(status: TargetStatus) -> dict[str, int]:
    """What is published: the number of each CRL."""
    return {row.label: row.number for row in status.crls}


def test_delta_to_what_is_published_is_published_beside_it(place: Place) -> None:
    """With a new revocation, and the release of a hold that its bundle explains."""
    files = publish(place, delta(place, 11, 10, {3: FINAL}, (2,)), departed={2: "released"})
    assert (numbers(files), files.set_aside) == ({"all": 10, "all.delta": 11}, [])
    served = x509.load_der_x509_crl(place.crl_file("all.delta").read_bytes())
    assert {entry.serial_number for entry in served} == {2, 3}


def test_delta_waits_until_its_base_is_published(place: Place) -> None:
    """Nobody could use it; it is not refused, and published when the complete CRL is."""
    files = publish(place, delta(place, 12, 11, {3: FINAL}, this_update=LATER))
    assert (numbers(files), files.set_aside) == ({"all": 10}, [])
    put_crl(place.exchange, place.ca, 3, complete(place, 11, {1: FINAL, 2: HOLD}, this_update=LATER))
    assert numbers(place.publish(LATER)[0]) == {"all": 11, "all.delta": 12}


WRONG: dict[str, tuple[Callable[[Place], bytes], str]] = {
    "a complete CRL": (lambda p: crl(p.ca, 11, {3: FINAL}, this_update=LATER), "no DeltaCRLIndicator"),
    "uncritical": (
        lambda p: delta(p, 11, 10, {}, extensions={"delta": (x509.DeltaCRLIndicator(10), False)}),
        "is not critical",
    ),
    "base not before it": (lambda p: delta(p, 10, 10, {}), "its base 10 is not before its number 10"),
    "FreshestCRL in it": (
        lambda p: delta(p, 11, 10, {}, extensions={"freshest": freshest("http://pki.example/x.crl")}),
        "points to delta CRLs",
    ),
    "another scope": (
        lambda p: delta(p, 11, 10, {}, idp=distribution_point(p.spec().url, only_contains_user_certs=True)),
        "IssuingDistributionPoint",
    ),
    "longer than configured": (lambda p: delta(p, 11, 10, {}, lifetime=5 * HOUR), "4h"),
    "signed by another": (lambda p: delta(p, 11, 10, {}, signed_by=CA()), "sign"),
}


@pytest.mark.parametrize("name", WRONG)
def test_delta_that_is_wrong_is_refused(place: Place, name: str) -> None:
    """One thing at a time; the complete CRL stays."""
    make, said = WRONG[name]
    files = publish(place, make(place))
    assert numbers(files) == {"all": 10}
    assert said in files.set_aside[0].reason


@pytest.mark.parametrize(
    "departed", [{}, {2: "released"}, {1: "expired 2026-02-01T00:00:00Z"}], ids=["none", "other", "no expiry"]
)
def test_delta_that_takes_off_what_nothing_explains_is_refused(place: Place, departed: dict[int, str]) -> None:
    """removeFromCRL makes a revoked certificate good again for whoever puts the two together."""
    put_slice(place.exchange, place.ca, 2, both(place.ca, place.ca.responder(), 1, FINAL))
    place.publish()
    files = publish(place, delta(place, 11, 10, {}, (1,)), sequence=3, departed=departed or None)
    assert numbers(files) == {"all": 10}
    assert "it lacks 1 serials (01)" in files.set_aside[0].reason


def test_release_of_what_ocsp_said_is_revoked_for_good_is_refused_on_a_delta_too(place: Place) -> None:
    """As on a complete CRL: the signer's word is not enough."""
    put_slice(place.exchange, place.ca, 2, both(place.ca, place.ca.responder(), 1, FINAL))
    place.publish()
    files = publish(place, delta(place, 11, 10, {}, (1,)), sequence=3, departed={1: "released"})
    assert numbers(files) == {"all": 10}


@pytest.mark.parametrize("listed_by", ["the complete CRL", "the delta before"])
def test_nothing_but_a_hold_is_released_by_a_delta(place: Place, listed_by: str) -> None:
    """What relying parties have says with which reason, also where there is no OCSP."""
    if listed_by == "the complete CRL":
        data, sequence, serial = delta(place, 11, 10, {}, (1,)), 2, 1
    else:
        publish(place, delta(place, 11, 10, {3: FINAL}, this_update=NOW), sequence=2)
        data, sequence, serial = delta(place, 12, 10, {}), 3, 3
    files = publish(place, data, sequence, {serial: "released"})
    assert numbers(files).get("all.delta") in (None, 11)
    assert f"it lacks 1 serials ({serial:02X})" in files.set_aside[0].reason


def test_delta_that_forgot_what_the_one_before_had_is_refused(place: Place) -> None:
    """Unless a complete CRL has it by now, to which it adds as well."""
    publish(place, delta(place, 11, 10, {3: FINAL}))
    later = LATER + SECOND
    put_crl(place.exchange, place.ca, 3, delta(place, 12, 10, {}, this_update=later), label="all.delta")
    files, _ = place.publish(later)
    assert numbers(files) == {"all": 10, "all.delta": 11}
    assert "it lacks 1 serials (03)" in files.set_aside[0].reason
    entries = {1: FINAL, 2: HOLD, 3: FINAL}
    put_crl(place.exchange, place.ca, 4, complete(place, 13, entries, this_update=later + SECOND))
    put_crl(place.exchange, place.ca, 5, delta(place, 14, 13, {}, this_update=later + 2 * SECOND), label="all.delta")
    files, _ = place.publish(later + 2 * SECOND)
    assert numbers(files) == {"all": 13, "all.delta": 14}


def test_complete_crl_that_forgot_what_only_its_delta_had_is_refused(place: Place) -> None:
    """A ledger that was restored from a copy of before a revocation, which only the delta had shown so far."""
    publish(place, delta(place, 11, 10, {3: FINAL}))
    later = LATER + SECOND
    put_crl(place.exchange, place.ca, 3, complete(place, 12, {1: FINAL, 2: HOLD}, this_update=later))
    files, _ = place.publish(later)
    assert numbers(files) == {"all": 10, "all.delta": 11}
    assert "it lacks 1 serials (03)" in files.set_aside[0].reason


@pytest.mark.parametrize("url", [None, "http://pki.example/other.crl"])
def test_complete_crl_has_to_point_to_the_delta_that_is_configured(place: Place, url: str | None) -> None:
    """Or clients would never see it, or look for another."""
    extensions = {"freshest": freshest(url) if url else None}
    put_crl(
        place.exchange, place.ca, 3, complete(place, 12, {1: FINAL, 2: HOLD}, this_update=LATER, extensions=extensions)
    )
    files, _ = place.publish(LATER)
    assert numbers(files) == {"all": 10}
    assert "its FreshestCRL is not http://pki.example/crl/" in files.set_aside[0].reason


def test_older_delta_is_not_published_again(place: Place) -> None:
    """Numbers and thisUpdate of deltas only rise as well."""
    publish(place, delta(place, 12, 10, {3: FINAL}))
    files = publish(place, delta(place, 11, 10, {3: FINAL}, this_update=LATER), sequence=3)
    assert numbers(files) == {"all": 10, "all.delta": 12}
    assert "is older than 12" in files.set_aside[0].reason
