"""What a store says no longer: no answer is better than a good that is false."""

from datetime import timedelta

import pytest

from revocation.certid import CertIDHash
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import both, response
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)
SHA1, SHA256 = CertIDHash.SHA1, CertIDHash.SHA256


def test_hash_that_the_profile_has_no_longer_is_answered_no_longer(place: Place, ca: CA, responder: Responder) -> None:
    """What is put in the one hash that is left takes the other's answer of that certificate out, of no other's."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    place = Place(place.root, ca, ocsp={"hashes": ["sha256"]})
    later = NOW + SECOND
    put_slice(place.exchange, ca, 2, [response(ca, responder, 1, this_update=later)], base_revision=1, revision=2)
    place.publish(later)
    assert [place.says(serial, hash_) for serial in (1, 2) for hash_ in (SHA256, SHA1)] == [
        "GOOD",
        None,
        "GOOD",
        "GOOD",
    ]


def test_revocation_in_one_hash_takes_good_in_the_other_out(place: Place, ca: CA, responder: Responder) -> None:
    """The bundle lacks a hash that the profile has: nobody is told good meanwhile."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    later = NOW + SECOND
    put_slice(
        place.exchange, ca, 2, [response(ca, responder, 1, FINAL, this_update=later)], base_revision=1, revision=2
    )
    place.publish(later)
    assert [place.says(serial, hash_) for serial in (1, 2) for hash_ in (SHA256, SHA1)] == [
        "REVOKED",
        None,
        "GOOD",
        "GOOD",
    ]


def test_final_revocation_is_not_forgotten_over_a_hold_in_the_same_bundle(
    place: Place, ca: CA, responder: Responder
) -> None:
    """Whatever stands last: a final one takes good out under every hash."""
    later = NOW + 3 * SECOND
    data = [
        response(ca, responder, 3, hashes=(SHA256,), this_update=NOW + SECOND),
        response(ca, responder, 3, FINAL, hashes=(SHA1,), this_update=later),
        response(ca, responder, 3, HOLD, hashes=(SHA256,)),
    ]
    put_slice(place.exchange, ca, 1, data, this_update=later)
    place.publish(later)
    assert (place.says(3), place.says(3, SHA1)) == (None, "REVOKED")


def test_hold_that_comes_late_leaves_its_release_in_the_other_hash(place: Place, ca: CA, responder: Responder) -> None:
    """A good that is newer than the hold is no contradiction."""
    later = NOW + SECOND
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=later), base_revision=1, revision=2)
    place.publish(later)
    put_slice(place.exchange, ca, 1, [response(ca, responder, 1, HOLD)])
    place.publish(later)
    assert [place.says(1, hash_) for hash_ in (SHA256, SHA1)] == ["GOOD", "GOOD"]


@pytest.mark.parametrize("waiting", [1, 2])
def test_revocation_in_a_bundle_that_is_refused_takes_good_out(
    place: Place, ca: CA, responder: Responder, waiting: int
) -> None:
    """Its issuer signed it: nobody is told good, though something else in the bundle is wrong; others are answered."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    later = NOW + SECOND
    wrong = both(ca, responder, 1 << 1100, this_update=later)
    mixed = [*wrong, *both(ca, responder, 1, FINAL, this_update=later), b"\x30\x03\x02\x01\x01"]
    bundle = put_slice(place.exchange, ca, 2, mixed, base_revision=1, revision=2)
    for n in range(1, waiting):
        put_slice(place.exchange, ca, 2 + n, both(ca, responder, 3, this_update=later), base_revision=2, revision=3)
    _, outcome = place.outcomes(later)
    assert [refused.bundle for refused in outcome.set_aside] == [bundle]
    assert [place.says(serial, hash_) for serial in (1, 2) for hash_ in CertIDHash] == [None, None, "GOOD", "GOOD"]


def test_revocation_that_nobody_signed_takes_nothing_out(place: Place, ca: CA, responder: Responder) -> None:
    """Else whoever may write into the exchange could silence certificates."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    forged = both(ca, ca.responder(signed_by=CA()), 1, FINAL)
    put_slice(place.exchange, ca, 2, forged, base_revision=1, revision=2)
    place.publish()
    assert [place.says(1, hash_) for hash_ in CertIDHash] == ["GOOD", "GOOD"]
